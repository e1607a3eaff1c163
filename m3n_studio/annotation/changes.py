"""How edits become a :class:`~m3n_studio.annotation.model.Change`: what lies under new labels gives way.

On an exclusive tier of intervals nothing overlaps after a change that was made here: what is under a
new interval is shortened, parted in two, or taken away. Pieces shorter than :data:`DUST_S` are not left.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from m3n_studio.annotation.model import Annotation, Change, Tier, new_id, ordered
from m3n_studio.annotation.track import Track
from m3n_studio.errors import ValueProblem

#: Shorter than this an interval is a rounding error, s.
DUST_S = 1e-6


def change_of(label: str, remove: Iterable[Annotation], add: Iterable[Annotation]) -> Change:
    """A change without what it would take away and put in again unchanged, each side in order."""
    gone, new = {a.id: a for a in remove}, {a.id: a for a in add}
    same = {i for i, a in gone.items() if new.get(i) == a}
    return Change(
        label,
        ordered(a for i, a in gone.items() if i not in same),
        ordered(a for i, a in new.items() if i not in same),
    )


def compose(first: Change, second: Change, label: str = "") -> Change:
    """Two changes, one after the other, as one."""
    gone = {a.id: a for a in first.remove}
    new = {a.id: a for a in first.add}
    for a in second.remove:
        if new.pop(a.id, None) is None:
            gone[a.id] = a
    new.update({a.id: a for a in second.add})
    return change_of(label or second.label, gone.values(), new.values())


def settle(track: Track, label: str, gone: Sequence[Annotation], new: Sequence[Annotation]) -> Change:
    """Take some annotations away and put others in; what is under those gives way on an exclusive tier.

    Of new ones that overlap each other, the later in `new` wins. An event replaces one at the same
    moment on an exclusive tier.
    """
    if not track.tier.exclusive:
        return change_of(label, gone, new)
    new = _untangled(track.tier, new)
    left_out = {a.id for a in gone}
    under: dict[str, Annotation] = {}
    covers: dict[str, list[Annotation]] = {}
    for n in new:
        hits = track.at(n.start_s) if n.start_s == n.end_s else track.overlapping(n.start_s, n.end_s)
        for hit in hits:
            if hit.id not in left_out and hit.id != n.id:
                under[hit.id] = hit
                covers.setdefault(hit.id, []).append(n)
    left = [piece for i, hit in under.items() for piece in without(hit, [(n.start_s, n.end_s) for n in covers[i]])]
    return change_of(label, [*gone, *under.values()], [*left, *new])


def without(a: Annotation, spans: Iterable[tuple[float, float]]) -> list[Annotation]:
    """What is left of an annotation outside spans (s); the first piece keeps its id."""
    pieces, at = [], a.start_s
    for start, end in sorted(spans):
        stop = min(start, a.end_s)
        if stop - at > DUST_S:
            pieces.append((at, stop))
        at = max(at, end)
    if a.end_s - at > DUST_S:
        pieces.append((at, a.end_s))
    return [
        a.with_(start_s=s, end_s=e) if i == 0 else a.with_(start_s=s, end_s=e, id=new_id())
        for i, (s, e) in enumerate(pieces)
    ]


def _untangled(tier: Tier, new: Sequence[Annotation]) -> Sequence[Annotation]:
    if not any(b.start_s < a.end_s or b.start_s == a.start_s for a, b in pairwise(ordered(new))):
        return new
    paint = Track.of(tier)
    for a in new:
        paint = paint.after(settle(paint, "", (), (a,)))
    return paint.annotations


def check_times(tier: Tier, start_s: float, end_s: float) -> None:
    """Raise `ValueProblem` unless the times make an interval, or an event, as the tier wants it."""
    if tier.kind == "event" and start_s != end_s:
        raise ValueProblem(f"tier {tier.name!r} holds moments; found {start_s:.6g} to {end_s:.6g} s")
    if tier.kind == "interval" and not end_s - start_s > DUST_S:
        raise ValueProblem(f"tier {tier.name!r} holds stretches of time; found {start_s:.6g} to {end_s:.6g} s")


def check_class(tier: Tier, label: str) -> str:
    """The name of a class of a tier; `ValueProblem` where the tier does not have it."""
    found = tier.by_id(label)
    if found is None:
        raise ValueProblem(f"tier {tier.name!r} has no class of the id {label!r}")
    return found.name


def check_there(track: Track, annotations: Iterable[Annotation], what: str) -> None:
    """Raise `ValueProblem` unless all of them are on the track as they are."""
    for a in annotations:
        if a not in track:
            raise ValueProblem(f"{what}: the annotation at {a.start_s:.3f} s has changed in the meantime")


def name_of(tier: Tier, a: Annotation) -> str:
    """What an annotation is called, for the undo menu."""
    found = tier.by_id(a.label)
    return found.name if found else "label"


def names_of(tier: Tier, annotations: Sequence[Annotation]) -> str:
    """What several are called: the name of one, or how many."""
    return name_of(tier, annotations[0]) if len(annotations) == 1 else f"{len(annotations)} labels"
