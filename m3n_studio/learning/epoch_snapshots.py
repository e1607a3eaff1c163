"""How modalities come together during pretraining: after every epoch, the same few windows in the model's space.

Written from the training itself, by :func:`keeping`, as ``epochs/<number>.npz`` of the run, before the epoch is
told: whoever hears of an epoch finds its file. (Checkpoints could not serve: only the last and the best are kept.)
The windows are the first of validation, the same in every epoch. Nothing is drawn: weights, modes and generators
are as if no snapshot had been taken. A few hundred kilobytes an epoch; ``pretrain.snapshots = 0`` keeps none.

File: ``directions`` (M, N, E) float16, of length one; ``there`` (M, N) bool; ``topic`` (N,) int64; ``json``, as
bytes: ``format``, ``format_version``, ``epoch``, ``modalities`` (M,), ``topics``, ``numbers``. Reading imports no
torch.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from m3n_studio.atomic import atomic
from m3n_studio.errors import Cancelled, FileError
from m3n_studio.learning.events import Epoch, Message, Remark

if TYPE_CHECKING:
    from m3n_studio.learning.batches import BatchSource

Singles = NDArray[np.float32]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
FORMAT, FORMAT_VERSION, FOLDER = "m3n-studio epoch snapshot", 1, "epochs"
TEXT, POSE = "text", "pose"
_LARGEST = 64 << 20


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The same windows after one epoch.

    Attributes
    ----------
    epoch : int
        From 1.
    modalities : tuple of str
        ``text``, ``pose`` and placements.
    directions : (M, N, E) float32
        Embeddings of length one; of a window, row n of every modality.
    there : (M, N) bool
    topic : (N,) int64
        Windows of one topic share their text.
    topics : tuple of str
        Names of topics; empty where they are not known.
    numbers : mapping of str to float
        See :func:`numbers`.
    """

    epoch: int
    modalities: tuple[str, ...]
    directions: Singles
    there: Mask
    topic: Ints
    topics: tuple[str, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)


def pairs(modalities: Sequence[str]) -> list[tuple[str, str]]:
    """Every two modalities."""
    return list(combinations(modalities, 2))


def numbers(modalities: Sequence[str], directions: Singles, there: Mask, topic: Ints) -> dict[str, float]:
    """How near modalities are, and how much of the space they use.

    Parameters
    ----------
    modalities : sequence of str (M)
    directions : (M, N, E)
        Of length one.
    there : (M, N) bool
    topic : (N,)

    Returns
    -------
    dict of str to float
        Of every pair, ``text-pose/match``: mean cosine similarity of what belongs to one window; ``/other``: of
        what does not (with text: of another topic); ``/r1``: share of windows whose nearest of the other modality
        is right, both directions averaged, and ``/r1_chance``. Of every modality, ``pose/rank``: effective rank
        (exponential of the entropy of singular values of the centred directions) and ``pose/uniformity``: log of
        the mean of exp(-2 d²) over pairs of windows; 0 where all are one point, less where they are spread.
    """
    out: dict[str, float] = {}
    index = {name: i for i, name in enumerate(modalities)}
    for a, b in pairs(modalities):
        rows = np.flatnonzero(there[index[a]] & there[index[b]])
        if len(rows):
            group = topic[rows] if TEXT in (a, b) else rows.astype(np.int64)
            out |= _of_pair(f"{a}-{b}", directions[index[a], rows], directions[index[b], rows], group)
    for name, i in index.items():
        own = directions[i, there[i]]
        if len(own) > 1:
            out |= {f"{name}/rank": effective_rank(own), f"{name}/uniformity": uniformity(own)}
    return out


def _of_pair(name: str, a: Singles, b: Singles, group: Ints) -> dict[str, float]:
    from m3n_studio.learning.retrieve import first_ranks

    near = a.astype(np.float64) @ b.T.astype(np.float64)
    other = group[:, None] != group[None]
    ranks = [first_ranks(a, b, group, group), first_ranks(b, a, group, group)]
    found = {
        f"{name}/match": float(np.diag(near).mean()), f"{name}/r1": float(np.mean([(r == 1).mean() for r in ranks])),
        f"{name}/r1_chance": float((~other).mean()),
    }  # fmt: skip
    return found | ({f"{name}/other": float(near[other].mean())} if other.any() else {})


def effective_rank(directions: Singles) -> float:
    """Over how many directions vectors (N, E) are spread, 1 to E (Roy and Vetterli)."""
    own = directions.astype(np.float64)
    singular = np.linalg.svd(own - own.mean(axis=0), compute_uv=False)
    share = singular / max(float(singular.sum()), 1e-12)
    share = share[share > 1e-12]
    return float(np.exp(-(share * np.log(share)).sum())) if len(share) else 1.0


