"""The moments where simulated and real differ most, with the axis to blame and why, if it shows.

Windows are ranked by their RMSE over the spread of the real signal (acceleration and angular
velocity each over its own), and taken from the worst on, none overlapping another. The reason
is the simplest change that would take away most of the difference there: a shift in time, a
turn, a constant, a factor, fast content on one side only. Where none takes away half it is said to
be part of it; below three tenths no reason is given.
Cost: about 40 ms a minute of 100 Hz.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.imu.sampling import together
from m3n_studio.recordings.signal import Signal

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

AXES = tuple((quantity, axis) for quantity in ("acc", "gyr") for axis in "xyz")
UNITS = {"acc": "m/s²", "gyr": "rad/s"}
MOMENT_S = 1.0
_HOPS = 8
#: Of a window's samples, to be judged at all.
_LEAST_SHARE = 0.8
#: A reason must take away this share of the difference; a partial one at least this.
_ENOUGH, _PARTLY = 0.5, 0.3
_REACH_S = 0.25
_LEAST_LAG_S, _LEAST_TURN_DEG, _LEAST_FACTOR = 0.008, 4.0, 1.1
_MOST_FACTOR = 5.0
_FAST_HZ = 8.0
#: Consecutive samples at the end of a sensor's range that count as saturation.
_STUCK = 4


@dataclass(frozen=True)
class Moment:
    """A stretch of time where the two differ.

    Attributes
    ----------
    start_s, end_s : float, s
        On the simulation's clock.
    quantity, axis : str
        The channel to blame.
    rmse : float
        There, in `unit`.
    score : float
        The same over the spread of the real signal; 1 is as large as the movement itself.
    reason : str
        In plain words; empty where no single cause shows.
    """

    start_s: float
    end_s: float
    quantity: str
    axis: str
    rmse: float
    unit: str
    score: float
    reason: str


@dataclass(frozen=True, eq=False)
class _Here:
    """Both signals in a window, over their spreads: x, y (n, 6); wide has the window's surroundings."""

    x: Array
    y: Array
    rate_hz: float
    scale: Array
    blame: int
    wide_x: Array
    inner: slice

    @property
    def error(self) -> float:
        return float(((self.y - self.x) ** 2).sum())

    def left(self, explained: Array) -> float:
        """Share of the difference that a better x takes away."""
        return 1.0 - float(((self.y - explained) ** 2).sum()) / max(self.error, 1e-30)


def worst_moments(
    simulated: Signal, real: Signal, *, count: int = 8, moment_s: float = MOMENT_S, lowpass_hz: float | None = None,
    clipped: Signal | None = None,
) -> tuple[Moment, ...]:  # fmt: skip
    """The `count` windows of `moment_s` that differ most, worst first.

    Parameters
    ----------
    simulated, real : Signal
        Aligned, see :meth:`m3n_studio.imu.align.Alignment.apply`.
    clipped : Signal, optional
        The recording's own samples on the simulation's clock (nothing resampled or turned), to
        see saturation in.
    """
    a, b = together(simulated, real, lowpass_hz=lowpass_hz)
    x, y = np.hstack([a.acc_mps2, a.gyr_radps]), np.hstack([b.acc_mps2, b.gyr_radps])
    if a.valid.sum() < 10:
        return ()
    scale = _spreads(y[a.valid])
    x, y = x / scale, y / scale
    n = max(4, round(moment_s * a.rate_hz))
    starts, score = _rolling(x, y, a.valid, n)
    out: list[Moment] = []
    for i in _apart(starts, score.max(axis=1), n, count):
        start, blame = int(starts[i]), int(score[i].argmax())
        part = slice(start, start + n)
        reason = _saturated(clipped, float(a.time_s[start]), float(a.time_s[start + n - 1])) or _reason(
            x, y, part, a.rate_hz, scale, blame
        )
        quantity, axis = AXES[blame]
        worst = float(score[i, blame])
        out.append(
            Moment(float(a.time_s[start]), float(a.time_s[start] + n / a.rate_hz), quantity, axis,
                   worst * float(scale[blame]), UNITS[quantity], worst, reason)
        )  # fmt: skip
    return tuple(out)


