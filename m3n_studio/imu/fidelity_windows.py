"""How close a simulated signal is to a real one, moment by moment.

:func:`windowed` cuts time into equal windows and gives r and RMSE of each; :func:`trends` how a
real axis leans on the simulated one (offset and slope); :func:`lag_curve` what r would be had
the recording been shifted. All look at the two signals as :func:`~m3n_studio.imu.fidelity.compare`
does: on common times, equally filtered, where both are valid.
Cost: about 30 ms a minute of 100 Hz.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import ValueProblem
from m3n_studio.imu.sampling import together
from m3n_studio.recordings.signal import Signal

Array = NDArray[np.float64]
#: Channels of everything here: quantity and axis.
CHANNELS = tuple((quantity, axis) for quantity in ("acc", "gyr") for axis in ("x", "y", "z", "magnitude"))
WINDOW_S = 2.0
_LEAST_SHARE = 0.5
_LAG_LOWPASS_HZ = 8.0


@dataclass(frozen=True, eq=False)
class Windows:
    """Closeness in equal windows.

    Attributes
    ----------
    start_s, end_s : (W,)
    r, rmse : (W, 8)
        By :data:`CHANNELS`; NaN where under half of a window is valid, r also where a side does not vary.
    """

    start_s: Array
    end_s: Array
    r: Array
    rmse: Array

    def __len__(self) -> int:
        return len(self.start_s)

    def column(self, measure: str, quantity: str, axis: str) -> Array:
        """One channel's values (W,); measure "r" or "rmse"."""
        return np.asarray(getattr(self, measure)[:, CHANNELS.index((quantity, axis))])


@dataclass(frozen=True)
class Trend:
    """How the real axis leans on the simulated: ``real = slope * simulated + ...``.

    bias : mean of real minus simulated, in the channel's unit; slope : of the regression of
    real on simulated, None where the simulation does not vary.
    """

    quantity: str
    axis: str
    bias: float | None
    slope: float | None


@dataclass(frozen=True, eq=False)
class LagCurve:
    """Correlation r (K,) of ‖ω‖ had the recording been shifted on by lag_s (K,)."""

    lag_s: Array
    r: Array


def eight(signal: Signal) -> Array:
    """Values (N, 8) by :data:`CHANNELS`."""
    acc, gyr = signal.acc_mps2, signal.gyr_radps
    return np.column_stack([acc, np.linalg.norm(acc, axis=1), gyr, np.linalg.norm(gyr, axis=1)])


def windowed(
    simulated: Signal, real: Signal, *, window_s: float = WINDOW_S, lowpass_hz: float | None = None
) -> Windows:
    """Closeness (r and RMSE) of every window of `window_s`, from the first common time on."""
    if not (np.isfinite(window_s) and window_s > 0):
        raise ValueProblem(f"a window must be a positive number of seconds; found {window_s}")
    a, b = together(simulated, real, lowpass_hz=lowpass_hz)
    x, y, t = eight(a), eight(b), a.time_s
    period = 1.0 / a.rate_hz if a.rate_hz else 0.0
    count = int(np.floor((t[-1] - t[0] + period) / window_s + 1e-9))
    start = t[0] + np.arange(count) * window_s
    edges = np.searchsorted(t, np.append(start, t[0] + count * window_s) - 1e-9)
    r, rmse = np.full((count, 8), np.nan), np.full((count, 8), np.nan)
    for w in range(count):
        part = slice(edges[w], edges[w + 1])
        use = a.valid[part]
        if use.sum() < max(3, _LEAST_SHARE * len(use)):
            continue
        u, v = x[part][use], y[part][use]
        rmse[w] = np.sqrt(np.mean((u - v) ** 2, axis=0))
        r[w] = _pearson(u, v)
    return Windows(start, start + window_s, r, rmse)


def _pearson(u: Array, v: Array) -> Array:
    """Pearson's r (C,) of columns (n, C); NaN where a side does not vary."""
    u, v = u - u.mean(axis=0), v - v.mean(axis=0)
    size = np.sqrt((u * u).sum(axis=0)), np.sqrt((v * v).sum(axis=0))
    moves = np.minimum(*size) > 1e-9 * np.sqrt(len(u))
    product = np.where(moves, size[0] * size[1], 1.0)
    return np.where(moves, np.clip((u * v).sum(axis=0) / product, -1.0, 1.0), np.nan)


def trends(simulated: Signal, real: Signal, *, lowpass_hz: float | None = None) -> tuple[Trend, ...]:
    """Offset and slope per channel, in the order of :data:`CHANNELS`."""
    a, b = together(simulated, real, lowpass_hz=lowpass_hz)
    x, y = eight(a)[a.valid], eight(b)[a.valid]
    out = []
    for i, (quantity, axis) in enumerate(CHANNELS):
        if len(x) < 10:
            out.append(Trend(quantity, axis, None, None))
            continue
        u = x[:, i] - x[:, i].mean()
        power = float(u @ u)
        slope = float(u @ y[:, i]) / power if power > 1e-18 * len(u) else None
        out.append(Trend(quantity, axis, float((y[:, i] - x[:, i]).mean()), slope))
    return tuple(out)


def lag_curve(simulated: Signal, real: Signal, *, reach_s: float = 1.0) -> LagCurve:
    """Correlation of ‖ω‖, low-passed to 8 Hz, for shifts of the recording up to `reach_s` either way.

    The best shift is where the curve peaks; 0 where the clocks agree.
    """
    a, b = together(simulated, real, lowpass_hz=_LAG_LOWPASS_HZ)
    x, y = np.linalg.norm(a.gyr_radps, axis=1), np.linalg.norm(b.gyr_radps, axis=1)
    n, rate = len(x), max(a.rate_hz, 1e-9)
    most = min(round(reach_s * rate), max(n - 10, 0))
    lags = range(-most, most + 1)
    r = np.full(len(lags), np.nan)
    for i, k in enumerate(lags):  # y shifted on by k samples is held against x
        here, there = slice(max(k, 0), n + min(k, 0)), slice(max(-k, 0), n - max(k, 0))
        use = a.valid[here] & b.valid[there]
        if use.sum() >= 10:
            r[i] = _pearson(x[here][use][:, None], y[there][use][:, None])[0]
    return LagCurve(np.asarray(lags) / rate, r)