def uniformity(directions: Singles) -> float:
    """Log of the mean of exp(-2 d²) over pairs of vectors (N, E) of length one (Wang and Isola); 0: one point."""
    own = directions.astype(np.float64)
    squared = np.maximum(2.0 - 2.0 * (own @ own.T), 0.0)
    upper = squared[np.triu_indices(len(own), 1)]
    return float(np.log(np.exp(-2.0 * upper).mean()))


# ---------------------------------------------------------------------- writing, from the training


def keeping(
    say: Callable[[Message], None], model: Any, validation: BatchSource | None, run: Path, most: int
) -> Callable[[Message], None]:
    """What tells messages on, with a snapshot written before every epoch is told.

    Parameters
    ----------
    say : callable of Message
    model : Multi3Net
        The one that is trained.
    validation : BatchSource or None
        Without it there is nothing to look at, and nothing is written.
    run : Path
        Folder of the run.
    most : int
        Windows of a snapshot; 0: none is written.
    """
    if validation is None or most <= 0:
        return say
    keeper = _Keeper(model, validation, run / FOLDER, most)

    def tell(message: Message) -> None:
        if isinstance(message, Epoch):
            try:
                keeper.take(message.epoch)
            except OSError as error:
                say(Remark("snapshot", f"no snapshot of epoch {message.epoch}: {error}"))
        say(message)

    return tell


class _Keeper:
    def __init__(self, model: Any, validation: BatchSource, folder: Path, most: int) -> None:
        self._model, self._validation, self._folder, self._most = model, validation, folder, most
        self._batches: list[Any] = []

    def take(self, epoch: int) -> None:
        """Embed the windows and write them."""
        from m3n_studio.learning import checkpoints

        before, modes = checkpoints.generators(), [(m, m.training) for m in self._model.modules()]
        try:
            self._model.eval()
            taken = self._embedded(epoch)
        finally:
            for module, training in modes:
                module.training = training
            checkpoints.restore_generators(before)
        self._folder.mkdir(exist_ok=True)
        write_snapshot(place(self._folder.parent, epoch), taken)

    def _embedded(self, epoch: int) -> Snapshot:
        import torch

        if not self._batches:
            self._batches = self._chosen()
        device, names = next(self._model.parameters()).device, list(self._validation.placements)
        each, masks = [], []
        with torch.no_grad():
            for batch in self._batches:
                b = type(batch)(*(None if v is None else v.to(device) for v in batch))
                all_there = torch.ones(len(b.imu), dtype=torch.bool, device=device)
                parts = [] if self._model.text is None else [self._model.text(b.text, b.text_mask)]
                parts += [] if self._model.pose is None else [self._model.pose(b.pose, b.pose_mask)]
                masks.append(torch.stack([*(all_there for _ in parts), *b.imu_mask.unbind(1)]).cpu().numpy())
                parts += list(self._model.imu(b.imu, b.imu_mask)[1].unbind(1))
                each.append(torch.nn.functional.normalize(torch.stack(parts).float(), dim=-1).cpu().numpy())
        first = [TEXT] * (self._model.text is not None) + [POSE] * (self._model.pose is not None)
        directions, there = np.concatenate(each, axis=1), np.concatenate(masks, axis=1)
        topic = np.concatenate([batch.text_id.cpu().numpy() for batch in self._batches]).astype(np.int64)
        modalities = (*first, *names)
        said = tuple(str(t) for t in getattr(getattr(self._validation, "drawer", None), "topics", ()))
        return Snapshot(
            epoch, modalities, directions, there, topic, said, numbers(modalities, directions, there, topic)
        )

    def _chosen(self) -> list[Any]:
        """The first windows of validation."""
        chosen, left = [], self._most
        for batch in self._validation.epoch(0):
            chosen.append(type(batch)(*(None if v is None else v[:left] for v in batch)))
            left -= len(chosen[-1].imu)
            if left <= 0:
                break
        return chosen


def place(run: Path, epoch: int) -> Path:
    """The file of an epoch."""
    return run / FOLDER / f"{epoch:03d}.npz"


def write_snapshot(path: Path, of: Snapshot) -> None:
    """Write a snapshot, whole or not at all."""
    about = {"format": FORMAT, "format_version": FORMAT_VERSION, "epoch": of.epoch, "modalities": of.modalities,
             "topics": of.topics, "numbers": dict(of.numbers)}  # fmt: skip
    words = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
    with atomic(path) as part, part.open("wb") as file:
        np.savez(file, directions=of.directions.astype(np.float16), there=of.there, topic=of.topic, json=words)


# ---------------------------------------------------------------------- reading


