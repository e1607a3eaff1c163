"""An import from the question what to import to the summary of what came of it; it runs as a job."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from m3n_studio.project.bulk import Result, Wish, look, take_all
from m3n_studio.project.worn import said_unplaced
from m3n_studio.recordings.folder import Plan
from m3n_studio.recordings.recipe import Recipe
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.jobs import Job, Jobs
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label, named, push_button
from m3n_studio.studio.projects.import_dialog import ImportDialog

KEY = "import"


class ImportRun(QObject):
    """Imports into the project on the desk, one at a time.

    Signals
    -------
    ended : Result
        Also where it was stopped or failed; what is in the result is in the project.
    """

    ended = Signal(object)

    def __init__(self, desk: Desk, jobs: Jobs, theme: Theme, window: QWidget) -> None:
        super().__init__(window)
        self._desk, self._jobs, self._window, self.theme = desk, jobs, window, theme
        self._paths: tuple[Path, ...] = ()
        self._recipes: list[Recipe] = []
        self._result: Result | None = None
        self._project: object = None
        self.dialog: ImportDialog | None = None
        self.recipe_dialog: QDialog | None = None
        self.summary: Summary | None = None

    @property
    def busy(self) -> bool:
        """Whether something is being imported."""
        return self._result is not None

    def begin(self, paths: Sequence[Path], recipes: Sequence[Recipe] = ()) -> None:
        """Look what files and folders hold, and then ask."""
        if self._desk.project is None or self._desk.read_only:
            self._desk.failed.emit("The project is open for reading only; nothing can be put into it.")
            return
        if self.busy:
            self._desk.failed.emit("Another import is running; wait until it has ended, or stop it.")
            return
        self._paths, self._recipes = tuple(paths), list(recipes)
        self._look()

    def _look(self) -> None:
        paths, recipes = self._paths, tuple(self._recipes)
        words = paths[0].name if len(paths) == 1 else f"{len(paths)} places"
        self._jobs.run(f"Looking into {words}", lambda task: look(paths, recipes, task), done=self._on_plan,
                       failed=self._on_failed, key="import-look")  # fmt: skip

    @Slot(object)
    def _on_plan(self, plan: Plan) -> None:
        project = self._desk.project
        if project is None:
            return
        if self.dialog is not None:
            self.dialog.set_plan(plan)
            return
        names = [s.name for s in project.label_sets()]
        self.dialog = ImportDialog(plan, self._jobs, project.name, names, self._window)
        self.dialog.wanted.connect(self.start)
        self.dialog.recipe_wanted.connect(self._ask_recipe)
        self.dialog.finished.connect(self._on_dialog_gone)
        self.dialog.open()

    @Slot()
    def _on_dialog_gone(self) -> None:
        self.dialog = None

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._desk.failed.emit(str(error))

    # ------------------------------------------------------------------ recipes

    @Slot(object)
    def _ask_recipe(self, path: Path) -> None:
        from m3n_studio.studio.projects.recipe_begin import begin

        self._jobs.run(f"Looking at {path.name}", lambda task: begin(path), done=self._on_beginning,
                       failed=self._on_failed, key="recipe")  # fmt: skip

    @Slot(object)
    def _on_beginning(self, beginning: object) -> None:
        from m3n_studio.studio.projects.recipe_begin import Beginning
        from m3n_studio.studio.projects.recipe_dialog import RecipeDialog

        project = self._desk.project
        if project is None or self.dialog is None or not isinstance(beginning, Beginning):
            return
        self.recipe_dialog = RecipeDialog(beginning, self.theme, self._jobs, project.name, self.dialog)
        self.recipe_dialog.wanted.connect(self._on_recipe)
        self.recipe_dialog.open()

    @Slot(object)
    def _on_recipe(self, wanted: object) -> None:
        """The recipe is one of this import's; what it fits is among the files now."""
        recipe = getattr(wanted, "recipe", None)
        if isinstance(recipe, Recipe):
            self._recipes.append(recipe)
            self._look()

    # ------------------------------------------------------------------ importing

    @Slot(object)
    def start(self, wish: Wish) -> Job | None:
        """Import; each file goes in whole or not at all."""
        project = self._desk.project
        if project is None or self.busy:
            return None
        result = self._result = Result()
        self._project = project
        many = len(wish.plan.items)
        job = self._jobs.run(
            f"Importing {many} file{'s' * (many != 1)}", lambda task: take_all(project, wish, result, task),
            failed=self._on_failed, key=KEY,
        )  # fmt: skip
        job.ended.connect(self._on_ended)
        return job

    @Slot(object)
    def _on_ended(self, _job: object) -> None:
        result, self._result = self._result, None
        project, self._project = self._project, None
        if result is None or project is not self._desk.project:
            return
        result.stopped = result.stopped or result.read < result.of
        self._desk.took_in(result.added)
        self.summary = Summary(result, self._window)
        self.summary.open_wanted.connect(self._desk.session_wanted)
        self.summary.show()
        self.ended.emit(result)


class Summary(QDialog):
    """What came of an import.

    Signals
    -------
    open_wanted : str
        The session of that id should be opened.
    """

    open_wanted = Signal(str)

    def __init__(self, result: Result, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Import stopped" if result.stopped else "Imported")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.result_shown = result
        self.words = label(summary_words(result), accessible="What was imported")
        self.words.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 14)
        layout.setSpacing(12)
        layout.addWidget(self.words)
        self.errors = named(QPlainTextEdit(), accessible="Files that were not imported", style="code")
        self.errors.setReadOnly(True)
        self.errors.setPlainText("\n".join(f"{path.name}: {why}" for path, why in result.errors))
        self.errors.setVisible(bool(result.errors))
        layout.addWidget(self.errors, 1)
        self.open_button = push_button("Open the first session", tip="Show what was imported first", style="primary")
        self.open_button.setVisible(bool(result.added))
        close = push_button("Close", tip="Close this summary (Esc)")
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(close)
        buttons.addWidget(self.open_button)
        layout.addLayout(buttons)
        close.clicked.connect(self.reject)
        self.open_button.clicked.connect(self._on_open)
        (self.open_button if result.added else close).setDefault(True)
        self.setMinimumWidth(440)
        if result.errors:
            self.resize(620, 320)

    def _on_open(self) -> None:
        session = self.result_shown.added[0].session.id
        self.accept()
        self.open_wanted.emit(session)


def summary_words(result: Result) -> str:
    """The summary in words."""
    sessions = len({one.session.id for one in result.added})

    def many(count: int, word: str) -> str:
        return f"{count} {word}{'' if count == 1 else 's'}"

    what = f"{many(result.recordings, 'recording')} and {many(result.labels, 'label')} in {many(sessions, 'session')}"
    lines = [f"Stopped after {result.read} of {result.of} files: {what} are in the project." if result.stopped
             else f"{what} were imported." if result.added else "Nothing new was imported."]  # fmt: skip
    if result.repeated:
        lines.append(f"{many(result.repeated, 'recording')} had been imported before and stayed as they are.")
    if result.unplaced:
        lines.append(f"Nothing says where these were worn: {said_unplaced(result.unplaced)}. Say it in the Train view"
                     " or the Project view; nothing is learned from them before.")  # fmt: skip
    odd = {level: n for level, n in result.findings.items() if level != "note"}
    if odd:
        lines.append(f"The checks found something in {many(max(odd.values()), 'file')}; the tree marks them.")
    if result.errors:
        lines.append(f"{many(len(result.errors), 'file')} could not be imported:")
    if result.added:
        lines.append("Undo (Ctrl+Z) takes all of it back.")
    return "\n".join(lines)
