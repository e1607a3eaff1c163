"""Where each sensor of a table was worn."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from m3n_studio.studio.projects.recipe_draft import Draft
from m3n_studio.studio.projects.worn_rows import WornRows


class WornPane(WornRows):
    """A placement for each sensor of a draft.

    Signals
    -------
    edited : Draft
        By the user.
    """

    edited = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("not known, or the file's name says", parent)
        self._draft: Draft | None = None
        self.placed.connect(self._on_placed)

    def show_draft(self, draft: Draft) -> None:
        """Show a draft's sensors."""
        self._draft = draft
        words = {sensor: f"{sensor.replace('_', ' ')} worn at" if sensor else "Worn at"
                 for sensor in draft.sensor_names or draft.sensors or ("",)}  # fmt: skip
        self.show_sensors(words, draft.placements)

    def _on_placed(self, sensor: str, placement: str) -> None:
        if self._draft is not None:
            self.edited.emit(self._draft.with_(placements={**self._draft.placements, sensor: placement}))
