"""Labels behind the traces: the annotations of one tier as faint spans of colour, with a bar on top of each lane.

However many labels there are, all lanes share one picture a pixel high: it is worked out once for
a view and stretched over each lane, so the cost is that of a filled rectangle.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QTransform

from m3n_studio.studio.labels.label_layout import Row
from m3n_studio.studio.traces.trace_items import WholeView

#: How much of its class's colour a label's ground has, and one that a model made.
STRENGTH, MODEL_STRENGTH = 0.17, 0.09
BAR_PX = 3
_EVENT_PX = 2
_SEAM_FROM_PX = 5

Colors = NDArray[np.uint8]


class Tint:
    """The picture of one view: the ground and the bar as pixels (W, 4), blue, green, red, unused."""

    def __init__(self, ground: Colors, bar: Colors) -> None:
        self._kept = ground, bar  # the images do not own their pixels
        self.ground, self.bar = (
            QImage(part.data, len(part), 1, 4 * len(part), QImage.Format.Format_RGB32) for part in self._kept
        )


def tint(
    row: Row, view_s: tuple[float, float], width: int, background: str, muted: str,
    pending: Iterable[tuple[str, float, float]] = (),
) -> Tint:  # fmt: skip
    """The labels of a row in a stretch of time, on so many pixels.

    Parameters
    ----------
    pending : iterable of (colour, from, to), s
        Labels being made, over the others.
    """
    ground = _pixels(background, width)
    bar = ground.copy()
    strong, faint, model = _colors(row, background, muted)
    boxes = row.boxes(*view_s, float(width))
    last = max(_EVENT_PX, 1) if row.track.tier.kind == "event" else 1
    left = np.clip(np.round(boxes.left), 0, width).astype(int)
    right = np.clip(np.maximum(np.round(boxes.right), left + last), 0, width).astype(int)
    stop = right - (right - left >= _SEAM_FROM_PX)
    places, by_model = row.colors[boxes.index], row.by_model[boxes.index]
    for i, (a, b, place) in enumerate(zip(left.tolist(), stop.tolist(), places.tolist(), strict=True)):
        ground[a:b] = (model if by_model[i] else faint)[place]
        bar[a:b] = strong[place]
    low, scale = view_s[0], width / max(view_s[1] - view_s[0], 1e-12)
    for color, start, end in pending:
        a, b = (min(max(round((t - low) * scale), 0), width) for t in (start, end))
        ground[a:b] = _mixed(color, background, 2 * STRENGTH)
        bar[a:b] = _mixed(color, background, 1.0)
    return Tint(ground, bar)


def _colors(row: Row, background: str, muted: str) -> tuple[Colors, Colors, Colors]:
    """The tier's colours, full, faint, fainter: (C + 1, 4); the last is that of classes that are gone."""
    names = [*(c.color for c in row.track.tier.classes), muted]
    full, faint, model = (
        np.array([_mixed(name, background, share) for name in names], np.uint8)
        for share in (1.0, STRENGTH, MODEL_STRENGTH)
    )
    return full, faint, model


def _mixed(color: str, background: str, share: float) -> tuple[int, int, int, int]:
    """A colour over the background, opaque, as a pixel."""
    one, other = QColor(color), QColor(background)
    parts = ((one.blue(), other.blue()), (one.green(), other.green()), (one.red(), other.red()))
    b, g, r = (round(share * x + (1 - share) * y) for x, y in parts)
    return b, g, r, 255


def _pixels(color: str, width: int) -> Colors:
    return np.tile(np.array(_mixed(color, color, 1.0), np.uint8), (max(width, 1), 1))


class TintItem(WholeView):
    """The tint of a lane, below everything else in it."""

    def __init__(self) -> None:
        super().__init__()
        self._tint: Tint | None = None
        self.setZValue(-30)

    def set_tint(self, shown: Tint | None) -> None:
        """Show this; None: nothing."""
        if shown is not self._tint:
            self._tint = shown
            self.update()

    @property
    def shown(self) -> Tint | None:
        """What is shown."""
        return self._tint

    def paint(self, painter: QPainter, *args: Any) -> None:
        """The ground over the whole lane, the bar at its top."""
        if self._tint is None:
            return
        box = painter.transform().mapRect(self.boundingRect())
        painter.save()
        painter.setTransform(QTransform())
        painter.drawImage(box, self._tint.ground, QRectF(self._tint.ground.rect()))
        painter.drawImage(QRectF(box.left(), box.top(), box.width(), BAR_PX), self._tint.bar,
                          QRectF(self._tint.bar.rect()))  # fmt: skip
        painter.restore()
