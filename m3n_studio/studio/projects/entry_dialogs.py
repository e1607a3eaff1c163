"""Dialogs for what a project knows of a subject, and of a recording, video or motion in its session."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from m3n_studio.project.values import HANDS, SEXES, ClipEntry, Recording, Subject, Video
from m3n_studio.studio.look.widgets import button_box, combo, label, named
from m3n_studio.studio.projects.project_edits import WORDS, moved_and_drifting
from m3n_studio.studio.projects.project_model import place_words

_UNKNOWN = "Not known"


def _number(low: float, high: float, decimals: int, suffix: str, tip: str, step: float = 0.01) -> QDoubleSpinBox:
    box = named(QDoubleSpinBox(minimum=low, maximum=high, decimals=decimals, singleStep=step), tip=tip, accessible=tip)
    box.setSuffix(suffix)
    box.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
    return box


class _Form(QDialog):
    """A form with OK and Cancel."""

    def __init__(self, title: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.form = QFormLayout()
        self.form.setSpacing(12)
        self.form.setLabelAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.box = button_box(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.box.accepted.connect(self.accept)
        self.box.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 20, 22, 16)
        layout.setSpacing(16)
        layout.addLayout(self.form)
        layout.addWidget(self.box)
        self.setMinimumWidth(400)


class SubjectDialog(_Form):
    """Name, height, mass, handedness, sex and note of a subject."""

    def __init__(self, subject: Subject, parent: QWidget | None = None) -> None:
        super().__init__(f"Subject {subject.name}", parent)
        self.subject = subject
        self.name = named(QLineEdit(subject.name), tip="Name of the subject, e.g. P03", accessible="Name")
        self.stature = _number(0.29, 2.8, 2, " m", "Height in metres")
        self.mass = _number(0.9, 700.0, 1, " kg", "Mass in kilograms", 0.5)
        for box, known in ((self.stature, subject.height_m), (self.mass, subject.mass_kg)):
            box.setSpecialValueText(_UNKNOWN)
            box.setValue(known or box.minimum())
        self.hand = combo(tip="Which hand the subject writes with", accessible="Handedness")
        self.sex = combo(tip="Sex of the subject", accessible="Sex")
        for choice, values, now in ((self.hand, HANDS, subject.handedness), (self.sex, SEXES, subject.sex)):
            for value in values:
                choice.addItem(value.capitalize() or _UNKNOWN, value)
            choice.setCurrentIndex(values.index(now))
        self.note = named(QLineEdit(subject.note), tip="Anything else worth knowing", accessible="Note")
        rows: tuple[tuple[str, QWidget], ...] = (
            ("Name", self.name), ("Height", self.stature), ("Mass", self.mass), ("Handedness", self.hand),
            ("Sex", self.sex), ("Note", self.note),
        )  # fmt: skip
        for words, field in rows:
            self.form.addRow(words, field)
        self.form.addRow("", label("Height and mass shape the body of a motion of this subject.", style="muted"))
        self.name.textChanged.connect(self._on_name)

    def _on_name(self, text: str) -> None:
        self.box.button(QDialogButtonBox.StandardButton.Ok).setEnabled(bool(text.strip()))

    @property
    def value(self) -> Subject:
        """The subject as filled in."""

        def number(box: QDoubleSpinBox, now: float | None) -> float | None:
            value = None if box.value() <= box.minimum() else round(box.value(), box.decimals())
            same = now is not None and value is not None and abs(now - value) < 0.5 * 10.0 ** -box.decimals()
            return now if same else value

        return replace(
            self.subject, name=" ".join(self.name.text().split()), height_m=number(self.stature, self.subject.height_m),
            mass_kg=number(self.mass, self.subject.mass_kg), handedness=self.hand.currentData(),
            sex=self.sex.currentData(), note=self.note.text().strip(),
        )  # fmt: skip


class TimedDialog(_Form):
    """Name, time in the session and note of a recording, video or motion; of a recording also where it was worn."""

    def __init__(self, entry: Recording | Video | ClipEntry, parent: QWidget | None = None) -> None:
        super().__init__(f"{WORDS[type(entry)].capitalize()} {entry.name}", parent)
        self.entry = entry
        self.name = named(QLineEdit(entry.name), tip=f"Name of the {WORDS[type(entry)]}", accessible="Name")
        self.form.addRow("Name", self.name)
        self.place = combo(tip="Where the sensor was worn", accessible="Placement")
        if isinstance(entry, Recording):
            fill_places(self.place, entry.placement)
            self.form.addRow("Placement", self.place)
        self._begins_s = entry.time_map.to_session(entry.start_s if isinstance(entry, Recording) else 0.0)
        self.begins = _number(-1e9, 1e9, 3, " s", "Where it begins on the session's clock, seconds", 0.1)
        self.begins.setValue(self._begins_s)
        self.drift = _number(-1e5, 1e5, 1, " ppm", "How much its clock is slow, millionths", 1.0)
        self.drift.setValue(entry.time_map.drift_ppm)
        self.form.addRow("Begins at", self.begins)
        self.form.addRow("Drift", self.drift)
        points = len(entry.time_map.points)
        if points > 1:
            words = f"It has {points} sync points; another drift replaces them."
            self.form.addRow("", label(words, style="muted"))
        self.note = named(QLineEdit(entry.note.splitlines()[0] if entry.note else ""), accessible="Note")
        self.form.addRow("Note", self.note)
        if "\n" in entry.note:
            said = label("\n".join(entry.note.splitlines()[1:]), style="muted")
            said.setWordWrap(True)
            self.form.addRow("Checks", said)

    @property
    def value(self) -> Recording | Video | ClipEntry:
        """The entry as filled in."""
        begins_s = self.begins.value()
        if abs(begins_s - self._begins_s) < 0.0005:
            begins_s = self._begins_s
        moved = moved_and_drifting(self.entry, begins_s, self.drift.value())
        rest = self.entry.note.splitlines()[1:]
        changed = replace(
            self.entry, name=" ".join(self.name.text().split()) or self.entry.name, time_map=moved,
            note="\n".join([self.note.text().strip(), *rest]) if rest else self.note.text().strip(),
        )  # fmt: skip
        if isinstance(changed, Recording):
            return replace(changed, placement=self.place.currentData())
        return changed


def fill_places(choice: object, now: str) -> None:
    """Put all placements into a choice."""
    from PySide6.QtWidgets import QComboBox

    from m3n_studio.imu.placement import PLACEMENTS

    assert isinstance(choice, QComboBox)
    for name in dict.fromkeys(("", *PLACEMENTS, now)):
        choice.addItem(place_words(name) or _UNKNOWN, name)
    choice.setCurrentIndex(max(choice.findData(now), 0))
