"""How a body of another size walks the same way.

A clip's translation belongs to the body it was recorded from. On a body with longer legs the
same joint rotations would skate and float, so the pelvis' path is scaled by the ratio of leg
heights. The ratio is affine in the shape vector, so the simulator stays affine (FIELD 1).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from m3n_studio.body.model import BodyModel
from m3n_studio.body.shape import Shape, shape_space
from m3n_studio.motion.clip import Clip

Array = NDArray[np.float64]


def leg_height_terms(model: BodyModel) -> Array:
    """Affine form (1 + S,) of the rest height of the hips over the ankles, m."""
    index = {name: i for i, name in enumerate(model.joint_names)}
    space = shape_space(model)
    terms = np.column_stack([model.joints[:, 1], space.joint_dirs[:, 1, :]])  # (J, 1 + S)
    hips = terms[index["left_hip"]] + terms[index["right_hip"]]
    ankles = terms[index["left_ankle"]] + terms[index["right_ankle"]]
    return np.asarray(0.5 * (hips - ankles))


def leg_height(model: BodyModel, shape: Shape) -> float:
    """Rest height of the hips over the ankles, m, overall scale included."""
    return float(shape.scale * (leg_height_terms(model) @ np.concatenate([[1.0], shape.vector(model)])))


def root_track(model: BodyModel, clip: Clip, shape: Shape | None = None) -> Array:
    """Translation (T, 3), m, that makes `shape` walk the clip on the same ground (y = 0).

    ``shape=None`` means the clip's own shape: its translation as recorded.
    """
    if shape is None:
        return clip.trans
    ratio, shift = root_terms(model, clip, shape)
    return np.asarray(ratio * clip.trans + shift)


def root_terms(model: BodyModel, clip: Clip, shape: Shape | None) -> tuple[float, Array]:
    """How `shape` walks the clip: the ratio and shift (3,), m, of ``ratio * trans + shift``."""
    if shape is None:
        return 1.0, np.zeros(3)
    dirs = shape_space(model).joint_dirs[0]
    own, new = (s.scale * (model.joints[0] + dirs @ s.vector(model)) for s in (clip.shape, shape))
    ratio = leg_height(model, shape) / leg_height(model, clip.shape)
    return ratio, np.asarray(ratio * own - new)
