"""Alignment by hand: sync points, drags and turns become the same values that a fit gives.

What a person does on screen is turned into numbers here, without Qt, so that an alignment by
hand equals the alignment by those numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from m3n_studio import so3
from m3n_studio.errors import ValueProblem
from m3n_studio.imu.align import Alignment

Array = NDArray[np.float64]
#: Two sync points closer than this tell no drift, s.
CLOSEST_S = 1.0
ORIGINS = ("off", "by hand", "accepted", "fitted")


def clock_from_points(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Offset (s) and drift (per unit) of the clock that sync points state.

    Parameters
    ----------
    points : sequence of (simulated, real)
        The same moments on the simulation's clock and on the recording's own, s. One point
        gives an offset; two or more (least squares) a drift as well.
    """
    pairs = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    if not len(pairs) or not np.isfinite(pairs).all():
        raise ValueProblem("a sync point needs a time in the simulation and one in the recording")
    simulated, real = pairs.T
    if len(pairs) == 1:
        return float(simulated[0] - real[0]), 0.0
    spread = float(np.ptp(real))
    if spread < CLOSEST_S - 1e-9:  # times are sums of floats
        raise ValueProblem(f"the sync points are {spread:.2f} s apart; drift needs {CLOSEST_S:g} s or more")
    slope = float(np.polyfit(real - real.mean(), simulated, 1)[0])
    if slope <= 0:
        raise ValueProblem("the sync points run backwards: the later moment in one is the earlier in the other")
    return float(simulated.mean() - slope * real.mean()), slope - 1.0


def on_own_clock(alignment: Alignment, time_s: float) -> float:
    """A time on the simulation's clock, as the recording's own clock had it, s."""
    clock = alignment.clock
    return time_s if clock is None else (time_s - clock.offset_s) / (1.0 + clock.drift)


def moved(alignment: Alignment, by_s: float) -> Alignment:
    """The recording as aligned, dragged on by so many seconds; drift is kept."""
    clock = alignment.clock
    offset, drift = (0.0, 0.0) if clock is None else (clock.offset_s, clock.drift)
    return alignment.with_clock(offset_s=offset + by_s, drift=drift)


def mount_angles_deg(R: ArrayLike) -> tuple[float, float, float]:
    """Turns about x, then y, then z of the simulated sensor that make up a rotation (3, 3), degrees."""
    m = np.asarray(R, dtype=np.float64)
    y = float(np.arctan2(-m[2, 0], np.hypot(m[0, 0], m[1, 0])))
    if np.hypot(m[0, 0], m[1, 0]) < 1e-9:  # x and z turn about the same line: all of it to x
        x, z = float(np.arctan2(-m[1, 2], m[1, 1])), 0.0
    else:
        x, z = float(np.arctan2(m[2, 1], m[2, 2])), float(np.arctan2(m[1, 0], m[0, 0]))
    return (float(np.rad2deg(x)), float(np.rad2deg(y)), float(np.rad2deg(z)))


def mount_from_angles(angles_deg: ArrayLike) -> Array:
    """The rotation (3, 3) of turns about x, then y, then z, degrees."""
    turns = np.deg2rad(np.asarray(angles_deg, dtype=np.float64))
    x, y, z = so3.matrix_from_rotvec(turns[:, None] * np.eye(3))
    return np.asarray(z @ y @ x)


def with_turn(alignment: Alignment, R: ArrayLike) -> Alignment:
    """The alignment with this mount (3, 3); the gyroscope bias found so far is kept."""
    bias = np.zeros(3) if alignment.mount is None else alignment.mount.gyr_bias_radps
    return alignment.with_mount(R, gyr_bias_radps=bias)


def turned(alignment: Alignment, axis: int, degrees: float) -> Alignment:
    """The real sensor turned further about an axis (0, 1, 2) of the simulated one."""
    before = np.eye(3) if alignment.mount is None else alignment.mount.R
    turn = so3.matrix_from_rotvec(np.deg2rad(degrees) * np.eye(3)[axis])
    return with_turn(alignment, turn @ before)


def squared(alignment: Alignment) -> Alignment:
    """The mount snapped to the nearest rotation that takes axes onto axes."""
    R = np.eye(3) if alignment.mount is None else alignment.mount.R
    best = max(_SQUARE, key=lambda square: float(np.trace(square.T @ R)))
    return with_turn(alignment, best)


def _square_rotations() -> tuple[Array, ...]:
    from itertools import permutations, product

    found = []
    for order in permutations(range(3)):
        for signs in product((1.0, -1.0), repeat=3):
            matrix = np.eye(3)[list(order)] * np.array(signs)[:, None]
            if np.linalg.det(matrix) > 0:
                found.append(matrix)
    return tuple(found)


_SQUARE = _square_rotations()


def without(alignment: Alignment, part: str) -> Alignment:
    """The alignment with a part ("clock", "mount", "gravity") switched off."""
    changes: dict[str, Any] = {part: None}
    return replace(alignment, **changes)


def origin(alignment: Alignment, part: str, *, kept: bool) -> str:
    """Where a part comes from: one of :data:`ORIGINS`.

    kept : whether the alignment is one that a person has accepted or set, not one just fitted.
    """
    fit = getattr(alignment, part)
    if fit is None:
        return "off"
    if not kept:
        return "fitted"
    stated = {
        "clock": lambda: fit.confidence == 1.0 and fit.offset_std_s == 0.0 and fit.correlation == 0.0,
        "mount": lambda: fit.confidence == 1.0 and fit.worst_axis_deg == 0.0,
        "gravity": lambda: fit.confidence == 1.0,
    }[part]()
    return "by hand" if stated else "accepted"
