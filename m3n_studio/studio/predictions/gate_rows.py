"""Gates of experts over time as rows of heat, and which expert decided a moment, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from m3n_studio.studio.predictions.bands import Labels, in_columns

if TYPE_CHECKING:
    from m3n_studio.learning.moments_predicted import Explained

Floats = NDArray[np.float64]
#: In place of a fold: the mean of all.
MEAN = -1


def experts_of(found: Explained | None) -> int:
    """How many experts a model has."""
    return 0 if found is None else found.mean_gates.shape[2]


def gates_of(found: Explained, fold: int) -> NDArray[np.float32]:
    """Mean gates over tokens (W, E), of one of the folds by its place or the mean of all."""
    folds = found.mean_gates
    return np.asarray(folds.mean(axis=0) if fold == MEAN else folds[min(fold, len(folds) - 1)], dtype=np.float32)


def gate_columns(found: Explained, fold: int, view: tuple[float, float], width: int) -> Floats:
    """Gates (width, E): a window stands for the hop around its middle; at both ends the nearest one that covers it."""
    begin = found.window_start_s + (found.length_s - found.hop_s) / 2
    more = int(np.ceil(found.length_s / found.hop_s)) + 2
    i = max(int(np.searchsorted(begin, view[0])) - more, 0)
    j = min(int(np.searchsorted(begin, view[1])) + more, len(begin))
    if i >= j:
        return np.full((width, experts_of(found)), np.nan)
    folds = found.mean_gates[:, i:j]
    gates = folds.mean(axis=0) if fold == MEAN else folds[min(fold, len(folds) - 1)]
    out = in_columns(begin[i:j], found.hop_s, gates, view, width)
    lacking = np.flatnonzero(~np.isfinite(out).all(axis=1))
    at = view[0] + (view[1] - view[0]) * (lacking + 0.5) / width
    middle = begin[i:j] + found.hop_s / 2
    after = np.clip(np.searchsorted(middle, at), 0, j - i - 1)
    before = np.maximum(after - 1, 0)
    near = np.where(np.abs(middle[before] - at) < np.abs(middle[after] - at), before, after)
    covered = np.abs(middle[near] - at) <= found.length_s / 2
    out[lacking[covered]] = gates[near[covered]]
    return out


@dataclass(frozen=True)
class Decider:
    """Who decided a moment.

    Attributes
    ----------
    expert : int
        From 0.
    part, whole : float, logits
        How far it, and all together, lift the class that wins over the mean of all classes.
    gate : float
        Its mean gate.
    fold : int
        From 0: whose expert.
    total : float, logits
        The same of all that is said, experts or not: from the mean probabilities of the folds.
    """

    expert: int
    part: float
    whole: float
    gate: float
    fold: int
    total: float

    @property
    def little(self) -> bool:
        """Whether less than half was said by the experts: the rest goes past them, or other folds say it."""
        return self.whole < 0.5 * self.total


def decider(found: Explained, time_s: float, fold: int) -> Decider | None:
    """The expert whose gate times opinion lifts the winning class most, in the window whose middle is nearest.

    Experts of several folds are not the same ones: where the mean is looked at, the first fold answers.
    """
    window, moment = found.window_at(time_s), found.moment_at(time_s)
    if window is None or moment is None or not experts_of(found):
        return None
    of = 0 if fold == MEAN else min(fold, len(found.mean_gates) - 1)
    label = int(found.probability[moment].argmax())
    says = found.says(window, label, of)
    if says is None:
        return None
    best = int(says.argmax())
    said = np.log(np.clip(found.window_probability[window].astype(np.float64), 1e-9, 1.0))
    return Decider(
        best, float(says[best]), float(says.sum()), float(found.mean_gates[of, window, best]), of,
        float(said[label] - said.mean()),
    )  # fmt: skip


def by_class(found: Explained, fold: int, labels: Labels | None) -> tuple[Floats, NDArray[np.int64]]:
    """Mean gate of each expert (E, C) and windows (C,) per class: what is predicted, or where given, the label.

    A window's label is that at its middle.
    """
    gates, p = gates_of(found, fold), found.window_probability
    known = np.isfinite(p).all(axis=1)
    if labels is None:
        which = np.where(known, np.nan_to_num(p).argmax(axis=1), -1)
    else:
        which = np.where(known, labels.at(found.window_start_s + found.length_s / 2), -1)
    count = np.array([(which == c).sum() for c in range(len(found.classes))], dtype=np.int64)
    mean = [gates[which == c].mean(axis=0) if n else np.full(gates.shape[1], np.nan) for c, n in enumerate(count)]
    return np.array(mean, dtype=np.float64).T, count
