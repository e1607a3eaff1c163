"""Derivatives of sampled motion: acceleration of positions, angular velocity of orientations.

Positions and quaternions are interpolated by quintic splines, one per run of valid samples, so
nothing is ever differentiated across a gap. On smooth motion the second derivative is exact to
about 1e-5 (FIELD 1); it is exact only to spline order, and within a few samples of a run's ends
it rests on the spline's end conditions. Those samples are marked invalid.

The low-pass is a zero-phase Butterworth of effective order 4 and acts on the *sensor-frame*
signal, as the filter inside a device does. Everything here is linear in the positions, which
keeps the signal affine in body shape.

How rates and bandwidth meet (:func:`plan`):

* signals are evaluated on a fine uniform grid, a multiple of the output rate, at least the
  motion's rate and at least four times the cut-off, then filtered, then decimated;
* a bandwidth above 0.45 of the output rate would alias, so it is lowered to that;
* a cut-off at or above the motion's own Nyquist frequency removes nothing that was measured:
  no filter runs;
* ``bandwidth_hz=None`` never filters; the output is then plain samples of the spline.

Cost: one banded solve per run, about 5 ms for a minute at 60 Hz and two sensors.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.errors import ValueProblem
from m3n_studio.motion.clip import runs

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Input samples at each end of a run where the spline's end conditions still show (its error
#: shrinks by 0.43 per knot).
EDGE_SAMPLES = 3
#: Shortest run that can be differentiated at all.
SHORTEST_RUN = 4
#: Settling of the low-pass at each end of a run, in periods of the cut-off (0.06 of a step is left).
SETTLING_PERIODS = 0.5
#: A step in time of more than this many median steps is a gap: one or two lost samples are bridged.
LONGEST_STEP = 3.5
#: Samples per block of a long motion, and how far neighbouring blocks overlap.
BLOCK = 4096
MARGIN = 64
_OVER_CUTOFF = 4.0
_ALIAS_FREE = 0.45
#: A second-order Butterworth run both ways is -6 dB at its own cut-off; this factor puts -3 dB there.
_BOTH_WAYS = (math.sqrt(2.0) - 1.0) ** 0.25


@dataclass(frozen=True, eq=False)
class Track:
    """Where P sensors are over time: what every simulation mode starts from.

    names : (P,); time_s : (T,) increasing, s; position_m : (T, P, 3), world, y-up;
    quat_wxyz : (T, P, 4) sensor to world, neighbours in one hemisphere within a run;
    valid : (T,) bool, False in gaps.
    """

    names: tuple[str, ...]
    time_s: Array
    position_m: Array
    quat_wxyz: Array
    valid: Mask

    @property
    def rate_hz(self) -> float:
        """Mean sampling rate where sampling is even, else the median rate, Hz."""
        return sampling_rate(self.time_s)


@dataclass(frozen=True, eq=False)
class Plan:
    """Where to evaluate and what to filter.

    time_s : (N,) output times, s; fine_s : (M,) with M = (N - 1) stride + 1; stride : int;
    fine_hz : rate of the fine grid; cutoff_hz : effective bandwidth, None for no filter.
    """

    time_s: Array
    fine_s: Array
    stride: int
    fine_hz: float
    cutoff_hz: float | None


def sampling_rate(time_s: Array) -> float:
    """Mean rate (Hz) of evenly sampled times (T,), else the median rate; 1 for a single sample."""
    if len(time_s) < 2:
        return 1.0
    steps = np.diff(time_s)
    median = float(np.median(steps))
    if np.abs(steps - median).max() < 0.01 * median:
        return float((len(time_s) - 1) / (time_s[-1] - time_s[0]))
    return 1.0 / median


def plan(time_s: Array, *, rate_hz: float | None, bandwidth_hz: float | None) -> Plan:
    """Choose output times, fine grid and effective cut-off; see the module text.

    time_s : (T,) of the motion, s; rate_hz : of the output, None for the motion's own.
    """
    motion_hz = sampling_rate(time_s)
    out_hz = motion_hz if rate_hz is None else float(rate_hz)
    if not (math.isfinite(out_hz) and 0.1 <= out_hz <= 100_000):
        raise ValueProblem(f"the output rate must be from 0.1 to 100000 Hz; found {rate_hz}")
    cutoff = None
    if bandwidth_hz is not None:
        if not (math.isfinite(bandwidth_hz) and bandwidth_hz > 0):
            raise ValueProblem(f"the bandwidth must be a positive number of Hz; found {bandwidth_hz}")
        cutoff = min(float(bandwidth_hz), _ALIAS_FREE * out_hz)
        if cutoff >= 0.5 * motion_hz:
            cutoff = None
    n = math.floor((time_s[-1] - time_s[0]) * out_hz + 1e-6) + 1
    stride = 1
    if cutoff is not None:
        stride = max(1, math.ceil(max(motion_hz, _OVER_CUTOFF * cutoff) / out_hz - 1e-6))
    fine_hz = stride * out_hz
    fine = time_s[0] + np.arange((n - 1) * stride + 1) / fine_hz
    return Plan(fine[::stride], fine, stride, fine_hz, cutoff)


def continuous_runs(time_s: Array, valid: Mask) -> list[tuple[int, int]]:
    """Half-open ranges of consecutive valid samples (T,) without a hole in time.

    Where rows are simply missing no sample is marked; a step of more than
    :data:`LONGEST_STEP` median steps is a gap all the same.
    """
    if len(time_s) < 2:
        return runs(valid)
    steps = np.diff(time_s)
    holes = np.flatnonzero(steps > LONGEST_STEP * np.median(steps)) + 1
    out = []
    for a, b in runs(valid):
        edges = [a, *holes[(holes > a) & (holes < b)].tolist(), b]
        out += list(pairwise(edges))
    return out


def usable_runs(time_s: Array, valid: Mask, at: Array) -> list[tuple[slice, slice]]:
    """Runs long enough to differentiate, each with the slice of the times `at` (M,) it covers."""
    slack = 1e-6 / sampling_rate(time_s)
    out = []
    for a, b in continuous_runs(time_s, valid):
        if b - a < SHORTEST_RUN:
            continue
        i, j = np.searchsorted(at, [time_s[a] - slack, time_s[b - 1] + slack])
        if j > i:
            out.append((slice(a, b), slice(int(i), int(j))))
    return out


def pieces(time_s: Array, valid: Mask, at: Array) -> Iterator[tuple[slice, slice]]:
    """Usable runs cut into blocks that fit the cache, for splines.

    Each block's source reaches :data:`MARGIN` samples further on either side than its target:
    a spline forgets its ends by a factor of 0.43 a sample, so nothing is lost.
    """
    for source, target in usable_runs(time_s, valid, at):
        cuts = [source.start, *range(source.start + BLOCK, source.stop - BLOCK // 2, BLOCK), source.stop]
        ends = np.searchsorted(at[target], time_s[cuts[1:-1]]) + target.start
        inner = [target.start, *ends.tolist(), target.stop]
        for (a, b), (i, j) in zip(pairwise(cuts), pairwise(inner), strict=True):
            if j > i:
                yield slice(max(source.start, a - MARGIN), min(source.stop, b + MARGIN)), slice(i, j)


def validity(time_s: Array, valid: Mask, grid: Plan) -> Mask:
    """Which output samples (N,) mean something: away from gaps, run ends and the filter's settling."""
    out = np.zeros(len(grid.time_s), dtype=bool)
    settling = 0.0 if grid.cutoff_hz is None else SETTLING_PERIODS / grid.cutoff_hz
    slack = 1e-6 / sampling_rate(time_s)
    for a, b in continuous_runs(time_s, valid):
        if b - a <= 2 * EDGE_SAMPLES:
            continue
        first = time_s[a + EDGE_SAMPLES] + settling - slack
        last = time_s[b - 1 - EDGE_SAMPLES] - settling + slack
        out |= (grid.time_s >= first) & (grid.time_s <= last)
    return out


