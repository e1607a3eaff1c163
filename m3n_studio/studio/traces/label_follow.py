"""What of the desk's labels the traces show: the tier that is labelled, and what is being made on it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.labels.label_layout import Row, row_of


class LabelFollower(QObject):
    """The active tier of a desk.

    Signals
    -------
    changed : (none)
        Other labels, another tier, or what is pending has grown.
    """

    changed = Signal()

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        for told in (desk.session_changed, desk.tiers_changed, desk.pending_changed):
            told.connect(self._on_change)
        desk.labels_changed.connect(self._on_labels)

    @property
    def row(self) -> Row | None:
        """The labels; None where no session is on the desk."""
        track = self._desk.track
        return None if track is None or self._desk.session is None else row_of(track)

    @property
    def pending(self) -> tuple[tuple[str, float, float], ...]:
        """Labels being made: colour, from, to, s."""
        tier = self._desk.tier
        found = ((tier.by_id(name), start, end) for name, start, end in self._desk.pending) if tier is not None else ()
        return tuple((c.color, start, end) for c, start, end in found if c is not None)

    @Slot()
    def _on_change(self) -> None:
        self.changed.emit()

    @Slot(object)
    def _on_labels(self, change: object) -> None:
        tier = self._desk.tier
        touched = {a.tier for a in (*change.remove, *change.add)} if change is not None else None  # type: ignore[attr-defined]
        if touched is None or tier is None or tier.id in touched:
            self.changed.emit()
