"""Where a video lies on a signal's clock: by claps, else by how much moves; offset and drift, with a stated confidence.

The video's motion energy and the sensor's activity are cross-correlated, which gives a few offsets that
may be right. For each, the sharp events of both are paired; the offset (and, given enough of them over
enough time, the drift) that pairs most of them best is taken. A video shows an event only as falling between
two frames, so one clap tells the offset to half a frame and several tell it better. Without claps the
correlation itself decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import ValueProblem
from m3n_studio.recordings.signal import Signal
from m3n_studio.recordings.timemap import TimeMap
from m3n_studio.recordings.video.claps import Events, claps_in_signal, claps_in_video
from m3n_studio.recordings.video.motion import MotionEnergy

Array = NDArray[np.float64]
_GRID_HZ = 50.0
_CANDIDATES = 12
_NEAR_S = 0.2  # how far apart, at first, the two halves of a pair may be
_AGREE_S = 0.5
_MOVING_S = 0.25  # acceleration and speed are largest at different moments of a movement
_MOST_PPM = 2000.0
_DRIFT_PAIRS, _DRIFT_S = 4, 60.0  # drift is estimated from this many pairs over this long
_FEWEST_OVERLAP_S = 2.0


@dataclass(frozen=True)
class Synchronised:
    """A video on a signal's clock.

    Attributes
    ----------
    time_map : TimeMap
        From the video's own seconds to the signal's.
    confidence : float
        0 (a guess) to 1 (no other offset comes near).
    within_s : float
        Half the width of where the offset can be, s, if it is right at all.
    method : {"claps", "motion"}
    pairs : tuple of (video own s, signal s)
        The events it rests on.
    remark : str
        For people.
    """

    time_map: TimeMap
    confidence: float
    within_s: float
    method: str
    pairs: tuple[tuple[float, float], ...]
    remark: str


def synchronise(
    energy: MotionEnergy, signals: Iterable[Signal], *, near_s: float | None = None, most_s: float | None = None
) -> Synchronised:
    """Find where a video lies on the clock of signals.

    Parameters
    ----------
    energy : MotionEnergy
    signals : iterable of Signal
        On one clock; the one that fits best decides.
    near_s, most_s : float, optional
        Only offsets (signal minus own seconds) within `most_s` of `near_s`.

    Raises
    ------
    ValueProblem
        No signal overlaps, or nothing moves.
    """
    found = [_with(energy, signal, near_s or 0.0, most_s) for signal in signals]
    best = max((f for f in found if f is not None), key=lambda f: (f.confidence, len(f.pairs)), default=None)
    if best is None:
        raise ValueProblem("synchronise: nothing moves in the video or in the signals, or they do not overlap")
    return best


def through_points(points: Iterable[tuple[float, float]]) -> TimeMap:
    """The map through sync points (own s, session s) set by hand; a newer point replaces one at the same frame."""
    by_own = {float(own): float(session) for own, session in points}
    return TimeMap.through(by_own.items())


def _with(energy: MotionEnergy, signal: Signal, near_s: float, most_s: float | None) -> Synchronised | None:
    scored = _correlations(energy, signal, near_s, most_s)
    video, sensor = claps_in_video(energy), claps_in_signal(signal)
    offsets = [o for o, _ in scored] + _votes(video, sensor, near_s, most_s)
    tried = [t for o in offsets if (t := _pair(video, sensor, o)) is not None]
    by_claps = _by_claps(tried, video, sensor, scored) if tried else None
    by_motion = _by_motion(energy, scored) if scored else None
    if by_claps is None or by_motion is None:
        return by_claps or by_motion
    own = float(energy.times_s.mean())
    agree = abs(by_claps.time_map.to_session(own) - by_motion.time_map.to_session(own)) < _AGREE_S
    return by_claps if agree or by_claps.confidence >= by_motion.confidence else by_motion


@dataclass(frozen=True, eq=False)
class _Pairing:
    time_map: TimeMap
    own_s: Array
    signal_s: Array
    within_s: Array
    score: float


def _by_claps(tried: list[_Pairing], video: Events, sensor: Events, scored: list[tuple[float, float]]) -> Synchronised:
    best = max(tried, key=lambda p: p.score)
    middle = float(best.own_s.mean())
    place = float(best.time_map.to_session(middle)) - middle
    rivals = [p.score for p in tried if abs(float(p.time_map.to_session(middle)) - middle - place) > 2 * _NEAR_S]
    lead = 1.0 - max(rivals, default=0.0) / best.score
    share = len(best.own_s) / max(min(len(video), len(sensor)), 1)
    agrees = bool(scored) and abs(scored[0][0] - place) < _AGREE_S
    enough = 1.0 - 0.5 ** (len(best.own_s) - 1)
    confidence = float(np.clip(enough * (0.25 + 0.75 * lead) * (0.5 + 0.5 * max(share, float(agrees))), 0.0, 1.0))
    off = best.signal_s - best.time_map.to_session(best.own_s)
    tight = float(np.median(best.within_s)) / np.sqrt(len(best.own_s))
    within = max(tight, float(np.abs(off).mean()) / np.sqrt(len(off)))
    drift = best.time_map.drift_ppm
    drifting = f", drift {drift:+.0f} ppm" if drift else ""
    pairs = tuple(zip(best.own_s.tolist(), best.signal_s.tolist(), strict=True))
    return Synchronised(
        best.time_map, confidence, within, "claps", pairs,
        f"{len(best.own_s)} claps paired of {len(video)} in the video and {len(sensor)} in the signal{drifting}",
    )  # fmt: skip


def _by_motion(energy: MotionEnergy, scored: list[tuple[float, float]]) -> Synchronised:
    offset, best = scored[0]
    rival = max((s for o, s in scored[1:] if abs(o - offset) > 2 * _NEAR_S), default=0.0)
    confidence = float(np.clip((best - max(rival, 0.0)) / max(best, 1e-9), 0.0, 1.0) * np.clip(2 * best, 0.0, 1.0))
    return Synchronised(
        TimeMap.offset(offset), 0.9 * confidence, _MOVING_S, "motion", (),
        f"claps decide nothing; movement agrees with a correlation of {best:.2f}, the next best {max(rival, 0.0):.2f}",
    )  # fmt: skip


def _pair(video: Events, sensor: Events, offset: float) -> _Pairing | None:
    """Pair the events of both at about an offset, and fit what maps one to the other."""
    own, there, within = _nearest(video, sensor, TimeMap.offset(offset), _NEAR_S)
    if len(own) < 2:
        return None
    fitted = _fit(own, there, within)
    for near in (0.12, 0.08):
        own, there, within = _nearest(video, sensor, fitted, near)
        if len(own) < 2:
            return None
        fitted = _fit(own, there, within)
    off = np.abs(there - fitted.to_session(own)) / np.maximum(within, 1e-3)
    return _Pairing(fitted, own, there, within, float(np.exp(-0.5 * (off / 1.5) ** 2).sum()))


def _nearest(video: Events, sensor: Events, time_map: TimeMap, near_s: float) -> tuple[Array, Array, Array]:
    """Pairs that are each other's nearest, and at most `near_s` apart."""
    if not len(video) or not len(sensor):
        return np.zeros(0), np.zeros(0), np.zeros(0)
    there = time_map.to_session(video.times_s)
    to = _closest(sensor.times_s, there)
    mutual = _closest(there, sensor.times_s)[to] == np.arange(len(there))
    keep = mutual & (np.abs(sensor.times_s[to] - there) <= near_s)
    return video.times_s[keep], sensor.times_s[to[keep]], (video.within_s[keep] + sensor.within_s[to[keep]])


