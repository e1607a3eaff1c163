"""`LongSignal`: a stored recording too long to hold, which the traces read as far as it is looked at. No Qt.

It has a `Signal`'s name, times, rate and length, so that what only asks for those need not tell the two
apart. Values come as lines (:meth:`LongSignal.channel`) or as a `Signal` of one stretch
(:meth:`LongSignal.read`). All times are the session's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import ValueProblem
from m3n_studio.recordings.pyramid import BASE, Pyramid
from m3n_studio.recordings.signal import Signal
from m3n_studio.recordings.timemap import TimeMap

if TYPE_CHECKING:
    from m3n_studio.project.signal_store import StoredSignal

Array = NDArray[np.float64]

#: Recordings of a session that last longer than this together are not read whole, s.
WHOLE_S = 20 * 60.0
_PREFIX = {"acc_mps2": "acc", "gyr_radps": "gyr"}
_PIECE = 1 << 18


class StoredTimes:
    """Session times of samples, s, worked out as they are asked for; an array where samples are irregular."""

    def __init__(self, stored: StoredSignal, time_map: TimeMap) -> None:
        self._stored, self._map = stored, time_map
        self._kept = None if stored.regular else time_map.to_session(stored.times(0, stored.samples))

    def __len__(self) -> int:
        return self._stored.samples

    def __getitem__(self, key: Any) -> Any:
        if self._kept is not None:
            return self._kept[key]
        if isinstance(key, slice):
            first, stop, step = key.indices(len(self))
            return self._map.to_session(self._stored.times(first, stop)[::step])
        index = np.asarray(key)
        index = np.where(index < 0, index + len(self), index)
        own = self._stored.span_s[0] + index / self._stored.rate_hz
        times = self._map.to_session(own)
        return times if index.ndim else float(times)

    def searchsorted(self, time_s: float, side: str = "left") -> int:
        """As for arrays."""
        if self._kept is not None:
            return int(self._kept.searchsorted(time_s, side=side))  # type: ignore[call-overload]
        own = float(self._map.to_own(time_s))
        place = (own - self._stored.span_s[0]) * self._stored.rate_hz
        index = int(np.ceil(place - 1e-6)) if side == "left" else int(np.floor(place + 1e-6)) + 1
        return min(max(index, 0), len(self))


class _Norm:
    """The length of three channels as something that gives arrays for slices, NaN where not valid."""

    def __init__(self, parts: tuple[Any, ...]) -> None:
        self._parts = parts

    def __len__(self) -> int:
        return len(self._parts[0])

    def __getitem__(self, part: Any) -> Any:
        return np.sqrt(sum(np.square(p[part]) for p in self._parts))


@dataclass(frozen=True, eq=False)
class Channel:
    """One line of a long signal: times (N,), values (N,), both read as they are asked for, and its peaks."""

    time_s: StoredTimes
    values: Any
    pyramid: Pyramid


@dataclass(frozen=True, eq=False)
class LongSignal:
    """A stored recording on a session's clock.

    Attributes
    ----------
    name : str
        The placement, else the sensor.
    stored : StoredSignal
    time_map : TimeMap
        Own seconds to session seconds.
    """

    name: str
    stored: StoredSignal
    time_map: TimeMap

    def __len__(self) -> int:
        return self.stored.samples

    @property
    def rate_hz(self) -> float:
        """Mean sampling rate, Hz."""
        return self.stored.rate_hz

    @cached_property
    def time_s(self) -> StoredTimes:
        """Times of the samples, s."""
        return StoredTimes(self.stored, self.time_map)

    @property
    def span_s(self) -> tuple[float, float]:
        """First and last sample, s."""
        first, last = self.stored.span_s
        return self.time_map.to_session(first), self.time_map.to_session(last)

    @cached_property
    def _channels(self) -> dict[tuple[str, str], Channel]:
        return {}

    def channel(self, field: str, component: str) -> Channel:
        """A component (``x``, ``y``, ``z``, ``magnitude``) of a field of `Signal`.

        The peaks of a magnitude are worked out from all samples the first time, piece by piece
        (seconds for a day); :meth:`prepare` does that ahead.
        """
        key = (field, component)
        if key not in self._channels:
            self._channels[key] = self._make(_PREFIX[field], component)
        return self._channels[key]

    def _make(self, prefix: str, component: str) -> Channel:
        if component != "magnitude":
            name = f"{prefix}_{component}"
            return Channel(self.time_s, self.stored.line(name), self.stored.pyramid(name))
        norm = _Norm(tuple(self.stored.line(f"{prefix}_{axis}") for axis in "xyz"))
        return Channel(self.time_s, norm, Pyramid(norm))

    def prepare(self) -> None:
        """Work out the peaks of both magnitudes; for a thread of its own."""
        for field in _PREFIX:
            self.channel(field, "magnitude").pyramid.peaks(0, len(self), max(len(self) // BASE // 4, 1))

    def read(self, start_s: float, stop_s: float) -> Signal:
        """The samples from `start_s` to `stop_s`, on the session's clock.

        Raises
        ------
        ValueProblem
            If there is none in that stretch.
        """
        first, stop = self.time_s.searchsorted(start_s), self.time_s.searchsorted(stop_s, "right")
        if first >= stop:
            raise ValueProblem(f"{self.name}: no sample from {start_s:.3f} to {stop_s:.3f} s")
        part = self.stored.read_samples(first, stop)
        return Signal(self.name, self.time_s[first:stop], part.acc_mps2, part.gyr_radps, part.valid)

    def activity(self, bins: int, span_s: tuple[float, float]) -> Array:
        """How much moves: the widest spread of an axis of acceleration in each of `bins` parts of a span, m/s2."""
        out = np.zeros(bins)
        edges = np.linspace(*span_s, bins + 1)
        for axis in "xyz":
            peaks = self.channel("acc_mps2", axis).pyramid.peaks(0, len(self), 4 * bins)
            middles = self.time_s[np.minimum(peaks.start + peaks.size * np.arange(len(peaks.low)), len(self) - 1)]
            spread = np.nan_to_num(peaks.high - peaks.low)
            place = np.clip(np.searchsorted(edges, middles, side="right") - 1, 0, bins - 1)
            np.maximum.at(out, place, spread)
        return out
