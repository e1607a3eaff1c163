"""A population of bodies: what their measurements are distributed like, and bodies drawn from it.

Targets are drawn with the distributions and correlations that were stated (a Gaussian copula),
each together with a random body; the body nearest to that one which meets its targets is
found for all bodies at once. So what was stated comes out exactly, up to sampling error, and
what was not (all other proportions) varies as it does among people of those measurements.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from m3n_studio.body import measure
from m3n_studio.body.model import BodyModel
from m3n_studio.body.quick import QuickGauge, quick_gauge
from m3n_studio.body.shape import LIMBS
from m3n_studio.body.solve import BETA_LIMIT, LIMB_LIMIT, LIMB_STD, TOLERANCE
from m3n_studio.errors import Cancelled, UnknownName, ValueProblem

Array = NDArray[np.float64]

KINDS = ("normal", "uniform", "fixed")
_MOST_BODIES = 10_000_000
_STEPS = 12
#: Bodies are always made so many at a time and the rest left off: rounding cannot depend on n.
_BATCH = 128
_DAMPING = 1e-4


@dataclass(frozen=True)
class Spread:
    """How one measurement is distributed, m or kg.

    Attributes
    ----------
    kind : {"normal", "uniform", "fixed"}
    a, b : float
        Mean and standard deviation; lowest and highest; the value and nothing.
    """

    kind: str
    a: float
    b: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UnknownName("distribution", self.kind, KINDS)
        if not (np.isfinite(self.a) and np.isfinite(self.b)) or self.a <= 0.0:
            raise ValueProblem(f"a measurement must be a positive number; found {self.a:g} and {self.b:g}")
        if self.kind == "normal" and self.b < 0.0:
            raise ValueProblem(f"a standard deviation must not be negative; found {self.b:g}")
        if self.kind == "uniform" and self.b <= self.a:
            raise ValueProblem(f"a range must end above where it begins; found {self.a:g} to {self.b:g}")

    @property
    def mean(self) -> float:
        """Expected value."""
        return 0.5 * (self.a + self.b) if self.kind == "uniform" else self.a

    @property
    def std(self) -> float:
        """Standard deviation."""
        return {"normal": self.b, "uniform": (self.b - self.a) / 12**0.5, "fixed": 0.0}[self.kind]

    def of(self, z: Array) -> Array:
        """Values for standard normal numbers."""
        if self.kind == "uniform":
            from scipy.special import ndtr

            return np.asarray(self.a + (self.b - self.a) * ndtr(z))
        return np.asarray(self.a + (self.b if self.kind == "normal" else 0.0) * z)


@dataclass(frozen=True)
class Population:
    """Which measurements are stated, and how they are distributed together.

    Attributes
    ----------
    attributes : tuple of str
        Names from :data:`m3n_studio.body.measure.NAMES`, each once.
    spreads : tuple of Spread
        One for each.
    correlation : tuple of tuples of float, or None
        Among the attributes; None: as among the people the body's components stand for.
    variety : float
        Deviation of all that is not stated, 1 as among people, 0 for none.
    """

    attributes: tuple[str, ...]
    spreads: tuple[Spread, ...]
    correlation: tuple[tuple[float, ...], ...] | None = None
    variety: float = 1.0

    def __post_init__(self) -> None:
        for name in self.attributes:
            if name not in measure.NAMES:
                raise UnknownName("measurement", name, measure.NAMES)
        m = len(self.attributes)
        if len(set(self.attributes)) != m or len(self.spreads) != m:
            raise ValueProblem("every attribute of a population needs one distribution and may be named once")
        if not 0.0 <= self.variety <= 2.0:
            raise ValueProblem(f"variety must be from 0 to 2; found {self.variety:g}")
        if self.correlation is not None:
            _checked(np.array(self.correlation, dtype=np.float64).reshape(len(self.correlation), -1), m)

    def correlations(self, model: BodyModel) -> Array:
        """The correlations (M, M) asked for."""
        if self.correlation is not None:
            return np.array(self.correlation, dtype=np.float64).reshape(len(self.attributes), -1)
        people = measure.population(model)
        rows = [people.names.index(name) for name in self.attributes]
        return np.asarray(people.correlation[np.ix_(rows, rows)])


def _checked(matrix: Array, size: int) -> None:
    if matrix.shape != (size, size) or not np.isfinite(matrix).all():
        raise ValueProblem(f"correlations must be a table of {size} by {size} numbers; found {matrix.shape}")
    if not np.allclose(matrix, matrix.T) or not np.allclose(np.diag(matrix), 1.0) or np.abs(matrix).max() > 1.0:
        raise ValueProblem("correlations must be from -1 to 1, the same both ways, and 1 of each with itself")
    if np.linalg.eigvalsh(matrix).min() < -1e-6:
        raise ValueProblem("these correlations contradict one another: no three things can be related like that")


def of_people(model: BodyModel, names: Sequence[str] = ("stature", "mass")) -> Population:
    """The population the body's components stand for, stated for some measurements."""
    people = measure.population(model)
    rows = [people.names.index(name) for name in names]
    return Population(
        tuple(names), tuple(Spread("normal", float(people.mean[i]), float(people.std[i])) for i in rows)
    )  # fmt: skip


