"""Signals as lines to draw: pure arrays, no Qt.

A *lane* is one strip of the trace view: one component of one quantity. Samples that mean
nothing become NaN, which breaks the line, and the spans they cover are given for shading.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from m3n_studio.motion.clip import runs
from m3n_studio.recordings.pyramid import FloatArray, Pyramid
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


@dataclass(frozen=True)
class EvenTimes:
    """Times of evenly spaced samples, s, without an array: what a store has instead of one."""

    start_s: float
    rate_hz: float
    count: int

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return self.start_s + np.arange(*key.indices(self.count)) / self.rate_hz
        index = np.asarray(key)
        times = self.start_s + np.where(index < 0, index + self.count, index) / self.rate_hz
        return times if times.ndim else float(times)

    def searchsorted(self, time_s: float, side: str = "left") -> int:
        """As for arrays."""
        place = (time_s - self.start_s) * self.rate_hz
        index = int(np.ceil(place - 1e-9)) if side == "left" else int(np.floor(place + 1e-9)) + 1
        return min(max(index, 0), self.count)


@dataclass(frozen=True, eq=False)
class Drawn:
    """What of a line is drawn: points (P,), samples to a bucket (1: every sample is drawn)."""

    time_s: FloatArray
    values: FloatArray
    size: int


@dataclass(frozen=True, eq=False)
class Line:
    """Times (N,), s, increasing, and values (N,), NaN where the sample means nothing.

    Either may be an array or anything that gives arrays for slices and has a length (memory map,
    HDF5 column, :class:`EvenTimes`). `base` is the first level of the pyramid, where a store keeps it.
    """

    time_s: Any
    values: Any
    base: tuple[Any, Any] | None = None

    @cached_property
    def pyramid(self) -> Pyramid:
        """Peaks of the values, made when first needed."""
        return Pyramid(self.values, self.base)

    @cached_property
    def extent(self) -> tuple[float, float]:
        """Lowest and highest of all values; NaN where there is none."""
        return self.pyramid.extent()

    def value_at(self, time_s: float) -> float:
        """The sample nearest in time; NaN outside the line or in a gap."""
        n = len(self.time_s)
        i = int(self.time_s.searchsorted(time_s))
        if i > 0 and (i == n or time_s - self.time_s[i - 1] <= self.time_s[i] - time_s):
            i -= 1
        step = self.time_s[n - 1] - self.time_s[0]
        reach = 1.5 * step / (n - 1) if n > 1 else 0.0
        return float(self.values[i]) if abs(self.time_s[i] - time_s) <= reach else float("nan")

    def between(self, low_s: float, high_s: float) -> tuple[int, int]:
        """Half-open range of the samples from `low_s` to `high_s`, both included."""
        return int(self.time_s.searchsorted(low_s)), int(self.time_s.searchsorted(high_s, side="right"))

    def drawn(self, low_s: float, high_s: float, pixels: int) -> Drawn:
        """The points to draw from `low_s` to `high_s` on so many pixels: samples, or peaks of many."""
        n = len(self.time_s)
        start, stop = self.between(low_s, high_s)
        start, stop = max(start - 1, 0), min(stop + 1, n)
        if stop - start <= 2 * max(pixels, 1):
            return Drawn(np.asarray(self.time_s[start:stop]), np.asarray(self.values[start:stop]), 1)
        peaks = self.pyramid.peaks(start, stop, pixels)
        firsts = peaks.start + peaks.size * np.arange(len(peaks.low))
        lasts = np.minimum(firsts + peaks.size, n) - 1
        times = 0.5 * (self.time_s[firsts] + self.time_s[lasts])
        return Drawn(np.repeat(times, 2), np.column_stack([peaks.low, peaks.high]).ravel(), peaks.size)


def line(signal: Signal, quantity: Quantity, component: str, invalid: NDArray[np.intp] | None = None) -> Line:
    """One component of one quantity of a signal, broken where it is not valid (`invalid`: where, if known)."""
    data = getattr(signal, quantity.field)
    if component == "magnitude":
        values = np.sqrt(np.einsum("ij,ij->i", data, data))
    else:
        values = data[:, "xyz".index(component)].copy()
    values[np.flatnonzero(~signal.valid) if invalid is None else invalid] = np.nan
    return Line(signal.time_s, values)


def on_times(signal: Signal, time_s: Array) -> Signal:
    """A signal read off at other times, linearly between its samples; invalid wherever a neighbour is."""
    if len(time_s) == len(signal) and np.array_equal(time_s, signal.time_s):
        return signal
    after = np.clip(np.searchsorted(signal.time_s, time_s), 0, len(signal) - 1)
    before = np.where(signal.time_s[after] == time_s, after, np.maximum(after - 1, 0))
    step = 1.5 / signal.rate_hz if signal.rate_hz else 0.0
    near = (signal.time_s[after] - signal.time_s[before] <= step) & signal.valid[after] & signal.valid[before]
    inside = (time_s >= signal.time_s[0]) & (time_s <= signal.time_s[-1])
    acc, gyr = (
        np.column_stack([np.interp(time_s, signal.time_s, data[:, i]) for i in range(3)])
        for data in (signal.acc_mps2, signal.gyr_radps)
    )
    return Signal(signal.name, time_s, acc, gyr, near & inside)


def difference(simulated: Line, real: Line) -> Line:
    """Simulated less real, both on the same times (see :func:`on_times`)."""
    return Line(simulated.time_s, simulated.values - real.values)


def invalid_spans(signal: Signal) -> tuple[tuple[float, float], ...]:
    """Times (from, to), s, in which the samples mean nothing."""
    t = signal.time_s
    half = 0.5 * float(t[-1] - t[0]) / max(len(t) - 1, 1)
    return tuple((float(t[a] - half), float(t[b - 1] + half)) for a, b in runs(~signal.valid))


def value_range(lines: tuple[Line, ...], least_span: float) -> tuple[float, float]:
    """Lowest and highest value to show: all of it, room for the readout above, and no less than `least_span`."""
    extents = [e for e in (part.extent for part in lines) if e[0] == e[0]]
    if not extents:
        return -0.5 * least_span, 0.5 * least_span
    low, high = min(e[0] for e in extents), max(e[1] for e in extents)
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
