"""Public recordings in the window: the dialog, and what becomes of what it fetched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from m3n_studio.studio.core.jobs import Jobs

if TYPE_CHECKING:
    from m3n_studio.studio.projects.sample_dialog import SampleDialog
    from m3n_studio.studio.projects.sample_work import Fetched

_MOST_TOLD = 5


class SampleTools(QObject):
    """Opens the dialog.

    Signals
    -------
    project_made : Path
        A project was made of a set; it wants to be opened.
    files_wanted : list of Path
        The folder of a set wants to be opened.
    told : str
    failed : exception
    """

    project_made = Signal(object)
    files_wanted = Signal(object)
    told = Signal(str)
    failed = Signal(object)

    def __init__(self, jobs: Jobs, window: QWidget, folder: Path | None = None) -> None:
        super().__init__(window)
        self._jobs, self._window, self._folder = jobs, window, folder
        self.dialog: SampleDialog | None = None

    @Slot()
    def ask(self) -> None:
        """Show what there is."""
        from m3n_studio.studio.projects.sample_dialog import SampleDialog

        self.dialog = SampleDialog(self._jobs, self._folder, self._window)
        self.dialog.fetched.connect(self._on_fetched)
        self.dialog.finished.connect(self._on_closed)
        self.dialog.open()

    @Slot()
    def _on_closed(self, *_: object) -> None:
        self.dialog = None

    @Slot(str, object)
    def _on_fetched(self, into: str, result: Fetched) -> None:
        if into == "open":
            self.files_wanted.emit([result.folder])
        elif result.project is not None:
            self.project_made.emit(result.project)
        if result.failures:
            more = f" and {len(result.failures) - _MOST_TOLD} more" if len(result.failures) > _MOST_TOLD else ""
            self.told.emit(f"{len(result.failures)} files were not read: "
                           f"{'; '.join(result.failures[:_MOST_TOLD])}{more}")  # fmt: skip
