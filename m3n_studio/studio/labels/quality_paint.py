"""Pictures of how good labels are: bars of coverage, a heat map of confusion."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from m3n_studio.annotation.quality import Confusion
from m3n_studio.studio.labels.quality_work import ClassTotal
from m3n_studio.studio.look.theme import Theme, contrast, rgb
from m3n_studio.studio.look.widgets import named

_ROW_PX = 26
_NAME_PX = 124
_CELL_PX = 26
_MOST_CELL_PX = 44
_UNLABELLED = "unlabelled"


def seconds_text(seconds: float) -> str:
    """A duration for people."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


class CoverageBars(QWidget):
    """A bar a class: how long it lasts in all, parted by subject."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        named(self, accessible="Coverage by class")
        self.theme = theme
        self.rows: tuple[ClassTotal, ...] = ()
        self.colors: dict[str, str] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_rows(self, rows: Sequence[ClassTotal], colors: dict[str, str]) -> None:
        """Show these, with colours by class name."""
        self.rows, self.colors = tuple(rows), colors
        self.setAccessibleDescription("; ".join(f"{r.name or _UNLABELLED}: {seconds_text(r.seconds)}" for r in rows))
        self.setFixedHeight(max(_ROW_PX * len(self.rows), 1))
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """A line a class."""
        return QSize(300, _ROW_PX * max(len(self.rows), 1))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Name, bar, figures."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = self.fontMetrics()
        figures = [_figures(r) for r in self.rows]
        right = max((metrics.horizontalAdvance(f) for f in figures), default=0) + 10
        names = max((metrics.horizontalAdvance(r.name or _UNLABELLED) for r in self.rows), default=0) + 12
        left = min(names, _NAME_PX)
        room = max(self.width() - left - right, 8.0)
        longest = max((r.seconds for r in self.rows), default=0.0) or 1.0
        middle = Qt.AlignmentFlag.AlignVCenter
        for i, (row, words) in enumerate(zip(self.rows, figures, strict=True)):
            top = i * _ROW_PX
            painter.setPen(QColor(self.theme.muted if row.name is None else self.theme.text))
            name = metrics.elidedText(row.name or _UNLABELLED, Qt.TextElideMode.ElideRight, left - 8)
            painter.drawText(QRectF(0, top, left - 8, _ROW_PX), middle | Qt.AlignmentFlag.AlignLeft, name)
            painter.drawText(
                QRectF(self.width() - right, top, right, _ROW_PX), middle | Qt.AlignmentFlag.AlignRight, words
            )
            self._bar(painter, QRectF(left, top + 6, room, _ROW_PX - 12), row, longest)
        painter.end()

    def _bar(self, painter: QPainter, room: QRectF, row: ClassTotal, longest: float) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.theme.plot_grid))
        painter.drawRoundedRect(room, 3, 3)
        if row.seconds <= 0:
            return
        color = self.theme.border if row.name is None else self.colors.get(row.name, self.theme.muted)
        painter.setBrush(QColor(color))
        wide = max(room.width() * row.seconds / longest, 3.0)
        painter.drawRoundedRect(QRectF(room.x(), room.y(), wide, room.height()), 3, 3)
        painter.setBrush(QColor(self.theme.panel))
        at = 0.0
        for (_, seconds), _next in pairwise(row.by_subject):
            at += seconds
            x = room.x() + room.width() * at / longest
            if seconds > 0 and x < room.x() + wide - 2:
                painter.drawRect(QRectF(x - 0.5, room.y(), 1, room.height()))

    def event(self, event: QEvent) -> bool:
        """Tooltip: by subject."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            number = event.pos().y() // _ROW_PX
            words = ""
            if 0 <= number < len(self.rows):
                row = self.rows[number]
                words = "\n".join([row.name or _UNLABELLED, *(f"{s}: {seconds_text(t)}" for s, t in row.by_subject)])
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)


def _figures(row: ClassTotal) -> str:
    what = f"{row.count} gap" if row.name is None else f"{row.count} label"
    return f"{seconds_text(row.seconds)} · {row.share:.0%} · {what}{'s' * (row.count != 1)}"


