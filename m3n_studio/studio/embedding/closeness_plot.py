"""Pictures of closeness, painted: distance against every attribute, spectra, points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QHelpEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from m3n_studio.studio.look.theme import Theme

Floats = NDArray[np.float64]


def curve(x: Floats, y: Floats) -> QPolygonF:
    """Points as Qt takes them."""
    return QPolygonF([QPointF(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)])


class Picture(QWidget):
    """Something painted once per size, theme and contents."""

    def __init__(self, theme: Theme, accessible: str) -> None:
        super().__init__()
        self.theme = theme
        self._made: QPixmap | None = None
        self.setAccessibleName(accessible)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_theme(self, theme: Theme) -> None:
        """Other colours."""
        self.theme = theme
        self.renew()

    def renew(self) -> None:
        """Paint anew when it is seen next."""
        self._made = None
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """The picture, and what moves over it."""
        ratio = self.devicePixelRatioF()
        wanted = (round(self.width() * ratio), round(self.height() * ratio))
        if self._made is None or (self._made.width(), self._made.height()) != wanted:
            self._made = QPixmap(*wanted)
            self._made.setDevicePixelRatio(ratio)
            self._made.fill(QColor(self.theme.panel))
            painter = QPainter(self._made)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setFont(self.font())
            self.draw(painter)
            painter.end()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._made)
        self.draw_over(painter)
        painter.end()

    def draw(self, painter: QPainter) -> None:
        """What stays."""

    def draw_over(self, painter: QPainter) -> None:
        """What moves."""

    def small(self) -> QFont:
        """For numbers at axes."""
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 0.88)
        return font


class Strips(Picture):
    """A strip for every attribute: bodies as points, the closest marked, the range preferred as a band."""

    PLOT, GAP = 40, 16

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Distance of bodies by attribute")
        self._rows: tuple[StripRow, ...] = ()
        self._distance: Floats = np.zeros(0)
        self._closest: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._fit()

    def show_rows(self, rows: Sequence[StripRow], distance: Floats, closest: NDArray[np.int64]) -> None:
        """Show bodies: `distance` (K,) of each, and which are the closest."""
        self._rows, self._distance, self._closest = tuple(rows), distance, closest
        self.setAccessibleDescription("; ".join(f"{r.title}: {r.words}" for r in rows))
        self._fit()
        self.renew()

    @property
    def rows(self) -> tuple[StripRow, ...]:
        """What is shown."""
        return self._rows

    def _line(self) -> int:
        return self.fontMetrics().height() + 4

    def _row_height(self) -> int:
        return self._line() + self.PLOT + self.GAP

    def _fit(self) -> None:
        self.setFixedHeight(max(len(self._rows) * self._row_height(), 1))

    def sizeHint(self) -> QSize:  # noqa: N802
        """Wide enough for a title and its words."""
        return QSize(320, self.height())

    def draw(self, painter: QPainter) -> None:
        """Every row."""
        if not len(self._distance):
            return
        low, high = (float(v) for v in np.quantile(self._distance, (0.0, 0.98)))
        for i, row in enumerate(self._rows):
            self._draw_row(painter, row, i * self._row_height(), low, max(high, low + 1e-9))

    def _draw_row(self, painter: QPainter, row: StripRow, top: int, low: float, high: float) -> None:
        theme, line, width = self.theme, self._line(), float(self.width())
        box = QRectF(0, top, width, line)
        bold = QFont(self.font())
        bold.setBold(row.preferred)
        painter.setFont(bold)
        painter.setPen(QColor(theme.text))
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, row.title)
        painter.setFont(self.font())
        painter.setPen(QColor(theme.text if row.preferred else theme.muted))
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, row.words)
        plot = QRectF(0, top + line, width - 1, self.PLOT)
        painter.setPen(QPen(QColor(theme.border), 1))
        painter.drawRect(plot)
        start, end = float(row.values.min()), float(row.values.max())
        span = max(end - start, 1e-9)
        x = plot.left() + 4 + (plot.width() - 8) * (row.values - start) / span
        y = plot.bottom() - 4 - (plot.height() - 8) * np.clip((self._distance - low) / (high - low), 0.0, 1.0)
        if row.preferred:
            ends = [plot.left() + 4 + (plot.width() - 8) * (v - start) / span for v in (row.low, row.best, row.high)]
            band = QColor(theme.accent)
            band.setAlpha(48)
            painter.fillRect(QRectF(ends[0], plot.top() + 1, ends[2] - ends[0], plot.height() - 1), band)
            painter.setPen(QPen(QColor(theme.accent), 2))
            painter.drawLine(QPointF(ends[1], plot.top() + 1), QPointF(ends[1], plot.bottom()))
        pale = QColor(theme.muted)
        pale.setAlpha(110)
        painter.setPen(QPen(pale, 2.2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawPoints(curve(x, y))
        painter.setPen(QPen(QColor(theme.accent), 3.4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawPoints(curve(x[self._closest], y[self._closest]))

    def event(self, event: QEvent) -> bool:
        """A row says what it shows."""
        if isinstance(event, QHelpEvent) and self._rows:
            at = min(max(int(event.pos().y() // self._row_height()), 0), len(self._rows) - 1)
            QToolTip.showText(event.globalPos(), self._rows[at].tip, self)
            return True
        return super().event(event)


class StripRow:
    """One attribute of :class:`Strips`; values in the unit shown."""

    def __init__(
        self, title: str, words: str, tip: str, values: Floats, low: float, best: float, high: float, preferred: bool
    ) -> None:
        self.title, self.words, self.tip, self.values = title, words, tip, values
        self.low, self.best, self.high, self.preferred = low, best, high, preferred


class SpectraPlot(Picture):
    """Power density over frequency: a few curves with names, in decibels."""

    LEFT, BOTTOM = 40, 22

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Spectra of real and synthetic windows")
        self._frequency: Floats = np.zeros(0)
        self._curves: tuple[tuple[str, str, Floats], ...] = ()
        self.setFixedHeight(170)

    def show_curves(self, frequency_hz: Floats, curves: Sequence[tuple[str, str, Floats]]) -> None:
        """Show curves: name, colour (a field of the theme), density (F,)."""
        self._frequency = frequency_hz
        self._curves = tuple((name, color, 10.0 * np.log10(np.maximum(d, 1e-9))) for name, color, d in curves)
        self.renew()

    def draw(self, painter: QPainter) -> None:
        """Axes, curves, names."""
        if not self._curves:
            return
        theme, metrics = self.theme, self.fontMetrics()
        shown = (self._frequency > 0) & (self._frequency <= 12.5)
        f = self._frequency[shown]
        top = float(max(d[shown].max() for *_, d in self._curves)) + 3.0
        low = max(float(min(d[shown].min() for *_, d in self._curves)), top - 60.0) - 2.0
        head = metrics.height() + 6
        plot = QRectF(self.LEFT, head, self.width() - self.LEFT - 6, self.height() - head - self.BOTTOM)
        painter.setFont(self.small())
        for level in range(int(np.ceil(low / 20)) * 20, int(top) + 1, 20):
            y = plot.bottom() - plot.height() * (level - low) / (top - low)
            painter.setPen(QPen(QColor(theme.plot_grid), 1))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(QColor(theme.muted))
            painter.drawText(QRectF(0, y - 8, self.LEFT - 5, 16), Qt.AlignmentFlag.AlignRight
                             | Qt.AlignmentFlag.AlignVCenter, f"{level}")  # fmt: skip
        for hz in range(0, 13, 2):
            x = plot.left() + plot.width() * hz / 12.5
            painter.setPen(QColor(theme.muted))
            words = f"{hz} Hz" if hz == 12 else f"{hz}"
            painter.drawText(
                QRectF(x - 22, plot.bottom() + 2, 44, self.BOTTOM - 4), Qt.AlignmentFlag.AlignHCenter, words
            )
        painter.setClipRect(plot)
        for _, color, d in self._curves:
            painter.setPen(QPen(QColor(getattr(theme, color)), 1.6))
            painter.drawPolyline(curve(plot.left() + plot.width() * f / 12.5,
                                       plot.bottom() - plot.height() * (d[shown] - low) / (top - low)))  # fmt: skip
        painter.setClipping(False)
        self._names(painter, metrics.height())

    def _names(self, painter: QPainter, height: int) -> None:
        x = float(self.LEFT)
        painter.setFont(self.font())
        for name, color, _ in self._curves:
            painter.setPen(QPen(QColor(getattr(self.theme, color)), 3))
            painter.drawLine(QPointF(x, height / 2 + 1), QPointF(x + 14, height / 2 + 1))
            painter.setPen(QColor(self.theme.text))
            width = self.fontMetrics().horizontalAdvance(name) + 6
            painter.drawText(QRectF(x + 19, 0, width, height + 2), Qt.AlignmentFlag.AlignVCenter, name)
            x += 19 + width + 12


class PointsPlot(Picture):
    """Embeddings of real and simulated windows in two directions, each pair joined."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Embeddings of real and simulated windows")
        self._points: Floats = np.zeros((2, 0, 2))
        self.setFixedHeight(210)

    def show_points(self, points: Floats) -> None:
        """Show (2, W, 2): real first."""
        self._points = points
        self.renew()

    def draw(self, painter: QPainter) -> None:
        """Lines between pairs, then points."""
        if not self._points.shape[1]:
            return
        flat = self._points.reshape(-1, 2)
        middle, span = (flat.min(axis=0) + flat.max(axis=0)) / 2, np.maximum(np.ptp(flat, axis=0), 1e-9)
        room = np.array([self.width() - 24.0, self.height() - 24.0])
        at = (self._points - middle) * float((room / span).min()) + np.array([self.width(), self.height()]) / 2
        pale = QColor(self.theme.muted)
        pale.setAlpha(70)
        painter.setPen(QPen(pale, 1))
        for a, b in zip(at[0].tolist(), at[1].tolist(), strict=True):
            painter.drawLine(QPointF(*a), QPointF(*b))
        for index, color in ((1, self.theme.simulated), (0, self.theme.real)):
            painter.setPen(QPen(QColor(color), 5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.drawPoints(curve(at[index, :, 0], at[index, :, 1]))
