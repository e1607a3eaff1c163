"""The parts a trace lane is made of: time axis handling, shaded gaps, readouts.

Measured rules for pyqtgraph that this file keeps: pens of width 1, one batched item for all gaps
of a lane, nothing that counts in bounds.
"""

from __future__ import annotations

import math
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter
from PySide6.QtWidgets import QGraphicsRectItem

AXIS_WIDTH = 46
_ZOOM_PER_NOTCH = 0.8
_THIN_PX = 12


class TimeViewBox(pg.ViewBox):
    """A view box in which the mouse means time.

    Click or left drag scrubs, the wheel zooms time about the mouse, middle or right drag
    pans, a double click shows everything. With Shift (or `mode` "range") a left drag selects a
    stretch of time, with Ctrl (or "zoom") it zooms to a box; in mode "align" it moves the
    recording and a click points at a moment. Nothing is changed here: the view is told.

    Signals
    -------
    scrubbed : float, s
    selected : (from, to) in s, or None for a click that selects nothing
    boxed : number, QRectF
        Time and value, once the button is up; `number` is the lane's.
    moved : number, delta in s, done
        The recording is dragged.
    picked : number, time in s, value
    zoomed : (from, to) in s, kind
        Another view is wanted, by ``"wheel"`` or ``"drag"``.
    all_wanted, menu_wanted : (none), screen position
    """

    scrubbed = Signal(float)
    selected = Signal(object)
    boxed = Signal(int, QRectF)
    moved = Signal(int, float, bool)
    picked = Signal(int, float, float)
    zoomed = Signal(object, str)
    all_wanted = Signal()
    menu_wanted = Signal(object)

    def __init__(self) -> None:
        super().__init__(enableMenu=False, defaultPadding=0.0)
        self.setMouseEnabled(x=True, y=False)
        self.mode, self.number = "scrub", 0
        self._box = QGraphicsRectItem(self)
        self._box.setZValue(60)
        self._box.hide()

    def set_colors(self, edge: str) -> None:
        """Draw the zoom box in this colour."""
        fill = QColor(edge)
        fill.setAlphaF(0.12)
        self._box.setPen(pg.mkPen(edge))
        self._box.setBrush(fill)

    def wheelEvent(self, ev: Any, axis: int | None = None) -> None:  # noqa: N802
        """Zoom time about the mouse."""
        factor = _ZOOM_PER_NOTCH ** (ev.delta() / 120)
        x = self.mapSceneToView(ev.scenePos()).x()
        low, high = self.viewRange()[0]
        self.zoomed.emit((x - (x - low) * factor, x + (high - x) * factor), "wheel")
        ev.accept()

    def _mode_of(self, ev: Any) -> str:
        if ev.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            return "range"
        if ev.modifiers() & Qt.KeyboardModifier.ControlModifier:
            return "zoom"
        return self.mode

    def mouseDragEvent(self, ev: Any, axis: int | None = None) -> None:  # noqa: N802
        """Scrub, select, zoom or align with the left button, pan with the others."""
        ev.accept()
        here, start = self.mapSceneToView(ev.scenePos()), self.mapSceneToView(ev.buttonDownScenePos(ev.button()))
        if ev.button() != Qt.MouseButton.LeftButton:
            moved = self.mapSceneToView(ev.lastScenePos()).x() - here.x()
            low, high = self.viewRange()[0]
            self.zoomed.emit((low + moved, high + moved), "drag")
            return
        if ev.isStart():
            self._drag = self._mode_of(ev)
        if self._drag == "range":
            self.selected.emit((start.x(), here.x()))
        elif self._drag == "zoom":
            self._drag_box(ev)
        elif self._drag == "align":
            self.moved.emit(self.number, here.x() - start.x(), bool(ev.isFinish()))
        else:
            self.scrubbed.emit(here.x())

    _drag = "scrub"

    def _drag_box(self, ev: Any) -> None:
        """A box from where the button went down; thin ones span the whole height."""
        start, here = self.mapFromScene(ev.buttonDownScenePos(ev.button())), self.mapFromScene(ev.scenePos())
        box = QRectF(start, here).normalized().intersected(self.rect())
        if box.height() < _THIN_PX:
            box.setTop(0.0)
            box.setBottom(self.rect().height())
        self._box.setRect(box)
        self._box.setVisible(not ev.isFinish())
        if ev.isFinish() and box.width() >= 3:
            self.boxed.emit(self.number, self._in_view(box))

    def _in_view(self, box: QRectF) -> QRectF:
        return QRectF(self.mapToView(box.topLeft()), self.mapToView(box.bottomRight())).normalized()

    def mouseClickEvent(self, ev: Any) -> None:  # noqa: N802
        """Go to the time clicked."""
        here = self.mapSceneToView(ev.scenePos())
        if ev.button() == Qt.MouseButton.RightButton:
            ev.accept()
            self.menu_wanted.emit(ev.screenPos())
        elif ev.button() == Qt.MouseButton.LeftButton:
            ev.accept()
            if ev.double():
                self.all_wanted.emit()
            elif self._mode_of(ev) == "range":
                self.selected.emit(None)
            elif self.mode == "align":
                self.picked.emit(self.number, here.x(), here.y())
            else:
                self.scrubbed.emit(here.x())


