"""What is left when the program dies: a report, and enough to open the same document again. No Qt.

While a window runs it holds a lock on ``run-ID.lock`` in the user's state folder, with beside it
``run-ID.json`` (the open document, see :mod:`m3n_studio.studio.frame.session`) and ``run-ID.log``
(where :mod:`faulthandler` writes). A clean end removes all three. Files whose lock nobody holds
belong to a run that died, however it died; :func:`left_behind` finds them.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import platform
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from m3n_studio import __version__
from m3n_studio.atomic import atomic

KEEP_REPORTS = 20


def default_folder() -> Path:
    """Where the user's state is kept."""
    import platformdirs

    return Path(platformdirs.user_state_dir("m3n-studio", appauthor=False))


@dataclass(frozen=True)
class Remains:
    """A run that died.

    Attributes
    ----------
    session : dict
        The document it had open; empty where there was none.
    report : Path or None
        What is known about its end.
    """

    session: dict[str, Any]
    report: Path | None


class Guard:
    """The files of the present run. Trouble with the disk is never the user's trouble: the guard is then idle.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._name = f"run-{os.getpid()}-{time.time_ns():x}"
        self._lock: IO[bytes] | None = None
        self._log: IO[bytes] | None = None
        self._written: dict[str, Any] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = self._file("lock").open("wb")
            _hold(lock)
            self._lock = lock
            self._log = self._file("log").open("wb", buffering=0)
            faulthandler.enable(self._log, all_threads=True)
        except OSError:
            self.release()

    def _file(self, suffix: str) -> Path:
        return self.folder / f"{self._name}.{suffix}"

    def remember(self, session: dict[str, Any]) -> None:
        """Write down the open document; nothing if it is as written already."""
        if self._lock is None or session == self._written:
            return
        with contextlib.suppress(OSError):
            with atomic(self._file("json")) as part:
                part.write_text(json.dumps(session), "utf-8")
            self._written = session

    def report(self, trace: str) -> Path | None:
        """Write a report about an exception nobody caught; the window lives on."""
        return write_report(self.folder, trace, self._written)

    def release(self) -> None:
        """A clean end: nothing is left."""
        if self._log is not None:
            faulthandler.disable()
            self._log.close()
            self._log = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None
        for suffix in ("json", "log", "lock"):
            with contextlib.suppress(OSError):
                self._file(suffix).unlink(missing_ok=True)


def left_behind(folder: Path) -> list[Remains]:
    """Runs that died, newest first; each is told once: its files become a report."""
    out = []
    for lock in sorted(_locks(folder), key=_age, reverse=True):
        if not _abandoned(lock):
            continue
        session = _session(lock.with_suffix(".json"))
        log = _words(lock.with_suffix(".log")).strip()
        words = log or "The program ended without closing its window: it was killed, or the computer stopped."
        out.append(Remains(session, write_report(folder, words, session)))
        for suffix in (".json", ".log", ".lock"):
            with contextlib.suppress(OSError):
                lock.with_suffix(suffix).unlink(missing_ok=True)
    return out


def write_report(folder: Path, trace: str, session: dict[str, Any]) -> Path | None:
    """A text file for whoever looks into it; the newest :data:`KEEP_REPORTS` are kept."""
    lines = [
        f"m3n Studio {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"written {time.strftime('%Y-%m-%d %H:%M:%S %z')}", f"command {' '.join(sys.argv[:1])}",
        *(f"{name} {module.__version__}" for name in ("PySide6", "numpy", "pyqtgraph", "vispy")
          if (module := sys.modules.get(name)) is not None and hasattr(module, "__version__")),
        "", trace.strip(), "", "open document:", json.dumps(session, indent=1) if session else "none",
    ]  # fmt: skip
    path = folder / f"report-{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 10**9:09d}.txt"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with atomic(path) as part:
            part.write_text("\n".join(lines) + "\n", "utf-8")
        for old in sorted(folder.glob("report-*.txt"))[:-KEEP_REPORTS]:
            old.unlink(missing_ok=True)
    except OSError:
        return None
    return path


def _locks(folder: Path) -> list[Path]:
    try:
        return list(folder.glob("run-*.lock"))
    except OSError:
        return []


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _abandoned(lock: Path) -> bool:
    try:
        with lock.open("rb+") as file:
            _hold(file)
    except OSError:
        return False
    return True


def _hold(file: IO[bytes]) -> None:
    """Take a lock that ends with the process; OSError where another process has it."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _words(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _session(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(_words(path) or "{}")
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
