"""Painting of the label strip: rows of boxes, each under its name, a ruler. Knows geometry, no mouse.

Everything that only changes with labels, view or theme is painted once into a picture; what moves
with the clock (cursor, the label being made) is painted over it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter, QPen

from m3n_studio.annotation.model import Annotation
from m3n_studio.studio.core.timecode import clock_text
from m3n_studio.studio.labels.label_layout import NARROW_PX, Row
from m3n_studio.studio.look.theme import Theme, contrast

RULER_PX = 20
LANE_PX = 26
EXTRA_LANE_PX = 18
GAP_PX = 4
NAME_PX = 17
EDGE_PX = 8
_TEXT_ROOM_PX = 22


@dataclass(frozen=True)
class Margins:
    """What of a strip is not time: left and right of it, px, and whether times are written along the top."""

    left: float = EDGE_PX
    right: float = EDGE_PX
    ruler: bool = True


@dataclass(frozen=True)
class Geometry:
    """Where rows and times are in a strip of a size.

    Attributes
    ----------
    width, height : float, px
    view : (from, to), s
    tops, lane_heights : tuple of float, px
        Of each row; its name is above.
    margins : Margins
    """

    width: float
    height: float
    view: tuple[float, float]
    tops: tuple[float, ...]
    lane_heights: tuple[float, ...]
    margins: Margins = Margins()

    @staticmethod
    def of(
        rows: Sequence[Row], view: tuple[float, float], width: float, height: float, margins: Margins = Margins()
    ) -> Geometry:  # fmt: skip
        """Rows below each other, as high as their lanes need."""
        tops, heights, y = [], [], float(RULER_PX if margins.ruler else 0)
        for row in rows:
            lane = LANE_PX if row.lane_count == 1 else EXTRA_LANE_PX
            y += NAME_PX
            tops.append(y)
            heights.append(float(lane))
            y += lane * row.lane_count + GAP_PX
        return Geometry(width, height, view, tuple(tops), tuple(heights), margins)

    @property
    def left(self) -> float:
        """Where time begins, px."""
        return self.margins.left

    @property
    def right(self) -> float:
        """Where time ends, px."""
        return self.left + self.plot_width

    @property
    def top(self) -> float:
        """Where what is below the ruler begins, px."""
        return float(RULER_PX if self.margins.ruler else 0)

    @property
    def plot_width(self) -> float:
        """Pixels the time in view has."""
        return max(self.width - self.margins.left - self.margins.right, 1.0)

    def x_of(self, time_s: float) -> float:
        """Where a time is, px."""
        low, high = self.view
        return self.left + (time_s - low) / max(high - low, 1e-12) * self.plot_width

    def time_of(self, x: float) -> float:
        """The time at a place, s."""
        low, high = self.view
        return low + (x - self.left) / self.plot_width * (high - low)

    def row_at(self, y: float, rows: Sequence[Row]) -> tuple[int, int] | None:
        """Which row and which lane of it a height is in."""
        for i, row in enumerate(rows):
            lane = int((y - self.tops[i]) // self.lane_heights[i])
            if 0 <= lane < row.lane_count:
                return i, lane
        return None

    def name_at(self, y: float) -> int | None:
        """The row whose name is at a height."""
        return next((i for i, top in enumerate(self.tops) if top - NAME_PX <= y < top), None)

    def needed_height(self, rows: Sequence[Row]) -> float:
        """Pixels all rows need."""
        if not rows:
            return self.top + NAME_PX + LANE_PX
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
        self.small = QFont(font)
        self.small.setPointSizeF(max(font.pointSizeF() - 1.0, 7.0))
        self.small_metrics = QFontMetrics(self.small)

    def ruler(self, painter: QPainter, geometry: Geometry) -> None:
        """Lines at round times, and the times along the top where they are wanted."""
        times, step = steps_of(geometry.view, geometry.plot_width)
        for time_s in times:
            x = round(geometry.x_of(time_s)) + 0.5
            painter.setPen(QPen(QColor(self.theme.plot_grid), 1))
            painter.drawLine(QPointF(x, max(geometry.top - 4, 0)), QPointF(x, geometry.height))
            if not geometry.margins.ruler:
                continue
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
        painter.drawRoundedRect(QRectF(geometry.left, geometry.tops[number], geometry.plot_width, height), 4, 4)

    def row(
        self, painter: QPainter, geometry: Geometry, number: int, row: Row, *, active: bool, selected: Collection[str]
    ) -> None:
        """One tier: its boxes and its name."""
        top, lane_px = geometry.tops[number], geometry.lane_heights[number]
        height = lane_px * row.lane_count
        painter.save()
        painter.setClipRect(QRectF(geometry.left, top, geometry.plot_width, height))
        self._boxes(painter, geometry, number, row, selected)
        painter.restore()
        self._name(painter, QRectF(geometry.left, top - NAME_PX, geometry.plot_width, NAME_PX), row, active)

    def _name(self, painter: QPainter, room: QRectF, row: Row, active: bool) -> None:
        """The tier's name above its boxes, with a mark where the keys write on it."""
        words = self.small_metrics.elidedText(row.track.tier.name, Qt.TextElideMode.ElideRight, int(room.width() - 12))
        width = self.small_metrics.horizontalAdvance(words) + (14 if active else 6)
        painter.fillRect(QRectF(room.left(), room.top() + 1, width, room.height() - 2), QColor(self.theme.panel))
        if active:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self.theme.accent))
            painter.drawRoundedRect(QRectF(room.left() + 1, room.top() + 3, 3, room.height() - 6), 1.5, 1.5)
        painter.setFont(self.small)
        painter.setPen(QColor(self.theme.text if active else self.theme.muted))
        place = room.adjusted(8 if active else 1, 0, 0, 0)
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)
        painter.setFont(self.font)

    def _boxes(
        self, painter: QPainter, geometry: Geometry, number: int, row: Row, selected: Collection[str]
    ) -> None:  # fmt: skip
        boxes = row.boxes(*geometry.view, geometry.plot_width)
        narrow = boxes.right - boxes.left < NARROW_PX
        self._bars(painter, geometry, number, row, boxes.index[narrow], boxes.left[narrow], boxes.lane[narrow])
        for i in np.flatnonzero(~narrow):
            a = row.annotations[boxes.index[i]]
            left = max(float(boxes.left[i]), -8.0) + geometry.left
            right = min(float(boxes.right[i]), geometry.plot_width + 8.0) + geometry.left
            box = self._box_of(geometry, number, int(boxes.lane[i]), left, right)
            self.box(painter, box, row, a, selected=a.id in selected, left=geometry.left)
        if selected:
            for i in np.flatnonzero(narrow):
                if row.annotations[boxes.index[i]].id in selected:
                    box = self._box_of(geometry, number, int(boxes.lane[i]), boxes.left[i] + geometry.left - 2,
                                       boxes.left[i] + geometry.left + 3)  # fmt: skip
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
        """Labels of a pixel or two, and events: a picture one pixel high for each lane, as high as the lane."""
        width = int(geometry.plot_width)
        if not len(index) or width < 1:
            return
        places = range(-1, len(row.track.tier.classes))
        inks = np.array([QColor(self._color(row, place)).rgba() for place in places], dtype=np.uint32)
        ink, column = inks[row.colors[index] + 1], np.floor(left).astype(np.int64)
        offsets = (-1, 0, 1) if row.track.tier.kind == "event" else (0, 1)
        for number_of_lane in np.unique(lane):
            line = np.zeros(width + 2, dtype=np.uint32)  # a column too many at each end takes what reaches out
            for offset in offsets:
                mine = lane == number_of_lane
                line[np.clip(column[mine] + offset + 1, 0, width + 1)] = ink[mine]
            line = np.ascontiguousarray(line[1:-1])
            picture = QImage(line.data, width, 1, 4 * width, QImage.Format.Format_ARGB32)
            painter.drawImage(
                self._box_of(geometry, number, int(number_of_lane), geometry.left, geometry.left + width), picture
            )

    def _color(self, row: Row, place: int) -> str:
        return row.track.tier.classes[place].color if place >= 0 else self.theme.muted

    def box(self, painter: QPainter, box: QRectF, row: Row, a: Annotation, *, selected: bool, left: float) -> None:
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
            room.setLeft(min(max(room.left(), left + 6.0), room.right()))
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
