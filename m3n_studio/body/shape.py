"""The shape space: betas plus linear limb scales, for any body.

A *limb scale* lengthens a segment by a fraction of the template's own length. It moves the
vertices linearly: along the segment the skin is stretched in proportion, everything beyond
is carried along, and skin weights blend the two, so the surface stays smooth. Because the
displacement is linear in (betas, limbs) and pose rotations do not depend on it, every joint
and vertex of a moving body is affine in the shape vector ``s = [betas, limbs]`` -- the fact
the simulator is built on (FIELD: "the signal is affine in body shape").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from m3n_studio.body.model import BodyModel
from m3n_studio.errors import UnknownName, ValueProblem

Array = NDArray[np.float64]
#: What a shape component does to vertices (V, 3) and to joints (J, 3).
Fields = tuple[Array, Array]

#: The limb scales, in the order they follow the betas in a shape vector.
LIMBS = (
    "upper_arm", "forearm", "hand", "thigh", "shank", "foot", "torso", "neck",
    "shoulder_breadth", "hip_breadth",
)  # fmt: skip

#: Segments (start joint, end joint) stretched by each limb scale; sides together.
_SEGMENTS: dict[str, tuple[tuple[str, str], ...]] = {
    "upper_arm": (("{side}_shoulder", "{side}_elbow"),),
    "forearm": (("{side}_elbow", "{side}_wrist"),),
    "thigh": (("{side}_hip", "{side}_knee"),),
    "shank": (("{side}_knee", "{side}_ankle"),),
    "torso": (("pelvis", "spine1"), ("spine1", "spine2"), ("spine2", "spine3"), ("spine3", "neck")),
    "neck": (("neck", "head"),),
}
#: Parts scaled as a whole about their first joint.
_PARTS = {"hand": "{side}_wrist", "foot": "{side}_ankle"}
#: Pairs moved apart along x: everything from this joint on, by a fraction of its own x.
_BREADTHS = {
    "shoulder_breadth": ("{side}_shoulder", "{side}_collar"),
    "hip_breadth": ("{side}_hip", "pelvis"),
}


@dataclass(frozen=True)
class Shape:
    """A body shape: betas of one model's space, limb scales, and an overall scale.

    Attributes
    ----------
    betas : tuple of float
        Shape components; missing ones are zero.
    limbs : mapping
        Fractional lengthening by limb name (``{"forearm": 0.1}`` = 10 % longer than the
        template's forearm). See :data:`LIMBS`.
    scale : float
        Uniform size, applied last; 1 leaves the body as it is.
    space : str
        Name of the :class:`BodyModel` the betas belong to; empty when betas are empty.
    """

    betas: tuple[float, ...] = ()
    limbs: Mapping[str, float] = field(default_factory=dict)
    scale: float = 1.0
    space: str = ""

    def __post_init__(self) -> None:
        for name in self.limbs:
            if name not in LIMBS:
                raise UnknownName("limb", name, LIMBS)
        numbers = np.array([*self.betas, *self.limbs.values(), self.scale], dtype=np.float64)
        if not np.isfinite(numbers).all() or self.scale <= 0:
            raise ValueProblem(f"shape must be finite numbers and a positive scale; found {self}")

    def __hash__(self) -> int:
        return hash((self.betas, tuple(sorted(self.limbs.items())), self.scale, self.space))

    def vector(self, model: BodyModel) -> Array:
        """The shape vector s = [betas, limbs] (B + 10,) for a model.

        Betas made for another model's space mean nothing here and are left at zero; limb
        scales carry over.
        """
        out = np.zeros(model.n_betas + len(LIMBS))
        if self.betas and self.space in ("", model.name):
            n = min(len(self.betas), model.n_betas)
            out[:n] = self.betas[:n]
        for name, value in self.limbs.items():
            out[model.n_betas + LIMBS.index(name)] = value
        return out

    @staticmethod
    def from_vector(model: BodyModel, vector: Array, *, scale: float = 1.0) -> Shape:
        """The inverse of :meth:`vector`; zero limb scales are left out."""
        b = model.n_betas
        limbs = {n: float(x) for n, x in zip(LIMBS, vector[b:], strict=True) if x != 0.0}
        return Shape(tuple(map(float, vector[:b])), limbs, scale, model.name)


@dataclass(frozen=True, eq=False)
class ShapeSpace:
    """The linear maps from a shape vector to a rest body.

    Attributes
    ----------
    vertex_dirs : (V, 3, S) float64, m
        Vertex displacement per unit of each component, S = B + 10.
    joint_dirs : (J, 3, S) float64, m
        The same for joints.
    names : tuple of str
        ``beta_0 ...`` then :data:`LIMBS`.
    """

    model: BodyModel
    vertex_dirs: Array
    joint_dirs: Array
    names: tuple[str, ...]

    def displacement(self, vector: Array) -> Array:
        """Vertex displacement (V, 3), m, of a shape vector (S,)."""
        dirs = self.vertex_dirs
        return np.asarray(dirs.reshape(-1, dirs.shape[2]) @ vector).reshape(-1, 3)  # one product, not V of them

    def vertices(self, shape: Shape) -> Array:
        """Rest vertices (V, 3), m, of a shape, its overall scale included."""
        return shape.scale * (self.model.vertices + self.displacement(shape.vector(self.model)))

    def joints(self, shape: Shape) -> Array:
        """Rest joints (J, 3), m, of a shape, its overall scale included."""
        return np.asarray(shape.scale * (self.model.joints + self.joint_dirs @ shape.vector(self.model)))


def _subtree(model: BodyModel, root: int) -> NDArray[np.bool_]:
    inside = np.zeros(len(model.parents), dtype=bool)
    inside[root] = True
    for j, parent in enumerate(model.parents):
        if parent >= 0 and inside[parent]:
            inside[j] = True
    return inside


def _stretch(model: BodyModel, start: int, end: int) -> Fields:
    """Lengthen the segment start -> end: fields per unit scale; see the module text.

    What hangs off the segment half-way (the collar bones off the chest) is carried by its share.
    """
    a, b = model.joints[start], model.joints[end]
    length = float(np.linalg.norm(b - a))
    u = (b - a) / length
    carried = np.zeros(len(model.parents))  # how far each joint's part moves
    for child, parent in enumerate(model.parents):
        if parent == start:
            carried[_subtree(model, child)] = np.clip((model.joints[child] - a) @ u, 0.0, length)
    along = np.clip((model.vertices - a) @ u, 0.0, length)
    amount = model.weights @ carried + model.weights[:, start] * along
    return np.outer(amount, u), np.outer(carried, u)


def _enlarge(model: BodyModel, root: int) -> Fields:
    """Scale a whole part about its first joint."""
    inside = _subtree(model, root)
    weight = model.weights[:, inside].sum(axis=1)
    return (weight[:, None] * (model.vertices - model.joints[root]),
            inside[:, None] * (model.joints - model.joints[root]))  # fmt: skip


def _widen(model: BodyModel, outer: int, inner: int) -> Fields:
    """Carry the subtree of `outer` sideways by its x; the skin between follows in proportion.

    So does the near side of the segment itself, less and less towards its far end: inner thighs do
    not cross when hips grow narrow.
    """
    x = float(model.joints[outer, 0])
    far = list(model.parents).index(outer)  # the joint at the segment's far end
    bone = model.joints[far] - model.joints[outer]
    down = np.clip((model.vertices - model.joints[outer]) @ bone / (bone @ bone), 0.0, 1.0)
    along = np.clip(model.vertices[:, 0] / x, 0.0, 1.0)
    own = along + (1.0 - along) * down
    inside = _subtree(model, outer)
    beyond = inside & (np.arange(len(inside)) != outer)
    weights = model.weights
    amount = (weights[:, beyond].sum(axis=1) + weights[:, outer] * own + weights[:, inner] * along) * x
    sideways = np.array([1.0, 0.0, 0.0])
    return np.outer(amount, sideways), np.outer(inside * x, sideways)


def _limb_fields(model: BodyModel, limb: str) -> Fields:
    index = {name: i for i, name in enumerate(model.joint_names)}
    parts: list[Fields] = []
    for side in ("left", "right"):
        for start, end in _SEGMENTS.get(limb, ()):
            if "{side}" in start or side == "left":
                parts.append(_stretch(model, index[start.format(side=side)], index[end.format(side=side)]))
        if limb in _PARTS:
            parts.append(_enlarge(model, index[_PARTS[limb].format(side=side)]))
        if limb in _BREADTHS:
            outer, inner = (index[n.format(side=side)] for n in _BREADTHS[limb])
            parts.append(_widen(model, outer, inner))
    return np.sum([p[0] for p in parts], axis=0), np.sum([p[1] for p in parts], axis=0)


@lru_cache(maxsize=8)
def shape_space(model: BodyModel) -> ShapeSpace:
    """The shape space of a model; computed once per model and kept.

    Joints follow betas through the model's regressor, limb scales exactly: ten per cent on a
    forearm lengthens it by ten per cent and moves no other joint but those beyond it.
    """
    fields = [_limb_fields(model, limb) for limb in LIMBS]
    vertex_dirs = np.concatenate([model.shape_dirs, np.stack([f[0] for f in fields], axis=2)], axis=2)
    joint_dirs = np.concatenate([model.joint_dirs, np.stack([f[1] for f in fields], axis=2)], axis=2)
    names = (*(f"beta_{i}" for i in range(model.n_betas)), *LIMBS)
    return ShapeSpace(model, vertex_dirs, joint_dirs, names)
