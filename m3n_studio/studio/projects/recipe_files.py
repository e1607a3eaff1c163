"""Who and what from the names of files: a pattern, what it makes of the other files, and which of them fit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QGridLayout,
    QHeaderView,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from m3n_studio.studio.core.jobs import Jobs, Task
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import combo, label, named
from m3n_studio.studio.projects.recipe_look import Fit, fits, others

if TYPE_CHECKING:
    from m3n_studio.recordings.recipe import Recipe

_WAIT_MS = 250
_MOST_SHOWN = 300
_HEADS = ("File", "Subject", "Session", "Placement")


class FilesPane(QWidget):
    """The pattern and the other files.

    Signals
    -------
    pattern_changed : str
        By the user.
    counted : (none)
        Another number of files fits.
    """

    pattern_changed = Signal(str)
    counted = Signal()

    def __init__(self, theme: Theme, jobs: Jobs, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._jobs, self._path = theme, jobs, path
        self._recipe: Recipe | None = None
        self.fits: tuple[Fit, ...] = ()
        self.pattern = named(
            QLineEdit(), accessible="Pattern of names of files",
            tip="What names of files say. Write {subject}, {session}, {placement} or {sensor} where those stand and *\n"
                "for anything, e.g. {subject}_{session}_sw. A regular expression with named groups will do, too.",
        )  # fmt: skip
        self.pattern.setPlaceholderText("{subject}_{session}")
        self.pattern.textEdited.connect(lambda text: self.pattern_changed.emit(text))
        self.where: QComboBox = combo(tip="Which files to try the recipe on", accessible="Other files")
        self.where.addItem(f"in {path.parent.name or path.parent}", False)
        if path.parent.parent != path.parent:
            self.where.addItem(f"all below {path.parent.parent.name or path.parent.parent}", True)
        self.where.activated.connect(lambda _: self._ask())
        self.trouble = label(style="warning")
        self.trouble.setWordWrap(True)
        self.trouble.hide()
        self.count = label(style="muted")
        self.count.setWordWrap(True)
        self.table = self._table()
        self._timer = QTimer(self, singleShot=True, interval=_WAIT_MS)
        self._timer.timeout.connect(self._ask)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        for row, (text, widget) in enumerate((("Names say", self.pattern), ("Other files", self.where))):
            name = label(text)
            name.setBuddy(widget)
            grid.addWidget(name, row, 0)
            grid.addWidget(widget, row, 1)
        grid.setColumnStretch(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(grid)
        layout.addWidget(self.trouble)
        layout.addWidget(self.count)
        layout.addWidget(self.table, 1)

    def _table(self) -> QTableWidget:
        table = named(QTableWidget(0, len(_HEADS)), accessible="What the names of files say")
        table.setHorizontalHeaderLabels(list(_HEADS))
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        head = table.horizontalHeader()
        head.setHighlightSections(False)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in range(1, len(_HEADS)):
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            table.setColumnWidth(column, self.fontMetrics().horizontalAdvance("Placement") + 22)
        return table

    @property
    def fitting(self) -> tuple[Path, ...]:
        """The files the recipe fits."""
        return tuple(fit.path for fit in self.fits if not fit.why)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self._show(self.fits)

    def set_trouble(self, text: str) -> None:
        """What is wrong with the pattern; empty: nothing."""
        self.trouble.setText(text)
        self.trouble.setVisible(bool(text))

    def set_recipe(self, recipe: Recipe | None) -> None:
        """Try another recipe, soon."""
        self._recipe = recipe
        self._timer.start()

    def _ask(self) -> None:
        self._timer.stop()
        recipe, path, below = self._recipe, self._path, bool(self.where.currentData())
        if recipe is None:
            self._show(())
            return

        def work(task: Task) -> tuple[Fit, ...]:
            return fits(recipe, others(path, below=below), task.progress, task.check)

        self._jobs.run("Trying the recipe on other files", work, done=self._show, key="recipe.fits", quiet=True)

    def _show(self, found: tuple[Fit, ...]) -> None:
        self.fits = found
        good = len(self.fitting)
        self.count.setText(f"This recipe fits {good} of {len(found)} files here." if found else "")
        rows = found[:_MOST_SHOWN]
        top = os.path.commonpath([str(fit.path.parent) for fit in rows]) if rows else ""
        self.table.setRowCount(len(rows))
        for i, fit in enumerate(rows):
            texts = (os.path.relpath(fit.path, top), fit.facts.subject, fit.facts.session, fit.facts.placement)
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setToolTip(f"Does not fit: {fit.why}" if fit.why else str(fit.path))
                if fit.why:
                    item.setForeground(QColor(self._theme.muted))
                self.table.setItem(i, column, item)
        self.counted.emit()
