"""One connection to a project's database: how it is opened, written and read, and its errors in words.

SQLite in WAL mode with ``synchronous=FULL``: a write is on the disk, power cut or not, before its block ends. Threads
of this process take turns on the connection; other processes are kept apart by SQLite itself.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from m3n_studio.errors import FileError, ValueProblem
from m3n_studio.project.schema import APPLICATION_ID

NAME = "project.sqlite"
BUSY_S = 10.0
_OLDEST_SQLITE = (3, 37, 0)

_REPAIR = "a whole database; `m3n-studio project repair FOLDER` brings back what can be read"
#: SQLite's primary error codes in words: what was found, what to do.
_WORDS = {
    sqlite3.SQLITE_FULL: ("the disk is full; the change was not made", "free space on the disk"),
    sqlite3.SQLITE_READONLY: ("it cannot be written; the change was not made", "a folder that may be written"),
    sqlite3.SQLITE_BUSY: ("another program has been writing to it for too long", "to be tried again"),
    sqlite3.SQLITE_LOCKED: ("another program has been writing to it for too long", "to be tried again"),
    sqlite3.SQLITE_CORRUPT: ("the database is damaged", _REPAIR),
    sqlite3.SQLITE_NOTADB: ("it is no SQLite database", _REPAIR),
    sqlite3.SQLITE_CANTOPEN: ("it cannot be opened", "a file and folder that may be read"),
    sqlite3.SQLITE_PERM: ("it may not be opened", "a file and folder that may be read"),
    sqlite3.SQLITE_IOERR: ("the disk cannot be read or written; the change was not made", "a disk that works"),
}


class Damaged(FileError):
    """The database is there and is not whole: `repair` can help."""


class BadRowError(Exception):
    """A row that is no value of ours; :meth:`Database.errors` puts it into words."""


class Database:
    """A connection and its lock.

    Attributes
    ----------
    path : Path
        The database file.
    read_only : bool
    """

    def __init__(self, path: Path, *, read_only: bool, scratch: tempfile.TemporaryDirectory[str] | None = None) -> None:
        self.path = path
        self.read_only = read_only
        self._lock = threading.RLock()
        self._scratch = scratch
        self._connection: sqlite3.Connection | None = None
        self._seen = 0

    @classmethod
    def create(cls, path: Path) -> Database:
        """A new, empty database at a path where nothing is."""
        database = cls(path, read_only=False)
        with database.errors():
            database._attach(f"{_uri(path)}?mode=rwc")
            database._write_pragmas()
        return database

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> Database:
        """An existing database, to be read only where asked or where it cannot be written.

        Raises
        ------
        FileError
            Where it is none of ours, or damaged beyond opening.
        """
        read_only = read_only or not can_write(path)
        if read_only and not can_write(path.parent):
            database = cls._on_still_medium(path)
        else:
            database = cls(path, read_only=read_only)
            with database.errors():
                database._attach(f"{_uri(path)}?mode={'ro' if read_only else 'rw'}")
        with database.errors():
            try:
                database._check_kind()
                if read_only:
                    database.connection.execute("PRAGMA query_only = ON")
                else:
                    database._write_pragmas()
            except BaseException:
                database.close()
                raise
        return database

    @classmethod
    def _on_still_medium(cls, path: Path) -> Database:
        """WAL needs a shared-memory file beside it; where none can be made, read the file as unchanging.

        With a log that was never folded in, that would miss the last edits: then a copy of both is read.
        """
        log = path.with_name(path.name + "-wal")
        scratch = None
        target, mode = path, "mode=ro&immutable=1"
        if log.exists() and log.stat().st_size:
            scratch = tempfile.TemporaryDirectory(prefix="m3n-project-")
            target, mode = Path(scratch.name) / path.name, "mode=rw"
            for file in (path, log):
                shutil.copyfile(file, target.with_name(file.name))
        database = cls(path, read_only=True, scratch=scratch)
        with database.errors():
            database._attach(f"{_uri(target)}?{mode}")
        return database

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection, while it is open."""
        if self._connection is None:
            raise ValueProblem(f"{self.path.parent.name}: the project has been closed")
        return self._connection

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Several reads that see one state."""
        with self._lock, self.errors():
            connection = self.connection
            inside = connection.in_transaction
            if not inside:
                connection.execute("BEGIN")
            try:
                yield connection
            finally:
                if not inside:
                    with contextlib.suppress(sqlite3.Error):  # SQLite has done so itself after some errors
                        connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it is on the disk when the block ends well, else none of it."""
        if self.read_only:
            raise FileError(self.path, found="the project is open for reading only; the change was not made",
                            expected="a copy of the project in a folder that may be written")  # fmt: skip
        with self.transaction_anywhere() as connection:
            yield connection

    @contextlib.contextmanager
    def transaction_anywhere(self) -> Iterator[sqlite3.Connection]:
        """As :meth:`writing`, in a copy in memory too."""
        with self._lock, self.errors():
            connection = self.connection
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    with contextlib.suppress(sqlite3.Error):
                        connection.execute("ROLLBACK")
                raise

    def changed_elsewhere(self) -> bool:
        """Whether another connection has written since this was asked last (or since opening)."""
        with self._lock, self.errors():
            now = int(self.connection.execute("PRAGMA data_version").fetchone()[0])
            before, self._seen = self._seen, now
            return now != before

    @property
    def version(self) -> int:
        """Schema version of the file."""
        with self._lock, self.errors():
            return int(self.connection.execute("PRAGMA user_version").fetchone()[0])

    def close(self) -> None:
        """Fold the log into the file and let go of both; more than once is fine."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()
            if self._scratch is not None:
                self._scratch.cleanup()

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """SQLite's errors inside become a `FileError` of this file, or a `ValueProblem` about the value."""
        try:
            yield
        except BadRowError as error:
            raise Damaged(self.path, found=f"a row that cannot be ({error})", expected=_REPAIR) from error
        except sqlite3.IntegrityError as error:
            raise ValueProblem(f"{self.path.parent.name}: {_constraint(str(error))}") from error
        except (sqlite3.Error, sqlite3.Warning) as error:
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
            found, expected = _WORDS.get(code, (f"the database cannot be used ({error})", _REPAIR))
            kind = Damaged if expected == _REPAIR else FileError
            raise kind(self.path, found=found, expected=expected) from error
        except UnicodeError as error:
            raise Damaged(self.path, found=f"text that is no text ({error})", expected=_REPAIR) from error

    def replace_by_memory(self) -> None:
        """Go on with a copy in memory: an old schema on a medium that cannot be written is migrated there."""
        memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        with self._lock, self.errors():
            self.connection.backup(memory)
            self.connection.close()
            self._connection = memory
            memory.execute("PRAGMA foreign_keys = ON")

    def _attach(self, uri: str) -> None:
        if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
            raise FileError(self.path, found=f"this Python has SQLite {sqlite3.sqlite_version}",
                            expected=f"{'.'.join(map(str, _OLDEST_SQLITE))} or newer")  # fmt: skip
        self._connection = sqlite3.connect(
            uri, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.execute("PRAGMA trusted_schema = OFF")
        self._seen = int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def _write_pragmas(self) -> None:
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")

    def _check_kind(self) -> None:
        kind = int(self.connection.execute("PRAGMA application_id").fetchone()[0])
        if kind != APPLICATION_ID:
            ours = (self.path.parent / "signals").is_dir()
            raise (Damaged if ours else FileError)(
                self.path, found="an SQLite database that is no project of m3n Studio",
                expected=_REPAIR if ours else "a project.sqlite it made",
            )  # fmt: skip


def can_write(path: Path) -> bool:
    """Whether this user may write there, on a medium that can be written."""
    if os.access in os.supports_effective_ids:
        return os.access(path, os.W_OK, effective_ids=True)
    return os.access(path, os.W_OK)


def _uri(path: Path) -> str:
    return "file:" + quote(path.absolute().as_posix())


def _constraint(text: str) -> str:
    """A broken constraint in words a person can use."""
    if text.startswith("UNIQUE constraint failed"):
        what = text.rsplit(": ", 1)[-1].split(",")[-1].strip()
        table, _, column = what.partition(".")
        if text.endswith("session_name'"):
            return "the subject has a session of that name already"
        return f"there is a {table.replace('_', ' ')} with that {column} already"
    if text.startswith("FOREIGN KEY"):
        return "something refers to it, or it refers to something that is not there"
    return f"the value is not allowed ({text})"
