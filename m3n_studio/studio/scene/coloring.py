"""Quantities on the skin, and their colours. NumPy and SciPy, no Qt.

The acceleration of every vertex over a whole clip needs no vertex ever to be moved: a vertex is
``v(t) = sum_k w_k B_k(t) [v; 1]`` with bone matrices B, so its mean squared acceleration is a
quadratic form ``z M z`` with ``z = w (x) [v; 1]`` and one (4 J, 4 J) matrix M of the bones' second
derivatives. That is exact for all vertices and costs a pass over the bones (a minute at 60 Hz:
a few tenths of a second) and one product. Corrective (pose blend) shapes are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from m3n_studio.body.forward import joints_over_time
from m3n_studio.body.model import BodyModel
from m3n_studio.body.shape import Shape, shape_space
from m3n_studio.motion.clip import Clip, runs
from m3n_studio.motion.root import root_track
from m3n_studio.recordings.signal import Signal
from m3n_studio.studio.scene.bones import BoneTrack, Skin, skinned

Array = NDArray[np.float64]

_BLOCK, _MARGIN, _EDGE = 1024, 40, 3
_SHORTEST = 8

#: Viridis as a polynomial of degree six per channel (largest error 0.005), lowest power first.
_VIRIDIS = np.array([
    (0.277727, 0.005407, 0.334100), (0.105093, 1.404614, 1.384590), (-0.330862, 0.214848, 0.095095),
    (-4.634230, -5.799101, -19.332441), (6.228270, 14.179933, 56.690553), (4.776385, -13.745145, -65.353033),
    (-5.435456, 4.645853, 26.312435),
])  # fmt: skip


@dataclass(frozen=True)
class Scale:
    """What colours mean: a quantity with its unit, and the values at both ends."""

    title: str
    unit: str
    low: float
    high: float


def viridis(share: NDArray) -> Array:
    """Colours (..., 3), 0 to 1, of shares 0 to 1: dark blue over green to yellow, even to the eye."""
    t = np.clip(np.asarray(share, dtype=np.float64), 0.0, 1.0)
    return np.asarray(np.clip(np.vander(t.ravel(), len(_VIRIDIS), increasing=True) @ _VIRIDIS, 0, 1)).reshape(
        *t.shape, 3
    )


def colors(values: NDArray, scale: Scale) -> Array:
    """Colours (..., 3) of values on a scale."""
    return viridis((np.asarray(values) - scale.low) / max(scale.high - scale.low, 1e-12))


def as_hex(color: Array) -> str:
    """A colour (3,), 0 to 1, as ``#rrggbb``."""
    r, g, b = (round(255 * float(c)) for c in color)
    return f"#{r:02x}{g:02x}{b:02x}"


def nice_ceiling(value: float) -> float:
    """The smallest of 1, 1.5, 2, 3, 5, 7, 10 times a power of ten that is not below a value."""
    if not value > 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(step * power for step in (1, 1.5, 2, 3, 5, 7, 10) if step * power >= value * (1 - 1e-9)))


def _bone_parts(model: BodyModel, clip: Clip, trans: Array, shape: Shape) -> Iterator[tuple[Array, slice, int]]:
    """Bone matrices (n, J, 3, 4) of overlapping parts of the valid runs, what to keep of each, frames behind us."""
    rest = shape_space(model).joints(shape)
    for start, stop in runs(clip.valid):
        if stop - start < _SHORTEST:
            continue
        for a in range(start, stop, _BLOCK):
            b = min(a + _BLOCK, stop)
            low, high = max(a - _MARGIN, start), min(b + _MARGIN, stop)
            rotations, positions = joints_over_time(model, clip.poses[low:high], trans[low:high], shape)
            offset = positions - (rotations @ rest[..., None])[..., 0]
            first, last = max(a, start + _EDGE), min(b, stop - _EDGE)
            if last > first and high - low >= _SHORTEST:
                yield np.concatenate([rotations, offset[..., None]], axis=3), slice(first - low, last - low), b


