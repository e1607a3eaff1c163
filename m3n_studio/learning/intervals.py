"""Half-open intervals of samples or seconds: unions, overlaps, how much of a window they cover."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Number = TypeVar("Number", int, float)


def merged(intervals: Iterable[tuple[Number, Number]]) -> list[tuple[Number, Number]]:
    """The union, sorted; empty ones vanish, touching ones become one."""
    out: list[tuple[Number, Number]] = []
    for a, b in sorted(intervals):
        if b <= a:
            continue
        if out and a <= out[-1][1]:
            out[-1] = (out[-1][0], max(b, out[-1][1]))
        else:
            out.append((a, b))
    return out


def overlaps(one: Sequence[tuple[int, int]], other: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Where two merged sets both are."""
    out, i, j = [], 0, 0
    while i < len(one) and j < len(other):
        a, b = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if b > a:
            out.append((a, b))
        if one[i][1] < other[j][1]:
            i += 1
        else:
            j += 1
    return out


def covered(intervals: Iterable[tuple[float, float]], start: Floats, end: Floats) -> Floats:
    """How much of each window from `start` to `end` (N,) lies in the union of the intervals."""
    union = merged(intervals)
    if not union:
        return np.zeros(len(start))
    edges = np.array(union, dtype=np.float64).ravel()
    gone = np.repeat(np.concatenate([[0.0], np.cumsum(edges[1::2] - edges[::2])]), 2)[1:-1]
    return np.asarray(np.interp(end, edges, gone) - np.interp(start, edges, gone))
