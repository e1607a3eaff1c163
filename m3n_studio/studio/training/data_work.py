"""What a project has to learn from, by subject and class, out of its database alone: no sample is read. No Qt.

Minutes are exact; windows are counted as they would be if recordings had no gaps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from m3n_studio.errors import M3nError
from m3n_studio.studio.core.jobs import Task

if TYPE_CHECKING:
    from m3n_studio.annotation.model import Tier
    from m3n_studio.learning.config import WindowSpec
    from m3n_studio.learning.windows import LabelSpan
    from m3n_studio.project import Project

Span = tuple[float, float]

#: More names than this are no set of devices; their recordings are placed one by one.
_MOST_NAMES = 40


@dataclass(frozen=True)
class Part:
    """What one subject has of one class: time, s, and windows."""

    subject: str
    label: str
    seconds: float
    windows: int


@dataclass(frozen=True)
class Data:
    """What there is to learn from.

    Attributes
    ----------
    tiers : tuple of str
        Names of the tiers of intervals that have labels.
    tier : str
        The one looked at; empty where there is none.
    classes : tuple of (str, str)
        Names and colours, in the tier's order; those with labels only.
    subjects : tuple of str
    parts : tuple of Part
    placements : tuple of (str, float)
        And how long they recorded in all, s.
    problem : str
        Why nothing can be learned from it, and what to do; empty where something can.
    sessions : int
    unplaced : tuple of (str, int)
        Names of recordings that do not say where they were worn, and how many; looked for where none does.
    """

    tiers: tuple[str, ...] = ()
    tier: str = ""
    classes: tuple[tuple[str, str], ...] = ()
    subjects: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    placements: tuple[tuple[str, float], ...] = ()
    problem: str = ""
    sessions: int = 0
    unplaced: tuple[tuple[str, int], ...] = ()

    def of_class(self, name: str, without: Iterable[str] = ()) -> tuple[float, int]:
        """Time, s, and windows of a class, of everybody but some."""
        mine = [p for p in self.parts if p.label == name and p.subject not in set(without)]
        return sum(p.seconds for p in mine), sum(p.windows for p in mine)

    def of_subject(self, name: str) -> tuple[float, int]:
        """Time, s, and windows of a subject."""
        mine = [p for p in self.parts if p.subject == name]
        return sum(p.seconds for p in mine), sum(p.windows for p in mine)


def look_at_data(project: Project, tier: str, spec: WindowSpec, task: Task) -> Data:
    """What a project has to learn from on a tier (its name; empty: the first with labels)."""
    used: dict[str, Tier] = {}
    labels = {}
    sessions = project.sessions()
    for i, session in enumerate(sessions):
        task.check()
        task.progress(i, 2 * len(sessions))
        labels[session.id] = project.annotations(session.id)
    with_labels = {a.tier for each in labels.values() for a in each}
    used = {t.name: t for t in project.tiers() if t.kind == "interval" and t.id in with_labels}
    chosen = used.get(tier) or next(iter(used.values()), None)
    placements = _placements(project)
    empty = Data(tuple(used), placements=placements, sessions=len(sessions))
    if not sessions or not placements:
        if not project.recordings():
            return replace(empty, problem=_NO_RECORDING)
        return replace(empty, problem=_NO_PLACEMENT, unplaced=tuple(unplaced(project).items()))
    if chosen is None:
        return replace(empty, problem=_NO_LABEL)
    return _counted(project, empty, chosen, spec, task)


_NO_RECORDING = "The project has no recording yet. Import some: File › Import into project."
_NO_PLACEMENT = (
    "No recording says where it was worn. Say it here for all of one name, or one by one in the Project view."
)
_NO_LABEL = "Nothing is labelled yet. Label in the Labels view, or import labels: File › Import labels."


def unplaced(project: Project) -> dict[str, int]:
    """How many recordings of each name say nothing of where they were worn, most first."""
    found = Counter(r.name for r in project.recordings() if not r.placement and r.samples > 1)
    return dict(found.most_common(_MOST_NAMES))


def _placements(project: Project) -> tuple[tuple[str, float], ...]:
    total: dict[str, float] = {}
    for r in project.recordings():
        if r.placement and r.samples > 1:
            total[r.placement] = total.get(r.placement, 0.0) + r.span_s[1] - r.span_s[0]
    return tuple(sorted(total.items()))


def _counted(project: Project, empty: Data, tier: Tier, spec: WindowSpec, task: Task) -> Data:
    from m3n_studio.learning.intervals import merged
    from m3n_studio.learning.windows import label_spans

    names = {s.id: s.name for s in project.subjects()}
    parts: dict[tuple[str, str], tuple[float, int]] = {}
    problem = ""
    sessions = project.sessions()
    for i, session in enumerate(sessions):
        task.check()
        task.progress(len(sessions) + i, 2 * len(sessions))
        spans = merged(r.span_s for r in project.recordings(session.id) if r.placement and r.samples > 1)
        found = label_spans(project.annotations(session.id, tier.id), tier)
        if not spans:
            continue
        if not session.subject:
            problem = f"Session {session.name!r} has no subject; folds are made by subject, so give it one."
            continue
        subject = names.get(session.subject, "")
        for label, (seconds, windows) in _of_session(spans, found, spec).items():
            before = parts.get((subject, label), (0.0, 0))
            parts[subject, label] = (before[0] + seconds, before[1] + windows)
    there = {label for _, label in parts}
    classes = tuple((c.name, c.color) for c in tier.classes if c.name in there)
    listed = tuple(Part(subject, label, *value) for (subject, label), value in sorted(parts.items()))
    subjects = tuple(sorted({p.subject for p in listed}))
    if not problem and not subjects:
        problem = _NO_LABEL
    return replace(empty, tier=tier.name, classes=classes, subjects=subjects, parts=listed, problem=problem)


def _of_session(spans: Sequence[Span], labels: Sequence[LabelSpan], spec: WindowSpec) -> dict[str, tuple[float, int]]:
    """Time, s, and windows of each class of a session."""
    from m3n_studio.learning.intervals import covered

    null = {name.lower() for name in spec.null_labels}
    own = {name: [(s.start_s, s.end_s) for s in labels if s.label == name] for name in dict.fromkeys(
        s.label for s in labels) if name.lower() not in null}  # fmt: skip
    if not own:
        return {}
    length, stride = spec.samples / spec.rate_hz, spec.stride / spec.rate_hz
    start = np.concatenate([np.arange(a, max(b - length, a - stride) + 1e-6, stride) for a, b in spans])
    share = np.column_stack([covered(each, start, start + length) / length for each in own.values()])
    union = covered([s for each in own.values() for s in each], start, start + length) / length
    best = share.argmax(axis=1) if len(start) else np.zeros(0, dtype=int)
    most = share.max(axis=1) if len(start) else np.zeros(0)
    good = (most >= spec.purity - 1e-9) & (most >= 1.0 - union - 1e-9)
    first, last = np.array(spans).T
    return {
        name: (float(covered(each, first, last).sum()), int((good & (best == i)).sum()))
        for i, (name, each) in enumerate(own.items())
    }


def balance(data: Data, without: Iterable[str] = ()) -> str:
    """How uneven the classes are, in a sentence; empty with fewer than two."""
    counts = sorted((data.of_class(name, without)[0], name) for name, _ in data.classes)
    if len(counts) < 2:
        return "Only one class is labelled; two are needed." if counts else ""
    (least, rare), (most, common) = counts[0], counts[-1]
    if least <= 0:
        return f"Nobody chosen has {rare}."
    if most / least < 1.5:
        return "All classes have about the same time."
    advice = " Class weights (in All settings) even that out." if most / least >= 3 else ""
    return f"There is {most / least:.1f} times as much {common} as {rare}.{advice}"


def problem_of(error: Exception) -> str:
    """What to say where looking failed."""
    return str(error) if isinstance(error, M3nError) else f"{type(error).__name__}: {error}"
