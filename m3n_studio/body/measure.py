"""Measurements of a body from its mesh and joints: stature, mass, segment lengths, arm span.

All are exact functions of the shape, for any family. Every length is a sum of distances
between points that are affine in the shape vector, the volume is a cubic polynomial of it, so
each has an analytic gradient, which the solver uses. A *gauge* per model holds the affine
terms; making one costs a few milliseconds, measuring about three (one with no mass).

Assumed: the rest pose is SMPL's T-pose, so stature is the mesh's vertical and arm span its
sideways extent (legs slightly apart take 2 to 4 mm off a stature). Lengths of limbs are between joint centres,
those of hand and foot end on the skin.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from m3n_studio.body.model import BodyModel
from m3n_studio.body.shape import LIMBS, Shape, ShapeSpace, shape_space

Array = NDArray[np.float64]

#: Mass over the volume inside the skin, kg/m3: tissue of 1045 (Siri 1961 at a quarter fat), less
#: some three litres of gas in seventy litres of body.
DENSITY_KGPM3 = 1000.0


@dataclass(frozen=True)
class Measurements:
    """What a tape and a scale would say; lengths in m, mass in kg.

    Attributes
    ----------
    stature_m, arm_span_m
        Vertical and sideways extent of the mesh in the T-pose.
    mass_kg
        Volume inside the skin times :data:`DENSITY_KGPM3`.
    upper_arm_m, forearm_m, thigh_m, shank_m
        Between joint centres, mean of both sides.
    hand_m
        Wrist joint to the tip of the longest finger, mean of both sides.
    foot_m
        Heel to the tip of the longest toe, mean of both sides.
    torso_m
        Pelvis to neck along the spine's joints.
    neck_m
        Neck joint to head joint.
    shoulder_breadth_m, hip_breadth_m
        Between the left and the right joint centre.
    """

    stature_m: float
    mass_kg: float
    arm_span_m: float
    upper_arm_m: float
    forearm_m: float
    hand_m: float
    thigh_m: float
    shank_m: float
    foot_m: float
    torso_m: float
    neck_m: float
    shoulder_breadth_m: float
    hip_breadth_m: float

    def by_name(self) -> dict[str, float]:
        """The values by name without the unit: ``{"stature": 1.7, ...}``."""
        return {name.rpartition("_")[0]: value for name, value in asdict(self).items()}


#: Names of the measurements without their units, in the order of :class:`Measurements`.
NAMES: tuple[str, ...] = tuple(name.rpartition("_")[0] for name in Measurements.__dataclass_fields__)
UNITS: dict[str, str] = {name: "kg" if name == "mass" else "m" for name in NAMES}

#: Joints whose distances make a length; ``{side}`` ones are averaged over both sides.
_BETWEEN: dict[str, tuple[tuple[str, str], ...]] = {
    "upper_arm": (("{side}_shoulder", "{side}_elbow"),),
    "forearm": (("{side}_elbow", "{side}_wrist"),),
    "thigh": (("{side}_hip", "{side}_knee"),),
    "shank": (("{side}_knee", "{side}_ankle"),),
    "torso": (("pelvis", "spine1"), ("spine1", "spine2"), ("spine2", "spine3"), ("spine3", "neck")),
    "neck": (("neck", "head"),),
    "shoulder_breadth": (("left_shoulder", "right_shoulder"),),
    "hip_breadth": (("left_hip", "right_hip"),),
}
#: Axis of the measurements that are extents of the whole mesh.
_EXTENTS = {"stature": 1, "arm_span": 0}


@dataclass(frozen=True, eq=False)
class Gauge:
    """Measurements of one model as functions of the shape vector s (S,), with gradients.

    Attributes
    ----------
    spans : mapping to (n, 3, 1 + S) float64, m
        For each length, the vectors (affine in s) whose norms are averaged or added.
    shares : mapping to float
        What the sum of norms is multiplied by: 0.5 averages two sides.
    lids : tuple of (tail (E,), head (E,))
        Boundary edges of each opening of the mesh (SMPL-X's eye sockets), closed by a fan.
    sign : float
        -1 where the faces of the mesh turn inwards.
    """

    space: ShapeSpace
    spans: dict[str, Array]
    shares: dict[str, float]
    lids: tuple[tuple[NDArray[np.intp], NDArray[np.intp]], ...]
    sign: float

    def values(self, vector: Array, names: Collection[str] = NAMES) -> dict[str, float]:
        """Measurements by name for a shape vector (S,); m and kg, overall scale 1."""
        return {name: value for name, (value, _) in self.linearise(vector, names, gradients=False).items()}

    def linearise(
        self, vector: Array, names: Collection[str] = NAMES, *, gradients: bool = True
    ) -> dict[str, tuple[float, Array]]:
        """Values and gradients (S,) with respect to the shape vector, by name."""
        out: dict[str, tuple[float, Array]] = {}
        one = np.concatenate([[1.0], vector])
        skin = None
        if not set(names).isdisjoint(("mass", *_EXTENTS)):
            skin = self.space.model.vertices + self.space.displacement(vector)
        for name in names:
            if name in self.spans:
                out[name] = self._length(name, one)
            elif name in _EXTENTS and skin is not None:
                out[name] = self._extent(skin, _EXTENTS[name])
            elif skin is not None:
                out[name] = self._mass(skin, gradients=gradients)
        return out

    def _length(self, name: str, one: Array) -> tuple[float, Array]:
        spans, share = self.spans[name], self.shares[name]
        vectors = spans @ one
        norms = np.linalg.norm(vectors, axis=1)
        directions = vectors / np.maximum(norms, 1e-12)[:, None]
        return float(share * norms.sum()), share * np.einsum("na,nas->s", directions, spans[..., 1:])

    def _extent(self, skin: Array, axis: int) -> tuple[float, Array]:
        high, low = int(skin[:, axis].argmax()), int(skin[:, axis].argmin())
        dirs = self.space.vertex_dirs
        return float(skin[high, axis] - skin[low, axis]), dirs[high, axis] - dirs[low, axis]

    def _mass(self, skin: Array, *, gradients: bool) -> tuple[float, Array]:
        """Sum over triangles of a . (b x c) / 6 (divergence theorem), lids over openings included."""
        a, b, c = (skin[self.space.model.faces[:, k]] for k in range(3))
        normal = _cross(b, c)
        volume = float(np.vdot(a, normal))
        rim = np.zeros_like(skin)
        for tail, head in self.lids:  # a fan around the opening's centre closes it
            centre = skin[tail].mean(axis=0)
            fan = _cross(skin[head], skin[tail])
            volume += float(centre @ fan.sum(axis=0))
            if gradients:
                np.add.at(rim, tail, fan.sum(axis=0) / len(tail))
                np.add.at(rim, head, _cross(skin[tail], centre[None]))
                np.add.at(rim, tail, _cross(centre[None], skin[head]))
        factor = self.sign * DENSITY_KGPM3 / 6.0
        if not gradients:
            return factor * volume, np.zeros(0)
        faces = self.space.model.faces
        sensitivity = rim
        for k, part in enumerate((normal, _cross(c, a), _cross(a, b))):
            for axis in range(3):
                sensitivity[:, axis] += np.bincount(faces[:, k], part[:, axis], len(skin))
        dirs = self.space.vertex_dirs
        return factor * volume, factor * (sensitivity.ravel() @ dirs.reshape(-1, dirs.shape[2]))


def _cross(a: Array, b: Array) -> Array:
    """Cross products of rows; several times faster than ``np.cross``."""
    return np.stack(
        [
            a[:, 1] * b[:, 2] - a[:, 2] * b[:, 1],
            a[:, 2] * b[:, 0] - a[:, 0] * b[:, 2],
            a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0],
        ],
        axis=1,
    )


def _openings(faces: NDArray[np.int32]) -> tuple[tuple[NDArray[np.intp], NDArray[np.intp]], ...]:
    """Directed boundary edges (tail, head) of each opening of a mesh; none where it is closed."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64)
    size = int(faces.max(initial=0)) + 1
    codes, counts = np.unique(edges[:, 0] * size + edges[:, 1], return_counts=True)
    back = (codes % size) * size + codes // size
    place = np.searchsorted(codes, back).clip(max=len(codes) - 1)
    missing = counts - np.where(codes[place] == back, counts[place], 0)
    codes = np.repeat(codes, np.maximum(missing, 0))
    if not len(codes):
        return ()
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    tail, head = (codes // size).astype(np.intp), (codes % size).astype(np.intp)
    _, label = connected_components(coo_matrix((np.ones(len(tail)), (tail, head)), shape=(size, size)), directed=False)
    return tuple((tail[label[tail] == k], head[label[tail] == k]) for k in np.unique(label[tail]))


def _ends(model: BodyModel, side: str) -> dict[str, tuple[int, int]]:
    """Skin vertices that end hand and foot on one side: (fingertip, -1) and (toe tip, heel)."""
    owner = model.weights.argmax(axis=1)
    index = {name: i for i, name in enumerate(model.joint_names)}

    def part(root: int) -> NDArray[np.intp]:
        inside = {root}
        for j, parent in enumerate(model.parents):
            if int(parent) in inside:
                inside.add(j)
        found = np.flatnonzero(np.isin(owner, list(inside)))
        return found if len(found) else np.arange(len(owner))

    def farthest(points: NDArray[np.intp], origin: Array) -> int:
        return int(points[np.linalg.norm(model.vertices[points] - origin, axis=1).argmax()])

    wrist, ankle = index[f"{side}_wrist"], index[f"{side}_ankle"]
    foot = part(ankle)
    toe = farthest(foot, model.joints[ankle])
    low = foot[model.vertices[foot, 1] <= model.joints[ankle, 1]]
    heel = farthest(low if len(low) else foot, model.vertices[toe])
    return {"hand": (farthest(part(wrist), model.joints[wrist]), -1), "foot": (toe, heel)}


@lru_cache(maxsize=8)
def gauge(model: BodyModel) -> Gauge:
    """The gauge of a model; made once and kept."""
    space = shape_space(model)
    index = {name: i for i, name in enumerate(model.joint_names)}

    def joint(name: str) -> Array:
        return np.column_stack([model.joints[index[name]], space.joint_dirs[index[name]]])

    def vertex(i: int) -> Array:
        return np.column_stack([model.vertices[i], space.vertex_dirs[i]])

    spans: dict[str, list[Array]] = {}
    for name, pairs in _BETWEEN.items():
        sides = ("left", "right") if "{side}" in pairs[0][0] else ("",)
        spans[name] = [joint(b.format(side=s)) - joint(a.format(side=s)) for s in sides for a, b in pairs]
    spans["hand"], spans["foot"] = [], []
    for side in ("left", "right"):
        ends = _ends(model, side)
        spans["hand"].append(vertex(ends["hand"][0]) - joint(f"{side}_wrist"))
        spans["foot"].append(vertex(ends["foot"][0]) - vertex(ends["foot"][1]))
    shares = {n: 0.5 if n in ("hand", "foot") or "{side}" in _BETWEEN[n][0][0] else 1.0 for n in spans}
    made = Gauge(space, {n: np.stack(v) for n, v in spans.items()}, shares, _openings(model.faces), 1.0)
    inside_out = made.values(np.zeros(model.n_betas + len(LIMBS)), ("mass",))["mass"] < 0.0
    return Gauge(space, made.spans, made.shares, made.lids, -1.0) if inside_out else made


def measure(model: BodyModel, shape: Shape | None = None) -> Measurements:
    """Measurements of a body; the template's where `shape` is absent. About three milliseconds."""
    shape = Shape() if shape is None else shape
    values = gauge(model).values(shape.vector(model))
    return Measurements(*(v * shape.scale ** (3 if n == "mass" else 1) for n, v in values.items()))


@dataclass(frozen=True, eq=False)
class Population:
    """How measurements vary when betas are standard normal and limb scales zero.

    Attributes
    ----------
    names : tuple of str
        Order of the arrays below; m, and kg for mass.
    mean, std : (13,) float64
    correlation : (13, 13) float64
    """

    names: tuple[str, ...]
    mean: Array
    std: Array
    correlation: Array


@lru_cache(maxsize=8)
def population(model: BodyModel) -> Population:
    """The population a model's betas stand for, to first order; about ten milliseconds, once."""
    terms = gauge(model).linearise(np.zeros(model.n_betas + len(LIMBS)))
    slopes = np.stack([terms[name][1][: model.n_betas] for name in NAMES])
    covariance = slopes @ slopes.T
    std = np.sqrt(np.diag(covariance))
    safe = np.maximum(std, 1e-12)
    return Population(NAMES, np.array([terms[n][0] for n in NAMES]), std, covariance / np.outer(safe, safe))
