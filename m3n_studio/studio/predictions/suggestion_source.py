"""What suggestions are made from: which model, which sessions, what is known of them; made anew when that changes."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.jobs import Task
from m3n_studio.studio.predictions.suggestion_unlearned import Unlearned
from m3n_studio.studio.predictions.suggestion_work import Answer, Ask, Mode, answer

_SETTLE_MS = 250
#: Who computes predictions may be built after this is: what nobody has begun is asked for again, so often.
_AGAIN_MS, _TRIES = 3000, 3
_NO_PROJECT = (
    "No project is open.\n\nOpen one (File › Open project…) with some labels and a finetuned model: what is most worth"
    " a label is suggested here."
)
_NO_MODEL = (
    "No model yet.\n\nLabel some stretches of a few people, then finetune a model in the Train view: it suggests what"
    " to label next, and shows labels that are likely wrong."
)
_NO_TIER = "The tier that is labelled holds no intervals with classes.\n\nChoose another tier in the Labels view."
_NO_SESSION = "No session is open.\n\nDouble-click one in the Project view, or look in the whole project."


class Source(QObject):
    """Asks the book of predictions for what is missing, and looks for proposals in the background.

    Signals
    -------
    answered : Answer
    told : str, bool, bool
        There is nothing to answer and why; whether training helps; whether it is being computed.
    runs_changed : (none)
    """

    answered = Signal(object)
    told = Signal(str, bool, bool)
    runs_changed = Signal()

    def __init__(self, context: ViewContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        assert context.desk is not None
        assert context.predictions is not None
        assert context.runs is not None
        self._desk, self._book, self._shelf, self._jobs = context.desk, context.predictions, context.runs, context.jobs
        self._report = context.report
        self._mode: Mode = "next"
        self._project_wide = False
        self._seen, self._behind = False, True
        self._asked: set[tuple[str, str]] = set()
        self._unlearned = Unlearned()
        self._folder: object = None
        self._later = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._later.timeout.connect(self._refresh)
        self._again = QTimer(self, singleShot=True, interval=_AGAIN_MS)
        self._again.timeout.connect(self._ask_again)
        self._tries = 0
        self._book.changed.connect(self._on_predicted)
        self._book.models_changed.connect(self._on_models)
        self._shelf.changed.connect(self._on_models)
        self._shelf.epoch_ended.connect(self._on_epoch)
        self._desk.written.connect(self.stale)
        self._desk.project_changed.connect(self._on_project)
        for signal in (self._desk.session_changed, self._desk.tiers_changed):
            signal.connect(self.stale)

    # ------------------------------------------------------------------ models

    @property
    def run(self) -> str:
        """Path of the model whose suggestions are shown; empty where there is none."""
        return next(iter(self._book.models), "")

    @property
    def author(self) -> str:
        """Its name."""
        return self._name(self.run)

    def _name(self, run: str) -> str:
        entry = self._shelf.entry(run)
        return entry.name if entry is not None else run.rstrip("/").rsplit("/", 1)[-1]

    def choices(self) -> list[tuple[str, str]]:
        """Paths and names of models to choose from."""
        paths = [e.path for e in self._shelf.entries if e.kind == "finetune" and e.classes]
        return [(p, self._name(p)) for p in dict.fromkeys([*self._book.models, *paths])]

    def show(self, run: str) -> None:
        """Take the suggestions of another model; those shown beside it stay."""
        if run and run != self.run:
            self._book.show((run, *(m for m in self._book.models if m != run)))

    @Slot()
    def _on_models(self) -> None:
        self.runs_changed.emit()
        self.stale()

    @Slot()
    def _on_project(self) -> None:
        folder = None if self._desk.project is None else self._desk.project.folder
        if folder != self._folder:
            self._folder = folder
            self._asked.clear()
            self._unlearned = Unlearned()
        self.stale()

    # ------------------------------------------------------------------ when

    def set_seen(self, seen: bool) -> None:
        """Nothing is computed while nobody looks."""
        self._seen = seen
        if seen and self._behind:
            self._later.start(0)

    def set_ask(self, mode: Mode, project_wide: bool) -> None:
        """Look for something else."""
        self._mode, self._project_wide = mode, project_wide
        self.stale()

    @Slot()
    def stale(self, *_: object) -> None:
        """Look again when it has settled."""
        self._behind = True
        if self._seen:
            self._later.start(_SETTLE_MS)

    @Slot(str, str)
    def _on_predicted(self, session: str, run: str) -> None:
        if run in self._book.models and (not run or session in self._sessions()):
            self.stale()

    @Slot(str)
    def _on_epoch(self, run: str) -> None:
        """Another epoch: what was asked for is asked for again."""
        if run in self._book.models:
            self._asked = {a for a in self._asked if a[1] != run}
            self.stale()

    # ------------------------------------------------------------------ what

    def _sessions(self) -> tuple[str, ...]:
        """Those looked at that have a recording whose place is known."""
        project = self._desk.project
        if project is None:
            return ()
        if not self._project_wide:
            return () if self._desk.session is None else (self._desk.session.id,)
        return tuple(dict.fromkeys(r.session for r in project.recordings() if r.placement))

    def progress(self) -> tuple[int, int]:
        """Sessions predicted, and those looked at."""
        sessions = self._sessions()
        return sum(self._book.found(s, self.run) is not None for s in sessions), len(sessions)

    def _why_not(self) -> tuple[str, bool, bool] | None:
        """Why there is nothing to look for; None where there is."""
        tier = self._desk.tier
        if self._desk.project is None:
            return _NO_PROJECT, False, False
        if not self.run:
            return _NO_MODEL, True, False
        if not self._sessions():
            return _NO_SESSION, False, False
        if tier is None or tier.kind != "interval" or not tier.classes:
            return _NO_TIER, False, False
        return None

    @Slot()
    def _refresh(self) -> None:
        project, tier = self._desk.project, self._desk.tier
        if project is not None and not self._book.models and self.choices():
            self._book.show((self.choices()[0][0],))
        why = self._why_not()
        if why is not None or project is None or tier is None:
            self._behind = False
            self.told.emit(*(why or (_NO_PROJECT, False, False)))
            return
        sessions, runs = self._sessions(), self._book.models
        self._want(sessions, runs)
        self._behind = False
        found = {(s, r): p for s in sessions for r in runs if (p := self._book.found(s, r)) is not None}
        if not any((s, runs[0]) in found for s in sessions):
            count = f"{len(sessions)} sessions" if len(sessions) > 1 else "this session"
            self.told.emit(f"Computing what {self.author} says of {count} …\n\nSuggestions appear as soon as the first"
                           " predictions are there.", False, True)  # fmt: skip
            self._again.start()
            return
        self._tries = 0
        ask = Ask(self._mode, tier, runs, found, sessions)
        unlearned = self._unlearned

        def work(task: Task) -> Answer:
            subjects = {s.id: s.name for s in project.subjects()}
            names = {
                s.id: f"{subjects[s.subject]} · {s.name}" if s.subject in subjects else s.name
                for s in project.sessions()
            }
            return answer(project, ask, names, unlearned, task)

        self._jobs.run("Looking for suggestions", work, done=self._on_done, failed=self._on_failed, key="suggestions",
                       quiet=self._mode != "errors")  # fmt: skip

    def _want(self, sessions: tuple[str, ...], runs: tuple[str, ...]) -> None:
        """Ask for what nobody has asked for yet."""
        for session in sessions:
            for run in runs:
                if (session, run) not in self._asked:
                    self._asked.add((session, run))
                    self._book.want(session, run)

    @Slot()
    def _ask_again(self) -> None:
        if self._tries < _TRIES:
            self._tries += 1
            self._asked.clear()
            self.stale()

    @Slot(object)
    def _on_done(self, found: Any) -> None:
        self.answered.emit(found)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._report(f"Suggestions: {error}")
