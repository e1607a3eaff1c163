"""Runs side by side: what came out of each, and the settings in which they differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label, named
from m3n_studio.studio.training.legend import dot
from m3n_studio.studio.training.plot_marks import line_color
from m3n_studio.studio.training.run_results import RunResults

if TYPE_CHECKING:
    from m3n_studio.learning.evaluate import Scores
    from m3n_studio.learning.runs import Compared

Rows = list[tuple[str, tuple[str, ...]]]
_PICK = "Choose two runs or more in the list (Ctrl or Shift and click, or Shift and the arrows) to compare them."


class ComparePage(QWidget):
    """A column a run."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self._shown: tuple[object, ...] = ()
        self.message = label(_PICK, style="muted", accessible="What to do")
        self.message.setWordWrap(True)
        self.table = named(QTableWidget(), accessible="Runs side by side", style="framed")
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setTabKeyNavigation(False)
        self.table.setWordWrap(False)
        self.table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.message)
        layout.addWidget(self.table, 1)
        self.show_compared(None, {}, (), ())

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.theme = theme
        shown, self._shown = self._shown, ()
        if shown:
            self.show_compared(*shown)  # type: ignore[arg-type]

    def show_compared(
        self, found: Compared | str | None, results: Mapping[str, RunResults], paths: Sequence[str],
        names: Sequence[str],
    ) -> None:  # fmt: skip
        """Show runs side by side; words where they cannot be."""
        there = {path: results[path] for path in paths if path in results}
        shown = (found, there, tuple(paths), tuple(names))
        if shown == self._shown:
            return
        self._shown = shown
        good = found is not None and not isinstance(found, str)
        self.table.setVisible(good)
        self.message.setVisible(not good)
        if found is None or isinstance(found, str):
            self.message.setText(found or _PICK)
            self.table.setRowCount(0)
            return
        sections: list[tuple[str, Rows]] = [
            ("Results", [*found.facts, *score_rows([there.get(p) for p in paths])]),
            ("Settings that differ", list(found.settings) or [("none", tuple("" for _ in paths))]),
        ]
        self._fill(names, sections)

    def _fill(self, names: Sequence[str], sections: Sequence[tuple[str, Rows]]) -> None:
        table = self.table
        table.setColumnCount(1 + len(names))
        table.setRowCount(sum(1 + len(rows) for _, rows in sections))
        table.setHorizontalHeaderItem(0, QTableWidgetItem(""))
        for j, name in enumerate(names):
            head = QTableWidgetItem(dot(line_color(self.theme, j), filled=True), name)
            head.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
            table.setHorizontalHeaderItem(1 + j, head)
        at = 0
        table.clearSpans()
        for title, rows in sections:
            table.setItem(at, 0, self._item(title, self.theme.muted, bold=True))
            for j in range(len(names)):
                table.setItem(at, 1 + j, self._item("", self.theme.muted))
            table.setSpan(at, 0, 1, 1 + len(names))
            for i, (name, values) in enumerate(rows, start=at + 1):
                table.setItem(i, 0, self._item(name, self.theme.muted))
                same = len(set(values)) == 1
                for j, value in enumerate(values):
                    table.setItem(i, 1 + j, self._item(value, self.theme.muted if same else self.theme.text))
            at += 1 + len(rows)
        head_view = table.horizontalHeader()
        head_view.setHighlightSections(False)
        head_view.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        head_view.setStretchLastSection(True)
        head_view.setMaximumSectionSize(260)
        table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)

    def _item(self, words: str, color: str, *, bold: bool = False) -> QTableWidgetItem:
        item = QTableWidgetItem(words)
        item.setForeground(QBrush(QColor(color)))
        item.setToolTip(words)
        if bold:
            font = item.font()
            font.setBold(True)
            item.setFont(font)
        return item

    def rows(self) -> Rows:
        """What is shown, row by row."""
        table = self.table
        items = [[table.item(i, j) for j in range(table.columnCount())] for i in range(table.rowCount())]
        cells = [["" if item is None else item.text() for item in row] for row in items]
        return [(row[0], tuple(row[1:])) for row in cells]


_SCORES: tuple[tuple[str, Callable[[Scores], float]], ...] = (
    ("macro F1, pooled", lambda s: s.macro_f1),
    ("weighted F1", lambda s: s.weighted_f1),
    ("accuracy", lambda s: s.accuracy),
    ("calibration error", lambda s: s.calibration_error),
)


def score_rows(results: Sequence[RunResults | None]) -> Rows:
    """Scores of runs, then F1 of each class; a dash where a run has none."""
    each = [None if r is None else r.scores for r in results]
    if all(s is None for s in each):
        return []
    rows: Rows = [(name, tuple("–" if s is None else f"{100 * get(s):.1f}" for s in each)) for name, get in _SCORES]
    rows.append(("windows tested", tuple("–" if s is None else str(s.windows) for s in each)))
    classes = dict.fromkeys(name for s in each if s is not None for name in s.support)
    for name in classes:
        values = [None if s is None else s.f1.get(name) for s in each]
        rows.append((f"F1 {name}", tuple("–" if v is None else f"{100 * v:.1f}" for v in values)))
    return rows
