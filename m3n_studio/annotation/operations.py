"""What one does to labels, as functions from a :class:`Track` to a `Change`. Nothing here has a side effect.

Times are seconds of the session. A change that does nothing is false. On an exclusive tier nothing
overlaps afterwards. Edges and groups are in `moving`, runs of labels in `joining`, copies in `copying`;
all of them are reachable from here.
"""

from __future__ import annotations

from collections.abc import Sequence

from m3n_studio.annotation.changes import (
    check_class,
    check_there,
    check_times,
    compose,
    name_of,
    names_of,
    settle,
    without,
)
from m3n_studio.annotation.copying import Clipboard, class_map, copy, paste, with_classes_of
from m3n_studio.annotation.joining import extend_into_gaps, fill_gaps, gaps, merge, merge_neighbours
from m3n_studio.annotation.model import Annotation, Change, Source, new_id
from m3n_studio.annotation.moving import move_edge, nudge, shift, stretch
from m3n_studio.annotation.track import Track, tracks_of
from m3n_studio.errors import ValueProblem

__all__ = [
    "Clipboard", "Track", "class_map", "clear", "compose", "copy", "delete", "extend_into_gaps", "fill_gaps", "gaps",
    "label_to", "merge", "merge_neighbours", "move_edge", "nudge", "paste", "put", "relabel", "revise", "shift",
    "split", "stretch", "toggle_event", "tracks_of", "trim", "untangle", "with_classes_of",
]  # fmt: skip


def put(
    track: Track,
    label: str,
    start_s: float,
    end_s: float,
    *,
    author: str = "",
    source: Source = "person",
    confidence: float | None = None,
    note: str = "",
    id: str = "",
) -> Change:
    """Put an interval, or an event (start = end), over what is there.

    Parameters
    ----------
    label : str
        Id of a class of the tier.
    id : str
        Of the new annotation; a new one where empty.
    """
    name = check_class(track.tier, label)
    check_times(track.tier, start_s, end_s)
    new = Annotation(track.tier.id, label, start_s, end_s, author, source, confidence, note, id or new_id())
    return settle(track, f"Label {name}", (), (new,))


def toggle_event(track: Track, label: str, time_s: float, *, within_s: float = 0.0, author: str = "") -> Change:
    """Put an event at a moment; or take away the nearest of that class, if one is within `within_s` of it."""
    near = [a for a in _around(track, time_s, within_s) if a.label == label]
    if near:
        return delete(track, (min(near, key=lambda a: abs(a.start_s - time_s)),))
    return put(track, label, time_s, time_s, author=author)


def _around(track: Track, time_s: float, within_s: float) -> list[Annotation]:
    found = []
    for a in track.starting_from(time_s - within_s):
        if a.start_s > time_s + within_s:
            break
        found.append(a)
    return found


def label_to(track: Track, label: str, time_s: float, *, from_s: float = 0.0, author: str = "") -> Change:
    """Contiguous labelling: label from the last edge before a time up to it.

    from_s : where the first label starts, s, e.g. the start of the recording.
    """
    edge = track.edge_before(time_s)
    return put(track, label, from_s if edge is None else max(edge, from_s), time_s, author=author)


def split(track: Track, time_s: float, only: Sequence[Annotation] = ()) -> Change:
    """Part the intervals that hold at a time (all, or only some) in two there; the first part keeps its id."""
    chosen = {a.id for a in only}
    hit = [a for a in track.at(time_s) if a.start_s < time_s < a.end_s and (not chosen or a.id in chosen)]
    parts = [piece for a in hit for piece in without(a, [(time_s, time_s)])]
    if not hit or len(parts) == len(hit):
        return Change("Split")
    return Change(f"Split {names_of(track.tier, hit)}", tuple(hit), tuple(parts))


def clear(track: Track, start_s: float, end_s: float, *, labels: Sequence[str] = ()) -> Change:
    """Take away all labels (or those of some classes) in a stretch; what reaches beyond it is shortened."""
    hit = [a for a in track.overlapping(start_s, end_s) if not labels or a.label in labels]
    left = [p for a in hit if a.start_s < a.end_s for p in without(a, [(start_s, end_s)])]
    return settle(track, "Clear", hit, left)


def trim(track: Track, start_s: float, end_s: float) -> Change:
    """Keep only what lies in [start, end); labels that reach beyond are shortened."""
    if not end_s > start_s:
        raise ValueProblem(f"expected a stretch of time to keep; found {start_s:.6g} to {end_s:.6g} s")
    far = float("inf")
    out = [a for a in track if a.start_s < start_s or a.end_s > end_s or a.start_s == a.end_s == end_s]
    left = [p for a in out if a.start_s < a.end_s for p in without(a, [(-far, start_s), (end_s, far)])]
    return settle(track, "Trim", out, left)


def delete(track: Track, annotations: Sequence[Annotation]) -> Change:
    """Take labels away."""
    check_there(track, annotations, "Delete")
    if not annotations:
        return Change("Delete")
    return settle(track, f"Delete {names_of(track.tier, annotations)}", annotations, ())


def relabel(track: Track, annotations: Sequence[Annotation], label: str, *, author: str | None = None) -> Change:
    """Give labels another class; where an author is named, they become that person's, without a confidence."""
    name = check_class(track.tier, label)
    check_there(track, annotations, "Relabel")
    mine: dict[str, object] = {} if author is None else {"author": author, "source": "person", "confidence": None}
    new = [a.with_(label=label, **mine) for a in annotations]
    return settle(track, f"Relabel as {name}", annotations, new)


def revise(
    track: Track,
    annotations: Sequence[Annotation],
    *,
    note: str | None = None,
    author: str | None = None,
    source: Source | None = None,
    confidence: float | None = None,
) -> Change:
    """Change what is said about labels; what is None stays. ``source="person"`` accepts a model's proposal."""
    check_there(track, annotations, "Revise")
    said: dict[str, object] = {"note": note, "author": author, "source": source, "confidence": confidence}
    said = {k: v for k, v in said.items() if v is not None}
    if not annotations:
        return Change("Revise")
    return settle(
        track, f"Revise {names_of(track.tier, annotations)}", annotations, [a.with_(**said) for a in annotations]
    )


def untangle(track: Track) -> Change:
    """Make a track that came from elsewhere free of overlaps, empty intervals and lone events, as its tier wants.

    Of two that overlap, the one that starts later wins.
    """
    moments = track.tier.kind == "event"
    kept = [a for a in track if (a.duration_s == 0) == moments]
    return settle(track, "Untangle", track.annotations, kept)


def describe(track: Track, a: Annotation) -> str:
    """One line about a label: class, times in s, author, confidence."""
    when = f"{a.start_s:.3f} s" if a.start_s == a.end_s else f"{a.start_s:.3f} to {a.end_s:.3f} s"
    sure = "" if a.confidence is None else f", {a.confidence:.0%}"
    return f"{name_of(track.tier, a)}, {when}" + (f", {a.author}" if a.author else "") + sure
