"""A body's bones as the choreography needs them, and analytic two-bone limbs.

All lengths are read from the model. A limb's elbow or knee lies in the half plane that a pole
vector points to; its hinge stays perpendicular to that plane, so limbs never twist by accident.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.body.model import BodyModel
from m3n_studio.body.skeleton import JOINT_INDEX as J
from m3n_studio.body.skeleton import PARENTS

from .tracks import normalised

Array = NDArray[np.float64]
SIDES = ("left", "right")
#: x points to the left of the body.
OUTWARD = {"left": 1.0, "right": -1.0}


@dataclass(frozen=True, eq=False)
class Rig:
    """Rest joints (52, 3) in m with the floor at y = 0 under the feet, and sole points by side."""

    joints: Array
    pelvis_rest: Array
    ankle_height_m: float
    heel: dict[str, Array]
    ball: dict[str, Array]
    toe: dict[str, Array]
    scale: float

    def bone(self, a: str, b: str) -> Array:
        """Rest vector (3,) from joint `a` to joint `b`, m."""
        return np.asarray(self.joints[J[b]] - self.joints[J[a]])

    def length(self, a: str, b: str) -> float:
        """Length of a bone, m."""
        return float(np.linalg.norm(self.bone(a, b)))

    def knuckles(self, side: str) -> Array:
        """Middle of the finger roots from the wrist (3,), m."""
        roots = [self.bone(f"{side}_wrist", f"{side}_{finger}1") for finger in ("index", "middle", "ring", "pinky")]
        return np.asarray(np.mean(roots, axis=0))

    def grip(self, side: str) -> Array:
        """Middle of what a fist holds, from the wrist at rest (3,), m."""
        return np.asarray(self.knuckles(side) * 0.95 + np.array([0.0, -0.035 * self.scale, 0.0]))

    def fingertip(self, side: str, finger: str = "index") -> Array:
        """Tip of a straight finger from the wrist at rest (3,), m."""
        last = self.bone(f"{side}_{finger}2", f"{side}_{finger}3")
        return np.asarray(self.bone(f"{side}_wrist", f"{side}_{finger}3") + last)


def standing_height(rig: Rig, stance_m: float, *, straight: float = 0.9935) -> float:
    """Height of the pelvis joint, m, at which legs `straight` of their length stand on ankles `stance_m` apart."""
    leg = straight * (rig.length("left_hip", "left_knee") + rig.length("left_knee", "left_ankle"))
    aside = rig.joints[J["left_hip"], 0] - 0.5 * stance_m
    return float(np.sqrt(leg**2 - aside**2 - 0.02**2) + rig.ankle_height_m - rig.bone("pelvis", "left_hip")[1])


def rig_of(model: BodyModel) -> Rig:
    """Read a rig off a body in SMPL-H order; foot points come from its skin."""
    joints = model.joints[:52].copy()
    floor = float(model.vertices[:, 1].min())
    heel, ball, toe = {}, {}, {}
    for side in SIDES:
        ankle = joints[J[f"{side}_ankle"]]
        members = [J[f"{side}_ankle"], J[f"{side}_foot"]]
        skin = model.vertices[model.weights[:, members].sum(axis=1) > 0.5]
        sole = skin[skin[:, 1] < floor + 0.03]
        root = joints[J[f"{side}_foot"]]
        heel[side] = np.array([ankle[0], floor, sole[:, 2].min() + 0.02]) - ankle
        ball[side] = root - ankle
        toe[side] = np.array([root[0], floor, sole[:, 2].max() - 0.015]) - ankle
    ankle_height = float(np.mean([joints[J[f"{s}_ankle"], 1] for s in SIDES]) - floor)
    pelvis = joints[0].copy()
    joints[:, 1] -= floor
    leg = joints[J["left_hip"], 1] - ankle_height
    return Rig(joints, pelvis, ankle_height, heel, ball, toe, float(leg / 0.82))


def frame(first: Array, second: Array) -> Array:
    """Matrices (..., 3, 3) with columns `first`, `second` made perpendicular to it, and their product."""
    x = normalised(first)
    y = normalised(second - np.sum(second * x, axis=-1, keepdims=True) * x)
    return np.stack([x, y, np.cross(x, y)], axis=-1)


def reach_length(distance: Array, longest: float, straight: float) -> Array:
    """Distance a limb really spans: as asked up to the part `straight` of its length, then saturating (C2)."""
    knee = straight * longest
    room = 0.97 * (longest - knee)
    over = distance - knee
    return np.where(over > 0, knee + room * np.tanh(over / room), distance)


def folded_length(distance: Array, longest: float) -> Array:
    """Distance kept above 28 % of a limb's length, where elbows and knees are fully bent, smoothly."""
    least, width = 0.28 * longest, 0.025 * longest
    return np.asarray(least + width * np.logaddexp(0.0, (distance - least) / width))


