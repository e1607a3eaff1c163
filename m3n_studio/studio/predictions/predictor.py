"""Computes what the book of predictions is asked for: one piece at a time in a job, those around the cursor first.

One job runs at a time, so that labelling and training keep their cores. After each piece the next is
chosen anew, nearest to where the cursor is by then: a jump costs at most the piece that is being computed.
What a run in training says is computed anew from its newest weights after each epoch, with a piece at least between
two.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from m3n_studio.errors import M3nError
from m3n_studio.studio.core.clock import Clock
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.jobs import Job, Jobs
from m3n_studio.studio.core.predictions import PredictionBook
from m3n_studio.studio.core.run_shelf import RunShelf
from m3n_studio.studio.predictions.prediction_work import Opened, Piece, open_prediction, predict_piece

Key = tuple[str, str]
#: Predictions of sessions that are not on the desk are kept while all together are smaller than this, bytes.
MOST_BYTES = 400 << 20


@dataclass(eq=False)
class _Work:
    """One session and run."""

    key: Key
    opened: Opened | None = None
    missing: set[int] = field(default_factory=set)
    asked: int = 1
    answered: int = 0  # which asking the models that are open are of
    fresh: bool = False  # no piece since it was opened last
    error: str = ""

    @property
    def stale(self) -> bool:
        """Whether models are to be opened, again perhaps."""
        return self.asked != self.answered


@dataclass(frozen=True)
class Standing:
    """How far a prediction is.

    Attributes
    ----------
    share : float
        Of it that is known, 0 to 1.
    busy : bool
        Whether there is more to compute.
    error : str
        Why there is none.
    what : str
        Which models.
    lacking : tuple of str
        Placements of the model nobody wore.
    """

    share: float = 0.0
    busy: bool = False
    error: str = ""
    what: str = ""
    lacking: tuple[str, ...] = ()


class Predictor(QObject):
    """The one that computes.

    Signals
    -------
    changed : (none)
        How far something is, paused, or why not.
    """

    changed = Signal()

    def __init__(
        self, desk: Desk, clock: Clock, runs: RunShelf, book: PredictionBook, jobs: Jobs,
        parent: QObject | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._desk, self._clock, self._runs, self._book, self._jobs = desk, clock, runs, book, jobs
        self._works: dict[Key, _Work] = {}
        self._job: Job | None = None
        self._now: _Work | None = None
        self._asking = 0
        self._released = False
        self._paused = False
        self.computed = self.cached = 0
        self._next = QTimer(self, singleShot=True, interval=0)
        self._next.timeout.connect(self._go_on)
        book.wanted.connect(self._on_wanted)
        book.models_changed.connect(self._on_models)
        runs.epoch_ended.connect(self.renew)
        runs.changed.connect(self._on_runs)
        desk.project_changed.connect(self._on_project)
        self._folder = "" if desk.project is None else str(desk.project.folder)
        self._status: dict[str, str] = {}

    # ------------------------------------------------------------------ what one may ask

    @property
    def paused(self) -> bool:
        """Whether nothing more is computed until it goes on."""
        return self._paused

    def set_paused(self, paused: bool) -> None:
        """Compute nothing more, giving up the piece that is being computed; or go on."""
        if paused == self._paused:
            return
        self._paused = paused
        if paused and self._job is not None:
            self._job.cancel()
        self._wake()
        self.changed.emit()

    def standing(self, session: str, run: str) -> Standing:
        """How far a prediction is."""
        work = self._works.get((session, run))
        if work is None:
            return Standing()
        if work.opened is None:
            return Standing(busy=not work.error, error=work.error)
        share = work.opened.partial.share
        return Standing(share, bool(work.missing), work.error, work.opened.partial.what, work.opened.lacking)

    def opened(self, session: str, run: str) -> Opened | None:
        """Models and recordings of a prediction, where they are open."""
        work = self._works.get((session, run))
        return None if work is None else work.opened

    @property
    def busy(self) -> bool:
        """Whether something is still to be computed."""
        return any((w.stale or w.missing) and not w.error for w in self._works.values())

    def release(self) -> None:
        """Stop: the window closes."""
        self._released = True
        self._works.clear()
        self._next.stop()
        if self._job is not None:
            self._job.cancel()

    # ------------------------------------------------------------------ what is to be done

    def _wake(self) -> None:
        """See what is to be done, once what happens now is over."""
        if not self._released:
            self._next.start()

    @Slot(str, str)
    def _on_wanted(self, session: str, run: str) -> None:
        if (session, run) not in self._works:
            self._works[session, run] = _Work((session, run))
            self.changed.emit()
        self._wake()

    @Slot()
    def _on_models(self) -> None:
        """What is no longer shown is no longer computed."""
        for key in [k for k in self._works if k[1] not in self._book.models]:
            if self._works.pop(key) is self._now and self._job is not None:
                self._job.cancel()
            self._book.forget(*key)
        self.changed.emit()

    def _make_room(self) -> None:
        """Forget predictions of other sessions, the oldest first, where all together are large; the cache has them."""
        session = "" if self._desk.session is None else self._desk.session.id
        size = {k: w.opened.partial.nbytes for k, w in self._works.items() if w.opened is not None}
        for key in [k for k in size if k[0] != session]:
            if sum(size.values()) <= MOST_BYTES:
                return
            del self._works[key], size[key]
            self._book.forget(*key)

    @Slot(str)
    def renew(self, run: str) -> None:
        """A run has new weights."""
        for work in self._works.values():
            if work.key[1] == run:
                work.asked, work.error = work.asked + 1, ""
        self._wake()

    @Slot()
    def _on_runs(self) -> None:
        """A run that ended has finished folds; one that is gone says nothing."""
        status = {e.path: e.status for e in self._runs.entries}
        for path, now in status.items():
            if self._status.get(path, now) != now:
                self.renew(path)
        for key in [k for k in self._works if k[1] not in status]:
            del self._works[key]
            self._book.forget(*key)
        self._status = status

    @Slot()
    def _on_project(self) -> None:
        """Another project: nothing is wanted any more. The same one: recordings may have changed."""
        project = self._desk.project
        folder = "" if project is None else str(project.folder)
        if folder != self._folder:
            self._folder = folder
            self._works.clear()
            if self._job is not None:
                self._job.cancel()
        for work in self._works.values():
            work.asked, work.error = work.asked + 1, ""
        self._wake()
        self.changed.emit()

    def _choice(self) -> tuple[_Work, int | None] | None:
        """What to do next: a work, and which piece of it, or None to open it."""
        session = "" if self._desk.session is None else self._desk.session.id
        best: tuple[Any, _Work, int | None] | None = None
        for work in self._works.values():
            if work.error:
                continue
            here = work.key[0] == session
            shown = work.key[1] not in self._book.models
            if work.opened is None or (work.stale and not (work.fresh and work.missing)):
                rank: tuple[Any, ...] = (not here, shown, -1.0)
                piece = None
            elif work.missing:
                numbers = np.array(sorted(work.missing))
                middles = work.opened.middles[numbers]
                away = np.abs(middles - (self._clock.time_s if here else middles[0]))
                piece = int(numbers[away.argmin()])
                rank = (not here, shown, float(away.min()))
            else:
                continue
            if best is None or rank < best[0]:
                best = (rank, work, piece)
        return None if best is None else (best[1], best[2])

    @Slot()
    def _go_on(self) -> None:
        project = self._desk.project
        if self._job is not None or self._paused or project is None:
            return
        chosen = self._choice()
        if chosen is None:
            return
        work, number = chosen
        self._now = work
        if number is None:
            self._asking = work.asked
            (session, run), before = work.key, work.opened
            job = self._jobs.run("Opening a model", lambda task: open_prediction(project, session, run, before, task),
                                 done=self._on_opened, failed=self._on_failed, quiet=True)  # fmt: skip
        else:
            opened = work.opened
            assert opened is not None
            job = self._jobs.run("Predicting", lambda task: predict_piece(opened, number, task),
                                 done=self._on_piece, failed=self._on_failed, quiet=True)  # fmt: skip
        self._job = job
        job.ended.connect(self._on_ended)

    @Slot(object)
    def _on_opened(self, opened: Opened) -> None:
        work = self._now
        if work is None or self._works.get(work.key) is not work:
            return
        work.answered = self._asking
        if opened is not work.opened:
            work.opened, work.missing = opened, set(range(len(opened.edges) - 1))
            work.fresh = True
            self._make_room()
        self.changed.emit()

    @Slot(object)
    def _on_piece(self, piece: Piece) -> None:
        work = self._now
        if work is None or self._works.get(work.key) is not work or work.opened is None:
            return
        work.missing.discard(piece.number)
        work.fresh = False
        self.cached += piece.from_cache
        self.computed += not piece.from_cache
        work.opened.partial.take(piece.first, *piece.arrays)
        self._book.put(*work.key, work.opened.partial.predicted())
        self.changed.emit()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        work = self._now
        if work is not None and self._works.get(work.key) is work:
            work.answered = work.asked
            known = isinstance(error, M3nError)
            work.error = str(error) if known else f"It cannot be predicted: {type(error).__name__}: {error}"
            if work.opened is None:
                self._book.forget(*work.key)
        self.changed.emit()

    @Slot(object)
    def _on_ended(self, job: Job) -> None:
        if job is not self._job:
            return
        self._job = self._now = None
        self._wake()
