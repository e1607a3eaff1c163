"""What the Similarity view works out in the background: windows in a run's space, retrieval, answers to sentences.

No Qt, and torch only within the functions. What is measured of recordings or motions is what ``m3n-studio
retrieve`` prints: the same functions on the same windows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import ValueProblem
from m3n_studio.studio.core.jobs import Task

if TYPE_CHECKING:
    from m3n_studio.learning.embed import Embeddings
    from m3n_studio.learning.evaluate import Scores
    from m3n_studio.learning.retrieve import Found
    from m3n_studio.learning.similarity import SentenceReader
    from m3n_studio.learning.windows import LabelledRecording, Windows
    from m3n_studio.project import Project

Source = Literal["recordings", "motions", "shipped"]
Doubles = NDArray[np.float64]

#: Answers to a sentence at most.
MOST_ANSWERS = 60
_POINTS = 48
_BEST = Path("checkpoints") / "best.pt"


@dataclass(frozen=True)
class Wish:
    """What is to be measured.

    Attributes
    ----------
    run : str
        Folder of a pretraining run.
    source : {"recordings", "motions", "shipped"}
        The project's labelled windows, the motions the run learned from, or those that ship with the program.
    tier : str
        Name of the tier whose labels are classes.
    """

    run: str
    source: Source = "recordings"
    tier: str = ""


@dataclass(frozen=True, eq=False)
class Measured:
    """Windows in a run's space and how they find each other.

    Attributes
    ----------
    wish : Wish
    space : Embeddings
    session : (N,) str
        Ids of sessions; empty for motions.
    length_s : float, s
        Of a window.
    found : mapping of str to Found
        By direction, as ``text -> left_wrist``.
    named : Scores or None
        Of naming windows by sentences alone; None without text or labels.
    stamp : int
        Of the checkpoint, to tell whether the run has gone on.
    notes : tuple of str
    """

    wish: Wish
    space: Embeddings
    session: NDArray[np.str_]
    length_s: float
    found: Mapping[str, Found]
    named: Scores | None
    stamp: int
    notes: tuple[str, ...] = ()


def checkpoint_stamp(run: str | Path) -> int:
    """Changes when the run has a better model; 0 where it has none yet."""
    try:
        return (Path(run) / _BEST).stat().st_mtime_ns
    except OSError:
        return 0


def sentence_cache() -> Path:
    """Where vectors of sentences are kept, shared with the command line."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("m3n-studio", appauthor=False)) / "sentences"


def measure(project: Project | None, wish: Wish, task: Task) -> Measured:
    """Embed and retrieve; `M3nError` in words where something is missing."""
    from m3n_studio.learning.pretrain import open_pretrained
    from m3n_studio.learning.retrieve import retrieve, zero_shot

    stamp = checkpoint_stamp(wish.run)
    of = open_pretrained(wish.run)
    task.check()
    space, session, notes = (
        _recordings(of, project, wish.tier, task) if wish.source == "recordings" else _motions(of, wish, task)
    )
    task.check()
    named = zero_shot(space)[1] if space.text is not None and (space.topic >= 0).any() else None
    return Measured(wish, space, session, of.config.windows.length_s, retrieve(space), named, stamp, notes)


def _recordings(
    of: Any, project: Project | None, tier: str, task: Task
) -> tuple[Embeddings, NDArray[np.str_], tuple[str, ...]]:
    from m3n_studio.learning.embed import embed_windows
    from m3n_studio.learning.text import read_templates
    from m3n_studio.learning.windows import cut

    recordings, sessions = labelled(project, tier, _part(task, 0.0, 0.4), task.cancelled)
    windows = cut(recordings, of.config.windows)
    task.check()
    templates = read_templates(of.config.text.templates)
    said = {name: templates.sentences(name) for name in windows.classes}
    space = embed_windows(of, windows, said, cache=sentence_cache(), progress=_part(task, 0.4, 1.0),
                          cancelled=task.cancelled)  # fmt: skip
    return space, np.array([sessions[str(n)] for n in space.name], dtype=str), ()


def _motions(of: Any, wish: Wish, task: Task) -> tuple[Embeddings, NDArray[np.str_], tuple[str, ...]]:
    from m3n_studio.learning.embed import embed_motions
    from m3n_studio.learning.motion_set import load_motions
    from m3n_studio.learning.text import read_templates

    tell = _part(task, 0.0, 0.7)
    motions = load_motions(
        motion_folders(wish), of.config.windows, templates=read_templates(of.config.text.templates),
        progress=lambda done, total, _: tell(done, total), cancelled=task.cancelled,
    )  # fmt: skip
    space = embed_motions(of, motions, cache=sentence_cache(), progress=_part(task, 0.7, 1.0),
                          cancelled=task.cancelled)  # fmt: skip
    notes = tuple(f"left out {s.name}: {s.reason}" for s in motions.skipped)
    return space, np.full(len(space), ""), notes


def motion_folders(wish: Wish) -> list[Path]:
    """Where the motions are that are asked for."""
    from m3n_studio.learning.run_folder import RunFolder
    from m3n_studio.resources import resource

    if wish.source == "shipped":
        return [resource("motions")]
    made_from = RunFolder.open(wish.run).about.made_from
    lines = (made_from.get("motion") or made_from.get("motions") or "").splitlines()
    folders = [Path(line) for line in lines if line]
    missing = [str(f) for f in folders if not f.exists()]
    if missing or not folders:
        where = f"{missing[0]} is not on this machine" if missing else "the run does not say where they are"
        raise ValueProblem(f"the motions this run learned from: {where}; choose the shipped motions or recordings")
    return folders


