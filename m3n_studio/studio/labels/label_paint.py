"""Painting of the label strip: rows of boxes, names in the gutter, a ruler. Knows geometry, no mouse.

Everything that only changes with labels, view or theme is painted once into a picture; what moves
with the clock (cursor, the label being made) is painted over it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen

from m3n_studio.annotation.model import Annotation
from m3n_studio.studio.core.timecode import clock_text
from m3n_studio.studio.labels.label_layout import NARROW_PX, Row
from m3n_studio.studio.look.theme import Theme, contrast

RULER_PX = 20
LANE_PX = 26
EXTRA_LANE_PX = 18
GAP_PX = 4
GUTTER_PX = 104
_TEXT_ROOM_PX = 22


@dataclass(frozen=True)
class Geometry:
    """Where rows and times are in a strip of a size.

    Attributes
    ----------
    width, height : float, px
    view : (from, to), s
    tops, lane_heights : tuple of float, px
        Of each row.
    """

    width: float
    height: float
    view: tuple[float, float]
    tops: tuple[float, ...]
    lane_heights: tuple[float, ...]

    @staticmethod
    def of(rows: Sequence[Row], view: tuple[float, float], width: float, height: float) -> Geometry:
        """Rows below each other, as high as their lanes need."""
        tops, heights, y = [], [], float(RULER_PX)
        for row in rows:
            lane = LANE_PX if row.lane_count == 1 else EXTRA_LANE_PX
            tops.append(y)
            heights.append(float(lane))
            y += lane * row.lane_count + GAP_PX
        return Geometry(width, height, view, tuple(tops), tuple(heights))

    @property
    def plot_width(self) -> float:
        """Pixels the time in view has."""
        return max(self.width - GUTTER_PX, 1.0)

    def x_of(self, time_s: float) -> float:
        """Where a time is, px."""
        low, high = self.view
        return GUTTER_PX + (time_s - low) / max(high - low, 1e-12) * self.plot_width

    def time_of(self, x: float) -> float:
        """The time at a place, s."""
        low, high = self.view
        return low + (x - GUTTER_PX) / self.plot_width * (high - low)

    def row_at(self, y: float, rows: Sequence[Row]) -> tuple[int, int] | None:
        """Which row and which lane of it a height is in."""
        for i, row in enumerate(rows):
            lane = int((y - self.tops[i]) // self.lane_heights[i])
            if 0 <= lane < row.lane_count:
                return i, lane
        return None

    def needed_height(self, rows: Sequence[Row]) -> float:
        """Pixels all rows need."""
        if not rows:
            return RULER_PX + LANE_PX
        return self.tops[-1] + self.lane_heights[-1] * rows[-1].lane_count + GAP_PX


def on_color(color: str, theme: Theme) -> str:
    """The theme's text or panel colour, whichever is legible on a class's colour."""
    return max((theme.text, theme.panel, "#000000", "#ffffff"), key=lambda c: min(contrast(c, color), 7.0))


def steps_of(view: tuple[float, float], width: float, least_px: float = 90.0) -> tuple[list[float], float]:
    """Round times in view (s) at least so many pixels apart, and their distance, s."""
    span = view[1] - view[0]
    wanted = span * least_px / max(width, 1.0)
    ladder = [m * 10.0**e for e in range(-3, 1) for m in (1, 2, 5)] + [15, 30, 60, 120, 300, 600, 1800, 3600, 7200]
    ladder += [10800, 21600, 43200, 86400]
    step = next((s for s in ladder if s >= wanted), ladder[-1])
    return [float(t) for t in np.arange(np.ceil(view[0] / step), np.floor(view[1] / step) + 1) * step], step


class Painter:
    """Paints rows with one theme and font."""

    def __init__(self, theme: Theme, font: QFont) -> None:
        self.theme, self.font = theme, font
        self.metrics = QFontMetrics(font)

    def ruler(self, painter: QPainter, geometry: Geometry) -> None:
        """Times along the top."""
        times, step = steps_of(geometry.view, geometry.plot_width)
        for time_s in times:
            x = round(geometry.x_of(time_s)) + 0.5
            painter.setPen(QPen(QColor(self.theme.plot_grid), 1))
            painter.drawLine(QPointF(x, RULER_PX - 4), QPointF(x, geometry.height))
            painter.setPen(QColor(self.theme.muted))
            words = ruler_text(time_s, step)
            room = QRectF(x + 3, 0, self.metrics.horizontalAdvance(words) + 4, RULER_PX - 3)
            if room.right() < geometry.width:
                painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)

    def ground(self, painter: QPainter, geometry: Geometry, number: int, row: Row) -> None:
        """What the boxes of a tier lie on."""
        height = geometry.lane_heights[number] * row.lane_count
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.theme.window))
        painter.drawRoundedRect(QRectF(GUTTER_PX, geometry.tops[number], geometry.plot_width, height), 4, 4)

    def row(
        self, painter: QPainter, geometry: Geometry, number: int, row: Row, *, active: bool, selected: Collection[str]
    ) -> None:
        """One tier: its boxes and its name."""
        top, lane_px = geometry.tops[number], geometry.lane_heights[number]
        height = lane_px * row.lane_count
        painter.save()
        painter.setClipRect(QRectF(GUTTER_PX, top, geometry.plot_width, height))
        self._boxes(painter, geometry, number, row, selected)
        painter.restore()
        self._gutter(painter, QRectF(0, top, GUTTER_PX - 6, min(height, LANE_PX)), row, active)

    def _gutter(self, painter: QPainter, room: QRectF, row: Row, active: bool) -> None:
        if active:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self.theme.accent))
            painter.drawRoundedRect(QRectF(room.left() + 1, room.top() + 4, 3, room.height() - 8), 1.5, 1.5)
        painter.setPen(QColor(self.theme.text if active else self.theme.muted))
        words = self.metrics.elidedText(row.track.tier.name, Qt.TextElideMode.ElideRight, int(room.width() - 10))
        painter.drawText(room.adjusted(9, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)

    def _boxes(
        self, painter: QPainter, geometry: Geometry, number: int, row: Row, selected: Collection[str]
    ) -> None:  # fmt: skip
        boxes = row.boxes(*geometry.view, geometry.plot_width)
        narrow = boxes.right - boxes.left < NARROW_PX
        self._bars(painter, geometry, number, row, boxes.index[narrow], boxes.left[narrow], boxes.lane[narrow])
        for i in np.flatnonzero(~narrow):
            a = row.annotations[boxes.index[i]]
            left = max(float(boxes.left[i]), -8.0) + GUTTER_PX
            right = min(float(boxes.right[i]), geometry.plot_width + 8.0) + GUTTER_PX
            box = self._box_of(geometry, number, int(boxes.lane[i]), left, right)
            self.box(painter, box, row, a, selected=a.id in selected)
        if selected:
            for i in np.flatnonzero(narrow):
                if row.annotations[boxes.index[i]].id in selected:
                    box = self._box_of(geometry, number, int(boxes.lane[i]), boxes.left[i] + GUTTER_PX - 2,
                                       boxes.left[i] + GUTTER_PX + 3)  # fmt: skip
                    painter.setPen(QPen(QColor(self.theme.text), 1.5))
                    painter.setBrush(Qt.BrushStyle.NoBrush)
                    painter.drawRect(box)

    @staticmethod
    def _box_of(geometry: Geometry, number: int, lane: int, left: float, right: float) -> QRectF:
        lane_px = geometry.lane_heights[number]
        return QRectF(left, geometry.tops[number] + lane * lane_px + 2, right - left, lane_px - 4)

    def _bars(
        self, painter: QPainter, geometry: Geometry, number: int, row: Row, index: np.ndarray, left: np.ndarray,
        lane: np.ndarray,
    ) -> None:  # fmt: skip
        """Labels of a pixel or two, and events: one call a colour."""
        painter.setPen(Qt.PenStyle.NoPen)
        event = row.track.tier.kind == "event"
        colors = row.colors[index]
        for color in np.unique(colors):
            mine = colors == color
            painter.setBrush(QColor(self._color(row, int(color))))
            boxes = [
                self._box_of(geometry, number, int(n), float(x) + GUTTER_PX - (1 if event else 0),
                             float(x) + GUTTER_PX + (2 if event else 1.5))
                for x, n in zip(left[mine], lane[mine], strict=True)
            ]  # fmt: skip
            painter.drawRects(boxes)

    def _color(self, row: Row, place: int) -> str:
        return row.track.tier.classes[place].color if place >= 0 else self.theme.muted

    def box(self, painter: QPainter, box: QRectF, row: Row, a: Annotation, *, selected: bool) -> None:
        """One label: filled where a person made it, lighter with a dashed edge where a model did."""
        found = row.track.tier.by_id(a.label)
        color = QColor(found.color if found else self.theme.muted)
        fill = QColor(color)
        by_model = a.source == "model"
        if by_model:
            fill.setAlphaF(0.30)
        painter.setBrush(fill)
        edge = QPen(color, 1.2, Qt.PenStyle.DashLine) if by_model else QPen(QColor(self.theme.panel), 1)
        painter.setPen(QPen(QColor(self.theme.text), 2) if selected else edge)
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        room = box.adjusted(6, 0, -5, 0)
        if room.width() >= _TEXT_ROOM_PX and box.height() >= self.metrics.height() - 2:
            ink = self.theme.text if by_model else on_color(color.name(), self.theme)
            painter.setPen(QColor(ink))
            left = max(room.left(), GUTTER_PX + 6.0)
            room.setLeft(min(left, room.right()))
            words = self.metrics.elidedText(
                found.name if found else "?", Qt.TextElideMode.ElideRight, int(room.width())
            )  # fmt: skip
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)


def ruler_text(time_s: float, step_s: float) -> str:
    """A time on the ruler: as many decimals as its step needs, hours where there are some."""
    if step_s >= 1.0:
        hours, rest = divmod(round(abs(time_s)), 3600)
        sign = "−" if time_s < 0 else ""
        minutes, seconds = divmod(rest, 60)
        return f"{sign}{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{sign}{minutes}:{seconds:02d}"
    decimals = max(0, -int(np.floor(np.log10(step_s) + 1e-9)))
    return f"{time_s:.{decimals}f}".replace("-", "−")


def tooltip(row: Row, a: Annotation) -> str:
    """What a label is, in words."""
    found = row.track.tier.by_id(a.label)
    lines = [
        f"{found.name if found else 'a class that is gone'} on {row.track.tier.name}",
        clock_text(a.start_s) if a.duration_s == 0 else
        f"{clock_text(a.start_s)} – {clock_text(a.end_s)} ({a.duration_s:.2f} s)",
    ]  # fmt: skip
    who = a.author + (" (model)" if a.source == "model" else "")
    if who.strip():
        lines.append(f"by {who.strip()}" + (f", confidence {a.confidence:.2f}" if a.confidence is not None else ""))
    return "\n".join([*lines, *([a.note] if a.note else [])])
