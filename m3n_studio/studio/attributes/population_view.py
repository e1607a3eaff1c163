"""A population of bodies: stated measurement by measurement, previewed, drawn as bands, written to a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Slot
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QProgressBar,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from m3n_studio.body.model import BodyModel
from m3n_studio.errors import M3nError
from m3n_studio.imu.augment import Augmented
from m3n_studio.imu.population import Population, Spread, of_people
from m3n_studio.studio.attributes import attributes_model as am
from m3n_studio.studio.attributes import population_model as pm
from m3n_studio.studio.attributes.correlation_table import CorrelationTable
from m3n_studio.studio.attributes.population_plot import PopulationPlot
from m3n_studio.studio.attributes.population_row import PopulationRow
from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.document import Document, set_population
from m3n_studio.studio.core.engine import BODIES
from m3n_studio.studio.core.jobs import Job
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import combo, label, named, push_button

_REST_MS = 150
_NARROW = 400
_CORRELATIONS = (("people", "As among people"), ("none", "None"), ("own", "My own"))


class PopulationView(QWidget):
    """Describe a population, see it, make it."""

    def __init__(self, context: ViewContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context, self._theme = context, context.theme
        self._document = Document()
        self._model: BodyModel | None = None
        self._shown = "stature"
        self._preview: pm.Preview | None = None
        self._job: Job | None = None
        self._narrow = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self._draw)
        self._build()
        self.set_theme(context.theme)
        self._arrange()

    # ------------------------------------------------------------------ building

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 4, 4, 8)
        layout.setSpacing(6)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(8)
        column.addLayout(self._attributes(inner))
        column.addLayout(self._together())
        self.plot = PopulationPlot(self._theme)
        column.addWidget(self.plot)
        self.note = label(style="muted", accessible="What the bodies cannot meet")
        self.note.setWordWrap(True)
        column.addWidget(self.note)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inner)
        scroll.viewport().setAutoFillBackground(False)
        inner.setAutoFillBackground(False)
        layout.addWidget(scroll, 1)
        layout.addLayout(self._foot())

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
        self.bodies = self._whole(1, 1_000_000, 1000, "How many bodies")
        self.seed = self._whole(0, 2**31 - 1, 0, "The same seed gives the same bodies")
        together, counts = QHBoxLayout(), QHBoxLayout()
        for layout, text, widget in (
            (together, "Correlations", self.correlation), (counts, "Bodies", self.bodies), (counts, "Seed", self.seed),
        ):  # fmt: skip
            name = label(text)
            name.setBuddy(widget)
            layout.addWidget(name)
            layout.addWidget(widget)
        self.add = combo(tip="State how another attribute is distributed", accessible="State another attribute")
        self.add.activated.connect(self._on_add)
        together.addStretch(1)
        counts.addStretch(1)
        self.correlation.activated.connect(self._on_correlation)
        self.table.changed.connect(self._on_change)
        self.variety.toggled.connect(self._on_change)
        self.bodies.valueChanged.connect(self._on_change)
        self.seed.valueChanged.connect(self._on_change)
        column = QVBoxLayout()
        column.setSpacing(6)
        column.addWidget(self.add, 0, Qt.AlignmentFlag.AlignLeft)
        column.addLayout(together)
        column.addWidget(self.table)
        column.addWidget(self.variety)
        column.addLayout(counts)
        return column

    def _whole(self, low: int, high: int, value: int, tip: str) -> QSpinBox:
        spin = named(QSpinBox(), tip=tip, accessible=tip)
        spin.setRange(low, high)
        spin.setValue(value)
        spin.setKeyboardTracking(False)
        spin.setGroupSeparatorShown(True)
        spin.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        spin.setFixedWidth(spin.fontMetrics().horizontalAdvance("1,000,000") + 22)
        return spin

    def _foot(self) -> QVBoxLayout:
        self.bands = named(
            QCheckBox("Bands on the traces"),
            tip=f"Draw median, middle half and 5–95 % of what {BODIES} of these bodies give",
        )
        self.make = push_button("Generate …", tip="Write the signals of all bodies to one HDF5 file", style="primary")
        self.stop = push_button("Cancel", tip="Stop; nothing is left behind")
        self.progress = named(QProgressBar(), accessible="Generating bodies")
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.result = label(style="muted", accessible="Where the bodies are")
        self.result.setWordWrap(True)
        self.result.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 8, 0)
        row.addWidget(self.bands)
        row.addStretch(1)
        row.addWidget(self.make)
        row.addWidget(self.stop)
        column = QVBoxLayout()
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self.progress)
        column.addWidget(self.result)
        self.bands.clicked.connect(self._on_bands)
        self.make.clicked.connect(self._on_generate)
        self.stop.clicked.connect(self._on_stop)
        return column

    # ------------------------------------------------------------------ what is shown

    def set_contents(self, contents: Contents) -> None:
        """Another document: its body's people, its sensors, its bands."""
        before, self._document = self._document, contents.document
        model = self._document.model if self._document.clip is not None else None
        if model is not self._model:
            self._model = model
            if model is not None:
                self._begin(model)
        population = self._document.population
        if population is not None and population != before.population and population != self._stated():
            self._load(population)
        self.bands.setChecked(population is not None)
        if before.body is not self._document.body and self._preview is not None and self.isVisible():
            self._paint()
        if (before.placements, before.clip) != (self._document.placements, self._document.clip):
            self._arrange()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """The body on screen may have changed meanwhile."""
        super().showEvent(event)
        if self._preview is not None:
            self._paint()

    def _begin(self, model: BodyModel) -> None:
        for name, scale in am.scales(model).items():
            self.rows[name].set_scale(scale)
        self._load(of_people(model))

    def _load(self, population: Population) -> None:
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
        self._arrange()
        self._rest.start()

    def set_theme(self, theme: Theme) -> None:
        """Other colours."""
        self._theme = theme
        self.plot.set_theme(theme)
        self._tell(self._problem)

    _problem = ""

    def _tell(self, problem: str) -> None:
        self._problem = problem
        self.note.setText(problem)
        self.note.setVisible(bool(problem))
        self.note.setStyleSheet(f"color: {self._theme.error_text};")

    def _arrange(self) -> None:
        """Show what there is to show."""
        names = self._names()
        self.table.setVisible(self.correlation.currentData() == "own" and len(names) > 1)
        self.correlation.setEnabled(len(names) > 1)
        self.add.clear()
        self.add.addItem("State another attribute …", "")
        for attribute in am.ATTRIBUTES:
            if attribute.name not in names:
                self.add.addItem(attribute.title, attribute.name)
        running = self._job is not None
        able = self._model is not None and bool(self._document.placements)
        self.make.setVisible(not running)
        self.make.setEnabled(able)
        self.bands.setEnabled(able)
        self.stop.setVisible(running)
        self.progress.setVisible(running)
        if self._made:
            self.result.setText(self._made)
        elif not running and able:
            self._foresee()
        elif self._model is None:
            self.result.setText("Open a motion to make bodies that move like it.")
        elif not able:
            self.result.setText("Put a sensor on the body first.")

    def _foresee(self) -> None:
        base, n = self._context.base(), self.bodies.value()
        if base is None:
            self.result.setText("")
            return
        sensors, samples = len(base.tensor.names), len(base.tensor.time_s)
        size = pm.size_text(pm.file_bytes(n, sensors, samples))
        self.result.setText(f"{n:,} bodies × {sensors} sensors × {samples:,} samples: about {size}")

    # ------------------------------------------------------------------ what is stated

    def _names(self) -> tuple[str, ...]:
        return tuple(name for name, row in self.rows.items() if row.stated)

    def _stated(self) -> Population | None:
        """The population the fields describe; None where they contradict themselves."""
        names, kind = self._names(), self.correlation.currentData()
        matrix = None
        if kind != "people":
            found = self.table.matrix if kind == "own" else np.eye(len(names))
            matrix = tuple(tuple(float(x) for x in line) for line in found)
        try:
            spreads: tuple[Spread, ...] = tuple(self.rows[n].spread() for n in names)
            return Population(names, spreads, matrix, 1.0 if self.variety.isChecked() else 0.0)
        except M3nError as error:
            self._tell(str(error)[:1].upper() + str(error)[1:] + ".")
            return None

    def _on_row(self, name: str) -> None:
        if self.rows[name].stated:
            self._shown = name
        elif self._shown == name:
            self._shown = next(iter(self._names()), "stature")
        self._retable()
        self._on_change()

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
        names = self._names()
        if self._model is None or (names == self.table.names and not anew):
            return
        matrix = of_people(self._model, names).correlations(self._model)
        kept = [n for n in names if n in self.table.names] if self.correlation.currentData() == "own" else []
        if not anew:
            new, old = [names.index(n) for n in kept], [self.table.names.index(n) for n in kept]
            matrix[np.ix_(new, new)] = self.table.matrix[np.ix_(old, old)]
        self.table.show_matrix(names, matrix)

    def _on_change(self, _value: object = None) -> None:
        self._made = "" if self._job is None else self._made
        self._arrange()
        self._rest.start()

    @Slot()
    def _draw(self) -> None:
        """The hand rests: draw bodies for the preview, and bands if they are shown."""
        model, population = self._model, self._stated()
        if model is None or population is None:
            return
        n, seed = self.bodies.value(), self.seed.value()
        self._context.jobs.run(
            "Drawing bodies", lambda task: pm.preview(model, population, n, seed), done=self._on_preview,
            failed=self._on_failed, key="population preview", quiet=True,
        )  # fmt: skip
        if self._document.population is not None and self._document.population != population:
            self._context.edit(set_population(population, merge="population"))

    @Slot(object)
    def _on_preview(self, preview: pm.Preview) -> None:
        self._preview = preview
        self._tell(preview.note)
        self._paint()
        self._arrange()

    def _paint(self) -> None:
        if self._preview is not None and self._model is not None:
            self.plot.show_values(self._preview.values, self._shown, am.values(self._model, self._document.body))

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._context.report(str(error))

    @Slot(bool)
    def _on_bands(self, on: bool) -> None:
        population = self._stated() if on else None
        self._context.seal()
        if on and population is None:
            self.bands.setChecked(False)
            return
        self._context.edit(set_population(population))

    # ------------------------------------------------------------------ the file

    @Slot()
    def _on_generate(self) -> None:
        population = self._stated()
        if population is None or self._model is None:
            return
        n, seed, document = self.bodies.value(), self.seed.value(), self._document
        stem = Path(document.title or "motion").stem
        name, _ = QFileDialog.getSaveFileName(self, "Generate bodies", f"{stem}-{n}-bodies.h5", "HDF5 (*.h5)")
        if not name:
            return
        path = Path(name) if Path(name).suffix else Path(name).with_suffix(".h5")
        self._job = self._context.jobs.run(
            f"Generating {n:,} bodies", lambda task: pm.generate(document, population, n, seed, path, task),
            done=self._on_made, failed=self._on_not_made, key="generate",
        )  # fmt: skip
        self._job.progressed.connect(self._on_progress)
        self._job.ended.connect(self._on_ended)
        self.progress.setValue(0)
        self._made, self._outcome = f"Writing {path.name} …", "Stopped; nothing was written."
        self._arrange()

    _made = ""  # what is said of the file; empty: how big it would be
    _outcome = ""

    @Slot()
    def _on_stop(self) -> None:
        if self._job is not None:
            self._job.cancel()

    @Slot(float)
    def _on_progress(self, share: float) -> None:
        self.progress.setValue(round(1000 * share))

    @Slot(object)
    def _on_made(self, made: Augmented) -> None:
        self._outcome = f"Wrote {made.bodies:,} bodies, {pm.size_text(made.bytes)}, to {made.path}"

    @Slot(object)
    def _on_not_made(self, error: Exception) -> None:
        self._outcome = "Nothing was written."
        self._context.report(str(error))

    @Slot(object)
    def _on_ended(self, _job: object) -> None:
        self._job, self._made = None, self._outcome
        self._arrange()
