"""The Train view: what to learn from, how, what it will cost; the runs that wait, run and could go on."""

from __future__ import annotations

from datetime import date
from typing import Any

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QScrollArea, QVBoxLayout, QWidget

from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.jobs import Task
from m3n_studio.studio.core.run_shelf import RunShelf
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label
from m3n_studio.studio.training import chooser
from m3n_studio.studio.training.data_summary import DataSummary
from m3n_studio.studio.training.data_work import Data, look_at_data, problem_of
from m3n_studio.studio.training.empty_states import DEMO, INSTALL, Hint
from m3n_studio.studio.training.foresee_work import missing
from m3n_studio.studio.training.form_loading import Known, load_known
from m3n_studio.studio.training.kind_switch import KindSwitch
from m3n_studio.studio.training.motion_choice import MotionChoice
from m3n_studio.studio.training.orders import RunOrder, free_name, order_of
from m3n_studio.studio.training.placing import Placing
from m3n_studio.studio.training.queue_list import QueueList
from m3n_studio.studio.training.resume_offer import ResumeOffer
from m3n_studio.studio.training.run_queue import RunQueue
from m3n_studio.studio.training.run_words import progress_text
from m3n_studio.studio.training.setup_form import SetupForm
from m3n_studio.studio.training.starter import Starter

_SETTLE_MS = 400
#: From this width on data and settings lie beside each other; no column is wider than the second.
_WIDE_PX, _COLUMN_PX = 760, 640
_NOTHING_OPEN = "Open or make a project: recordings with labels are what a classifier learns from."
_OPENERS = ((DEMO, "Demo project"), ("open_project", "Open project…"), ("new_project", "New project…"))
_FILLERS = (("import_files", "Import…"), ("import_labels", "Import labels…"), (DEMO, "Demo project"))


