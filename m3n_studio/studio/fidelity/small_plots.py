"""Small pictures painted by hand: a curve with its peak, a strip of heat along time, a bar."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from m3n_studio.studio.look.theme import Theme

Array = NDArray[np.float64]


class Meter(QWidget):
    """A bar from 0 to 1."""

    def __init__(self, theme: Theme, accessible: str) -> None:
        super().__init__()
        self._theme, self._value = theme, 0.0
        self.setAccessibleName(accessible)
        self.setFixedSize(64, 8)

    def set_value(self, value: float) -> None:
        """Show another value."""
        self._value = min(max(value, 0.0), 1.0)
        self.setAccessibleDescription(f"{100 * self._value:.0f} %")
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Track and bar."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.border))
        painter.drawRoundedRect(QRectF(self.rect()), 4, 4)
        painter.setBrush(QColor(self._theme.accent))
        painter.drawRoundedRect(QRectF(0, 0, max(self.width() * self._value, 8), self.height()), 4, 4)


class CurvePlot(QWidget):
    """r against shift in time, with the peak and zero marked."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._x, self._y = np.zeros(0), np.zeros(0)
        self.setMinimumSize(110, 84)
        self.setAccessibleName("Correlation against shift in time")
        self.setToolTip(
            "Correlation r of the two rotation rates ‖ω‖ if the recording were shifted by so many ms.\n"
            "A peak at 0 says that the clocks agree."
        )

    def set_curve(self, lag_s: Array, r: Array) -> None:
        """Show r (K,) over lag (K,), s."""
        self._x, self._y = lag_s, r
        self.setAccessibleDescription("" if self.peak_s is None else f"peak at {_ms(self.peak_s)}")
        self.update()

    @property
    def peak_s(self) -> float | None:
        """Where r is largest, s."""
        known = np.isfinite(self._y)
        return float(self._x[known][self._y[known].argmax()]) if known.any() else None

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Axis, curve, peak, words."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, line = self._theme, self.fontMetrics().height()
        box = QRectF(4, 4, self.width() - 8, self.height() - line - 8)
        painter.setPen(QColor(theme.muted))
        words = QRectF(4, box.bottom() + 2, box.width(), line)
        if self.peak_s is None or len(self._x) < 2:
            painter.drawText(words, Qt.AlignmentFlag.AlignCenter, "no peak to show")
            return
        low, high = min(float(np.nanmin(self._y)), 0.0), 1.0
        width = float(self._x[-1] - self._x[0])

        def at(x: float, y: float) -> QPointF:
            return QPointF(box.left() + (x - self._x[0]) / width * box.width(),
                           box.bottom() - (y - low) / (high - low) * box.height())  # fmt: skip

        painter.drawText(words, Qt.AlignmentFlag.AlignLeft, f"{1e3 * self._x[0]:.0f} ms")
        painter.drawText(words, Qt.AlignmentFlag.AlignRight, f"{1e3 * self._x[-1]:+.0f} ms")
        peak_y = float(np.nanmax(self._y))
        painter.setPen(QColor(theme.text))
        painter.drawText(words, Qt.AlignmentFlag.AlignHCenter, f"peak r {peak_y:.3f} at {_ms(self.peak_s)}")
        painter.setPen(QPen(QColor(theme.border), 1))
        painter.drawLine(at(float(self._x[0]), 0.0), at(float(self._x[-1]), 0.0))
        painter.drawLine(at(0.0, low), at(0.0, high))
        known = np.isfinite(self._y)
        painter.setPen(QPen(QColor(theme.real), 1.6))
        painter.drawPolyline(
            QPolygonF([at(float(a), float(b)) for a, b in zip(self._x[known], self._y[known], strict=True)])
        )
        painter.setBrush(QColor(theme.real))
        painter.drawEllipse(at(self.peak_s, peak_y), 3.5, 3.5)


