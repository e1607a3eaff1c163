"""`SignalTensor`: the map from body shape to signal, worked out once per clip and placements.

The rotations of a moving body do not depend on its shape, and rest positions are affine in the
shape vector ``s``, so a sensor's position is ``p(t) = A(t) [1; s]`` and what it reads is

    f(t) = scale * L(t) [1; s] + C(t),   L = R_ws^T A'',   C = - R_ws^T g

for any linear differentiator (FIELD 1). The low-pass acts on L and C once, and the gyroscope
does not know the shape at all. With ``root="scaled"`` the pelvis' path is
``ratio(s) (J0 + trans)`` with a ratio that is affine in s, and goes into L; with "recorded" the
path's own acceleration goes into C.

Cost: about 0.15 s for a minute at 60 Hz, two wrists and 26 components; 1.4 kB per output
sample and placement. After that 0.05 ms a body for one sensor-minute, in one matrix product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.body.model import BodyModel
from m3n_studio.body.shape import Shape, shape_space
from m3n_studio.errors import ValueProblem
from m3n_studio.imu import chain, derive, surface
from m3n_studio.imu.derive import Plan
from m3n_studio.imu.settings import Settings
from m3n_studio.imu.surface import Carrier, Placement
from m3n_studio.motion.clip import Clip
from m3n_studio.motion.root import leg_height, leg_height_terms
from m3n_studio.recordings.signal import Signal

Array = NDArray[np.float64]
Single = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SignalTensor:
    """What P sensors read as a function of shape, at N times.

    Attributes
    ----------
    model : BodyModel
        Whose shape vectors it takes.
    names : (P,)
    time_s : (N,), s; valid : (N,) bool
    acc_linear : (P, N, 3, 1 + S) float32
        L above: m/s2 per unit of [1, betas, limbs], sensor frame.
    acc_constant : (P, N, 3), m/s2
        C above, gravity included.
    gyr_radps : (P, N, 3), rad/s
        The same for every shape.
    R_ws : (P, N, 3, 3)
        Sensor to world, the same for every shape; identity outside usable runs.
    """

    model: BodyModel
    names: tuple[str, ...]
    time_s: Array
    valid: NDArray[np.bool_]
    acc_linear: Single
    acc_constant: Array
    gyr_radps: Array
    R_ws: Array

    def acceleration(self, shape: Shape) -> Array:
        """Specific force (P, N, 3), m/s2, of one shape: one matrix-vector product."""
        s = np.concatenate([[1.0], shape.vector(self.model)]) * shape.scale
        flat = self.acc_linear.reshape(-1, self.acc_linear.shape[3])
        return (flat @ s.astype(np.float32)).reshape(self.acc_constant.shape) + self.acc_constant

    def signals(self, shape: Shape) -> tuple[Signal, ...]:
        """One Signal per sensor for a shape."""
        acc = self.acceleration(shape)
        return tuple(
            Signal(name, self.time_s, acc[i], self.gyr_radps[i], self.valid) for i, name in enumerate(self.names)
        )

    def acc_many(self, vectors: Array, scales: Array | None = None, *, out: Single | None = None) -> Single:
        """Specific force (K, P, N, 3) float32, m/s2, of many shapes in one matrix product.

        vectors : (K, S), see :meth:`Shape.vector`; scales : (K,), 1 where absent; out : where
        to write, to save the allocation.
        """
        vectors = np.asarray(vectors, dtype=np.float64)
        p, n, _, width = self.acc_linear.shape
        if vectors.ndim != 2 or vectors.shape[1] != width - 1:
            raise ValueProblem(f"shape vectors must be (K, {width - 1}); found {vectors.shape}")
        homogeneous = np.concatenate([np.ones((len(vectors), 1)), vectors], axis=1)
        if scales is not None:
            homogeneous *= np.asarray(scales, dtype=np.float64)[:, None]
        flat = np.empty((len(vectors), p * n * 3), dtype=np.float32) if out is None else out.reshape(len(vectors), -1)
        np.matmul(homogeneous.astype(np.float32), self.acc_linear.reshape(-1, width).T, out=flat)
        flat += self.acc_constant.astype(np.float32).ravel()
        return flat.reshape(len(vectors), p, n, 3)


def signal_tensor(
    model: BodyModel, clip: Clip, placements: Sequence[Placement], settings: Settings | None = None
) -> SignalTensor:
    """Work out the map from shape to signal for sensors on a clip's body, in exact mode."""
    settings = Settings() if settings is None else settings
    if not placements:
        raise ValueProblem("a signal tensor needs at least one placement")
    grid = derive.plan(clip.time_s, rate_hz=settings.rate_hz, bandwidth_hz=settings.bandwidth_hz)
    carriers = [surface.carrier(model, p) for p in placements]
    p, n, width = len(carriers), len(grid.time_s), carriers[0].terms.shape[2]
    linear = np.empty((p, n, 3, width), dtype=np.float32)
    constant, gyr, R_out = np.empty((p, n, 3)), np.empty((p, n, 3)), np.empty((p, n, 3, 3))
    for i, item in enumerate(carriers):
        moving, fixed, R_ws = _positions(model, clip, item, settings.root)
        at_fine = _Differentiated(clip, grid, R_ws, settings.gravity_mps2)
        linear[i] = at_fine.linear(moving).reshape(n, 3, width)
        constant[i] = at_fine.constant(fixed)
        gyr[i], R_out[i] = at_fine.gyr(), at_fine.R_ws[:: grid.stride]
    valid = derive.validity(clip.time_s, clip.valid, grid)
    names = tuple(item.name for item in placements)
    return SignalTensor(model, names, grid.time_s, valid, linear, constant, gyr, R_out)


