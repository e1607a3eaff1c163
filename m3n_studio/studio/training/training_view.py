"""The Train view: what to learn from, how, what it will cost; the runs that wait, run and could go on."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QTimer, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.jobs import Task
from m3n_studio.studio.core.run_shelf import RunShelf
from m3n_studio.studio.look.widgets import label
from m3n_studio.studio.training import chooser
from m3n_studio.studio.training.data_work import Data, look_at_data, problem_of
from m3n_studio.studio.training.first_steps import begins_with, preset_for, suit_folds
from m3n_studio.studio.training.foresee_work import missing
from m3n_studio.studio.training.form_loading import Known, load_known
from m3n_studio.studio.training.ordering import wanted
from m3n_studio.studio.training.orders import RunOrder, order_of
from m3n_studio.studio.training.run_words import progress_text
from m3n_studio.studio.training.setup_form import SetupForm
from m3n_studio.studio.training.training_page import TrainingPage

_SETTLE_MS = 400


class TrainingView(TrainingPage):
    """Pretrain and finetune."""

    def __init__(self, context: ViewContext, desk: Desk, runs: RunShelf) -> None:
        super().__init__(context, desk, runs)
        self._adopted = ""
        self._stamp, self._behind, self._tier = 0, True, ""
        self._folder: object = None
        self._begun_in: object = None
        self._without_encoder = False
        self._later = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._connect()
        self._arrange()

    def _connect(self) -> None:
        for signal in (self.desk.project_changed, self.desk.tiers_changed, self.desk.written):
            signal.connect(self._stale)
        self._later.timeout.connect(self.refresh)
        self._runs.changed.connect(self._show_runs)
        self._runs.told.connect(self._on_told)
        self.offers.go_on.connect(self.go_on)
        self.queue_list.again.connect(self._on_again)
        self.queue.changed.connect(self._on_queue)
        self.queue.ended.connect(self._on_ended)
        self.switch.chosen.connect(self._on_kind)
        self.data.tier_chosen.connect(self._on_tier)
        self.data.changed.connect(self._on_choice)
        self.data.placements_chosen.connect(self._on_placements)
        self.motions.changed.connect(self._on_motions)
        self.starter.start.connect(self.start)

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
            self._without_encoder = True
        self._on_motions()
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
        if self._begun_in != self._folder and self.form is not None:
            self._begun_in = self._folder
            self.switch.choose(begins_with(self._runs.entries))
        self._suit_folds()
        self._follow_form()

    def _fit_placements(self) -> None:
        form, known = self.form, self.known
        if form is None or known is None:
            return
        draft = known.drafts["finetune"]
        path = form.pretrained_path if form.kind == "finetune" else self._adopted
        chooser.wear(draft, chooser.fitting(draft, [n for n, _ in self.data.data.placements], path), path)

    # ------------------------------------------------------------------ choosing

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

    def _suit_folds(self) -> None:
        people = len(self.data.data.subjects) - len(self.data.without)
        if self.known is not None and suit_folds(self.known.drafts["finetune"], people) and self.form is not None:
            self.form.show_draft()

    @Slot()
    def _on_motions(self) -> None:
        """Other motions: another preset suits them, where nothing was changed by hand."""
        if self.known is not None and self.form is not None:
            draft, name = self.known.drafts["pretrain"], preset_for(self.motions.motions)
            if draft.preset != name and not draft.changed():
                chooser.take_preset(draft, name, "")
            self._follow_form()
        self._on_choice()

    @Slot()
    def _on_choice(self) -> None:
        self._suit_folds()
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
        return wanted(self, self.queue.names)

    def stamp(self) -> int:
        """Another number when the data have changed."""
        return self._stamp

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

    @Slot(object)
    def _on_ended(self, path: Any) -> None:
        """An encoder is there: finetuning from it is next."""
        done, form = self.queue.item(path), self.form
        self._runs.look()
        if done is None or done.state != "finished" or done.order.kind != "pretrain" or form is None:
            self._arrange()
            return
        if self._without_encoder and self.known is not None:
            self._without_encoder = False
            draft = self.known.drafts["finetune"]
            draft.put({"finetune.method": done.order.method if draft.value("finetune.method") == "base"
                       else draft.value("finetune.method")})  # fmt: skip
        form.choose_pretrained(str(path))
        if self.queue.running is None:
            self.switch.choose("finetune")
        self._on_form()
        self._suit_folds()
        self._arrange()

    @Slot()
    def _on_queue(self) -> None:
        self.starter.busy = any(q.state in ("running", "stopping", "waiting", "paused") for q in self.queue.items)
        self._arrange()

    @Slot(str, object)
    def _on_told(self, path: str, events: Any) -> None:
        self.queue_list.tell(path, progress_text([e.message for e in events]))


def build(context: ViewContext) -> QWidget:
    """The Train dock."""
    if context.desk is None or context.runs is None:
        return label("Training needs a window with a project.", style="muted")
    return TrainingView(context, context.desk, context.runs)
