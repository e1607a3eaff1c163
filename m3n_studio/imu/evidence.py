"""Everything that is said about one sensor against its recording, gathered once.

The window's fidelity view and the written report show the same :class:`Evidence`.
"""

from __future__ import annotations

from dataclasses import dataclass

from m3n_studio.imu.align import Alignment, GravityFit, fit_gravity
from m3n_studio.imu.fidelity import FidelityReport, compare
from m3n_studio.imu.fidelity_windows import WINDOW_S, LagCurve, Trend, Windows, lag_curve, trends, windowed
from m3n_studio.imu.moments import Moment, worst_moments
from m3n_studio.imu.sampling import evened
from m3n_studio.recordings.signal import Signal


@dataclass(frozen=True, eq=False)
class Evidence:
    """One sensor held against one recording.

    Attributes
    ----------
    simulated, aligned : Signal
        `aligned` is the recording on the simulation's times and axes.
    alignment : Alignment
    report : FidelityReport
    trends : tuple of Trend
        Offset and slope per channel.
    windows : Windows
    moments : tuple of Moment
        Worst first.
    lags : LagCurve
        What r would be with the recording shifted.
    gravity : GravityFit
        What the accelerometer reads at rest, whether or not the alignment makes use of it.
    """

    simulated: Signal
    aligned: Signal
    alignment: Alignment
    report: FidelityReport
    trends: tuple[Trend, ...]
    windows: Windows
    moments: tuple[Moment, ...]
    lags: LagCurve
    gravity: GravityFit


def gather(
    simulated: Signal, recording: Signal, alignment: Alignment, *, lowpass_hz: float | None = None,
    normalise: str = "zscore", window_s: float = WINDOW_S, moments: int = 8,
) -> Evidence:  # fmt: skip
    """Judge a simulation by a recording as read, aligned as stated; options as of :func:`compare`."""
    aligned = alignment.apply(recording, simulated).with_(name=recording.name)
    unturned = Alignment(clock=alignment.clock).corrected(recording)
    smooth = simulated if len(simulated) < 2 else evened(simulated)
    return Evidence(
        simulated, aligned, alignment,
        compare(simulated, aligned, lowpass_hz=lowpass_hz, normalise=normalise),
        trends(simulated, aligned, lowpass_hz=lowpass_hz),
        windowed(simulated, aligned, window_s=window_s, lowpass_hz=lowpass_hz),
        worst_moments(smooth, aligned, count=moments, lowpass_hz=lowpass_hz, clipped=unturned),
        lag_curve(simulated, aligned),
        fit_gravity(simulated, recording, clock=alignment.clock, mount=alignment.mount),
    )  # fmt: skip
