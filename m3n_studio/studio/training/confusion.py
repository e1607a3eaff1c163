"""The confusion matrix of a run and what every class scored, painted by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFocusEvent, QHelpEvent, QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from m3n_studio.annotation.classes import COLORS
from m3n_studio.studio.look.theme import Theme, contrast
from m3n_studio.studio.look.widgets import named
from m3n_studio.studio.training.plot_marks import mixed

if TYPE_CHECKING:
    from m3n_studio.learning.evaluate import Scores

_LOW_PX, _HIGH_PX, _F1_PX, _LEAST_CELL, _MOST_CELL = 27, 38, 92, 15.0, 60.0
_COUNTS_FROM = 40.0


class ConfusionMatrix(QWidget):
    """Truth in rows, prediction in columns: shares of the row, counts, and F1 of every class."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        named(self, accessible="Confusion matrix and F1 by class")
        self.theme = theme
        self.scores: Scores | None = None
        self.colors: Mapping[str, str] = {}
        self.at: tuple[int, int] | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_scores(self, scores: Scores | None, colors: Mapping[str, str]) -> None:
        """Show other scores; `colors` by the class's name."""
        self.scores, self.colors, self.at = scores, colors, None
        self._fit()
        self.setAccessibleDescription(self._all_words())
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.theme = theme
        self.update()

    @property
    def names(self) -> tuple[str, ...]:
        """Of the classes."""
        return () if self.scores is None else tuple(self.scores.support)

    def sizeHint(self) -> QSize:  # noqa: N802
        """A row a class."""
        return QSize(360, self.height())

    def _left(self) -> float:
        widest = max((self.fontMetrics().horizontalAdvance(n) for n in self.names), default=0) + 52.0
        return min(widest, max(0.34 * self.width(), 92.0))

    def _top(self) -> float:
        return self.fontMetrics().height() + 8.0

    def _high(self) -> int:
        """Of a row: two lines where counts have room."""
        return _HIGH_PX if self._cell() >= _COUNTS_FROM else _LOW_PX

    def _fit(self) -> None:
        self.setFixedHeight(max(round(self._top() + self._high() * len(self.names) + 4), 1))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Counts are shown where they have room."""
        super().resizeEvent(event)
        self._fit()

    def _cell(self) -> float:
        room = self.width() - self._left() - _F1_PX - 8
        return min(max(room / max(len(self.names), 1), _LEAST_CELL), _MOST_CELL)

    def color_of(self, name: str) -> str:
        """A class's colour: its label's, else one by its number."""
        return self.colors.get(name) or COLORS[self.names.index(name) % len(COLORS)]

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Head, rows, scores."""
        if self.scores is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        left, top, cell = self._left(), self._top(), self._cell()
        for j, name in enumerate(self.names):
            x = left + j * cell
            painter.setPen(QColor(self.theme.muted))
            painter.drawText(QRectF(x, 0, cell, top - 6), Qt.AlignmentFlag.AlignCenter, str(j + 1))
            painter.fillRect(QRectF(x + 1, top - 5, cell - 2, 3), QColor(self.color_of(name)))
        head = QRectF(left + len(self.names) * cell + 8, 0, _F1_PX, top - 6)
        painter.setPen(QColor(self.theme.muted))
        painter.drawText(head, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, "F1")
        for i, name in enumerate(self.names):
            self._row(painter, i, name, QPointF(left, top + i * self._high()), cell)
        if self.hasFocus() and self.at is not None:
            painter.setPen(QPen(QColor(self.theme.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self._cell_box(*self.at))
        painter.end()

    def _cell_box(self, i: int, j: int) -> QRectF:
        cell = self._cell()
        return QRectF(self._left() + j * cell, self._top() + i * self._high(), cell, self._high()).adjusted(
            1, 1, -1, -1
        )

    def _row(self, painter: QPainter, i: int, name: str, at: QPointF, cell: float) -> None:
        if self.scores is None:
            return
        theme, metrics, row = self.theme, self.fontMetrics(), self.scores.confusion[i]
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.color_of(name)))
        painter.drawRoundedRect(QRectF(0, at.y() + self._high() / 2 - 5.5, 11, 11), 3, 3)
        number = str(i + 1)
        painter.setPen(QColor(theme.muted))
        painter.drawText(QRectF(15, at.y(), 18, self._high()), middle | Qt.AlignmentFlag.AlignRight, number)
        painter.setPen(QColor(theme.text))
        wide = int(at.x()) - 46
        painter.drawText(QRectF(38, at.y(), wide + 4, self._high()), middle,
                         metrics.elidedText(name, Qt.TextElideMode.ElideRight, wide))  # fmt: skip
        whole = sum(row)
        for j, count in enumerate(row):
            share = count / whole if whole else 0.0
            box = self._cell_box(i, j)
            color = mixed(theme.plot_grid, self.color_of(name) if i == j else theme.real, 0.12 + 0.88 * share)
            painter.fillRect(box, QColor(color if count else theme.plot_grid))
            if count and cell >= 20:
                painter.setPen(QColor(max((theme.text, theme.panel), key=lambda c: contrast(c, color))))
                self._in_cell(painter, box, share, count)
        self._score(painter, name, QRectF(at.x() + len(self.names) * cell + 8, at.y(), _F1_PX, self._high()))

    def _in_cell(self, painter: QPainter, box: QRectF, share: float, count: int) -> None:
        if self._high() == _LOW_PX:
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{100 * share:.0f}")
            return
        half, plain = box.height() / 2, painter.font()
        top = QRectF(box.left(), box.top() + 2, box.width(), half)
        painter.drawText(top, Qt.AlignmentFlag.AlignCenter, f"{100 * share:.0f} %")
        small = painter.font()
        small.setPointSizeF(max(plain.pointSizeF() * 0.82, 6.5))
        painter.setFont(small)
        painter.drawText(top.translated(0, half - 4), Qt.AlignmentFlag.AlignCenter, str(count))
        painter.setFont(plain)

    def _score(self, painter: QPainter, name: str, box: QRectF) -> None:
        if self.scores is None:
            return
        value = self.scores.f1.get(name)
        right = min(box.right(), self.width() - 1.0)
        words = "–" if value is None else f"{100 * value:.0f}"
        painter.setPen(QColor(self.theme.text))
        painter.drawText(
            QRectF(right - 26, box.top(), 26, box.height()),
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words,
        )  # fmt: skip
        bar = QRectF(box.left() + 4, box.center().y() - 3, max(right - 32 - box.left() - 4, 6), 6)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.theme.border))
        painter.drawRoundedRect(bar, 3, 3)
        if value:
            painter.setBrush(QColor(self.color_of(name)))
            painter.drawRoundedRect(QRectF(bar.left(), bar.top(), max(bar.width() * value, 4), bar.height()), 3, 3)

    # ------------------------------------------------------------------ reading

    def words_of(self, i: int, j: int) -> str:
        """A cell in words."""
        if self.scores is None:
            return ""
        row, names = self.scores.confusion[i], self.names
        whole = sum(row)
        what = "recognised" if i == j else f"taken for {names[j]}"
        return f"{names[i]} {what}: {row[j]} of {whole} windows ({row[j] / whole if whole else 0:.0%})"

    def class_words(self, name: str) -> str:
        """What a class scored, in words."""
        s = self.scores
        if s is None or s.f1.get(name) is None:
            return f"{name}: no windows, and never predicted"
        numbers = (f"{word} {100 * (of.get(name) or 0.0):.1f}" for word, of in
                   (("F1", s.f1), ("precision", s.precision), ("recall", s.recall)))  # fmt: skip
        return f"{name}: {', '.join(numbers)}; {s.support[name]} windows"

    def _all_words(self) -> str:
        return "; ".join(self.class_words(name) for name in self.names)

    def cell_at(self, place: QPointF) -> tuple[int, int] | None:
        """Which cell is under a place; column -1 is a class's name or score."""
        i = math.floor((place.y() - self._top()) / self._high())
        j = math.floor((place.x() - self._left()) / self._cell())
        n = len(self.names)
        return (i, j if 0 <= j < n else -1) if 0 <= i < n else None

    def event(self, event: QEvent) -> bool:
        """Tooltip: a cell, or a class."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            found = self.cell_at(QPointF(event.pos()))
            words = ""
            if found is not None:
                words = self.words_of(*found) if found[1] >= 0 else self.class_words(self.names[found[0]])
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Arrows go from cell to cell; what is there is told."""
        step = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0),
                Qt.Key.Key_Down: (1, 0)}.get(Qt.Key(event.key()))  # fmt: skip
        n = len(self.names)
        if step is None or not n:
            super().keyPressEvent(event)
            return
        i, j = self.at or (0, 0)
        self.at = (min(max(i + step[0], 0), n - 1), min(max(j + step[1], 0), n - 1)) if self.at else (0, 0)
        words = self.words_of(*self.at)
        self.setAccessibleDescription(words)
        QToolTip.showText(self.mapToGlobal(self._cell_box(*self.at).bottomRight().toPoint()), words, self)
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """Show where the keys are."""
        super().focusInEvent(event)
        self.at = self.at or ((0, 0) if self.names else None)
        self.update()
