"""SMPL-family parameters under any of their usual names, as a clip's arrays.

Data sets and pose estimators store the same numbers under a dozen names and layouts: one
vector of 66, 72, 156 or 165 numbers per frame, or root, body and hands apart, as rotation
vectors or matrices. The tables here say which is which. SMPL's two whole-hand joints and
SMPL-X' jaw and eyes have no place in a clip and are dropped; hands given as principal
components need the licensed MANO basis and stay flat.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.body.shape import Shape
from m3n_studio.body.skeleton import N_BODY_JOINTS, N_JOINTS
from m3n_studio.errors import FileError
from m3n_studio.motion.archives import text_of
from m3n_studio.motion.clip import GENDERS, Clip, Source, TextSegment

Array = NDArray[np.float64]

WHOLE = ("poses", "smpl_poses", "fullpose", "full_pose", "pose", "smpl_thetas", "thetas")
ROOT = ("global_orient", "root_orient", "smpl_orient", "root_pose", "smplx_root_pose")
BODY = ("body_pose", "pose_body", "smpl_pose", "smplx_body_pose")
LEFT_HAND = ("left_hand_pose", "lhand_pose", "smplx_lhand_pose")
RIGHT_HAND = ("right_hand_pose", "rhand_pose", "smplx_rhand_pose")
BOTH_HANDS = ("pose_hand", "hand_pose")
TRANS = ("trans", "transl", "smpl_trans", "translation", "cam_trans", "smpl_transl")
BETAS = ("betas", "smpl_betas", "shape", "smpl_beta", "beta")

#: Family and the joints' places in a clip, by number of joints in a whole-pose vector.
_WHOLE_LAYOUT = {
    22: ("smpl", range(22)),
    24: ("smpl", range(22)),
    52: ("smplh", range(52)),
    55: ("smplx", (*range(22), *range(25, 55))),
}
_MAX_FRAMES = 3_000_000
_MAX_RADIANS = 1_000.0
_MAX_METRES = 1e6


@dataclass(frozen=True, eq=False)
class Track:
    """One person's parameters.

    Attributes
    ----------
    poses : (N, 52, 3) rad; trans : (N, 3) m
        In the file's own frame; may hold NaN where the file does.
    frames : (N,) int
        Which frame of the recording each row is, rising.
    betas : tuple of float
    family : {"smpl", "smplh", "smplx"}
    """

    poses: Array
    trans: Array
    frames: NDArray[np.int64]
    betas: tuple[float, ...] = ()
    family: str = "smpl"
    notes: tuple[str, ...] = ()


def first_of(fields: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """The first of `names` that `fields` holds (not as None); empty where none."""
    return next((name for name in names if name in fields and fields[name] is not None), "")


def numbers(path: Path, field: str, value: Any) -> Array:
    """An array of finite-or-NaN float64, whatever container the numbers are in."""
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise FileError(path, field=field, found="rows of different lengths", expected="an array of numbers") from error
    if array.dtype.kind not in "fiu" or array.size == 0:
        raise FileError(path, field=field, found=f"{array.dtype} of shape {array.shape}", expected="numbers")
    with np.errstate(all="ignore"):
        out = array.astype(np.float64)
    out[np.isinf(out)] = np.nan
    return out


def rotations(path: Path, field: str, value: Any) -> Array:
    """Rotation vectors (N, K, 3), rad, from (N, 3K), (3K,), (N, K, 3), (N, K, 3, 3) or one frame's (K, 3, 3)."""
    array = numbers(path, field, value)
    if array.shape == (3, 3) and _orthogonal(array):
        array = array[None]
    if array.ndim >= 3 and array.shape[-2:] == (3, 3) and (array.ndim == 4 or _orthogonal(array)):
        array = array[None] if array.ndim == 3 else array
        if array.ndim != 4:
            raise FileError(path, field=field, found=f"shape {array.shape}", expected="(frames, joints, 3, 3)")
        bad = np.asarray(~np.isfinite(array).all(axis=(1, 2, 3)))
        out = so3.rotvec_from_matrix(so3.polar(np.where(bad[:, None, None, None], np.eye(3), array)))
        out[bad] = np.nan
    else:
        array = array[None] if array.ndim == 1 else array
        array = array[:, None] if array.ndim == 2 and array.shape[1] == 3 else array
        if array.ndim == 2 and array.shape[1] % 3 == 0:
            array = array.reshape(len(array), -1, 3)
        if array.ndim == 4 and 1 in array.shape[:2]:
            array = array.reshape(-1, *array.shape[2:])
        if array.ndim != 3 or array.shape[2] != 3:
            raise FileError(path, field=field, found=f"shape {array.shape}", expected="(frames, 3 x joints)")
        out = array
    if len(out) > _MAX_FRAMES or np.nanmax(np.abs(out), initial=0.0) > _MAX_RADIANS:
        raise FileError(path, field=field, found=f"{len(out)} frames of values up to {np.nanmax(np.abs(out)):.3g}",
                        expected="rotation vectors in radians")  # fmt: skip
    return out


