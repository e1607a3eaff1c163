"""What accepting and correcting a proposal does to labels, as a change. No Qt."""

from __future__ import annotations

from m3n_studio.annotation import operations
from m3n_studio.annotation.model import Annotation, Change
from m3n_studio.annotation.moving import Edge
from m3n_studio.annotation.track import Track
from m3n_studio.errors import ValueProblem
from m3n_studio.studio.predictions.suggestion_work import Proposal


def accepted(track: Track, p: Proposal, author: str) -> Change:
    """The proposal as it is: by a model, with its confidence and the reason as note.

    A moved edge is still whose label it was.

    Raises
    ------
    ValueProblem
        Where the tier has no such class, or what it is about has changed in the meantime.
    """
    if p.kind == "edge":
        label = _there(track, p.target)
        edge: Edge = "start" if p.edge == "start" else "end"
        return operations.move_edge(track, label, edge, p.to_s, roll=bool(p.beside))
    new = _class(track, p.label)
    if not p.target:
        return _put(track, p, new, author, by_model=True)
    pairs = [(_there(track, p.target), new)]
    if p.kind == "swap":
        pairs.append((_there(track, p.beside), _class(track, p.was)))
    after = tuple(
        a.with_(label=label, author=author, source="model", confidence=p.confidence, note=p.reason)
        for a, label in pairs
    )  # fmt: skip
    words = f"Exchange {p.was} and {p.label}" if p.kind == "swap" else f"Accept {p.label} for {p.was}"
    return Change(words, tuple(a for a, _ in pairs), after)


def corrected(track: Track, p: Proposal, label: str, author: str) -> Change:
    """The stretch, or the label it is about, as another class (its id), by a person."""
    if not p.target:
        return _put(track, p, label, author, by_model=False)
    return operations.relabel(track, [_there(track, p.target)], label, author=author)


def _class(track: Track, name: str) -> str:
    found = track.tier.by_name(name)
    if found is None:
        raise ValueProblem(f"tier {track.tier.name!r} has no class {name!r}: add it in the Labels view, or correct")
    return found.id


def _there(track: Track, label_id: str) -> Annotation:
    found = next((a for a in track if a.id == label_id), None)
    if found is None:
        raise ValueProblem("the label it is about is no longer there")
    return found


def _put(track: Track, p: Proposal, label: str, author: str, *, by_model: bool) -> Change:
    """Label what of the stretch has no label yet."""
    whole = Change("")
    for start, end in list(operations.gaps(track, p.start_s, p.end_s)):
        change = operations.put(
            track, label, start, end, author=author, source="model" if by_model else "person",
            confidence=p.confidence if by_model else None, note=p.reason if by_model else "",
        )  # fmt: skip
        track, whole = track.after(change), operations.compose(whole, change)
    if not whole:
        raise ValueProblem("the stretch is labelled by now")
    name = next((c.name for c in track.tier.classes if c.id == label), "label")
    return Change(f"{'Accept' if by_model else 'Correct to'} {name}", whole.remove, whole.add)
