"""`Contents`: what a window shows, and how files become it. Qt-free; run off the GUI thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from m3n_studio.body.model import BodyModel
from m3n_studio.body.shape import Shape
from m3n_studio.errors import FileError
from m3n_studio.motion.clip import Clip
from m3n_studio.recordings.signal import Signal
from m3n_studio.recordings.video.container import SUFFIXES as VIDEO_SUFFIXES
from m3n_studio.studio.core.document import Document
from m3n_studio.studio.scene.bones import BoneTrack
from m3n_studio.studio.scene.sensors import LiveSensor
from m3n_studio.studio.scene.stage import Scene

if TYPE_CHECKING:
    from m3n_studio.imu.envelope import Envelope
    from m3n_studio.imu.surface import Placement
    from m3n_studio.studio.core.derived import Base, Verdict
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
    ghost : tuple of Signal
        What the same sensors read on the document's ghost body; empty where there is none.
    envelopes : tuple of Envelope
        Median and bands of the document's population by sensor; empty where there is none, or not yet.
    document : Document
        What all this follows from.
    judged : mapping
        How each sensor's recording was aligned and how close it is, by sensor name.
    others : tuple of Scene
        The document's other motions, each on its own performer's body.
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
    ghost: tuple[Signal, ...] = ()
    envelopes: tuple[Envelope, ...] = ()
    document: Document = field(default_factory=Document)
    judged: Mapping[str, Judged] = field(default_factory=dict)
    others: tuple[Scene, ...] = ()

    @property
    def clip(self) -> Clip | None:
        """The motion, if there is one."""
        return None if self.scene is None else self.scene.track.clip

    def span_s(self) -> tuple[float, float]:
        """First and last time, s: the longest motion's, else the recordings'."""
        if self.clip is not None:
            return 0.0, max(s.track.clip.duration_s for s in (self.scene, *self.others) if s is not None)
        signals = self.real or self.simulated
        spans = [(float(s.time_s[0]), float(s.time_s[-1])) for s in signals]
        spans += [s.span_s for s in self.document.long]
        if not spans or self.document.session_id:  # a session lasts as long as anything recorded it
            spans += [video.session_span_s for video in self.document.videos]
        return (min(s[0] for s in spans), max(s[1] for s in spans)) if spans else (0.0, 0.0)

    def rate_hz(self) -> float:
        """Frames per second of stepping: the motion's, else the recording's."""
        if self.clip is not None:
            return self.clip.rate_hz
        rates = [s.rate_hz for s in self.real] + [s.rate_hz for s in self.document.long]
        return max(rates, default=30.0) or 30.0


def sensor_tracks(
    model: BodyModel, clip: Clip, placements: Sequence[Placement], shape: Shape | None
) -> tuple[LiveSensor, ...]:
    """Where each placement is over a clip; nothing is computed until a frame is asked for."""
    track = BoneTrack(model, clip, shape)
    return tuple(LiveSensor(placement, track) for placement in placements)


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
    return _with_judged(replace(made, recordings=scene.recordings, document=document_of(scene)), scene.judged)


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
    by_sensor = {j.report.simulated: j for j in judged}
    return replace(contents, real=real, real_notes=notes, closeness=closeness, judged=by_sensor)


def derive(
    document: Document, base: Base | None, simulated: Sequence[Signal], verdict: Verdict, before: Contents
) -> Contents:
    """What a document looks like; what `before` already has of it is taken over."""
    contents = Contents(
        document.title, _scene(document, before), tuple(simulated), recordings=document.recordings,
        ghost=_ghost(document, base, before), envelopes=_envelopes(document, base, before),
        document=document, note="; ".join(verdict.problems.values()), others=_others(document, before),
    )  # fmt: skip
    return _with_judged(contents, list(verdict.judged.values()))


def _ghost(d: Document, base: Base | None, before: Contents) -> tuple[Signal, ...]:
    """What the ghost's sensors read; as before where it is the same ghost in the same motion."""
    from m3n_studio.studio.core.derived import signals

    if base is None or d.ghost is None:
        return ()
    if before.ghost and before.document.ghost is d.ghost and base.serves(before.document):
        return before.ghost
    return signals(base, d.ghost)


def _envelopes(d: Document, base: Base | None, before: Contents) -> tuple[Envelope, ...]:
    """The bands there are already: they do not depend on the body shown."""
    old = before.document
    same = base is not None and base.serves(old) and old.population == d.population
    return before.envelopes if same and d.population is not None else ()