def _orthogonal(array: Array) -> bool:
    """Whether (K, 3, 3) holds rotation matrices rather than K frames of three rotation vectors."""
    with np.errstate(all="ignore"):
        error = array @ np.swapaxes(array, -1, -2) - np.eye(3)
    return bool(np.nanmax(np.abs(error), initial=0.0) < 1e-3)


def _whole(path: Path, fields: Mapping[str, Any], name: str) -> tuple[Array, str]:
    joints = rotations(path, name, fields[name])
    if joints.shape[1] not in _WHOLE_LAYOUT:
        raise FileError(path, field=name, found=f"{3 * joints.shape[1]} numbers per frame",
                        expected="66 or 72 (SMPL), 156 (SMPL-H) or 165 (SMPL-X)")  # fmt: skip
    family, order = _WHOLE_LAYOUT[joints.shape[1]]
    out = np.zeros((len(joints), N_JOINTS, 3))
    out[:, : len(order)] = joints[:, list(order)]
    return out, family


def _hand(path: Path, fields: Mapping[str, Any], names: tuple[str, ...], count: int) -> tuple[Array | None, str]:
    """Rotation vectors of `count` finger joints, or a note why there are none."""
    name = first_of(fields, names)
    if not name:
        return None, ""
    value = np.asarray(fields[name])
    width = value.shape[-1] if value.ndim <= 2 else 3 * count
    if value.ndim == 0 or width != 3 * count:
        return None, f"{name}: {width} principal components left out (they need the licensed MANO basis)"
    return rotations(path, name, value), ""


def _in_parts(path: Path, fields: Mapping[str, Any], root: str, body: str) -> tuple[Array, str, tuple[str, ...]]:
    top, rest = rotations(path, root, fields[root]), rotations(path, body, fields[body])
    if top.shape[1] != 1 or rest.shape[1] not in (21, 23) or len(top) != len(rest):
        raise FileError(path, field=body, found=f"shapes {top.shape} of {root} and {rest.shape}",
                        expected="(frames, 3) and (frames, 63 or 69)")  # fmt: skip
    out = np.zeros((len(top), N_JOINTS, 3))
    out[:, :1], out[:, 1:N_BODY_JOINTS] = top, rest[:, :21]
    notes = []
    for names, count, start in ((BOTH_HANDS, 30, 22), (LEFT_HAND, 15, 22), (RIGHT_HAND, 15, 37)):
        hand, note = _hand(path, fields, names, count)
        notes += [note] if note else []
        if hand is not None:
            if hand.shape != (len(top), count, 3):
                raise FileError(path, field=names[0], found=f"shape {hand.shape}", expected=f"{len(top)} frames")
            out[:, start : start + count] = hand
    return out, "smpl" if rest.shape[1] == 23 else "smplx", tuple(notes)


def betas_of(path: Path, fields: Mapping[str, Any]) -> tuple[float, ...]:
    """Shape components: one row, or the mean over frames; empty where the file has none."""
    name = first_of(fields, BETAS)
    if not name:
        return ()
    array = numbers(path, name, fields[name])
    array = array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1)
    finite = array[np.isfinite(array).all(axis=1)]
    if not len(finite) or array.shape[1] > 400 or np.abs(finite).max() > 1e3:
        return ()
    return tuple(map(float, finite.mean(axis=0)))


