"""Which bodies bring synthetic signals closest to a subject's real ones, and what these bodies measure.

**Bodies.** The lengths of segments and the mass are drawn independently of each other (:func:`bodies_of`); stature
and arm span follow from them. Drawn as people are, with long feet on long legs, a segment the sensor cannot feel is
hinted at through one that it can: that is to be had too, where a guess at the whole person is wanted.

**Distance** (:func:`distances`). The energy distance between the real windows and those of a body, without its
term that no body changes: ``2 E|x - y| - E|y - y'|``. It is a maximum mean discrepancy, wants no bandwidth and no
covariance, and so holds for a few dozen windows in many dimensions, where a Fréchet distance is mostly noise and a
nearest neighbour listens to one window. Spaces: embeddings of unit length by a pretrained model, or, without one,
physical features of acceleration (:mod:`m3n_studio.learning.closeness_features`). The gyroscope does not change with
shape, so it says nothing about it and is left out of the latter.

**Hints** (:func:`find_hints`). The real windows are drawn anew many times (blocks of neighbours together); each time
the closest tenth of the bodies is found. An attribute's range is where these bodies lie. Whether it says more than
chance is tested by giving the attribute's values to other bodies (a permutation test on the largest distance of the
two cumulative distributions, corrected for the number of attributes), and what is indistinguishable, or hardly
narrower or shifted, is told as *no preference*. The test knows the noise of the windows and of the draw; it cannot
know of a motion unlike the real one, another strap, another device. A hint is a suggestion, not a measurement.

Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from m3n_studio.body.measure import NAMES, UNITS
from m3n_studio.body.model import BodyModel
from m3n_studio.errors import Cancelled, ValueProblem
from m3n_studio.imu.surface import Placement
from m3n_studio.motion.clip import Clip, runs

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Cancel = Callable[[], bool]

#: What is drawn independently; the rest of the measurements follows.
FREE = ("mass", "shoulder_breadth", "hip_breadth", "torso", "neck", "upper_arm", "forearm", "hand", "thigh", "shank",
        "foot")  # fmt: skip
REACH = 2.2
CLOSEST = 0.1
RESAMPLES, PERMUTATIONS = 200, 999
LEVEL = 0.05
#: An effect smaller than this is not worth a hint, however certain it is: in deviations among the bodies, or share of
#: the width lost.
LEAST_SHIFT, LEAST_NARROWING = 0.35, 0.35
#: Where the closest tenth is no closer than this share of the mean distance, no body is preferred: strangers' walks
#: against real wrists gave 0.02 to 0.11 and the same body for everybody, people's own motions 0.3 to 0.5.
LEAST_GAIN = 0.15
LEAST_WINDOWS, LEAST_BODIES = 8, 50
_AT_ONCE = 32


@dataclass(frozen=True)
class AttributeHint:
    """What the closest bodies measure.

    Attributes
    ----------
    name : str
        Of the measurement, one of :data:`m3n_studio.body.measure.NAMES`.
    low, best, high : float, m or kg
        Where nine tenths of the closest bodies lie, and their median.
    all_low, all_high : float, m or kg
        Where nine tenths of all bodies lie.
    shift : float
        Mean of the closest less mean of all, in deviations of all.
    narrowing : float
        Share of the deviation that is lost among the closest; negative where they spread more.
    chance : float
        How often chance alone does as much, corrected for the number of attributes.
    preferred : bool
        Whether there is a preference at all.
    """

    name: str
    low: float
    best: float
    high: float
    all_low: float
    all_high: float
    shift: float
    narrowing: float
    chance: float
    preferred: bool

    @property
    def unit(self) -> str:
        """M or kg."""
        return UNITS[self.name]


@dataclass(frozen=True, eq=False)
class Closeness:
    """Bodies, how close each is, and what the closest have in common.

    Attributes
    ----------
    distance : (K,) float64
        Energy distance to the real windows, 0 for the same distribution (square root taken).
    values : (K, 13) float64, m or kg
        What the bodies measure, in the order of :data:`m3n_studio.body.measure.NAMES`.
    vectors : (K, S) float64
        Their shapes.
    closest : (M,) int64
        The closest tenth, the closest first.
    hints : tuple of AttributeHint
        For every measurement.
    real, synthetic : int
        Windows compared.
    """

    distance: Floats
    values: Floats
    vectors: Floats
    closest: NDArray[np.int64]
    hints: tuple[AttributeHint, ...]
    real: int
    synthetic: int

    @property
    def gain(self) -> float:
        """How much closer the closest tenth is than all bodies on average, as a share of the latter."""
        mean = float(self.distance.mean())
        return 1.0 - float(self.distance[self.closest].mean()) / mean if mean > 0 else 0.0


def bodies_of(
    model: BodyModel, n: int, *, together: bool = False, seed: int = 0, cancelled: Cancel | None = None
) -> tuple[Floats, Floats]:
    """Bodies to compare.

    Parameters
    ----------
    together : bool
        Measurements go together as among people; else segments and mass vary each by itself, evenly over
        :data:`REACH` deviations to either side.

    Returns
    -------
    vectors : (n, S)
        Shape vectors.
    values : (n, 13), m or kg
        What the bodies measure, in the order of :data:`m3n_studio.body.measure.NAMES`.
    """
    from m3n_studio.body.quick import quick_gauge
    from m3n_studio.imu.population import Population, Spread, draw, of_people

    stated = of_people(model, FREE)
    if together:
        free = of_people(model)
    else:
        apart = tuple(tuple(float(i == j) for j in range(len(FREE))) for i in range(len(FREE)))
        even = tuple(Spread("uniform", s.a - REACH * s.b, s.a + REACH * s.b) for s in stated.spreads)
        free = Population(stated.attributes, even, apart)
    vectors, _ = draw(model, free, n, seed, cancelled=cancelled)
    values, _ = quick_gauge(model).many(vectors, NAMES)
    return vectors, values


@dataclass(frozen=True, eq=False)
class BodyWindows:
    """Windows of motions as functions of the body, for one placement.

    Attributes
    ----------
    linear : (M, T, 3, 1 + S) float32
    constant : (M, T, 3) float32, m/s2
    gyr_radps : (M, T, 3) float32
        The same for all bodies.
    clip : (M,) int64
        Which of the motions.
    start_s : (M,) float64, s
        On the motion's clock.
    """

    linear: Singles
    constant: Singles
    gyr_radps: Singles
    clip: NDArray[np.int64]
    start_s: Floats

    def __len__(self) -> int:
        return len(self.linear)

    def of(self, vectors: Floats) -> Singles:
        """Windows (K, M, 6, T) of bodies (K, S): m/s2 and rad/s, as :class:`~m3n_studio.learning.windows.Windows`."""
        m, t, _, width = self.linear.shape
        ones = np.concatenate([np.ones((len(vectors), 1)), vectors], axis=1).astype(np.float32)
        acc = (ones @ self.linear.reshape(-1, width).T).reshape(len(vectors), m, t, 3) + self.constant
        out = np.empty((len(vectors), m, 6, t), dtype=np.float32)
        out[:, :, :3] = acc.swapaxes(2, 3)
        out[:, :, 3:] = self.gyr_radps.swapaxes(1, 2)
        return out


@dataclass(frozen=True, eq=False)
class Motion:
    """A motion to simulate, and where in it windows may lie (s, on its own clock); everywhere where empty."""

    clip: Clip
    spans: tuple[tuple[float, float], ...] = ()


def body_windows(
    model: BodyModel, motions: Sequence[Motion], placement: Placement, *, rate_hz: float, samples: int, stride: int,
    bandwidth_hz: float, most: int, seed: int = 0, cancelled: Cancel = lambda: False,
) -> BodyWindows:  # fmt: skip
    """Cut motions into windows that are functions of the body; at most so many, drawn from all of them.

    Raises
    ------
    ValueProblem
        Where no motion lasts as long as a window.
    """
    from m3n_studio.imu.settings import Settings
    from m3n_studio.imu.tensor import signal_tensor

    parts: list[tuple[Singles, Singles, Singles, int, float]] = []
    for index, motion in enumerate(motions):
        if cancelled():
            raise Cancelled("comparing bodies was cancelled")
        tensor = signal_tensor(model, motion.clip, [placement], Settings(rate_hz=rate_hz, bandwidth_hz=bandwidth_hz))
        good = tensor.valid & _inside(tensor.time_s, motion.spans)
        for a, b in runs(good):
            for at in range(a, b - samples + 1, stride):
                cut = slice(at, at + samples)
                fixed, gyr = (a[0, cut].astype(np.float32) for a in (tensor.acc_constant, tensor.gyr_radps))
                parts.append((tensor.acc_linear[0, cut], fixed, gyr, index, float(tensor.time_s[at])))
    if not parts:
        raise ValueProblem(
            f"no motion lasts {samples / rate_hz:g} s without a gap: choose other motions, or another class"
        )
    if len(parts) > most:
        kept = np.sort(np.random.default_rng(seed).choice(len(parts), most, replace=False))
        parts = [parts[i] for i in kept]
    return BodyWindows(
        np.stack([p[0] for p in parts]), np.stack([p[1] for p in parts]), np.stack([p[2] for p in parts]),
        np.array([p[3] for p in parts], dtype=np.int64), np.array([p[4] for p in parts]),
    )  # fmt: skip


def _inside(time_s: Floats, spans: Sequence[tuple[float, float]]) -> NDArray[np.bool_]:
    if not spans:
        return np.ones(len(time_s), dtype=bool)
    out = np.zeros(len(time_s), dtype=bool)
    for start, end in spans:
        out |= (time_s >= start) & (time_s <= end)
    return out


Space = Callable[[Singles], Floats]


def distances(
    real: Floats, windows: BodyWindows, vectors: Floats, space: Space, *,
    progress: Callable[[int, int], None] | None = None, cancelled: Cancel = lambda: False,
) -> tuple[Floats, Floats]:  # fmt: skip
    """How far the windows of bodies are from real ones, piece by piece.

    Parameters
    ----------
    real : (N, D)
        Real windows in the space.
    windows : BodyWindows
    vectors : (K, S)
    space : callable
        Windows (n, 6, T) to points (n, D).
    progress : callable of (bodies done, bodies)
    cancelled : callable returning bool

    Returns
    -------
    far : (K, N)
        Mean distance of a real window to those of a body.
    own : (K,)
        Mean distance of a body's windows to each other.
    """
    k, n, m = len(vectors), len(real), len(windows)
    far, own = np.empty((k, n)), np.empty(k)
    for a in range(0, k, _AT_ONCE):
        if cancelled():
            raise Cancelled("comparing bodies was cancelled")
        made = windows.of(vectors[a : a + _AT_ONCE])
        points = space(made.reshape(-1, *made.shape[2:])).reshape(len(made), m, -1)
        for i, body in enumerate(points):
            far[a + i] = _apart(real, body).mean(axis=1)
            own[a + i] = _apart(body, body).mean()
        if progress:
            progress(min(a + _AT_ONCE, k), k)
    return far, own


def _apart(a: Floats, b: Floats) -> Floats:
    """Distances (N, M) between points (N, D) and (M, D)."""
    square = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1) - 2.0 * a @ b.T
    return np.asarray(np.sqrt(np.maximum(square, 0.0)))


def closeness(
    real: Floats, blocks: NDArray[np.int64], windows: BodyWindows, vectors: Floats, values: Floats, space: Space, *,
    seed: int = 0, progress: Callable[[int, int], None] | None = None, cancelled: Cancel = lambda: False,
) -> Closeness:  # fmt: skip
    """Compare bodies with real windows.

    Parameters
    ----------
    real : (N, D)
        In the space.
    blocks : (N,)
        Which real windows are drawn together, since they overlap or follow each other.
    windows, vectors, values, space
        As of :func:`distances` and :func:`bodies_of`.

    Raises
    ------
    ValueProblem
        Where there are too few windows or bodies to say anything.
    """
    if len(real) < LEAST_WINDOWS:
        raise ValueProblem(f"{len(real)} real windows are too few to compare; {LEAST_WINDOWS} are needed")
    if len(vectors) < LEAST_BODIES:
        raise ValueProblem(f"{len(vectors)} bodies are too few to compare; {LEAST_BODIES} are needed")
    far, own = distances(real, windows, vectors, space, progress=progress, cancelled=cancelled)
    among = float(_apart(real, real).mean())
    distance = np.sqrt(np.maximum(2.0 * far.mean(axis=1) - own - among, 0.0))
    closest = np.argsort(distance, kind="stable")[: max(round(CLOSEST * len(vectors)), 5)]
    hints = find_hints(far, own, blocks, values, seed=seed)
    made = Closeness(distance, values, vectors, closest, hints, len(real), len(windows))
    if made.gain >= LEAST_GAIN:
        return made
    return replace(made, hints=tuple(replace(h, preferred=False) for h in hints))


def find_hints(
    far: Floats, own: Floats, blocks: NDArray[np.int64], values: Floats, *, names: Sequence[str] = NAMES, seed: int = 0
) -> tuple[AttributeHint, ...]:
    """What the closest bodies measure, attribute by attribute.

    Parameters
    ----------
    far : (K, N); own : (K,)
        From :func:`distances`.
    blocks : (N,)
    values : (K, A), m or kg
    names : sequence of A str
    """
    rng = np.random.default_rng([seed, 1])
    weight = _memberships(far, own, blocks, rng)
    mean, std = values.mean(axis=0), np.maximum(values.std(axis=0), 1e-12)
    z = (values - mean) / std
    seen = weight @ z
    shift, narrow = seen, 1.0 - np.sqrt(np.maximum(weight @ (z * z) - seen**2, 0.0))
    order = np.argsort(values, axis=0, kind="stable")
    found = _largest(weight, order)
    count = np.zeros(len(names))
    for _ in range(PERMUTATIONS):
        count += _largest(weight[rng.permutation(len(weight))], order) >= found
    chance = np.minimum((1.0 + count) / (1.0 + PERMUTATIONS) * len(names), 1.0)
    real = (chance < LEVEL) & ((np.abs(shift) >= LEAST_SHIFT) | (narrow >= LEAST_NARROWING))
    out = []
    for i, name in enumerate(names):
        low, best, high = _quantiles(values[order[:, i], i], weight[order[:, i]], (0.05, 0.5, 0.95))
        all_low, all_high = np.quantile(values[:, i], (0.05, 0.95))
        out.append(AttributeHint(name, low, best, high, float(all_low), float(all_high), float(shift[i]),
                                 float(narrow[i]), float(chance[i]), bool(real[i])))  # fmt: skip
    return tuple(out)


def _memberships(far: Floats, own: Floats, blocks: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """How often each body is among the closest tenth when the real windows are drawn anew, summing to 1 (K,)."""
    ids, at = np.unique(blocks, return_inverse=True)
    drawn = rng.multinomial(len(ids), np.full(len(ids), 1.0 / len(ids)), size=RESAMPLES).astype(np.float64)
    drawn = drawn[:, at]
    drawn /= np.maximum(drawn.sum(axis=1, keepdims=True), 1.0)
    score = 2.0 * far @ drawn.T - own[:, None]
    most = max(round(CLOSEST * len(far)), 5)
    closest = np.argpartition(score, most - 1, axis=0)[:most]
    return np.asarray(np.bincount(closest.ravel(), minlength=len(far)) / closest.size)


def _largest(weight: Floats, order: NDArray[np.int64]) -> Floats:
    """Largest distance of the weighted cumulative distribution to that of all bodies, per attribute (A,)."""
    k = len(weight)
    return np.asarray(np.abs(np.cumsum(weight[order], axis=0) - np.arange(1, k + 1)[:, None] / k).max(axis=0))


def _quantiles(values: Floats, weight: Floats, at: Sequence[float]) -> tuple[float, ...]:
    """Quantiles of sorted values with weights."""
    middle = np.cumsum(weight) - 0.5 * weight
    return tuple(float(v) for v in np.interp(at, middle, values))
