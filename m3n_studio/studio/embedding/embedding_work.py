"""Windows, motions and sentences into a model's space, for the Embedding view; kept in the project. No Qt.

What is worked out lies in the project's folder ``cache/embeddings``, a file for each part, named by
what it was made from: the run's checkpoint, the data, the question. A file that is missing or damaged is made anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import FileError, M3nError, ValueProblem
from m3n_studio.learning.projection import unit
from m3n_studio.studio.core.jobs import Task
from m3n_studio.studio.embedding.embedding_models import DEMO, Classifier, Joint, Query
from m3n_studio.studio.embedding.embedding_table import POSE, REAL, SYNTHETIC, TEXT, PointTable, joined

if TYPE_CHECKING:
    from m3n_studio.learning.embed import Embeddings
    from m3n_studio.learning.windows import LabelledRecording
    from m3n_studio.project import Project

Model = Joint | Classifier
VERSION = 1
#: Files kept in the cache; the oldest go.
MOST_KEPT = 24
_MARK = "\x1f"


def embed_points(project: Project, query: Query, task: Task) -> PointTable:
    """All points of a query, from the cache where they are there.

    Raises
    ------
    ValueProblem
        Where there is nothing to show; it says why.
    """
    if not query.real and not query.motions:
        raise ValueProblem("nothing is chosen: take the project's windows, motions, or both (Data)")
    model = Classifier(query) if query.fold else Joint(query)
    parts, notes = [], []
    wanted = [("real", _real)] * query.real + [("motions", _motions)] * bool(query.motions)
    for i, (what, make) in enumerate(wanted):
        first = i / len(wanted)

        def tell(done: float, total: float, first: float = first) -> None:
            task.check()
            task.progress(first + done / max(total, 1e-9) / len(wanted), 1.0)

        try:
            parts.append(_table(make(project, query, model, tell, task), model, query))
        except (ValueProblem, FileError) as problem:
            if len(wanted) == 1:
                raise
            notes.append(f"{'Windows' if what == 'real' else 'Motions'} left out: {problem}")
    if not parts:
        raise ValueProblem("; ".join(notes))
    found = joined(parts)
    return found if not notes else _noted(found, tuple(notes))


def _noted(of: PointTable, notes: tuple[str, ...]) -> PointTable:
    return replace(of, notes=(*of.notes, *notes))


def cached(project: Project, query: Query) -> bool:
    """Whether nothing has to be worked out; cheap, and False where that cannot be told."""
    with contextlib.suppress(M3nError, OSError):
        wanted = [_real_key] * query.real + [_motions_key] * bool(query.motions)
        return bool(wanted) and all(_file(project, key(project, query)).is_file() for key in wanted)
    return False


# ---------------------------------------------------------------------- parts


def _real_key(project: Project, query: Query) -> str:
    said = [(r.id, r.session, r.placement, r.sha256, r.start_s, r.stop_s, repr(r.time_map))
            for r in project.recordings() if r.placement and r.samples > 1]  # fmt: skip
    who = [(s.id, s.subject) for s in project.sessions()]
    return _digest("real", _stamp(query), sorted(said), sorted(who), [(s.id, s.name) for s in project.subjects()],
                   query.classes)  # fmt: skip


def _real(project: Project, query: Query, model: Model, tell: Callable[[float, float], None], task: Task) -> Embeddings:
    from m3n_studio.learning.windows import cut

    def make() -> Embeddings:
        recordings = _recordings(project, model.spec.placements, lambda a, b: tell(a, 2 * b))
        windows = cut(recordings, model.spec, classes=query.classes, unlabelled=True)
        return model.windows(windows, lambda a, b: tell(b + a, 2 * b), task)

    return _kept(project, _real_key(project, query), make)


def _recordings(
    project: Project, placements: tuple[str, ...], tell: Callable[[int, int], None]
) -> list[LabelledRecording]:
    """Every session with one of the placements; the name is the session's id and a number."""
    from m3n_studio.learning.windows import LabelledRecording
    from m3n_studio.project.training_data import at_placements, on_session_clock

    subjects = {s.id: s.name for s in project.subjects()}
    sessions, out = project.sessions(), []
    worn: set[str] = set()
    for done, session in enumerate(sessions):
        tell(done, len(sessions))
        found = at_placements(project, session.id)
        worn |= set(found)
        by_placement = {p: of for p, of in found.items() if p in placements}
        for index in range(max((len(of) for of in by_placement.values()), default=0)):
            at = {p: on_session_clock(project, of[index]) for p, of in by_placement.items() if index < len(of)}
            out.append(
                LabelledRecording(f"{session.id}{_MARK}{index}", subjects.get(session.subject, "") or "nobody", at)
            )
    if not out:
        there = ", ".join(sorted(worn)) or "no recording with a named placement"
        raise ValueProblem(
            f"the model knows {', '.join(placements)}; the project has {there}. Say in the Project view where"
            " recordings were worn, or choose another run"
        )
    return sorted(out, key=lambda r: (r.subject, r.name))