def _closest(sorted_s: Array, times_s: Array) -> NDArray[np.intp]:
    right = np.clip(np.searchsorted(sorted_s, times_s), 1, max(len(sorted_s) - 1, 1)) if len(sorted_s) > 1 else None
    if right is None:
        return np.zeros(len(times_s), dtype=np.intp)
    return np.where(times_s - sorted_s[right - 1] <= sorted_s[right] - times_s, right - 1, right)


def _fit(own: Array, there: Array, within: Array) -> TimeMap:
    """Weighted line through pairs; its slope only where there are enough of them over enough time."""
    weight = 1.0 / np.maximum(within, 1e-3) ** 2
    for _ in range(3):
        centre, goal = np.average(own, weights=weight), np.average(there, weights=weight)
        rate = 1.0
        if len(own) >= _DRIFT_PAIRS and np.ptp(own) >= _DRIFT_S:
            spread = np.sum(weight * (own - centre) ** 2)
            rate = float(np.sum(weight * (own - centre) * (there - goal)) / spread)
            rate = float(np.clip(rate, 1 - _MOST_PPM * 1e-6, 1 + _MOST_PPM * 1e-6))
        off = np.abs(there - goal - rate * (own - centre)) / np.maximum(within, 1e-3)
        weight = 1.0 / np.maximum(within, 1e-3) ** 2 / np.maximum(off, 1.0) ** 2
    left = there - goal - rate * (own - centre)
    return TimeMap(((float(centre), float(goal + _most_agreed(left, within))),), rate)


