"""What a plot of curves shows: lines out of the histories of runs, decimated for the width there is. No Qt."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from m3n_studio.atomic import atomic

if TYPE_CHECKING:
    from m3n_studio.learning.run_history import Columns, History, Part

Array = NDArray[np.float64]

#: Colour of a line that is a mean over lines in colours.
MEAN = -1


@dataclass(frozen=True)
class Quantity:
    """Something curves show.

    Attributes
    ----------
    name, title, unit : str
    column : str
        Of steps; empty where it is told by epochs only.
    epoch_column : str
        Of epochs; empty where it is told by steps only.
    """

    name: str
    title: str
    unit: str = ""
    column: str = ""
    epoch_column: str = ""


QUANTITIES = (
    Quantity("losses", "Losses"),
    Quantity("macro_f1", "Macro F1", "0 to 1, users who validate", "", "validation/macro_f1"),
    Quantity("lr", "Learning rate", "", "lr", "lr"),
    Quantity("grad_norm", "Gradient norm", "before clipping", "grad_norm"),
    Quantity("windows_per_s", "Throughput", "windows/s", "windows_per_s"),
    Quantity("data_share", "Waiting for data", "share of time", "data_share"),
)


@dataclass(frozen=True, eq=False)
class Line:
    """One line.

    Attributes
    ----------
    key : str
        What the legend calls it; lines of one key are toggled together.
    x, y : (N,) arrays
        x grows.
    color : int
        Number of a colour; :data:`MEAN` for the text's.
    faint, dashed : bool
        One of several folds; training rather than validation.
    """

    key: str
    x: Array
    y: Array
    color: int
    faint: bool = False
    dashed: bool = False


@dataclass(frozen=True)
class Mark:
    """A moment: x, what happened, and for a point on a line its y and colour."""

    x: float
    words: str
    y: float | None = None
    color: int = MEAN
    key: str = ""


@dataclass(frozen=True, eq=False)
class Curves:
    """What a plot shows."""

    lines: tuple[Line, ...] = ()
    marks: tuple[Mark, ...] = ()
    both: bool = False


def curves_of(runs: Sequence[tuple[str, History]], quantity: str, by_step: bool, loss: str = "loss") -> Curves:
    """Lines and marks of a quantity for runs by name.

    Parameters
    ----------
    runs : sequence of (str, History)
        One run: its losses, or its folds, have colours. Several: each has one.
    quantity : str
        Of :data:`QUANTITIES`.
    by_step : bool
        x is the step rather than the epoch.
    loss : str
        Which loss of several runs.
    """
    what = next(q for q in QUANTITIES if q.name == quantity)
    lines: list[Line] = []
    marks: list[Mark] = []
    for number, (name, history) in enumerate(runs):
        if quantity == "losses":
            chosen = history.loss_names() if len(runs) == 1 else (loss,)
            for i, one in enumerate(chosen):
                key, color = (loss_words(one), i) if len(runs) == 1 else (name, number)
                lines += _losses(history, one, key, color, by_step)
            key, color = (loss_words("loss"), 0) if len(runs) == 1 else (name, number)
            if "loss" in chosen:
                marks += _best(history, key, color, by_step)
        elif len(runs) == 1 and len(history.trained) > 1:
            lines += _by_fold(history, what, by_step)
        else:
            lines += _of_run(history, what, name, number, by_step)
        if len(runs) == 1:
            marks += _unfrozen(history, by_step)
    both = any(line.dashed for line in lines) and not all(line.dashed for line in lines)
    return Curves(tuple(line for line in lines if len(line.x)), tuple(marks), both)


_LOSS_WORDS = {
    "loss": "total", "pose2imu": "Pose2IMU", "cross_entropy": "cross-entropy", "contrastive": "contrastive sum"
}  # fmt: skip


def loss_words(name: str) -> str:
    """What a loss is called."""
    known = {
        "loss": "total",
        "pose2imu": "Pose2IMU",
        "cross_entropy": "cross-entropy",
        "contrastive": "contrastive sum",
    }
    return known.get(name, name.replace("-", " – ").replace("_", " "))


def _losses(history: History, name: str, key: str, color: int, by_step: bool) -> Iterator[Line]:
    for split, dashed in (("train", True), ("validation", False)):
        found = []
        for part in history.trained:
            if split == "train" and by_step:
                found.append(_known(part.steps.at, part.steps.column(name)))
            else:
                found.append(_of_epochs(part, f"{split}/{name}", by_step))
        yield from _with_mean([f for f in found if len(f[0])], key, color, dashed)


def _with_mean(found: list[tuple[Array, Array]], key: str, color: int, dashed: bool) -> Iterator[Line]:
    from m3n_studio.learning.run_history import mean_over

    if not found:
        return
    if len(found) > 1:
        for x, y in found:
            yield Line(key, x, y, color, faint=True, dashed=dashed)
    yield Line(key, *mean_over(found), color, dashed=dashed)


def _of_part(part: Part, what: Quantity, by_step: bool) -> tuple[Array, Array]:
    if what.column and (by_step or not what.epoch_column):
        return _known(part.steps.at if by_step else part.steps.column("epoch"), part.steps.column(what.column))
    return _of_epochs(part, what.epoch_column, by_step)


def _by_fold(history: History, what: Quantity, by_step: bool) -> Iterator[Line]:
    from m3n_studio.learning.run_history import mean_over

    found = [(part.name, _of_part(part, what, by_step)) for part in history.trained]
    found = [(name, xy) for name, xy in found if len(xy[0])]
    for number, (name, (x, y)) in enumerate(found):
        yield Line(name, x, y, number)
    if len(found) > 1 and what.epoch_column:
        yield Line("mean", *mean_over([xy for _, xy in found]), MEAN)


def _of_run(history: History, what: Quantity, name: str, color: int, by_step: bool) -> Iterator[Line]:
    found = [_of_part(part, what, by_step) for part in history.trained]
    found = [f for f in found if len(f[0])]
    if what.epoch_column:
        yield from _with_mean(found, name, color, False)
    else:
        for x, y in found:
            yield Line(name, x, y, color, faint=len(found) > 1)


def _of_epochs(part: Part, name: str, by_step: bool) -> tuple[Array, Array]:
    x = part.epochs.at * (max(part.steps_an_epoch, 1) if by_step else 1)
    return _known(x, part.epochs.column(name))


def _known(x: Array, y: Array) -> tuple[Array, Array]:
    keep = np.isfinite(y)
    return (x, y) if keep.all() else (x[keep], y[keep])


def _best(history: History, key: str, color: int, by_step: bool) -> Iterator[Mark]:
    for part in history.trained:
        columns: Columns = part.epochs
        name = "validation/loss" if np.isfinite(columns.column("validation/loss")).any() else "train/loss"
        at = np.flatnonzero(columns.at == part.best_epoch)
        if len(at):
            x = part.best_epoch * (max(part.steps_an_epoch, 1) if by_step else 1)
            where = f"{part.name}: " if part.name else ""
            yield Mark(float(x), f"{where}best epoch {part.best_epoch}", float(columns.column(name)[at[0]]), color, key)


def _unfrozen(history: History, by_step: bool) -> Iterator[Mark]:
    for part in history.trained:
        for epoch in part.unfrozen:
            x = epoch * (max(part.steps_an_epoch, 1) if by_step else 1)
            where = f"{part.name}: " if part.name else ""
            yield Mark(float(x), f"{where}encoder unfrozen after epoch {epoch}")


def decimate(x: Array, y: Array, low: float, high: float, columns: int) -> tuple[Array, Array]:
    """What of a curve can be told apart between two x on so many columns of pixels: their lowest and highest values.

    The nearest points outside are kept, so that lines run out of the picture.
    """
    first = max(int(np.searchsorted(x, low)) - 1, 0)
    last = min(int(np.searchsorted(x, high, side="right")) + 1, len(x))
    x, y = x[first:last], y[first:last]
    if len(x) <= 4 * columns or columns < 1:
        return x, y
    starts = np.unique(np.searchsorted(x, np.linspace(x[0], x[-1], columns + 1)[:-1]))
    out_x, out_y = np.repeat(x[starts], 2), np.empty(2 * len(starts))
    out_y[0::2], out_y[1::2] = np.fmin.reduceat(y, starts), np.fmax.reduceat(y, starts)
    return np.append(out_x, x[-1]), np.append(out_y, y[-1])


def envelope(
    x: Array, y: Array, low: float, high: float, columns: int
) -> tuple[NDArray[np.intp], Array, Array, Array] | None:
    """Columns of pixels between two x; lowest, highest and mean value in each (K,). None where points are few."""
    if high <= low or columns < 1:
        return None
    edges = np.searchsorted(x, np.linspace(low, high, columns + 1))
    if edges[-1] - edges[0] <= 4 * columns:
        return None
    filled = np.flatnonzero(np.diff(edges))
    starts, y = edges[filled] - edges[0], y[edges[0] : edges[-1]]
    mean = np.add.reduceat(y, starts) / np.diff(np.append(starts, len(y)))
    return filled, np.minimum.reduceat(y, starts), np.maximum.reduceat(y, starts), mean


def write_csv(path: Path, runs: Sequence[tuple[str, History]]) -> int:
    """Every number runs have said, one a line: run, fold, by, epoch, step, what, value. Returns how many."""
    count = 0
    with atomic(path) as part_file, part_file.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("run", "fold", "by", "epoch", "step", "what", "value"))
        for run, history in runs:
            for part in history.trained:
                for by, columns in (("step", part.steps), ("epoch", part.epochs)):
                    count += _rows(rows, run, part, by, columns)
    return count


def _rows(rows: object, run: str, part: Part, by: str, columns: Columns) -> int:
    at = columns.at
    epoch = columns.column("epoch") if by == "step" else at
    step = at if by == "step" else at * part.steps_an_epoch
    count = 0
    for name in columns.names:
        if name == "epoch":
            continue
        y = columns.column(name)
        for i in np.flatnonzero(np.isfinite(y)):
            row = (run, part.name, by, f"{epoch[i]:.6g}", int(step[i]), name, f"{y[i]:.9g}")
            rows.writerow(row)  # type: ignore[attr-defined]
            count += 1
    return count
