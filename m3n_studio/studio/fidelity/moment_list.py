"""The worst moments, worst first; choosing one goes there and loops it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from m3n_studio.studio.core.clock import Clock
from m3n_studio.studio.core.selection import Selection
from m3n_studio.studio.fidelity.fidelity_table import FigureTable, figure
from m3n_studio.studio.fidelity.fidelity_work import FidelityWork, Gathered
from m3n_studio.studio.look.widgets import named

if TYPE_CHECKING:
    from m3n_studio.imu.moments import Moment

_HINT = "Where the two differ most. Click one, or go with the arrow keys, to see it in the traces; Space plays it."
_NO_REASON = "no single cause shows"
#: Under so many pixels the share of the error is left out, then the error itself.
_NARROW, _NARROWER = 540, 450


class MomentList(QWidget):
    """Moments of the pair."""

    def __init__(self, work: FidelityWork, clock: Clock, selection: Selection) -> None:
        super().__init__()
        self._clock, self._selection = clock, selection
        self.moments: tuple[Moment, ...] = ()
        self.table = FigureTable(["when", "channel", "RMSE", "size", "why"], "Worst moments")
        self.table.setToolTip(_HINT)
        self.table.setWordWrap(False)
        self.table.horizontalHeader().setStretchLastSection(True)
        tips = ("On the clock, s", "The axis to blame", "In that channel, there",
                "RMSE over the spread of the real signal", "What would take most of the difference away")  # fmt: skip
        for j, tip in enumerate(tips):
            self.table.tell(-1, j, tip)
        self.loop = named(QCheckBox("Play it round and round"), tip="Loop the moment that is chosen")
        self.loop.setChecked(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(8)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.loop)
        self.table.currentCellChanged.connect(self._on_current)
        self.table.cellClicked.connect(self._on_clicked)
        self.loop.toggled.connect(self._on_loop)
        work.found.connect(self._on_found)

    @Slot(object)
    def _on_found(self, found: Gathered | None) -> None:
        moments = () if found is None else found.evidence.moments
        if moments == self.moments:
            return
        self.moments = moments
        blocked = self.table.blockSignals(True)
        self.table.set_rows(
            [[f"{m.start_s:.2f} – {m.end_s:.2f} s", f"{m.quantity} {m.axis}", f"{figure(m.rmse, 2)} {m.unit}",
              f"{100 * m.score:.0f} %", m.reason or _NO_REASON] for m in moments], words=(0, 1, 4),
        )  # fmt: skip
        for i, m in enumerate(moments):
            self.table.tell(i, 4, m.reason or _NO_REASON)
        self._fit()
        self.table.setCurrentCell(-1, -1)
        self.table.blockSignals(blocked)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Room for the reasons where it is narrow."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """The order of the rows tells how bad they are; the reason says more."""
        self.table.setColumnHidden(3, self.width() < _NARROW)
        self.table.setColumnHidden(2, self.width() < _NARROWER)

    @Slot(int, int)
    def _on_clicked(self, row: int, _column: int) -> None:
        self.go(row)

    @Slot(int, int, int, int)
    def _on_current(self, row: int, _column: int, before: int, _before_column: int) -> None:
        if row != before:
            self.go(row)

    def go(self, row: int) -> None:
        """Go to a moment and select it."""
        if 0 <= row < len(self.moments):
            moment = self.moments[row]
            self._selection.set_range((moment.start_s, moment.end_s))
            if self.loop.isChecked():
                self._clock.set_loop((moment.start_s, moment.end_s))
            self._clock.seek(moment.start_s)

    @Slot(bool)
    def _on_loop(self, on: bool) -> None:
        if not on:
            self._clock.set_loop(None)
        else:
            self.go(self.table.currentRow())
