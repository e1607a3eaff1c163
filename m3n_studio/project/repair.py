"""Mending a project: a damaged database from its backups and what can still be read of it, left-over files."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from m3n_studio.errors import FileError, ValueProblem
from m3n_studio.project import backup
from m3n_studio.project.check import STRAY_AGE_S, Finding, files_in_use, read_rows, require_project, strays, unused
from m3n_studio.project.database import NAME, Damaged, Database, can_write
from m3n_studio.project.migrations import migrate
from m3n_studio.project.opening import make_database
from m3n_studio.project.salvage import mend_rows, salvage
from m3n_studio.project.signal_store import StoredSignal
from m3n_studio.project.store import SIGNALS, Project
from m3n_studio.project.values import Recording
from m3n_studio.recordings.timemap import TimeMap

RECOVERED = "recovered"


def repair(
    folder: str | Path, *, stray_age_s: float = STRAY_AGE_S, remove_unused: bool = False
) -> tuple[Finding, ...]:  # fmt: skip
    """Mend what can be mended; what was done.

    A damaged database is set aside in ``backups``; its readable rows are put over the newest whole backup, and signal
    files that nothing refers to any more are taken in again. Files that a killed program left half-written are
    deleted. Nothing else is: the damaged database stays where it was put.

    Parameters
    ----------
    folder : str or Path
    stray_age_s : float, s
        Half-written files younger than this are left alone, for they may still be in work.
    remove_unused : bool
        Delete whole signal files that nothing refers to, e.g. of an import that was killed at its very end.

    Raises
    ------
    FileError
        If the folder is no project or cannot be written.
    """
    folder = Path(folder)
    require_project(folder)
    if not can_write(folder):
        raise FileError(folder, found="it cannot be written", expected="a copy in a folder that may be written")
    done: list[Finding] = []
    try:
        _read(folder)
    except Damaged as error:
        done += _restore(folder, str(error))
    for path in strays(folder, stray_age_s):
        path.unlink(missing_ok=True)
        done.append(Finding("note", str(path.relative_to(folder)), "a half-written file was deleted"))
    if remove_unused:
        with Project.open(folder) as project:
            for path in unused(folder, files_in_use(project), stray_age_s):
                path.unlink(missing_ok=True)
                done.append(Finding("note", f"{SIGNALS}/{path.name}", "a signal nothing refers to was deleted"))
    return tuple(done)


def _read(folder: Path) -> None:
    """Open the project and read every row; `Damaged` where that is not possible."""
    if not (folder / NAME).exists():
        raise Damaged(folder / NAME, found="it is missing", expected="the project's database")
    with Project.open(folder) as project:
        read_rows(project)


def _restore(folder: Path, why: str) -> list[Finding]:
    """A whole database in the place of a damaged or missing one."""
    path = folder / NAME
    done = [Finding("damage", NAME, why)]
    aside = _set_aside(folder)
    if aside is not None:
        done.append(Finding("note", NAME, f"the damaged database was kept as {aside.relative_to(folder)}"))
    whole = next((copy for copy in backup.backups(folder) if backup.is_whole(copy.path)), None)
    part = folder / f".{NAME}.part"
    part.unlink(missing_ok=True)
    if whole is not None:
        shutil.copyfile(whole.path, part)
        done.append(Finding("note", NAME, f"restored from the backup of {whole.made_at:%Y-%m-%d %H:%M} UTC"))
    else:
        make_database(part, folder.resolve().name)
        done.append(Finding("warning", NAME, "there was no whole backup; a new database was made"))
    _newest(part)
    if aside is not None:
        with contextlib.closing(sqlite3.connect(part, isolation_level=None)) as target:
            taken = salvage(aside, target)
            mended = mend_rows(target)
        if mended:
            done.append(Finding("warning", NAME, f"{mended} rows made no sense and were mended or left out"))
        rows = ", ".join(f"{count} of {table}" for table, count in taken.items() if table != "meta")
        done.append(Finding("note", NAME, f"read from the damaged one: {rows or 'nothing'}"))
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    part.replace(path)
    with Project.open(folder) as project:
        done += _adopt(project)
    return done


def _newest(part: Path) -> None:
    """Bring a backup of an older version up to date before rows are put into it."""
    database = Database.open(part)
    try:
        migrate(database)
        database.connection.execute("PRAGMA journal_mode = DELETE")
    finally:
        database.close()


def _set_aside(folder: Path) -> Path | None:
    """Move the damaged database with its log into the backups."""
    path = folder / NAME
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    target = folder / backup.FOLDER / f"damaged-{stamp}.sqlite"
    target.parent.mkdir(exist_ok=True)
    path.with_name(f"{NAME}-shm").unlink(missing_ok=True)
    log = path.with_name(f"{NAME}-wal")
    if log.exists():
        log.replace(target.with_name(f"{target.name}-wal"))
    if not path.exists():
        return None
    path.replace(target)
    return target


def _adopt(project: Project) -> list[Finding]:
    """Give signal files that lost their rows a row again, in their session or in one called "recovered"."""
    done = []
    in_use = files_in_use(project)
    for path in sorted((project.folder / SIGNALS).glob("*.h5")):
        if f"{SIGNALS}/{path.name}" in in_use:
            continue
        try:
            with contextlib.closing(StoredSignal(path)) as signal:
                project.add(_described(project, path, signal))
            done.append(Finding("note", f"{SIGNALS}/{path.name}", f"the recording {signal.name!r} was taken in again"))
        except (FileError, ValueProblem, ValueError, TypeError, KeyError) as error:
            done.append(Finding("warning", f"{SIGNALS}/{path.name}", f"it could not be taken in again ({error})"))
    return done


def _described(project: Project, path: Path, signal: StoredSignal) -> Recording:
    about = json.loads(signal.about)
    sessions = {session.id for session in project.sessions()}
    devices = {device.id for device in project.devices()}
    recording = Recording(
        about["session"] if about["session"] in sessions else _recovered(project), str(about["name"]),
        str(about["placement"]), about["device"] if about["device"] in devices else "", f"{SIGNALS}/{path.name}",
        signal.samples, signal.rate_hz, *signal.span_s, signal.regular, signal.sha256,
        TimeMap.from_json(about["time_map"]), str(about["source"]), str(about["note"]),
    )  # fmt: skip
    return replace(recording, id=path.stem)


def _recovered(project: Project) -> str:
    found = next((s for s in project.sessions("") if s.name == RECOVERED), None)
    return (found or project.add_session(RECOVERED, note="recordings whose session was lost")).id
