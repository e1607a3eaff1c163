"""Play, step, loop, speed, time: the bar under everything."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from m3n_studio.studio.clock import Clock
from m3n_studio.studio.contents import Contents
from m3n_studio.studio.theme import Theme
from m3n_studio.studio.time_strip import TimeStrip
from m3n_studio.studio.widgets import combo, label

SPEEDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 25.0, 100.0)


def timecode(time_s: float, rate_hz: float, *, start_s: float = 0.0) -> str:
    """``m:ss.mmm`` and the frame since `start_s`, e.g. ``0:03.250  frame 195``."""
    sign = "−" if time_s < 0 else ""
    ms = round(abs(time_s) * 1000)
    minutes, rest = divmod(ms, 60_000)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{sign}{clock}:{rest // 1000:02d}.{rest % 1000:03d}   frame {round((time_s - start_s) * rate_hz)}"


class Transport(QWidget):
    """The transport bar. Its buttons are the window's actions, so menu and keys agree."""

    def __init__(self, clock: Clock, theme: Theme, actions: dict[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._clock, self._rate = clock, 30.0
        self.strip = TimeStrip(theme)
        self.buttons = {name: self._button(name, actions[name]) for name in
                        ("to_start", "step_back", "play", "step_forward", "to_end", "loop")}  # fmt: skip
        self.speed_box = combo(tip="Playback speed, 0.01 to 100 times", accessible="Playback speed")
        self.speed_box.addItems([f"{s:g}×" for s in SPEEDS])
        self.speed_box.setCurrentIndex(SPEEDS.index(1.0))
        self.time_label = label(
            tip="Time in minutes, seconds and milliseconds, and the frame of the motion", accessible="Time and frame"
        )
        self.end_label = label(style="muted")
        self._lay_out()
        self.strip.scrubbed.connect(clock.seek)
        self.speed_box.currentIndexChanged.connect(self._on_speed_chosen)
        clock.time_changed.connect(self._on_time)
        clock.speed_changed.connect(self._on_speed)
        clock.loop_changed.connect(self.strip.set_loop)
        self.set_theme(theme)
        self.set_contents(Contents())

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
        row.addWidget(self.time_label)
        row.addStretch(1)
        for name in ("to_start", "step_back", "play", "step_forward", "to_end"):
            row.addWidget(self.buttons[name])
        row.addStretch(1)
        row.addWidget(self.end_label)
        row.addSpacing(6)
        row.addWidget(self.buttons["loop"])
        row.addWidget(self.speed_box)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(6)
        layout.addWidget(self.strip)
        layout.addLayout(row)

    def set_contents(self, contents: Contents) -> None:
        """Show another stretch of time."""
        start, end = contents.span_s()
        self._rate = contents.rate_hz()
        texts = contents.clip.texts if contents.clip is not None else ()
        self.strip.set_content(start, end, rate_hz=self._rate, texts=texts)
        whole = f"of {end:.2f} s" if start == 0.0 else f"from {start:.2f} to {end:.2f} s"
        self.end_label.setText(whole if end > start else "")
        self.time_label.setMinimumWidth(self.fontMetrics().horizontalAdvance(timecode(end, self._rate) + "00"))
        for widget in (self.speed_box, self.time_label):
            widget.setEnabled(end > start)
        self._on_time(self._clock.time_s)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.strip.set_theme(theme)

    def _on_time(self, time_s: float) -> None:
        self.strip.set_time(time_s)
        self.time_label.setText(timecode(time_s, self._rate, start_s=self._clock.start_s))

    def _on_speed(self, speed: float) -> None:
        nearest = min(range(len(SPEEDS)), key=lambda i: abs(SPEEDS[i] - speed))
        with QSignalBlocker(self.speed_box):
            self.speed_box.setCurrentIndex(nearest)

    def _on_speed_chosen(self, index: int) -> None:
        self._clock.set_speed(SPEEDS[index])
