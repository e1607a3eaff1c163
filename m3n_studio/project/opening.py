"""Making a project's database, and opening one: checked, migrated, backed up."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from m3n_studio.annotation.model import new_id
from m3n_studio.atomic import atomic
from m3n_studio.errors import FileError
from m3n_studio.project.backup import is_due, make_backup
from m3n_studio.project.database import Damaged, Database
from m3n_studio.project.migrations import migrate, refuse_newer
from m3n_studio.project.schema import VERSION

_WHOLE_CHECK_BYTES = 32 << 20


def make_database(path: Path, name: str) -> None:
    """A new database of the newest version; it appears whole or not at all."""
    about = (("name", name), ("id", new_id()), ("created_at", datetime.now(UTC).isoformat(timespec="seconds")))
    try:
        with atomic(path) as part:
            database = Database.create(part)
            try:
                migrate(database)
                with database.writing() as connection:
                    connection.executemany("INSERT INTO meta (key, value) VALUES (?, ?)", about)
            finally:
                database.close()
    except OSError as error:
        raise FileError(path, found=f"it cannot be made ({error.strerror or error})",
                        expected="free space and a folder that may be written") from error  # fmt: skip


def open_database(path: Path, read_only: bool) -> tuple[Database, tuple[str, ...]]:
    """The checked database, of the newest version, and remarks for people."""
    database = Database.open(path, read_only=read_only)
    try:
        refuse_newer(database)
        check_whole(database)
        remarks = _bring_up_to_date(database, path.parent)
    except BaseException:
        database.close()
        raise
    if database.read_only and not read_only:
        remarks = (*remarks, "the project cannot be written here; it is open for reading only")
    return database, remarks


def check_whole(database: Database) -> None:
    """SQLite's own check of the file and its references; a quick one where it is large."""
    large = database.path.stat().st_size > _WHOLE_CHECK_BYTES
    with database.reading() as connection:
        said = connection.execute(f"PRAGMA {'quick_check' if large else 'integrity_check'}(1)").fetchone()[0]
        broken = connection.execute("PRAGMA foreign_key_check").fetchone()
    if said != "ok" or broken is not None:
        found = f"the database is damaged ({said if broken is None else f'a row of {broken[0]} refers to nothing'})"
        raise Damaged(database.path, found=found,
                      expected="a whole database; `m3n-studio project repair FOLDER` mends it")  # fmt: skip


def _bring_up_to_date(database: Database, folder: Path) -> tuple[str, ...]:
    version = database.version
    if version < VERSION:
        if database.read_only:
            database.replace_by_memory()
        else:
            make_backup(database, folder, f"before-version-{VERSION}")
        migrate(database)
        return (f"the project was of version {version} and is now of {VERSION}",)
    if not database.read_only and is_due(folder):
        try:
            make_backup(database, folder, "daily")
        except FileError as error:
            return (str(error),)
    return ()
