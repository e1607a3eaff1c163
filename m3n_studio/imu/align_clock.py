"""Two clocks brought together: when, on the simulation's clock, a real sample was taken.

The rotation rate's magnitude ‖ω‖ does not depend on how a sensor is turned, so it is what is
compared (FIELD 1). A masked, normalised cross-correlation over all lags gives a first offset,
also where the two overlap in part only or start at different hours; least squares on the
low-passed magnitudes then refine offset and drift together to well under a sample. Drift is
one number (clocks do bend: cut a long recording where that matters) and is left at zero where
the recording is too short to tell it.
Cost: some 50 ms a minute of 100 Hz, 3 s an hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import atanh, erf, sqrt

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import UnknownName
from m3n_studio.imu.derive import sampling_rate
from m3n_studio.imu.sampling import even_times, evened, lowpassed, resampled
from m3n_studio.recordings.signal import Signal

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_COARSE_HZ = 20.0
#: Refinement, coarse to fine: low-pass and sampling rate, how closely to solve (s).
_STAGES = ((3.0, 16.0, 1e-3), (8.0, 50.0, 1e-5))
_BANDWIDTH_HZ = _STAGES[-1][0]
#: Independent samples a second of a movement's ‖ω‖, for significance only.
_INDEPENDENT_HZ = 2.0
#: Drift is fitted where it can be told to this, per unit (100 ppm is 6 ms a minute).
_DRIFT_STD = 1e-4
_SHORTEST_S = 2.0
_CANDIDATES = 3
_MOST_DRIFTS = 81
#: Magnitudes that vary by less than this are rest: rad/s and m/s².
_STILL = {"gyr": 0.02, "acc": 0.05}


@dataclass(frozen=True)
class ClockFit:
    """How the real clock maps onto the simulation's: ``t_reference = t_real * (1 + drift) + offset_s``.

    Attributes
    ----------
    offset_s : float, s
    drift : float
        Per unit; 5e-4 is 30 ms a minute.
    confidence : float, 0 to 1
        ``r · Φ(z)``: the correlation r of the two magnitudes once aligned, times the
        probability that the best lag is truly better than the next best (Fisher's z of the
        two correlations, counting two independent samples a second). Rest gives 0; a walk that
        fits equally well one stride later gives about r/2; 1 where a person set the clock.
    correlation : float
        r once aligned.
    offset_std_s, drift_std : float
        Standard errors of the refinement; infinite where nothing was fitted.
    """

    offset_s: float = 0.0
    drift: float = 0.0
    confidence: float = 0.0
    correlation: float = 0.0
    offset_std_s: float = float("inf")
    drift_std: float = float("inf")

    def to_reference(self, time_s: Array) -> Array:
        """Times (N,) on the real clock, as times on the simulation's."""
        return np.asarray(time_s * (1.0 + self.drift) + self.offset_s)


@dataclass(frozen=True, eq=False)
class _Magnitude:
    """A magnitude on even times: start_s, rate_hz, value (N,), valid (N,)."""

    start_s: float
    rate_hz: float
    value: Array
    valid: Mask

    @property
    def time_s(self) -> Array:
        return self.start_s + np.arange(len(self.value)) / self.rate_hz


def fit_clock(
    simulated: Signal, real: Signal, *, quantity: str = "gyr", drift: bool = True,
    max_offset_s: float | None = None, max_drift: float = 2e-3,
) -> ClockFit:  # fmt: skip
    """Find offset and drift of the real clock.

    Parameters
    ----------
    simulated, real : Signal
        Of the same movement, overlapping by 2 s or more; any rates, any time origins.
    quantity : {"gyr", "acc"}
        Whose magnitude to compare.
    drift : bool
        Whether to fit drift where the recording is long enough to tell it.
    max_offset_s : float, optional
        Largest ``|t_reference - t_real|`` to consider; any by default.
    max_drift : float
        Largest drift to consider.

    Returns
    -------
    ClockFit
        Offset 0 with confidence 0 where there is nothing to go by.
    """
    if quantity not in _STILL:
        raise UnknownName("quantity", quantity, _STILL)
    reference, other = (_magnitude(signal, quantity, _COARSE_HZ, _BANDWIDTH_HZ) for signal in (simulated, real))
    if _is_still(reference, _STILL[quantity]) or _is_still(other, _STILL[quantity]):
        return ClockFit()
    candidates = _coarse_offsets(reference, other, max_offset_s, max_drift if drift else 0.0)
    fits = [_Refined(shift_s, rate) for shift_s, rate in candidates]
    for cutoff, rate_hz, close in _STAGES:
        reference, other = (_magnitude(signal, quantity, rate_hz, cutoff) for signal in (simulated, real))
        refined = [_refine(reference, other, fit, max_drift=max_drift if drift else 0.0, close_s=close) for fit in fits]
        fits = sorted((fit for fit in refined if fit), key=lambda fit: -fit.score)[:2]
    if max_offset_s is not None:
        fits = [fit for fit in fits if abs(fit.shift_s) <= max_offset_s + 1.0 / _COARSE_HZ]
    if not fits:
        return ClockFit()
    best, centre = fits[0], fits[0].centre_s
    second = next((f for f in fits[1:] if abs(f.shift_s - best.shift_s) > 1.0 / _COARSE_HZ), None)
    confidence = max(best.r, 0.0) * _distinct(best, second)
    return ClockFit(best.shift_s - best.drift * centre, best.drift, confidence, best.r, best.shift_std, best.drift_std)


