"""What a run has said so far as columns of numbers: by part (a fold), by step and by epoch. Imports no torch.

Events come in the order they were written. A run that was killed and resumed tells some steps and
epochs again; what is told again takes the place of what was told first, so that every column stays
in the order of its steps. An event whose values are no numbers is passed over and counted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from m3n_studio.learning.events import Epoch, Event, Remark, Step, follow

Array = NDArray[np.float64]
_MOST_COLUMNS = 200


class Columns:
    """Rows of named numbers, in the order of a key that only grows; what is missing in a row is nan.

    What is handed out are views that see no rows added later, so that asking is cheap.
    """

    def __init__(self) -> None:
        self._count = 0
        self._at = np.empty(64)
        self._of: dict[str, Array] = {}

    def __len__(self) -> int:
        return self._count

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns, in the order they came."""
        return tuple(self._of)

    @property
    def at(self) -> Array:
        """Key of every row (N,)."""
        return self._at[: self._count]

    def column(self, name: str) -> Array:
        """One column (N,); nan throughout where there is none of that name."""
        found = self._of.get(name)
        return np.full(self._count, np.nan) if found is None else found[: self._count]

    def add(self, at: float, values: Mapping[str, float]) -> None:
        """Add a row; rows at the same place or later are dropped first."""
        if self._count and at <= self._at[self._count - 1]:
            self._count = int(np.searchsorted(self.at, at))
            self._at, self._of = self._at.copy(), {name: y.copy() for name, y in self._of.items()}
        if self._count == len(self._at):
            self._at = np.concatenate([self._at, np.empty(max(self._count, 64))])
            self._of = {name: np.concatenate([y, np.empty(max(self._count, 64))]) for name, y in self._of.items()}
        for name in values:
            if name not in self._of and len(self._of) < _MOST_COLUMNS:
                self._of[name] = np.full(len(self._at), np.nan)
        self._at[self._count] = at
        for name, column in self._of.items():
            column[self._count] = values.get(name, math.nan)
        self._count += 1

    def copy(self) -> Columns:
        """One that stays as it is."""
        out = Columns()
        out._count, out._at = self._count, self.at.copy()
        out._of = {name: y[: self._count].copy() for name, y in self._of.items()}
        return out


@dataclass
class Part:
    """One fold, or all of a run that has none.

    Attributes
    ----------
    name : str
    steps : Columns
        By step from 1: ``epoch`` (a fraction), ``loss`` and its parts, ``lr``, ``grad_norm``, ``windows_per_s``,
        ``data_share``.
    epochs : Columns
        By epoch from 1: ``train/...``, ``validation/...``, ``lr``, ``seconds``.
    most_epochs, steps_an_epoch : int
        0 where not said yet.
    best_epoch : int
        0 before the first.
    eta_s : float
        To this part's last epoch, s.
    unfrozen : tuple of int
        Epochs at whose end the encoder was unfrozen.
    macro_f1 : float
        On tested users; nan before the part is finished.
    stopped : str
        Why it ended before its last epoch.
    """

    name: str
    steps: Columns = field(default_factory=Columns)
    epochs: Columns = field(default_factory=Columns)
    most_epochs: int = 0
    steps_an_epoch: int = 0
    best_epoch: int = 0
    eta_s: float = math.nan
    unfrozen: tuple[int, ...] = ()
    macro_f1: float = math.nan
    stopped: str = ""

    @property
    def epoch(self) -> int:
        """Last epoch that ended; 0 before the first."""
        return int(self.epochs.at[-1]) if len(self.epochs) else 0

    @property
    def share(self) -> float:
        """How far it is, 0 to 1."""
        if not math.isnan(self.macro_f1) or self.stopped:
            return 1.0
        done = float(self.epoch)
        if len(self.steps):
            done = max(done, float(self.steps.column("epoch")[-1]))
        return min(done / self.most_epochs, 1.0) if self.most_epochs else 0.0


