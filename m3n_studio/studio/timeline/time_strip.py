"""The whole of time on one strip: what happens when, how much moves, what is in view, where we are.

It is a slider (keyboard, accessibility and all) in steps of one frame. From top to bottom: the
clip's text segments; an overview of the motion with a window that is the time in view (drag it, or
its edges), picked moments as marks at its foot; the track with the head and the loop region (drag its
edges). Elsewhere a drag scrubs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QAbstractSlider, QToolTip, QWidget

from m3n_studio.motion.clip import TextSegment
from m3n_studio.studio.core.spans import Floats, edges_of, united
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.traces.trace_data import Array

_MARGIN = 9
_SEGMENT_HEIGHT = 20
_OVERVIEW_HEIGHT = 26
_TRACK_HEIGHT = 24
_GRIP_PX = 6
_MARK_PX = 3
_MAX_FRAMES = 2**30
BINS = 600

Span = tuple[float, float]


class TimeStrip(QAbstractSlider):
    """Frames from 0 to `maximum()`.

    Signals
    -------
    scrubbed : float, s
        The user, and only the user, goes to a time.
    visible_dragged, loop_dragged, range_dragged : (from, to) in s
        The user moves the window of the time in view, an edge of the loop, or selects (Shift+drag).
    painted : (none)
        The present time is on screen.
    """

    scrubbed = Signal(float)
    visible_dragged = Signal(object)
    loop_dragged = Signal(object)
    range_dragged = Signal(object)
    painted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setOrientation(Qt.Orientation.Horizontal)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Time")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._theme = theme
        self._start, self._rate = 0.0, 30.0
        self._texts: tuple[TextSegment, ...] = ()
        self._colors: dict[str, int] = {}
        self._rows: dict[str, int] = {}
        self._segments: QPixmap | None = None
        self._loop: Span | None = None
        self._visible: Span | None = None
        self._range: Span | None = None
        self._marks: Floats = edges_of(())
        self._mark_rows: list[Span] | None = None
        self._profile: Array = np.zeros(0)
        self._held = ""
        self._held_at = 0.0
        self._held_span: Span = (0.0, 0.0)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.actionTriggered.connect(self._on_action)

    def sizeHint(self) -> QSize:  # noqa: N802
        """A row for each kind of text segment above the track."""
        return QSize(400, round(self._top()) + _OVERVIEW_HEIGHT + _TRACK_HEIGHT)

    def _top(self) -> float:
        """Where the overview begins, px."""
        return float(_SEGMENT_HEIGHT * len(self._rows))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """As wide as makes sense."""
        return QSize(120, self.sizeHint().height())

    def set_content(
        self,
        start_s: float,
        end_s: float,
        *,
        rate_hz: float,
        texts: Sequence[TextSegment] = (),
        profile: Array | None = None,
    ) -> None:
        """Show this range in frames of `rate_hz`, with these segments and so much motion (bins, 0 to 1)."""
        self._profile = np.zeros(0) if profile is None else profile
        self._start, self._rate = start_s, rate_hz
        self._texts = tuple(texts)
        names = dict.fromkeys(t.text for t in self._texts)
        self._colors = {name: i for i, name in enumerate(names)}
        self._rows = {kind: i for i, kind in enumerate(dict.fromkeys(t.kind for t in self._texts))}
        self._segments = self._mark_rows = None
        self.setRange(0, min(max(round((end_s - start_s) * rate_hz), 0), _MAX_FRAMES))
        self.setPageStep(max(round(rate_hz), 1))
        self.setEnabled(self.maximum() > 0)
        self.updateGeometry()
        self.update()

    def set_profile(self, profile: Array) -> None:
        """Show so much motion (bins, 0 to 1)."""
        self._profile, self._segments = profile, None
        self.update()

    def set_time(self, time_s: float) -> None:
        """Show where we are; emits nothing."""
        self.blockSignals(True)
        self.setValue(round((time_s - self._start) * self._rate))
        self.blockSignals(False)
        self.update()

    def set_loop(self, region: Span | None) -> None:
        """Show the loop region, s."""
        self._loop = region
        self.update()

    def set_view(self, span: Span | None) -> None:
        """Show which time is in view, s."""
        self._visible = span
        self.update()

    def set_selected(self, span: Span | None) -> None:
        """Show which time is selected, s."""
        self._range = span
        self.update()

    def set_marks(self, spans: Sequence[Span]) -> None:
        """Mark these stretches, s: moments that are picked."""
        self._marks, self._mark_rows = edges_of(spans), None
        self.update()

    @property
    def marked(self) -> list[Span]:
        """What the marks cover, px from the left."""
        if self._mark_rows is None:
            view = (self._start, self._start + self.maximum() / self._rate)
            rows = united(self._marks, view, max(self.width() - 2 * _MARGIN, 1))
            self._mark_rows = [(_MARGIN + a, _MARGIN + b) for a, b in rows]
        return self._mark_rows

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme, self._segments = theme, None
        self.update()

    def text_at(self, x: float) -> TextSegment | None:
        """The segment under a horizontal position, px."""
        time_s = self._time_of(x)
        inside = [t for t in self._texts if t.start_s <= time_s <= t.end_s]
        return min(inside, key=lambda t: t.end_s - t.start_s) if inside else None

    def _time_of(self, x: float) -> float:
        span = max(self.width() - 2 * _MARGIN, 1)
        share = min(max((x - _MARGIN) / span, 0.0), 1.0)
        return self._start + share * self.maximum() / self._rate

    def _x_of(self, time_s: float) -> float:
        span = self.width() - 2 * _MARGIN
        length = self.maximum() / self._rate
        return _MARGIN + span * min(max((time_s - self._start) / length, 0.0), 1.0) if length > 0 else _MARGIN

    def _on_action(self, _: int) -> None:
        self.scrubbed.emit(self._start + self.sliderPosition() / self._rate)

    def grip_at(self, x: float, y: float) -> str:
        """What a press there takes hold of: ``"visible"`` and ``"loop"`` parts, else ``"time"``."""
        top = self._top()
        in_overview = top <= y < top + _OVERVIEW_HEIGHT
        name, span = ("visible", self._visible) if in_overview else ("loop", self._loop)
        if span is None or y < top:
            return "time"
        low, high = self._x_of(span[0]), self._x_of(span[1])
        if abs(x - low) <= _GRIP_PX and abs(x - low) <= abs(x - high):
            return f"{name}-low"
        if abs(x - high) <= _GRIP_PX:
            return f"{name}-high"
        whole = high - low > self.width() - 2 * _MARGIN - 4
        return "visible-all" if in_overview and low < x < high and not whole else "time"

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Take hold of an edge or the window, else go there."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        x, y = event.position().x(), event.position().y()
        shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        self._held = "range" if shift else self.grip_at(x, y)
        self._held_at = self._time_of(x)
        self._held_span = (self._loop if self._held.startswith("loop") else self._visible) or (0.0, 0.0)
        if self._held == "time":
            self.scrubbed.emit(self._held_at)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Drag what is held; else show what could be."""
        x, y = event.position().x(), event.position().y()
        if not event.buttons() & Qt.MouseButton.LeftButton:
            grip = self.grip_at(x, y)
            shape = (
                Qt.CursorShape.SizeHorCursor if grip.endswith(("low", "high")) else Qt.CursorShape.PointingHandCursor
            )
            self.setCursor(Qt.CursorShape.OpenHandCursor if grip == "visible-all" else shape)
            return
        self._drag(self._time_of(x))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Let go."""
        self._held = ""

    def _drag(self, time_s: float) -> None:
        (low, high), moved = self._held_span, time_s - self._held_at
        spans = {
            "low": (min(time_s, high - self._least()), high), "high": (low, max(time_s, low + self._least())),
            "all": (low + moved, high + moved),
        }  # fmt: skip
        name, _, edge = self._held.partition("-")
        if name == "time":
            self.scrubbed.emit(time_s)
        elif name == "range":
            self.range_dragged.emit((self._held_at, time_s))
        elif name == "visible":
            self.visible_dragged.emit(spans[edge])
        elif name == "loop":
            self.loop_dragged.emit(spans[edge])

    def _least(self) -> float:
        """The shortest span an edge can make, s: a frame."""
        return 1.0 / self._rate

    def event(self, event: QEvent) -> bool:
        """Tooltip: the segment and the time under the mouse."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            x = event.pos().x()
            text = self.text_at(x)
            words = f"{text.text}\n{text.start_s:.2f} – {text.end_s:.2f} s" if text else f"{self._time_of(x):.2f} s"
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Segments, overview, track, loop, head."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._theme.panel))  # opaque, so that nothing behind it is painted
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._texts or len(self._profile):
            painter.drawPixmap(0, 0, self._segments_picture())
        if self._range is not None:
            fill = QColor(self._theme.accent)
            fill.setAlphaF(0.16)
            low, high = (self._x_of(t) for t in self._range)
            painter.fillRect(QRectF(low, self._top(), high - low, self.height() - self._top() - 2), fill)
        if self._visible is not None and self.isEnabled():
            self._paint_window(painter, *self._visible)
        bottom = self._top() + _OVERVIEW_HEIGHT - _MARK_PX
        for low, high in self.marked:
            painter.fillRect(QRectF(low, bottom, high - low, _MARK_PX), QColor(self._theme.accent))
        self._paint_track(painter)
        painter.end()
        self.painted.emit()

    def _paint_window(self, painter: QPainter, low_s: float, high_s: float) -> None:
        """The time in view: what is outside is dimmed, the window has a frame with two grips."""
        top, low, high = self._top(), self._x_of(low_s), self._x_of(high_s)
        veil = QColor(self._theme.panel)
        veil.setAlphaF(0.6)
        painter.fillRect(QRectF(_MARGIN, top, low - _MARGIN, _OVERVIEW_HEIGHT), veil)
        painter.fillRect(QRectF(high, top, self.width() - _MARGIN - high, _OVERVIEW_HEIGHT), veil)
        painter.setPen(QPen(QColor(self._theme.muted), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(low, top + 1.5, max(high - low, 2), _OVERVIEW_HEIGHT - 3), 3, 3)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.muted))
        for x in (low, high):
            painter.drawRoundedRect(QRectF(x - 2, top + 7, 4, _OVERVIEW_HEIGHT - 14), 2, 2)

    def _paint_track(self, painter: QPainter) -> None:
        theme, y = self._theme, self.height() - _TRACK_HEIGHT / 2
        left, right, head = _MARGIN, self.width() - _MARGIN, self._x_of(self._start + self.value() / self._rate)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.border))
        painter.drawRoundedRect(QRectF(left, y - 2, right - left, 4), 2, 2)
        low = float(left)
        if self._loop is not None:
            low, high = self._x_of(self._loop[0]), self._x_of(self._loop[1])
            painter.setBrush(QColor(theme.muted))
            painter.drawRoundedRect(QRectF(low, y - 4, max(high - low, 2), 8), 3, 3)
            for x in (low, high):
                painter.drawRoundedRect(QRectF(x - 2.5, y - 8, 5, 16), 2, 2)
        if self.isEnabled():
            painter.setBrush(QColor(theme.accent))
            painter.drawRoundedRect(QRectF(low, y - 2, max(head - low, 0), 4), 2, 2)
            painter.setPen(QPen(QColor(theme.panel), 2))
            painter.drawEllipse(QRectF(head - 8, y - 8, 16, 16))
            painter.setPen(QPen(QColor(theme.cursor), 1))
            painter.drawLine(round(head), 1, round(head), round(y - _TRACK_HEIGHT / 2))
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QRectF(head - 10.5, y - 10.5, 21, 21))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """The segments are drawn anew."""
        self._segments = self._mark_rows = None
        super().resizeEvent(event)

    def _segments_picture(self) -> QPixmap:
        """All segments and the overview as one picture, drawn once: there may be thousands."""
        if self._segments is None:
            ratio = self.devicePixelRatioF()
            size = self.size() * ratio
            self._segments = QPixmap(size)
            self._segments.setDevicePixelRatio(ratio)
            self._segments.fill(Qt.GlobalColor.transparent)
            painter = QPainter(self._segments)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setFont(self.font())
            for text in self._texts:
                self._paint_segment(painter, text)
            self._paint_profile(painter)
            painter.end()
        return self._segments

    def _paint_profile(self, painter: QPainter) -> None:
        """How much moves, as a filled curve."""
        n = len(self._profile)
        if not n:
            return
        bottom, room = self._top() + _OVERVIEW_HEIGHT - 2, _OVERVIEW_HEIGHT - 6
        span = self.width() - 2 * _MARGIN
        points = [
            QPointF(_MARGIN + span * (i + 0.5) / n, bottom - room * float(v)) for i, v in enumerate(self._profile)
        ]
        fill = QColor(self._theme.simulated)
        fill.setAlphaF(0.45)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        painter.drawPolygon(QPolygonF([QPointF(_MARGIN, bottom), *points, QPointF(_MARGIN + span, bottom)]))

    def _paint_segment(self, painter: QPainter, text: TextSegment) -> None:
        x0, x1 = self._x_of(text.start_s), self._x_of(text.end_s)
        top = 1 + _SEGMENT_HEIGHT * self._rows[text.kind]
        box = QRectF(x0 + 0.5, top, max(x1 - x0 - 1, 1.5), _SEGMENT_HEIGHT - 3)
        colors = self._theme.segments
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colors[self._colors[text.text] % len(colors)]))
        painter.drawRoundedRect(box, 4, 4)
        room = box.adjusted(6, 0, -6, 0)
        if room.width() > 14:
            painter.setPen(QColor(self._theme.text))
            words = painter.fontMetrics().elidedText(text.text, Qt.TextElideMode.ElideRight, int(room.width()))
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)
