"""One setting in the form: its name, an editor of its kind, its unit, what is wrong with it, the way back."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLineEdit, QSizePolicy, QWidget

from m3n_studio.studio.look.icons import icon
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import combo, label, named, tool_button
from m3n_studio.studio.training.form_schema import FieldSpec

TITLE_PX, RESET_PX = 128, 28
_CHOICES = {
    "users5": "Users in five groups", "leave-one-out": "Each user alone", "time5": "Five stretches of time",
    "until-plateau": "Until the plateau",
}  # fmt: skip


def choice_text(value: str) -> str:
    """A choice for people."""
    words = value.replace("-", " ").replace("_", " ")
    return _CHOICES.get(value, words[:1].upper() + words[1:])


class _Calm(QObject):
    """The wheel scrolls the page, and never changes a choice that is passed over."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget):
            event.ignore()
            return True
        return super().eventFilter(watched, event)


def calm(box: QComboBox) -> QComboBox:
    """A choice the wheel passes over."""
    box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    box.installEventFilter(_Calm(box))
    return box


class FieldRow(QWidget):
    """One setting.

    Signals
    -------
    written : str, str
        Name of the field and what the user wrote.
    put_back : str
    """

    written = Signal(str, str)
    put_back = Signal(str)

    def __init__(
        self, spec: FieldSpec, theme: Theme, *, title: str = "", about: bool = False,
        choices: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.spec = spec
        self._about = ". ".join(w for w in (spec.about, spec.range_text.capitalize()) if w) if about else ""
        self.title = label(title or spec.title, tip=f"{spec.about}\n{spec.name}")
        self.title.setMinimumWidth(TITLE_PX)
        self.title.setWordWrap(True)
        self._plain = self.title.text()
        self.editor = self._make(choices)
        self.title.setBuddy(self.editor)
        self.reset = tool_button(tip="Put back", accessible=f"Put back {self._plain}")
        self.reset.setIcon(icon("undo", theme))
        self.reset.setFixedWidth(RESET_PX)
        keep = self.reset.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self.reset.setSizePolicy(keep)
        self.reset.clicked.connect(self._on_reset)
        self.note = label(self._about, style="muted")
        self.note.setWordWrap(True)
        self.note.setVisible(bool(self._about))
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(1)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self.title, 0, 0)
        grid.addWidget(self.editor, 0, 1)
        unit = label(spec.unit, style="muted")
        unit.setVisible(bool(spec.unit))
        grid.addWidget(unit, 0, 2)
        grid.addWidget(self.reset, 0, 3)
        grid.addWidget(self.note, 1, 1, 1, 3)

    def _make(self, choices: Mapping[str, str] | None) -> QWidget:
        spec = self.spec
        tip = ". ".join(w for w in (spec.about, spec.range_text.capitalize()) if w)
        if spec.kind == "bool":
            box = named(QCheckBox(), tip=tip, accessible=self._plain)
            box.toggled.connect(lambda on: self.written.emit(spec.name, "yes" if on else "no"))
            return box
        if spec.kind == "choice" or choices:
            many = calm(combo(tip=tip, accessible=self._plain, characters=8))
            for value, words in (choices or {c: choice_text(c) for c in spec.choices}).items():
                many.addItem(words, value)
            many.activated.connect(self._on_chosen)
            many.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            return many
        line = named(QLineEdit(), tip=tip, accessible=self._plain)
        line.setMinimumWidth(60)
        line.textEdited.connect(lambda text: self.written.emit(spec.name, text))
        return line

    @Slot(int)
    def _on_chosen(self, _index: int) -> None:
        if isinstance(self.editor, QComboBox):
            self.written.emit(self.spec.name, str(self.editor.currentData()))

    @Slot()
    def _on_reset(self) -> None:
        self.put_back.emit(self.spec.name)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.reset.setIcon(icon("undo", theme))

    def show_text(self, text: str) -> None:
        """Show what the field holds, unless it stands there already."""
        with QSignalBlocker(self.editor):
            if isinstance(self.editor, QCheckBox):
                self.editor.setChecked(text == "yes")
            elif isinstance(self.editor, QComboBox):
                at = self.editor.findData(text)
                if at < 0:  # of a plugin that is not here
                    self.editor.addItem(f"{text} (not here)", text)
                    at = self.editor.count() - 1
                self.editor.setCurrentIndex(at)
            elif isinstance(self.editor, QLineEdit) and self.editor.text() != text:
                self.editor.setText(text)

    def show_state(self, problem: str, differs: bool, of_preset: str, preset: str) -> None:
        """Show what is wrong with it, and whether it is as the preset says."""
        font = self.title.font()
        if font.bold() != differs:
            font.setBold(differs)
            self.title.setFont(font)
        self.reset.setVisible(differs)
        if differs:
            self.reset.setToolTip(f"Put back: {choice_text(of_preset) if self.spec.choices else of_preset or 'empty'}"
                                  f" ({preset})")  # fmt: skip
        wanted = problem[:1].upper() + problem[1:] if problem else self._about
        style = "warning" if problem else "muted"
        if self.note.objectName() != style:
            self.note.setObjectName(style)
            self.note.style().unpolish(self.note)
            self.note.style().polish(self.note)
        if self.note.text() != wanted:
            self.note.setText(wanted)
            self.editor.setAccessibleDescription(wanted)
        self.note.setVisible(bool(wanted))
