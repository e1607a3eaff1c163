"""Rows and values: how the project's entries lie in tables, and how an `Edit` changes them.

Each function works inside a transaction of its caller. Rows are never deleted: `removed` hides them, so that every
edit has an inverse, and what belongs to a hidden row is hidden with it.
"""

from __future__ import annotations

import sqlite3
from dataclasses import fields
from typing import Any, TypeVar

from m3n_studio.errors import ValueProblem
from m3n_studio.project import label_sets
from m3n_studio.project.database import BadRowError
from m3n_studio.project.values import (
    ClipEntry,
    Device,
    Edit,
    Entry,
    LabelSet,
    Recording,
    Run,
    Session,
    Subject,
    TextEntry,
    Video,
)
from m3n_studio.recordings.timemap import TimeMap

E = TypeVar("E", Subject, Session, Device, Recording, Video, ClipEntry, TextEntry, Run)

TABLES: dict[type, str] = {
    Subject: "subject", Session: "session", Device: "device", Recording: "recording", Video: "video",
    ClipEntry: "clip", TextEntry: "text", Run: "run",
}  # fmt: skip
WORDS: dict[type, str] = {**TABLES, LabelSet: "label set"}

_SESSION = "removed = 0 AND (subject IS NULL OR subject IN (SELECT id FROM subject WHERE removed = 0))"
_OF_SESSION = f"removed = 0 AND session IN (SELECT id FROM session WHERE {_SESSION})"  # noqa: S608 - constants
#: What is shown of each table.
VISIBLE: dict[type, str] = {
    Session: _SESSION, Recording: _OF_SESSION, Video: _OF_SESSION, ClipEntry: _OF_SESSION, TextEntry: _OF_SESSION,
}  # fmt: skip
_ORDER: dict[type, str] = {TextEntry: "start_s, end_s, id", Session: "subject, name, id"}
#: What the samples of a recording are is never edited.
_FIXED = ("session", "file", "samples", "rate_hz", "start_s", "stop_s", "regular", "sha256")

COLUMNS: dict[type, tuple[str, ...]] = {kind: tuple(f.name for f in fields(kind)) for kind in TABLES}


def _to_row(entry: Entry) -> tuple[Any, ...]:
    """The values of its columns."""
    out = []
    for name in COLUMNS[type(entry)]:
        value = getattr(entry, name)
        if isinstance(value, TimeMap):
            value = value.to_json()
        elif name in ("subject", "device"):
            value = value or None
        out.append(value)
    return tuple(out)


def from_row(kind: type[E], row: tuple[Any, ...]) -> E:
    """The value of a row; `BadRowError` where it is none."""
    values = dict(zip(COLUMNS[kind], row, strict=True))
    if "regular" in values:
        values["regular"] = bool(values["regular"])
    for name in ("subject", "device"):
        if name in values:
            values[name] = values[name] or ""
    try:
        if "time_map" in values:
            values["time_map"] = TimeMap.from_json(values["time_map"])
        return kind(**values)
    except (ValueError, TypeError) as error:
        raise BadRowError(f"{TABLES[kind]} {values['id']!r}: {error}") from error


def listed(
    connection: sqlite3.Connection, kind: type[E], where: str = "1", given: tuple[Any, ...] = ()
) -> tuple[E, ...]:
    """Entries of a kind that are not hidden and fulfil a condition, in their order."""
    table, columns = TABLES[kind], ", ".join(COLUMNS[kind])
    shown, order = VISIBLE.get(kind, "removed = 0"), _ORDER.get(kind, "name, id")
    query = f"SELECT {columns} FROM {table} WHERE ({where}) AND {shown} ORDER BY {order}"  # noqa: S608 - constants
    return tuple(from_row(kind, row) for row in connection.execute(query, given))


def one(connection: sqlite3.Connection, kind: type[E], entry_id: str) -> E:
    """The entry of that id.

    Raises
    ------
    ValueProblem
        If there is none, or it was removed.
    """
    found = listed(connection, kind, "id = ?", (entry_id,))
    if not found:
        raise ValueProblem(f"the project has no {WORDS[kind]} {entry_id!r}; it may have been removed")
    return found[0]


def apply_edit(connection: sqlite3.Connection, edit: Edit) -> None:
    """Make one edit.

    Raises
    ------
    ValueProblem
        If the entry is not as the edit says it is now, or the new state breaks a rule of the project.
    """
    if isinstance(edit.entry, LabelSet):
        label_sets.apply_edit(connection, edit)
        return
    kind = type(edit.entry)
    table, columns = TABLES[kind], COLUMNS[kind]
    row = connection.execute(
        f"SELECT {', '.join(columns)}, removed FROM {table} WHERE id = ?", (edit.entry.id,)  # noqa: S608 - constants
    ).fetchone()  # fmt: skip
    now = None if row is None or row[-1] else from_row(kind, row[:-1])  # type: ignore[type-var]
    if now != edit.before:
        raise ValueProblem(f"{edit.label}: the {WORDS[kind]} has changed in the meantime")
    if edit.after is None:
        connection.execute(f"UPDATE {table} SET removed = 1 WHERE id = ?", (edit.entry.id,))  # noqa: S608 - constants
        return
    _check_fixed(edit, None if row is None else from_row(kind, row[:-1]))  # type: ignore[type-var]
    if isinstance(edit.after, Session | Recording | Video | ClipEntry | TextEntry):
        _check_parent(connection, edit.after)
    values = _to_row(edit.after)
    if row is None:
        marks = ", ".join("?" * len(columns))
        connection.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", values)  # noqa: S608
    else:
        sets = ", ".join(f"{name} = ?" for name in columns)
        connection.execute(f"UPDATE {table} SET {sets}, removed = 0 WHERE id = ?", (*values, edit.entry.id))  # noqa: S608


def _check_fixed(edit: Edit, stored: Entry | None) -> None:
    if isinstance(edit.after, Recording) and isinstance(stored, Recording):
        for name in _FIXED:
            if getattr(edit.after, name) != getattr(stored, name):
                raise ValueProblem(f"{edit.label}: the {name} of a recording cannot be changed")


def _check_parent(connection: sqlite3.Connection, entry: Entry) -> None:
    """Nothing is added to what was removed."""
    if isinstance(entry, Session):
        if entry.subject:
            one(connection, Subject, entry.subject)
        return
    one(connection, Session, entry.session)  # type: ignore[union-attr]
