"""How close a simulated signal is to a real one: the paper's error, RMSE, r, coherence.

Both signals are brought to common times and through the same filter
(:func:`~m3n_studio.imu.sampling.together`: the lower rate of the two; the other is low-passed to
0.45 of it first), and only samples valid in both are judged. Nothing is aligned here beyond
that: what is left of a clock offset is *reported* as the lag, see
:mod:`m3n_studio.imu.align` to remove it.

* **MSE of normalised magnitudes** (paper, Table 1) of ‖a‖ and ‖ω‖. The paper does not say how
  it normalises, so that is an option, :data:`NORMALISATIONS`, and the report names it.
* **RMSE and Pearson's r** per axis and of the magnitudes.
* **Magnitude-squared coherence** per band by Welch's method: 4 s Hann segments, half
  overlapping, inside valid runs only (2 s where runs are shorter), averaged over the band's
  frequencies. With K segments unrelated signals still show about 1/K; bands above the low-pass
  or 0.45 of the rate, and fewer than 4 segments, are null.

Cost: about 50 ms a minute of 100 Hz.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import UnknownName, ValueProblem
from m3n_studio.imu.align_clock import fit_clock
from m3n_studio.imu.sampling import ALIAS_FREE, runs_of, together
from m3n_studio.recordings.signal import Signal

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

BANDS_HZ = ((0.5, 2.0), (2.0, 5.0), (5.0, 10.0), (10.0, 20.0))
AXES = ("x", "y", "z", "magnitude")
_SEGMENTS_S = (4.0, 2.0)
_FEWEST_SEGMENTS = 4
_FEWEST = 10
_LAG_S = 0.5
#: A channel whose standard deviation is below this has no r: rad/s and m/s².
_FLAT = 1e-9


def _zscore(simulated: Array, real: Array) -> tuple[Array, Array]:
    return _standardised(simulated, simulated), _standardised(real, real)


def _standardised(values: Array, by: Array) -> Array:
    return np.asarray((values - by.mean()) / max(float(by.std()), _FLAT))


def _minmax(simulated: Array, real: Array) -> tuple[Array, Array]:
    return _stretched(simulated, simulated), _stretched(real, real)


def _stretched(values: Array, by: Array) -> Array:
    return np.asarray((values - by.min()) / max(float(np.ptp(by)), _FLAT))


#: Name of a normalisation: what it does to (simulated, real) magnitudes (N,).
NORMALISATIONS: dict[str, Callable[[Array, Array], tuple[Array, Array]]] = {
    "zscore": _zscore,
    "minmax": _minmax,
    "zscore-by-real": lambda s, r: (_standardised(s, r), _standardised(r, r)),
    "minmax-by-real": lambda s, r: (_stretched(s, r), _stretched(r, r)),
    "none": lambda s, r: (s, r),
}


@dataclass(frozen=True)
class FidelityRow:
    """One channel.

    quantity : "acc" or "gyr"; axis : "x", "y", "z" or "magnitude"; unit : "m/s²" or "rad/s";
    rmse : in that unit; r : Pearson's, None where a side does not vary;
    coherence : one value a band of the report, None where it cannot be told.
    """

    quantity: str
    axis: str
    unit: str
    rmse: float | None
    r: float | None
    coherence: tuple[float | None, ...]


@dataclass(frozen=True)
class FidelityReport:
    """What :func:`compare` found.

    Attributes
    ----------
    simulated, real : str
        Names of the signals.
    samples, seconds, rate_hz
        Judged samples, the time they cover, and their common rate.
    lag_s : float or None
        By how much the real signal comes late on the simulation's clock (from ‖ω‖, at most
        0.5 s); it has not been removed. None where nothing moves enough to tell.
    lowpass_hz : float or None
    normalise : str
        Of the two errors below.
    mse_acc, mse_gyr : float or None
        Mean squared error of normalised ‖a‖ and ‖ω‖.
    bands_hz : tuple of (low, high)
    channels : tuple of FidelityRow
        acc x, y, z, magnitude, then gyr.
    """

    simulated: str
    real: str
    samples: int
    seconds: float
    rate_hz: float
    lag_s: float | None
    lowpass_hz: float | None
    normalise: str
    mse_acc: float | None
    mse_gyr: float | None
    bands_hz: tuple[tuple[float, float], ...]
    channels: tuple[FidelityRow, ...]

    def row(self, quantity: str, axis: str) -> FidelityRow:
        """One channel's row."""
        for row in self.channels:
            if (row.quantity, row.axis) == (quantity, axis):
                return row
        raise UnknownName("channel", f"{quantity} {axis}", [f"{row.quantity} {row.axis}" for row in self.channels])

    def rows(self) -> list[dict[str, object]]:
        """One plain mapping a channel; coherences keyed ``coherence_0.5-2_hz`` and so on."""
        bands = [f"coherence_{low:g}-{high:g}_hz" for low, high in self.bands_hz]
        return [
            {"quantity": row.quantity, "axis": row.axis, "unit": row.unit, "rmse": row.rmse, "r": row.r,
             **dict(zip(bands, row.coherence, strict=True))}
            for row in self.channels
        ]  # fmt: skip

    def to_json(self) -> str:
        """Strict JSON: what cannot be told is null, never NaN."""
        return json.dumps(asdict(self), ensure_ascii=False, allow_nan=False, indent=2)

    def text(self) -> str:
        """The report as an aligned table."""
        lag = "not to be told" if self.lag_s is None else f"{1000 * self.lag_s:+.1f} ms"
        filtered = "no low-pass" if self.lowpass_hz is None else f"low-passed at {self.lowpass_hz:g} Hz"
        head = [
            f"{self.simulated} against {self.real}: {self.samples} samples, {self.seconds:.1f} s at"
            f" {self.rate_hz:.1f} Hz, {filtered}, lag {lag}",
            f"MSE of normalised magnitudes ({self.normalise}): acc {_figure(self.mse_acc, 3)},"
            f" gyr {_figure(self.mse_gyr, 3)}",
        ]
        titles = ["", "", "RMSE", "r", *(f"coh {low:g}-{high:g} Hz" for low, high in self.bands_hz)]
        cells = [titles] + [
            [row.quantity, row.axis, f"{_figure(row.rmse, 3)} {row.unit:<5}", _figure(row.r, 4),
             *(_figure(value, 3) for value in row.coherence)]
            for row in self.channels
        ]  # fmt: skip
        widths = [max(len(line[i]) for line in cells) for i in range(len(titles))]
        table = [
            "  ".join(cell.ljust(width) if i < 2 else cell.rjust(width)
                      for i, (cell, width) in enumerate(zip(line, widths, strict=True))).rstrip()
            for line in cells
        ]  # fmt: skip
        return "\n".join([*head, *table])


