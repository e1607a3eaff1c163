"""What classifiers say of people they have not learned from: the fair judge of labels. No Qt."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from m3n_studio.errors import M3nError
from m3n_studio.studio.core.jobs import Task

if TYPE_CHECKING:
    from m3n_studio.learning.predict import Predicted
    from m3n_studio.project import Project
    from m3n_studio.project.values import Session


@dataclass
class Unlearned:
    """What classifiers say of people they have not learned from, kept by run and session."""

    kept: dict[tuple[str, str], Predicted | None] = field(default_factory=dict)
    tested: dict[tuple[str, int], dict[str, int]] = field(default_factory=dict)

    def of(self, project: Project, run: str, session: Session, task: Task) -> Predicted | None:
        """The prediction of the fold that was tested on this session; None where there is none."""
        fold = self._tested(run).get(_recording_name(project, session), 0)
        key = (f"{run}#{fold}#{_stamp(run)}", session.id)
        if fold and key not in self.kept:
            self.kept[key] = _predict(project, run, session, fold, task)
        return self.kept.get(key)

    def _tested(self, run: str) -> dict[str, int]:
        """Fold by the name of the recordings it was tested on."""
        from m3n_studio.learning.evaluate import fold_predictions
        from m3n_studio.learning.run_folder import RunFolder

        key = (run, _stamp(run))
        if key not in self.tested:
            try:
                found = fold_predictions(RunFolder.open(run))
            except M3nError:
                found = {}
            self.tested[key] = {str(name): int(k) for k, p in found.items() for name in np.unique(p.recording)}
        return self.tested[key]


def _stamp(run: str) -> int:
    try:
        return (Path(run) / "metrics.json").stat().st_mtime_ns
    except OSError:
        return 0


def _recording_name(project: Project, session: Session) -> str:
    """As training calls it (`project.training_data`)."""
    subjects = {s.id: s.name for s in project.subjects()}
    return f"{subjects.get(session.subject, '')}/{session.name}"


def _predict(project: Project, run: str, session: Session, fold: int, task: Task) -> Predicted | None:
    from m3n_studio.learning.predict import predict
    from m3n_studio.project.training_data import at_placements, on_session_clock

    found = at_placements(project, session.id)
    signals = {place: on_session_clock(project, of[0]) for place, of in found.items()}
    try:
        return predict(run, signals, folds=(fold,), cancelled=task.cancelled) if signals else None
    except M3nError:
        task.check()
        return None
