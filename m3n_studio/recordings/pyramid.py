"""Lowest and highest value of any stretch of a long line, quickly: a min/max pyramid. No Qt.

Buckets hold a power of two of samples and begin at multiples of their size, so that panning moves
the drawn points and never shimmers. The first level (64 samples to a bucket) is made when first
needed, piece by piece, and may come from a store that keeps it; every further level has a 16th of
the buckets. NaN is no value: a bucket is NaN only where all of its samples are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]

BASE = 64
FACTOR = 16
_PIECE = 1 << 20


@dataclass(frozen=True, eq=False)
class Peaks:
    """Buckets in a row.

    Attributes
    ----------
    start : int
        First sample of the first bucket.
    size : int
        Samples to a bucket, a power of two; the last may hold fewer.
    low, high : (B,)
    """

    start: int
    size: int
    low: FloatArray
    high: FloatArray


class Pyramid:
    """Peaks of a line.

    Parameters
    ----------
    values : (N,) array, memory map or anything that gives arrays for slices and has a length
    base : (low, high), each (ceil(N / 64),), optional
        The first level, where a store keeps it. Anything that gives arrays for slices.
    further : sequence of (low, high)
        The levels above it, where a store keeps them too; each has a 16th of the buckets of the one below.
    """

    def __init__(
        self, values: Any, base: tuple[Any, Any] | None = None, further: Sequence[tuple[Any, Any]] = ()
    ) -> None:
        self._values = values
        self._levels: list[tuple[Any, Any]] = [] if base is None else [base, *further]

    def peaks(self, start: int, stop: int, most: int) -> Peaks:
        """Peaks of the samples from `start` to `stop`, rounded outwards to whole buckets, at most `most` + 1."""
        n = len(self._values)
        start, stop = max(start, 0), min(stop, n)
        size = 1
        while size * max(most, 1) < stop - start:
            size *= 2
        first, last = start // size, -(-stop // size)
        if size < BASE:
            values = np.asarray(self._values[first * size : min(last * size, n)])
            return Peaks(first * size, size, *reduce_peaks(values, values, size))
        level, unit = self._level(size)
        ratio = size // unit
        low, high = (np.asarray(part[first * ratio : last * ratio]) for part in level)
        return Peaks(first * size, size, *reduce_peaks(low, high, ratio))

    def extent(self) -> tuple[float, float]:
        """Lowest and highest of all values; NaN where there is none."""
        if len(self._values) < BASE * FACTOR:
            values = np.asarray(self._values[:])
            return _least(values), _most(values)
        low, high = self._levels[-1] if self._levels else self._level(BASE)[0]
        return _least(np.asarray(low[:])), _most(np.asarray(high[:]))

    def _level(self, size: int) -> tuple[tuple[Any, Any], int]:
        """The coarsest level whose buckets are no larger than `size`, and how large they are."""
        if not self._levels:
            self._levels.append(_first_level(self._values))
        unit, i = BASE, 0
        while unit * FACTOR <= size:
            unit, i = unit * FACTOR, i + 1
            if i == len(self._levels):
                low, high = (np.asarray(part[:]) for part in self._levels[-1])
                self._levels.append(reduce_peaks(low, high, FACTOR))
        return self._levels[i], unit


def _first_level(values: Any) -> tuple[FloatArray, FloatArray]:
    n = len(values)
    pieces = []
    for at in range(0, n, _PIECE):
        piece = np.asarray(values[at : min(at + _PIECE, n)])
        pieces.append(reduce_peaks(piece, piece, BASE))
    if not pieces:
        return np.zeros(0), np.zeros(0)
    return np.concatenate([p[0] for p in pieces]), np.concatenate([p[1] for p in pieces])


def reduce_peaks(low: FloatArray, high: FloatArray, ratio: int) -> tuple[FloatArray, FloatArray]:
    """`ratio` (a power of two) values in one, by halving: each step is one long vector operation."""
    while ratio > 1:
        low, high = _halve(np.fmin, low), _halve(np.fmax, high)
        ratio //= 2
    return low, high


def _halve(keep: np.ufunc, values: FloatArray) -> FloatArray:
    even = len(values) // 2 * 2
    out: FloatArray = keep(values[0:even:2], values[1:even:2])
    return np.append(out, values[even:]) if even < len(values) else out


def _least(values: FloatArray) -> float:
    return float(np.fmin.reduce(values)) if len(values) else float("nan")


def _most(values: FloatArray) -> float:
    return float(np.fmax.reduce(values)) if len(values) else float("nan")
