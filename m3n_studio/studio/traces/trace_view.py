"""Acceleration and angular velocity of one sensor or all, simulated and real, over the clock's time.

A lane per component, all on one time axis. The view is told the time and asks the clock for
another when scrubbed; while the clock plays it turns pages rather than scrolling. Lanes are built
when other sensors or components are shown; another shape only gives their curves other points.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pyqtgraph as pg
from PySide6.QtCore import QPoint, QRectF, Qt, Signal
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from m3n_studio.studio.core.clock import Clock
from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.jobs import Jobs, Task
from m3n_studio.studio.core.long_signal import LongSignal
from m3n_studio.studio.core.selection import Selection
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.traces import trace_export
from m3n_studio.studio.traces.label_follow import LabelFollower
from m3n_studio.studio.traces.label_tint import Tint, tint
from m3n_studio.studio.traces.measure_cursors import MeasureCursors, span_words
from m3n_studio.studio.traces.moment_marks import MomentMarks
from m3n_studio.studio.traces.trace_bar import TraceBar
from m3n_studio.studio.traces.trace_data import QUANTITIES, Quantity, page
from m3n_studio.studio.traces.trace_head import TraceHead
from m3n_studio.studio.traces.trace_lane import SHORT, Lane, kind_color
from m3n_studio.studio.traces.tracks import (
    KIND_WORDS,
    OVER,
    Lines,
    Recording,
    Track,
    drawable,
    recording_for,
    recording_tracks,
    tracks,
)
from m3n_studio.studio.traces.zoom_history import ZoomHistory

LEAST_LANE_PX = 38
_RIGHT_PX = 10
_LEAST_SPAN_S = 0.02
_HINT = (
    "Click or drag to go to a time, wheel to zoom, right drag to pan, double click to see all.\n"
    "Shift+drag selects a stretch of time, Ctrl+drag zooms to a box, right click for more.\n"
    "r is the correlation of simulated and real over the whole motion, after alignment."
)


class TraceView(QWidget):
    """Traces of sensors.

    Signals
    -------
    sensor_changed : int
        Another simulated sensor was chosen.
    pairing_wanted : str, str
        A sensor (by name) is to be held against a recording; an empty name: against none.
    clock_dragged : str, float
        The recording of a sensor was dragged on by so many seconds.
    point_picked : str, float
        A moment was pointed at, in ``"simulated"`` or ``"real"``, s.
    failed : str
        Something the user asked for could not be done, and why.
    """

    sensor_changed = Signal(int)
    pairing_wanted = Signal(str, str)
    clock_dragged = Signal(str, float)
    point_picked = Signal(str, float)
    failed = Signal(str)

    def __init__(
        self, clock: Clock, theme: Theme, selection: Selection | None = None, parent: QWidget | None = None,
        *, jobs: Jobs | None = None, desk: Desk | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.jobs = jobs
        self._labels = None if desk is None else LabelFollower(desk, self)
        self._preparing: frozenset[LongSignal] = frozenset()
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._clock, self._theme = clock, theme
        self.selection = selection or Selection(self)
        self._contents = Contents()
        self._lines_of = Lines()
        self.tracks: tuple[Track, ...] = ()
        self.lanes: list[Lane] = []
        self.history = ZoomHistory()
        self.measure = MeasureCursors(self)
        self.marks = MomentMarks(self)
        # all of the time there is, which may be known before the view is built
        self._view = (clock.start_s, max(clock.end_s, clock.start_s + 1e-3))
        self._built: object = None
        self._build()
        self._connect()

    # ------------------------------------------------------------------ building

    def _build(self) -> None:
        self.head, self.bar = TraceHead(self._theme), TraceBar(self._theme)
        self.sensor_box, self.real_box = self.head.sensor_box, self.head.real_box
        self._toggles = self.head.toggles
        self.graph = pg.GraphicsLayoutWidget()
        self.graph.setAccessibleName("Traces of acceleration and angular velocity")
        self.graph.setToolTip(_HINT)
        self.graph.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.graph.ci.setSpacing(0)
        self.graph.setBackground(self._theme.panel)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self.graph)
        self._bar = scroll.verticalScrollBar()
        self._leave_room()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 6)
        layout.setSpacing(2)
        layout.addWidget(self.head)
        layout.addWidget(self.bar)
        layout.addWidget(scroll, 1)

    def _connect(self) -> None:
        self._clock.time_changed.connect(self._on_time)
        self._clock.range_changed.connect(self._on_range)
        self.head.sensor_chosen.connect(self._on_sensor)
        self.head.recording_chosen.connect(self._on_real)
        self.head.components_changed.connect(self._refresh)
        self.bar.tool_chosen.connect(self._on_tool)
        self.bar.difference_chosen.connect(self._refresh)
        self.bar.scale_chosen.connect(self._scale)
        self.bar.labels_toggled.connect(self._tint)
        if self._labels is not None:
            self._labels.changed.connect(self._tint)
        self._bar.rangeChanged.connect(self._leave_room)
        self.bar.measure_toggled.connect(self._on_measure)
        self.bar.back_wanted.connect(self.go_back)
        self.bar.fit_wanted.connect(self.show_all)
        self.bar.copy_wanted.connect(self.copy)
        self.bar.save_wanted.connect(self.save)
        self.measure.changed.connect(self._on_measured)
        self.selection.range_changed.connect(self._on_selected)
        self.selection.visible_changed.connect(self._on_visible)
        self.selection.aligning_changed.connect(self._on_aligning)

    # ------------------------------------------------------------------ what is shown

    @property
    def components(self) -> tuple[str, ...]:
        """The components shown, in order."""
        return self.head.components

    @property
    def sensor(self) -> int:
        """Index of the sensor shown (of all: the one looked at), -1 for none."""
        return self.head.sensor

    @property
    def real(self) -> Recording | None:
        """The recording laid over it."""
        return next((t.real for t in self.tracks if t.real is not None), None)

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """All there are, held whole or read as they are looked at."""
        return (*self._contents.real, *self._contents.document.long)

    @property
    def visible_s(self) -> tuple[float, float]:
        """The time in view, s."""
        return self._view

    def set_contents(self, contents: Contents) -> None:
        """Show other signals; the choice of sensor is kept where its name still exists."""
        before = self._contents
        self._contents = contents
        names = tuple(s.name for s in contents.simulated)
        self.head.set_names(names, tuple(r.name for r in self.recordings), contents.real_notes)
        if names != tuple(s.name for s in before.simulated):
            self.sensor_changed.emit(self.sensor)
        self._refresh()

    def set_sensor(self, index: int) -> None:
        """Show another sensor."""
        self.head.set_sensor(index)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self.head.set_theme(theme)
        self.bar.set_theme(theme)
        self.graph.setBackground(theme.panel)
        self._refresh()

    def _paired(self, name: str) -> Recording | None:
        stated = {**self._contents.document.pairs, **self.head.stated}
        only = len(self._contents.simulated) <= 1
        return recording_for(name, self.recordings, stated, only_sensor=only)

    def _shown(self) -> tuple[Track, ...]:
        c = self._contents
        if not c.simulated:
            if self.head.together:
                return recording_tracks(self.recordings, self.head.together)
            chosen = self.head.recording
            return recording_tracks(self.recordings[chosen : chosen + 1] if chosen >= 0 else (), "below")
        found = tracks(c.simulated, self.recordings, c.ghost, getattr(c, "envelopes", ()), paired=self._paired)
        if self.head.all_sensors:
            return found
        return found[self.sensor : self.sensor + 1] if self.sensor >= 0 else ()

    def _refresh(self, *_: object) -> None:
        """Show what there is to show; lanes are built only if there must be others."""
        self.tracks = self._shown()
        if not self.head.all_sensors and self._contents.simulated:
            real = self.tracks[0].real if self.tracks else None
            self.head.set_recording(-1 if real is None else self.recordings.index(real))
        self.bar.set_comparable(self._why_not())
        self._prepare()
        structure = (self._theme.name, self.components, tuple(t.name for t in self.tracks))
        anew = structure != self._built
        if anew:
            self._rebuild()
            self._built = structure
        self._fill(exactly=anew)

    def _rebuild(self) -> None:
        """Make the lanes anew: about 60 ms for six."""
        for lane in self.lanes:
            lane.plot.ctrlMenu.deleteLater()
        self.graph.ci.clear()
        self.lanes = []
        row = 0
        for i, track in enumerate(self.tracks):
            for quantity in QUANTITIES:
                self._title_row(row, track.name if len(self.tracks) > 1 else "", quantity)
                row += 1
                for component in self.components:
                    last = (i, quantity, component) == (len(self.tracks) - 1, QUANTITIES[-1], self.components[-1])
                    self.lanes.append(self._lane(row, Lane(quantity, component, self._theme, sensor=i, last=last)))
                    row += 1
        titles = 2 * len(self.tracks)
        self.graph.setMinimumHeight(LEAST_LANE_PX * len(self.lanes) + 22 * (titles + 1) if self.lanes else 0)
        self.measure.set_lanes(self.lanes, self._theme)
        self.marks.set_lanes(self.lanes, self._theme)
        self._on_tool(self.bar.tool)
        self._set_view(*self._view)
        self._on_selected(self.selection.range)

    def _title_row(self, row: int, sensor: str, quantity: Quantity) -> None:
        label = self.graph.addLabel(row=row, col=0, justify="left")
        unit = f"<span style='color:{self._theme.muted}; font-weight:400'>{quantity.unit}</span>"
        whose = f"{sensor.replace('_', ' ')}: " if sensor else ""
        words = f"{whose}{quantity.title.lower() if sensor else quantity.title}"
        label.setText(f"{words}  {unit}", color=self._theme.text, size="9pt", bold=True)
        label.setFixedHeight(22)

    def _lane(self, row: int, lane: Lane) -> Lane:
        lane.plot.ctrlMenu.setParent(self, Qt.WindowType.Popup)  # never shown; without a parent it would outlive us
        self.graph.addItem(lane.plot, row=row, col=0)
        view = lane.view
        view.set_colors(self._theme.accent)
        view.scrubbed.connect(self._clock.seek)
        view.all_wanted.connect(self.show_all)
        view.zoomed.connect(self._on_zoomed)
        view.selected.connect(self.selection.set_range)
        view.number = len(self.lanes)
        view.boxed.connect(self._on_boxed)  # no lambdas: a lane in one would never be collected
        view.moved.connect(self._on_moved)
        view.picked.connect(self._on_picked)
        view.menu_wanted.connect(self._on_menu)
        if not self.lanes:
            view.sigResized.connect(self._on_resized)
        return lane

    def _fill(self, *, exactly: bool) -> None:
        """Give the lanes their lines."""
        for lane in self.lanes:
            track = self.tracks[lane.sensor]
            lines = self._lines_of.of_track(track, lane.quantity, lane.component, self.bar.difference_mode)
            lane.set_lines(
                lines, self._lines_of.bands(track, lane.quantity, lane.component), self._lines_of.spans(track)
            )
            lane.readout.set_name(self._lane_name(lane, track))
            if "real" in lines and lane.real_drawn is not lines["real"]:
                lane.shift_real(0.0)
        kinds = [k for k in ("ghost", "difference") if any(k in lane.lines for lane in self.lanes)]
        legend = [(KIND_WORDS[k], kind_color(self._theme, k)) for k in kinds]
        self.bar.set_legend((*legend, *self._over_legend()))
        self._scale(exactly=exactly)
        self._draw()
        self.measure.refresh()
        self._on_time(self._clock.time_s)

    def _over_legend(self) -> tuple[tuple[str, str], ...]:
        """Which recording is which, where they are laid over each other."""
        return tuple(
            (r.name.replace("_", " "), kind_color(self._theme, kind))
            for t in self.tracks if t.over
            for kind, r in zip(("real", *OVER), t.recordings, strict=False)
        )  # fmt: skip

    def _lane_name(self, lane: Lane, track: Track) -> str:
        name = SHORT[lane.component]
        if not all(drawable(r, lane.quantity, lane.component) for r in track.recordings):
            return f"{name}   working out the peaks …"
        if track.simulated is None or track.real is None:
            return name
        r = self._contents.closeness.get((track.simulated.name, track.real.name, lane.quantity.name, lane.component))
        return name if r is None else f"{name}   r {r:.3f}".replace("-", "−")

    def _scale(self, *_: object, exactly: bool = True) -> None:
        """Value ranges as chosen; unless `exactly`, those that still do well stay, so that lanes are calm."""
        mode = self.bar.scale_mode
        if mode == "locked" and any(lane.scaled for lane in self.lanes):
            return
        wanted = [lane.wanted_range() for lane in self.lanes]
        for i, lane in enumerate(self.lanes):
            low, high = wanted[i]
            if mode == "shared":
                alike = [w for w, other in zip(wanted, self.lanes, strict=True) if other.quantity is lane.quantity]
                low, high = min(w[0] for w in alike), max(w[1] for w in alike)
            if exactly or not _does(lane.y_range, (low, high)):
                lane.set_y_range(low, high)

    def _why_not(self) -> str:
        """Why simulated and real cannot be held against each other; empty where they can, or there is nothing."""
        if not self.tracks or any(t.compares for t in self.tracks):
            return ""
        if all(t.simulated is None for t in self.tracks):
            return "no motion is open"
        return "the recording is too long" if any(t.real is not None for t in self.tracks) else ""

    # ------------------------------------------------------------------ long recordings

    def _prepare(self) -> None:
        """Work out in the background what of the long recordings shown cannot be drawn at once."""
        missing = frozenset(
            r for t in self.tracks for r in t.recordings
            if isinstance(r, LongSignal) and not all(drawable(r, q, c) for q in QUANTITIES for c in self.components)
        )  # fmt: skip
        if not missing or missing == self._preparing:
            return

        def work(progress: Callable[[float, float], None] | None) -> None:
            for signal in missing:
                signal.prepare(progress)

        if self.jobs is None:
            work(None)
            return
        self._preparing = missing

        def job(task: Task) -> None:
            def told(done: float, total: float) -> None:
                task.check()
                task.progress(done, total)

            work(told)

        self.jobs.run(
            "Working out peaks of long recordings", job, done=self._on_prepared, failed=self._on_not_prepared,
            key="traces.peaks",
        )  # fmt: skip

    def _on_prepared(self, _: object) -> None:
        self._preparing = frozenset()
        self._refresh()
        self._scale()

    def _on_not_prepared(self, error: Exception) -> None:
        self.failed.emit(f"The length of a recording's vectors cannot be drawn: {error}")

    def on_not_saved(self, error: Exception) -> None:
        """Tell why samples could not be saved."""
        self.failed.emit(trace_export.why_not(error))

    # ------------------------------------------------------------------ labels behind the traces

    def _tint(self, *_: object) -> None:
        """Show the labels in view behind the lines of every lane."""
        shown = self._tint_now()
        for lane in self.lanes:
            lane.tint.set_tint(shown)

    def _tint_now(self) -> Tint | None:
        row = self._labels.row if self._labels is not None and self.bar.labels_action.isChecked() else None
        if row is None or self._labels is None or not self.lanes:
            return None
        width = max(round(self.lanes[0].view.width()), 1)
        return tint(row, self._view, width, self._theme.panel, self._theme.muted, self._labels.pending)

    # ------------------------------------------------------------------ the time in view

    def plot_edges(self) -> tuple[float, float, bool] | None:
        """Where the plots begin and end on the screen, px, and whether their times can be read without scrolling.

        None while they cannot be seen.
        """
        if not self.lanes or self.visibleRegion().isEmpty():  # behind a tab it is still visible to Qt
            return None
        left = self.graph.mapToGlobal(QPoint(0, 0)).x()
        box = self.lanes[0].view.sceneBoundingRect()
        return left + box.left(), left + box.right(), self._bar.maximum() <= self._bar.minimum()

    def _leave_room(self, *_: object) -> None:
        """The plots end where they do without a scroll bar, so that what stands below has the same axis."""
        bar = self._bar.sizeHint().width() if self._bar.maximum() > self._bar.minimum() else 0
        self.graph.ci.setContentsMargins(6, 0, max(_RIGHT_PX - bar, 0), 4)

    def show_all(self) -> None:
        """Show the whole of time and all values."""
        self._look(self._clock.start_s, self._clock.end_s, "all")
        self._scale()

    def go_back(self) -> None:
        """Show the time shown before the last zoom or pan."""
        view = self.history.pop()
        if view is not None:
            self._set_view(*view)

    def _look(self, low: float, high: float, kind: str) -> None:
        before = self._view
        self._set_view(low, high)
        if self._view != before:
            self.history.push(before, kind, time.monotonic())

    def _set_view(self, low: float, high: float) -> None:
        start, end = self._clock.start_s, max(self._clock.end_s, self._clock.start_s + 1e-3)
        span = min(max(high - low, _LEAST_SPAN_S), end - start)
        low = min(max(low, start), end - span)
        self._view = (low, low + span)
        for lane in self.lanes:
            lane.view.setXRange(low, low + span, padding=0)
        self._draw()
        self.selection.set_visible(self._view if self.lanes else None)

    def _draw(self) -> None:
        if not self.lanes:
            self.bar.set_bucket(1)
            return
        pixels = max(int(self.lanes[0].view.width()), 50)
        marks = self.lanes[-1].time_marks()
        for lane in self.lanes:
            lane.draw(*self._view, pixels)
            lane.draw_grid(marks)
        self._tint()
        self.bar.set_bucket(max(lane.bucket for lane in self.lanes))

    def _on_resized(self, *_: object) -> None:
        self._draw()

    def _on_visible(self, span: tuple[float, float] | None) -> None:
        if span is not None and span != self._view:
            self._look(*span, "strip")

    def _on_zoomed(self, span: tuple[float, float], kind: str) -> None:
        self._look(*span, kind)

    def _on_boxed(self, number: int, box: QRectF) -> None:
        lane = self.lanes[number]
        self._look(box.left(), box.right(), "box")
        if box.height() < 0.95 * (lane.y_range[1] - lane.y_range[0]):
            lane.set_y_range(box.top(), box.bottom())

    def _on_range(self, start_s: float, end_s: float) -> None:
        self.history.clear()
        self.measure.set_times(None)
        self._set_view(start_s, end_s)

    def _on_time(self, time_s: float) -> None:
        if not self.lanes:
            return
        if self._clock.playing:
            turned = page(self._view, time_s, (self._clock.start_s, self._clock.end_s))
            if turned is not None:
                self._set_view(*turned)
        for lane in self.lanes:
            lane.read(time_s)

    # ------------------------------------------------------------------ tools

    def align_mode(self, on: bool) -> None:
        """Let dragging move the recording in time and clicking point at moments, or no longer."""
        self.bar.tools["align" if on else "scrub"].setChecked(True)

    def _on_tool(self, tool: str) -> None:
        for lane in self.lanes:
            lane.view.mode = tool
            if tool != "align":
                lane.shift_real(0.0)
        self.selection.set_aligning(tool == "align")

    def _on_aligning(self, on: bool) -> None:
        if on != (self.bar.tool == "align"):
            self.align_mode(on)

    def _on_moved(self, number: int, delta_s: float, done: bool) -> None:
        lane = self.lanes[number]
        track = self.tracks[lane.sensor]
        if not track.compares:
            return
        for other in self.lanes:
            if other.sensor == lane.sensor:
                other.shift_real(delta_s)
        self.bar.note.setText(f"recording moved by {delta_s:+.3f} s".replace("-", "−") if not done else "")
        if done:
            self.clock_dragged.emit(track.name, delta_s)
            self.selection.clock_dragged.emit(track.name, delta_s)

    def _on_picked(self, number: int, time_s: float, value: float) -> None:
        kind = self.lanes[number].nearest_kind(time_s, value)
        if kind:
            self.point_picked.emit(kind, time_s)
            self.selection.point_picked.emit(kind, time_s)

    def _on_selected(self, span: tuple[float, float] | None) -> None:
        for lane in self.lanes:
            lane.range.set_spans(() if span is None else (span,))

    def toggle_measure(self) -> None:
        """Measure, or no longer."""
        self.bar.buttons["measure"].toggle()

    def _on_measure(self, on: bool) -> None:
        if on and self.measure.times is None:
            low, high = self._view
            spread = self.selection.range or (low + 0.35 * (high - low), low + 0.65 * (high - low))
            self.measure.set_times(spread)
        elif not on and self.measure.times is not None:
            self.measure.set_times(None)

    def _on_measured(self, times: tuple[float, float] | None) -> None:
        self.bar.buttons["measure"].setChecked(times is not None)
        self.bar.note.setText("" if times is None else span_words(times))

    def _on_menu(self, at: object) -> None:
        self.bar.menu.popup(at.toPoint())  # type: ignore[attr-defined]

    def unselect(self) -> None:
        """Select no stretch of time."""
        self.selection.set_range(None)

    def copy(self) -> None:
        """Put the samples in view on the clipboard as CSV."""
        trace_export.copy_visible(self)

    def save(self) -> None:
        """Ask for a file and save the selected samples there."""
        trace_export.ask_save(self)

    # ------------------------------------------------------------------ choices

    def _on_sensor(self, index: int) -> None:
        self._refresh()
        self.sensor_changed.emit(index)

    def _on_real(self, index: int) -> None:
        if self.tracks and self.tracks[0].simulated is not None:
            name = self.recordings[index].name if index >= 0 else ""
            self.pairing_wanted.emit(self.tracks[0].name, name)
        self._refresh()


def _does(now: tuple[float, float], wanted: tuple[float, float]) -> bool:
    """Whether a value range still does: all is inside (readout's room aside) and not much is empty."""
    span = wanted[1] - wanted[0]
    inside = now[0] <= wanted[0] + 0.03 * span and now[1] >= wanted[1] - 0.08 * span
    return inside and now[1] - now[0] <= 1.6 * span
