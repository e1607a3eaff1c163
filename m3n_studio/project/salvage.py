"""What can still be read of a damaged database, put into a whole one."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from m3n_studio.project import entries, label_sets
from m3n_studio.project.database import BadRowError

#: Every table, those that others refer to first.
TABLES = (
    "meta", "subject", "device", "session", "label_set", "tier", "label_class", "recording", "video", "clip", "text",
    "run", "annotation",
)  # fmt: skip
_COLOR = re.compile("#[0-9a-fA-F]{6}")
_READ = (sqlite3.Error, UnicodeError, OverflowError)


def salvage(damaged: Path, target: sqlite3.Connection) -> dict[str, int]:
    """Put the readable rows of a damaged database into a whole one of the newest version, in one transaction.

    A table that can be read to its end replaces the target's; of others the readable rows are added or updated.
    Rows that refer to nothing are left out.

    Returns
    -------
    dict
        Rows taken, by table; a table that could not be read at all is missing.
    """
    taken: dict[str, int] = {}
    try:
        source = sqlite3.connect(f"{damaged.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)
    except sqlite3.Error:
        return taken
    with contextlib.closing(source):
        source.text_factory = lambda raw: raw.decode("utf-8", "replace")
        target.execute("PRAGMA foreign_keys = OFF")
        target.execute("BEGIN IMMEDIATE")
        try:
            for table in TABLES:
                with contextlib.suppress(*_READ):
                    taken[table] = _table(source, target, table)
            _drop_dangling(target)
            target.execute("COMMIT")
        except BaseException:
            target.execute("ROLLBACK")
            raise
        finally:
            target.execute("PRAGMA foreign_keys = ON")
    return taken


def mend_rows(target: sqlite3.Connection) -> int:
    """Leave out rows that are no values of ours, and give classes a plain colour, key or name where theirs is bad.

    Returns
    -------
    int
        How many rows.
    """
    count = 0
    target.execute("BEGIN IMMEDIATE")
    for kind, table in entries.TABLES.items():
        names = ", ".join(entries.COLUMNS[kind])
        for row in target.execute(f"SELECT {names} FROM {table}").fetchall():  # noqa: S608 - from the schema
            count += _without(target, table, row[-1], partial(entries.from_row, kind, row))
    for row in target.execute(f"SELECT {label_sets.COLUMNS} FROM annotation").fetchall():  # noqa: S608
        count += _without(target, "annotation", row[0], partial(label_sets.annotation, row))
    for key, name, color, char in target.execute("SELECT id, name, color, key FROM label_class").fetchall():
        good = (
            name if str(name).strip() else "unnamed", color if _COLOR.fullmatch(str(color)) else "#808080",
            char if len(str(char)) < 2 else "",
        )  # fmt: skip
        if good != (name, color, char):
            target.execute("UPDATE label_class SET name = ?, color = ?, key = ? WHERE id = ?", (*good, key))
            count += 1
    _tell_apart(target)
    target.execute("COMMIT")
    target.execute("PRAGMA foreign_keys = OFF")
    target.execute("BEGIN IMMEDIATE")
    _drop_dangling(target)
    target.execute("COMMIT")
    return count


def _without(target: sqlite3.Connection, table: str, key: str, make: Callable[[], object]) -> bool:
    """Delete a row of which no value can be made; whether it was so."""
    try:
        make()
    except BadRowError:
        target.execute(f"DELETE FROM {table} WHERE id = ?", (key,))  # noqa: S608 - from the schema
        return True
    return False


def _tell_apart(target: sqlite3.Connection) -> None:
    """Classes of one tier, and tiers of one label set, have different names; keys are given once."""
    for table, group in (("label_class", "tier"), ("tier", "label_set")):
        twice = f"b.{group} = a.{group} AND b.rowid < a.rowid AND b.name = a.name"
        target.execute(
            f"UPDATE {table} AS a SET name = name || ' ' || substr(id, 1, 8)"  # noqa: S608 - constants
            f" WHERE EXISTS (SELECT 1 FROM {table} b WHERE {twice})"
        )
    target.execute(
        "UPDATE label_class AS a SET key = '' WHERE EXISTS"
        " (SELECT 1 FROM label_class b WHERE b.tier = a.tier AND b.rowid < a.rowid AND b.key = a.key)"
    )


def _table(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> int:
    wanted = [row[1] for row in target.execute(f"PRAGMA table_info({table})")]
    there = {row[1] for row in source.execute(f"PRAGMA table_info({table})")}
    columns = [name for name in wanted if name in there]
    if not columns:
        raise sqlite3.DatabaseError(f"no table {table}")
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    whole, rows = _rows(source, f"SELECT {names} FROM {table}", table)  # noqa: S608 - names from the schema
    if whole:
        target.execute(f"DELETE FROM {table}")  # noqa: S608 - names from the schema
    done = 0
    for row in rows:
        with contextlib.suppress(*_READ):  # a row that breaks a rule is a damaged one
            target.execute(f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({marks})", row)  # noqa: S608
            done += 1
    return done


def _rows(source: sqlite3.Connection, query: str, table: str) -> tuple[bool, list[tuple[Any, ...]]]:
    """Whether all rows could be read, and those that could: in order, else also from the end and one by one."""
    rows, whole = _until_error(source.execute(query))
    if whole:
        return True, rows
    found = dict.fromkeys(rows)
    with contextlib.suppress(*_READ):
        found |= dict.fromkeys(_until_error(source.execute(f"{query} ORDER BY rowid DESC"))[0])
    with contextlib.suppress(*_READ):
        last = source.execute(f"SELECT max(rowid) FROM {table}").fetchone()[0] or 0  # noqa: S608 - from the schema
        for key in range(1, min(int(last), 1_000_000) + 1):
            with contextlib.suppress(*_READ):
                found |= dict.fromkeys(source.execute(f"{query} WHERE rowid = ?", (key,)).fetchall())
    return False, list(found)


def _until_error(cursor: Iterator[tuple[Any, ...]]) -> tuple[list[tuple[Any, ...]], bool]:
    rows: list[tuple[Any, ...]] = []
    try:
        for row in cursor:
            rows.append(row)
    except _READ:
        return rows, False
    return rows, True


def _drop_dangling(target: sqlite3.Connection) -> None:
    """Take out rows that refer to nothing, until there is none."""
    while broken := target.execute("PRAGMA foreign_key_check").fetchall():
        for table, rowid, parent, _ in broken:
            if table == "recording" and parent == "device":
                target.execute("UPDATE recording SET device = NULL WHERE rowid = ?", (rowid,))
            elif table == "session":
                target.execute("UPDATE session SET subject = NULL WHERE rowid = ?", (rowid,))
            else:
                target.execute(f"DELETE FROM {table} WHERE rowid = ?", (rowid,))  # noqa: S608 - from SQLite itself
