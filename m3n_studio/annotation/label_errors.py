"""Labels that are likely wrong, from what a model says over time.

Confident learning (Northcutt, Jiang & Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels",
2021), with labels of stretches in the place of single examples. The threshold of a class is the mean
probability a model gives it where it is labelled; a label counts as wrong where another class passes its own
threshold and the label's class does not. As means over stretches scatter little, half of all right ones would
miss a threshold at the mean: another class need only come near it (`_SLACK`). They are ranked by the
normalised margin (the paper's section 3.2). Edges are held against the model by the moment that parts the two
classes' log-likelihoods best. It works best with probabilities of a model that has not learned from the labels
in question. NumPy only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np

from m3n_studio.annotation.said import Floats, Labelled, Said, piece_of

Kind = Literal["class", "edge", "swap"]
#: No probability counts as less.
_FLOOR = 1e-3
#: Where no label of a class is there to say what is usual.
_USUAL = 0.5
#: An edge is moved where the other class is this many times as probable in what changes hands, on average.
_TIMES = 2.0
#: How far below its usual probability another class may stay: a standard deviation, and at least this share.
_SLACK = 0.25


@dataclass(frozen=True)
class LikelyError:
    """A label a model does not believe.

    Attributes
    ----------
    session, id : str
        Of the label.
    kind : {"class", "edge", "swap"}
        Another class; an edge elsewhere; the classes of two neighbours exchanged.
    start_s, end_s : float, s
        Of the label; for a swap of both.
    label, proposed : str
        Its class, and the one the model says; for an edge, the class on its other side (empty: none).
    edge : {"start", "end", ""}
    to_s : float, s
        Where the edge should be.
    beside : str
        Id of the other label, if one takes part.
    confidence : float
        Mean probability of what is proposed.
    score : float
        0 to 1; what it was ranked by.
    probability : tuple of float
        Mean of every class over the label, or over what changes hands.
    evidence : str
    """

    session: str
    id: str
    kind: Kind
    start_s: float
    end_s: float
    label: str
    proposed: str
    confidence: float
    score: float
    probability: tuple[float, ...]
    evidence: str
    edge: str = ""
    to_s: float = 0.0
    beside: str = ""


@dataclass(frozen=True, eq=False)
class _Held:
    """A label with what is said inside of it."""

    said: Said
    label: Labelled
    mean: Floats


def likely_errors(
    said: Sequence[Said], classes: Sequence[str], *, window_s: float, most: int = 200
) -> tuple[LikelyError, ...]:
    """The labels that are most likely wrong, the likeliest first.

    Parameters
    ----------
    said : sequence of Said
        By session, in any order, with labels that have ids.
    classes : sequence of str
        Names of the probabilities' columns; labels of other classes are passed over.
    window_s : float, s
        Of the model; edges nearer than this to where they should be are left alone.
    """
    held = sorted(
        (h for s in said for a in s.labels if a.label in classes and (h := _held(s, a, window_s)) is not None),
        key=lambda h: (h.said.session, h.label.start_s, h.label.id),
    )
    usual, spread = thresholds([(h.label.label, h.label.end_s - h.label.start_s, h.mean) for h in held], classes)
    least = usual - np.maximum(spread, _SLACK * usual)
    wrong = {
        (h.said.session, h.label.id): e for h in held if (e := _wrong(h, classes, usual, least, window_s)) is not None
    }
    found = _swapped(held, wrong)
    for s in said:
        mine = sorted((h.label for h in held if h.said is s), key=lambda a: (a.start_s, a.end_s, a.id))
        found += [e for e in _edges(s, mine, classes, window_s) if not {(e.session, e.id), (e.session, e.beside)}
                  & set(wrong)]  # fmt: skip
    found.sort(key=lambda e: (-round(e.score, 6), e.session, e.start_s, e.id))
    return tuple(found[:most])


def thresholds(held: Sequence[tuple[str, float, Floats]], classes: Sequence[str]) -> tuple[Floats, Floats]:
    """Mean and spread of the probability a class has where it is labelled, (C,) each.

    held : class, seconds and mean probabilities of every label.
    """
    usual, spread = np.full(len(classes), _USUAL), np.zeros(len(classes))
    for i, name in enumerate(classes):
        mine = np.array(sorted((float(mean[i]), seconds) for label, seconds, mean in held if label == name))
        if len(mine):
            usual[i] = np.average(mine[:, 0], weights=mine[:, 1])
            spread[i] = np.sqrt(np.average((mine[:, 0] - usual[i]) ** 2, weights=mine[:, 1]))
    return usual, spread


def _held(said: Said, label: Labelled, window_s: float) -> _Held | None:
    """The label without its edges, which windows that reach across blur."""
    if not len(said.time_s) or label.end_s <= label.start_s:
        return None
    cut = min(window_s / 2, 0.25 * (label.end_s - label.start_s))
    low, high = label.start_s + cut, label.end_s - cut
    if high <= said.time_s[0] or low >= said.time_s[-1] + said.hop_s:
        return None
    piece = piece_of(said, low, high)
    return None if piece is None else _Held(said, label, piece.mean)


def _wrong(held: _Held, classes: Sequence[str], usual: Floats, least: Floats, window_s: float) -> LikelyError | None:
    """The label as an error of its class, if it looks like one."""
    own, mean, a = list(classes).index(held.label.label), held.mean, held.label
    others = [i for i in range(len(classes)) if i != own and mean[i] >= least[i] and mean[i] > mean[own]]
    if not others or mean[own] >= usual[own]:
        return None
    best = max(others, key=lambda i: mean[i])
    whole = min((a.end_s - a.start_s) / window_s, 1.0)
    evidence = (
        f"{classes[best]} {mean[best]:.0%}, {a.label} {mean[own]:.0%}; where {a.label} is labelled it is usually"
        f" {usual[own]:.0%}"
    )
    return LikelyError(
        held.said.session, a.id, "class", a.start_s, a.end_s, a.label, classes[best], _share(mean[best]),
        _share((mean[best] - mean[own]) * whole), tuple(float(p) for p in mean), evidence,
    )  # fmt: skip


def _share(value: float) -> float:
    return float(np.clip(value, 0.0, 1.0))


def _swapped(held: list[_Held], wrong: dict[tuple[str, str], LikelyError]) -> list[LikelyError]:
    """Errors of classes; two neighbours that are said to be each other's class are one."""
    out, taken = [], set()
    for one, other in pairwise(held):
        a = wrong.get((one.said.session, one.label.id))
        b = wrong.get((other.said.session, other.label.id))
        if a is None or b is None or a.session != b.session or a.id in taken:
            continue
        if (a.proposed, b.proposed) == (b.label, a.label) and a.label != b.label:
            out.append(replace(
                a, kind="swap", end_s=b.end_s, beside=b.id, score=(a.score + b.score) / 2,
                confidence=min(a.confidence, b.confidence),
                evidence=f"first {a.proposed} {a.confidence:.0%}, then {b.proposed} {b.confidence:.0%}: exchanged",
            ))  # fmt: skip
            taken |= {a.id, b.id}
    return out + [e for e in wrong.values() if e.id not in taken]