def track(path: Path, fields: Mapping[str, Any], *, frames: Any = None) -> Track:
    """One person's track from fields of any usual name.

    Raises
    ------
    FileError
        Where poses are missing or shapes do not agree.
    """
    whole, root, body = first_of(fields, WHOLE), first_of(fields, ROOT), first_of(fields, BODY)
    notes: tuple[str, ...] = ()
    if whole:
        poses, family = _whole(path, fields, whole)
    elif root and body:
        poses, family, notes = _in_parts(path, fields, root, body)
    else:
        raise FileError(path, found=f"fields {', '.join(map(str, list(fields)[:12]))}",
                        expected=f"poses under one of {', '.join(WHOLE)}, or {ROOT[0]} and {BODY[0]}")  # fmt: skip
    n = len(poses)
    name = first_of(fields, TRANS)
    trans = numbers(path, name, fields[name]).reshape(-1, 3) if name else np.zeros((n, 3))
    if len(trans) != n:
        raise FileError(path, field=name, found=f"{len(trans)} rows", expected=f"{n}, one for each pose")
    if np.nanmax(np.abs(trans), initial=0.0) > _MAX_METRES:
        raise FileError(path, field=name, found=f"values up to {np.nanmax(np.abs(trans)):.3g}", expected="metres")
    if not name:
        notes = (*notes, "the file has no translation: the person stays in place")
    order = np.arange(n) if frames is None else numbers(path, "frames", frames).reshape(-1)
    if len(order) != n or not np.isfinite(order).all() or np.abs(order).max() > 2**53:
        order = np.arange(n)
    return Track(poses, trans, order.astype(np.int64), betas_of(path, fields), family, notes)


def gender_of(value: Any) -> str:
    """``neutral``, ``female`` or ``male`` from text, bytes or an array of either."""
    text = text_of(value).strip().lower()
    return text if text in GENDERS else {"f": "female", "m": "male"}.get(text[:1], "neutral")


def rate_of(path: Path, field: str, value: Any) -> float:
    """A frame rate in Hz, or `FileError`."""
    rate = numbers(path, field, value).ravel()
    if not (rate.size == 1 and 0.1 <= rate[0] <= 10_000):
        raise FileError(path, field=field, found=f"{np.array2string(rate[:3])}", expected="a rate from 0.1 to 10000 Hz")
    return float(rate[0])


def clip_of(
    path: Path, person: Track, *, rate_hz: float, format: str,
    notes: tuple[str, ...] = (), gender: str = "neutral", texts: tuple[TextSegment, ...] = (),
) -> Clip:  # fmt: skip
    """A clip from a track, in the track's own frame: missing frames and NaN become gaps that hold the last pose."""
    order = np.argsort(person.frames, kind="stable")
    frames, first = np.unique(person.frames[order], return_index=True)
    rows = order[first]
    count = int(frames[-1] - frames[0]) + 1
    if count > max(100 * len(frames), 10_000) or count > _MAX_FRAMES:
        frames, count = np.arange(len(rows)), len(rows)
        notes = (*notes, "frame numbers are far apart and were taken to be consecutive")
    place = (frames - frames[0]).astype(np.intp)
    finite = np.isfinite(person.poses[rows]).all(axis=(1, 2)) & np.isfinite(person.trans[rows]).all(axis=1)
    if not finite.any():
        raise FileError(path, found="no frame without NaN", expected="poses")
    valid = np.zeros(count, dtype=bool)
    valid[place[finite]] = True
    source = np.zeros(count, dtype=np.intp)
    source[place[finite]] = rows[finite]
    last = np.maximum.accumulate(np.where(valid, np.arange(count), -1))
    source = source[np.where(last < 0, np.argmax(valid), last)]
    if not valid.all():
        notes = (*notes, f"{count - int(valid.sum())} of {count} frames are missing and kept as gaps")
    shape = Shape(person.betas, {}, 1.0, f"{person.family}-{gender}" if person.betas else "")
    return Clip(
        rate_hz, person.poses[source], person.trans[source], shape, gender, texts,
        Source(str(path), format, (*person.notes, *notes)), valid,
    )  # fmt: skip


def with_notes(clip: Clip, *notes: str, format: str = "") -> Clip:
    """The clip with more said about where it came from."""
    source = replace(clip.source, notes=(*clip.source.notes, *(n for n in notes if n)))
    return clip.with_(source=replace(source, format=format or source.format))
