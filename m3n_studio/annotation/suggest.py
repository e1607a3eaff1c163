"""What to label next, and what can be taken as it is, from what models say over time.

Active learning in the sense of Settles, "Active Learning Literature Survey" (2009): of all time without a
label, stretches are ranked by

- uncertainty: entropy, and the margin between the two most probable classes;
- disagreement of several models: the Jensen-Shannon divergence of their mean probabilities (query by
  committee; McCallum & Nigam, "Employing EM and Pool-Based Active Learning", 1998);
- coverage: how little of the classes in question is labelled yet, and how far the stretch is from
  everything labelled, by Hellinger distance (the core-set idea of Sener & Savarese, 2018);

and taken greedily, each weighed down by how alike and how near in time it is to those taken before (maximal
marginal relevance; Carbonell & Goldstein, 1998), so that ten suggestions are not ten neighbours. NumPy only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from m3n_studio.annotation.said import (
    Floats,
    Labelled,
    Piece,
    Said,
    distances,
    entropy,
    free,
    margin,
    piece_of,
    pieces_of,
    runs,
)

#: What counts how much; parts that are not there (one model: no disagreement) are left out of the mean.
WEIGHTS = {"unsure": 0.5, "disagree": 0.3, "rare": 0.15, "far": 0.25}
#: Two stretches this near in time say much the same, s.
_NEAR_S = 15.0
#: Hellinger distance at which two stretches say different things.
_ALIKE = 0.25
#: As much of a class as this and it is labelled enough, as a share of the class with most.
_ENOUGH = 0.5


@dataclass(frozen=True)
class Suggestion:
    """A stretch proposed.

    Attributes
    ----------
    session : str
    start_s, end_s : float, s
    label : str
        The most probable class.
    confidence : float
        Its mean probability.
    score : float
        What it was ranked by, 0 to 1.
    probability : tuple of float
        Mean of every class, in their order.
    reasons : tuple of str
        Why, the strongest first.
    """

    session: str
    start_s: float
    end_s: float
    label: str
    confidence: float
    score: float
    probability: tuple[float, ...]
    reasons: tuple[str, ...]


def next_to_label(
    said: Sequence[Said], classes: Sequence[str], *, most: int = 50, least_s: float = 1.0, most_s: float = 8.0,
    without: frozenset[str] = frozenset(),
) -> tuple[Suggestion, ...]:  # fmt: skip
    """The stretches without a label that are most worth one, best first.

    Parameters
    ----------
    said : sequence of Said
        By session, in any order.
    classes : sequence of str
        Names of the probabilities' columns.
    most : int
        How many.
    least_s, most_s : float, s
        Shorter stretches join a neighbour or are passed over, longer ones are parted.
    without : frozenset of str
        Classes that are not proposed (nothing can be labelled as them); the next best is.
    """
    pieces = [p for s in said for p in pieces_of(s, least_s, most_s)]
    if not pieces:
        return ()
    pieces.sort(key=lambda p: (p.said.session, p.start_s))
    seconds = _seconds(said, classes)
    parts = _parts(pieces, said, seconds)
    weight = sum(WEIGHTS[name] for name in parts)
    score = sum((WEIGHTS[name] * parts[name] for name in parts), np.zeros(len(pieces))) / weight
    out = []
    for i, value in _apart(pieces, np.round(score, 9), most):
        reasons = _reasons(pieces[i], {name: float(part[i]) for name, part in parts.items()}, classes, seconds)
        out.append(_suggestion(pieces[i], value, classes, without, reasons))
    return tuple(out)


def confident(
    said: Sequence[Said], classes: Sequence[str], *, least: float = 0.9, least_s: float = 1.0, most: int = 200,
    without: frozenset[str] = frozenset(),
) -> tuple[Suggestion, ...]:  # fmt: skip
    """The stretches without a label of which a class is at least this probable throughout, the surest first."""
    out = []
    for s in said:
        p = np.asarray(s.probability, dtype=np.float64)
        known = np.isfinite(p).all(axis=1)
        best = np.where(known & (np.nan_to_num(p).max(axis=1) >= least), np.nan_to_num(p).argmax(axis=1), -1)
        for a, b in runs(best):
            if best[a] < 0 or classes[best[a]] in without:
                continue
            for start, end in free(s, a, b):
                piece = piece_of(s, start, end)
                if end - start < least_s - 1e-9 or piece is None:
                    continue
                sure = float(piece.mean.max())
                low = float(p[a:b, best[a]].min())
                words = f"{classes[best[a]]} throughout {end - start:.1f} s, at least {low:.0%}"
                out.append(_suggestion(piece, sure, classes, without, (words,)))
    out.sort(key=lambda x: (-round(x.score, 6), x.session, x.start_s))
    return tuple(out[:most])


# ------------------------------------------------------------------ ranking


def _seconds(said: Sequence[Said], classes: Sequence[str]) -> Floats:
    """How much of every class is labelled, s."""
    held = dict.fromkeys(classes, 0.0)
    for length, label in sorted((a.end_s - a.start_s, a.label) for s in said for a in s.labels if a.label in held):
        held[label] += length
    return np.array([held[name] for name in classes])


def _parts(pieces: list[Piece], said: Sequence[Said], seconds: Floats) -> dict[str, Floats]:
    """What speaks for every piece, 0 to 1, by name as in `WEIGHTS`."""
    mean = np.array([p.mean for p in pieces])
    parts = {"unsure": 0.5 * entropy(mean) + 0.5 * (1.0 - margin(mean))}
    if any(p.others for p in pieces):
        parts["disagree"] = np.array([_divergence([p.mean, *p.others]) for p in pieces])
    if seconds.max(initial=0.0) > 0:
        lacking = 1.0 - np.minimum(seconds / (_ENOUGH * seconds.max()), 1.0)
        parts["rare"] = np.sort(mean * lacking, axis=1).sum(axis=1)
    labelled = [q for s in said for a in s.labels if (q := _labelled_piece(s, a)) is not None]
    features = np.array([q.feature for q in labelled if q.feature.shape == pieces[0].feature.shape])
    if len(features) and all(p.feature.shape == pieces[0].feature.shape for p in pieces):
        parts["far"] = np.minimum(np.array([distances(p.feature, features).min() for p in pieces]) / (2 * _ALIKE), 1.0)
    return parts


def _labelled_piece(said: Said, label: Labelled) -> Piece | None:
    inside = len(said.time_s) and label.end_s > said.time_s[0] and label.start_s < said.time_s[-1] + said.hop_s
    return piece_of(said, label.start_s, label.end_s) if inside and label.end_s > label.start_s else None


def _divergence(means: list[Floats]) -> float:
    """Jensen-Shannon divergence of distributions, as a share of the most there can be."""
    stack = np.array(means)
    most = np.log(min(len(stack), stack.shape[1])) / np.log(max(stack.shape[1], 2))
    return float((entropy(stack.mean(axis=0)) - np.sort(entropy(stack)).mean()) / max(float(most), 1e-9))


def _apart(pieces: list[Piece], score: Floats, most: int) -> list[tuple[int, float]]:
    """The best, each weighed down by how like and how near those before it are; with their own scores."""
    features = {i: p.feature for i, p in enumerate(pieces)}
    same_width = all(f.shape == features[0].shape for f in features.values())
    table = np.array(list(features.values())) if same_width else np.zeros((len(pieces), 1))
    start, end = np.array([p.start_s for p in pieces]), np.array([p.end_s for p in pieces])
    session = np.array([p.said.session for p in pieces])
    alike, near = np.zeros(len(pieces)), np.zeros(len(pieces))
    left = np.ones(len(pieces), dtype=bool)
    found: list[tuple[int, float]] = []
    while left.any() and len(found) < most:
        value = np.where(left, np.round(score * (1 - 0.5 * alike) * (1 - 0.7 * near), 9), -np.inf)
        i = int(value.argmax())
        left[i] = False
        found.append((i, float(score[i])))
        alike = np.maximum(alike, np.exp(-((distances(table[i], table) / _ALIKE) ** 2)))
        gap = np.maximum(np.maximum(start - end[i], start[i] - end), 0.0)
        near = np.maximum(near, np.where(session == session[i], np.exp(-gap / _NEAR_S), 0.0))
    return found


def _suggestion(
    piece: Piece, score: float, classes: Sequence[str], without: frozenset[str], reasons: tuple[str, ...]
) -> Suggestion:
    able = [i for i, name in enumerate(classes) if name not in without] or list(range(len(classes)))
    best = max(able, key=lambda i: piece.mean[i])
    return Suggestion(
        piece.said.session, float(piece.start_s), float(piece.end_s), classes[best],
        float(np.clip(piece.mean[best], 0.0, 1.0)), float(score), tuple(float(p) for p in piece.mean), reasons,
    )  # fmt: skip


def _reasons(piece: Piece, parts: dict[str, float], classes: Sequence[str], seconds: Floats) -> tuple[str, ...]:
    """Why a stretch is proposed, the strongest reason first; only what really speaks for it."""
    order = np.argsort(-piece.mean, kind="stable")
    first, second = int(order[0]), int(order[min(1, len(order) - 1)])
    rarest = max(range(len(classes)), key=lambda i: (piece.mean[i] * (1 if seconds[i] < _ENOUGH * seconds.max() else 0),
                                                     piece.mean[i]))  # fmt: skip
    says = sorted({classes[int(m.argmax())] for m in (piece.mean, *piece.others)})
    together = " and ".join(says) if len(says) > 1 else f"how sure {says[0]} is"
    words = {
        "unsure": f"{classes[first]} {piece.mean[first]:.0%} or {classes[second]} {piece.mean[second]:.0%}",
        "disagree": f"models disagree: {together}",
        "rare": f"{'only ' if seconds[rarest] else ''}{seconds[rarest]:.0f} s of {classes[rarest]} labelled",
        "far": "unlike what is labelled",
    }
    least = {"unsure": 0.35, "disagree": 0.1, "rare": 0.3, "far": 0.3}
    named = sorted((n for n in parts if parts[n] >= least[n]), key=lambda n: -WEIGHTS[n] * parts[n])
    return tuple(words[n] for n in named) or ("the most useful of what is left",)
