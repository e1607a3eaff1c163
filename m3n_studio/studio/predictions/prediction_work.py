"""What a job does to predict a session with a run: opening models and recordings, then piece after piece. No Qt."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from m3n_studio.studio.predictions.prediction_cache import PredictionCache, Shapes
from m3n_studio.studio.predictions.session_signals import Stored, fingerprint, recordings_for

if TYPE_CHECKING:
    from m3n_studio.learning.moments_predicted import Partial
    from m3n_studio.learning.pieces import Plan
    from m3n_studio.learning.trained import Learned, Trained
    from m3n_studio.project import Project
    from m3n_studio.studio.core.jobs import Task

#: Seconds of recording a piece.
PIECE_S = 60.0
_RUN_FILES = ("run.json", "config.toml")


@dataclass(frozen=True, eq=False)
class Opened:
    """All that is needed to predict a session with a run.

    Attributes
    ----------
    models : tuple of Trained
    plan : Plan
    partial : Partial
        Filled by whoever gets the pieces, in one thread.
    cache : PredictionCache
    edges : (n + 1,) int64
        Windows where pieces begin.
    middles : (n,) float64, s
        Where they are in time.
    key, recordings : str
        Digests: of all that decides the values, of the recordings and how they are cut.
    lacking : tuple of str
        Placements of the models nobody wore.
    sources : tuple of Stored
    """

    models: tuple[Trained | Learned, ...]
    plan: Plan
    partial: Partial
    cache: PredictionCache
    edges: NDArray[np.int64]
    middles: NDArray[np.float64]
    key: str
    recordings: str
    lacking: tuple[str, ...]
    sources: tuple[Stored, ...]


@dataclass(frozen=True, eq=False)
class Piece:
    """Values of one piece: its number, first window, probabilities, gates and parts of logits (see `Shapes`)."""

    number: int
    first: int
    arrays: tuple[NDArray[np.float32], ...]
    from_cache: bool


def open_prediction(project: Project, session: str, run: str, before: Opened | None, task: Task) -> Opened:
    """Open models, lay out windows; `before` where nothing has changed, its layout where only the models have.

    Raises
    ------
    M3nError
        Where it cannot be predicted; in words for the view.
    """
    from m3n_studio.learning.moments_predicted import Partial
    from m3n_studio.learning.pieces import plan
    from m3n_studio.learning.predict import fine_windows
    from m3n_studio.learning.run_folder import RunFolder
    from m3n_studio.learning.trained import fold_in_training, open_classifiers

    going = fold_in_training(run)
    weights = _digest(Path(run), going)
    folder = RunFolder.open(run)
    placements = tuple(str(p) for p in folder.about.facts.get("placements", ()))
    found = recordings_for(project, session, placements)
    spec = fine_windows(folder.config.windows, placements)
    recordings = hashlib.sha256(f"{fingerprint(found)}{spec.model_dump_json()}".encode()).hexdigest()
    key = hashlib.sha256(f"{recordings}{weights}{PIECE_S}".encode()).hexdigest()
    if before is not None and before.key == key:
        return before
    models = open_classifiers(run, unfinished=True)
    task.check()
    if before is not None and before.recordings == recordings:
        laid, sources = before.plan, before.sources
    else:
        worn = [{p: Stored(project, r) for p, r in of.items()} for of in found]
        laid, sources = plan(worn, spec), tuple(s for of in worn for s in of.values())
    task.check()
    _, gates, _ = models[0].explain(laid.windows(0, 1))
    shapes = Shapes(len(models), len(models[0].classes), *gates.shape[1:])
    hop_s = spec.stride / spec.rate_hz
    partial = Partial(laid.start_s, models[0].classes, placements, hop_s, spec.length_s, models=shapes.models,
                      tokens=shapes.tokens, experts=shapes.experts, what=words(models))  # fmt: skip
    cache = PredictionCache(project.folder, session, run, key, shapes, writes=not project.read_only)
    cache.tidy()
    edges = laid.pieces(PIECE_S)
    middles = np.array([laid.start_s[a:b].mean() + spec.length_s / 2 for a, b in pairwise(edges)])
    lacking = tuple(p for p in placements if not any(p in of for of in found))
    return Opened(models, laid, partial, cache, edges, middles, key, recordings, lacking, sources)


def predict_piece(opened: Opened, number: int, task: Task) -> Piece:
    """Values of one piece, from the cache or computed and kept."""
    first, stop = int(opened.edges[number]), int(opened.edges[number + 1])
    kept = opened.cache.read(first, stop - first)
    if kept is not None:
        return Piece(number, first, kept, True)
    windows = opened.plan.windows(first, stop)
    each = [model.explain(windows, cancelled=task.cancelled) for model in opened.models]
    arrays: tuple[Any, ...] = tuple(np.stack(values) for values in zip(*each, strict=True))
    opened.cache.write(first, arrays)
    return Piece(number, first, arrays, False)


def words(models: tuple[Trained | Learned, ...]) -> str:
    """Which models these are, for people."""
    if models[0].epoch:
        return f"fold {models[0].fold} in training, epoch {models[0].epoch}"
    return f"mean of {len(models)} folds" if len(models) > 1 else f"fold {models[0].fold}"


def _digest(run: Path, going: int | None) -> str:
    """Of all files of a run that decide what it says."""
    digest = hashlib.sha256(repr(going).encode())
    if going is not None:
        names = [f"folds/{going}/fold.json", f"folds/{going}/checkpoints/last.pt"]
    else:
        done = sorted(run.glob("folds/*/result.json"))
        names = [str(f.relative_to(run)) for p in done for f in (p, p.parent / "checkpoints/best.pt")]
    for name in (*_RUN_FILES, *names):
        try:
            with (run / name).open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError:
            digest.update(b"-")  # what is missing is said when it is opened
    return digest.hexdigest()
