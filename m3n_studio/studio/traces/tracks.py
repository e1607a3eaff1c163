"""What the traces show of one sensor: simulated, real, previous shape, difference, population. No Qt.

Lines are made when first asked for and kept as long as their signal lives, so that a slider that
changes the simulated signal costs nothing for the recording beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any
from weakref import WeakKeyDictionary, ref

import numpy as np
from numpy.typing import NDArray

from m3n_studio.recordings.signal import Signal
from m3n_studio.studio.traces.trace_data import (
    COMPONENTS,
    Array,
    Line,
    Quantity,
    difference,
    invalid_spans,
    line,
    on_times,
)

KINDS = ("ghost", "real", "simulated", "difference")
KIND_WORDS = {"simulated": "simulated", "real": "real", "ghost": "previous", "difference": "difference"}
DIFFERENCE_MODES = ("off", "beside", "alone")


@dataclass(frozen=True, eq=False)
class Bands:
    """What a population reads, one component: times (N,), levels (L,), increasing, values (L, N)."""

    time_s: Array
    levels: Array
    values: Array

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """A line for each level."""
        return tuple(Line(self.time_s, row) for row in self.values)


@dataclass(frozen=True, eq=False)
class Track:
    """The signals of one sensor, each where there is one."""

    name: str
    simulated: Signal | None = None
    real: Signal | None = None
    ghost: Signal | None = None
    envelopes: tuple[Any, ...] = ()

    def signal(self, kind: str) -> Signal | None:
        """The signal of a kind, not the difference."""
        found: Signal | None = getattr(self, kind)
        return found

    def envelope(self, quantity: Quantity) -> Any:
        """What the population reads of a quantity; None where that was not worked out."""
        alike = (e for e in self.envelopes if e.sensor == self.name and e.quantity in (quantity.name, quantity.field))
        return next(alike, None)


def bands_of(envelope: Any, component: str) -> Bands:
    """One component of what a population reads."""
    order = np.argsort(envelope.levels)
    values = np.ascontiguousarray(np.asarray(envelope.values)[order, :, COMPONENTS.index(component)])
    return Bands(np.asarray(envelope.time_s), np.asarray(envelope.levels)[order], values)


def tracks(
    simulated: Sequence[Signal],
    real: Sequence[Signal],
    ghost: Sequence[Signal],
    envelopes: Sequence[Any],
    *,
    paired: Callable[[str], Signal | None],
) -> tuple[Track, ...]:
    """A track for each simulated sensor; `paired` tells the recording of a sensor."""
    ghosts = {g.name: g for g in ghost}
    return tuple(Track(s.name, s, paired(s.name), ghosts.get(s.name), tuple(envelopes)) for s in simulated)


def recording_for(
    name: str, real: Sequence[Signal], pairs: Mapping[str, str], *, only_sensor: bool
) -> Signal | None:  # fmt: skip
    """The recording beside a sensor: the one stated, else by name, else the only one of the only sensor."""
    from m3n_studio import workbench

    if name in pairs:
        return next((r for r in real if r.name == pairs[name]), None)
    found = workbench.counterpart(name, real)
    return real[0] if found is None and only_sensor and len(real) == 1 else found


class Lines:
    """Lines of signals, each made once."""

    def __init__(self) -> None:
        self._lines: WeakKeyDictionary[Signal, dict[tuple[str, str], Line]] = WeakKeyDictionary()
        self._invalid: WeakKeyDictionary[Signal, tuple[NDArray[np.intp], tuple[tuple[float, float], ...]]]
        self._invalid = WeakKeyDictionary()
        self._read_off: WeakKeyDictionary[Signal, Signal] = WeakKeyDictionary()
        self._bands: dict[tuple[str, str, str], tuple[Any, Bands]] = {}
        self._of_arrays: dict[tuple[int, int, str], tuple[ref[Any], ref[Any], Line]] = {}

    def line(self, signal: Signal, quantity: Quantity, component: str) -> Line:
        """One component of a signal."""
        of_signal = self._lines.setdefault(signal, {})
        key = (quantity.name, component)
        if key not in of_signal:
            of_signal[key] = self._shared(signal, quantity, component)
        return of_signal[key]

    def _shared(self, signal: Signal, quantity: Quantity, component: str) -> Line:
        """The line of another signal that has the very same samples (another shape turns no sensor), else a new one."""
        data, valid = getattr(signal, quantity.field), signal.valid
        key = (id(data), id(valid), component)
        found = self._of_arrays.get(key)
        if found is not None and found[0]() is data and found[1]() is valid and found[2].time_s is signal.time_s:
            return found[2]
        made = line(signal, quantity, component, self._mask(signal)[0])
        forget = partial(self._of_arrays.pop, key, None)
        self._of_arrays[key] = ref(data, lambda _: forget()), ref(valid), made
        return made

    def bands(self, track: Track, quantity: Quantity, component: str) -> Bands | None:
        """What the population reads; made again only for another population."""
        key, envelope = (track.name, quantity.name, component), track.envelope(quantity)
        if envelope is None:
            self._bands.pop(key, None)
            return None
        if key not in self._bands or self._bands[key][0] is not envelope:
            self._bands[key] = envelope, bands_of(envelope, component)
        return self._bands[key][1]

    def spans(self, signal: Signal) -> tuple[tuple[float, float], ...]:
        """Times (from, to), s, in which a signal means nothing."""
        return self._mask(signal)[1]

    def _mask(self, signal: Signal) -> tuple[NDArray[np.intp], tuple[tuple[float, float], ...]]:
        if signal not in self._invalid:
            self._invalid[signal] = (np.flatnonzero(~signal.valid), invalid_spans(signal))
        return self._invalid[signal]

    def of_track(self, track: Track, quantity: Quantity, component: str, mode: str = "off") -> dict[str, Line]:
        """The lines of a lane by kind, as they are drawn: the last on top. `mode` is how the difference is shown."""
        out = {}
        with_difference = mode != "off" and track.simulated is not None and track.real is not None
        if not (with_difference and mode == "alone"):
            for kind in ("ghost", "real", "simulated"):
                signal = track.signal(kind)
                if signal is not None:
                    out[kind] = self.line(signal, quantity, component)
        if with_difference and track.simulated is not None and track.real is not None:
            real = self._on_times_of(track.simulated, track.real)
            out["difference"] = difference(
                self.line(track.simulated, quantity, component), self.line(real, quantity, component)
            )
        return out

    def _on_times_of(self, simulated: Signal, real: Signal) -> Signal:
        """The recording on the simulated times; worked out again only when those change."""
        before = self._read_off.get(real)
        if before is None or not (before.time_s is simulated.time_s or np.array_equal(before.time_s, simulated.time_s)):
            before = on_times(real, simulated.time_s)
            if before is real:  # already on these times; a dictionary that held it would keep it for ever
                return real
            self._read_off[real] = before
        return before
