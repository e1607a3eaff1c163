"""What is picked among the points, shared: moments and labels that other views pick are picked here, and the reverse.

Real windows are picked as moments, for all views; poses, sentences and synthetic windows, which are no
moments, are picked here alone, until somebody picks other moments.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from m3n_studio.annotation import operations
from m3n_studio.annotation.model import Change
from m3n_studio.annotation.track import Track
from m3n_studio.errors import M3nError
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.moments import Moment, Moments
from m3n_studio.studio.embedding.embedding_table import REAL, PointTable, RowFinder

Ints = NDArray[np.int64]
_NOTHING = np.zeros(0, dtype=np.int64)


class Picks(QObject):
    """Rows of a table that are picked.

    Signals
    -------
    changed : (none)
    """

    changed = Signal()

    def __init__(self, desk: Desk, moments: Moments, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk, self._moments = desk, moments
        self._table: PointTable | None = None
        self._finder: RowFinder | None = None
        self._others, self._own = _NOTHING, False
        self.rows = _NOTHING
        moments.changed.connect(self._on_moments)
        desk.picked_changed.connect(self._on_labels)

    def set_table(self, table: PointTable | None) -> None:
        """Other points."""
        self._table, self._finder = table, None if table is None else table.finder
        self._others = _NOTHING
        self._tell()

    def pick(self, rows: Ints, *, add: bool = False) -> None:
        """Pick these rows, or these too."""
        if self._table is None:
            return
        wanted = _either(len(self._table), rows, self.rows if add else _NOTHING)
        real = self._table.modality[wanted] == REAL
        self._others = wanted[~real]
        self._own = True
        self._moments.pick(self._table.moments(wanted[real]))
        self._own = False
        self._tell()

    def toggle(self, row: int) -> None:
        """Pick a row too, or no longer."""
        self.pick(np.setxor1d(self.rows, self._same(row)))

    def _same(self, row: int) -> Ints:
        """The row, with those of the same window at other placements."""
        moment = None if self._table is None else self._table.moment(row)
        if moment is None or self._finder is None:
            return np.array([row])
        return self._finder.rows((moment,))

    @Slot()
    def _on_moments(self) -> None:
        if not self._own:
            self._others = _NOTHING
            self._tell()

    def _tell(self) -> None:
        mine = _NOTHING if self._finder is None else self._finder.rows(self._moments.picked)
        self.rows = _NOTHING if self._table is None else _either(len(self._table), mine, self._others)
        self.changed.emit()

    # ------------------------------------------------------------------ labels

    @Slot()
    def _on_labels(self) -> None:
        """Labels were picked: the windows in them are."""
        session, labels = self._desk.session, self._desk.picked
        if self._own or self._table is None or self._finder is None or session is None or not labels:
            return
        rows = self._finder.rows(Moment(session.id, a.start_s, a.end_s) for a in labels)
        self._moments.pick(self._table.moments(rows))

    def labels_of(self) -> frozenset[str]:
        """Ids of the labels of the tier, in the session on the desk, that the middle of a picked moment lies in."""
        track = self._desk.track
        middles = [(m.start_s + m.end_s) / 2 for m in self._moments.here]
        if track is None:
            return frozenset()
        return frozenset(a.id for a in track if any(a.start_s <= t < a.end_s for t in middles))

    def pick_labels(self) -> int:
        """Pick those labels; how many they are."""
        ids = self.labels_of()
        self._own = True
        self._desk.pick(ids)
        self._own = False
        return len(ids)

    def label(self, name: str) -> str:
        """Label what is picked with a class of the tier; why not, or empty. Windows that touch become one label."""
        from m3n_studio.learning.intervals import merged

        project, tier = self._desk.project, self._desk.tier
        if project is None or self._desk.read_only:
            return "The project is open for reading only."
        if tier is None or tier.kind != "interval" or tier.by_id(name) is None:
            return "Choose a tier of intervals with classes in the Labels view."
        spans: dict[str, list[tuple[float, float]]] = {}
        for m in self._moments.picked:
            spans.setdefault(m.session, []).append((m.start_s, m.end_s))
        changes: dict[str, Change] = {}
        try:
            for session, each in spans.items():
                here = self._desk.session is not None and self._desk.session.id == session
                own = self._desk.tracks[tier.id] if here else Track.of(tier, project.annotations(session, tier.id))
                whole = Change("")
                for start, end in merged(each):
                    change = operations.put(own, name, start, end, author=self._desk.author, note="embedding")
                    own, whole = own.after(change), operations.compose(whole, change)
                changes[session] = whole
        except M3nError as error:
            return str(error)
        count = len(self._moments.picked)
        words = f"Label {count} picked windows" if count > 1 else "Label a picked window"
        return "" if self._desk.annotate_all(words, changes) else "Nothing was labelled."


def _either(count: int, *some: Ints) -> Ints:
    """Rows of a table of `count` that are among some, sorted; quicker than a union where they are very many."""
    there = np.zeros(count, dtype=bool)
    for rows in some:
        there[rows] = True
    return np.flatnonzero(there)
