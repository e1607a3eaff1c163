"""Alignment as steps one can see: clock, mount, gravity, and where the sensor sits.

Every step says what was found, how sure that is and where it comes from (fitted, accepted, by
hand, off), and can be accepted, fitted again or overruled by hand. All of it is one undo away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import QCheckBox, QDoubleSpinBox, QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from m3n_studio import so3
from m3n_studio.studio.clock import Clock
from m3n_studio.studio.fidelity_work import FidelityWork, Gathered
from m3n_studio.studio.mount_gizmo import MountGizmo
from m3n_studio.studio.selection import Selection
from m3n_studio.studio.small_plots import CurvePlot, Meter
from m3n_studio.studio.theme import Theme
from m3n_studio.studio.widgets import combo, label, named, push_button

if TYPE_CHECKING:
    from m3n_studio.imu.align import Alignment

_WORDS = ((0.8, "sure"), (0.5, "fair"), (0.2, "doubtful"), (0.0, "a guess"))
_FITTING = "Fitting …"
_ORIGINS = {"fitted": "Fitted", "accepted": "Accepted", "by hand": "By hand", "off": "Off"}
_STATES = (("off", "Off"), ("present", "As simulated"), ("inverted", "Upside down"), ("absent", "Without gravity"))


def in_words(confidence: float) -> str:
    """How sure a confidence from 0 to 1 is."""
    return next(words for least, words in _WORDS if confidence >= least)


class StepCard(QFrame):
    """One step: number, title, origin, confidence; a line that tells; buttons; room for more."""

    def __init__(self, theme: Theme, part: str, title: str, work: FidelityWork) -> None:
        super().__init__()
        self.setObjectName("stepCard")
        self.part, self.work = part, work
        self.title = label(title, style="heading")
        self.origin = label(style="muted", accessible=f"{title}: where it comes from")
        self.meter = Meter(theme, f"{title}: confidence")
        self.sure = label(style="muted")
        self.text = label(accessible=f"{title}: what was found")
        self.text.setWordWrap(True)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.title)
        head.addWidget(self.origin)
        head.addStretch(1)
        head.addWidget(self.meter)
        head.addWidget(self.sure)
        self.room = QVBoxLayout(self)
        self.room.setContentsMargins(12, 10, 12, 10)
        self.room.setSpacing(6)
        self.room.addLayout(head)
        self.room.addWidget(self.text)

    def add_buttons(self) -> None:
        """Use, accept, fit again."""
        self.use = named(QCheckBox("Use"), tip=f"Whether the {self.part} is corrected at all")
        self.use.setAccessibleName(f"Use the {self.part}")
        self.accept = push_button("Accept", tip=f"Keep this {self.part}, and the other steps, as they are now")
        self.again = push_button("Fit again", tip=f"Find the {self.part} anew from the signals")
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.use)
        row.addStretch(1)
        row.addWidget(self.accept)
        row.addWidget(self.again)
        self.room.addLayout(row)
        self.use.clicked.connect(self._on_use)
        self.accept.clicked.connect(self._on_accept)
        self.again.clicked.connect(self._on_again)

    def show_fit(self, alignment: Alignment | None) -> str:
        """Origin and confidence of the part; returns the origin."""
        from m3n_studio.imu.align_hand import origin

        fit = None if alignment is None else getattr(alignment, self.part)
        where = "off" if alignment is None else origin(alignment, self.part, kept=self.work.kept)
        self.origin.setText("" if alignment is None else _ORIGINS[where])
        confidence = 0.0 if fit is None else fit.confidence
        stated = where == "by hand"
        self.meter.setVisible(fit is not None and not stated)
        self.meter.set_value(confidence)
        self.sure.setText("" if fit is None or stated else f"{in_words(confidence)} ({100 * confidence:.0f} %)")
        self.use.setChecked(fit is not None)
        self.accept.setEnabled(where == "fitted")
        for widget in (self.use, self.again):
            widget.setEnabled(alignment is not None)
        return where

    @Slot()
    def _on_use(self) -> None:
        from m3n_studio.imu.align_hand import without

        if self.use.isChecked():
            self.work.fit_again(self.part)
        elif self.work.alignment is not None:
            self.work.set_alignment(without(self.work.alignment, self.part), f"{self.part} off")

    @Slot()
    def _on_accept(self) -> None:
        if self.work.alignment is not None:
            self.work.set_alignment(self.work.alignment, f"{self.part} as found")

    @Slot()
    def _on_again(self) -> None:
        self.work.fit_again(self.part)


class ClockCard(StepCard):
    """Offset and drift: numbers, the correlation's peak, sync points."""

    def __init__(self, theme: Theme, work: FidelityWork, clock: Clock, selection: Selection) -> None:
        super().__init__(theme, "clock", "1  Clock", work)
        self._clock, self._selection = clock, selection
        self.offset = _spin(-1e7, 1e7, 4, 0.005, " s", "Offset of the recording's clock, s: added to its times")
        self.drift = _spin(-6e4, 6e4, 2, 0.5, " ms/min", "Drift of the recording's clock, ms a minute")
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
            _FITTING if alignment is None else "The recording's own times are used." if fit is None else
            f"The recording comes {_amount(fit.offset_s)}{error}, drifts {fit.drift * 6e4:+.2f} ms a minute."
        )  # fmt: skip

    def show_evidence(self, found: Gathered | None) -> None:
        """The correlation against shift."""
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


