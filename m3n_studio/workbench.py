"""The steps both the command line and the window take: open, place, simulate, align, judge.

Each is a short composition of the layers below, without Qt and without state, so that a
result on screen is the result of the same call in a script.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from m3n_studio.body.files import default_body, load_body
from m3n_studio.body.model import BodyModel
from m3n_studio.body.shape import Shape
from m3n_studio.errors import M3nError, UnknownName
from m3n_studio.motion.clip import Clip
from m3n_studio.recordings.signal import Signal

if TYPE_CHECKING:
    from m3n_studio.body.solve import Solution
    from m3n_studio.imu.align import Alignment
    from m3n_studio.imu.augment import Augmented
    from m3n_studio.imu.fidelity import FidelityReport
    from m3n_studio.imu.placement import Placement
    from m3n_studio.imu.population import Population
    from m3n_studio.imu.settings import Settings

WRISTS = ("left_wrist", "right_wrist")
ALIGN = ("clock", "mount")
DEMO_PREFIX = "demo:"
#: The body segment a sensor's place is on, for recordings that are named by segment.
SEGMENT_OF = {
    "wrist": "forearm", "ankle": "lower_leg", "shank": "lower_leg", "thigh": "upper_leg", "knee": "upper_leg",
    "pocket": "upper_leg", "chest": "upper_back", "belt": "hip",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Judged:
    """One simulated signal held against one real: how it was aligned, and how close it is.

    `aligned` is the recording on the simulated time base and in its frame.
    """

    alignment: Alignment
    aligned: Signal
    report: FidelityReport

    def text(self) -> str:
        """Alignment and table, for people."""
        return "\n".join(filter(None, [self.alignment.text(), self.report.text()]))

    def to_json(self) -> str:
        """Alignment and figures as strict JSON."""
        import json

        return json.dumps({"alignment": self.alignment.to_dict(), **json.loads(self.report.to_json())})


@dataclass(frozen=True, eq=False)
class Scene:
    """What a window shows: a clip on a body, its sensors, simulated signals, recordings as read.

    `judged` holds the recordings that belong to a sensor, aligned, in the order of `simulated`.
    """

    title: str
    model: BodyModel
    clip: Clip
    shape: Shape | None
    placements: tuple[Placement, ...]
    simulated: tuple[Signal, ...]
    recordings: tuple[Signal, ...] = ()
    judged: tuple[Judged, ...] = ()
    motion_path: str = ""
    recording_path: str = ""


def open_body(path: Path | None) -> BodyModel:
    """A body file, or the free body that ships."""
    return default_body() if path is None else load_body(path)


def open_clip(motion: str | Path, *, up: str = "auto") -> Clip:
    """A motion file, or a bundled motion named ``demo:NAME``."""
    from m3n_studio.motion.formats import read_clip

    if str(motion).startswith(DEMO_PREFIX):
        from m3n_studio.motion.demo import load_demo

        return load_demo(str(motion).removeprefix(DEMO_PREFIX))
    return read_clip(motion, up=up)


def place(model: BodyModel, names: Sequence[str]) -> tuple[Placement, ...]:
    """Placements by name on a body, each name once."""
    from m3n_studio.imu.placement import named_placement

    return tuple(named_placement(model, name) for name in dict.fromkeys(names))


def reach(model: BodyModel, text: str, *, start: Shape | None = None) -> Solution:
    """The nearest plausible body for targets such as ``stature=1.85,forearm=+10%``."""
    from m3n_studio.body.solve import parse_targets, solve_shape

    return solve_shape(model, parse_targets(model, text, start=start), start=start)


def parts(text: str) -> tuple[str, ...]:
    """The parts of an alignment named in ``clock,mount,gravity`` (or ``none``)."""
    from m3n_studio.imu.align import PARTS

    names = tuple(n.strip() for n in text.split(",") if n.strip() and n.strip() != "none")
    for name in names:
        if name not in PARTS:
            raise UnknownName("part of an alignment", name, (*PARTS, "none"))
    return names


def _words(name: str) -> frozenset[str]:
    return frozenset(name.lower().replace("-", "_").replace(" ", "_").split("_"))


def counterpart(name: str, real: Sequence[Signal]) -> Signal | None:
    """The recording of a sensor: the same name, else one with all its words, else that of its body segment."""
    words = _words(name)
    segment = frozenset[str]().union(*(_words(SEGMENT_OF.get(word, word)) for word in words))
    same = [s for s in real if s.name == name]
    for wanted in (words, segment):
        same = same or [s for s in real if wanted <= _words(s.name)]
    return same[0] if same else None


def pair_up(
    simulated: Sequence[Signal], real: Sequence[Signal], pairs: Sequence[str] = ()
) -> list[tuple[Signal, Signal]]:
    """Which recording belongs to which simulation.

    By ``SIM=REAL`` where given; else by name (:func:`counterpart`); else, where both sides have
    as many, in order. Anything unclear is an error naming both sides.
    """
    by_sim, by_real = {s.name: s for s in simulated}, {s.name: s for s in real}
    if pairs:
        return [_stated_pair(text, by_sim, by_real) for text in pairs]
    found = [(one, counterpart(one.name, real)) for one in simulated]
    matched = [(one, other) for one, other in found if other is not None]
    if matched:
        return matched
    if len(simulated) == len(real):
        return list(zip(simulated, real, strict=True))
    raise M3nError(
        f"cannot tell which recording belongs to which simulation: simulated {sorted(by_sim)}, real {sorted(by_real)};"
        " say --pair SIMULATED=REAL"
    )


def _stated_pair(text: str, by_sim: dict[str, Signal], by_real: dict[str, Signal]) -> tuple[Signal, Signal]:
    left, _, right = text.partition("=")
    if left not in by_sim:
        raise UnknownName("simulated signal", left, by_sim)
    if right not in by_real:
        raise UnknownName("real signal", right, by_real)
    return by_sim[left], by_real[right]


def match_quantiles(simulated: Sequence[Signal], real: Sequence[Signal]) -> tuple[Signal, ...]:
    """Each simulated signal mapped onto the distribution of its recording (:mod:`m3n_studio.imu.quantile`)."""
    from m3n_studio.imu.quantile import match_quantiles as match

    paired = {one.name: other for one, other in pair_up(simulated, real)}
    return tuple(match(s, paired[s.name]) if s.name in paired else s for s in simulated)


def judge(
    simulated: Sequence[Signal],
    real: Sequence[Signal],
    *,
    parts: Sequence[str] = ALIGN,
    pairs: Sequence[str] = (),
    lowpass_hz: float | None = None,
    normalise: str = "zscore",
) -> tuple[Judged, ...]:
    """Align every pair and measure how close it is."""
    return tuple(
        judge_pair(one, other, parts=parts, lowpass_hz=lowpass_hz, normalise=normalise)
        for one, other in pair_up(simulated, real, pairs)
    )


def judge_pair(
    simulated: Signal,
    real: Signal,
    *,
    alignment: Alignment | None = None,
    parts: Sequence[str] = ALIGN,
    lowpass_hz: float | None = None,
    normalise: str = "zscore",
) -> Judged:
    """Measure how close one recording is, after the alignment given, else after fitting one."""
    from m3n_studio.imu.align import align
    from m3n_studio.imu.fidelity import compare

    found = align(simulated, real, parts) if alignment is None else alignment
    aligned = found.apply(real, simulated).with_(name=real.name)
    return Judged(found, aligned, compare(simulated, aligned, lowpass_hz=lowpass_hz, normalise=normalise))


def write_report(
    path: str | Path,
    simulated: Sequence[Signal],
    real: Sequence[Signal],
    judged: Sequence[Judged],
    *,
    pairs: Sequence[str] = (),
    lowpass_hz: float | None = None,
    normalise: str = "zscore",
    files: Mapping[str, str] | None = None,
) -> None:
    """Write what :func:`judge` found as a report with figures (``.html``) or every number (``.csv``)."""
    from m3n_studio.imu import evidence, report

    found = [
        evidence.gather(one, other, verdict.alignment, lowpass_hz=lowpass_hz, normalise=normalise)
        for (one, other), verdict in zip(pair_up(simulated, real, pairs), judged, strict=True)
    ]
    report.write_report(path, found, provenance=files)


def scene(
    motion: str | Path,
    *,
    real: Path | None = None,
    placements: Sequence[str] = WRISTS,
    shape: str = "",
    up: str = "auto",
    parts: Sequence[str] = ALIGN,
    bandwidth_hz: float | None = 12.0,
    body: Path | None = None,
) -> Scene:
    """Everything a window shows, from a motion file and, if given, a recording."""
    from m3n_studio.imu.simulate import Settings, simulate
    from m3n_studio.recordings.formats import read_signals

    model, clip = open_body(body), open_clip(motion, up=up)
    wanted = reach(model, shape, start=clip.shape).shape if shape else None
    placed = place(model, placements)
    simulated = simulate(model, clip, placed, shape=wanted, settings=Settings(bandwidth_hz=bandwidth_hz))
    recordings = () if real is None else read_signals(real)
    judged = judge(simulated, recordings, parts=parts) if recordings else ()
    title = Path(motion).name
    moved = clip.source.path if str(motion).startswith(DEMO_PREFIX) else str(motion)
    recorded = "" if real is None else str(real)
    return Scene(title, model, clip, wanted, placed, simulated, recordings, judged, moved, recorded)


def populate(
    model: BodyModel,
    clip: Clip,
    placements: Sequence[Placement],
    population: Population,
    n: int,
    out: str | Path,
    *,
    seed: int = 0,
    settings: Settings | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Augmented:
    """Draw n bodies of a population and write what their sensors read to one HDF5 file."""
    from m3n_studio.imu.augment import augment
    from m3n_studio.imu.population import draw

    vectors, _ = draw(model, population, n, seed, cancelled=cancelled)
    return augment(
        model, clip, placements, out, bodies=vectors, seed=seed, settings=settings, progress=progress,
        cancelled=cancelled,
    )  # fmt: skip
