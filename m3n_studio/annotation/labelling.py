"""Labelling while it plays: keys and times in, changes out. The window only forwards them.

:class:`Labelling` is a frozen state; each call gives a :class:`Step` with the next state and the
change to make now. What is pending is already on the track after each :meth:`Labelling.tick`, so a
machine that dies loses no more than the time since; the steps of one label share one entry of the undo
stack.

Modes
-----
hold
    A class key labels from its press to its release. Pressed and released with no time in between
    (the usual case while paused) it stays open until it is pressed again.
toggle
    A press begins, the next press of the same key ends, releases do nothing.
contiguous
    A press labels from the last edge before the cursor to the cursor.

On an exclusive tier a second key ends the first. On a tier of events a press puts an event.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from m3n_studio.annotation.changes import DUST_S, compose
from m3n_studio.annotation.model import Change, LabelClass, new_id
from m3n_studio.annotation.operations import label_to, put, toggle_event
from m3n_studio.annotation.track import Track
from m3n_studio.errors import ValueProblem

Mode = Literal["hold", "toggle", "contiguous"]


_NOTHING = Change("")


@dataclass(frozen=True)
class Pending:
    """An interval that is being labelled.

    Attributes
    ----------
    label : str
        Id of its class.
    start_s : float, s
        Where it was begun; the other end is the cursor, before or after it.
    held : bool
        Ends when the key is released.
    id : str
        Of the annotation it becomes.
    saved : Change
        What it has done to the track so far.
    """

    label: str
    start_s: float
    held: bool
    id: str
    saved: Change = _NOTHING


@dataclass(frozen=True)
class Step:
    """What a key or a tick leads to.

    Attributes
    ----------
    state : Labelling
    change : Change
        To be made now; false where there is nothing to do.
    undo : Change
        What the undo stack should hold: the whole of a pending label so far, not only what is new.
    about : str
        Name of the entry of the undo stack that `undo` takes the place of, where there is one; it goes on top
        where there is none, and the entry is dropped where `undo` is false. Empty: always a new entry.
    """

    state: Labelling
    change: Change = _NOTHING
    undo: Change = _NOTHING
    about: str = ""


@dataclass(frozen=True)
class Labelling:
    """The state of labelling on one tier.

    Attributes
    ----------
    tier : str
        Id of the tier that is labelled; every call takes its track.
    mode : {"hold", "toggle", "contiguous"}
    author : str
    from_s, to_s : float, s
        The session: labels are kept inside.
    pending : tuple of Pending
        At most one on an exclusive tier.
    """

    tier: str
    mode: Mode = "hold"
    author: str = ""
    from_s: float = 0.0
    to_s: float = float("inf")
    pending: tuple[Pending, ...] = ()

    def class_of(self, track: Track, key: str) -> LabelClass | None:
        """The class a key labels with, on this tier."""
        return next((c for c in track.tier.classes if key and c.key == key), None)

    def key_down(self, track: Track, key: str, time_s: float) -> tuple[Step, ...]:
        """A class key goes down (not its automatic repeats) with the cursor at a time, s."""
        found = self.class_of(self._checked(track), key)
        return self.begin(track, found.id, time_s) if found else ()

    def begin(self, track: Track, label: str, time_s: float) -> tuple[Step, ...]:
        """What a key's press does, by class id: for buttons, and for a key chosen elsewhere."""
        time_s = self._inside(time_s)
        track = self._checked(track)
        if track.tier.kind == "event":
            return self._done(toggle_event(track, label, time_s, within_s=DUST_S, author=self.author))
        if self.mode == "contiguous":
            edge = track.edge_before(time_s)
            if time_s - (self.from_s if edge is None else max(edge, self.from_s)) <= DUST_S:
                return ()
            return self._done(label_to(track, label, time_s, from_s=self.from_s, author=self.author))
        same = next((p for p in self.pending if p.label == label), None)
        if same is not None:
            return () if same.held else self._end(track, (same,), time_s)
        steps = self._end(track, self.pending, time_s) if track.tier.exclusive else ()
        state = steps[-1].state if steps else self
        fresh = Pending(label, time_s, self.mode == "hold", new_id())
        return (*steps, Step(replace(state, pending=(*state.pending, fresh))))

    def key_up(self, track: Track, key: str, time_s: float) -> tuple[Step, ...]:
        """A class key is released."""
        found = self.class_of(self._checked(track), key)
        return self.end(track, found.id, time_s) if found else ()

    def end(self, track: Track, label: str, time_s: float) -> tuple[Step, ...]:
        """What a key's release does, by class id."""
        time_s = self._inside(time_s)
        held = next((p for p in self.pending if p.label == label and p.held), None)
        if held is None:
            return ()
        if abs(time_s - held.start_s) <= DUST_S and not held.saved:
            kept = tuple(replace(p, held=False) if p is held else p for p in self.pending)
            return (Step(replace(self, pending=kept)),)
        return self._end(self._checked(track), (held,), time_s)

    def tick(self, track: Track, time_s: float) -> tuple[Step, ...]:
        """Time has passed: put what is pending on the track up to now, so that it is safe."""
        time_s = self._inside(time_s)
        state, steps = self, []
        for p in self.pending:
            grown, delta = _grown(track, p, time_s, self.author)
            if delta:
                state = replace(state, pending=tuple(grown if q is p else q for q in state.pending))
                steps.append(Step(state, delta, grown.saved, grown.id))
                track = track.after(delta)
        return tuple(steps)

    def finish(self, track: Track, time_s: float) -> tuple[Step, ...]:
        """End everything pending at a time: playing stops, the cursor jumps away, the mode or tier changes.

        time_s : where the cursor was before the jump.
        """
        return self._end(self._checked(track), self.pending, self._inside(time_s))

    def cancel(self, track: Track) -> tuple[Step, ...]:
        """Drop everything pending and take back what it has put on the track."""
        state, steps = self, []
        for p in reversed(self.pending):
            state = replace(state, pending=tuple(q for q in state.pending if q.id != p.id))
            steps.append(Step(state, _if_possible(track, p.saved.inverse()), about=p.id))
            track = track.after(steps[-1].change)
        return tuple(steps)

    def _checked(self, track: Track) -> Track:
        if track.tier.id != self.tier:
            raise ValueProblem(f"labelling: expected the track of the tier labelled; found {track.tier.name!r}")
        return track

    def _inside(self, time_s: float) -> float:
        return min(max(time_s, self.from_s), self.to_s)

    def _done(self, change: Change) -> tuple[Step, ...]:
        return (Step(self, change, change),) if change else ()

    def _end(self, track: Track, ending: tuple[Pending, ...], time_s: float) -> tuple[Step, ...]:
        state, steps = self, []
        for p in ending:
            state = replace(state, pending=tuple(q for q in state.pending if q.id != p.id))
            grown, delta = _grown(track, p, time_s, self.author)
            steps.append(Step(state, delta, grown.saved, grown.id))
            track = track.after(delta)
        return tuple(steps)


def _grown(track: Track, p: Pending, time_s: float, author: str) -> tuple[Pending, Change]:
    """A pending label as it is at a time, and what is to be changed for it now.

    If others changed the track under it since, what was saved stays as it is and only the rest is put on top.
    """
    try:
        ground = track.after(p.saved.inverse())
    except ValueProblem:
        ground, p = track, replace(p, saved=_NOTHING, id=new_id())
    start, end = sorted((p.start_s, time_s))
    whole = put(ground, p.label, start, end, author=author, id=p.id) if end - start > DUST_S else _NOTHING
    return replace(p, saved=whole), compose(p.saved.inverse(), whole, whole.label or p.saved.label)


def _if_possible(track: Track, change: Change) -> Change:
    try:
        track.after(change)
    except ValueProblem:
        return Change("")
    return change