def _magnitude(signal: Signal, quantity: str, rate_hz: float, cutoff_hz: float) -> _Magnitude:
    """‖ω‖ or ‖a‖ of the low-passed signal, on even times of a rate."""
    signal = lowpassed(evened(signal), min(cutoff_hz, 0.4 * signal.rate_hz) if len(signal) > 1 else None)
    rate = min(rate_hz, sampling_rate(signal.time_s))
    even = resampled(signal, even_times(signal, rate))
    values = even.gyr_radps if quantity == "gyr" else even.acc_mps2
    return _Magnitude(float(even.time_s[0]), rate, np.linalg.norm(values, axis=1), even.valid)


def _is_still(magnitude: _Magnitude, threshold: float) -> bool:
    value = magnitude.value[magnitude.valid]
    return len(value) < _SHORTEST_S * magnitude.rate_hz or float(value.std()) < threshold


def _coarse_offsets(
    reference: _Magnitude, other: _Magnitude, max_offset_s: float | None, max_drift: float
) -> list[tuple[float, float]]:
    """The likeliest ``(shift at the overlap's centre, drift)`` by cross-correlation over all lags."""
    from scipy.signal import find_peaks

    rate = min(reference.rate_hz, other.rate_hz)
    seconds = len(other.value) / other.rate_hz
    steps = min(int(max_drift * seconds / 0.2), _MOST_DRIFTS // 2)
    found: list[tuple[float, float, float]] = []
    x, x_valid = _sampled(
        reference, reference.start_s + np.arange(int(len(reference.value) * rate / reference.rate_hz)) / rate
    )
    for drift in np.linspace(-max_drift, max_drift, 2 * steps + 1) if steps else [0.0]:
        n = int(seconds * (1.0 + drift) * rate)
        warped = other.start_s + np.arange(n) / rate / (1.0 + drift)
        y, y_valid = _sampled(other, warped)
        r, score, lags = _masked_correlation(x, x_valid, y, y_valid, rate)
        shift = reference.start_s - other.start_s + lags / rate
        if max_offset_s is not None:
            score = np.where(np.abs(shift) <= max_offset_s, score, -np.inf)
        peaks = find_peaks(np.concatenate([[-np.inf], score, [-np.inf]]))[0] - 1
        for peak in peaks[np.argsort(-score[peaks])][:_CANDIDATES]:
            if np.isfinite(score[peak]) and r[peak] > 0:
                found.append((float(score[peak]), float(shift[peak]), float(drift)))
    found.sort(reverse=True)
    out: list[tuple[float, float]] = []
    for _, shift_s, drift in found:
        centre_s = shift_s + drift * seconds / 2.0
        if all(abs(centre_s - other_shift) > 2.0 / rate for other_shift, _ in out):
            out.append((centre_s, drift))
        if len(out) == _CANDIDATES:
            break
    return out


def _sampled(magnitude: _Magnitude, time_s: Array) -> tuple[Array, Mask]:
    """Linear values and mask of a magnitude at times (N,)."""
    at = (time_s - magnitude.start_s) * magnitude.rate_hz
    low = np.clip(np.floor(at + 1e-9).astype(int), 0, len(magnitude.value) - 1)
    high = np.minimum(low + 1, len(magnitude.value) - 1)
    inside = (at > -1e-6) & (at < len(magnitude.value) - 1 + 1e-6)
    value = np.interp(at, np.arange(len(magnitude.value)), magnitude.value)
    return value, inside & magnitude.valid[low] & magnitude.valid[high]


def _masked_correlation(x: Array, x_valid: Mask, y: Array, y_valid: Mask, rate: float) -> tuple[Array, Array, Array]:
    """Pearson's r, its significance and the lag for every overlap of two masked series.

    Lag k pairs ``y[j]`` with ``x[j + k]`` (Padfield 2012, masked FFT registration). Overlaps
    under a third of the shorter series, or under 2 s, get r = 0.
    """
    from scipy.signal import correlate

    def sums(a: Array, b: Array) -> Array:
        return np.asarray(correlate(a, b, mode="full", method="fft"))

    mx, my = x_valid.astype(float), y_valid.astype(float)
    x, y = (x - x[x_valid].mean()) * mx, (y - y[y_valid].mean()) * my
    n = np.maximum(np.round(sums(mx, my)), 1.0)
    sx, sy = sums(x, my), sums(mx, y)
    vx, vy = sums(x * x, my) - sx * sx / n, sums(mx, y * y) - sy * sy / n
    enough = n >= max(_SHORTEST_S * rate, min(mx.sum(), my.sum()) / 3.0)
    enough &= (vx > 1e-3 * n * x.var()) & (vy > 1e-3 * n * y.var())
    r = np.where(enough, (sums(x, y) - sx * sy / n) / np.sqrt(np.where(enough, vx * vy, 1.0)), 0.0)
    r = np.clip(r, -0.9999, 0.9999)
    score = np.arctanh(r) * np.sqrt(np.maximum(n / rate * _INDEPENDENT_HZ - 3.0, 0.1))
    return r, np.where(enough, score, -np.inf), np.arange(1 - len(y), len(x)).astype(np.float64)


@dataclass(frozen=True)
class _Refined:
    """Shift (reference minus real time, at the overlap's centre) and drift, and how well they fit."""

    shift_s: float
    drift: float
    centre_s: float = float("nan")
    r: float = 0.0
    independent: float = 0.0
    shift_std: float = float("inf")
    drift_std: float = float("inf")

    @property
    def score(self) -> float:
        return atanh(min(max(self.r, 0.0), 0.9999)) * sqrt(max(self.independent - 3.0, 0.1))


def _refine(
    reference: _Magnitude, other: _Magnitude, start: _Refined, *, max_drift: float, close_s: float
) -> _Refined | None:
    """Gauss-Newton on ``S(t + shift + drift (t - centre)) = a + b y(t)`` with Huber weights, to `close_s`."""
    from scipy.interpolate import make_interp_spline

    curve = make_interp_spline(np.arange(len(reference.value)), reference.value, k=3)
    slope = curve.derivative()
    t = other.time_s
    centre = start.centre_s if np.isfinite(start.centre_s) else _centre(reference, other, start)
    shift, rate = start.shift_s, start.drift
    fit_drift, fit = max_drift > 0, None
    for _ in range(20):
        at = t + shift + rate * (t - centre)
        _, inside = _sampled(reference, at)
        use = inside & other.valid
        if use.sum() < _SHORTEST_S * other.rate_hz:
            return None
        where = (at[use] - reference.start_s) * reference.rate_hz
        value, gradient = curve(where), slope(where) * reference.rate_hz
        step, std, r = _solve(value, gradient, t[use] - centre, other.value[use], fit_drift)
        std *= sqrt(max(1.0, other.rate_hz / (2.0 * _BANDWIDTH_HZ)))
        fit = _Refined(shift, rate, centre, r, use.sum() / other.rate_hz * _INDEPENDENT_HZ, std[0], std[1])
        if fit_drift and (std[1] > _DRIFT_STD or abs(rate) > max_drift):
            fit_drift, rate = False, 0.0
            continue
        shift += float(np.clip(step[0], -0.05, 0.05))
        rate += float(np.clip(step[1], -5e-4, 5e-4))
        if abs(step[0]) < close_s and abs(step[1]) * len(t) / other.rate_hz < close_s:
            break
    return fit


def _centre(reference: _Magnitude, other: _Magnitude, start: _Refined) -> float:
    """The middle, in real time, of what both cover at a first shift."""
    low = max(other.start_s, reference.start_s - start.shift_s)
    high = min(other.time_s[-1], reference.time_s[-1] - start.shift_s)
    return float(low + high) / 2.0


def _solve(value: Array, gradient: Array, t: Array, y: Array, fit_drift: bool) -> tuple[Array, Array, float]:
    """One weighted linear step: corrections (2,) of shift and drift, standard errors (2,), r."""
    columns = [gradient, gradient * t, -np.ones_like(y), -y] if fit_drift else [gradient, -np.ones_like(y), -y]
    design = np.column_stack(columns)
    weight = np.ones_like(y)
    for _ in range(3):
        weighted = design * weight[:, None]
        normal = weighted.T @ design
        scale = np.sqrt(np.maximum(np.diag(normal), 1e-30))
        inverse = np.linalg.pinv(normal / np.outer(scale, scale), rcond=1e-10) / np.outer(scale, scale)
        answer = -inverse @ (weighted.T @ value)
        residual = value + design @ answer
        sigma = 1.4826 * float(np.median(np.abs(residual[:: 1 + len(residual) // 5000]))) + 1e-12
        weight = np.minimum(1.0, 2.0 * sigma / np.maximum(np.abs(residual), 1e-12))
    spread = float((weight * residual**2).sum() / weight.sum())
    std = np.sqrt(np.maximum(np.diag(inverse), 0.0) * spread)
    r = float(np.corrcoef(value, y)[0, 1]) if value.std() > 1e-9 and y.std() > 1e-9 else 0.0
    if fit_drift:
        return answer[:2], std[:2], r
    return np.array([answer[0], 0.0]), np.array([std[0], np.inf]), r


def _distinct(best: _Refined, second: _Refined | None) -> float:
    """Probability that the best lag is better than the next: Φ of Fisher's z."""
    r = max(second.r, 0.0) if second else 0.0
    gap = atanh(min(max(best.r, 0.0), 0.9999)) - atanh(min(r, 0.9999))
    z = gap * sqrt(max(best.independent - 3.0, 0.1) / 2.0)
    return 0.5 * (1.0 + erf(z / sqrt(2.0)))
