"""A place on the body's surface, and the sensor frame there through time.

A sensor sits in a triangle of the mesh. Its position is the triangle's barycentric point under
linear blend skinning; its orientation is the rotation nearest to the blended joint rotations
(polar factor of ``sum_k w_k G_k``) times the frame it has on the template at rest. The rest
frame does not depend on shape, so neither does the gyroscope (FIELD 1).

Only the joints whose skin moves the triangle, and their ancestors, are ever computed
(:mod:`m3n_studio.imu.chain`): about 4 ms per 3600 frames and two wrists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.body.model import BodyModel
from m3n_studio.body.shape import Shape, shape_space
from m3n_studio.errors import UnknownName, ValueProblem
from m3n_studio.imu.chain import ancestry, blocks, global_rotations, nearest_rotations
from m3n_studio.imu.derive import Track
from m3n_studio.motion.clip import Clip
from m3n_studio.motion.root import root_track

Array = NDArray[np.float64]
ATTACHMENTS = ("skin", "rigid")
#: Skin weights below this move a point by less than a micrometre; they are left out.
_NO_WEIGHT = 1e-6


@dataclass(frozen=True)
class Placement:
    """Where a sensor sits.

    Attributes
    ----------
    name : str
    triangle : int
        Index into ``model.faces``.
    barycentric : (3,) floats
        Weights of the triangle's corners, summing to 1.
    angle_rad : float
        In-plane angle of the sensor's x axis from the reference direction (the segment's
        distal direction projected on the surface), positive about the outward normal.
    attachment : {"skin", "rigid"}
        "skin" follows the blended surface, as a strap does; "rigid" is carried by one joint.
    joint : str
        For "rigid"; empty: the joint with most weight in the triangle.
    offset_m : float
        Along the outward normal; a device's thickness. Not scaled with the body.
    """

    name: str
    triangle: int
    barycentric: tuple[float, float, float]
    angle_rad: float
    attachment: str = "skin"
    joint: str = ""
    offset_m: float = 0.0

    def __post_init__(self) -> None:
        numbers = np.array([*self.barycentric, self.angle_rad, self.offset_m], dtype=np.float64)
        if len(self.barycentric) != 3 or not np.isfinite(numbers).all() or abs(sum(self.barycentric) - 1.0) > 1e-6:
            raise ValueProblem(
                f"placement {self.name!r}: expected finite numbers and barycentric weights that sum to 1;"
                f" found {self.barycentric}, angle {self.angle_rad}, offset {self.offset_m}"
            )
        if self.attachment not in ATTACHMENTS:
            raise UnknownName("attachment", self.attachment, ATTACHMENTS)
        if self.triangle < 0:
            raise ValueProblem(f"placement {self.name!r}: triangle must not be negative; found {self.triangle}")


@dataclass(frozen=True, eq=False)
class Carrier:
    """A placement worked out for one model.

    joints : (m,) model joints that move the sensor, parents before children;
    blend : (m,) weight of each one's rotation in the sensor's; terms : (m, 3, 1 + S) such that
    ``p(t) = root(t) + sum_a G_a(t) terms_a [1; s]`` (before offset and overall scale);
    corners : (3,) vertices; corner_blend : (3, m) barycentric x skin weight; R_rest : (3, 3).
    """

    placement: Placement
    joints: NDArray[np.intp]
    blend: Array
    terms: Array
    corners: NDArray[np.int32]
    corner_blend: Array
    R_rest: Array


@lru_cache(maxsize=8)
def vertex_normals(model: BodyModel) -> Array:
    """Outward normals of the template's vertices (V, 3), weighted by triangle area; kept per model."""
    a, b, c = (model.vertices[model.faces[:, i]] for i in range(3))
    area = np.cross(b - a, c - a)
    out = np.zeros_like(model.vertices)
    for i in range(3):
        np.add.at(out, model.faces[:, i], area)
    length = np.linalg.norm(out, axis=1, keepdims=True)
    return np.asarray(out / np.where(length > 0, length, 1.0))


def joint_index(model: BodyModel, name: str) -> int:
    """Index of a joint of the model by name."""
    if name not in model.joint_names:
        raise UnknownName("joint", name, model.joint_names)
    return model.joint_names.index(name)


def corner_weights(model: BodyModel, placement: Placement) -> tuple[NDArray[np.int32], Array]:
    """Corners (3,) of the triangle and barycentric x skin weight (3, J), tiny weights dropped."""
    if placement.triangle >= len(model.faces):
        raise ValueProblem(
            f"placement {placement.name!r}: triangle {placement.triangle} is not on this body,"
            f" which has {len(model.faces)} triangles"
        )
    corners = model.faces[placement.triangle]
    weights = np.where(model.weights[corners] < _NO_WEIGHT, 0.0, model.weights[corners])
    weights = weights / weights.sum(axis=1, keepdims=True)
    return corners, np.asarray(placement.barycentric)[:, None] * weights