def compare(
    simulated: Signal, real: Signal, *, lowpass_hz: float | None = None, normalise: str = "zscore",
    bands_hz: Sequence[tuple[float, float]] = BANDS_HZ, where: Mask | None = None,
) -> FidelityReport:  # fmt: skip
    """Judge a simulated signal by a real one.

    Parameters
    ----------
    simulated, real : Signal
        On one clock, in one frame; any rates.
    lowpass_hz : float, optional
        Both are filtered to this first.
    normalise : str
        One of :data:`NORMALISATIONS`, for the two magnitudes' errors.
    bands_hz : sequence of (low, high)
    where : (N,) bool, optional
        Samples of `real` to judge; the filters still see the others.

    Returns
    -------
    FidelityReport
        With nulls where under 10 samples are shared.
    """
    if normalise not in NORMALISATIONS:
        raise UnknownName("normalisation", normalise, NORMALISATIONS)
    if lowpass_hz is not None and not (np.isfinite(lowpass_hz) and lowpass_hz > 0):
        raise ValueProblem(f"the low-pass must be a positive number of Hz; found {lowpass_hz}")
    bands = tuple((float(low), float(high)) for low, high in bands_hz)
    a, b = together(simulated, real, lowpass_hz=lowpass_hz)
    valid = a.valid & _chosen(real, where, b.time_s)
    a, b = a.with_(valid=valid), b.with_(valid=valid)
    n = int(valid.sum())
    enough = n >= _FEWEST
    limit = min(ALIAS_FREE * a.rate_hz, lowpass_hz or np.inf)
    channels, errors = [], []
    for quantity, unit, x, y in (
        ("acc", "m/s²", _four(a.acc_mps2), _four(b.acc_mps2)), ("gyr", "rad/s", _four(a.gyr_radps), _four(b.gyr_radps)),
    ):  # fmt: skip
        coherence = _coherence(a, x, y, bands, limit) if enough else [(None,) * len(bands)] * 4
        for i, axis in enumerate(AXES):
            rmse = float(np.sqrt(np.mean((x[valid, i] - y[valid, i]) ** 2))) if enough else None
            r = _pearson(x[valid, i], y[valid, i]) if enough else None
            channels.append(FidelityRow(quantity, axis, unit, rmse, r, coherence[i]))
        errors.append(_normalised_mse(x[valid, 3], y[valid, 3], normalise) if enough else None)
    return FidelityReport(
        simulated.name, real.name, n, n / a.rate_hz if a.rate_hz else 0.0, a.rate_hz, _lag(a, b) if enough else None,
        lowpass_hz, normalise, errors[0], errors[1], bands, tuple(channels),
    )  # fmt: skip


