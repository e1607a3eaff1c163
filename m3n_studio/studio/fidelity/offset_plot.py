"""The clock window by window: offsets over time, the fitted line, and what stands off it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QToolTip, QWidget

from m3n_studio.studio.look.theme import Theme

if TYPE_CHECKING:
    from m3n_studio.imu.align_windows import ClockWindows

_DOT = 3.0
_NEAR_PX = 9.0
_LEAST_SPAN_S = 0.01
_HINT = (
    "Offset of the recording's clock in one window after another, against the middle of the fitted line, ms.\n"
    "Dots off the line: the clock bends. Rings: outliers. Click a dot, or press up or down, to go there."
)


class OffsetPlot(QWidget):
    """Dots with deviations, a line, rings around outliers.

    Signals
    -------
    picked : float
        The middle of a window, s.
    """

    picked = Signal(float)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.windows: ClockWindows | None = None
        self._at = -1
        self.setFixedHeight(5 * self.fontMetrics().height() + 18)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Clock offset over time")
        self.setToolTip(_HINT)

    def set_windows(self, windows: ClockWindows | None) -> None:
        """Show other windows; None: there are none yet."""
        self.windows, self._at = windows, -1
        self.setAccessibleDescription(summary(windows))
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self.update()

    # ------------------------------------------------------------------ where things are

    def _box(self) -> QRectF:
        metrics = self.fontMetrics()
        left = metrics.horizontalAdvance("+0000 ms") + 10
        return QRectF(left, 6, self.width() - left - 8, self.height() - metrics.height() - 12)

    def _scaled(self) -> tuple[ClockWindows, np.ndarray, np.ndarray, float] | None:
        """The windows, offsets and line about its middle, s, and half the height, s."""
        w = self.windows
        if w is None or len(w.time_s) < 2:
            return None
        middle = float(np.interp(0.5 * (w.time_s[0] + w.time_s[-1]), w.time_s, w.fitted_s))
        offset, line = w.offset_s - middle, w.fitted_s - middle
        return w, offset, line, max(1.15 * float(np.abs(np.concatenate([offset, line])).max()), _LEAST_SPAN_S)

    def points(self) -> list[QPointF]:
        """Where the dots are."""
        scaled = self._scaled()
        if scaled is None:
            return []
        w, offset, _, half = scaled
        return [self._place(w, float(t), float(o), half) for t, o in zip(w.time_s, offset, strict=True)]

    def _place(self, w: ClockWindows, time_s: float, offset_s: float, half: float) -> QPointF:
        box, first = self._box(), float(w.time_s[0] - 0.5 * w.window_s)
        span = float(w.time_s[-1] + 0.5 * w.window_s) - first
        x = box.left() + (time_s - first) / span * box.width()
        return QPointF(x, box.center().y() - 0.5 * offset_s / half * box.height())

    def window_at(self, place: QPointF) -> int:
        """The window whose dot is near a place; -1 for none."""
        near = [(abs(p.x() - place.x()) + abs(p.y() - place.y()), i) for i, p in enumerate(self.points())]
        distance, index = min(near, default=(np.inf, -1))
        return index if distance <= _NEAR_PX else -1

    # ------------------------------------------------------------------ what one does

    def _go(self, index: int) -> None:
        w = self.windows
        if w is not None and 0 <= index < len(w.time_s):
            self._at = index
            self.picked.emit(float(w.time_s[index]))
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Go to the window under the mouse."""
        self._go(self.window_at(event.position()))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Up and down go from window to window."""
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        if not step or not self.points():
            super().keyPressEvent(event)
            return
        self._go(min(max(self._at + step, 0), len(self.points()) - 1))

    def event(self, event: QEvent) -> bool:
        """Tooltip: one window in numbers."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            index = self.window_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), self.words(index) if index >= 0 else _HINT, self)
            return True
        return super().event(event)

    def words(self, index: int) -> str:
        """One window in words."""
        w = self.windows
        if w is None:
            return ""
        off = " (outlier)" if w.outlier[index] else ""
        return (
            f"{w.time_s[index] - 0.5 * w.window_s:.1f} – {w.time_s[index] + 0.5 * w.window_s:.1f} s: offset"
            f" {w.offset_s[index]:+.4f} s ± {1e3 * w.std_s[index]:.1f} ms, {1e3 * w.left_s[index]:+.1f} ms off"
            f" the line, r {w.r[index]:.3f}{off}"
        )

    # ------------------------------------------------------------------ the picture

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Axes, line, dots."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, box, scaled = self._theme, self._box(), self._scaled()
        painter.setPen(QColor(theme.muted))
        if scaled is None:
            painter.drawText(QRectF(self.rect()), Qt.AlignmentFlag.AlignCenter, "no windows to show")
        else:
            w, _, line, half = scaled
            self._paint_axes(painter, w, half)
            painter.setPen(QPen(QColor(theme.simulated), 1.6))
            painter.drawLine(*(self._place(w, float(w.time_s[i]), float(line[i]), half) for i in (0, -1)))
            self._paint_dots(painter, w, half, box.height())
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.accent), 2))
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))
        painter.end()

    def _paint_axes(self, painter: QPainter, w: ClockWindows, half: float) -> None:
        theme, box, line = self._theme, self._box(), self.fontMetrics().height()
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for share in (1.0, 0.0, -1.0):
            y = box.center().y() - 0.5 * share * box.height()
            painter.setPen(QPen(QColor(theme.border), 1))
            painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
            painter.setPen(QColor(theme.muted))
            value = 1e3 * share * half
            words = f"{value:+.0f} ms" if share else "0"
            top = min(max(y - 0.5 * line, 0.0), box.bottom() - 0.6 * line)
            painter.drawText(QRectF(0, top, box.left() - 6, line), right, words)
        foot = QRectF(box.left(), box.bottom() + 3, box.width(), line)
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, f"{w.time_s[0] - 0.5 * w.window_s:.0f} s")
        painter.drawText(foot, Qt.AlignmentFlag.AlignRight, f"{w.time_s[-1] + 0.5 * w.window_s:.0f} s")

    def _paint_dots(self, painter: QPainter, w: ClockWindows, half: float, height: float) -> None:
        theme = self._theme
        for i, place in enumerate(self.points()):
            color = QColor(theme.error_text if w.outlier[i] else theme.real)
            reach = QPointF(0, min(0.5 * float(w.std_s[i]) / half * height, height))
            painter.setPen(QPen(color, 1.2))
            painter.drawLine(place - reach, place + reach)
            painter.setBrush(Qt.BrushStyle.NoBrush if w.outlier[i] else color)
            size = _DOT + (1.5 if w.outlier[i] else 0.0) + (1.0 if i == self._at else 0.0)
            painter.drawEllipse(place, size, size)


def summary(w: ClockWindows | None) -> str:
    """How straight the clock is, in a sentence; empty where nothing is known."""
    if w is None:
        return ""
    if len(w.time_s) < 2:
        return "Too short, too still or too unlike to follow the clock along the recording."
    many = int(w.outlier.sum())
    odd = f", {many} outlier{'s' if many > 1 else ''}" if many else ""
    left_out = f", {w.skipped} not told" if w.skipped else ""
    return (
        f"{len(w.time_s)} windows of {w.window_s:.3g} s: {1e3 * w.scatter_s:.1f} ms RMS about the fitted line"
        f"{odd}{left_out}."
    )