class _WholeView(pg.GraphicsObject):
    """An item that covers whatever its view shows, and never counts in auto ranging."""

    def viewTransformChanged(self) -> None:  # noqa: N802
        """Called by pyqtgraph when the view moves: the item covers the new view."""
        self.prepareGeometryChange()

    def boundingRect(self) -> QRectF:  # noqa: N802
        """The whole view."""
        view = self.getViewBox()
        return QRectF() if view is None else QRectF(view.viewRect())

    def dataBounds(self, axis: int, frac: float = 1.0, orthoRange: Any = None) -> tuple[None, None]:  # noqa: N802
        """Nothing that auto ranging must show."""
        return None, None


class SpanItem(_WholeView):
    """Any number of shaded spans of time over the whole height of a lane, as one item."""

    def __init__(self, color: str, *, opacity: float = 1.0, edges: bool = False) -> None:
        super().__init__()
        self._color = QColor(color)
        self._edge = QColor(color) if edges else None
        self._color.setAlphaF(opacity)
        self._spans: tuple[tuple[float, float], ...] = ()
        self.setZValue(-10)

    def set_spans(self, spans: tuple[tuple[float, float], ...]) -> None:
        """Shade these (from, to), s."""
        if spans != self._spans:
            self._spans = spans
            self.update()

    def paint(self, painter: QPainter, *args: Any) -> None:
        """Fill the spans that are in view."""
        if not self._spans:
            return
        view = self.boundingRect()
        for low, high in self._spans:
            if high > view.left() and low < view.right():
                left, right = max(low, view.left()), min(high, view.right())
                painter.fillRect(QRectF(left, view.top(), right - left, view.height()), self._color)
                if self._edge is not None:
                    painter.setPen(pg.mkPen(self._edge))
                    for x in (low, high):
                        painter.drawLine(QPointF(x, view.top()), QPointF(x, view.bottom()))


class GridItem(_WholeView):
    """The grid of a lane in one opaque colour, at the marks of two axes (blended lines cost ten times as much)."""

    def __init__(self, color: str) -> None:
        super().__init__()
        self._pen = pg.mkPen(color)
        self._xs: list[float] = []
        self._ys: list[float] = []
        self.setZValue(-20)

    def set_marks(self, xs: list[float], ys: list[float]) -> None:
        """Draw lines here."""
        if (xs, ys) != (self._xs, self._ys):
            self._xs, self._ys = xs, ys
            self.update()

    def paint(self, painter: QPainter, *args: Any) -> None:
        """Lines over the whole view."""
        r = self.boundingRect()
        painter.setPen(self._pen)
        lines = [QLineF(x, r.top(), x, r.bottom()) for x in self._xs]
        painter.drawLines(lines + [QLineF(r.left(), y, r.right(), y) for y in self._ys])


