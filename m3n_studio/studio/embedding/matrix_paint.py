"""A similarity matrix painted: diverging colours, classes along the edges, a scale; walked with mouse or keys."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from m3n_studio.studio.embedding.matrix_model import Matrix, Side, limits
from m3n_studio.studio.look.theme import Theme, contrast, rgb
from m3n_studio.studio.look.widgets import named

_STEPS = 256
_BAND_PX = 5
_BAR_PX = 12
_MOST_LEFT, _MOST_TOP = 0.34, 0.3
_MOVES = {
    Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0),
}  # fmt: skip


def diverging(theme: Theme, steps: int = _STEPS) -> NDArray[np.uint8]:
    """Colours (steps, 3) from low over the middle, which is the panel's, to high."""
    ends = [np.array(rgb(c)) for c in (theme.simulated, theme.panel, theme.real)]
    at = np.linspace(-1.0, 1.0, steps)[:, None]
    side = np.where(at < 0, ends[0], ends[2])
    return np.round(255 * (ends[1] + np.abs(at) ** 0.85 * (side - ends[1]))).astype(np.uint8)


_CHOOSE = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class MatrixView(QWidget):
    """The matrix.

    Signals
    -------
    hovered : (row, column) or None
    chosen : int, int, bool
        A cell is clicked, or Return is pressed on it; True with Shift: the row is meant, not the column.
    """

    hovered = Signal(object)
    chosen = Signal(int, int, bool)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        named(self, accessible="Similarity matrix")
        self.theme = theme
        self.matrix: Matrix | None = None
        self.around = "mean"
        self.colors: Mapping[str, str] = {}
        self.cursor_cell: tuple[int, int] | None = None
        self._image = QImage()
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(200, 200)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Low: it takes what room there is."""
        return QSize(420, 240)

    def set_matrix(self, matrix: Matrix | None, colors: Mapping[str, str]) -> None:
        """Show another one; colours of classes by name."""
        self.matrix, self.colors, self.cursor_cell = matrix, colors, None
        words = "" if matrix is None else f"{matrix.rows.title} by {matrix.columns.title}, {matrix.values.shape}"
        self.setAccessibleDescription(words)
        self._color()

    def set_around(self, around: str) -> None:
        """Colours around ``"zero"`` or around the ``"mean"``."""
        self.around = around
        self._color()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.theme = theme
        self._color()

    def _color(self) -> None:
        self._image = QImage() if self.matrix is None else picture(self.matrix.values, self.around, self.theme)
        self.update()

    # ------------------------------------------------------------------ where things are

    def _left(self) -> float:
        return self._longest(self.matrix.rows if self.matrix else None, _MOST_LEFT * self.width()) + _BAND_PX + 8.0

    def _top(self) -> float:
        if self.matrix is None:
            return 0.0
        side, line = self.matrix.columns, float(self.fontMetrics().height())
        room = _MOST_TOP * self.height()
        upright = self._turned()
        return line + 6.0 + _BAND_PX + 4.0 + (self._longest(side, room) if upright else line)

    def _longest(self, side: Side | None, most: float) -> float:
        words = [] if side is None else [name for _, _, name in side.segments()]
        wide = max((self.fontMetrics().horizontalAdvance(w) for w in words), default=0) + 4.0
        return min(wide, most)

    def _turned(self) -> bool:
        """Whether names over the columns stand upright: some of them would not fit lying."""
        if self.matrix is None:
            return False
        each = self.matrix.columns.segments()
        cell = (self.width() * (1 - _MOST_LEFT)) / max(self.matrix.values.shape[1], 1)
        return any(self.fontMetrics().horizontalAdvance(name) > (b - a) * cell - 4 for a, b, name in each)

    def field(self) -> QRectF:
        """Where the cells are."""
        line = self.fontMetrics().height()
        left, top = self._left(), self._top()
        return QRectF(left, top, max(self.width() - left - 6.0, 20.0),
                      max(self.height() - top - _BAR_PX - line - 16.0, 20.0))  # fmt: skip

    def cell_at(self, place: QPointF) -> tuple[int, int] | None:
        """Which cell is under a place."""
        box = self.field()
        if self.matrix is None or not box.contains(place):
            return None
        g, h = self.matrix.values.shape
        i = int((place.y() - box.top()) / box.height() * g)
        j = int((place.x() - box.left()) / box.width() * h)
        return (min(i, g - 1), min(j, h - 1))

    # ------------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Cells, names, scale, the cell pointed at."""
        if self.matrix is None:
            return
        painter, box = QPainter(self), self.field()
        painter.drawImage(box, self._image)
        painter.setPen(QColor(self.theme.border))
        painter.drawRect(box)
        self._rows(painter, box)
        self._columns(painter, box)
        self._figures(painter, box)
        self._scale(painter, box)
        if self.cursor_cell is not None:
            painter.setPen(QPen(QColor(self.theme.cursor), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self._cell_box(box, *self.cursor_cell).adjusted(-1, -1, 1, 1))
        if self.hasFocus():
            painter.setPen(QPen(QColor(self.theme.accent), 2))
            painter.drawRect(box.adjusted(-2, -2, 2, 2))
        painter.end()

    def _cell_box(self, box: QRectF, i: int, j: int) -> QRectF:
        g, h = self.matrix.values.shape if self.matrix else (1, 1)
        return QRectF(
            box.left() + j * box.width() / h, box.top() + i * box.height() / g, box.width() / h, box.height() / g
        )

    def _rows(self, painter: QPainter, box: QRectF) -> None:
        if self.matrix is None:
            return
        metrics, count = self.fontMetrics(), len(self.matrix.rows.group)
        align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        wide, last = box.left() - _BAND_PX - 8.0, -1e9
        for a, b, name in self.matrix.rows.segments():
            y0, y1 = (box.top() + box.height() * k / count for k in (a, b))
            self._band(painter, QRectF(box.left() - _BAND_PX - 2, y0, _BAND_PX, y1 - y0), name)
            middle = (y0 + y1) / 2
            if middle - last >= metrics.height():
                text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, round(wide))
                painter.setPen(QColor(self.theme.text))
                painter.drawText(QRectF(0, middle - metrics.height(), wide, 2 * metrics.height()), align, text)
                last = middle

    def _columns(self, painter: QPainter, box: QRectF) -> None:
        if self.matrix is None:
            return
        metrics, count, turned = self.fontMetrics(), len(self.matrix.columns.group), self._turned()
        high, last = box.top() - _BAND_PX - 6.0 - metrics.height() - 4.0, -1e9
        for a, b, name in self.matrix.columns.segments():
            x0, x1 = (box.left() + box.width() * k / count for k in (a, b))
            self._band(painter, QRectF(x0, box.top() - _BAND_PX - 2, x1 - x0, _BAND_PX), name)
            middle = (x0 + x1) / 2
            painter.setPen(QColor(self.theme.text))
            if not turned:
                where = QRectF(x0, metrics.height() + 4.0, x1 - x0, metrics.height())
                painter.drawText(where, Qt.AlignmentFlag.AlignCenter, name)
            elif middle - last >= metrics.height() - 2:
                text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, round(high))
                painter.save()
                painter.translate(middle, box.top() - _BAND_PX - 5.0)
                painter.rotate(-90)
                painter.drawText(QRectF(0, -metrics.height(), high, 2 * metrics.height()),
                                 Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)  # fmt: skip
                painter.restore()
                last = middle
        painter.setPen(QColor(self.theme.muted))
        both = f"↓ {self.matrix.rows.title}    → {self.matrix.columns.title}"
        both = metrics.elidedText(both, Qt.TextElideMode.ElideRight, self.width() - 6)
        painter.drawText(QRectF(2, 0, self.width() - 4, metrics.height()), Qt.AlignmentFlag.AlignLeft, both)

    def _band(self, painter: QPainter, room: QRectF, name: str) -> None:
        color = self.colors.get(name)
        if color:
            painter.fillRect(room.adjusted(0.5, 0.5, -0.5, -0.5), QColor(color))

    def _figures(self, painter: QPainter, box: QRectF) -> None:
        """Values in the cells, where there is room."""
        if self.matrix is None:
            return
        g, h = self.matrix.values.shape
        metrics = self.fontMetrics()
        if box.width() / h < metrics.horizontalAdvance("−0.00") + 6 or box.height() / g < metrics.height() + 2:
            return
        for i in range(g):
            for j in range(h):
                value = self.matrix.values[i, j]
                if np.isfinite(value):
                    ground = QColor(self._image.pixel(j, i)).name()
                    painter.setPen(QColor(max((self.theme.text, self.theme.panel), key=lambda c: contrast(c, ground))))
                    painter.drawText(self._cell_box(box, i, j), Qt.AlignmentFlag.AlignCenter, signed(value))

    def _scale(self, painter: QPainter, box: QRectF) -> None:
        if self.matrix is None:
            return
        low, middle, high = limits(self.matrix.values, self.around)
        bar = QRectF(box.left(), box.bottom() + 8, box.width(), _BAR_PX - 4)
        colors = np.ascontiguousarray(diverging(self.theme)[None])
        painter.drawImage(bar, QImage(colors.data, _STEPS, 1, 3 * _STEPS, QImage.Format.Format_RGB888).copy())
        painter.setPen(QColor(self.theme.border))
        painter.drawRect(bar)
        words = QRectF(bar.left(), bar.bottom() + 2, bar.width(), self.fontMetrics().height())
        painter.setPen(QColor(self.theme.muted))
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        for align, value in ((left, low), (Qt.AlignmentFlag.AlignHCenter, middle), (right, high)):
            painter.drawText(words, align, signed(value))
        caption = QRectF(0, bar.top() - 4, box.left() - 6, bar.height() + 8)
        painter.drawText(caption, right | Qt.AlignmentFlag.AlignVCenter, "cosine")

    # ------------------------------------------------------------------ mouse and keys

    def _point(self, cell: tuple[int, int] | None) -> None:
        if cell != self.cursor_cell:
            self.cursor_cell = cell
            self.hovered.emit(cell)
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Tell the cell under the mouse."""
        self._point(self.cell_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """None is pointed at."""
        if not self.hasFocus():
            self._point(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Choose a cell."""
        cell = self.cell_at(event.position())
        if cell is not None and event.button() == Qt.MouseButton.LeftButton:
            self._point(cell)
            self.chosen.emit(*cell, bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))

    def event(self, event: QEvent) -> bool:
        """Arrows and Return are the matrix's own while it has the keyboard."""
        asked = event.type() == QEvent.Type.ShortcutOverride and self.matrix is not None
        if asked and isinstance(event, QKeyEvent) and Qt.Key(event.key()) in (*_MOVES, *_CHOOSE):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Walk, choose."""
        key = Qt.Key(event.key())
        if self.matrix is not None and key in _MOVES:
            i, j = self.cursor_cell or (0, 0)
            by = _MOVES[key] if self.cursor_cell else (0, 0)
            g, h = self.matrix.values.shape
            self._point((min(max(i + by[0], 0), g - 1), min(max(j + by[1], 0), h - 1)))
        elif self.cursor_cell is not None and key in _CHOOSE:
            self.chosen.emit(*self.cursor_cell, bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """The frame goes."""
        self.update()
        super().focusOutEvent(event)


def picture(values: NDArray[np.float64], around: str, theme: Theme) -> QImage:
    """Values (G, H) as an image of so many pixels."""
    low, _, high = limits(values, around)
    known = np.isfinite(values)
    step = np.clip((np.where(known, values, low) - low) / (high - low) * (_STEPS - 1), 0, _STEPS - 1).round()
    colors = diverging(theme)[step.astype(np.int64)]
    colors[~known] = np.round(255 * np.array(rgb(theme.gap))).astype(np.uint8)
    colors = np.ascontiguousarray(colors)
    g, h = values.shape
    return QImage(colors.data, h, g, 3 * h, QImage.Format.Format_RGB888).copy()


def signed(value: float) -> str:
    """Two digits, with a proper minus."""
    text = f"{value:.2f}"
    return text.replace("-", "−") if float(text) else "0.00"