def _edges(said: Said, labels: list[Labelled], classes: Sequence[str], window_s: float) -> list[LikelyError]:
    """Edges of a session's labels that are misplaced by more than a window."""
    out = []
    for i, a in enumerate(labels):
        after = labels[i + 1] if i + 1 < len(labels) else None
        touches = after is not None and abs(after.start_s - a.end_s) <= said.hop_s
        before = labels[i - 1] if i else None
        first = before is not None and abs(a.start_s - before.end_s) <= said.hop_s
        if touches and after is not None and after.label != a.label:
            out.append(_between(said, a, after, classes, window_s))
        if not touches:
            out.append(_lone(said, a, "end", classes, window_s))
        if not first:
            out.append(_lone(said, a, "start", classes, window_s))
    return [e for e in out if e is not None]


def _cells(said: Said, start_s: float, end_s: float) -> tuple[int, Floats] | None:
    """The moments that lie in a stretch: the first's number and their probabilities; None across a gap."""
    a = max(int(np.ceil((start_s - said.time_s[0]) / said.hop_s - 1e-6)), 0)
    b = min(int(np.floor((end_s - said.time_s[0]) / said.hop_s + 1e-6)), len(said.time_s))
    p = np.asarray(said.probability[a:b], dtype=np.float64)
    return (a, np.maximum(p, _FLOOR)) if b > a and np.isfinite(p).all() else None


