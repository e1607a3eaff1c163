"""A project to try labelling and learning on: five made-up people, what their watches read, and most of the labels.

Everybody does the same motions that ship with the program, in an order of their own, on a body of their own, faster
or slower, with straps turned a little and a smartwatch's errors. Signals are simulated from the very motions that lie
beside them, so that the body plays while one labels. Synthetic through and through: good for learning the program,
worth nothing for judging a method.

Most sessions are labelled. :data:`GAPS` says what is not, so that there is something to suggest, and one label is
wrong on purpose (:data:`WRONG`), so that there is something to find. The same every time, but for the entries' ids.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from m3n_studio.annotation.classes import COLORS
from m3n_studio.annotation.model import Annotation, Change, LabelClass, Tier
from m3n_studio.body.model import BodyModel
from m3n_studio.body.shape import Shape
from m3n_studio.errors import Cancelled, FileError
from m3n_studio.motion.clip import Clip, TextSegment
from m3n_studio.project.store import CLIPS, RUNS, Project
from m3n_studio.project.values import ClipEntry, Subject
from m3n_studio.recordings.signal import Signal

#: Where runs of a project go.

WRISTS = ("left_wrist", "right_wrist")
AUTHOR = "demo"
#: Motions (and what they are called and labelled with), of those that ship.
CLASSES: dict[str, tuple[str, str]] = {
    "walk": ("walking", "w"), "sit_stand": ("sitting", "s"), "squat_lift": ("lifting", "l"), "saw": ("sawing", "a"),
    "hammer": ("hammering", "h"), "wave": ("waving", "v"),
}  # fmt: skip
SESSIONS = ("morning", "afternoon")
#: Share of a session that is labelled, from its start, where it is not all of it.
GAPS: Mapping[tuple[str, str], float] = {("P4", "afternoon"): 0.4, ("P5", "afternoon"): 0.0}
#: The label that is wrong: whose, in which session, of what, and what it says.
WRONG = ("P3", "afternoon", "saw", "hammer")
PAUSE_S = 1.0
_RATE_HZ, _SEED = 60.0, 6
_STRAP_RAD = 0.12
_STEPS_A_SESSION = 3

Array = NDArray[np.float64]


class Person(NamedTuple):
    """Who takes part: name, and how fast compared with the shipped motions."""

    name: str
    tempo: float


PEOPLE = (
    Person("P1", 1.0), Person("P2", 1.12), Person("P3", 0.9), Person("P4", 1.05), Person("P5", 0.95),
)  # fmt: skip


@dataclass(frozen=True)
class Span:
    """What happens from `start_s` to `end_s` of a session: the name of a motion."""

    start_s: float
    end_s: float
    motion: str


@dataclass(frozen=True, eq=False)
class MadeSession:
    """A session before it is in a project: its motion, what the watches read, what happens when."""

    clip: Clip
    signals: tuple[Signal, ...]
    spans: tuple[Span, ...]


def make_demo_project(
    folder: str | Path, *, name: str = "", progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Path:  # fmt: skip
    """Make the demo project in a new or empty folder; it appears whole or not at all.

    Parameters
    ----------
    folder : path
    name : str
        The project's; the folder's by default.
    progress : callable of (steps done, steps)
    cancelled : callable returning bool
        Asked between steps; `Cancelled` where it says so, and nothing stays.

    Raises
    ------
    FileError
        Where the folder holds something, or cannot be made.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileError(folder, found="something is there already", expected="a new or empty folder")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise FileError(folder, found=f"it cannot be made ({error.strerror or error})",
                        expected="a folder that may be written") from error  # fmt: skip
    try:
        with Project.create(beside / "made", name or folder.name) as project:
            _fill(project, _Steps(progress, cancelled))
        with contextlib.suppress(FileNotFoundError):
            folder.rmdir()
        (beside / "made").rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return folder


class _Steps:
    """Tells how far it is, and stops where nobody wants more."""

    def __init__(self, progress: Callable[[int, int], None] | None, cancelled: Callable[[], bool]) -> None:
        self._progress, self._cancelled = progress, cancelled
        self._done, self._all = 0, _STEPS_A_SESSION * len(PEOPLE) * len(SESSIONS)

    def next(self) -> None:
        """One more is done."""
        if self._cancelled():
            raise Cancelled("making the demo project was cancelled")
        self._done += 1
        if self._progress:
            self._progress(self._done, self._all)


