"""Very many stretches of time as the few stretches of pixels they cover. No Qt."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_LEAST_PX, _APART_PX = 2.0, 0.5


def edges_of(spans: Iterable[tuple[float, float]]) -> Floats:
    """Stretches (from, to), s, as an array (N, 2)."""
    flat = np.fromiter((edge for span in spans for edge in span), dtype=np.float64)
    return flat.reshape(-1, 2)


def united(edges: Floats, view: tuple[float, float], width: float) -> list[tuple[float, float]]:
    """Stretches of pixels, apart from each other, that edges (N, 2), s, cover in a view (s) so many pixels wide.

    Each is two pixels wide at least, so that short ones can be seen, but never beyond the view.
    """
    low, high = view
    if not high > low:
        return []
    edges = edges[(edges[:, 1] > low) & (edges[:, 0] < high)]
    if not len(edges):
        return []
    scale = width / (high - low)
    left = np.clip((edges[:, 0] - low) * scale, 0.0, width)
    right = np.clip(np.maximum((edges[:, 1] - low) * scale, left + _LEAST_PX), 0.0, width)
    order = np.argsort(left, kind="stable")
    left, reach = left[order], np.maximum.accumulate(right[order])
    first = np.flatnonzero(np.append(True, left[1:] > reach[:-1] + _APART_PX))
    last = np.append(first[1:], len(left)) - 1
    return list(zip(left[first].tolist(), reach[last].tolist(), strict=True))
