"""Bone matrices for the shader: pure arrays, no Qt.

The vertex shader skins with ``v' = sum_k w_k (G_k v + p_k - G_k J_k)`` (Loper et al. 2015,
eq. 2-4), so a frame is J affine 3 x 4 matrices: 2.5 kB for 52 joints, against half a megabyte
of vertices. Clips up to `_WHOLE` frames are computed at once (a minute at 60 Hz: about
0.15 s, 9 MB), longer ones in blocks as they are reached (about 5 ms each).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.body.forward import joints_over_time
from m3n_studio.body.model import BodyModel
from m3n_studio.body.shape import Shape, shape_space
from m3n_studio.motion.clip import Clip
from m3n_studio.motion.root import root_track

Floats = NDArray[np.float32]

_WHOLE = 512
_BLOCK = 64
_BLOCKS_KEPT = 128
MAX_INFLUENCES = 8


@dataclass(frozen=True, eq=False)
class Skin:
    """What the shader needs once per body.

    vertices, normals : (V, 3) float32, m, rest; faces : (F, 3) uint32; bones, weights :
    (V, K) float32, K = 4 or 8, the strongest influences of each vertex, weights summing to one.
    """

    vertices: Floats
    normals: Floats
    faces: NDArray[np.uint32]
    bones: Floats
    weights: Floats


@dataclass(frozen=True, eq=False)
class BonePose:
    """One frame: matrices (J, 3, 4) float32 from rest to world, joints (J, 3) float32, m.

    `vertices` (V, 3) float32, m, are the rest vertices of this pose where the body has pose
    blend shapes, else None: the rest vertices of the :class:`Skin` hold.
    """

    matrices: Floats
    joints: Floats
    vertices: Floats | None = None


def vertex_normals(vertices: NDArray, faces: NDArray) -> Floats:
    """Area-weighted unit normals (V, 3) of a mesh."""
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    face = np.cross(b - a, c - a)
    total = np.zeros((len(vertices), 3))
    for axis in range(3):
        weights = np.repeat(face[:, axis], 3)
        total[:, axis] = np.bincount(faces.ravel(), weights, minlength=len(vertices))
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return (total / np.where(length > 0, length, 1.0)).astype(np.float32)


def influences(weights: NDArray) -> tuple[Floats, Floats]:
    """The strongest bones and their weights (V, K), K = 4 where that loses under 1e-4, else 8."""
    count = min(MAX_INFLUENCES, weights.shape[1])
    strongest = np.argpartition(-weights, count - 1, axis=1)[:, :count]
    by_weight = np.argsort(-np.take_along_axis(weights, strongest, axis=1), axis=1)
    order = np.take_along_axis(strongest, by_weight, axis=1)
    kept = np.take_along_axis(weights, order, axis=1)
    if kept.shape[1] < MAX_INFLUENCES:
        pad = MAX_INFLUENCES - kept.shape[1]
        order, kept = np.pad(order, ((0, 0), (0, pad))), np.pad(kept, ((0, 0), (0, pad)))
    if kept[:, 4:].sum(axis=1).max(initial=0.0) < 1e-4:
        order, kept = order[:, :4], kept[:, :4]
    kept = kept / kept.sum(axis=1, keepdims=True)
    return order.astype(np.float32), kept.astype(np.float32)


def skin_of(model: BodyModel, shape: Shape | None = None) -> Skin:
    """The rest mesh of a shaped body, ready for the shader."""
    vertices = shape_space(model).vertices(Shape() if shape is None else shape)
    bones, weights = influences(model.weights)
    return Skin(
        vertices.astype(np.float32), vertex_normals(vertices, model.faces),
        model.faces.astype(np.uint32), bones, weights,
    )  # fmt: skip


class BoneTrack:
    """Bone matrices of a clip on a body, frame by frame.

    Parameters
    ----------
    shape : Shape, optional
        Another body than the clip's walks the same way on the same ground; None: the clip's.
    """

    def __init__(self, model: BodyModel, clip: Clip, shape: Shape | None = None) -> None:
        self.model, self.clip = model, clip
        self.shape = clip.shape if shape is None else shape
        self._trans = root_track(model, clip, shape)
        self._joints = shape_space(model).joints(self.shape)
        self._block = len(clip) if len(clip) <= _WHOLE else _BLOCK
        self._kept: OrderedDict[int, tuple[Floats, Floats]] = OrderedDict()

    def __len__(self) -> int:
        return len(self.clip)

    def at(self, frame: int) -> BonePose:
        """The pose of one frame, clipped to the clip."""
        frame = min(max(frame, 0), len(self.clip) - 1)
        matrices, joints = self._load(frame // self._block)
        row = frame % self._block
        return BonePose(matrices[row], joints[row], self._corrected(frame))

    def _load(self, block: int) -> tuple[Floats, Floats]:
        if block in self._kept:
            self._kept.move_to_end(block)
            return self._kept[block]
        part = slice(block * self._block, (block + 1) * self._block)
        rotations, positions = joints_over_time(self.model, self.clip.poses[part], self._trans[part], self.shape)
        offset = positions - (rotations @ self._joints[..., None])[..., 0]
        matrices = np.concatenate([rotations, offset[..., None]], axis=3).astype(np.float32)
        self._kept[block] = (matrices, positions.astype(np.float32))
        if len(self._kept) > _BLOCKS_KEPT:
            self._kept.popitem(last=False)
        return self._kept[block]

    def _corrected(self, frame: int) -> Floats | None:
        """Rest vertices with pose blend shapes (official bodies): a few ms a frame on the CPU."""
        if self.model.pose_dirs is None:
            return None
        local = so3.matrix_from_rotvec(self.clip.poses[frame : frame + 1])
        still = np.eye(3)[None, None]
        local = np.concatenate([local, still], axis=1)[0, self.model.clip_joints]
        feature = (local[1:] - np.eye(3)).astype(np.float32).ravel()
        corrective = (feature @ self.model.pose_dirs).reshape(-1, 3)
        return self._rest() + np.float32(self.shape.scale) * corrective

    def _rest(self) -> Floats:
        if not hasattr(self, "_rest_vertices"):
            self._rest_vertices = shape_space(self.model).vertices(self.shape).astype(np.float32)
        return self._rest_vertices
