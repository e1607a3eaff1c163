"""Labels found: by what they are, the next stretch without any, the next one two disagree about."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from m3n_studio.annotation.joining import gaps
from m3n_studio.annotation.model import Annotation
from m3n_studio.annotation.quality import Disagreement, disagreements
from m3n_studio.annotation.track import Track
from m3n_studio.errors import ValueProblem

Span = tuple[float, float]
T = TypeVar("T")
_LOOK_BACK_S = 60.0


@dataclass(frozen=True)
class Filter:
    """What is looked for; what is empty or None does not matter.

    Attributes
    ----------
    labels, tiers, authors, sources : frozenset of str
        Class ids, tier ids, names, ``"person"`` or ``"model"``: one of them.
    confidence : (least, most) or None
        Labels without a confidence do not pass.
    text : str
        In the note, in any case of letters.
    duration_s : (least, most) or None, s
    span_s : (start, end) or None, s
        Has a part in it.
    """

    labels: frozenset[str] = frozenset()
    tiers: frozenset[str] = frozenset()
    authors: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    confidence: tuple[float, float] | None = None
    text: str = ""
    duration_s: tuple[float, float] | None = None
    span_s: Span | None = None

    def __post_init__(self) -> None:
        for name in ("confidence", "duration_s", "span_s"):
            found = getattr(self, name)
            if found is not None and not found[0] <= found[1]:
                raise ValueProblem(f"filter: {name}: expected least <= most; found {found[0]} and {found[1]}")

    def accepts(self, a: Annotation) -> bool:
        """Whether an annotation is what is looked for."""
        one_of = ((self.labels, a.label), (self.tiers, a.tier), (self.authors, a.author), (self.sources, a.source))
        if any(wanted and found not in wanted for wanted, found in one_of):
            return False
        if self.text.casefold() not in a.note.casefold():
            return False
        if self.confidence is not None and not _within(a.confidence, self.confidence):
            return False
        if self.duration_s is not None and not _within(a.duration_s, self.duration_s):
            return False
        return self.span_s is None or (
            a.start_s < self.span_s[1] and (a.end_s > self.span_s[0] or a.start_s == a.end_s == self.span_s[0])
        )


def _within(value: float | None, bounds: tuple[float, float]) -> bool:
    return value is not None and bounds[0] <= value <= bounds[1]


def select(annotations: Iterable[Annotation], wanted: Filter) -> tuple[Annotation, ...]:
    """Those a filter accepts, in the order given."""
    return tuple(a for a in annotations if wanted.accepts(a))


def next_match(track: Track, wanted: Filter, time_s: float, *, back: bool = False) -> Annotation | None:
    """The first one accepted that starts after a time, s; or the last one that starts before it."""
    if back:
        return next((a for a in track.starting_before(time_s) if wanted.accepts(a)), None)
    return next((a for a in track.starting_from(time_s) if a.start_s > time_s and wanted.accepts(a)), None)


def unlabelled(track: Track, recorded: Sequence[Span], *, least_s: float = 0.0) -> Iterator[Span]:
    """Every stretch (s) that was recorded and has no label, in order.

    recorded : spans of the session with samples or video, in order, apart from each other.
    least_s : shorter stretches are passed over.
    """
    for start, end in recorded:
        yield from (g for g in gaps(track, start, end) if g[1] - g[0] >= least_s)


def next_unlabelled(
    track: Track, recorded: Sequence[Span], time_s: float, *, back: bool = False, least_s: float = 0.0
) -> Span | None:
    """The first unlabelled stretch that starts after a time, s; or the last one that starts before it."""

    def found(start: float, end: float) -> Iterator[Span]:
        return gaps(track, start, end)

    return _nearest(found, lambda g: g[0], lambda g: g[1] - g[0] >= least_s, recorded, time_s, back)


def next_disagreement(
    a: Track, b: Track, spans: Sequence[Span], time_s: float, *, back: bool = False, least_s: float = 0.0
) -> Disagreement | None:
    """The first stretch two tracks label differently that starts after a time, s; or the last that starts before it.

    a, b : of two people, or of a person and a model (`Track.of` with the annotations of one author).
    spans : (start, end), s, in order, what both have looked at; unlabelled counts as a class of its own.
    """

    def found(start: float, end: float) -> Iterator[Disagreement]:
        return disagreements(a, b, [(start, end)])

    return _nearest(found, lambda d: d.start_s, lambda d: d.duration_s >= least_s, spans, time_s, back)


def _nearest(
    found: Callable[[float, float], Iterator[T]],
    start_of: Callable[[T], float],
    wanted: Callable[[T], bool],
    spans: Sequence[Span],
    time_s: float,
    back: bool,
) -> T | None:
    """The first of what is found after a time, or the last before it, without looking through all there is.

    What begins where the looking begins may have begun before; it is passed over unless a span begins there.
    """
    if not back:
        for start, end in spans:
            low = max(start, time_s)
            for thing in found(low, end) if low < end else ():
                if start_of(thing) > time_s and wanted(thing):
                    return thing
        return None
    for start, end in reversed(spans):
        high, width = min(end, time_s), _LOOK_BACK_S
        while high > start:
            low = max(high - width, start)
            last = None
            for thing in found(low, end):
                if start_of(thing) >= high:
                    break
                if wanted(thing) and (start_of(thing) > low or low == start):
                    last = thing
            if last is not None:
                return last
            high, width = math.nextafter(low, math.inf) if low > start else start, width * 2
    return None
