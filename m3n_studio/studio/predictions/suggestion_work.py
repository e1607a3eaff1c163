"""From what the book of predictions holds to proposals for labels: gathered, ranked, put into words. No Qt.

The review of labels asks, where it can, the one classifier of the run that was tested on the person and so has
not learned from the labels in question; what that says is kept, as it costs a run of the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from m3n_studio.annotation.label_errors import LikelyError, likely_errors
from m3n_studio.annotation.model import Annotation, Tier
from m3n_studio.annotation.said import Labelled, Said
from m3n_studio.annotation.suggest import Suggestion, confident, next_to_label
from m3n_studio.studio.core.jobs import Task
from m3n_studio.studio.predictions.suggestion_unlearned import Unlearned

if TYPE_CHECKING:
    from m3n_studio.learning.predict import Predicted
    from m3n_studio.project import Project

Mode = Literal["next", "confident", "errors"]
State = Literal["", "accepted", "corrected", "rejected"]
#: How many proposals are listed.
MOST = {"next": 50, "confident": 200, "errors": 200}


@dataclass(frozen=True)
class Proposal:
    """A proposal and what became of it.

    Attributes
    ----------
    kind : {"next", "confident", "class", "edge", "swap"}
        The last three are about labels that are there.
    session, where : str
        Its id; subject and session for people.
    start_s, end_s : float, s
    label : str
        Class proposed, by name; of a moved edge the label's own.
    was : str
        Class of the label it is about; empty where there is none.
    confidence, score : float
    probability : tuple of float
        Of the classes of its answer.
    reason : str
    target, beside : str
        Ids of labels it is about.
    edge : {"start", "end", ""}
    to_s : float, s
    state : what became of it
    made : str
        Id of the label it became.
    before : Annotation or None
        That label before, where there was one.
    wish : what it is while that label holds
    """

    kind: str
    session: str
    where: str
    start_s: float
    end_s: float
    label: str
    confidence: float
    score: float
    probability: tuple[float, ...]
    reason: str
    was: str = ""
    target: str = ""
    beside: str = ""
    edge: str = ""
    to_s: float = 0.0
    state: State = ""
    made: str = ""
    before: Annotation | None = None
    wish: State = ""

    @property
    def shown_s(self) -> tuple[float, float]:
        """The stretch to look at, s: for an edge what changes hands."""
        if self.kind != "edge":
            return self.start_s, self.end_s
        now = self.end_s if self.edge == "end" else self.start_s
        return min(now, self.to_s), max(now, self.to_s)

    def same(self, other: Proposal) -> bool:
        """Whether another says the same thing: about one label, or mostly the same time as the same class."""
        if (self.session, self.label) != (other.session, other.label) or bool(self.target) != bool(other.target):
            return False
        if self.target:
            return (self.target, self.kind, self.edge) == (other.target, other.kind, other.edge)
        return self.overlap(other) >= 0.5

    def overlap(self, other: Proposal) -> float:
        """What both share, as a share of the shorter."""
        if self.session != other.session:
            return 0.0
        both = min(self.end_s, other.end_s) - max(self.start_s, other.start_s)
        return max(both, 0.0) / max(min(self.end_s - self.start_s, other.end_s - other.start_s), 1e-9)


@dataclass(frozen=True)
class Ask:
    """What is asked.

    Attributes
    ----------
    mode : {"next", "confident", "errors"}
    tier : Tier
    runs : tuple of str
        Paths, the one that counts first.
    found : mapping of (session, run) to Predicted
    sessions : tuple of str
    least : float
        Least probability of what counts as confident.
    """

    mode: Mode
    tier: Tier
    runs: tuple[str, ...]
    found: Mapping[tuple[str, str], Predicted]
    sessions: tuple[str, ...]
    least: float = 0.9


@dataclass(frozen=True)
class Answer:
    """Proposals, best first.

    Attributes
    ----------
    ask : Ask
    proposals : tuple of Proposal
    classes : tuple of str
        Of their probabilities.
    sessions, unseen : int
        How many were looked at; how many of them by a classifier that has not learned from them.
    """

    ask: Ask
    proposals: tuple[Proposal, ...] = ()
    classes: tuple[str, ...] = ()
    sessions: int = 0
    unseen: int = 0


def answer(project: Project, ask: Ask, names: Mapping[str, str], unlearned: Unlearned, task: Task) -> Answer:
    """Look for proposals.

    names : of sessions, for people, by id.
    """
    sessions = {s.id: s for s in project.sessions()}
    known = {c.id: c.name for c in ask.tier.classes}
    said: list[Said] = []
    classes: tuple[str, ...] = ()
    fair: set[str] = set()
    window_s = 1.0
    for done, session in enumerate(ask.sessions):
        task.check()
        task.progress(done, len(ask.sessions))
        first = ask.found.get((session, ask.runs[0]))
        if first is None or session not in sessions:
            continue
        if ask.mode == "errors":
            fresh = unlearned.of(project, ask.runs[0], sessions[session], task)
            if fresh is not None and fresh.classes == first.classes:
                first = fresh
                fair.add(session)
        if classes and first.classes != classes:
            continue
        classes, window_s = first.classes, first.length_s
        labels = tuple(
            Labelled(a.start_s, a.end_s, known.get(a.label, ""), a.id)
            for a in project.annotations(session, ask.tier.id)
        )
        others = [] if ask.mode == "errors" else [ask.found.get((session, r)) for r in ask.runs[1:]]
        said.append(_said(session, first, labels, [o for o in others if o is not None]))
    return Answer(ask, _proposals(ask, said, classes, names, window_s, fair), classes, len(said), len(fair))


def _said(session: str, first: Predicted, labels: tuple[Labelled, ...], others: list[Predicted]) -> Said:
    more = tuple(_at(o.time_s, o.hop_s, _columns(o, first.classes), first.time_s) for o in others)
    return Said(session, first.time_s, first.hop_s, first.probability, labels, more, _gates(first))


def _columns(other: Predicted, classes: tuple[str, ...]) -> NDArray[np.float64]:
    """Its probabilities of these classes; all of those it does not know is nothing."""
    out = np.zeros((len(other.time_s), len(classes)))
    for i, name in enumerate(classes):
        if name in other.classes:
            out[:, i] = other.probability[:, other.classes.index(name)]
    total = out.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(out, total, out=np.full_like(out, np.nan), where=total > 0))


def _at(
    time_s: NDArray[np.float64], hop_s: float, values: NDArray[np.floating], wanted_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Values at other moments; NaN outside."""
    index = np.floor((wanted_s - time_s[0]) / hop_s + 0.5).astype(int) if len(time_s) else np.full(len(wanted_s), -1)
    inside = (index >= 0) & (index < len(time_s))
    return np.where(inside[:, None], values[np.clip(index, 0, max(len(time_s) - 1, 0))], np.nan)


