"""The whole of time on one strip: what happens when, where we are, the loop region.

It is a slider (keyboard, accessibility and all) in steps of one frame, painted with the
clip's text segments above the track.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QAbstractSlider, QToolTip, QWidget

from m3n_studio.motion.clip import TextSegment
from m3n_studio.studio.theme import Theme

_MARGIN = 9
_SEGMENT_HEIGHT = 20
_MAX_FRAMES = 2**30


class TimeStrip(QAbstractSlider):
    """Frames from 0 to `maximum()`; emits ``scrubbed(time_s)`` only when the user moves it."""

    scrubbed = Signal(float)

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
        self._loop: tuple[float, float] | None = None
        self.actionTriggered.connect(self._on_action)

    def sizeHint(self) -> QSize:  # noqa: N802
        """A row for each kind of text segment above the track."""
        return QSize(400, 24 + _SEGMENT_HEIGHT * len(self._rows))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """As wide as makes sense."""
        return QSize(120, self.sizeHint().height())

    def set_content(self, start_s: float, end_s: float, *, rate_hz: float, texts: Sequence[TextSegment] = ()) -> None:
        """Show this range in frames of `rate_hz`, with these segments."""
        self._start, self._rate = start_s, rate_hz
        self._texts = tuple(texts)
        names = dict.fromkeys(t.text for t in self._texts)
        self._colors = {name: i for i, name in enumerate(names)}
        self._rows = {kind: i for i, kind in enumerate(dict.fromkeys(t.kind for t in self._texts))}
        self._segments = None
        self.setRange(0, min(max(round((end_s - start_s) * rate_hz), 0), _MAX_FRAMES))
        self.setPageStep(max(round(rate_hz), 1))
        self.setEnabled(self.maximum() > 0)
        self.updateGeometry()
        self.update()

    def set_time(self, time_s: float) -> None:
        """Show where we are; emits nothing."""
        self.blockSignals(True)
        self.setValue(round((time_s - self._start) * self._rate))
        self.blockSignals(False)
        self.update()

    def set_loop(self, region: tuple[float, float] | None) -> None:
        """Show the loop region, s."""
        self._loop = region
        self.update()

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

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Go there."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.scrubbed.emit(self._time_of(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Go along."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.scrubbed.emit(self._time_of(event.position().x()))

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
        """Segments, track, loop, head."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme = self._theme
        top = float(_SEGMENT_HEIGHT * len(self._rows))
        y = top + (self.height() - top) / 2
        if self._texts:
            painter.drawPixmap(0, 0, self._segments_picture())
        left, right, head = _MARGIN, self.width() - _MARGIN, self._x_of(self._start + self.value() / self._rate)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.border))
        painter.drawRoundedRect(QRectF(left, y - 2, right - left, 4), 2, 2)
        low = float(left)
        if self._loop is not None:
            low = self._x_of(self._loop[0])
            painter.setBrush(QColor(theme.muted))
            painter.drawRoundedRect(QRectF(low, y - 4, max(self._x_of(self._loop[1]) - low, 2), 8), 3, 3)
        if self.isEnabled():
            painter.setBrush(QColor(theme.accent))
            painter.drawRoundedRect(QRectF(low, y - 2, max(head - low, 0), 4), 2, 2)
            painter.setPen(QPen(QColor(theme.panel), 2))
            painter.drawEllipse(QRectF(head - 8, y - 8, 16, 16))
            if self._texts:
                painter.setPen(QPen(QColor(theme.cursor), 1))
                painter.drawLine(round(head), 1, round(head), round(top))
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QRectF(head - 10.5, y - 10.5, 21, 21))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """The segments are drawn anew."""
        self._segments = None
        super().resizeEvent(event)

    def _segments_picture(self) -> QPixmap:
        """All segments as one picture, drawn once: there may be thousands."""
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
            painter.end()
        return self._segments

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
