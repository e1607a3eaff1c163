"""What both ways of calibrating a rig share: its joints in use, right angles, frames, sampled motion."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.motion.skeletons.motion import SkeletonMotion, unit
from m3n_studio.motion.skeletons.names import JointMap
from m3n_studio.motion.skeletons.world import looked_at

Array = NDArray[np.float64]

SIDES = ("left", "right")
#: Limb joints down the tree: (joint, the joint it is swung from, the joint its bone ends at).
LIMBS = (
    ("shoulder", "chest", "elbow"), ("elbow", "shoulder", "wrist"),
    ("hip", "pelvis", "knee"), ("knee", "hip", "ankle"), ("ankle", "knee", "foot"),
)  # fmt: skip
#: The 24 rotations that map axes onto axes.
RIGHT_ANGLES = np.array([
    m for order in permutations(range(3)) for signs in product((1.0, -1.0), repeat=3)
    if np.linalg.det(m := np.eye(3)[list(order)] * np.array(signs)[:, None]) > 0
])  # fmt: skip


def used_joints(joints: JointMap) -> dict[str, int]:
    """Every name that gets a constant, and its skeleton joint (the hand's, for a wrist)."""
    out = dict(joints.joints)
    out.update(joints.palms)
    out.update({f"spine:{k}": j for k, j in enumerate(joints.spine)})
    out.update({f"neck:{k}": j for k, j in enumerate(joints.neck)})
    return out


def nearest_right_angle(c: Array) -> tuple[Array, float]:
    """Of the 24 axis-to-axis rotations the one nearest to `c` (3, 3), and the angle to it in rad."""
    angle = so3.angle_between(RIGHT_ANGLES, c)
    k = int(np.argmin(angle))
    return RIGHT_ANGLES[k], float(angle[k])


def body_frame(left: Array, up: Array) -> Array:
    """Rotation whose columns are left, up made square to it, and forward."""
    x = unit(left)
    y = unit(up - x * float(x @ up))
    return np.column_stack([x, y, np.cross(x, y)])


def middle(positions: Array, joints: JointMap, joint: str) -> Array:
    """Mean of the left and the right joint: (..., J, 3) to (..., 3)."""
    j = joints.joints
    return np.asarray(0.5 * (positions[..., j[f"left_{joint}"], :] + positions[..., j[f"right_{joint}"], :]))


def bone_direction(rest: dict[str, Array], a: str, b: str) -> Array:
    """Direction (3,) from one of the body's rest joints to another."""
    return unit(rest[b] - rest[a])


class Sample:
    """Good frames of a motion: G (N, J, 3, 3) and p (N, J, 3), and vectors in a joint's frame."""

    def __init__(self, motion: SkeletonMotion, joints: JointMap) -> None:
        frames = looked_at(motion)
        self.G, self.p = motion.rotations[frames], motion.positions[frames]
        self.place = used_joints(joints)

    def local(self, name: str, world: Array) -> Array:
        """Mean of world vectors (N, 3) in the frame of a joint."""
        return np.asarray(np.einsum("nba,nb->a", self.G[:, self.place[name]], world) / len(world))

    def constant(self, name: str, expected: Array) -> Array:
        """The constant that comes nearest to expected rotations F (N, 3, 3)."""
        return so3.polar(np.einsum("nba,nbc->ac", self.G[:, self.place[name]], expected) / len(expected))

    def turned(self, name: str, c: Array) -> Array:
        """F (N, 3, 3) of a joint."""
        return np.asarray(self.G[:, self.place[name]] @ c)
