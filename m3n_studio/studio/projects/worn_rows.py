"""A choice of placement for each of a few sensors, in rows that scroll where there are many."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QGridLayout, QWidget

from m3n_studio.studio.look.widgets import combo, label
from m3n_studio.studio.projects.recipe_result import scrolled

_MOST = 20
_ROWS_SEEN = 4


class WornRows(QWidget):
    """A placement for each sensor.

    Parameters
    ----------
    unknown : str
        What the choice is called that names no placement.

    Signals
    -------
    placed : str, str
        The user says where a sensor was worn; an empty placement: not known.
    """

    placed = Signal(str, str)

    def __init__(self, unknown: str = "not known", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unknown = unknown
        self.boxes: dict[str, QComboBox] = {}
        self._words: dict[str, str] = {}
        self._inner = QWidget()
        self._grid = QGridLayout(self._inner)
        self._grid.setContentsMargins(0, 4, 0, 4)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scrolled(self._inner, "Where sensors were worn"))

    def show_sensors(self, words: Mapping[str, str], placements: Mapping[str, str]) -> None:
        """Show the first sensors, a row each with its words, and where they are said to have been worn."""
        kept = dict(list(words.items())[:_MOST])
        if kept != self._words:
            self._build(kept)
        for sensor, box in self.boxes.items():
            placement = placements.get(sensor, "")
            with QSignalBlocker(box):
                if box.findData(placement) < 0:
                    box.addItem(placement.replace("_", " "), placement)
                box.setCurrentIndex(box.findData(placement))

    def chosen(self) -> dict[str, str]:
        """Placements by sensor, without those that are not known."""
        return {sensor: str(box.currentData()) for sensor, box in self.boxes.items() if box.currentData()}

    def _build(self, words: dict[str, str]) -> None:
        from m3n_studio.imu.placement import PLACEMENTS

        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.boxes, self._words = {}, words
        for row, (sensor, said) in enumerate(words.items()):
            box = combo(tip="Where the sensor was worn", accessible=said, characters=12)
            box.addItem(self._unknown, "")
            for name in PLACEMENTS:
                box.addItem(name.replace("_", " "), name)
            box.activated.connect(lambda _, sensor=sensor, box=box: self.placed.emit(sensor, box.currentData()))
            name_label = label(said)
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
