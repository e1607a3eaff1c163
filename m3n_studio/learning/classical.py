"""What one would pick today without deep learning: MiniRocket with a ridge, a forest on window statistics.

Both take :class:`Windows` as they are, in m/s2 and rad/s, with several placements and with
masked ones. They keep what they need to say which class a column is, so that a class without
training windows is simply never predicted. aeon and scikit-learn are imported when used: they
take seconds.
"""

from __future__ import annotations

import warnings
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import ValueProblem
from m3n_studio.learning.windows import Ints, Singles, Windows

Floats = NDArray[np.float64]

#: MiniRocket's shortest series.
_SHORTEST = 9


class Classical(Protocol):
    """A classifier of windows that learns in one go."""

    def fit(self, windows: Windows, train: Ints | None = None) -> Self:
        """Learn from the labelled windows at `train` (all of them where None)."""
        ...

    def probabilities(self, windows: Windows) -> Floats:
        """(N, C), rows sum to one."""
        ...

    def predict(self, windows: Windows) -> Ints:
        """(N,) index of the class."""
        ...


class _Base:
    """What both share: which classes were seen, and columns for those that were not."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self._classes = 0
        self._seen: Ints = np.zeros(0, dtype=np.int64)

    def fit(self, windows: Windows, train: Ints | None = None) -> Self:
        """Learn from the labelled windows at `train` (all of them where None)."""
        chosen = np.arange(len(windows)) if train is None else train
        chosen = chosen[windows.label[chosen] >= 0]
        if not len(chosen):
            raise ValueProblem("there is no labelled window to learn from")
        part = windows.take(chosen)
        self._classes, self._seen = len(windows.classes), np.unique(part.label)
        if len(self._seen) > 1:
            self._learn(part)
        return self

    def probabilities(self, windows: Windows) -> Floats:
        """(N, C), rows sum to one; 0 for classes never seen in training."""
        if not self._classes:
            raise ValueProblem("it has not learned yet: fit comes first")
        out = np.zeros((len(windows), self._classes))
        out[:, self._seen] = self._share(windows) if len(self._seen) > 1 else 1.0
        return out

    def predict(self, windows: Windows) -> Ints:
        """(N,) index of the likeliest class."""
        return np.asarray(self.probabilities(windows).argmax(axis=1), dtype=np.int64)

    def _learn(self, windows: Windows) -> None:
        raise NotImplementedError

    def _share(self, windows: Windows) -> Floats:
        raise NotImplementedError


class MiniRocket(_Base):
    """MiniRocket features of every placement's channels, scaled, and a ridge with its own cross-validation.

    The ridge gives no probabilities: those are the softmax of its decisions, good for ranking but
    not calibrated. A masked placement is zeros.

    Parameters
    ----------
    seed : int
        Of the kernels' biases.
    kernels : int
        About how many features; 10 000 as published.
    """

    def __init__(self, seed: int = 0, kernels: int = 10_000) -> None:
        super().__init__(seed)
        self.kernels = kernels
        self._pipeline: Any = None

    def _learn(self, windows: Windows) -> None:
        from sklearn.linear_model import RidgeClassifierCV
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        if windows.samples < _SHORTEST:
            raise ValueProblem(f"MiniRocket needs windows of {_SHORTEST} samples or more; found {windows.samples}")
        transform = _minirocket(self.kernels, self.seed)
        ridge = RidgeClassifierCV(alphas=np.logspace(-3, 3, 10))
        self._pipeline = make_pipeline(transform, StandardScaler(with_mean=False), ridge)
        self._pipeline.fit(_series(windows), windows.label)

    def _share(self, windows: Windows) -> Floats:
        decision = np.asarray(self._pipeline.decision_function(_series(windows)), dtype=np.float64)
        if decision.ndim == 1:  # two classes
            decision = np.stack([-decision, decision], axis=1)
        grown = np.exp(decision - decision.max(axis=1, keepdims=True))
        return np.asarray(grown / grown.sum(axis=1, keepdims=True))


def _minirocket(kernels: int, seed: int) -> Any:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)  # while aeon and what it uses are imported
        warnings.filterwarnings("ignore", category=FutureWarning)
        from aeon.transformations.collection.convolution_based import MiniRocket as Transform

    return Transform(n_kernels=kernels, random_state=seed, n_jobs=1)


def _series(windows: Windows) -> Singles:
    """(N, P * 6, T)."""
    return np.ascontiguousarray(windows.imu.reshape(len(windows), -1, windows.samples))


class Forest(_Base):
    """A random forest on statistics of every channel and of both magnitudes of every placement.

    The statistics of a masked placement are missing values, which the trees handle.

    Parameters
    ----------
    seed : int
    trees : int
    """

    def __init__(self, seed: int = 0, trees: int = 300) -> None:
        super().__init__(seed)
        self.trees = trees
        self._forest: Any = None

    def _learn(self, windows: Windows) -> None:
        from sklearn.ensemble import RandomForestClassifier

        self._forest = RandomForestClassifier(self.trees, random_state=self.seed, n_jobs=1)
        self._forest.fit(statistics(windows), windows.label)

    def _share(self, windows: Windows) -> Floats:
        return np.asarray(self._forest.predict_proba(statistics(windows)), dtype=np.float64)


#: What :func:`statistics` has of every channel.
STATISTICS = (
    "mean", "std", "least", "most", "median", "quartiles", "energy", "roughness", "crossings", "peak_hz",
    "peak_share", "entropy",
)  # fmt: skip


def statistics(windows: Windows) -> Singles:
    """Statistics of each window (N, P * 8 * len(STATISTICS)); NaN for masked placements.

    Channels of a placement: acc x y z, gyr x y z, magnitude of acc, magnitude of gyr.
    """
    imu = windows.imu.astype(np.float64)
    norms = [np.linalg.norm(imu[:, :, i : i + 3], axis=2, keepdims=True) for i in (0, 3)]
    x = np.concatenate([imu, *norms], axis=2)  # (N, P, 8, T)
    low, middle, high = np.percentile(x, [25, 50, 75], axis=-1)
    mean = x.mean(axis=-1)
    away = x - mean[..., None]
    power = np.abs(np.fft.rfft(away, axis=-1))[..., 1:] ** 2
    share = power / np.maximum(power.sum(axis=-1, keepdims=True), 1e-12)
    frequency = np.fft.rfftfreq(x.shape[-1], 1.0 / windows.rate_hz)[1:]
    features = [
        mean, x.std(axis=-1), x.min(axis=-1), x.max(axis=-1), middle, high - low, (x**2).mean(axis=-1),
        np.abs(np.diff(x, axis=-1)).mean(axis=-1), (np.diff(np.signbit(away), axis=-1) != 0).mean(axis=-1),
        frequency[share.argmax(axis=-1)], share.max(axis=-1), -(share * np.log(share + 1e-12)).sum(axis=-1),
    ]  # fmt: skip
    out = np.stack(features, axis=-1)
    out[~windows.mask] = np.nan
    return np.asarray(out.reshape(len(windows), -1), dtype=np.float32)
