"""A prediction that becomes known piece by piece, and which expert decided a moment. Nothing here imports torch.

An expert's say in a moment: a classifier's logits are a sum over experts of gate times opinion, averaged over
the tokens, so that each expert's part of every class's logit is known exactly. What counts is how far it lifts
the class that wins above the mean of all classes; the parts of all experts sum to the whole lift. Experts of two
folds were trained apart: expert 1 of one has nothing to do with expert 1 of the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from m3n_studio.learning.predict import Predicted

Singles = NDArray[np.float32]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Explained(Predicted):
    """A prediction with what its experts did; what is not known yet is NaN.

    Attributes
    ----------
    mean_gates : (M, W, E) float32
        Of every model, mean over the tokens that are there.
    contribution : (M, W, E, C) float32
        Every expert's part of every class's logit.
    what : str
        Which models these are, for people: ``"5 folds"``, ``"fold 2 in training, epoch 7"``.
    """

    mean_gates: Singles
    contribution: Singles
    what: str = ""

    def window_at(self, time_s: float) -> int | None:
        """The known window whose middle is nearest to a time; None where no window covers it."""
        middle = time_s - self.length_s / 2
        at = int(np.searchsorted(self.window_start_s, middle))
        near = [i for i in (at - 1, at) if 0 <= i < len(self.window_start_s)]
        best = min(near, key=lambda i: abs(self.window_start_s[i] - middle), default=None)
        if best is None or not abs(self.window_start_s[best] - middle) <= self.length_s / 2 + 1e-6:
            return None
        return best if np.isfinite(self.window_probability[best]).all() else None

    def moment_at(self, time_s: float) -> int | None:
        """The moment a time is in; None outside or where nothing is known."""
        hops = (time_s - self.time_s[0]) / self.hop_s if len(self.time_s) else -1.0
        at = 0 if -0.5 < hops < 0 else int(np.floor(hops + 1e-6))  # windows begin on their own grid, a little later
        return at if 0 <= at < len(self.time_s) and np.isfinite(self.probability[at]).all() else None

    def says(self, window: int, label: int, model: int) -> Floats | None:
        """How far each expert of a model lifts a class above the mean of all classes (E,), logits; None without."""
        if not self.contribution.shape[2]:
            return None
        part = self.contribution[model, window].astype(np.float64)
        return np.asarray(part[:, label] - part.mean(axis=1))


class Partial:
    """What is known of a prediction so far.

    Arrays of windows are filled in place; those of moments are new for every :meth:`predicted`.

    Parameters
    ----------
    start_s : (W,) float64, s
    classes, placements : tuple of str
    hop_s, length_s : float, s
    models, tokens, experts : int
    what : str
    """

    def __init__(
        self, start_s: Floats, classes: tuple[str, ...], placements: tuple[str, ...], hop_s: float, length_s: float, *,
        models: int, tokens: int = 0, experts: int = 0, what: str = "",
    ) -> None:  # fmt: skip
        n, c = len(start_s), len(classes)
        self.start_s, self.classes, self.placements, self.what = start_s, classes, placements, what
        self.hop_s, self.length_s = hop_s, length_s
        self.known = np.zeros(n, dtype=bool)
        self.window_probability = np.full((n, c), np.nan, dtype=np.float32)
        self.gates = np.full((models, n, tokens, experts), np.nan, dtype=np.float32)
        self.mean_gates = np.full((models, n, experts), np.nan, dtype=np.float32)
        self.contribution = np.full((models, n, experts, c), np.nan, dtype=np.float32)
        begin = float(start_s.min())
        self._first = np.rint((start_s - begin) / hop_s).astype(np.int64)
        self._span = max(1, round(length_s / hop_s))
        count = int(self._first.max()) + self._span
        self.time_s = np.asarray(begin + np.arange(count) * hop_s)
        self._probability = np.full((count, c), np.nan, dtype=np.float32)

    @property
    def share(self) -> float:
        """Of all windows, those known."""
        return float(self.known.mean())

    @property
    def nbytes(self) -> int:
        """Memory of the arrays, bytes."""
        own = (self.window_probability, self.gates, self.mean_gates, self.contribution, self._probability)
        return sum(a.nbytes for a in own)

    def take(self, first: int, probability: Singles, gates: Singles, contribution: Singles) -> None:
        """Put in windows from number `first` on.

        Parameters
        ----------
        first : int
        probability : (M, n, C) float32
        gates : (M, n, tokens, E) float32
        contribution : (M, n, E, C) float32
        """
        stop = first + probability.shape[1]
        self.known[first:stop] = True
        self.window_probability[first:stop] = probability.mean(axis=0)
        self.gates[:, first:stop] = gates
        self.contribution[:, first:stop] = contribution
        if gates.shape[3]:
            there = np.maximum((gates.sum(axis=3) > 0).sum(axis=2), 1)
            self.mean_gates[:, first:stop] = gates.sum(axis=2) / there[..., None]
        if stop > first:
            numbers = self._first[first:stop]
            self._blend(int(numbers.min()), int(numbers.max()) + self._span)

    def _blend(self, low: int, high: int) -> None:
        """Moments from `low` to `high` anew, as :func:`~m3n_studio.learning.predict.blend` has them.

        Moments whose windows are not all known stay unknown.
        """
        i, j = np.searchsorted(self._first, [low - self._span + 1, high])
        first = self._first[i:j] - low
        known = np.repeat(self.known[i:j, None], len(self.classes), axis=1)
        value = np.where(known, np.nan_to_num(self.window_probability[i:j]), np.float32(0.0))
        total, weight, lacking = np.zeros((high - low, value.shape[1])), np.zeros(high - low), np.zeros(high - low)
        for step in range(self._span):
            share = 1.0 - abs((step + 0.5) / self._span - 0.5) * 2.0 if self._span > 1 else 1.0
            at = first + step
            here = (at >= 0) & (at < high - low)
            np.add.at(total, at[here], share * value[here])
            np.add.at(weight, at[here], share)
            np.add.at(lacking, at[here], ~self.known[i:j][here])
        sure = (weight > 0) & (lacking == 0)
        mean = np.where(sure[:, None], total / np.where(weight > 0, weight, 1.0)[:, None], np.nan)
        self._probability[low:high] = mean

    def predicted(self) -> Explained:
        """What is known now."""
        return Explained(
            self.time_s, self._probability.copy(), self.start_s, self.window_probability, self.gates, self.classes,
            self.placements, self.hop_s, self.length_s, self.mean_gates, self.contribution, self.what,
        )  # fmt: skip
