"""Finger poses: five fingers by four angles, and named shapes a hand can take.

Rows are index, middle, pinky, ring, thumb as in SMPL-H. For fingers the four angles are flexion
of knuckle, middle and end joint, and spread away from the middle finger; for the thumb
opposition (towards the palm's side), flexion of root, middle and end joint. All in rad.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.body.skeleton import FINGERS

from .rig import OUTWARD, Rig, frame
from .tracks import normalised

Array = NDArray[np.float64]
_ROW = {name: i for i, name in enumerate(FINGERS)}
WIDTH = 20


def shape(*, index: tuple[float, ...], middle: tuple[float, ...], ring: tuple[float, ...], pinky: tuple[float, ...],
          thumb: tuple[float, ...], spread: float = 0.0) -> Array:  # fmt: skip
    """A hand shape (20,): each finger (knuckle, middle joint), the thumb (opposition, root, middle, end)."""
    out = np.zeros((5, 4))
    for name, angles in (("index", index), ("middle", middle), ("ring", ring), ("pinky", pinky)):
        out[_ROW[name], :3] = angles[0], angles[1], 0.62 * angles[1]
    out[_ROW["index"], 3] = spread
    out[_ROW["ring"], 3] = 0.6 * spread
    out[_ROW["pinky"], 3] = 1.3 * spread
    out[_ROW["thumb"]] = thumb
    return out.ravel()


SHAPES: dict[str, Array] = {
    "relaxed": shape(index=(0.28, 0.35), middle=(0.36, 0.42), ring=(0.42, 0.46), pinky=(0.44, 0.46),
                     thumb=(0.10, 0.12, 0.18, 0.22), spread=0.02),
    "flat": shape(index=(0.0, 0.03), middle=(0.0, 0.03), ring=(0.0, 0.04), pinky=(0.02, 0.05),
                  thumb=(-0.50, 0.30, 0.15, 0.12), spread=-0.03),
    "open": shape(index=(0.05, 0.08), middle=(0.06, 0.10), ring=(0.08, 0.12), pinky=(0.08, 0.12),
                  thumb=(-0.25, -0.05, 0.05, 0.05), spread=0.16),
    "preshape": shape(index=(0.30, 0.40), middle=(0.34, 0.45), ring=(0.40, 0.50), pinky=(0.42, 0.52),
                      thumb=(0.75, -0.10, 0.10, 0.15), spread=0.08),
    "cup": shape(index=(0.62, 0.72), middle=(0.66, 0.78), ring=(0.72, 0.82), pinky=(0.76, 0.82),
                 thumb=(0.90, 0.12, 0.22, 0.28), spread=0.06),
    "power": shape(index=(1.08, 1.30), middle=(1.16, 1.36), ring=(1.22, 1.40), pinky=(1.26, 1.38),
                   thumb=(0.95, 0.22, 0.45, 0.50)),
    "handle": shape(index=(0.85, 1.15), middle=(1.05, 1.30), ring=(1.15, 1.36), pinky=(1.20, 1.36),
                    thumb=(0.75, 0.20, 0.25, 0.20)),
    "pinch": shape(index=(0.78, 0.72), middle=(0.90, 0.80), ring=(0.80, 0.80), pinky=(0.80, 0.80),
                   thumb=(0.95, 0.15, 0.25, 0.25)),
    "point": shape(index=(0.0, 0.06), middle=(1.35, 1.55), ring=(1.42, 1.58), pinky=(1.42, 1.52),
                   thumb=(0.85, 0.25, 0.55, 0.55)),
    "fist": shape(index=(1.42, 1.62), middle=(1.45, 1.64), ring=(1.48, 1.64), pinky=(1.48, 1.60),
                  thumb=(0.85, 0.28, 0.60, 0.60)),
    "two": shape(index=(0.0, 0.06), middle=(0.02, 0.06), ring=(1.42, 1.58), pinky=(1.42, 1.52),
                 thumb=(0.85, 0.28, 0.60, 0.60), spread=-0.03),
    "bent": shape(index=(0.95, 0.10), middle=(0.95, 0.10), ring=(0.95, 0.12), pinky=(0.95, 0.14),
                  thumb=(0.4, 0.2, 0.2, 0.2)),
    "press": shape(index=(0.05, 0.12), middle=(0.06, 0.14), ring=(0.08, 0.16), pinky=(0.10, 0.18),
                   thumb=(-0.55, 0.05, 0.10, 0.12), spread=0.08),
}  # fmt: skip


def finger_poses(rig: Rig, side: str, angles: Array) -> Array:
    """Rotation vectors (T, 15, 3) of one hand's joints for angles (T, 20).

    Axes come from the hand's own rest geometry: fingers bend towards the palm, which faces down at rest.
    """
    palm, radial = np.array([0.0, -1.0, 0.0]), np.array([0.0, 0.0, 1.0])
    values = angles.reshape(-1, 5, 4)
    out = np.zeros((len(values), 15, 3))
    for row, finger in enumerate(FINGERS):
        v = values[:, row]
        along = normalised(rig.bone(f"{side}_{finger}1", f"{side}_{finger}3"))
        if finger == "thumb":
            bend = normalised(np.cross(along, normalised(0.45 * palm - 0.9 * radial)))
            first = so3.matrix_from_rotvec(v[:, :1] * np.array([1.0, 0.0, 0.0]))
            matrices = first @ so3.matrix_from_rotvec(v[:, 1:2] * bend)
            out[:, 3 * row] = so3.rotvec_from_matrix(matrices)
            out[:, 3 * row + 1] = v[:, 2:3] * bend
            out[:, 3 * row + 2] = v[:, 3:] * bend
            continue
        bend = normalised(np.cross(along, palm))
        apart = normalised(np.cross(along, radial)) * (1.0 if finger == "index" else -1.0)
        spread = so3.matrix_from_rotvec(v[:, 3:] * apart)
        out[:, 3 * row] = so3.rotvec_from_matrix(spread @ so3.matrix_from_rotvec(v[:, :1] * bend))
        out[:, 3 * row + 1] = v[:, 1:2] * bend
        out[:, 3 * row + 2] = v[:, 2:3] * bend
    return out


def hand_turn(side: str, fingers: object, palm: object) -> Array:
    """Global rotation (3, 3) of a hand whose fingers point along `fingers` and whose palm faces `palm`."""
    rest = frame(np.array([OUTWARD[side], 0.0, 0.0]), np.array([0.0, -1.0, 0.0]))
    return np.asarray(frame(np.asarray(fingers, dtype=float), np.asarray(palm, dtype=float)) @ rest.T)


def wrist_turn(*, flex: Array | float = 0.0, radial: Array | float = 0.0, pronate: Array | float = 0.0) -> Array:
    """Turns (..., 3), rad, of forearm and wrist: palm down, towards the thumb, towards the palm."""
    return np.stack(np.broadcast_arrays(pronate, radial, flex), axis=-1)
