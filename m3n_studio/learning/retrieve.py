"""Retrieval between modalities, and classes named by sentences alone.

A query's answers are ranked by cosine similarity; what is right may be several answers: every
window of a text's topic, every sentence of a window's topic, and for pose and IMU the very same
window. Reported are R@k, the share of queries with a right answer among the first k, the mean
reciprocal rank of the first right answer, and the same for guessing: a random order. Ties count
against the model, so that embeddings that are all alike find nothing.

Several windows share a text and several sentences a topic, so text to IMU is asked once per
sentence, not once per window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import ValueProblem
from m3n_studio.learning.embed import Embeddings
from m3n_studio.learning.evaluate import Scores, scores

Singles = NDArray[np.float32]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
AT = (1, 2, 5)
_AT_ONCE = 1024


@dataclass(frozen=True)
class Found:
    """How well one modality finds another.

    Attributes
    ----------
    queries, candidates : int
    recall : dict of int to float
        R@k, 0 to 1.
    mrr : float
    chance : dict of str to float
        ``mrr`` and ``R@k`` of a random order.
    """

    queries: int
    candidates: int
    recall: dict[int, float]
    mrr: float
    chance: dict[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def unit(vectors: Singles) -> Singles:
    """Vectors (..., E) of length one; zeros stay."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12), dtype=np.float32)


def first_ranks(queries: Singles, keys: Singles, query_group: Ints, key_group: Ints) -> Ints:
    """Rank (Q,), from 1, of the first right key; right is what is of the same group. Ties count against.

    Every query must have a right key.
    """
    q, k, out = unit(queries), unit(keys), np.empty(len(queries), dtype=np.int64)
    for a in range(0, len(q), _AT_ONCE):
        part = slice(a, a + _AT_ONCE)
        near = q[part] @ k.T
        right = query_group[part, None] == key_group[None]
        if not right.any(axis=1).all():
            raise ValueProblem("a query has no right answer among the candidates")
        best = np.where(right, near, -np.inf).max(axis=1)
        out[part] = 1 + ((near >= best[:, None] - 1e-6) & ~right).sum(axis=1)
    return out


def _chance(query_group: Ints, key_group: Ints) -> dict[str, float]:
    """What a random order finds, exactly: of K candidates r are right."""
    values, counts = np.unique(key_group, return_counts=True)
    right = counts[np.searchsorted(values, query_group)]
    total, mrr, recall = len(key_group), 0.0, dict.fromkeys(AT, 0.0)
    for r, share in zip(*np.unique(right, return_counts=True), strict=True):
        weight, none_yet = share / len(query_group), 1.0
        for rank in range(1, total - int(r) + 2):
            here = none_yet * int(r) / (total - rank + 1)  # the first right one stands at this rank
            mrr += weight * here / rank
            for k in AT:
                recall[k] += weight * here if rank <= k else 0.0
            none_yet -= here
            if none_yet < 1e-9:
                break
    return {"mrr": float(mrr), **{f"R@{k}": float(v) for k, v in recall.items()}}


def found(queries: Singles, keys: Singles, query_group: Ints, key_group: Ints) -> Found:
    """How well queries (Q, E) find keys (K, E) of their group; queries without a right key are left out."""
    asked = np.isin(query_group, key_group)
    if not asked.any():
        raise ValueProblem("no query has a right answer")
    ranks = first_ranks(queries[asked], keys, query_group[asked], key_group)
    recall = {k: float((ranks <= k).mean()) for k in AT}
    return Found(
        int(asked.sum()), len(keys), recall, float((1.0 / ranks).mean()), _chance(query_group[asked], key_group)
    )


def retrieve(of: Embeddings) -> dict[str, Found]:
    """Every direction the embeddings allow, by name: ``"text -> left_wrist"``, ``"left_wrist -> pose"``, ...

    Placements that no window has are left out.
    """
    out: dict[str, Found] = {}
    itself = np.arange(len(of), dtype=np.int64)
    sides: list[tuple[str, Singles, Mask]] = [
        (name, of.imu[:, p], of.imu_mask[:, p]) for p, name in enumerate(of.placements) if of.imu_mask[:, p].any()
    ]
    if of.text is not None:
        told = sides if of.pose is None else [*sides, ("pose", of.pose, np.ones(len(of), dtype=bool))]
        for name, vectors, there in told:
            rows = np.flatnonzero(there & (of.topic >= 0))
            if len(rows):
                out[f"text -> {name}"] = found(of.text, vectors[rows], of.sentence_topic, of.topic[rows])
                out[f"{name} -> text"] = found(vectors[rows], of.text, of.topic[rows], of.sentence_topic)
    if of.pose is not None:
        for name, vectors, there in sides:
            rows = np.flatnonzero(there)
            out[f"pose -> {name}"] = found(of.pose[rows], vectors[rows], itself[rows], itself[rows])
            out[f"{name} -> pose"] = found(vectors[rows], of.pose[rows], itself[rows], itself[rows])
    return out


def class_vectors(of: Embeddings) -> Singles:
    """A class's direction (C, E): the mean of its sentences' directions."""
    if of.text is None:
        raise ValueProblem("these embeddings have no text: the model has no text encoder, or no sentences were given")
    silent = [name for i, name in enumerate(of.topics) if not (of.sentence_topic == i).any()]
    if silent:
        raise ValueProblem(f"the class {silent[0]!r} has no sentence")
    each = unit(of.text)
    return unit(np.stack([each[of.sentence_topic == i].mean(axis=0) for i in range(len(of.topics))]))


def zero_shot(of: Embeddings, *, temperature: float = 0.07, placements: Sequence[str] = ()) -> tuple[Singles, Scores]:
    """Classes of windows by the nearest class in words: probabilities (N, C) and scores of labelled windows.

    Parameters
    ----------
    of : Embeddings
    temperature : float
        That of pretraining; turns similarities into probabilities and changes no decision.
    placements : sequence of str
        Whose similarities are averaged; all that a window has where empty.
    """
    words = class_vectors(of)
    use = [of.placements.index(p) for p in placements] if placements else list(range(len(of.placements)))
    mask = of.imu_mask[:, use].astype(np.float32)
    if (mask.sum(axis=1) == 0).any():
        raise ValueProblem("a window has none of the placements asked for")
    near = (unit(of.imu[:, use]) @ words.T * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
    odds = np.exp((near - near.max(axis=1, keepdims=True)) / temperature)
    probability = np.asarray(odds / odds.sum(axis=1, keepdims=True), dtype=np.float32)
    return probability, scores(probability, of.topic, of.topics)
