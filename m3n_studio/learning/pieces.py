"""Windows of recordings of any length, read a piece at a time, equal to what `windows.cut` gives of the whole.

:func:`plan` looks at times and validity only and says where every window lies; :meth:`Plan.windows` reads the
samples of some of them. What resampling decides for a whole stretch (its rate, whether it is even, where a
filter has settled) is decided here for the whole stretch too, so that a piece does not depend on where it is
cut out; filters and splines get so many samples more on both sides that what is left out beyond is worth less than
rounding.

Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import ValueProblem
from m3n_studio.imu import derive
from m3n_studio.imu.sampling import ALIAS_FREE, EVEN, GAP_PERIODS, GAP_S
from m3n_studio.learning.config import WindowSpec
from m3n_studio.learning.intervals import merged
from m3n_studio.learning.windows import UNLABELLED, Windows
from m3n_studio.motion.clip import runs

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

#: Samples more on each side for splines, and periods of the cut-off for filters: both have forgotten by then.
_SPLINE, _FILTER_PERIODS = 48, 14.0
_ANCHOR = 4096


class Samples(Protocol):
    """A recording that is read as far as it is looked at, on the clock of its session."""

    def __len__(self) -> int: ...

    def times(self, first: int, stop: int) -> Floats:
        """Times of some samples (n,), s."""
        ...

    def valid(self) -> Mask:
        """Which of all samples mean something (N,)."""
        ...

    def values(self, first: int, stop: int) -> Floats:
        """Some samples (n, 6): accelerometer in m/s2, gyroscope in rad/s."""
        ...


class _Base(Protocol):
    """Values by number."""

    def times(self, first: int, stop: int) -> Floats: ...

    def values(self, first: int, stop: int) -> Floats: ...


@dataclass(frozen=True, eq=False)
class _Evened:
    """An uneven stretch at even times ``begin + n / rate``, by monotone cubics of each of its runs."""

    raw: Samples
    begin: float
    rate_hz: float
    parts: tuple[tuple[int, int, int, int], ...]  # numbers of the even times, of the samples
    finder: _Finder

    def times(self, first: int, stop: int) -> Floats:
        return np.asarray(self.begin + np.arange(first, stop) / self.rate_hz)

    def values(self, first: int, stop: int) -> Floats:
        from scipy.interpolate import PchipInterpolator

        out = np.zeros((stop - first, 6))
        for i, j, a, b in self.parts:
            low, high = max(i, first), min(j, stop)
            if low >= high:
                continue
            at = self.times(low, high)
            s, e = self.finder.around(at[0], at[-1], a, b, 8)
            own = self.raw.times(s, e)
            out[low - first : high - first] = PchipInterpolator(own, self.raw.values(s, e))(
                np.clip(at, own[0], own[-1])
            )
        return out


@dataclass(frozen=True, eq=False)
class _Finder:
    """Which samples are around a time, knowing every 4096th time only."""

    raw: Samples
    anchors: Floats

    def around(self, low_s: float, high_s: float, first: int, stop: int, more: int) -> tuple[int, int]:
        """Samples from `low_s` to `high_s` and `more` on each side, all of them in [first, stop)."""
        a = max(int(np.searchsorted(self.anchors, low_s)) - 1, 0) * _ANCHOR
        b = min((int(np.searchsorted(self.anchors, high_s)) + 1) * _ANCHOR, len(self.raw))
        i, j = np.searchsorted(self.raw.times(a, b), [low_s, high_s])
        return max(a + int(i) - more, first), min(a + int(j) + 1 + more, stop)


@dataclass(frozen=True, eq=False)
class _Stretch:
    """A run on the grid ``t0 + k / rate``: numbers `first` to `stop`, and how its values come about.

    base : of which values; start, end : numbers of base that are interpolated; filtered : numbers of base the filter
    runs over, or None without one.
    """

    first: int
    stop: int
    t0: float
    rate_hz: float
    base: _Base
    start: int
    end: int
    smooth: bool
    finder: _Finder | None
    filtered: tuple[int, int] | None = None
    base_hz: float = 0.0

    def values(self, first: int, stop: int) -> Singles:
        """Values at some numbers of the grid (n, 6)."""
        from scipy.interpolate import PchipInterpolator, make_interp_spline

        at = self.t0 + np.arange(first, stop) / self.rate_hz
        i, j = self._numbers(at[0], at[-1])
        own = self.base.times(i, j)
        known = self._filtered(i, j) if self.filtered is not None else self.base.values(i, j)
        at = np.clip(at, own[0], own[-1])
        curve = make_interp_spline(own, known, k=3) if self.smooth else PchipInterpolator(own, known)
        return np.asarray(curve(at), dtype=np.float32)

    def _numbers(self, low_s: float, high_s: float) -> tuple[int, int]:
        if self.finder is not None:
            return self.finder.around(low_s, high_s, self.start, self.end, _SPLINE)
        begin = float(self.base.times(0, 1)[0])
        low, high = ((t - begin) * self.base_hz for t in (low_s, high_s))
        return max(int(low) - _SPLINE, self.start), min(int(high) + 2 + _SPLINE, self.end)

    def _filtered(self, i: int, j: int) -> Floats:
        assert self.filtered is not None
        cutoff = ALIAS_FREE * self.rate_hz
        more = int(np.ceil(_FILTER_PERIODS / cutoff * self.base_hz))
        a, b = max(i - more, self.filtered[0]), min(j + more, self.filtered[1])
        smooth = derive.lowpass(self.base.values(a, b), self.base_hz, cutoff)
        return np.asarray(smooth[i - a : j - a])


def _stretches(raw: Samples, t0: float, spec: WindowSpec) -> list[_Stretch]:
    """The stretches of `windows._stretches`, without their values."""
    time_s, valid = raw.times(0, len(raw)), raw.valid()
    finder = _Finder(raw, time_s[::_ANCHOR].copy())
    out = []
    for a, b in _runs_of(time_s, valid):
        own = time_s[a:b]
        first, last = (np.array([own[0], own[-1]]) - t0) * spec.rate_hz
        k = np.arange(int(np.ceil(first - 1e-4)), int(np.floor(last + 1e-4)) + 1)
        if b - a >= 4 and len(k) >= spec.samples:
            found = _resampled(raw, finder, a, own, k, t0, spec)
            out += [s for s in found if s.stop - s.first >= spec.samples]
    return out


def _resampled(
    raw: Samples, finder: _Finder, a: int, own: Floats, k: Ints, t0: float, spec: WindowSpec
) -> list[_Stretch]:  # fmt: skip
    """One stretch, of samples from number `a` on, as `sampling.resampled` does it."""
    steps = np.diff(own)
    median = float(np.median(steps))
    rate_hz, even = 1.0 / median, bool(np.abs(steps - median).max() <= EVEN * median)
    at = t0 + k / spec.rate_hz
    parts = _runs_of(own, np.ones(len(own), dtype=bool))
    if not (len(at) > 1 and derive.sampling_rate(at) < 0.9 * rate_hz):
        return [
            _Stretch(i, j, t0, spec.rate_hz, raw, a + p, a + q, even, finder)
            for p, q in parts for i, j in _on(at, k, own[p], own[q - 1], rate_hz) if q - p >= 4
        ]  # fmt: skip
    if even:
        return _smoothed(raw, [(a, a + len(own))], own, a, k, at, t0, spec, finder)
    count = int((own[-1] - own[0]) * rate_hz * (1 + 1e-9) + 1)
    grid = own[0] + np.arange(count) / rate_hz
    placed, known = [], np.zeros(count, dtype=bool)
    for p, q in parts:
        slack = 1e-6 / max(rate_hz, 1e-3)
        i, j = (int(x) for x in np.searchsorted(grid, [own[p] - slack, own[q - 1] + slack]))
        if q - p >= 4 and j > i:
            placed.append((i, j, a + p, a + q))
            known[i:j] = True
    base = _Evened(raw, float(own[0]), rate_hz, tuple(placed), finder)
    return _smoothed(base, runs(known), grid, 0, k, at, t0, spec, None)


def _smoothed(
    base: _Base, where: Sequence[tuple[int, int]], time_s: Floats, offset: int, k: Ints, at: Floats, t0: float,
    spec: WindowSpec, finder: _Finder | None,
) -> list[_Stretch]:  # fmt: skip
    """Runs of even values, whose times from number `offset` on are given, low-passed where the filter has settled."""
    rate = derive.sampling_rate(time_s)
    settling = int(np.ceil(derive.SETTLING_PERIODS / (ALIAS_FREE * derive.sampling_rate(at)) * rate))
    median_hz, out = 1.0 / float(np.median(np.diff(time_s))), []
    for a, b in where:
        if b - a <= 2 * settling or b - a - 2 * settling < 4:
            continue
        i, j = a + settling, b - settling
        for first, stop in _on(at, k, time_s[i - offset], time_s[j - 1 - offset], median_hz):
            out.append(_Stretch(first, stop, t0, spec.rate_hz, base, i, j, True, finder, (a, b), rate))
    return out


def _on(at: Floats, k: Ints, first_s: float, last_s: float, rate_hz: float) -> list[tuple[int, int]]:
    """The numbers of the grid that lie on a run, as at most one range."""
    slack = 1e-6 / max(rate_hz, 1e-3)
    i, j = np.searchsorted(at, [first_s - slack, last_s + slack])
    return [(int(k[0]) + int(i), int(k[0]) + int(j))] if j > i else []


def _runs_of(time_s: Floats, valid: Mask) -> list[tuple[int, int]]:
    """As `sampling.runs_of`, of times and validity."""
    steps = np.diff(time_s)
    if not len(steps):
        return runs(valid)
    leaps = np.flatnonzero(steps > max(GAP_PERIODS * float(np.median(steps)), GAP_S))
    edges = np.concatenate([[0], leaps + 1, [len(time_s)]])
    return [(int(a) + i, int(a) + j) for a, b in pairwise(edges) for i, j in runs(valid[a:b])]


@dataclass(frozen=True, eq=False)
class Plan:
    """Where every window of some recordings lies.

    Attributes
    ----------
    start_s : (W,) float64, s
        In order.
    mask : (W, P) bool
        Whether a placement has a signal throughout the window.
    spec : WindowSpec
    group, at : (W,) int64
        Which recording, and the number of its grid where the window begins.
    stretches : tuple of mapping of str to tuple
        Of each recording, by placement.
    """

    start_s: Floats
    mask: Mask
    spec: WindowSpec
    group: Ints
    at: Ints
    stretches: tuple[Mapping[str, tuple[_Stretch, ...]], ...]

    def __len__(self) -> int:
        return len(self.start_s)

    def pieces(self, piece_s: float) -> Ints:
        """Edges (n + 1,) of pieces of about so many seconds, as numbers of windows; the first is 0, the last W."""
        if not len(self):
            return np.zeros(1, dtype=np.int64)
        which = np.floor((self.start_s - self.start_s[0]) / piece_s)
        return np.concatenate([[0], np.flatnonzero(np.diff(which)) + 1, [len(self)]]).astype(np.int64)

    def windows(self, first: int, stop: int) -> Windows:
        """Windows number `first` up to, not including, `stop`, read now."""
        spec, n = self.spec, stop - first
        imu = np.zeros((n, len(spec.placements), 6, spec.samples), dtype=np.float32)
        for group, by_placement in enumerate(self.stretches):
            rows = np.flatnonzero(self.group[first:stop] == group)
            at = self.at[first:stop][rows]
            for p, placement in enumerate(spec.placements):
                for stretch in by_placement.get(placement, ()):
                    i, j = np.searchsorted(at, [stretch.first, stretch.stop - spec.samples + 1])
                    if j > i:
                        imu[rows[i:j], p] = _cut(stretch, at[i:j], spec.samples)
        none = np.full(n, UNLABELLED, dtype=np.int64)
        names = np.array(["recording"] * n, dtype=str)
        return Windows(imu, self.mask[first:stop], none, np.zeros(n, dtype=np.float32), names, names,
                       self.start_s[first:stop], (), spec.placements, spec.rate_hz)  # fmt: skip


def _cut(stretch: _Stretch, at: Ints, samples: int) -> Singles:
    """Windows (n, 6, T) that begin at some numbers of a stretch."""
    values = stretch.values(int(at[0]), int(at[-1]) + samples)
    views = np.lib.stride_tricks.sliding_window_view(values, samples, axis=0)
    return np.asarray(views[at - at[0]])


def plan(recordings: Sequence[Mapping[str, Samples]], spec: WindowSpec) -> Plan:
    """Where the windows of recordings lie, each with its own grid, as `windows.cut` with ``missing = "mask"`` has it.

    Parameters
    ----------
    recordings : sequence of mapping of str to Samples
        By placement, all on the session's clock.
    spec : WindowSpec

    Raises
    ------
    ValueProblem
        Where there is no window.
    """
    starts, masks, groups, ats, found = [], [], [], [], []
    for number, worn in enumerate(recordings):
        wanted = {p: worn[p] for p in spec.placements if p in worn and len(worn[p])}
        t0 = min((float(s.times(0, 1)[0]) for s in wanted.values()), default=0.0)
        stretches = {p: tuple(_stretches(s, t0, spec)) for p, s in wanted.items()}
        where = merged([(s.first, s.stop) for of in stretches.values() for s in of])
        each = [np.arange(a, b - spec.samples + 1, spec.stride) for a, b in where]
        at = np.concatenate([np.zeros(0, dtype=np.int64), *each]).astype(np.int64)
        mask = np.zeros((len(at), len(spec.placements)), dtype=bool)
        for p, placement in enumerate(spec.placements):
            for s in stretches.get(placement, ()):
                i, j = np.searchsorted(at, [s.first, s.stop - spec.samples + 1])
                mask[i:j, p] = True
        kept = mask.any(axis=1)
        starts.append(t0 + at[kept] / spec.rate_hz)
        masks.append(mask[kept])
        ats.append(at[kept])
        groups.append(np.full(int(kept.sum()), number, dtype=np.int64))
        found.append(stretches)
    if not sum(len(s) for s in starts):
        raise ValueProblem(
            f"no stretch of {', '.join(spec.placements)} is as long as a window ({spec.length_s:g} s) without a gap"
        )
    start_s = np.concatenate(starts)
    order = np.argsort(start_s, kind="stable")
    return Plan(start_s[order], np.concatenate(masks)[order], spec, np.concatenate(groups)[order],
                np.concatenate(ats)[order], tuple(found))  # fmt: skip
