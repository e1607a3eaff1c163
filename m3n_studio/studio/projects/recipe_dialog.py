"""Say what the columns of a stranger's table mean, see what comes of it, and import it and those like it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QSplitter,
    QTableView,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from m3n_studio.errors import FileError, M3nError
from m3n_studio.recordings.recipe import Recipe
from m3n_studio.studio.core.jobs import Jobs, Task
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import combo, label, named, push_button
from m3n_studio.studio.projects.recipe_begin import Beginning
from m3n_studio.studio.projects.recipe_columns import ColumnTable
from m3n_studio.studio.projects.recipe_draft import Draft, Problem, recipe_of
from m3n_studio.studio.projects.recipe_files import FilesPane
from m3n_studio.studio.projects.recipe_layout_bar import LayoutBar
from m3n_studio.studio.projects.recipe_look import Look, look
from m3n_studio.studio.projects.recipe_result import ResultPane
from m3n_studio.studio.projects.recipe_rows import RowModel
from m3n_studio.studio.projects.recipe_worn import WornPane

_WAIT_MS = 120
_SIZE = (1180, 780)


@dataclass(frozen=True)
class Wanted:
    """What the user wants done.

    Attributes
    ----------
    recipe : Recipe
    paths : tuple of Path
    into : {"project", "new", "open"}
    keep : bool
        Keep the recipe for the next file.
    """

    recipe: Recipe
    paths: tuple[Path, ...]
    into: str
    keep: bool


class RecipeDialog(QDialog):
    """Columns and files at the left, the table and what it gives at the right.

    Parameters
    ----------
    project : str
        Name of the open project that can be written; empty where there is none.

    Signals
    -------
    wanted : Wanted
    """

    wanted = Signal(object)

    def __init__(
        self, beginning: Beginning, theme: Theme, jobs: Jobs, project: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Import a table")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._jobs, self.draft = jobs, beginning.draft
        self.recipe: Recipe | None = None
        self.look: Look | None = None
        self.bar, self.columns, self.worn = LayoutBar(), ColumnTable(theme), WornPane()
        self.files = FilesPane(theme, jobs, self.draft.path)
        self.outcome = ResultPane(theme)
        self.rows = RowModel(theme, self)
        self.preview = self._preview()
        self.problem = named(label(style="warning"), accessible="What is missing")
        self.problem.setWordWrap(True)
        self._build_bottom(project)
        self._lay_out()
        self._timer = QTimer(self, singleShot=True, interval=_WAIT_MS)
        self._timer.timeout.connect(self._look)
        for part in (self.bar, self.worn):
            part.edited.connect(self.take)
        self.columns.rows.edited.connect(self.take)
        self.files.pattern_changed.connect(lambda text: self.take(self.draft.with_(pattern=text)))
        self.files.counted.connect(self._tell_files)
        self.outcome.fixes_changed.connect(lambda fixes: self.take(self.draft.with_(fixes=fixes)))
        self.outcome.show_reasons(beginning.guesses, beginning.problems)
        self.files.pattern.setText(self.draft.pattern)
        self.name.setText(self.draft.name)
        self.name.textEdited.connect(lambda text: self.take(self.draft.with_(name=text.strip()[:200])))
        screen = self.screen().availableSize()
        self.resize(min(_SIZE[0], screen.width() - 40), min(_SIZE[1], screen.height() - 60))
        self.take(self.draft)
        self.columns.setCurrentIndex(self.columns.rows.index(0, 1))
        self.columns.setFocus()

    # ------------------------------------------------------------------ building

    def _preview(self) -> QTableView:
        table = named(QTableView(), style="framed", accessible="First rows of the table",
                      tip="The first rows; more as you scroll")  # fmt: skip
        table.setModel(self.rows)
        table.setTabKeyNavigation(False)
        table.setShowGrid(False)
        table.setSelectionMode(QTableView.SelectionMode.NoSelection)
        table.setWordWrap(False)
        table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        table.horizontalHeader().setHighlightSections(False)
        table.horizontalHeader().setDefaultSectionSize(self.fontMetrics().horizontalAdvance("0" * 13) + 12)
        return table

    def _build_bottom(self, project: str) -> None:
        self.name = named(QLineEdit(), accessible="Name of the recipe", tip="What the recipe is called")
        self.keep = named(
            QCheckBox("Keep for the next file"),
            tip="Keep the recipe, and try it on every table no reader knows", accessible="Keep the recipe",
        )  # fmt: skip
        self.keep.setChecked(True)
        self.every = named(QCheckBox("All that fit"), tip="Import every file the recipe fits", accessible="All files")
        self.into: QComboBox = combo(tip="Where the recordings go", accessible="Import into")
        if project:
            self.into.addItem(f"project {project}", "project")
        self.into.addItem("a new project…", "new")
        self.into.addItem("the window, without a project", "open")
        self.into.activated.connect(lambda _: self._tell_files())
        self.save = push_button("Save recipe…", tip="Write the recipe to a file of its own (.recipe.toml)")
        self.cancel = push_button("Cancel", tip="Import nothing (Esc)")
        self.go = push_button("Import", tip="Import as described", style="primary")
        self.go.setDefault(True)
        self.cancel.clicked.connect(self.reject)
        self.save.clicked.connect(self._on_save)
        self.go.clicked.connect(self.accept)

    def _lay_out(self) -> None:
        left = named(QTabWidget(), accessible="Columns and files")
        left.setDocumentMode(True)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 8, 0, 0)
        column.addWidget(self.columns, 1)
        column.addWidget(self.worn)
        left.addTab(page, "Columns")
        files = QWidget()
        column = QVBoxLayout(files)
        column.setContentsMargins(0, 8, 0, 0)
        column.addWidget(self.files)
        left.addTab(files, "Names of files")
        self.tabs = left
        right = QSplitter(Qt.Orientation.Vertical)
        right.addWidget(self.preview)
        right.addWidget(self.outcome)
        right.setSizes([300, 380])
        right.setChildrenCollapsible(False)
        middle = QSplitter()
        middle.addWidget(left)
        middle.addWidget(right)
        middle.setHandleWidth(14)
        middle.setSizes([450, 700])
        middle.setStretchFactor(1, 1)
        middle.setChildrenCollapsible(False)
        path = self.draft.path
        head = label(path.name, style="heading", tip=str(path))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 14, 18, 14)
        layout.setSpacing(10)
        layout.addWidget(head)
        layout.addWidget(self.bar)
        layout.addWidget(middle, 1)
        layout.addWidget(self.problem)
        layout.addLayout(self._bottom())

    def _bottom(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(8)
        for row, (text, field) in enumerate((("Recipe", self.name), ("Import into", self.into))):
            name = label(text)
            name.setBuddy(field)
            grid.addWidget(name, row, 0)
            grid.addWidget(field, row, 1)
        grid.addWidget(self.keep, 0, 2)
        grid.addWidget(self.every, 1, 2)
        grid.setColumnMinimumWidth(1, 240)
        grid.setColumnStretch(3, 1)
        grid.addWidget(self.save, 0, 4, 1, 2)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.go)
        grid.addLayout(buttons, 1, 4, 1, 2)
        return grid

    # ------------------------------------------------------------------ a draft

    def take(self, draft: Draft) -> None:
        """Go on with another draft: everything shows it, and what comes of it follows."""
        self.draft = draft
        self.bar.show_draft(draft)
        self.columns.rows.show_draft(draft)
        self.worn.show_draft(draft)
        self.rows.show_draft(draft)
        self._widen()
        self.recipe, problems = recipe_of(draft)
        self._tell(problems)
        self.files.set_recipe(self.recipe)
        self.look = None
        self._tell_files()
        self._timer.start()

    def _widen(self) -> None:
        """Columns wide enough for their titles."""
        metrics = self.fontMetrics()
        for i in range(min(self.rows.columnCount(), 300)):
            lines = str(self.rows.headerData(i, Qt.Orientation.Horizontal)).split("\n")
            lines += [str(self.rows.index(row, i).data())[:16] for row in range(min(self.rows.rowCount(), 5))]
            wide = max(metrics.horizontalAdvance(line) for line in lines) + 22
            self.preview.setColumnWidth(i, max(wide, metrics.horizontalAdvance("0" * 12)))

    def _tell(self, problems: tuple[Problem, ...]) -> None:
        """Say at each field what is wrong with it, and what to do."""
        by_field: dict[str, list[str]] = {}
        for problem in problems:
            by_field.setdefault(problem.at, []).append(f"{problem.what} {problem.remedy}".strip())
        self.bar.set_trouble(" ".join(by_field.get("time", []) + by_field.get("file", [])))
        self.files.set_trouble(" ".join(by_field.get("pattern", [])))
        rest = by_field.get("columns", []) + by_field.get("name", [])
        self._say(" ".join(rest or ([] if not problems else ["Not everything is said yet; see above."])))

    def _say(self, text: str) -> None:
        self.problem.setText(text)
        self.problem.setVisible(bool(text))

    def _look(self) -> None:
        recipe, path = self.recipe, self.draft.path
        if recipe is None:
            self.outcome.show_nothing("What comes out is shown once everything needed is said.")
            return

        def work(task: Task) -> tuple[Recipe, Look]:
            return recipe, look(recipe, path, task.check)

        self._jobs.run("Reading the table", work, done=self._on_look, failed=self._on_failed, key="recipe.look",
                       quiet=True)  # fmt: skip

    def _on_look(self, result: tuple[Recipe, Look]) -> None:
        recipe, found = result
        if recipe is not self.recipe:
            return
        self.look = found
        self._say(f"It cannot be imported as it is: {found.trouble}. See Findings." if found.trouble else "")
        self.outcome.show_look(found, self.draft.fixes)
        self._tell_files()

    def _on_failed(self, error: Exception) -> None:
        """The recipe cannot read the file: at the column where one is to blame."""
        self.outcome.show_nothing("The table cannot be read so.")
        if isinstance(error, FileError):
            titles = [self.draft.title(i) for i in range(len(self.draft.titles))]
            blamed = {i: str(error) for i, t in enumerate(titles) if error.field.endswith((f"column {t}",))}
            self.columns.rows.mark(blamed)
            where = f"{error.field}: " if error.field else ""
            self._say(f"{where}{error.found}" + (f"; expected {error.expected}." if error.expected else "."))
        else:
            self._say(str(error))
        self._tell_files()

    def _tell_files(self) -> None:
        """How many files there are to import, and whether one can."""
        into, more = self.into.currentData(), len(self.files.fitting)
        alone = into == "open" or more < 2
        self.every.setText(f"All {more} files that fit" if more > 1 else "All that fit")
        self.every.setEnabled(not alone)
        if alone:
            self.every.setChecked(False)
        self.tabs.setTabText(1, f"Names of files ({more})" if more else "Names of files")
        ready = self.recipe is not None and self.look is not None and not self.look.trouble
        self.go.setEnabled(ready)
        self.go.setText("Open" if into == "open" else "Import")
        self.save.setEnabled(self.recipe is not None)

    # ------------------------------------------------------------------ ending

    def _on_save(self) -> None:
        from PySide6.QtWidgets import QFileDialog

        start = str(self.draft.path.parent / f"{self.draft.path.stem}.recipe.toml")
        name, _ = QFileDialog.getSaveFileName(self, "Save recipe", start, "Recipes (*.recipe.toml)")
        if name:
            self.save_to(Path(name))

    def save_to(self, path: Path) -> None:
        """Write the recipe to a file."""
        if self.recipe is None:
            return
        if not path.name.endswith(".recipe.toml"):
            path = path.with_name(path.name.removesuffix(".toml") + ".recipe.toml")
        try:
            self.recipe.write(path)
        except M3nError as error:
            self._say(str(error))

    def accept(self) -> None:
        """Say what is wanted."""
        if self.recipe is None or self.look is None or self.look.trouble:
            return
        paths = self.files.fitting if self.every.isChecked() else (self.draft.path,)
        wanted = Wanted(self.recipe, paths, self.into.currentData(), self.keep.isChecked())
        super().accept()
        self.wanted.emit(wanted)

    def done(self, result: int) -> None:
        """Let go of the file, and ask for nothing more."""
        self._timer.stop()
        self.rows.close()
        for job in self._jobs.running:
            if job.key.startswith("recipe."):
                job.cancel()
        super().done(result)
