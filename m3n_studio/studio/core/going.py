"""Going to a stretch of a session, opening the session first where it is another."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Slot

from m3n_studio.studio.core.clock import Clock
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.selection import Selection


@dataclass(frozen=True)
class _Place:
    session: str
    start_s: float
    end_s: float
    tier: str
    pick: str
    propose: bool


class Goer(QObject):
    """Takes the clock and the view to places."""

    def __init__(self, desk: Desk, clock: Clock, selection: Selection, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk, self._clock, self._selection = desk, clock, selection
        self._waiting: _Place | None = None
        clock.range_changed.connect(self._on_ready)

    def go(
        self, session: str, start_s: float, end_s: float, *, tier: str = "", pick: str = "", propose: bool = False
    ) -> None:
        """Go to a stretch, s.

        session : its id; opened if it is not on the desk.
        tier, pick : ids of a tier to label on and of a label to pick, if any.
        propose : show the stretch on the labels as a proposal.
        """
        place = _Place(session, start_s, end_s, tier, pick, propose)
        if self._desk.session is not None and self._desk.session.id == session:
            self._waiting = None
            self._arrive(place)
        else:
            self._waiting = place
            self._desk.session_wanted.emit(session)

    @Slot()
    def _on_ready(self, *_: object) -> None:
        """The clock has another range: of the session waited for, perhaps; it is set to its start after this."""
        if self._waiting is not None:
            QTimer.singleShot(0, self, self._if_there)

    @Slot()
    def _if_there(self) -> None:
        place, session = self._waiting, self._desk.session
        there = place is not None and session is not None and session.id == place.session
        if place is not None and there and self._clock.end_s >= place.start_s:
            self._waiting = None
            self._arrive(place)

    def _arrive(self, place: _Place) -> None:
        self._clock.pause()
        self._clock.seek(place.start_s)
        if place.tier:
            self._desk.set_tier(place.tier)
        if place.pick:
            self._desk.pick({place.pick})
        if place.propose:
            self._selection.set_proposed((place.start_s, place.end_s))
        self._look(place.start_s, place.end_s)

    def _look(self, start_s: float, end_s: float) -> None:
        """Bring the stretch into view where it is outside; the zoom stays if there is room."""
        visible = self._selection.visible
        if visible is None or (visible[0] <= start_s and end_s <= visible[1]):
            return
        width = max(visible[1] - visible[0], 1.25 * (end_s - start_s))
        first, last = self._clock.start_s, self._clock.end_s
        low = min(max((start_s + end_s - width) / 2, first), max(last - width, first))
        self._selection.set_visible((low, min(low + width, max(last, low + 1e-3))))
