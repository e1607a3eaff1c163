"""Which points lie in a shape drawn on the screen: the shape is filled once, each point looks up its pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage, QPainter, QPolygonF

from m3n_studio.studio.embedding.point_raster import inside

#: Corners of a lasso nearer than this are left out, px.
STEP_PX = 2.0


def box(x0: float, y0: float, x1: float, y1: float) -> list[tuple[float, float]]:
    """The corners of a box."""
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def enclosed(
    screen: NDArray[np.float32], corners: list[tuple[float, float]], size: tuple[int, int]
) -> NDArray[np.bool_]:
    """Which points (N, 2), px, are in a polygon (odd-even rule), to the pixel; none beside the picture."""
    out = np.zeros(len(screen), dtype=bool)
    if len(corners) < 3 or min(size) < 1:
        return out
    mask = QImage(size[0], size[1], QImage.Format.Format_Grayscale8)
    mask.fill(0)
    painter = QPainter(mask)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(Qt.GlobalColor.white)
    painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in corners]), Qt.FillRule.OddEvenFill)
    painter.end()
    filled = np.frombuffer(mask.constBits(), dtype=np.uint8).reshape(size[1], mask.bytesPerLine())
    x, y, rows = inside(screen, size)
    out[rows] = filled[y, x] > 0
    return out
