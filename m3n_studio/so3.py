"""Rotations as NumPy arrays: rotation vectors, matrices and quaternions, batched.

Everything broadcasts over leading axes and works in float64. Quaternions are **wxyz** and
unit. SciPy's ``Rotation`` does the same and more, but importing ``scipy.spatial`` costs a
third of a second at start-up; the tests hold these functions against it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def matrix_from_rotvec(rotvec: ArrayLike) -> Array:
    """Rodrigues: rotation vectors (..., 3) in rad to matrices (..., 3, 3)."""
    r = np.asarray(rotvec, dtype=np.float64)
    angle2 = np.einsum("...i,...i->...", r, r)
    angle = np.sqrt(angle2)
    small = angle < 1e-4
    safe = np.where(small, 1.0, angle)
    a = np.where(small, 1.0 - angle2 / 6.0, np.sin(safe) / safe)  # sin(x)/x
    b = np.where(small, 0.5 - angle2 / 24.0, (1.0 - np.cos(safe)) / (safe * safe))
    x, y, z = r[..., 0], r[..., 1], r[..., 2]
    out = np.empty((*r.shape[:-1], 3, 3))
    out[..., 0, 0] = 1.0 - b * (y * y + z * z)
    out[..., 1, 1] = 1.0 - b * (x * x + z * z)
    out[..., 2, 2] = 1.0 - b * (x * x + y * y)
    out[..., 0, 1] = b * x * y - a * z
    out[..., 1, 0] = b * x * y + a * z
    out[..., 0, 2] = b * x * z + a * y
    out[..., 2, 0] = b * x * z - a * y
    out[..., 1, 2] = b * y * z - a * x
    out[..., 2, 1] = b * y * z + a * x
    return out


def quat_from_matrix(matrix: ArrayLike) -> Array:
    """Matrices (..., 3, 3) to unit quaternions (..., 4), wxyz, w >= 0 (Shepperd's method)."""
    m = np.asarray(matrix, dtype=np.float64)
    flat = m.reshape(-1, 3, 3)
    d = np.einsum("nii->ni", flat)
    trace = d.sum(axis=1)
    choice = np.argmax(np.column_stack([d, trace]), axis=1)
    q = np.empty((len(flat), 4))
    for i in range(3):
        rows = choice == i
        if not rows.any():
            continue
        j, k = (i + 1) % 3, (i + 2) % 3
        f = flat[rows]
        q[rows, 0] = f[:, k, j] - f[:, j, k]
        q[rows, 1 + i] = 1.0 - trace[rows] + 2.0 * f[:, i, i]
        q[rows, 1 + j] = f[:, j, i] + f[:, i, j]
        q[rows, 1 + k] = f[:, k, i] + f[:, i, k]
    rows = choice == 3
    f = flat[rows]
    q[rows, 0] = 1.0 + trace[rows]
    q[rows, 1] = f[:, 2, 1] - f[:, 1, 2]
    q[rows, 2] = f[:, 0, 2] - f[:, 2, 0]
    q[rows, 3] = f[:, 1, 0] - f[:, 0, 1]
    q /= np.linalg.norm(q, axis=1, keepdims=True)
    q[q[:, 0] < 0] *= -1.0
    return q.reshape(*m.shape[:-2], 4)


def matrix_from_quat(quat: ArrayLike) -> Array:
    """Quaternions (..., 4) wxyz, any non-zero length, to matrices (..., 3, 3)."""
    q = np.asarray(quat, dtype=np.float64)
    q = q / np.linalg.norm(q, axis=-1, keepdims=True)
    w, x, y, z = np.moveaxis(q, -1, 0)
    out = np.empty((*q.shape[:-1], 3, 3))
    out[..., 0, 0] = 1 - 2 * (y * y + z * z)
    out[..., 0, 1] = 2 * (x * y - w * z)
    out[..., 0, 2] = 2 * (x * z + w * y)
    out[..., 1, 0] = 2 * (x * y + w * z)
    out[..., 1, 1] = 1 - 2 * (x * x + z * z)
    out[..., 1, 2] = 2 * (y * z - w * x)
    out[..., 2, 0] = 2 * (x * z - w * y)
    out[..., 2, 1] = 2 * (y * z + w * x)
    out[..., 2, 2] = 1 - 2 * (x * x + y * y)
    return out


def rotvec_from_quat(quat: ArrayLike) -> Array:
    """Unit quaternions (..., 4) wxyz to rotation vectors (..., 3), angle in [0, pi]."""
    q = np.asarray(quat, dtype=np.float64)
    q = np.where(q[..., :1] < 0, -q, q)
    sin_half = np.linalg.norm(q[..., 1:], axis=-1)
    angle = 2.0 * np.arctan2(sin_half, q[..., 0])
    small = sin_half < 1e-8
    factor = np.where(small, 2.0, angle / np.where(small, 1.0, sin_half))
    return np.asarray(q[..., 1:] * factor[..., None])


def rotvec_from_matrix(matrix: ArrayLike) -> Array:
    """Matrices (..., 3, 3) to rotation vectors (..., 3), angle in [0, pi]."""
    return rotvec_from_quat(quat_from_matrix(matrix))


def quat_multiply(a: ArrayLike, b: ArrayLike) -> Array:
    """Hamilton product of quaternions (..., 4) wxyz."""
    aw, ax, ay, az = np.moveaxis(np.asarray(a, dtype=np.float64), -1, 0)
    bw, bx, by, bz = np.moveaxis(np.asarray(b, dtype=np.float64), -1, 0)
    return np.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        axis=-1,
    )