class MountCard(StepCard):
    """The rotation: axes to turn, angles, quarter turns."""

    def __init__(self, theme: Theme, work: FidelityWork) -> None:
        super().__init__(theme, "mount", "2  Mount", work)
        self.gizmo = MountGizmo(theme)
        self.angles: list[QDoubleSpinBox] = []
        grid = QGridLayout()
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(4)
        self.quarter, self.flip = [], []
        for i, axis in enumerate("xyz"):
            spin = _spin(-180.0, 180.0, 1, 1.0, "°", f"Turn about {axis} of the simulated sensor, degrees")
            spin.setWrapping(True)
            spin.setAccessibleName(f"Mount angle about {axis}")
            quarter = push_button("+90°", tip=f"A quarter turn about {axis}")
            flip = push_button("Flip", tip=f"Half a turn about {axis}")
            quarter.setAccessibleName(f"Quarter turn about {axis}")
            flip.setAccessibleName(f"Half a turn about {axis}")
            for column, widget in enumerate((label(axis, style="heading"), spin, quarter, flip)):
                grid.addWidget(widget, i, column)
            spin.valueChanged.connect(self._on_angle)
            spin.editingFinished.connect(work.seal)
            quarter.clicked.connect(self._on_quarter)
            flip.clicked.connect(self._on_flip)
            self.angles.append(spin)
            self.quarter.append(quarter)
            self.flip.append(flip)
        self.snap = push_button("Snap to axes", tip="The nearest mount that takes axes onto axes")
        grid.addWidget(self.snap, 3, 1, 1, 3)
        grid.setRowStretch(4, 1)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.gizmo)
        row.addLayout(grid)
        row.addStretch(1)
        self.room.addLayout(row)
        self.add_buttons()
        self.snap.clicked.connect(self._on_snap)
        self.gizmo.turned.connect(self._on_turned)
        self.gizmo.released.connect(work.seal)

    def show_pair(self) -> None:
        """The alignment as it is now."""
        from m3n_studio.imu.align_hand import mount_angles_deg

        alignment = self.work.alignment
        where = self.show_fit(alignment)
        fit = None if alignment is None else alignment.mount
        R = np.eye(3) if fit is None else fit.R
        self.gizmo.set_mount(R)
        for spin, value in zip(self.angles, mount_angles_deg(R), strict=True):
            with QSignalBlocker(spin):
                spin.setValue(value)
        for widget in (self.gizmo, *self.angles, *self.quarter, *self.flip, self.snap):
            widget.setEnabled(alignment is not None)
        if fit is None:
            nothing = "The recording's axes are taken as the simulated sensor's."
            self.text.setText(_FITTING if alignment is None else nothing)
            return
        turn = so3.rotvec_from_matrix(R)
        angle = float(np.linalg.norm(turn))
        about = "" if angle < 1e-3 else " about ({:+.2f}, {:+.2f}, {:+.2f})".format(*(turn / angle))
        left = "" if where == "by hand" else (
            f"; {fit.residual_deg:.1f}° left, worst axis known to ± {fit.worst_axis_deg:.1f}°")  # fmt: skip
        self.text.setText(f"The real sensor is turned by {np.rad2deg(angle):.1f}°{about}{left}.")

    def _turn(self, axis: int, degrees: float) -> None:
        from m3n_studio.imu.align_hand import turned

        if self.work.alignment is not None:
            self.work.set_alignment(turned(self.work.alignment, axis, degrees), "mount")

    @Slot()
    def _on_quarter(self) -> None:
        self._turn([b is self.sender() for b in self.quarter].index(True), 90.0)

    @Slot()
    def _on_flip(self) -> None:
        self._turn([b is self.sender() for b in self.flip].index(True), 180.0)

    @Slot()
    def _on_snap(self) -> None:
        from m3n_studio.imu.align_hand import squared

        if self.work.alignment is not None:
            self.work.set_alignment(squared(self.work.alignment), "mount")

    @Slot()
    def _on_angle(self) -> None:
        from m3n_studio.imu.align_hand import mount_from_angles

        self._on_turned(mount_from_angles([spin.value() for spin in self.angles]))

    @Slot(object)
    def _on_turned(self, R: np.ndarray) -> None:
        from m3n_studio.imu.align_hand import with_turn

        if self.work.alignment is not None:
            self.work.set_alignment(with_turn(self.work.alignment, R), "mount", merge="mount")


