"""Runs of the project that did not end: offered once when the project is opened, in the dock, and never in the way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.run_shelf import RunEntry, RunShelf
from m3n_studio.studio.look.widgets import label, named, push_button

OFFERED = ("interrupted", "cancelled")
_WHY = {"interrupted": "was cut off", "cancelled": "was stopped"}


class OfferCard(QFrame):
    """One run that could go on."""

    answered = Signal(object, bool)

    def __init__(self, entry: RunEntry) -> None:
        super().__init__()
        named(self, style="noticeBar", accessible=f"Run {entry.name} can go on")
        words = label(f"<b>{entry.name}</b> {_WHY.get(entry.status, 'did not end')} before it was finished. It can go"
                      " on from its last checkpoint.")  # fmt: skip
        words.setWordWrap(True)
        words.setToolTip(entry.path)
        self.go = push_button("Go on", tip="Train on exactly from where it was stopped", style="primary")
        self.later = push_button("Not now", tip="Leave it; it is offered again when the project is opened next")
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.later)
        row.addWidget(self.go)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 9, 10, 9)
        column.addWidget(words)
        column.addLayout(row)
        self.go.clicked.connect(lambda: self.answered.emit(Path(entry.path), True))
        self.later.clicked.connect(lambda: self.answered.emit(Path(entry.path), False))


class ResumeOffer(QWidget):
    """What could go on of the project just opened.

    Signals
    -------
    go_on : Path
    """

    go_on = Signal(object)

    def __init__(self, runs: RunShelf, desk: Desk, taken: Callable[[Path], bool]) -> None:
        super().__init__()
        self._runs, self._taken = runs, taken
        self._home: Path | None = None
        self.cards: dict[Path, OfferCard] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        runs.changed.connect(self.look)
        desk.project_changed.connect(self.look)
        self.look()

    def look(self) -> None:
        """Another project: offer what did not end in it; the same: forget what has gone on meanwhile."""
        home = self._runs.home
        if home != self._home:
            self._home = home
            for path in tuple(self.cards):
                self._drop(path)
            for entry in self._runs.entries:
                if entry.status in OFFERED and not entry.elsewhere and not self._taken(Path(entry.path)):
                    self._offer(entry)
        for path in tuple(self.cards):
            found = self._runs.entry(path)
            if found is None or found.status not in OFFERED:
                self._drop(path)
        self.setVisible(bool(self.cards))

    def _offer(self, entry: RunEntry) -> None:
        card = OfferCard(entry)
        card.answered.connect(self._on_answer)
        self.cards[Path(entry.path)] = card
        self._column.addWidget(card)

    def _drop(self, path: Path) -> None:
        card = self.cards.pop(path, None)
        if card is not None:
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()

    def _on_answer(self, path: Path, yes: bool) -> None:
        self._drop(path)
        self.setVisible(bool(self.cards))
        if yes:
            self.go_on.emit(path)
