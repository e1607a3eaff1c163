"""Play, step, loop, speed, time: the bar under everything."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QToolButton, QVBoxLayout, QWidget

from m3n_studio.studio.core.clock import MAX_SPEED, MIN_SPEED, Clock
from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.core.jobs import Jobs
from m3n_studio.studio.core.long_signal import LongSignal
from m3n_studio.studio.core.moments import Moments
from m3n_studio.studio.core.selection import Selection
from m3n_studio.studio.core.timecode import clock_text, parse_time, timecode
from m3n_studio.studio.look.icons import icon
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import combo, label, named, tool_button
from m3n_studio.studio.timeline.overview import long_profile, profile
from m3n_studio.studio.timeline.time_strip import BINS, TimeStrip
from m3n_studio.studio.traces.trace_data import Array

__all__ = ["SPEEDS", "Transport", "timecode"]

_IN_SECONDS_S = 600.0
SPEEDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 25.0, 100.0)


class Transport(QWidget):
    """The transport bar. Its buttons are the window's actions, so menu and keys agree."""

    def __init__(
        self,
        clock: Clock,
        theme: Theme,
        actions: Mapping[str, QAction],
        selection: Selection | None = None,
        parent: QWidget | None = None,
        *,
        jobs: Jobs | None = None,
        moments: Moments | None = None,
    ) -> None:
        super().__init__(parent)
        self._jobs, self._moments = jobs, moments
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._clock, self._rate, self._actions = clock, 30.0, actions
        self.selection = selection or Selection(self)
        self._profiled: tuple[object, ...] = ()
        self.strip = TimeStrip(theme)
        self.buttons = {name: self._button(name, actions[name]) for name in
                        ("to_start", "step_back", "play", "step_forward", "to_end", "loop")}  # fmt: skip
        self.speed_box = combo(tip="Playback speed, 0.01 to 100 times; type any", accessible="Playback speed")
        self.speed_edit = named(QLineEdit(), accessible="Playback speed")
        self.speed_box.setLineEdit(self.speed_edit)
        self.speed_box.setInsertPolicy(self.speed_box.InsertPolicy.NoInsert)
        self.speed_box.addItems([f"{s:g}×" for s in SPEEDS])
        self.speed_box.setCurrentIndex(SPEEDS.index(1.0))
        self.time_edit = named(
            QLineEdit(), accessible="Time",
            tip="Minutes, seconds and milliseconds. Type a time to go there: 12.5, 1:02.5 or frame 90",
        )  # fmt: skip
        self.frame_edit = named(
            QLineEdit(), accessible="Frame", tip="Frame of the motion. Type a number to go there"
        )  # fmt: skip
        self.every_button = tool_button(
            tip="Show every frame, however long that takes", accessible="Never skip a frame", checked=False
        )
        self.end_label = label(style="muted")
        self._lay_out()
        self._connect()
        self.set_theme(theme)
        self.set_contents(Contents())

    def _connect(self) -> None:
        clock, selection, strip = self._clock, self.selection, self.strip
        strip.scrubbed.connect(clock.seek)
        strip.painted.connect(clock.frame_painted)
        strip.visible_dragged.connect(selection.set_visible)
        strip.range_dragged.connect(selection.set_range)
        strip.loop_dragged.connect(clock.set_loop)
        self.speed_box.activated.connect(self._on_speed_chosen)
        self.speed_edit.returnPressed.connect(self._on_speed_typed)
        self.time_edit.returnPressed.connect(self._on_time_typed)
        self.frame_edit.returnPressed.connect(self._on_frame_typed)
        for edit in (self.time_edit, self.frame_edit):
            edit.editingFinished.connect(self._show_time)
        self.every_button.toggled.connect(self._on_every)
        clock.time_changed.connect(self._on_time)
        clock.speed_changed.connect(self._on_speed)
        clock.loop_changed.connect(strip.set_loop)
        clock.range_changed.connect(self._on_range)
        selection.visible_changed.connect(strip.set_view)
        selection.range_changed.connect(self._on_selected)
        if self._moments is not None:
            self._moments.changed.connect(self._mark)

    def _button(self, name: str, action: QAction) -> QToolButton:
        button = QToolButton()
        button.setDefaultAction(action)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        button.setIconSize(QSize(20, 20))
        button.setObjectName("play" if name == "play" else "")
        button.setAccessibleName(action.text())
        return button

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.time_edit)
        row.addWidget(label("frame", style="muted"))
        row.addWidget(self.frame_edit)
        row.addStretch(1)
        for name in ("to_start", "step_back", "play", "step_forward", "to_end"):
            row.addWidget(self.buttons[name])
        row.addStretch(1)
        row.addWidget(self.end_label)
        row.addSpacing(6)
        row.addWidget(self.buttons["loop"])
        row.addWidget(self.every_button)
        row.addWidget(self.speed_box)
        self.every_button.setIconSize(QSize(20, 20))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(6)
        layout.addWidget(self.strip)
        layout.addLayout(row)

    def set_contents(self, contents: Contents) -> None:
        """Show another stretch of time."""
        start, end = contents.span_s()
        self._rate = contents.rate_hz()
        signals = contents.real or contents.simulated
        if contents.clip is not None and contents.simulated:
            signals = contents.simulated
        long = contents.document.long if contents.clip is None else ()
        profiled = (contents.clip, start, end, tuple(s.name for s in signals), long)
        if profiled != self._profiled:  # another shape hardly changes when things move
            self._profiled = profiled
            texts = contents.clip.texts if contents.clip is not None else ()
            shown = profile(signals, contents.clip, (start, end), BINS) if end > start else None
            self.strip.set_content(start, end, rate_hz=self._rate, texts=texts, profile=shown)
            self._profile_long(long, (start, end))
        whole = f"of {_length(end)}" if start == 0.0 else f"from {_length(start)} to {_length(end)}"
        self.end_label.setText(whole if end > start else "")
        self._mark()
        measure = self.fontMetrics().horizontalAdvance
        self.time_edit.setFixedWidth(measure(clock_text(-abs(end))) + 28)
        self.frame_edit.setFixedWidth(measure(str(round((end - start) * self._rate))) + 34)
        for widget in (self.speed_box, self.time_edit, self.frame_edit, self.every_button):
            widget.setEnabled(end > start)
        if self.every_button.isChecked():
            self._clock.set_every_frame(self._rate)
        self._show_time()

    @Slot()
    def _mark(self) -> None:
        """Mark what is picked of the session on the desk."""
        here = () if self._moments is None else self._moments.here
        self.strip.set_marks([(m.start_s, m.end_s) for m in here])

    def _profile_long(self, long: tuple[LongSignal, ...], span_s: tuple[float, float]) -> None:
        """How much moves in recordings that are not held: read in the background."""
        if not long:
            return
        if self._jobs is None:
            self._on_profile((long, long_profile(long, span_s, BINS)))
            return
        self._jobs.run(
            "Overview", lambda task: (long, long_profile(long, span_s, BINS)), done=self._on_profile, key="overview",
            quiet=True,
        )  # fmt: skip

    def _on_profile(self, found: tuple[tuple[LongSignal, ...], Array]) -> None:
        if self._profiled and self._profiled[-1] is found[0]:
            self.strip.set_profile(found[1])

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.strip.set_theme(theme)
        self.every_button.setIcon(icon("every-frame", theme))

    def _on_time(self, time_s: float) -> None:
        self.strip.set_time(time_s)
        if not self.time_edit.hasFocus():
            self.time_edit.setText(clock_text(time_s))
        if not self.frame_edit.hasFocus():
            self.frame_edit.setText(str(round((time_s - self._clock.start_s) * self._rate)))

    def _show_time(self) -> None:
        """The present time in both fields, whatever was typed."""
        time_s = self._clock.time_s
        self.strip.set_time(time_s)
        self.time_edit.setText(clock_text(time_s))
        self.frame_edit.setText(str(round((time_s - self._clock.start_s) * self._rate)))

    def _on_time_typed(self) -> None:
        self._go(parse_time(self.time_edit.text(), self._rate, start_s=self._clock.start_s))
        self.time_edit.clearFocus()

    def _on_frame_typed(self) -> None:
        self._go(parse_time(f"frame {self.frame_edit.text()}", self._rate, start_s=self._clock.start_s))
        self.frame_edit.clearFocus()

    def _go(self, time_s: float | None) -> None:
        if time_s is not None:
            self._clock.seek(time_s)
        self._show_time()

    def _on_range(self, _start_s: float, _end_s: float) -> None:
        self.selection.set_range(None)

    def _on_selected(self, span: tuple[float, float] | None) -> None:
        """What is selected is what is played round and round."""
        self.strip.set_selected(span)
        if self._clock.loop is not None:
            self._clock.set_loop(span or (self._clock.start_s, self._clock.end_s))

    def _on_every(self, on: bool) -> None:
        self._clock.set_every_frame(self._rate if on else None)

    def _on_speed(self, speed: float) -> None:
        with QSignalBlocker(self.speed_box):
            nearest = min(range(len(SPEEDS)), key=lambda i: abs(SPEEDS[i] - speed))
            if abs(SPEEDS[nearest] - speed) < 1e-9:
                self.speed_box.setCurrentIndex(nearest)
            self.speed_box.setEditText(f"{speed:g}×")

    def _on_speed_chosen(self, index: int) -> None:
        self._clock.set_speed(SPEEDS[index])

    def _on_speed_typed(self) -> None:
        words = self.speed_box.currentText().strip().rstrip("×x ").replace(",", ".")
        with suppress(ValueError):
            self._clock.set_speed(min(max(float(words), MIN_SPEED), MAX_SPEED))
        self._on_speed(self._clock.speed)
        self.speed_edit.clearFocus()


def _length(time_s: float) -> str:
    """A moment in seconds; in hours, minutes and seconds where those are easier to read."""
    return f"{time_s:.2f} s" if abs(time_s) < _IN_SECONDS_S else clock_text(time_s)
