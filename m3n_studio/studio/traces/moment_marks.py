"""Moments that are picked, in the traces: a bar at the foot of every lane over a faint ground."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, QRectF, Slot
from PySide6.QtGui import QColor, QPainter, QTransform

from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.traces.trace_items import WholeView

if TYPE_CHECKING:
    from m3n_studio.studio.core.moments import Moments
    from m3n_studio.studio.traces.trace_lane import Lane

BAR_PX = 3
_GROUND = 0.10
_LEAST_PX = 2.0
Spans = tuple[tuple[float, float], ...]


def united(spans: Spans, view: tuple[float, float], width: float) -> list[tuple[float, float]]:
    """Stretches of pixels, apart from each other, that spans cover in a view (s) so many pixels wide."""
    low, high = view
    if not spans or not high > low:
        return []
    scale = width / (high - low)
    edges = np.array([s for s in spans if s[1] > low and s[0] < high]).reshape(-1, 2)
    left = np.clip((edges[:, 0] - low) * scale, 0.0, width)
    right = np.clip(np.maximum((edges[:, 1] - low) * scale, left + _LEAST_PX), 0.0, width)
    out: list[tuple[float, float]] = []
    for a, b in sorted(zip(left.tolist(), right.tolist(), strict=True)):
        if out and a <= out[-1][1] + 0.5:
            out[-1] = (out[-1][0], max(out[-1][1], b))
        else:
            out.append((a, b))
    return out


class MomentItem(WholeView):
    """The picked moments of a lane, however many, as a few rectangles."""

    def __init__(self, color: str) -> None:
        super().__init__()
        self._bar, self._ground = QColor(color), QColor(color)
        self._ground.setAlphaF(_GROUND)
        self._spans: Spans = ()
        self.setZValue(-25)

    @property
    def spans(self) -> Spans:
        """What is shown, s."""
        return self._spans

    def set_spans(self, spans: Spans) -> None:
        """Show these (from, to), s."""
        if spans != self._spans:
            self._spans = spans
            self.update()

    def paint(self, painter: QPainter, *args: Any) -> None:
        """The ground, and the bar at the foot."""
        if not self._spans:
            return
        view = self.boundingRect()
        box = painter.transform().mapRect(view)
        painter.save()
        painter.setTransform(QTransform())
        for a, b in united(self._spans, (view.left(), view.right()), box.width()):
            painter.fillRect(QRectF(box.left() + a, box.top(), b - a, box.height()), self._ground)
            painter.fillRect(QRectF(box.left() + a, box.bottom() - BAR_PX, b - a, BAR_PX), self._bar)
        painter.restore()


class MomentMarks(QObject):
    """Shows in all lanes of a view what is picked of the session on the desk."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._moments: Moments | None = None
        self._items: list[MomentItem] = []

    def follow(self, moments: Moments) -> None:
        """Show what is picked among these."""
        self._moments = moments
        moments.changed.connect(self.refresh)
        self.refresh()

    def set_lanes(self, lanes: Sequence[Lane], theme: Theme) -> None:
        """Other lanes."""
        self._items = [MomentItem(theme.accent) for _ in lanes]
        for lane, item in zip(lanes, self._items, strict=True):
            lane.plot.addItem(item, ignoreBounds=True)
        self.refresh()

    @property
    def spans(self) -> Spans:
        """What is shown in every lane, s."""
        return self._items[0].spans if self._items else ()

    @Slot()
    def refresh(self) -> None:
        """Show what is picked now."""
        spans = () if self._moments is None else tuple((m.start_s, m.end_s) for m in self._moments.here)
        for item in self._items:
            item.set_spans(spans)
