"""Moments that are picked, in the traces: a bar at the foot of every lane over a faint ground."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QRectF, Slot
from PySide6.QtGui import QColor, QPainter, QTransform

from m3n_studio.studio.core.spans import edges_of, united
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.traces.trace_items import WholeView

if TYPE_CHECKING:
    from m3n_studio.studio.core.moments import Moments
    from m3n_studio.studio.traces.trace_lane import Lane

BAR_PX = 3
_GROUND = 0.10
Spans = tuple[tuple[float, float], ...]


class MomentItem(WholeView):
    """The picked moments of a lane, however many, as a few rectangles."""

    def __init__(self, color: str) -> None:
        super().__init__()
        self._bar, self._ground = QColor(color), QColor(color)
        self._ground.setAlphaF(_GROUND)
        self._spans: Spans = ()
        self._edges = edges_of(())
        self.setZValue(-25)

    @property
    def spans(self) -> Spans:
        """What is shown, s."""
        return self._spans

    def set_spans(self, spans: Spans) -> None:
        """Show these (from, to), s."""
        if spans != self._spans:
            self._spans, self._edges = spans, edges_of(spans)
            self.update()

    def paint(self, painter: QPainter, *args: Any) -> None:
        """The ground, and the bar at the foot."""
        if not self._spans:
            return
        view = self.boundingRect()
        box = painter.transform().mapRect(view)
        painter.save()
        painter.setTransform(QTransform())
        for a, b in united(self._edges, (view.left(), view.right()), box.width()):
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
