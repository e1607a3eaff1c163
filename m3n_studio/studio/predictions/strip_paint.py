"""Painting of predictions over time: for each model its bands, what wins, labels, doubt, and gates of its experts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen

from m3n_studio.studio.core.timecode import clock_text
from m3n_studio.studio.look.theme import Theme, contrast
from m3n_studio.studio.predictions.bands import (
    NOTHING,
    OTHER,
    Columns,
    Labels,
    band_image,
    columns_of,
    heat_image,
    row_image,
    spans_of,
)
from m3n_studio.studio.predictions.gate_rows import experts_of, gate_columns

if TYPE_CHECKING:
    from m3n_studio.learning.moments_predicted import Explained

RULER_PX, HEAD_PX, GROUP_GAP_PX = 18, 20, 8
#: Rows of a model, with their heights, px, and captions; those of the experts follow.
ROWS = (("bands", 54, "Probability"), ("best", 22, "Model"), ("labels", 12, "Labels"), ("doubt", 11, "Doubt"))
GATE_PX, GAP_PX = 12, 3
NARROW_LEFT_PX, LEFT_PX, RIGHT_PX = 40, 76, 8
_TEXT_ROOM_PX = 20


@dataclass(frozen=True, eq=False)
class Group:
    """A model as the strip shows it.

    Attributes
    ----------
    name, about : str
        Of the run; how far its prediction is.
    found : Explained or None
    labels : Labels
        Of the person's tier, in the model's classes.
    colors : tuple of str
        Of its classes.
    fold : int
        Whose gates are shown.
    """

    name: str
    about: str
    found: Explained | None
    labels: Labels
    colors: tuple[str, ...]
    fold: int


@dataclass(frozen=True)
class Row:
    """A row: what it shows, of which model (and expert), and where, px."""

    kind: str
    group: int
    top: float
    height: float
    caption: str
    expert: int = -1


@dataclass(frozen=True)
class Layout:
    """Where times and rows are.

    Attributes
    ----------
    view : (from, to), s
    left, right : float, px
        Where time begins and ends.
    ruler : bool
        Whether times are written along the top.
    rows : tuple of Row
    """

    view: tuple[float, float]
    left: float
    right: float
    ruler: bool
    rows: tuple[Row, ...]

    @property
    def width(self) -> float:
        """Pixels the time in view has."""
        return max(self.right - self.left, 1.0)

    @property
    def bottom(self) -> float:
        """Pixels all rows need."""
        return (self.rows[-1].top + self.rows[-1].height if self.rows else 0.0) + GROUP_GAP_PX

    def x_of(self, time_s: float) -> float:
        """Where a time is, px."""
        return self.left + (time_s - self.view[0]) / max(self.view[1] - self.view[0], 1e-12) * self.width

    def time_of(self, x: float) -> float:
        """The time at a place, s."""
        return self.view[0] + (x - self.left) / self.width * (self.view[1] - self.view[0])

    def row_at(self, y: float) -> Row | None:
        """The row at a height."""
        return next((r for r in self.rows if r.top <= y < r.top + r.height), None)

    def row(self, kind: str, group: int = 0) -> Row | None:
        """A row of a model."""
        return next((r for r in self.rows if (r.kind, r.group) == (kind, group)), None)


def lay_out(
    groups: Sequence[Group], view: tuple[float, float], left: float, right: float, *, ruler: bool, gates: bool
) -> Layout:  # fmt: skip
    """Groups below each other, each as high as its rows."""
    rows, y = [], float(RULER_PX if ruler else 2)
    for number, group in enumerate(groups):
        rows.append(Row("head", number, y, HEAD_PX, ""))
        y += HEAD_PX
        for kind, height, caption in ROWS:
            rows.append(Row(kind, number, y, height, caption))
            y += height + GAP_PX
        for expert in range(experts_of(group.found) if gates else 0):
            rows.append(Row("gate", number, y, GATE_PX, f"Expert {expert + 1}", expert))
            y += GATE_PX + 1
        y += GROUP_GAP_PX
    return Layout(view, left, right, ruler, tuple(rows))


def ink_on(color: str, theme: Theme) -> str:
    """A colour of text that is legible on a class's colour."""
    return _ink_on(color, theme.text, theme.panel)


@lru_cache(maxsize=4096)
def _ink_on(color: str, text: str, panel: str) -> str:
    return max((text, panel, "#000000", "#ffffff"), key=lambda c: min(contrast(c, color), 7.0))