def spline(time_s: Array, columns: Array) -> tuple[Array, Array, int]:
    """Interpolating spline of columns (T, C) as knots, coefficients (T, C) and degree.

    Degree 5 from 6 samples on, 3 for 4 or 5; not-a-knot ends.
    """
    from scipy.interpolate import make_interp_spline

    degree = 5 if len(time_s) >= 6 else 3
    fitted = make_interp_spline(time_s, columns, k=degree, check_finite=False)
    return fitted.t, fitted.c, degree


def evaluate(knots: Array, coefficients: Array, degree: int, at: Array, order: int) -> Array:
    """Derivative of an order of a spline at times `at` (M,), as (M, C)."""
    from scipy.interpolate import BSpline

    curve = BSpline.construct_fast(knots, np.ascontiguousarray(coefficients), degree)
    return np.asarray(curve(np.clip(at, knots[0], knots[-1]), nu=order))


def acceleration(time_s: Array, columns: Array, valid: Mask, at: Array) -> Array:
    """Second derivative (M, C) of columns (T, C) at times `at` (M,); zero outside usable runs."""
    out = np.zeros((len(at), columns.shape[1]))
    for source, target in pieces(time_s, valid, at):
        knots, coefficients, degree = spline(time_s[source], columns[source])
        out[target] = evaluate(knots, coefficients, degree, at[target], 2)
    return out


