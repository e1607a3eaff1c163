"""Finding what is similar in a session, of a subject, or in a project: what is read, searched and told. No Qt.

All recordings are brought to one even rate. Long searches take a lower one, so that a project of days fits
into memory: at most :data:`MOST_SAMPLES` samples are held.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from m3n_studio.annotation.model import Annotation, Change
from m3n_studio.annotation.similar import Searched, find_similar
from m3n_studio.errors import ValueProblem
from m3n_studio.studio.core.jobs import Task
from m3n_studio.studio.labels.label_entries import session_names

if TYPE_CHECKING:
    from m3n_studio.project import Project
    from m3n_studio.project.values import Recording

Array = NDArray[np.float64]
Scope = Literal["session", "subject", "project"]

MOST_SAMPLES = 6_000_000
MOST_HZ = 100.0
#: Where samples are farther apart than this, in samples of the source, there is a gap.
_GAP_SAMPLES = 3.0
_PIECE_S = 600.0
_POINTS = 48


@dataclass(frozen=True)
class Query:
    """What is looked for.

    Attributes
    ----------
    session : str
        Its id.
    start_s, end_s : float, s
    placement : str
        Of the recording looked at; others are searched where they have one of that placement.
    scope : {"session", "subject", "project"}
    amplitude : bool
        Values count as they are, not only their shape.
    tier : str
        Id of the tier whose labels count as there already.
    most : int
    least_score : float
    """

    session: str
    start_s: float
    end_s: float
    placement: str
    scope: Scope = "session"
    amplitude: bool = False
    tier: str = ""
    most: int = 50
    least_score: float = 0.3


@dataclass(frozen=True)
class Found:
    """A stretch that is like the one looked for.

    Attributes
    ----------
    session, where, order : id of its session, its words, its place in the project
    start_s, end_s, score : of a `Match`
    shape : (P,)
        Length of acceleration over it, from 0 to 1 by its own range, for a small picture.
    """

    session: str
    where: str
    order: int
    start_s: float
    end_s: float
    score: float
    shape: Array


@dataclass(frozen=True)
class Answer:
    """What was found, best first, the picture of what was looked for, and the rate searched at, Hz."""

    query: Query
    shape: Array
    found: tuple[Found, ...]
    rate_hz: float
    sessions: int


def named_placement(recording: Recording) -> str:
    """What a recording is called."""
    return recording.placement or recording.name


def search(project: Project, query: Query, task: Task) -> Answer:
    """Find the stretches most like one of them; `ValueProblem` where there is nothing to look for."""
    sessions = {s.id: s for s in project.sessions()}
    mine = sessions[query.session]
    wanted = {
        "session": [mine.id], "project": list(sessions),
        "subject": [s.id for s in sessions.values() if s.subject == mine.subject and (s.subject or s.id == mine.id)],
    }[query.scope]  # fmt: skip
    recordings = [
        r for r in project.recordings() if r.session in wanted and named_placement(r) == query.placement
    ]  # fmt: skip
    at = next((i for i, r in enumerate(recordings) if r.session == query.session and _inside(r, query)), None)
    if at is None:
        raise ValueProblem(f"Find similar: {query.placement!r} did not record all of the stretch; choose another")
    rate = _rate(project, recordings, at)
    held: list[Searched] = []
    for i, recording in enumerate(recordings):
        task.progress(0.3 * i, len(recordings))
        held.append(_read(project, recording, rate, task.check))
    matches = find_similar(
        held, at, query.start_s, query.end_s, most=query.most, amplitude=query.amplitude,
        least_score=query.least_score, progress=lambda share: task.progress(0.3 + 0.7 * share, 1.0),
        cancelled=task.cancelled,
    )  # fmt: skip
    names = session_names(project)
    order = {name: i for i, name in enumerate(names)}
    found = tuple(
        Found(m.name, names[m.name], order[m.name], m.start_s, m.end_s, m.score,
              _shape(held[m.recording], m.start_s, m.end_s))
        for m in matches
    )  # fmt: skip
    return Answer(
        query, _shape(held[at], query.start_s, query.end_s), found, rate, len({r.session for r in recordings})
    )


def _inside(recording: Recording, query: Query) -> bool:
    start, end = recording.span_s
    return start - 1e-6 <= query.start_s and query.end_s <= end + 1e-6


def _rate(project: Project, recordings: list[Recording], at: int) -> float:
    """That of the recording the stretch is in, or less where all of it would not fit."""
    rate = float(round(min(project.signal(recordings[at]).rate_hz, MOST_HZ))) or 1.0
    total_s = sum(r.span_s[1] - r.span_s[0] for r in recordings)
    while total_s * rate > MOST_SAMPLES and rate > 5.0:
        rate /= 2.0
    return rate


def _read(project: Project, recording: Recording, rate_hz: float, check: Callable[[], None]) -> Searched:
    """A recording's six channels at an even rate on its session's clock, averaged where it has more samples."""
    stored = project.signal(recording)
    start, end = recording.span_s
    count = max(int((end - start) * rate_hz) + 1, 1)
    values, valid = np.zeros((count, 6)), np.zeros(count, dtype=bool)
    step = max(round(_PIECE_S * stored.rate_hz), 16)
    for first in range(0, stored.samples, step):
        check()
        stop = min(first + step + 2, stored.samples)
        part = stored.read_samples(first, stop)
        times = np.asarray(recording.time_map.to_session(stored.times(first, stop)), dtype=np.float64)
        low = max(int(np.ceil((times[0] - start) * rate_hz - 1e-6)), 0)
        high = min(int(np.floor((times[-1] - start) * rate_hz + 1e-6)) + 1, count)
        if high <= low:
            continue
        grid = start + np.arange(low, high) / rate_hz
        own = np.column_stack([part.acc_mps2, part.gyr_radps])
        values[low:high], valid[low:high] = _even(grid, times, own, part.valid, stored.rate_hz, rate_hz)
    return Searched(recording.session, start, rate_hz, values, valid)


def _even(
    grid: Array, times: Array, own: Array, ok: NDArray[np.bool_], own_hz: float, rate_hz: float
) -> tuple[Array, NDArray[np.bool_]]:
    """Values (N, C) on a grid (M,), and which of them lie between two samples that count and are near."""
    wide = max(round(own_hz / rate_hz), 1)
    if wide > 1:
        kernel = np.ones(wide) / wide
        own = np.column_stack([np.convolve(own[:, c], kernel, mode="same") for c in range(own.shape[1])])
    values = np.column_stack([np.interp(grid, times, own[:, c]) for c in range(own.shape[1])])
    after = np.clip(np.searchsorted(times, grid, side="left"), 1, len(times) - 1) if len(times) > 1 else None
    if after is None:
        return values, np.zeros(len(grid), dtype=bool)
    near = times[after] - times[after - 1] <= _GAP_SAMPLES / own_hz
    return values, near & ok[after] & ok[after - 1]


def _shape(recording: Searched, start_s: float, end_s: float) -> Array:
    """The length of acceleration of a stretch at a few points, from 0 to 1."""
    times = np.linspace(start_s, end_s, _POINTS, endpoint=False)
    index = np.clip(np.round((times - recording.start_s) * recording.rate_hz).astype(int), 0, len(recording.values) - 1)
    norm = np.linalg.norm(recording.values[index, :3], axis=1)
    spread = float(np.ptp(norm))
    return np.asarray((norm - norm.min()) / spread) if spread > 0 else np.full(_POINTS, 0.5)


def touches(found: Found, change: Change) -> bool:
    """Whether a change of its session touches a stretch."""
    return any(a.start_s < found.end_s and a.end_s > found.start_s for a in (*change.remove, *change.add))


def over(project: Project, found: Found, tier_id: str, besides: str = "") -> str:
    """What a match lies over on a tier, e.g. ``"walking 80%"``; empty where under a tenth of it is labelled."""
    if not tier_id:
        return ""
    names = {c.id: c.name for s in project.label_sets() for t in s.tiers for c in t.classes}
    shares: dict[str, float] = {}
    some: tuple[Annotation, ...] = project.annotations(found.session, tier_id, (found.start_s, found.end_s))
    for a in some:
        if a.id != besides:
            shared = min(a.end_s, found.end_s) - max(a.start_s, found.start_s)
            shares[a.label] = shares.get(a.label, 0.0) + max(shared, 0.0)
    best = max(shares, key=lambda k: shares[k], default="")
    share = sum(shares.values()) / max(found.end_s - found.start_s, 1e-9)
    return f"{names.get(best, 'a label')} {min(share, 1.0):.0%}" if share > 0.1 else ""