class ConfusionMap(QWidget):
    """Seconds by what two sides call them.

    Signals
    -------
    cell_chosen : str or None, str or None
        What the first and the second side call it.
    """

    cell_chosen = Signal(object, object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        named(self, accessible="Confusion by time")
        self.theme = theme
        self.confusion: Confusion | None = None
        self.chosen: tuple[str | None, str | None] | None = None
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_confusion(self, confusion: Confusion | None) -> None:
        """Show another one."""
        self.confusion, self.chosen = confusion, None
        self.setFixedHeight(self._height())
        self.update()

    def _n(self) -> int:
        return 0 if self.confusion is None else len(self.confusion.names)

    def _cell(self) -> float:
        return max(min((self.width() - self._left() - 4) / max(self._n(), 1), _MOST_CELL_PX), 8.0)

    def _left(self) -> float:
        names = () if self.confusion is None else self.confusion.names
        return min(
            max((self.fontMetrics().horizontalAdvance(f"00 {_word(n)}") for n in names), default=0) + 10.0, 140.0
        )

    def _height(self) -> int:
        return round(self._n() * _CELL_PX + self._top() + 2)

    def _top(self) -> float:
        return self.fontMetrics().height() + 6.0

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Rows: the first side; columns: the second, numbered; darker or brighter: more of the row's time."""
        if self.confusion is None:
            return
        painter = QPainter(self)
        left, cell, top = self._left(), self._cell(), self._top()
        metrics = self.fontMetrics()
        align = Qt.AlignmentFlag.AlignCenter
        for j in range(self._n()):
            painter.setPen(QColor(self.theme.muted))
            painter.drawText(QRectF(left + j * cell, 0, cell, top), align, str(j + 1))
        for i, name in enumerate(self.confusion.names):
            y = top + i * _CELL_PX
            painter.setPen(QColor(self.theme.text))
            word = metrics.elidedText(f"{i + 1} {_word(name)}", Qt.TextElideMode.ElideRight, round(left) - 6)
            painter.drawText(
                QRectF(0, y, left - 6, _CELL_PX), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, word
            )
            self._row(painter, i, QPointF(left, y), cell)
        painter.end()

    def _row(self, painter: QPainter, i: int, at: QPointF, cell: float) -> None:
        if self.confusion is None:
            return
        row = self.confusion.seconds[i]
        whole = math.fsum(row)
        for j, seconds in enumerate(row):
            share = seconds / whole if whole else 0.0
            box = QRectF(at.x() + j * cell, at.y(), cell, _CELL_PX).adjusted(1, 1, -1, -1)
            color = heat(self.theme, share) if seconds > 0 else self.theme.plot_grid
            painter.fillRect(box, QColor(color))
            if share >= 0.005 and cell >= 26:
                light = max((self.theme.text, self.theme.panel), key=lambda c: contrast(c, color))
                painter.setPen(QColor(light))
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{100 * share:.0f}")
            if self.chosen == (self.confusion.names[i], self.confusion.names[j]):
                painter.setPen(QColor(self.theme.accent))
                painter.drawRect(box.adjusted(0, 0, -1, -1))

    def at(self, place: QPointF) -> tuple[int, int] | None:
        """Which cell is under a place."""
        i = math.floor((place.y() - self._top()) / _CELL_PX)
        j = math.floor((place.x() - self._left()) / self._cell())
        return (i, j) if 0 <= i < self._n() and 0 <= j < self._n() else None

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Choose a cell: only its disagreements are listed; again: all."""
        found = self.at(event.position())
        if found is None or self.confusion is None:
            return
        pair = (self.confusion.names[found[0]], self.confusion.names[found[1]])
        self.chosen = None if self.chosen == pair or pair[0] == pair[1] else pair
        self.update()
        self.cell_chosen.emit(*(self.chosen or ("", "")))

    def event(self, event: QEvent) -> bool:
        """Tooltip: the cell in words."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent) and self.confusion is not None:
            found = self.at(QPointF(event.pos()))
            words = ""
            if found is not None:
                names, seconds = self.confusion.names, self.confusion.seconds[found[0]][found[1]]
                words = f"{_word(names[found[0]])} against {_word(names[found[1]])}: {seconds_text(seconds)}"
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)


def _word(name: str | None) -> str:
    return _UNLABELLED if name is None else name


def heat(theme: Theme, share: float) -> str:
    """The colour of a share from 0 to 1, ``#rrggbb``."""
    place = min(max(share, 0.0), 1.0) * (len(theme.heat) - 1)
    low = min(int(place), len(theme.heat) - 2)
    a, b = rgb(theme.heat[low]), rgb(theme.heat[low + 1])
    part = place - low
    return "#" + "".join(f"{round(255 * (x + part * (y - x))):02x}" for x, y in zip(a, b, strict=True))
