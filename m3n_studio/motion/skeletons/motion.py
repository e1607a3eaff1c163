"""`SkeletonMotion`: what a skeleton file says, before anything is decided about it.

Joint names, tree, offsets, and per frame the global rotation and position of every joint, in
the file's own unit and axes. In the rest pose (every rotation zero) all global rotations are
the identity; that is how BVH and ASF are both defined. Costs one matrix product per joint
and frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.errors import FileError

Array = NDArray[np.float64]
AXES = "xyz"

#: Numbers beyond this are no recording: a channel that holds one makes its frame a gap.
LARGEST = 1e6
MOST_POSES = 25_000_000  # frames times joints: 2 GB of rotations and positions
MOST_BYTES = 1 << 30


@dataclass(frozen=True, eq=False)
class SkeletonMotion:
    """A moving skeleton.

    Attributes
    ----------
    names : tuple of str
        Joint names as the file writes them.
    parents : (J,) int
        Parent of each joint, before it in the list; -1 for a root.
    offsets : (J, 3)
        Position of each joint in its parent's frame at rest.
    ends : dict of int to (3,)
        Where the bone of a joint without children ends, in the joint's frame at rest.
    rotations : (T, J, 3, 3)
        Global rotations; identity in the rest pose.
    positions : (T, J, 3)
        Global positions.
    valid : (T,) bool
        False where the file has no numbers.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: Array
    ends: dict[int, Array]
    rotations: Array
    positions: Array
    valid: NDArray[np.bool_]
    rate_hz: float

    def rest(self) -> Array:
        """Positions (J, 3) in the rest pose."""
        out = np.zeros_like(self.offsets)
        for j, parent in enumerate(self.parents):
            out[j] = self.offsets[j] + (out[parent] if parent >= 0 else 0.0)
        return out

    def children(self, joint: int) -> list[int]:
        """Joints whose parent is `joint`."""
        return [j for j, parent in enumerate(self.parents) if parent == joint]

    def ancestors(self, joint: int) -> list[int]:
        """The joint itself, its parent, and so on up to the root."""
        out = [joint]
        while self.parents[out[-1]] >= 0:
            out.append(self.parents[out[-1]])
        return out

    def turned(self, turn: Array, unit_m: float) -> SkeletonMotion:
        """The same motion in other axes (3, 3 orthogonal, may mirror) and in metres."""
        return replace(
            self,
            offsets=unit_m * self.offsets @ turn.T,
            ends={j: unit_m * turn @ end for j, end in self.ends.items()},
            rotations=turn @ self.rotations @ turn.T,
            positions=unit_m * self.positions @ turn.T,
        )


def euler(angles_rad: Array, order: str) -> Array:
    """Product of axis rotations in the order written: ``"zyx"`` is Rz Ry Rx.

    angles_rad : (T, n), one column per letter of `order`. Returns (T, 3, 3).
    """
    out = np.broadcast_to(np.eye(3), (len(angles_rad), 3, 3))
    for column, letter in enumerate(order):
        i = AXES.index(letter)
        j, k = (i + 1) % 3, (i + 2) % 3
        cos, sin = np.cos(angles_rad[:, column]), np.sin(angles_rad[:, column])
        turned = np.array(out)  # columns j and k mix
        turned[:, :, j] = out[:, :, j] * cos[:, None] + out[:, :, k] * sin[:, None]
        turned[:, :, k] = out[:, :, k] * cos[:, None] - out[:, :, j] * sin[:, None]
        out = turned
    return np.asarray(out)


def chain(parents: Sequence[int], local: Sequence[Array], steps: Sequence[Array]) -> tuple[Array, Array]:
    """Global rotations (T, J, 3, 3) and positions (T, J, 3) down the tree.

    local : J of (T, 3, 3); steps : J of (3,) or (T, 3), positions in the parent's frame.
    """
    frames = len(local[0])
    rotations = np.empty((frames, len(parents), 3, 3))
    positions = np.empty((frames, len(parents), 3))
    for j, parent in enumerate(parents):
        if parent < 0:
            rotations[:, j], positions[:, j] = local[j], steps[j]
            continue
        rotations[:, j] = rotations[:, parent] @ local[j]
        step = np.broadcast_to(steps[j], (frames, 3))[..., None]
        positions[:, j] = positions[:, parent] + (rotations[:, parent] @ step)[..., 0]
    return rotations, positions


def fill_gaps(values: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Repeat the last good row of (T, C) where a row has no usable numbers; and the mask of good rows."""
    good: NDArray[np.bool_] = np.all(np.abs(np.nan_to_num(values, nan=np.inf)) <= LARGEST, axis=1)
    if good.all() or not good.any():
        return values, good
    last = np.maximum.accumulate(np.where(good, np.arange(len(good)), -1))
    last[last < 0] = int(np.argmax(good))
    return values[last], good


def slerp(a: Array, b: Array, share: float) -> Array:
    """Rotations (..., 3, 3) a share of the way from `a` to `b` along the shortest arc."""
    if share <= 0.0:
        return a
    if share >= 1.0:
        return b
    return np.asarray(a @ so3.matrix_from_rotvec(share * so3.rotvec_from_matrix(np.swapaxes(a, -1, -2) @ b)))


def swing(a: Array, b: Array) -> Array:
    """Smallest rotations (..., 3, 3) that turn directions `a` (..., 3) into `b` (..., 3)."""
    axis = np.cross(a, b)
    sin = np.linalg.norm(axis, axis=-1, keepdims=True)
    cos = np.sum(a * b, axis=-1, keepdims=True)
    angle = np.arctan2(sin, cos)
    other = np.zeros_like(axis)
    other[..., 0] = 1.0  # opposite directions: any perpendicular axis will do
    axis = np.where((sin < 1e-9) & (cos < 0), np.cross(a, other + np.roll(a, 1, axis=-1)), axis)
    norm = np.linalg.norm(axis, axis=-1, keepdims=True)
    return so3.matrix_from_rotvec(angle * axis / np.where(norm < 1e-12, 1.0, norm))


def unit(v: Array) -> Array:
    """Vectors (..., 3) at length one; zero stays zero."""
    norm = np.linalg.norm(v, axis=-1, keepdims=True)
    return np.asarray(v / np.where(norm < 1e-12, 1.0, norm))


def check_size(path: Path, frames: int, joints: int) -> None:
    """Refuse a motion whose rotations would not fit in memory (a small file can declare one)."""
    if frames * joints > MOST_POSES:
        raise FileError(path, field="frames", found=f"{frames} of {joints} joints",
                        expected=f"at most {MOST_POSES // joints}; cut the recording")  # fmt: skip


def read_text(path: Path) -> str:
    """A text file with line feeds only, whatever wrote it."""
    if path.stat().st_size > MOST_BYTES:
        raise FileError(path, found="more than 1 GiB of text", expected="a shorter recording")
    text = path.read_bytes().decode("utf-8", errors="replace").lstrip("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", " ")


def nice_rate(frame_time_s: float) -> float:
    """1 / frame time, Hz; a whole number where the file's few digits mean one."""
    rate = 1.0 / frame_time_s
    return float(round(rate)) if round(rate) >= 1 and abs(rate / round(rate) - 1.0) < 5e-4 else rate
