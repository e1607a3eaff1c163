"""Fit a body's shape to the bone lengths of a skeleton.

Limb scales only: a skeleton says nothing about flesh. Each length is the norm of a vector
that is affine in the scales, so a few Gauss-Newton steps on ten unknowns suffice. A weak pull
to zero and limits keep the body human where a skeleton's joints sit elsewhere than ours.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from m3n_studio.body.model import BodyModel
from m3n_studio.body.shape import LIMBS, Shape, shape_space

Array = NDArray[np.float64]

#: What is measured: (name, start joints, end joints); a point is the mean of its joints.
SPANS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = tuple(
    (name, tuple(f"{side}_{start}" for side in sides), tuple(f"{side}_{end}" for side in ends))
    for name, start, end, sides, ends in (
        ("thigh", "hip", "knee", ("left",), ("left",)),
        ("shank", "knee", "ankle", ("left",), ("left",)),
        ("foot", "ankle", "foot", ("left",), ("left",)),
        ("upper_arm", "shoulder", "elbow", ("left",), ("left",)),
        ("forearm", "elbow", "wrist", ("left",), ("left",)),
        ("hip_breadth", "hip", "hip", ("left",), ("right",)),
        ("shoulder_breadth", "shoulder", "shoulder", ("left",), ("right",)),
        ("torso", "hip", "shoulder", ("left", "right"), ("left", "right")),
    )
)
#: How far each scale may go, and how much a length counts (1 / m).
LIMITS = {
    "thigh": 0.4, "shank": 0.4, "foot": 0.3, "upper_arm": 0.4, "forearm": 0.4,
    "hip_breadth": 0.2, "shoulder_breadth": 0.33, "torso": 0.35,
}  # fmt: skip
_PULL = 0.01  # m per unit of scale: the weak pull to zero
_SIZE_RANGE = (0.8, 1.2)  # of leg and arm lengths; beyond it the whole body is scaled first


def spans(model: BodyModel) -> tuple[Array, Array]:
    """The measured vectors of the template (8, 3), m, and their change (8, 3, 10) per unit of each limb scale."""
    index = {name: i for i, name in enumerate(model.joint_names)}
    dirs = shape_space(model).joint_dirs[..., -len(LIMBS) :]
    ends = [([index[n] for n in a], [index[n] for n in b]) for _, a, b in SPANS]
    rest = np.array([model.joints[b].mean(axis=0) - model.joints[a].mean(axis=0) for a, b in ends])
    change = np.array([dirs[b].mean(axis=0) - dirs[a].mean(axis=0) for a, b in ends])
    return rest, change


def fit_shape(model: BodyModel, lengths_m: Mapping[str, float]) -> Shape:
    """The shape whose joints are as far apart as those measured.

    Parameters
    ----------
    lengths_m : mapping
        Length, m, by name in :data:`SPANS`; missing ones stay the template's.
    """
    rest, change = spans(model)
    names = [name for name, _, _ in SPANS]
    template = np.linalg.norm(rest, axis=1)
    known = [k for k, name in enumerate(names) if lengths_m.get(name, 0.0) > 1e-3]
    ratios = [lengths_m[names[k]] / template[k] for k in known if not names[k].endswith(("breadth", "foot"))]
    size = float(np.exp(np.mean(np.log(ratios)))) if ratios else 1.0
    scale = 1.0 if _SIZE_RANGE[0] <= size <= _SIZE_RANGE[1] else size
    target = np.array([lengths_m[names[k]] for k in known]) / scale
    limit = np.array([LIMITS.get(limb, 0.0) for limb in LIMBS])
    s = np.zeros(len(LIMBS))
    for _ in range(6):
        vector = rest[known] + change[known] @ s
        length = np.linalg.norm(vector, axis=1)
        slope = np.einsum("ka,kas->ks", vector / length[:, None], change[known])
        a = np.vstack([slope, _PULL * np.eye(len(LIMBS))])
        b = np.concatenate([target - length + slope @ s, np.zeros(len(LIMBS))])
        s = np.clip(np.linalg.lstsq(a, b, rcond=None)[0], -limit, limit)
    return Shape((), {limb: float(x) for limb, x in zip(LIMBS, s, strict=True) if x != 0.0}, scale, model.name)
