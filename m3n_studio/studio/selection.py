"""What the user has picked, shared by all views."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal


class Selection(QObject):
    """The sensor that is looked at, by its index among the simulated ones; -1 for none.

    Signals
    -------
    sensor_changed : int
    clock_dragged : str, float
        The recording of a sensor (by name) was dragged on by so many seconds.
    point_picked : str, float
        A moment was pointed at, in ``"simulated"`` or ``"real"``, at this time of the clock, s.
    """

    sensor_changed = Signal(int)
    clock_dragged = Signal(str, float)
    point_picked = Signal(str, float)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._sensor = -1

    @property
    def sensor(self) -> int:
        """The index."""
        return self._sensor

    def set_sensor(self, index: int) -> None:
        """Look at another sensor."""
        if index != self._sensor:
            self._sensor = index
            self.sensor_changed.emit(index)
