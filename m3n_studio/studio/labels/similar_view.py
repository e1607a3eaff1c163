"""The Similar view: the stretches most like one, walked with the keys, accepted or rejected one by one or together."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QModelIndex, QTimer, Slot
from PySide6.QtWidgets import (
    QWidget,
)

from m3n_studio.annotation import operations
from m3n_studio.annotation.model import Change, new_id
from m3n_studio.annotation.track import Track
from m3n_studio.errors import M3nError
from m3n_studio.studio.core.actions import ActionSpec
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.going import Goer
from m3n_studio.studio.core.jobs import Job, Task
from m3n_studio.studio.labels.class_dialog import swatch
from m3n_studio.studio.labels.label_tools import Toast
from m3n_studio.studio.labels.similar_list import Match
from m3n_studio.studio.labels.similar_panel import BEGIN, SimilarPanel
from m3n_studio.studio.labels.similar_work import Answer, Found, Query, named_placement, over, search, touches
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label

NOTE = "similar"


@dataclass(frozen=True, eq=False)
class _Rejecting:
    """A match turned down, for the undo stack."""

    view: SimilarView
    found: Found
    label: str = "Reject a match"

    def redo(self) -> bool:
        return self.view.mark(self.found, "rejected")

    def undo(self) -> bool:
        return self.view.mark(self.found, "")


class SimilarView(SimilarPanel):
    """What is similar to a stretch."""

    def __init__(self, context: ViewContext, desk: Desk) -> None:
        super().__init__(context.theme)
        self.desk, self._clock, self._selection, self._jobs = desk, context.clock, context.selection, context.jobs
        self.answer: Answer | None = None
        self.job: Job | None = None
        self.goer = Goer(desk, context.clock, context.selection, self)
        self.toast = Toast(self)
        self._connect()
        spec = ActionSpec("labels.find_similar", "&Find similar", "&Label", ("Ctrl+F",), needs="session",
                          separator_before=True,
                          tip="Search for stretches like the picked label, or the selected time")  # fmt: skip
        self._show_action = context.add_action(spec, lambda *_: self.look_for(show=True))
        self._on_session()

    def _connect(self) -> None:
        self.desk.session_changed.connect(self._on_session)
        self.desk.tiers_changed.connect(self._fill_classes)
        self.desk.picked_changed.connect(self._tell_buttons)
        self.desk.written.connect(self._on_written)
        self._selection.range_changed.connect(self._tell_buttons)
        self.find_button.clicked.connect(lambda: self.look_for())
        self.cancel.clicked.connect(self._stop)
        self.list.selectionModel().currentChanged.connect(self._on_current)
        self.list.accept_wanted.connect(self.accept)
        self.list.reject_wanted.connect(self.reject)
        self.accept_button.clicked.connect(self.accept)
        self.reject_button.clicked.connect(self.reject)
        self.all.clicked.connect(self.accept_all)
        self.least.valueChanged.connect(self._tell_buttons)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.delegate.theme = theme
        self.list.viewport().update()

    def release(self) -> None:
        """Stop searching."""
        self._stop()

    # ------------------------------------------------------------------ what can be chosen

    @Slot()
    def _on_session(self) -> None:
        project, session = self.desk.project, self.desk.session
        if project is None:
            self._forget()
        if project is not None and session is not None:
            now = self.placement.currentData()
            names = list(dict.fromkeys(named_placement(r) for r in project.recordings(session.id)))
            self.placement.clear()
            for name in names:
                self.placement.addItem(name.replace("_", " "), name)
            self.placement.setCurrentIndex(max(self.placement.findData(now), 0) if names else -1)
        self._fill_classes()
        self._tell_buttons()

    @Slot()
    def _fill_classes(self) -> None:
        now, tier = self.label_box.currentData(), self.desk.tier
        self.label_box.clear()
        for c in () if tier is None or tier.kind != "interval" else tier.classes:
            self.label_box.addItem(swatch(c.color), c.name, c.id)
        self.label_box.setCurrentIndex(max(self.label_box.findData(now), 0) if self.label_box.count() else -1)

    def _forget(self) -> None:
        self._stop()
        self.answer = None
        self.model.set_matches([], self.model.shape)
        self._selection.set_proposed(None)
        self.words.setText(BEGIN)

    @Slot()
    def _tell_buttons(self, *_: object) -> None:
        writes = not self.desk.read_only and self.label_box.count() > 0
        m = self.current()
        self.accept_button.setEnabled(writes and m is not None and m.state != "accepted")
        self.reject_button.setEnabled(m is not None and m.state == "")
        several = self._above()
        self.all.setText(f"Accept all ({len(several)})")
        self.all.setEnabled(writes and bool(several))
        self.find_button.setEnabled(self.desk.session is not None and self.placement.count() > 0)

    # ------------------------------------------------------------------ searching

    def _stretch(self) -> tuple[float, float, str] | None:
        """What to look for: the picked label with its class, else the selected time."""
        picked = [a for a in self.desk.picked if a.duration_s > 0]
        if len(picked) == 1:
            return picked[0].start_s, picked[0].end_s, picked[0].label
        span = self._selection.range
        return None if span is None else (*span, "")

    def look_for(self, *, show: bool = False) -> None:
        """Search for what is like the picked label or the selected time."""
        if show:
            self._to_front()
        project, session, stretch = self.desk.project, self.desk.session, self._stretch()
        if project is None or session is None or stretch is None:
            self.toast.say("Nothing to look for: pick one label, or select a time (Shift+drag in the traces).")
            return
        start, end, name = stretch
        if name and self.label_box.findData(name) >= 0:
            self.label_box.setCurrentIndex(self.label_box.findData(name))
        tier = self.desk.tier
        query = Query(session.id, start, end, str(self.placement.currentData() or ""), self.scope.currentData(),
                      bool(self.how.currentData()), "" if tier is None else tier.id)  # fmt: skip

        def work(task: Task) -> tuple[Answer, dict[int, str]]:
            answer = search(project, query, task)
            return answer, {i: over(project, f, query.tier) for i, f in enumerate(answer.found)}

        first = "" if "stumpy" in sys.modules else " The first search after the start takes some seconds."
        self.words.setText(f"Searching for {end - start:.2f} s like {start:.2f} s …{first}")
        self.bar.setValue(0)
        self.busy.show()
        self.job = self._jobs.run("Finding similar", work, done=self._on_found, failed=self._on_failed, key="similar")
        self.job.progressed.connect(self._on_progress)

    def _to_front(self) -> None:
        dock: Any = self.parentWidget()
        while dock is not None and not hasattr(dock, "toggleViewAction"):
            dock = dock.parentWidget()
        if dock is not None:
            dock.show()
            dock.raise_()
            QTimer.singleShot(0, self.list, self.list.setFocus)

    @Slot(float)
    def _on_progress(self, share: float) -> None:
        self.bar.setValue(round(1000 * share))

    @Slot()
    def _stop(self) -> None:
        if self.job is not None and self.busy.isVisibleTo(self):
            self.job.cancel()
            self.words.setText("The search was stopped.")
        self.busy.hide()
        self.job = None

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.busy.hide()
        self.words.setText(str(error))

    @Slot(object)
    def _on_found(self, result: Any) -> None:
        self.busy.hide()
        self.answer, labelled = result
        answer: Answer = result[0]
        self.model.set_matches([Match(f, over=labelled[i]) for i, f in enumerate(answer.found)], answer.shape)
        sessions = f"{answer.sessions} session{'s' * (answer.sessions != 1)}"
        count = len(answer.found)
        if count:
            self.words.setText(f"{count} in {sessions} at {answer.rate_hz:g} Hz. ↑ ↓ to walk, Return accepts,"
                               " Backspace rejects.")  # fmt: skip
            self.list.setCurrentIndex(self.model.index(0))
        else:
            self.words.setText(f"Nothing in {sessions} is like it.")
        self._tell_buttons()

    # ------------------------------------------------------------------ walking and deciding

    def current(self) -> Match | None:
        """The match that is looked at."""
        row = self.list.currentIndex().row()
        return self.model.matches[row] if 0 <= row < len(self.model.matches) else None

    @Slot(QModelIndex, QModelIndex)
    def _on_current(self, *_: object) -> None:
        m = self.current()
        if m is not None:
            self.goer.go(m.found.session, m.found.start_s, m.found.end_s, propose=True)
        else:
            self._selection.set_proposed(None)
        self._tell_buttons()

    def _next(self) -> None:
        """The next one that is undecided, if there is one."""
        at = self.list.currentIndex().row()
        later = [i for i, m in enumerate(self.model.matches) if i > at and not m.state]
        if later:
            self.list.setCurrentIndex(self.model.index(later[0]))
        else:
            self._tell_buttons()

    @Slot()
    def accept(self) -> None:
        """Label the match that is looked at."""
        row = self.list.currentIndex().row()
        if self.current() is not None and self._accept([row]):
            self._next()

    @Slot()
    def accept_all(self) -> None:
        """Label all matches above the score that are neither rejected nor labelled already."""
        self._accept(self._above())

    def _above(self) -> list[int]:
        least = self.least.value()
        return [
            i for i, m in enumerate(self.model.matches) if not m.state and not m.over and m.found.score >= least - 1e-9
        ]  # fmt: skip

    def _accept(self, rows: list[int]) -> bool:
        project, tier, name = self.desk.project, self.desk.tier, str(self.label_box.currentData() or "")
        if self.desk.read_only or project is None:
            self.toast.say("The project is open for reading only.")
            return False
        if tier is None or not name:
            self.toast.say("This tier has no class to give: choose a tier of intervals with classes.")
            return False
        rows = [i for i in rows if self.model.matches[i].state != "accepted"]
        changes: dict[str, Change] = {}
        ids = {i: new_id() for i in rows}
        try:
            for session in dict.fromkeys(self.model.matches[i].found.session for i in rows):
                mine = [(ids[i], self.model.matches[i].found) for i in rows
                        if self.model.matches[i].found.session == session]  # fmt: skip
                changes[session] = self._labelled(session, mine, name)
        except M3nError as error:
            self.toast.say(str(error))
            return False
        for i, label_id in ids.items():
            self.model.change(i, label=label_id)
        words = f"Accept {len(rows)} matches" if len(rows) > 1 else "Accept a match"
        return self.desk.annotate_all(words, changes)

    def _labelled(self, session: str, mine: list[tuple[str, Found]], name: str) -> Change:
        """The change of a session that labels matches."""
        project, tier = self.desk.project, self.desk.tier
        if project is None or tier is None:
            return Change("")
        here = self.desk.session is not None and self.desk.session.id == session and self.desk.track is not None
        track = self.desk.tracks[tier.id] if here else Track.of(tier, project.annotations(session, tier.id))
        whole = Change("")
        for label_id, f in mine:
            change = operations.put(track, name, f.start_s, f.end_s, author=self.desk.author, note=NOTE, id=label_id)
            track = track.after(change)
            whole = operations.compose(whole, change)
        return whole

    @Slot()
    def reject(self) -> None:
        """Turn the match down that is looked at."""
        m = self.current()
        if m is not None and not m.state:
            self.mark(m.found, "rejected")
            self.desk.remember(_Rejecting(self, m.found))
            self._next()

    def mark(self, found: Found, state: str) -> bool:
        """Something became of a match; False where it is no longer listed."""
        row = next((i for i, m in enumerate(self.model.matches) if m.found is found), None)
        if row is None:
            return False
        self.model.change(row, state=state)
        self._tell_buttons()
        return True

    @Slot(str, object)
    def _on_written(self, session: str, change: Change) -> None:
        """Labels changed, by this view or by undo: matches follow."""
        gone, new = {a.id for a in change.remove}, {a.id for a in change.add}
        project, query = self.desk.project, None if self.answer is None else self.answer.query
        for i, m in enumerate(self.model.matches):
            if m.label and m.label in new:
                self.model.change(i, state="accepted")
            elif m.label and m.label in gone:
                self.model.change(i, state="")
            if project is not None and query is not None and m.found.session == session and touches(m.found, change):
                self.model.change(i, over=over(project, m.found, query.tier, besides=m.label))
        self._tell_buttons()


def build(context: ViewContext) -> QWidget:
    """The Similar dock."""
    if context.desk is None:
        return label("Labels need a window with a project.", style="muted")
    return SimilarView(context, context.desk)
