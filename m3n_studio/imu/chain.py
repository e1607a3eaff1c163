"""Rotations down a part of the joint tree, over time.

The simulator never needs a whole body: only the joints that move a sensor, and their
ancestors. Arrays over time are component-first, ``(3, joints, 3, T)``, so that every operation
runs along time in one go: about 3 ms per 3600 frames and 14 joints.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.body.model import BodyModel
from m3n_studio.imu.derive import BLOCK

Array = NDArray[np.float64]


def blocks(n: int) -> list[slice]:
    """Frames 0 to n in blocks that fit the cache."""
    return [slice(a, min(a + BLOCK, n)) for a in range(0, n, BLOCK)]


def ancestry(model: BodyModel, joints: NDArray[np.intp]) -> NDArray[np.intp]:
    """The given joints and all their ancestors, parents before children."""
    wanted: set[int] = set()
    for joint in joints:
        j = int(joint)
        while j >= 0 and j not in wanted:
            wanted.add(j)
            j = int(model.parents[j])
    return np.array(sorted(wanted, key=lambda j: (_depth(model, j), j)), dtype=np.intp)


def _depth(model: BodyModel, joint: int) -> int:
    depth = 0
    while model.parents[joint] >= 0:
        joint, depth = int(model.parents[joint]), depth + 1
    return depth


def local_rotations(model: BodyModel, poses: Array, joints: NDArray[np.intp]) -> Array:
    """Rodrigues for some joints, component-first: (3, m, 3, T) from poses (T, 52, 3), rad."""
    moving = model.clip_joints[joints]
    r = np.zeros((3, len(joints), len(poses)))
    known = moving < poses.shape[1]
    r[:, known] = np.moveaxis(poses[:, moving[known]], 0, 2).transpose(1, 0, 2)
    angle2 = r[0] * r[0] + r[1] * r[1] + r[2] * r[2]
    angle = np.sqrt(angle2)
    small = angle < 1e-4
    safe = np.where(small, 1.0, angle)
    cos = np.cos(angle)
    a = np.where(small, 1.0 - angle2 / 6.0, np.sin(safe) / safe)
    b = np.where(small, 0.5 - angle2 / 24.0, (1.0 - np.cos(safe)) / (safe * safe))
    out = np.empty((3, len(joints), 3, len(poses)))
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        out[i, :, i] = b * r[i] * r[i] + cos
        shared, turn = b * r[i] * r[j], a * r[k]
        out[i, :, j] = shared - turn
        out[j, :, i] = shared + turn
    return out


def global_rotations(model: BodyModel, poses: Array, joints: NDArray[np.intp]) -> Array:
    """Global rotations of joints (closed under ancestry, parents first): (3, m, 3, T)."""
    out = local_rotations(model, poses, joints)
    place = {int(j): a for a, j in enumerate(joints)}
    for a, j in enumerate(joints):
        parent = int(model.parents[j])
        if parent >= 0:
            out[:, a] = np.einsum("ikt,kbt->ibt", out[:, place[parent]], out[:, a])
    return out


def nearest_rotations(blended: Array) -> Array:
    """Polar factor of matrices (3, 3, T) by Newton's iteration (Higham 1986); SVD where it would fail."""
    x = blended.copy()
    for _ in range(20):
        cofactor = np.empty_like(x)
        for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
            for p, q, r in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
                cofactor[i, p] = x[j, q] * x[k, r] - x[j, r] * x[k, q]
        determinant = x[0, 0] * cofactor[0, 0] + x[0, 1] * cofactor[0, 1] + x[0, 2] * cofactor[0, 2]
        hard = determinant < 0.02
        if hard.any():
            x[:, :, hard] = np.moveaxis(so3.polar(np.moveaxis(blended[:, :, hard], 2, 0)), 0, 2)
            cofactor[:, :, hard], determinant[hard] = x[:, :, hard], 1.0
        following = 0.5 * (x + cofactor / determinant)
        change = float(np.abs(following - x).max(initial=0.0))
        x = following
        if change < 1e-8:  # quadratic: the next step would change 1e-16
            break
    return x