def read_snapshot(path: Path) -> Snapshot:
    """Read what :func:`write_snapshot` wrote; `FileError` for anything else."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(item.file_size for item in archive.infolist()) > _LARGEST:
                raise FileError(path, found="tables of more than 64 MB", expected="a snapshot of an epoch")
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in ("directions", "there", "topic", "json")}
        found = _parsed(arrays, json.loads(arrays["json"].tobytes().decode("utf-8")), path)
    except FileError:
        raise
    except Exception as error:  # whatever a damaged archive makes NumPy raise
        raise FileError(
            path, found=f"no whole snapshot ({type(error).__name__})", expected="what pretraining wrote"
        ) from error
    return found


def _parsed(arrays: Mapping[str, Any], about: Any, path: Path) -> Snapshot:
    if not isinstance(about, dict) or (about.get("format"), about.get("format_version")) != (FORMAT, FORMAT_VERSION):
        raise FileError(path, field="format", found="another format or version", expected=f"{FORMAT} {FORMAT_VERSION}")
    directions, there, topic = arrays["directions"], arrays["there"], arrays["topic"]
    names, topics, figures = about["modalities"], about["topics"], about["numbers"]
    good = directions.dtype == np.float16 and directions.ndim == 3 and directions.size and np.isfinite(directions).all()
    good = good and there.dtype == bool and there.shape == directions.shape[:2] and topic.dtype == np.int64
    good = good and topic.shape == (directions.shape[1],) and topic.min() >= 0
    good = good and (not topics or int(topic.max()) < len(topics)) and isinstance(about["epoch"], int)
    good = good and len(names) == len(directions) and all(isinstance(n, str) for n in (*names, *topics))
    good = good and isinstance(figures, dict) and all(isinstance(v, float | int) for v in figures.values())
    if not good:
        raise FileError(path, found="tables that do not fit together", expected="what pretraining wrote")
    return Snapshot(
        about["epoch"], tuple(names), directions.astype(np.float32), there, topic, tuple(topics),
        {str(k): float(v) for k, v in figures.items()},
    )  # fmt: skip


def epochs_of(run: str | Path) -> list[Path]:
    """Snapshots of a run, by epoch."""
    found = [p for p in (Path(run) / FOLDER).glob("*.npz") if p.stem.isdigit()]
    return sorted(found, key=lambda p: int(p.stem))


@dataclass(frozen=True, eq=False)
class Movement:
    """Windows in two dimensions over epochs.

    Attributes
    ----------
    epochs : tuple of int (K)
    modalities : tuple of str (M)
    points : (K, M, N, 2) float32
        One projection for all epochs.
    there : (M, N) bool
    topic : (N,); topics : tuple of str
    numbers : tuple of mapping (K)
    basis : (E, 2)
    kept : float
        Share of the last epoch's variance that two dimensions hold.
    """

    epochs: tuple[int, ...]
    modalities: tuple[str, ...]
    points: Singles
    there: Mask
    topic: Ints
    topics: tuple[str, ...]
    numbers: tuple[Mapping[str, float], ...]
    basis: Singles
    kept: float


def movement(
    run: str | Path, before: Movement | None = None, *, progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Movement | None:  # fmt: skip
    """All snapshots of a run by one PCA, fitted on the last epoch; None where there is none that can be read.

    before : what was shown so far; the new plane is turned so that it moves little.

    A file that is damaged or of other windows than the last is left out.
    """
    files = epochs_of(run)
    last = next((s for s in map(_or_none, reversed(files)) if s is not None), None)
    if last is None:
        return None
    rows = last.directions[last.there].astype(np.float64)
    centre = rows.mean(axis=0)
    _, singular, axes = np.linalg.svd(rows - centre, full_matrices=False)
    basis = np.zeros((rows.shape[1], 2))
    basis[:, : min(2, len(axes))] = axes[:2].T
    kept = float((singular[:2] ** 2).sum() / max(float((singular**2).sum()), 1e-12))
    basis = _turned(basis, None if before is None else before.basis)
    epochs, points, figures = [], [], []
    for done, path in enumerate(files):
        if cancelled():
            raise Cancelled("reading snapshots was cancelled")
        one = last if path.stem == f"{last.epoch:03d}" else _or_none(path)
        if one is not None and one.modalities == last.modalities and one.directions.shape == last.directions.shape:
            epochs.append(one.epoch)
            points.append(((one.directions - centre) @ basis).astype(np.float32))
            figures.append(one.numbers)
        if progress:
            progress(done + 1, len(files))
    return Movement(
        tuple(epochs), last.modalities, np.stack(points), last.there, last.topic, last.topics, tuple(figures),
        basis.astype(np.float32), kept,
    )  # fmt: skip


def _or_none(path: Path) -> Snapshot | None:
    try:
        return read_snapshot(path)
    except FileError:
        return None


def _turned(basis: NDArray[np.float64], before: NDArray[Any] | None) -> NDArray[np.float64]:
    """The same plane, its axes turned to be near those of before; else each axis' largest entry is positive."""
    if before is not None and before.shape == basis.shape:
        u, _, vt = np.linalg.svd(basis.T @ before)
        return np.asarray(basis @ u @ vt)
    largest = basis[np.abs(basis).argmax(axis=0), [0, 1]]
    return np.asarray(basis * np.where(largest < 0, -1.0, 1.0))