class TrainingView(QWidget):
    """Pretrain and finetune."""

    def __init__(self, context: ViewContext, desk: Desk, runs: RunShelf) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.desk, self._runs, self._context, self._theme = desk, runs, context, context.theme
        self.known: Known | None = None
        self.form: SetupForm | None = None
        self._adopted = ""
        self._stamp, self._behind, self._tier = 0, True, ""
        self._folder: object = None
        self.queue = RunQueue(context.jobs, self)
        self.offers = ResumeOffer(runs, desk, lambda path: self.queue.item(path) is not None)
        self.queue_list = QueueList(self.queue)
        self.switch = KindSwitch()
        self.hint = Hint(context.actions)
        self.placing = Placing(desk)
        self.data = DataSummary(context.theme)
        self.motions = MotionChoice()
        self.starter = Starter(context.jobs, self.ordered, lambda: self._stamp)
        self._lay_out()
        self._later = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._connect()
        self._arrange()

    def _lay_out(self) -> None:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(8)
        self._settings_head = label("Settings", style="heading")
        self._data_head = label("Data", style="heading")
        for part in (self.offers, self.queue_list, self.switch):
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

    def _connect(self) -> None:
        for signal in (self.desk.project_changed, self.desk.tiers_changed, self.desk.written):
            signal.connect(self._stale)
        self._later.timeout.connect(self.refresh)
        self._runs.changed.connect(self._show_runs)
        self._runs.told.connect(self._on_told)
        self.offers.go_on.connect(self.go_on)
        self.queue_list.again.connect(self._on_again)
        self.queue.changed.connect(self._on_queue)
        self.switch.chosen.connect(self._on_kind)
        self.data.tier_chosen.connect(self._on_tier)
        self.data.changed.connect(self._on_choice)
        self.data.placements_chosen.connect(self._on_placements)
        self.motions.changed.connect(self._on_choice)
        self.starter.start.connect(self.start)

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

    # ------------------------------------------------------------------ reading

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Load what the form is made from, and catch up."""
        super().showEvent(event)
        if self.known is None and not missing():
            self._context.jobs.run("Preparing training", lambda _: load_known(), done=self._on_known,
                                   failed=self._on_failed, key="training form", quiet=True)  # fmt: skip
        if self._behind:
            self._later.start(0)

    @Slot(object)
    def _on_known(self, known: Known) -> None:
        if self.known is not None:
            return
        self.known = known
        self.form = SetupForm(known.drafts["finetune"], self._theme, known.presets, known.methods)
        self._right.insertWidget(1, self.form)
        self.form.changed.connect(self._on_form)
        self.form.preset_chosen.connect(self._on_preset)
        self.form.pretrained_chosen.connect(self._on_pretrained)
        self._show_runs()
        if self.form.pretrained_path == "":
            known.drafts["finetune"].put({"finetune.method": "base"})
        self._later.start(0)
        self._follow_form()

    @Slot()
    def _stale(self, *_: object) -> None:
        self._behind = True
        self._stamp += 1
        if self.isVisible():
            self._later.start()

    @Slot()
    def refresh(self) -> None:
        """Look again at what is labelled, in the background."""
        project = self.desk.project
        if project is None or self.known is None:
            self._folder = None if project is None else self._folder
            self.data.set_data(Data())
            self._arrange()
            return
        self._behind = False
        if self._folder != project.folder:
            self._folder, self._tier = project.folder, ""
            self.data.leave_out(())
        tier, spec = self._tier, self.known.spec()

        def work(task: Task) -> Data:
            return look_at_data(project, tier, spec, task)

        self._context.jobs.run("Looking at what is labelled", work, done=self._on_data, failed=self._on_failed,
                               key="training data", quiet=True)  # fmt: skip

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._context.report(f"Train: {problem_of(error)}")

    @Slot(object)
    def _on_data(self, data: Data) -> None:
        first = [n for n, _ in self.data.data.placements] != [n for n, _ in data.placements]
        self.data.set_data(data)
        self.placing.set_names(dict(data.unplaced))
        if first and self.form is not None and data.placements:
            self._fit_placements()
        self._follow_form()

    def _fit_placements(self) -> None:
        form, known = self.form, self.known
        if form is None or known is None:
            return
        draft = known.drafts["finetune"]
        path = form.pretrained_path if form.kind == "finetune" else self._adopted
        chooser.wear(draft, chooser.fitting(draft, [n for n, _ in self.data.data.placements], path), path)

    # ------------------------------------------------------------------ choosing

    @property
    def kind(self) -> str:
        """What is being prepared: ``finetune`` or ``pretrain``."""
        return self.switch.kind

    @Slot(str)
    def _on_kind(self, kind: str) -> None:
        if self.form is not None and self.known is not None:
            self.form.set_kind(kind, self.known.drafts[kind])
        self._follow_form()

    @Slot(str)
    def _on_tier(self, name: str) -> None:
        self._tier = name
        self._stamp += 1
        self.refresh()

    @Slot()
    def _on_choice(self) -> None:
        self._arrange()
        self.starter.changed()

    @Slot(object)
    def _on_placements(self, chosen: tuple[str, ...]) -> None:
        if self.form is not None:
            chooser.wear(self.form.draft, chosen, self.form.pretrained_path)
            self._follow_form()

    @Slot(str)
    def _on_preset(self, name: str) -> None:
        if self.form is not None:
            chooser.take_preset(self.form.draft, name, self.form.pretrained_path)
            self._on_form()

    @Slot(str)
    def _on_pretrained(self, _path: str) -> None:
        self._on_form()

    @Slot()
    def _on_form(self) -> None:
        """The form says something else: an encoder may be wanted, windows may be others."""
        form = self.form
        if form is None:
            return
        if form.kind == "finetune" and form.pretrained_path != self._adopted:
            self._adopted = form.pretrained_path
            problem = chooser.adopt(form.draft, self._adopted) if self._adopted else ""
            if problem:
                self._context.report(problem)
            self._fit_placements()
        self._follow_form()
        self._later.start()

    def _follow_form(self) -> None:
        """Show what the drafts hold."""
        if self.form is not None and self.known is not None:
            draft = self.known.drafts["finetune"]
            able = draft.value("windows.placements") if self.form.pretrained_path else None
            self.data.set_placements(chooser.worn(draft), able)
            self.form.show_draft()
            learns = getattr(self.known.methods.get(str(self.form.draft.value("finetune.method"))), "family", "")
            self.starter.insist(learns == "classical" and self.kind == "finetune")
        self._arrange()
        self.starter.changed()

    @Slot()
    def _show_runs(self) -> None:
        if self.form is None:
            return
        before = self.form.pretrained_path
        done = [e for e in self._runs.entries if e.kind == "pretrain" and e.status == "finished"]
        self.form.set_runs([(e.path, f"{e.name} · {e.method}") for e in done])
        if self.form.pretrained_path != before:
            self._on_form()

    # ------------------------------------------------------------------ starting

    def ordered(self) -> tuple[RunOrder | None, str]:
        """What is wanted now; or None, and why it cannot be."""
        form, known, project, home = self.form, self.known, self.desk.project, self._runs.home
        if project is None or home is None:
            return None, "Open a project first: runs are kept in it." if not missing() else ""
        if form is None or known is None:
            return None, ""
        draft = form.draft
        why = self._blocked(form) or chooser.first_problem(draft, draft.fields)
        if why or draft.config is None:
            return None, why
        path = free_name(home, form.kind, str(draft.value("finetune.method")), date.today().isoformat(),
                         self.queue.names)  # fmt: skip
        if form.kind == "pretrain":
            return RunOrder("pretrain", path, draft.config, motions=self.motions.motions,
                            apart=self.starter.apart.isChecked()), ""  # fmt: skip
        return RunOrder("finetune", path, draft.config, str(project.folder), self.data.data.tier, self.data.without,
                        form.pretrained_path, apart=self.starter.apart.isChecked()), ""  # fmt: skip

    def _blocked(self, form: SetupForm) -> str:
        """Why the data chosen are not enough."""
        if form.kind == "pretrain":
            return "" if self.motions.motions else "Choose motions to pretrain on."
        data = self.data.data
        if data.problem or not data.parts:
            return data.problem and "Nothing can be learned from this project yet."
        if len(data.subjects) - len(self.data.without) < 2:
            return "Tick two subjects or more: one is tested on, the others are learned from."
        if form.wants_pretrained and not form.pretrained_path:
            return "This method adopts a pretrained encoder, and there is none yet. Pretrain first, or choose Base."
        if not any(box.isChecked() for box in self.data.placements.values()):
            return "Tick a place where something was worn that can be learned from."
        return ""

    @Slot()
    def start(self) -> None:
        """Put what is chosen into the queue."""
        order, _ = self.ordered()
        if order is not None:
            self.starter.changed()
            self.queue.add(order)
            self.page.verticalScrollBar().setValue(0)

    @Slot(object)
    def go_on(self, path: Any) -> None:
        """Go on with a run that did not end."""
        from m3n_studio.errors import M3nError

        try:
            self.queue.add(order_of(path))
        except M3nError as error:
            self._context.report(str(error))

    @Slot(object)
    def _on_again(self, path: Any) -> None:
        """Put a run's settings into the form."""
        found, form, known = self.queue.item(path), self.form, self.known
        if found is None or form is None or known is None:
            return
        order = found.order
        self.switch.choose(order.kind)
        known.drafts[order.kind].load(order.config)
        if order.kind == "pretrain":
            self.motions.choose(order.motions)
        else:
            form.choose_pretrained(order.pretrained)
            self._adopted = form.pretrained_path
            self._tier = order.tier
            self.data.leave_out(order.without)
        self._follow_form()
        self._later.start()
        self.page.ensureWidgetVisible(form, 0, 40)

    @Slot()
    def _on_queue(self) -> None:
        self.starter.busy = any(q.state in ("running", "stopping", "waiting", "paused") for q in self.queue.items)
        self.starter.arrange()

    @Slot(str, object)
    def _on_told(self, path: str, events: Any) -> None:
        self.queue_list.tell(path, progress_text([e.message for e in events]))

    # ------------------------------------------------------------------ what is seen

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
        self.starter.arrange()


def build(context: ViewContext) -> QWidget:
    """The Train dock."""
    if context.desk is None or context.runs is None:
        return label("Training needs a window with a project.", style="muted")
    return TrainingView(context, context.desk, context.runs)
