"""Low-pass clips without phase shift, the cut-off in Hz and not in frames.

Rotations are filtered as sign-continuous quaternions and renormalised: never as rotation
vectors, which jump at half a turn. A rotation at constant speed passes unchanged, because all
four components are attenuated alike. Each valid run is filtered by itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.errors import ValueProblem
from m3n_studio.motion.clip import Clip, runs

Array = NDArray[np.float64]
_ORDER = 2  # run forward and backward: 4


def _sections(cutoff_hz: float, rate_hz: float) -> Array:
    """Butterworth sections whose two passes together have -3 dB at `cutoff_hz` (Winter 2009, 2.2.4)."""
    from scipy.signal import butter

    correction = (np.sqrt(2.0) - 1.0) ** (1.0 / (2 * _ORDER))
    warped = np.tan(np.pi * cutoff_hz / rate_hz) / correction
    design = np.arctan(warped) * rate_hz / np.pi
    return np.asarray(butter(_ORDER, design, fs=rate_hz, output="sos"))


def lowpass_array(values: Array, rate_hz: float, cutoff_hz: float) -> Array:
    """Zero-phase low-pass along the first axis of (N, ...); a single sample stays as it is."""
    from scipy.signal import sosfiltfilt

    if len(values) < 2:
        return values
    pad = min(len(values) - 1, int(np.ceil(3 * rate_hz / cutoff_hz)))
    return np.asarray(sosfiltfilt(_sections(cutoff_hz, rate_hz), values, axis=0, padlen=pad))


def lowpass_rotations(rotvecs: Array, rate_hz: float, cutoff_hz: float) -> Array:
    """Zero-phase low-pass of rotations (N, K, 3), rad; see the module text."""
    quats = so3.continuous_quats(so3.quat_from_matrix(so3.matrix_from_rotvec(rotvecs)))
    smooth = lowpass_array(quats, rate_hz, cutoff_hz)
    length = np.linalg.norm(smooth, axis=-1, keepdims=True)
    smooth = np.where(length > 1e-3, smooth / np.maximum(length, 1e-3), quats)
    return so3.rotvec_from_quat(smooth)


def lowpass(clip: Clip, cutoff_hz: float) -> Clip:
    """The clip without what is faster than `cutoff_hz` (-3 dB there, fourth order, no delay).

    A cut-off at or above half the rate removes nothing and returns the clip itself.
    """
    if not (np.isfinite(cutoff_hz) and cutoff_hz > 0):
        raise ValueProblem(f"cutoff_hz must be positive; found {cutoff_hz}")
    if cutoff_hz >= 0.5 * clip.rate_hz:
        return clip
    poses, trans = clip.poses.copy(), clip.trans.copy()
    moving = np.flatnonzero(poses.any(axis=(0, 2)))
    for start, stop in runs(clip.valid):
        part = slice(start, stop)
        if len(moving):
            poses[part, moving] = lowpass_rotations(clip.poses[part, moving], clip.rate_hz, cutoff_hz)
        trans[part] = lowpass_array(clip.trans[part], clip.rate_hz, cutoff_hz)
    return clip.with_(poses=poses, trans=trans)
