"""Find similar: the stretches of signals most like one of them (MASS, by stumpy), never across a gap.

By shape every channel of every stretch is taken to zero mean and unit spread, so size, and gravity's share, do not
matter: the score is the mean correlation. With the amplitude, values are compared as they are: the score is the
share of the stretch's own variation that the other one explains. Both are 1 for the same and 0 for nothing in
common. A channel counts by how much the stretch moves in it, compared with how much the channel moves in all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import Cancelled, ValueProblem

Array = NDArray[np.float64]

_CHUNK = 1 << 18
_LEAST_SAMPLES = 8


@dataclass(frozen=True)
class Searched:
    """A recording that is searched.

    Attributes
    ----------
    name : str
        Whose it is; comes back with every match.
    start_s : float, s
        Time of the first sample on its session's clock.
    rate_hz : float
        Even samples; the same in all that are searched together.
    values : (N, C)
        Channels, the same in all.
    valid : (N,) bool
        Samples that count.
    """

    name: str
    start_s: float
    rate_hz: float
    values: Array
    valid: NDArray[np.bool_]

    def __post_init__(self) -> None:
        values, valid = np.asarray(self.values, dtype=np.float64), np.asarray(self.valid, dtype=np.bool_)
        if values.ndim != 2 or valid.shape != values.shape[:1] or not self.rate_hz > 0:
            raise ValueProblem(f"{self.name}: expected (N, C) samples, (N,) valid and a rate; found {values.shape}")
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "valid", valid & np.isfinite(values).all(axis=1))

    def index(self, time_s: float) -> int:
        """The sample nearest a time, s."""
        return round((time_s - self.start_s) * self.rate_hz)

    def time_s(self, index: int) -> float:
        """Time of a sample, s."""
        return self.start_s + index / self.rate_hz


@dataclass(frozen=True)
class Match:
    """A stretch that is like the one looked for.

    Attributes
    ----------
    recording : int
        Which of the recordings searched.
    name : str
        Its name.
    start_s, end_s : float, s
        On its session's clock.
    score : float
        1 for the same, 0 for nothing in common.
    """

    recording: int
    name: str
    start_s: float
    end_s: float
    score: float


def find_similar(
    recordings: Sequence[Searched],
    query: int,
    start_s: float,
    end_s: float,
    *,
    most: int = 20,
    amplitude: bool = False,
    least_score: float = 0.0,
    weights: Sequence[float] | None = None,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[Match, ...]:
    """The stretches most like one of them, best first.

    Parameters
    ----------
    recordings : of Searched
        One rate and number of channels.
    query : int
        Which of them the stretch is in.
    start_s, end_s : float, s
        The stretch; what overlaps it is no match.
    most : int
        How many at most; they do not overlap.
    amplitude : bool
        Values count as they are, not only their shape.
    least_score : float
        Less similar ones are left out.
    weights : (C,), optional
        How much each channel counts, 0 or more.
    progress : called with the share done, 0 to 1
    cancelled : asked now and then; raises `Cancelled` once it says yes

    Raises
    ------
    ValueProblem
        Where the stretch is too short, has a gap in it, or does not move.
    """
    first, last, stretch = _stretch(recordings, query, start_s, end_s)
    share = _weights(recordings, stretch, weights, amplitude=amplitude)
    m = len(stretch)
    total = sum(max(len(r.values) - m + 1, 0) for r in recordings)
    done = 0
    found: list[Match] = []
    for at, recording in enumerate(recordings):
        score = np.full(max(len(recording.values) - m + 1, 0), -np.inf)
        for low in range(0, len(score), _CHUNK):
            if cancelled is not None and cancelled():
                raise Cancelled("the search was cancelled")
            high = min(low + _CHUNK, len(score))
            part = slice(low, high + m - 1)
            score[low:high] = score_profile(
                stretch, recording.values[part], recording.valid[part], share, amplitude=amplitude
            )
            done += high - low
            if progress is not None:
                progress(done / total)
        if at == query:
            score[max(first - m + 1, 0) : last] = -np.inf
        for i in best_apart(score, m, most, least_score):
            found.append(Match(at, recording.name, recording.time_s(i), recording.time_s(i + m), float(score[i])))
    return tuple(sorted(found, key=lambda f: (-f.score, f.recording, f.start_s))[:most])


def _stretch(recordings: Sequence[Searched], query: int, start_s: float, end_s: float) -> tuple[int, int, Array]:
    """First sample, one past the last, and the samples of what is looked for."""
    source = recordings[query]
    shapes = {(r.rate_hz, r.values.shape[1]) for r in recordings}
    if len(shapes) > 1:
        raise ValueProblem("Find similar: the recordings differ in their rate or channels; resample them first")
    first, last = source.index(start_s), source.index(end_s)
    if first < 0 or last > len(source.values) or last - first < _LEAST_SAMPLES:
        raise ValueProblem(
            f"Find similar: expected at least {_LEAST_SAMPLES} samples inside the recording; found {last - first}"
        )
    if not source.valid[first:last].all():
        raise ValueProblem("Find similar: the stretch has a gap in it; choose one without")
    return first, last, source.values[first:last]


def _weights(
    recordings: Sequence[Searched], stretch: Array, weights: Sequence[float] | None, *, amplitude: bool
) -> Array:
    """How much each channel counts, (C,), summing to one; by amplitude it carries the units: per square unit."""
    spread = stretch.std(axis=0)
    usual = _usual_spread(recordings)
    moves = spread > 1e-9 * np.maximum(usual, 1e-12) + 1e-12
    relative = np.where(moves, spread / np.where(usual > 0, usual, 1.0), 0.0)
    share = relative**2 if weights is None else np.asarray(weights, dtype=np.float64) * moves
    if share.shape != spread.shape or not np.isfinite(share).all() or (share < 0).any() or not share.sum() > 0:
        raise ValueProblem("Find similar: the stretch does not move in any channel that counts")
    share = share / share.sum()
    return np.asarray(share / np.where(moves, spread, 1.0) ** 2 if amplitude else share)


def _usual_spread(recordings: Sequence[Searched]) -> Array:
    """Standard deviation of each channel over everything that counts, (C,)."""
    channels = recordings[0].values.shape[1]
    count, total = 0, np.zeros(channels)
    for r in recordings:
        count += int(r.valid.sum())
        total += r.values[r.valid].sum(axis=0)
    mean = total / max(count, 1)
    square = sum((((r.values[r.valid] - mean) ** 2).sum(axis=0) for r in recordings), np.zeros(channels))
    return np.asarray(np.sqrt(square / max(count, 1)))


def score_profile(
    stretch: Array, values: Array, valid: NDArray[np.bool_], weights: Array, *, amplitude: bool = False
) -> Array:
    """How like a stretch every window of a signal is.

    stretch : (M, C); values : (N, C); valid : (N,); weights : (C,), of `find_similar`

    Returns
    -------
    (N - M + 1,), at most 1; -inf where a window has a sample that does not count.
    """
    from stumpy import core, mass

    m = len(stretch)
    lost = np.zeros(len(values) - m + 1)
    for c in np.flatnonzero(weights):
        q, t = np.ascontiguousarray(stretch[:, c]), np.where(valid, values[:, c], np.nan)
        distance = core.mass_absolute(q, t) ** 2 / m if amplitude else mass(q, t) ** 2 / (2 * m)
        lost += weights[c] * distance
    return np.asarray(np.where(np.isfinite(lost), 1.0 - lost, -np.inf))


def best_apart(score: Array, apart: int, most: int, least_score: float = 0.0) -> list[int]:
    """Where a profile is highest, best first, at least `apart` from each other."""
    left = score.copy()
    found: list[int] = []
    while len(found) < most and len(left):
        best = int(np.argmax(left))
        if not np.isfinite(left[best]) or left[best] < least_score:
            break
        found.append(best)
        left[max(best - apart + 1, 0) : best + apart] = -np.inf
    return found