def _gates(found: Predicted) -> NDArray[np.float64] | None:
    """Mean gates of the window each moment is in the middle of, (N, E)."""
    if found.gates.ndim != 4 or found.gates.shape[3] == 0 or found.gates.shape[1] != len(found.window_start_s):
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.nanmean(found.gates, axis=(0, 2)) if len(found.window_start_s) else np.empty((0, 0))
    if not len(mean):
        return None
    middle = found.window_start_s + found.length_s / 2
    after = np.clip(np.searchsorted(middle, found.time_s + found.hop_s / 2), 0, len(middle) - 1)
    before = np.maximum(after - 1, 0)
    near = np.where(np.abs(middle[before] - found.time_s) <= np.abs(middle[after] - found.time_s), before, after)
    return np.asarray(mean[near], dtype=np.float64)


def _proposals(
    ask: Ask, said: list[Said], classes: tuple[str, ...], names: Mapping[str, str], window_s: float, fair: set[str]
) -> tuple[Proposal, ...]:
    if not said:
        return ()
    lacking = frozenset(classes) - {c.name for c in ask.tier.classes}
    if lacking == frozenset(classes):
        return ()
    if ask.mode == "errors":
        found = likely_errors(said, classes, window_s=window_s, most=MOST["errors"])
        learned = " (the model may have learned from this label)"
        return tuple(_of_error(e, names, "" if e.session in fair else learned) for e in found
                     if e.proposed not in lacking)  # fmt: skip
    least_s = max(window_s / 2, 0.5)
    if ask.mode == "confident":
        sure = confident(said, classes, least=ask.least, least_s=least_s, most=MOST["confident"], without=lacking)
        return tuple(_of_suggestion("confident", s, names) for s in sure)
    best = next_to_label(said, classes, most=MOST["next"], least_s=least_s, most_s=max(4 * window_s, 4.0),
                         without=lacking)  # fmt: skip
    return tuple(_of_suggestion("next", s, names) for s in best)


def _of_suggestion(kind: str, s: Suggestion, names: Mapping[str, str]) -> Proposal:
    return Proposal(kind, s.session, names.get(s.session, ""), s.start_s, s.end_s, s.label, s.confidence, s.score,
                    s.probability, "; ".join(s.reasons))  # fmt: skip


def _of_error(e: LikelyError, names: Mapping[str, str], learned: str) -> Proposal:
    label = e.label if e.kind == "edge" else e.proposed
    return Proposal(e.kind, e.session, names.get(e.session, ""), e.start_s, e.end_s, label, e.confidence, e.score,
                    e.probability, e.evidence + learned, e.label, e.id, e.beside, e.edge, e.to_s)  # fmt: skip
