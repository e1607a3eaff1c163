"""How good labels are: what is covered, and how far two sets of them agree. Exact on the intervals, nothing sampled.

Where intervals of one track overlap, the one that starts last counts. Classes of two tracks are the same
where they have the same name. Unlabelled time is the class ``None``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from m3n_studio.annotation.changes import DUST_S
from m3n_studio.annotation.model import Annotation
from m3n_studio.annotation.track import Track

Span = tuple[float, float]


@dataclass(frozen=True)
class Disagreement:
    """A stretch two tracks label differently.

    Attributes
    ----------
    start_s, end_s : float, s
    first, second : str or None
        Class names on each track; None: unlabelled.
    """

    start_s: float
    end_s: float
    first: str | None
    second: str | None

    @property
    def duration_s(self) -> float:
        """Length, s."""
        return self.end_s - self.start_s


@dataclass(frozen=True)
class Confusion:
    """Seconds by what two tracks call them.

    Attributes
    ----------
    names : tuple of str or None
        Classes, None (unlabelled) last where it occurs.
    seconds : tuple of tuples of float, s
        ``seconds[i][j]``: class i on the first track and j on the second.
    """

    names: tuple[str | None, ...]
    seconds: tuple[tuple[float, ...], ...]

    @property
    def total_s(self) -> float:
        """All the time compared, s."""
        return math.fsum(s for row in self.seconds for s in row)

    @property
    def agreement(self) -> float:
        """Share of the time with the same class on both; NaN for no time."""
        same = math.fsum(self.seconds[i][i] for i in range(len(self.names)))
        return same / self.total_s if self.total_s else math.nan

    @property
    def kappa(self) -> float:
        """Cohen's kappa, time taking the place of counts; NaN where chance alone would agree wholly."""
        total = self.total_s
        if not total:
            return math.nan
        rows = [math.fsum(row) for row in self.seconds]
        columns = [math.fsum(column) for column in zip(*self.seconds, strict=True)]
        chance = math.fsum(r * c for r, c in zip(rows, columns, strict=True)) / total**2
        return (self.agreement - chance) / (1.0 - chance) if chance < 1.0 else math.nan


@dataclass(frozen=True)
class BoundaryScore:
    """How many changes of class one track shares with the other.

    Attributes
    ----------
    matched, first, second : int
        Pairs within the tolerance, one to one; boundaries on each track.
    mean_offset_s : float, s
        Second minus first, over the pairs; NaN without any.
    """

    matched: int
    first: int
    second: int
    mean_offset_s: float

    @property
    def precision(self) -> float:
        """Of the second's boundaries; NaN where it has none."""
        return self.matched / self.second if self.second else math.nan

    @property
    def recall(self) -> float:
        """Of the first's boundaries; NaN where it has none."""
        return self.matched / self.first if self.first else math.nan

    @property
    def f1(self) -> float:
        """Twice the pairs over all boundaries; NaN where there are none at all."""
        return 2 * self.matched / (self.first + self.second) if self.first + self.second else math.nan


@dataclass(frozen=True)
class Coverage:
    """How much of one class there is of one subject.

    Attributes
    ----------
    subject : str
    name : str or None
        Of the class; None: recorded and unlabelled.
    count : int
        Annotations, or unlabelled stretches.
    seconds : float, s
        Recorded time it covers; where its intervals overlap, once.
    share : float
        Of the subject's recorded time; NaN for none.
    """

    subject: str
    name: str | None
    count: int
    seconds: float
    share: float


def class_name(track: Track, a: Annotation | None) -> str | None:
    """What an annotation's class is called; its id where the tier does not know it."""
    if a is None:
        return None
    found = track.tier.by_id(a.label)
    return found.name if found else a.label


def stretches(track: Track, start_s: float, end_s: float) -> Iterator[tuple[float, float, Annotation | None]]:
    """[start, end), s, as pieces with the interval that counts there, or None; events do not count."""
    coming = (a for a in track.starting_from(math.nextafter(start_s, math.inf)) if a.end_s > a.start_s)
    active = [a for a in track.at(start_s) if a.end_s > a.start_s]
    following, at = next(coming, None), start_s
    while at < end_s:
        top = active[-1] if active else None
        stop = min(end_s, following.start_s if following else math.inf, top.end_s if top else math.inf)
        if stop > at:
            yield at, stop, top
        at = stop
        active = [a for a in active if a.end_s > at]
        while following is not None and following.start_s <= at:
            if following.end_s > at:
                active.append(following)
            following = next(coming, None)


def paired(
    a: Track, b: Track, spans: Iterable[Span]
) -> Iterator[tuple[float, float, Annotation | None, Annotation | None]]:
    """Spans (s) as pieces with the interval that counts on either track."""
    for start, end in spans:
        left, right = stretches(a, start, end), stretches(b, start, end)
        one, two, at = next(left, None), next(right, None), start
        while one is not None and two is not None:
            stop = min(one[1], two[1])
            if stop > at:
                yield at, stop, one[2], two[2]
            at = stop
            one = next(left, None) if one[1] <= stop else one
            two = next(right, None) if two[1] <= stop else two