def _between(said: Said, a: Labelled, b: Labelled, classes: Sequence[str], window_s: float) -> LikelyError | None:
    """The edge two labels share."""
    found = _cells(said, (a.start_s + a.end_s) / 2, (b.start_s + b.end_s) / 2)
    if found is None:
        return None
    first, p = found
    i, j = list(classes).index(a.label), list(classes).index(b.label)
    now = int(np.clip(round((a.end_s - said.time_s[0]) / said.hop_s) - first, 0, len(p)))
    at, moved = _parted(np.log(p[:, i]) - np.log(p[:, j]), now)
    if not _far_enough(moved, at - now, said.hop_s, window_s):
        return None
    old, new = (j, i) if at > now else (i, j)
    return _moved(said, a, "end", p[min(at, now) : max(at, now)], (old, new), classes, first + at, b.id)


def _lone(said: Said, a: Labelled, edge: str, classes: Sequence[str], window_s: float) -> LikelyError | None:
    """An edge with nothing beside it: it may only move inwards, to where the label's class begins to hold."""
    middle = (a.start_s + a.end_s) / 2
    found = _cells(said, *((middle, a.end_s) if edge == "end" else (a.start_s, middle)))
    if found is None:
        return None
    first, p = found
    own = list(classes).index(a.label)
    rest = np.delete(p, own, axis=1)
    if not rest.shape[1]:
        return None
    ratio = np.log(p[:, own]) - np.log(rest.max(axis=1))
    now = len(p) if edge == "end" else 0
    at, moved = _parted(ratio if edge == "end" else -ratio, now)
    if not _far_enough(moved, at - now, said.hop_s, window_s):
        return None
    part = p[min(at, now) : max(at, now)]
    names = [k for k in range(len(classes)) if k != own]
    new = max(names, key=lambda k: part[:, k].mean())
    return _moved(said, a, edge, part, (own, new), classes, first + at, "")


def _parted(ratio: Floats, now: int) -> tuple[int, float]:
    """Where to part so that before it the sum of ratios is greatest, and the mean gain of each moment moved."""
    sums = np.concatenate([[0.0], np.cumsum(ratio)])
    at = int(sums.argmax())
    return at, float((sums[at] - sums[now]) / max(abs(at - now), 1))


def _far_enough(gain: float, cells: int, hop_s: float, window_s: float) -> bool:
    return abs(cells) * hop_s > window_s + 1e-9 and gain >= np.log(_TIMES)


def _moved(
    said: Said, a: Labelled, edge: str, part: Floats, change: tuple[int, int], classes: Sequence[str], at: int,
    beside: str,
) -> LikelyError:  # fmt: skip
    old, new = change
    mean = part.mean(axis=0)
    to_s, now = float(said.time_s[0] + at * said.hop_s), a.end_s if edge == "end" else a.start_s
    other = classes[old] if classes[new] == a.label else classes[new]
    evidence = (
        f"{edge} {abs(to_s - now):.1f} s {'later' if to_s > now else 'earlier'}: what lies between is"
        f" {classes[new]} {mean[new]:.0%}, {classes[old]} {mean[old]:.0%}"
    )
    return LikelyError(
        said.session, a.id, "edge", a.start_s, a.end_s, a.label, other, _share(mean[new]),
        _share(mean[new] - mean[old]), tuple(float(p) for p in mean), evidence, edge, to_s, beside,
    )  # fmt: skip