class Brush:
    """Paints with one theme and font."""

    def __init__(self, theme: Theme, font: QFont) -> None:
        self.theme, self.font = theme, font
        self.small = QFont(font)
        self.small.setPointSizeF(max(font.pointSizeF() - 1.0, 7.0))
        self.metrics, self.bold = QFontMetrics(self.small), QFont(self.small)
        self.bold.setWeight(QFont.Weight.DemiBold)

    def paint(self, painter: QPainter, layout: Layout, groups: Sequence[Group], height: float) -> None:
        """Everything but the cursor."""
        self._ruler(painter, layout, height)
        for number, group in enumerate(groups):
            columns = columns_of(group.found, group.labels, layout.view, int(layout.width))
            for row in (r for r in layout.rows if r.group == number and r.kind != "gate"):
                getattr(self, f"_{row.kind}")(painter, layout, row, group, columns)
                self._caption(painter, layout, row)
            self._gates(painter, layout, [r for r in layout.rows if r.group == number and r.kind == "gate"], group)

    def _ruler(self, painter: QPainter, layout: Layout, height: float) -> None:
        times, step = steps_of(layout.view, layout.width)
        painter.setFont(self.small)
        for time_s in times:
            x = round(layout.x_of(time_s)) + 0.5
            painter.setPen(QPen(QColor(self.theme.plot_grid), 1))
            painter.drawLine(QPointF(x, RULER_PX - 4 if layout.ruler else 0), QPointF(x, height))
            words = clock_text(time_s)[: None if step < 1 else -4]
            room = QRectF(x + 3, 0, self.metrics.horizontalAdvance(words) + 4, RULER_PX - 3)
            if layout.ruler and room.right() < layout.right + RIGHT_PX:
                painter.setPen(QColor(self.theme.muted))
                painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)

    def _box(self, layout: Layout, row: Row) -> QRectF:
        return QRectF(layout.left, row.top, layout.width, row.height)

    def _caption(self, painter: QPainter, layout: Layout, row: Row) -> None:
        if layout.left < NARROW_LEFT_PX or not row.caption:
            return
        room = int(layout.left) - 6
        words = row.caption
        if self.metrics.horizontalAdvance(words) > room:
            words = words.replace("Expert ", "E").replace("Probability", "Prob.")
        painter.setFont(self.small)
        painter.setPen(QColor(self.theme.muted))
        high = max(row.height, self.metrics.height())
        place = QRectF(0, row.top + (row.height - high) / 2, room, high)
        words = self.metrics.elidedText(words, Qt.TextElideMode.ElideRight, room)
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, words)

    def _head(self, painter: QPainter, layout: Layout, row: Row, group: Group, _columns: Columns) -> None:
        left = 8.0 if layout.left < NARROW_LEFT_PX else layout.left
        room = layout.right - left
        painter.fillRect(QRectF(left, row.top, room, row.height), QColor(self.theme.panel))
        painter.setFont(self.bold)
        painter.setPen(QColor(self.theme.text))
        metrics = QFontMetrics(self.bold)
        name = metrics.elidedText(group.name, Qt.TextElideMode.ElideMiddle, int(room * 0.6))
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(QRectF(left, row.top, room, row.height), flags, name)
        painter.setFont(self.small)
        painter.setPen(QColor(self.theme.muted))
        used = metrics.horizontalAdvance(name) + 10
        about = self.metrics.elidedText(group.about, Qt.TextElideMode.ElideRight, int(room - used))
        painter.drawText(QRectF(left + used, row.top, room - used, row.height), flags, about)

    def _bands(self, painter: QPainter, layout: Layout, row: Row, group: Group, columns: Columns) -> None:
        painter.drawImage(self._box(layout, row),
                          band_image(columns.share, group.colors, int(row.height), self.theme.window))  # fmt: skip

    def _best(self, painter: QPainter, layout: Layout, row: Row, group: Group, columns: Columns) -> None:
        image = row_image(columns.best, group.colors, self.theme.window)
        painter.drawImage(self._box(layout, row), image)
        painter.setFont(self.small)
        names = group.found.classes if group.found is not None else ()
        for which, a, b in spans_of(columns.best):
            if which != NOTHING and b - a > _TEXT_ROOM_PX:
                box = QRectF(layout.left + a, row.top, b - a, row.height)
                painter.fillRect(QRectF(box.right() - 1, row.top, 1, row.height), QColor(self.theme.window))
                painter.setPen(QColor(ink_on(group.colors[which], self.theme)))
                words = self.metrics.elidedText(names[which], Qt.TextElideMode.ElideRight, b - a - 8)
                painter.drawText(box.adjusted(4, 0, -4, 0), Qt.AlignmentFlag.AlignVCenter, words)

    def _labels(self, painter: QPainter, layout: Layout, row: Row, group: Group, columns: Columns) -> None:
        painter.fillRect(self._box(layout, row), QColor(self.theme.window))
        for which, a, b in spans_of(columns.label):
            if which != NOTHING:
                color = self.theme.muted if which == OTHER else group.colors[which]
                painter.fillRect(QRectF(layout.left + a, row.top, b - a, row.height - 4), QColor(color))
        for wrong, a, b in spans_of(columns.disputed.astype(np.int64)):
            if wrong:
                painter.fillRect(QRectF(layout.left + a, row.top + row.height - 3, max(b - a, 2), 3),
                                 QColor(self.theme.error_text))  # fmt: skip

    def _doubt(self, painter: QPainter, layout: Layout, row: Row, _group: Group, columns: Columns) -> None:
        image = heat_image(columns.doubt[None, :], self.theme.heat, self.theme.window)
        painter.drawImage(self._box(layout, row), image)

    def _gates(self, painter: QPainter, layout: Layout, rows: Sequence[Row], group: Group) -> None:
        if not rows or group.found is None:
            return
        gates = gate_columns(group.found, group.fold, layout.view, int(layout.width))
        for row in rows:
            image = heat_image(gates[None, :, row.expert], self.theme.heat, self.theme.window)
            painter.drawImage(self._box(layout, row), image)
            self._caption(painter, layout, row)


def steps_of(view: tuple[float, float], width: float, least_px: float = 90.0) -> tuple[list[float], float]:
    """Round times in view (s) at least so many pixels apart, and their distance, s."""
    wanted = (view[1] - view[0]) * least_px / max(width, 1.0)
    ladder = [m * 10.0**e for e in range(-3, 1) for m in (1, 2, 5)]
    ladder += [10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 10800, 21600, 43200, 86400]
    step = next((s for s in ladder if s >= wanted), ladder[-1])
    return [float(t) for t in np.arange(np.ceil(view[0] / step), np.floor(view[1] / step) + 1) * step], step
