"""Points of an embedding as a table: what each is, when and whose, and the groups it is coloured by.

Labels are not part of the table: they change while one works, so :func:`labels_now` reads them anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import groupby, pairwise
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from m3n_studio.studio.core.moments import Moment

if TYPE_CHECKING:
    from m3n_studio.annotation.model import Annotation, Tier

Singles = NDArray[np.float32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

REAL, SYNTHETIC, POSE, TEXT = range(4)
MODALITIES = ("real IMU", "synthetic IMU", "pose", "text")
#: The marks of the modalities, in words.
GLYPHS = ("●", "□", "◆", "▲")
BY = {
    "class": "Class", "subject": "Subject", "modality": "Modality", "recording": "Recording", "error": "Error",
    "expert": "Expert",
}  # fmt: skip
NONE = "–"
#: Of what a model says rightly.
RIGHT = "#5f8f6a"
#: A window has the class that covers this share of it, where no other covers more.
_LEAST_SHARE = 0.5
#: Colours of the groups that bring none, told apart on dark and light ground.
COLORS = (
    "#4c9be8", "#e8a14c", "#6fbf73", "#b07ce8", "#e86c8a", "#45b8b0", "#c9b44a", "#d9734e", "#8a9ae0", "#7f8c99",
    "#b5607a", "#5a8f3c", "#d08bd6", "#3f7fa8", "#a8763e", "#78b89a", "#9a5fc0", "#c4574b", "#6f7fd0", "#93a83c",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class PointTable:
    """Windows, poses and sentences in one space.

    Attributes
    ----------
    vector : (N, E) float32
        Rows of length one.
    modality : (N,) int64
        Index into :data:`MODALITIES`.
    session : (N,) str
        Id of the session of a real window, else empty.
    name : (N,) str
        Session, motion or the sentence itself.
    subject : (N,) str
        Empty for what is nobody's.
    placement : (N,) str
        Of one placement; empty for the mean over those there are.
    start_s : (N,) float64, s
        On the session's or the motion's clock; 0 for sentences.
    length_s : float, s
        Of a window.
    said : (N,) str
        What motions and sentences are about; empty for real windows.
    predicted, expert : (N,) int64
        What the classifier whose space it is says, index into `classes`, and its strongest expert; -1 for nothing.
    classes : tuple of str
        Of that classifier.
    paths : mapping of str to str
        File of each motion by name.
    about : str
        For people: how many of what.
    notes : tuple of str
        What was left out.
    """

    vector: Singles
    modality: Ints
    session: NDArray[np.str_]
    name: NDArray[np.str_]
    subject: NDArray[np.str_]
    placement: NDArray[np.str_]
    start_s: Floats
    length_s: float
    said: NDArray[np.str_]
    predicted: Ints
    expert: Ints
    classes: tuple[str, ...] = ()
    paths: Mapping[str, str] = field(default_factory=dict)
    about: str = ""
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.vector)

    def moment(self, row: int) -> Moment | None:
        """The stretch of a real window; None for others."""
        if self.modality[row] != REAL:
            return None
        start = float(self.start_s[row])
        return Moment(str(self.session[row]), start, start + self.length_s)

    def moments(self, rows: Iterable[int]) -> tuple[Moment, ...]:
        """The stretches of the real windows among some rows."""
        wanted = np.fromiter(rows, dtype=np.int64)
        wanted = wanted[self.modality[wanted] == REAL]
        return tuple(map(self._stretches.__getitem__, wanted.tolist()))

    @cached_property
    def _stretches(self) -> tuple[Moment, ...]:
        """Of every row; kept, as making a hundred thousand takes long."""
        names, code = coded(self.session)
        sessions = map(names.tolist().__getitem__, code.tolist())
        spans = zip(sessions, self.start_s.tolist(), (self.start_s + self.length_s).tolist(), strict=True)
        return tuple(map(partial(tuple.__new__, Moment), spans))

    @cached_property
    def finder(self) -> RowFinder:
        """Finds rows by moments."""
        return RowFinder(self)

    def prepare(self) -> PointTable:
        """Work out what picking needs, where nobody waits for it."""
        _ = self._stretches, self.finder
        return self


ROWS = ("vector", "modality", "session", "name", "subject", "placement", "start_s", "said", "predicted", "expert")


def joined(parts: Sequence[PointTable]) -> PointTable:
    """Tables of one space as one."""
    rows = {name: np.concatenate([getattr(p, name) for p in parts]) for name in ROWS}
    paths = {k: v for p in parts for k, v in p.paths.items()}
    notes = tuple(n for p in parts for n in p.notes)
    counts = np.bincount(rows["modality"], minlength=len(MODALITIES))
    about = ", ".join(f"{GLYPHS[i]} {n} {MODALITIES[i]}" for i, n in enumerate(counts.tolist()) if n)
    return replace(parts[0], **rows, paths=paths, notes=notes, about=about)


class RowFinder:
    """Which rows of a table lie in moments; sorted once."""

    def __init__(self, table: PointTable) -> None:
        self._length, self._count = table.length_s, len(table)
        self._rows: dict[str, tuple[Ints, Floats]] = {}
        real = np.flatnonzero(table.modality == REAL)
        sessions, code = coded(table.session[real])
        order = np.lexsort((table.start_s[real], code))
        ends = np.searchsorted(code[order], np.arange(len(sessions) + 1))
        for session, (a, b) in zip(sessions.tolist(), pairwise(ends.tolist()), strict=True):
            rows = real[order[a:b]]
            self._rows[session] = rows, table.start_s[rows]

    def rows(self, moments: Iterable[Moment]) -> Ints:
        """Rows of moments, sorted.

        A moment that is a window stands for that window; another for the windows whose middle lies in it;
        one between all middles for the window whose middle is nearest, where that overlaps it.
        """
        found = np.zeros(self._count, dtype=bool)
        for session, some in groupby(moments, key=itemgetter(0)):  # in order of sessions, where many are picked
            exact, rest = self._windows(session, list(some))
            for rows in (exact, *(self._of(m) for m in rest)):
                found[rows] = True
        return np.flatnonzero(found)

    def _windows(self, session: str, moments: list[Moment]) -> tuple[Ints, list[Moment]]:
        """Rows of the moments that are windows, all at once, and the other moments."""
        rows, starts = self._rows.get(session, (np.zeros(0, dtype=np.int64), np.zeros(0)))
        spans = np.array([np.fromiter(map(itemgetter(i), moments), np.float64, len(moments)) for i in (1, 2)]).T
        low, high = (np.searchsorted(starts, spans[:, 0] + d) for d in (-1e-6, 1e-6))
        same = (np.abs(spans[:, 1] - spans[:, 0] - self._length) < 1e-6) & (high > low)
        marks = np.zeros(len(starts) + 1, dtype=np.int64)
        np.add.at(marks, low[same], 1)
        np.add.at(marks, high[same], -1)
        return rows[np.cumsum(marks[:-1]) > 0], [moments[i] for i in np.flatnonzero(~same)]

    def _of(self, moment: Moment) -> Ints:
        rows, starts = self._rows.get(moment.session, (np.zeros(0, dtype=np.int64), np.zeros(0)))
        if not len(rows):
            return rows
        middle = self._length / 2
        inside = _between(starts, moment.start_s - middle, moment.end_s - middle)
        if inside.stop > inside.start:
            return rows[inside]
        near = np.abs(starts + middle - (moment.start_s + moment.end_s) / 2)
        best = float(near.min())
        overlaps = best < (self._length + moment.end_s - moment.start_s) / 2
        return rows[near <= best + 1e-9] if overlaps else rows[:0]


def coded(words: NDArray[np.str_]) -> tuple[NDArray[np.str_], Ints]:
    """Which words there are, sorted, and the number of each (N,); quick where equal ones stand together."""
    if not len(words):
        return words, np.zeros(0, dtype=np.int64)
    heads = np.r_[0, np.flatnonzero(words[1:] != words[:-1]) + 1]
    names, code = np.unique(words[heads], return_inverse=True)
    return names, np.repeat(code.astype(np.int64), np.diff(np.r_[heads, len(words)]))


def _between(starts: Floats, low: float, high: float) -> slice:
    a, b = np.searchsorted(starts, [low, high])
    return slice(int(a), int(b))


# ---------------------------------------------------------------------- labels


def labels_now(
    table: PointTable, tier: Tier | None, annotations: Mapping[str, Sequence[Annotation]]
) -> NDArray[np.str_]:
    """The class of every row (N,), empty for none: of windows by the labels of a tier, of others by what they say."""
    if tier is None:
        return table.said.copy()
    names = {c.id: c.name for c in tier.classes}
    longest = max((len(n) for n in (*names.values(), *(a.label for of in annotations.values() for a in of))), default=1)
    out = table.said.astype(
        f"U{max(longest, table.said.dtype.itemsize // 4)}"
    )  # no wider: it is copied while one waits
    for session, labels in annotations.items():
        rows = np.flatnonzero((table.session == session) & (table.modality == REAL))
        out[rows] = _labels_of(table.start_s[rows], table.length_s, [a for a in labels if a.tier == tier.id], names)
    return out


def _labels_of(
    starts: Floats, length_s: float, labels: Sequence[Annotation], names: Mapping[str, str]
) -> NDArray[np.str_]:
    from m3n_studio.learning.intervals import covered

    called = {a.label: names.get(a.label, a.label) for a in labels}
    out = np.full(len(starts), "", dtype=f"U{max(map(len, called.values()), default=1)}")
    best = np.full(len(starts), _LEAST_SHARE * length_s - 1e-9)
    for name in called:
        share = covered([(a.start_s, a.end_s) for a in labels if a.label == name], starts, starts + length_s)
        more = share > best
        out[more], best[more] = called[name], share[more]
    return out


# ---------------------------------------------------------------------- groups


@dataclass(frozen=True, eq=False)
class Groups:
    """What points are coloured by.

    Attributes
    ----------
    code : (N,) int64
        Group of each point.
    names : tuple of str
    colors : tuple of str
        Empty where the theme's muted colour is meant: of what has no group.
    """

    code: Ints
    names: tuple[str, ...]
    colors: tuple[str, ...]

    @property
    def counts(self) -> Ints:
        """Points of each group."""
        return np.bincount(self.code, minlength=len(self.names)).astype(np.int64)


def groups(
    table: PointTable, by: str, labels: NDArray[np.str_], predicted: NDArray[np.str_], tier_colors: Mapping[str, str],
    titles: Mapping[str, str],
) -> Groups:  # fmt: skip
    """The groups of points by class, subject, modality, recording, error or expert.

    Parameters
    ----------
    labels, predicted : (N,) str
        Class by label and as a model says, empty for none.
    tier_colors : mapping
        Colours of the tier's classes by name.
    titles : mapping
        What sessions are called by id.
    """
    if by == "modality":
        kept = np.unique(table.modality)
        code = np.searchsorted(kept, table.modality)
        return Groups(code, tuple(MODALITIES[i] for i in kept), tuple(COLORS[i] for i in kept))
    if by == "error":
        return _errors(labels, np.where(table.modality == REAL, predicted, ""))
    if by == "class":
        return _named(labels, tier_colors)
    if by == "subject":
        return _named(table.subject, {})
    if by == "expert":
        words = np.array([f"expert {i + 1}" if i >= 0 else "" for i in table.expert.tolist()], dtype=str)
        return _named(words if len(words) else np.zeros(0, dtype="U1"), {})
    return _named(np.array([titles.get(str(s), str(n)) if s else ("" if m == TEXT else str(n)) for s, n, m in
                            zip(table.session, table.name, table.modality, strict=True)], dtype=str), {})  # fmt: skip


def _named(words: NDArray[np.str_], colors: Mapping[str, str]) -> Groups:
    names, code = coded(words)
    return _ordered([str(name) for name in names], code, colors)


def _ordered(names: Sequence[str], code: NDArray[np.int64], colors: Mapping[str, str]) -> Groups:
    """Groups by their names, those with colours of their own first, nothing said last."""
    order = sorted(range(len(names)), key=lambda i: (not names[i], _key(colors, names[i]), names[i]))
    place = np.empty(len(names), dtype=np.int64)
    place[order] = np.arange(len(names))
    free = [c for c in COLORS if c.lower() not in {v.lower() for v in colors.values()}] or list(COLORS)
    out, used = [], 0
    for i in order:
        name = names[i]
        if not name:
            out.append("")
        elif name in colors:
            out.append(colors[name])
        else:
            out.append(free[used % len(free)])
            used += 1
    return Groups(place[code], tuple(names[i] or NONE for i in order), tuple(out))


def _key(colors: Mapping[str, str], name: str) -> int:
    return list(colors).index(name) if name in colors else len(colors)


def _errors(labels: NDArray[np.str_], predicted: NDArray[np.str_]) -> Groups:
    """Right first, then what is taken for what, then what cannot be judged."""
    known = (labels != "") & (predicted != "")
    wrong = known & (labels != predicted)
    given, g = np.unique(labels, return_inverse=True)
    told, t = np.unique(predicted, return_inverse=True)
    kinds, code = np.unique(np.where(wrong, g * len(told) + t, np.where(known, -1, -2)), return_inverse=True)
    words = {-2: "", -1: "right"}
    names = [words[k] if k < 0 else f"{given[k // len(told)]} as {told[k % len(told)]}" for k in kinds.tolist()]
    return _ordered(names, code, {"right": RIGHT})