def _second_derivative(values: Array, rate_hz: float, bandwidth_hz: float | None) -> Array:
    """Along the first axis: quintic spline, then a zero-phase low-pass, as the simulator has them."""
    from scipy.interpolate import make_interp_spline
    from scipy.signal import butter, sosfiltfilt

    t = np.arange(len(values)) / rate_hz
    out = make_interp_spline(t, values, k=5)(t, 2)
    if bandwidth_hz is not None and bandwidth_hz < 0.45 * rate_hz:
        sos = butter(2, bandwidth_hz / (np.sqrt(2.0) - 1.0) ** 0.25, fs=rate_hz, output="sos")
        out = sosfiltfilt(sos, out, axis=0, padlen=min(12, len(out) - 1))
    return np.asarray(out)


def acceleration_rms(
    model: BodyModel,
    clip: Clip,
    shape: Shape | None = None,
    *,
    bandwidth_hz: float | None = 12.0,
    progress: Callable[[float, float], None] | None = None,
) -> Array:
    """Root mean square of every vertex's acceleration (V,), m/s², in the world, without gravity.

    progress : called with (frames done, frames) between blocks; may raise to stop.
    """
    body = clip.shape if shape is None else shape
    trans, joints = root_track(model, clip, shape), len(model.parents)
    gram, count = np.zeros((4 * joints, 4 * joints)), 0
    for matrices, keep, done in _bone_parts(model, clip, trans, body):
        flat = _second_derivative(matrices.reshape(len(matrices), -1), clip.rate_hz, bandwidth_hz)[keep]
        rows = flat.reshape(len(flat), joints, 3, 4).transpose(0, 2, 1, 3).reshape(-1, 4 * joints)
        gram += rows.T @ rows
        count += len(flat)
        if progress is not None:
            progress(done, len(clip))
    rest = shape_space(model).vertices(body)
    z = (model.weights[:, :, None] * np.column_stack([rest, np.ones(len(rest))])[:, None, :]).reshape(len(rest), -1)
    square = ((z @ gram) * z).sum(axis=1) / max(count, 1)
    return np.asarray(np.sqrt(np.maximum(square, 0.0)))


def speed(track: BoneTrack, skin: Skin, frame: int) -> Array:
    """Speed of every vertex (V,), m/s, at a frame, from its neighbours; about 4 ms."""
    low, high = track.clipped(frame - 1), track.clipped(frame + 1)
    step = skinned(skin, track.at(high)) - skinned(skin, track.at(low))
    return np.asarray(np.linalg.norm(step, axis=1) * track.clip.rate_hz / max(high - low, 1))


def speed_ceiling(model: BodyModel, clip: Clip, shape: Shape | None = None, *, looks: int = 90) -> float:
    """A round number, m/s, that joints seldom exceed: the end of the scale for a whole clip; about 10 ms."""
    if len(clip) < 2:
        return 1.0
    first = np.unique(np.linspace(0, len(clip) - 2, min(looks, len(clip) - 1)).astype(int))
    frames = np.column_stack([first, first + 1]).ravel()
    body, trans = clip.shape if shape is None else shape, root_track(model, clip, shape)
    joints = joints_over_time(model, clip.poses[frames], trans[frames], body)[1].reshape(len(first), 2, -1, 3)
    fastest = np.linalg.norm(joints[:, 1] - joints[:, 0], axis=2).max(axis=1) * clip.rate_hz
    return nice_ceiling(float(np.percentile(fastest, 90)))


def sensor_error(simulated: Signal, real: Signal) -> float | None:
    """Root mean square of real minus simulated acceleration (vector), m/s²; None where they have no time in common."""
    inside = real.valid & (real.time_s >= simulated.time_s[0]) & (real.time_s <= simulated.time_s[-1])
    inside &= np.interp(real.time_s, simulated.time_s, simulated.valid.astype(np.float64)) > 0.999
    if not inside.any():
        return None
    at = real.time_s[inside]
    theirs = np.column_stack([np.interp(at, simulated.time_s, simulated.acc_mps2[:, i]) for i in range(3)])
    return float(np.sqrt(((real.acc_mps2[inside] - theirs) ** 2).sum(axis=1).mean()))


def error_tints(errors: Sequence[float | None]) -> tuple[tuple[str | None, ...], Scale | None]:
    """A colour for every sensor whose error is known, and the scale; None where none is."""
    known = [e for e in errors if e is not None]
    if not known:
        return (), None
    scale = Scale("Simulated against real, RMS", "m/s²", 0.0, nice_ceiling(max(known)))
    return tuple(None if e is None else as_hex(colors(np.array(e), scale)) for e in errors), scale