def _motions_key(project: Project, query: Query) -> str:
    from m3n_studio.learning.motion_set import motion_files

    files = [p for folder in folders_of(query.motions) for p in motion_files(folder)]
    stats = [(str(p), p.stat().st_size, p.stat().st_mtime_ns) for p in files]
    return _digest("motions", _stamp(query), stats)


def folders_of(motions: str) -> list[Path]:
    """The folders or files of a query's motions."""
    from m3n_studio.resources import resource

    return [resource("motions") if name == DEMO else Path(name) for name in motions.split("\n") if name]


def _motions(
    project: Project, query: Query, model: Model, tell: Callable[[float, float], None], task: Task
) -> Embeddings:
    return _kept(project, _motions_key(project, query), lambda: model.motions(folders_of(query.motions), tell, task))


# ---------------------------------------------------------------------- the cache


def _stamp(query: Query) -> list[object]:
    """What the model is: its checkpoint's size and time."""
    run = Path(query.run)
    at = run / (f"folds/{query.fold}/checkpoints/best.pt" if query.fold else "checkpoints/best.pt")
    try:
        found = at.stat()
    except OSError as error:
        raise FileError(at, found="no checkpoint", expected="a run that has finished an epoch") from error
    return [str(run), query.fold, found.st_size, found.st_mtime_ns]


def _digest(*of: object) -> str:
    return hashlib.sha256(json.dumps([VERSION, *of], default=str).encode()).hexdigest()[:24]


def _file(project: Project, key: str) -> Path:
    return project.folder / "cache" / "embeddings" / f"{key}.h5"


def _kept(project: Project, key: str, make: Callable[[], Embeddings]) -> Embeddings:
    from m3n_studio.learning.embed import read_embeddings, write_embeddings

    path = _file(project, key)
    if path.is_file():
        with contextlib.suppress(FileError):
            found = read_embeddings(path)
            path.touch()
            return found
    found = make()
    with contextlib.suppress(OSError, FileError):  # a folder that cannot be written costs time, nothing else
        path.parent.mkdir(parents=True, exist_ok=True)
        write_embeddings(path, found)
        for old in sorted(path.parent.glob("*.h5"), key=lambda p: p.stat().st_mtime_ns)[:-MOST_KEPT]:
            old.unlink(missing_ok=True)
    return found


# ---------------------------------------------------------------------- to a table


def _table(of: Embeddings, model: Model, query: Query) -> PointTable:
    """Embeddings as points: windows, then poses, then sentences."""
    n, real = len(of), of.kind == "recordings"
    if query.each_placement and len(of.placements) > 1:
        row, place = np.nonzero(of.imu_mask)
        vector, worn = of.imu[row, place], np.array(of.placements)[place]
    else:
        row = np.arange(n)
        weight = of.imu_mask[..., None].astype(np.float32)
        vector = (unit(of.imu.reshape(-1, of.imu.shape[-1])).reshape(of.imu.shape) * weight).sum(axis=1)
        worn = np.full(n, of.placements[0] if len(of.placements) == 1 and of.placements != ("all",) else "")
    said = np.array([of.topics[t] if t >= 0 and not real else "" for t in of.topic.tolist()], dtype=str)
    predicted, expert = (_listed(of.about.get(name), n) for name in ("predicted", "expert"))
    session = np.array([name.split(_MARK)[0] if real else "" for name in of.name], dtype=str)
    parts = [(vector, REAL if real else SYNTHETIC, row, worn, predicted[row], expert[row])]
    none = np.full(n, -1)
    if of.pose is not None:
        parts.append((of.pose, POSE, np.arange(n), np.full(n, ""), none, none))
    tables = [
        PointTable(
            unit(v), np.full(len(v), kind), session[r], session[r] if real else of.name[r], of.subject[r], w,
            of.start_s[r], model.spec.length_s, said[r], p, e, model.classes, _paths(query, real),
        )
        for v, kind, r, w, p, e in parts
    ]  # fmt: skip
    if of.text is not None:
        tables.append(_texts(of, model))
    return joined(tables)


def _texts(of: Embeddings, model: Model) -> PointTable:
    k = len(of.sentences)
    empty, none = np.full(k, ""), np.full(k, -1)
    about = np.array([of.topics[t] for t in of.sentence_topic.tolist()], dtype=str)
    vector = unit(of.text if of.text is not None else np.zeros((0, of.imu.shape[-1]), dtype=np.float32))
    return PointTable(vector, np.full(k, TEXT), empty, np.array(of.sentences, dtype=str), empty, empty, np.zeros(k),
                      model.spec.length_s, about, none, none, model.classes)  # fmt: skip


def _listed(found: object, n: int) -> NDArray[np.int64]:
    """A list of whole numbers kept beside embeddings, -1 each where there is none that fits."""
    good = isinstance(found, list) and len(found) == n and all(isinstance(v, int) and -1 <= v < 2**31 for v in found)
    return np.array(found, dtype=np.int64).reshape(n) if good else np.full(n, -1)


def _paths(query: Query, real: bool) -> dict[str, str]:
    from m3n_studio.learning.motion_set import motion_files

    if real:
        return {}
    return {p.name: str(p) for folder in folders_of(query.motions) for p in motion_files(folder)}
