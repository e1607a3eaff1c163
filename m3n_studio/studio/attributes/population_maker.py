"""From a population to bands on the traces and to a file, with progress and cancel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QFileDialog, QHBoxLayout, QProgressBar, QSpinBox, QVBoxLayout, QWidget

from m3n_studio.imu.augment import Augmented
from m3n_studio.imu.population import Population
from m3n_studio.studio.attributes import population_model as pm
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.document import Document, set_population
from m3n_studio.studio.core.engine import BODIES
from m3n_studio.studio.core.jobs import Job
from m3n_studio.studio.look.widgets import label, named, push_button


class PopulationMaker(QWidget):
    """How many bodies, their bands, their file; `stated` gives the population, or None where it cannot be.

    Signals
    -------
    changed : none
        Other bodies are wanted.
    """

    changed = Signal()

    def __init__(self, context: ViewContext, stated: Callable[[], Population | None]) -> None:
        super().__init__()
        self._context, self._stated = context, stated
        self._document = Document()
        self._job: Job | None = None
        self._folder = Path.home()
        self._made = self._outcome = ""  # what is said of the file; empty: how big it would be
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(self._counts())
        column.addLayout(self._foot())

    def _counts(self) -> QHBoxLayout:
        self.bodies = self._whole(1, 1_000_000, 1000, "How many bodies")
        self.seed = self._whole(0, 2**31 - 1, 0, "The same seed gives the same bodies")
        counts = QHBoxLayout()
        for text, widget in (("Bodies", self.bodies), ("Seed", self.seed)):
            name = label(text)
            name.setBuddy(widget)
            counts.addWidget(name)
            counts.addWidget(widget)
            widget.valueChanged.connect(self._on_change)
        counts.addStretch(1)
        return counts

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

    def set_document(self, document: Document) -> None:
        """Another motion, other sensors, bands or none."""
        self._document = document
        self.bands.setChecked(document.population is not None)
        self.arrange()

    def arrange(self) -> None:
        """Show what there is to show."""
        running, d = self._job is not None, self._document
        able = d.clip is not None and d.model is not None and bool(d.placements)
        self.make.setVisible(not running)
        self.make.setEnabled(able)
        self.bands.setEnabled(able)
        self.stop.setVisible(running)
        self.progress.setVisible(running)
        if self._made:
            self.result.setText(self._made)
        elif not running and able:
            self._foresee()
        elif d.clip is None:
            self.result.setText("Open a motion to make bodies that move like it.")
        elif not able:
            self.result.setText("Put a sensor on the body first.")

    def forget(self) -> None:
        """The fields say something else than the file that was written."""
        self._made = "" if self._job is None else self._made
        self.arrange()

    def _on_change(self, _value: int) -> None:
        self.forget()
        self.changed.emit()

    def _foresee(self) -> None:
        base, n = self._context.base(), self.bodies.value()
        if base is None:
            self.result.setText("")
            return
        sensors, samples = len(base.tensor.names), len(base.tensor.time_s)
        size = pm.size_text(pm.file_bytes(n, sensors, samples))
        self.result.setText(f"{n:,} bodies × {sensors} sensors × {samples:,} samples: about {size}")

    @Slot(bool)
    def _on_bands(self, on: bool) -> None:
        population = self._stated() if on else None
        self._context.seal()
        if on and population is None:
            self.bands.setChecked(False)
            return
        self._context.edit(set_population(population))

    @Slot()
    def _on_generate(self) -> None:
        population = self._stated()
        if population is None:
            return
        n, seed, document = self.bodies.value(), self.seed.value(), self._document
        stem = Path(document.title or "motion").stem
        suggested = str(self._folder / f"{stem}-{n}-bodies.h5")
        name, _ = QFileDialog.getSaveFileName(self, "Generate bodies", suggested, "HDF5 (*.h5)")
        if not name:
            return
        path = Path(name) if Path(name).suffix else Path(name).with_suffix(".h5")
        self._folder = path.parent
        self._job = self._context.jobs.run(
            f"Generating {n:,} bodies", lambda task: pm.generate(document, population, n, seed, path, task),
            done=self._on_made, failed=self._on_not_made, key="generate",
        )  # fmt: skip
        self._job.progressed.connect(self._on_progress)
        self._job.ended.connect(self._on_ended)
        self.progress.setValue(0)
        self._made, self._outcome = f"Writing {path.name} …", "Stopped; nothing was written."
        self.arrange()

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
        self.arrange()
