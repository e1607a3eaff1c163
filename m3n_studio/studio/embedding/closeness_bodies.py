"""The first page of closeness: a subject, a motion and many bodies; which come closest, shown on the sliders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.jobs import Task
from m3n_studio.studio.core.shape_hints import ShapeHint
from m3n_studio.studio.embedding import closeness_work as work
from m3n_studio.studio.embedding.closeness_plot import SpectraPlot, StripRow, Strips
from m3n_studio.studio.embedding.similarity_busy import BusyRow
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import combo, label, named, push_button

if TYPE_CHECKING:
    from m3n_studio.learning.closeness import AttributeHint
    from m3n_studio.project import Project

KEY = "closeness bodies"
BEGIN = "Which bodies read most like this subject’s sensor? Choose above and press Compute."
_FILE, _FOLDER = "file", "folder"
_FACTOR = {"m": (100.0, "cm"), "kg": (1.0, "kg")}


def in_words(hint: AttributeHint) -> str:
    """The range as people read it: ``23.1 – 26.0 cm, best 24.9``."""
    factor, unit = _FACTOR[hint.unit]
    return f"{hint.low * factor:.1f} – {hint.high * factor:.1f} {unit}, best {hint.best * factor:.1f}"


def title_of(name: str) -> str:
    """A measurement's name for people."""
    return {"shoulder_breadth": "Shoulders", "hip_breadth": "Hips"}.get(name, name.replace("_", " ").capitalize())


