"""Which finetuned runs are shown: a list with ticks under a button; the one ticked first counts for suggestions."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QToolButton

from m3n_studio.studio.core.run_shelf import RunEntry
from m3n_studio.studio.look.widgets import named


def can_predict(entry: RunEntry) -> bool:
    """Whether a run keeps a model that predicts; one in training will."""
    if entry.kind != "finetune":
        return False
    from m3n_studio.errors import M3nError
    from m3n_studio.learning.methods import find_method

    try:
        return find_method(entry.method).family == "neural"
    except M3nError:
        return False


def usable(entries: Sequence[RunEntry]) -> tuple[RunEntry, ...]:
    """The runs one can choose from."""
    return tuple(e for e in entries if can_predict(e))


def words_of(entry: RunEntry) -> str:
    """Name, method, how it stands, and how good it is where that is known."""
    score = entry.metrics.get("macro_f1")
    if isinstance(score, dict):
        score = score.get("mean")
    known = f", macro F1 {100 * score:.0f}" if isinstance(score, int | float) else ""
    return f"{entry.name} ({entry.method}, {entry.status}{known})"


class ModelPicker(QToolButton):
    """The button and its list.

    Signals
    -------
    chosen : tuple of str
        Paths, the first one counting.
    """

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        named(self, style="component", tip="Which models are shown; the first one counts for suggestions",
              accessible="Models shown")  # fmt: skip
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        self._menu = QMenu(self)
        self._menu.setToolTipsVisible(True)
        self.setMenu(self._menu)
        self._models: tuple[str, ...] = ()
        self._ticks: dict[str, QAction] = {}
        self.set_runs((), ())

    def set_runs(self, entries: Sequence[RunEntry], models: tuple[str, ...]) -> None:
        """Offer these runs, those shown ticked."""
        self._models = models
        names = {e.path: e.name for e in entries}
        first = names.get(models[0], "") if models else ""
        more = f" +{len(models) - 1}" if len(models) > 1 else ""
        short = first if len(first) <= 16 else f"{first[:10]}…{first[-5:]}"
        self.setText((f"{short}{more}" if models else "Choose a model").replace("&", "&&") + "  ▾")
        self._menu.clear()
        self._ticks = {}
        for entry in entries:
            tick = QAction(words_of(entry).replace("&", "&&"), self._menu, checkable=True)
            tick.setChecked(entry.path in models)
            tick.setData(entry.path)
            tick.setToolTip(entry.message or entry.path)
            tick.triggered.connect(self._on_tick)
            self._menu.addAction(tick)
            self._ticks[entry.path] = tick
        self.setEnabled(bool(entries))

    def _on_tick(self) -> None:
        kept = tuple(m for m in self._models if m in self._ticks and self._ticks[m].isChecked())
        new = tuple(p for p, tick in self._ticks.items() if tick.isChecked() and p not in kept)
        self.chosen.emit((*kept, *new))
