"""How other simulators do it, written from their papers, to compare with.

Each is as published in its way of differentiating; what differs is said in its docstring.
None low-passes, so ``settings.bandwidth_hz`` is not used, and where the asked rate is not the
one a method works at, its output is interpolated linearly. Samples whose differences would
reach across a gap or an end are marked invalid and left at zero; published code fills them
with zeros or half-size values.

By default what a method calls acceleration is turned into what a sensor reads,
``R^T (a - g)``, so that it can be compared; ``transpose_global`` leaves it as published.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.imu import derive
from m3n_studio.imu.derive import Track
from m3n_studio.imu.devices import apply_device
from m3n_studio.imu.modes import as_signals, into_sensor
from m3n_studio.imu.settings import Settings
from m3n_studio.plugins import the_door
from m3n_studio.recordings.signal import Signal

Array = NDArray[np.float64]
#: TransPose (Yi et al. 2021): frames of lag on either side, at this many frames a second.
TRANSPOSE_LAG = 4
TRANSPOSE_HZ = 60.0
#: IMUSim (Young et al. 2011) as IMUTube uses it: standard deviation of positions, m.
IMUSIM_POSITION_STD_M = 1e-3
#: WIMUSim (Oishi et al. 2024) fits these to real data; without any, these are assumed: standard
#: deviations of bias and white noise, (m/s2, rad/s).
WIMUSIM_BIAS = (0.1, 0.01)
WIMUSIM_NOISE = (0.1, 0.01)

_Derived = tuple[Array, Array, Array]  # world acceleration (n, P, 3), R_ws (n, P, 3, 3), gyr (n, P, 3)


def transpose(track: Track, settings: Settings, seed: int = 0) -> tuple[Signal, ...]:
    """TransPose's differences at 60 fps, then into the sensor frame with gravity.

    The paper takes orientation as given; the angular velocity here is the rotation vector from
    the frame before to the frame after, over two frames.
    """
    at_60, at = resampled(track, TRANSPOSE_HZ), _times(track, settings)
    return _output(at_60, at, _lagged_differences, TRANSPOSE_LAG, gravity_mps2=settings.gravity_mps2)


def transpose_global(track: Track, settings: Settings, seed: int = 0) -> tuple[Signal, ...]:
    """As :func:`transpose`, with acceleration as published: world frame, no gravity."""

    def in_world(part: Track) -> _Derived:
        acc, R_ws, gyr = _lagged_differences(part)
        return acc, np.broadcast_to(np.eye(3), R_ws.shape), gyr

    at_60, at = resampled(track, TRANSPOSE_HZ), _times(track, settings)
    return _output(at_60, at, in_world, TRANSPOSE_LAG, gravity_mps2=0.0)


def _lagged_differences(track: Track) -> _Derived:
    """``(v[i+n] + v[i-n] - 2 v[i]) fps^2 / n^2``; rotation vectors over two frames."""
    n, hz, p = TRANSPOSE_LAG, track.rate_hz, track.position_m
    acc = np.zeros_like(p)
    acc[n:-n] = (p[2 * n :] + p[: -2 * n] - 2.0 * p[n:-n]) * (hz / n) ** 2
    gyr = np.zeros_like(p)
    gyr[1:-1] = so3.rotvec_from_quat(_relative(track.quat_wxyz)) * (0.5 * hz)
    return acc, so3.matrix_from_quat(track.quat_wxyz), gyr


def _relative(quat: Array) -> Array:
    """Rotation from the sample before to the sample after (T - 2, P, 4), in the earlier frame."""
    return so3.quat_multiply(quat[:-2] * (1.0, -1.0, -1.0, -1.0), quat[2:])


def imusim(track: Track, settings: Settings, seed: int = 0) -> tuple[Signal, ...]:
    """IMUSim's smoothing splines and its Orient3 device (errors drawn by the seed)."""
    device = the_door().get("device", "orient3")
    seeds = np.random.SeedSequence([seed, 2]).generate_state(len(track.names))
    signals = imusim_ideal(track, settings, seed)
    return tuple(apply_device(s, device, seed=int(n)) for s, n in zip(signals, seeds, strict=True))


def imusim_ideal(track: Track, settings: Settings, seed: int = 0) -> tuple[Signal, ...]:
    """Smoothing splines of degree 5 through positions of 1 mm standard deviation, no device errors.

    Orientations are splined without smoothing. Evaluated at the asked rate directly.
    """
    at = derive.plan(track.time_s, rate_hz=settings.rate_hz, bandwidth_hz=None)
    n, p = len(at.time_s), len(track.names)
    world = np.zeros((n, p, 3))
    for source, target in derive.usable_runs(track.time_s, track.valid, at.time_s):
        columns = track.position_m[source].reshape(-1, 3 * p)
        world[target] = _smoothed(track.time_s[source], columns, at.time_s[target]).reshape(-1, p, 3)
    R_ws, gyr = derive.orientation(track.time_s, track.quat_wxyz, track.valid, at.time_s)
    acc = into_sensor(R_ws, world, gravity_mps2=settings.gravity_mps2)
    valid = derive.validity(track.time_s, track.valid, at)
    acc[~valid] = 0.0
    return as_signals(track.names, at.time_s, acc, gyr, valid)


def _smoothed(time_s: Array, columns: Array, at: Array) -> Array:
    """Second derivative of FITPACK smoothing splines with residuals of one standard deviation."""
    from scipy.interpolate import UnivariateSpline

    out = np.empty((len(at), columns.shape[1]))
    weights = np.full(len(time_s), 1.0 / IMUSIM_POSITION_STD_M)
    degree: Literal[3, 5] = 5 if len(time_s) >= 6 else 3
    for c in range(columns.shape[1]):
        curve = UnivariateSpline(time_s, columns[:, c], w=weights, k=degree, s=len(time_s))
        out[:, c] = curve.derivative(2)(at)
    return out