class GravityCard(StepCard):
    """Whether the accelerometer feels gravity."""

    def __init__(self, theme: Theme, work: FidelityWork) -> None:
        super().__init__(theme, "gravity", "3  Gravity", work)
        self.state = combo(tip="What the real accelerometer reads at rest", accessible="State of gravity")
        for name, words in _STATES:
            self.state.addItem(words, name)
        row = QHBoxLayout()
        row.addWidget(label("At rest it reads", style="muted"))
        row.addWidget(self.state)
        row.addStretch(1)
        self.room.addLayout(row)
        self.add_buttons()
        self.state.activated.connect(self._on_state)

    def show_pair(self) -> None:
        """The alignment as it is now."""
        alignment = self.work.alignment
        self.show_fit(alignment)
        fit = None if alignment is None else alignment.gravity
        self.state.setEnabled(alignment is not None)
        self.state.setCurrentIndex(max(self.state.findData("off" if fit is None else fit.state), 0))
        self.show_evidence(self.work.result)

    def show_evidence(self, found: Gathered | None) -> None:
        """What the signals say."""
        if found is None:
            self.text.setText("")
            return
        gravity = found.evidence.gravity
        reads = f"At rest it reads {gravity.magnitude_mps2:.2f} m/s²"
        told = {
            "unknown": "The two never rest together: nothing to judge by.",
            "absent": f"{reads}: this recording is without gravity.",
            "present": f"{reads}, {gravity.tilt_deg:.1f}° off the simulation.",
            "inverted": f"{reads}, upside down.",
        }
        self.text.setText(told[gravity.state])

    @Slot()
    def _on_state(self) -> None:
        from m3n_studio.imu.align_hand import without

        alignment, state = self.work.alignment, self.state.currentData()
        if alignment is not None:
            changed = without(alignment, "gravity") if state == "off" else alignment.with_gravity(state)
            self.work.set_alignment(changed, "gravity")


