"""How a real sensor sits against the simulated one: constant rotation, and where gravity points.

The mount is Wahba's problem on the angular velocities (FIELD 1): the R with the least
``Σ w |ω_sim − R (ω_real − b)|²``. The gyroscope's bias b is solved with it, since for any R the
best b is what the two means leave over; so R is Kabsch's solution on the centred rates, repeated
with weights that count outliers (knocks, soft tissue) less. Turning about one axis only, or rest,
leaves R open: the standard error about the worst axis says so, and with it the confidence.
Gravity is looked for in the samples where both sensors rest.
Cost: about 10 ms a minute of 100 Hz.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.imu.align_clock import ClockFit
from m3n_studio.imu.sampling import runs_of, together
from m3n_studio.recordings.signal import GRAVITY_MPS2, Signal

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_LOWPASS_HZ = 8.0
_FEWEST = 20
#: Standard error about the worst axis at which the mount's confidence is halved, degrees.
_HALF_DEG = 2.0
#: Residuals of body-worn signals are correlated over about this long, s.
_CORRELATED_S = 0.1

_GRAVITY_LOWPASS_HZ = 3.0
_REST_RADPS = 0.35
_REST_SPREAD_MPS2 = 1.0
_REST_WINDOW_S = 0.5
_ENOUGH_REST_S = 2.0
_HALF_SPREAD_DEG = 15.0


def _frozen(array: Array) -> Array:
    out = np.array(array, dtype=np.float64)
    out.flags.writeable = False
    return out


@dataclass(frozen=True, eq=False)
class MountFit:
    """Rotation from the real sensor's frame into the simulated one's.

    Attributes
    ----------
    R : (3, 3)
        ``ω_sim = R (ω_real − gyr_bias_radps)``, ``f_sim = R f_real``.
    confidence : float, 0 to 1
        Share of the simulated rate's variance that is explained (0 where negative), times
        ``1 / (1 + (worst_axis_deg / 2)²)``. Rest and single-axis turning give about 0; 1 where
        a person set the mount.
    residual_deg : float
        Angle between the two rates once aligned, rms over samples, weighted by ‖ω_sim‖, degrees.
    worst_axis_deg : float
        Standard error of R about the axis that the motion shows worst, degrees.
    gyr_bias_radps : (3,)
        Of the real sensor, in its own frame.
    """

    R: Array = field(default_factory=lambda: np.eye(3))
    confidence: float = 0.0
    residual_deg: float = float("inf")
    worst_axis_deg: float = float("inf")
    gyr_bias_radps: Array = field(default_factory=lambda: np.zeros(3))

    def __post_init__(self) -> None:
        for name in ("R", "gyr_bias_radps"):
            object.__setattr__(self, name, _frozen(getattr(self, name)))


@dataclass(frozen=True, eq=False)
class GravityFit:
    """What the real accelerometer reads at rest, against the simulation.

    Attributes
    ----------
    state : {"present", "inverted", "absent", "unknown"}
        Specific force at rest points where the simulation says, the other way round, is missing
        (the recording holds linear acceleration), or there was no rest to judge by.
    direction : (3,)
        Mean direction of the specific force at rest, real sensor frame.
    magnitude_mps2 : float
        Its median magnitude at rest; far from 9.81, the unit is in doubt.
    tilt_deg : float
        Angle left between simulated and real direction after the mount (and the inversion).
    confidence : float, 0 to 1
        ``min(1, seconds of rest / 2) / (1 + (spread / 15°)²)`` with the spread of that angle
        over the samples; times the mount's confidence where that was fitted.
    """

    state: str = "unknown"
    direction: Array = field(default_factory=lambda: np.zeros(3))
    magnitude_mps2: float = 0.0
    tilt_deg: float = 0.0
    confidence: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "direction", _frozen(self.direction))

    @property
    def sign(self) -> float:
        """What to multiply the real acceleration with."""
        return -1.0 if self.state == "inverted" else 1.0


def on_reference_clock(real: Signal, clock: ClockFit | None) -> Signal:
    """The real signal with its times mapped to the simulation's clock."""
    return real if clock is None else real.with_(time_s=clock.to_reference(real.time_s))


def fit_mount(
    simulated: Signal, real: Signal, *, clock: ClockFit | None = None, acc_weight: float = 0.0,
    lowpass_hz: float = _LOWPASS_HZ,
) -> MountFit:  # fmt: skip
    """Find the constant rotation from the real sensor's frame to the simulated one's.

    Parameters
    ----------
    clock : ClockFit, optional
        Applied to `real` first; none where the two already share a clock.
    acc_weight : float
        How much the accelerometers count beside the gyroscopes, each over its own mean square.
        0 by default: a simulated acceleration may lack what a mount far from the joint adds. A
        little of it tells the heading-free axes of single-axis movement.
    lowpass_hz : float
        Both signals are filtered to this before they are compared.

    Returns
    -------
    MountFit
        Identity with confidence 0 where under 20 samples are shared.
    """
    a, b = together(simulated, on_reference_clock(real, clock), lowpass_hz=lowpass_hz)
    use = a.valid
    if use.sum() < _FEWEST:
        return MountFit()
    sim, other = a.gyr_radps[use], b.gyr_radps[use]
    acc = (a.acc_mps2[use], b.acc_mps2[use], acc_weight)
    weight = np.ones(len(sim))
    for _ in range(5):
        R, mean_sim, mean_other, profile = _weighted_kabsch(sim, other, weight, acc)
        residual = np.linalg.norm((sim - mean_sim) - (other - mean_other) @ R.T, axis=1)
        scale = 1.4826 * float(np.median(residual)) + 1e-12
        weight = np.minimum(1.0, 2.0 * scale / np.maximum(residual, 1e-12))
    worst = _worst_axis(profile, residual, weight, duration_s=use.sum() / max(a.rate_hz, 1e-9))
    explained = 1.0 - float(weight @ residual**2) / max(float(weight @ ((sim - mean_sim) ** 2).sum(axis=1)), 1e-12)
    confidence = max(explained, 0.0) / (1.0 + (worst / _HALF_DEG) ** 2)
    bias = mean_other - R.T @ mean_sim
    return MountFit(R, confidence, _angle_left(sim, (other - bias) @ R.T), worst, bias)


