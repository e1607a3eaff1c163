"""What follows from a document: tensor, signals, alignments, closeness. Pure functions, no Qt.

Three costs, three steps: the :class:`Base` (tensor per clip and sensors, tenths of a second, off
the GUI thread), the signals of one shape (a matrix-vector product, on the GUI thread while a
slider moves), the judgement of simulated against real (tens of milliseconds, when the hand rests).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from m3n_studio.body.shape import Shape
from m3n_studio.errors import M3nError
from m3n_studio.recordings.signal import Signal
from m3n_studio.studio.core.document import Document

if TYPE_CHECKING:
    from m3n_studio.imu.envelope import Envelope
    from m3n_studio.imu.tensor import SignalTensor
    from m3n_studio.studio.core.jobs import Task
    from m3n_studio.workbench import Judged


@dataclass(frozen=True, eq=False)
class Base:
    """What a shape change does not touch: the map from shape to signal, and what it was made for."""

    clip: object
    placements: tuple[object, ...]
    bandwidth_hz: float | None
    tensor: SignalTensor

    @cached_property
    def template(self) -> tuple[Signal, ...]:
        """The signals of the template body: what those of every other share their arrays with."""
        return self.tensor.signals(Shape())

    def serves(self, d: Document) -> bool:
        """Whether this base is that document's."""
        return (
            self.clip is d.clip and self.placements == d.placements
            and self.bandwidth_hz == d.bandwidth_hz and self.tensor.model is d.model
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Verdict:
    """Simulated held against real, for one document: by sensor name, and why some could not be."""

    judged: dict[str, Judged] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def make_base(d: Document) -> Base | None:
    """The base of a document; None where nothing can be simulated."""
    from m3n_studio.imu.settings import Settings
    from m3n_studio.imu.tensor import signal_tensor

    if d.clip is None or d.model is None or not d.placements:
        return None
    tensor = signal_tensor(d.model, d.clip, d.placements, Settings(bandwidth_hz=d.bandwidth_hz))
    base = Base(d.clip, d.placements, d.bandwidth_hz, tensor)
    _ = base.template  # here, off the GUI thread
    return base


class LiveSignal(Signal):
    """A signal of one shape whose accelerations are worked out when they are first looked at.

    Times, turning rates and validity are the very arrays of the template's signal, which were checked
    when the base was made; copying and checking them again would be most of the time a slider takes.
    """

    @staticmethod
    def of(template: Signal, tensor: SignalTensor, sensor: int, s: NDArray[np.float64]) -> LiveSignal:
        """The signal of a sensor for a scaled homogeneous shape vector (1 + S,)."""
        made = object.__new__(LiveSignal)
        vars(made).update({k: v for k, v in vars(template).items() if k != "acc_mps2"}, _of=(tensor, sensor, s))
        return made

    @cached_property
    def acc_mps2(self) -> NDArray[np.float64]:
        """Specific force (N, 3), m/s2: one matrix-vector product."""
        tensor, sensor, s = self.__dict__["_of"]
        linear = tensor.acc_linear[sensor]
        acc = np.add((linear.reshape(-1, linear.shape[2]) @ s.astype(np.float32)).reshape(-1, 3),
                     tensor.acc_constant[sensor])  # fmt: skip
        acc.flags.writeable = False
        return np.asarray(acc)


def signals(base: Base | None, shape: Shape) -> tuple[Signal, ...]:
    """What every sensor reads on a body, in exact mode; each worked out when it is looked at."""
    if base is None:
        return ()
    s = np.concatenate([[1.0], shape.vector(base.tensor.model)]) * shape.scale
    return tuple(LiveSignal.of(one, base.tensor, i, s) for i, one in enumerate(base.template))


def bands(base: Base, d: Document, bodies: int, task: Task) -> tuple[Envelope, ...]:
    """Median and bands of what the sensors read on bodies of the document's population."""
    from m3n_studio.imu.envelope import envelopes
    from m3n_studio.imu.population import draw

    if d.population is None:
        return ()
    vectors, _ = draw(base.tensor.model, d.population, bodies)
    return envelopes(base.tensor, vectors, progress=task.progress, cancelled=task.cancelled)


def simulated(d: Document, base: Base | None) -> tuple[Signal, ...]:
    """The simulated signals a document shows, in its mode."""
    if base is None or d.clip is None or d.model is None:
        return ()
    if d.mode == "exact":
        return signals(base, d.body)
    from m3n_studio.imu.settings import Settings
    from m3n_studio.imu.simulate import simulate

    return simulate(
        d.model, d.clip, d.placements, shape=d.shape, mode=d.mode, settings=Settings(bandwidth_hz=d.bandwidth_hz)
    )


def recording_of(d: Document, sensor: str) -> Signal | None:
    """The recording a sensor is held against: the one stated, else the one found by name."""
    from m3n_studio import workbench

    if sensor in d.pairs:
        return next((r for r in d.recordings if r.name == d.pairs[sensor]), None)
    found = workbench.counterpart(sensor, d.recordings)
    if found is None and len(d.placements) == len(d.recordings) == 1:
        return d.recordings[0]
    return found


def judge(d: Document, shown: tuple[Signal, ...], *, lowpass_hz: float | None = None) -> Verdict:
    """Align every paired recording (as the document says, else by fitting) and measure closeness."""
    from m3n_studio import workbench

    verdict = Verdict()
    for one in shown:
        real = recording_of(d, one.name)
        if real is None:
            continue
        try:
            verdict.judged[one.name] = workbench.judge_pair(
                one, real, alignment=d.alignments.get(one.name), lowpass_hz=lowpass_hz
            )
        except M3nError as error:
            verdict.problems[one.name] = str(error)
    return verdict
