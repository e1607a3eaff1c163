"""Where along a recording its clock keeps to the fitted line: the offset left in one window after another.

The clock fit is one offset and one drift for the whole recording. Here the magnitudes ‖ω‖ are
compared window by window near that fit, so that a clock that bends, jumps or drops samples is
seen, and where.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import UnknownName, ValueProblem
from m3n_studio.imu.align_clock import _BANDWIDTH_HZ, _STILL, ClockFit, _Magnitude, _magnitude, _sampled
from m3n_studio.imu.align_mount import on_reference_clock
from m3n_studio.recordings.signal import Signal

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_RATE_HZ = 50.0
_MANY, _SHORTEST_S, _LONGEST_S = 12, 3.0, 60.0
#: A window counts where so much of it is there, and where its peak is at least so high.
_SHARE, _LEAST_R = 0.6, 0.5
_OUTLIER, _LEAST_OUTLIER_S = 4.0, 0.005


@dataclass(frozen=True, eq=False)
class ClockWindows:
    """Windows in order of time, W of them, only those where an offset can be told.

    Attributes
    ----------
    time_s : (W,)
        Middles, on the simulation's clock.
    offset_s : (W,)
        What must be added to the recording's times there.
    fitted_s : (W,)
        The same by the fitted line.
    std_s : (W,)
        About how well each is known.
    r : (W,)
        Correlation of the magnitudes at the best offset.
    outlier : (W,) bool
        Too far off the others to be chance.
    window_s : float
        Length of a window.
    skipped : int
        Windows at rest, with gaps, or too unlike to be told.
    """

    time_s: Array
    offset_s: Array
    fitted_s: Array
    std_s: Array
    r: Array
    outlier: Mask
    window_s: float
    skipped: int = 0

    @property
    def left_s(self) -> Array:
        """Offset left after the fit (W,), s."""
        return self.offset_s - self.fitted_s

    @property
    def scatter_s(self) -> float:
        """Root mean square of what is left, outliers aside; NaN where there is no window."""
        left = self.left_s[~self.outlier]
        return float(np.sqrt(np.mean(left**2))) if len(left) else float("nan")


def clock_windows(
    simulated: Signal, real: Signal, clock: ClockFit | None, *, window_s: float | None = None, reach_s: float = 0.5,
    quantity: str = "gyr",
) -> ClockWindows:  # fmt: skip
    """Offsets of the recording's clock, window by window.

    Parameters
    ----------
    real : Signal
        As read, on its own clock.
    clock : ClockFit or None
        The fit to look around; None: the recording's times as they are.
    window_s : float, optional
        By default a twelfth of the overlap, between 3 and 60 s.
    reach_s : float
        How far from the fit to look, to either side, s.
    quantity : {"gyr", "acc"}
        Whose magnitude to compare.
    """
    if quantity not in _STILL:
        raise UnknownName("quantity", quantity, _STILL)
    if (window_s is not None and not window_s >= 1.0) or not 0.0 < reach_s <= 10.0:
        raise ValueProblem(f"a window takes 1 s or more and the reach 10 s or less; found {window_s}, {reach_s} s")
    fit = clock or ClockFit()
    reference = _magnitude(simulated, quantity, _RATE_HZ, _BANDWIDTH_HZ)
    other = _magnitude(on_reference_clock(real, fit), quantity, _RATE_HZ, _BANDWIDTH_HZ)
    start = max(reference.start_s, other.start_s)
    overlap = min(reference.time_s[-1], other.time_s[-1]) - start
    length = window_s or float(np.clip(overlap / _MANY, _SHORTEST_S, _LONGEST_S))
    count = max(int((overlap + 1e-6) / length), 0)
    rows = [_window(reference, other, start + i * length, length, reach_s, _STILL[quantity]) for i in range(count)]
    found = np.array([row for row in rows if row is not None]).reshape(-1, 4)
    time_s, left, std, r = found.T
    fitted = fit.offset_s + fit.drift * (time_s - fit.offset_s) / (1.0 + fit.drift)
    return ClockWindows(
        time_s, fitted + left, fitted, std, r, _outliers(left, std), length, count - len(found)
    )  # fmt: skip


def _window(
    reference: _Magnitude, other: _Magnitude, start_s: float, length_s: float, reach_s: float, still: float
) -> tuple[float, float, float, float] | None:
    """Middle, offset left, its deviation and r of one window; None where they cannot be told."""
    t = start_s + np.arange(int(length_s * _RATE_HZ)) / _RATE_HZ
    x, there = _sampled(reference, t)
    if there.mean() < _SHARE or x[there].std() < still:
        return None
    steps = int(np.ceil(reach_s * _RATE_HZ))
    lags = np.arange(-steps, steps + 1) / _RATE_HZ
    y, both = _sampled(other, (t[None, :] - lags[:, None]).ravel())
    use = both.reshape(len(lags), -1) & there
    r = np.array([_r(x[u], one[u]) if u.mean() >= _SHARE else -1.0 for one, u in zip(y.reshape(use.shape), use,
                                                                                      strict=True)])  # fmt: skip
    best = int(r.argmax())
    if not 0 < best < len(lags) - 1 or r[best] < _LEAST_R:
        return None
    before, peak, after = r[best - 1 : best + 2]
    bend = before - 2.0 * peak + after
    if bend >= -1e-9:
        return None
    shift = 0.5 * (before - after) / bend
    independent = 2.0 * _BANDWIDTH_HZ * length_s
    std = np.sqrt(max(1.0 - peak**2, 1e-6) / (peak * -bend * _RATE_HZ**2 * independent))
    return start_s + 0.5 * length_s, float(lags[best] + shift / _RATE_HZ), float(std), float(peak)


def _r(a: Array, b: Array) -> float:
    spread = a.std() * b.std()
    return float(np.mean((a - a.mean()) * (b - b.mean())) / spread) if spread > 1e-9 else -1.0


def _outliers(left: Array, std: Array) -> Mask:
    """Windows further from their neighbours' line than chance and the others' scatter explain."""
    if len(left) < 4:
        return np.zeros(len(left), dtype=bool)
    around = np.array([np.median(np.delete(left[max(i - 3, 0) : i + 4], min(i, 3))) for i in range(len(left))])
    off = np.abs(left - around)
    usual = 1.4826 * float(np.median(off))
    return np.asarray(off > np.maximum(_OUTLIER * np.maximum(usual, std), _LEAST_OUTLIER_S))
