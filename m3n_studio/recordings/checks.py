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

from m3n_studio.errors import ValueProblem
from m3n_studio.recordings import check_clock, check_values
from m3n_studio.recordings.figures import Figures, figures_of
from m3n_studio.recordings.finding import Finding, Level
from m3n_studio.recordings.imported import Import
from m3n_studio.recordings.raw import RawSignal
from m3n_studio.recordings.signal import Signal

__all__ = ["Figures", "Finding", "Level", "check", "check_import", "check_together", "figures_of", "worst"]

Up = Literal["", "+x", "-x", "+y", "-y", "+z", "-z"]
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
    findings = [*check_clock.of_one(raw, stated_rate_hz), *check_values.of_one(raw, up)]
    return _sorted(findings)


def check_together(signals: Sequence[Signal | RawSignal]) -> tuple[Finding, ...]:
    """What is odd about the clocks of signals that should be simultaneous."""
    raws = [RawSignal.of(signal) if isinstance(signal, Signal) else signal for signal in signals]
    return _sorted([*check_clock.of_several(raws), *check_values.of_several(raws)])


def check_import(imported: Import, *, stated_rate_hz: float = 0.0, up: str = "") -> tuple[Finding, ...]:
    """All findings on an import, each signal's and those between signals."""
    findings: list[Finding] = []
    for recorded in imported.recorded:
        findings += check(recorded.signal, stated_rate_hz=stated_rate_hz, up=up, absent=recorded.absent)
    if len(imported.recorded) > 1:
        findings += check_together(imported.signals)
    return _sorted(findings)


def worst(findings: Sequence[Finding]) -> Level | None:
    """The gravest level among findings, None where there are none."""
    return min((finding.level for finding in findings), key=_RANK.__getitem__, default=None)


_RANK: dict[Level, int] = {"reject": 0, "warning": 1, "note": 2}


def _sorted(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: _RANK[finding.level]))
