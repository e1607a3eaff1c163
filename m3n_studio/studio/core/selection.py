"""What the user has picked, shared by all views."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

Range = tuple[float, float]


class Selection(QObject):
    """What is looked at: a sensor, a stretch of time, the time in view.

    The sensor is an index among the simulated ones; -1 for none.

    Signals
    -------
    sensor_changed : int
    range_changed : (from, to) in s, or None
        The stretch of time that is selected.
    visible_changed : (from, to) in s, or None
        The time the traces show.
    aligning_changed : bool
        Whether dragging in the traces moves the recording in time.
    clock_dragged : str, float
        The recording of a sensor (by name) was dragged on by so many seconds.
    proposed_changed : (from, to) in s, or None
        A stretch a view proposes to label.
    axis_moved : (none)
        What time stands beside may begin or end elsewhere on the screen.
    point_picked : str, float
        A moment was pointed at, in ``"simulated"`` or ``"real"``, at this time of the clock, s.
    """

    sensor_changed = Signal(int)
    range_changed = Signal(object)
    visible_changed = Signal(object)
    aligning_changed = Signal(bool)
    clock_dragged = Signal(str, float)
    point_picked = Signal(str, float)
    proposed_changed = Signal(object)
    axis_moved = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._sensor = -1
        self._range: Range | None = None
        self._visible: Range | None = None
        self._aligning = False
        #: Where the plots of the traces begin and end on the screen, px, and whether the times below them can be
        #: seen; None while the traces cannot.
        self.plot_edges: Callable[[], tuple[float, float, bool] | None] = lambda: None
        #: The same of the predictions, for what stands below them while the traces cannot be seen.
        self.strip_edges: Callable[[], tuple[float, float, bool] | None] = lambda: None
        self._proposed: Range | None = None

    @property
    def sensor(self) -> int:
        """The index."""
        return self._sensor

    @property
    def range(self) -> Range | None:
        """The stretch of time selected, s."""
        return self._range

    @property
    def visible(self) -> Range | None:
        """The time the traces show, s."""
        return self._visible

    @property
    def aligning(self) -> bool:
        """Whether dragging in the traces moves the recording in time."""
        return self._aligning

    @property
    def proposed(self) -> Range | None:
        """The stretch a view proposes to label, s."""
        return self._proposed

    def set_proposed(self, span: Range | None) -> None:
        """Propose a stretch of time, s; None: no longer."""
        if span != self._proposed:
            self._proposed = span
            self.proposed_changed.emit(span)

    def set_sensor(self, index: int) -> None:
        """Look at another sensor."""
        if index != self._sensor:
            self._sensor = index
            self.sensor_changed.emit(index)

    def set_range(self, span: Range | None) -> None:
        """Select a stretch of time (either end first), s; None or an empty one: nothing."""
        if span is not None:
            low, high = sorted(float(t) for t in span)
            span = (low, high) if high > low else None
        if span != self._range:
            self._range = span
            self.range_changed.emit(span)

    def set_visible(self, span: Range | None) -> None:
        """Show another stretch of time, s."""
        if span != self._visible:
            self._visible = span
            self.visible_changed.emit(span)

    def set_aligning(self, on: bool) -> None:
        """Let dragging in the traces move the recording in time, or no longer."""
        if on != self._aligning:
            self._aligning = on
            self.aligning_changed.emit(on)