def _spreads(y: Array) -> Array:
    """Spread of each channel (6,): one for acceleration, one for angular velocity, over the three axes."""
    acc, gyr = (float(np.sqrt(part.var(axis=0).sum() / 3.0)) for part in (y[:, :3], y[:, 3:]))
    return np.repeat([max(acc, 0.05), max(gyr, 0.02)], 3)


def _rolling(x: Array, y: Array, valid: Mask, n: int) -> tuple[NDArray[np.int_], Array]:
    """First samples (M,) of windows of n, and RMSE (M, 6) in each; -1 where too little of it is valid."""
    error = np.where(valid[:, None], (y - x) ** 2, 0.0)
    total = np.vstack([np.zeros(6), np.cumsum(error, axis=0)])
    held = np.concatenate([[0], np.cumsum(valid)])
    starts = np.arange(0, max(len(x) - n, 0) + 1, max(1, n // _HOPS))
    starts = np.asarray(starts[starts + n <= len(x)])
    count = held[starts + n] - held[starts]
    mean = (total[starts + n] - total[starts]) / np.maximum(count, 1)[:, None]
    rmse = np.sqrt(np.maximum(mean, 0.0))
    rmse[count < _LEAST_SHARE * n] = -1.0
    return starts, rmse


def _apart(starts: NDArray[np.int_], score: Array, n: int, count: int) -> list[int]:
    """Indices of the best windows, worst difference first, none overlapping."""
    chosen: list[int] = []
    for i in np.argsort(-score, kind="stable"):
        if score[i] <= 0 or len(chosen) == count:
            break
        if all(abs(int(starts[i]) - int(starts[j])) >= n for j in chosen):
            chosen.append(int(i))
    return chosen


def _saturated(clipped: Signal | None, start_s: float, end_s: float) -> str:
    """Whether the recording stands at the end of its range, on which axis."""
    if clipped is None:
        return ""
    inside = (clipped.time_s >= start_s) & (clipped.time_s <= end_s) & clipped.valid
    for values, unit, words in (
        (clipped.acc_mps2, "m/s²", "accelerometer"), (clipped.gyr_radps, "rad/s", "gyroscope"),
    ):  # fmt: skip
        for axis in range(3):
            column = np.abs(values[:, axis])
            limit = float(column[clipped.valid].max(initial=0.0))
            if limit > 0 and _longest(inside & (column >= limit * (1.0 - 1e-6))) >= _STUCK:
                return f"the real {words} saturates at {limit:.1f} {unit} on its own {'xyz'[axis]}"
    return ""


def _longest(mask: Mask) -> int:
    """Length of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(int), [0]])))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def _reason(x: Array, y: Array, part: slice, rate: float, scale: Array, blame: int) -> str:
    reach = round(_REACH_S * rate)
    low, high = max(part.start - reach, 0), min(part.stop + reach, len(x))
    here = _Here(x[part], y[part], rate, scale, blame, x[low:high], slice(part.start - low, part.stop - low))
    found = [explain(here) for explain in _EXPLANATIONS]
    share, words = max(found, key=lambda pair: pair[0])
    if share >= _ENOUGH:
        return words
    return f"partly: {words}" if share >= _PARTLY else ""


def _shift(here: _Here) -> tuple[float, str]:
    """The simulation at another time."""
    n = here.inner.stop - here.inner.start
    starts = range(len(here.wide_x) - n + 1)
    shares = np.array([here.left(here.wide_x[s : s + n]) for s in starts])
    best = int(shares.argmax())
    lag_s = (here.inner.start - best + _vertex(shares, best)) / here.rate_hz
    if abs(lag_s) < _LEAST_LAG_S or best in (0, len(shares) - 1):
        return 0.0, ""
    return float(shares[best]), f"the real signal comes {abs(lag_s) * 1e3:.0f} ms {'late' if lag_s > 0 else 'early'}"


def _vertex(values: Array, i: int) -> float:
    """How far before `i` the parabola through three values peaks, in steps."""
    if not 0 < i < len(values) - 1:
        return 0.0
    a, b, c = values[i - 1], values[i], values[i + 1]
    bend = a - 2 * b + c
    return 0.0 if abs(bend) < 1e-12 else float(-0.5 * (a - c) / bend)


def _turn(here: _Here) -> tuple[float, str]:
    """The sensor turned."""
    x, y = (np.vstack([v[:, :3], v[:, 3:]]) for v in (here.x, here.y))
    u, _, vt = np.linalg.svd(y.T @ x)
    R = u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))]) @ vt
    rotvec = so3.rotvec_from_matrix(R)
    degrees = float(np.rad2deg(np.linalg.norm(rotvec)))
    if degrees < _LEAST_TURN_DEG:
        return 0.0, ""
    axis = "xyz"[int(np.abs(rotvec).argmax())]
    explained = np.hstack([here.x[:, :3] @ R.T, here.x[:, 3:] @ R.T])
    return here.left(explained) - 0.05, f"the real sensor is turned by {degrees:.0f}°, mostly about {axis}"


def _constant(here: _Here) -> tuple[float, str]:
    """A constant on the axis to blame."""
    offset = np.zeros(6)
    offset[here.blame] = float((here.y - here.x)[:, here.blame].mean())
    quantity, axis = AXES[here.blame]
    amount = offset[here.blame] * here.scale[here.blame]
    cause = "bias or gravity" if quantity == "acc" else "bias"
    words = f"a constant {amount:+.2f} {UNITS[quantity]} on {axis} ({cause})"
    return here.left(here.x + offset), words


def _factor(here: _Here) -> tuple[float, str]:
    """Movement of one quantity that is larger or smaller than simulated."""
    columns = slice(0, 3) if here.blame < 3 else slice(3, 6)
    mean_x, mean_y = here.x[:, columns].mean(axis=0), here.y[:, columns].mean(axis=0)
    x, y = here.x[:, columns] - mean_x, here.y[:, columns] - mean_y
    factor = float((x * y).sum() / max(float((x * x).sum()), 1e-12))
    if factor <= 0 or max(factor, 1.0 / factor) < _LEAST_FACTOR:
        return 0.0, ""
    explained = here.x.copy()
    explained[:, columns] = mean_x + factor * x
    name = "acceleration" if here.blame < 3 else "angular velocity"
    size, which = (1.0 / factor, "smaller") if factor < 1.0 else (factor, "larger")
    words = f"{size:.1f}" if size <= _MOST_FACTOR else f"over {_MOST_FACTOR:g}"
    return here.left(explained), f"the real {name} is {words} times {which}"


def _fast(here: _Here) -> tuple[float, str]:
    """Fast content on one side only."""
    limit = min(_FAST_HZ, 0.25 * here.rate_hz)
    fast = np.fft.rfftfreq(len(here.x), 1.0 / here.rate_hz) >= limit
    if not fast.any():
        return 0.0, ""

    def energy(values: Array) -> Array:
        return np.asarray(np.abs(np.fft.rfft(values - values.mean(axis=0), axis=0)) ** 2)

    error = np.abs(np.fft.rfft(here.y - here.x, axis=0)) ** 2
    share = float(error[fast].sum()) / max(float(error.sum()), 1e-30)
    real, simulated = float(energy(here.y)[fast].sum()), float(energy(here.x)[fast].sum())
    if real > 4.0 * simulated:
        return share, f"content above {limit:.0f} Hz in the real signal only (impact or loose strap)"
    if simulated > 4.0 * real:
        return share, f"content above {limit:.0f} Hz in the simulation only (jitter of the motion)"
    return 0.0, ""


_EXPLANATIONS: tuple[Callable[[_Here], tuple[float, str]], ...] = (_shift, _turn, _constant, _factor, _fast)
