"""Physical features of windows, to compare synthetic with real where there is no pretrained model.

Acceleration only: the gyroscope does not change with a body's shape. Two sets:

``any strap``
    what no turn of the sensor changes: power in bands summed over the axes, and how the length of acceleration is
    distributed.
``per axis``
    the mean of each axis and power in bands of each, besides; only where the sensor sits as it is simulated, since a
    turned strap changes them far more than any body does.

Powers are in decibels. Every feature is divided by its deviation among the real windows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

KINDS = ("any strap", "per axis")
BANDS_HZ = (0.4, 1.0, 1.7, 2.5, 3.5, 5.0, 7.0, 10.0)
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_FLOOR_DB = -40.0


def features(imu: Singles, rate_hz: float, kind: str) -> Floats:
    """Features (N, D) of windows (N, 6, T), m/s2."""
    acc = imu[:, :3].astype(np.float64)
    length = np.linalg.norm(acc, axis=1)
    axes = _bands(acc, rate_hz)
    out = [
        _decibels(axes.sum(axis=1)), _decibels(_bands(length[:, None], rate_hz)[:, 0]),
        np.quantile(length, _QUANTILES, axis=1).T,
    ]  # fmt: skip
    if kind == "per axis":
        out += [acc.mean(axis=2), _decibels(axes).reshape(len(acc), -1)]
    return np.concatenate(out, axis=1)


def _bands(values: Floats, rate_hz: float) -> Floats:
    """Power (N, C, B) in bands of windows (N, C, T), their means taken off."""
    t = values.shape[2]
    window = np.hanning(t)
    spectrum = np.fft.rfft((values - values.mean(axis=2, keepdims=True)) * window, axis=2)
    power = np.abs(spectrum) ** 2 / (window**2).sum() / t
    band = np.digitize(np.fft.rfftfreq(t, 1.0 / rate_hz), BANDS_HZ) - 1
    found = [power[:, :, band == b].sum(axis=2) for b in range(len(BANDS_HZ) - 1) if (band == b).any()]
    return np.stack(found, axis=2)


def _decibels(power: Floats) -> Floats:
    return np.asarray(np.maximum(10.0 * np.log10(np.maximum(power, 1e-12)), _FLOOR_DB))


@dataclass(frozen=True, eq=False)
class PhysicalSpace:
    """Features divided by their deviation among the real windows.

    Attributes
    ----------
    kind : str
        One of :data:`KINDS`.
    rate_hz : float
    mean, scale : (D,)
    """

    kind: str
    rate_hz: float
    mean: Floats
    scale: Floats

    @classmethod
    def of(cls, real: Singles, rate_hz: float, kind: str) -> PhysicalSpace:
        """The space of real windows (N, 6, T)."""
        found = features(real, rate_hz, kind)
        spread = found.std(axis=0)
        return cls(kind, rate_hz, found.mean(axis=0), np.maximum(spread, 0.1 * np.median(spread) + 1e-9))

    def __call__(self, imu: Singles) -> Floats:
        """Windows (n, 6, T) as points (n, D)."""
        return np.asarray((features(imu, self.rate_hz, self.kind) - self.mean) / self.scale)


def spectrum(imu: Singles, rate_hz: float) -> tuple[Floats, Floats]:
    """Frequencies (F,), Hz, and mean power density of acceleration over windows (N, 6, T), axes summed, (m/s2)^2/Hz."""
    acc = imu[:, :3].astype(np.float64)
    t = acc.shape[2]
    window = np.hanning(t)
    power = np.abs(np.fft.rfft((acc - acc.mean(axis=2, keepdims=True)) * window, axis=2)) ** 2
    density = 2.0 * power.sum(axis=1).mean(axis=0) / ((window**2).sum() * rate_hz)
    return np.asarray(np.fft.rfftfreq(t, 1.0 / rate_hz), dtype=np.float64), np.asarray(density)
