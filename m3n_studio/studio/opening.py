"""Opens files off the GUI thread, one request at a time, and says how that went."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from m3n_studio.studio.contents import Contents, open_files
from m3n_studio.studio.job import Job


class Opener(QObject):
    """Turns files into contents.

    Signals
    -------
    opened : Contents
    failed : exception
    busy_changed : str
        What is being opened, or empty when nothing is.
    """

    opened = Signal(object)
    failed = Signal(object)
    busy_changed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._job: Job | None = None

    @property
    def busy(self) -> bool:
        """Whether files are being opened."""
        return self._job is not None

    def open(self, paths: Sequence[Path], before: Contents) -> bool:
        """Begin; False if other files are still being opened."""
        if self._job is not None:
            return False
        chosen = tuple(paths)
        self._job = Job(lambda: open_files(chosen, before), self)
        self._job.done.connect(self.opened)
        self._job.failed.connect(self.failed)
        self._job.ended.connect(self._on_ended)
        self.busy_changed.emit(", ".join(p.name for p in chosen))
        self._job.start()
        return True

    def stop(self) -> None:
        """Want nothing any more; returns when the thread has stopped."""
        if self._job is not None:
            self._job.wait()
            self._on_ended()

    @Slot()
    def _on_ended(self) -> None:
        if self._job is not None:
            self._job.deleteLater()
            self._job = None
            self.busy_changed.emit("")
