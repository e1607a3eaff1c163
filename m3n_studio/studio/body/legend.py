"""What colours mean: a bar with its ends, the quantity and its unit, painted over the picture."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.scene.coloring import Scale, as_hex, viridis

_PAD, _BAR, _WIDTH = 10, 9, 200


class Legend(QWidget):
    """The legend of one or two scales, one over the other; hidden where there is none."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("Legend")
        self.theme = theme
        self.scales: tuple[Scale, ...] = ()
        self.hide()

    def set_scales(self, scales: tuple[Scale, ...]) -> None:
        """Explain other colours."""
        if scales != self.scales:
            self.scales = scales
            self.setAccessibleDescription("; ".join(f"{s.title}, {s.low:g} to {s.high:g} {s.unit}" for s in scales))
            self.resize(self.sizeHint())
            self.setVisible(bool(scales))
            self.update()

    def _row(self) -> int:
        return 2 * self.fontMetrics().height() + 6

    def sizeHint(self) -> QSize:  # noqa: N802
        """Wide enough for the titles."""
        widest = max((self.fontMetrics().horizontalAdvance(_title(s)) for s in self.scales), default=0)
        return QSize(max(_WIDTH, widest + 2 * _PAD), len(self.scales) * self._row() + 8)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """A raised plate with title, bar and ends."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        plate = QColor(self.theme.raised)
        plate.setAlphaF(0.94)
        painter.setBrush(plate)
        painter.setPen(QPen(QColor(self.theme.border), 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        for i, scale in enumerate(self.scales):
            self._paint(painter, scale, 6 + i * self._row())
        painter.end()

    def _paint(self, painter: QPainter, scale: Scale, top: int) -> None:
        height, width = self.fontMetrics().height(), self.width() - 2 * _PAD
        painter.setPen(QColor(self.theme.text))
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        painter.drawText(QRectF(_PAD, top, width, height), left, _title(scale))
        low, high = f"{scale.low:g}", f"{scale.high:g}"
        start, end = (self.fontMetrics().horizontalAdvance(text) + 7 for text in (low, high))
        bar = QRectF(_PAD + start, top + height + (height - _BAR) / 2, width - start - end, _BAR)
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        for share in np.linspace(0, 1, 17):
            gradient.setColorAt(float(share), QColor(as_hex(viridis(np.array(share)))))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(gradient)
        painter.drawRoundedRect(bar, 3, 3)
        ends = QRectF(_PAD, top + height, width, height)
        painter.setPen(QColor(self.theme.text))
        painter.drawText(ends, left, low)
        painter.drawText(ends, right, high)


def _title(scale: Scale) -> str:
    return f"{scale.title} ({scale.unit})"