class BodiesPage(QWidget):
    """Form, progress, what came out.

    Signals
    -------
    shown : (none)
        Something came out; it is at and below :attr:`first`.
    """

    shown = Signal()

    def __init__(self, context: ViewContext, desk: Desk) -> None:
        super().__init__()
        self._context, self._desk, self._contents = context, desk, Contents()
        self.answer: work.Answer | None = None
        self._path = ""
        self._filled: Project | None = None
        self._build()
        desk.project_changed.connect(self.fill)
        desk.tiers_changed.connect(self._fill_classes)
        desk.session_changed.connect(self._on_session)
        if context.runs is not None:
            context.runs.changed.connect(self._fill_spaces)
        if context.hints is not None:
            context.hints.changed.connect(self._tell_buttons)
        self.fill()
        self._on_session()

    # ------------------------------------------------------------------ building

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 4, 12, 8)
        layout.setSpacing(6)
        self.form = QWidget()
        grid = QGridLayout(self.form)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(5)
        self._boxes()
        rows: tuple[tuple[str, QWidget], ...] = (
            ("Subject", self.subject), ("Class", self.label_box), ("Placement", self.placement),
            ("Motion", self.motions), ("Compare", self.space), ("Bodies", self._bodies_row()),
        )  # fmt: skip
        for at, (words, widget) in enumerate(rows):
            name = label(words)
            name.setBuddy(widget)
            grid.addWidget(name, at // 2, 2 * (at % 2))
            grid.addWidget(widget, at // 2, 2 * (at % 2) + 1)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        layout.addWidget(self.form)
        layout.addLayout(self._buttons())
        self.words = label(BEGIN, style="muted", accessible="What came out")
        self.words.setWordWrap(True)
        layout.addWidget(self.words)
        layout.addWidget(self._results())
        layout.addStretch(1)

    def _boxes(self) -> None:
        self.subject = combo(tip="Whose recordings", accessible="Subject", characters=7)
        self.label_box = combo(tip="Windows of one class, or all", accessible="Class", characters=7)
        self.placement = combo(tip="Where the sensor is worn", accessible="Placement", characters=7)
        self.motions = combo(tip="What the bodies do; it should be what the subject does in these windows",
                             accessible="Motion", characters=7)  # fmt: skip
        self.space = combo(accessible="Compare by", characters=7, tip=(
            "By what windows are compared: physical features of acceleration, whatever the turn of the strap or axis by"
            " axis, or embeddings of a pretrained run"
        ))  # fmt: skip
        self.motions.activated.connect(self._on_motion)

    def _bodies_row(self) -> QWidget:
        self.bodies = named(QSpinBox(), tip="How many bodies are drawn", accessible="Number of bodies")
        self.bodies.setRange(50, 2000)
        self.bodies.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
        self.bodies.setSingleStep(100)
        self.bodies.setValue(500)
        self.vary = combo(accessible="How bodies vary", characters=7, tip=(
            "Each apart: every segment varies by itself, so that only what the sensor feels is hinted at.\n"
            "As people: measurements go together, a guess at the whole person."
        ))  # fmt: skip
        self.vary.addItem("each apart", False)
        self.vary.addItem("as people", True)
        row = QWidget()
        inner = QHBoxLayout(row)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(5)
        inner.addWidget(self.bodies)
        inner.addWidget(self.vary, 1)
        row.setFocusProxy(self.bodies)
        return row

    def _buttons(self) -> QHBoxLayout:
        self.compute = push_button("Compute", tip="Compare bodies with the real windows", style="primary")
        self.busy = BusyRow("comparing")
        self.show_hints = push_button("Show on the sliders", tip="Mark these ranges on the sliders of the Shape view")
        self.clear_hints = push_button("Clear hints", tip="Take the marks off the sliders")
        row = QHBoxLayout()
        row.setContentsMargins(0, 2, 0, 0)
        row.setSpacing(6)
        for button in (self.compute, self.show_hints, self.clear_hints):
            row.addWidget(button)
        row.addWidget(self.busy, 1)
        row.addStretch(1)
        self.first = self.compute
        self._busy(False)
        self.compute.clicked.connect(self.begin)
        self.busy.stopped.connect(self._on_stopped)
        self.show_hints.clicked.connect(self.put_hints)
        self.clear_hints.clicked.connect(self.drop_hints)
        return row

    def _results(self) -> QWidget:
        self.results = QWidget()
        column = QVBoxLayout(self.results)
        column.setContentsMargins(0, 2, 0, 0)
        column.setSpacing(8)
        theme = self._context.theme
        self.strips, self.spectra = Strips(theme), SpectraPlot(theme)
        self.heading = label("Mean power of acceleration, dB re 1 (m/s²)²/Hz", style="muted")
        for widget in (self.strips, self.heading, self.spectra):
            column.addWidget(widget)
        self.results.hide()
        return self.results

    def set_theme(self, theme: Theme) -> None:
        """Other colours."""
        self.strips.set_theme(theme)
        self.spectra.set_theme(theme)

    def set_contents(self, contents: Contents) -> None:
        """Whose body model is used."""
        self._contents = contents

    # ------------------------------------------------------------------ what can be chosen

    @Slot()
    def fill(self) -> None:
        """What the project has."""
        project = self._desk.project
        subjects = [] if project is None else [(s.name, s.id) for s in project.subjects()]
        places = (
            [] if project is None else list(dict.fromkeys(r.placement for r in project.recordings() if r.placement))
        )
        _refill(self.subject, subjects)
        _refill(self.placement, [(p.replace("_", " "), p) for p in places])
        if project is not self._filled:
            self.stop()
            self._forget()
            self.label_box.clear()
            self.motions.clear()
        self._filled = project
        self._fill_classes()
        self._fill_motions()
        self._fill_spaces()
        self._tell_buttons()

    @Slot()
    def _fill_classes(self) -> None:
        tier = self._desk.tier
        known = () if tier is None or tier.kind != "interval" else tier.classes
        first = self.label_box.count() < 2
        _refill(self.label_box, [("All windows", ""), *((c.name, c.id) for c in known)])
        if first and known:
            self.label_box.setCurrentIndex(1)

    def _fill_motions(self) -> None:
        from m3n_studio.motion.demo import demo_clips

        rows = [("Own motions of the sessions", work.OWN)] if self._desk.project and self._desk.project.clips() else []
        rows.append(("Shipped, called like the class", work.LIKE))
        if self._path:
            rows.append((Path(self._path).name, f"{work.PATH}{self._path}"))
        rows += [(name.replace("_", " ").capitalize(), f"{work.DEMO}{name}") for name in demo_clips()]
        rows += [("Motion file…", _FILE), ("Folder of motions…", _FOLDER)]
        _refill(self.motions, rows)

    @Slot()
    def _fill_spaces(self) -> None:
        rows = [("Acceleration, any strap", "any strap"), ("Acceleration, per axis", "per axis")]
        runs = () if self._context.runs is None else self._context.runs.entries
        rows += [(f"Embeddings: {r.name}", r.path) for r in runs if r.kind == "pretrain" and r.status == "finished"]
        _refill(self.space, rows)

    @Slot()
    def _on_session(self) -> None:
        """Whoever is on the desk is asked about, until something was computed."""
        session = self._desk.session
        if session is not None and self.answer is None and self.subject.findData(session.subject) >= 0:
            self.subject.setCurrentIndex(self.subject.findData(session.subject))

    @Slot(int)
    def _on_motion(self, _index: int) -> None:
        what = self.motions.currentData()
        if what not in (_FILE, _FOLDER):
            return
        start = str(Path(self._path).parent) if self._path else str(Path.home())
        if what == _FILE:
            name, _ = QFileDialog.getOpenFileName(self, "Motion to simulate", start)
        else:
            name = QFileDialog.getExistingDirectory(self, "Folder of motions to simulate", start)
        self.choose_path(name)

    def choose_path(self, name: str) -> None:
        """Simulate the motions of a file or folder; empty: as before."""
        self._path = name or self._path
        self._fill_motions()
        self.motions.setCurrentIndex(max(self.motions.findData(f"{work.PATH}{name}"), 0))

    def _tell_buttons(self) -> None:
        ready = self.subject.count() > 0 and self.placement.count() > 0
        self.compute.setEnabled(ready)
        self.form.setEnabled(self._desk.project is not None)
        hints = self._context.hints
        found = self.answer is not None and any(h.preferred for h in self.answer.found.hints)
        self.show_hints.setEnabled(found and hints is not None)
        self.clear_hints.setEnabled(hints is not None and bool(hints.all))
        if self._desk.project is not None and not ready:
            self.words.setText("This project has no subject with a recording whose placement is named. Import"
                               " recordings, and say in the Project view where the sensors were worn.")  # fmt: skip
        elif self.answer is None and self.busy.job is None:
            self.words.setText(BEGIN)

    # ------------------------------------------------------------------ computing

    def question(self) -> work.Question:
        """What is asked now."""
        tier = self._desk.tier
        return work.Question(
            str(self.subject.currentData() or ""), "" if tier is None else tier.id,
            str(self.label_box.currentData() or ""), str(self.placement.currentData() or ""),
            str(self.motions.currentData() or work.LIKE), str(self.space.currentData() or "any strap"),
            self.bodies.value(), bool(self.vary.currentData()),
        )  # fmt: skip

    @Slot()
    def begin(self) -> None:
        """Compare in the background."""
        project = self._desk.project
        if project is None or not self.compute.isEnabled():
            return
        asked, model = self.question(), self._contents.document.model

        def run(task: Task) -> work.Answer:
            from m3n_studio.body.files import default_body

            return work.compare_bodies(project, model or default_body(), asked, task)

        self._busy(True)
        self.words.setText(f"Comparing {asked.bodies} bodies …")
        self.busy.follow(
            self._context.jobs.run("Comparing bodies", run, done=self._on_done, failed=self._on_failed, key=KEY)
        )

    def _busy(self, on: bool) -> None:
        self.compute.setVisible(not on)
        self.show_hints.setVisible(not on)
        self.clear_hints.setVisible(not on)

    @Slot()
    def stop(self) -> None:
        """Stop comparing; what was shown before stays."""
        if self.busy.job is not None:
            self.busy.stop()
            self._on_stopped()

    @Slot()
    def _on_stopped(self) -> None:
        self.words.setText("Stopped.")
        self._busy(False)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._busy(False)
        self.words.setText(f"{str(error)[:1].upper()}{str(error)[1:]}.")

    @Slot(object)
    def _on_done(self, answer: work.Answer) -> None:
        self._busy(False)
        self.answer = answer
        found = answer.found
        order = sorted(range(len(found.hints)), key=lambda i: not found.hints[i].preferred)
        self.strips.show_rows([_row(found.hints[i], found.values[:, i]) for i in order], found.distance, found.closest)
        s = answer.spectra
        self.spectra.show_curves(s.frequency_hz, (
            ("real", "real", s.real), ("closest bodies", "simulated", s.closest), ("all bodies", "muted", s.average),
        ))  # fmt: skip
        self.results.show()
        self.words.setText(self._said(answer))
        self._tell_buttons()
        self.shown.emit()

    def _said(self, answer: work.Answer) -> str:
        from m3n_studio.learning.closeness import LEAST_GAIN

        found, names = answer.found, answer.motions
        doing = names[0].replace("_", " ") if len(names) == 1 else f"{len(names)} motions"
        text = (f"{found.real} real windows, {len(found.distance)} bodies doing {doing}: the closest tenth is"
                f" {found.gain:.0%} closer than the average.")  # fmt: skip
        if found.gain < LEAST_GAIN:
            text += (f" Under {LEAST_GAIN:.0%} another way of moving, strap or device does as much, so nothing is"
                     " hinted at. Try a motion more like the recording.")  # fmt: skip
        elif not any(h.preferred for h in found.hints):
            text += " No attribute is told from chance."
        return " ".join([text, *answer.notes])

    def _forget(self) -> None:
        self.answer = None
        self.results.hide()
        self.words.setText(BEGIN)

    # ------------------------------------------------------------------ sliders

    @Slot()
    def put_hints(self) -> None:
        """Mark what is preferred on the sliders."""
        if self.answer is None or self._context.hints is None:
            return
        who = f"{self.subject.itemText(self.subject.findData(self.answer.question.subject))}’s recordings"
        self._context.hints.put({
            h.name: ShapeHint(h.low, h.best, h.high, f"Closest to {who}: {in_words(h)}")
            for h in self.answer.found.hints if h.preferred
        })  # fmt: skip

    @Slot()
    def drop_hints(self) -> None:
        """Take the marks off."""
        if self._context.hints is not None:
            self._context.hints.put({})


def _row(hint: AttributeHint, values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> StripRow:
    factor, unit = _FACTOR[hint.unit]
    words = in_words(hint) if hint.preferred else "no preference"
    narrow = f"{abs(hint.narrowing):.0%} {'narrower' if hint.narrowing >= 0 else 'wider'}"
    tip = (f"{title_of(hint.name)}, {unit}, from left to right; lower is closer, the closest tenth in colour.\n"
           f"Closest: {in_words(hint)}; all: {hint.all_low * factor:.1f} – {hint.all_high * factor:.1f} {unit}.\n"
           f"Shifted by {hint.shift:+.1f} deviations, {narrow};"
           f" chance alone does as much in {hint.chance:.1%} of cases.")  # fmt: skip
    return StripRow(title_of(hint.name), words, tip, values * factor, hint.low * factor, hint.best * factor,
                    hint.high * factor, hint.preferred)  # fmt: skip


def _refill(box: QComboBox, rows: list[tuple[str, str]]) -> None:
    """Other choices; the one that was chosen stays where it is still there."""
    now = box.currentData()
    if rows == [(box.itemText(i), box.itemData(i)) for i in range(box.count())]:
        return
    box.blockSignals(True)
    box.clear()
    for words, data in rows:
        box.addItem(words, data)
    box.setCurrentIndex(max(box.findData(now), 0) if rows else -1)
    box.blockSignals(False)
