"""The row of tools over the predictions: which models, whose gates, what else; and how far it is."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QProgressBar, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from m3n_studio.studio.look.widgets import combo, label, named, tool_button
from m3n_studio.studio.predictions.gate_rows import MEAN
from m3n_studio.studio.predictions.model_picker import ModelPicker


class PredictionTools(QWidget):
    """Models, fold, gates, experts, more; under it a line while something is computed.

    Signals
    -------
    paused : bool
    """

    paused = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.picker = ModelPicker()
        self.fold = combo(tip="Whose gates are shown: experts of different folds were trained apart and have nothing"
                          " in common but their number", accessible="Fold whose gates are shown")  # fmt: skip
        self.gates = tool_button("Gates", tip="Show how much each expert counts over time", accessible="Show gates",
                                 style="component", checked=True)  # fmt: skip
        self.experts = tool_button("By class", tip="Show which expert answers for which class, instead of time",
                                   accessible="Show experts by class", style="component", checked=False)  # fmt: skip
        self.more = tool_button("More  ▾", tip="Make a tier of labels, export", accessible="More", style="component")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        self.menu = QMenu(self.more)
        self.menu.setToolTipsVisible(True)
        self.export = QAction("Export the prediction…", self.menu)
        self.menu.addAction(self.export)
        self.more.setMenu(self.menu)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for widget in (self.picker, self.fold, self.gates, self.experts):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.more)
        self._build_progress()
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(4)
        whole.addLayout(row)
        whole.addWidget(self.line)

    def _build_progress(self) -> None:
        self.line = QWidget()
        self.words = label(style="muted", accessible="How far the prediction is")
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.bar = named(QProgressBar(), accessible="Share of the session that is predicted")
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(110)
        self.bar.setRange(0, 1000)
        self.pause = tool_button("Pause", tip="Compute nothing more until it goes on; what is known stays",
                                 accessible="Pause predicting", style="component", checked=False)  # fmt: skip
        self.pause.toggled.connect(self.paused)
        row = QHBoxLayout(self.line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.bar)
        row.addWidget(self.words, 1)
        row.addWidget(self.pause)

    def tell(self, share: float, words: str, *, busy: bool) -> None:
        """How far it is; the line goes when there is nothing more to do."""
        self.bar.setValue(round(1000 * share))
        self.words.setText(words)
        self.words.setToolTip(words)
        self.line.setVisible(busy)

    def set_folds(self, folds: int, chosen: int) -> None:
        """Offer folds, and their mean; not where there is one, or no expert."""
        if self.fold.count() != (folds + 1 if folds > 1 else 0):
            self.fold.blockSignals(True)
            self.fold.clear()
            for i in range(folds if folds > 1 else 0):
                self.fold.addItem(f"Fold {i + 1}", i)
            if folds > 1:
                self.fold.addItem("All folds", MEAN)
            self.fold.blockSignals(False)
        at = self.fold.findData(chosen)
        if at >= 0 and at != self.fold.currentIndex():
            self.fold.blockSignals(True)
            self.fold.setCurrentIndex(at)
            self.fold.blockSignals(False)
        self.fold.setVisible(folds > 1)
