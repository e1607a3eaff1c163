"""Stretches of recordings that are picked, shared by all views: points of an embedding, suggestions, errors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from PySide6.QtCore import QObject, Signal, Slot

from m3n_studio.studio.core.desk import Desk


class Moment(NamedTuple):
    """A stretch of a session; a tuple, as a hundred thousand may be picked at once.

    Attributes
    ----------
    session : str
        Its id in the project.
    start_s, end_s : float, s
        On the session's clock.
    """

    session: str
    start_s: float
    end_s: float


class Moments(QObject):
    """What is picked; :class:`~m3n_studio.studio.core.going.Goer` goes there.

    Signals
    -------
    changed : (none)
        Other moments are picked.
    """

    changed = Signal()

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._picked: tuple[Moment, ...] = ()
        desk.project_changed.connect(self._forget)

    @property
    def picked(self) -> tuple[Moment, ...]:
        """What is picked, in order, without repetition."""
        return self._picked

    @property
    def here(self) -> tuple[Moment, ...]:
        """Those of the session on the desk."""
        session = self._desk.session
        return tuple(m for m in self._picked if session is not None and m.session == session.id)

    def pick(self, moments: Iterable[Moment]) -> None:
        """Pick these and nothing else."""
        found = tuple(sorted(dict.fromkeys(moments)))  # mostly in order already: a set would lose that
        if found != self._picked:
            self._picked = found
            self.changed.emit()

    @Slot()
    def _forget(self) -> None:
        """Sessions that are gone take their moments along."""
        project = self._desk.project
        known = {s.id for s in project.sessions()} if project is not None and self._picked else set()
        self.pick(m for m in self._picked if m.session in known)
