"""What the window shows while nothing is open: the two steps of a comparison, and a sample to try."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QVBoxLayout, QWidget

from m3n_studio.studio.frame.samples import samples
from m3n_studio.studio.look.icons import drawing
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label, named, push_button

#: Icon, title, words of each step; the colour is that of its trace.
STEPS = (
    ("motion", "1  Drop a motion", "AMASS, GRAB, BVH, ASF/AMC or a video pose estimator’s output, or a folder of"
     " them. Virtual sensors read it at once.", "simulated"),
    ("recording", "2  Drop its recording", "What a real sensor read: CSV, HDF5, Xsens and others. It is aligned, laid"
     " over the simulation and compared.", "real"),
)  # fmt: skip


class _Step(QFrame):
    """One step."""

    def __init__(self, name: str, title: str, words: str, color: str) -> None:
        super().__init__()
        self.setObjectName("dropHint")
        self._icon, self._color = name, color
        self._sign = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        heading = QLabel(title, alignment=Qt.AlignmentFlag.AlignCenter)
        font = heading.font()
        font.setPointSizeF(font.pointSizeF() * 1.35)
        font.setBold(True)
        heading.setFont(font)
        text = QLabel(words, alignment=Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, wordWrap=True)
        text.setObjectName("muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(26, 30, 26, 30)
        layout.setSpacing(12)
        layout.addWidget(self._sign)
        layout.addWidget(heading)
        layout.addWidget(text, 1)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._sign.setPixmap(drawing(self._icon, str(getattr(theme, self._color)), 52))


class EmptyView(QWidget):
    """Says what to do first.

    Signals
    -------
    open_wanted, new_project_wanted, open_project_wanted, demo_wanted : (none)
    sample_wanted : Sample
    """

    open_wanted = Signal()
    new_project_wanted = Signal()
    open_project_wanted = Signal()
    demo_wanted = Signal()
    sample_wanted = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._samples = samples()
        self._steps = [_Step(*step) for step in STEPS]
        title = QLabel("How close is a synthetic signal to a real one?", alignment=Qt.AlignmentFlag.AlignCenter)
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.7)
        font.setBold(True)
        title.setFont(font)
        self._arrow = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self.sample_button = push_button(
            "Try it with a sample", tip="A packing motion with the recording of two watches", style="primary"
        )
        self.open_button = push_button("Open…", tip="Open motions or recordings (Ctrl+O)")
        self.demo_button = push_button("More samples  ", tip="Motions that came with the program")
        self.demo_button.setMenu(self._sample_menu())
        self.sample_button.setEnabled(bool(self._samples))
        self.demo_button.setEnabled(bool(self._samples))
        self.new_project = push_button("New project…", tip="Make a folder for recordings and labels (Ctrl+N)")
        self.open_project = push_button("Open project…", tip="Open the folder of a project (Ctrl+Alt+O)")
        self.demo_project = push_button(
            "Demo project…", tip="Make a small labelled project of five made-up people, to try training and predictions"
        )
        self._lay_out(title)
        self.sample_button.clicked.connect(self._on_sample)
        self.open_button.clicked.connect(self.open_wanted)
        self.new_project.clicked.connect(self.new_project_wanted)
        self.open_project.clicked.connect(self.open_project_wanted)
        self.demo_project.clicked.connect(self.demo_wanted)
        self.set_theme(theme)

    def _lay_out(self, title: QLabel) -> None:
        steps, buttons = QHBoxLayout(), QHBoxLayout()
        steps.setSpacing(14)
        steps.addWidget(self._steps[0], 1)
        steps.addWidget(self._arrow)
        steps.addWidget(self._steps[1], 1)
        buttons.setSpacing(10)
        buttons.addStretch(1)
        for button in (self.sample_button, self.open_button, self.demo_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        inner = named(QWidget())
        inner.setMaximumWidth(780)
        column = QVBoxLayout(inner)
        column.setSpacing(22)
        column.addWidget(title)
        column.addLayout(steps)
        column.addLayout(buttons)
        projects = QHBoxLayout()
        projects.setSpacing(10)
        projects.addStretch(1)
        projects.addWidget(label("Recordings to label, models to train?", style="muted"))
        for button in (self.new_project, self.open_project, self.demo_project):
            projects.addWidget(button)
        projects.addStretch(1)
        column.addLayout(projects)
        hint = label("Ctrl+K finds everything the program can do.", style="muted")
        hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(hint)
        outer = QVBoxLayout(self)
        centre = QHBoxLayout()
        centre.addStretch(1)
        centre.addWidget(inner, 12)
        centre.addStretch(1)
        outer.addStretch(2)
        outer.addLayout(centre)
        outer.addStretch(3)

    def _sample_menu(self) -> QMenu:
        menu = QMenu(self)
        for sample in self._samples:
            menu.addAction(sample.title).triggered.connect(lambda _=False, s=sample: self.sample_wanted.emit(s))
        return menu

    def _on_sample(self) -> None:
        self.sample_wanted.emit(self._samples[0])

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        for step in self._steps:
            step.set_theme(theme)
        arrow: QPixmap = drawing("arrow", theme.muted, 26)
        self._arrow.setPixmap(arrow)
