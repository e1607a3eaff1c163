"""The steps both the command line and the window take: open, place, simulate, align, judge.

Each is a short composition of the layers below, without Qt and without state, so that a
result on screen is the result of the same call in a script.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    from m3n_studio.imu.fidelity import FidelityReport
    from m3n_studio.imu.placement import Placement
    from m3n_studio.imu.simulate import Settings

WRISTS = ("left_wrist", "right_wrist")
STEPS = ("clock", "mount")
DEMO_PREFIX = "demo:"


@dataclass(frozen=True, eq=False)
class Scene:
    """What a window shows: a clip on a body, its sensors, simulated and real signals.

    `real` holds the recordings already aligned onto the simulated time base; `alignments` says
    how, in the same order.
    """

    title: str
    model: BodyModel
    clip: Clip
    shape: Shape | None
    placements: tuple[Placement, ...]
    simulated: tuple[Signal, ...]
    real: tuple[Signal, ...] = ()
    alignments: tuple[Alignment, ...] = ()


@dataclass(frozen=True, eq=False)
class Judged:
    """One simulated signal held against one real: how it was aligned, and how close it is."""

    alignment: Alignment
    aligned: Signal
    report: FidelityReport

    def text(self) -> str:
        """Alignment and table, for people."""
        return f"{self.alignment.text()}\n{self.report.text()}"

    def to_json(self) -> str:
        """Alignment and figures as strict JSON."""
        import json

        return json.dumps({"alignment": self.alignment.to_dict(), **json.loads(self.report.to_json())})


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


def steps(text: str) -> tuple[str, ...]:
    """The alignment steps named in ``clock,mount`` (or ``none``)."""
    names = tuple(n.strip() for n in text.split(",") if n.strip() and n.strip() != "none")
    for name in names:
        if name not in STEPS:
            raise UnknownName("alignment step", name, (*STEPS, "none"))
    return names


def align_to(simulated: Signal, real: Signal, *, steps: Sequence[str] = STEPS) -> Alignment:
    """Find clock and mount of a recording against its simulation; steps left out stay neutral."""
    from m3n_studio.imu.align import Alignment, fit_clock, fit_mount

    alignment = Alignment()
    if "clock" in steps:
        alignment = alignment.with_clock(fit_clock(simulated, real))
    if "mount" in steps:
        alignment = alignment.with_mount(fit_mount(simulated, alignment.apply(real, simulated)))
    return alignment


def pair_up(
    simulated: Sequence[Signal], real: Sequence[Signal], pairs: Sequence[str] = ()
) -> list[tuple[Signal, Signal]]:
    """Which recording belongs to which simulation.

    By ``SIM=REAL`` where given; else by equal names; else, where both sides have as many, in
    order. Anything unclear is an error naming both sides.
    """
    by_sim, by_real = {s.name: s for s in simulated}, {s.name: s for s in real}
    if pairs:
        out = []
        for text in pairs:
            left, _, right = text.partition("=")
            if left not in by_sim:
                raise UnknownName("simulated signal", left, by_sim)
            if right not in by_real:
                raise UnknownName("real signal", right, by_real)
            out.append((by_sim[left], by_real[right]))
        return out
    common = [name for name in by_sim if name in by_real]
    if common:
        return [(by_sim[name], by_real[name]) for name in common]
    if len(simulated) == len(real):
        return list(zip(simulated, real, strict=True))
    raise M3nError(
        f"cannot tell which recording belongs to which simulation: simulated {sorted(by_sim)}, real {sorted(by_real)};"
        " say --pair SIMULATED=REAL"
    )


def judge(
    simulated: Sequence[Signal],
    real: Sequence[Signal],
    *,
    steps: Sequence[str] = STEPS,
    pairs: Sequence[str] = (),
    lowpass_hz: float | None = None,
    normalise: str = "zscore",
) -> tuple[Judged, ...]:
    """Align every pair and measure how close it is."""
    from m3n_studio.imu.fidelity import compare

    out = []
    for one, other in pair_up(simulated, real, pairs):
        alignment = align_to(one, other, steps=steps)
        aligned = alignment.apply(other, one)
        out.append(Judged(alignment, aligned, compare(one, aligned, lowpass_hz=lowpass_hz, normalise=normalise)))
    return tuple(out)


def scene(
    motion: str | Path,
    *,
    real: Path | None = None,
    placements: Sequence[str] = WRISTS,
    shape: str = "",
    up: str = "auto",
    steps: Sequence[str] = STEPS,
    bandwidth_hz: float | None = 12.0,
    body: Path | None = None,
) -> Scene:
    """Everything a window shows, from a motion file and, if given, a recording."""
    from m3n_studio.imu.simulate import Settings, simulate
    from m3n_studio.recordings.formats import read_signals

    model, clip = open_body(body), open_clip(motion, up=up)
    wanted = reach(model, shape, start=clip.shape).shape if shape else None
    placed = place(model, placements)
    settings: Settings = Settings(bandwidth_hz=bandwidth_hz)
    simulated = simulate(model, clip, placed, shape=wanted, settings=settings)
    aligned, alignments = [], []
    if real is not None:
        for one, other in pair_up(simulated, read_signals(real)):
            alignment = align_to(one, other, steps=steps)
            aligned.append(alignment.apply(other, one).with_(name=one.name))
            alignments.append(alignment)
    title = str(motion) if real is None else f"{motion} against {real}"
    return Scene(title, model, clip, wanted, placed, simulated, tuple(aligned), tuple(alignments))
