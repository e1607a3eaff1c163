"""Where on a rigid body a real sensor sits, found from what it feels.

A sensor at offset r from the simulated point, on the same rigid body, feels
``a + α × r + ω × (ω × r)`` more (FIELD 1), which is linear in r: least squares on the specific
force give it, once clock and mount are aligned. Needed where motion is known for one point of a
segment (a marker cluster, a joint) and the sensor was strapped on somewhere else; without turning
there is nothing to see, and the standard errors say so.
Cost: about 30 ms a minute of 100 Hz.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from m3n_studio.imu.sampling import evened, runs_of, together
from m3n_studio.recordings.signal import Signal

Array = NDArray[np.float64]

_LOWPASS_HZ = 10.0
_FEWEST = 50
#: Standard error at which the confidence is halved, m.
_HALF_M = 0.01
#: Residuals of body-worn signals are correlated over about this long, s.
_CORRELATED_S = 0.1


@dataclass(frozen=True, eq=False)
class LeverFit:
    """Where the real sensor is, seen from the simulated one.

    Attributes
    ----------
    offset_m : (3,)
        In the simulated sensor's axes.
    std_m : (3,)
        Standard errors; infinite where nothing was fitted.
    confidence : float, 0 to 1
        Share of the specific force's misfit that the lever takes away, times
        ``1 / (1 + (largest standard error / 1 cm)²)``.
    """

    offset_m: Array = field(default_factory=lambda: np.zeros(3))
    std_m: Array = field(default_factory=lambda: np.full(3, np.inf))
    confidence: float = 0.0

    def apply(self, simulated: Signal) -> Signal:
        """The simulated signal as felt at the offset."""
        return simulated.with_(acc_mps2=simulated.acc_mps2 + lever_matrix(simulated) @ self.offset_m)


def lever_matrix(signal: Signal) -> Array:
    """``[α]× + [ω]×²`` (N, 3, 3) in 1/s², from an even signal's angular velocity; zero outside its runs."""
    from scipy.interpolate import make_interp_spline

    alpha = np.zeros((len(signal), 3))
    for a, b in runs_of(signal):
        if b - a >= 6:
            curve = make_interp_spline(signal.time_s[a:b], signal.gyr_radps[a:b], k=5)
            alpha[a:b] = curve(signal.time_s[a:b], nu=1)
    omega = _cross(signal.gyr_radps)
    return np.asarray(_cross(alpha) + omega @ omega)


def _cross(vectors: Array) -> Array:
    """Matrices (N, 3, 3) that take r to v × r."""
    x, y, z = vectors.T
    zero = np.zeros_like(x)
    return np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=1).reshape(-1, 3, 3)


def fit_lever(simulated: Signal, real: Signal, *, lowpass_hz: float = _LOWPASS_HZ) -> LeverFit:
    """Find the real sensor's offset on the simulated sensor's rigid body.

    Parameters
    ----------
    simulated, real : Signal
        On one clock and in one frame already (:meth:`Alignment.corrected`).
    lowpass_hz : float
        Both sides are filtered to this before they are compared.

    Returns
    -------
    LeverFit
        Zero with confidence 0 where under 50 samples are shared.
    """
    simulated = evened(simulated)
    a, b = together(simulated, real, lowpass_hz=lowpass_hz)
    use = a.valid
    if use.sum() < _FEWEST:
        return LeverFit()
    matrix = lever_matrix(simulated)
    columns = [
        together(simulated.with_(acc_mps2=matrix[:, :, axis]), real, lowpass_hz=lowpass_hz)[0].acc_mps2[use].ravel()
        for axis in range(3)
    ]
    design = np.column_stack(columns)
    misfit = (b.acc_mps2 - a.acc_mps2)[use].ravel()
    size = np.linalg.norm(design, axis=0)
    if size.min() <= 1e-9:
        return LeverFit()
    offset = np.asarray(np.linalg.lstsq(design, misfit, rcond=1e-8)[0], dtype=np.float64)
    left = misfit - design @ offset
    inverse = np.linalg.pinv(design.T @ design, rcond=1e-12)
    repeated = max(1.0, a.rate_hz * _CORRELATED_S)
    std = np.sqrt(np.maximum(np.diag(inverse), 0.0) * float(left @ left) / len(left) * repeated)
    taken = 1.0 - float(left @ left) / max(float(misfit @ misfit), 1e-12)
    return LeverFit(offset, std, max(taken, 0.0) / (1.0 + (float(std.max()) / _HALF_M) ** 2))