def _scene(d: Document, before: Contents) -> Scene | None:
    """The body of a document; the one before where nothing about it changed."""
    if d.clip is None or d.model is None:
        return None
    old = before.document
    same_body = before.scene is not None and old.clip is d.clip and old.model is d.model and old.shape is d.shape
    if same_body and old.placements == d.placements:
        return before.scene
    sensors = sensor_tracks(d.model, d.clip, d.placements, d.shape)
    if same_body and before.scene is not None:
        return replace(before.scene, sensors=sensors)
    return Scene.of(d.model, d.clip, shape=d.shape, sensors=sensors)


def _others(d: Document, before: Contents) -> tuple[Scene, ...]:
    """The scenes of the other motions; those of before where they are the same motions."""
    if d.clip is None or d.model is None:
        return ()
    known = {id(s.track.clip): s for s in before.others if s.track.model is d.model}
    return tuple(known.get(id(o.clip)) or Scene.of(d.model, o.clip) for o in d.others)


def document_of(scene: WorkScene) -> Document:
    """The document of the command line's scene."""
    return Document(
        title=scene.title, model=scene.model, clip=scene.clip, shape=scene.shape, placements=scene.placements,
        recordings=scene.recordings, motion_path=scene.motion_path, recording_path=scene.recording_path,
    )  # fmt: skip


def open_motion(path: Path, before: Document) -> Document:
    """A motion file on the body shown so far (the default one at first); sensors and recordings stay."""
    from m3n_studio import workbench

    model = before.model or workbench.open_body(None)
    placements = before.placements or workbench.place(model, workbench.WRISTS)
    return before.with_(
        title=path.name, model=model, clip=workbench.open_clip(path), shape=None, ghost=None, placements=placements,
        alignments={}, motion_path=str(path),
    )  # fmt: skip


def open_recording(path: Path, before: Document) -> Document:
    """A recording laid beside what is already shown."""
    from m3n_studio.recordings.formats import read_signals

    title = before.title or path.name
    return before.with_(
        recordings=read_signals(path), recording_path=str(path), pairs={}, alignments={}, title=title
    )  # fmt: skip


def open_video_file(path: Path, before: Document) -> Document:
    """A video laid beside what is shown, its first frame at the beginning; one that is there already stays."""
    from m3n_studio.recordings.video.index import open_video
    from m3n_studio.recordings.video.track import VideoTrack

    found = open_video(path)
    if any(Path(video.path).absolute() == path.absolute() for video in before.videos):
        return before
    start = min((float(r.time_s[0]) for r in before.recordings), default=0.0) if before.clip is None else 0.0
    track = VideoTrack(str(path), (found.start_s, found.end_s)).beginning_at(start)
    return before.with_(videos=(*before.videos, track), title=before.title or path.name)


def open_file(path: Path, before: Document) -> Document:
    """Whatever the file is: a video, a motion, a recording, or one that holds both of these."""
    from m3n_studio.motion import formats as motions
    from m3n_studio.recordings import formats as recordings

    if not path.exists():
        raise FileError(path, found="there is no such file", expected="a motion, a recording or a video")
    if path.suffix.lower() in VIDEO_SUFFIXES:
        return open_video_file(path, before)
    suffix, of_motion, of_recording = path.suffix.lower(), motions.motion_suffixes(), recordings.signal_suffixes()
    if suffix not in {*of_motion, *of_recording}:
        known = " ".join(sorted({*of_motion, *of_recording, *VIDEO_SUFFIXES}))
        found = "neither a motion nor a recording nor a video that is known here"
        raise FileError(path, found=found, expected=f"one of {known}")
    if suffix in of_motion and suffix in of_recording:
        return _open_either(path, before)
    return open_recording(path, before) if suffix in of_recording else open_motion(path, before)


def _open_either(path: Path, before: Document) -> Document:
    """A file whose suffix leaves it open what it is: a motion, a recording, or both at once."""
    from m3n_studio.recordings.formats import find_reader

    try:
        moved = open_motion(path, before)
    except FileError:
        return open_recording(path, before)
    try:
        find_reader(path)
    except FileError:
        return moved
    return open_recording(path, moved)


def open_files(paths: Sequence[Path], before: Document) -> Document:
    """Several files one after another, e.g. a motion and its recording."""
    for path in paths:
        before = open_file(path, before)
    return before
