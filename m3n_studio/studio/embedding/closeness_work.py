"""Which bodies are closest to a subject, worked out in jobs: real windows, motions, and bodies that make them.

No Qt. torch is imported only where a run is chosen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import M3nError, ValueProblem

if TYPE_CHECKING:
    from m3n_studio.body.model import BodyModel
    from m3n_studio.learning.closeness import Closeness, Motion, Space
    from m3n_studio.learning.config import WindowSpec
    from m3n_studio.learning.windows import LabelledRecording, Windows
    from m3n_studio.motion.clip import Clip
    from m3n_studio.project import Project, Session
    from m3n_studio.studio.core.jobs import Task

Floats = NDArray[np.float64]
T = TypeVar("T")

OWN, LIKE, DEMO, PATH = "own", "like", "demo:", "path:"
BANDWIDTH_HZ = 12.0
MOST_REAL, MOST_SYNTHETIC, MOST_CLIPS = 300, 48, 12
_RATE_HZ, _LENGTH_S, _STRIDE_S = 60.0, 2.0, 1.0
_IN_A_BLOCK = 4
_STEM = 3


@dataclass(frozen=True)
class Question:
    """What to compare.

    Attributes
    ----------
    subject, tier, label : str
        Ids of the subject, of the tier and of a class on it; no class: all windows, labelled or not.
    placement : str
    motions : str
        ``own`` (those of the subject's sessions), ``like`` (shipped ones called like the class),
        ``demo:NAME`` or ``path:FILE OR FOLDER``.
    space : str
        Path of a pretraining run, or one of :data:`m3n_studio.learning.closeness_features.KINDS`.
    bodies : int
    together : bool
        Measurements go together as among people, else each varies by itself.
    """

    subject: str
    tier: str
    label: str
    placement: str
    motions: str
    space: str
    bodies: int = 500
    together: bool = False


@dataclass(frozen=True, eq=False)
class Spectra:
    """Power density of acceleration, axes summed, (m/s2)^2/Hz: real windows, closest bodies, all bodies."""

    frequency_hz: Floats
    real: Floats
    closest: Floats
    average: Floats


@dataclass(frozen=True, eq=False)
class Answer:
    """What came out.

    Attributes
    ----------
    question : Question
    found : Closeness
    spectra : Spectra
    motions : tuple of str
        Names of the motions that were simulated.
    notes : tuple of str
        What the user should know.
    """

    question: Question
    found: Closeness
    spectra: Spectra
    motions: tuple[str, ...]
    notes: tuple[str, ...]


def compare_bodies(project: Project, model: BodyModel, asked: Question, task: Task) -> Answer:
    """Compare a subject's windows with those of many bodies.

    Raises
    ------
    M3nError
        Saying what is missing: windows, motions, a run that fits.
    """
    from m3n_studio.imu.placement import named_placement
    from m3n_studio.learning import closeness as near
    from m3n_studio.learning.closeness_features import KINDS, PhysicalSpace, spectrum

    space: Space | None = None
    spec = _spec(asked.placement)
    if asked.space not in KINDS:
        space, spec = embedding(asked.space, asked.placement)
    real, blocks = real_windows(project, asked, spec)
    task.progress(0.05, 1.0)
    motions, names, notes = find_motions(project, asked)
    task.check()
    windows = near.body_windows(
        model, motions, named_placement(model, asked.placement), rate_hz=spec.rate_hz, samples=spec.samples,
        stride=spec.stride, bandwidth_hz=min(BANDWIDTH_HZ, 0.45 * spec.rate_hz), most=MOST_SYNTHETIC,
        cancelled=task.cancelled,
    )  # fmt: skip
    task.progress(0.15, 1.0)
    vectors, values = near.bodies_of(model, asked.bodies, together=asked.together, cancelled=task.cancelled)
    task.progress(0.25, 1.0)
    chosen = space or PhysicalSpace.of(real, spec.rate_hz, asked.space)
    found = near.closeness(
        chosen(real), blocks, windows, vectors, values, chosen, cancelled=task.cancelled,
        progress=lambda done, total: task.progress(0.25 + 0.7 * done / total, 1.0),
    )  # fmt: skip
    some = np.linspace(0, len(vectors) - 1, min(len(vectors), 40)).astype(int)
    freq, density = spectrum(real, spec.rate_hz)
    each = [
        spectrum(windows.of(vectors[at]).reshape(-1, 6, spec.samples), spec.rate_hz)[1]
        for at in (found.closest[:40], some)
    ]
    return Answer(asked, found, Spectra(freq, density, each[0], each[1]), names, notes)


def _spec(placement: str) -> WindowSpec:
    from m3n_studio.learning.config import WindowSpec

    return WindowSpec(length_s=_LENGTH_S, stride_s=_STRIDE_S, rate_hz=_RATE_HZ, placements=(placement,))


def embedding(run: str, placement: str) -> tuple[Space, WindowSpec]:
    """The space of a pretraining run for one placement, and the windows it takes."""
    from m3n_studio.learning.closeness_embed import EmbeddingSpace
    from m3n_studio.learning.pretrain import open_pretrained

    of = open_pretrained(run)
    return EmbeddingSpace(of, placement), of.config.windows.with_({"placements": (placement,), "missing": "mask"})


# ---------------------------------------------------------------------- real windows


def real_windows(project: Project, asked: Question, spec: WindowSpec) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Windows (N, 6, T) of a subject, and which of them stand together (N,).

    All signals pass the low-pass of the simulation first. Where there are very many, they are thinned out evenly.
    """
    from m3n_studio.learning.windows import cut

    recordings = [r for s in project.sessions(asked.subject) for r in _recordings(project, s, asked)]
    who = next((s.name for s in project.subjects() if s.id == asked.subject), "this subject")
    if not recordings:
        raise ValueProblem(f"{who} has no recording at {asked.placement.replace('_', ' ')}: choose another placement")
    name = _class_name(project, asked)
    found: Windows = cut(recordings, spec, classes=(name,) if name else (), unlabelled=not name)
    if not len(found):
        raise ValueProblem(f"{who} has no window of {name or 'anything'} that lasts {spec.length_s:g} s")
    _, recording = np.unique(found.recording, return_inverse=True)
    inside = np.floor(found.start_s / (_IN_A_BLOCK * spec.stride_s)).astype(np.int64)
    _, blocks = np.unique(np.stack([recording, inside]), axis=1, return_inverse=True)
    kept = np.unique(np.linspace(0, len(found) - 1, min(len(found), MOST_REAL)).astype(int))
    return found.imu[kept, 0], blocks.ravel()[kept].astype(np.int64)


def _class_name(project: Project, asked: Question) -> str:
    tier = next((t for t in project.tiers() if t.id == asked.tier), None)
    found = None if tier is None else tier.by_id(asked.label)
    return "" if found is None else found.name


def _recordings(project: Project, session: Session, asked: Question) -> list[LabelledRecording]:
    from m3n_studio.imu.sampling import lowpassed
    from m3n_studio.learning.windows import LabelledRecording, label_spans
    from m3n_studio.project.training_data import at_placements, on_session_clock

    tier = next((t for t in project.tiers() if t.id == asked.tier), None)
    labels = () if tier is None else label_spans(project.annotations(session.id, tier.id), tier)
    out = []
    for entry in at_placements(project, session.id).get(asked.placement, ()):
        signal = lowpassed(on_session_clock(project, entry), BANDWIDTH_HZ)
        out.append(LabelledRecording(f"{session.name} {entry.id}", asked.subject or "nobody",
                                     {entry.placement: signal}, labels))  # fmt: skip
    return out


# ---------------------------------------------------------------------- motions


def find_motions(project: Project, asked: Question) -> tuple[list[Motion], tuple[str, ...], tuple[str, ...]]:
    """The motions to simulate, their names, and remarks."""
    from m3n_studio.learning.closeness import Motion

    if asked.motions == OWN:
        return _own_motions(project, asked)
    name = _class_name(project, asked)
    clips = _clips(asked.motions, name)
    notes: tuple[str, ...] = ()
    if name and not asked.motions.startswith(DEMO):
        alike = [(title, clip) for title, clip in clips if is_like(title, clip, name)]
        if not alike:
            notes = (f"None of {len(clips)} motions is called like {name}: all of them are simulated.",)
        clips = alike or clips
    if len(clips) > MOST_CLIPS:
        notes = (*notes, f"{MOST_CLIPS} of {len(clips)} motions are simulated.")
        clips = _some(clips)
    return [Motion(clip) for _, clip in clips], tuple(title for title, _ in clips), notes


def _own_motions(project: Project, asked: Question) -> tuple[list[Motion], tuple[str, ...], tuple[str, ...]]:
    """The motions of the subject's sessions, each where the class is labelled."""
    from m3n_studio.learning.closeness import Motion
    from m3n_studio.motion.formats import read_clip

    motions, names = [], []
    for session in project.sessions(asked.subject):
        for entry in project.clips(session.id)[:1]:
            spans: tuple[tuple[float, float], ...] = ()
            if asked.label:
                at = [a for a in project.annotations(session.id, asked.tier) if a.label == asked.label]
                spans = tuple((entry.time_map.to_own(a.start_s), entry.time_map.to_own(a.end_s)) for a in at)
                if not spans:
                    continue
            motions.append(Motion(read_clip(project.path_of(entry)), spans))
            names.append(entry.name)
    if not motions:
        raise ValueProblem("no session of this subject has a motion with what is compared: choose shipped motions, or"
                           " a file")  # fmt: skip
    return motions[:MOST_CLIPS], tuple(names[:MOST_CLIPS]), ()


def _clips(motions: str, label: str) -> list[tuple[str, Clip]]:
    from m3n_studio.learning.motion_set import motion_files
    from m3n_studio.motion.demo import demo_clips, load_demo
    from m3n_studio.motion.formats import read_clip

    if motions.startswith(DEMO):
        name = motions.removeprefix(DEMO)
        return [(name, load_demo(name))]
    if motions == LIKE:
        return [(name, load_demo(name)) for name in demo_clips()]
    files = motion_files(Path(motions.removeprefix(PATH)))
    alike = [f for f in files if _shares_stem(f.stem, label)] if label else []
    files = alike or files
    out: list[tuple[str, Clip]] = []
    problem = ""
    for path in files if alike else _some(files):
        try:
            out.append((path.stem, read_clip(path)))
        except M3nError as error:
            problem = problem or str(error)
    if not out:
        raise ValueProblem(f"none of {len(files)} files could be read as a motion; {problem}")
    return out


def _some(items: list[T]) -> list[T]:
    """At most :data:`MOST_CLIPS` of them, evenly spread."""
    at = np.unique(np.linspace(0, len(items) - 1, min(len(items), MOST_CLIPS)).astype(int))
    return [items[i] for i in at]


def is_like(title: str, clip: Clip, label: str) -> bool:
    """Whether a motion is called like a class, by its name or by what is said of it."""
    return _shares_stem(title, label) or any(_shares_stem(t.text, label) for t in clip.texts if t.kind == "label")


def _shares_stem(text: str, label: str) -> bool:
    return bool(_stems(text) & _stems(label))


def _stems(text: str) -> set[str]:
    """Words without their endings: ``walking`` and ``walk`` share one."""
    out = set()
    for word in re.findall(r"[a-z]+", text.lower()):
        stem = re.sub(r"(ing|ed|s)$", "", word)
        stem = stem[:-1] if len(stem) > _STEM and stem[-1] == stem[-2] else stem
        stem = stem.rstrip("e")
        if len(stem) >= _STEM:
            out.add(stem)
    return out