def labelled(
    project: Project | None, tier: str, progress: Callable[[int, int], None] | None, cancelled: Callable[[], bool]
) -> tuple[list[LabelledRecording], dict[str, str]]:
    """The project's sessions as learning takes them, and the session's id of each by its name."""
    from m3n_studio.project.training_data import labelled_recordings
    from m3n_studio.project.values import Subject

    if project is None:
        raise ValueProblem("no project is open; open one with recordings, or choose motions")
    recordings = labelled_recordings(project, tier, progress=progress, cancelled=cancelled)
    sessions: dict[str, str] = {}
    for session in project.sessions():
        if session.subject:
            sessions[f"{project.get(Subject, session.subject).name}/{session.name}"] = session.id
    known = {r.name: sessions.get(r.name) or sessions[r.name.rpartition(" ")[0]] for r in recordings}
    return recordings, known


def _part(task: Task, start: float, stop: float) -> Callable[[int, int], None]:
    """Progress from one share of the work to another."""
    return lambda done, total: task.progress(start + (stop - start) * done / max(total, 1), 1.0)


# ---------------------------------------------------------------------- sentences


@dataclass(frozen=True, eq=False)
class Searchable:
    """Every window of the project in a run's space, labelled or not, and what reads sentences.

    Attributes
    ----------
    run, stamp : str, int
    reader : SentenceReader
    imu : (N, P, E) float32; mask : (N, P)
    session : (N,) str, ids
    name : (N,) str, ``subject/session``
    start_s : (N,) float64, s
    length_s : float, s
    shapes : (N, 48) float32
        Length of acceleration over a window, from 0 to 1 by its own range.
    """

    run: str
    stamp: int
    reader: SentenceReader
    imu: NDArray[np.float32]
    mask: NDArray[np.bool_]
    session: NDArray[np.str_]
    name: NDArray[np.str_]
    start_s: Doubles
    length_s: float
    shapes: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.imu)


@dataclass(frozen=True)
class Hit:
    """A window that is like a sentence.

    Attributes
    ----------
    session, where : str
        Id; ``subject/session`` for people.
    start_s, end_s : float, s
    score : float
        Cosine similarity.
    index : int
        Into the searchable windows.
    """

    session: str
    where: str
    start_s: float
    end_s: float
    score: float
    index: int


@dataclass(frozen=True, eq=False)
class Answer:
    """Windows like a sentence, best first, and how like it every window is (N,)."""

    sentence: str
    of: Searchable
    hits: tuple[Hit, ...]
    score: Doubles

    def over_time(self, session: str) -> tuple[Doubles, Doubles]:
        """Middles of the windows of a session, s, in order, and their similarity."""
        rows = np.flatnonzero(self.of.session == session)
        rows = rows[np.argsort(self.of.start_s[rows], kind="stable")]
        return self.of.start_s[rows] + self.of.length_s / 2, self.score[rows]


def prepare(project: Project | None, run: str, tier: str, task: Task) -> Searchable:
    """Embed every window of the project."""
    from m3n_studio.learning.embed import embed_windows
    from m3n_studio.learning.pretrain import open_pretrained
    from m3n_studio.learning.similarity import SentenceReader
    from m3n_studio.learning.windows import cut

    stamp = checkpoint_stamp(run)
    of = open_pretrained(run)
    reader = SentenceReader(of, sentence_cache())
    task.check()
    recordings, sessions = labelled(project, tier, _part(task, 0.0, 0.4), task.cancelled)
    spec = of.config.windows
    windows = cut(recordings, spec, unlabelled=True)
    task.check()
    space = embed_windows(of, windows, progress=_part(task, 0.4, 1.0), cancelled=task.cancelled)
    session = np.array([sessions[str(n)] for n in space.name], dtype=str)
    return Searchable(run, stamp, reader, space.imu, space.imu_mask, session, space.name, space.start_s,
                      spec.length_s, shapes_of(windows))  # fmt: skip


def shapes_of(windows: Windows) -> NDArray[np.float32]:
    """Length of acceleration of each window's first worn placement at a few points, from 0 to 1 (N, 48)."""
    first = windows.mask.argmax(axis=1)
    at = np.linspace(0, windows.samples - 1, _POINTS).round().astype(np.int64)
    acc = windows.imu[np.arange(len(windows)), first][:, :3][:, :, at]
    norm = np.linalg.norm(acc, axis=1)
    low, spread = norm.min(axis=1, keepdims=True), np.ptp(norm, axis=1)[:, None]
    return np.where(spread > 0, (norm - low) / np.maximum(spread, 1e-9), 0.5).astype(np.float32)


def answer(of: Searchable, sentence: str, most: int = MOST_ANSWERS) -> Answer:
    """The windows most like a sentence."""
    from m3n_studio.learning.similarity import best_apart, window_similarity

    words = " ".join(sentence.split())
    if not words:
        raise ValueProblem("type a sentence, for example: a person is walking")
    score = window_similarity(of.imu, of.mask, of.reader.vectors([words])[0])
    best = best_apart(score, of.session, of.start_s, of.length_s, most)
    hits = tuple(
        Hit(str(of.session[i]), str(of.name[i]), float(of.start_s[i]), float(of.start_s[i]) + of.length_s,
            float(score[i]), int(i))
        for i in best
    )  # fmt: skip
    return Answer(words, of, hits, score)
