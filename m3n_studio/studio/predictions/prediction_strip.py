"""Predictions over time, on the axis of traces and labels; the mouse goes to times, zooms, asks what is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.predictions.strip_paint import LEFT_PX, RIGHT_PX, Brush, Group, Layout, Row, lay_out

_ZOOM_PER_NOTCH = 0.8
_LEAST_SPAN_S = 0.05
_MOST_LEFT_PX, _MOST_RIGHT_PX = 120, 40
#: So much of the end of time may lie under the scroll bar where the traces have none: the axes stay the same.
_UNDER_BAR_PX = 20


class PredictionStrip(QWidget):
    """The rows of one or several models.

    Signals
    -------
    sought : float, s
        The user goes to a time.
    zoomed : (from, to) in s
        Another view is wanted.
    moved : (none)
        Time begins or ends elsewhere on the screen.
    """

    sought = Signal(float)
    zoomed = Signal(object)
    moved = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Predictions over time")
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.theme = theme
        self.groups: tuple[Group, ...] = ()
        self.gates = True
        self.plot_edges: Callable[[], tuple[float, float, bool] | None] = lambda: None
        self.describe: Callable[[Row, float], str] = lambda _row, _time: ""
        self._edges: tuple[float, float, bool] | None = None
        self._told: tuple[float, float, bool] | None = None
        self._view, self._limits = (0.0, 1.0), (0.0, 1.0)
        self._time = 0.0
        self._picture: QPixmap | None = None
        self._press: tuple[QPointF, Qt.MouseButton] | None = None

    # ------------------------------------------------------------------ what is shown

    def set_groups(self, groups: Sequence[Group], *, gates: bool) -> None:
        """Show these models, with or without the gates of their experts."""
        self.groups, self.gates = tuple(groups), gates
        height = round(self.layout_now().bottom)
        if self.minimumHeight() != height:
            self.setMinimumHeight(height)
            self.updateGeometry()
        self._stale()

    def set_view(self, view: tuple[float, float], limits: tuple[float, float]) -> None:
        """Show this stretch of the time there is, s."""
        if (view, limits) != (self._view, self._limits):
            self._view, self._limits = view, limits
            self._stale()

    def set_time(self, time_s: float) -> None:
        """Show where the clock is."""
        layout = self.layout_now()
        x0, x1 = sorted((layout.x_of(self._time), layout.x_of(time_s)))
        self._time = time_s
        if x1 - x0 > 40:
            self.update()
        else:
            self.update(int(x0) - 2, 0, int(x1 - x0) + 5, self.height())

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.theme = theme
        self._stale()

    def _stale(self) -> None:
        self._picture = None
        self.update()

    def layout_now(self) -> Layout:
        """Where rows and times are now."""
        left, right, ruler = self._edges or (LEFT_PX, RIGHT_PX, True)
        return lay_out(self.groups, self._view, left, self.width() - right, ruler=ruler, gates=self.gates)

    def _fit(self) -> None:
        """Begin and end where the plots of the traces do, where these stand above or below: one axis for all."""
        found, edges = None, self.plot_edges()
        if edges is not None:
            start = self.mapToGlobal(QPoint(0, 0)).x()
            left, right = edges[0] - start, start + self.width() - edges[1]
            if 0 <= left <= _MOST_LEFT_PX and -_UNDER_BAR_PX <= right <= _MOST_RIGHT_PX:
                found = (left, right, not edges[2])
        if found != self._edges:
            self._edges, self._picture = found, None
            self.update()
            self.setMinimumHeight(round(self.layout_now().bottom))

    def _tell_edges(self) -> None:
        edges = self.edges_on_screen()
        if edges != self._told:
            self._told = edges
            self.moved.emit()

    def edges_on_screen(self) -> tuple[float, float, bool] | None:
        """Where time begins and ends on the screen, px, and that others write their own times; None if not seen."""
        if self.visibleRegion().isEmpty() or not self.groups:
            return None
        start, layout = self.mapToGlobal(QPoint(0, 0)).x(), self.layout_now()
        return start + layout.left, start + layout.right, False

    def sizeHint(self) -> QSize:  # noqa: N802
        """As high as the rows."""
        return QSize(480, self.minimumHeight())

    # ------------------------------------------------------------------ painting

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """The picture and the cursor."""
        self._fit()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._painted())
        layout = self.layout_now()
        x = layout.x_of(self._time)
        if layout.left <= x <= layout.right:
            painter.setPen(QPen(QColor(self.theme.cursor), 1))
            painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(self.theme.accent), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 5, 5)
        painter.end()
        self._tell_edges()

    def _painted(self) -> QPixmap:
        if self._picture is None:
            ratio = self.devicePixelRatioF()
            self._picture = QPixmap(self.size() * ratio)
            self._picture.setDevicePixelRatio(ratio)
            self._picture.fill(QColor(self.theme.panel))
            painter = QPainter(self._picture)
            Brush(self.theme, self.font()).paint(painter, self.layout_now(), self.groups, self.height())
            painter.end()
        return self._picture

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Another width is another picture."""
        self._picture = None
        super().resizeEvent(event)

    # ------------------------------------------------------------------ mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Go there, or take hold of time."""
        self._press = (event.position(), event.button())
        if event.button() == Qt.MouseButton.LeftButton:
            self._seek(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Go along, or move time."""
        if self._press is None:
            return
        at, button = self._press
        if button == Qt.MouseButton.LeftButton:
            self._seek(event.position())
            return
        span = self._view[1] - self._view[0]
        moved = -(event.position().x() - at.x()) * span / self.layout_now().width
        moved = min(max(moved, self._limits[0] - self._view[0]), self._limits[1] - self._view[1])
        self._press = (event.position(), button)
        if moved:
            self.zoomed.emit((self._view[0] + moved, self._view[1] + moved))

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:  # noqa: N802
        """Let go."""
        self._press = None

    def _seek(self, at: QPointF) -> None:
        self.sought.emit(min(max(self.layout_now().time_of(at.x()), self._limits[0]), self._limits[1]))

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Zoom around the mouse with Ctrl; else the rows scroll."""
        if not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.ignore()
            return
        notches = event.angleDelta().y() / 120
        self._zoom(_ZOOM_PER_NOTCH**notches, self.layout_now().time_of(event.position().x()))
        event.accept()

    def _zoom(self, by: float, around_s: float) -> None:
        low, high = self._view
        whole = self._limits[1] - self._limits[0]
        width = min(max((high - low) * by, min(_LEAST_SPAN_S, whole)), whole)
        start = around_s - (around_s - low) / max(high - low, 1e-9) * width
        start = min(max(start, self._limits[0]), self._limits[1] - width)
        self.zoomed.emit((start, start + width))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Plus and minus zoom around the cursor."""
        if event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            inwards = event.key() != Qt.Key.Key_Minus
            self._zoom(_ZOOM_PER_NOTCH if inwards else 1 / _ZOOM_PER_NOTCH, self._time)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """What is under the mouse, in words."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            layout = self.layout_now()
            row = layout.row_at(event.pos().y())
            time_s = layout.time_of(event.pos().x())
            words = self.describe(row, time_s) if row is not None else ""
            if words:
                QToolTip.showText(event.globalPos(), words, self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)
