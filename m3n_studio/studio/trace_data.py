"""Signals as lines to draw: pure arrays, no Qt.

A *lane* is one strip of the trace view: one component of one quantity. Samples that mean
nothing become NaN, which breaks the line, and the spans they cover are given for shading.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from m3n_studio.motion.clip import runs
from m3n_studio.recordings.signal import Signal

Array = NDArray[np.float64]

COMPONENTS = ("x", "y", "z", "magnitude")


@dataclass(frozen=True)
class Quantity:
    """What a sensor measures: short name, field of `Signal`, title, unit, smallest span to show."""

    name: str
    field: str
    title: str
    unit: str
    least_span: float


QUANTITIES = (
    Quantity("acc", "acc_mps2", "Acceleration", "m/s²", 2.0),
    Quantity("gyr", "gyr_radps", "Angular velocity", "rad/s", 0.5),
)


@dataclass(frozen=True, eq=False)
class Line:
    """Times (N,), s, increasing, and values (N,), NaN where the sample means nothing."""

    time_s: Array
    values: Array

    def value_at(self, time_s: float) -> float:
        """The sample nearest in time; NaN outside the line or in a gap."""
        n = len(self.time_s)
        i = int(np.searchsorted(self.time_s, time_s))
        if i > 0 and (i == n or time_s - self.time_s[i - 1] <= self.time_s[i] - time_s):
            i -= 1
        step = self.time_s[-1] - self.time_s[0]
        reach = 1.5 * step / (n - 1) if n > 1 else 0.0
        return float(self.values[i]) if abs(self.time_s[i] - time_s) <= reach else float("nan")


def line(signal: Signal, quantity: Quantity, component: str) -> Line:
    """One component of one quantity of a signal, broken where it is not valid."""
    data = getattr(signal, quantity.field)
    columns = {"magnitude": np.linalg.norm(data, axis=1), "x": data[:, 0], "y": data[:, 1], "z": data[:, 2]}
    values = columns[component].copy()
    values[~signal.valid] = np.nan
    return Line(signal.time_s, values)


def invalid_spans(signal: Signal) -> tuple[tuple[float, float], ...]:
    """Times (from, to), s, in which the samples mean nothing."""
    half = 0.5 / signal.rate_hz if signal.rate_hz else 0.0
    t = signal.time_s
    return tuple((float(t[a] - half), float(t[b - 1] + half)) for a, b in runs(~signal.valid))


def value_range(lines: tuple[Line, ...], least_span: float) -> tuple[float, float]:
    """Lowest and highest value to show: all of it, room for the readout above, and no less than `least_span`."""
    parts = [part.values[np.isfinite(part.values)] for part in lines]
    values = np.concatenate(parts) if parts else np.zeros(0)
    if not len(values):
        return -0.5 * least_span, 0.5 * least_span
    low, high = float(values.min()), float(values.max())
    middle, span = 0.5 * (low + high), max(high - low, least_span)
    return middle - 0.56 * span, middle + 0.72 * span


def page(view: tuple[float, float], time_s: float, limits: tuple[float, float]) -> tuple[float, float] | None:
    """The next page of a view (from, to) that shows `time_s`, or None if it already does."""
    low, high = view
    if low <= time_s <= high:
        return None
    span = high - low
    if limits[1] - limits[0] <= span:
        return limits
    start = time_s if time_s > high else time_s - span
    start = min(max(start, limits[0]), limits[1] - span)
    return start, start + span
