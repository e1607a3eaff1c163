"""What the user can change in a project's tree, as edits of entries. No Qt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from m3n_studio.project.values import ClipEntry, Edit, Entry, Recording, Session, Subject, Video
from m3n_studio.recordings.timemap import TimeMap

Timed = Recording | Video | ClipEntry
WORDS: dict[type, str] = {
    Subject: "subject", Session: "session", Recording: "recording", Video: "video", ClipEntry: "motion",
}  # fmt: skip


def renamed(entry: Entry, name: str) -> list[Edit]:
    """Give an entry another name; none if it has it already."""
    if getattr(entry, "name", name) == name:
        return []
    return [Edit(f"Rename {WORDS[type(entry)]}", entry, replace(entry, name=name))]  # type: ignore[arg-type]


def placed(recordings: Iterable[Recording], placement: str) -> list[Edit]:
    """Say where recordings were worn."""
    return [
        Edit("Change placement", r, replace(r, placement=placement)) for r in recordings if r.placement != placement
    ]  # fmt: skip


def moved(sessions: Iterable[Session], subject: str) -> list[Edit]:
    """Give sessions to another subject (its id; empty: nobody)."""
    return [Edit("Move session", s, replace(s, subject=subject)) for s in sessions if s.subject != subject]


def laid(entry: Timed, time_map: TimeMap) -> list[Edit]:
    """Lay a recording, video or motion elsewhere in its session's time."""
    if entry.time_map == time_map:
        return []
    return [Edit(f"Move {WORDS[type(entry)]} in time", entry, replace(entry, time_map=time_map))]


def removed(entries: Sequence[Entry]) -> list[Edit]:
    """Take entries away; what belongs to one that goes is not listed beside it, it goes out of sight with it."""
    gone = {entry.id for entry in entries}
    kept = [e for e in entries if getattr(e, "subject", "") not in gone and getattr(e, "session", "") not in gone]
    sessions = {e.id: e for e in entries if isinstance(e, Session)}
    out = [e for e in kept if getattr(e, "session", "") not in sessions]
    return [Edit(f"Delete {WORDS[type(entry)]}", entry, None) for entry in out]


def moved_and_drifting(entry: Timed, begins_s: float, drift_ppm: float) -> TimeMap:
    """The map on which an entry begins at a session time and its clock drifts by so much.

    Sync points are kept where the drift is as it was: all of them move by the same time.
    """
    own = entry.start_s if isinstance(entry, Recording) else 0.0
    now = entry.time_map
    if abs(now.drift_ppm - drift_ppm) < 0.05:
        by = begins_s - now.to_session(own)
        return replace(now, points=tuple((a, b + by) for a, b in now.points))
    return TimeMap.drift(begins_s - own, drift_ppm, own)


def summary(entries: Sequence[Entry]) -> str:
    """``2 sessions and 1 video`` for a question."""
    counts: dict[str, int] = {}
    for entry in entries:
        word = WORDS[type(entry)]
        counts[word] = counts.get(word, 0) + 1
    return " and ".join(f"{n} {word}{'s' if n > 1 else ''}" for word, n in counts.items())