def confusion(a: Track, b: Track, spans: Iterable[Span], *, null: bool = True) -> Confusion:
    """Time by what two tracks call it, over spans (s) that both have looked at.

    null : unlabelled is a class; else only time labelled on both counts.
    """
    cells: dict[tuple[str | None, str | None], list[float]] = {}
    for start, end, left, right in paired(a, b, spans):
        if null or (left is not None and right is not None):
            cells.setdefault((class_name(a, left), class_name(b, right)), []).append(end - start)
    order = [c.name for c in a.tier.classes] + [c.name for c in b.tier.classes]
    seen = dict.fromkeys(name for cell in cells for name in cell)
    known = [name for name in dict.fromkeys(order) if name in seen]
    names = (*known, *sorted(n for n in seen if n is not None and n not in known), *([None] if None in seen else []))
    seconds = tuple(tuple(math.fsum(cells.get((i, j), ())) for j in names) for i in names)
    return Confusion(names, seconds)


def kappa(a: Track, b: Track, spans: Iterable[Span], *, null: bool = True) -> float:
    """Cohen's kappa of two tracks over spans (s); see :class:`Confusion`."""
    return confusion(a, b, spans, null=null).kappa


def disagreements(a: Track, b: Track, spans: Iterable[Span], *, least_s: float = 0.0) -> Iterator[Disagreement]:
    """Every stretch two tracks label differently, in order; unlabelled is a class."""
    held: Disagreement | None = None
    for start, end, left, right in paired(a, b, spans):
        one, two = class_name(a, left), class_name(b, right)
        if held is not None and held.end_s == start and (held.first, held.second) == (one, two):
            held = Disagreement(held.start_s, end, one, two)
            continue
        if held is not None and held.duration_s > max(least_s, DUST_S):
            yield held
        held = Disagreement(start, end, one, two) if one != two else None
    if held is not None and held.duration_s > max(least_s, DUST_S):
        yield held


def boundaries(track: Track, spans: Iterable[Span]) -> list[float]:
    """The times (s) inside spans at which the class changes, unlabelled being one."""
    times = []
    for start, end in spans:
        before: str | None = None
        for s, _, a in stretches(track, start, end):
            name = class_name(track, a)
            if s > start and name != before:
                times.append(s)
            before = name
    return times


def match_times(first: Sequence[float], second: Sequence[float], tolerance_s: float) -> list[tuple[int, int]]:
    """The most pairs of sorted times (s) that are within a tolerance, each time used once."""
    pairs, i, j = [], 0, 0
    while i < len(first) and j < len(second):
        if abs(first[i] - second[j]) <= tolerance_s:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif first[i] < second[j]:
            i += 1
        else:
            j += 1
    return pairs


def boundary_score(a: Track, b: Track, spans: Sequence[Span], tolerance_s: float) -> BoundaryScore:
    """How many changes of class two tracks share within a tolerance, s."""
    first, second = boundaries(a, spans), boundaries(b, spans)
    pairs = match_times(first, second, tolerance_s)
    offset = math.fsum(second[j] - first[i] for i, j in pairs) / len(pairs) if pairs else math.nan
    return BoundaryScore(len(pairs), len(first), len(second), offset)


def coverage(sessions: Iterable[tuple[str, Track, Sequence[Span]]]) -> tuple[Coverage, ...]:
    """How much there is of every class of every subject.

    sessions : subject, track, recorded spans (s, in order); a subject may have several.

    Returns
    -------
    A row per subject and class of its tiers (also those without any), then one for unlabelled time, with name None.
    """
    counts: dict[tuple[str, str | None], int] = {}
    seconds: dict[tuple[str, str | None], list[float]] = {}
    recorded: dict[str, list[float]] = {}
    for subject, track, spans in sessions:
        recorded.setdefault(subject, []).extend(end - start for start, end in spans)
        names: list[str | None] = [*(c.name for c in track.tier.classes), None]
        for name in names:
            counts.setdefault((subject, name), 0)
        for a in track:
            key = (subject, class_name(track, a))
            counts[key] = counts.get(key, 0) + 1
        for name, start, end in _covered(track, spans):
            seconds.setdefault((subject, name), []).append(end - start)
            counts[subject, name] += name is None
    rows = sorted(counts, key=lambda key: (list(recorded).index(key[0]), key[1] is None))
    totals = {subject: math.fsum(parts) for subject, parts in recorded.items()}
    return tuple(
        Coverage(
            subject, name, counts[subject, name], (time := math.fsum(seconds.get((subject, name), ()))),
            time / totals[subject] if totals[subject] else math.nan,
        )
        for subject, name in rows
    )  # fmt: skip


def _covered(track: Track, spans: Sequence[Span]) -> Iterator[tuple[str | None, float, float]]:
    """Recorded stretches (s) by class name, those of one class apart from each other; None where there is no label."""
    by_name: dict[str | None, list[Annotation]] = {}
    for a in track:
        by_name.setdefault(class_name(track, a), []).append(a)
    for name, some in by_name.items():
        own = Track.of(track.tier, some)
        for start, end in spans:
            yield from ((name, s, e) for s, e, a in stretches(own, start, end) if a is not None)
    for start, end in spans:
        yield from ((None, s, e) for s, e, a in stretches(track, start, end) if a is None)
