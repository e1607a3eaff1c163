"""The page of curves: which quantity, by epoch or step, which lines; the plot and its legend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout, QWidget

from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import combo, label, tool_button
from m3n_studio.studio.training.curve_data import MEAN, QUANTITIES, Curves, curves_of, loss_words
from m3n_studio.studio.training.curves import CurvePlot
from m3n_studio.studio.training.legend import Legend, LegendRoom

if TYPE_CHECKING:
    from m3n_studio.learning.run_history import History

_STEPS = "steps"
_LOW_PX, _WIDE_PX = 360, 400


class CurvePanel(QWidget):
    """Curves of one run, or of several over each other."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._runs: list[tuple[str, History]] = []
        self.plot = CurvePlot(theme)
        self.legend = Legend(theme, self.plot)
        self._room = LegendRoom(self.legend)
        self.what = combo(tip="What the curves show", accessible="Quantity", characters=9)
        for quantity in QUANTITIES:
            self.what.addItem(quantity.title, quantity.name)
        self.loss = combo(tip="Which loss of the runs compared", accessible="Loss", characters=7)
        self.by = combo(tip="Epochs show means over an epoch, steps every step that was told", accessible="By")
        self.by.addItem("by epoch", "epochs")
        self.by.addItem("by step", _STEPS)
        self.log = tool_button("log", tip="Logarithmic values", accessible="Logarithmic values", style="component",
                               checked=False)  # fmt: skip
        self.words = label(style="muted", accessible="What the lines are")
        self.words.setWordWrap(True)
        self._lay_out()
        self.what.activated.connect(self.refresh)
        self.loss.activated.connect(self.refresh)
        self.by.activated.connect(self.refresh)
        self.log.toggled.connect(self.plot.set_log)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self.what, 2)
        head.addWidget(self.loss, 2)
        head.addWidget(self.by, 1)
        head.addWidget(self.log)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(head)
        self._body = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._body.setSpacing(6)
        self._body.addWidget(self.plot, 1)
        self._body.addWidget(self._room)
        layout.addLayout(self._body, 1)
        layout.addWidget(self.words)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.plot.set_theme(theme)
        self.legend.set_theme(theme)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """The legend is below the plot, or beside it where there is little height."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        beside = self.height() < _LOW_PX and self.width() >= _WIDE_PX
        way = QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom
        self._body.setDirection(way)
        self._room.fit(self.width(), beside=beside)

    def set_runs(self, runs: Sequence[tuple[str, History]]) -> None:
        """Show these runs, by name."""
        self._runs = list(runs)
        losses = tuple(dict.fromkeys(name for _, h in runs for name in h.loss_names()))
        if losses != tuple(self.loss.itemData(i) for i in range(self.loss.count())):
            before = self.loss.currentData()
            self.loss.clear()
            for name in losses:
                self.loss.addItem(loss_words(name), name)
            self.loss.setCurrentIndex(max(self.loss.findData(before), 0) if losses else -1)
        self.refresh()

    @Slot()
    def refresh(self, *_: object) -> None:
        """Draw again: the runs have said more, or something else is to be seen."""
        what, by_step = self.what.currentData(), self.by.currentData() == _STEPS
        several = len(self._runs) > 1
        self.loss.setVisible(several and what == "losses")
        curves = curves_of(self._runs, what, by_step, self.loss.currentData() or "loss")
        unit = next(q.unit for q in QUANTITIES if q.name == what)
        self.plot.set_curves(curves, "step" if by_step else "epoch", unit)
        self.legend.set_lines(curves)
        self._fit()
        self.words.setText(self._explained(curves, what))
        self.words.setVisible(bool(self.words.text()))

    def _explained(self, curves: Curves, what: str) -> str:
        if not curves.lines:
            return self._nothing(what)
        said = []
        if curves.both:
            said.append("Dashed: training, solid: validation.")
        elif what == "losses":
            said.append("Training only: there is no validation." if curves.lines[0].dashed else "Validation.")
        if any(line.faint for line in curves.lines):
            said.append("Faint: single folds." if any(not li.faint for li in curves.lines) else "One line a fold.")
        if any(line.color == MEAN for line in curves.lines) or len({li.faint for li in curves.lines}) > 1:
            said.append("Means are over the folds that got that far.")
        if any(m.y is not None for m in curves.marks):
            said.append("Ring: best epoch.")
        if any(m.y is None for m in curves.marks):
            said.append("Dotted: encoder unfrozen.")
        return " ".join(said)

    def _nothing(self, what: str) -> str:
        if not self._runs:
            return ""
        if all(not h.trained for _, h in self._runs):
            done = any(p.share >= 1.0 for _, h in self._runs for p in h.parts.values())
            return (
                "This method learns in one go: it has no curves. Its scores are under Results." if done
                else "Nothing has been said yet; curves begin with the first step."
            )  # fmt: skip
        title = next(q.title for q in QUANTITIES if q.name == what)
        return f"{title} is not told by {'this run' if len(self._runs) == 1 else 'these runs'} (yet)."
