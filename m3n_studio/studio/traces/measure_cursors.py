"""Two cursors to measure with: drawn in every lane, dragged in any, always at the same two times."""

from __future__ import annotations

from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtCore import QObject, Qt, Signal

from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.traces.measuring import Figures
from m3n_studio.studio.traces.trace_lane import Lane, kind_color, number
from m3n_studio.studio.traces.tracks import OVER

_MEASURED = ("simulated", "real", *OVER, "difference")


class MeasureCursors(QObject):
    """The cursors, off at first.

    Signals
    -------
    changed : (first, second) in s, or None
    """

    changed = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._lanes: Sequence[Lane] = ()
        self._marks: list[tuple[pg.InfiniteLine, pg.InfiniteLine]] = []
        self._times: tuple[float, float] | None = None
        self._theme: Theme | None = None

    @property
    def times(self) -> tuple[float, float] | None:
        """First and second cursor, s; None while off."""
        return self._times

    def set_lanes(self, lanes: Sequence[Lane], theme: Theme) -> None:
        """Draw in these lanes; those before are gone."""
        self._lanes, self._theme, self._marks = lanes, theme, []
        if self._times is not None:
            self._draw()

    def set_times(self, times: tuple[float, float] | None) -> None:
        """Put the cursors at two times, s; None takes them away."""
        self._times = None if times is None else (float(times[0]), float(times[1]))
        self._draw()
        self.changed.emit(self._times)

    def refresh(self) -> None:
        """Figures anew: the lines have changed."""
        for lane in self._lanes:
            lane.readout.set_rows(() if self._times is None else self._rows(lane, *self._times))

    def _draw(self) -> None:
        if self._times is None:
            for lane, pair in zip(self._lanes, self._marks, strict=False):
                for mark in pair:
                    lane.plot.removeItem(mark)
            self._marks = []
        elif not self._marks:
            self._marks = [(self._mark(lane, 0), self._mark(lane, 1)) for lane in self._lanes]
        for pair in self._marks:
            for mark, time_s in zip(pair, self._times or (), strict=True):
                mark.blockSignals(True)
                mark.setPos(time_s)
                mark.blockSignals(False)
        self.refresh()

    def _mark(self, lane: Lane, index: int) -> pg.InfiniteLine:
        assert self._theme is not None
        color = self._theme.accent
        mark = pg.InfiniteLine(
            angle=90, movable=True, pen=pg.mkPen(color, style=Qt.PenStyle.DashLine), hoverPen=pg.mkPen(color, width=3)
        )
        mark.setZValue(45)
        mark.setCursor(Qt.CursorShape.SizeHorCursor)
        mark.sigPositionChanged.connect(self._on_moved_first if index == 0 else self._on_moved_second)
        lane.plot.addItem(mark, ignoreBounds=True)
        return mark

    def _on_moved_first(self, mark: pg.InfiniteLine) -> None:
        if self._times is not None:
            self.set_times((float(mark.value()), self._times[1]))

    def _on_moved_second(self, mark: pg.InfiniteLine) -> None:
        if self._times is not None:
            self.set_times((self._times[0], float(mark.value())))

    def _rows(self, lane: Lane, first: float, second: float) -> tuple[tuple[str, str], ...]:
        assert self._theme is not None
        found = lane.figures(first, second)
        return tuple(
            (words(figures), kind_color(self._theme, kind)) for kind, figures in found.items() if kind in _MEASURED
        )


def words(f: Figures) -> str:
    """Figures in one row."""
    rest = (("Δ", f.delta), ("mean", f.mean), ("RMS", f.rms), ("min", f.least), ("max", f.most))
    return "   ".join(f"{name} {number(value)}" for name, value in rest)


def span_words(times: tuple[float, float]) -> str:
    """How far apart the cursors are, in seconds and as a frequency."""
    apart = times[1] - times[0]
    rate = f"1/Δt {1 / abs(apart):.3f} Hz" if apart else "1/Δt –"
    return f"Δt {apart:+.3f} s   {rate}".replace("-", "−")
