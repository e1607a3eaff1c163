"""Curves of runs, painted by hand: decimated to the pixels there are, kept as a picture; what is under a cursor."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QImage,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import named
from m3n_studio.studio.training import readout
from m3n_studio.studio.training.curve_data import Curves, Line, Mark, decimate, envelope
from m3n_studio.studio.training.plot_marks import line_color, log_ticks, mixed, short, ticks

_TOP, _RIGHT, _BELOW = 12, 14, 36


class CurvePicture(QWidget):
    """Lines over epochs or steps, and what they are at the cursor."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        named(self, accessible="Curves of the run")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.theme = theme
        self.curves, self.x_title, self.y_title = Curves(), "epoch", ""
        self.hidden: frozenset[str] = frozenset()
        self.log_y = False
        self.view: tuple[float, float] | None = None
        self.reading: float | None = None
        self._picture: QPixmap | None = None

    def sizeHint(self) -> QSize:  # noqa: N802
        """Wide rather than high."""
        return QSize(420, 240)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """As small as makes sense."""
        return QSize(180, 84)

    def set_curves(self, curves: Curves, x_title: str, y_title: str) -> None:
        """Show other lines; the stretch zoomed to stays where x is still the same thing."""
        if x_title != self.x_title:
            self.view = self.reading = None
        self.curves, self.x_title, self.y_title = curves, x_title, y_title
        self._fresh()

    def set_hidden(self, keys: Collection[str]) -> None:
        """Leave lines of these keys out."""
        self.hidden = frozenset(keys)
        self._fresh()

    def set_log(self, on: bool) -> None:
        """Logarithmic values."""
        self.log_y = on
        self._fresh()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.theme = theme
        self._fresh()

    def _fresh(self) -> None:
        self._picture = None
        self.setAccessibleDescription(self.words_at(self.reading) if self.reading is not None else "")
        self.update()

    # ------------------------------------------------------------------ where things are

    @property
    def shown(self) -> list[Line]:
        """The lines that are not hidden."""
        return [line for line in self.curves.lines if line.key not in self.hidden]

    @property
    def span(self) -> tuple[float, float]:
        """First and last x there are."""
        lines = self.shown
        if not lines:
            return 0.0, 1.0
        low, high = min(float(x.x[0]) for x in lines), max(float(x.x[-1]) for x in lines)
        return (low, high) if high > low else (low - 0.5, high + 0.5)

    def _heights(self, span: tuple[float, float]) -> tuple[float, float]:
        """Lowest and highest value in view, as they are painted."""
        low, high = math.inf, -math.inf
        for line in self.shown:
            first, last = np.searchsorted(line.x, span[0]), np.searchsorted(line.x, span[1], side="right")
            y = self._painted(line.y[first:last])
            y = y[np.isfinite(y)]
            if len(y):
                low, high = min(low, float(y.min())), max(high, float(y.max()))
        if low > high:
            return 0.0, 1.0
        if not self.log_y and 0 < low < 0.3 * high:
            low = 0.0
        room = 0.06 * (high - low) or max(abs(high) * 0.1, 1e-6)
        return low - (room if low else 0.0), high + room

    def _painted(self, y: np.ndarray) -> np.ndarray:
        if not self.log_y:
            return y
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(y > 0, np.log10(np.where(y > 0, y, 1.0)), np.nan)

    def _box(self, heights: tuple[float, float]) -> QRectF:
        words = [self._y_words(t) for t in self._y_ticks(heights)]
        left = max((self.fontMetrics().horizontalAdvance(w) for w in words), default=20) + 12
        return QRectF(left, _TOP, max(self.width() - left - _RIGHT, 10), max(self.height() - _TOP - _BELOW, 10))

    def _y_ticks(self, heights: tuple[float, float]) -> list[float]:
        most = max(int((self.height() - _TOP - _BELOW) / 34), 2)
        return log_ticks(*heights, most) if self.log_y else ticks(*heights, most)

    def _y_words(self, tick: float) -> str:
        return short(10.0**tick if self.log_y else tick)

    # ------------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The picture of the curves, then what is under the cursor."""
        painter = QPainter(self)
        if self._picture is None:
            self._picture = self._draw()
        painter.drawPixmap(0, 0, self._picture)
        if self.reading is not None and self.shown:
            self._draw_cursor(painter)
        if self.hasFocus():
            painter.setPen(QPen(QColor(self.theme.accent), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)

    def _draw(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(QColor(self.theme.panel))
        painter = QPainter(picture)
        painter.setFont(self.font())
        self._span = self.view or self.span
        self._ys = self._heights(self._span)
        self._room = self._box(self._ys)
        self._draw_axes(painter)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(self._room.adjusted(-1, -1, 1, 1))
        for line in sorted(self.shown, key=lambda x: not x.faint):
            self._draw_line(painter, line)
        self._draw_marks(painter)
        painter.end()
        return picture

    def _at(self, x: float, y: float) -> QPointF:
        box, (x0, x1), (y0, y1) = self._room, self._span, self._ys
        return QPointF(
            box.left() + (x - x0) / (x1 - x0) * box.width(), box.bottom() - (y - y0) / (y1 - y0) * box.height()
        )

    def _draw_axes(self, painter: QPainter) -> None:
        theme, box, line = self.theme, self._room, self.fontMetrics().height()
        muted, grid = QColor(theme.muted), QColor(theme.plot_grid)
        for tick in self._y_ticks(self._ys):
            y = round(self._at(self._span[0], tick).y()) + 0.5
            painter.setPen(grid)
            painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
            painter.setPen(muted)
            painter.drawText(
                QRectF(0, y - line / 2, box.left() - 6, line),
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._y_words(tick),
            )  # fmt: skip
        for tick in ticks(*self._span, max(int(box.width() / 70), 2)):
            if tick != round(tick):
                continue
            x = round(self._at(tick, self._ys[0]).x()) + 0.5
            painter.setPen(grid)
            painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()))
            painter.setPen(muted)
            words = short(tick)
            wide = self.fontMetrics().horizontalAdvance(words) + 2
            left = min(x - wide / 2, self.width() - wide - 1)
            painter.drawText(QRectF(left, box.bottom() + 3, wide, line), Qt.AlignmentFlag.AlignHCenter, words)
        painter.setPen(muted)
        foot = QRectF(box.left(), box.bottom() + line + 2, box.width(), line)
        painter.drawText(foot, Qt.AlignmentFlag.AlignRight, self.x_title)
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, self.y_title)

    def _pen(self, line: Line) -> QPen:
        color = line_color(self.theme, line.color)
        quiet = line.dashed and self.curves.both
        if line.faint or quiet:
            color = mixed(self.theme.panel, color, 0.34 if line.faint else 0.75)
        pen = QPen(QColor(color), 1.0 if line.faint else 1.2 if quiet else 2.0)
        pen.setCosmetic(True)
        if quiet and not line.faint and len(line.x) < 400:
            pen.setDashPattern([5.0, 3.0])
        return pen

    def _draw_line(self, painter: QPainter, line: Line) -> None:
        if self._draw_dense(painter, line):
            return
        x, y = decimate(line.x, line.y, *self._span, max(int(self._room.width()), 1))
        y = self._painted(y)
        box, (x0, x1), (y0, y1) = self._room, self._span, self._ys
        px = box.left() + (x - x0) / (x1 - x0) * box.width()
        py = box.bottom() - (y - y0) / (y1 - y0) * box.height()
        pen = self._pen(line)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if len(px) == 1:
            painter.setPen(QPen(pen.color(), 6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.drawPoint(QPointF(px[0], py[0]))
            return
        painter.setPen(pen)
        if np.isfinite(py).all():
            painter.drawPolyline(_polygon(px, py))
        else:
            painter.drawPath(pg.functions.arrayToQPath(px, py, connect="finite"))

    def _draw_dense(self, painter: QPainter, line: Line) -> bool:
        """Fill, column by column, what a line with many points to a pixel covers; False where it has few."""
        wide, high = int(self._room.width()), int(self._room.height())
        found = envelope(line.x, line.y, *self._span, wide)
        if found is None:
            return False
        columns, low, top, mean = found
        first, last = self._ys
        scale = (high - 1) / (last - first)
        lower, upper, middle = (
            np.clip(np.nan_to_num((last - self._painted(v)) * scale, nan=high), -1, high) for v in (low, top, mean)
        )
        upper[1:], lower[1:] = np.minimum(upper[1:], lower[:-1]), np.maximum(lower[1:], upper[:-1])
        rows = np.arange(high, dtype=np.float32)[:, None]
        inside = (rows >= np.floor(upper).astype(np.float32)) & (rows <= np.ceil(lower).astype(np.float32))
        pen = self._pen(line)
        band = QColor(mixed(self.theme.panel, pen.color().name(), 0.45))
        pixels = np.zeros((high, wide), dtype=np.uint32)
        pixels[:, columns] = inside * np.uint32(band.rgba())
        image = QImage(pixels.data, wide, high, 4 * wide, QImage.Format.Format_ARGB32_Premultiplied)
        painter.drawImage(self._room.topLeft(), image)
        painter.setPen(QPen(pen.color(), 1))
        painter.drawPolyline(_polygon(self._room.left() + columns + 0.5, self._room.top() + middle))
        return True

    def _draw_marks(self, painter: QPainter) -> None:
        box = self._room
        for mark in self.curves.marks:
            if mark.y is None:
                x = self._at(mark.x, self._ys[0]).x()
                painter.setPen(QPen(QColor(self.theme.difference), 1, Qt.PenStyle.DotLine))
                painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()))
        for mark in self.curves.marks:
            if mark.y is not None and mark.key not in self.hidden:
                y = self._painted(np.array([mark.y]))[0]
                if math.isfinite(y):
                    painter.setPen(QPen(QColor(line_color(self.theme, mark.color)), 1.6))
                    painter.setBrush(QColor(self.theme.panel))
                    painter.drawEllipse(self._at(mark.x, float(y)), 3.5, 3.5)

    # ------------------------------------------------------------------ reading

    def values_at(self, x: float) -> list[tuple[Line, float, float]]:
        """(line, x, y) of the points nearest to an x; of folds only the mean where there are several lines."""
        out = []
        for line in self.shown:
            if line.faint or not len(line.x):
                continue
            i = int(np.clip(np.searchsorted(line.x, x), 0, len(line.x) - 1))
            if i and abs(line.x[i - 1] - x) <= abs(line.x[i] - x):
                i -= 1
            out.append((line, float(line.x[i]), float(line.y[i])))
        return out

    def marks_at(self, x: float, reach: float) -> list[Mark]:
        """Marks at an x, give or take."""
        return [m for m in self.curves.marks if abs(m.x - x) <= reach and m.key not in self.hidden]

    def words_at(self, x: float) -> str:
        """What is at an x, for people who do not see it."""
        found = self.values_at(x)
        if not found:
            return ""
        values = "; ".join(f"{self._line_words(line)} {short(y)}" for line, _, y in found)
        marks = "".join(f"; {m.words}" for m in self.marks_at(x, 0.5))
        return f"{self.x_title} {short(found[0][1])}: {values}{marks}"

    def _line_words(self, line: Line) -> str:
        return line.key + (" (training)" if line.dashed and self.curves.both else "")

    def _draw_cursor(self, painter: QPainter) -> None:
        found = self.values_at(self.reading or 0.0)
        if not found:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        x = self._at(found[0][1], self._ys[0]).x()
        if not self._room.left() - 1 <= x <= self._room.right() + 1:
            return
        painter.setPen(QPen(QColor(self.theme.muted), 1))
        painter.drawLine(QPointF(x, self._room.top()), QPointF(x, self._room.bottom()))
        for line, at, y in found:
            place = self._at(at, float(self._painted(np.array([y]))[0]))
            if self._room.contains(place):
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(line_color(self.theme, line.color)))
                painter.drawEllipse(place, 3.0, 3.0)
        self._draw_readout(painter, x, found)

    def _draw_readout(self, painter: QPainter, x: float, found: list[tuple[Line, float, float]]) -> None:
        reach = 4 * (self._span[1] - self._span[0]) / max(self._room.width(), 1)
        notes = [m.words for m in self.marks_at(found[0][1], reach)]
        head = f"{self.x_title} {short(found[0][1])}"
        readout.draw(painter, self.theme, QRectF(self.rect()), x, readout.rows_of(found, self.curves.both), head, notes)


def _polygon(x: np.ndarray, y: np.ndarray) -> QPolygonF:
    """Points (N,) as Qt has them."""
    polygon: QPolygonF = pg.functions.create_qpolygonf(len(x))
    points = pg.functions.ndarray_from_qpolygonf(polygon)
    points[:, 0], points[:, 1] = x, y
    return polygon
