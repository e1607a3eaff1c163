"""Labels of one or many sessions as rows: gathered, filtered, sorted, changed together, written as CSV. No Qt.

A hundred thousand rows are filtered and sorted in tenths of a second.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from m3n_studio.annotation.find import Filter
from m3n_studio.annotation.model import Annotation, Change, LabelClass, Tier
from m3n_studio.annotation.track import Track

if TYPE_CHECKING:
    from m3n_studio.project import Project

_GONE = LabelClass("(class is gone)", id="gone")


@dataclass(frozen=True, slots=True)
class Row:
    """A label and where it is.

    Attributes
    ----------
    session : str
        Its id.
    where : str
        Subject and session, for people.
    order : int
        Place of the session among all.
    label : LabelClass
    tier : str
        Its name.
    annotation : Annotation
    """

    session: str
    where: str
    order: int
    label: LabelClass
    tier: str
    annotation: Annotation


@dataclass(frozen=True)
class Column:
    """A column of the list: title, tip, what is shown and what is sorted by."""

    title: str
    tip: str
    text: Callable[[Row], str]
    key: Callable[[Row], object]
    number: bool = False


def _confidence(row: Row) -> str:
    found = row.annotation.confidence
    return "" if found is None else f"{found:.0%}"


COLUMNS = (
    Column("Session", "Subject and session", lambda r: r.where, lambda r: r.order),
    Column("Start", "On the session's clock, s", lambda r: f"{r.annotation.start_s:.3f}",
           lambda r: (r.order, r.annotation.start_s), number=True),
    Column("Length", "Duration, s; events have none", lambda r: f"{r.annotation.duration_s:.3f}",
           lambda r: r.annotation.duration_s, number=True),
    Column("Class", "Its class", lambda r: r.label.name, lambda r: r.label.name.casefold()),
    Column("Tier", "Its tier", lambda r: r.tier, lambda r: r.tier.casefold()),
    Column("Author", "Who made it", lambda r: r.annotation.author, lambda r: r.annotation.author.casefold()),
    Column("Source", "A person or a model", lambda r: r.annotation.source, lambda r: r.annotation.source),
    Column("Sure", "Confidence", _confidence,
           lambda r: -1.0 if r.annotation.confidence is None else r.annotation.confidence, number=True),
    Column("Note", "Double-click to write one", lambda r: r.annotation.note, lambda r: r.annotation.note.casefold()),
)  # fmt: skip
SESSION, START, CLASS, NOTE = 0, 1, 3, 8


def session_names(project: Project) -> dict[str, str]:
    """Subject and name of each session, by id, in the project's order."""
    subjects = {s.id: s.name for s in project.subjects()}
    return {s.id: " · ".join(filter(None, (subjects.get(s.subject, ""), s.name))) for s in project.sessions()}


def rows_of(
    tiers: Iterable[Tier], session: str, where: str, order: int, annotations: Iterable[Annotation]
) -> list[Row]:
    """The rows of a session."""
    names = {t.id: t.name for t in tiers}
    classes = {(t.id, c.id): c for t in tiers for c in t.classes}
    return [
        Row(session, where, order, classes.get((a.tier, a.label), _GONE), names.get(a.tier, ""), a)
        for a in annotations
    ]  # fmt: skip


def filtered(rows: Sequence[Row], wanted: Filter, words: str, names: frozenset[str]) -> list[Row]:
    """Rows a filter accepts, whose class has one of some names (all, if none), and that have all words somewhere."""
    parts = words.casefold().split()
    plain = wanted == Filter()
    return [
        r for r in rows
        if (not names or r.label.name in names) and (plain or wanted.accepts(r.annotation))
        and (not parts or _has(r, parts))
    ]  # fmt: skip


def _has(row: Row, parts: list[str]) -> bool:
    a = row.annotation
    text = "\n".join((row.label.name, row.tier, a.author, a.source, a.note, row.where)).casefold()
    return all(part in text for part in parts)


def arranged(rows: Sequence[Row], column: int, *, back: bool) -> list[Row]:
    """Rows by a column, those alike by session and start."""
    out = sorted(rows, key=lambda r: (r.order, r.annotation.start_s))
    out.sort(key=COLUMNS[column].key, reverse=back)  # type: ignore[arg-type]
    return out


def changes_of(
    project: Project,
    tracks: Mapping[str, Track],
    here: str,
    rows: Sequence[Row],
    make: Callable[[Track, list[Annotation]], Change],
) -> dict[str, Change]:
    """One change a session that does the same to labels of many sessions and tiers.

    tracks, here : the labels of the session on the desk, and its id; of others they are read.
    make : the change of some labels of a track.
    """
    groups: dict[str, dict[str, list[Annotation]]] = {}
    for row in rows:
        groups.setdefault(row.session, {}).setdefault(row.annotation.tier, []).append(row.annotation)
    tiers = {t.id: t for label_set in project.label_sets() for t in label_set.tiers}
    out: dict[str, Change] = {}
    for session, by_tier in groups.items():
        parts = []
        for tier, some in by_tier.items():
            track = tracks.get(tier) if session == here else None
            if track is None:
                track = Track.of(tiers[tier], project.annotations(session, tier))
            parts.append(make(track, some))
        out[session] = Change(
            parts[0].label, tuple(a for p in parts for a in p.remove), tuple(a for p in parts for a in p.add)
        )
    return out


def as_csv(rows: Iterable[Row]) -> str:
    """Rows as CSV with a header; times in s."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("session", "start_s", "end_s", "class", "tier", "author", "source", "confidence", "note"))
    for r in rows:
        a = r.annotation
        sure = "" if a.confidence is None else repr(a.confidence)
        writer.writerow(
            (r.where, repr(a.start_s), repr(a.end_s), r.label.name, r.tier, a.author, a.source, sure, a.note)
        )
    return out.getvalue()
