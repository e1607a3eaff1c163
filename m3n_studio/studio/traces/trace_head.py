"""The row above the traces: which sensor, against which recording, which components."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QWidget

from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import combo, tool_button
from m3n_studio.studio.traces.trace_data import COMPONENTS
from m3n_studio.studio.traces.trace_lane import SHORT
from m3n_studio.studio.traces.tracks import OVER

ALL_SENSORS = "All sensors"
BELOW, TOGETHER = "All, one below the other", "All, laid over each other"
#: Without a motion all recordings are shown at first where there are no more than these.
FEW = 3
_REAL_TIP = "Which real recording is laid over it"
_DEFAULT = ("x", "y", "z")


class TraceHead(QWidget):
    """The choices.

    Attributes
    ----------
    stated : dict
        Recording name by sensor name, where it was chosen here since the names last changed.

    Signals
    -------
    sensor_chosen : int
    recording_chosen : int
        Index among the recordings, -1 for none or for all of them.
    components_changed : (none)
    """

    sensor_chosen = Signal(int)
    recording_chosen = Signal(int)
    components_changed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.stated: dict[str, str] = {}
        self._names: tuple[str, ...] = ()
        self._real: tuple[str, ...] | None = None
        self._sensor = -1
        self.sensor_box = combo(tip="Which sensor on the body is shown", accessible="Sensor", characters=7)
        self.real_box = combo(tip=_REAL_TIP, accessible="Recording", characters=7)
        self.toggles = QButtonGroup(self)
        self.toggles.setExclusive(False)
        self._swatches = {"simulated": QLabel("simulated"), "real": QLabel("real")}
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 10, 12, 2)
        row.setSpacing(8)
        for swatch, box in zip(self._swatches.values(), (self.sensor_box, self.real_box), strict=True):
            row.addWidget(swatch)
            row.addWidget(box, 1)
            row.addSpacing(4)
        row.addStretch(1)
        for i, component in enumerate(COMPONENTS):
            button = tool_button(
                SHORT[component],
                tip=f"Show the {component} {'component' if i < 3 else 'of the vector'}, sensor frame",
                accessible=f"Show {component}",
                style="component",
                checked=component in _DEFAULT,
            )
            button.setMinimumWidth(button.fontMetrics().horizontalAdvance(button.text()) + 20)
            self.toggles.addButton(button, i)
            row.addWidget(button)
        self.toggles.idToggled.connect(self._on_toggle)
        self.sensor_box.currentIndexChanged.connect(self._on_sensor)
        self.real_box.currentIndexChanged.connect(self._on_real)
        self.set_theme(theme)

    @property
    def components(self) -> tuple[str, ...]:
        """The components shown, in order."""
        return tuple(c for i, c in enumerate(COMPONENTS) if self.toggles.button(i).isChecked())

    @property
    def all_sensors(self) -> bool:
        """Whether all sensors are shown, one above the other."""
        return len(self._names) > 1 and self.sensor_box.currentIndex() == len(self._names)

    @property
    def sensor(self) -> int:
        """Index of the sensor looked at, -1 for none."""
        return self._sensor

    @property
    def recording(self) -> int:
        """Index of the recording, -1 for none or for all of them."""
        index = self.real_box.currentIndex() - 1
        return index if index < len(self._real or ()) else -1

    @property
    def together(self) -> str:
        """How all recordings are shown, ``"below"`` each other or ``"over"``; empty where one is."""
        return {BELOW: "below", TOGETHER: "over"}.get(self.real_box.currentText(), "")

    def set_names(self, names: tuple[str, ...], real: tuple[str, ...], notes: tuple[str, ...]) -> None:
        """Offer other sensors and recordings; the choice of sensor is kept where its name still exists."""
        changed = names != self._names
        if changed:
            before, all_before = self.sensor_box.currentText(), self.all_sensors
            self._names = names
            with QSignalBlocker(self.sensor_box):
                self.sensor_box.clear()
                self.sensor_box.addItems([_title(n) for n in names])
                if len(names) > 1:
                    self.sensor_box.addItem(ALL_SENSORS)
                kept = self.sensor_box.findText(ALL_SENSORS if all_before else before)
                self.sensor_box.setCurrentIndex(max(kept, 0) if names else -1)
            self._sensor = min(max(kept, 0), len(names) - 1)
            self.sensor_box.setEnabled(bool(names))
        if real != self._real or changed:
            self._fill_recordings(names, real)
        self.real_box.setEnabled(bool(real) and not self.all_sensors)
        for i, note in enumerate(notes):
            words = f"<pre>{escape(note)}</pre>" if note else ""
            self.real_box.setItemData(i + 1, words, Qt.ItemDataRole.ToolTipRole)
        self._tell_alignment()

    def _fill_recordings(self, names: tuple[str, ...], real: tuple[str, ...]) -> None:
        """Offer recordings; without sensors all of them at once too."""
        before = self.real_box.currentText() if real == self._real else ""
        if real != self._real:
            self._real, self.stated = real, {}
        together = [] if names or len(real) < 2 else [BELOW, *([TOGETHER] if len(real) <= 1 + len(OVER) else [])]
        with QSignalBlocker(self.real_box):
            self.real_box.clear()
            self.real_box.addItems(["No recording", *(_title(n) for n in real), *together])
            first = len(real) + 1 if together and len(real) <= FEW else 1
            kept = self.real_box.findText(before) if before else -1
            self.real_box.setCurrentIndex(kept if kept >= 0 else first if real and not names else 0)
        self._swatches["real"].setText("real" if names or not real else "recording")
        for widget in (self._swatches["simulated"], self.sensor_box):
            widget.setVisible(bool(names) or not real)

    def set_sensor(self, index: int) -> None:
        """Look at another sensor."""
        if self.all_sensors:
            self._sensor = index
        else:
            self.sensor_box.setCurrentIndex(index)

    def set_recording(self, index: int) -> None:
        """Show which recording is beside the sensor, -1 for none; emits nothing."""
        if self.together:
            return
        with QSignalBlocker(self.real_box):
            self.real_box.setCurrentIndex(index + 1)
        self._tell_alignment()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        for kind, color in (("simulated", theme.simulated), ("real", theme.real)):
            self._swatches[kind].setStyleSheet(f"color: {color}; font-weight: 600;")

    def _tell_alignment(self) -> None:
        """The recording's tooltip says how it was aligned and how close it is."""
        self.real_box.setToolTip(self.real_box.currentData(Qt.ItemDataRole.ToolTipRole) or _REAL_TIP)

    def _on_sensor(self, index: int) -> None:
        if 0 <= index < len(self._names):
            self._sensor = index
        self.real_box.setEnabled(bool(self._real) and not self.all_sensors)
        self.sensor_chosen.emit(self._sensor)

    def _on_real(self, index: int) -> None:
        if self._names and self._sensor >= 0:
            self.stated[self._names[self._sensor]] = self._real[index - 1] if self._real and index > 0 else ""
        self._tell_alignment()
        self.recording_chosen.emit(self.recording)

    def _on_toggle(self, index: int, checked: bool) -> None:
        if not self.components:  # one lane at least
            self.toggles.button(index).setChecked(True)
            return
        self.components_changed.emit()


def _title(name: str) -> str:
    return name.replace("_", " ")