def carrying_joint(model: BodyModel, placement: Placement) -> int:
    """The joint that carries a rigid placement: the one named, else the one with most weight."""
    if placement.joint:
        return joint_index(model, placement.joint)
    return int(corner_weights(model, placement)[1].sum(axis=0).argmax())


def segment_axis(model: BodyModel, joint: int) -> Array:
    """Distal direction (3,) of the segment that follows a joint at rest; up for pelvis, spine, head."""
    name = model.joint_names[joint]
    if name in ("pelvis", "spine1", "spine2", "spine3", "neck", "head", "jaw", "left_eye", "right_eye"):
        return np.array([0.0, 1.0, 0.0])
    side = name.split("_")[0]
    towards = {"wrist": f"{side}_middle1", "collar": f"{side}_shoulder"}.get(name.split("_")[1], "")
    children = np.flatnonzero(model.parents == joint)
    if towards in model.joint_names:
        axis = model.joints[model.joint_names.index(towards)] - model.joints[joint]
    elif len(children):
        axis = model.joints[children[0]] - model.joints[joint]
    else:
        axis = model.joints[joint] - model.joints[model.parents[joint]]
    length = float(np.linalg.norm(axis))
    return np.asarray(axis / length) if length > 1e-9 else np.array([0.0, 1.0, 0.0])


def tangent_frame(normal: Array, along: Array) -> Array:
    """Right-handed frame (3, 3), columns x, y, z: z the normal, x nearest to direction `along`.

    Where the two are within 6 degrees, forward (+z of the world) or up takes `along`'s place.
    """
    z = normal / np.linalg.norm(normal)
    for direction in (along, np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0])):
        x = direction - z * (z @ direction)
        if np.linalg.norm(x) > 0.1 * np.linalg.norm(direction):
            break
    x = x / np.linalg.norm(x)
    return np.column_stack([x, np.cross(z, x), z])


def reference_frame(model: BodyModel, placement: Placement) -> Array:
    """The frame (3, 3) that `angle_rad` counts from, on the template at rest."""
    corners, weights = corner_weights(model, placement)
    normal = np.asarray(placement.barycentric) @ vertex_normals(model)[corners]
    if np.linalg.norm(normal) < 1e-6:
        a, b, c = model.vertices[corners]
        normal = np.cross(b - a, c - a)
    if np.linalg.norm(normal) < 1e-12:
        raise ValueProblem(f"placement {placement.name!r}: triangle {placement.triangle} has no area")
    return tangent_frame(normal, segment_axis(model, int(weights.sum(axis=0).argmax())))


def rest_frame(model: BodyModel, placement: Placement, shape: Shape | None = None) -> tuple[Array, Array]:
    """Sensor origin (3,), m, and frame R (3, 3) at rest; columns x, y, z with z outward.

    The origin is the shape's; the frame is the template's for every shape.
    """
    frame = reference_frame(model, placement)
    cos, sin = np.cos(placement.angle_rad), np.sin(placement.angle_rad)
    R = frame @ np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
    shape = Shape() if shape is None else shape
    space = shape_space(model)
    corners = model.faces[placement.triangle]
    vertices = model.vertices[corners] + space.vertex_dirs[corners] @ shape.vector(model)
    return shape.scale * (np.asarray(placement.barycentric) @ vertices) + placement.offset_m * R[:, 2], R


def carrier(model: BodyModel, placement: Placement) -> Carrier:
    """Work out what moves a placement; see :class:`Carrier` for the formula."""
    space = shape_space(model)
    corners, weights = corner_weights(model, placement)
    if placement.attachment == "rigid":
        one = np.zeros(weights.shape[1])
        one[carrying_joint(model, placement)] = 1.0
        weights = np.outer(np.asarray(placement.barycentric), one)
    total = weights.sum(axis=0)
    joints = ancestry(model, np.flatnonzero(total))
    rest = np.concatenate([model.vertices[corners][..., None], space.vertex_dirs[corners]], axis=2)  # (3, 3, 1+S)
    at = np.concatenate([model.joints[..., None], space.joint_dirs], axis=2)  # (J, 3, 1+S)
    terms = np.zeros((len(joints), 3, at.shape[2]))
    below = total.copy()  # weight of each joint's whole subtree
    for a in range(len(joints) - 1, -1, -1):
        j, parent = int(joints[a]), int(model.parents[joints[a]])
        terms[a] += np.einsum("i,ixs->xs", weights[:, j], rest) - total[j] * at[j]
        if parent >= 0:
            below[parent] += below[j]
            terms[int(np.flatnonzero(joints == parent)[0])] += below[j] * (at[j] - at[parent])
    _, R_rest = rest_frame(model, placement)
    return Carrier(placement, joints, total[joints], terms, corners, weights[:, joints], R_rest)


