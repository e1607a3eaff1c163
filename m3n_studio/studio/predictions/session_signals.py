"""Recordings of a session as a model takes them: by placement, a piece at a time, on the session's clock. No Qt."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import ValueProblem

if TYPE_CHECKING:
    from m3n_studio.project import Project
    from m3n_studio.project.signal_store import StoredSignal
    from m3n_studio.project.values import Recording

Floats = NDArray[np.float64]


class Stored:
    """A stored recording as :class:`~m3n_studio.learning.pieces.Samples`.

    Attributes
    ----------
    samples_read : int
        How many samples' values were read so far.
    """

    def __init__(self, project: Project, entry: Recording) -> None:
        self._stored: StoredSignal = project.signal(entry)
        self._map = entry.time_map
        self.samples_read = 0

    def __len__(self) -> int:
        return len(self._stored)

    def times(self, first: int, stop: int) -> Floats:
        """Times of some samples (n,), s."""
        return self._map.to_session(self._stored.times(max(first, 0), min(stop, len(self))))

    def valid(self) -> NDArray[np.bool_]:
        """Which of all samples mean something (N,)."""
        return self._stored.validity()

    def values(self, first: int, stop: int) -> Floats:
        """Some samples (n, 6), m/s2 and rad/s."""
        self.samples_read += stop - first
        part = self._stored.read_samples(first, stop)
        return np.hstack([part.acc_mps2, part.gyr_radps])


def recordings_for(project: Project, session: str, placements: Sequence[str]) -> tuple[Mapping[str, Recording], ...]:
    """The recordings of a session a model can be given, by the model's placements.

    Several of one placement, as where a device was restarted, are recordings of their own, as in training. Where the
    model knows one placement and the session has one recording, they are taken to be the same.

    Raises
    ------
    ValueProblem
        Where nothing fits; it says what is there and what is wanted.
    """
    by_placement: dict[str, list[Recording]] = {}
    there = [r for r in project.recordings(session) if r.samples > 1]
    for entry in there:
        if entry.placement in placements:
            by_placement.setdefault(entry.placement, []).append(entry)
    if not by_placement and len(there) == len(placements) == 1:
        by_placement = {placements[0]: there}
    if not by_placement:
        worn = ", ".join(sorted({r.placement or f"{r.name} (placement not named)" for r in there})) or "no recording"
        raise ValueProblem(f"This model learned from {', '.join(placements)}; this session has {worn}.")
    count = max(len(of) for of in by_placement.values())
    return tuple({p: of[i] for p, of in by_placement.items() if i < len(of)} for i in range(count))


def fingerprint(recordings: Sequence[Mapping[str, Recording]]) -> str:
    """A digest of recordings' samples and where they lie in time."""
    told = [[(p, r.sha256, r.time_map.to_json()) for p, r in sorted(worn.items())] for worn in recordings]
    return hashlib.sha256(repr(told).encode()).hexdigest()
