"""Acceleration and angular velocity of one sensor, simulated and real, over the clock's time.

A lane per component, all on one time axis. The view is told the time and asks the clock for
another when scrubbed; while the clock plays it turns pages rather than scrolling.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

import pyqtgraph as pg
from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from m3n_studio.recordings import signal as recorded
from m3n_studio.studio.clock import Clock
from m3n_studio.studio.contents import Contents
from m3n_studio.studio.pairing import pair
from m3n_studio.studio.theme import Theme
from m3n_studio.studio.trace_data import COMPONENTS, QUANTITIES, Line, Quantity, invalid_spans, line, page, value_range
from m3n_studio.studio.trace_items import LaneAxis, Readout, SpanItem, TimeViewBox
from m3n_studio.studio.widgets import combo, tool_button

_SHORT = {"x": "x", "y": "y", "z": "z", "magnitude": "norm"}
_DEFAULT = ("x", "y", "z")
_HINT = (
    "Click or drag to go to a time, wheel to zoom, right drag to pan, double click to see all.\n"
    "r is the correlation of simulated and real over the whole motion, after alignment."
)


@dataclass(eq=False)
class Lane:
    """One strip: its plot, cursor and readout, and the lines in it by kind."""

    quantity: Quantity
    component: str
    plot: pg.PlotItem
    cursor: pg.InfiniteLine
    readout: Readout
    lines: dict[str, Line] = field(default_factory=dict)


class TraceView(QWidget):
    """Traces of one sensor.

    Signals
    -------
    sensor_changed : int
        Another simulated sensor was chosen.
    """

    sensor_changed = Signal(int)

    def __init__(self, clock: Clock, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._clock, self._theme = clock, theme
        self._simulated: tuple[recorded.Signal, ...] = ()
        self._real: tuple[recorded.Signal, ...] = ()
        self._closeness: Mapping[tuple[str, str, str, str], float] = {}
        self.lanes: list[Lane] = []
        self._view = (0.0, 1.0)
        self._build()
        clock.time_changed.connect(self._on_time)
        clock.range_changed.connect(self._on_range)

    def _build(self) -> None:
        self.sensor_box = combo(tip="Which sensor on the body is shown", accessible="Sensor", characters=7)
        self.real_box = combo(tip="Which real recording is laid over it", accessible="Recording", characters=7)
        self._toggles = QButtonGroup(self)
        self._toggles.setExclusive(False)
        head = QHBoxLayout()
        head.setContentsMargins(12, 10, 12, 2)
        head.setSpacing(8)
        self._swatch_simulated, self._swatch_real = QLabel(), QLabel()
        for swatch, box in ((self._swatch_simulated, self.sensor_box), (self._swatch_real, self.real_box)):
            head.addWidget(swatch)
            head.addWidget(box, 1)
            head.addSpacing(4)
        head.addStretch(1)
        for i, component in enumerate(COMPONENTS):
            button = tool_button(
                _SHORT[component],
                tip=f"Show the {component} {'component' if i < 3 else 'of the vector'}, sensor frame",
                accessible=f"Show {component}",
                style="component",
                checked=component in _DEFAULT,
            )
            button.setMinimumWidth(button.fontMetrics().horizontalAdvance(button.text()) + 20)
            self._toggles.addButton(button, i)
            head.addWidget(button)
        self._toggles.idToggled.connect(self._on_toggle)
        self.graph = pg.GraphicsLayoutWidget()
        self.graph.setAccessibleName("Traces of acceleration and angular velocity")
        self.graph.setToolTip(_HINT)
        self.graph.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.graph.ci.setSpacing(0)
        self.graph.ci.setContentsMargins(6, 0, 10, 4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 6)
        layout.setSpacing(2)
        layout.addLayout(head)
        layout.addWidget(self.graph, 1)
        self.sensor_box.currentIndexChanged.connect(self._on_sensor)
        self.real_box.currentIndexChanged.connect(self._on_real)
        self.set_theme(self._theme)

    @property
    def components(self) -> tuple[str, ...]:
        """The components shown, in order."""
        return tuple(c for i, c in enumerate(COMPONENTS) if self._toggles.button(i).isChecked())

    @property
    def sensor(self) -> int:
        """Index of the sensor shown, -1 for none."""
        return self.sensor_box.currentIndex()

    @property
    def real(self) -> recorded.Signal | None:
        """The recording laid over it."""
        i = self.real_box.currentIndex() - 1
        return self._real[i] if 0 <= i < len(self._real) else None

    def set_contents(self, contents: Contents) -> None:
        """Show other signals."""
        self._closeness = contents.closeness
        self.set_signals(contents.simulated, contents.real)
        for i, note in enumerate(contents.real_notes):
            words = f"<pre>{escape(note)}</pre>" if note else ""
            self.real_box.setItemData(i + 1, words, Qt.ItemDataRole.ToolTipRole)
        self._tell_alignment()

    def _tell_alignment(self) -> None:
        """The recording's tooltip says how it was aligned and how close it is."""
        note = self.real_box.currentData(Qt.ItemDataRole.ToolTipRole)
        self.real_box.setToolTip(note or "Which real recording is laid over it")

    def set_signals(self, simulated: tuple[recorded.Signal, ...], real: tuple[recorded.Signal, ...]) -> None:
        """Show other signals; the choice of sensor is kept where its name still exists."""
        before = self.sensor_box.currentText()
        self._simulated, self._real = simulated, real
        with QSignalBlocker(self.sensor_box), QSignalBlocker(self.real_box):
            self.sensor_box.clear()
            self.sensor_box.addItems([_title(s.name) for s in simulated])
            self.sensor_box.setCurrentIndex(max(self.sensor_box.findText(before), 0) if simulated else -1)
            self.real_box.clear()
            self.real_box.addItems(["No recording", *(_title(s.name) for s in real)])
        self.sensor_box.setEnabled(bool(simulated))
        self.real_box.setEnabled(bool(real))
        self._choose_real()
        self.rebuild()
        self.sensor_changed.emit(self.sensor)

    def set_sensor(self, index: int) -> None:
        """Show another sensor."""
        self.sensor_box.setCurrentIndex(index)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        changed = theme is not self._theme
        self._theme = theme
        for swatch, color, what in ((self._swatch_simulated, theme.simulated, "simulated"),
                                    (self._swatch_real, theme.real, "real")):  # fmt: skip
            swatch.setText(what)
            swatch.setStyleSheet(f"color: {color}; font-weight: 600;")
        self.graph.setBackground(theme.panel)
        if changed:
            self.rebuild()

    def rebuild(self) -> None:
        """Make the lanes anew from signals, components and theme: about 60 ms for six; none without signals."""
        for lane in self.lanes:
            lane.plot.ctrlMenu.deleteLater()
        self.graph.ci.clear()
        self.lanes = []
        components = self.components
        row = 0
        for quantity in QUANTITIES if self._simulated or self._real else ():
            self._title_row(row, quantity)
            row += 1
            for component in components:
                last = quantity is QUANTITIES[-1] and component == components[-1]
                self.lanes.append(self._lane(row, quantity, component, last=last))
                row += 1
        for lane in self.lanes[1:]:
            lane.plot.setXLink(self.lanes[0].plot)
        if self.lanes:
            self._set_view(*self._view)
        self._on_time(self._clock.time_s)

    def _title_row(self, row: int, quantity: Quantity) -> None:
        label = self.graph.addLabel(row=row, col=0, justify="left")
        unit = f"<span style='color:{self._theme.muted}; font-weight:400'>{quantity.unit}</span>"
        label.setText(f"{quantity.title}  {unit}", color=self._theme.text, size="9pt", bold=True)
        label.setFixedHeight(22)

    def _lane(self, row: int, quantity: Quantity, component: str, *, last: bool) -> Lane:
        theme, view = self._theme, TimeViewBox()
        axes = {
            "left": LaneAxis("left", color=theme.border, text=theme.muted),
            "bottom": LaneAxis("bottom", color=theme.border, text=theme.muted, values=last),
        }
        plot = pg.PlotItem(viewBox=view, axisItems=axes)
        plot.hideButtons()
        plot.ctrlMenu.setParent(self, Qt.WindowType.Popup)  # never shown; without a parent it would outlive the window
        plot.showGrid(x=True, y=True, alpha=0.35)
        if last:
            axes["bottom"].setHeight(22)
            axes["bottom"].set_unit("s")
        self.graph.addItem(plot, row=row, col=0)
        lane = Lane(quantity, component, plot, pg.InfiniteLine(angle=90, pen=pg.mkPen(theme.cursor)),
                    Readout(view, name=_SHORT[component], muted=theme.muted, background=theme.panel))  # fmt: skip
        lane.cursor.setZValue(40)
        plot.addItem(lane.cursor, ignoreBounds=True)
        self._fill(lane)
        view.scrubbed.connect(self._clock.seek)
        view.all_wanted.connect(self.show_all)
        if not self.lanes:
            view.sigXRangeChanged.connect(self._on_view)
        return lane

    def _fill(self, lane: Lane) -> None:
        simulated = self._simulated[self.sensor] if 0 <= self.sensor < len(self._simulated) else None
        spans = SpanItem(self._theme.gap)
        spans.set_spans(invalid_spans(simulated) if simulated is not None else ())
        lane.plot.addItem(spans, ignoreBounds=True)
        for kind, source, color in (("real", self.real, self._theme.real),
                                    ("simulated", simulated, self._theme.simulated)):  # fmt: skip
            if source is not None:
                lane.lines[kind] = drawn = line(source, lane.quantity, lane.component)
                curve = pg.PlotDataItem(drawn.time_s, drawn.values, pen=pg.mkPen(color), connect="finite", name=kind)
                lane.plot.addItem(curve)
                curve.setDownsampling(auto=True, method="peak")
                curve.setClipToView(True)
        if simulated is not None and self.real is not None:
            r = self._closeness.get((simulated.name, self.real.name, lane.quantity.name, lane.component))
            if r is not None:
                lane.readout.set_name(f"{_SHORT[lane.component]}   r {r:.3f}".replace("-", "−"))
        low, high = value_range(tuple(lane.lines.values()), lane.quantity.least_span)
        lane.plot.setYRange(low, high, padding=0)

    def show_all(self) -> None:
        """Show the whole of time."""
        self._set_view(self._clock.start_s, self._clock.end_s)

    def _set_view(self, low: float, high: float) -> None:
        start, end = self._clock.start_s, max(self._clock.end_s, self._clock.start_s + 1e-3)
        for lane in self.lanes:
            lane.plot.setLimits(xMin=start, xMax=end, minXRange=min(0.05, end - start))
        if self.lanes and high > low:
            self.lanes[0].plot.setXRange(low, high, padding=0)

    def _on_view(self, _: object, view: tuple[float, float]) -> None:
        self._view = (float(view[0]), float(view[1]))

    def _on_range(self, start_s: float, end_s: float) -> None:
        self._view = (start_s, end_s)
        self._set_view(start_s, end_s)

    def _on_time(self, time_s: float) -> None:
        if not self.lanes:
            return
        if self._clock.playing:
            turned = page(self._view, time_s, (self._clock.start_s, self._clock.end_s))
            if turned is not None:
                self._set_view(*turned)
        colors = {"simulated": self._theme.simulated, "real": self._theme.real}
        for lane in self.lanes:
            lane.cursor.setPos(time_s)
            values = ((kind, lane.lines[kind].value_at(time_s)) for kind in ("simulated", "real") if kind in lane.lines)
            lane.readout.set_parts(tuple((_number(v), colors[kind]) for kind, v in values))

    def _choose_real(self) -> None:
        i = self.sensor
        name = self._simulated[i].name if 0 <= i < len(self._simulated) else ""
        found = pair(name, self._real, only_sensor=len(self._simulated) <= 1)
        if not self._simulated and self._real:
            found = 0
        with QSignalBlocker(self.real_box):
            self.real_box.setCurrentIndex(found + 1)
        self._tell_alignment()

    def _on_sensor(self, index: int) -> None:
        self._choose_real()
        self.rebuild()
        self.sensor_changed.emit(index)

    def _on_real(self, _: int) -> None:
        self._tell_alignment()
        self.rebuild()

    def _on_toggle(self, index: int, checked: bool) -> None:
        if not self.components:  # one lane at least
            self._toggles.button(index).setChecked(True)
            return
        self.rebuild()


def _number(value: float) -> str:
    return "–" if value != value else f"{value:+.2f}".replace("-", "−")


def _title(name: str) -> str:
    return name.replace("_", " ")