def orientations(item: Carrier, rotations: Array, rows: NDArray[np.intp]) -> Array:
    """Sensor-to-world rotations (T, 3, 3). rotations : (3, n, 3, T); rows : (m,) its joints among the n."""
    used = np.flatnonzero(item.blend)
    blended = np.zeros((3, 3, rotations.shape[3]))
    for a in used:
        blended += item.blend[a] * rotations[:, rows[a]]
    if len(used) > 1:
        blended = nearest_rotations(blended)
    return np.ascontiguousarray(np.einsum("ikt,kb->tib", blended, item.R_rest))


def corrective(model: BodyModel, item: Carrier, poses: Array, rotations: Array, rows: NDArray[np.intp]) -> Array:
    """What pose blend shapes add to the sensor's position (T, 3), m, before overall scale."""
    if model.pose_dirs is None or item.placement.attachment == "rigid":
        return np.zeros((len(poses), 3))
    columns = (3 * item.corners[:, None] + np.arange(3)).ravel()
    feature = (model.rotations(poses)[:, 1:] - np.eye(3)).reshape(len(poses), -1)
    moved = (feature @ model.pose_dirs[:, columns].astype(np.float64)).reshape(-1, 3, 3)  # (T, corner, xyz)
    out = np.zeros((len(poses), 3))
    for a in np.flatnonzero(item.corner_blend.any(axis=0)):
        out += np.einsum("ibt,tb->ti", rotations[:, rows[a]], np.einsum("c,tcb->tb", item.corner_blend[:, a], moved))
    return out


def union(model: BodyModel, carriers: Sequence[Carrier]) -> tuple[NDArray[np.intp], list[NDArray[np.intp]]]:
    """All joints the carriers need, and for each carrier where its joints are among them."""
    joints = ancestry(model, np.unique(np.concatenate([c.joints for c in carriers])))
    place = {int(j): i for i, j in enumerate(joints)}
    return joints, [np.array([place[int(j)] for j in c.joints], dtype=np.intp) for c in carriers]


def follow_all(
    model: BodyModel, placements: Sequence[Placement], poses: Array, trans: Array, shape: Shape
) -> tuple[Array, Array]:
    """Positions (T, P, 3), m, and sensor-to-world rotations (T, P, 3, 3) of several sensors."""
    carriers = [carrier(model, p) for p in placements]
    joints, rows = union(model, carriers)
    s = np.concatenate([[1.0], shape.vector(model)])
    rest_root = shape.scale * (model.joints[0] + shape_space(model).joint_dirs[0] @ s[1:])
    arms = np.zeros((len(carriers), len(joints), 3))
    for i, (item, row) in enumerate(zip(carriers, rows, strict=True)):
        arms[i, row] = shape.scale * (item.terms @ s)
    position = np.empty((len(poses), len(carriers), 3))
    R_ws = np.empty((len(poses), len(carriers), 3, 3))
    for block in blocks(len(poses)):
        rotations = global_rotations(model, poses[block], joints)
        flat = rotations.reshape(3, 3 * len(joints), -1)
        for i, (item, row) in enumerate(zip(carriers, rows, strict=True)):
            frame = orientations(item, rotations, row)
            reach = (arms[i].ravel() @ flat).T + item.placement.offset_m * frame[:, :, 2]
            if model.pose_dirs is not None:
                reach += shape.scale * corrective(model, item, poses[block], rotations, row)
            position[block, i] = rest_root + trans[block] + reach
            R_ws[block, i] = frame
    return position, R_ws


def follow(model: BodyModel, placement: Placement, poses: Array, trans: Array, shape: Shape) -> tuple[Array, Array]:
    """Position p (T, 3), m, and sensor-to-world rotation R_ws (T, 3, 3) of a sensor on a moving body.

    poses : (T, 52, 3), rad; trans : (T, 3), m, added to the root joint as in smplx.
    """
    position, R_ws = follow_all(model, [placement], poses, trans, shape)
    return position[:, 0], R_ws[:, 0]


def sensor_track(
    model: BodyModel, clip: Clip, placements: Sequence[Placement], *, shape: Shape | None, root: str
) -> Track:
    """Where sensors on a clip's body are. shape : None for the clip's own; root : see Settings."""
    trans = clip.trans if root == "recorded" else root_track(model, clip, shape)
    position, R_ws = follow_all(model, placements, clip.poses, trans, clip.shape if shape is None else shape)
    quats = so3.continuous_quats(so3.quat_from_matrix(R_ws))
    return Track(tuple(p.name for p in placements), clip.time_s, position, quats, clip.valid)
