"""Named placements: where sensors are usually worn, found on any body of the family.

A place is said anatomically -- so far along a bone, so looked at from outside -- and found on
a model's template by casting a ray from the bone outwards and taking the outermost skin of
that part of the body. So a name means the same on SMPL, SMPL-H, SMPL-X and the default body.

Sensor frames: z is the outward normal. x runs along the segment, distally, projected on the
skin (upwards on trunk and head); y = z x x. The exception is the right wrist: a watch is read
by its wearer, so x points to the right of its screen -- towards the hand on the left wrist,
towards the elbow on the right -- and y to 12 o'clock. Straps follow the skin, so the default
attachment is "skin".

Cost: about 2 ms for a name the first time on a model, then cached.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from m3n_studio.body.model import BodyModel
from m3n_studio.body.skeleton import mirror_name
from m3n_studio.errors import UnknownName, ValueProblem
from m3n_studio.imu.surface import (
    Placement,
    follow,
    joint_index,
    reference_frame,
    rest_frame,
    vertex_normals,
)

Array = NDArray[np.float64]
__all__ = [
    "PLACEMENTS", "Placement", "follow", "mirror_placement", "named_placement", "placement_from_dict",
    "placement_to_dict", "rest_frame", "surface_placement",
]  # fmt: skip


@dataclass(frozen=True)
class Site:
    """An anatomical place.

    start, end : joints of the bone, or "floor" and "crown" of the body under and over the head
    joint, whose tragus and forehead are at known shares of stature; fraction : along it; outwards :
    direction at rest (T-pose, facing +z, left at +x); parts : joints whose skin may be hit;
    along : direction of the sensor's x axis at rest; text : what is worn there.
    """

    start: str
    end: str
    fraction: float
    outwards: tuple[float, float, float]
    parts: tuple[str, ...]
    along: tuple[float, float, float]
    text: str


_UP, _DOWN, _FRONT, _BACK = (0.0, 1.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, 1.0), (0.0, 0.0, -1.0)
_LEFT = (1.0, 0.0, 0.0)
_ARM, _SPINE = _LEFT, ("pelvis", "spine1", "spine2", "spine3")
#: Left-sided and middle sites; right ones are their mirror images.
_SIDED: dict[str, Site] = {
    "wrist": Site("left_elbow", "left_wrist", 0.87, _UP, ("left_elbow", "left_wrist"), _ARM, "a watch, dorsal"),
    "forearm": Site("left_elbow", "left_wrist", 0.45, _UP, ("left_elbow", "left_wrist"), _ARM, "mid forearm, dorsal"),
    "upper_arm": Site("left_shoulder", "left_elbow", 0.5, _UP, ("left_shoulder", "left_elbow"), _ARM,
                      "mid upper arm, lateral"),
    "shoulder": Site("left_shoulder", "left_elbow", 0.0, _UP, ("left_shoulder", "left_collar"), _ARM, "acromion"),
    "hand": Site("left_wrist", "left_middle1", 0.6, _UP, ("left_wrist", "left_hand"), _ARM, "back of the hand"),
    "thigh": Site("left_hip", "left_knee", 0.5, _LEFT, ("left_hip", "left_knee"), _DOWN, "mid thigh, lateral"),
    "pocket": Site("left_hip", "left_knee", 0.12, (0.5, 0.0, 0.85), ("left_hip", "pelvis"), _DOWN,
                   "front trouser pocket"),
    "knee": Site("left_hip", "left_knee", 0.95, _FRONT, ("left_hip", "left_knee"), _DOWN, "above the knee cap"),
    "shank": Site("left_knee", "left_ankle", 0.45, (0.3, 0.0, 0.95), ("left_knee", "left_ankle"), _DOWN,
                  "shin, on the tibia"),
    "ankle": Site("left_knee", "left_ankle", 0.9, _LEFT, ("left_knee", "left_ankle"), _DOWN, "above the outer ankle"),
    "foot": Site("left_ankle", "left_foot", 0.6, _UP, ("left_ankle", "left_foot"), _FRONT, "instep"),
    "ear": Site("floor", "crown", 0.927, (1.0, 0.0, -0.35), ("head",), _UP, "behind the ear, on the mastoid"),
}  # fmt: skip
_MIDDLE: dict[str, Site] = {
    "chest": Site("spine3", "neck", 0.35, _FRONT, _SPINE, _UP, "sternum"),
    "upper_back": Site("spine3", "neck", 0.4, _BACK, (*_SPINE, "neck"), _UP, "between the shoulder blades"),
    "lower_back": Site("pelvis", "spine1", 0.4, _BACK, _SPINE, _UP, "sacrum"),
    "belt": Site("pelvis", "spine1", 0.6, _FRONT, _SPINE, _UP, "belt buckle"),
    "neck": Site("spine3", "neck", 1.0, _BACK, ("neck", "spine3", "head"), _UP, "C7"),
    "head": Site("floor", "crown", 0.96, _FRONT, ("head",), _UP, "forehead"),
}


def _mirrored(site: Site) -> Site:
    def flip(v: tuple[float, float, float]) -> tuple[float, float, float]:
        return (-v[0], v[1], v[2])

    return replace(site, start=mirror_name(site.start), end=mirror_name(site.end), outwards=flip(site.outwards),
                   parts=tuple(mirror_name(p) for p in site.parts), along=flip(site.along))  # fmt: skip


def _sites() -> dict[str, Site]:
    out: dict[str, Site] = {}
    for name, site in _SIDED.items():
        out[f"left_{name}"] = site
        out[f"right_{name}"] = _mirrored(site)
    out["right_wrist"] = replace(out["right_wrist"], along=_LEFT)  # towards the elbow: right of the screen
    return {**out, **_MIDDLE}


SITES: dict[str, Site] = _sites()
#: Every named placement.
PLACEMENTS: tuple[str, ...] = tuple(SITES)


def named_placement(model: BodyModel, name: str) -> Placement:
    """The placement of a name on a model; `UnknownName` offers the nearest name."""
    if name not in SITES:
        raise UnknownName("placement", name, PLACEMENTS)
    return _located(model, name)


@lru_cache(maxsize=256)
def _located(model: BodyModel, name: str) -> Placement:
    site = SITES[name]
    start, end = _landmark(model, site.start), _landmark(model, site.end)
    origin = start + site.fraction * (end - start)
    direction = np.asarray(site.outwards) / np.linalg.norm(site.outwards)
    triangle, barycentric = _outermost(model, origin, direction, _own_triangles(model, site.parts))
    return facing(model, Placement(name, triangle, barycentric, 0.0), np.asarray(site.along))


def _landmark(model: BodyModel, name: str) -> Array:
    """An end (3,) of a site's bone; SMPL has no knuckles, its whole hand's joint is one."""
    if name in ("floor", "crown"):
        head, y = model.joints[joint_index(model, "head")], model.vertices[:, 1]
        return np.array([head[0], y.max() if name == "crown" else y.min(), head[2]])
    hand = name.split("_")[0] + "_hand"
    return np.asarray(model.joints[joint_index(model, name if name in model.joint_names else hand)])


def facing(model: BodyModel, placement: Placement, along: Array) -> Placement:
    """The placement turned in its plane so that its x axis is nearest to a direction (3,) at rest."""
    frame = reference_frame(model, placement)
    x, y = float(along @ frame[:, 0]), float(along @ frame[:, 1])
    return replace(placement, angle_rad=math.atan2(y, x) if math.hypot(x, y) > 1e-9 else 0.0)


def surface_placement(
    model: BodyModel, name: str, point_m: Array, *, angle_rad: float = 0.0, attachment: str = "skin"
) -> Placement:
    """The placement on the template's skin nearest to a point (3,), m."""
    triangle, barycentric = _nearest(model, np.asarray(point_m, dtype=np.float64), np.arange(len(model.faces)))
    return Placement(name, triangle, barycentric, angle_rad, attachment)


