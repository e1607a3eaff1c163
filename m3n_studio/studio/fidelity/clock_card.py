"""The first step of the alignment: offset and drift of the recording's clock, by numbers or sync points.

A plot follows the clock window by window, so that what one straight line does not fit is seen.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSignalBlocker, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout

from m3n_studio.studio.core.clock import Clock
from m3n_studio.studio.core.selection import Selection
from m3n_studio.studio.fidelity.fidelity_work import FidelityWork, Gathered
from m3n_studio.studio.fidelity.offset_plot import OffsetPlot, summary
from m3n_studio.studio.fidelity.small_plots import CurvePlot
from m3n_studio.studio.fidelity.step_card import FITTING, StepCard, number_box
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label, push_button


class ClockCard(StepCard):
    """Offset and drift: numbers, the correlation's peak, sync points."""

    def __init__(self, theme: Theme, work: FidelityWork, clock: Clock, selection: Selection) -> None:
        super().__init__(theme, "clock", "1  Clock", work)
        self._clock, self._selection = clock, selection
        self.offset = number_box(-1e7, 1e7, 4, 0.005, " s", "Offset of the recording's clock, s: added to its times")
        self.drift = number_box(-6e4, 6e4, 2, 0.5, " ms/min", "Drift of the recording's clock, ms a minute")
        numbers = QGridLayout()
        numbers.setHorizontalSpacing(8)
        for i, (words, spin) in enumerate((("Offset", self.offset), ("Drift", self.drift))):
            title = label(words, style="muted")
            title.setBuddy(spin)
            spin.setAccessibleName(f"Clock {words.lower()}")
            numbers.addWidget(title, i, 0)
            numbers.addWidget(spin, i, 1)
            spin.valueChanged.connect(self._on_number)
            spin.editingFinished.connect(work.seal)
        numbers.setRowStretch(2, 1)
        self.curve = CurvePlot(theme)
        middle = QHBoxLayout()
        middle.setSpacing(10)
        middle.addLayout(numbers)
        middle.addWidget(self.curve, 1)
        self.room.addLayout(middle)
        self.offsets = OffsetPlot(theme)
        self.offsets.picked.connect(clock.seek)
        self.straight = label(style="muted", accessible="How straight the clock is")
        self.straight.setWordWrap(True)
        self.room.addWidget(self.offsets)
        self.room.addWidget(self.straight)
        self._add_sync()
        self.add_buttons()

    def _add_sync(self) -> None:
        self.points: list[tuple[float, float]] = []
        self._pending: dict[str, float] = {}
        self.here = {
            "simulated": push_button("Simulated: here", tip="The moment under the cursor, as the simulation shows it"),
            "real": push_button("Real: here", tip="The same moment in the recording, under the cursor now"),
        }
        self.in_traces = push_button(
            "Align in the traces",
            tip="In the traces: drag the recording in time, or click a simulated moment and then the real one",
        )
        self.in_traces.setCheckable(True)
        self.clear = push_button("Clear", tip="Forget the sync points; the clock stays as it is")
        self.sync_text = label(style="muted", accessible="Sync points")
        self.sync_text.setWordWrap(True)
        for buttons in ((self.in_traces, self.clear), tuple(self.here.values())):
            row = QHBoxLayout()
            row.setSpacing(6)
            for button in buttons:
                row.addWidget(button)
            row.addStretch(1)
            self.room.addLayout(row)
        self.room.addWidget(self.sync_text)
        self.here["simulated"].clicked.connect(self._on_simulated_here)
        self.here["real"].clicked.connect(self._on_real_here)
        self.clear.clicked.connect(self.forget_points)
        self.in_traces.clicked.connect(self._selection.set_aligning)
        self._selection.aligning_changed.connect(self.in_traces.setChecked)
        self._tell_points()

    def show_pair(self) -> None:
        """The alignment as it is now."""
        alignment = self.work.alignment
        self.show_fit(alignment)
        fit = None if alignment is None else alignment.clock
        for spin, value in ((self.offset, fit.offset_s if fit else 0.0), (self.drift, fit.drift * 6e4 if fit else 0.0)):
            spin.setEnabled(alignment is not None)
            if abs(spin.value() - value) >= 0.5 * 10.0 ** -spin.decimals():
                with QSignalBlocker(spin):
                    spin.setValue(value)
        for button in (self.in_traces, *self.here.values()):
            button.setEnabled(alignment is not None)
        error = "" if fit is None or not np.isfinite(fit.offset_std_s) or fit.offset_std_s == 0.0 else (
            f" ± {1e3 * fit.offset_std_s:.1f} ms")  # fmt: skip
        self.text.setText(
            FITTING if alignment is None else "The recording's own times are used." if fit is None else
            f"The recording comes {_amount(fit.offset_s)}{error}, drifts {fit.drift * 6e4:+.2f} ms a minute."
        )  # fmt: skip

    def show_evidence(self, found: Gathered | None) -> None:
        """The correlation against shift, and the clock along the recording."""
        windows = None if found is None else found.clock
        self.offsets.set_windows(windows)
        self.straight.setText(summary(windows))
        lags = None if found is None else found.evidence.lags
        self.curve.set_curve(*((np.zeros(0), np.zeros(0)) if lags is None else (lags.lag_s, lags.r)))

    @Slot()
    def _on_number(self) -> None:
        alignment = self.work.alignment
        if alignment is None:
            return
        clock = alignment.clock
        offset, drift = (0.0, 0.0) if clock is None else (clock.offset_s, clock.drift)
        if self.sender() is self.offset:
            offset = self.offset.value()
        else:
            drift = self.drift.value() / 6e4
        self.work.set_alignment(alignment.with_clock(offset_s=offset, drift=drift), "clock", merge="clock")

    @Slot()
    def _on_simulated_here(self) -> None:
        self.pick("simulated", self._clock.time_s)

    @Slot()
    def _on_real_here(self) -> None:
        self.pick("real", self._clock.time_s)

    def pick(self, kind: str, time_s: float) -> None:
        """A moment was pointed at, on the clock's time; two of each give a pair."""
        from m3n_studio.imu.align_hand import on_own_clock

        alignment = self.work.alignment
        if alignment is None or kind not in self.here:
            return
        self._pending[kind] = time_s if kind == "simulated" else on_own_clock(alignment, time_s)
        if len(self._pending) == 2:
            self.points.append((self._pending["simulated"], self._pending["real"]))
            self._pending = {}
            self.work.try_points(self.points)
        self._tell_points()

    @Slot()
    def forget_points(self) -> None:
        """Begin anew."""
        self.points, self._pending = [], {}
        self._tell_points()

    def _tell_points(self) -> None:
        n = len(self.points)
        done = ("No sync points yet", "One sync point: sets the offset", f"{n} sync points: set offset and drift")[
            min(n, 2)
        ]
        wanted = {"simulated": "now point at the same moment in the recording",
                  "real": "now point at the same moment in the simulation"}  # fmt: skip
        half = next((f"; {wanted[kind]}" for kind in self._pending), "")
        self.sync_text.setText(f"{done}{half}.")
        self.clear.setEnabled(bool(n or self._pending))


def _amount(offset_s: float) -> str:
    """An offset in words."""
    size = f"{1e3 * abs(offset_s):.1f} ms" if abs(offset_s) < 1.0 else f"{abs(offset_s):.3f} s"
    return f"{size} {'early' if offset_s > 0 else 'late'}"
