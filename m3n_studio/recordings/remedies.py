"""Remedies a person may choose for what the checks find: pure functions on raw samples, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from m3n_studio.errors import UnknownName
from m3n_studio.recordings.delimited import spread_ties
from m3n_studio.recordings.figures import usual_step
from m3n_studio.recordings.raw import RawSignal
from m3n_studio.recordings.signal import GRAVITY_MPS2

_MOST_EVEN_SAMPLES = 200_000_000


def drop_missing_times(raw: RawSignal) -> RawSignal:
    """Without the samples that have no time."""
    return raw.take(np.isfinite(raw.time_s))


def drop_repeated_times(raw: RawSignal) -> RawSignal:
    """Only the first of neighbouring samples with one time."""
    return raw.take(np.concatenate([[True], np.diff(raw.time_s) != 0]))


def spread_repeated_times(raw: RawSignal) -> RawSignal:
    """Neighbours with one time spread until the next, no further than a usual step."""
    return raw.with_(time_s=spread_ties(raw.time_s, usual_step(raw.time_s)))


def drop_backward_times(raw: RawSignal) -> RawSignal:
    """Without samples at or before a time already seen."""
    latest = np.maximum.accumulate(np.where(np.isfinite(raw.time_s), raw.time_s, -np.inf))
    return raw.take(np.concatenate([[True], raw.time_s[1:] > latest[:-1]]) & np.isfinite(raw.time_s))


def drop_missing_samples(raw: RawSignal) -> RawSignal:
    """Without samples that lack a number."""
    good = np.asarray(np.isfinite(raw.acc_mps2).all(axis=1))
    if raw.has_gyr:
        good &= np.isfinite(raw.gyr_radps).all(axis=1)
    return raw.take(good)


def flip_gravity(raw: RawSignal) -> RawSignal:
    """Acceleration with all signs turned: from reading gravity downwards to reading it upwards."""
    return raw.with_(acc_mps2=-raw.acc_mps2)


def flip_gyroscope(raw: RawSignal) -> RawSignal:
    """Angular velocity with all signs turned."""
    return raw.with_(gyr_radps=-raw.gyr_radps)


def _scale(kind: str, factor: float) -> Callable[[RawSignal], RawSignal]:
    def scaled(raw: RawSignal) -> RawSignal:
        return raw.with_(**{kind: getattr(raw, kind) * factor})

    return scaled


def even_rate(raw: RawSignal) -> RawSignal:
    """At an even rate, the median one, by straight lines; what fell into a gap is NaN."""
    step = usual_step(raw.time_s)
    raw = drop_backward_times(raw)
    start, stop = float(raw.time_s[0]), float(raw.time_s[-1])
    count = int((stop - start) / step + 1e-9) + 1 if step > 0 else 1
    if count > min(_MOST_EVEN_SAMPLES, 1000 * len(raw)):
        return raw
    times = start + step * np.arange(count)
    after = np.clip(np.searchsorted(raw.time_s, times), 0, len(raw) - 1)
    before = np.clip(after - 1, 0, len(raw) - 1)
    gap = (raw.time_s[after] - raw.time_s[before]) > 2.5 * step
    columns = {}
    for name in ("acc_mps2", "gyr_radps"):
        values = getattr(raw, name)
        even = np.column_stack([np.interp(times, raw.time_s, values[:, i]) for i in range(3)])
        even[gap] = np.nan
        columns[name] = even
    return raw.with_(time_s=times, **columns)


@dataclass(frozen=True)
class Remedy:
    """A function a person may choose, and what it does, in words."""

    title: str
    apply: Callable[[RawSignal], RawSignal]


#: Every remedy by the name findings and recipes call it.
REMEDIES: Mapping[str, Remedy] = {
    "drop_missing_times": Remedy("drop samples without a time", drop_missing_times),
    "drop_repeated_times": Remedy("keep the first sample of each time", drop_repeated_times),
    "spread_repeated_times": Remedy("spread samples that share a time", spread_repeated_times),
    "drop_backward_times": Remedy("drop samples that go back in time", drop_backward_times),
    "drop_missing_samples": Remedy("drop samples without numbers", drop_missing_samples),
    "acc_from_g": Remedy("acceleration × 9.81 (from g)", _scale("acc_mps2", GRAVITY_MPS2)),
    "acc_from_mg": Remedy("acceleration × 0.00981 (from mg)", _scale("acc_mps2", GRAVITY_MPS2 / 1000)),
    "acc_undo_g": Remedy("acceleration ÷ 9.81", _scale("acc_mps2", 1 / GRAVITY_MPS2)),
    "gyr_from_degrees": Remedy("angular velocity × π/180 (from °/s)", _scale("gyr_radps", np.pi / 180)),
    "gyr_undo_degrees": Remedy("angular velocity × 180/π", _scale("gyr_radps", 180 / np.pi)),
    "flip_gravity": Remedy("turn the sign of acceleration", flip_gravity),
    "flip_gyroscope": Remedy("turn the sign of angular velocity", flip_gyroscope),
    "even_rate": Remedy("resample at the usual rate", even_rate),
}


def mend(raw: RawSignal, fixes: Sequence[str]) -> RawSignal:
    """The remedies a person chose, one after the other; `UnknownName` for one that is none."""
    check_names(fixes)
    for name in fixes:
        raw = REMEDIES[name].apply(raw)
    return raw


def check_names(fixes: Sequence[str]) -> None:
    """`UnknownName` with the nearest for a name that is no remedy's."""
    for name in fixes:
        if name not in REMEDIES:
            raise UnknownName("remedy", name, REMEDIES)
