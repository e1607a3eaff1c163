"""Two signals on one time base: even sampling, low-pass, interpolation, all with their masks.

Alignment and fidelity meet signals of any rate, with gaps and with the stamps of careless
clocks. Here they are brought to common times without anything being invented: a run ends where
a sample is invalid *or* where time leaps, nothing is filtered or interpolated across a run's
end, and what a filter has not settled on is masked. Both signals always pass the same filter.
Cost: a few ms a minute and signal.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import ValueProblem
from m3n_studio.imu import derive
from m3n_studio.motion.clip import runs
from m3n_studio.recordings.signal import Signal

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: A step longer than this many periods, and than this many seconds, is a gap.
GAP_PERIODS, GAP_S = 2.5, 0.05
#: Steps may differ from their median by this share and still count as even.
EVEN = 0.02
#: Even times may outnumber the samples by this factor (gaps), and by this many in any case.
_MOST_EMPTY, _ALWAYS_FINE = 50.0, 1_000_000.0
#: Bandwidth that survives resampling to a lower rate, as a share of that rate.
ALIAS_FREE = 0.45


def runs_of(signal: Signal) -> list[tuple[int, int]]:
    """Half-open index ranges of samples that are valid and follow each other without a leap in time."""
    steps = np.diff(signal.time_s)
    if not len(steps):
        return runs(signal.valid)
    leaps = np.flatnonzero(steps > max(GAP_PERIODS * float(np.median(steps)), GAP_S))
    edges = np.concatenate([[0], leaps + 1, [len(signal)]])
    return [(int(a) + i, int(a) + j) for a, b in pairwise(edges) for i, j in runs(signal.valid[a:b])]


def is_even(signal: Signal) -> bool:
    """Whether samples follow each other in equal steps."""
    steps = np.diff(signal.time_s)
    return len(steps) == 0 or bool(np.abs(steps - np.median(steps)).max() <= EVEN * np.median(steps))


def evened(signal: Signal) -> Signal:
    """The signal on even times at its median rate; itself where it is even already."""
    return signal if is_even(signal) else interpolated(signal, even_times(signal, signal.rate_hz))


def even_times(signal: Signal, rate_hz: float) -> Array:
    """Even times at a rate over the whole signal; `ValueProblem` where leaps in time would make it mostly empty."""
    seconds = float(signal.time_s[-1] - signal.time_s[0])
    n = seconds * rate_hz * (1 + 1e-9) + 1
    if n > _MOST_EMPTY * len(signal) * max(rate_hz / max(signal.rate_hz, 1e-9), 1.0) + _ALWAYS_FINE:
        raise ValueProblem(
            f"signal {signal.name!r}: {len(signal)} samples spread over {seconds:.0f} s; its times leap too far:"
            " cut it into its parts"
        )
    return np.asarray(signal.time_s[0] + np.arange(int(n)) / rate_hz)


def interpolated(signal: Signal, time_s: Array) -> Signal:
    """The signal's values at other times (N,), without any filter.

    Cubic splines where samples are even; where they are not, monotone cubics, which do not
    swing between two stamps that lie too close. Invalid outside the runs.
    """
    from scipy.interpolate import PchipInterpolator, make_interp_spline

    if np.array_equal(time_s, signal.time_s):
        return signal
    values = np.hstack([signal.acc_mps2, signal.gyr_radps])
    out, valid = np.zeros((len(time_s), 6)), np.zeros(len(time_s), dtype=bool)
    slack = 1e-6 / max(signal.rate_hz, 1e-3)
    even = is_even(signal)
    for a, b in runs_of(signal):
        i, j = np.searchsorted(time_s, [signal.time_s[a] - slack, signal.time_s[b - 1] + slack])
        if b - a < 4 or j <= i:
            continue
        at = np.clip(time_s[i:j], signal.time_s[a], signal.time_s[b - 1])
        own = signal.time_s[a:b]
        curve = make_interp_spline(own, values[a:b], k=3) if even else PchipInterpolator(own, values[a:b])
        out[i:j], valid[i:j] = curve(at), True
    return Signal(signal.name, time_s, out[:, :3], out[:, 3:], valid)


def lowpassed(signal: Signal, cutoff_hz: float | None) -> Signal:
    """The signal through the zero-phase low-pass of :func:`derive.lowpass`, run by run.

    Samples within half a period of the cut-off of a run's end are masked: the filter has not
    settled there. Uneven signals are evened first. None leaves the signal as it is.
    """
    signal = evened(signal)
    if cutoff_hz is None or cutoff_hz >= 0.49 * signal.rate_hz:
        return signal
    values = np.hstack([signal.acc_mps2, signal.gyr_radps])
    valid = np.zeros(len(signal), dtype=bool)
    rate = derive.sampling_rate(signal.time_s)
    settling = int(np.ceil(derive.SETTLING_PERIODS / cutoff_hz * rate))
    for a, b in runs_of(signal):
        if b - a <= 2 * settling:
            continue
        values[a:b] = derive.lowpass(values[a:b], rate, cutoff_hz)
        valid[a + settling : b - settling] = True
    return Signal(signal.name, signal.time_s, values[:, :3], values[:, 3:], valid)


def resampled(signal: Signal, time_s: Array) -> Signal:
    """The signal at even times of any rate: low-passed first where that rate is the lower."""
    rate = derive.sampling_rate(time_s)
    if len(time_s) > 1 and rate < 0.9 * signal.rate_hz:
        signal = lowpassed(signal, ALIAS_FREE * rate)
    return interpolated(signal, time_s)


def together(simulated: Signal, real: Signal, *, lowpass_hz: float | None = None) -> tuple[Signal, Signal]:
    """Both signals on common even times, equally filtered; valid where both are.

    The common times are those of the signal with the lower rate (the simulated one's if they
    agree within a tenth), from where both run to where one ends. The other is low-passed to 0.45
    of that rate before it is interpolated.
    """
    simulated, real = evened(simulated), evened(real)
    base = real if real.rate_hz < 0.9 * simulated.rate_hz else simulated
    start = max(simulated.time_s[0], real.time_s[0]) - 1e-9
    stop = min(simulated.time_s[-1], real.time_s[-1]) + 1e-9
    i, j = np.searchsorted(base.time_s, [start, stop])
    if j - i < 2:
        empty = Signal("", np.zeros(1), np.zeros((1, 3)), np.zeros((1, 3)), np.zeros(1, dtype=bool))
        return empty.with_(name=simulated.name), empty.with_(name=real.name)
    time_s = base.time_s[i:j]
    pair = [resampled(lowpassed(signal, lowpass_hz), time_s) for signal in (simulated, real)]
    valid = pair[0].valid & pair[1].valid
    return pair[0].with_(valid=valid), pair[1].with_(valid=valid)