def _fill(project: Project, steps: _Steps) -> None:
    from m3n_studio.body.files import default_body
    from m3n_studio.body.quick import quick_gauge
    from m3n_studio.imu.population import draw, of_people

    (project.folder / RUNS).mkdir()
    model = default_body()
    bodies, _ = draw(model, of_people(model), len(PEOPLE), _SEED)
    tier = Tier("activity", classes=tuple(
        LabelClass(words, COLORS[i], key) for i, (words, key) in enumerate(CLASSES.values())
    ))  # fmt: skip
    project.add_label_set("labels", [tier])
    project.device("smartwatch", model="simulated", note="The errors of a smartwatch; see resources/devices.toml.")
    for number, (person, vector) in enumerate(zip(PEOPLE, bodies, strict=True)):
        shape = Shape.from_vector(model, vector)
        sizes = quick_gauge(model).values(vector, ("stature", "mass"))
        subject = project.add_subject(
            person.name, height_m=round(sizes["stature"], 2), mass_kg=round(sizes["mass"], 1),
            handedness="right", note="Made up; a body drawn from the people the default body stands for.",
        )  # fmt: skip
        for at, title in enumerate(SESSIONS):
            made = make_session(model, shape, person, seed=(_SEED, number, at))
            steps.next()
            _store(project, tier, subject, title, made, steps)


def make_session(model: BodyModel, shape: Shape, person: Person, *, seed: tuple[int, ...]) -> MadeSession:
    """A person's motions one after the other with a pause between, and what two watches read of them."""
    from m3n_studio.imu.settings import Settings
    from m3n_studio.imu.simulate import simulate

    rng = np.random.default_rng(seed)
    names = [str(name) for name in rng.permutation(sorted(CLASSES))]
    clip, spans = _joined(model, shape, person, names)
    noise = int(rng.integers(2**31))
    signals = simulate(model, clip, WRISTS, settings=Settings(rate_hz=_RATE_HZ), device="smartwatch", seed=noise)
    return MadeSession(clip, tuple(_strapped(s, rng) for s in signals), spans)


def _joined(model: BodyModel, shape: Shape, person: Person, names: list[str]) -> tuple[Clip, tuple[Span, ...]]:
    """One clip of all motions on a person's body, each beginning where it begins; nothing is valid in between."""
    from m3n_studio.motion.demo import load_demo
    from m3n_studio.motion.root import root_track

    rate = _RATE_HZ * person.tempo
    gap = round(PAUSE_S * rate)
    poses: list[Array] = []
    trans: list[Array] = []
    valid: list[NDArray[np.bool_]] = []
    texts: list[TextSegment] = []
    spans: list[Span] = []
    at = 0
    for index, name in enumerate(names):
        one = load_demo(name)
        n, rest = len(one), gap if index + 1 < len(names) else 0
        poses.append(np.concatenate([one.poses, np.repeat(one.poses[-1:], rest, axis=0)]))
        path = root_track(model, one, shape)
        trans.append(np.concatenate([path, np.repeat(path[-1:], rest, axis=0)]))
        valid.append(np.arange(n + rest) < n)
        spans.append(Span(at / rate, (at + n - 1) / rate, name))
        texts += [
            replace(t, start_s=at / rate + t.start_s / person.tempo, end_s=at / rate + t.end_s / person.tempo)
            for t in one.texts
        ]
        at += n + rest
    clip = Clip(rate, np.concatenate(poses), np.concatenate(trans), shape, texts=tuple(texts),
                valid=np.concatenate(valid))  # fmt: skip
    return clip, tuple(spans)


def _strapped(signal: Signal, rng: np.random.Generator) -> Signal:
    """What a watch reads whose strap is turned a little."""
    from m3n_studio.so3 import matrix_from_rotvec

    turn = matrix_from_rotvec(rng.normal(size=3) * _STRAP_RAD)
    return signal.with_(acc_mps2=signal.acc_mps2 @ turn.T, gyr_radps=signal.gyr_radps @ turn.T)


def _store(project: Project, tier: Tier, subject: Subject, title: str, made: MadeSession, steps: _Steps) -> None:
    from m3n_studio.motion.native import save_clip

    note = ""
    if (subject.name, title) == WRONG[:2]:
        wrong, said = (CLASSES[name][0] for name in WRONG[2:])
        note = f"One label is wrong on purpose: what is called {said} first is {wrong}. See whether it is found."
    session = project.add_session(title, subject.id, note=note)
    device = next(d for d in project.devices())
    for signal in made.signals:
        project.add_recording(session.id, signal, placement=signal.name, device=device.id)
    steps.next()
    file = f"{CLIPS}/{subject.name}-{title}.npz"
    save_clip(project.folder / file, made.clip, precision="float32")
    project.add(ClipEntry(session.id, f"{subject.name} {title}", file))
    labels = _labels(tier, subject.name, title, made.spans)
    if labels:
        project.annotate(session.id, Change("Label the demo", (), labels))
    steps.next()


def _labels(tier: Tier, person: str, title: str, spans: tuple[Span, ...]) -> tuple[Annotation, ...]:
    """The labels a session begins with."""
    ids = {c.name: c.id for c in tier.classes}
    until = GAPS.get((person, title), 1.0) * spans[-1].end_s
    out = []
    for span in spans:
        if span.end_s > until + 1e-6:
            break
        wrong = (person, title, span.motion) == WRONG[:3]
        words = CLASSES[WRONG[3] if wrong else span.motion][0]
        out.append(Annotation(tier.id, ids[words], round(span.start_s, 3), round(span.end_s, 3), AUTHOR))
    return tuple(out)