class Readout(pg.GraphicsObject):
    """The name of a lane at its left and the values at the cursor at its right."""

    def __init__(self, view: pg.ViewBox, *, name: str, muted: str, background: str) -> None:
        super().__init__(view)
        self._view, self._name, self._muted = view, name, QColor(muted)
        self._background = QColor(background)
        self._background.setAlpha(215)
        self._parts: tuple[tuple[str, str], ...] = ()
        self._rows: tuple[tuple[str, str], ...] = ()
        self._font = QFont()
        self._font.setPointSizeF(max(self._font.pointSizeF() - 0.5, 7.0))
        self.setZValue(50)
        view.sigResized.connect(self._resized)

    @property
    def parts(self) -> tuple[tuple[str, str], ...]:
        """(text, colour) pairs shown at the right."""
        return self._parts

    @property
    def name(self) -> str:
        """What is written at the left."""
        return self._name

    def set_name(self, name: str) -> None:
        """Write this at the left."""
        if name != self._name:
            self._name = name
            self.update()

    def set_parts(self, parts: tuple[tuple[str, str], ...]) -> None:
        """Show these (text, colour) at the right."""
        if parts != self._parts:
            self._parts = parts
            self.update()

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """(text, colour) pairs at the lower left, each a row."""
        return self._rows

    def set_rows(self, rows: tuple[tuple[str, str], ...]) -> None:
        """Show these (text, colour) at the lower left, each a row."""
        if rows != self._rows:
            self.prepareGeometryChange()
            self._rows = rows
            self.update()

    def _resized(self, *_: object) -> None:
        self.prepareGeometryChange()

    def boundingRect(self) -> QRectF:  # noqa: N802
        """The lane; where there are no rows, its top strip."""
        return QRectF(0, 0, self._view.width(), self._view.height() if self._rows else 20)

    def paint(self, painter: QPainter, *args: Any) -> None:
        """Name left, values right, each on a veil of the background."""
        painter.setFont(self._font)
        metrics = QFontMetricsF(self._font)
        right = self._view.width() - 6
        for text, color in reversed(self._parts):
            right -= metrics.horizontalAdvance(text)
            self._text(painter, metrics, right, text, QColor(color))
            right -= 12
        self._text(painter, metrics, 7, self._name, self._muted)
        step = metrics.height() + 1
        room = int((self._view.height() - 2 - step) // step)  # rows below the name
        for i, (text, color) in enumerate(self._rows[: max(room, 0)][::-1]):
            self._text(painter, metrics, 7, text, QColor(color), top=self._view.height() - (i + 1) * step - 1)

    def _text(
        self, painter: QPainter, metrics: QFontMetricsF, left: float, text: str, color: QColor, *, top: float = 2
    ) -> None:
        box = QRectF(left - 3, top, metrics.horizontalAdvance(text) + 6, metrics.height() + 1)
        painter.fillRect(box, self._background)
        painter.setPen(color)
        painter.drawText(QPointF(left, top + metrics.ascent()), text)


class LaneAxis(pg.AxisItem):
    """An axis with quiet ticks, and plain numbers."""

    def __init__(self, orientation: str, *, color: str, text: str, values: bool = True) -> None:
        super().__init__(orientation, pen=pg.mkPen(color), textPen=pg.mkPen(text), maxTickLength=-3, showValues=values)
        font = QFont()
        font.setPointSizeF(max(font.pointSizeF() - 1.5, 6.5))
        self.setTickFont(font)
        self.enableAutoSIPrefix(False)
        self.setStyle(maxTickLevel=0, tickTextOffset=4)
        if orientation == "left":
            self.setWidth(AXIS_WIDTH)
        elif not values:
            self.setHeight(1)
        self._unit = ""
        self._marks: tuple[object, list[float]] = (None, [])

    def set_unit(self, unit: str) -> None:
        """Write the unit after every number."""
        self._unit = unit

    def marks(self, size: float) -> list[float]:
        """Where the numbers are, on an axis of so many pixels."""
        asked = (*self.range, size)
        if self._marks[0] != asked:
            found = self.tickValues(*asked)
            self._marks = asked, [float(value) for value in found[0][1]] if found else []
        return self._marks[1]

    def tickStrings(self, values: Any, scale: float, spacing: float) -> list[str]:  # noqa: N802
        """Numbers with a true minus sign and the unit."""
        numbers = super().tickStrings(values, scale, spacing)
        tail = f" {self._unit}" if self._unit else ""
        return [n.replace("-", "−") + tail for n in numbers]


class DecadeAxis(LaneAxis):
    """A logarithmic axis: marks at 1, 2 and 5 of every decade, or at the decades where there are many."""

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N802
        """Where the marks are, in decades."""
        decades = range(math.floor(low), math.ceil(high) + 1)
        room = size / max(high - low, 1e-9)
        steps = (1, 2, 5) if room > 4 * _LEAST_MARK_PX[self.orientation] else (1,)
        every = max(1, math.ceil(_LEAST_MARK_PX[self.orientation] / max(room, 1e-9)))
        marks = [d + math.log10(s) for d in decades for s in steps if d % every == 0]
        return [(1.0, [m for m in marks if low <= m <= high])]

    def tickStrings(self, values: Any, scale: float, spacing: float) -> list[str]:  # noqa: N802
        """Plain numbers, powers of ten where those are long."""
        tail = f" {self._unit}" if self._unit else ""
        return [_decade_text(value) + tail for value in values]


_LEAST_MARK_PX = {"bottom": 42, "left": 18}
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _decade_text(value: float) -> str:
    if -2.01 <= value <= 3.01:
        return f"{10**value:.4g}"
    whole = math.floor(value + 1e-6)
    front = round(10 ** (value - whole))
    return (f"{front}·" if front > 1 else "") + "10" + str(whole).translate(_RAISED)