class History:
    """Everything a run has said, by part.

    Attributes
    ----------
    parts : dict of str to Part
        In the order they were first heard of; a run without folds has the one part ``""``.
    remarks : list of Remark
        Without steps and epochs.
    began, heard : float
        Unix time of the first and the last event; nan without any.
    version : int
        Grows with every event taken in.
    damaged : int
        Events passed over.
    """

    def __init__(self) -> None:
        self.parts: dict[str, Part] = {}
        self.remarks: list[Remark] = []
        self.began = self.heard = math.nan
        self.version = self.damaged = 0

    def add(self, events: Iterable[Event]) -> None:
        """Take in events, in the order they were written."""
        for event in events:
            try:
                self._take(event.message)
            except (TypeError, ValueError, AttributeError, OverflowError):
                self.damaged += 1
                continue
            self.began = event.time if math.isnan(self.began) else self.began
            self.heard = event.time
            self.version += 1

    @property
    def current(self) -> Part | None:
        """The part heard of last."""
        return next(reversed(self.parts.values()), None)

    @property
    def trained(self) -> tuple[Part, ...]:
        """The parts that have epochs or steps."""
        return tuple(p for p in self.parts.values() if len(p.epochs) or len(p.steps))

    def loss_names(self) -> tuple[str, ...]:
        """Names of the losses, ``loss`` first; those that are 0 throughout are left out."""
        found: dict[str, None] = {}
        for part in self.trained:
            for name in part.epochs.names:
                split, _, loss = name.partition("/")
                if split == "train" and np.any(np.abs(part.epochs.column(name)) > 1e-12):
                    found[loss] = None
            for name in part.steps.names:
                if name not in _OF_STEPS and np.any(np.abs(part.steps.column(name)) > 1e-12):
                    found[name] = None
        if "extra" not in found and {"loss", "cross_entropy"} <= set(found):
            del found["cross_entropy"]  # the two are one then
        return tuple(sorted(found, key=lambda n: (n != "loss", n == "reconstruction", n == "pose2imu")))

    def copy(self) -> History:
        """One that stays as it is now, for another thread."""
        out = History()
        out.parts = {n: replace(p, steps=p.steps.copy(), epochs=p.epochs.copy()) for n, p in self.parts.items()}
        out.remarks, out.began, out.heard = list(self.remarks), self.began, self.heard
        out.version, out.damaged = self.version, self.damaged
        return out

    def share(self, folds: int = 0) -> float:
        """How far the run is, 0 to 1; `folds` is how many parts there will be."""
        shares = [part.share for part in self.parts.values()]
        return sum(shares) / max(folds, len(shares), 1)

    def eta_s(self, folds: int = 0) -> float:
        """How long the run still takes at most, s: what this part says, and folds to come like those that were."""
        part = self.current
        if part is None:
            return math.nan
        seconds = [float(np.nansum(p.epochs.column("seconds"))) for p in self.parts.values() if p.share >= 1.0]
        begun = sum(1 for p in self.parts.values())
        rest = 0.0 if part.share >= 1.0 else part.eta_s
        each = float(np.mean(seconds)) if seconds else float(np.nansum(part.epochs.column("seconds"))) + rest
        return rest + each * max(folds - begun, 0)

    def _part(self, name: str) -> Part:
        if not isinstance(name, str):
            raise TypeError("a part is named by a string")
        return self.parts.setdefault(name, Part(name))

    def _take(self, message: Step | Epoch | Remark) -> None:
        if isinstance(message, Step):
            self._take_step(message)
        elif isinstance(message, Epoch):
            self._take_epoch(message)
        else:
            self._take_remark(message)

    def _take_step(self, m: Step) -> None:
        steps, done = int(m.steps), int(m.epoch) - 1
        row = {"epoch": done + int(m.step) / max(steps, 1), "lr": float(m.learning_rate),
               "grad_norm": float(m.grad_norm), "windows_per_s": float(m.windows_per_s),
               "data_share": float(m.data_share)}  # fmt: skip
        row = _numbers(m.losses) | row
        part = self._part(m.part)
        part.steps.add(done * steps + int(m.step), row)
        part.most_epochs, part.steps_an_epoch, part.eta_s = int(m.epochs), steps, float(m.eta_s)

    def _take_epoch(self, m: Epoch) -> None:
        row = {f"train/{k}": v for k, v in _numbers(m.training).items()}
        row |= {f"validation/{k}": v for k, v in _numbers(m.validation).items()}
        row |= {"lr": float(m.learning_rate), "seconds": float(m.seconds)}
        number = int(m.epoch)
        part = self._part(m.part)
        part.epochs.add(number, row)
        part.most_epochs, part.eta_s = int(m.epochs), float(m.eta_s)
        if m.best or part.best_epoch > number:
            part.best_epoch = number if m.best else 0
        part.unfrozen = tuple(e for e in part.unfrozen if e <= number)

    def _take_remark(self, m: Remark) -> None:
        values = m.values if isinstance(m.values, Mapping) else {}
        if m.what == "fold" and isinstance(values.get("macro_f1"), int | float):
            self._part(m.part).macro_f1 = float(values["macro_f1"])
        elif m.what == "fold":
            self._part(m.part)
        elif m.what == "unfreeze":
            part, epoch = self._part(m.part), int(values.get("epoch", 0))
            part.unfrozen = (*(e for e in part.unfrozen if e < epoch), epoch)
        elif m.what == "stop":
            self._part(m.part).stopped = str(m.text)
        self.remarks.append(Remark(str(m.what), str(m.text), str(m.part), values))


_OF_STEPS = ("epoch", "lr", "grad_norm", "windows_per_s", "data_share")


def read_history(path: str | Path) -> History:
    """All a run has said so far.

    Raises
    ------
    FileError
        Where the folder holds no run.
    """
    history = History()
    history.add(follow(path).new())
    return history


def mean_over(curves: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Mean of curves (x (N,), y (N,)) over those that have a value at x; folds end at different epochs."""
    if len(curves) == 1:
        return curves[0]
    if not curves:
        return np.zeros(0), np.zeros(0)
    every = np.concatenate([x for x, _ in curves])
    values = np.concatenate([y for _, y in curves])
    known = np.isfinite(values)
    x, place = np.unique(every[known], return_inverse=True)
    count = np.bincount(place, minlength=len(x))
    return x, np.bincount(place, weights=values[known], minlength=len(x)) / np.maximum(count, 1)


def _numbers(values: Mapping[str, Any]) -> dict[str, float]:
    return {str(name): float(value) for name, value in values.items()}
