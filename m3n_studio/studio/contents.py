"""`Contents`: what a window shows, and how files become it. Qt-free; run off the GUI thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from m3n_studio.body.model import BodyModel
from m3n_studio.body.shape import Shape
from m3n_studio.errors import FileError, M3nError
from m3n_studio.motion.clip import Clip
from m3n_studio.recordings.signal import Signal
from m3n_studio.studio.stage import Scene, SensorTrack

if TYPE_CHECKING:
    from m3n_studio.imu.surface import Placement
    from m3n_studio.workbench import Judged
    from m3n_studio.workbench import Scene as WorkScene


@dataclass(frozen=True, eq=False)
class Contents:
    """A motion on a body with its sensors, and real recordings beside it.

    Attributes
    ----------
    title : str
        For the window's title.
    scene : Scene or None
    simulated : tuple of Signal
    real : tuple of Signal
        As drawn: aligned with the simulation where that could be done.
    real_notes : tuple of str
        For each of `real`, how it was aligned and how close it is; empty where it is as read.
    closeness : mapping
        Correlation r by (simulated, real, quantity "acc" or "gyr", axis), where it was measured.
    recordings : tuple of Signal
        As read; aligned anew when the motion changes.
    note : str
        What the user should know about all this, e.g. why nothing could be aligned.
    """

    title: str = ""
    scene: Scene | None = None
    simulated: tuple[Signal, ...] = ()
    real: tuple[Signal, ...] = ()
    real_notes: tuple[str, ...] = ()
    closeness: Mapping[tuple[str, str, str, str], float] = field(default_factory=dict)
    recordings: tuple[Signal, ...] = ()
    note: str = ""

    @property
    def clip(self) -> Clip | None:
        """The motion, if there is one."""
        return None if self.scene is None else self.scene.track.clip

    def span_s(self) -> tuple[float, float]:
        """First and last time, s: the motion's, else the recordings'."""
        if self.clip is not None:
            return 0.0, self.clip.duration_s
        signals = self.real or self.simulated
        if not signals:
            return 0.0, 0.0
        return float(min(s.time_s[0] for s in signals)), float(max(s.time_s[-1] for s in signals))

    def rate_hz(self) -> float:
        """Frames per second of stepping: the motion's, else the recording's."""
        if self.clip is not None:
            return self.clip.rate_hz
        return max((s.rate_hz for s in self.real), default=30.0) or 30.0


def sensor_tracks(
    model: BodyModel, clip: Clip, placements: Sequence[Placement], shape: Shape | None
) -> tuple[SensorTrack, ...]:
    """Where each placement is over a clip."""
    from m3n_studio.imu.placement import follow
    from m3n_studio.motion.root import root_track

    own = clip.shape if shape is None else shape
    trans = root_track(model, clip, shape)
    out = []
    for placement in placements:
        p, R_ws = follow(model, placement, clip.poses, trans, own)
        out.append(SensorTrack(placement.name, p, R_ws))
    return tuple(out)


def make_contents(
    clip: Clip,
    model: BodyModel,
    *,
    simulated: Sequence[Signal] = (),
    real: Sequence[Signal] = (),
    placements: Sequence[Placement] = (),
    shape: Shape | None = None,
    title: str = "",
) -> Contents:
    """Contents from values that are already there."""
    scene = Scene.of(model, clip, shape=shape, sensors=sensor_tracks(model, clip, placements, shape))
    scene.track.at(0)
    return Contents(title or _name(clip), scene, tuple(simulated), tuple(real), recordings=tuple(real))


def _name(clip: Clip) -> str:
    return Path(clip.source.path).name if clip.source.path else "motion"


def contents_of(scene: WorkScene) -> Contents:
    """What a window shows of the command line's scene."""
    made = make_contents(
        scene.clip, scene.model, simulated=scene.simulated, placements=scene.placements, shape=scene.shape,
        title=scene.title,
    )  # fmt: skip
    return _with_judged(replace(made, recordings=scene.recordings), scene.judged)


def _with_judged(contents: Contents, judged: Sequence[Judged]) -> Contents:
    """Recordings that were aligned, aligned; the others as read."""
    found = {j.aligned.name: j for j in judged}
    real = tuple(found[r.name].aligned if r.name in found else r for r in contents.recordings)
    notes = tuple(found[r.name].text() if r.name in found else "" for r in contents.recordings)
    closeness = {
        (j.report.simulated, j.report.real, row.quantity, row.axis): row.r
        for j in judged
        for row in j.report.channels
        if row.r is not None
    }
    return replace(contents, real=real, real_notes=notes, closeness=closeness)


def align(contents: Contents) -> Contents:
    """Align the recordings with the simulation; where that cannot be done they stay as read and the note says why."""
    if not (contents.simulated and contents.recordings):
        return replace(contents, real=contents.recordings, real_notes=(), closeness={}, note="")
    from m3n_studio import workbench

    try:
        judged = workbench.judge(contents.simulated, contents.recordings)
    except M3nError as error:
        note = f"The recording is shown as it was read: {error}"
        return replace(_with_judged(contents, ()), note=note)
    return replace(_with_judged(contents, judged), note="")


def open_motion(path: Path, before: Contents) -> Contents:
    """A motion file on the default body with a sensor on each wrist; recordings stay and are aligned with it."""
    from m3n_studio import workbench

    made = contents_of(workbench.scene(path))
    return align(replace(made, title=path.name, recordings=before.recordings))


def open_recording(path: Path, before: Contents) -> Contents:
    """A recording laid beside what is already shown."""
    from m3n_studio.recordings.formats import read_signals

    return align(replace(before, recordings=read_signals(path), title=before.title or path.name))


def open_file(path: Path, before: Contents) -> Contents:
    """Whatever the file is: a motion if some reader knows it as one, else a recording."""
    from m3n_studio.motion import formats as motions
    from m3n_studio.recordings import formats as recordings

    if not path.exists():
        raise FileError(path, found="there is no such file", expected="a motion or a recording")
    suffix, of_motion, of_recording = path.suffix.lower(), motions.motion_suffixes(), recordings.signal_suffixes()
    if suffix not in {*of_motion, *of_recording}:
        known = " ".join(sorted({*of_motion, *of_recording}))
        raise FileError(path, found="neither a motion nor a recording that is known here", expected=f"one of {known}")
    if suffix in of_recording:
        try:
            motions.find_reader(path)
        except FileError:
            return open_recording(path, before)
    return open_motion(path, before)


def open_files(paths: Sequence[Path], before: Contents) -> Contents:
    """Several files one after another, e.g. a motion and its recording."""
    for path in paths:
        before = open_file(path, before)
    return before
