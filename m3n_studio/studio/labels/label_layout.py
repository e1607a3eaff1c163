"""Where labels are on screen, as arrays: rows, the boxes in view, what is under the mouse. No Qt.

A :class:`Row` reads a track once; after that a view of ten thousand labels is a few array operations,
and never more boxes than there are pixels: labels narrower than a pixel share one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from m3n_studio.annotation.model import Annotation
from m3n_studio.annotation.track import Track

#: Labels narrower than this are drawn as bars that share pixels, px.
NARROW_PX = 3.0
#: How near to an edge takes hold of it, px.
GRIP_PX = 5.0

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Boxes:
    """What is drawn of a row: index of each label (B,), left and right (B,) px, lane (B,)."""

    index: Ints
    left: Floats
    right: Floats
    lane: Ints


@dataclass(frozen=True, eq=False)
class Row:
    """A tier's labels, ready to be drawn.

    Attributes
    ----------
    track : Track
    """

    track: Track

    @cached_property
    def annotations(self) -> tuple[Annotation, ...]:
        """In order of time."""
        return self.track.annotations

    @cached_property
    def times(self) -> tuple[Floats, Floats, Floats]:
        """Starts, ends, and the latest end so far, each (N,), s."""
        starts = np.array([a.start_s for a in self.annotations])
        ends = np.array([a.end_s for a in self.annotations])
        return starts, ends, np.maximum.accumulate(ends) if len(ends) else ends

    @cached_property
    def colors(self) -> Ints:
        """Place of each label's class among the tier's (N,); -1 for a class that is gone."""
        places = {c.id: i for i, c in enumerate(self.track.tier.classes)}
        return np.array([places.get(a.label, -1) for a in self.annotations], dtype=np.intp)

    @cached_property
    def lanes(self) -> Ints:
        """In which lane each label lies (N,), so that none covers another; all in the first on an exclusive tier."""
        if self.track.tier.exclusive:
            return np.zeros(len(self.annotations), dtype=np.intp)
        free: list[float] = []
        out = []
        for a in self.annotations:
            lane = next((i for i, until in enumerate(free) if until <= a.start_s), len(free))
            if lane == len(free):
                free.append(0.0)
            free[lane] = a.end_s if a.end_s > a.start_s else np.nextafter(a.end_s, np.inf)
            out.append(lane)
        return np.array(out, dtype=np.intp)

    @property
    def lane_count(self) -> int:
        """Lanes the row has, at least one."""
        return int(self.lanes.max()) + 1 if len(self.lanes) else 1

    def boxes(self, low_s: float, high_s: float, width_px: float) -> Boxes:
        """What to draw of the time from `low_s` to `high_s` on so many pixels."""
        starts, ends, reach = self.times
        first, last = int(np.searchsorted(reach, low_s)), int(np.searchsorted(starts, high_s))
        index = np.arange(first, max(last, first))
        index = index[ends[index] >= low_s]
        scale = width_px / max(high_s - low_s, 1e-12)
        left, right = (starts[index] - low_s) * scale, (ends[index] - low_s) * scale
        keep = self._shared(index, left, right)
        index, left, right = index[keep], left[keep], right[keep]
        return Boxes(index, left, right, self.lanes[index])

    def _shared(self, index: Ints, left: Floats, right: Floats) -> NDArray[np.bool_]:
        """All wide labels, and of the narrow ones the first in each pixel of each lane."""
        keep = np.ones(len(index), dtype=bool)
        narrow = np.flatnonzero(right - left < NARROW_PX)
        if len(narrow):
            place = np.floor(left[narrow]).astype(np.int64) * 64 + np.minimum(self.lanes[index[narrow]], 63)
            _, firsts = np.unique(place, return_index=True)
            keep[narrow] = False
            keep[narrow[firsts]] = True
        return keep

    def at(self, time_s: float, tolerance_s: float, lane: int = 0) -> tuple[Annotation, str] | None:
        """The label under a point and the part of it: ``"start"``, ``"end"``, ``"body"``; None where there is none.

        Edges are found up to `tolerance_s` away, outside the label too; of two that meet, the one the point is in.
        """
        starts, ends, reach = self.times
        first = int(np.searchsorted(reach, time_s - tolerance_s))
        last = int(np.searchsorted(starts, time_s + tolerance_s, side="right"))
        best: tuple[float, Annotation, str] | None = None
        for i in range(first, last):
            if self.lanes[i] != lane or ends[i] < time_s - tolerance_s:
                continue
            a = self.annotations[i]
            inside = a.start_s <= time_s < a.end_s
            to_start, to_end = abs(time_s - a.start_s), abs(time_s - a.end_s)
            grip = min(tolerance_s, 0.3 * a.duration_s) if inside else tolerance_s
            away, part = min((to_start, "start"), (to_end, "end"))
            if a.duration_s == 0.0:
                part = "body"
            if away > grip:
                if not inside:
                    continue
                away, part = grip, "body"
            score = away + (0.0 if inside else 1e-9 + 0.25 * tolerance_s)
            if best is None or score < best[0]:
                best = (score, a, part)
        return None if best is None else best[1:]
