"""The page of curves: which quantity, by epoch or step, which lines; the plot and its legend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Slot
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLayout, QLayoutItem, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import combo, label, tool_button
from m3n_studio.studio.training.curve_data import QUANTITIES, Curves, curves_of, loss_words
from m3n_studio.studio.training.curves import CurvePlot
from m3n_studio.studio.training.plot_marks import line_color

if TYPE_CHECKING:
    from m3n_studio.learning.run_history import History

_STEPS = "steps"


class FlowRow(QLayout):
    """Widgets side by side, in as many lines as they need."""

    def __init__(self, gap: int = 4) -> None:
        super().__init__()
        self._items: list[QLayoutItem] = []
        self._gap = gap
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:  # noqa: N802
        """Put one at the end."""
        self._items.append(item)

    def count(self) -> int:
        """How many."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:  # noqa: N802
        """One of them."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:  # noqa: N802
        """Take one out."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def hasHeightForWidth(self) -> bool:  # noqa: N802
        """Narrow is high."""
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802
        """How high for a width, px."""
        return self._place(QRect(0, 0, width, 0), apply=False)

    def setGeometry(self, rect: QRect) -> None:  # noqa: N802
        """Place them."""
        super().setGeometry(rect)
        self._place(rect, apply=True)

    def sizeHint(self) -> QSize:  # noqa: N802
        """One line."""
        return self.minimumSize()

    def minimumSize(self) -> QSize:  # noqa: N802
        """The widest of them."""
        size = QSize(0, 0)
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size

    def _place(self, rect: QRect, *, apply: bool) -> int:
        x, y, line = rect.x(), rect.y(), 0
        for item in self._items:
            hint = item.sizeHint()
            wide = min(hint.width(), max(rect.width(), 1))
            if x + wide > rect.right() + 1 and x > rect.x():
                x, y, line = rect.x(), y + line + self._gap, 0
            if apply:
                item.setGeometry(QRect(QPoint(x, y), QSize(wide, hint.height())))
            x += wide + self._gap
            line = max(line, hint.height())
        return y + line - rect.y()


class Legend(QWidget):
    """A button for every line: its colour and name; pressed it hides."""

    def __init__(self, theme: Theme, plot: CurvePlot) -> None:
        super().__init__()
        self._theme, self._plot = theme, plot
        self._keys: tuple[tuple[str, int], ...] = ()
        self.hidden: set[str] = set()
        self.buttons: dict[str, QToolButton] = {}
        self._flow = FlowRow()
        self.setLayout(self._flow)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def set_lines(self, curves: Curves) -> None:
        """Offer these lines; those hidden before stay hidden."""
        keys = tuple({line.key: line.color for line in curves.lines}.items())
        if keys != self._keys:
            self._keys = keys
            self._fill()
        self._plot.set_hidden(self.hidden)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self._fill()

    def _fill(self) -> None:
        while self._flow.count():
            item = self._flow.takeAt(0)
            widget = None if item is None else item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.buttons = {}
        for key, color in self._keys if len(self._keys) > 1 else ():
            button = tool_button(key, tip=f"Show or hide {key}", accessible=f"Show {key}", checked=True)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setIconSize(QSize(12, 12))
            button.setChecked(key not in self.hidden)
            button.setIcon(dot(line_color(self._theme, color), filled=key not in self.hidden))
            button.toggled.connect(lambda on, k=key, c=color: self._toggle(k, c, on))
            self._flow.addWidget(button)
            self.buttons[key] = button
        self.updateGeometry()

    def _toggle(self, key: str, color: int, on: bool) -> None:
        (self.hidden.discard if on else self.hidden.add)(key)
        self.buttons[key].setIcon(dot(line_color(self._theme, color), filled=on))
        self._plot.set_hidden(self.hidden)


class CurvePanel(QWidget):
    """Curves of one run, or of several over each other."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._runs: list[tuple[str, History]] = []
        self.plot = CurvePlot(theme)
        self.legend = Legend(theme, self.plot)
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
        layout.addWidget(self.plot, 1)
        layout.addWidget(self.legend)
        layout.addWidget(self.words)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.plot.set_theme(theme)
        self.legend.set_theme(theme)

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


def dot(color: str, *, filled: bool) -> QIcon:
    """A dot, or a ring, of a colour."""
    picture = QPixmap(24, 24)
    picture.setDevicePixelRatio(2.0)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(color))
    painter.setBrush(QColor(color) if filled else Qt.BrushStyle.NoBrush)
    painter.drawEllipse(2, 2, 8, 8)
    painter.end()
    return QIcon(picture)
