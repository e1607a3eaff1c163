"""What every step of the alignment has: origin, confidence, a line that tells, use, accept and fit again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QCheckBox, QDoubleSpinBox, QFrame, QHBoxLayout, QVBoxLayout

from m3n_studio.studio.fidelity.fidelity_work import FidelityWork
from m3n_studio.studio.fidelity.small_plots import Meter
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label, named, push_button

if TYPE_CHECKING:
    from m3n_studio.imu.align import Alignment

_WORDS = ((0.8, "sure"), (0.5, "fair"), (0.2, "doubtful"), (0.0, "a guess"))
FITTING = "Fitting …"
_ORIGINS = {"fitted": "Fitted", "accepted": "Accepted", "by hand": "By hand", "off": "Off"}


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


def number_box(low: float, high: float, decimals: int, step: float, unit: str, tip: str) -> QDoubleSpinBox:
    """A number to type, with its unit."""
    spin = named(QDoubleSpinBox(), tip=f"{tip}; type it, or use the arrow keys")
    spin.setDecimals(decimals)
    spin.setRange(low, high)
    spin.setSingleStep(step)
    spin.setSuffix(unit)
    spin.setKeyboardTracking(False)
    spin.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
    spin.setMinimumWidth(spin.fontMetrics().horizontalAdvance(f"-180.0000{unit}") + 20)
    return spin
