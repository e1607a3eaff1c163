"""Alignment as steps one can see: clock, mount, gravity, and where the sensor sits.

Every step says what was found, how sure that is and where it comes from (fitted, accepted, by
hand, off), and can be accepted, fitted again or overruled by hand. All of it is one undo away.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from m3n_studio.studio.core.clock import Clock
from m3n_studio.studio.core.selection import Selection
from m3n_studio.studio.fidelity.clock_card import ClockCard
from m3n_studio.studio.fidelity.fidelity_work import FidelityWork, Gathered
from m3n_studio.studio.fidelity.mount_card import MountCard
from m3n_studio.studio.fidelity.step_card import StepCard, in_words
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import combo, label, push_button

_STATES = (("off", "Off"), ("present", "As simulated"), ("inverted", "Upside down"), ("absent", "Without gravity"))


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
        self.clock_card.offsets.set_theme(theme)
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