def mirror_placement(model: BodyModel, placement: Placement, *, reversed_axis: str = "y") -> Placement:
    """The placement on the other side of the body.

    A mirror image of a right-handed frame is left-handed, so one axis must be reversed: "y"
    keeps x distal on both sides, "x" is how watches are worn (:mod:`~m3n_studio.imu.placement`).
    """
    if reversed_axis not in ("x", "y"):
        raise UnknownName("axis", reversed_axis, ("x", "y"))
    origin, R = rest_frame(model, replace(placement, offset_m=0.0))
    flip = np.array([-1.0, 1.0, 1.0])
    other = surface_placement(model, mirror_name(placement.name), origin * flip, attachment=placement.attachment)
    x = R[:, 0] * flip * (-1.0 if reversed_axis == "x" else 1.0)
    return replace(facing(model, other, x), joint=mirror_name(placement.joint), offset_m=placement.offset_m)


def placement_to_dict(placement: Placement) -> dict[str, Any]:
    """The placement as plain values for JSON."""
    return {
        "name": placement.name, "triangle": placement.triangle, "barycentric": list(placement.barycentric),
        "angle_rad": placement.angle_rad, "attachment": placement.attachment, "joint": placement.joint,
        "offset_m": placement.offset_m,
    }  # fmt: skip


