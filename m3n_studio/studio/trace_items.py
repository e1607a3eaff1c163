"""The parts a trace lane is made of: time axis handling, shaded gaps, readouts.

Measured rules for pyqtgraph that this file keeps: peak down-sampling and clipping to the view,
pens of width 1, one batched item for all gaps of a lane, cursors that are ignored in bounds.
"""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

AXIS_WIDTH = 46
_ZOOM_PER_NOTCH = 0.8


class TimeViewBox(pg.ViewBox):
    """A view box in which the mouse means time.

    Click or left drag scrubs, the wheel zooms time about the mouse, middle or right drag
    pans, a double click shows everything. The vertical range is never touched by the mouse.
    """

    scrubbed = Signal(float)
    all_wanted = Signal()

    def __init__(self) -> None:
        super().__init__(enableMenu=False, defaultPadding=0.0)
        self.setMouseEnabled(x=True, y=False)

    def wheelEvent(self, ev: Any, axis: int | None = None) -> None:  # noqa: N802
        """Zoom time about the mouse."""
        factor = _ZOOM_PER_NOTCH ** (ev.delta() / 120)
        x = self.mapSceneToView(ev.scenePos()).x()
        low, high = self.viewRange()[0]
        self.setXRange(x - (x - low) * factor, x + (high - x) * factor, padding=0)
        ev.accept()

    def mouseDragEvent(self, ev: Any, axis: int | None = None) -> None:  # noqa: N802
        """Scrub with the left button, pan with the others."""
        ev.accept()
        if ev.button() == Qt.MouseButton.LeftButton:
            self.scrubbed.emit(self.mapSceneToView(ev.scenePos()).x())
            return
        moved = self.mapSceneToView(ev.lastScenePos()).x() - self.mapSceneToView(ev.scenePos()).x()
        low, high = self.viewRange()[0]
        self.setXRange(low + moved, high + moved, padding=0)

    def mouseClickEvent(self, ev: Any) -> None:  # noqa: N802
        """Go to the time clicked."""
        if ev.button() == Qt.MouseButton.LeftButton:
            ev.accept()
            if ev.double():
                self.all_wanted.emit()
            else:
                self.scrubbed.emit(self.mapSceneToView(ev.scenePos()).x())


class SpanItem(pg.GraphicsObject):
    """Any number of shaded spans of time over the whole height of a lane, as one item."""

    def __init__(self, color: str) -> None:
        super().__init__()
        self._color = QColor(color)
        self._spans: tuple[tuple[float, float], ...] = ()
        self.setZValue(-10)

    def set_spans(self, spans: tuple[tuple[float, float], ...]) -> None:
        """Shade these (from, to), s."""
        self._spans = spans
        self.update()

    def viewTransformChanged(self) -> None:  # noqa: N802
        """Called by pyqtgraph when the view moves: the item covers the new view."""
        self.prepareGeometryChange()

    def boundingRect(self) -> QRectF:  # noqa: N802
        """The whole view."""
        view = self.getViewBox()
        return QRectF() if view is None else QRectF(view.viewRect())

    def dataBounds(self, axis: int, frac: float = 1.0, orthoRange: Any = None) -> tuple[None, None]:  # noqa: N802
        """Shading never counts in auto ranging."""
        return None, None

    def paint(self, painter: QPainter, *args: Any) -> None:
        """Fill the spans that are in view."""
        view = self.boundingRect()
        for low, high in self._spans:
            if high > view.left() and low < view.right():
                left, right = max(low, view.left()), min(high, view.right())
                painter.fillRect(QRectF(left, view.top(), right - left, view.height()), self._color)


class Readout(pg.GraphicsObject):
    """The name of a lane at its left and the values at the cursor at its right."""

    def __init__(self, view: pg.ViewBox, *, name: str, muted: str, background: str) -> None:
        super().__init__(view)
        self._view, self._name, self._muted = view, name, QColor(muted)
        self._background = QColor(background)
        self._background.setAlpha(215)
        self._parts: tuple[tuple[str, str], ...] = ()
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
        self._name = name
        self.update()

    def set_parts(self, parts: tuple[tuple[str, str], ...]) -> None:
        """Show these (text, colour) at the right."""
        if parts != self._parts:
            self._parts = parts
            self.update()

    def _resized(self, *_: object) -> None:
        self.prepareGeometryChange()

    def boundingRect(self) -> QRectF:  # noqa: N802
        """The top strip of the lane."""
        return QRectF(0, 0, self._view.width(), 20)

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

    def _text(self, painter: QPainter, metrics: QFontMetricsF, left: float, text: str, color: QColor) -> None:
        box = QRectF(left - 3, 2, metrics.horizontalAdvance(text) + 6, metrics.height() + 1)
        painter.fillRect(box, self._background)
        painter.setPen(color)
        painter.drawText(QPointF(left, 2 + metrics.ascent()), text)


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

    def set_unit(self, unit: str) -> None:
        """Write the unit after every number."""
        self._unit = unit

    def tickStrings(self, values: Any, scale: float, spacing: float) -> list[str]:  # noqa: N802
        """Numbers with a true minus sign and the unit."""
        numbers = super().tickStrings(values, scale, spacing)
        tail = f" {self._unit}" if self._unit else ""
        return [n.replace("-", "−") + tail for n in numbers]
