"""Where each sensor of a table was worn."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QGridLayout, QWidget

from m3n_studio.studio.look.widgets import combo, label
from m3n_studio.studio.projects.recipe_draft import Draft
from m3n_studio.studio.projects.recipe_result import scrolled

_MOST = 20
_ROWS_SEEN = 4


class WornPane(QWidget):
    """A placement for each sensor.

    Signals
    -------
    edited : Draft
        By the user.
    """

    edited = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._draft: Draft | None = None
        self.boxes: dict[str, QComboBox] = {}
        self._inner = QWidget()
        self._grid = QGridLayout(self._inner)
        self._grid.setContentsMargins(0, 4, 0, 4)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scrolled(self._inner, "Where sensors were worn"))

    def show_draft(self, draft: Draft) -> None:
        """Show a draft's sensors."""
        self._draft = draft
        sensors = (draft.sensor_names or draft.sensors or ("",))[:_MOST]
        if tuple(self.boxes) != sensors:
            self._build(sensors)
        for sensor, box in self.boxes.items():
            placement = draft.placements.get(sensor, "")
            with QSignalBlocker(box):
                if box.findData(placement) < 0:
                    box.addItem(placement.replace("_", " "), placement)
                box.setCurrentIndex(box.findData(placement))

    def _build(self, sensors: tuple[str, ...]) -> None:
        from m3n_studio.imu.placement import PLACEMENTS

        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.boxes = {}
        for row, sensor in enumerate(sensors):
            words = f"{sensor.replace('_', ' ')} worn at" if sensor else "Worn at"
            box = combo(tip="Where the sensor was worn", accessible=words, characters=12)
            box.addItem("not known, or the file's name says", "")
            for name in PLACEMENTS:
                box.addItem(name.replace("_", " "), name)
            box.activated.connect(lambda _, sensor=sensor, box=box: self._on_choice(sensor, box))
            name_label = label(words)
            name_label.setBuddy(box)
            self._grid.addWidget(name_label, row, 0)
            self._grid.addWidget(box, row, 1)
            self.boxes[sensor] = box
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Fonts and margins are known now."""
        super().showEvent(event)
        self._fit()

    def _fit(self) -> None:
        """As high as a few rows."""
        height = self._inner.sizeHint().height()
        rows = max(len(self.boxes), 1)
        self.setFixedHeight(height if rows <= _ROWS_SEEN else height * _ROWS_SEEN // rows)

    def _on_choice(self, sensor: str, box: QComboBox) -> None:
        if self._draft is not None:
            placements = {**self._draft.placements, sensor: box.currentData()}
            self.edited.emit(self._draft.with_(placements=placements))
