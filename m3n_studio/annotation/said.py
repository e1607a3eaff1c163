"""What models say over time, beside what is labelled, and the stretches it falls into. NumPy only."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import ValueProblem

Floats = NDArray[np.float64]
Span = tuple[float, float]


@dataclass(frozen=True)
class Labelled:
    """A label as far as it counts here: times in s, its class by name, its id."""

    start_s: float
    end_s: float
    label: str
    id: str = ""


@dataclass(frozen=True, eq=False)
class Said:
    """What models say of one session, and what is labelled there.

    Attributes
    ----------
    session : str
    time_s : (N,) float64, s
        Moments, even, each standing for the hop that begins with it.
    hop_s : float, s
    probability : (N, C)
        NaN where nothing is known (gaps).
    labels : tuple of Labelled
        Of any order; classes the model does not know count as labelled.
    others : tuple of (N, C)
        What further models say at the same moments.
    gates : (N, E) or None
        Weights of experts; stretches decided by other experts are less alike.
    """

    session: str
    time_s: Floats
    hop_s: float
    probability: NDArray[np.floating]
    labels: tuple[Labelled, ...] = ()
    others: tuple[NDArray[np.floating], ...] = ()
    gates: NDArray[np.floating] | None = None

    def __post_init__(self) -> None:
        n = len(self.time_s)
        if self.hop_s <= 0 or self.probability.ndim != 2 or len(self.probability) != n:
            raise ValueProblem(f"session {self.session!r}: expected {n} moments; found {self.probability.shape}")
        if any(o.shape != self.probability.shape for o in self.others):
            raise ValueProblem(f"session {self.session!r}: models say it of other moments or classes")


@dataclass(eq=False)
class Piece:
    """A stretch of one session and the moments it is made of."""

    said: Said
    start_s: float
    end_s: float
    mean: Floats
    others: list[Floats] = field(default_factory=list)
    feature: Floats = field(default_factory=lambda: np.empty(0))


def entropy(probability: NDArray[np.floating]) -> Floats:
    """Entropy as a share of the most there can be, over the last axis; 0 certain, 1 no idea."""
    p = np.sort(np.asarray(probability, dtype=np.float64), axis=-1)  # sorted: the classes' order changes no bit
    safe = np.where(p > 0, p, 1.0)
    return np.asarray(-(p * np.log(safe)).sum(axis=-1) / np.log(max(p.shape[-1], 2)))


def margin(probability: NDArray[np.floating]) -> Floats:
    """How far the most probable class is before the second, over the last axis, 0 to 1."""
    p = np.sort(np.asarray(probability, dtype=np.float64), axis=-1)
    return np.asarray(p[..., -1] - p[..., -2]) if p.shape[-1] > 1 else np.ones(p.shape[:-1])


def distances(feature: Floats, others: Floats) -> Floats:
    """Hellinger distance to each, 0 to 1."""
    square = (others - feature) ** 2
    return np.asarray(np.sqrt(np.sort(square, axis=1).sum(axis=1)))


def runs(state: NDArray[np.int_]) -> list[tuple[int, int]]:
    """Where something stays the same: first and one past the last."""
    if not len(state):
        return []
    edges = [0, *(np.flatnonzero(np.diff(state)) + 1).tolist(), len(state)]
    return list(itertools.pairwise(edges))


def free(said: Said, first: int, stop: int) -> list[Span]:
    """What of the moments [first, stop) has no label, s."""
    at, end = float(said.time_s[first]), float(said.time_s[stop - 1]) + said.hop_s
    out: list[Span] = []
    for low, high in sorted((a.start_s, a.end_s) for a in said.labels if a.end_s > at and a.start_s < end):
        if low > at:
            out.append((at, low))
        at = max(at, high)
    if at < end:
        out.append((at, end))
    return out


def pieces_of(said: Said, least_s: float, most_s: float) -> list[Piece]:
    """Free stretches cut where the most probable class or the certainty changes; never across gaps."""
    p = np.asarray(said.probability, dtype=np.float64)
    known = np.isfinite(p).all(axis=1)
    filled = np.nan_to_num(p)
    unsure = entropy(filled) > 0.5
    state = np.where(known, 2 * filled.argmax(axis=1) + unsure, -1)
    out: list[Piece] = []
    for a, b in runs(np.where(known, 0, -1)):
        if state[a] < 0:
            continue
        cuts = [float(said.time_s[a + i]) for i, _ in runs(state[a:b])[1:]]
        for start, end in free(said, a, b):
            if end - start >= least_s - 1e-9:
                out += _cut(said, [start, *(c for c in cuts if start < c < end), end], least_s, most_s)
    return out


def _cut(said: Said, edges: list[float], least_s: float, most_s: float) -> list[Piece]:
    """Pieces between edges: short ones join the neighbour that is more alike, long ones are parted evenly."""
    pieces = [p for low, high in itertools.pairwise(edges) if (p := piece_of(said, low, high)) is not None]
    while len(pieces) > 1:
        i = min(range(len(pieces)), key=lambda k: (pieces[k].end_s - pieces[k].start_s, pieces[k].start_s))
        if pieces[i].end_s - pieces[i].start_s >= least_s - 1e-9:
            break
        beside = [k for k in (i - 1, i + 1) if 0 <= k < len(pieces)]
        j = min(beside, key=lambda k: (round(distances(pieces[i].feature, pieces[k].feature[None])[0], 9), k))
        low, high = min(i, j), max(i, j)
        whole = piece_of(said, pieces[low].start_s, pieces[high].end_s)
        pieces[low : high + 1] = [whole] if whole is not None else []
    out = []
    for piece in pieces:
        count = max(1, int(np.ceil((piece.end_s - piece.start_s) / most_s - 1e-9)))
        at = np.linspace(piece.start_s, piece.end_s, count + 1).tolist()
        parts = [piece] if count == 1 else [piece_of(said, a, b) for a, b in itertools.pairwise(at)]
        out += [p for p in parts if p is not None]
    return out


def piece_of(said: Said, start_s: float, end_s: float) -> Piece | None:
    """A stretch with the means over its moments; None where none is known."""
    origin = float(said.time_s[0])
    a = max(int(np.floor((start_s - origin) / said.hop_s + 1e-6)), 0)
    b = min(max(int(np.ceil((end_s - origin) / said.hop_s - 1e-6)), a + 1), len(said.time_s))
    p = np.asarray(said.probability[a:b], dtype=np.float64)
    known = np.isfinite(p).all(axis=1)
    if not known.any():
        return None
    mean = p[known].mean(axis=0)
    others = [np.asarray(o[a:b], dtype=np.float64) for o in said.others]
    means = [o[np.isfinite(o).all(axis=1)].mean(axis=0) for o in others if np.isfinite(o).all(axis=1).any()]
    feature = np.sqrt(np.clip(mean, 0.0, None) / 2.0)
    if said.gates is not None and np.isfinite(said.gates[a:b]).all(axis=1).any():
        gate = said.gates[a:b][np.isfinite(said.gates[a:b]).all(axis=1)].mean(axis=0)
        feature = np.concatenate([feature, np.sqrt(np.clip(gate, 0.0, None) / 2.0)]) / np.sqrt(2.0)
    return Piece(said, start_s, end_s, mean, means, feature)
