"""The Train view as it is laid out: its parts, what lies where, and which of them are seen."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QScrollArea, QVBoxLayout, QWidget

from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.run_shelf import RunShelf
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label, named
from m3n_studio.studio.training.data_summary import DataSummary
from m3n_studio.studio.training.empty_states import DEMO, INSTALL, Hint
from m3n_studio.studio.training.first_steps import guidance
from m3n_studio.studio.training.foresee_work import missing
from m3n_studio.studio.training.form_loading import Known
from m3n_studio.studio.training.kind_switch import KindSwitch
from m3n_studio.studio.training.motion_choice import MotionChoice
from m3n_studio.studio.training.orders import RunOrder
from m3n_studio.studio.training.placing import Placing
from m3n_studio.studio.training.queue_list import QueueList
from m3n_studio.studio.training.resume_offer import ResumeOffer
from m3n_studio.studio.training.run_queue import RunQueue
from m3n_studio.studio.training.setup_form import SetupForm
from m3n_studio.studio.training.starter import Starter

#: From this width on data and settings lie beside each other; no column is wider than the second.
_WIDE_PX, _COLUMN_PX = 760, 640
_NOTHING_OPEN = "Open or make a project: recordings with labels are what a classifier learns from."
_OPENERS = ((DEMO, "Demo project"), ("open_project", "Open project…"), ("new_project", "New project…"))
_FILLERS = (("import_files", "Import…"), ("import_labels", "Import labels…"), (DEMO, "Demo project"))


class TrainingPage(QWidget):
    """The parts of the view."""

    def __init__(self, context: ViewContext, desk: Desk, runs: RunShelf) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.desk, self._runs, self._context, self._theme = desk, runs, context, context.theme
        self.known: Known | None = None
        self.form: SetupForm | None = None
        self.queue = RunQueue(context.jobs, self)
        self.offers = ResumeOffer(runs, desk, lambda path: self.queue.item(path) is not None)
        self.queue_list = QueueList(self.queue)
        self.switch = KindSwitch()
        self.hint, self.guide = Hint(context.actions), Hint(context.actions, (12, 8, 10, 8))
        self.placing = Placing(desk)
        self.data = DataSummary(context.theme)
        self.motions = MotionChoice()
        self.starter = Starter(context.jobs, self.ordered, self.stamp)
        named(self.guide, style="noticeBar", accessible="What to do next").setAttribute(
            Qt.WidgetAttribute.WA_StyledBackground
        )
        self.guide.words.setObjectName("")
        self._lay_out()

    @property
    def kind(self) -> str:
        """What is being prepared: ``finetune`` or ``pretrain``."""
        return self.switch.kind

    def ordered(self) -> tuple[RunOrder | None, str]:
        """What is wanted now; or None, and why it cannot be."""
        return None, ""

    def stamp(self) -> int:
        """Another number when the data have changed."""
        return 0

    def _lay_out(self) -> None:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(8)
        self._settings_head = label("Settings", style="heading")
        self._data_head = label("Data", style="heading")
        for part in (self.offers, self.queue_list, self.guide, self.switch):
            part.setMaximumWidth(2 * _COLUMN_PX)
            column.addWidget(part)
        self._beside = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._beside.setSpacing(8)
        self._left, self._right = QVBoxLayout(), QVBoxLayout()
        for side, widgets in (
            (self._left, (self._data_head, self.hint, self.placing, self.data, self.motions)),
            (self._right, (self._settings_head,)),
        ):
            side.setSpacing(8)
            for each in widgets:
                side.addWidget(each)
            side.addStretch(1)
            self._beside.addLayout(side, 1)
        column.addLayout(self._beside)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidgetResizable(True)
        scroll.setWidget(page)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.viewport().setAutoFillBackground(False)
        page.setAutoFillBackground(False)
        self.page = scroll
        whole = QVBoxLayout(self)
        whole.setContentsMargins(10, 8, 6, 8)
        whole.setSpacing(0)
        whole.addWidget(scroll, 1)
        whole.addWidget(self.starter)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self.data.set_theme(theme)
        if self.form is not None:
            self.form.set_theme(theme)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Put data and settings beside each other where there is room."""
        super().resizeEvent(event)
        wide = self.width() >= _WIDE_PX
        way = QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom
        if self._beside.direction() != way:
            self._beside.setDirection(way)
            self._beside.setSpacing(24 if wide else 8)

    def _arrange(self) -> None:
        """Show what there is to show."""
        gone, project = missing(), self.desk.project
        tuning, data = self.kind == "finetune", self.data.data
        ready = not gone and project is not None
        self.switch.setVisible(ready)
        self._data_head.setVisible(ready)
        self._data_head.setText("Labelled data" if tuning else "Motions")
        self._settings_head.setVisible(ready and self.form is not None)
        if self.form is not None:
            self.form.setVisible(ready)
        self.starter.setVisible(ready)
        self.motions.setVisible(ready and not tuning)
        self.data.setVisible(ready and tuning and bool(data.parts))
        self.placing.setVisible(ready and tuning and bool(data.unplaced))
        if gone:
            self.hint.say("Training is not installed", f"The package {gone} is missing. In the folder of the program,"
                          f" run:\n{INSTALL}\nand start it again.")  # fmt: skip
        elif project is None:
            self.hint.say("Train a classifier", _NOTHING_OPEN, _OPENERS)
        else:
            empty = tuning and data.problem and not data.parts and not data.unplaced
            self.hint.say("", data.problem if tuning else "", _FILLERS if empty else ())
        self.guide.say("", *(guidance(self.kind, self._runs.entries, self.queue.items) if ready else ("",)))
        self.starter.arrange()
