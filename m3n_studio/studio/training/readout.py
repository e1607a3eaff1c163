"""The little table beside the cursor of a plot: a row a line, training and validation side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.training.curve_data import Line
from m3n_studio.studio.training.plot_marks import line_color, short

_MOST_NOTES, _TOP = 3, 6.0
_MIDDLE = Qt.AlignmentFlag.AlignVCenter
_LEFT, _RIGHT = _MIDDLE | Qt.AlignmentFlag.AlignLeft, _MIDDLE | Qt.AlignmentFlag.AlignRight


@dataclass(frozen=True)
class Row:
    """A line under the cursor: its number of a colour, name and values as words."""

    color: int
    name: str
    values: tuple[str, ...]


def rows_of(found: Sequence[tuple[Line, float, float]], both: bool) -> list[Row]:
    """Values under a cursor, (line, x, y), by the name of the line; `both`: training, then validation."""
    if not both:
        return [Row(line.color, line.key, (short(y),)) for line, _, y in found]
    by_key: dict[str, dict[bool, float]] = {}
    colors: dict[str, int] = {}
    for line, _, y in found:
        by_key.setdefault(line.key, {})[line.dashed] = y
        colors[line.key] = line.color
    return [
        Row(colors[key], key, tuple(short(y[dashed]) if dashed in y else "–" for dashed in (True, False)))
        for key, y in by_key.items()
    ]


def draw(
    painter: QPainter, theme: Theme, room: QRectF, x: float, rows: Sequence[Row], head: str, notes: Sequence[str]
) -> None:
    """Paint it beside x, px, within the room."""
    metrics = painter.fontMetrics()
    line = metrics.height() + 1
    lines = max(int((room.height() - _TOP - 14) / line) - 1, 2)
    notes = list(notes[:_MOST_NOTES])
    most = lines - len(notes) - (len(rows) + len(notes) > lines)
    if len(rows) > most > 0:
        notes.append(f"and {len(rows) - most} more")
        rows = rows[:most]
    titles = ("train", "valid.") if len(rows[0].values) == 2 else ("",)
    columns = [
        max(metrics.horizontalAdvance(w) for w in (title, *(r.values[i] for r in rows))) + 10
        for i, title in enumerate(titles)
    ]
    names = max(metrics.horizontalAdvance(w) for w in (head, *(r.name for r in rows))) + 18
    wide = max(names + sum(columns) + 20, *(metrics.horizontalAdvance(n) + 20 for n in ("", *notes)))
    right, left = min(x + 12, room.right() - wide - 2), max(x - 12 - wide, 2.0)
    left = right if right >= x + 12 or right - x > x - left - wide else left
    box = QRectF(left, _TOP, min(wide, room.width() - 4), line * (len(rows) + 1 + len(notes)) + 12)
    painter.setPen(QColor(theme.border))
    painter.setBrush(QColor(theme.raised))
    painter.drawRoundedRect(box, 6, 6)
    at = QRectF(box.left() + 10, box.top() + 6, box.width() - 20, line)
    painter.setPen(QColor(theme.muted))
    painter.drawText(at, _LEFT, head)
    _values(painter, at, titles, columns)
    for row in rows:
        at.translate(0, line)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(line_color(theme, row.color)))
        painter.drawEllipse(QPointF(at.left() + 4, at.center().y()), 3.5, 3.5)
        painter.setPen(QColor(theme.text))
        painter.drawText(at.adjusted(16, 0, 0, 0), _LEFT, row.name)
        _values(painter, at, row.values, columns)
    painter.setPen(QColor(theme.difference))
    for note in notes:
        at.translate(0, line)
        painter.drawText(at, _LEFT, note)


def _values(painter: QPainter, at: QRectF, words: Sequence[str], columns: Sequence[float]) -> None:
    right = at.right()
    for word, wide in zip(reversed(words), reversed(columns), strict=True):
        painter.drawText(QRectF(right - wide, at.top(), wide, at.height()), _RIGHT, word)
        right -= wide
