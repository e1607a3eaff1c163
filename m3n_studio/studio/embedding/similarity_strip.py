"""How like a sentence the session on the desk is over time: a line, the best windows under it, the clock."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from m3n_studio.studio.embedding.matrix_paint import signed
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import named

Doubles = NDArray[np.float64]
_SIDE_PX = 40.0


class SimilarityStrip(QWidget):
    """Similarity over time.

    Signals
    -------
    went : float
        The user wants that time, s.
    """

    went = Signal(float)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        named(self, accessible="Similarity over time",
              tip="Similarity of every window of this session to the sentence; click to go there")  # fmt: skip
        self.theme = theme
        self._time, self._score = np.zeros(0), np.zeros(0)
        self._span = (0.0, 1.0)
        self._best: tuple[tuple[float, float], ...] = ()
        self._break_s = 1.0
        self._now = 0.0
        self.setFixedHeight(64)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_line(
        self, time_s: Doubles, score: Doubles, span_s: tuple[float, float],
        best: tuple[tuple[float, float], ...], break_s: float,
    ) -> None:  # fmt: skip
        """Show similarities (K,) at times (K,), s, over a span; windows apart by more than `break_s` are not joined."""
        self._time, self._score, self._best, self._break_s = time_s, score, best, break_s
        self._span = span_s if span_s[1] > span_s[0] else (span_s[0], span_s[0] + 1.0)
        top = f"at most {score.max():.2f} at {time_s[score.argmax()]:.1f} s" if len(score) else "no window"
        self.setAccessibleDescription(top)
        self.update()

    def set_time(self, time_s: float) -> None:
        """The clock goes on; only what moves is painted."""
        before, self._now = self.x_of(self._now), time_s
        for x in (before, self.x_of(time_s)):
            self.update(round(x) - 3, 0, 7, self.height())

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.theme = theme
        self.update()

    def x_of(self, time_s: float) -> float:
        """Where a time is, px."""
        low, high = self._span
        return _SIDE_PX + (time_s - low) / (high - low) * max(self.width() - _SIDE_PX - 6.0, 1.0)

    def time_at(self, x: float) -> float:
        """The time at a place, s."""
        low, high = self._span
        share = (x - _SIDE_PX) / max(self.width() - _SIDE_PX - 6.0, 1.0)
        return min(max(low + share * (high - low), low), high)

    def _scale(self) -> tuple[float, float]:
        if not len(self._score):
            return (0.0, 1.0)
        low, high = float(self._score.min()), float(self._score.max())
        return (low, high) if high - low > 1e-6 else (low - 0.05, high + 0.05)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Frame, best windows, line, clock."""
        painter, line = QPainter(self), self.fontMetrics().height()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(_SIDE_PX, 3, max(self.width() - _SIDE_PX - 6.0, 1.0), self.height() - line - 6.0)
        low, high = self._scale()

        def y_of(value: float) -> float:
            return box.bottom() - (value - low) / (high - low) * box.height()

        painter.fillRect(box, QColor(self.theme.plot_grid))
        strong = QColor(self.theme.accent)
        strong.setAlphaF(0.25)
        for a, b in self._best:
            painter.fillRect(
                QRectF(self.x_of(a), box.top(), max(self.x_of(b) - self.x_of(a), 2.0), box.height()), strong
            )
        painter.setPen(QPen(QColor(self.theme.border), 1))
        if low < 0.0 < high:
            painter.drawLine(QPointF(box.left(), y_of(0.0)), QPointF(box.right(), y_of(0.0)))
        painter.setPen(QPen(QColor(self.theme.accent), 1.5))
        for part in self._parts():
            points = [QPointF(self.x_of(float(self._time[i])), y_of(float(self._score[i]))) for i in part]
            if len(points) == 1:
                painter.drawEllipse(points[0], 1.5, 1.5)
            painter.drawPolyline(QPolygonF(points))
        self._words(painter, box, low, high, line)
        x = self.x_of(self._now)
        if box.left() <= x <= box.right():
            painter.setPen(QPen(QColor(self.theme.cursor), 1))
            painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()))
        if self.hasFocus():
            painter.setPen(QPen(QColor(self.theme.accent), 2))
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))
        painter.end()

    def _parts(self) -> list[NDArray[np.int64]]:
        """Windows to be joined by a line, at most two a pixel."""
        index = np.arange(len(self._time))
        most = max(2 * self.width(), 2)
        if len(index) > most:  # the highest of each stretch: peaks are what one looks for
            cuts = np.linspace(0, len(index), most // 2 + 1).astype(np.int64)[:-1]
            lengths = np.diff(np.r_[cuts, len(index)])
            index = np.array([a + self._score[a : a + n].argmax() for a, n in zip(cuts, lengths, strict=True)])
        gaps = np.flatnonzero(
            np.diff(self._time[index]) > self._break_s * max(1.0, len(self._time) / max(len(index), 1))
        )
        return [p for p in np.split(index, gaps + 1) if len(p)]

    def _words(self, painter: QPainter, box: QRectF, low: float, high: float, line: int) -> None:
        painter.setPen(QColor(self.theme.muted))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(0, box.top() - 2, _SIDE_PX - 5, line), right, signed(high))
        painter.drawText(QRectF(0, box.bottom() - line + 2, _SIDE_PX - 5, line), right, signed(low))
        foot = QRectF(box.left(), box.bottom() + 2, box.width(), line)
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, f"{self._span[0]:.0f} s")
        painter.drawText(foot, Qt.AlignmentFlag.AlignRight, f"{self._span[1]:.0f} s")
        if not len(self._time):
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "no window of the session on the desk")

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Go there."""
        if event.button() == Qt.MouseButton.LeftButton and len(self._time):
            self.went.emit(self.time_at(event.position().x()))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Left and right: the window before and after."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if step and len(self._time):
            at = int(np.abs(self._time - self._now).argmin())
            self.went.emit(float(self._time[min(max(at + step, 0), len(self._time) - 1)]))
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Tooltip: the window under the mouse; arrows are the strip's own."""
        asked = event.type() == QEvent.Type.ShortcutOverride
        if asked and isinstance(event, QKeyEvent) and Qt.Key(event.key()) in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            event.accept()
            return True
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent) and len(self._time):
            i = int(np.abs(self._time - self.time_at(event.pos().x())).argmin())
            QToolTip.showText(event.globalPos(), f"{signed(float(self._score[i]))} around {self._time[i]:.1f} s", self)
            return True
        return super().event(event)
