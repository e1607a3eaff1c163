"""Checks of times: order, repeats, gaps, jitter, rate, drift, and clocks that run at different speeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from m3n_studio.recordings.figures import usual_step
from m3n_studio.recordings.finding import Finding, Level
from m3n_studio.recordings.raw import RawSignal

Array = NDArray[np.float64]

#: A step is a gap from this many usual steps on.
GAP_STEPS = 2.5
_JITTER_SHARE = 0.3
_STATED_OFF = 0.01
_DRIFT = 0.01
_STRETCHES = 10
_SPEEDS_DIFFER = 0.02


def of_one(raw: RawSignal, stated_rate_hz: float = 0.0) -> Iterator[Finding]:
    """Findings on one signal's times."""
    missing = int((~np.isfinite(raw.time_s)).sum())
    if missing:
        yield Finding(
            "reject",
            "missing-times",
            "samples without a time",
            raw.name,
            f"{missing} of {len(raw)}",
            "Drop those samples, or state a rate instead of the time column.",
            "drop_missing_times",
        )
    times = raw.time_s[np.isfinite(raw.time_s)]
    step = usual_step(times)
    if step <= 0:
        if len(times) > 1:
            yield Finding(
                "reject",
                "no-clock",
                "time never goes forward",
                raw.name,
                f"{len(times)} samples",
                "Choose another time column, or state a rate.",
            )
        return
    yield from _order(raw, times)
    yield from _rate(raw, 1.0 / step, stated_rate_hz)
    yield from _gaps(raw, times, step)
    yield from _drift(raw, times, step)


def _order(raw: RawSignal, times: Array) -> Iterator[Finding]:
    steps = np.diff(times)
    back, same = steps < 0, int((steps == 0).sum())
    if back.any():
        at = int(np.argmax(back))
        yield Finding(
            "reject",
            "backward-times",
            "the clock runs backwards",
            f"{raw.name}, sample {at + 1}",
            f"{int(back.sum())} times, by up to {-float(steps.min()):.6g} s",
            "Drop the samples that lie before one already seen, or split the file there.",
            "drop_backward_times",
        )
    if same:
        yield Finding(
            "reject",
            "repeated-times",
            "samples share one time",
            raw.name,
            f"{same} of {len(times)}",
            "Keep the first of each, or spread them over the clock's resolution.",
            "drop_repeated_times",
        )


def _rate(raw: RawSignal, rate_hz: float, stated_hz: float) -> Iterator[Finding]:
    if not 1.0 <= rate_hz <= 10_000.0:
        yield Finding(
            "reject",
            "impossible-rate",
            "no inertial sensor samples at this rate",
            raw.name,
            f"{rate_hz:.6g} Hz",
            "Check the unit of the time column (s, ms, µs or ns).",
        )
    elif rate_hz < 10.0:
        yield Finding(
            "warning",
            "low-rate",
            "too slow for most movements",
            raw.name,
            f"{rate_hz:.4g} Hz",
            "Check the unit of the time column; below 20 Hz, gestures are lost.",
        )
    elif rate_hz > 2000.0:
        yield Finding(
            "warning",
            "high-rate",
            "faster than inertial sensors usually are",
            raw.name,
            f"{rate_hz:.6g} Hz",
            "Check the unit of the time column (s, ms, µs or ns).",
        )
    if stated_hz and abs(rate_hz / stated_hz - 1.0) > _STATED_OFF:
        yield Finding(
            "warning",
            "rate-differs",
            "times disagree with the stated rate",
            raw.name,
            f"{rate_hz:.4g} Hz by the times, {stated_hz:.4g} Hz stated (× {stated_hz / rate_hz:.3g})",
            "Find out which is right before comparing it with other recordings.",
        )


def _gaps(raw: RawSignal, times: Array, step: float) -> Iterator[Finding]:
    steps = np.diff(times)
    gaps = steps > GAP_STEPS * step
    if gaps.any():
        longest = int(np.argmax(steps))
        lost = float((steps[gaps] - step).sum())
        share = lost / max(float(np.ptp(times)), 1e-9)
        level: Level = "warning" if share > 0.01 or steps[longest] > 1.0 else "note"
        yield Finding(
            level,
            "gaps",
            "samples are missing",
            f"{raw.name}, longest {times[longest] - times[0]:.4g} s in",
            f"{int(gaps.sum())} gaps, {lost:.4g} s in all ({share:.1%}), longest {steps[longest]:.4g} s",
            "Gaps stay gaps; leave windows that span one out of training.",
        )
    forward = steps[(steps > 0) & ~gaps]
    if len(forward) > 2:
        jitter = float(np.std(forward)) / step
        if jitter > _JITTER_SHARE:
            yield Finding(
                "note",
                "jitter",
                "the steps between samples are uneven",
                raw.name,
                f"{jitter:.0%} of the usual {1000 * step:.4g} ms",
                "Times are kept as they are; ask for an even rate where one is needed.",
                "even_rate",
            )


def _drift(raw: RawSignal, times: Array, step: float) -> Iterator[Finding]:
    """Whether the rate changes from one stretch of the recording to the next, gaps left out."""
    if len(times) < 100 * _STRETCHES:
        return
    steps = np.diff(times)
    rates = []
    for part in np.array_split(steps, _STRETCHES):
        kept = part[(part > 0) & (part <= GAP_STEPS * step)]
        if len(kept) < 50:
            return
        rates.append(1.0 / float(kept.mean()))
    low, high = min(rates), max(rates)
    noise = (
        4.0 * float(np.std(steps[(steps > 0) & (steps <= GAP_STEPS * step)])) / step / np.sqrt(len(steps) / _STRETCHES)
    )
    if high / low - 1.0 > _DRIFT + noise:
        level: Level = "warning" if high / low > 1.1 else "note"
        yield Finding(
            level,
            "drifting-clock",
            "the rate changes along the recording",
            raw.name,
            f"{low:.5g} to {high:.5g} Hz in tenths of it",
            "Times are kept; put sync points on the session's clock if it has another.",
        )


def of_several(raws: Sequence[RawSignal]) -> Iterator[Finding]:
    """Findings on clocks that should agree, pair by pair."""
    if len(raws) > 16:
        raws = (raws[0], *raws[1:16])
    for a, b in combinations(raws, 2):
        yield from _pair(a, b)


def _pair(a: RawSignal, b: RawSignal) -> Iterator[Finding]:
    spans = [(float(np.nanmin(x.time_s)), float(np.nanmax(x.time_s))) for x in (a, b)]
    (start_a, stop_a), (start_b, stop_b) = spans
    where = f"{a.name} and {b.name}"
    if start_a > stop_b or start_b > stop_a:
        yield Finding(
            "warning",
            "clocks-apart",
            "they were never recording at the same time",
            where,
            f"{start_a:.6g} to {stop_a:.6g} s, {start_b:.6g} to {stop_b:.6g} s",
            "Check the time columns' units and starts, or import them as two sessions.",
        )
        return
    lengths = stop_a - start_a, stop_b - start_b
    if min(lengths) < 5.0:
        return
    ratio = lengths[1] / lengths[0]
    counts = len(b) / len(a)
    if abs(ratio - 1.0) > _SPEEDS_DIFFER and abs(counts - 1.0) < _SPEEDS_DIFFER:
        speed = max(ratio, 1.0 / ratio)
        yield Finding(
            "warning",
            "clocks-disagree",
            "as many samples, but one clock runs faster",
            where,
            f"{lengths[0]:.4g} s and {lengths[1]:.4g} s, × {speed:.3g}",
            "Line them up with sync points; a single offset cannot.",
        )
