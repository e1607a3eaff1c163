"""Rows of labels over time: shown, picked, drawn and dragged with the mouse.

The strip changes nothing itself. It tells what the hand does, and shows what it is told: rows,
time, selection, the label being made. Ten thousand labels in view cost one picture a pan.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QHelpEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from m3n_studio.annotation.model import Annotation
from m3n_studio.studio.labels.label_layout import GRIP_PX, Row
from m3n_studio.studio.labels.label_paint import Geometry, Margins, Painter, tooltip
from m3n_studio.studio.look.theme import Theme

_ZOOM_PER_NOTCH = 0.8
_DRAG_PX = 4
_LEAST_SPAN_S = 0.02
_MOST_LEFT_PX, _MOST_RIGHT_PX = 120, 40
#: So much of the end of time may lie under the scroll bar where the traces have none: the axes stay the same.
_UNDER_BAR_PX = 20

Snap = Callable[[float, float], tuple[float, str]]


@dataclass(frozen=True)
class Hit:
    """What is under the mouse: a row, a time (s), and perhaps a label and a part of it."""

    row: int
    time_s: float
    annotation: Annotation | None = None
    part: str = ""


@dataclass(frozen=True)
class Pending:
    """A label being made: tier (row), class colour, from, to, s."""

    row: int
    color: str
    start_s: float
    end_s: float


def no_snap(time_s: float, _tolerance_s: float) -> tuple[float, str]:
    """Times as they are."""
    return time_s, ""


class LabelStrip(QWidget):
    """Rows of labels.

    Signals
    -------
    sought : float, s
        The user goes to a time.
    zoomed : (from, to) in s, kind
        Another view is wanted.
    picked : Annotation or None, bool
        A label was clicked; True: as well as those picked already.
    row_picked : int
    edge_dragged : Annotation, "start" or "end", time in s
        An edge was let go there.
    body_dragged : float, s
        The picked labels were dragged on by so much and let go.
    drawn : int, from, to
        An interval was drawn on a row.
    opened : Annotation
        A label was double-clicked.
    menu_wanted : Hit or None, QPoint
        A context menu, at a place of the screen.
    painted : (none)
    """

    sought = Signal(float)
    zoomed = Signal(object, str)
    picked = Signal(object, bool)
    row_picked = Signal(int)
    edge_dragged = Signal(object, str, float)
    body_dragged = Signal(float)
    drawn = Signal(int, float, float)
    opened = Signal(object)
    menu_wanted = Signal(object, object)
    painted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Labels over time")
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.theme = theme
        self.rows: tuple[Row, ...] = ()
        self.active = 0
        self.selected: frozenset[str] = frozenset()
        self.snap: Snap = no_snap
        self.plot_edges: Callable[[], tuple[float, float, bool] | None] = lambda: None
        self._margins = Margins()
        self._view, self._limits = (0.0, 1.0), (0.0, 1.0)
        self._time = 0.0
        self._pending: Pending | None = None
        self._picture: QPixmap | None = None
        self._press: tuple[QPointF, Hit | None, Qt.MouseButton] | None = None
        self._drag: tuple[float, float, str] | None = None  # shown while dragging: from, to, why it snapped

    # ------------------------------------------------------------------ what is shown

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show these tiers."""
        before = len(self.rows), [r.lane_count for r in self.rows]
        self.rows = tuple(rows)
        self.active = min(self.active, max(len(self.rows) - 1, 0))
        if before != (len(self.rows), [r.lane_count for r in self.rows]):
            self.updateGeometry()
            self.setMinimumHeight(self.minimumSizeHint().height())
        self._stale()

    def set_view(self, view: tuple[float, float], limits: tuple[float, float]) -> None:
        """Show this stretch of the time there is, s."""
        if (view, limits) != (self._view, self._limits):
            self._view, self._limits = view, limits
            self._stale()

    def set_time(self, time_s: float) -> None:
        """Show where the clock is."""
        old, self._time = self._time, time_s
        x0, x1 = sorted((self.geometry_now().x_of(old), self.geometry_now().x_of(time_s)))
        if self._pending is not None or x1 - x0 > 40:
            self.update()
        else:
            self.update(int(x0) - 2, 0, int(x1 - x0) + 5, self.height())

    def set_selected(self, ids: Collection[str]) -> None:
        """Show these labels as picked."""
        if frozenset(ids) != self.selected:
            self.selected = frozenset(ids)
            self._stale()

    def set_active(self, row: int) -> None:
        """Show which tier the keys write on."""
        if row != self.active:
            self.active = row
            self._stale()

    def set_pending(self, pending: Pending | None) -> None:
        """Show the label being made."""
        if pending != self._pending:
            self._pending = pending
            self.update()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.theme = theme
        self._stale()

    def _stale(self) -> None:
        self._picture = None
        self.update()

    def geometry_now(self) -> Geometry:
        """Where rows and times are now."""
        return Geometry.of(self.rows, self._view, self.width(), self.height(), self._margins)

    def _fit(self) -> None:
        """Begin and end where the plots of the traces do, where these stand above or below: one axis for both."""
        edges, found = self.plot_edges(), Margins()
        if edges is not None:
            start = self.mapToGlobal(QPoint(0, 0)).x()
            left, right = edges[0] - start, start + self.width() - edges[1]
            if 0 <= left <= _MOST_LEFT_PX and -_UNDER_BAR_PX <= right <= _MOST_RIGHT_PX:
                found = Margins(left, right, ruler=not edges[2])
        if found != self._margins:
            resized = found.ruler != self._margins.ruler
            self._margins, self._picture = found, None
            self.update()
            if resized:
                self.updateGeometry()
                self.setMinimumHeight(self.minimumSizeHint().height())

    def sizeHint(self) -> QSize:  # noqa: N802
        """As high as the rows."""
        return QSize(480, self.minimumSizeHint().height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """As high as the rows."""
        return QSize(260, round(self.geometry_now().needed_height(self.rows)))

    # ------------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The picture, the label being made, the cursor."""
        self._fit()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._painted())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        geometry = self.geometry_now()
        if self._pending is not None and self._pending.row < len(self.rows):
            p = self._pending
            self._paint_span(painter, geometry, p.row, p.start_s, p.end_s, p.color)
        if self._drag is not None:
            self._paint_drag(painter, geometry)
        x = geometry.x_of(self._time)
        if geometry.left <= x <= geometry.right:
            painter.setPen(QPen(QColor(self.theme.cursor), 1))
            painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))
        if self.hasFocus():
            painter.setPen(QPen(QColor(self.theme.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 5, 5)
        painter.end()
        self.painted.emit()

    def _painted(self) -> QPixmap:
        if self._picture is None:
            ratio = self.devicePixelRatioF()
            self._picture = QPixmap(self.size() * ratio)
            self._picture.setDevicePixelRatio(ratio)
            self._picture.fill(QColor(self.theme.panel))
            painter = QPainter(self._picture)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setFont(self.font())
            brush, geometry = Painter(self.theme, self.font()), self.geometry_now()
            for i, row in enumerate(self.rows):
                brush.ground(painter, geometry, i, row)
            brush.ruler(painter, geometry)
            for i, row in enumerate(self.rows):
                brush.row(painter, geometry, i, row, active=i == self.active, selected=self.selected)
            painter.end()
        return self._picture

    def _paint_span(
        self, painter: QPainter, geometry: Geometry, row: int, start_s: float, end_s: float, color: str
    ) -> None:  # fmt: skip
        low, high = sorted((geometry.x_of(start_s), geometry.x_of(end_s)))
        low, high = max(low, geometry.left), min(high, geometry.right)
        if high <= low:
            return
        fill = QColor(color)
        fill.setAlphaF(0.55)
        painter.setBrush(fill)
        painter.setPen(QPen(QColor(color), 1.5))
        height = geometry.lane_heights[row]
        painter.drawRoundedRect(QRectF(low, geometry.tops[row] + 2, high - low, height - 4), 3, 3)

    def _paint_drag(self, painter: QPainter, geometry: Geometry) -> None:
        if self._drag is None or self._press is None or self._press[1] is None:
            return
        start, end, why = self._drag
        self._paint_span(painter, geometry, self._press[1].row, start, end, self.theme.accent)
        if why:
            x = geometry.x_of(end)
            painter.setPen(QPen(QColor(self.theme.accent), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(x, geometry.top), QPointF(x, self.height()))
            painter.setPen(QColor(self.theme.text))
            painter.drawText(QPointF(x + 4, self.height() - 4), why)

    # ------------------------------------------------------------------ the mouse

    def hit(self, at: QPointF) -> Hit | None:
        """What is under a place; None on the ruler and below the rows."""
        geometry = self.geometry_now()
        found = geometry.row_at(at.y(), self.rows)
        if found is None:
            return None
        row, lane = found
        time_s = geometry.time_of(at.x())
        if not geometry.left <= at.x() <= geometry.right:
            return Hit(row, time_s)
        tolerance_s = GRIP_PX * (self._view[1] - self._view[0]) / geometry.plot_width
        label = self.rows[row].at(time_s, tolerance_s, lane)
        return Hit(row, time_s) if label is None else Hit(row, time_s, *label)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Take hold."""
        self._press = (event.position(), self.hit(event.position()), event.button())
        self._drag = None
        if event.button() != Qt.MouseButton.LeftButton:
            return
        hit = self._press[1]
        named = self.geometry_now().name_at(event.position().y())
        if hit is not None or named is not None:
            self.row_picked.emit(hit.row if hit is not None else named)
        if hit is None:
            self.sought.emit(self.geometry_now().time_of(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Show what could be held, or drag what is."""
        if self._press is None:
            self._show_shape(self.hit(event.position()))
            return
        at, hit, button = self._press
        moved = event.position().x() - at.x()
        if button == Qt.MouseButton.LeftButton and hit is None:
            self.sought.emit(self.geometry_now().time_of(event.position().x()))
        elif button == Qt.MouseButton.LeftButton and (abs(moved) >= _DRAG_PX or self._drag is not None):
            self._drag_to(event.position(), bool(event.modifiers() & Qt.KeyboardModifier.AltModifier))
        elif button in (Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton):
            self._pan(moved)
            self._press = (event.position(), hit, button)
            self._panned = self._panned or abs(moved) > 0

    _panned = False

    def _pan(self, pixels: float) -> None:
        low, high = self._view
        moved = -pixels * (high - low) / self.geometry_now().plot_width
        moved = min(max(moved, self._limits[0] - low), self._limits[1] - high)
        if moved:
            self.zoomed.emit((low + moved, high + moved), "drag")

    def _drag_to(self, at: QPointF, freely: bool) -> None:
        if self._press is None or self._press[1] is None:
            return
        hit, geometry = self._press[1], self.geometry_now()
        tolerance_s = 1.5 * GRIP_PX * (self._view[1] - self._view[0]) / geometry.plot_width
        here = geometry.time_of(at.x())
        a = hit.annotation
        if a is not None and hit.part == "body":
            delta = here - hit.time_s
            if a.id in self.selected:
                self._drag = (a.start_s + delta, a.end_s + delta, "")
                self.update()
            return
        here, why = (here, "") if freely else self.snap(here, tolerance_s)
        fixed = hit.time_s if a is None else (a.end_s if hit.part == "start" else a.start_s)
        self._drag = (fixed, here, why)
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Let go: what was dragged is told once."""
        press, drag = self._press, self._drag
        self._press = self._drag = None
        self.update()
        if press is None or press[2] != Qt.MouseButton.LeftButton or press[1] is None:
            return
        hit, a = press[1], press[1].annotation
        if drag is not None:
            self._tell_drag(hit, drag)
        elif a is not None:
            self.picked.emit(a, bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier))
        else:
            self.picked.emit(None, False)
            self.sought.emit(hit.time_s)

    def _tell_drag(self, hit: Hit, drag: tuple[float, float, str]) -> None:
        a = hit.annotation
        if a is None:
            low, high = sorted(drag[:2])
            self.drawn.emit(hit.row, low, high)
        elif hit.part == "body":
            self.body_dragged.emit(drag[0] - a.start_s)
        else:
            self.edge_dragged.emit(a, hit.part, drag[1])

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Look at a label, or at everything."""
        hit = self.hit(event.position())
        if hit is not None and hit.annotation is not None:
            self.opened.emit(hit.annotation)
        else:
            self.zoomed.emit(self._limits, "all")

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        """What can be done here; not after a pan."""
        if not self._panned:
            self.menu_wanted.emit(self.hit(QPointF(event.pos())), event.globalPos())
        self._panned = False

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Zoom time about the mouse; with Shift, or sideways, pan."""
        turn, low, high = event.angleDelta(), *self._view
        sideways = turn.x() or (turn.y() if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0)
        if sideways:
            self._pan(0.6 * sideways)
        elif turn.y():
            factor = _ZOOM_PER_NOTCH ** (turn.y() / 120)
            at = min(max(self.geometry_now().time_of(event.position().x()), low), high)
            span = min(max((high - low) * factor, _LEAST_SPAN_S), self._limits[1] - self._limits[0])
            start = at - (at - low) * span / (high - low)
            start = min(max(start, self._limits[0]), self._limits[1] - span)
            self.zoomed.emit((start, start + span), "wheel")
        event.accept()

    def _show_shape(self, hit: Hit | None) -> None:
        edge = hit is not None and hit.part in ("start", "end")
        body = hit is not None and hit.annotation is not None and hit.annotation.id in self.selected
        shape = Qt.CursorShape.SizeHorCursor if edge else Qt.CursorShape.ArrowCursor
        self.setCursor(Qt.CursorShape.OpenHandCursor if body and not edge else shape)

    def event(self, event: QEvent) -> bool:
        """Tooltip: the label under the mouse."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            hit = self.hit(QPointF(event.pos()))
            words = tooltip(self.rows[hit.row], hit.annotation) if hit and hit.annotation else ""
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Paint anew."""
        self._picture = None
        super().resizeEvent(event)