def two_bone(
    root: Array, target: Array, upper_m: float, lower_m: float, pole: Array, *, straight: float = 0.94
) -> tuple[Array, Array, Array]:
    """Directions of the upper and lower bone and the hinge axis, each (..., 3).

    root, target, pole : (..., 3); the middle joint lies on the pole's side of the line root-target.
    """
    line = target - root
    distance = np.linalg.norm(line, axis=-1, keepdims=True)
    axis = line / distance
    d = folded_length(reach_length(distance, upper_m + lower_m, straight), upper_m + lower_m)
    side = normalised(pole - np.sum(pole * axis, axis=-1, keepdims=True) * axis)
    cos = np.clip((upper_m**2 + d**2 - lower_m**2) / (2 * upper_m * d), -1.0, 1.0)
    middle = upper_m * (cos * axis + np.sqrt(1 - cos**2) * side)
    return normalised(middle), normalised(d * axis - middle), np.cross(side, axis)


def limb_rotations(
    upper_rest: Array, lower_rest: Array, hinge_rest: Array, solved: tuple[Array, Array, Array]
) -> tuple[Array, Array]:
    """Global rotations (..., 3, 3) of both bones for directions from `two_bone`."""
    upper, lower, hinge = solved
    return (
        frame(upper, hinge) @ frame(upper_rest, hinge_rest).T,
        frame(lower, hinge) @ frame(lower_rest, hinge_rest).T,
    )


def swing_twist(matrix: Array, axis: Array) -> tuple[Array, Array]:
    """Split R = Twist(axis, angle) Swing: the angle (...) in (-pi, pi] and the swing's rotation vector (..., 3)."""
    quat = so3.quat_from_matrix(matrix)
    angle = 2.0 * np.arctan2(quat[..., 1:] @ axis, quat[..., 0])
    angle = (angle + np.pi) % (2 * np.pi) - np.pi
    untwisted = so3.matrix_from_rotvec(-angle[..., None] * axis) @ matrix
    return angle, so3.rotvec_from_matrix(untwisted)


def local_poses(rotations: Array) -> Array:
    """Rotation vectors (T, 52, 3) of the joints from global rotations (T, 52, 3, 3)."""
    local = rotations.copy()
    for j in range(1, 52):
        local[:, j] = np.swapaxes(rotations[:, PARENTS[j]], -1, -2) @ rotations[:, j]
    return so3.rotvec_from_matrix(local)


def unwrapped(poses: Array) -> Array:
    """The same rotations (T, J, 3) written so that they never jump by a full turn from frame to frame."""
    out = poses.copy()
    for t in range(1, len(out)):
        angle = np.linalg.norm(out[t], axis=1, keepdims=True)
        other = out[t] * (1.0 - 2.0 * np.pi / np.maximum(angle, 1e-9))
        nearer = np.linalg.norm(other - out[t - 1], axis=1) < np.linalg.norm(out[t] - out[t - 1], axis=1)
        out[t] = np.where((nearer & (angle[:, 0] > 1.0))[:, None], other, out[t])
    return out
