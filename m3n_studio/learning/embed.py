"""Embeddings of windows by a pretrained joint model: of motions (text, pose, synthetic signals) and of recordings.

All share one space, so that any may be compared with any. Real windows are normalised as the
model's own were: nothing is fitted on them.

File: ``imu`` (N, P, E), ``imu_mask`` (N, P), ``pose`` (N, E) and ``text`` (K, E) float32 where there are
any, ``sentence_topic`` (K,), ``topic`` (N,) (-1 for none), ``start_s`` (N,); ``json``, as bytes: ``sentences``
(K,), ``topics``, ``name`` (N,), ``subject`` (N,), ``placements``, ``kind``, ``about``; attributes ``format`` and
``format_version``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from m3n_studio.atomic import atomic
from m3n_studio.errors import Cancelled, FileError, ValueProblem
from m3n_studio.learning import h5_json
from m3n_studio.learning.config import BodiesConfig
from m3n_studio.learning.motion_set import MotionSet
from m3n_studio.learning.pretrain import Pretrained
from m3n_studio.learning.text import embed as embed_sentences
from m3n_studio.learning.triples import Choice, TripleDrawer
from m3n_studio.learning.windows import Windows

Singles = NDArray[np.float32]
Ints = NDArray[np.int64]
FORMAT, FORMAT_VERSION = "m3n-studio embeddings", 1
KINDS = ("motions", "recordings")
_AT_ONCE = 128
_WORDS = ("sentences", "topics", "placements", "name", "subject")


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Windows in the model's space.

    Attributes
    ----------
    kind : {"motions", "recordings"}
    imu : (N, P, E) float32; imu_mask : (N, P) bool
    pose : (N, E) float32 or None
    text : (K, E) float32 or None
        Of `sentences`.
    sentences : tuple of str
    sentence_topic : (K,) int64
        Index into `topics` of what a sentence is about.
    topics : tuple of str
        Topics of motions, classes of recordings.
    topic : (N,) int64
        Of each window; -1 for none.
    name, subject : (N,) str
        Clip or recording; who, empty for motions.
    start_s : (N,) float64, s
    placements : tuple of str
    about : mapping
        Where it comes from, for people.
    """

    kind: str
    imu: Singles
    imu_mask: NDArray[np.bool_]
    pose: Singles | None
    text: Singles | None
    sentences: tuple[str, ...]
    sentence_topic: Ints
    topics: tuple[str, ...]
    topic: Ints
    name: NDArray[np.str_]
    subject: NDArray[np.str_]
    start_s: NDArray[np.float64]
    placements: tuple[str, ...]
    about: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.imu)


def embed_text(
    of: Pretrained, sentences: Sequence[str], cache: Path | None = None, *, batch: int = _AT_ONCE
) -> Singles | None:
    """Sentences (K, E) in the model's space; None where the model has no text encoder."""
    if of.model.text is None or not sentences:
        return None
    found = embed_sentences(sentences, of.config.text, cache)
    if found.width != of.sentence_width:
        raise ValueProblem(
            f"the model was pretrained on sentence vectors of width {of.sentence_width}; {found.encoder} gives"
            f" {found.width}{': ' + found.note if found.note else ''}"
        )
    out = []
    with torch.inference_mode():
        for a in range(0, len(sentences), batch):
            mask = None if found.mask is None else torch.from_numpy(found.mask[a : a + batch])
            out.append(of.model.text(torch.from_numpy(found.vectors[a : a + batch]), mask).numpy())
    return np.concatenate(out)