def _copula(population: Population, wanted: Array) -> Array:
    """A factor (M, M) of the normal correlations that give the measurements those that are `wanted`."""
    uniform = np.array([s.kind == "uniform" for s in population.spreads], dtype=bool)
    both, one = uniform[:, None] & uniform, uniform[:, None] ^ uniform
    normal = np.where(both, 2.0 * np.sin(np.pi * wanted / 6.0), np.where(one, wanted * np.sqrt(np.pi / 3.0), wanted))
    np.fill_diagonal(normal, 1.0)
    values, vectors = np.linalg.eigh(np.clip(normal, -1.0, 1.0))
    factor = vectors * np.sqrt(np.maximum(values, 0.0))
    return np.asarray(factor / np.linalg.norm(factor, axis=1, keepdims=True))


def draw(
    model: BodyModel, population: Population, n: int, seed: int = 0, *, cancelled: Callable[[], bool] | None = None
) -> tuple[Array, Array]:
    """Bodies of a population, about a tenth of a second per thousand.

    `cancelled` is asked now and then; True raises :class:`~m3n_studio.errors.Cancelled`.

    Returns
    -------
    vectors : (n, S) float64
        Shape vectors, for :func:`m3n_studio.imu.augment.augment` or ``SignalTensor.acc_many``.
    measurements : (n, M) float64, m and kg
        What the bodies measure, in the order of ``population.attributes``; targets outside
        the limits of a plausible body are met as nearly as can be.

    Notes
    -----
    The first m bodies of n are those of ``n = m`` with the same seed.
    """
    if not 1 <= n <= _MOST_BODIES:
        raise ValueProblem(f"the number of bodies must be from 1 to {_MOST_BODIES}; found {n}")
    if seed < 0:
        raise ValueProblem(f"a seed must be a whole number from 0; found {seed}")
    names = population.attributes
    m, b = len(names), model.n_betas
    whole = -(-n // _BATCH) * _BATCH
    numbers = np.random.default_rng(seed).standard_normal((whole, m + b))
    start = np.zeros((whole, b + len(LIMBS)))
    start[:, :b] = np.clip(population.variety * numbers[:, m:], -0.9 * BETA_LIMIT, 0.9 * BETA_LIMIT)
    if not m:
        return start[:n], np.zeros((n, 0))
    z = (numbers[:, None, :m] * _copula(population, population.correlations(model))).sum(axis=2)  # row by row alike
    goal = np.column_stack([spread.of(z[:, i]) for i, spread in enumerate(population.spreads)])
    quick = quick_gauge(model)
    vectors, found = np.empty_like(start), np.empty_like(goal)
    for at in range(0, whole, _BATCH):
        if cancelled is not None and cancelled():
            raise Cancelled("stopped; no bodies were drawn")
        part = slice(at, at + _BATCH)
        vectors[part], found[part] = _meet(quick, names, goal[part], start[part])
    return vectors[:n], found[:n]


def _meet(quick: QuickGauge, names: tuple[str, ...], goal: Array, start: Array) -> tuple[Array, Array]:
    """The bodies (K, S) nearest to `start` that measure `goal` (K, M), and what they measure.

    Gauss-Newton on the distance in deviations for all bodies together; components that reach
    their limits are held there. Bodies that are there drop out.
    """
    b = start.shape[1] - len(LIMBS)
    spread = np.concatenate([np.ones(b), np.full(len(LIMBS), LIMB_STD)])
    limit = np.concatenate([np.full(b, BETA_LIMIT), np.full(len(LIMBS), LIMB_LIMIT)])
    unit = np.array([TOLERANCE[name] for name in names])
    vectors, free = start.copy(), np.ones(start.shape, dtype=bool)
    found, slopes = quick.many(vectors, names)
    left = np.arange(len(start))
    for _ in range(_STEPS):
        x, held = vectors[left], np.where(free[left], start[left], vectors[left])
        G = slopes / unit[:, None]
        wide = G * np.where(free[left], spread, 0.0)[:, None]
        gram = wide @ wide.transpose(0, 2, 1) + _DAMPING * np.eye(len(names))
        ask = (goal[left] - found[left]) / unit + (G @ (x - held)[..., None])[..., 0]
        weights = np.linalg.solve(gram, ask[..., None])
        new = held + spread * free[left] * (wide.transpose(0, 2, 1) @ weights)[..., 0]
        outside = np.abs(new) > limit
        vectors[left] = np.clip(new, -limit, limit)
        free[left] &= ~outside
        found[left], slopes = quick.many(vectors[left], names)
        open_ = (np.abs((goal[left] - found[left]) / unit) > 0.05).any(axis=1) | outside.any(axis=1)
        left, slopes = left[open_], slopes[open_]
        if not len(left):
            break
    return vectors, found
