"""How good predictions are: macro F1, per class, confusion, calibration; per fold, over folds, pooled.

Macro F1 is the mean over the classes that occur in the truth or in the predictions (scikit-learn's
default), so that a class a tested user never does is not a zero. Calibration is the expected
calibration error over 15 equal bins of the largest probability. Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import FileError, ValueProblem
from m3n_studio.learning.run_folder import RunFolder

Ints = NDArray[np.int64]
Singles = NDArray[np.float32]
_BINS = 15


@dataclass(frozen=True)
class Scores:
    """Of one set of predictions.

    Attributes
    ----------
    windows : int
    macro_f1, weighted_f1, accuracy, calibration_error : float
        0 to 1.
    f1, precision, recall : mapping of str to float or None
        By class; None for a class in neither truth nor prediction.
    support : mapping of str to int
        Windows of each class in the truth.
    confusion : tuple of tuple of int
        Truth in rows, prediction in columns.
    """

    windows: int
    macro_f1: float
    weighted_f1: float
    accuracy: float
    calibration_error: float
    f1: Mapping[str, float | None]
    precision: Mapping[str, float | None]
    recall: Mapping[str, float | None]
    support: Mapping[str, int]
    confusion: tuple[tuple[int, ...], ...]


def scores(probability: Singles, label: Ints, classes: Sequence[str]) -> Scores:
    """Scores of probabilities (N, C) against labels (N,); windows labelled -1 are left out."""
    if probability.shape != (len(label), len(classes)):
        raise ValueProblem(f"expected probabilities ({len(label)}, {len(classes)}); found {probability.shape}")
    known = label >= 0
    probability, label = probability[known], label[known]
    if not len(label):
        raise ValueProblem("there is no labelled window to score")
    count, predicted = len(classes), probability.argmax(axis=1)
    confusion = np.bincount(label * count + predicted, minlength=count * count).reshape(count, count)
    hit, truth, said = np.diag(confusion).astype(float), confusion.sum(axis=1), confusion.sum(axis=0)
    there = truth + said > 0
    f1 = 2 * hit / np.maximum(truth + said, 1)
    return Scores(
        len(label),
        float(f1[there].mean()),
        float((f1 * truth).sum() / truth.sum()),
        float(hit.sum() / len(label)),
        calibration_error(probability, label),
        _named(classes, f1, there),
        _named(classes, hit / np.maximum(said, 1), there),
        _named(classes, hit / np.maximum(truth, 1), there),
        {name: int(n) for name, n in zip(classes, truth, strict=True)},
        tuple(tuple(int(n) for n in row) for row in confusion),
    )


def macro_f1(probability: Singles, label: Ints, classes: int) -> float:
    """Macro F1 alone; see :func:`scores`."""
    return scores(probability, label, [str(c) for c in range(classes)]).macro_f1


def calibration_error(probability: Singles, label: Ints) -> float:
    """Mean distance between confidence and accuracy over bins of confidence, weighted by their windows."""
    confidence, right = probability.max(axis=1).astype(np.float64), probability.argmax(axis=1) == label
    bins = np.clip(np.ceil(confidence * _BINS).astype(int) - 1, 0, _BINS - 1)
    total = 0.0
    for index in np.unique(bins):
        own = bins == index
        total += own.sum() * abs(confidence[own].mean() - right[own].mean())
    return total / len(label)


def _named(classes: Sequence[str], values: NDArray[np.float64], there: NDArray[np.bool_]) -> dict[str, float | None]:
    return {name: float(v) if ok else None for name, v, ok in zip(classes, values, there, strict=True)}


@dataclass(frozen=True, eq=False)
class Predictions:
    """Of tested windows.

    Attributes
    ----------
    probability : (N, C) float32
    label, index : (N,) int64
        -1 without a label; place among the windows of the set.
    subject, recording : (N,) str
    start_s : (N,) float64, s
    gates : (N, E) float32
        Mean gate of every expert; E = 0 without experts.
    """

    probability: Singles
    label: Ints
    index: Ints
    subject: NDArray[np.str_]
    recording: NDArray[np.str_]
    start_s: NDArray[np.float64]
    gates: Singles


def write_predictions(path: Path, found: Predictions) -> None:
    """Write predictions whole."""
    from m3n_studio.atomic import atomic

    with atomic(path) as part, part.open("wb") as file:
        np.savez_compressed(file, **vars(found))


def read_predictions(path: Path) -> Predictions:
    """Read predictions; `FileError` where they are missing or damaged."""
    names = ("probability", "label", "index", "subject", "recording", "start_s", "gates")
    try:
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as file:
            arrays = {name: file[name] for name in names}
    except Exception as error:  # whatever a damaged archive makes zipfile and NumPy raise
        raise FileError(path, found=f"it cannot be read ({type(error).__name__})", expected="predictions") from error
    kinds = {
        "probability": "f",
        "label": "i",
        "index": "i",
        "subject": "U",
        "recording": "U",
        "start_s": "f",
        "gates": "f",
    }
    n = len(arrays["label"]) if arrays["label"].ndim == 1 else -1
    for name, array in arrays.items():
        rows = 2 if name in ("probability", "gates") else 1
        if array.dtype.kind != kinds[name] or array.ndim != rows or len(array) != n:
            raise FileError(path, field=name, found=f"{array.dtype} {array.shape}", expected=f"{n} rows")
    return Predictions(**arrays)


def over_folds(each: Sequence[Scores], pooled: Scores) -> dict[str, Any]:
    """What a run's ``metrics.json`` holds: every fold, mean and standard deviation over them, pooled windows."""
    numbers = ("macro_f1", "weighted_f1", "accuracy", "calibration_error")
    values = {name: np.array([getattr(s, name) for s in each]) for name in numbers}
    return {
        "mean": {name: float(v.mean()) for name, v in values.items()},
        "std": {name: float(v.std()) for name, v in values.items()},
        "pooled": asdict(pooled),
        "folds": [asdict(s) for s in each],
    }


def evaluate(path: str | Path) -> dict[str, Any]:
    """Scores of a finetuning run from its kept predictions on tested users; they are written to ``metrics.json``.

    Raises
    ------
    FileError
        Where the folder holds no such run, or no fold of it is finished.
    """
    run = RunFolder.open(path)
    about = run.about
    classes = about.facts.get("classes")
    if about.kind != "finetune" or not isinstance(classes, list):
        raise FileError(path, field="kind", found=f"a run of kind {about.kind}", expected="a finetuning run")
    found = fold_predictions(run)
    if not found:
        raise FileError(path, found="no fold is finished", expected="predictions of at least one fold")
    for place, one in found.items():
        if one.probability.shape[1] != len(classes) or (one.label >= len(classes)).any():
            raise FileError(
                run.path / "folds" / place, found="predictions of other classes", expected=str(len(classes))
            )
    each = [scores(p.probability, p.label, classes) for p in found.values()]
    pooled = scores(
        np.concatenate([p.probability for p in found.values()]),
        np.concatenate([p.label for p in found.values()]),
        classes,
    )
    run.write_json("metrics.json", {**run.metrics, **over_folds(each, pooled)})
    return run.metrics


def fold_predictions(run: RunFolder) -> dict[str, Predictions]:
    """Kept predictions by the fold's number."""
    folder = run.path / "folds"
    places = sorted(
        (p for p in folder.glob("*/predictions.npz") if p.parent.name.isdigit()), key=lambda p: int(p.parent.name)
    )
    return {p.parent.name: read_predictions(p) for p in places}