def placement_from_dict(values: Mapping[str, Any]) -> Placement:
    """The inverse of :func:`placement_to_dict`; `ValueProblem` says what is wrong."""
    known = placement_to_dict(Placement("", 0, (1.0, 0.0, 0.0), 0.0))
    extra = set(values) - set(known)
    if extra or not {"name", "triangle", "barycentric"} <= set(values):
        raise ValueProblem(f"a placement has the fields {', '.join(known)}; found {', '.join(map(str, values))}")
    merged = {**known, **values}
    try:
        a, b, c = (float(x) for x in merged["barycentric"])
        return Placement(str(merged["name"]), int(merged["triangle"]), (a, b, c), float(merged["angle_rad"]),
                         str(merged["attachment"]), str(merged["joint"]), float(merged["offset_m"]))  # fmt: skip
    except (TypeError, ValueError) as error:
        raise ValueProblem(f"placement {merged['name']!r}: {error}") from error


@lru_cache(maxsize=8)
def _dominant(model: BodyModel) -> NDArray[np.intp]:
    """For each triangle the joint with most weight (F,); kept per model."""
    return np.asarray(model.weights[model.faces].sum(axis=1).argmax(axis=1))


def _own_triangles(model: BodyModel, parts: tuple[str, ...]) -> NDArray[np.intp]:
    """Triangles that move mostly with the given joints; all of them if there are none."""
    joints = [i for i, name in enumerate(model.joint_names) if name in parts]
    own = np.flatnonzero(np.isin(_dominant(model), joints))
    return own if len(own) else np.arange(len(model.faces))


def _outermost(
    model: BodyModel, origin: Array, direction: Array, triangles: NDArray[np.intp]
) -> tuple[int, tuple[float, float, float]]:
    """Where a ray leaves the given triangles for good; the nearest of them where it meets none.

    Moeller-Trumbore, all triangles at once.
    """
    a, b, c = (model.vertices[model.faces[triangles, i]] for i in range(3))
    e1, e2 = b - a, c - a
    p = np.cross(direction, e2)
    det = np.einsum("ij,ij->i", e1, p)
    outward = np.abs(det) > 1e-14
    inverse = 1.0 / np.where(outward, det, 1.0)
    to = origin - a
    u = np.einsum("ij,ij->i", to, p) * inverse
    q = np.cross(to, e1)
    v = (q @ direction) * inverse
    t = np.einsum("ij,ij->i", e2, q) * inverse
    normals = vertex_normals(model)[model.faces[triangles]].sum(axis=1)
    hit = outward & (u >= 0) & (v >= 0) & (u + v <= 1) & (t > 0) & (normals @ direction > 0)
    if not hit.any():
        return _nearest(model, origin + 0.05 * direction, triangles)
    best = int(np.flatnonzero(hit)[t[hit].argmax()])
    return int(triangles[best]), _tidy(np.array([1.0 - u[best] - v[best], u[best], v[best]]))


def _nearest(
    model: BodyModel, point: Array, triangles: NDArray[np.intp]
) -> tuple[int, tuple[float, float, float]]:  # fmt: skip
    """The nearest point on the given triangles, as (triangle, barycentric).

    The nearest in the plane where that lies inside, else the nearest on an edge. Triangles
    without area are left out where others exist.
    """
    corners = model.vertices[model.faces[triangles]]  # (n, 3, 3)
    e1, e2 = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area2 = np.einsum("ij,ij->i", np.cross(e1, e2), np.cross(e1, e2))
    solid = area2 > 1e-20
    if solid.any():
        triangles, corners, e1, e2, area2 = (x[solid] for x in (triangles, corners, e1, e2, area2))
    n = np.cross(e1, e2)
    to = point - corners[:, 0]
    safe = np.where(area2 > 0, area2, 1.0)
    v = np.einsum("ij,ij->i", np.cross(e1, to), n) / safe
    u = np.einsum("ij,ij->i", np.cross(to, e2), n) / safe
    options = [np.column_stack([1 - u - v, u, v])]
    inside = (options[0] >= 0).all(axis=1)
    for i, j in ((0, 1), (1, 2), (2, 0)):
        edge = corners[:, j] - corners[:, i]
        square = np.einsum("ij,ij->i", edge, edge)
        s = np.clip(np.einsum("ij,ij->i", point - corners[:, i], edge) / np.where(square > 0, square, 1.0), 0, 1)
        weights = np.zeros((len(triangles), 3))
        weights[:, i], weights[:, j] = 1 - s, s
        options.append(weights)
    distance = np.stack([np.linalg.norm(np.einsum("ij,ijk->ik", w, corners) - point, axis=1) for w in options])
    distance[0] = np.where(inside, distance[0], np.inf)
    which, best = np.unravel_index(int(distance.argmin()), distance.shape)
    return int(triangles[best]), _tidy(options[which][best])


def _tidy(barycentric: Array) -> tuple[float, float, float]:
    clipped = np.clip(barycentric, 0.0, 1.0)
    a, b, c = (float(x) for x in clipped / clipped.sum())
    return a, b, c
