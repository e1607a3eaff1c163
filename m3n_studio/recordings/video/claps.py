"""Sharp events, such as claps, in what a sensor reads and in how much moves in a video."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from m3n_studio.recordings.signal import Signal
from m3n_studio.recordings.video.motion import MotionEnergy

Array = NDArray[np.float64]
APART_S = 0.25  # two events closer than this are one
_AROUND_S = 2.0  # what an event is compared with
_SHARP_MPS2 = 15.0  # change of |a| that a clap reaches and walking seldom does
_OUTSTANDING = 6.0  # times the usual spread around it
_NEARLY = 0.4
_MOST = 400  # the most outstanding events that are kept


@dataclass(frozen=True, eq=False)
class Events:
    """Sharp events, in order of time.

    Attributes
    ----------
    times_s : (K,) float64, s
    within_s : (K,) float64, s
        Half the width of where each can have been.
    strength : (K,) float64
        Height above what surrounds it, in its usual spread.
    """

    times_s: Array
    within_s: Array
    strength: Array

    def __len__(self) -> int:
        return len(self.times_s)


def claps_in_signal(signal: Signal) -> Events:
    """Moments at which the magnitude of the acceleration jumps: the beginning of each jump, between two samples."""
    size = np.linalg.norm(signal.acc_mps2, axis=1)
    size[~signal.valid] = np.median(size[signal.valid]) if signal.valid.any() else 0.0
    step = np.abs(np.diff(size, prepend=size[:1]))
    gap = np.diff(signal.time_s, prepend=2 * signal.time_s[0] - signal.time_s[min(1, len(signal) - 1)])
    return _outstanding(signal.time_s - gap / 2, gap / 2, step, floor=_SHARP_MPS2 / 3, rise_s=0.12)


def claps_in_video(energy: MotionEnergy) -> Events:
    """Moments at which a picture differs from the one before far more than its neighbours do."""
    return _outstanding(energy.times_s, energy.gap_s / 2, energy.per_frame, floor=0.002, rise_s=0.2)


def _outstanding(times_s: Array, within_s: Array, level: Array, *, floor: float, rise_s: float) -> Events:
    """The peaks of `level` that stand out, each by the first sample nearly as high at most `rise_s` before it.

    A light that flashes goes on and off again, and a jolt rings: it is the beginning that counts.
    """
    if len(level) < 8:
        return Events(*(np.zeros(0) for _ in range(3)))
    middle, spread = _surroundings(times_s, level)
    height = level - middle
    score = height / np.maximum(spread, floor / _OUTSTANDING)
    peaks = _peaks_apart(times_s, np.where((height > floor) & (score > _OUTSTANDING), height, 0.0))
    strongest = peaks[np.argsort(-score[peaks], kind="stable")[:_MOST]]
    peaks = np.sort(strongest)
    at = np.array([_onset(times_s, score, p, rise_s) for p in peaks], dtype=int)
    return Events(times_s[at], within_s[at], score[peaks])


def _surroundings(times_s: Array, level: Array) -> tuple[Array, Array]:
    """Median and robust spread of a few seconds around each sample, by blocks."""
    rate = 1.0 / max(float(np.median(np.diff(times_s))), 1e-6)
    block = int(np.clip(round(_AROUND_S * rate), 8, len(level)))
    starts = np.arange(0, len(level), block)
    middles, spreads, centres = [], [], []
    for start in starts:
        part = level[max(start - block // 2, 0) : start + block + block // 2]
        middle = float(np.median(part))
        middles.append(middle)
        spreads.append(1.4826 * float(np.median(np.abs(part - middle))))
        centres.append(start + block / 2)
    at = np.arange(len(level))
    return np.interp(at, centres, middles), np.interp(at, centres, spreads)


def _peaks_apart(times_s: Array, height: Array) -> NDArray[np.intp]:
    """Indices of local maxima, the higher first served, none closer than `APART_S` to another."""
    inner = np.flatnonzero(height > 0)
    taken = np.zeros(len(height), dtype=bool)
    for at in inner[np.argsort(-height[inner], kind="stable")]:
        low, high = np.searchsorted(times_s, (times_s[at] - APART_S, times_s[at] + APART_S))
        if not taken[low:high].any():
            taken[at] = True
    return np.flatnonzero(taken)


def _onset(times_s: Array, score: Array, peak: int, rise_s: float) -> int:
    """The first sample at most `rise_s` before a peak that is nearly as outstanding."""
    low = int(np.searchsorted(times_s, times_s[peak] - rise_s))
    return low + int(np.argmax(score[low : peak + 1] > _NEARLY * score[peak]))
