"""A lane of the traces: one component of one quantity of one sensor, with all lines drawn in it.

Curves stay; another shape only gives them other points. What is drawn is worked out for the
stretch of time in view, samples or peaks (:meth:`Line.drawn`), so the length of a recording does not matter.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor

from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.traces.measuring import Figures, figures
from m3n_studio.studio.traces.trace_data import Line, Quantity, value_range
from m3n_studio.studio.traces.trace_items import GridItem, LaneAxis, Readout, SpanItem, TimeViewBox
from m3n_studio.studio.traces.tracks import KINDS, Bands

SHORT = {"x": "x", "y": "y", "z": "z", "magnitude": "norm"}
READ_ORDER = ("simulated", "real", "ghost", "difference")


def kind_color(theme: Theme, kind: str) -> str:
    """The colour a kind of line is drawn in."""
    colors = {"simulated": theme.simulated, "real": theme.real, "ghost": theme.muted, "difference": theme.difference}
    return colors[kind]


def number(value: float) -> str:
    """A value with its sign, two decimals; a dash for none."""
    return "–" if value != value else f"{value:+.2f}".replace("-0.00", "+0.00").replace("-", "−")


class Lane:
    """One strip: its plot, cursor and readout, and the lines in it by kind."""

    def __init__(self, quantity: Quantity, component: str, theme: Theme, *, sensor: int, last: bool) -> None:
        self.quantity, self.component, self.sensor = quantity, component, sensor
        self.lines: dict[str, Line] = {}
        self.bands: Bands | None = None
        self.bucket = 1
        self.scaled = False
        self._shifted: Line | None = None
        self._drawn: dict[str, tuple[Line, float, float, int, int]] = {}
        self._bands_drawn: tuple[object, ...] = ()
        self._theme = theme
        self.view = TimeViewBox()
        axes = {
            "left": LaneAxis("left", color=theme.border, text=theme.muted),
            "bottom": LaneAxis("bottom", color=theme.border, text=theme.muted, values=last),
        }
        self.plot = pg.PlotItem(viewBox=self.view, axisItems=axes)
        self.plot.hideButtons()
        self.grid = GridItem(theme.plot_grid)
        self.plot.addItem(self.grid, ignoreBounds=True)
        self.view.disableAutoRange()
        if last:
            axes["bottom"].setHeight(22)
            axes["bottom"].set_unit("s")
        else:
            self.plot.hideAxis("bottom")
        self.spans = SpanItem(theme.gap)
        self.range = SpanItem(theme.accent, opacity=0.16, edges=True)
        for item in (self.spans, self.range):
            self.plot.addItem(item, ignoreBounds=True)
        self._fills: list[pg.PlotCurveItem] = []
        self._fill_shape = (0, 0)
        self.curves = {kind: self._curve(kind, z) for z, kind in enumerate(KINDS)}
        self.cursor = pg.InfiniteLine(angle=90, pen=pg.mkPen(theme.cursor))
        self.cursor.setZValue(40)
        self.plot.addItem(self.cursor, ignoreBounds=True)
        self.readout = Readout(self.view, name=SHORT[component], muted=theme.muted, background=theme.panel)

    def _curve(self, kind: str, z: float) -> pg.PlotCurveItem:
        curve = pg.PlotCurveItem(pen=pg.mkPen(kind_color(self._theme, kind)), connect="finite", name=kind)
        curve.setZValue(z)
        return curve

    @property
    def y_range(self) -> tuple[float, float]:
        """Lowest and highest value shown."""
        low, high = self.view.viewRange()[1]
        return float(low), float(high)

    def wanted_range(self) -> tuple[float, float]:
        """Lowest and highest value to show, to see all of the lines."""
        lines = [*self.lines.values()]
        if self.bands is not None:
            lines += [self.bands.lines[0], self.bands.lines[-1]]
        return value_range(tuple(lines), self.quantity.least_span)

    def set_lines(self, lines: Mapping[str, Line], bands: Bands | None, spans: tuple[tuple[float, float], ...]) -> None:
        """Other lines in the same strip; drawn with the next :meth:`draw`."""
        self.lines, self.bands = dict(lines), bands
        self.spans.set_spans(spans)
        for kind, curve in self.curves.items():
            there = curve in self.plot.curves
            if kind in self.lines and not there:
                self.plot.addItem(curve, ignoreBounds=True)
            elif kind not in self.lines and there:
                self.plot.removeItem(curve)

    def set_y_range(self, low: float, high: float) -> None:
        """Show these values."""
        self.scaled = True
        self.view.setYRange(low, high, padding=0)

    def time_marks(self) -> list[float]:
        """Where the time axis has its numbers, s; asked of the last lane."""
        return self.plot.getAxis("bottom").marks(self.view.width())

    def draw_grid(self, times_s: list[float]) -> None:
        """Grid lines at these times and at the marks of the values."""
        self.grid.set_marks(times_s, self.plot.getAxis("left").marks(self.view.height()))

    def draw(self, low_s: float, high_s: float, pixels: int) -> None:
        """Give the curves the points of the time in view."""
        self.bucket = 1
        for kind, line in self.lines.items():
            before = self._drawn.get(kind)
            if before is not None and before[0] is line and before[1:4] == (low_s, high_s, pixels):
                self.bucket = max(self.bucket, before[4])
                continue
            drawn = line.drawn(low_s, high_s, pixels)
            self._drawn[kind] = line, low_s, high_s, pixels, drawn.size
            self.bucket = max(self.bucket, drawn.size)
            broken = bool(np.isnan(drawn.values).any())
            self.curves[kind].setData(
                drawn.time_s, drawn.values, connect="finite" if broken else "all", skipFiniteCheck=True
            )
        self._draw_bands(low_s, high_s, pixels)

    def _draw_bands(self, low_s: float, high_s: float, pixels: int) -> None:
        wanted = (self.bands, low_s, high_s, pixels)
        if wanted == self._bands_drawn:
            return
        self._bands_drawn = wanted
        pairs = 0 if self.bands is None else len(self.bands.levels) // 2
        middle = 0 if self.bands is None else len(self.bands.levels) % 2
        if (pairs, middle) != self._fill_shape:
            self._fill_shape = (pairs, middle)
            for fill in self._fills:
                self.plot.removeItem(fill)
            self._fills = [pg.PlotCurveItem(pen=None) for _ in range(pairs + middle)]
            for fill in self._fills:
                fill.setZValue(-5)
                self.plot.addItem(fill, ignoreBounds=True)
        if self.bands is None:
            return
        lines = self.bands.lines
        for i in range(pairs):
            low = lines[i].drawn(low_s, high_s, pixels)
            high = lines[-1 - i].drawn(low_s, high_s, pixels)
            lows, highs = (low.values[::2], high.values[1::2]) if low.size > 1 else (low.values, high.values)
            times = low.time_s[::2] if low.size > 1 else low.time_s
            known = np.isfinite(lows) & np.isfinite(highs)
            times, lows, highs = times[known], lows[known], highs[known]
            color = QColor(self._theme.simulated)
            color.setAlphaF(0.16)
            self._fills[i].setData(
                np.concatenate([times, times[::-1]]), np.concatenate([lows, highs[::-1]]), fillLevel="enclosed",
                brush=color,
            )  # fmt: skip
        if middle:
            median = lines[pairs].drawn(low_s, high_s, pixels)
            pen = pg.mkPen(self._theme.simulated, style=pg.QtCore.Qt.PenStyle.DashLine)
            self._fills[-1].setData(median.time_s, median.values, pen=pen, connect="finite")

    @property
    def real_drawn(self) -> Line | None:
        """The recording that the present shift was made for."""
        return self._shifted

    def shift_real(self, delta_s: float) -> None:
        """Draw the recording so much later than it is, s, until another one comes."""
        self._shifted = self.lines.get("real")
        self.curves["real"].setPos(delta_s, 0.0)

    def read(self, time_s: float) -> None:
        """Put the cursor at a time and tell the values there."""
        self.cursor.setPos(time_s)
        self.readout.set_parts(
            tuple((number(self.lines[k].value_at(time_s)), kind_color(self._theme, k)) for k in READ_ORDER
                  if k in self.lines)
        )  # fmt: skip

    def figures(self, from_s: float, to_s: float) -> dict[str, Figures]:
        """Figures of every line between two times, by kind."""
        return {kind: figures(self.lines[kind], from_s, to_s) for kind in READ_ORDER if kind in self.lines}

    def nearest_kind(self, time_s: float, value: float) -> str:
        """Which of simulated and real is nearer to a point; empty where there is neither."""
        away = {}
        for kind in ("simulated", "real"):
            if kind in self.lines:
                there = self.lines[kind].value_at(time_s)
                away[kind] = abs(there - value) if there == there else float("inf")
        return min(away, key=lambda kind: away[kind]) if away else ""