def _most_agreed(left: Array, within: Array) -> float:
    """The middle of where most of the stretches left - within to left + within overlap."""
    edges = np.concatenate([left - within, left + within])
    order = np.argsort(edges, kind="stable")
    deep = np.cumsum(np.where(order < len(left), 1, -1))
    at = int(np.argmax(deep))
    return float(edges[order[at]] + edges[order[min(at + 1, len(order) - 1)]]) / 2


def _votes(video: Events, sensor: Events, near_s: float, most_s: float | None) -> list[float]:
    """Offsets at which many pairs of events coincide."""
    strongest = [np.sort(e.times_s[np.argsort(-e.strength)[:100]]) for e in (video, sensor)]
    offsets = np.sort((strongest[1][None, :] - strongest[0][:, None]).ravel())
    if most_s is not None:
        offsets = offsets[np.abs(offsets - near_s) <= most_s]
    if len(offsets) < 2:
        return []
    many = np.searchsorted(offsets, offsets + 0.06, side="right") - np.arange(len(offsets))
    chosen: list[float] = []
    for at in np.argsort(-many, kind="stable"):
        if many[at] < 2 or len(chosen) >= _CANDIDATES:
            break
        if all(abs(offsets[at] - c) > 0.1 for c in chosen):
            chosen.append(float(np.median(offsets[at : at + many[at]])))
    return chosen


def _correlations(
    energy: MotionEnergy, signal: Signal, near_s: float, most_s: float | None
) -> list[tuple[float, float]]:
    """The offsets at which activity of both agrees most, with their correlations, best first."""
    from scipy.signal import fftconvolve

    seen, seen_from = _even(energy.times_s, np.sqrt(energy.per_frame))
    size = np.linalg.norm(signal.acc_mps2, axis=1)
    size = np.where(signal.valid, np.abs(size - np.median(size)), 0.0)
    felt, felt_from = _even(signal.time_s, np.sqrt(size))
    if min(len(seen), len(felt)) < _FEWEST_OVERLAP_S * _GRID_HZ or not seen.any() or not felt.any():
        return []
    product = fftconvolve(felt, seen[::-1])
    power_felt = fftconvolve(felt**2, np.ones(len(seen)))
    power_seen = fftconvolve(np.ones(len(felt)), seen[::-1] ** 2)
    overlap = fftconvolve(np.ones(len(felt)), np.ones(len(seen)))
    at_least = max(0.3 * min(len(seen), len(felt)), _FEWEST_OVERLAP_S * _GRID_HZ)
    score = product / np.sqrt(np.maximum(power_felt * power_seen, 1e-12))
    score = np.where(overlap >= at_least, score, -1.0)
    offsets = (np.arange(len(score)) - (len(seen) - 1)) / _GRID_HZ + felt_from - seen_from
    if most_s is not None:
        score = np.where(np.abs(offsets - near_s) <= most_s, score, -1.0)
    return _best_apart(offsets, score)


def _even(times_s: Array, values: Array) -> tuple[Array, float]:
    """Values on an even grid, smoothed over a tenth of a second, without their slow part, and its first time."""
    from scipy.ndimage import gaussian_filter1d

    step = 1.0 / _GRID_HZ
    grid = np.arange(times_s[0], times_s[-1], step)
    total = np.concatenate([[0.0], np.cumsum((values[1:] + values[:-1]) / 2 * np.diff(times_s))])
    edges = np.concatenate([grid - step / 2, grid[-1:] + step / 2]) if len(grid) else grid
    if len(grid) < 2:
        return np.zeros(0), float(times_s[0])
    even = np.diff(np.interp(edges, times_s, total)) / step
    even = gaussian_filter1d(even, 2.0) - gaussian_filter1d(even, 2.0 * _GRID_HZ)
    return even / max(float(even.std()), 1e-12), float(grid[0])


def _best_apart(offsets: Array, score: Array) -> list[tuple[float, float]]:
    inner = np.flatnonzero((score[1:-1] > score[:-2]) & (score[1:-1] >= score[2:]) & (score[1:-1] > 0)) + 1
    chosen: list[tuple[float, float]] = []
    for at in inner[np.argsort(-score[inner], kind="stable")]:
        if all(abs(offsets[at] - c) > _NEAR_S for c, _ in chosen):
            left, mid, right = score[at - 1 : at + 2]
            bend = left - 2 * mid + right
            shift = 0.5 * (left - right) / bend if bend < 0 else 0.0
            chosen.append((float(offsets[at] + shift / _GRID_HZ), float(mid)))
        if len(chosen) >= _CANDIDATES:
            break
    return chosen