def _figure(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _chosen(real: Signal, where: Mask | None, time_s: Array) -> Mask:
    """`where` at the common times: that of the nearest real sample."""
    if where is None:
        return np.ones(len(time_s), dtype=bool)
    mask = np.asarray(where, dtype=bool)
    if mask.shape != (len(real),):
        raise ValueProblem(f"where must be ({len(real)},), one for each real sample; found {mask.shape}")
    middles = (real.time_s[1:] + real.time_s[:-1]) / 2.0
    return np.asarray(mask[np.searchsorted(middles, time_s)])


def _four(vectors: Array) -> Array:
    """Vectors (N, 3) with their lengths as a fourth column."""
    return np.column_stack([vectors, np.linalg.norm(vectors, axis=1)])


def _pearson(x: Array, y: Array) -> float | None:
    x, y = x - x.mean(), y - y.mean()
    size = float(np.linalg.norm(x)), float(np.linalg.norm(y))
    if min(size) <= _FLAT * np.sqrt(len(x)):
        return None
    return float(np.clip(x @ y / (size[0] * size[1]), -1.0, 1.0))


def _normalised_mse(x: Array, y: Array, normalise: str) -> float:
    x, y = NORMALISATIONS[normalise](x, y)
    return float(np.mean((x - y) ** 2))


def _lag(a: Signal, b: Signal) -> float | None:
    """Sub-sample lag of b behind a; None where the fit means nothing."""
    fit = fit_clock(a, b, drift=False, max_offset_s=_LAG_S)
    return -fit.offset_s if fit.confidence > 0.3 and np.isfinite(fit.offset_std_s) else None


def _coherence(
    signal: Signal, x: Array, y: Array, bands: Sequence[tuple[float, float]], limit_hz: float
) -> list[tuple[float | None, ...]]:
    """Welch coherence per column (N, 4) and band; see the module's head."""
    runs = runs_of(signal)
    rate = signal.rate_hz
    for seconds in _SEGMENTS_S:
        length = max(8, round(seconds * rate))
        starts = [s for a, b in runs for s in range(a, b - length + 1, length // 2)]
        if len(starts) >= _FEWEST_SEGMENTS:
            break
    else:
        return [(None,) * len(bands)] * x.shape[1]
    window = np.hanning(length)[:, None]
    xx, yy = np.zeros((length // 2 + 1, x.shape[1])), np.zeros((length // 2 + 1, x.shape[1]))
    xy = np.zeros(xx.shape, dtype=np.complex128)
    for start in starts:
        f, g = (np.fft.rfft((v - v.mean(axis=0)) * window, axis=0) for v in (x[start:][:length], y[start:][:length]))
        xx += np.abs(f) ** 2
        yy += np.abs(g) ** 2
        xy += f * np.conj(g)
    floor = 1e-12 * np.maximum(xx.max(axis=0) * yy.max(axis=0), 1e-30)
    coherence = np.where(xx * yy > floor, np.abs(xy) ** 2 / np.maximum(xx * yy, 1e-300), np.nan)
    frequency = np.asarray(np.fft.rfftfreq(length, 1.0 / rate), dtype=np.float64)
    return [tuple(_band_mean(coherence[:, i], frequency, band, limit_hz) for band in bands) for i in range(x.shape[1])]


def _band_mean(coherence: Array, frequency: Array, band: tuple[float, float], limit_hz: float) -> float | None:
    if band[1] > limit_hz * 1.001:
        return None
    inside = coherence[(frequency >= band[0]) & (frequency < band[1])]
    inside = inside[np.isfinite(inside)]
    return float(inside.mean()) if len(inside) else None
