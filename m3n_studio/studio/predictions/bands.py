"""What models say as columns of pixels: probabilities as stacked bands, what wins, labels, doubt. NumPy and QImage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

if TYPE_CHECKING:
    from m3n_studio.annotation.model import Tier
    from m3n_studio.annotation.track import Track
    from m3n_studio.learning.moments_predicted import Explained
    from m3n_studio.learning.predict import Predicted

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
View = tuple[float, float]

#: In place of a class: nothing is known; a label of a class the model does not know.
NOTHING, OTHER = -1, -2


@dataclass(frozen=True, eq=False)
class Labels:
    """Labels of a person's tier as a model's classes.

    Attributes
    ----------
    start_s, end_s : (N,) float64, s
    which : (N,) int64
        Number among the model's classes, or :data:`OTHER`.
    names : tuple of str
    """

    start_s: Floats
    end_s: Floats
    which: Ints
    names: tuple[str, ...]

    def at(self, time_s: Floats) -> Ints:
        """The class at times (n,), :data:`NOTHING` without a label; of several, the one that began last."""
        if not len(self.start_s):
            return np.full(len(time_s), NOTHING, dtype=np.int64)
        i = np.searchsorted(self.start_s, time_s, side="right") - 1
        inside = (i >= 0) & (time_s < self.end_s[np.maximum(i, 0)])
        return np.where(inside, self.which[np.maximum(i, 0)], NOTHING)

    def name_at(self, time_s: float) -> str:
        """The label at a time; empty without one."""
        i = int(np.searchsorted(self.start_s, time_s, side="right")) - 1
        return self.names[i] if i >= 0 and time_s < self.end_s[i] else ""


def labels_of(track: Track | None, classes: Sequence[str]) -> Labels:
    """The labels people gave on a tier, as a model calls its classes."""
    number = {_plain(name): i for i, name in enumerate(classes)}
    names = {} if track is None else {c.id: c.name for c in track.tier.classes}
    mine = [] if track is None else [a for a in track if a.end_s > a.start_s and a.source == "person"]
    called = tuple(names.get(a.label, a.label) for a in mine)
    return Labels(
        np.array([a.start_s for a in mine], dtype=np.float64), np.array([a.end_s for a in mine], dtype=np.float64),
        np.array([number.get(_plain(n), OTHER) for n in called], dtype=np.int64), called,
    )  # fmt: skip


def colors_of(classes: Sequence[str], tiers: Sequence[Tier]) -> tuple[str, ...]:
    """A colour for each class of a model: that of the tiers' class of its name, else one of its own."""
    from m3n_studio.annotation.classes import free_color

    known = {_plain(c.name): c.color for tier in reversed(tiers) for c in tier.classes}
    out: list[str] = []
    for number, name in enumerate(classes):
        out.append(known.get(_plain(name)) or free_color([*out, *known.values()], number))
    return tuple(out)


def _plain(name: str) -> str:
    return name.strip().lower()


def in_columns(start_s: Floats, hop_s: float, values: NDArray[np.float32], view: View, width: int) -> Floats:
    """Values of cells (N, K), a hop long each, as means of columns of pixels (width, K); NaN where none is known."""
    edges = view[0] + (view[1] - view[0]) * np.arange(width + 1) / width
    low = np.searchsorted(start_s, edges[:-1], side="right") - 1
    ended = np.logical_or(low < 0, start_s[np.maximum(low, 0)] + hop_s * (1 + 1e-6) <= edges[:-1])
    low = low + ended
    high = np.maximum(np.searchsorted(start_s, edges[1:], side="left"), low)
    first, last = (int(low.min()), int(high.max())) if width else (0, 0)
    part = values[first:last].astype(np.float64)
    known = np.asarray(np.isfinite(part).all(axis=1))
    sums = np.vstack([np.zeros((1, values.shape[1])), np.cumsum(np.where(known[:, None], part, 0.0), axis=0)])
    counts = np.concatenate([[0], np.cumsum(known)])
    n = counts[high - first] - counts[low - first]
    total = sums[high - first] - sums[low - first]
    return np.asarray(np.where(n[:, None] > 0, total / np.maximum(n, 1)[:, None], np.nan))