def continuous_quats(quat: ArrayLike) -> Array:
    """Flip signs along the first axis so that neighbours lie in one hemisphere.

    quat : (T, ..., 4) wxyz. The result may be differentiated or interpolated per component.
    """
    q = np.array(quat, dtype=np.float64)
    if len(q) > 1:
        flips = np.einsum("t...i,t...i->t...", q[1:], q[:-1]) < 0
        sign = np.where(np.cumsum(flips, axis=0) % 2 == 1, -1.0, 1.0)
        q[1:] *= sign[..., None]
    return q


def polar(matrix: ArrayLike) -> Array:
    """Nearest rotation (Frobenius) to each matrix (..., 3, 3)."""
    m = np.asarray(matrix, dtype=np.float64)
    u, _, vt = np.linalg.svd(m)
    det = np.linalg.det(u @ vt)
    u = u.copy()
    u[..., :, 2] *= np.where(det < 0, -1.0, 1.0)[..., None]
    return np.asarray(u @ vt)


def rotation_between(a: ArrayLike, b: ArrayLike) -> Array:
    """Smallest rotation (3, 3) that turns direction `a` (3,) into direction `b` (3,)."""
    u = np.asarray(a, dtype=np.float64)
    v = np.asarray(b, dtype=np.float64)
    u, v = u / np.linalg.norm(u), v / np.linalg.norm(v)
    axis = np.cross(u, v)
    sin, cos = float(np.linalg.norm(axis)), float(u @ v)
    if sin < 1e-12:
        if cos > 0:
            return np.eye(3)
        other = np.eye(3)[int(np.argmin(np.abs(u)))]
        axis = np.cross(u, other)
        return matrix_from_rotvec(np.pi * axis / np.linalg.norm(axis))
    return matrix_from_rotvec(axis / sin * np.arctan2(sin, cos))


def angle_between(a: ArrayLike, b: ArrayLike) -> Array:
    """Angle in rad (...) of the rotation from matrix `a` to matrix `b` (..., 3, 3)."""
    relative = np.swapaxes(np.asarray(a, dtype=np.float64), -1, -2) @ np.asarray(b, dtype=np.float64)
    return np.asarray(np.linalg.norm(rotvec_from_matrix(relative), axis=-1))