def wimusim(track: Track, settings: Settings, seed: int = 0) -> tuple[Signal, ...]:
    """WIMUSim: central differences twice, Euler angles over two samples, then bias and white noise."""
    at = _times(track, settings)
    signals = _output(track, at, _central_differences, 2, gravity_mps2=settings.gravity_mps2)
    rng = np.random.default_rng(np.random.SeedSequence([seed, 3]))
    out = []
    for signal in signals:
        noisy = []
        for values, bias, noise in zip((signal.acc_mps2, signal.gyr_radps), WIMUSIM_BIAS, WIMUSIM_NOISE, strict=True):
            errors = rng.normal(size=3) * bias + rng.normal(size=values.shape) * noise
            noisy.append(np.where(signal.valid[:, None], values + errors, values))
        out.append(signal.with_(acc_mps2=noisy[0], gyr_radps=noisy[1]))
    return tuple(out)


def _central_differences(track: Track) -> _Derived:
    dt = 1.0 / track.rate_hz
    velocity = np.gradient(track.position_m, dt, axis=0)
    acc = np.gradient(velocity, dt, axis=0)
    gyr = np.zeros_like(acc)
    gyr[1:-1] = _euler_xyz(_relative(track.quat_wxyz)) / (2.0 * dt)
    return acc, so3.matrix_from_quat(track.quat_wxyz), gyr


def _euler_xyz(quat: Array) -> Array:
    """Angles (..., 3) about x, y, z with ``R = Rz Ry Rx``, rad."""
    R = so3.matrix_from_quat(quat)
    y = np.arcsin(np.clip(-R[..., 2, 0], -1.0, 1.0))
    return np.stack([np.arctan2(R[..., 2, 1], R[..., 2, 2]), y, np.arctan2(R[..., 1, 0], R[..., 0, 0])], axis=-1)


def resampled(track: Track, rate_hz: float) -> Track:
    """The track at another rate, by interpolating splines within runs."""
    at = derive.plan(track.time_s, rate_hz=rate_hz, bandwidth_hz=None).time_s
    p = len(track.names)
    columns = np.concatenate([track.position_m.reshape(-1, 3 * p), track.quat_wxyz.reshape(-1, 4 * p)], axis=1)
    out = np.zeros((len(at), 7 * p))
    valid = np.zeros(len(at), dtype=bool)
    for source, target in derive.pieces(track.time_s, track.valid, at):
        out[target] = derive.evaluate(*derive.spline(track.time_s[source], columns[source]), at[target], 0)
        valid[target] = True
    quat = out[:, 3 * p :].reshape(-1, p, 4)
    quat[~valid] = (1.0, 0.0, 0.0, 0.0)
    quat /= np.linalg.norm(quat, axis=2, keepdims=True)
    return replace(track, time_s=at, position_m=out[:, : 3 * p].reshape(-1, p, 3), quat_wxyz=quat, valid=valid)


def _times(track: Track, settings: Settings) -> Array:
    """Output times (N,), s: at the asked rate, else the track's."""
    return derive.plan(track.time_s, rate_hz=settings.rate_hz, bandwidth_hz=None).time_s


def _output(
    track: Track, at: Array, method: Callable[[Track], _Derived], reach: int, *, gravity_mps2: float
) -> tuple[Signal, ...]:
    """Run a method on every run of a track and bring the result to the times `at` (N,), s.

    reach : samples at each end of a run for which the method has no full difference.
    """
    shape = track.position_m.shape
    values = np.zeros((shape[0], shape[1], 6))
    valid = np.zeros(shape[0], dtype=bool)
    for a, b in derive.continuous_runs(track.time_s, track.valid):
        if b - a <= 2 * reach:
            continue
        part = replace(track, time_s=track.time_s[a:b], position_m=track.position_m[a:b],
                       quat_wxyz=track.quat_wxyz[a:b], valid=track.valid[a:b])  # fmt: skip
        acc, R_ws, gyr = method(part)
        inner = slice(a + reach, b - reach)
        local = slice(reach, b - a - reach)
        values[inner, :, :3] = into_sensor(R_ws[local], acc[local], gravity_mps2=gravity_mps2)
        values[inner, :, 3:] = gyr[local]
        valid[inner] = True
    values, valid = _interpolated(track.time_s, values, valid, at)
    return as_signals(track.names, at, values[:, :, :3], values[:, :, 3:], valid)


def _interpolated(
    time_s: Array, values: Array, valid: NDArray[np.bool_], at: Array
) -> tuple[Array, NDArray[np.bool_]]:  # fmt: skip
    """Values (T, ...) at times `at`, linearly; valid where both neighbours are."""
    right = np.clip(np.searchsorted(time_s, at), 1, max(len(time_s) - 1, 1))
    if len(time_s) == 1:
        return values[np.zeros(len(at), dtype=int)], valid[np.zeros(len(at), dtype=int)]
    left = right - 1
    share = np.clip((at - time_s[left]) / (time_s[right] - time_s[left]), 0.0, 1.0)
    share = np.where(np.abs(share - np.round(share)) < 1e-6, np.round(share), share)
    good = (valid[left] | (share == 1.0)) & (valid[right] | (share == 0.0))
    weight = share.reshape(-1, *[1] * (values.ndim - 1))
    out = (1.0 - weight) * values[left] + weight * values[right]
    out[~good] = 0.0
    return out, good
