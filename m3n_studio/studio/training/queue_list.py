"""The queue as cards: what each run is, how far it is, and what one can do with it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QSizePolicy, QVBoxLayout, QWidget

from m3n_studio.studio.look.widgets import label, named, tool_button
from m3n_studio.studio.training.run_queue import Queued, RunQueue

_WORDS = {
    "waiting": "waits", "running": "runs", "stopping": "stops …", "paused": "paused", "cancelled": "stopped",
    "finished": "finished", "failed": "failed",
}  # fmt: skip
#: What one can do: signal, words, tooltip, states.
_DEEDS = (
    ("pause", "Pause", "Stop with a checkpoint; it can go on exactly from there", ("running",)),
    ("go_on", "Resume", "Go on from the last checkpoint, as if never stopped", ("paused", "cancelled")),
    ("retry", "Try again", "Go on from the last checkpoint, or begin", ("failed",)),
    ("cancel", "Cancel", "Stop it and begin the next; what it has reached stays in its folder", ("running", "paused")),
    ("again", "Again…", "Put its settings into the form, to change and start anew",
     ("cancelled", "finished", "failed", "waiting")),
    ("remove", "Remove", "Take it off this list; its folder stays", ("waiting", "cancelled", "finished", "failed")),
)  # fmt: skip


class QueueCard(QFrame):
    """One run."""

    done = Signal(str, object)

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        named(self, style="panel", accessible=f"Run {path.name}")
        self.name = label(path.name, style="heading", tip=str(path))
        self.name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.state = label(style="muted", accessible="State of the run")
        self.state.setWordWrap(True)
        self.problem = label(style="warning", accessible="Why the run failed")
        self.problem.setWordWrap(True)
        self.bar = named(QProgressBar(), accessible=f"Progress of {path.name}")
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.buttons = {}
        foot = QHBoxLayout()
        foot.setSpacing(4)
        foot.addWidget(self.state, 1)
        for deed, words, tip, _ in _DEEDS:
            button = tool_button(words, tip=tip, accessible=f"{words.rstrip('…')} {path.name}", style="component")
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            what = "go_on" if deed == "retry" else deed
            button.clicked.connect(lambda *_, w=what: self.done.emit(w, self.path))
            foot.addWidget(button)
            self.buttons[deed] = button
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 7, 8, 8)
        column.setSpacing(4)
        for part in (self.name, self.bar, self.problem):
            column.addWidget(part)
        column.addLayout(foot)

    def show_item(self, item: Queued) -> None:
        """Show how it stands."""
        where = " in a process of its own" if item.order.apart and item.state == "running" else ""
        self.state.setText(_WORDS[item.state] + where)
        for deed, _, _, states in _DEEDS:
            self.buttons[deed].setVisible(item.state in states)
        self.bar.setVisible(item.state in ("running", "stopping", "paused"))
        self.problem.setText(item.message)
        self.problem.setVisible(bool(item.message))

    def tell(self, text: str) -> None:
        """Say how far it is."""
        self.state.setText(text)


class QueueList(QWidget):
    """All of the queue.

    Signals
    -------
    again : Path
        The user wants a run's settings in the form.
    """

    again = Signal(object)

    def __init__(self, queue: RunQueue) -> None:
        super().__init__()
        self._queue = queue
        self.cards: dict[Path, QueueCard] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        queue.changed.connect(self.show_queue)
        queue.progressed.connect(self._on_progress)
        self.show_queue()

    def show_queue(self) -> None:
        """Show what there is, what runs or waits first."""
        items = self._queue.items
        for path in set(self.cards) - {q.path for q in items}:
            card = self.cards.pop(path)
            self._column.removeWidget(card)
            card.deleteLater()
        for at, item in enumerate(items):
            if item.path not in self.cards:
                card = QueueCard(item.path)
                card.done.connect(self._on_done)
                self.cards[item.path] = card
            self._column.insertWidget(at, self.cards[item.path])
            self.cards[item.path].show_item(item)
        self.setVisible(bool(items))

    def tell(self, path: str, text: str) -> None:
        """A run says how far it is."""
        card = self.cards.get(Path(path))
        item = self._queue.item(Path(path))
        if card is not None and item is not None and item.state in ("running", "stopping"):
            card.tell(text)

    def _on_progress(self, path: Path, share: float) -> None:
        if path in self.cards:
            self.cards[path].bar.setValue(round(1000 * share))

    def _on_done(self, what: str, path: Path) -> None:
        if what == "again":
            self.again.emit(path)
        else:
            getattr(self._queue, what)(path)
