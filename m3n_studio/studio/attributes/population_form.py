"""The fields that state a population: attributes, how they go together, whether all else varies."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from m3n_studio.body.model import BodyModel
from m3n_studio.imu.population import Population, Spread, of_people
from m3n_studio.studio.attributes import attributes_model as am
from m3n_studio.studio.attributes.correlation_table import CorrelationTable
from m3n_studio.studio.attributes.population_row import PopulationRow
from m3n_studio.studio.look.widgets import combo, label, named

_NARROW = 380
_CORRELATIONS = (("people", "As among people"), ("none", "None"), ("own", "My own"))


class PopulationForm(QWidget):
    """Describe a population.

    Signals
    -------
    changed : str
        By the user; the attribute, or empty where it was not one of them.
    """

    changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model: BodyModel | None = None
        self._narrow = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(self._attributes(self))
        column.addLayout(self._together())
        self._arrange()

    def _attributes(self, inner: QWidget) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(5)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(0, 1)
        self.rows: dict[str, PopulationRow] = {}
        for at, attribute in enumerate(am.ATTRIBUTES):
            row = PopulationRow(attribute, grid, at, inner)
            row.changed.connect(lambda name=attribute.name: self._on_row(name))
            self.rows[attribute.name] = row
        return grid

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Leave out what there is no room for."""
        super().resizeEvent(event)
        narrow = self.width() < _NARROW
        if narrow != self._narrow:
            self._narrow = narrow
            for row in self.rows.values():
                row.set_narrow(narrow)

    def _together(self) -> QVBoxLayout:
        self.correlation = combo(
            tip="How the stated attributes go together", accessible="Correlations of the attributes"
        )  # fmt: skip
        for kind, title in _CORRELATIONS:
            self.correlation.addItem(title, kind)
        self.variety = named(
            QCheckBox("All else varies too"),
            tip="Proportions that are not stated vary as among people; unticked: they stay average",
        )
        self.variety.setChecked(True)
        self.table = CorrelationTable()
        together, name = QHBoxLayout(), label("Correlations")
        name.setBuddy(self.correlation)
        together.addWidget(name)
        together.addWidget(self.correlation)
        self.add = combo(tip="State how another attribute is distributed", accessible="State another attribute")
        self.add.activated.connect(self._on_add)
        together.addStretch(1)
        self.correlation.activated.connect(self._on_correlation)
        self.table.changed.connect(self._on_change)
        self.variety.toggled.connect(self._on_change)
        column = QVBoxLayout()
        column.setSpacing(6)
        column.addWidget(self.add, 0, Qt.AlignmentFlag.AlignLeft)
        column.addLayout(together)
        column.addWidget(self.table)
        column.addWidget(self.variety)
        return column

    def set_model(self, model: BodyModel) -> None:
        """Another kind of body: begin with its people."""
        self._model = model
        for name, scale in am.scales(model).items():
            self.rows[name].set_scale(scale)
        self.load(of_people(model))

    def load(self, population: Population) -> None:
        """Show a population in the fields."""
        stated = dict(zip(population.attributes, population.spreads, strict=True))
        for name, row in self.rows.items():
            row.load(stated.get(name, row.natural), stated=name in stated)
        kind = "people" if population.correlation is None else "own"
        if population.correlation is not None and np.array_equal(population.correlation, np.eye(len(stated))):
            kind = "none"
        self.correlation.setCurrentIndex(self.correlation.findData(kind))
        if self._model is not None:
            ordered = [n for n in am.BY_NAME if n in stated]
            at = [population.attributes.index(n) for n in ordered]
            self.table.show_matrix(ordered, population.correlations(self._model)[np.ix_(at, at)])
        with QSignalBlocker(self.variety):
            self.variety.setChecked(population.variety > 0.0)
        self._variety = population.variety or 1.0
        self._arrange()

    _variety = 1.0  # where the tick is set

    def _arrange(self) -> None:
        """Show what there is to show."""
        names = self.names()
        self.table.setVisible(self.correlation.currentData() == "own" and len(names) > 1)
        self.correlation.setEnabled(len(names) > 1)
        self.add.clear()
        self.add.addItem("State another attribute …", "")
        for attribute in am.ATTRIBUTES:
            if attribute.name not in names:
                self.add.addItem(attribute.title, attribute.name)

    def names(self) -> tuple[str, ...]:
        """The attributes stated, in the order of the fields."""
        return tuple(name for name, row in self.rows.items() if row.stated)

    def population(self) -> Population:
        """The population the fields describe; M3nError where they contradict themselves."""
        names, kind = self.names(), self.correlation.currentData()
        matrix = None
        if kind != "people":
            found = self.table.matrix if kind == "own" else np.eye(len(names))
            matrix = tuple(tuple(float(x) for x in line) for line in found)
        spreads: tuple[Spread, ...] = tuple(self.rows[n].spread() for n in names)
        return Population(names, spreads, matrix, self._variety if self.variety.isChecked() else 0.0)

    def _on_row(self, name: str) -> None:
        self._retable()
        self._on_change(name)

    @Slot(int)
    def _on_add(self, index: int) -> None:
        name = self.add.itemData(index)
        if name:
            self.rows[name].tick.setChecked(True)

    @Slot(int)
    def _on_correlation(self, _index: int) -> None:
        self._retable(anew=True)
        self._on_change()

    def _retable(self, *, anew: bool = False) -> None:
        """The table for the attributes now stated; what was typed for those that stay is kept."""
        names = self.names()
        if self._model is None or (names == self.table.names and not anew):
            return
        matrix = of_people(self._model, names).correlations(self._model)
        kept = [n for n in names if n in self.table.names] if self.correlation.currentData() == "own" else []
        if not anew:
            new, old = [names.index(n) for n in kept], [self.table.names.index(n) for n in kept]
            matrix[np.ix_(new, new)] = self.table.matrix[np.ix_(old, old)]
        self.table.show_matrix(names, matrix)

    def _on_change(self, what: object = None) -> None:
        self._arrange()
        self.changed.emit(what if isinstance(what, str) else "")
