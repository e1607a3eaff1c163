"""The page of sentences: what is typed is looked for among the project's windows; what is found can be labelled."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QItemSelectionModel, QTimer, Slot
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from m3n_studio.annotation.model import Change, Tier
from m3n_studio.errors import M3nError
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.going import Goer
from m3n_studio.studio.core.jobs import Task
from m3n_studio.studio.core.moments import Moment
from m3n_studio.studio.embedding.sentence_labels import labelled_there, labelling, swatch
from m3n_studio.studio.embedding.sentence_list import HitDelegate, HitList, HitModel
from m3n_studio.studio.embedding.similarity_busy import BusyRow, Hint, Wrapped
from m3n_studio.studio.embedding.similarity_strip import SimilarityStrip
from m3n_studio.studio.embedding.similarity_work import Answer, Searchable, answer, checkpoint_stamp, prepare
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import combo, named, push_button

_DEBOUNCE_MS = 450
#: So many of the best windows are shaded in the strip.
_SHADED = 12
_HEADING = "Find windows by words"
_BEGIN = ("Type what a person does, as “a person is walking”, and press Enter. Every window of the project's recordings"
          " is compared with the sentence.")  # fmt: skip
_HASHED = ("Words are hashed, not understood: only words and spellings met in pretraining mean anything."
           " Pretrain with minilm to search by meaning.")  # fmt: skip


class SentencePage(QWidget):
    """Sentences to moments."""

    def __init__(self, context: ViewContext, goer: Goer) -> None:
        super().__init__()
        self._context, self._goer, self.desk = context, goer, context.desk
        self.run = ""
        self.searchable: Searchable | None = None
        self.answer: Answer | None = None
        self._tier: Tier | None = None
        self._make(context.theme)
        self._lay_out()
        self._soon = QTimer(self, singleShot=True, interval=_DEBOUNCE_MS)
        self._soon.timeout.connect(self._if_ready)
        self.line.textEdited.connect(self._soon.start)
        self.line.returnPressed.connect(self.look)
        self.find_button.clicked.connect(self.look)
        self.busy.stopped.connect(lambda: self.hint.say("Stopped.", _BEGIN))
        self.list.selectionModel().currentChanged.connect(self._on_current)
        self.list.selectionModel().selectionChanged.connect(self._on_selection)
        self.give.clicked.connect(self.label_them)
        self.strip.went.connect(context.clock.seek)
        context.clock.time_changed.connect(self.strip.set_time)
        if self.desk is not None:
            self.desk.session_changed.connect(self._show_strip)
            self.desk.tiers_changed.connect(self._fill_classes)
            self.desk.written.connect(self._on_written)
            self.desk.project_changed.connect(self._on_project)
        self._fill_classes()

    def _make(self, theme: Theme) -> None:
        self.line = named(QLineEdit(), accessible="Sentence", tip="What a person does, in words; Enter searches")
        self.line.setPlaceholderText("a person is walking")
        self.line.setClearButtonEnabled(True)
        self.find_button = push_button("Find", tip="Find the windows most like the sentence (Enter)", style="primary")
        self.encoder = Wrapped(style="muted", accessible="Sentence encoder")
        self.busy = BusyRow("the search")
        self.model = HitModel()
        self.delegate = HitDelegate(theme, self.model)
        self.list = HitList(self.model, self.delegate)
        self.strip = SimilarityStrip(theme)
        self.hint = Hint(_HEADING, _BEGIN)
        self.classes = combo(tip="Class of the tier that is labelled", accessible="Class for the chosen windows",
                             characters=8)  # fmt: skip
        self.give = push_button("Label as", tip="Give the chosen windows this class on the current tier; undone as one"
                                " step. Shift and Ctrl choose several windows.")  # fmt: skip

    def _lay_out(self) -> None:
        first, foot, shown = QHBoxLayout(), QHBoxLayout(), QWidget()
        first.addWidget(self.line, 1)
        first.addWidget(self.find_button)
        foot.addWidget(self.give)
        foot.addWidget(self.classes, 1)
        foot.addStretch(1)
        inside = QVBoxLayout(shown)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(6)
        inside.addWidget(self.strip)
        inside.addWidget(self.list, 1)
        inside.addLayout(foot)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.hint)
        self.stack.addWidget(shown)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(first)
        layout.addWidget(self.busy)
        layout.addWidget(self.encoder)
        layout.addWidget(self.stack, 1)
        self.encoder.hide()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.delegate.theme = theme
        self.strip.set_theme(theme)
        self.list.viewport().update()

    def release(self) -> None:
        """Stop."""
        self._soon.stop()
        self.busy.stop()

    # ------------------------------------------------------------------ searching

    def set_run(self, path: str) -> None:
        """Search with another run."""
        if path != self.run:
            self.run = path
            self._forget()

    def _forget(self) -> None:
        self.release()
        self.searchable = self.answer = None
        self.model.set_answer(None, {})
        self.encoder.hide()
        self.hint.say(_HEADING, _BEGIN)
        self.stack.setCurrentIndex(0)

    @Slot()
    def _on_project(self) -> None:
        """Recordings may be others: they are read again with the next search."""
        project = None if self.desk is None else self.desk.project
        known = set() if project is None else {s.id for s in project.sessions()}
        if self.answer is not None and not {h.session for h in self.answer.hits} <= known:
            self._forget()
        self.searchable = None

    @Slot()
    def _if_ready(self) -> None:
        """While typing, once windows are embedded: a search then takes a moment only."""
        s = self.searchable
        if s is not None and s.stamp == checkpoint_stamp(self.run) and len(self.line.text().strip()) > 2:
            self.look()

    @Slot()
    def look(self) -> None:
        """Search."""
        self._soon.stop()
        sentence, run, desk = self.line.text(), self.run, self.desk
        if not sentence.strip() or not run or desk is None:
            return
        ready, project = self.searchable, desk.project
        tier = desk.tier

        def work(task: Task) -> tuple[Answer, dict[int, str]]:
            fresh = ready is not None and ready.run == run and ready.stamp == checkpoint_stamp(run)
            of = ready if ready is not None and fresh else prepare(project, run, tier.name if tier else "", task)
            task.check()
            found = answer(of, sentence)
            there = {} if project is None or tier is None else labelled_there(project, tier, found.hits)
            return found, there

        if ready is None:
            self.hint.say("Embedding the project's windows …", "Once for a run; sentences after that take a moment.")
        job = self._context.jobs.run("Searching by words", work, done=self._on_answer, failed=self._on_failed,
                                     key="similarity.sentence")  # fmt: skip
        self.busy.follow(job)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.answer = None
        self.model.set_answer(None, {})
        self.hint.say("Nothing can be searched", str(error))
        self.stack.setCurrentIndex(0)

    @Slot(object)
    def _on_answer(self, result: tuple[Answer, dict[int, str]]) -> None:
        found, labels = result
        if found.of.run != self.run:
            return
        self.searchable, self.answer = found.of, found
        said = found.of.reader.said
        words = f"Sentences read by {said.name}." if said.understands else _HASHED
        self.encoder.setText(f"{said.note}. {words}" if said.note else words)
        self.encoder.setObjectName("muted" if said.understands else "warning")
        self.encoder.style().polish(self.encoder)
        self.encoder.show()
        self.model.set_answer(found, labels)
        self._show_strip()
        self.stack.setCurrentIndex(1)
        self._tell()

    @Slot()
    def _show_strip(self) -> None:
        session = None if self.desk is None else self.desk.session
        if self.answer is None or self.desk is None:
            return
        found, length = self.answer, self.answer.of.length_s
        if session is None:
            self.strip.set_line(np.zeros(0), np.zeros(0), (0.0, 1.0), (), length)
            return
        best = tuple((h.start_s, h.end_s) for h in found.hits[:_SHADED] if h.session == session.id)
        self.strip.set_line(*found.over_time(session.id), self.desk.span_s(), best, length + 1e-6)
        self.strip.set_time(self._context.clock.time_s)

    # ------------------------------------------------------------------ walking

    @Slot()
    def _on_current(self, *_: object) -> None:
        row = self.list.currentIndex().row()
        if 0 <= row < len(self.model.hits):
            h = self.model.hits[row]
            self._goer.go(h.session, h.start_s, h.end_s, propose=True)

    @Slot()
    def _on_selection(self, *_: object) -> None:
        if self._context.moments is not None and self.answer is not None:
            hits = [self.model.hits[r] for r in self.list.rows()]
            self._context.moments.pick(Moment(h.session, h.start_s, h.end_s) for h in hits)
        self._tell()

    def choose(self, rows: list[int]) -> None:
        """Choose rows of the list."""
        model = self.list.selectionModel()
        model.clearSelection()
        for row in rows:
            model.select(self.model.index(row), QItemSelectionModel.SelectionFlag.Select)

    # ------------------------------------------------------------------ labelling

    @Slot()
    def _fill_classes(self) -> None:
        now, tier = self.classes.currentData(), None if self.desk is None else self.desk.tier
        self.classes.clear()
        for c in () if tier is None or tier.kind != "interval" else tier.classes:
            self.classes.addItem(swatch(c.color), c.name, c.id)
        self.classes.setCurrentIndex(max(self.classes.findData(now), 0) if self.classes.count() else -1)
        self._tell()
        if tier is not None and tier != self._tier:
            self._relabel()
        self._tier = tier

    @Slot()
    def _tell(self) -> None:
        count = len(self.list.rows())
        self.give.setText(f"Label {count} as" if count else "Label as")
        writes = self.desk is not None and not self.desk.read_only and self.classes.count() > 0
        self.give.setEnabled(writes and count > 0)
        self.classes.setEnabled(writes)

    @Slot()
    def label_them(self) -> None:
        """Give the chosen windows a class, as one step."""
        desk, name = self.desk, str(self.classes.currentData() or "")
        rows = self.list.rows()
        if desk is None or not rows or not name or self.answer is None:
            return
        try:
            changes = labelling(desk, [self.model.hits[r] for r in rows], name, self.answer.sentence)
        except M3nError as error:
            self._context.report(str(error))
            return
        words = f"Label {len(rows)} windows as {self.classes.currentText()}"
        desk.annotate_all(words if len(rows) > 1 else f"Label a window as {self.classes.currentText()}", changes)

    @Slot(str, object)
    def _on_written(self, session: str, _change: Change) -> None:
        """Labels of a session changed: what is said of its windows follows."""
        self._relabel(session)

    def _relabel(self, session: str = "") -> None:
        desk = self.desk
        if desk is None or desk.project is None or desk.tier is None or not self.model.hits:
            return
        kept = {i: w for i, w in self.model.labels.items() if session and self.model.hits[i].session != session}
        self.model.set_labels(kept | labelled_there(desk.project, desk.tier, self.model.hits, session))
