"""Read the orientations of body segments as a motion: the qmt full-body example.

Inertial motion capture says how each segment is turned, not where the body is. Segment frames
are the anatomical ones (y along the segment upwards; x forwards on trunk and legs, towards the
palm on the arms), so every joint's rotation follows without a calibration posture. The root path
is not in the file: it is what keeps the lower foot where it stands, smoothed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.body.files import default_body
from m3n_studio.body.forward import joints_over_time
from m3n_studio.body.model import BodyModel
from m3n_studio.body.shape import Shape, shape_space
from m3n_studio.body.skeleton import JOINT_INDEX, JOINTS, PARENTS
from m3n_studio.errors import FileError
from m3n_studio.motion.clip import Clip, Source
from m3n_studio.motion.formats import ReadOptions
from m3n_studio.motion.ground import ground

Array = NDArray[np.float64]
_PATH_HZ = 3.0
_MAX_FRAMES = 500_000
_SETTLING_S, _SPINNING_RADPS, _SLOW_RADPS = 0.5, 10.0, 0.3

#: Columns: a segment's axes in the body's (x left, y up, z forwards) while arms and legs hang.
_FORWARD = np.array([[0.0, 0.0, -1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
_LEFT_PALM = np.diag([-1.0, 1.0, -1.0])
_RIGHT_PALM = np.eye(3)

#: Joint: its segment, the segment's axes, the joint its bone leads to ("": it keeps its rest direction).
SEGMENTS: dict[str, tuple[str, Array, str]] = {
    "pelvis": ("hip", _FORWARD, ""),
    "spine1": ("lower_back", _FORWARD, ""),
    "spine3": ("upper_back", _FORWARD, ""),
    "head": ("head", _FORWARD, ""),
    **{
        f"{side}_{joint}": (f"{segment}_{side}", axes, f"{side}_{end}" if end else "")
        for side, palm in (("left", _LEFT_PALM), ("right", _RIGHT_PALM))
        for joint, segment, axes, end in (
            ("hip", "upper_leg", _FORWARD, "knee"), ("knee", "lower_leg", _FORWARD, "ankle"),
            ("ankle", "foot", _FORWARD, ""), ("shoulder", "upper_arm", palm, "elbow"),
            ("elbow", "forearm", palm, "wrist"), ("wrist", "hand", palm, "middle1"),
        )
    },
}  # fmt: skip


def sniff(path: Path, head: bytes) -> bool:
    """Whether a file is a MATLAB 5 file; which variables are in it is found out by reading it."""
    from m3n_studio.recordings import qmt

    return qmt.sniff(path, head)


def read(path: Path, options: ReadOptions) -> Clip:
    """Read segment orientations; see :func:`m3n_studio.motion.formats.read_clip`."""
    from m3n_studio.recordings.qmt import read_trajectories

    found = {t.name: t for t in read_trajectories(path)}
    missing = sorted({segment for segment, _, _ in SEGMENTS.values()} - set(found))
    if missing:
        raise FileError(path, found=f"no segment {', '.join(missing)}", expected="all 16 segments of the body")
    time_s = next(iter(found.values())).time_s
    if not 2 <= len(time_s) <= _MAX_FRAMES:
        raise FileError(path, found=f"{len(time_s)} frames", expected=f"2 to {_MAX_FRAMES}")
    steps = np.diff(time_s)
    if steps.max() > 1.5 * np.median(steps):
        raise FileError(path, field="t", found=f"a gap of {steps.max():.3g} s", expected="even times")
    rate = options.rate_hz or (len(time_s) - 1) / float(time_s[-1] - time_s[0])
    model, shape = default_body(), Shape()
    rest = shape_space(model).joints(shape)
    turned = {joint: so3.matrix_from_quat(found[segment].quat_wxyz) @ _from_rest(rest, joint, axes, end)
              for joint, (segment, axes, end) in SEGMENTS.items()}  # fmt: skip
    poses = _local(turned, len(time_s))
    valid = np.logical_and.reduce([t.valid for t in found.values()])
    start = _settled(np.stack([found[segment].quat_wxyz for segment, _, _ in SEGMENTS.values()]), rate)
    poses[:start], valid[:start] = poses[start], False
    notes = (
        *((f"the first {start / rate:.2f} s, in which the orientations settle, are left out",) if start else ()),
        "rotations of 16 segments; fingers and toes do not move by themselves",
        "the file has no path of the body: it is what keeps the lower foot in place, so angular velocities are"
        " measured and accelerations are partly an estimate",
    )
    clip = Clip(rate, poses, np.zeros((len(poses), 3)), shape, "neutral", (),
                Source(str(path), "segments", notes), valid)  # fmt: skip
    return ground(clip.with_(trans=_path(model, clip)), model, percentile=2.0)


def _settled(quats: Array, rate_hz: float) -> int:
    """First frame at which the estimates (S, T, 4) have found their way: before it all segments spin at once."""
    frames = min(quats.shape[1] - 1, max(int(_SETTLING_S * rate_hz), 1))
    cosine = np.abs(np.sum(quats[:, 1 : frames + 1] * quats[:, :frames], axis=2))
    speed = np.median(2.0 * np.arccos(np.clip(cosine, 0.0, 1.0)) * rate_hz, axis=0)
    if speed[0] < _SPINNING_RADPS:
        return 0
    slow = np.flatnonzero(speed < _SLOW_RADPS)
    return int(slow[0]) if len(slow) else frames


def _from_rest(rest: Array, joint: str, axes: Array, end: str) -> Array:
    """What turns the body's rest pose into a segment's frame: (3, 3)."""
    if not end or end not in JOINT_INDEX:
        return np.asarray(axes.T)
    bone = rest[JOINT_INDEX[end]] - rest[JOINT_INDEX[joint]]
    bone = bone / np.linalg.norm(bone)
    return np.asarray(axes.T @ so3.rotation_between(bone, np.array([0.0, -1.0, 0.0])))


def _local(turned: dict[str, Array], frames: int) -> Array:
    """Rotation vectors (T, 52, 3) from global rotations; joints without a segment follow their parent."""
    poses = np.zeros((frames, len(JOINTS), 3))
    whole: list[Array] = []
    for i, name in enumerate(JOINTS):
        parent = np.broadcast_to(np.eye(3), (frames, 3, 3)) if PARENTS[i] < 0 else whole[PARENTS[i]]
        whole.append(turned.get(name, parent))
        if name in turned:
            poses[:, i] = so3.rotvec_from_matrix(np.swapaxes(parent, -1, -2) @ turned[name])
    return poses


def _path(model: BodyModel, clip: Clip) -> Array:
    """Root translation (T, 3), m, that keeps the lower foot where it is; smooth."""
    from scipy.signal import butter, sosfiltfilt

    feet = [JOINT_INDEX[name] for name in ("left_foot", "right_foot")]
    place = joints_over_time(model, clip.poses, clip.trans, clip.shape)[1][:, feet]
    lower = np.argmin(place[:, :, 1], axis=1)
    step = np.diff(place, axis=0)
    moved = -step[np.arange(len(step)), lower[1:]]
    path = np.concatenate([np.zeros((1, 3)), np.cumsum(moved, axis=0)])
    path[:, 1] = -place[np.arange(len(place)), lower, 1]
    if len(path) > 30 and clip.rate_hz > 2.5 * _PATH_HZ:
        path = sosfiltfilt(butter(2, _PATH_HZ, fs=clip.rate_hz, output="sos"), path, axis=0)
    return np.asarray(path)
