"""Windows in two dimensions with lines between their modalities, and curves of numbers over epochs; painted by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import named

if TYPE_CHECKING:
    from m3n_studio.learning.epoch_snapshots import Movement

_NEAR_PX, _DOT_PX = 14.0, 3.2


def modality_color(theme: Theme, modalities: Sequence[str], name: str) -> str:
    """Text and pose have colours of their own, placements theirs in order."""
    fixed = {"text": theme.difference, "pose": theme.axis_y}
    worn = [m for m in modalities if m not in fixed]
    return fixed.get(name) or (theme.simulated, theme.real, theme.axis_x, theme.muted)[worn.index(name) % 4]


def line_colors(theme: Theme) -> tuple[str, ...]:
    """Colours of curves."""
    return (theme.simulated, theme.real, theme.difference, theme.axis_y, theme.axis_x, theme.text)


class MovementView(QWidget):
    """The windows after one epoch.

    Signals
    -------
    hovered : int
        The window pointed at; -1: none.
    """

    hovered = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        named(self, accessible="Windows in two dimensions")
        self.theme = theme
        self.movement: Movement | None = None
        self.at, self.window_at = 0, -1
        self._low, self._high = np.zeros(2), np.ones(2)
        self.setMouseTracking(True)
        self.setMinimumSize(180, 110)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Low: it takes what room there is."""
        return QSize(380, 170)

    def set_movement(self, movement: Movement | None) -> None:
        """Show another run."""
        self.movement = movement
        if movement is not None:
            known = movement.points[:, movement.there]
            self._low, self._high = known.min(axis=(0, 1)), known.max(axis=(0, 1))
            self.at = min(self.at, len(movement.epochs) - 1)
        self.update()

    def set_at(self, at: int) -> None:
        """Show the epoch of that number."""
        self.at = at
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.theme = theme
        self.update()

    def places(self) -> NDArray[np.float64]:
        """Where the points of this epoch are (M, N, 2), px; one scale for both axes."""
        if self.movement is None:
            return np.zeros((0, 0, 2))
        line = self.fontMetrics().height()
        room = np.array([max(self.width() - 24.0, 10.0), max(self.height() - line - 30.0, 10.0)])
        extent = np.maximum(self._high - self._low, 1e-6)
        scale = float((room / extent).min())
        middle = np.array([self.width() / 2, line + 10.0 + room[1] / 2])
        around = (self._low + self._high) / 2
        return np.asarray(middle + (self.movement.points[self.at] - around) * scale * np.array([1.0, -1.0]))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Lines, points, legend."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.theme.window))
        painter.drawRoundedRect(QRectF(self.rect()), 6, 6)
        m = self.movement
        if m is None:
            return
        places = self.places()
        faint = QColor(self.theme.muted)
        faint.setAlphaF(0.28)
        self._lines(painter, places, range(places.shape[1]), QPen(faint, 1))
        for k, name in enumerate(m.modalities):
            color = QColor(modality_color(self.theme, m.modalities, name))
            painter.setPen(Qt.PenStyle.NoPen)
            color.setAlphaF(0.85)
            painter.setBrush(color)
            for x, y in places[k, m.there[k]].tolist():
                _mark(painter, name, x, y, _DOT_PX)
        n = self.window_at
        if 0 <= n < places.shape[1]:
            self._lines(painter, places, [self.window_at], QPen(QColor(self.theme.cursor), 1.6))
            for k, name in enumerate(m.modalities):
                if m.there[k, self.window_at]:
                    painter.setPen(QPen(QColor(self.theme.cursor), 1.4))
                    painter.setBrush(QColor(modality_color(self.theme, m.modalities, name)))
                    _mark(painter, name, float(places[k, n, 0]), float(places[k, n, 1]), _DOT_PX + 2)
        self._legend(painter, m.modalities)
        painter.end()

    def _lines(self, painter: QPainter, places: NDArray[np.float64], rows: Sequence[int] | range, pen: QPen) -> None:
        if self.movement is None:
            return
        painter.setPen(pen)
        lines = []
        for n in rows:
            own = places[self.movement.there[:, n], n].tolist()
            lines += [QLineF(*a, *b) for a, b in pairwise(own)]
        painter.drawLines(lines)

    def _legend(self, painter: QPainter, modalities: Sequence[str]) -> None:
        metrics, x = self.fontMetrics(), 12.0
        for name in modalities:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(modality_color(self.theme, modalities, name)))
            _mark(painter, name, x, 8 + metrics.height() / 2, 4.0)
            words = name.replace("_", " ")
            painter.setPen(QColor(self.theme.muted))
            wide = metrics.horizontalAdvance(words)
            painter.drawText(QRectF(x + 9, 8, wide + 2, metrics.height()), Qt.AlignmentFlag.AlignLeft, words)
            x += wide + 28

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Point at the nearest window."""
        if self.movement is None:
            return
        here = event.position()
        far = np.hypot(*np.moveaxis(self.places() - np.array([here.x(), here.y()]), -1, 0))
        far[~self.movement.there] = np.inf
        _, n = np.unravel_index(int(far.argmin()), far.shape)
        self._point(int(n) if far.min() <= _NEAR_PX else -1)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """At none."""
        self._point(-1)

    def _point(self, n: int) -> None:
        if n != self.window_at:
            self.window_at = n
            self.hovered.emit(n)
            self.update()


def _mark(painter: QPainter, name: str, x: float, y: float, r: float) -> None:
    """Text is a square, pose a triangle, a placement a dot."""
    if name == "text":
        painter.drawRect(QRectF(x - r, y - r, 2 * r, 2 * r))
    elif name == "pose":
        painter.drawPolygon(
            QPolygonF([QPointF(x, y - 1.3 * r), QPointF(x + 1.2 * r, y + r), QPointF(x - 1.2 * r, y + r)])
        )
    else:
        painter.drawEllipse(QPointF(x, y), r, r)


@dataclass(frozen=True)
class Curve:
    """A number over epochs.

    Attributes
    ----------
    name : str
    values : tuple of float
        NaN where it is not known.
    note : str
        Behind the value in the legend, as what chance gives.
    """

    name: str
    values: tuple[float, ...]
    note: str = ""


def curves(numbers: Sequence[Mapping[str, float]], what: str) -> list[Curve]:
    """Every number called ``<of>/<what>`` over epochs."""
    names = list(dict.fromkeys(k for n in numbers for k in n if k.endswith(f"/{what}")))
    out = []
    for name in names:
        values = tuple(float(n.get(name, np.nan)) for n in numbers)
        chance = numbers[-1].get(f"{name}_chance") if numbers else None
        note = "" if chance is None else f" (chance {100 * chance:.0f} %)"
        out.append(Curve(name.rpartition("/")[0].replace("_", " ").replace("-", " – "), values, note))
    return out


class CurvesView(QWidget):
    """Curves over epochs, with names and values at the epoch shown.

    Signals
    -------
    went : int
        The user wants the epoch of that number in the list.
    """

    went = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        named(self, accessible="Numbers over epochs", tip="Click: that epoch")
        self.theme = theme
        self.epochs: tuple[int, ...] = ()
        self.curves: list[Curve] = []
        self.percent, self.at = False, 0
        self.setMinimumSize(180, 88)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Low and wide."""
        return QSize(380, 90)

    def set_curves(self, epochs: tuple[int, ...], shown: list[Curve], *, percent: bool) -> None:
        """Show others."""
        self.epochs, self.curves, self.percent = epochs, shown, percent
        self._describe()

    def set_at(self, at: int) -> None:
        """The epoch shown."""
        self.at = at
        self._describe()

    def _describe(self) -> None:
        said = [f"{c.name}: {self._figure(c)}" for c in self.curves]
        self.setAccessibleDescription("; ".join(said))
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.theme = theme
        self.update()

    def _figure(self, curve: Curve) -> str:
        value = curve.values[self.at] if 0 <= self.at < len(curve.values) else np.nan
        if not np.isfinite(value):
            return "–"
        text = f"{100 * value:.0f} %" if self.percent else f"{value:.2f}".replace("-", "−")
        return text + curve.note

    def _legend_px(self) -> float:
        metrics = self.fontMetrics()
        wide = max((metrics.horizontalAdvance(f"{c.name}  {self._figure(c)}") for c in self.curves), default=0) + 30.0
        return min(wide, 0.56 * self.width())

    def _box(self) -> QRectF:
        line = self.fontMetrics().height()
        return QRectF(44, 6, max(self.width() - 52.0 - self._legend_px(), 20.0), max(self.height() - line - 12.0, 20.0))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Frame, curves, legend, the epoch shown."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box, metrics = self._box(), self.fontMetrics()
        painter.fillRect(box, QColor(self.theme.plot_grid))
        known = [v for c in self.curves for v in c.values if np.isfinite(v)]
        if not known:
            return
        low, high = min(known), max(known)
        low, high = (low, high) if high - low > 1e-6 else (low - 0.5, high + 0.5)
        colors = line_colors(self.theme)
        for k, curve in enumerate(self.curves):
            painter.setPen(QPen(QColor(colors[k % len(colors)]), 1.6))
            points = [
                QPointF(self._x(box, i), box.bottom() - 3 - (v - low) / (high - low) * (box.height() - 6))
                for i, v in enumerate(curve.values) if np.isfinite(v)
            ]  # fmt: skip
            painter.drawPolyline(QPolygonF(points))
            if len(points) == 1:
                painter.drawEllipse(points[0], 2, 2)
        painter.setPen(QPen(QColor(self.theme.cursor), 1))
        x = self._x(box, self.at)
        painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()))
        self._frame(painter, box, low, high)
        self._legend(painter, box, metrics.height())
        painter.end()

    def _x(self, box: QRectF, at: int) -> float:
        return box.left() + 3 + (box.width() - 6) * at / max(len(self.epochs) - 1, 1)

    def _frame(self, painter: QPainter, box: QRectF, low: float, high: float) -> None:
        line = self.fontMetrics().height()
        painter.setPen(QColor(self.theme.muted))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for value, y in ((high, box.top()), (low, box.bottom() - line)):
            text = f"{100 * value:.0f} %" if self.percent else f"{value:.2f}".replace("-", "−")
            painter.drawText(QRectF(0, y, box.left() - 5, line), right, text)
        foot = QRectF(box.left(), box.bottom() + 2, box.width(), line)
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, f"epoch {self.epochs[0]}")
        if len(self.epochs) > 1:
            painter.drawText(foot, Qt.AlignmentFlag.AlignRight, f"{self.epochs[-1]}")

    def _legend(self, painter: QPainter, box: QRectF, line: int) -> None:
        metrics, colors, left = self.fontMetrics(), line_colors(self.theme), box.right() + 10
        step = min(line + 3.0, (self.height() - 6.0) / max(len(self.curves), 1))
        for k, curve in enumerate(self.curves):
            y = box.top() + k * step
            painter.setPen(QPen(QColor(colors[k % len(colors)]), 2.4))
            painter.drawLine(QPointF(left, y + line / 2), QPointF(left + 11, y + line / 2))
            figure = self._figure(curve)
            room = self.width() - left - 20
            name = metrics.elidedText(curve.name, Qt.TextElideMode.ElideRight,
                                      round(room - metrics.horizontalAdvance(figure) - 8))  # fmt: skip
            where = QRectF(left + 16, y, room, line)
            painter.setPen(QColor(self.theme.muted))
            painter.drawText(where, Qt.AlignmentFlag.AlignLeft, name)
            painter.setPen(QColor(self.theme.text))
            painter.drawText(where, Qt.AlignmentFlag.AlignRight, figure)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Go to the nearest epoch."""
        box = self._box()
        if self.epochs and event.button() == Qt.MouseButton.LeftButton and event.position().x() <= box.right() + 6:
            share = (event.position().x() - box.left() - 3) / max(box.width() - 6, 1.0)
            self.went.emit(min(max(round(share * (len(self.epochs) - 1)), 0), len(self.epochs) - 1))
