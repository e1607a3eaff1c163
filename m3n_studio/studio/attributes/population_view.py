"""A population of bodies: stated measurement by measurement, previewed, drawn as bands, written to a file.

The fields are :class:`~m3n_studio.studio.attributes.population_form.PopulationForm`, bands and files
:class:`~m3n_studio.studio.attributes.population_maker.PopulationMaker`; this puts them together.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from m3n_studio.body.model import BodyModel
from m3n_studio.errors import M3nError
from m3n_studio.imu.population import Population
from m3n_studio.imu.population_file import load_population, save_population
from m3n_studio.studio.attributes import attributes_model as am
from m3n_studio.studio.attributes import population_model as pm
from m3n_studio.studio.attributes.population_form import PopulationForm
from m3n_studio.studio.attributes.population_maker import PopulationMaker
from m3n_studio.studio.attributes.population_plot import PopulationPlot
from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.document import Document, set_population
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label, push_button

_REST_MS = 150
_KINDS = "Populations (*.toml *.json)"


class PopulationView(QWidget):
    """Describe a population, see it, make it."""

    def __init__(self, context: ViewContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context, self._theme = context, context.theme
        self._document = Document()
        self._model: BodyModel | None = None
        self._shown = "stature"
        self._preview: pm.Preview | None = None
        self._rest = QTimer(self, singleShot=True, interval=_REST_MS)
        self._rest.timeout.connect(self._draw)
        self.form, self.maker = PopulationForm(), PopulationMaker(context, self._stated)
        self.form.changed.connect(self._on_change)
        self.maker.changed.connect(self._rest.start)
        self._build()
        self.set_theme(context.theme)

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 4, 4, 8)
        layout.setSpacing(6)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(8)
        column.addLayout(self._files())
        column.addWidget(self.form)
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
        layout.addWidget(self.maker)

    def _files(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        for text, tip, slot in (
            ("Load …", "Read a population from a file", self._on_load),
            ("Save …", "Write this population to a file, for m3n-studio augment --population", self._on_save),
        ):
            button = push_button(text, tip=tip)
            button.clicked.connect(slot)
            row.addWidget(button)
        row.addStretch(1)
        return row

    # ------------------------------------------------------------------ what is shown

    def set_contents(self, contents: Contents) -> None:
        """Another document: its body's people, its sensors, its bands."""
        before, self._document = self._document, contents.document
        model = self._document.model if self._document.clip is not None else None
        if model is not self._model:
            self._model = model
            if model is not None:
                self.form.set_model(model)
                self._rest.start()
        population = self._document.population
        if population is not None and population != before.population and population != self._stated():
            self._load(population)
        self.maker.set_document(self._document)
        if before.body is not self._document.body and self._preview is not None and self.isVisible():
            self._paint()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """The body on screen may have changed meanwhile."""
        super().showEvent(event)
        if self._preview is not None:
            self._paint()

    def _load(self, population: Population) -> None:
        self.form.load(population)
        self._rest.start()

    def set_theme(self, theme: Theme) -> None:
        """Other colours."""
        self._theme = theme
        self.plot.set_theme(theme)
        self._tell(self._problem)

    _problem = ""
    _folder = Path.home()

    def _tell(self, problem: str) -> None:
        self._problem = problem
        self.note.setText(problem)
        self.note.setVisible(bool(problem))
        self.note.setStyleSheet(f"color: {self._theme.error_text};")

    # ------------------------------------------------------------------ what is stated

    def _stated(self) -> Population | None:
        """The population the fields describe; None where they contradict themselves, which is told."""
        try:
            return self.form.population()
        except M3nError as error:
            self._tell(str(error)[:1].upper() + str(error)[1:] + ".")
            return None

    @Slot(str)
    def _on_change(self, name: str) -> None:
        names = self.form.names()
        self._shown = name if name in names else self._shown if self._shown in names else next(iter(names), "stature")
        self.maker.forget()
        self._rest.start()

    @Slot()
    def _on_save(self) -> None:
        population = self._stated()
        if population is None:
            return
        name, _kind = QFileDialog.getSaveFileName(
            self.window(), "Save population", str(self._folder / "population.toml"), _KINDS
        )
        if not name:
            return
        path = Path(name) if Path(name).suffix else Path(name).with_suffix(".toml")
        self._folder = path.parent
        try:
            save_population(path, population)
        except M3nError as error:
            self._context.report(str(error))

    @Slot()
    def _on_load(self) -> None:
        name, _kind = QFileDialog.getOpenFileName(self.window(), "Load population", str(self._folder), _KINDS)
        if not name:
            return
        self._folder = Path(name).parent
        try:
            self._load(load_population(name))
        except M3nError as error:
            self._context.report(str(error))
        self.maker.forget()

    @Slot()
    def _draw(self) -> None:
        """The hand rests: draw bodies for the preview, and bands if they are shown."""
        model, population = self._model, self._stated()
        if model is None or population is None:
            return
        n, seed = self.maker.bodies.value(), self.maker.seed.value()
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
        self.maker.arrange()

    def _paint(self) -> None:
        if self._preview is not None and self._model is not None:
            self.plot.show_values(self._preview.values, self._shown, am.values(self._model, self._document.body))

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._context.report(str(error))
