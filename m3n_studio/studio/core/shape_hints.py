"""What other views have to say about the attributes' sliders: ranges that bring synthetic closest to real."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal


@dataclass(frozen=True)
class ShapeHint:
    """A range of one measurement, and the best value in it.

    Attributes
    ----------
    low, best, high : float
        In the unit of the measurement (m, kg or a ratio).
    text : str
        What it says, for a tooltip.
    """

    low: float
    best: float
    high: float
    text: str


class ShapeHints(QObject):
    """Hints by name of measurement.

    Signals
    -------
    changed : (none)
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._hints: dict[str, ShapeHint] = {}

    @property
    def all(self) -> Mapping[str, ShapeHint]:
        """Every hint there is."""
        return dict(self._hints)

    def put(self, hints: Mapping[str, ShapeHint]) -> None:
        """These and no others; empty: none."""
        if dict(hints) != self._hints:
            self._hints = dict(hints)
            self.changed.emit()
