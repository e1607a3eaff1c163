"""How alike windows, sentences and classes are in a pretrained model's space: matrices, order, and answers to words.

Cosine similarity throughout. A matrix of many windows is never made whole: what is shown is the mean over blocks
of neighbouring windows, and the mean of cosines between two groups of directions is the product of their sums
over their counts, exactly. Importing this imports no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import ValueProblem

if TYPE_CHECKING:
    from m3n_studio.learning.pretrain import Pretrained
    from m3n_studio.learning.sentences import SentenceEncoder

Singles = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

#: Rows beyond which a clustered order is worked out on blocks of neighbours instead of on every row.
MOST_CLUSTERED = 1500


def unit(vectors: NDArray[Any]) -> Singles:
    """Vectors (..., E) of length one; zeros stay."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12), dtype=np.float32)


def similarity(a: Singles, b: Singles) -> Singles:
    """Cosine similarities (A, B) of vectors (A, E) and (B, E)."""
    return np.asarray(unit(a) @ unit(b).T, dtype=np.float32)


def group_similarity(
    a: Singles, b: Singles, group_a: Ints, group_b: Ints, groups: tuple[int, int], *, same: bool = False
) -> Doubles:
    """Mean cosine similarity (G, H) over all pairs of a row of one group and a row of another.

    Parameters
    ----------
    a, b : (A, E), (B, E)
    group_a, group_b : (A,), (B,)
        Which group; -1 for none.
    groups : (G, H)
        How many groups there are of each.
    same : bool
        Both are the same rows: a row is not compared with itself.

    Returns
    -------
    (G, H)
        NaN where there is no pair.
    """
    sums, counts = zip(_sums(a, group_a, groups[0]), _sums(b, group_b, groups[1]), strict=True)
    total, pairs = sums[0] @ sums[1].T, np.outer(counts[0], counts[1])
    if same:
        own = (unit(a).astype(np.float64) ** 2).sum(axis=1)
        known = group_a >= 0
        total = total - np.diag(np.bincount(group_a[known], own[known], minlength=groups[0]))
        pairs = pairs - np.diag(counts[0])
    return np.divide(total, pairs, out=np.full(groups, np.nan), where=pairs > 0)


def _sums(of: Singles, group: Ints, groups: int) -> tuple[Doubles, Doubles]:
    """Sums of directions (G, E) and counts (G,) of groups."""
    sums = np.zeros((groups, of.shape[1]))
    known = group >= 0
    np.add.at(sums, group[known], unit(of[known]).astype(np.float64))
    return sums, np.bincount(group[known], minlength=groups).astype(np.float64)


def blocks(order: Ints, most: int, group: Ints | None = None) -> Ints:
    """Block (N,) of every row: neighbours in `order`, at most `most` blocks, none over the edge of a group.

    Where there are more groups than `most`, there is a block a group.
    """
    n = len(order)
    if n <= most:
        out = np.empty(n, dtype=np.int64)
        out[order] = np.arange(n)
        return out
    edges = np.zeros(n, dtype=bool) if group is None else np.r_[False, group[order][1:] != group[order][:-1]]
    part = np.cumsum(edges)
    sizes = np.bincount(part)
    size = max(1, int(np.ceil(n / max(most - len(sizes), 1))))
    within = np.arange(n) - np.repeat(np.r_[0, np.cumsum(sizes)[:-1]], sizes)
    starts = edges | (within % size == 0) if most > len(sizes) else edges
    starts[0] = True
    out = np.empty(n, dtype=np.int64)
    out[order] = np.cumsum(starts) - 1
    return out


def class_order(group: Ints, *then: NDArray[Any]) -> Ints:
    """Rows (N,) by class, those of none last; within a class by what else is given, the first foremost."""
    last = np.where(group < 0, np.iinfo(np.int64).max, group)
    return np.asarray(np.lexsort((*reversed(then), last)), dtype=np.int64)


