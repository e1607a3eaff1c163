"""A small picture of a population: one measurement's distribution, and stature against mass."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from m3n_studio.studio.attributes.attributes_model import BY_NAME
from m3n_studio.studio.look.theme import Theme

Array = NDArray[np.float64]
_MOST_POINTS = 400


def nice_bins(values: Array, most: int = 24) -> Array:
    """Edges of bins over the values; two where they are all the same."""
    low, high = float(values.min()), float(values.max())
    if high - low < 1e-9:
        return np.array([low - 0.5, low + 0.5])
    return np.linspace(low, high, min(most, max(6, round(len(values) ** 0.5))) + 1)


class PopulationPlot(QWidget):
    """Histogram on the left, stature and mass of every body on the right."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._values: Mapping[str, Array] = {}
        self._shown = "stature"
        self._here: Mapping[str, float] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Preview of the population")

    def sizeHint(self) -> QSize:  # noqa: N802
        """Wide and low."""
        return QSize(340, 132)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """The least that can be read."""
        return QSize(260, 132)

    def set_theme(self, theme: Theme) -> None:
        """Other colours."""
        self._theme = theme
        self.update()

    def show_values(self, values: Mapping[str, Array], shown: str, here: Mapping[str, float]) -> None:
        """Bodies' measurements by name (n,), m and kg; which to count; the body on screen."""
        self._values, self._shown, self._here = values, shown, here
        text = "No bodies"
        if values:
            row, one = BY_NAME[shown], values[shown] * BY_NAME[shown].factor
            text = (
                f"{len(one)} bodies: {row.title.lower()} {one.mean():.1f} ± {one.std():.1f} {row.unit},"
                f" from {one.min():.1f} to {one.max():.1f}"
            )
        self.setAccessibleDescription(text)
        self.setToolTip(f"{text}.\nThe ring is the body on screen.")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """Both pictures."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 0.88)
        painter.setFont(font)
        if not self._values:
            painter.setPen(QColor(self._theme.muted))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "Drawing bodies …")
            return
        half = self.width() / 2.0
        self._paint_histogram(painter, QRectF(2, 18, half - 12, self.height() - 38))
        self._paint_scatter(painter, QRectF(half + 8, 18, half - 14, self.height() - 38))

    def _frame(self, painter: QPainter, box: QRectF, title: str, low: str, high: str, *, brief: str = "") -> None:
        painter.setPen(QPen(QColor(self._theme.border), 1))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        painter.setPen(QColor(self._theme.text))
        flag = Qt.AlignmentFlag
        if painter.fontMetrics().horizontalAdvance(title) > box.width():
            title = brief or title
        painter.drawText(QRectF(box.left(), 0, box.width(), 16), flag.AlignLeft | flag.AlignVCenter, title)
        painter.setPen(QColor(self._theme.muted))
        under = QRectF(box.left(), box.bottom() + 3, box.width(), 16)
        painter.drawText(under, flag.AlignLeft | flag.AlignVCenter, low)
        painter.drawText(under, flag.AlignRight | flag.AlignVCenter, high)

    def _paint_histogram(self, painter: QPainter, box: QRectF) -> None:
        row = BY_NAME[self._shown]
        values = self._values[self._shown] * row.factor
        edges = nice_bins(values)
        counts, _ = np.histogram(values, edges)
        self._frame(painter, box, f"{row.title}, {row.unit}", f"{edges[0]:.1f}", f"{edges[-1]:.1f}")
        width = box.width() / len(counts)
        fill = QColor(self._theme.accent)
        fill.setAlpha(150)
        for i, count in enumerate(counts):
            height = (box.height() - 2) * count / max(int(counts.max()), 1)
            painter.fillRect(QRectF(box.left() + i * width + 0.5, box.bottom() - height, width - 1.0, height), fill)

    def _paint_scatter(self, painter: QPainter, box: QRectF) -> None:
        x, y = self._values["stature"] * 100.0, self._values["mass"]
        spans = [(float(v.min()), max(float(v.max()), float(v.min()) + 1e-6)) for v in (x, y)]
        (x0, x1), (y0, y1) = spans
        title = f"Mass {y0:.0f}–{y1:.0f} kg by stature"
        self._frame(painter, box, title, f"{x0:.0f} cm", f"{x1:.0f} cm", brief=f"Mass {y0:.0f}–{y1:.0f} kg")

        def at(a: float, b: float) -> QPointF:
            inside = box.adjusted(4, 4, -4, -4)
            return QPointF(
                inside.left() + inside.width() * (a - x0) / (x1 - x0),
                inside.bottom() - inside.height() * (b - y0) / (y1 - y0),
            )

        color = QColor(self._theme.accent)
        color.setAlpha(170)
        painter.setPen(QPen(color, 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        points = zip(x[:_MOST_POINTS], y[:_MOST_POINTS], strict=True)
        painter.drawPoints(QPolygonF([at(float(a), float(b)) for a, b in points]))
        if self._here:
            a, b = self._here["stature"] * 100.0, self._here["mass"]
            if x0 <= a <= x1 and y0 <= b <= y1:
                painter.setPen(QPen(QColor(self._theme.text), 1.6))
                painter.drawEllipse(at(a, b), 4.5, 4.5)