class LeverCard(QFrame):
    """Where the real sensor seems to sit; for information."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("stepCard")
        self.text = label(accessible="Lever arm")
        self.text.setWordWrap(True)
        room = QVBoxLayout(self)
        room.setContentsMargins(12, 10, 12, 10)
        room.setSpacing(6)
        room.addWidget(label("Lever arm", style="heading"))
        room.addWidget(self.text)

    def show_evidence(self, found: Gathered | None) -> None:
        """What the accelerations say."""
        if found is None:
            self.text.setText("")
            return
        lever = found.lever
        if not np.isfinite(lever.std_m).all():
            self.text.setText("Too little movement in common to tell where on the limb the sensor sits.")
            return
        x, y, z = 1e3 * lever.offset_m
        self.text.setText(
            f"The real sensor seems to sit at ({x:+.0f}, {y:+.0f}, {z:+.0f}) mm from the simulated one, in its axes,"
            f" ± {1e3 * lever.std_m.max():.0f} mm: {in_words(lever.confidence)} ({100 * lever.confidence:.0f} %)."
            " For information: move the sensor on the body to make use of it."
        )


class AlignmentSteps(QWidget):
    """The steps, one under another, and a way back to what the fit says."""

    def __init__(self, theme: Theme, work: FidelityWork, clock: Clock, selection: Selection) -> None:
        super().__init__()
        self.work = work
        self.clock_card = ClockCard(theme, work, clock, selection)
        self.mount_card = MountCard(theme, work)
        self.gravity_card = GravityCard(theme, work)
        self.lever_card = LeverCard()
        self.reset = push_button("Reset: fit everything again", tip="Forget what was accepted or set by hand")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(8)
        for card in (self.clock_card, self.mount_card, self.gravity_card, self.lever_card):
            layout.addWidget(card)
        layout.addWidget(self.reset, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addStretch(1)
        work.pair_changed.connect(self._on_pair)
        work.found.connect(self._on_found)
        self.reset.clicked.connect(self._on_reset)
        self._sensor = ""
        self._on_pair()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        for card in (self.clock_card, self.mount_card, self.gravity_card):
            card.meter.set_theme(theme)
        self.clock_card.curve.set_theme(theme)
        self.mount_card.gizmo.set_theme(theme)

    @Slot()
    def _on_pair(self) -> None:
        if self.work.sensor != self._sensor:
            self._sensor = self.work.sensor
            self.clock_card.forget_points()
        for card in (self.clock_card, self.mount_card, self.gravity_card):
            card.show_pair()
        self.reset.setEnabled(self.work.kept)

    @Slot(object)
    def _on_found(self, found: Gathered | None) -> None:
        for card in (self.clock_card, self.gravity_card, self.lever_card):
            card.show_evidence(found)

    @Slot()
    def _on_reset(self) -> None:
        self.clock_card.forget_points()
        self.work.set_alignment(None, "alignment back to the fit")


def _spin(low: float, high: float, decimals: int, step: float, unit: str, tip: str) -> QDoubleSpinBox:
    spin = named(QDoubleSpinBox(), tip=f"{tip}; type it, or use the arrow keys")
    spin.setDecimals(decimals)
    spin.setRange(low, high)
    spin.setSingleStep(step)
    spin.setSuffix(unit)
    spin.setKeyboardTracking(False)
    spin.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
    spin.setMinimumWidth(spin.fontMetrics().horizontalAdvance(f"-180.0000{unit}") + 20)
    return spin


def _amount(offset_s: float) -> str:
    """An offset in words."""
    size = f"{1e3 * abs(offset_s):.1f} ms" if abs(offset_s) < 1.0 else f"{abs(offset_s):.3f} s"
    return f"{size} {'early' if offset_s > 0 else 'late'}"
