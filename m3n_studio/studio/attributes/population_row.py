"""One attribute of a population in the panel: whether it is stated, and how it is distributed."""

from __future__ import annotations

from PySide6.QtCore import QObject, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QAbstractSpinBox, QCheckBox, QDoubleSpinBox, QGridLayout, QWidget

from m3n_studio.imu.population import Spread
from m3n_studio.studio.attributes.attributes_model import Attribute, Scale
from m3n_studio.studio.look.widgets import combo, named

#: What is shown for a kind, and what stands before the second number.
_KINDS = (("normal", "Normal", "± "), ("uniform", "Range", "to "), ("fixed", "Fixed", ""))


class PopulationRow(QObject):
    """Tick, kind of distribution, two numbers.

    Signals
    -------
    changed : none
        By the user.
    """

    changed = Signal()

    def __init__(self, row: Attribute, grid: QGridLayout, at: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.row = row
        self._scale = Scale(0.5, 2.0, 1.0, 0.1)
        self.tick = named(
            QCheckBox(row.title), accessible=f"State {row.title.lower()}",
            tip=f"{row.tip}. Untick to let it come with the rest of the body.",
        )  # fmt: skip
        self.kind = combo(tip="How it is distributed", accessible=f"Distribution of {row.title.lower()}")
        for kind, title, _ in _KINDS:
            self.kind.addItem(title, kind)
        self.first = self._number(f"{row.title}: mean, lowest or only value, {row.unit}")
        self.second = self._number(f"{row.title}: standard deviation or highest value, {row.unit}")
        self._grid, self._at = grid, at
        self.set_narrow(False)
        self._arrange()
        self.tick.toggled.connect(self._on_change)
        self.kind.activated.connect(self._on_kind)
        self.first.valueChanged.connect(self._on_change)
        self.second.valueChanged.connect(self._on_change)

    def set_narrow(self, narrow: bool) -> None:
        """The numbers stand below the name where there is no room beside it."""
        line = 2 * self._at
        places = ((line, 0, 2), (line, 2, 1), (line, 3, 1), (line, 4, 1))
        if narrow:
            places = ((line, 0, 3), (line, 3, 2), (line + 1, 3, 1), (line + 1, 4, 1))
        for widget, (row, column, span) in zip((self.tick, self.kind, self.first, self.second), places, strict=True):
            self._grid.addWidget(widget, row, column, 1, span)

    def _number(self, tip: str) -> QDoubleSpinBox:
        spin = named(QDoubleSpinBox(), tip=tip, accessible=tip)
        spin.setDecimals(1)
        spin.setRange(0.0, 400.0)
        spin.setKeyboardTracking(False)
        spin.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
        spin.setAlignment(Qt.AlignmentFlag.AlignRight)
        spin.setFixedWidth(spin.fontMetrics().horizontalAdvance("to 188.8 cm") + 20)
        return spin

    @property
    def stated(self) -> bool:
        """Whether it is part of the population's description."""
        return self.tick.isChecked()

    def spread(self) -> Spread:
        """As the fields say; raises where they cannot be meant."""
        f = self.row.factor
        kind = str(self.kind.currentData())
        return Spread(kind, self.first.value() / f, 0.0 if kind == "fixed" else self.second.value() / f)

    @property
    def natural(self) -> Spread:
        """The distribution among people."""
        return Spread("normal", self._scale.mean, self._scale.std)

    def set_scale(self, scale: Scale) -> None:
        """Begin with the distribution among people."""
        self._scale = scale
        self.load(self.natural, stated=self.stated)

    def load(self, spread: Spread, *, stated: bool) -> None:
        """Show a distribution without telling of it."""
        with QSignalBlocker(self.tick), QSignalBlocker(self.first), QSignalBlocker(self.second):
            self.tick.setChecked(stated)
            self.kind.setCurrentIndex(self.kind.findData(spread.kind))
            self.first.setValue(spread.a * self.row.factor)
            self.second.setValue(spread.b * self.row.factor)
        self._arrange()

    def _arrange(self) -> None:
        kind, _, before = _KINDS[self.kind.currentIndex()]
        self.first.setSuffix("" if kind == "uniform" else f" {self.row.unit}")
        self.second.setPrefix(before)
        self.second.setSuffix(f" {self.row.unit}")
        for widget in (self.tick, self.kind, self.first, self.second):
            widget.setVisible(self.stated and (widget is not self.second or kind != "fixed"))

    def _on_kind(self, _index: int) -> None:
        """Another kind with the mean and width of the one before."""
        old_mean = self._scale.mean
        kind, std = str(self.kind.currentData()), self._scale.std
        numbers = {"normal": (old_mean, std), "uniform": (old_mean - 1.7 * std, old_mean + 1.7 * std),
                   "fixed": (old_mean, 0.0)}  # fmt: skip
        self.load(Spread(kind, *numbers[kind]), stated=True)
        self.changed.emit()

    def _on_change(self, _value: object) -> None:
        self._arrange()
        self.changed.emit()
