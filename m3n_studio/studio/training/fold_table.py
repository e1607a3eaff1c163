"""What came out of a run: its folds as a table, scores over them, the confusion matrix; of folds finished so far."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QScrollArea,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label, named
from m3n_studio.studio.training.confusion import ConfusionMatrix
from m3n_studio.studio.training.plot_marks import duration
from m3n_studio.studio.training.run_results import FoldRow, RunResults

_COLUMNS = ("Fold", "Macro F1", "Epochs", "Best", "Tested", "Took")
_TIPS = (
    "Users in groups; each is tested once", "Mean of the classes' F1 on tested users, %", "Epochs trained",
    "The epoch whose weights are kept", "Windows tested", "Time for training and testing",
)  # fmt: skip


class FoldTable(QTableWidget):
    """A row a fold."""

    def __init__(self) -> None:
        super().__init__(0, len(_COLUMNS))
        named(self, accessible="Folds", style="framed")
        for i, (words, tip) in enumerate(zip(_COLUMNS, _TIPS, strict=True)):
            heading = QTableWidgetItem(words)
            heading.setToolTip(tip)
            side = Qt.AlignmentFlag.AlignRight if i else Qt.AlignmentFlag.AlignLeft
            heading.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            self.setHorizontalHeaderItem(i, heading)
        self.verticalHeader().hide()
        self.setShowGrid(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        head.setMinimumSectionSize(34)
        self.rows: tuple[FoldRow, ...] = ()

    def set_rows(self, rows: Sequence[FoldRow]) -> None:
        """Show these folds."""
        if tuple(rows) == self.rows:
            return
        self.rows = tuple(rows)
        self.setRowCount(len(rows))
        for i, row in enumerate(rows):
            for j, words in enumerate(fold_words(row)):
                item = QTableWidgetItem(words)
                right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                item.setTextAlignment(right if j else Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
                item.setToolTip(f"{row.name}: {row.state}")
                self.setItem(i, j, item)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        head = self.fontMetrics().height() + 12
        self.horizontalHeader().setFixedHeight(head)
        self.setFixedHeight(head + len(rows) * self.verticalHeader().defaultSectionSize() + 2 * self.frameWidth() + 10)


def fold_words(row: FoldRow) -> tuple[str, ...]:
    """A fold as the table's cells."""
    reached = f"{100 * row.macro_f1:.1f}" if math.isfinite(row.macro_f1) else row.state
    return (
        row.name, reached, str(row.epochs or "–"), str(row.best_epoch or "–"), str(row.tested or "–"),
        duration(row.seconds),
    )  # fmt: skip


class ResultsPage(QWidget):
    """Folds, scores, confusion."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.message = label(style="muted", accessible="Why there are no results")
        self.message.setWordWrap(True)
        self.figures = label(accessible="Scores")
        self.figures.setWordWrap(True)
        self.figures.setTextFormat(Qt.TextFormat.RichText)
        self.folds = FoldTable()
        self.map_head = label("Confusion", style="heading")
        self.map_words = label("Rows: truth, columns: prediction; % of the row. Point at a cell for counts.",
                               style="muted")  # fmt: skip
        self.map_words.setWordWrap(True)
        self.map = ConfusionMatrix(theme)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 8, 0)
        layout.setSpacing(8)
        for widget in (self.message, self.figures, self.folds, self.map_head, self.map, self.map_words):
            layout.addWidget(widget)
        layout.addStretch(1)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidgetResizable(True)
        scroll.setWidget(page)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for ground in (scroll.viewport(), page):
            ground.setAutoFillBackground(False)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scroll)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.map.set_theme(theme)

    def show_results(self, results: RunResults | None, folds: Sequence[FoldRow], words: str, colors: Mapping[str, str]
                     ) -> None:  # fmt: skip
        """Show what came out.

        Parameters
        ----------
        results : RunResults or None
        folds : sequence of FoldRow
            With what those being trained have reached.
        words : str
            Of a run without folds: what there is to say.
        colors : mapping of str to str
            By class name.
        """
        scores = None if results is None else results.scores
        self.folds.set_rows(folds)
        self.folds.setVisible(bool(folds))
        trouble = "" if results is None else results.trouble
        self.message.setText(trouble or words)
        self.message.setVisible(bool(self.message.text()))
        for widget in (self.map_head, self.map, self.map_words, self.figures):
            widget.setVisible(scores is not None)
        if scores is not self.map.scores or dict(colors) != dict(self.map.colors):
            self.map.set_scores(scores, colors)
        if scores is not None:
            self.figures.setText(_figures(folds, scores.macro_f1, scores.accuracy, scores.calibration_error,
                                          scores.windows))  # fmt: skip


def _figures(folds: Sequence[FoldRow], pooled: float, accuracy: float, calibration: float, windows: int) -> str:
    done = [row.macro_f1 for row in folds if row.state == "finished" and math.isfinite(row.macro_f1)]
    mean = sum(done) / len(done) if done else math.nan
    spread = math.sqrt(sum((d - mean) ** 2 for d in done) / len(done)) if done else math.nan
    so_far = "" if len(done) == len(folds) else f", {len(done)} of {len(folds)} folds so far"
    points = f"{100 * calibration:.1f} points"
    return (
        f"<b>Macro F1 {100 * mean:.1f} ± {100 * spread:.1f}</b> over folds{so_far} · pooled {100 * pooled:.1f}"
        f" · accuracy {100 * accuracy:.1f}<br>Calibration: confidence is off by {points} on average, {windows} windows."
    )
