"""What the sliders of a body's attributes mean: rows, ranges, percentiles, drags, presets. No Qt.

A drag holds the body it began with and solves for the dragged measurement together with the
locked ones (:func:`m3n_studio.body.solve.solve_shape`), so that going there and back ends where
it began. One step takes well under a millisecond.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import erf, isfinite, sqrt

from m3n_studio.body import measure
from m3n_studio.body.model import BodyModel
from m3n_studio.body.quick import quick_gauge
from m3n_studio.body.shape import Shape
from m3n_studio.body.solve import TOLERANCE, Solution, parse_targets, solve_shape


@dataclass(frozen=True)
class Attribute:
    """One row.

    Attributes
    ----------
    name : str
        Of the measurement.
    title, tip : str
        For people.
    unit : str
        As shown, "cm" or "kg".
    factor : float
        From m or kg to the unit shown.
    decimals : int
        Shown.
    step, page : float
        Of the arrow keys and of Page Up and Page Down, m or kg.
    """

    name: str
    title: str
    tip: str
    unit: str = "cm"
    factor: float = 100.0
    decimals: int = 1
    step: float = 0.002
    page: float = 0.02


ATTRIBUTES = (
    Attribute("stature", "Stature", "Height of the standing body", step=0.005, page=0.05),
    Attribute("mass", "Mass", "Volume of the body times 1.00 kg per litre", "kg", 1.0, 1, 0.5, 5.0),
    Attribute("arm_span", "Arm span", "Fingertip to fingertip, arms held out", step=0.005, page=0.05),
    Attribute("shoulder_breadth", "Shoulders", "Between the shoulder joints"),
    Attribute("hip_breadth", "Hips", "Between the hip joints"),
    Attribute("torso", "Torso", "Pelvis to neck along the spine"),
    Attribute("neck", "Neck", "Neck joint to head joint"),
    Attribute("upper_arm", "Upper arm", "Shoulder to elbow, mean of both sides"),
    Attribute("forearm", "Forearm", "Elbow to wrist, mean of both sides"),
    Attribute("hand", "Hand", "Wrist to the tip of the longest finger"),
    Attribute("thigh", "Thigh", "Hip to knee, mean of both sides"),
    Attribute("shank", "Shank", "Knee to ankle, mean of both sides"),
    Attribute("foot", "Foot", "Heel to the tip of the longest toe"),
)
BY_NAME = {a.name: a for a in ATTRIBUTES}
_REACH = 3.5


@dataclass(frozen=True)
class Scale:
    """What a slider covers, and the people behind it; m or kg."""

    low: float
    high: float
    mean: float
    std: float

    def percentile(self, value: float) -> float:
        """Share of people below, 0 to 100."""
        if self.std <= 0.0:
            return 50.0
        return 50.0 * (1.0 + erf((value - self.mean) / (self.std * sqrt(2.0))))


def scales(model: BodyModel) -> dict[str, Scale]:
    """The scale of every attribute: three and a half deviations either way, nothing below half the mean."""
    people = measure.population(model)
    out = {}
    for name, mean, std in zip(people.names, people.mean, people.std, strict=True):
        reach = max(_REACH * float(std), 0.1 * float(mean))
        out[name] = Scale(max(float(mean) - reach, 0.5 * float(mean)), float(mean) + reach, float(mean), float(std))
    return out


def percentile_text(percentile: float) -> str:
    """``P63``; below one and above 99 as ``< P1``, ``> P99``."""
    if percentile < 1.0:
        return "< P1"
    return "> P99" if percentile > 99.0 else f"P{percentile:.0f}"


def values(model: BodyModel, shape: Shape) -> dict[str, float]:
    """Every measurement of a body, m and kg."""
    found = quick_gauge(model).values(shape.vector(model))
    return {name: value * shape.scale ** (3 if name == "mass" else 1) for name, value in found.items()}


def shown(name: str, value: float) -> str:
    """A value as people read it: ``170.2 cm``."""
    row = BY_NAME[name]
    return f"{value * row.factor:.{row.decimals}f} {row.unit}"


class Drag:
    """Changes of one body towards targets, each from where it all began.

    Parameters
    ----------
    start : Shape
    locked : collection of str
        Measurements that keep the value they have at the start.
    """

    def __init__(self, model: BodyModel, start: Shape, locked: tuple[str, ...] = ()) -> None:
        self.model, self.start = model, start
        now = values(model, start) if locked else {}
        self.held = {name: now[name] for name in locked}

    def to(self, targets: Mapping[str, float]) -> Solution:
        """The nearest plausible body that measures this and keeps what is locked."""
        wanted = {**self.held, **targets}
        return solve_shape(self.model, wanted, start=self.start, quick=quick_gauge(self.model))


def shortfall(solution: Solution) -> str:
    """What could not be reached, for people; empty where everything was."""
    missed = [
        f"{BY_NAME[n].title} stops at {shown(n, solution.reached[n])}, {shown(n, solution.targets[n])} was asked"
        for n in solution.targets
        if abs(solution.reached[n] - solution.targets[n]) > TOLERANCE[n]
    ]
    if not missed:
        return ""
    limits = "limits of a plausible body" in solution.message
    why = "the limits of a plausible body" if limits else "what is asked and locked cannot be had together"
    return f"{'; '.join(missed)}: {why}."


@dataclass(frozen=True)
class Preset:
    """Named targets, m and kg; `source` says where they are from."""

    title: str
    targets: Mapping[str, float]
    source: str


_ANSUR = "Size of US Army personnel, ANSUR II (2012): mean and standard deviation"


def _sizes(title: str, stature: tuple[float, float], mass: tuple[float, float]) -> list[Preset]:
    """The 5th, 50th and 95th percentile of normal stature and mass (mean, deviation)."""
    return [
        Preset(
            f"{title}, {rank} percentile",
            {"stature": round(stature[0] + z * stature[1], 3), "mass": round(mass[0] + z * mass[1], 1)}, _ANSUR,
        )
        for rank, z in (("5th", -1.645), ("50th", 0.0), ("95th", 1.645))
    ]  # fmt: skip


PRESETS: tuple[Preset, ...] = (
    *_sizes("Woman", (1.629, 0.064), (67.8, 11.0)),
    *_sizes("Man", (1.756, 0.069), (85.5, 14.2)),
    Preset("1.70 m, as in the Multi3Net paper", {"stature": 1.70}, "Every body brought to a stature of 1.70 m"),
)


def randomised(model: BodyModel, start: Shape, locked: tuple[str, ...], seed: int) -> Shape:
    """Another body of the population that measures the same where it is locked."""
    from m3n_studio.imu.population import Population, Spread, draw

    now = values(model, start)
    population = Population(locked, tuple(Spread("fixed", now[name]) for name in locked), _unit(len(locked)))
    vectors, _ = draw(model, population, 1, seed)
    return Shape.from_vector(model, vectors[0])


def _unit(size: int) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(1.0 if i == j else 0.0 for j in range(size)) for i in range(size))


def to_text(found: Mapping[str, float]) -> str:
    """Measurements as text that :func:`from_text` and the command line's ``--shape`` read."""
    return ",".join(f"{row.name}={found[row.name]:.{1 if row.unit == 'kg' else 4}f}" for row in ATTRIBUTES)


def from_text(model: BodyModel, text: str, start: Shape, locked: tuple[str, ...]) -> Solution:
    """The body a text such as ``stature=1.85,forearm=+10%`` asks for; what it names is unlocked.

    Raises
    ------
    M3nError
        Saying which term is wrong and what it should look like.
    """
    targets = parse_targets(model, " ".join(text.split()).strip(" ,;").replace(";", ","), start=start)
    return Drag(model, start, tuple(n for n in locked if n not in targets)).to(targets)


def from_display(name: str, number: float) -> float:
    """From the unit shown to m or kg."""
    if not isfinite(number):
        raise ValueError(f"{name} must be a number; found {number}")
    return number / BY_NAME[name].factor
