"""What one can do with the runs chosen: follow, forget, trash, open their folder, copy their path, export curves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu, QMessageBox, QWidget

from m3n_studio.errors import M3nError
from m3n_studio.project.values import Edit, Run
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.jobs import Task
from m3n_studio.studio.core.run_shelf import RunEntry, RunShelf
from m3n_studio.studio.look.widgets import named
from m3n_studio.studio.training.curve_data import write_csv
from m3n_studio.studio.training.run_moves import entry_of, followed, learned_from, trash_step

if TYPE_CHECKING:
    from m3n_studio.learning.run_history import History


class RunCommands(QObject):
    """Commands on runs, and the menu that offers them.

    Parameters
    ----------
    context : ViewContext
    desk : Desk
    shelf : RunShelf
    chosen : callable returning the runs chosen
    curves : callable returning (name, History) of the runs chosen
    view : QWidget
    """

    def __init__(
        self, context: ViewContext, desk: Desk, shelf: RunShelf, chosen: Callable[[], Sequence[RunEntry]],
        curves: Callable[[], list[tuple[str, History]]], view: QWidget,
    ) -> None:  # fmt: skip
        super().__init__(view)
        self._report, self._jobs = context.report, context.jobs
        self._desk, self._shelf, self._chosen, self._curves, self._view = desk, shelf, chosen, curves, view
        self.open_url: Callable[[QUrl], object] = QDesktopServices.openUrl

    # ------------------------------------------------------------------ the menu

    def menu(self) -> QMenu:
        """What can be done with the runs chosen."""
        menu = named(QMenu(self._view), accessible="Runs")
        menu.aboutToHide.connect(menu.deleteLater)
        chosen, writable = self._chosen(), not self._desk.read_only
        one = len(chosen) == 1
        forget = [e for e in chosen if e.elsewhere]
        own = [e for e in chosen if not e.elsewhere and not e.live]
        rows: tuple[tuple[str, Callable[[], object], bool], ...] = (
            ("Open &folder", self.open_folder, one),
            ("&Copy path", self.copy_path, bool(chosen)),
            ("&Export curves as CSV…", self.ask_export, bool(self._curves())),
            ("", self.menu, True),
            ("Fo&llow a run folder…", self.ask_follow, writable and self._desk.project is not None),
            ("F&orget (files stay)", self.forget, writable and bool(forget)),
            ("Move to &trash…", self.ask_trash, writable and bool(own)),
        )
        for words, slot, on in rows:
            if not words:
                menu.addSeparator()
                continue
            action = menu.addAction(words)
            action.setEnabled(on)
            action.triggered.connect(partial(_call, slot))
        return menu

    def open_folder(self) -> None:
        """Open the folder of the run chosen in the desktop's file manager."""
        for entry in self._chosen()[:1]:
            if not self.open_url(QUrl.fromLocalFile(entry.path)):
                self._report(f"The desktop could not open {entry.path}; its path can be copied instead.")

    def copy_path(self) -> None:
        """Put the paths of the runs chosen on the clipboard."""
        if self._chosen():
            QGuiApplication.clipboard().setText("\n".join(e.path for e in self._chosen()))

    # ------------------------------------------------------------------ following

    def ask_follow(self) -> None:
        """Let the user choose a folder."""
        dialog = QFileDialog(self._view, "Follow a run folder")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda name: self.follow([Path(name)]))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def follow(self, paths: Sequence[Path]) -> None:
        """Put runs made elsewhere on the project's list."""
        project = self._desk.project
        if project is None or self._desk.read_only:
            self._report("Runs are followed by a project: open one, or make one, first.")
            return
        folder, listed = project.folder, [e.path for e in self._shelf.entries]

        def work(_task: Task) -> tuple[Run, ...]:
            return followed(folder, paths, listed)

        self._jobs.run("Looking at the run", work, done=self._on_followed, failed=self._on_failed, quiet=True)

    @Slot(object)
    def _on_followed(self, runs: Any) -> None:
        words = f"Follow run {runs[0].name}" if len(runs) == 1 else f"Follow {len(runs)} runs"
        if self._desk.edit_all(words, [Edit(words, None, run) for run in runs]):
            self._shelf.look()

    def forget(self) -> None:
        """Take the runs chosen that lie elsewhere off the list; their files stay."""
        found = [entry_of(self._desk, e.path) for e in self._chosen() if e.elsewhere]
        runs = [r for r in found if r is not None]
        if not runs:
            self._report("Only runs outside of the project's folder can be forgotten; others can be moved to trash.")
            return
        words = f"Forget run {runs[0].name}" if len(runs) == 1 else f"Forget {len(runs)} runs"
        if self._desk.edit_all(words, [Edit(words, run, None) for run in runs]):
            self._shelf.look()

    def remove(self) -> None:
        """What the Delete key does: forget what lies elsewhere, else ask whether it goes to the trash."""
        chosen = self._chosen()
        if chosen and all(e.elsewhere for e in chosen):
            self.forget()
        elif chosen:
            self.ask_trash()

    # ------------------------------------------------------------------ trash

    def ask_trash(self) -> None:
        """Ask whether runs of the project go to its trash, having looked at who needs them."""
        own = [e for e in self._chosen() if not e.elsewhere]
        live = [e for e in own if e.live]
        if live:
            self._report(f"{live[0].name} is running; cancel it before moving it to trash.")
            return
        if not own or self._desk.read_only:
            return
        others = [e.path for e in self._shelf.entries]

        def work(_task: Task) -> tuple[list[str], tuple[str, ...]]:
            needed = tuple(n for e in own for n in learned_from(e.path, others))
            return [e.path for e in own], needed

        self._jobs.run("Looking at the runs", work, done=self._on_looked, failed=self._on_failed, quiet=True)

    @Slot(object)
    def _on_looked(self, found: Any) -> None:
        paths, needed = found
        names = ", ".join(Path(p).name for p in paths)
        box = QMessageBox(self._view)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("Move to trash")
        box.setText(f"Move {names} to the project's trash?")
        more = "The files go to the folder trash in the project; Undo brings them back."
        if needed:
            more = f"{', '.join(needed)} began with its encoder and will no longer find it. " + more
        box.setInformativeText(more)
        move = box.addButton("Move to trash", QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(move)
        box.accepted.connect(partial(self.trash, paths))
        box.finished.connect(box.deleteLater)
        box.open()

    def trash(self, paths: Sequence[str]) -> None:
        """Move runs to the project's trash; a step of undo each."""
        for path in paths:
            try:
                step = trash_step(self._desk, path)
            except M3nError as error:
                self._report(str(error))
                continue
            if step.redo():
                self._desk.remember(step)
        self._shelf.look()

    # ------------------------------------------------------------------ export

    def ask_export(self) -> None:
        """Let the user choose a file for the curves of the runs chosen."""
        if not self._curves():
            self._report("There are no curves to export: choose a run that has some.")
            return
        name = self._curves()[0][0].replace("/", "-")
        dialog = QFileDialog(self._view, "Export curves as CSV", f"{name}-curves.csv", "Comma-separated values (*.csv)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.fileSelected.connect(lambda chosen: self.export(Path(chosen)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def export(self, path: Path) -> None:
        """Write every number the runs chosen have said."""
        runs = [(name, history.copy()) for name, history in self._curves()]
        self._jobs.run(f"Saving {path.name}", lambda _task: write_csv(path, runs), failed=self._on_failed)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._report(str(error))


def _call(slot: Callable[[], object], *_: object) -> None:
    slot()