def clustered_order(vectors: Singles) -> Ints:
    """Rows (N,) so that what is alike stands together: leaves of average-linkage clustering of the directions.

    Beyond :data:`MOST_CLUSTERED` rows, groups of rows nearest to a few of them are ordered, then rows within.
    """
    n = len(vectors)
    if n < 3:
        return np.arange(n, dtype=np.int64)
    of = unit(vectors)
    if n <= MOST_CLUSTERED:
        return _leaves(of)
    seeds = of[np.linspace(0, n - 1, MOST_CLUSTERED // 2).astype(np.int64)]
    place = np.empty(len(seeds), dtype=np.int64)
    place[_leaves(seeds)] = np.arange(len(seeds))
    near = np.concatenate([(of[a : a + 4096] @ seeds.T).argmax(axis=1) for a in range(0, n, 4096)])
    return np.asarray(np.argsort(place[near], kind="stable"), dtype=np.int64)


def _leaves(of: Singles) -> Ints:
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    far = np.maximum(1.0 - of.astype(np.float64) @ of.T.astype(np.float64), 0.0)
    np.fill_diagonal(far, 0.0)
    return np.asarray(leaves_list(linkage(squareform(far, checks=False), "average")), dtype=np.int64)


def window_similarity(imu: Singles, mask: Mask, words: Singles) -> Doubles:
    """How alike windows (N, P, E) are to a direction (E,): the mean over the placements they have (N,)."""
    near = (unit(imu) @ unit(words)) * mask
    return np.asarray(near.sum(axis=1) / np.maximum(mask.sum(axis=1), 1), dtype=np.float64)


def best_apart(score: Doubles, session: NDArray[Any], start_s: Doubles, length_s: float, most: int) -> Ints:
    """Indices of the best, best first, that do not overlap a better one of their session.

    Parameters
    ----------
    score, session, start_s : (N,)
    length_s : float, s
        Of a window.
    most : int
    """
    taken: dict[Any, list[float]] = {}
    out: list[int] = []
    for i in np.argsort(-score, kind="stable").tolist():
        own = taken.setdefault(session[i], [])
        if all(abs(start_s[i] - t) >= length_s - 1e-6 for t in own):
            own.append(float(start_s[i]))
            out.append(i)
            if len(out) == most:
                break
    return np.array(out, dtype=np.int64)


@dataclass(frozen=True)
class EncoderSaid:
    """Which sentence encoder is used.

    Attributes
    ----------
    name : str
    understands : bool
        Whether it knows what words mean; hashing does not.
    note : str
        What one should know, empty where it is the one asked for.
    """

    name: str
    understands: bool
    note: str


class SentenceReader:
    """Sentences in a model's space; the sentence encoder is opened once.

    Parameters
    ----------
    of : Pretrained
    cache : path
        For sentence vectors.
    """

    def __init__(self, of: Pretrained, cache: Path | None = None) -> None:
        from m3n_studio.learning.text import open_encoder

        if of.model.text is None:
            raise ValueProblem(f"a model of {of.method} has no text encoder; choose a run that was pretrained on text")
        self._of, self._cache = of, cache
        self._encoder: SentenceEncoder
        self._encoder, note = open_encoder(of.config.text)
        if self._encoder.width != of.sentence_width:
            raise ValueProblem(
                f"the model was pretrained on sentence vectors of width {of.sentence_width}; {self._encoder.name} gives"
                f" {self._encoder.width}{': ' + note if note else ''}"
            )
        self.said = EncoderSaid(self._encoder.name, self._encoder.name != "hashing", note)

    def vectors(self, sentences: Sequence[str]) -> Singles:
        """Sentences (K, E)."""
        import torch

        from m3n_studio.learning.text import embed

        found = embed(sentences, self._of.config.text, self._cache, encoder=self._encoder)
        with torch.inference_mode():
            mask = None if found.mask is None else torch.from_numpy(found.mask)
            text: Any = self._of.model.text
            return np.asarray(text(torch.from_numpy(found.vectors), mask).numpy(), dtype=np.float32)
