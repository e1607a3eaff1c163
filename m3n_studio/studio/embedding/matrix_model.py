"""Similarity matrices as they are shown: which rows and columns, in which order, in blocks; what a cell says. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from m3n_studio.studio.embedding.similarity_work import Measured

if TYPE_CHECKING:
    from m3n_studio.learning.embed import Embeddings

Ints = NDArray[np.int64]
Singles = NDArray[np.float32]
Doubles = NDArray[np.float64]

#: Cells a side at most; beyond, a cell is the mean over neighbours.
MOST_CELLS = 256
ORDERS = ("class", "clustered")


@dataclass(frozen=True, eq=False)
class Side:
    """Rows or columns of a matrix.

    Attributes
    ----------
    title : str
    vectors : (N, E)
    cell : (N,)
        Which row or column of the matrix each is part of.
    group : (G,)
        Class of each row or column of the matrix; -1 for none.
    names : tuple of str
        Of classes.
    words : tuple of str
        Of each of the N.
    window : (N,) or None
        Index of the window each is; None for sentences.
    each : tuple of str (G)
        What every cell is called (a sentence, a class); empty where only stretches of a class have a name.
    """

    title: str
    vectors: Singles
    cell: Ints
    group: Ints
    names: tuple[str, ...]
    words: tuple[str, ...]
    window: Ints | None
    each: tuple[str, ...] = ()

    def members(self, cell: int) -> Ints:
        """Which of the N are in a row or column."""
        return np.flatnonzero(self.cell == cell)

    def label(self, cell: int) -> str:
        """A row or column in words."""
        own = self.members(cell)
        name = self.names[self.group[cell]] if self.group[cell] >= 0 else "no class"
        if not len(own):
            return name
        if len(own) == 1:
            return self.words[own[0]]
        return f"{name}: {len(own)} {'sentences' if self.window is None else 'windows'}"

    def segments(self) -> list[tuple[int, int, str]]:
        """Stretches of cells that have a name: first, last + 1, name."""
        if self.each:
            return [(g, g + 1, name) for g, name in enumerate(self.each)]
        edges = np.r_[0, np.flatnonzero(np.diff(self.group)) + 1, len(self.group)]
        return [(int(a), int(b), self.names[self.group[a]] if self.group[a] >= 0 else "") for a, b in pairwise(edges)]


@dataclass(frozen=True, eq=False)
class Matrix:
    """Mean cosine similarities (G, H), NaN where there is none, and what rows and columns are.

    ``pairs`` says that rows and columns are the same windows, seen by two modalities: the diagonal is what matches.
    """

    kind: str
    values: Doubles
    rows: Side
    columns: Side
    pairs: bool = False

    @property
    def aggregated(self) -> bool:
        """Whether a cell stands for several windows, classes apart."""
        return any(not s.each and len(s.cell) > len(s.group) for s in (self.rows, self.columns))


@dataclass(frozen=True)
class Kind:
    """A matrix one can ask for; ``lacks(space) -> str`` says why not, empty where it can be had."""

    name: str
    title: str
    lacks: Callable[[Embeddings], str]


def _no_text(space: Embeddings) -> str:
    return "" if space.text is not None else "The model of this run has no text encoder."


def _no_pose(space: Embeddings) -> str:
    if space.pose is not None:
        return ""
    return (
        "Recordings have no pose: choose motions." if space.kind == "recordings" else "The model has no pose encoder."
    )


def _no_second(space: Embeddings) -> str:
    both = len(space.placements) > 1 and (space.imu_mask[:, 0] & space.imu_mask[:, 1]).any()
    return "" if both else "No window has two sensors: record both wrists, or choose motions."


def _no_classes(space: Embeddings) -> str:
    return "" if (space.topic >= 0).any() else "No window has a class: label something first."


KINDS = (
    Kind("class-class", "Class × class", _no_classes),
    Kind("text-class", "Text × class", lambda s: _no_text(s) or _no_classes(s)),
    Kind("text-imu", "Text × IMU", _no_text),
    Kind("pose-imu", "Pose × IMU", _no_pose),
    Kind("imu-imu", "IMU × IMU", _no_second),
)


def placements_worn(space: Embeddings) -> tuple[str, ...]:
    """Placements some window has."""
    return tuple(p for i, p in enumerate(space.placements) if space.imu_mask[:, i].any())


def build(of: Measured, kind: str, placement: str, order: str, *, most: int = MOST_CELLS) -> Matrix:
    """A matrix.

    Parameters
    ----------
    of : Measured
    kind : str
        Name of one of :data:`KINDS`.
    placement : str
        Whose signals; of ``imu-imu``, the columns are the first two placements and this is not asked.
    order : {"class", "clustered"}
    most : int
        Rows and columns at most.
    """
    from m3n_studio.learning.similarity import group_similarity

    space = of.space
    rows, columns, pairs = _sides(of, kind, space.placements.index(placement), order, most)
    same = kind == "class-class"
    values = group_similarity(rows.vectors, columns.vectors, rows.cell, columns.cell,
                              (len(rows.group), len(columns.group)), same=same)  # fmt: skip
    return Matrix(kind, values, rows, columns, pairs)


def _sides(of: Measured, kind: str, p: int, order: str, most: int) -> tuple[Side, Side, bool]:
    space = of.space
    imu = f"IMU {_plain(space.placements[p])}"
    if kind == "class-class":
        rows = np.flatnonzero(space.imu_mask[:, p] & (space.topic >= 0))
        side = _classes(space, f"{imu} by class", space.imu[rows, p], space.topic[rows], _window_words(space, rows),
                        rows, order)  # fmt: skip
        return side, side, False
    if kind in ("text-class", "text-imu"):
        if space.text is None:
            raise ValueError("no text")
        if kind == "text-imu":
            rows = np.flatnonzero(space.imu_mask[:, p])
            text = _many(
                space.text, space.sentence_topic, space.topics, space.sentences, "Sentences", order, most, None
            )
            return text, _windows(space, imu, space.imu[:, p], rows, order, most), False
        rows = np.flatnonzero(space.imu_mask[:, p] & (space.topic >= 0))
        classes = _classes(space, f"{imu} by class", space.imu[rows, p], space.topic[rows],
                           _window_words(space, rows), rows, order)  # fmt: skip
        return _text_like(space, classes), classes, False
    first, second, titles = _two(space, kind, p)
    there = space.imu_mask[:, 0] & space.imu_mask[:, 1] if kind == "imu-imu" else space.imu_mask[:, p]
    rows = np.flatnonzero(there)
    left = _windows(space, titles[0], first, rows, order, most)
    right = Side(titles[1], second[rows], left.cell, left.group, left.names, left.words, rows)
    return left, right, True


def _two(space: Embeddings, kind: str, p: int) -> tuple[Singles, Singles, tuple[str, str]]:
    """The two modalities of windows."""
    if kind == "imu-imu":
        names = (f"IMU {_plain(space.placements[0])}", f"IMU {_plain(space.placements[1])}")
        return space.imu[:, 0], space.imu[:, 1], names
    if space.pose is None:
        raise ValueError("no pose")
    return space.pose, space.imu[:, p], ("Pose", f"IMU {_plain(space.placements[p])}")


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _window_words(space: Embeddings, rows: Ints) -> tuple[str, ...]:
    return tuple(
        f"{space.name[i]} at {space.start_s[i]:.1f} s"
        + (f" · {space.topics[space.topic[i]]}" if space.topic[i] >= 0 else "")
        for i in rows
    )


def _windows(space: Embeddings, title: str, vectors: Singles, rows: Ints, order: str, most: int) -> Side:
    return _many(vectors[rows], space.topic[rows], space.topics, _window_words(space, rows), title, order, most, rows,
                 space.start_s[rows])  # fmt: skip


def _many(
    vectors: Singles, topic: Ints, names: tuple[str, ...], words: tuple[str, ...], title: str, order: str, most: int,
    window: Ints | None, *then: NDArray[np.float64],
) -> Side:  # fmt: skip
    """Windows or sentences in order, in blocks where there are many."""
    from m3n_studio.learning.similarity import blocks, class_order, clustered_order

    by_class = order == "class"
    place = class_order(topic, np.array([w.split(" at ")[0] for w in words]), *then) if by_class else clustered_order(
        vectors
    )  # fmt: skip
    cell = blocks(place, most, topic if by_class else None)
    group = np.full(int(cell.max()) + 1, -1, dtype=np.int64)
    for g in range(len(group)):  # the commonest class of a block
        own = topic[cell == g]
        own = own[own >= 0]
        group[g] = np.bincount(own).argmax() if len(own) else -1
    each = tuple(words[i] for i in place) if window is None and len(group) == len(vectors) else ()
    return Side(title, vectors, cell, group, names, words, window, each)


def _classes(
    space: Embeddings, title: str, vectors: Singles, topic: Ints, words: tuple[str, ...], window: Ints | None,
    order: str,
) -> Side:  # fmt: skip
    """A row a class that has a window."""
    from m3n_studio.learning.similarity import clustered_order, unit

    here = np.unique(topic)
    if order == "clustered":
        means = np.stack([unit(vectors[topic == c]).mean(axis=0) for c in here])
        here = here[clustered_order(means)]
    place = np.full(len(space.topics), -1, dtype=np.int64)
    place[here] = np.arange(len(here))
    return Side(
        title,
        vectors,
        place[topic],
        here.astype(np.int64),
        space.topics,
        words,
        window,
        tuple(space.topics[c] for c in here),
    )


def _text_like(space: Embeddings, classes: Side) -> Side:
    """Sentences by the classes of another side, in its order."""
    if space.text is None:
        raise ValueError("no text")
    place = np.full(len(space.topics), -1, dtype=np.int64)
    place[classes.group] = np.arange(len(classes.group))
    cell = place[space.sentence_topic]
    return Side(
        "Sentences by class", space.text, cell, classes.group, space.topics, space.sentences, None, classes.each
    )


def nearest(of: Matrix, row: int, column: int) -> tuple[int, int]:
    """What stands for a cell: the column's member most like the row's on average, and the row's most like that.

    Returns
    -------
    (int, int)
        Into the N of either side; -1 where a side has no member.
    """
    from m3n_studio.learning.similarity import unit

    mine, theirs = of.rows.members(row), of.columns.members(column)
    if not len(mine) or not len(theirs):
        return (-1, -1)
    a, b = unit(of.rows.vectors[mine]), unit(of.columns.vectors[theirs])
    j = int((b @ a.mean(axis=0)).argmax())
    near = a @ b[j]
    if of.rows.window is not None and of.columns.window is not None and not of.pairs and len(mine) > 1:
        near = np.where(of.rows.window[mine] == of.columns.window[theirs[j]], -np.inf, near)
    return int(mine[int(near.argmax())]), int(theirs[j])


def limits(values: Doubles, around: str) -> tuple[float, float, float]:
    """Lowest, middle and highest value of the colours: around 0 or around the mean, as far as any value goes."""
    known = values[np.isfinite(values)]
    if not len(known):
        return (-1.0, 0.0, 1.0)
    middle = 0.0 if around == "zero" else float(known.mean())
    reach = max(float(np.abs(known - middle).max()), 0.01)
    return (middle - reach, middle, middle + reach)