def embed_motions(
    of: Pretrained,
    motions: MotionSet,
    *,
    bodies: BodiesConfig | None = None,
    seed: int = 0,
    cache: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Embeddings:
    """Windows of motions a stride apart: their sentences, poses, and synthetic signals on a body each.

    Parameters
    ----------
    of : Pretrained
    motions : MotionSet
        At the rate and for the placements of the model.
    bodies : BodiesConfig
        Those of pretraining where not given.
    seed : int
        Decides the bodies.
    cache : path
        For sentence vectors.
    progress : callable of (windows done, windows)
    cancelled : callable returning bool
    """
    _fits(of, motions.placements, motions.rate_hz, of.config.windows.samples)
    drawer = TripleDrawer(motions, of.config.windows, bodies or of.config.pretrain.bodies)
    grid, total = drawer.grid(), len(drawer.grid().clip)
    imu, pose, topic = [], [], []
    with torch.inference_mode():
        for number, a in enumerate(range(0, total, _AT_ONCE)):
            if cancelled():
                raise Cancelled("embedding was cancelled")
            part = slice(a, a + _AT_ONCE)
            drawn = drawer.draw(Choice(grid.clip[part], grid.start[part]), seed, number)
            normal = torch.from_numpy(np.ascontiguousarray(of.scaler.apply(drawn.imu)))
            imu.append(of.model.imu(normal)[1].numpy())
            if of.model.pose is not None:
                there = torch.ones(drawn.pose.shape[:2], dtype=torch.bool)
                pose.append(of.model.pose(torch.from_numpy(drawn.pose), there).numpy())
            topic.append(drawn.topic)
            if progress:
                progress(min(a + _AT_ONCE, total), total)
    known = {name: i for i, name in enumerate(drawer.topics)}
    about_what = {s: known[said.topic] for c in motions.clips for said in c.said for s in said.sentences}
    return Embeddings(
        "motions", np.concatenate(imu), np.ones((total, len(motions.placements)), dtype=bool),
        np.concatenate(pose) if pose else None, embed_text(of, drawer.sentences, cache), drawer.sentences,
        np.array([about_what[s] for s in drawer.sentences], dtype=np.int64), drawer.topics, np.concatenate(topic),
        np.array([motions.clips[c].name for c in grid.clip]), np.full(total, ""), grid.start / motions.rate_hz,
        motions.placements, {"method": of.method, "seed": seed},
    )  # fmt: skip


def embed_windows(
    of: Pretrained,
    windows: Windows,
    class_sentences: Mapping[str, Sequence[str]] | None = None,
    *,
    cache: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Embeddings:
    """Real windows, and the sentences of their classes; placements not worn are masked.

    Parameters
    ----------
    of : Pretrained
    windows : Windows
        At the rate and length of the model; some of its placements.
    class_sentences : mapping of str to sequence of str
        Sentences of every class (:meth:`~m3n_studio.learning.text.Templates.sentences`); none: no text.
    """
    _fits(of, of.placements, windows.rate_hz, windows.samples)
    extra = [p for p in windows.placements if p not in of.placements]
    if extra:
        raise ValueProblem(f"{extra[0]} was not pretrained; {', '.join(of.placements)} were")
    at = [of.placements.index(p) for p in windows.placements]
    count, p = len(windows), len(of.placements)
    mask = np.zeros((count, p), dtype=bool)
    mask[:, at] = windows.mask
    imu = []
    with torch.inference_mode():
        for a in range(0, count, _AT_ONCE):
            if cancelled():
                raise Cancelled("embedding was cancelled")
            part = slice(a, a + _AT_ONCE)
            raw = np.zeros((len(windows.imu[part]), p, 6, windows.samples), dtype=np.float32)
            raw[:, at] = windows.imu[part]
            normal = torch.from_numpy(of.scaler.apply(raw, mask[part]))
            imu.append(of.model.imu(normal, torch.from_numpy(mask[part]))[1].numpy())
            if progress:
                progress(min(a + _AT_ONCE, count), count)
    pairs = [(s, i) for i, c in enumerate(windows.classes) for s in (class_sentences or {}).get(c, ())]
    sentences = tuple(s for s, _ in pairs)
    return Embeddings(
        "recordings", np.concatenate(imu), mask, None, embed_text(of, sentences, cache), sentences,
        np.array([i for _, i in pairs], dtype=np.int64), windows.classes, windows.label, windows.recording,
        windows.subject, windows.start_s, of.placements, {"method": of.method},
    )  # fmt: skip


def _fits(of: Pretrained, placements: Sequence[str], rate_hz: float, samples: int) -> None:
    if tuple(placements) != of.placements or abs(rate_hz - of.rate_hz) > 1e-6 or samples != of.samples:
        raise ValueProblem(
            f"windows are {samples} samples at {rate_hz:g} Hz of {', '.join(placements)}; the model was pretrained on"
            f" {of.samples} at {of.rate_hz:g} Hz of {', '.join(of.placements)}"
        )


def write_embeddings(path: str | Path, of: Embeddings) -> Path:
    """Write embeddings to an HDF5 file, whole or not at all."""
    import h5py

    path = Path(path)
    try:
        with atomic(path) as part, h5py.File(part, "w") as file:
            words = {name: [str(v) for v in getattr(of, name)] for name in _WORDS}
            h5_json.put(file, FORMAT, FORMAT_VERSION, words | {"kind": of.kind, "about": dict(of.about)})
            for name in ("imu", "imu_mask", "pose", "text", "sentence_topic", "topic", "start_s"):
                if getattr(of, name) is not None:
                    file[name] = getattr(of, name)
    except OSError as error:
        raise FileError(path, found=f"it cannot be written ({error})", expected="room on a writable disk") from error
    return path


def read_embeddings(path: str | Path) -> Embeddings:
    """Read what :func:`write_embeddings` wrote; `FileError` for anything else."""
    path = Path(path)
    try:
        return _read(path)
    except FileError:
        raise
    except Exception as error:  # whatever a damaged file makes h5py raise
        raise FileError(
            path, found=f"no whole file of embeddings ({type(error).__name__})", expected="what `embed` wrote"
        ) from error


def _read(path: Path) -> Embeddings:
    import h5py

    with h5py.File(path, "r") as file:
        if sum(item.nbytes for item in file.values()) > path.stat().st_size:  # nothing in it is compressed
            raise FileError(path, found="tables larger than the file", expected="what `embed` wrote")
        arrays = {name: file[name][:] for name in ("imu", "imu_mask", "sentence_topic", "topic", "start_s")}
        text, pose = (file[name][:] if name in file else None for name in ("text", "pose"))
        words = h5_json.get(file, FORMAT, FORMAT_VERSION)
    names = {name: h5_json.names(words, name) for name in _WORDS}
    found = Embeddings(
        str(words["kind"]), arrays["imu"], arrays["imu_mask"].astype(bool), pose, text, names["sentences"],
        arrays["sentence_topic"].astype(np.int64), names["topics"], arrays["topic"].astype(np.int64),
        np.array(names["name"], dtype=str), np.array(names["subject"], dtype=str), arrays["start_s"],
        names["placements"], words["about"],
    )  # fmt: skip
    _check(found, path)
    return found


def _check(of: Embeddings, path: Path) -> None:
    n, k = len(of.imu), len(of.sentences)
    width = of.imu.shape[-1]
    good = of.kind in KINDS and of.imu.ndim == 3 and of.imu_mask.shape == of.imu.shape[:2] == (n, len(of.placements))
    good = good and all(len(v) == n for v in (of.topic, of.name, of.subject, of.start_s))
    good = good and (of.pose is None or of.pose.shape == (n, width)) and of.sentence_topic.shape == (k,)
    good = good and (of.text is None or of.text.shape == (k, width)) and isinstance(of.about, dict)
    for values, least in ((of.topic, -1), (of.sentence_topic, 0)):
        good = good and (not len(values) or (values.min() >= least and values.max() < max(len(of.topics), 1)))
    if not good or not all(np.isfinite(v).all() for v in (of.imu, of.pose, of.text) if v is not None):
        raise FileError(path, found="tables that do not fit together", expected="what `embed` wrote")
