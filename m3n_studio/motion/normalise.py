"""Normalise and edit clips: stature and origin as in the paper, trimming, mirroring.

Multi3Net+ (3.2, 4.1) scales every skeleton to a stature of 1.7 m and puts the origin at the
centre of the feet before signals are simulated. All functions return new clips.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from m3n_studio.body.forward import joints_over_time
from m3n_studio.body.model import BodyModel
from m3n_studio.body.shape import Shape, shape_space
from m3n_studio.body.skeleton import MIRROR
from m3n_studio.errors import ValueProblem
from m3n_studio.motion.clip import Clip, TextSegment
from m3n_studio.motion.ground import ground
from m3n_studio.motion.upright import turn_clip

Array = NDArray[np.float64]
_EPSILON = 1e-9


def rest_stature(model: BodyModel, shape: Shape) -> float:
    """Height of the rest body from sole to crown, m."""
    y = shape_space(model).vertices(shape)[:, 1]
    return float(y.max() - y.min())


def scale_to_stature(clip: Clip, model: BodyModel, stature_m: float) -> Clip:
    """The clip on a body of this stature: one factor for skeleton and path."""
    if not 0.3 <= stature_m <= 3.0:
        raise ValueProblem(f"stature_m must be from 0.3 to 3 m; found {stature_m}")
    factor = stature_m / rest_stature(model, clip.shape)
    own = clip.shape
    shape = Shape(own.betas, own.limbs, own.scale * factor, own.space)
    return clip.with_(shape=shape, trans=clip.trans * factor)


def feet_centre(clip: Clip, model: BodyModel, frame: int) -> Array:
    """Mean (3,) of ankles and balls of both feet in one frame, m."""
    index = {name: i for i, name in enumerate(model.joint_names)}
    feet = [index[f"{side}_{part}"] for side in ("left", "right") for part in ("ankle", "foot")]
    part = slice(frame, frame + 1)
    positions = joints_over_time(model, clip.poses[part], clip.trans[part], clip.shape)[1]
    return np.asarray(positions[0, feet].mean(axis=0))


def facing(clip: Clip, model: BodyModel, frame: int) -> Array:
    """Horizontal unit direction (3,) in which the hips face in one frame."""
    index = {name: i for i, name in enumerate(model.joint_names)}
    part = slice(frame, frame + 1)
    positions = joints_over_time(model, clip.poses[part], clip.trans[part], clip.shape)[1][0]
    left = positions[index["left_hip"]] - positions[index["right_hip"]]
    forward = np.cross(left, (0.0, 1.0, 0.0))
    length = float(np.linalg.norm(forward))
    return np.asarray(forward / length) if length > 1e-6 else np.array([0.0, 0.0, 1.0])


def face_forward(clip: Clip, model: BodyModel) -> Clip:
    """The clip turned about the vertical so that its first valid frame faces +z."""
    ahead = facing(clip, model, first_valid(clip))
    c, s = ahead[2], ahead[0]
    return turn_clip(clip, np.array([[c, 0.0, -s], [0.0, 1.0, 0.0], [s, 0.0, c]]), model)


def first_valid(clip: Clip) -> int:
    """Index of the first valid frame; 0 where there is none."""
    return int(np.argmax(clip.valid))


def normalise(clip: Clip, model: BodyModel, stature_m: float = 1.7, *, forward: bool = False) -> Clip:
    """Scale to a stature, origin at the centre of the feet, floor at y = 0 (paper 3.2, 4.1).

    Parameters
    ----------
    model : BodyModel
        The body the clip plays on.
    stature_m : float
        Sole to crown of the rest body.
    forward : bool
        Also turn the clip so that its first valid frame faces +z.
    """
    clip = scale_to_stature(clip, model, stature_m)
    if forward:
        clip = face_forward(clip, model)
    clip = ground(clip, model)
    centre = feet_centre(clip, model, first_valid(clip))
    return clip.with_(trans=clip.trans - (centre[0], 0.0, centre[2]))


def trim(clip: Clip, start_s: float, end_s: float) -> Clip:
    """The frames from `start_s` to `end_s`, both included; time and texts start anew at 0."""
    first = max(0, int(np.ceil(start_s * clip.rate_hz - _EPSILON * clip.rate_hz)))
    last = min(len(clip) - 1, int(np.floor(end_s * clip.rate_hz + _EPSILON * clip.rate_hz)))
    if first > last:
        raise ValueProblem(
            f"no frame lies between {start_s} s and {end_s} s; the clip lasts from 0 to {clip.duration_s:.3f} s"
        )
    origin, end = first / clip.rate_hz, (last - first) / clip.rate_hz
    moved = ((max(t.start_s - origin, 0.0), min(t.end_s - origin, end), t) for t in clip.texts)
    texts = tuple(TextSegment(a, b, t.text, t.kind) for a, b, t in moved if b > a or (a == b and end == 0.0))
    part = slice(first, last + 1)
    return clip.with_(poses=clip.poses[part], trans=clip.trans[part], valid=clip.valid[part], texts=texts)


_SIDES = {
    "left": "right", "right": "left", "clockwise": "counterclockwise", "counterclockwise": "clockwise",
}  # fmt: skip
_SIDE_WORD = re.compile(r"(?<![\w-])(counterclockwise|clockwise|left|right)(?![\w])", re.IGNORECASE)


def _mirror_word(match: re.Match[str]) -> str:
    word = match[1]
    other = _SIDES[word.lower()]
    if word.isupper():
        return other.upper()
    return other.capitalize() if word[0].isupper() else other


def mirror(clip: Clip) -> Clip:
    """The clip seen in a mirror: reflected across the plane x = 0, left and right exchanged.

    Words for sides in its texts are exchanged too. Mirrored twice it is itself.
    """
    poses = clip.poses[:, list(MIRROR)] * (1.0, -1.0, -1.0)
    trans = clip.trans * (-1.0, 1.0, 1.0)
    texts = tuple(TextSegment(t.start_s, t.end_s, _SIDE_WORD.sub(_mirror_word, t.text), t.kind) for t in clip.texts)
    return clip.with_(poses=poses, trans=trans, texts=texts)
