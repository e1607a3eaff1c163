"""Accepting, correcting and rejecting proposals: in SQLite and on the undo stack before the call returns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from m3n_studio.annotation.model import Change
from m3n_studio.annotation.track import Track
from m3n_studio.errors import M3nError, ValueProblem
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.jobs import Jobs, Task
from m3n_studio.studio.predictions.suggestion_deciding import accepted, corrected
from m3n_studio.studio.predictions.suggestion_memory import Memory, rejected
from m3n_studio.studio.predictions.suggestion_model import ProposalModel
from m3n_studio.studio.predictions.suggestion_tally import Tally, became
from m3n_studio.studio.predictions.suggestion_work import Proposal


@dataclass(frozen=True, eq=False)
class _Rejecting:
    """A proposal turned down, for the undo stack."""

    decider: Decider
    run: str
    proposal: Proposal
    label: str = "Reject a suggestion"

    def redo(self) -> bool:
        return self.decider.turn(self.run, self.proposal, down=True)

    def undo(self) -> bool:
        return self.decider.turn(self.run, self.proposal, down=False)


class Decider(QObject):
    """What becomes of proposals.

    Signals
    -------
    changed : (none)
        Something was decided, or taken back.
    back : int
        The proposal in that row is undecided again.
    refused : str
        Why nothing was done.
    """

    changed = Signal()
    back = Signal(int)
    refused = Signal(str)

    def __init__(self, desk: Desk, model: ProposalModel, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk, self._model, self._jobs = desk, model, jobs
        self.memory = Memory()
        self._tallies: dict[str, Tally] = defaultdict(Tally)
        self._folder: Path | None = None
        #: Path and name of the run whose proposals are decided about.
        self.run, self.author = "", ""
        desk.written.connect(self._on_written)
        desk.project_changed.connect(self._on_project)
        self._on_project()

    @property
    def tally(self) -> Tally:
        """What was decided about the run's proposals."""
        return self._tallies[self.run]

    @Slot()
    def _on_project(self) -> None:
        folder = None if self._desk.project is None else self._desk.project.folder
        if folder != self._folder:
            self._folder = folder
            self._tallies.clear()
            self.memory = Memory()
            if folder is not None:
                self.memory.load(folder)

    def key_of(self, run: str) -> str:
        """What a run is remembered by: its place in the project, or its path elsewhere."""
        path = Path(run)
        inside = self._folder is not None and path.is_relative_to(self._folder)
        return path.relative_to(self._folder).as_posix() if inside and self._folder is not None else run

    # ------------------------------------------------------------------ deciding

    def accept(self, row: int) -> bool:
        """Take a proposal as it is."""
        return self._decide(row, "accepted", lambda track, p: accepted(track, p, self.author))

    def correct(self, row: int, label: str) -> bool:
        """Label its stretch as a class (id): the one proposed accepts it, the one a label has already rejects it."""
        p, tier = self._model.rows[row], self._desk.tier
        found = None if tier is None else tier.by_id(label)
        if found is None:
            return False
        if p.kind != "edge" and found.name == p.label:
            return self.accept(row)
        if p.target and found.name == p.was:
            return self.reject(row)
        return self._decide(row, "corrected", lambda track, q: corrected(track, q, label, self._desk.author))

    def _decide(self, row: int, what: str, change_of: Callable[[Track, Proposal], Change]) -> bool:
        p = self._model.rows[row]
        if p.state in ("accepted", "corrected"):
            return False
        try:
            track = self._track(p.session)
            change = change_of(track, p)
        except M3nError as error:
            self.refused.emit(str(error))
            return False
        if not change:
            self.refused.emit("The labels are like that already.")
            return False
        label = p.target or change.add[0].id
        before = next((a for a in change.remove if a.id == label), None)
        if p.state == "rejected":
            self.turn(self.run, p, down=False, quiet=True)
        self._model.change(row, made=label, before=before, wish=what)
        self.tally.decide(label, before, what)
        here = self._desk.session is not None and self._desk.session.id == p.session
        done = self._desk.annotate(change) if here else self._desk.annotate_all(change.label, {p.session: change})
        if not done:
            self._model.change(row, made="", before=None, wish="")
        return done

    def _track(self, session: str) -> Track:
        project, tier = self._desk.project, self._desk.tier
        if project is None or tier is None:
            raise ValueProblem("No project is open, or it has no tier: make a tier in the Labels view.")
        if self._desk.read_only:
            raise ValueProblem("The project is open for reading only.")
        if self._desk.session is not None and self._desk.session.id == session:
            return self._desk.tracks[tier.id]
        return Track.of(tier, project.annotations(session, tier.id))

    def reject(self, row: int) -> bool:
        """Turn a proposal down; the model is not asked about it again."""
        p = self._model.rows[row]
        if p.state:
            return False
        self.turn(self.run, p, down=True)
        self._desk.remember(_Rejecting(self, self.run, p))
        return True

    def turn(self, run: str, p: Proposal, *, down: bool, quiet: bool = False) -> bool:
        """Turn a proposal down, or no longer."""
        what = rejected(p)
        (self.memory.add if down else self.memory.drop)(self.key_of(run), what)
        self._tallies[run].rejected += 1 if down else -1
        row = self._model.find(lambda q: q.same(p)) if run == self.run else -1
        if row >= 0:
            self._model.change(row, state="rejected" if down else "")
        self._keep()
        if not quiet:
            self.changed.emit()
            if row >= 0 and not down:
                self.back.emit(row)
        return True

    def _keep(self) -> None:
        """Write what was turned down into the project, in the background."""
        folder, memory = self._folder, self.memory
        if folder is None or self._desk.read_only:
            return

        def work(_task: Task) -> None:
            memory.save(folder)

        self._jobs.run("Keeping what was rejected", work, failed=self._not_kept, quiet=True)

    @Slot(object)
    def _not_kept(self, error: Exception) -> None:
        self.refused.emit(f"What was rejected is not kept for the next start: {error}")

    @Slot(str, object)
    def _on_written(self, _session: str, change: Change) -> None:
        """Labels changed, by this view or by undo: proposals follow."""
        for tally in self._tallies.values():
            tally.follow(change)
        again = -1
        for i, p in enumerate(self._model.rows):
            holds = became(p.made, p.before, change) if p.made else None
            if holds is not None and holds != bool(p.state):
                self._model.change(i, state=p.wish if holds else "")
                again = again if holds else i
        self.changed.emit()
        if again >= 0:
            self.back.emit(again)
