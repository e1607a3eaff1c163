"""Few points as smooth marks: one sheet of marks of every colour and shape, and one call to draw them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pyqtgraph.Qt.internals import PrimitiveArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap, QPolygonF

from m3n_studio.studio.embedding.point_raster import SHAPES

if TYPE_CHECKING:
    from m3n_studio.studio.embedding.point_picture import Look

CELL = 28
#: Half the size of a mark, px, for up to so many points.
_SIZES = ((300, 5.0), (1200, 4.2), (10**9, 3.4))


def radius(count: int) -> float:
    """Half the size of a mark where there are so many points, px."""
    return next(size for most, size in _SIZES if count <= most)


def paint_mark(painter: QPainter, shape: str, x: float, y: float, r: float, color: str, edge: str) -> None:
    """One mark, px."""
    painter.setBrush(QColor(color))
    painter.setPen(QPen(QColor(edge), 0.8))
    if shape == "disc":
        painter.drawEllipse(QPointF(x, y), r, r)
    elif shape == "square":
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(color), 1.7))
        painter.drawRect(QRectF(x - 0.8 * r, y - 0.8 * r, 1.6 * r, 1.6 * r))
    else:
        corners = {
            "diamond": ((0, -1.15), (1.15, 0), (0, 1.15), (-1.15, 0)),
            "triangle": ((0, -1.3), (1.25, 0.95), (-1.25, 0.95)),
        }[shape]
        painter.drawPolygon(QPolygonF([QPointF(x + r * a, y + r * b) for a, b in corners]))


class MarkSheet:
    """Marks by shape (rows) and colour (columns), made anew only for other colours."""

    def __init__(self) -> None:
        self._colors: tuple[str, ...] = ()
        self._ground, self._radius, self._dense = "", 0.0, 1.0
        self._sheet: QPixmap | None = None
        self._parts = PrimitiveArray(QPainter.PixmapFragment, 10)

    def set_colors(self, colors: tuple[str, ...], ground: str) -> None:
        """Full colours, then as many faded ones, on a ground."""
        if (colors, ground) != (self._colors, self._ground):
            self._colors, self._ground, self._sheet = colors, ground, None

    def _made(self, r: float, dense: float) -> QPixmap:
        if self._sheet is None or (r, dense) != (self._radius, self._dense):
            side = round(CELL * dense)
            sheet = QPixmap(max(len(self._colors), 1) * side, len(SHAPES) * side)
            sheet.fill(Qt.GlobalColor.transparent)
            painter = QPainter(sheet)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.scale(dense, dense)
            for column, color in enumerate(self._colors):
                for row, shape in enumerate(SHAPES):
                    paint_mark(painter, shape, (column + 0.5) * CELL, (row + 0.5) * CELL, r, color, self._ground)
            painter.end()
            self._sheet, self._radius, self._dense = sheet, r, dense
        return self._sheet

    def draw(
        self, painter: QPainter, screen: NDArray[np.float32], look: Look, picked: NDArray[np.bool_],
        size: tuple[int, int],
    ) -> None:  # fmt: skip
        """Draw the points that are in a picture, picked ones last."""
        dense = float(painter.device().devicePixelRatioF())
        sheet = self._made(radius(len(screen)), dense)
        seen = ~look.hidden & (screen > -CELL).all(axis=1) & (screen < np.array(size) + CELL).all(axis=1)
        rows = np.flatnonzero(seen)
        if not len(rows):
            return
        any_picked = bool(picked.any())
        rows = rows[np.lexsort((look.shape[rows], picked[rows]))]
        column = look.code[rows] + np.where(any_picked & ~picked[rows], len(self._colors) // 2, 0)
        side = round(CELL * dense)
        self._parts.resize(len(rows))
        parts = self._parts.ndarray()
        parts[:, 0:2] = screen[rows]
        parts[:, 2] = column * side
        parts[:, 3] = look.shape[rows] * side
        parts[:, 4:6] = side
        parts[:, 6:8] = 1.0 / dense
        parts[:, 8] = 0.0
        parts[:, 9] = 1.0
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        first, count = self._parts.drawargs()
        painter.drawPixmapFragments(first, count, sheet)
