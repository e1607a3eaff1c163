"""What comes out of a stranger's file besides samples: labels, the subject, the device, and what is missing.

An :class:`Import` is one stretch of recording by one subject: signals on one clock, with the labels
the file has on that same clock. Nothing in it was resampled or mended; what a reader left out or
assumed stands in ``notes``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import FileError, ValueProblem
from m3n_studio.recordings.signal import Signal

Array = NDArray[np.float64]

#: A pause ends a run of labels if it is longer than this many usual steps, and than this time.
_LONGEST_STEP, _LONGEST_S = 2.5, 0.5


@dataclass(frozen=True)
class LabelRun:
    """One stretch with one label, s on the clock of the signals it came with."""

    start_s: float
    stop_s: float
    name: str


@dataclass(frozen=True)
class LabelTrack:
    """The labels of one kind a file has, as runs in order of time.

    Attributes
    ----------
    name : str
        What the labels are of, e.g. ``"activity"``.
    runs : tuple of LabelRun
        Sorted; stretches without a label are left out.
    classes : tuple of str
        Every class the file's format knows, in its order; at least those in `runs`.
    """

    name: str
    runs: tuple[LabelRun, ...]
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for run in self.runs:
            if not (np.isfinite(run.start_s) and np.isfinite(run.stop_s) and run.stop_s >= run.start_s and run.name):
                raise ValueProblem(f"labels {self.name!r}: a run from {run.start_s} s to {run.stop_s} s")
        object.__setattr__(self, "runs", tuple(sorted(self.runs, key=lambda run: (run.start_s, run.stop_s))))
        seen = dict.fromkeys((*self.classes, *(run.name for run in self.runs)))
        object.__setattr__(self, "classes", tuple(seen))

    @classmethod
    def of_samples(
        cls, name: str, time_s: Array, labels: Sequence[str], classes: Sequence[str] = (), ignore: Sequence[str] = ("",)
    ) -> LabelTrack:
        """Runs from one label a sample.

        A run lasts until the next sample begins, or for one usual step where the recording
        pauses (for half a second at least) or ends. Labels in `ignore` are no labels.

        time_s : (N,), s, not decreasing; labels : N words.
        """
        n = len(time_s)
        if n != len(labels):
            raise ValueProblem(f"labels {name!r}: {len(labels)} labels for {n} samples")
        if n == 0:
            return cls(name, (), tuple(classes))
        steps = np.diff(time_s)
        usual = float(np.median(steps)) if n > 1 else 0.0
        ends = time_s + np.append(np.minimum(steps, usual) if n > 1 else [], usual)
        unbroken = steps <= max(_LONGEST_STEP * usual, _LONGEST_S)
        ends[:-1] = np.where(unbroken, time_s[1:], ends[:-1])
        _, codes = np.unique(np.asarray(labels, dtype=object).astype(str), return_inverse=True)
        starts = np.flatnonzero(np.concatenate([[True], (np.diff(codes) != 0) | ~unbroken]))
        stops = np.append(starts[1:], n) - 1
        runs = [
            LabelRun(float(time_s[i]), float(ends[j]), str(labels[i]))
            for i, j in zip(starts.tolist(), stops.tolist(), strict=True)
            if str(labels[i]) not in ignore
        ]
        return cls(name, tuple(runs), tuple(classes))


@dataclass(frozen=True)
class SubjectFacts:
    """Who wore the sensors, as far as the files say; 0 and empty where they do not.

    Attributes
    ----------
    id : str
    height_m, mass_kg : float
    handedness : str
        ``"left"``, ``"right"`` or empty.
    """

    id: str = ""
    height_m: float = 0.0
    mass_kg: float = 0.0
    handedness: str = ""


@dataclass(frozen=True)
class PathFacts:
    """What a path alone says, before anything is read; empty where it does not."""

    subject: str = ""
    session: str = ""
    placement: str = ""
    sensor: str = ""


@dataclass(frozen=True, eq=False)
class Recorded:
    """One device's signal and what is known of it.

    Attributes
    ----------
    signal : Signal
    placement : str
        A placement name such as ``"left_wrist"``, or empty where the file does not say.
    device : str
        Kind or number of the device.
    absent : tuple of str
        ``"gyr"`` where the device recorded no angular velocity: the signal's is zero then.
    """

    signal: Signal
    placement: str = ""
    device: str = ""
    absent: tuple[str, ...] = ()

    @property
    def rate_hz(self) -> float:
        """Median sampling rate, Hz."""
        return self.signal.rate_hz


@dataclass(frozen=True, eq=False)
class Import:
    """One session's worth out of one file, or of files that belong together.

    Attributes
    ----------
    recorded : tuple of Recorded
        At least one; their times share one clock.
    labels : tuple of LabelTrack
        On the same clock.
    subject : SubjectFacts
    session : str
        Empty where nothing says.
    format : str
        Name of the reader, or ``recipe:NAME``.
    paths : tuple of Path
        Every file that was read.
    clock : str
        ``"unix"`` where times count from 1970, ``"file"`` where they begin with the recording.
    notes : tuple of str
        What was left out or assumed, for people.
    """

    recorded: tuple[Recorded, ...]
    labels: tuple[LabelTrack, ...] = ()
    subject: SubjectFacts = field(default_factory=SubjectFacts)
    session: str = ""
    format: str = ""
    paths: tuple[Path, ...] = ()
    clock: str = "file"
    notes: tuple[str, ...] = ()

    @property
    def signals(self) -> tuple[Signal, ...]:
        """The signals alone."""
        return tuple(recorded.signal for recorded in self.recorded)

    @property
    def start_s(self) -> float:
        """When the first signal begins, on the import's own clock."""
        return min(float(signal.time_s[0]) for signal in self.signals)

    def with_(self, **changes: object) -> Import:
        """A copy with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Reading:
    """What a person adds where a file does not say.

    Attributes
    ----------
    rate_hz : float
        For files without times; 0 where unknown.
    acc_unit, gyr_unit : str
        For files without units (``"m/s2"``, ``"g"``, ``"mg"``; ``"rad/s"``, ``"deg/s"``); empty for the format's own.
    """

    rate_hz: float = 0.0
    acc_unit: str = ""
    gyr_unit: str = ""


class NeedsRate(FileError):
    """The file has neither times nor a rate: ask for one and read again with :class:`Reading`."""


def even_times(path: Path, count: int, rate_hz: float) -> Array:
    """Times (count,) from 0 at a rate that was asked for; `NeedsRate` where it was not."""
    if not rate_hz:
        raise NeedsRate(path, found="samples without times and no rate", expected="a rate in Hz (--rate)")
    if not 0.1 <= rate_hz <= 1e5:
        raise FileError(path, field="rate", found=f"{rate_hz} Hz", expected="0.1 to 100000 Hz")
    return np.arange(count) / rate_hz
