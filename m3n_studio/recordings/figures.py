"""Figures of a recording for a preview: rate, stillness, gravity and noise, gyroscope against gravity.

Stillness is found from the recording itself: of all windows of half a second the tenth with the
least spread of acceleration counts as still, if that spread is small. Gravity is the median
magnitude there, noise the median spread.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from m3n_studio.recordings.raw import RawSignal
from m3n_studio.recordings.signal import GRAVITY_MPS2, Signal

Array = NDArray[np.float64]

_WINDOW_S = 0.5
_FEWEST_WINDOWS = 3
#: Spread of acceleration, as a share of its magnitude, up to which a window may count as still.
_STILL_SHARE = 0.05
_SMOOTHING_S = 0.2
_FEWEST_TURNING = 40


@dataclass(frozen=True)
class Figures:
    """What a preview shows of one signal; NaN where it cannot be told.

    Attributes
    ----------
    samples : int
    duration_s, rate_hz, jitter : float
        Median rate; spread of the steps (a robust standard deviation) as a share of the usual one.
    missing : float
        Share of samples with a number missing.
    still_s : float
        How much of the recording counted as still.
    gravity_mps2 : float
        Median magnitude of acceleration while still, or of all where nothing was.
    gravity_direction : tuple of 3 float
        Mean direction of acceleration while still, in the sensor's axes.
    acc_noise_mps2, gyr_noise_radps, gyr_bias_radps : float
        Median spread, and magnitude of the mean angular velocity, while still.
    gyr_gain, gyr_fit : float
        How much angular velocity it takes to explain the turning of gravity, as a multiple of
        what the gyroscope reads (1: right; 0.017: degrees; -1: a sign or an axis is wrong), and
        the correlation.
    """

    samples: int
    duration_s: float
    rate_hz: float
    jitter: float
    missing: float
    still_s: float
    gravity_mps2: float
    gravity_direction: tuple[float, float, float]
    acc_noise_mps2: float
    gyr_noise_radps: float
    gyr_bias_radps: float
    gyr_gain: float
    gyr_fit: float


def figures_of(signal: Signal | RawSignal) -> Figures:
    """The figures of one signal."""
    raw = RawSignal.of(signal) if isinstance(signal, Signal) else signal
    step = usual_step(raw.time_s)
    steps = np.diff(raw.time_s)
    steps = steps[np.isfinite(steps)]
    with np.errstate(over="ignore", invalid="ignore"):
        spread = 1.4826 * float(np.median(np.abs(steps - step))) if len(steps) else np.nan
        jitter = spread / step if step > 0 else float("nan")
        finite = np.isfinite(raw.acc_mps2).all(axis=1)
        still = still_windows(raw, step)
        gravity, direction = _gravity(raw.acc_mps2[finite], still.acc_mean)
        gain, fit = gyr_against_gravity(raw, step)
    span = raw.time_s[np.isfinite(raw.time_s)]
    return Figures(
        samples=len(raw),
        duration_s=float(np.ptp(span)) if len(span) else 0.0,
        rate_hz=1.0 / step if step > 0 else float("nan"),
        jitter=jitter,
        missing=1.0 - float(finite.mean()),
        still_s=len(still.acc_mean) * still.length * max(step, 0.0),
        gravity_mps2=gravity,
        gravity_direction=direction,
        acc_noise_mps2=_median(still.acc_spread),
        gyr_noise_radps=_median(still.gyr_spread),
        gyr_bias_radps=_bias(still.gyr_mean),
        gyr_gain=gain,
        gyr_fit=fit,
    )


def usual_step(time_s: Array) -> float:
    """The median step between samples that go forward, s; 0 where there is none."""
    steps = np.diff(time_s)
    forward = steps[np.isfinite(steps) & (steps > 0)]
    return float(np.median(forward)) if len(forward) else 0.0


@dataclass(frozen=True, eq=False)
class Still:
    """Windows in which the sensor lay still: means (W, 3) and spreads (W,), and their length in samples."""

    length: int
    acc_mean: Array
    gyr_mean: Array
    acc_spread: Array
    gyr_spread: Array


def still_windows(raw: RawSignal, step_s: float) -> Still:
    """The stillest windows of a recording; none where it never rests."""
    length = max(5, min(round(_WINDOW_S / step_s), 100_000)) if step_s > 0 else 5
    count = len(raw) // length
    none = np.empty((0, 3))
    empty = Still(length, none, none, np.empty(0), np.empty(0))
    if count < _FEWEST_WINDOWS:
        return empty
    acc = raw.acc_mps2[: count * length].reshape(count, length, 3)
    gyr = raw.gyr_radps[: count * length].reshape(count, length, 3)
    spread = np.linalg.norm(acc.std(axis=1), axis=1)
    size = np.linalg.norm(acc.mean(axis=1), axis=1)
    whole = np.isfinite(spread) & np.isfinite(size)
    if whole.sum() < _FEWEST_WINDOWS:
        return empty
    limit = float(np.quantile(spread[whole], 0.1))
    kept = whole & (spread <= max(limit, 1e-12)) & (spread <= _STILL_SHARE * np.maximum(size, 1e-12))
    return Still(
        length,
        acc[kept].mean(axis=1),
        gyr[kept].mean(axis=1),
        spread[kept],
        np.linalg.norm(gyr[kept].std(axis=1), axis=1),
    )


def _median(values: Array) -> float:
    values = values[np.isfinite(values)]
    return float(np.median(values)) if len(values) else float("nan")


def _bias(means: Array) -> float:
    kept = means[np.asarray(np.isfinite(means).all(axis=1))]
    return float(np.linalg.norm(np.median(kept, axis=0))) if len(kept) else float("nan")


def _gravity(acc: Array, still: Array) -> tuple[float, tuple[float, float, float]]:
    used = still if len(still) else acc
    if not len(used):
        return float("nan"), (float("nan"),) * 3
    mean = used.mean(axis=0)
    length = float(np.linalg.norm(mean))
    direction = mean / length if length > 0 and np.isfinite(length) else np.full(3, np.nan)
    x, y, z = (float(part) for part in direction)
    return float(np.median(np.linalg.norm(used, axis=1))), (x, y, z)


def gyr_against_gravity(raw: RawSignal, step_s: float) -> tuple[float, float]:
    """Gain and correlation between how gravity turns in the sensor and what the gyroscope reads.

    While a sensor turns without much acceleration, its specific force f changes by -ω × f. Both
    sides are smoothed and compared where the size of f stays near its usual size.
    """
    nothing = (float("nan"), float("nan"))
    if step_s <= 0 or len(raw) < 50 or not raw.has_gyr:
        return nothing
    width = max(1, round(_SMOOTHING_S / step_s))
    if width * 10 > len(raw):
        return nothing
    good = np.asarray(np.isfinite(raw.acc_mps2).all(axis=1) & np.isfinite(raw.gyr_radps).all(axis=1))
    even = good[1:] & good[:-1] & (np.abs(np.diff(raw.time_s) - step_s) < 0.6 * step_s)
    acc, gyr = (smooth(np.where(good[:, None], x, 0.0), width) for x in (raw.acc_mps2, raw.gyr_radps))
    size = np.linalg.norm(acc, axis=1)
    usual = float(np.median(size[good])) if good.any() else 0.0
    calm = (np.abs(size - usual) < 0.1 * usual)[1:] & smooth_mask(even, 2 * width)
    turning = -np.cross(gyr, acc)
    change = np.diff(acc, axis=0) / step_s
    expected = (turning[1:] + turning[:-1]) / 2
    lively = calm & (np.linalg.norm(change, axis=1) > 0.05 * usual)
    x, y = expected[lively].ravel(), change[lively].ravel()
    xx, yy, xy = float(x @ x), float(y @ y), float(x @ y)
    if lively.sum() < _FEWEST_TURNING or not (xx > 0 and yy > 0 and np.isfinite(xx * yy)):
        return nothing
    fit = xy / np.sqrt(xx * yy)
    return float(np.sign(fit) * np.sqrt(yy / xx)), float(fit)


def smooth(values: Array, width: int) -> Array:
    """Moving mean (N, C) over `width` samples, twice; the edges are damped."""
    for _ in range(2):
        total = np.cumsum(np.vstack([np.zeros((1, values.shape[1])), values]), axis=0)
        low = np.clip(np.arange(len(values)) - width // 2, 0, len(values))
        high = np.clip(low + width, 0, len(values))
        values = (total[high] - total[low]) / width
    return values


def smooth_mask(mask: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """True where all of `width` neighbours are."""
    total = np.concatenate([[0], np.cumsum(~mask)])
    low = np.clip(np.arange(len(mask)) - width // 2, 0, len(mask))
    high = np.clip(low + width, 0, len(mask))
    return np.asarray((total[high] == total[low]) & (high - low == width))


def in_g(value_mps2: float) -> float:
    """An acceleration as a multiple of gravity."""
    return value_mps2 / GRAVITY_MPS2
