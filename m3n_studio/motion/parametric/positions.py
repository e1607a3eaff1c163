"""Read joint positions: (T, 22, 3) ``.npy`` of HumanML3D and of text-to-motion models.

Positions say where joints are, not how they are turned; :mod:`m3n_studio.motion.parametric.ik` finds
rotations and a body of the same bone lengths. Where a file holds several samples the first is
taken. HumanML3D's 20 frames a second are assumed unless stated.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from m3n_studio.body.files import default_body
from m3n_studio.body.skeleton import BODY_JOINTS, JOINT_INDEX, N_BODY_JOINTS
from m3n_studio.errors import FileError
from m3n_studio.motion.archives import load_npy, text_of
from m3n_studio.motion.clip import Clip, Source, TextSegment, runs
from m3n_studio.motion.formats import ReadOptions
from m3n_studio.motion.ground import ground
from m3n_studio.motion.parametric import ik
from m3n_studio.motion.parametric.parameters import numbers, with_notes
from m3n_studio.motion.upright import TO_Y_UP, nearest_axis, up_of_positions

Array = NDArray[np.float64]
RATE_HZ = 20.0
UNITS_M = {"m": 1.0, "cm": 0.01, "mm": 0.001, "inch": 0.0254}
_THIGH_M = (0.2, 0.7)
_MAX_FRAMES = 500_000
_TRUNK = [
    i for i, name in enumerate(BODY_JOINTS) if name.endswith(("pelvis", "hip", "collar", "neck")) or "spine" in name
]


def sniff(path: Path, head: bytes) -> bool:
    """A ``.npy`` of plain numbers, or MDM's pickled ``results.npy``."""
    if head[:6] != b"\x93NUMPY":
        return False
    return b"'|O'" not in head[:200] or (b"motion" in head and b"num_samples" in head + _tail(path))


def _tail(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4096))
        return file.read()


def read(path: Path, options: ReadOptions) -> Clip:
    """Read joint positions; see :func:`m3n_studio.motion.formats.read_clip`."""
    raw, text, taken = _first_sample(path, load_npy(path))
    positions, layout = _in_order(path, numbers(path, "", raw))
    if len(positions) > _MAX_FRAMES:
        raise FileError(path, found=f"{len(positions)} frames", expected=f"at most {_MAX_FRAMES}")
    valid = np.asarray(np.isfinite(positions).all(axis=(1, 2)))
    if not valid.any():
        raise FileError(path, found="no frame without NaN", expected="joint positions")
    positions, unit = _in_metres(path, positions, valid, options)
    positions, up = _y_up(positions, valid, options)
    return _solve(path, positions, valid, options.rate_hz, (taken, layout, unit, up), text)


def _first_sample(path: Path, data: Any) -> tuple[Any, str, str]:
    """The positions of one sample, its text, and a note on what was taken."""
    if not isinstance(data, Mapping):
        return data, "", ""
    if "motion" not in data:
        raise FileError(path, found=f"fields {', '.join(map(str, list(data)[:8]))}", expected="motion")
    motion = np.asarray(data["motion"])
    if motion.ndim != 4 or not len(motion):
        raise FileError(path, field="motion", found=f"shape {motion.shape}", expected="(samples, 22, 3, frames)")
    first, taken = motion[0], f"{len(motion)} samples: the first" if len(motion) > 1 else ""
    lengths, texts = data.get("lengths"), data.get("text")
    if lengths is not None and first.shape[:2] == (N_BODY_JOINTS, 3):
        length = numbers(path, "lengths", lengths).ravel()[0]
        first = first[..., : int(length) if 1 <= length <= first.shape[-1] else None]
    text = text_of(texts[0]) if isinstance(texts, (list, np.ndarray)) and len(texts) else ""
    return first, text, taken


