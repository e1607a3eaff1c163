"""What came out of a run so far, read from its folder: folds, scores, settings. No Qt, no torch; for a job."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from m3n_studio.errors import FileError, M3nError

if TYPE_CHECKING:
    from m3n_studio.learning.config import LearningConfig
    from m3n_studio.learning.diagnosis import Diagnosis
    from m3n_studio.learning.evaluate import Predictions, Scores
    from m3n_studio.learning.run_history import History
    from m3n_studio.learning.runs import Compared


@dataclass(frozen=True)
class FoldRow:
    """One fold; numbers are 0 or nan where they are not known (yet).

    Attributes
    ----------
    name : str
    epochs, best_epoch, trained_on, tested : int
        `trained_on` and `tested` in windows.
    macro_f1 : float
        On tested users, 0 to 1.
    seconds : float, s
    state : {"finished", "running", "waiting"}
    """

    name: str
    epochs: int = 0
    best_epoch: int = 0
    trained_on: int = 0
    tested: int = 0
    macro_f1: float = math.nan
    seconds: float = math.nan
    state: str = "waiting"


@dataclass(frozen=True, eq=False)
class RunResults:
    """What came out of a run so far.

    Attributes
    ----------
    path : str
    classes : tuple of str
    folds : tuple of FoldRow
        Finished and waiting ones.
    scores : Scores or None
        Of all windows tested so far.
    changes : mapping of str to (str, str)
        Settings other than the preset's: (preset, here).
    diagnosis : Diagnosis or None
    trouble : str
        What could not be read.
    """

    path: str
    classes: tuple[str, ...] = ()
    folds: tuple[FoldRow, ...] = ()
    scores: Scores | None = None
    changes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    diagnosis: Diagnosis | None = None
    trouble: str = ""


def read_results(path: str, history: History) -> RunResults:
    """Read what came out of a run so far, and say what is wrong with it."""
    from m3n_studio.learning.diagnosis import diagnose
    from m3n_studio.learning.run_folder import RunFolder

    try:
        run = RunFolder.open(path)
        about, state = run.about, run.state
    except M3nError as error:
        return RunResults(path, trouble=str(error))
    trouble = ""
    config: LearningConfig | None = None
    changes: dict[str, tuple[str, str]] = {}
    try:
        config = run.config
        changes = {name: (str(preset), str(ours)) for name, (preset, ours) in config.changes().items()}
    except M3nError as error:
        trouble = str(error)
    classes: tuple[str, ...] = ()
    folds: tuple[FoldRow, ...] = ()
    scores = None
    if about.kind == "finetune":
        classes = tuple(str(c) for c in _listed(about.facts.get("classes")))
        names = [str(n) for n in _listed(about.facts.get("folds"))]
        found, wrong = _predictions(run.path, len(classes))
        trouble = trouble or wrong
        scores = _pooled(found, classes)
        folds = tuple(_fold(run.path, n, name, found.get(n)) for n, name in enumerate(names, start=1))
    metrics: dict[str, Any] = {} if scores is None else {"pooled": asdict(scores)}
    diagnosis = diagnose(
        history, kind=about.kind, config=config, metrics=metrics, status=state.status, message=state.message
    )
    return RunResults(path, classes, folds, scores, changes, diagnosis, trouble)


def read_compared(paths: tuple[str, ...]) -> Compared | str:
    """Runs side by side, or why they cannot be."""
    from m3n_studio.learning.runs import compared

    try:
        return compared(paths)
    except M3nError as error:
        return str(error)


def with_history(folds: tuple[FoldRow, ...], history: History, live: bool) -> tuple[FoldRow, ...]:
    """The folds, with what those that are being trained have said."""
    out = []
    for row in folds:
        part = history.parts.get(row.name)
        if row.state == "finished" or part is None:
            out.append(row)
            continue
        state = "running" if live and part is history.current else "waiting"
        out.append(FoldRow(row.name, part.epoch, part.best_epoch, state=state))
    return tuple(out)


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _predictions(path: Path, classes: int) -> tuple[dict[int, Predictions], str]:
    """Kept predictions by the fold's number, and what is wrong with those left out."""
    from m3n_studio.learning.evaluate import read_predictions

    found, wrong = {}, ""
    for file in sorted(path.glob("folds/*/predictions.npz")):
        if not file.parent.name.isdigit() or not (file.parent / "result.json").is_file():
            continue
        try:
            one = read_predictions(file)
            if one.probability.shape[1] != classes or (one.label >= classes).any():
                raise FileError(file, found="predictions of other classes", expected=str(classes))
            found[int(file.parent.name)] = one
        except M3nError as error:
            wrong = wrong or str(error)
    return found, wrong


def _pooled(found: Mapping[int, Predictions], classes: tuple[str, ...]) -> Scores | None:
    import numpy as np

    from m3n_studio.learning.evaluate import scores

    if not found or not classes:
        return None
    probability = np.concatenate([p.probability for p in found.values()])
    label = np.concatenate([p.label for p in found.values()])
    return scores(probability, label, classes) if (label >= 0).any() else None


def _fold(path: Path, number: int, name: str, tested: Predictions | None) -> FoldRow:
    from m3n_studio.learning.run_folder import RunFolder

    try:
        data = RunFolder(path).read_json(f"folds/{number}/result.json")
    except M3nError:
        return FoldRow(name)

    def number_of(key: str) -> float:
        value = data.get(key)
        return float(value) if isinstance(value, int | float) else math.nan

    def whole(key: str) -> int:
        value = number_of(key)
        return int(value) if math.isfinite(value) else 0

    windows = 0 if tested is None else int((tested.label >= 0).sum())
    return FoldRow(name, whole("epochs"), whole("best_epoch"), whole("trained_on"), windows, number_of("macro_f1"),
                   number_of("seconds"), "finished")  # fmt: skip
