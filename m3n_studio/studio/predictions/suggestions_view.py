"""The Suggestions view: what to label next, what can be taken as it is, likely errors; decided by keys."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QModelIndex, QTimer, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QMenu, QWidget

from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.going import Goer
from m3n_studio.studio.core.moments import Moment
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label
from m3n_studio.studio.predictions.suggestion_actions import add_actions
from m3n_studio.studio.predictions.suggestion_decider import Decider
from m3n_studio.studio.predictions.suggestion_keys import SuggestionKeys
from m3n_studio.studio.predictions.suggestion_loop import Loop
from m3n_studio.studio.predictions.suggestion_model import merged
from m3n_studio.studio.predictions.suggestion_panel import MODES, SuggestionPanel
from m3n_studio.studio.predictions.suggestion_source import Source
from m3n_studio.studio.predictions.suggestion_tally import ENOUGH
from m3n_studio.studio.predictions.suggestion_work import Answer, Mode, Proposal

_NOTHING = {
    "next": "Nothing is left to suggest here: everything the model has seen is labelled.",
    "confident": "There is no unlabelled stretch of which the model is at least 90 % sure throughout.",
    "errors": "The model believes all labels here.",
}
_OTHERS = "Choose Project above to look in the other sessions."


class SuggestionsView(SuggestionPanel):
    """Suggestions and what one does with them."""

    def __init__(self, context: ViewContext) -> None:
        super().__init__(context.theme)
        assert context.desk is not None
        assert context.predictions is not None
        assert context.runs is not None
        self._context, self.desk, self.clock = context, context.desk, context.clock
        self._selection, self._moments, self._actions = context.selection, context.moments, context.actions
        self.decider = Decider(self.desk, self.model, context.jobs, self)
        self.source = Source(context, self)
        self.goer = Goer(self.desk, context.clock, context.selection, self)
        self.loop = Loop(context.clock, context.selection, self)
        self.keys = SuggestionKeys(self)
        self.answer: Answer | None = None
        self._fresh, self._quiet, self._session = True, False, ""
        self._connect()
        add_actions(self, context)
        self._on_tiers()
        self._on_runs()

    def _connect(self) -> None:
        self.modes.idClicked.connect(self._on_mode)
        self.scope.activated.connect(self._restart)
        self.class_box.activated.connect(self._on_class)
        self.run_box.activated.connect(self._on_run)
        self.keys_button.toggled.connect(self._on_keys)
        self.loop_button.toggled.connect(self.loop.set_on)
        for button in (self.empty_button, self.again_button):
            button.clicked.connect(self._train)
        self.accept_button.clicked.connect(self.accept)
        self.reject_button.clicked.connect(self.reject)
        self.list.accept_wanted.connect(self.accept)
        self.list.reject_wanted.connect(self.reject)
        self.list.selectionModel().currentChanged.connect(self._on_current)
        self.keys.meant.connect(self._on_meant)
        self.keys.labelled.connect(self._on_class_key)
        self.decider.changed.connect(self._tell)
        self.decider.back.connect(self._go_back)
        self.decider.refused.connect(self.words.setText)
        self.source.answered.connect(self._on_answer)
        self.source.told.connect(self._on_told)
        self.source.runs_changed.connect(self._on_runs)
        self.desk.tiers_changed.connect(self._on_tiers)
        self.desk.session_changed.connect(self._on_session)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.delegate.theme = theme
        self.list.viewport().update()

    def release(self) -> None:
        """Leave the keys and the clock alone."""
        self.keys.set_on(False)
        self.loop.set_on(False)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Catch up."""
        super().showEvent(event)
        self.source.set_seen(True)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """Keys decide about what is seen only."""
        super().hideEvent(event)
        self.source.set_seen(False)
        self.keys_button.setChecked(False)

    # ------------------------------------------------------------------ what is asked

    @property
    def mode(self) -> Mode:
        """What is looked for."""
        return MODES[max(self.modes.checkedId(), 0)][0]

    @Slot()
    def _restart(self, *_: object) -> None:
        """Other things are asked: the list begins anew."""
        self._fresh = True
        self.source.set_ask(self.mode, self.scope.currentData() == "project")

    @Slot(int)
    def _on_mode(self, _number: int) -> None:
        self._restart()

    @Slot()
    def _on_session(self) -> None:
        now = "" if self.desk.session is None else self.desk.session.id
        if now != self._session:
            self._session = now
            if self.scope.currentData() == "session":
                self._restart()

    @Slot()
    def _on_runs(self) -> None:
        self.run_box.clear()
        for path, name in self.source.choices():
            self.run_box.addItem(name, path)
            self.run_box.setItemData(self.run_box.count() - 1, path, 3)  # the tooltip
        self.run_box.setCurrentIndex(self.run_box.findData(self.source.run))
        if self.decider.run != self.source.run:
            self.decider.run, self._fresh = self.source.run, True
        self.decider.author = self.source.author
        self._tell()

    @Slot()
    def _on_run(self, *_: object) -> None:
        self.source.show(str(self.run_box.currentData() or ""))

    @Slot()
    def _on_tiers(self) -> None:
        tier, now = self.desk.tier, self.class_box.currentData()
        classes = () if tier is None or tier.kind != "interval" else tier.classes
        self.class_box.clear()
        self.class_box.addItem("All classes", "")
        menu = QMenu(self.correct_button)
        for c in classes:
            self.class_box.addItem(c.name, c.name)
            menu.addAction(f"{c.name}\t{c.key}" if c.key else c.name).triggered.connect(
                lambda *_, i=c.id: self.correct(i)
            )
        old = self.correct_button.menu()
        self.correct_button.setMenu(menu)
        if old is not None:
            old.deleteLater()
        self.class_box.setCurrentIndex(max(self.class_box.findData(now), 0))
        self.delegate.colors = {c.name: c.color for c in classes}
        self.keys.set_keys([c.key for c in classes])
        self._tell()

    @Slot()
    def _on_class(self, *_: object) -> None:
        self._fresh = True
        if self.answer is not None:
            self._on_answer(self.answer)

    @Slot(str, bool, bool)
    def _on_told(self, words: str, train: bool, computing: bool) -> None:
        """There is nothing to list, and why."""
        self.pages.setCurrentIndex(1)
        self.empty_words.setText(words)
        self.empty_button.setVisible(train and "training" in self._actions)
        if not computing:
            self._set_rows([], (), -1)

    # ------------------------------------------------------------------ the list

    def _wanted(self, p: Proposal) -> bool:
        only = self.class_box.currentData()
        memory = self.decider.memory.of(self.decider.key_of(self.decider.run))
        return (not only or only in (p.label, p.was)) and not any(r.is_about(p) for r in memory)

    @Slot(object)
    def _on_answer(self, found: Any) -> None:
        self.answer, answer = found, found
        self.pages.setCurrentIndex(0)
        new = [p for p in answer.proposals if self._wanted(p)]
        if self._fresh:
            self._fresh = False
            rows, at = new, -1
        else:
            rows, at = merged(self.model.rows, self.list.currentIndex().row(), new)
        self._set_rows(rows, answer.classes, at)
        if at < 0 and rows and (self.keys.on or self.list.hasFocus()):
            self._next()
        self._tell()

    def _set_rows(self, rows: list[Proposal], classes: tuple[str, ...], at: int) -> None:
        """Show rows; the current one stays where it is on the screen."""
        where = self.scope.currentData() == "project"
        if rows == self.model.rows and (classes, where) == (self.model.classes, self.model.where):
            return
        bar, top = self.list.verticalScrollBar(), self.list.visualRect(self.list.currentIndex()).top()
        self._quiet = True
        self.model.set_rows(rows, classes, where=where)
        if at >= 0:
            self.list.setCurrentIndex(self.model.index(at))
            bar.setValue(bar.value() + self.list.visualRect(self.model.index(at)).top() - top)
        self._quiet = False
        if at < 0:
            self._selection.set_proposed(None)

    def current(self) -> int:
        """The row that is looked at; -1 where there is none."""
        row = self.list.currentIndex().row()
        return row if 0 <= row < len(self.model.rows) else -1

    @Slot(QModelIndex, QModelIndex)
    def _on_current(self, *_: object) -> None:
        row = self.current()
        if self._quiet:
            return
        if row < 0:
            self._selection.set_proposed(None)
        else:
            p = self.model.rows[row]
            self.loop.expect(p.shown_s, self.clock.playing)
            self.goer.go(p.session, *p.shown_s, pick=p.target, propose=True)
            if self._moments is not None:
                self._moments.pick([Moment(p.session, *p.shown_s)])
        self._tell()

    def step(self, *, back: bool) -> None:
        """The next row, or the one before."""
        self._next(back=back, decided=True)

    def _next(self, *, back: bool = False, decided: bool = False) -> None:
        """The next proposal (that is undecided), if there is one."""
        at, rows = self.current(), self.model.rows
        order = range(at - 1, -1, -1) if back else range(at + 1, len(rows))
        row = next((i for i in order if decided or not rows[i].state), -1)
        if row >= 0:
            self.list.setCurrentIndex(self.model.index(row))
        self._tell()

    @Slot(int)
    def _go_back(self, row: int) -> None:
        """A decision was taken back: its proposal is looked at again."""
        self.list.setCurrentIndex(self.model.index(row))

    # ------------------------------------------------------------------ deciding

    @Slot()
    def accept(self) -> None:
        """Take the proposal that is looked at."""
        if self.current() >= 0 and self.decider.accept(self.current()):
            self._next()

    @Slot()
    def reject(self) -> None:
        """Turn it down."""
        if self.current() >= 0 and self.decider.reject(self.current()):
            self._next()

    def correct(self, label_id: str) -> None:
        """Label it as another class."""
        if self.current() >= 0 and self.decider.correct(self.current(), label_id):
            self._next()

    @Slot(str)
    def _on_class_key(self, key: str) -> None:
        tier = self.desk.tier
        found = next((c for c in tier.classes if c.key.lower() == key), None) if tier is not None else None
        if found is not None:
            self.correct(found.id)

    @Slot(str)
    def _on_meant(self, meaning: str) -> None:
        {
            "accept": self.accept, "reject": self.reject, "next": lambda: self.step(back=False),
            "previous": lambda: self.step(back=True), "play": self.clock.toggle,
            "loop": self.loop_button.toggle, "leave": lambda: self.keys_button.setChecked(False),
        }[meaning]()  # fmt: skip

    @Slot(bool)
    def _on_keys(self, on: bool) -> None:
        self.keys.set_on(on and self.isVisible())
        letters = {"a": "Return or A", "r": "Backspace or R", "l": "L loops"}
        accept, reject, loop = (
            (letters[k] if k not in self.keys.taken else letters[k].split(" or ")[0]) for k in "arl"
        )
        loops = "" if "l" in self.keys.taken else f" · {loop}"
        self.legend.setText(
            f"{accept} accepts · a class's key corrects · {reject} rejects · ← → walk · Space plays{loops} · Esc ends"
        )
        self.legend.setVisible(on)
        self.keys_button.setToolTip(f"Decide with keys anywhere in the window (F6): {self.legend.text()}")
        if on and self.current() < 0:
            self._next()
        self._tell()

    def walk(self) -> None:
        """Come to the front with keys on; or leave, where they are on already."""
        if self.isVisible() and self.keys.on:
            self.keys_button.setChecked(False)
            return
        dock: Any = self.parentWidget()
        while dock is not None and not hasattr(dock, "toggleViewAction"):
            dock = dock.parentWidget()
        if dock is not None:
            dock.show()
            dock.raise_()
        QTimer.singleShot(0, self, self._begin)

    @Slot()
    def _begin(self) -> None:
        self.list.setFocus()
        self.keys_button.setChecked(True)

    @Slot()
    def _train(self) -> None:
        if "training" in self._actions:
            self._actions["training"].trigger()

    # ------------------------------------------------------------------ telling

    @Slot()
    def _tell(self) -> None:
        row = self.current()
        p = self.model.rows[row] if row >= 0 else None
        writes = not self.desk.read_only and p is not None and p.state in ("", "rejected")
        self.accept_button.setEnabled(writes)
        self.correct_button.setEnabled(writes)
        self.reject_button.setEnabled(p is not None and not p.state)
        tally = self.decider.tally
        self.counts.setText(tally.words())
        enough = len(tally.there) >= ENOUGH
        self.again_words.setText(f"{len(tally.there)} labels came of this model's suggestions: train again with them.")
        self.again_button.setVisible("training" in self._actions)
        self.again.setVisible(enough)
        if self.answer is not None:
            self.words.setText(self._found_words(self.answer))
        known, wanted = self.source.progress()
        self.bar.setRange(0, max(wanted, 1))
        self.bar.setValue(known)
        self.bar.setVisible(known < wanted)

    def _found_words(self, answer: Answer) -> str:
        left = sum(not p.state for p in self.model.rows)
        known, wanted = self.source.progress()
        sessions = f" in {answer.sessions} session{'s' * (answer.sessions != 1)}"
        more = f" · {known} of {wanted} sessions predicted" if known < wanted else ""
        if not self.model.rows:
            others = "" if self.scope.currentData() == "project" else f" {_OTHERS}"
            return _NOTHING[self.mode] + others + more
        unseen = ""
        if self.mode == "errors" and answer.unseen:
            unseen = " · judged by classifiers that did not learn from these people"
        return f"{left} left{sessions}{more}{unseen}"


def build(context: ViewContext) -> QWidget:
    """The Suggestions dock."""
    if context.desk is None or context.predictions is None or context.runs is None:
        return label("Suggestions need a window with a project.", style="muted")
    return SuggestionsView(context)
