"""Runs of labels: neighbours merged, gaps found and filled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from m3n_studio.annotation.changes import DUST_S, change_of, check_class, check_there, names_of, settle
from m3n_studio.annotation.model import Annotation, Change, Source, ordered
from m3n_studio.annotation.track import Track
from m3n_studio.errors import ValueProblem

Span = tuple[float, float]


def merge(track: Track, annotations: Sequence[Annotation]) -> Change:
    """Make some intervals of one class one, from the first start to the last end; the first keeps its id."""
    check_there(track, annotations, "Merge")
    some = ordered(annotations)
    if len(some) < 2:
        return Change("Merge")
    if len({a.label for a in some}) > 1:
        raise ValueProblem("labels of different classes cannot be merged; give them one class first")
    return settle(track, f"Merge {names_of(track.tier, some)}", some, (_joined(some),))


def merge_neighbours(
    track: Track, start_s: float, end_s: float, *, max_gap_s: float = 0.0, labels: Sequence[str] = ()
) -> Change:
    """Merge every run of intervals of one class within a stretch whose gaps are at most `max_gap_s`.

    Only the next label on the tier is a neighbour, so nothing is covered by it.
    """
    runs: list[list[Annotation]] = []
    for a in ordered(track.overlapping(start_s, end_s)):
        last = runs[-1][-1] if runs else None
        near = last is not None and last.label == a.label and a.start_s - _end(runs[-1]) <= max_gap_s + DUST_S
        if near and a.start_s < a.end_s:
            runs[-1].append(a)
        else:
            runs.append([a])
    long = [r for r in runs if len(r) > 1 and (not labels or r[0].label in labels)]
    return change_of("Merge neighbours", [a for r in long for a in r], [_joined(r) for r in long])


def _end(run: Sequence[Annotation]) -> float:
    return max(a.end_s for a in run)


def _joined(run: Sequence[Annotation]) -> Annotation:
    """One interval over a run; what its parts disagree about is the least certain of it, notes are kept."""
    first = run[0]
    sure = [a.confidence for a in run if a.confidence is not None]
    source: Source = "person" if all(a.source == "person" for a in run) else "model"
    notes = dict.fromkeys(a.note for a in run if a.note)
    return first.with_(end_s=_end(run), confidence=min(sure) if sure else None, source=source, note="; ".join(notes))


def gaps(track: Track, start_s: float, end_s: float) -> Iterator[Span]:
    """The stretches (s) of [start, end) without any label, in order."""
    at = max([start_s, *(a.end_s for a in track.at(start_s))])
    for a in track.starting_from(start_s):
        if a.start_s >= end_s:
            break
        if a.start_s - at > DUST_S:
            yield at, a.start_s
        at = max(at, a.end_s)
    if end_s - at > DUST_S:
        yield at, end_s


def fill_gaps(
    track: Track, start_s: float, end_s: float, label: str, *, max_gap_s: float = float("inf"), author: str = ""
) -> Change:
    """Give every unlabelled stretch of [start, end) up to `max_gap_s` long a class, e.g. the null class."""
    name = check_class(track.tier, label)
    _needs_intervals(track, "Fill gaps")
    new = [
        Annotation(track.tier.id, label, s, e, author)
        for s, e in gaps(track, start_s, end_s)
        if e - s <= max_gap_s
    ]  # fmt: skip
    return change_of(f"Fill gaps with {name}", (), new)


def extend_into_gaps(
    track: Track,
    start_s: float,
    end_s: float,
    *,
    max_gap_s: float = float("inf"),
    side: Literal["before", "after", "both"] = "before",
) -> Change:
    """Close gaps between two labels (up to `max_gap_s`) by making the one before longer, the one after, or both half.

    The stretches before the first and after the last label stay as they are.
    """
    _needs_intervals(track, "Close gaps")
    if side not in ("before", "after", "both"):
        raise ValueProblem(f"expected before, after or both; found {side!r}")
    share = {"before": 1.0, "after": 0.0, "both": 0.5}[side]
    inside = track.overlapping(start_s, end_s)
    if not inside:
        return Change("Close gaps")
    begins = {a.start_s: a for a in inside}
    ends: dict[float, Annotation] = {a.end_s: a for a in inside}
    new: dict[str, Annotation] = {}
    for s, e in gaps(track, inside[0].start_s, _end(inside)):
        if e - s > max_gap_s:
            continue
        middle = e if share == 1.0 else s + share * (e - s)
        before, after = ends[s], begins[e]
        if middle > s:
            new[before.id] = new.get(before.id, before).with_(end_s=middle)
        if middle < e:
            new[after.id] = new.get(after.id, after).with_(start_s=middle)
    return change_of("Close gaps", [a for a in inside if a.id in new], new.values())


def _needs_intervals(track: Track, what: str) -> None:
    if track.tier.kind != "interval":
        raise ValueProblem(f"{what}: the tier {track.tier.name!r} holds moments")
