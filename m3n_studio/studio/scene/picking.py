"""From a pixel to the skin under it: rays, exact triangles, sensors. Arrays only, no Qt, no GL.

The body is skinned on the CPU for the frame shown (about 2 ms) and every triangle is tried
(Moeller & Trumbore 1997, all at once, about 3 ms), so what is picked is exact: the triangle and
the barycentric coordinates, which is just what a placement is made of.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from m3n_studio.body.model import BodyModel
from m3n_studio.studio.scene.bones import skinned
from m3n_studio.studio.scene.camera import OrbitCamera
from m3n_studio.studio.scene.stage import Stage

if TYPE_CHECKING:
    from m3n_studio.imu.surface import Placement

Array = NDArray[np.float64]

#: A device counts as hit within this many pixels of its middle, or its own size where that is more.
_NEAR_PX = 11.0
_DEVICE_M = 0.024
#: A device is behind the body where skin lies nearer than it by more than this.
_THROUGH_M = 0.04
_THIN = 1e-14

_SEGMENTS = {
    "collar": "shoulder", "shoulder": "upper arm", "elbow": "forearm", "wrist": "hand", "hip": "thigh", "knee": "shank",
    "ankle": "foot", "foot": "toes", "hand": "hand",
}  # fmt: skip
_MIDDLE = {"pelvis": "pelvis", "spine1": "lower back", "spine2": "waist", "spine3": "chest", "neck": "neck",
           "head": "head", "jaw": "jaw"}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Hit:
    """Where a ray meets a mesh: triangle, barycentric coordinates (3,), point (3,) m, distance_m along the ray."""

    triangle: int
    barycentric: tuple[float, float, float]
    point: Array
    distance_m: float


def ray(camera: OrbitCamera, width: float, height: float, x: float, y: float) -> tuple[Array, Array]:
    """Origin (3,), m, and unit direction (3,) through a point of a picture, y from the top."""
    projection = camera.projection(width, height)  # type: ignore[arg-type]
    across, up = 2 * x / width - 1, 1 - 2 * y / height
    direction = np.array([across / projection[0, 0], up / projection[1, 1], -1.0]) @ camera.rotation()
    return camera.eye(), direction / np.linalg.norm(direction)


def project(camera: OrbitCamera, width: float, height: float, points: Array) -> Array:
    """Points (N, 3), m, as x and y in the picture and depth in m (N, 3)."""
    seen = (np.atleast_2d(points) - camera.eye()) @ camera.rotation().T
    projection = camera.projection(width, height)  # type: ignore[arg-type]
    depth = np.maximum(-seen[:, 2], 1e-6)
    x = (1 + projection[0, 0] * seen[:, 0] / depth) * width / 2
    y = (1 - projection[1, 1] * seen[:, 1] / depth) * height / 2
    return np.column_stack([x, y, -seen[:, 2]])


def cast(vertices: NDArray, faces: NDArray, origin: Array, direction: Array) -> Hit | None:
    """The first triangle a ray meets, from either side; None where it meets none."""
    a, b, c = (vertices[faces[:, i]].astype(np.float64) for i in range(3))
    e1, e2, to = b - a, c - a, origin - a
    p = np.cross(direction, e2)
    det = (e1 * p).sum(axis=1)
    inverse = 1.0 / np.where(np.abs(det) > _THIN, det, np.inf)
    u = (to * p).sum(axis=1) * inverse
    q = np.cross(to, e1)
    v = (q @ direction) * inverse
    t = (e2 * q).sum(axis=1) * inverse
    hit = np.flatnonzero((np.abs(det) > _THIN) & (u >= 0) & (v >= 0) & (u + v <= 1) & (t > 0))
    if not len(hit):
        return None
    best = int(hit[t[hit].argmin()])
    weights = np.clip([1 - u[best] - v[best], u[best], v[best]], 0.0, 1.0)
    weights /= weights.sum()
    point = origin + t[best] * direction
    return Hit(best, (float(weights[0]), float(weights[1]), float(weights[2])), point, float(t[best]))


def skin_under(stage: Stage, width: float, height: float, x: float, y: float) -> Hit | None:
    """The skin of the scene's body under a point of the picture of a stage."""
    pose = stage.pose()
    if pose is None or stage.scene is None:
        return None
    vertices = skinned(stage.scene.skin, pose)
    return cast(vertices, stage.scene.skin.faces, *ray(stage.shot(pose), width, height, x, y))


def sensor_under(stage: Stage, width: float, height: float, x: float, y: float) -> int:
    """Index of the sensor under a point of the picture, -1 for none; the body hides what is behind it."""
    poses, pose = stage.sensor_poses(), stage.pose()
    if pose is None or not len(poses):
        return -1
    camera = stage.shot(pose)
    at = project(camera, width, height, poses[:, :3, 3])
    size = _DEVICE_M * camera.projection(int(width), int(height))[1, 1] * height / 2 / np.maximum(at[:, 2], 1e-6)
    away = np.hypot(at[:, 0] - x, at[:, 1] - y) / np.maximum(size, _NEAR_PX)
    near = np.flatnonzero((away <= 1) & (at[:, 2] > 0))
    if not len(near):
        return -1
    skin = skin_under(stage, width, height, x, y)
    eye = camera.eye()
    reach = np.inf if skin is None else skin.distance_m + _THROUGH_M
    seen = [int(i) for i in near if np.linalg.norm(poses[i, :3, 3] - eye) < reach]
    return min(seen, key=lambda i: away[i], default=-1)


def moved(placement: Placement, hit: Hit) -> Placement:
    """The placement at another place of the skin; its angle from the segment's direction stays."""
    return replace(placement, triangle=hit.triangle, barycentric=hit.barycentric)


def turned(placement: Placement, by_rad: float) -> Placement:
    """The placement turned in its plane, positive about the outward normal; the angle stays within half a turn."""
    angle = (placement.angle_rad + by_rad + np.pi) % (2 * np.pi) - np.pi
    return replace(placement, angle_rad=float(angle))


def segment_of(model: BodyModel, placement: Placement) -> str:
    """The part of the body a placement is on, for people, e.g. ``"left forearm"``."""
    from m3n_studio.imu.surface import carrying_joint

    name = model.joint_names[carrying_joint(model, placement)]
    if name in _MIDDLE:
        return _MIDDLE[name]
    side, _, part = name.partition("_")
    if part in _SEGMENTS:
        return f"{side} {_SEGMENTS[part]}"
    finger = part.rstrip("0123456789")
    return f"{side} {finger}" if finger == "thumb" else f"{side} {finger} finger"
