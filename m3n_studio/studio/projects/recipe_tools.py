"""Tables of strangers in the window: asking which, the dialog, and doing what it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from m3n_studio.errors import Cancelled, FileError, M3nError
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.document import Document
from m3n_studio.studio.core.jobs import Jobs, Task
from m3n_studio.studio.look.theme import Theme

if TYPE_CHECKING:
    from m3n_studio.project import Project
    from m3n_studio.project.importing import Added
    from m3n_studio.studio.projects.recipe_begin import Beginning
    from m3n_studio.studio.projects.recipe_dialog import RecipeDialog, Wanted

SUFFIXES = (".csv", ".tsv", ".txt", ".dat", ".tab", ".asc")
_FILTER = "Tables (*.csv *.tsv *.txt *.dat *.tab *.asc);;All files (*)"
_MOST_TOLD = 5


def is_table(path: Path) -> bool:
    """Whether a file may be a table, by its name."""
    return path.suffix.lower() in SUFFIXES


class RecipeTools(QObject):
    """Opens the dialog for a file, and imports or opens what it describes.

    Parameters
    ----------
    document : callable
        What is open now; a table opened without a project takes the place of its recordings.
    prepare : callable
        Makes a document ready for a recording; slow, called in the background.
    theme : callable
        The colours now.

    Signals
    -------
    opened : str, Document
        A table was opened without a project.
    told : str
        What went wrong, in words.
    failed : exception
    project_made : Path
        A new project was made and filled; it wants to be opened.
    """

    opened = Signal(str, object)
    told = Signal(str)
    failed = Signal(object)
    project_made = Signal(object)

    def __init__(
        self, desk: Desk, jobs: Jobs, *, document: Callable[[], Document], prepare: Callable[[Document], Document],
        theme: Callable[[], Theme], window: QWidget,
    ) -> None:  # fmt: skip
        super().__init__(window)
        self._desk, self._jobs, self._theme, self._window = desk, jobs, theme, window
        self._document, self._prepare = document, prepare
        self.dialog: RecipeDialog | None = None

    # ------------------------------------------------------------------ the dialog

    @Slot()
    def ask(self) -> None:
        """Let the user choose a table."""
        name, _ = QFileDialog.getOpenFileName(self._window, "Import a table", str(Path.home()), _FILTER)
        if name:
            self.show_for(Path(name))

    def show_for(self, path: Path) -> None:
        """Open the dialog for a file, once it was looked at."""
        from m3n_studio.studio.projects.recipe_begin import begin

        self._jobs.run(f"Looking at {path.name}", lambda task: begin(path), done=self._on_begun,
                       failed=self.failed.emit, key="recipe.begin")  # fmt: skip

    @Slot(object)
    def _on_begun(self, beginning: Beginning) -> None:
        from m3n_studio.studio.projects.recipe_dialog import RecipeDialog

        project = self._desk.project
        name = "" if project is None or self._desk.read_only else project.name
        self.dialog = RecipeDialog(beginning, self._theme(), self._jobs, name, self._window)
        self.dialog.wanted.connect(self.do)
        self.dialog.finished.connect(self._on_closed)
        self.dialog.open()

    @Slot()
    def _on_closed(self, *_: object) -> None:
        self.dialog = None

    # ------------------------------------------------------------------ what it says

    @Slot(object)
    def do(self, wanted: Wanted) -> None:
        """Keep the recipe if that is wanted, then import or open."""
        if wanted.keep:
            from m3n_studio.recordings.recipe_shelf import keep

            try:
                keep(wanted.recipe)
            except M3nError as error:
                self.told.emit(f"The recipe was not kept. {error}")
        if wanted.into == "open":
            self._open(wanted)
        elif wanted.into == "new":
            name, _ = QFileDialog.getSaveFileName(self._window, "New project: name of its folder", str(Path.home()))
            if name:
                self.make_project(wanted, Path(name))
        else:
            self._import(wanted)

    def _open(self, wanted: Wanted) -> None:
        before, path = self._document(), wanted.paths[0]

        def work(task: Task) -> Document:
            signals = tuple(s for one in wanted.recipe.read(path) for s in one.signals)
            task.check()
            start = self._prepare(before)
            return start.with_(
                recordings=signals, recording_path=str(path), pairs={}, alignments={},
                title=before.title if before.clip is not None else path.name,
            )  # fmt: skip

        self._jobs.run(f"Opening {path.name}", work, done=self._on_opened, failed=self.failed.emit, key="open")

    @Slot(object)
    def _on_opened(self, document: Document) -> None:
        self.opened.emit(Path(document.recording_path).name, document)

    def _import(self, wanted: Wanted) -> None:
        project = self._desk.project
        if project is None:
            return

        def work(task: Task) -> tuple[Project, list[Added], list[str]]:
            return project, *imported(project, wanted, task)

        many = f"{len(wanted.paths)} tables" if len(wanted.paths) > 1 else wanted.paths[0].name
        self._jobs.run(f"Importing {many}", work, done=self._on_imported, failed=self.failed.emit, key="import")

    @Slot(object)
    def _on_imported(self, result: tuple[Project, list[Added], list[str]]) -> None:
        project, added, failures = result
        if project is self._desk.project:
            self._desk.took_in(added)
            if len(added) == 1 and self._desk.session is None:
                self._desk.session_wanted.emit(added[0].session.id)
        self._tell(failures)

    def make_project(self, wanted: Wanted, folder: Path) -> None:
        """Make a project with the tables in it."""
        from m3n_studio.project import Project

        def work(task: Task) -> tuple[Path, list[str]]:
            with Project.create(folder, folder.name) as project:
                return folder, imported(project, wanted, task)[1]

        self._jobs.run(f"Importing into {folder.name}", work, done=self._on_made, failed=self.failed.emit,
                       key="import")  # fmt: skip

    @Slot(object)
    def _on_made(self, result: tuple[Path, list[str]]) -> None:
        folder, failures = result
        self.project_made.emit(folder)
        self._tell(failures)

    def _tell(self, failures: list[str]) -> None:
        if failures:
            more = f" and {len(failures) - _MOST_TOLD} more" if len(failures) > _MOST_TOLD else ""
            self.told.emit(f"{len(failures)} not imported: {'; '.join(failures[:_MOST_TOLD])}{more}")


def imported(project: Project, wanted: Wanted, task: Task) -> tuple[list[Added], list[str]]:
    """Put tables into a project, one after another; what went in, and what was not read and why.

    A cancel between files keeps those that are in.
    """
    from m3n_studio.project.importing import add_import

    added: list[Added] = []
    failures: list[str] = []
    for i, path in enumerate(wanted.paths):
        task.progress(i, len(wanted.paths))
        try:
            for one in wanted.recipe.read(path):
                added.append(add_import(project, one, cancelled=task.cancelled))
        except Cancelled:
            break
        except (FileError, M3nError, OSError, MemoryError) as error:
            failures.append(" ".join(str(error).split()) or f"{path}: {type(error).__name__}")
        if task.cancelled():
            break
    return added, failures