def entropy(probability: NDArray[np.float32]) -> NDArray[np.float32]:
    """Doubt of probabilities (N, C) as entropy over that of not knowing at all, 0 to 1 (N,)."""
    p = np.clip(probability.astype(np.float64), 1e-12, 1.0)
    return np.asarray(-(p * np.log(p)).sum(axis=1) / np.log(max(p.shape[1], 2)), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Columns:
    """A prediction as columns of pixels.

    Attributes
    ----------
    share : (width, C) float64
        Mean probabilities; NaN where nothing is known.
    best, label : (width,) int64
        The class that wins, and the label; :data:`NOTHING`, :data:`OTHER`.
    doubt : (width,) float64
        Mean entropy, 0 to 1.
    """

    share: Floats
    best: Ints
    label: Ints
    doubt: Floats

    @property
    def disputed(self) -> NDArray[np.bool_]:
        """Where a label is another class the model knows (width,)."""
        return (self.best >= 0) & (self.label >= 0) & (self.best != self.label)


def columns_of(found: Predicted | None, labels: Labels, view: View, width: int) -> Columns:
    """A prediction over a stretch of time, on so many pixels."""
    middle = view[0] + (view[1] - view[0]) * (np.arange(width) + 0.5) / width
    label = labels.at(middle)
    if found is None:
        nothing = np.full(width, NOTHING, dtype=np.int64)
        return Columns(np.full((width, 1), np.nan), nothing, label, np.full(width, np.nan))
    i = max(int(np.searchsorted(found.time_s, view[0])) - 2, 0)
    j = min(int(np.searchsorted(found.time_s, view[1])) + 2, len(found.time_s))
    time_s, probability = found.time_s[i:j], found.probability[i:j]
    if i >= j:
        return columns_of(None, labels, view, width)
    share = in_columns(time_s, found.hop_s, probability, view, width)
    known = np.isfinite(share).all(axis=1)
    best = np.where(known, np.nan_to_num(share).argmax(axis=1), NOTHING)
    doubt = in_columns(time_s, found.hop_s, entropy(probability)[:, None], view, width)[:, 0]
    return Columns(share, best, label, doubt)


def spans_of(which: Ints) -> list[tuple[int, int, int]]:
    """Columns of one class each: class, first, stop."""
    edges = [0, *(int(e) + 1 for e in np.flatnonzero(np.diff(which))), len(which)]
    return [(int(which[a]), a, b) for a, b in pairwise(edges) if b > a]


def band_image(share: Floats, colors: Sequence[str], height: int, ground: str) -> QImage:
    """Probabilities (width, C) as bands on top of each other, the first class lowest, `height` pixels high."""
    width, classes = share.shape
    inks = np.array([QColor(c).rgba() for c in colors[:classes]] + [QColor(ground).rgba()], dtype=np.uint32)
    upto = np.cumsum(np.nan_to_num(share), axis=1)  # (width, C)
    level = (height - np.arange(height) - 0.5) / height  # from the top row down
    which = np.zeros((height, width), dtype=np.int64)
    for c in range(classes - 1):
        which += level[:, None] > upto[:, c]
    which[:, ~np.isfinite(share).all(axis=1)] = len(inks) - 1
    return picture(inks[which])


def row_image(which: Ints, colors: Sequence[str], ground: str) -> QImage:
    """Classes of columns (width,) as a picture one pixel high; ground where nothing is known."""
    inks = np.array([QColor(c).rgba() for c in (*colors, ground)], dtype=np.uint32)
    return picture(inks[np.where(which >= 0, which, len(colors))][None, :])


def heat_image(values: Floats, stops: tuple[str, ...], ground: str) -> QImage:
    """Rows of values from 0 to 1 (rows, width) in the colours of a scale, a pixel high each; ground where NaN."""
    table = heat_table(stops)
    index = np.clip(np.nan_to_num(values) * (len(table) - 1), 0, len(table) - 1).astype(np.int64)
    return picture(np.where(np.isfinite(values), table[index], np.uint32(QColor(ground).rgba())))


@lru_cache(maxsize=8)
def heat_table(stops: tuple[str, ...], steps: int = 128) -> NDArray[np.uint32]:
    """A scale of colours as 32-bit ARGB (steps,)."""
    named = [QColor(c) for c in stops]
    colors = np.array([[c.red(), c.green(), c.blue()] for c in named], dtype=np.float64)
    at = np.linspace(0, len(stops) - 1, steps)
    r, g, b = (np.interp(at, np.arange(len(stops)), colors[:, i]).round().astype(np.uint32) for i in range(3))
    return np.asarray(0xFF000000 | (r << 16) | (g << 8) | b, dtype=np.uint32)


def picture(inks: NDArray[np.uint32]) -> QImage:
    """32-bit ARGB pixels (height, width) as an image of its own."""
    pixels = np.ascontiguousarray(inks, dtype=np.uint32)
    height, width = pixels.shape
    return QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32).copy()


def disputes(found: Explained, labels: Labels) -> list[tuple[float, float]]:
    """Stretches where the model and the labels differ in a class the model knows, s."""
    known = np.isfinite(found.probability).all(axis=1)
    best = np.where(known, np.nan_to_num(found.probability).argmax(axis=1), NOTHING)
    label = labels.at(found.time_s + found.hop_s / 2)
    differ = np.concatenate([[0], ((best >= 0) & (label >= 0) & (best != label)).astype(np.int8), [0]])
    edges = np.flatnonzero(np.diff(differ))
    return [
        (float(found.time_s[a]), float(found.time_s[b - 1] + found.hop_s))
        for a, b in zip(edges[::2], edges[1::2], strict=True)
    ]
