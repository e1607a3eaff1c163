"""Ways to simulate: what a mode is, and the exact one.

A mode is a function ``run(track, settings, seed) -> tuple of Signal`` from where the sensors
are (:class:`~m3n_studio.imu.derive.Track`) to what they read, named by an import path in a
:class:`SimulationMode` that comes through the plugin door. A body clip and a rigid trajectory
both become a track first, so every mode does both. The others are in
:mod:`m3n_studio.imu.comparison`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.imu import derive
from m3n_studio.imu.derive import Plan, Track
from m3n_studio.imu.settings import Settings
from m3n_studio.recordings.signal import Signal

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SimulationMode:
    """A way to simulate.

    name : short, as on the command line; title : for people; run : import path of
    ``run(track, settings, seed)``.
    """

    name: str
    title: str
    run: str


def exact(track: Track, settings: Settings, seed: int = 0) -> tuple[Signal, ...]:
    """Quintic splines in position and orientation, low-pass on the sensor-frame signal.

    Paper eq. 1-2: ``f = R^T (p'' - g)``, ``omega = R^T omega_world``. Deterministic; the seed is
    not used.
    """
    grid = derive.plan(track.time_s, rate_hz=settings.rate_hz, bandwidth_hz=settings.bandwidth_hz)
    values = sensor_frame(track, grid, gravity_mps2=settings.gravity_mps2)
    values = derive.finish(values, track.time_s, track.valid, grid)
    valid = derive.validity(track.time_s, track.valid, grid)
    return as_signals(track.names, grid.time_s, values[:, :, :3], values[:, :, 3:], valid)


def sensor_frame(track: Track, grid: Plan, *, gravity_mps2: float) -> Array:
    """Unfiltered [acc | gyr] (M, P, 6) on the fine grid, m/s2 and rad/s, zero outside usable runs."""
    n, p = track.position_m.shape[:2]
    columns = np.concatenate([track.position_m.reshape(n, -1), track.quat_wxyz.reshape(n, -1)], axis=1)
    out = np.zeros((len(grid.fine_s), p, 6))
    for source, target in derive.pieces(track.time_s, track.valid, grid.fine_s):
        knots, coefficients, degree = derive.spline(track.time_s[source], columns[source])
        at = grid.fine_s[target]
        world = derive.evaluate(knots, coefficients[:, : 3 * p], degree, at, 2).reshape(-1, p, 3)
        quat = derive.evaluate(knots, coefficients[:, 3 * p :], degree, at, 0).reshape(-1, p, 4)
        rate = derive.evaluate(knots, coefficients[:, 3 * p :], degree, at, 1).reshape(-1, p, 4)
        out[target, :, :3] = into_sensor(so3.matrix_from_quat(quat), world, gravity_mps2=gravity_mps2)
        out[target, :, 3:] = derive.body_rate(quat, rate)
    return out


def into_sensor(R_ws: Array, acc_world: Array, *, gravity_mps2: float) -> Array:
    """Specific force in the sensor frame: ``R^T (a - g)`` with g pointing down y.

    R_ws : (..., 3, 3); acc_world : (..., 3), m/s2.
    """
    up = acc_world.copy()
    up[..., 1] += gravity_mps2
    return np.asarray(np.einsum("...ji,...j->...i", R_ws, up))


def as_signals(names: tuple[str, ...], time_s: Array, acc: Array, gyr: Array, valid: NDArray[np.bool_]
               ) -> tuple[Signal, ...]:  # fmt: skip
    """One Signal per sensor from acc and gyr (N, P, 3); valid : (N,)."""
    return tuple(Signal(name, time_s, acc[:, i], gyr[:, i], valid) for i, name in enumerate(names))
