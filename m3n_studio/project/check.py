"""Is a project whole? What is not, in words, with what to do."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from m3n_studio.errors import Cancelled, FileError
from m3n_studio.project import backup, entries
from m3n_studio.project.database import NAME
from m3n_studio.project.signal_store import StoredSignal
from m3n_studio.project.store import SIGNALS, Project
from m3n_studio.project.values import Recording

Level = Literal["note", "warning", "damage"]
#: Left-over files younger than this may belong to a program that is writing them.
STRAY_AGE_S = 3600.0
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be (or, after a repair, one thing that was done).

    Attributes
    ----------
    level : {"note", "warning", "damage"}
    where : str
        The file or entry.
    what : str
    remedy : str
    """

    level: Level
    where: str
    what: str
    remedy: str = ""

    def line(self) -> str:
        """All of it on one line."""
        return f"{self.level}: {self.where}: {self.what}" + (f"; {self.remedy}" if self.remedy else "")


def check(
    folder: str | Path, *, samples: bool = True, progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[Finding, ...]:  # fmt: skip
    """Look at every part of a project and change nothing.

    Parameters
    ----------
    folder : str or Path
    samples : bool
        Also read every sample and hold it against its checksum.
    progress, cancelled : callable, optional
        As in :func:`~m3n_studio.project.signal_writer.write_signal`; counted in recordings.

    Returns
    -------
    tuple of Finding
        Empty where all is well.

    Raises
    ------
    FileError
        If the folder holds nothing of a project.
    """
    folder = Path(folder)
    require_project(folder)
    try:
        project = Project.open(folder, read_only=True)
    except FileError as error:
        return (Finding("damage", NAME, str(error), "repair brings back what can be read"),)
    found: list[Finding] = []
    with project:
        try:
            read_rows(project)
        except FileError as error:
            return (Finding("damage", NAME, str(error), "repair brings back what can be read"),)
        recordings = project.recordings()
        for done, recording in enumerate(recordings):
            if cancelled is not None and cancelled():
                raise Cancelled(f"stopped after {done} of {len(recordings)} recordings")
            found += _check_recording(project, recording, samples)
            if progress is not None:
                progress(done + 1, len(recordings))
        for entry in project.media():
            if not project.path_of(entry).is_file():
                found.append(Finding("warning", entry.path, f"the file of {entry.name!r} is missing", "put it back"))
        found += _loose_files(folder, files_in_use(project))
    for copy in backup.backups(folder):
        if not backup.is_whole(copy.path):
            found.append(Finding("warning", f"backups/{copy.path.name}", "this backup is damaged", "delete it"))
    return tuple(found)


def require_project(folder: Path) -> None:
    """Raise `FileError` where a folder holds nothing of a project, not even a damaged one."""
    if not ((folder / NAME).exists() or backup.backups(folder) or (folder / SIGNALS).is_dir()):
        raise FileError(folder, found="nothing of a project in it", expected="a project's folder")


def read_rows(project: Project) -> None:
    """Read every row: `Damaged` where one is no value of ours."""
    for kind in entries.TABLES:
        project.all_of(kind)
    project.label_sets()
    for session in project.sessions():
        project.annotations(session.id)


def _check_recording(project: Project, recording: Recording, samples: bool) -> list[Finding]:
    remedy = "import the recording again, or restore the file from a copy of the project"
    try:
        with contextlib.closing(StoredSignal(project.folder / recording.file)) as signal:
            if (signal.sha256, signal.samples) != (recording.sha256, recording.samples):
                return [Finding("damage", recording.file, f"it is not the file of {recording.name!r}", remedy)]
            if samples and not signal.verify():
                return [Finding("damage", recording.file, "samples are not as they were written", remedy)]
    except FileError as error:
        return [Finding("damage", recording.file, str(error), remedy)]
    return []


def _loose_files(folder: Path, in_use: set[str]) -> list[Finding]:
    unfinished = [
        Finding("note", str(path.relative_to(folder)), "a file that was never finished", "repair deletes it")
        for path in strays(folder, STRAY_AGE_S)
    ]
    lonely = [
        Finding("note", f"{SIGNALS}/{path.name}", "a signal nothing refers to", "repair --remove-unused deletes it")
        for path in unused(folder, in_use, STRAY_AGE_S)
    ]
    return unfinished + lonely


def files_in_use(project: Project) -> set[str]:
    """Signal files of all recordings, hidden ones too."""
    with project.database.reading() as connection:
        return {row[0] for row in connection.execute("SELECT file FROM recording")}


def strays(folder: Path, age_s: float) -> list[Path]:
    """Half-written files nobody has touched for a while."""
    found = []
    for path in sorted((*folder.glob(".*.part*"), *folder.glob("*/.*.part*"))):
        with contextlib.suppress(OSError):
            if path.is_file() and time.time() - path.stat().st_mtime >= age_s and not _locked(path):
                found.append(path)
    return found


def _locked(path: Path) -> bool:
    """Whether a program holds the file: HDF5 locks what it writes."""
    try:
        import fcntl
    except ImportError:  # where there is none, a file in use cannot be deleted
        return False
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def unused(folder: Path, in_use: set[str], age_s: float) -> list[Path]:
    """Whole signal files no recording refers to, older than that: the row of a newer one may be on its way."""
    return [
        path for path in sorted((folder / SIGNALS).glob("*.h5"))
        if f"{SIGNALS}/{path.name}" not in in_use and time.time() - path.stat().st_mtime >= age_s
    ]  # fmt: skip
