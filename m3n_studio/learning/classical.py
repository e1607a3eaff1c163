"""What one would pick today without deep learning: MiniRocket with a ridge, a forest on window statistics.

Both take :class:`Windows` as they are, in m/s2 and rad/s, with several placements and with
masked ones. They keep what they need to say which class a column is, so that a class without
training windows is simply never predicted. aeon and scikit-learn are imported when used: they
take seconds. What was learned is a handful of arrays (:meth:`_Base.arrays`), from which alone is
predicted, so that it can be kept in a file without pickling anything.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import ValueProblem
from m3n_studio.learning.windows import Ints, Singles, Windows

Floats = NDArray[np.float64]

#: MiniRocket's shortest series.
_SHORTEST = 9

#: How many kernels it has at each dilation.
_KERNELS = 84


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

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that was learned."""
        ...

    def fill(self, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Be what :meth:`arrays` was taken from; `ValueProblem` where it is something else."""
        ...


class _Base:
    """What both share: which classes were seen, and columns for those that were not."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self._classes = 0
        self._seen: Ints = np.zeros(0, dtype=np.int64)
        self._learned: dict[str, NDArray[Any]] = {}

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

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that was learned, by name."""
        return {"classes": np.array(self._classes), "seen": self._seen, **self._learned}

    def fill(self, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Be what :meth:`arrays` was taken from; `ValueProblem` where it is something else."""
        for name, (kind, dimensions) in {"classes": ("i", 0), "seen": ("i", 1)}.items():
            found = arrays.get(name)
            if found is None or found.dtype.kind != kind or found.ndim != dimensions:
                raise ValueProblem(f"a kept model has {name}; found {'none' if found is None else found.dtype}")
        self._classes, self._seen = int(arrays["classes"]), arrays["seen"].astype(np.int64)
        if not len(self._seen) or self._seen.min() < 0 or self._seen.max() >= self._classes:
            raise ValueProblem(f"a kept model has classes below {self._classes}; found others")
        self._learned = {n: a for n, a in arrays.items() if n not in ("classes", "seen")}
        if len(self._seen) > 1:
            self._check()
        return self

    def _check(self) -> None:
        """`ValueProblem` where the arrays are not those of this method."""
        for name, (kinds, dimensions) in self._wants.items():
            found = self._learned.get(name)
            if found is None or found.dtype.kind not in kinds or found.ndim != dimensions:
                raise ValueProblem(f"a kept model of {type(self).__name__} has {name}; found something else")

    _wants: Mapping[str, tuple[str, int]] = {}

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

    _wants: Mapping[str, tuple[str, int]] = {
        **{f"kernels{i}": ("i", 1) for i in range(4)}, "kernels4": ("f", 1), "scale": ("f", 1), "weight": ("f", 2),
        "offset": ("f", 1),
    }  # fmt: skip

    def __init__(self, seed: int = 0, kernels: int = 10_000) -> None:
        super().__init__(seed)
        self.kernels = kernels

    def _learn(self, windows: Windows) -> None:
        from sklearn.linear_model import RidgeClassifierCV
        from sklearn.preprocessing import StandardScaler

        if windows.samples < _SHORTEST:
            raise ValueProblem(f"MiniRocket needs windows of {_SHORTEST} samples or more; found {windows.samples}")
        transform = _minirocket(self.kernels, self.seed)
        features = transform.fit_transform(_series(windows))
        scaler = StandardScaler(with_mean=False).fit(features)
        ridge = RidgeClassifierCV(alphas=np.logspace(-3, 3, 10)).fit(scaler.transform(features), windows.label)
        kept = {f"kernels{i}": np.asarray(part) for i, part in enumerate(transform.parameters)}
        self._learned = {
            **kept, "scale": np.asarray(scaler.scale_, dtype=np.float64),
            "weight": np.atleast_2d(np.asarray(ridge.coef_, dtype=np.float64)),
            "offset": np.atleast_1d(np.asarray(ridge.intercept_, dtype=np.float64)),
        }  # fmt: skip

    def _share(self, windows: Windows) -> Floats:
        own = self._learned
        features = _features(tuple(own[f"kernels{i}"] for i in range(5)), _series(windows))
        if features.shape[1] != len(own["scale"]):
            raise ValueProblem(f"the windows give {features.shape[1]} features; it learned from {len(own['scale'])}")
        decision = (features / own["scale"]) @ own["weight"].T + own["offset"]
        if decision.shape[1] == 1:  # two classes
            decision = np.concatenate([-decision, decision], axis=1)
        grown = np.exp(decision - decision.max(axis=1, keepdims=True))
        return np.asarray(grown / grown.sum(axis=1, keepdims=True))

    def _check(self) -> None:
        super()._check()
        own, classes = self._learned, len(self._seen) if len(self._seen) > 2 else 1
        parts, indices, dilations, counts, biases = (own[f"kernels{i}"] for i in range(5))
        fits = (
            own["weight"].shape == (classes, len(own["scale"])) and own["offset"].shape == (classes,)
            and len(dilations) == len(counts) and (parts > 0).all() and (dilations > 0).all() and (counts > 0).all()
            and len(parts) == _KERNELS * len(dilations) and parts.sum() == len(indices) and (indices >= 0).all()
            and _KERNELS * counts.sum() == len(biases) == len(own["scale"])
        )  # fmt: skip
        if not fits:
            raise ValueProblem("a kept model of MiniRocket has parts that fit each other; found others")


def _features(parameters: tuple[NDArray[Any], ...], series: Singles) -> Singles:
    """MiniRocket's features (N, F) of series (N, channels, T) by kernels that were drawn before."""
    if len(parameters[1]) and int(parameters[1].max()) >= series.shape[1]:
        raise ValueProblem(f"MiniRocket learned from more channels than these {series.shape[1]}")
    transform = _minirocket(len(parameters[4]), 0)
    transform.parameters, transform._n_jobs = parameters, 1
    return np.asarray(transform._transform(series))


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

    _wants: Mapping[str, tuple[str, int]] = {
        "root": ("i", 1), "left": ("i", 1), "right": ("i", 1), "feature": ("i", 1), "threshold": ("f", 1),
        "missing_left": ("u", 1), "share": ("f", 2),
    }  # fmt: skip

    def __init__(self, seed: int = 0, trees: int = 300) -> None:
        super().__init__(seed)
        self.trees = trees

    def _learn(self, windows: Windows) -> None:
        from sklearn.ensemble import RandomForestClassifier

        forest = RandomForestClassifier(self.trees, random_state=self.seed, n_jobs=1)
        forest.fit(statistics(windows), windows.label)
        trees = [tree.tree_ for tree in forest.estimators_]
        root = np.concatenate([[0], np.cumsum([tree.node_count for tree in trees])[:-1]]).astype(np.int64)
        below = {
            name: np.concatenate([
                np.where(of >= 0, of + start, -1)
                for start, of in zip(root, (getattr(t, f"children_{name}") for t in trees), strict=True)
            ]).astype(np.int64)
            for name in ("left", "right")
        }  # fmt: skip
        share = np.concatenate([tree.value[:, 0] for tree in trees])
        self._learned = {
            "root": root, **below, "feature": np.concatenate([t.feature for t in trees]).astype(np.int64),
            "threshold": np.concatenate([t.threshold for t in trees]),
            "missing_left": np.concatenate([t.missing_go_to_left for t in trees]).astype(np.uint8),
            "share": share / share.sum(axis=1, keepdims=True),
        }  # fmt: skip

    def _share(self, windows: Windows) -> Floats:
        own, x = self._learned, statistics(windows)
        if x.shape[1] <= int(own["feature"].max()):
            raise ValueProblem(f"the windows give {x.shape[1]} statistics; it learned from more")
        at = np.repeat(own["root"][None], len(x), axis=0)  # (N, trees)
        inner = own["left"][at] >= 0
        while inner.any():
            row, tree = np.nonzero(inner)
            node = at[row, tree]
            value = x[row, own["feature"][node]]
            lower = np.where(np.isnan(value), own["missing_left"][node] > 0, value <= own["threshold"][node])
            at[row, tree] = np.where(lower, own["left"][node], own["right"][node])
            inner = own["left"][at] >= 0
        return np.asarray(own["share"][at].mean(axis=1))

    def _check(self) -> None:
        super()._check()
        own = self._learned
        left, right, count = own["left"], own["right"], len(own["left"])
        inner, here = left >= 0, np.arange(count)
        fits = (
            len({len(own[n]) for n in ("left", "right", "feature", "threshold", "missing_left", "share")}) == 1
            and own["share"].shape[1] == len(self._seen) and len(own["root"]) > 0
            and ((own["root"] >= 0) & (own["root"] < count)).all() and (inner == (right >= 0)).all()
            and (left[inner] > here[inner]).all() and (right[inner] > here[inner]).all()
            and (np.maximum(left, right) < count).all() and (own["feature"][inner] >= 0).all()
        )  # fmt: skip
        if not fits:
            raise ValueProblem("a kept model of a forest has nodes that lead downwards to leaves; found others")


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
