"""Saying once where recordings of one name were worn: files rarely say it, and nothing is learned without it."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QGridLayout, QWidget

from m3n_studio.imu.placement import PLACEMENTS
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.look.widgets import combo, label, push_button
from m3n_studio.studio.training.field_row import calm

_FIRST = ("left_wrist", "right_wrist")


def place_all(desk: Desk, name: str, placement: str) -> bool:
    """Say where all recordings of a name were worn, as one step of the undo stack."""
    from m3n_studio.project.worn import place_edits

    if desk.project is None:
        return False
    return desk.edit_all(f"Worn at {placement.replace('_', ' ')}", place_edits(desk.project, name, placement))


class Placing(QWidget):
    """A name of recordings, a place, and a button."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.name = calm(combo(tip="Recordings of this name", accessible="Recordings of this name", characters=10))
        self.place = calm(combo(tip="Where all of them were worn", accessible="Where they were worn", characters=10))
        for site in (*_FIRST, *(p for p in PLACEMENTS if p not in _FIRST)):
            self.place.addItem(site.replace("_", " "), site)
        self.apply = push_button("Set", tip="Say so for all of them; one undo takes it back", style="primary")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 4)
        grid.setHorizontalSpacing(6)
        grid.addWidget(self.name, 0, 0)
        grid.addWidget(label("worn at", style="muted"), 0, 1)
        grid.addWidget(self.place, 0, 2)
        grid.addWidget(self.apply, 0, 3)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(2, 1)
        self.apply.clicked.connect(self._on_apply)

    def set_names(self, counts: dict[str, int]) -> None:
        """Offer these."""
        self.name.clear()
        for name, count in counts.items():
            self.name.addItem(f"{name} ({count:,} recording{'s' * (count != 1)})", name)
        self.apply.setEnabled(bool(counts) and not self._desk.read_only)

    @Slot()
    def _on_apply(self) -> None:
        place_all(self._desk, str(self.name.currentData()), str(self.place.currentData()))
