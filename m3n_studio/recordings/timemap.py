"""`TimeMap`: from a recording's or video's own seconds to its session's, and back. Frozen.

A map goes straight through its points and beyond them with the slope of the outermost stretch, or with `rate`
where there is one point only: an offset is one point, an offset with drift one point and a rate, sync points
any number of them. Raw data are never moved; their map is.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from m3n_studio.errors import ValueProblem

Array = NDArray[np.float64]
_SLOWEST, _FASTEST = 0.01, 100.0
_MOST_POINTS = 100_000


@dataclass(frozen=True)
class TimeMap:
    """A strictly increasing map between two clocks.

    Attributes
    ----------
    points : tuple of (own_s, session_s)
        At least one; increasing in both, s.
    rate : float
        Session seconds per own second, used where there is one point; 1.00002 is a device 20 ppm slow.
    """

    points: tuple[tuple[float, float], ...] = ((0.0, 0.0),)
    rate: float = 1.0

    def __post_init__(self) -> None:
        points = tuple((float(a), float(b)) for a, b in self.points)
        if not 1 <= len(points) <= _MOST_POINTS:
            raise ValueProblem(f"time map: expected 1 to {_MOST_POINTS} sync points; found {len(points)}")
        if not all(math.isfinite(v) for point in points for v in point):
            raise ValueProblem("time map: sync points must be finite seconds")
        slopes = [(b[1] - a[1]) / (b[0] - a[0]) if b[0] > a[0] else 0.0 for a, b in pairwise(points)]
        for at, slope in enumerate((float(self.rate), *slopes)):
            if not _SLOWEST <= slope <= _FASTEST:
                where = f"between sync points {at} and {at + 1}" if at else "of the rate"
                raise ValueProblem(
                    f"time map: expected {_SLOWEST} to {_FASTEST} session seconds per own second {where};"
                    f" found {slope:g}"
                )
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "rate", float(self.rate))

    @classmethod
    def offset(cls, offset_s: float) -> TimeMap:
        """The map that adds `offset_s`."""
        return cls(((0.0, offset_s),))

    @classmethod
    def drift(cls, offset_s: float, ppm: float, at_own_s: float = 0.0) -> TimeMap:
        """Own time `at_own_s` is `at_own_s + offset_s`, and the own clock is slow by `ppm` millionths."""
        return cls(((at_own_s, at_own_s + offset_s),), 1.0 + ppm * 1e-6)

    @classmethod
    def through(cls, points: Iterable[tuple[float, float]], rate: float = 1.0) -> TimeMap:
        """Through (own_s, session_s) pairs in any order."""
        return cls(tuple(sorted((float(a), float(b)) for a, b in points)), rate)

    @property
    def offset_s(self) -> float:
        """Session minus own seconds at the first point."""
        return self.points[0][1] - self.points[0][0]

    @property
    def drift_ppm(self) -> float:
        """Mean drift over all points, millionths; positive where the own clock is slow."""
        (a, b), (c, d) = self.points[0], self.points[-1]
        return ((d - b) / (c - a) - 1.0 if c > a else self.rate - 1.0) * 1e6

    @overload
    def to_session(self, own_s: float) -> float: ...
    @overload
    def to_session(self, own_s: Array) -> Array: ...
    def to_session(self, own_s: ArrayLike) -> float | Array:
        """Session seconds of own seconds, a number or an array (...)."""
        own, session = self._arrays()
        return _along(own_s, own, session, self.rate)

    @overload
    def to_own(self, session_s: float) -> float: ...
    @overload
    def to_own(self, session_s: Array) -> Array: ...
    def to_own(self, session_s: ArrayLike) -> float | Array:
        """Own seconds of session seconds, a number or an array (...)."""
        own, session = self._arrays()
        return _along(session_s, session, own, 1.0 / self.rate)

    def to_json(self) -> str:
        """As text; :meth:`from_json` gives it back exactly."""
        return json.dumps({"points": self.points, "rate": self.rate}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> TimeMap:
        """The map that :meth:`to_json` wrote.

        Raises
        ------
        ValueProblem
            If the text is no such map.
        """
        try:
            read: Any = json.loads(text)
            return cls(tuple((float(a), float(b)) for a, b in read["points"]), float(read["rate"]))
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
            raise ValueProblem(f"time map: not one of ours ({error})") from error

    def _arrays(self) -> tuple[Array, Array]:
        table = np.array(self.points)
        return table[:, 0], table[:, 1]


def _along(at: ArrayLike, x: Array, y: Array, rate: float) -> float | Array:
    """Piecewise linear through (x, y), straight on beyond the ends."""
    at = np.asarray(at, dtype=np.float64)
    if len(x) == 1:
        out = y[0] + (at - x[0]) * rate
    else:
        part = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
        slope = np.diff(y) / np.diff(x)
        out = y[part] + (at - x[part]) * slope[part]
    return float(out) if out.ndim == 0 else out
