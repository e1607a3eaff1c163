"""Labels moved in time: one edge, or a group shifted or stretched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from m3n_studio.annotation.changes import change_of, check_there, check_times, names_of, settle
from m3n_studio.annotation.model import Annotation, Change
from m3n_studio.annotation.track import Track
from m3n_studio.errors import ValueProblem

Edge = Literal["start", "end"]
Neighbours = Literal["give way", "block", "overwrite"]

#: The shortest interval an edge can be dragged to, s.
LEAST_S = 0.01


def move_edge(
    track: Track,
    a: Annotation,
    edge: Edge,
    to_s: float,
    *,
    least_s: float = LEAST_S,
    neighbours: Neighbours = "give way",
    roll: bool = False,
) -> Change:
    """Move one edge of an interval.

    Parameters
    ----------
    to_s : float, s
        Where to; the edge stops where it may not go on.
    least_s : float, s
        The interval, and a neighbour that gives way, stay this long (or as long as they were, if shorter).
    neighbours : {"give way", "block", "overwrite"}
        The next label on an exclusive tier gets shorter, down to `least_s`; or stops the edge; or is covered,
        and those behind it too.
    roll : bool
        A neighbour that touches the edge follows it, also when it moves away; no gap opens.
    """
    check_there(track, (a,), "Move edge")
    if track.tier.kind != "interval" or edge not in ("start", "end"):
        raise ValueProblem(f"expected the start or end of an interval; found {edge!r} on tier {track.tier.name!r}")
    own = min(least_s, a.duration_s)
    to_s = max(to_s, a.start_s + own) if edge == "end" else min(to_s, a.end_s - own)
    beside = _neighbour(track, a, edge)
    new = []
    if beside is not None and neighbours != "overwrite":
        to_s = _limited(to_s, beside, edge, least_s, blocked=neighbours == "block" and not roll)
        touching = (beside.start_s == a.end_s) if edge == "end" else (beside.end_s == a.start_s)
        over = to_s > beside.start_s if edge == "end" else to_s < beside.end_s
        if over or (roll and touching):
            new.append(_with_edge(beside, "start" if edge == "end" else "end", to_s))
    gone = [a, beside] if beside is not None and new else [a]
    return settle(track, f"Move {edge} of {names_of(track.tier, (a,))}", gone, [*new, _with_edge(a, edge, to_s)])


def _with_edge(a: Annotation, edge: Edge, to_s: float) -> Annotation:
    return a.with_(end_s=to_s) if edge == "end" else a.with_(start_s=to_s)


def _neighbour(track: Track, a: Annotation, edge: Edge) -> Annotation | None:
    """The next label on that side, on an exclusive tier."""
    if not track.tier.exclusive:
        return None
    if edge == "end":
        return next((b for b in track.starting_from(a.end_s) if b.id != a.id), None)
    return next((b for b in track.starting_before(a.start_s) if b.end_s <= a.start_s), None)


def _limited(to_s: float, beside: Annotation, edge: Edge, least_s: float, *, blocked: bool) -> float:
    if edge == "end":
        room = 0.0 if blocked else max(beside.duration_s - least_s, 0.0)
        return min(to_s, beside.start_s + room)
    room = 0.0 if blocked else max(beside.duration_s - least_s, 0.0)
    return max(to_s, beside.end_s - room)


def shift(
    track: Track, annotations: Sequence[Annotation], by_s: float, *, bounds: tuple[float, float] | None = None
) -> Change:
    """Move labels together; they cover what they come to lie on.

    bounds : start and end of the session, s; the group stops there as a whole.
    """
    check_there(track, annotations, "Move")
    if not annotations:
        return Change("Move")
    if bounds is not None:
        first, last = min(a.start_s for a in annotations), max(a.end_s for a in annotations)
        by_s = max(min(by_s, bounds[1] - last), bounds[0] - first)
    moved = [a.with_(start_s=a.start_s + by_s, end_s=a.end_s + by_s) for a in annotations]
    return _regrouped(track, "Move", annotations, moved)


def stretch(
    track: Track, annotations: Sequence[Annotation], start_s: float, end_s: float, *, least_s: float = LEAST_S
) -> Change:
    """Move and stretch labels together so that they span [start, end], s; none gets shorter than `least_s`."""
    check_there(track, annotations, "Stretch")
    if not annotations:
        return Change("Stretch")
    first, last = min(a.start_s for a in annotations), max(a.end_s for a in annotations)
    if not end_s > start_s or not last > first:
        raise ValueProblem(f"expected a stretch of time; found {start_s:.6g} to {end_s:.6g} s")
    scale = (end_s - start_s) / (last - first)

    def placed(t: float) -> float:
        return end_s if t == last else start_s + (t - first) * scale

    moved = [a.with_(start_s=placed(a.start_s), end_s=placed(a.end_s)) for a in annotations]
    short = [m for m, a in zip(moved, annotations, strict=True) if m.duration_s < min(least_s, a.duration_s)]
    if short:
        raise ValueProblem(f"Stretch: a label would be {short[0].duration_s:.6g} s long; the least is {least_s:.6g} s")
    return _regrouped(track, "Stretch", annotations, moved)


def _regrouped(track: Track, what: str, old: Sequence[Annotation], new: Sequence[Annotation]) -> Change:
    for a in new:
        check_times(track.tier, a.start_s, a.end_s)
    if all(n == o for n, o in zip(new, old, strict=True)):
        return change_of(what, (), ())
    return settle(track, f"{what} {names_of(track.tier, old)}", old, new)


def nudge(
    track: Track,
    annotations: Sequence[Annotation],
    by_s: float,
    *,
    what: Literal["both", "start", "end"] = "both",
    least_s: float = LEAST_S,
    bounds: tuple[float, float] | None = None,
) -> Change:
    """Move labels, or one edge of each, by a little; a single edge makes its neighbour give way."""
    if what == "both":
        return shift(track, annotations, by_s, bounds=bounds)
    if len(annotations) == 1:
        edge = annotations[0].start_s if what == "start" else annotations[0].end_s
        to = edge + by_s if bounds is None else max(min(edge + by_s, bounds[1]), bounds[0])
        return move_edge(track, annotations[0], what, to, least_s=least_s)
    check_there(track, annotations, "Nudge")
    moved = []
    for a in annotations:
        own = min(least_s, a.duration_s)
        at = max(a.end_s + by_s, a.start_s + own) if what == "end" else min(a.start_s + by_s, a.end_s - own)
        at = at if bounds is None else max(min(at, bounds[1]), bounds[0])
        moved.append(_with_edge(a, what, at))
    return (
        settle(track, f"Nudge {names_of(track.tier, annotations)}", annotations, moved) if annotations else Change("")
    )
