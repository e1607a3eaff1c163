"""Signals over time that move as people do: minimum-jerk moves, smooth noise, smooth blends.

Every track is an array sampled at the clip's rate. Minimum-jerk moves are twice differentiable;
a narrow Gaussian on top makes neighbouring moves flow into one another.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from m3n_studio import so3

Array = NDArray[np.float64]
RATE_HZ = 60.0


def minimum_jerk(time: Array, start_s: float, end_s: float) -> Array:
    """The course (T,) from 0 to 1 of a reach from rest to rest (Flash and Hogan 1985)."""
    x = np.clip((time - start_s) / (end_s - start_s), 0.0, 1.0)
    return np.asarray(x**3 * (10.0 - 15.0 * x + 6.0 * x * x))


def bump(time: Array, start_s: float, end_s: float) -> Array:
    """A smooth hump (T,) of height 1 between two times, 0 elsewhere, twice differentiable."""
    x = np.clip((time - start_s) / (end_s - start_s), 0.0, 1.0)
    return np.asarray(64.0 * (x * (1.0 - x)) ** 3)


def window(time: Array, start_s: float, end_s: float, ramp_s: float = 0.5) -> Array:
    """1 between two times, 0 elsewhere, with minimum-jerk ramps inside the interval."""
    ramp = min(ramp_s, 0.5 * (end_s - start_s))
    return minimum_jerk(time, start_s, start_s + ramp) - minimum_jerk(time, end_s - ramp, end_s)


def smooth(values: Array, sigma_s: float) -> Array:
    """Gaussian smoothing along the first axis; the ends are held."""
    if sigma_s <= 0:
        return values
    half = int(np.ceil(4.5 * sigma_s * RATE_HZ))
    kernel = np.exp(-0.5 * (np.arange(-half, half + 1) / (sigma_s * RATE_HZ)) ** 2)
    kernel /= kernel.sum()
    flat = values.reshape(len(values), -1)
    padded = np.concatenate([np.repeat(flat[:1], half, 0), flat, np.repeat(flat[-1:], half, 0)])
    out = np.stack([np.convolve(column, kernel, mode="valid") for column in padded.T], axis=1)
    return np.asarray(out.reshape(values.shape))


def delay(values: Array, lag_s: float) -> Array:
    """The track `lag_s` later (earlier where negative), ends held."""
    n = len(values)
    position = np.clip(np.arange(n) - lag_s * RATE_HZ, 0, n - 1)
    low = np.minimum(position.astype(int), n - 2)
    part = (position - low).reshape(-1, *([1] * (values.ndim - 1)))
    return np.asarray(values[low] * (1 - part) + values[low + 1] * part)


def noise(rng: np.random.Generator, time: Array, width: int, *, low_hz: float, high_hz: float, rms: float) -> Array:
    """Band-limited smooth noise (T, width) of a given root mean square: human variability."""
    count = 12
    frequency = rng.uniform(low_hz, high_hz, (count, width))
    phase = rng.uniform(0, 2 * np.pi, (count, width))
    waves = np.sin(2 * np.pi * frequency[None] * time[:, None, None] + phase[None])
    return np.asarray(waves.sum(axis=1) * rms * np.sqrt(2.0 / count))


def cycles(time: Array, start_s: float, periods: ArrayLike) -> Array:
    """Phase (T,) in cycles that counts up by one in each of the given periods, smoothly."""
    knots = start_s + np.concatenate([[0.0], np.cumsum(np.asarray(periods, dtype=np.float64))])
    phase = np.interp(time, knots, np.arange(len(knots)))
    return smooth(phase, 0.10)


def soft_limit(x: Array, low: float, high: float) -> Array:
    """`x` held in (low, high): unchanged in the inner 75 %, then smoothly saturating (C2)."""
    middle, half = 0.5 * (low + high), 0.5 * (high - low)
    y = x - middle
    inner = 0.75 * half
    rest = half - inner
    over = np.abs(y) - inner
    return np.asarray(middle + np.where(over > 0, np.sign(y) * (inner + rest * np.tanh(over / rest)), y))


def soft_positive(x: Array, width: float) -> Array:
    """`max(x, 0)` rounded over `width`."""
    return np.asarray(width * np.logaddexp(0.0, x / width))


def turn_x(angle: ArrayLike) -> Array:
    """Rotation matrices (..., 3, 3) about x."""
    a = np.asarray(angle, dtype=np.float64)
    return so3.matrix_from_rotvec(np.stack([a, 0 * a, 0 * a], axis=-1))


def turn_y(angle: ArrayLike) -> Array:
    """Rotation matrices (..., 3, 3) about y."""
    a = np.asarray(angle, dtype=np.float64)
    return so3.matrix_from_rotvec(np.stack([0 * a, a, 0 * a], axis=-1))


def turn_z(angle: ArrayLike) -> Array:
    """Rotation matrices (..., 3, 3) about z."""
    a = np.asarray(angle, dtype=np.float64)
    return so3.matrix_from_rotvec(np.stack([0 * a, 0 * a, a], axis=-1))


def normalised(v: ArrayLike) -> Array:
    """Unit vectors along the last axis."""
    v = np.asarray(v, dtype=np.float64)
    return np.asarray(v / np.linalg.norm(v, axis=-1, keepdims=True))


class Keys:
    """A track built from moves: holds between them, minimum jerk within them."""

    def __init__(self, start: ArrayLike) -> None:
        self._start = np.atleast_1d(np.asarray(start, dtype=np.float64))
        self._moves: list[tuple[float, float, Array, Array]] = []

    @property
    def first(self) -> Array:
        """Where the track starts."""
        return self._start

    @property
    def last(self) -> Array:
        """Where the track is after the last move so far."""
        return self._moves[-1][2] if self._moves else self._start

    def move(self, start_s: float, end_s: float, to: ArrayLike, arc: ArrayLike = 0.0) -> Keys:
        """Go to `to` between two times, bulging by `arc` on the way."""
        if self._moves and start_s < self._moves[-1][0]:
            raise ValueError(f"moves must be given in order; {start_s:.2f} s comes before {self._moves[-1][0]:.2f} s")
        target = np.atleast_1d(np.asarray(to, dtype=np.float64))
        self._moves.append((start_s, end_s, target, np.asarray(arc, dtype=np.float64)))
        return self

    def sample(self, time: Array, *, sigma_s: float = 0.05) -> Array:
        """The track (T, width)."""
        out = np.repeat(self._start[None], len(time), axis=0)
        here = self._start
        for start_s, end_s, target, arc in self._moves:
            out = out + minimum_jerk(time, start_s, end_s)[:, None] * (target - here)
            out = out + bump(time, start_s, end_s)[:, None] * arc
            here = target
        return smooth(out, sigma_s)


class TurnKeys:
    """Orientations to hold one after the other, with minimum-jerk timing of the change."""

    def __init__(self, start: Array) -> None:
        self._start = start
        self._moves: list[tuple[float, float, Array]] = []

    def move(self, start_s: float, end_s: float, to: Array) -> TurnKeys:
        """Change to the matrix `to` (3, 3) between two times."""
        if self._moves and start_s < self._moves[-1][0]:
            raise ValueError(f"turns must be given in order; {start_s:.2f} s comes before {self._moves[-1][0]:.2f} s")
        self._moves.append((start_s, end_s, to))
        return self

    def weighted(self, time: Array, *, sigma_s: float = 0.05) -> list[tuple[Array, Array]]:
        """Each orientation with its weight (T,) over time; weights sum to one."""
        done = [smooth(minimum_jerk(time, a, b), sigma_s) for a, b, _ in self._moves]
        begun = [np.ones(len(time)), *done]
        ended = [*done, np.zeros(len(time))]
        matrices = [self._start, *(matrix for _, _, matrix in self._moves)]
        return [(begin - end, matrix) for begin, end, matrix in zip(begun, ended, matrices, strict=True)]


def smooth_turns(matrices: Array, sigma_s: float) -> Array:
    """Gaussian smoothing of rotations (T, 3, 3) in quaternion space."""
    quats = so3.continuous_quats(so3.quat_from_matrix(matrices))
    return so3.matrix_from_quat(smooth(quats, sigma_s))