class HeatStrip(QWidget):
    """Windows along time, one row a channel; the stronger the colour the worse. Click to go there."""

    picked = Signal(float)

    _ROW = 13

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._names: tuple[str, ...] = ()
        self._start, self._end, self._badness = np.zeros(0), np.zeros(0), np.zeros((0, 0))
        self._values, self._what = np.zeros((0, 0)), ""
        self._now = 0.0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Closeness along time")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:  # noqa: N802
        """A row for each channel and one for the times."""
        return QSize(300, self._ROW * max(len(self._names), 1) + self.fontMetrics().height() + 6)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """As narrow as makes sense."""
        return QSize(200, self.sizeHint().height())

    def set_windows(
        self, start_s: Array, end_s: Array, values: Array, badness: Array, names: tuple[str, ...], what: str
    ) -> None:
        """Show values (W, C) of windows; badness (W, C) from 0 to 1 colours them."""
        self._start, self._end, self._values, self._badness = start_s, end_s, values, badness
        self._names, self._what = names, what
        self.updateGeometry()
        self.update()

    def set_time(self, time_s: float) -> None:
        """Show where we are, s."""
        self._now = time_s
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self.update()

    @property
    def _left(self) -> float:
        return self.fontMetrics().horizontalAdvance("gyr norm ") + 4.0

    def x_of(self, time_s: float) -> float:
        """Where a time is, px."""
        span = max(float(self._end[-1] - self._start[0]), 1e-9) if len(self._start) else 1.0
        first = float(self._start[0]) if len(self._start) else 0.0
        return self._left + (time_s - first) / span * (self.width() - self._left - 4)

    def window_at(self, x: float) -> int:
        """Index of the window under a place, px; -1 for none."""
        if not len(self._start) or x < self._left:
            return -1
        edges = [self.x_of(float(t)) for t in self._end]
        index = int(np.searchsorted(edges, x))
        return index if index < len(self._start) else -1

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Go to the window's start."""
        index = self.window_at(event.position().x())
        if index >= 0:
            self.picked.emit(float(self._start[index]))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Up and down go from window to window."""
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        if not step or not len(self._start):
            super().keyPressEvent(event)
            return
        now = int(np.searchsorted(self._start, self._now + 1e-6, side="right")) - 1
        self.picked.emit(float(self._start[min(max(now + step, 0), len(self._start) - 1)]))

    def event(self, event: QEvent) -> bool:
        """Tooltip: window, channel, value."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            w, c = self.window_at(event.pos().x()), int(event.pos().y() // self._ROW)
            words = "Click to go to a window."
            if w >= 0 and 0 <= c < len(self._names):
                value = self._values[w, c]
                told = f"{value:.3f}" if np.isfinite(value) else "not to be told"
                words = f"{self._names[c]}, {self._start[w]:.1f} – {self._end[w]:.1f} s: {self._what} {told}"
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Names, cells, times, head."""
        painter = QPainter(self)
        theme, left = self._theme, self._left
        good, bad = QColor(theme.hover), QColor(theme.real)
        for c, name in enumerate(self._names):
            painter.setPen(QColor(theme.muted))
            where = QRectF(0, c * self._ROW, left - 6, self._ROW)
            painter.drawText(where, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, name)
            for w in range(len(self._start)):
                x0, x1 = self.x_of(float(self._start[w])), self.x_of(float(self._end[w]))
                share = self._badness[w, c]
                color = QColor(theme.panel) if not np.isfinite(share) else _between(good, bad, float(share))
                painter.fillRect(QRectF(x0, c * self._ROW + 1, max(x1 - x0 - 1, 0.7), self._ROW - 2), color)
        if len(self._start):
            foot = QRectF(left, self._ROW * len(self._names) + 2, self.width() - left - 4, self.fontMetrics().height())
            painter.setPen(QColor(theme.muted))
            painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, f"{self._start[0]:.1f} s")
            painter.drawText(foot, Qt.AlignmentFlag.AlignRight, f"{self._end[-1]:.1f} s")
            head = self.x_of(self._now)
            if left <= head <= self.width():
                painter.setPen(QPen(QColor(theme.cursor), 1))
                painter.drawLine(QPointF(head, 0), QPointF(head, self._ROW * len(self._names)))
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.accent), 2))
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))


def _between(a: QColor, b: QColor, share: float) -> QColor:
    s = min(max(share, 0.0), 1.0)
    low, high = (a.redF(), a.greenF(), a.blueF()), (b.redF(), b.greenF(), b.blueF())
    red, green, blue = (x + s * (y - x) for x, y in zip(low, high, strict=True))
    return QColor.fromRgbF(red, green, blue)


def _ms(seconds: float) -> str:
    """Milliseconds with a sign, none at 0."""
    whole = round(1e3 * seconds)
    return f"{whole:+d} ms" if whole else "0 ms"
