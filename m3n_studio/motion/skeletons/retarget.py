"""From a skeleton's motion to a clip: axes, unit, rest pose, shape, ground.

Each body joint gets the global rotation of the skeleton joint at its place times a constant
(:mod:`m3n_studio.motion.skeletons.calibrate`), so bones point where the file's do and twist is carried;
a spine of any number of segments is spread over SMPL's three. The body gets the skeleton's
bone lengths, its hips are put where the file's are, and the ground where the feet are. Costs
about twenty small matrix products per frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.body.files import default_body
from m3n_studio.body.skeleton import JOINTS, PARENTS
from m3n_studio.errors import FileError
from m3n_studio.motion.clip import Clip, Source
from m3n_studio.motion.formats import ReadOptions
from m3n_studio.motion.ground import ground
from m3n_studio.motion.skeletons.calibrate import Calibration, calibrate
from m3n_studio.motion.skeletons.fit import SPANS
from m3n_studio.motion.skeletons.motion import SkeletonMotion, slerp
from m3n_studio.motion.skeletons.names import JointMap, map_joints
from m3n_studio.motion.skeletons.posture import level_feet, pelvis_path, rest_joints, settle_trunk, share_pronation
from m3n_studio.motion.skeletons.rig import used_joints
from m3n_studio.motion.skeletons.world import find_world, looked_at

Array = NDArray[np.float64]

#: A first frame is a reference pose if some limb leaps this far from it, and this many times farther than ever after.
_LEAP_M, _LEAP_RATIO, _FEWEST_FRAMES = 0.15, 3.0, 10

_GROUND_PERCENTILE = 5.0  # of the frames may have a sole below the ground


def retarget(
    path: Path, format: str, motion: SkeletonMotion, options: ReadOptions, *,
    units: Mapping[str, float] | None = None, notes: tuple[str, ...] = (), free_rate: bool = False,
) -> Clip:  # fmt: skip
    """A skeleton file's motion as a clip of the default body.

    Parameters
    ----------
    units : mapping
        Units (name to m) to try before the usual ones.
    notes : tuple of str
        What the reader found out already.
    free_rate : bool
        Whether the file has no rate of its own, so that a stated one holds.

    Raises
    ------
    FileError
        Where no human skeleton is found.
    """
    joints = map_joints(path, motion)
    try:
        world = find_world(motion, joints, options, units or {})
    except ValueError as error:
        raise FileError(path, field="HIERARCHY", found=str(error), expected="bones with lengths") from None
    motion, reference = without_reference_pose(motion.turned(world.turn, world.unit_m), joints)
    model = default_body()
    rest = dict(zip(model.joint_names, model.joints, strict=True))
    calibration = calibrate(motion, joints, rest)
    rotations = body_rotations(motion, joints, calibration)
    rotations, shape, lean = settle_trunk(model, motion, joints, rotations, bone_lengths(motion, joints))
    rotations, pitch = level_feet(motion, joints, rotations)
    rest_at = rest_joints(model, shape)
    for side in sorted(calibration.hinges):
        rotations = share_pronation(rotations, rest_at, side)
    pelvis = pelvis_path(motion, joints, rotations, rest_at)
    floating = Clip(
        rate_hz=options.rate_hz if free_rate and options.rate_hz else motion.rate_hz,
        poses=local_poses(rotations), trans=pelvis - rest_at[0], shape=shape, valid=motion.valid,
    )  # fmt: skip
    clip = ground(floating, model, percentile=_GROUND_PERCENTILE)
    floor = float(floating.trans[0, 1] - clip.trans[0, 1])
    found = "used as it is" if calibration.standing else "along the bones; calibrated from the motion"
    told = ("joints: names unknown, found by the shape of the tree",) if joints.by_shape else ()
    clip_notes = (
        *notes, *told, *world.notes, *reference, f"rest pose: {found}",
        f"trunk leant by {np.degrees(lean):.1f} deg, feet pitched by {np.degrees(pitch):.1f} deg to match the body's",
        f"ground: lowered by {floor:.3f} m to y = 0",
    )  # fmt: skip
    return clip.with_(source=Source(str(path), format, clip_notes))


def without_reference_pose(motion: SkeletonMotion, joints: JointMap) -> tuple[SkeletonMotion, tuple[str, ...]]:
    """Make a first frame that is a rest pose, not motion, a gap; it would jerk every sensor.

    Exporters put it there to show the skeleton: limbs leap out of it as they never do again.
    """
    j = joints.joints
    limbs = motion.positions[:, [j[f"{s}_{n}"] for s in ("left", "right") for n in ("elbow", "wrist", "knee", "ankle")]]
    limbs = limbs - motion.positions[:, j["pelvis"], None]
    if len(limbs) < _FEWEST_FRAMES or not motion.valid[:2].all():
        return motion, ()
    steps = np.linalg.norm(np.diff(limbs, axis=0), axis=2).max(axis=1)
    if steps[0] < _LEAP_M or steps[0] < _LEAP_RATIO * steps[1:].max():
        return motion, ()
    rotations, positions, valid = motion.rotations.copy(), motion.positions.copy(), motion.valid.copy()
    rotations[0], positions[0], valid[0] = rotations[1], positions[1], False
    note = "first frame: a reference pose, not motion; made a gap"
    return replace(motion, rotations=rotations, positions=positions, valid=valid), (note,)


def bone_lengths(motion: SkeletonMotion, joints: JointMap) -> dict[str, float]:
    """Median length, m, of every span of :data:`fit.SPANS` the skeleton has; sides averaged.

    The trunk is measured where it is longest (90th percentile): it shortens when it bends.
    """
    p = motion.positions[looked_at(motion)]
    out: dict[str, float] = {}
    for name, start, end in SPANS:
        both = [(start, end)]
        if start[0].split("_")[1] != end[0].split("_")[1]:
            both.append(
                (tuple(s.replace("left", "right") for s in start), tuple(e.replace("left", "right") for e in end))
            )
        if not all(n in joints.joints for pair in both for points in pair for n in points):
            continue
        lengths = [np.linalg.norm(_point(p, joints, b) - _point(p, joints, a), axis=1) for a, b in both]
        out[name] = float(np.percentile(np.mean(lengths, axis=0), 90.0 if name == "torso" else 50.0))
    return out


def _point(p: Array, joints: JointMap, names: tuple[str, ...]) -> Array:
    return np.asarray(p[:, [joints.joints[n] for n in names]].mean(axis=1))


def body_rotations(motion: SkeletonMotion, joints: JointMap, calibration: Calibration) -> Array:
    """Global rotations (T, 52, 3, 3) of the body's joints."""
    place = used_joints(joints)
    F = {name: motion.rotations[:, j] @ calibration.turns[name] for name, j in place.items()}
    spine = [F["pelvis"], *(F[f"spine:{k}"] for k in range(len(joints.spine)))]
    for k in (1, 2, 3):
        F[f"spine{k}"] = along_chain(spine, k / 3.0)
    necks = [F[f"neck:{k}"] for k in range(len(joints.neck))]
    F["head"] = F.get("head", necks[-1] if necks else F["spine3"])
    F["neck"] = along_chain(necks, 0.5) if necks else slerp(F["spine3"], F["head"], 0.5)
    out = np.empty((len(motion.positions), len(JOINTS), 3, 3))
    for i, name in enumerate(JOINTS):
        out[:, i] = F[name] if name in F else out[:, PARENTS[i]]
    return out


def along_chain(frames: list[Array], share: float) -> Array:
    """Rotation a share (0 to 1) of the way along a chain of rotations (T, 3, 3), slerped between neighbours."""
    x = share * (len(frames) - 1)
    k = min(int(x + 1e-9), len(frames) - 1)
    return slerp(frames[k], frames[min(k + 1, len(frames) - 1)], x - k if x - k > 1e-9 else 0.0)


def local_poses(rotations: Array) -> Array:
    """Local rotation vectors (T, 52, 3), rad, from global rotations (T, 52, 3, 3)."""
    local = rotations.copy()
    for i, parent in enumerate(PARENTS):
        if parent >= 0:
            local[:, i] = np.swapaxes(rotations[:, parent], -1, -2) @ rotations[:, i]
    return so3.rotvec_from_matrix(local)
