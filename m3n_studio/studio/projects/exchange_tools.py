"""Labels in and out, in the window: asking for files, the dialogs, and one step to undo."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.jobs import Jobs

if TYPE_CHECKING:
    from m3n_studio.project.label_import import ImportPlan
    from m3n_studio.studio.projects.exchange_export import ExportDialog
    from m3n_studio.studio.projects.exchange_import import ImportDialog


@dataclass(frozen=True, eq=False)
class _ImportLabels:
    """Labels taken in, with the classes made for them."""

    desk: Desk
    plan: ImportPlan
    label: str = "Import labels"

    def redo(self) -> bool:
        labels = tuple(self.plan.changes.items())
        return self.desk.do(lambda project: project.apply(self.plan.edits, labels))

    def undo(self) -> bool:
        labels = tuple(self.plan.changes.items())
        return self.desk.do(lambda project: project.take_apart(self.plan.edits, labels))


class ExchangeTools(QObject):
    """Import and export of labels.

    Signals
    -------
    told : str
        What could not be done, in words.
    failed : exception
    """

    told = Signal(str)
    failed = Signal(object)

    def __init__(self, desk: Desk, jobs: Jobs, window: QWidget) -> None:
        super().__init__(window)
        self._desk, self._jobs, self._window = desk, jobs, window
        self.importing: ImportDialog | None = None
        self.exporting: ExportDialog | None = None

    @Slot()
    def ask_import(self) -> None:
        """Let the user choose files of labels, and say what becomes of them."""
        from m3n_studio.annotation.exchange.formats import label_suffixes

        if self._desk.project is None:
            return
        if self._desk.read_only:
            self.told.emit("The project is open for reading only, so that no labels can be imported.")
            return
        some = " ".join(f"*{suffix}" for suffix in label_suffixes())
        names, _ = QFileDialog.getOpenFileNames(
            self._window, "Import labels", str(Path.home()), f"Labels ({some});;All files (*)"
        )  # fmt: skip
        if names:
            self.show_import([Path(name) for name in names])

    def show_import(self, paths: list[Path]) -> None:
        """The dialog for some files."""
        from m3n_studio.studio.projects.exchange_import import ImportDialog

        project = self._desk.project
        if project is None:
            return
        session = "" if self._desk.session is None else self._desk.session.id
        self.importing = ImportDialog(project, paths, session, self._desk.author, self._jobs, self._window)
        self.importing.wanted.connect(self.take_in)
        self.importing.finished.connect(self._on_closed)
        self.importing.open()

    @Slot(object)
    def take_in(self, plan: ImportPlan) -> None:
        """Make an import so; on disk when this returns, and one step to undo."""
        step = _ImportLabels(self._desk, plan)
        if plan.changes and step.redo():
            self._desk.remember(step)

    @Slot()
    def ask_export(self) -> None:
        """The dialog for labels that go out."""
        from m3n_studio.studio.projects.exchange_export import ExportDialog

        if self._desk.project is None:
            return
        session = "" if self._desk.session is None else self._desk.session.id
        self.exporting = ExportDialog(self._desk.project, session, self._jobs, self._window)
        self.exporting.finished.connect(self._on_closed)
        self.exporting.open()

    @Slot()
    def _on_closed(self, *_: object) -> None:
        self.importing = self.exporting = None
