"""Checks at the door: what is odd about a recording, with the remedy a person may choose.

Nothing is mended here. :func:`check` looks at one signal, :func:`check_together` at those of one
session, :func:`check_import` at all of an import. A finding's ``fix`` names a function of
:mod:`m3n_studio.recordings.remedies`; where there is none, no computation can help.

Two things no check of accelerometer and gyroscope can see: an accelerometer that reads gravity
downwards is, for every movement, like one that is turned, so `up` has to be given to tell; and
for a gyroscope that was never recorded there is nothing to compare.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from m3n_studio.errors import ValueProblem
from m3n_studio.recordings import check_clock, check_values
from m3n_studio.recordings.figures import Figures, figures_of
from m3n_studio.recordings.finding import Finding, Level
from m3n_studio.recordings.imported import Import
from m3n_studio.recordings.raw import RawSignal
from m3n_studio.recordings.signal import Signal

__all__ = ["Figures", "Finding", "Level", "check", "check_import", "check_together", "figures_of", "worst"]

Up = Literal["", "+x", "-x", "+y", "-y", "+z", "-z"]
#: Larger numbers than this are no seconds, m/s² or rad/s.
_MOST = 1e12
_UPS = ("", "+x", "-x", "+y", "-y", "+z", "-z")


def check(
    signal: Signal | RawSignal, *, stated_rate_hz: float = 0.0, up: str = "", absent: Sequence[str] = ()
) -> tuple[Finding, ...]:
    """Everything odd about one signal, the worst first.

    stated_rate_hz : the rate the file or its papers claim, 0 where unknown.
    up : the sensor axis that points up while still (``"+z"``), empty where unknown.
    absent : ``("gyr",)`` where no gyroscope was recorded.
    """
    if up not in _UPS:
        raise ValueProblem(f"up axis {up!r}; expected one of {', '.join(_UPS[1:])}")
    raw = RawSignal.of(signal) if isinstance(signal, Signal) else signal
    if "gyr" in absent:
        raw = raw.with_(gyr_radps=raw.gyr_radps * float("nan"))
    raw = _sane(raw)
    with np.errstate(all="ignore"):
        findings = [*check_clock.of_one(raw, stated_rate_hz), *check_values.of_one(raw, up)]
    return _sorted(findings)


def check_together(signals: Sequence[Signal | RawSignal]) -> tuple[Finding, ...]:
    """What is odd about the clocks of signals that should be simultaneous."""
    raws = [RawSignal.of(signal) if isinstance(signal, Signal) else signal for signal in signals]
    raws = [_sane(raw) for raw in raws]
    raws = [raw for raw in raws if np.isfinite(raw.time_s).any()]
    with np.errstate(all="ignore"):
        return _sorted([*check_clock.of_several(raws), *check_values.of_several(raws)])


def check_import(imported: Import, *, stated_rate_hz: float = 0.0, up: str = "") -> tuple[Finding, ...]:
    """All findings on an import, each signal's and those between signals."""
    findings: list[Finding] = []
    for recorded in imported.recorded:
        findings += check(recorded.signal, stated_rate_hz=stated_rate_hz, up=up, absent=recorded.absent)
    if len(imported.recorded) > 1:
        findings += check_together(imported.signals)
    return _sorted(findings)


def _sane(raw: RawSignal) -> RawSignal:
    """With NaN for numbers beyond all measure, which would spoil every sum."""
    with np.errstate(invalid="ignore"):
        time_s = np.where(np.abs(raw.time_s) < _MOST, raw.time_s, np.nan)
        acc, gyr = (np.where(np.abs(x) < _MOST, x, np.nan) for x in (raw.acc_mps2, raw.gyr_radps))
    return raw.with_(time_s=time_s, acc_mps2=acc, gyr_radps=gyr)


def worst(findings: Sequence[Finding]) -> Level | None:
    """The gravest level among findings, None where there are none."""
    return min((finding.level for finding in findings), key=_RANK.__getitem__, default=None)


_RANK: dict[Level, int] = {"reject": 0, "warning": 1, "note": 2}


def _sorted(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: _RANK[finding.level]))
