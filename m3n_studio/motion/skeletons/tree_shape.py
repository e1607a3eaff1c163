"""Find a body in a skeleton whose joints have names nobody knows, by the shape of its tree.

Two long like chains hang on one joint: the legs on the pelvis. Above it two more hang on one
joint: the arms on the chest. In a limb the two longest bones in a row are thigh and shank, or
upper arm and forearm. Left is up times forward, and feet point forward. Works in the motion
itself, not in the rest pose, which may be anything; needs feet with toes.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from m3n_studio.motion.skeletons.motion import SkeletonMotion, unit

Array = NDArray[np.float64]

_ALIKE = 0.1  # relative difference of two limbs' lengths
_LIMBS = {"leg": ("hip", "knee", "ankle"), "arm": ("shoulder", "elbow", "wrist")}


class _Tree:
    """Bone lengths and chains of a skeleton."""

    def __init__(self, motion: SkeletonMotion) -> None:
        good = np.flatnonzero(motion.valid)
        self.p = motion.positions[good[:: max(1, len(good) // 100)]]
        self.children = [motion.children(j) for j in range(len(motion.names))]
        self.parents = motion.parents
        self.depth_m = np.zeros(len(motion.names))
        for j in reversed(range(len(motion.names))):
            self.depth_m[j] = max((self.bone(c) + self.depth_m[c] for c in self.children[j]), default=0.0)

    def bone(self, j: int) -> float:
        """Median length of the bone from a joint's parent to it."""
        return float(np.median(np.linalg.norm(self.p[:, j] - self.p[:, self.parents[j]], axis=1)))

    def longest_chain(self, j: int) -> list[int]:
        """From a joint down along the longest branch."""
        out = [j]
        while self.children[out[-1]]:
            out.append(max(self.children[out[-1]], key=lambda c: self.bone(c) + self.depth_m[c]))
        return out

    def pair(self, j: int) -> tuple[int, int] | None:
        """The two like branches of a joint that reach farthest."""
        reach = {c: self.bone(c) + self.depth_m[c] for c in self.children[j]}
        alike = [
            (a, b) for a, b in combinations(reach, 2)
            if abs(reach[a] - reach[b]) < _ALIKE * max(reach[a], reach[b], 1e-9)
            and min(len(self.longest_chain(a)), len(self.longest_chain(b))) >= 3
        ]  # fmt: skip
        return max(alike, key=lambda ab: reach[ab[0]], default=None)

    def limb(self, start: int) -> list[int] | None:
        """Upper end, hinge, lower end, then what follows; and nothing if the chain is too short."""
        chain = self.longest_chain(start)
        if len(chain) < 3:
            return None
        sums = [self.bone(chain[i + 1]) + self.bone(chain[i + 2]) for i in range(len(chain) - 2)]
        return chain[int(np.argmax(sums)) :]


def _fork(tree: _Tree, start: int, avoid: set[int]) -> tuple[int, tuple[int, int]] | None:
    """The first joint from `start` down the trunk that carries two like limbs."""
    queue = [start]
    for j in queue:  # grows while we walk
        pair = tree.pair(j)
        if pair is not None and j not in avoid:
            return j, pair
        queue += [c for c in tree.children[j] if c not in avoid]
    return None


def joints_by_shape(motion: SkeletonMotion) -> dict[str, int] | None:
    """Limb joints and head by SMPL's name, or None where the tree is not a body's."""
    tree = _Tree(motion)
    root = next((j for j, parent in enumerate(motion.parents) if parent < 0), 0)
    pelvis = _fork(tree, root, set())
    if pelvis is None:
        return None
    rest = [c for c in tree.children[pelvis[0]] if c not in pelvis[1]]
    chests = [found for c in rest if (found := _fork(tree, c, set())) is not None]
    if not chests:
        return None
    chest = chests[0]
    legs, arms = [[tree.limb(c) for c in pair] for _, pair in (pelvis, chest)]
    if None in legs or None in arms or any(len(leg or []) < 4 for leg in legs):
        return None
    sides = _sides(tree, [leg or [] for leg in legs], [arm or [] for arm in arms])
    if sides is None:
        return None
    out: dict[str, int] = {}
    for side, leg, arm in sides:
        out.update({f"{side}_{name}": j for name, j in zip((*_LIMBS["leg"], "foot"), leg, strict=False)})
        out.update({f"{side}_{name}": j for name, j in zip(_LIMBS["arm"], arm, strict=False)})
        if motion.parents[arm[0]] != chest[0]:
            out[f"{side}_collar"] = motion.parents[arm[0]]
    up = [c for c in tree.children[chest[0]] if c not in chest[1]]
    if up:
        out["head"] = tree.longest_chain(up[0])[-1]
    return out


def _sides(tree: _Tree, legs: list[list[int]], arms: list[list[int]]) -> list[tuple[str, list[int], list[int]]] | None:
    """Which of two legs and arms is left: left = up x forward, forward where the toes point."""
    p = tree.p
    hips = p[:, [leg[0] for leg in legs]]
    shoulders = p[:, [arm[0] for arm in arms]]
    up = unit(shoulders.mean(axis=1) - hips.mean(axis=1))
    toes = sum(unit(p[:, leg[3]] - p[:, leg[2]]) for leg in legs)
    left = np.cross(up, toes)
    leg_side = float(np.mean(np.sum((hips[:, 0] - hips[:, 1]) * left, axis=1)))
    across = unit(hips[:, 0] - hips[:, 1]) * np.sign(leg_side)
    arm_side = float(np.mean(np.sum((shoulders[:, 0] - shoulders[:, 1]) * across, axis=1)))
    if leg_side == 0.0 or arm_side == 0.0:
        return None
    legs, arms = (pair if side > 0 else pair[::-1] for pair, side in ((legs, leg_side), (arms, arm_side)))
    return [("left", legs[0], arms[0]), ("right", legs[1], arms[1])]
