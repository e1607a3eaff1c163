"""From any older version of the database to this one: one function a version, each in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from m3n_studio.errors import FileError
from m3n_studio.project import schema
from m3n_studio.project.database import Damaged, Database
from m3n_studio.recordings.timemap import TimeMap


def _run(connection: sqlite3.Connection, script: str) -> None:
    """The statements of a script, without the commit that `executescript` begins with."""
    for statement in script.split(";\n"):
        if statement.strip():
            connection.execute(statement)


def _first_tables(connection: sqlite3.Connection) -> None:
    _run(connection, schema.V1)


def _devices_and_maps(connection: sqlite3.Connection) -> None:
    connection.create_function("offset_map", 1, lambda offset: TimeMap.offset(offset).to_json(), deterministic=True)
    _run(connection, schema.V2)


#: Row i takes version i to version i + 1.
MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (_first_tables, _devices_and_maps)


def refuse_newer(database: Database) -> None:
    """Raise `FileError` where the file was written by a newer program."""
    if database.version > schema.VERSION:
        raise FileError(
            database.path,
            found=f"a project of version {database.version}; this program knows up to {schema.VERSION}",
            expected="a newer m3n Studio; the project was not touched",
        )


def migrate(database: Database, to: int = schema.VERSION) -> None:
    """Bring the database to a version; a kill in between leaves it at one version or the next, whole."""
    while True:
        version = database.version
        if version >= to:
            return
        with database.transaction_anywhere() as connection:
            if int(connection.execute("PRAGMA user_version").fetchone()[0]) != version:
                continue  # another window was quicker
            MIGRATIONS[version](connection)
            broken = connection.execute("PRAGMA foreign_key_check").fetchone()
            if broken is not None:
                raise Damaged(database.path, field=str(broken[0]), found="a row that refers to nothing",
                              expected="a whole database; `m3n-studio project repair FOLDER` mends it")  # fmt: skip
            connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {version + 1}")