def _weighted_kabsch(
    sim: Array, other: Array, weight: Array, acc: tuple[Array, Array, float]
) -> tuple[Array, Array, Array, Array]:
    """R (3, 3), the two weighted means (3,), and R's information matrix's eigenvalue sums (3,)."""
    total = weight.sum()
    mean_sim, mean_other = weight @ sim / total, weight @ other / total
    profile = (sim - mean_sim).T @ ((other - mean_other) * weight[:, None])
    force_sim, force_other, share = acc
    if share > 0:
        power = max(float(np.trace(profile)), float(np.linalg.norm(profile)), 1e-12)
        forces = force_sim.T @ (force_other * weight[:, None])
        profile = profile + share * power / max(float(np.linalg.norm(forces)), 1e-12) * forces
    u, s, vt = np.linalg.svd(profile)
    sign = 1.0 if np.linalg.det(u @ vt) > 0 else -1.0
    R = u @ np.diag([1.0, 1.0, sign]) @ vt
    s = s * np.array([1.0, 1.0, sign])
    return R, mean_sim, mean_other, np.array([s[1] + s[2], s[0] + s[2], s[0] + s[1]])


def _worst_axis(information: Array, residual: Array, weight: Array, *, duration_s: float) -> float:
    """Standard error (degrees) about the worst axis: σ / √information, with correlated residuals."""
    variance = float(weight @ residual**2) / max(float(weight.sum()), 1e-12) / 3.0
    repeated = max(1.0, len(residual) * _CORRELATED_S / max(duration_s, 1e-9))
    weakest = float(information.min())
    if weakest <= 0:
        return 180.0
    return float(min(180.0, np.rad2deg(np.sqrt(variance * repeated / weakest))))


def _angle_left(sim: Array, other: Array) -> float:
    size = np.linalg.norm(sim, axis=1)
    cross, dot = np.linalg.norm(np.cross(sim, other), axis=1), np.einsum("ni,ni->n", sim, other)
    angle = np.arctan2(cross, dot)
    return float(np.rad2deg(np.sqrt(size @ angle**2 / max(float(size.sum()), 1e-12))))


def fit_gravity(
    simulated: Signal, real: Signal, *, clock: ClockFit | None = None, mount: MountFit | None = None
) -> GravityFit:
    """Find whether and where the real accelerometer feels gravity, from samples where both rest.

    Rest: for half a second, both rates under 0.35 rad/s and the low-passed specific forces within
    1 m/s² of their mean there.
    """
    a, b = together(simulated, on_reference_clock(real, clock), lowpass_hz=_GRAVITY_LOWPASS_HZ)
    R = np.eye(3) if mount is None else mount.R
    bias = np.zeros(3) if mount is None else mount.gyr_bias_radps
    rest = _rest(a, np.zeros(3)) & _rest(b, bias)
    if rest.sum() < 3:
        return GravityFit()
    force = b.acc_mps2[rest]
    magnitude = float(np.median(np.linalg.norm(force, axis=1)))
    seconds = float(rest.sum()) / max(a.rate_hz, 1e-9)
    trust = min(1.0, seconds / _ENOUGH_REST_S) * (1.0 if mount is None else mount.confidence)
    if magnitude < 0.3 * GRAVITY_MPS2:
        return GravityFit("absent", _unit(force.mean(axis=0)), magnitude, 0.0, min(1.0, seconds / _ENOUGH_REST_S))
    expected, found = _unit(a.acc_mps2[rest]), _unit(force) @ R.T
    inverted = float(np.einsum("ni,ni->n", expected, found).mean()) < 0
    if inverted:
        found = -found
    angle = np.rad2deg(np.arccos(np.clip(np.einsum("ni,ni->n", expected, found), -1.0, 1.0)))
    spread = float(angle.std())
    state = "inverted" if inverted else "present"
    confidence = trust / (1.0 + (spread / _HALF_SPREAD_DEG) ** 2)
    return GravityFit(state, _unit(force.mean(axis=0)), magnitude, float(np.median(angle)), confidence)


def _unit(vectors: Array) -> Array:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12))


def _rest(signal: Signal, bias: Array) -> Mask:
    """Samples inside quiet windows."""
    out = np.zeros(len(signal), dtype=bool)
    width = max(3, int(_REST_WINDOW_S * signal.rate_hz))
    slow = np.linalg.norm(signal.gyr_radps - bias, axis=1) < _REST_RADPS
    for a, b in runs_of(signal):
        for start in range(a, b - width + 1, max(1, width // 2)):
            window = slice(start, start + width)
            spread = np.linalg.norm(signal.acc_mps2[window] - signal.acc_mps2[window].mean(axis=0), axis=1).max()
            if slow[window].all() and spread < _REST_SPREAD_MPS2:
                out[window] = True
    return out


def turn_deg(a: Array, b: Array) -> float:
    """Angle in degrees between two mounts (3, 3)."""
    return float(np.rad2deg(so3.angle_between(a, b)))
