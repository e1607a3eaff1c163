"""Power spectra, coherence and spectrograms of signals over a stretch of time. No Qt.

Samples that mean nothing are never bridged: every segment of Welch's method lies inside a run of
valid samples on even times (a recording that jitters is read off at its median rate). Hann
windows, half overlapping, each without its mean; one-sided densities.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from m3n_studio.motion.clip import runs
from m3n_studio.recordings.pyramid import FloatArray
from m3n_studio.recordings.signal import Signal
from m3n_studio.studio.traces.trace_data import Array, Quantity, on_times

LONGEST = 1024
SHORTEST = 16
_SEGMENTS_WANTED = 8
_JITTER = 0.02


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Frequencies (F,), Hz, density (F,), unit²/Hz, and over how many segments it is the mean."""

    frequency_hz: FloatArray
    density: FloatArray
    segments: int


@dataclass(frozen=True, eq=False)
class Spectrogram:
    """Times (S,), s, frequencies (F,), Hz, density (S, F), unit²/Hz; NaN where nothing is known."""

    time_s: Array
    frequency_hz: FloatArray
    density: FloatArray


@dataclass(frozen=True, eq=False)
class Stretch:
    """Runs of valid samples of a signal on even times: start times, s, and (n, C) values."""

    rate_hz: float
    starts_s: tuple[float, ...]
    runs: tuple[Array, ...]

    @property
    def longest(self) -> int:
        """Samples in the longest run."""
        return max((len(r) for r in self.runs), default=0)


def stretch(signal: Signal, quantity: Quantity, component: str, span_s: tuple[float, float]) -> Stretch:
    """What of a signal lies in a span: one column for ``x``, ``y``, ``z``, all three for ``magnitude``."""
    signal = evenly(signal)
    inside = (signal.time_s >= span_s[0]) & (signal.time_s <= span_s[1])
    data = getattr(signal, quantity.field)
    data = data if component == "magnitude" else data[:, ["xyz".index(component)]]
    found = runs(signal.valid & inside)
    return Stretch(signal.rate_hz, tuple(float(signal.time_s[a]) for a, _ in found), tuple(data[a:b] for a, b in found))


def evenly(signal: Signal) -> Signal:
    """The signal on even times; itself where it is already."""
    steps = np.diff(signal.time_s)
    if len(steps) < 2:
        return signal
    step = float(np.median(steps))
    if np.abs(steps - step).max() <= _JITTER * step:
        return signal
    return on_times(signal, np.arange(signal.time_s[0], signal.time_s[-1], step))


def segment_length(longest: int) -> int:
    """Samples to a segment, a power of two: several segments in the longest run, and not too long; 0 if too few."""
    if longest < SHORTEST:
        return 0
    length = SHORTEST
    while length * 2 <= min(LONGEST, max(2 * longest // (_SEGMENTS_WANTED + 1), SHORTEST)):
        length *= 2
    return length


def density(part: Stretch, length: int = 0) -> Spectrum | None:
    """Mean density over all segments, summed over the columns (Welch 1967); None where too little is known."""
    length = length or segment_length(part.longest)
    if not length:
        return None
    pieces = _pieces(part.runs, length)
    if not len(pieces):
        return None
    spectra = _transform(pieces)
    power = (np.abs(spectra) ** 2).sum(axis=2).mean(axis=0) * _scale(length, part.rate_hz)
    return Spectrum(np.fft.rfftfreq(length, 1 / part.rate_hz), power, len(pieces))


def coherence(
    one: Signal, other: Signal, quantity: Quantity, component: str, span_s: tuple[float, float]
) -> Spectrum | None:
    """Magnitude-squared coherence of two signals, 0 to 1, over the runs where both are valid.

    For ``magnitude`` the axes' cross spectra are summed before they are squared. None with fewer
    than two segments, where it would be 1 by definition. Above the lower Nyquist rate nothing is told.
    """
    first = evenly(one)
    second = on_times(other, first.time_s)
    both = first.valid & second.valid
    a = stretch(first.with_(valid=both), quantity, component, span_s)
    b = stretch(second.with_(valid=both), quantity, component, span_s)
    length = segment_length(a.longest)
    if not length:
        return None
    x, y = _pieces(a.runs, length), _pieces(b.runs, length)
    if len(x) < 2:
        return None
    X, Y = _transform(x), _transform(y)
    across = np.abs((X.conj() * Y).mean(axis=0).sum(axis=1)) ** 2
    powers = (np.abs(X) ** 2).mean(axis=0).sum(axis=1) * (np.abs(Y) ** 2).mean(axis=0).sum(axis=1)
    known = np.divide(across, powers, out=np.zeros_like(across), where=powers > 0)
    frequency = np.fft.rfftfreq(length, 1 / a.rate_hz)
    kept = frequency <= 0.5 * min(first.rate_hz, other.rate_hz)
    return Spectrum(frequency[kept], known[kept], len(x))


def spectrogram(part: Stretch, span_s: tuple[float, float], *, most: int = 600) -> Spectrogram | None:
    """Density over time, at most `most` segments in the span; NaN where a segment would not be valid throughout."""
    length = min(segment_length(part.longest), 256)
    if not length:
        return None
    hop = max(length // 4, round((span_s[1] - span_s[0]) * part.rate_hz / most), 1)
    count = max(int((span_s[1] - span_s[0]) * part.rate_hz - length) // hop + 1, 1)
    frequency = np.fft.rfftfreq(length, 1 / part.rate_hz)
    out = np.full((count, len(frequency)), np.nan)
    begins = span_s[0] + np.arange(count) * hop / part.rate_hz
    for start, run in zip(part.starts_s, part.runs, strict=True):
        first = np.round((begins - start) * part.rate_hz).astype(int)
        fits = np.flatnonzero((first >= 0) & (first + length <= len(run)))
        if len(fits):
            pieces = run[first[fits][:, None] + np.arange(length)]
            out[fits] = (np.abs(_transform(pieces)) ** 2).sum(axis=2) * _scale(length, part.rate_hz)
    return Spectrogram(begins + 0.5 * length / part.rate_hz, frequency, out)


def decibels(values: FloatArray) -> FloatArray:
    """10 log10, NaN for nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        out: FloatArray = 10 * np.log10(values)
    out[~np.isfinite(out)] = np.nan
    return out


def _pieces(found: Sequence[Array], length: int) -> Array:
    """Half-overlapping segments of all runs, (S, length, C)."""
    hop = length // 2
    parts = [
        run[np.arange(0, len(run) - length + 1, hop)[:, None] + np.arange(length)]
        for run in found
        if len(run) >= length
    ]
    return np.concatenate(parts) if parts else np.zeros((0, length, 1))


def _window(length: int) -> Array:
    out: Array = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    return out


def _transform(pieces: Array) -> NDArray[np.complex128]:
    """Spectra (S, F, C) of windowed segments without their means."""
    level = pieces - pieces.mean(axis=1, keepdims=True)
    out: NDArray[np.complex128] = np.fft.rfft(level * _window(pieces.shape[1])[:, None], axis=1)
    return out


def _scale(length: int, rate_hz: float) -> Array:
    """From squared magnitude to one-sided density, by frequency."""
    out = np.full(length // 2 + 1, 2.0 / (rate_hz * float((_window(length) ** 2).sum())))
    out[0] /= 2
    out[-1] /= 2  # lengths are even
    return out
