"""Rotating copies of a project's database, made while it is in use."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from m3n_studio.atomic import atomic
from m3n_studio.errors import FileError
from m3n_studio.project.database import Database
from m3n_studio.project.schema import APPLICATION_ID

FOLDER = "backups"
KEEP = 5
OLDEST = timedelta(days=1)
_NAME = re.compile(r"(\d{8}T\d{6}\d{6}Z)-([a-z0-9-]+)\.sqlite")
_STAMP = "%Y%m%dT%H%M%S%fZ"


@dataclass(frozen=True)
class Backup:
    """A copy: where it is, when it was made (UTC), and what for."""

    path: Path
    made_at: datetime
    reason: str


def backups(folder: Path) -> tuple[Backup, ...]:
    """The copies there are, newest first."""
    found = []
    for path in (folder / FOLDER).glob("*.sqlite"):
        match = _NAME.fullmatch(path.name)
        if match is None:
            continue
        with contextlib.suppress(ValueError):
            made_at = datetime.strptime(match[1], _STAMP).replace(tzinfo=UTC)
            found.append(Backup(path, made_at, match[2]))
    return tuple(sorted(found, key=lambda b: b.made_at, reverse=True))


def is_due(folder: Path) -> bool:
    """Whether the newest copy is older than a day, or there is none."""
    newest = next(iter(backups(folder)), None)
    return newest is None or datetime.now(UTC) - newest.made_at > OLDEST


def make_backup(database: Database, folder: Path, reason: str) -> Backup:
    """Copy the database as it is now, checked, and let go of the oldest beyond :data:`KEEP`.

    Raises
    ------
    FileError
        If the copy cannot be written; what was there before stays.
    """
    now = datetime.now(UTC)
    path = folder / FOLDER / f"{now.strftime(_STAMP)}-{reason}.sqlite"
    try:
        path.parent.mkdir(exist_ok=True)
        with atomic(path) as part:
            copy_database(database, part)
    except OSError as error:
        raise FileError(path, found=f"the backup cannot be written ({error.strerror or error})",
                        expected="free space and a folder that may be written") from error  # fmt: skip
    _rotate(folder)
    return Backup(path, now, reason)


def copy_database(database: Database, target: Path) -> None:
    """One consistent copy as a single file, also while others write."""
    with database.errors(), contextlib.closing(sqlite3.connect(target, isolation_level=None)) as copy:
        database.connection.backup(copy, pages=4096)
        copy.execute("PRAGMA journal_mode = DELETE")


def is_whole(path: Path) -> bool:
    """Whether a database file is one of ours and passes SQLite's own check."""
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            kind = connection.execute("PRAGMA application_id").fetchone()[0]
            said: str = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            return kind == APPLICATION_ID and said == "ok"
    except sqlite3.Error:
        return False


def _rotate(folder: Path) -> None:
    """Keep the newest few, and always the newest one made before a migration."""
    there = backups(folder)
    migration = next((b for b in there if b.reason.startswith("before-version")), None)
    for old in there[KEEP:]:
        if old != migration:
            with contextlib.suppress(OSError):
                old.path.unlink()