def _in_order(path: Path, array: Array) -> tuple[Array, str]:
    """Positions (T, 22, 3) from the layouts in use, and a note where it is not that one."""
    note = ""
    if array.ndim == 4:
        note = f"{len(array)} samples: the first" if len(array) > 1 else ""
        array = array[0]
    if array.ndim == 2 and array.shape[1] in (66, 72, 156):
        array = array.reshape(len(array), -1, 3)
    if array.ndim == 3 and array.shape[:2] == (N_BODY_JOINTS, 3) and array.shape[1:] != (N_BODY_JOINTS, 3):
        array = np.moveaxis(array, 2, 0)
    if array.ndim != 3 or array.shape[2] != 3 or array.shape[1] not in (22, 24, 52, 55):
        raise FileError(path, found=f"an array of shape {array.shape}",
                        expected="(frames, 22, 3) joint positions in SMPL order")  # fmt: skip
    return np.ascontiguousarray(array[:, :N_BODY_JOINTS]), note


def _in_metres(path: Path, positions: Array, valid: NDArray[np.bool_], options: ReadOptions) -> tuple[Array, str]:
    hip, knee = JOINT_INDEX["left_hip"], JOINT_INDEX["left_knee"]
    with np.errstate(over="ignore"):
        thigh = float(np.median(np.linalg.norm(positions[valid, knee] - positions[valid, hip], axis=1)))
    names = list(UNITS_M) if options.unit == "auto" else [options.unit]
    fitting = [name for name in names if _THIGH_M[0] <= thigh * UNITS_M[name] <= _THIGH_M[1]]
    if not fitting or np.abs(positions[valid]).max() * UNITS_M[fitting[0]] > 1e6:
        raise FileError(path, found=f"thighs {thigh:.4g} {options.unit.replace('auto', 'units')} long",
                        expected="a person: thighs of 0.2 to 0.7 m")  # fmt: skip
    return positions * UNITS_M[fitting[0]], "" if fitting[0] == "m" else f"{fitting[0]} turned to m"


def _y_up(positions: Array, valid: NDArray[np.bool_], options: ReadOptions) -> tuple[Array, str]:
    up, note = options.up, f"{options.up}-up as stated"
    if up == "auto":
        up, cosine = nearest_axis(up_of_positions(positions[valid]))
        up, note = (up, f"{up}-up, found from posture") if cosine > 0.8 else ("y", "taken to be y-up")
    return positions @ TO_Y_UP[up].T, note


def _solve(
    path: Path, positions: Array, valid: NDArray[np.bool_], rate_hz: float, notes: tuple[str, ...], text: str
) -> Clip:
    """A clip by inverse kinematics; each run of valid frames by itself, gaps hold the frame before."""
    model = default_body()
    rate = rate_hz or RATE_HZ
    shape = ik.fit_limbs(model, positions[valid])
    poses, trans, errors = np.zeros((len(positions), 52, 3)), np.zeros((len(positions), 3)), []
    for start, stop in runs(valid):
        solved = ik.solve(model, positions[start:stop], rate_hz=rate, shape=shape)
        poses[start:stop], trans[start:stop] = solved.poses, solved.trans
        errors.append(solved.error_m)
    last = np.maximum.accumulate(np.where(valid, np.arange(len(valid)), -1))
    held = np.where(last < 0, np.argmax(valid), last)
    error = np.concatenate(errors)
    trunk, limbs = error[:, _TRUNK], np.delete(error, _TRUNK, axis=1)
    texts = (TextSegment(0.0, (len(valid) - 1) / rate, text, "sentence"),) if text else ()
    clip = Clip(rate, poses[held], trans[held], shape, "neutral", texts, Source(str(path), "positions"), valid)
    return with_notes(
        ground(clip, model, percentile=2.0), *notes,
        f"{rate:g} Hz {'as stated' if rate_hz else 'taken: the file has no rate'}",
        f"inverse kinematics: joints of the limbs are off by {1000 * limbs.mean():.1f} mm on average,"
        f" {1000 * limbs.max():.0f} mm at most; joints inside the trunk, which bodies place differently, by"
        f" {1000 * trunk.mean():.1f} and {1000 * trunk.max():.0f} mm",
        f"body of scale {shape.scale:.3f} with limbs fitted to the bone lengths; hands, head and toes have no rotation"
        " of their own", "feet put on the floor by a constant offset",
    )  # fmt: skip
