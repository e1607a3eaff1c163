"""Two small pictures: |acc| and |gyr| of the first minute, one curve a sensor."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.projects.recipe_look import Band

GRAVITY_MPS2 = 9.81


class BandPlot(QWidget):
    """Magnitudes over time as bands; a dashed line where one value is expected.

    Parameters
    ----------
    title, unit : str
        E.g. ``"|acc|"``, ``"m/s²"``.
    expected : float
        0 for none.
    """

    def __init__(self, theme: Theme, title: str, unit: str, *, expected: float = 0.0) -> None:
        super().__init__()
        self._theme, self._title, self._unit, self._expected = theme, title, unit, expected
        self._bands: tuple[Band, ...] = ()
        self._nothing = "not recorded"
        self.setMinimumSize(180, 78)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(f"{title} of the first minute, {unit}")
        self.setToolTip(f"{title} over the first minute, {unit}"
                        + ("; dashed: gravity, 9.81 m/s²" if expected else ""))  # fmt: skip

    def set_bands(self, bands: tuple[Band, ...], nothing: str = "not recorded") -> None:
        """Show one band a sensor; where there is none, `nothing` in words."""
        self._nothing = nothing
        self._bands = tuple(b for b in bands if len(b.time_s) and np.isfinite(b.high).any())
        low, high = self.span
        self.setAccessibleDescription(f"{low:.3g} to {high:.3g} {self._unit}" if self._bands else "nothing to show")
        self.update()

    @property
    def span(self) -> tuple[float, float]:
        """Least and greatest value shown."""
        if not self._bands:
            return 0.0, 1.0
        return (min(float(np.nanmin(b.low)) for b in self._bands), max(float(np.nanmax(b.high)) for b in self._bands))

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Title and scale above, bands below."""
        painter, theme = QPainter(self), self._theme
        line = self.fontMetrics().height()
        head = QRectF(2, 0, self.width() - 4, line)
        painter.setPen(QColor(theme.text))
        painter.drawText(head, Qt.AlignmentFlag.AlignLeft, self._title)
        box = QRectF(2, line + 3, self.width() - 4, self.height() - 2 * line - 6)
        painter.setPen(QColor(theme.muted))
        foot = QRectF(2, box.bottom() + 2, box.width(), line)
        if not self._bands:
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._nothing)
            return
        low, high = self.span
        painter.drawText(head, Qt.AlignmentFlag.AlignRight, f"{low:.3g} to {high:.3g} {self._unit}")
        stop = max(float(b.time_s[-1]) for b in self._bands) or 1.0
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, "0 s")
        painter.drawText(foot, Qt.AlignmentFlag.AlignRight, f"{stop:.3g} s")
        painter.fillRect(box, QColor(theme.panel))
        top = max(high, self._expected * 1.1)
        bottom = min(low, self._expected * 0.9) if self._expected else 0.0
        scale = box.height() / max(top - bottom, 1e-12)
        if self._expected:
            painter.setPen(QPen(QColor(theme.muted), 1, Qt.PenStyle.DashLine))
            y = box.bottom() - (self._expected - bottom) * scale
            painter.drawLine(int(box.left()), int(y), int(box.right()), int(y))
        colors = (theme.real, theme.simulated, theme.difference, theme.axis_y)
        for i, band in enumerate(self._bands):
            self._draw(painter, band, QColor(colors[i % len(colors)]), box, (bottom, scale, stop))

    def _draw(
        self, painter: QPainter, band: Band, color: QColor, box: QRectF, scales: tuple[float, float, float]
    ) -> None:
        bottom, scale, stop = scales
        painter.setPen(QPen(color, 1.4))
        last: tuple[float, float] | None = None
        for t, low, high in zip(band.time_s.tolist(), band.low.tolist(), band.high.tolist(), strict=True):
            if not math.isfinite(low):
                last = None
                continue
            x = box.left() + t / stop * box.width()
            y0, y1 = box.bottom() - (low - bottom) * scale, box.bottom() - (high - bottom) * scale
            painter.drawLine(QRectF(x, y0, 0, 0).topLeft(), QRectF(x, y1, 0, 0).topLeft())
            middle = (y0 + y1) / 2
            if last is not None:
                painter.drawLine(QRectF(*last, 0, 0).topLeft(), QRectF(x, middle, 0, 0).topLeft())
            last = (x, middle)