def body_rate(quat: Array, quat_rate: Array) -> Array:
    """Angular velocity (..., 3) rad/s in the moving frame: ``2 Im(conj(q) dq/dt) / |q|^2``.

    quat, quat_rate : (..., 4) wxyz and per second; q need not be unit between knots.
    """
    w, v = quat[..., :1], quat[..., 1:]
    dw, dv = quat_rate[..., :1], quat_rate[..., 1:]
    cross = np.empty_like(v)
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        cross[..., i] = v[..., j] * dv[..., k] - v[..., k] * dv[..., j]
    squared = np.einsum("...i,...i->...", quat, quat)[..., None]
    return np.asarray(2.0 * (w * dv - dw * v - cross) / squared)


def orientation(time_s: Array, quat: Array, valid: Mask, at: Array) -> tuple[Array, Array]:
    """Rotation R (M, P, 3, 3) and body-frame angular velocity (M, P, 3) rad/s at times `at`.

    quat : (T, P, 4) wxyz, continuous within runs. Identity and zero outside usable runs.
    """
    p = quat.shape[1]
    rotation = np.broadcast_to(np.eye(3), (len(at), p, 3, 3)).copy()
    rate = np.zeros((len(at), p, 3))
    for source, target in pieces(time_s, valid, at):
        fitted = spline(time_s[source], quat[source].reshape(-1, 4 * p))
        q = evaluate(*fitted, at[target], 0).reshape(-1, p, 4)
        rotation[target] = so3.matrix_from_quat(q)
        rate[target] = body_rate(q, evaluate(*fitted, at[target], 1).reshape(-1, p, 4))
    return rotation, rate


def lowpass(values: Array, rate_hz: float, cutoff_hz: float) -> Array:
    """Zero-phase Butterworth low-pass along the first axis, -3 dB at the cut-off, effective order 4.

    values : (M, ...), evenly sampled at rate_hz; returned unchanged where the cut-off is at or
    above the Nyquist frequency or there are fewer than 4 samples.
    """
    from scipy.signal import butter, sosfiltfilt

    edge = cutoff_hz / _BOTH_WAYS
    if edge >= 0.499 * rate_hz or len(values) < SHORTEST_RUN:
        return values
    sections = butter(2, edge, fs=rate_hz, output="sos")
    padding = min(len(values) - 1, math.ceil(2.0 * rate_hz / edge))
    return np.asarray(sosfiltfilt(sections, values, axis=0, padlen=padding), dtype=values.dtype)


def finish(values: Array, time_s: Array, valid: Mask, grid: Plan) -> Array:
    """Filter values (M, ...) on the fine grid, run by run, and keep the output samples (N, ...)."""
    if grid.cutoff_hz is not None:
        for _, target in usable_runs(time_s, valid, grid.fine_s):
            values[target] = lowpass(values[target], grid.fine_hz, grid.cutoff_hz)
    return values[:: grid.stride]