def _positions(model: BodyModel, clip: Clip, item: Carrier, root: str) -> tuple[Array, Array, Array]:
    """``p(t) = scale A(t) [1; s] + b(t)``: A (T, 3, 1 + S) and b (T, 3), m, and R_ws (T, 3, 3)."""
    n, width = len(clip), item.terms.shape[2]
    terms, rows = item.terms.reshape(-1, width), np.arange(len(item.joints))  # (3m, 1 + S)
    moving, R_ws = np.empty((n, 3, width)), np.empty((n, 3, 3))
    for block in chain.blocks(n):
        poses = clip.poses[block]
        rotations = chain.global_rotations(model, poses, item.joints)
        R_ws[block] = surface.orientations(item, rotations, rows)
        for axis in range(3):
            moving[block, axis] = rotations[axis].reshape(len(terms), -1).T @ terms
        moving[block, :, 0] += surface.corrective(model, item, poses, rotations, rows)
    fixed = item.placement.offset_m * R_ws[:, :, 2]
    if root == "recorded":  # the rest pelvis does not move: it has no derivative
        return moving, fixed + clip.trans, R_ws
    path = shape_space(model).joints(clip.shape)[0] + clip.trans
    ratio = leg_height_terms(model) / leg_height(model, clip.shape)
    moving += path[:, :, None] * ratio
    return moving, fixed, R_ws


class _Differentiated:
    """One sensor's orientation on the fine grid, and what turns positions into signals with it."""

    def __init__(self, clip: Clip, grid: Plan, R_ws: Array, gravity_mps2: float) -> None:
        self.time_s, self.ok, self.grid = clip.time_s, clip.valid, grid
        quats = so3.continuous_quats(so3.quat_from_matrix(R_ws))[:, None]
        rotation, rate = derive.orientation(self.time_s, quats, self.ok, grid.fine_s)
        self.R_ws, self._rate, self._gravity = rotation[:, 0], rate[:, 0], gravity_mps2

    def _finish(self, values: Array) -> Array:
        return derive.finish(values, self.time_s, self.ok, self.grid)

    def _accelerate(self, positions: Array) -> Array:
        flat = positions.reshape(len(positions), -1)
        out = derive.acceleration(self.time_s, flat, self.ok, self.grid.fine_s)
        return out.reshape(-1, *positions.shape[1:])

    def linear(self, moving: Array) -> Array:
        """L (N, 3 (1 + S)) from A (T, 3, 1 + S)."""
        world = self._accelerate(moving)
        turned = np.matmul(np.swapaxes(self.R_ws, 1, 2), world)
        return self._finish(turned.reshape(len(turned), -1))

    def constant(self, fixed: Array) -> Array:
        """C (N, 3) from b (T, 3): its acceleration and gravity, zero outside usable runs."""
        world = self._accelerate(fixed)
        for _, target in derive.usable_runs(self.time_s, self.ok, self.grid.fine_s):
            world[target, 1] += self._gravity
        return self._finish(np.einsum("tji,tj->ti", self.R_ws, world))

    def gyr(self) -> Array:
        """Angular velocity (N, 3), rad/s."""
        return self._finish(self._rate.copy())
