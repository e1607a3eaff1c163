"""The moments an edge may jump to: other labels' edges, what happens in a signal, video frames, a grid.

The nearest of the strongest kind within the tolerance wins: edges before onsets before extrema before frames
before the grid, because frames and grid are everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from m3n_studio.annotation.model import Annotation
from m3n_studio.annotation.track import Track
from m3n_studio.errors import ValueProblem

Array = NDArray[np.float64]
Reason = Literal["edge", "onset", "extremum", "frame", "grid"]

#: Smaller is stronger.
PRIORITY: dict[Reason, int] = {"edge": 0, "onset": 1, "extremum": 2, "frame": 3, "grid": 4}


@dataclass(frozen=True)
class Moment:
    """Where an edge may jump to.

    Attributes
    ----------
    time_s : float, s
    reason : {"edge", "onset", "extremum", "frame", "grid"}
    what : str
        For people: whose edge, which signal, which video.
    """

    time_s: float
    reason: Reason
    what: str = ""

    @property
    def priority(self) -> int:
        """Smaller is stronger."""
        return PRIORITY[self.reason]


@dataclass(frozen=True)
class Moments:
    """Many moments of one kind.

    Attributes
    ----------
    reason : {"onset", "extremum", "frame"}
    time_s : (N,), s, increasing
    what : str
    """

    reason: Reason
    time_s: Array
    what: str = ""

    def __post_init__(self) -> None:
        times = np.asarray(self.time_s, dtype=np.float64)
        if times.ndim != 1 or not np.isfinite(times).all() or (np.diff(times) < 0).any():
            raise ValueProblem(f"moments of {self.what or self.reason}: expected times that increase")
        object.__setattr__(self, "time_s", times)


@dataclass(frozen=True)
class Grid:
    """Even moments.

    Attributes
    ----------
    step_s : float, s
    origin_s : float, s
        One of them.
    """

    step_s: float
    origin_s: float = 0.0

    def __post_init__(self) -> None:
        if not 1e-6 <= self.step_s < 1e9:
            raise ValueProblem(f"grid: expected a step above 0 s; found {self.step_s}")


def candidates(
    time_s: float,
    tolerance_s: float,
    *,
    tracks: Iterable[Track] = (),
    moments: Iterable[Moments] = (),
    grid: Grid | None = None,
    without: Sequence[str] = (),
) -> tuple[Moment, ...]:
    """All moments within a tolerance of a time, the one to jump to first.

    Parameters
    ----------
    tracks : of Track
        Tiers whose edges count.
    moments : of Moments
    grid : Grid, optional
    without : of str
        Ids of annotations whose edges do not count: the ones being dragged.

    Returns
    -------
    Stronger kinds before weaker, nearer before farther.
    """
    found = [m for track in tracks for m in _edges(track, time_s, tolerance_s, frozenset(without))]
    for kind in moments:
        low, high = np.searchsorted(kind.time_s, (time_s - tolerance_s, time_s + tolerance_s), side="left")
        high += int(high < len(kind.time_s) and kind.time_s[high] == time_s + tolerance_s)
        found += [Moment(float(t), kind.reason, kind.what) for t in kind.time_s[low:high]]
    if grid is not None:
        at = grid.origin_s + round((time_s - grid.origin_s) / grid.step_s) * grid.step_s
        if abs(at - time_s) <= tolerance_s:
            found.append(Moment(at, "grid"))
    return tuple(sorted(set(found), key=lambda m: (m.priority, abs(m.time_s - time_s), m.time_s, m.what)))


def nearest(
    time_s: float,
    tolerance_s: float,
    *,
    tracks: Iterable[Track] = (),
    moments: Iterable[Moments] = (),
    grid: Grid | None = None,
    without: Sequence[str] = (),
) -> Moment | None:
    """The moment to jump to, or None; see :func:`candidates`."""
    found = candidates(time_s, tolerance_s, tracks=tracks, moments=moments, grid=grid, without=without)
    return found[0] if found else None


def _edges(track: Track, time_s: float, tolerance_s: float, without: frozenset[str]) -> list[Moment]:
    low, high = time_s - tolerance_s, time_s + tolerance_s
    return [
        Moment(edge, "edge", track.tier.name)
        for a in {a.id: a for a in (*track.overlapping(low, high), *_touching(track, low, high))}.values()
        if a.id not in without
        for edge in (a.start_s, a.end_s)
        if low <= edge <= high
    ]


def _touching(track: Track, low: float, high: float) -> list[Annotation]:
    """Those that only touch the span: end where it starts, or start where it ends."""
    before = float(np.nextafter(low, -np.inf))
    after = float(np.nextafter(high, np.inf))
    return [*track.at(before), *track.overlapping(high, after)]


def extrema(time_s: Array, values: Array, valid: NDArray[np.bool_] | None = None, *, prominence: float = 0.1) -> Array:
    """Times (s) of a signal's highs and lows.

    Parameters
    ----------
    time_s, values : (N,)
    valid : (N,) bool, optional
        Samples that count; an extremum is never at the border of a gap.
    prominence : float
        How far it must stand out, as a share of the range of all values.
    """
    from scipy.signal import find_peaks

    found: list[Array] = []
    counted = values[valid] if valid is not None else values
    least = prominence * float(np.ptp(counted)) if len(counted) else 0.0
    for start, stop in _runs(len(values), valid):
        some = values[start:stop]
        for sign in (1.0, -1.0):
            found.append(time_s[start + find_peaks(sign * some, prominence=max(least, 1e-12))[0]])
    return np.sort(np.concatenate(found)) if found else np.empty(0)


def onsets(
    time_s: Array, values: Array, valid: NDArray[np.bool_] | None = None, *, window_s: float = 0.3, rise: float = 3.0
) -> Array:
    """Times (s) at which a signal starts or stops to move.

    Parameters
    ----------
    time_s, values : (N,)
        Evenly sampled, but for gaps.
    valid : (N,) bool, optional
    window_s : float, s
        Its spread is compared before and after.
    rise : float
        How many times the spread must grow or shrink.
    """
    found: list[Array] = []
    for start, stop in _runs(len(values), valid):
        step = float(np.median(np.diff(time_s[start:stop]))) if stop - start > 1 else 0.0
        m = max(round(window_s / step), 3) if step > 0 else 0
        if not m or stop - start < 2 * m + 1:
            continue
        windows = np.lib.stride_tricks.sliding_window_view(values[start:stop], m)
        spread = windows.std(axis=1) + 1e-3 * float(np.std(values[start:stop])) + 1e-12
        change = np.abs(np.log(spread[m:] / spread[:-m]))
        found.append(time_s[start + m + _crests(change, float(np.log(rise)), m)])
    return np.sort(np.concatenate(found)) if found else np.empty(0)


def _crests(change: Array, least: float, apart: int) -> NDArray[np.intp]:
    from scipy.signal import find_peaks

    return np.asarray(find_peaks(np.concatenate([[0.0], change, [0.0]]), height=least, distance=apart)[0] - 1)


def _runs(count: int, valid: NDArray[np.bool_] | None) -> list[tuple[int, int]]:
    if valid is None:
        return [(0, count)] if count else []
    steps = np.diff(np.concatenate([[0], np.asarray(valid, dtype=np.int8), [0]]))
    return list(zip(np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist(), strict=True))
