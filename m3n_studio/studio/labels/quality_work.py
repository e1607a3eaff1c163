"""How good labels are, over sessions: coverage by class and subject, and how far two sides agree. No Qt.

A side is a tier and who labelled on it. Two people cannot both label a moment of an exclusive tier, so
they, or a person and a model, are compared over two tiers or over one that is not exclusive.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from m3n_studio.annotation import quality
from m3n_studio.annotation.model import Annotation, Tier
from m3n_studio.annotation.quality import BoundaryScore, Confusion, Coverage, Disagreement
from m3n_studio.annotation.track import Track
from m3n_studio.studio.core.jobs import Task
from m3n_studio.studio.labels.label_entries import session_names

if TYPE_CHECKING:
    from m3n_studio.project import Project

Span = tuple[float, float]

#: More disagreements than this are not listed.
MOST = 5000


@dataclass(frozen=True)
class Side:
    """One of two that are compared.

    Attributes
    ----------
    tier : str
        Id of a tier of intervals.
    source : {"", "person", "model"}
        Empty: both.
    author : str
        Empty: all of that source.
    """

    tier: str
    source: str = ""
    author: str = ""

    def of(self, track: Track) -> Track:
        """Its labels among those of the tier."""
        if not self.source and not self.author:
            return track
        return Track.of(track.tier, (a for a in track if self._made(a)))

    def _made(self, a: Annotation) -> bool:
        return self.source in ("", a.source) and self.author in ("", a.author)


@dataclass(frozen=True)
class Place:
    """A disagreement and where it is: session id, its words and place in the project."""

    session: str
    where: str
    order: int
    what: Disagreement


@dataclass(frozen=True)
class Agreement:
    """How far two sides agree.

    Attributes
    ----------
    confusion : Confusion
    boundaries : BoundaryScore
    places : tuple of Place
        Where they do not agree, in order of sessions and time; at most :data:`MOST`.
    total : int
        How many there are.
    """

    confusion: Confusion
    boundaries: BoundaryScore
    places: tuple[Place, ...]
    total: int


@dataclass(frozen=True)
class Looked:
    """What was found out.

    Attributes
    ----------
    tiers : tuple of Tier
        Of the project, of intervals.
    sides : tuple of (Side, words)
        Who could be compared.
    coverage : tuple of Coverage
        Of the tier looked at.
    pair : (int, int) or None
        The two sides with most sessions in common; None where no two have any.
    """

    tiers: tuple[Tier, ...] = ()
    sides: tuple[tuple[Side, str], ...] = ()
    coverage: tuple[Coverage, ...] = ()
    pair: tuple[int, int] | None = None


@dataclass(frozen=True)
class _Session:
    id: str
    where: str
    order: int
    subject: str
    spans: tuple[Span, ...]


def sessions_of(project: Project, only: str = "") -> list[_Session]:
    """The sessions of a project (or one), with what was recorded of each."""
    subjects = {s.id: s.name for s in project.subjects()}
    names = session_names(project)
    spans: dict[str, list[Span]] = {}
    for r in project.recordings():
        spans.setdefault(r.session, []).append(r.span_s)
    for v in project.videos():
        mapped = (v.time_map.to_session(0.0), v.time_map.to_session(v.duration_s))
        spans.setdefault(v.session, []).append(mapped)
    return [
        _Session(s.id, names[s.id], i, subjects.get(s.subject, "(no subject)"), _joined(spans.get(s.id, ())))
        for i, s in enumerate(project.sessions()) if only in ("", s.id)
    ]  # fmt: skip


def _joined(spans: Sequence[Span]) -> tuple[Span, ...]:
    out: list[Span] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((start, end))
    return tuple(out)


def look(project: Project, only: str, tier_id: str, task: Task) -> Looked:
    """Who labelled what, and how much of it there is on a tier.

    only : id of a session; empty: the whole project.
    tier_id : id of the tier whose coverage is wanted; the first one of intervals if it is none.
    """
    tiers = tuple(t for s in project.label_sets() for t in s.tiers if t.kind == "interval")
    if not tiers:
        return Looked()
    tier = next((t for t in tiers if t.id == tier_id), tiers[0])
    who: dict[tuple[str, str, str], set[str]] = {}
    parts = []
    sessions = sessions_of(project, only)
    for i, session in enumerate(sessions):
        task.check()
        task.progress(i, len(sessions))
        labels = project.annotations(session.id)
        for a in labels:
            who.setdefault((a.tier, a.source, a.author), set()).add(session.id)
        parts.append((session.subject, Track.of(tier, labels), session.spans))
    sides = _sides(tiers, who)
    return Looked(tiers, sides, quality.coverage(parts), _pair([s for s, _ in sides], who))


def _pair(sides: Sequence[Side], who: dict[tuple[str, str, str], set[str]]) -> tuple[int, int] | None:
    """The two that looked at most sessions both; a person before a model."""
    seen = [(i, _sessions(s, who), s) for i, s in enumerate(sides)]
    shared = [
        (len(a & b), (one.source != "model") + (two.source == "model"), i, j)
        for i, a, one in seen for j, b, two in seen
        if i != j and a & b and (one.tier != two.tier or (one.source and two.source))
    ]  # fmt: skip
    best = max(shared, key=lambda x: (x[0], x[1], -x[2], -x[3]), default=None)
    return None if best is None else (best[2], best[3])


def _sessions(side: Side, who: dict[tuple[str, str, str], set[str]]) -> set[str]:
    """The sessions a side has labels in."""
    mine = (side.tier, side.source, side.author)
    return set().union(*(ids for key, ids in who.items() if key[0] == side.tier and (not side.source or key == mine)))


def _sides(tiers: Sequence[Tier], who: dict[tuple[str, str, str], set[str]]) -> tuple[tuple[Side, str], ...]:
    """Whoever labelled on each tier, and all of them together where they are several."""
    out: list[tuple[Side, str]] = []
    for tier in tiers:
        mine = [key for key in who if key[0] == tier.id]
        if not mine:
            continue
        if len(mine) > 1:
            out.append((Side(tier.id), f"{tier.name}: all"))
        for _, source, author in sorted(mine):
            name = author or ("a model" if source == "model" else "unknown person")
            words = f"{tier.name}: {name}" + (" (model)" if source == "model" and author else "")
            out.append((Side(tier.id, source, author), words))
    return tuple(out)


def compare(project: Project, only: str, a: Side, b: Side, tolerance_s: float, task: Task) -> Agreement:
    """How far two sides agree over all that was recorded of the sessions either of them labelled."""
    tiers = {t.id: t for s in project.label_sets() for t in s.tiers}
    confusions: list[Confusion] = []
    scores: list[BoundaryScore] = []
    places: list[Place] = []
    total = 0
    sessions = sessions_of(project, only)
    for i, session in enumerate(sessions):
        task.check()
        task.progress(i, len(sessions))
        one, two = (s.of(Track.of(tiers[s.tier], project.annotations(session.id, s.tier))) for s in (a, b))
        if not len(one) or not len(two):
            continue  # one of them has not looked at it
        confusions.append(quality.confusion(one, two, session.spans))
        scores.append(quality.boundary_score(one, two, session.spans, tolerance_s))
        for d in quality.disagreements(one, two, session.spans):
            total += 1
            if len(places) < MOST:
                places.append(Place(session.id, session.where, session.order, d))
    return Agreement(pooled(confusions), _summed(scores), tuple(places), total)


def pooled(some: Sequence[Confusion]) -> Confusion:
    """Several confusions as one: seconds by names."""
    names = list(dict.fromkeys(n for c in some for n in c.names if n is not None))
    order: list[str | None] = [*names, *([None] if any(None in c.names for c in some) else [])]
    cells: dict[tuple[str | None, str | None], list[float]] = {}
    for c in some:
        for i, row in zip(c.names, c.seconds, strict=True):
            for j, seconds in zip(c.names, row, strict=True):
                cells.setdefault((i, j), []).append(seconds)
    return Confusion(tuple(order), tuple(tuple(math.fsum(cells.get((i, j), ())) for j in order) for i in order))


def _summed(some: Sequence[BoundaryScore]) -> BoundaryScore:
    matched = sum(s.matched for s in some)
    offset = math.fsum(s.mean_offset_s * s.matched for s in some if s.matched)
    return BoundaryScore(
        matched, sum(s.first for s in some), sum(s.second for s in some), offset / matched if matched else math.nan
    )


@dataclass(frozen=True)
class ClassTotal:
    """A class over subjects: labels, seconds, share of what was recorded, and seconds by subject."""

    name: str | None
    count: int
    seconds: float
    share: float
    by_subject: tuple[tuple[str, float], ...]

    @property
    def subjects(self) -> int:
        """How many have it."""
        return sum(1 for _, s in self.by_subject if s > 0)


def totals(rows: Sequence[Coverage], subject: str = "") -> tuple[ClassTotal, ...]:
    """Coverage over all subjects, or of one, in the order of the classes, unlabelled last."""
    rows = [r for r in rows if subject in ("", r.subject)]
    recorded = math.fsum(r.seconds / r.share for r in _firsts(rows))
    names = dict.fromkeys(r.name for r in rows)
    ordered = [n for n in names if n is not None] + [n for n in names if n is None]
    out = []
    for name in ordered:
        mine = [r for r in rows if r.name == name]
        seconds = math.fsum(r.seconds for r in mine)
        by = tuple((r.subject, r.seconds) for r in mine)
        out.append(ClassTotal(name, sum(r.count for r in mine), seconds, seconds / recorded if recorded else 0.0, by))
    return tuple(out)


def _firsts(rows: Sequence[Coverage]) -> list[Coverage]:
    """For each subject a row that tells how much was recorded of it."""
    found: dict[str, Coverage] = {}
    for r in rows:
        if r.share > 0 and r.subject not in found:
            found[r.subject] = r
    return list(found.values())


def imbalance(rows: Sequence[ClassTotal]) -> str:
    """How uneven the classes are, in a sentence."""
    there = [r for r in rows if r.name is not None and r.seconds > 0]
    missing = [r for r in rows if r.name is not None and r.seconds == 0]
    if not there:
        return "Nothing is labelled yet."
    most, least = max(there, key=lambda r: r.seconds), min(there, key=lambda r: r.seconds)
    words = "All classes have about the same time." if len(there) > 1 else ""
    if most.seconds > 1.05 * least.seconds:
        words = f"{most.name} has {most.seconds / least.seconds:.1f} times the time of {least.name}."
    if missing:
        words += f" Without any label: {', '.join(str(r.name) for r in missing[:4])}{' …' if len(missing) > 4 else ''}."
    return words.strip()
