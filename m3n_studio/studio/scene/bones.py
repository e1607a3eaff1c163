"""Bone matrices for the shader: pure arrays, no Qt.

The vertex shader skins with ``v' = sum_k w_k (G_k v + p_k - G_k J_k)`` (Loper et al. 2015,
eq. 2-4), so a frame is J affine 3 x 4 matrices: 2.5 kB for 52 joints, against half a megabyte
of vertices.

What a shape does not touch is worked out once and shared: the joints' rotations per model and
clip (:class:`Turns`, in blocks as they are reached, about 5 ms each), bones, weights and faces
per model. What is left for a new shape is one product for the rest vertices and a few matrices
for the frame that is looked at: about a millisecond, however long the clip is. Normals are
computed when they are asked for, which a picture in motion never does.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.body.model import BodyModel, chain_global
from m3n_studio.body.shape import Shape, shape_space
from m3n_studio.motion.clip import Clip
from m3n_studio.motion.root import root_terms

Floats = NDArray[np.float32]
Array = NDArray[np.float64]

_BLOCK = 64
_BLOCKS_KEPT = 128
MAX_INFLUENCES = 8


@dataclass(frozen=True, eq=False)
class Skin:
    """What the shader needs once per body.

    vertices : (V, 3) float32, m, rest; faces : (F, 3) uint32; bones, weights : (V, K) float32,
    K = 4 or 8, the strongest influences of each vertex, weights summing to one. Two skins of one
    model share faces, bones and weights.
    """

    vertices: Floats
    faces: NDArray[np.uint32]
    bones: Floats
    weights: Floats

    @cached_property
    def normals(self) -> Floats:
        """Unit normals (V, 3) at rest; a few ms the first time they are asked for."""
        return vertex_normals(self.vertices, self.faces)

    def like(self, other: Skin) -> bool:
        """Whether the other is the same body in another shape."""
        return self.faces is other.faces and self.bones is other.bones


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
    return np.asarray(total / np.where(length > 0, length, 1.0), dtype=np.float32)


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


@lru_cache(maxsize=8)
def _topology(model: BodyModel) -> tuple[NDArray[np.uint32], Floats, Floats]:
    """Faces, bones and weights of a model, as the shader wants them."""
    return (np.ascontiguousarray(model.faces, dtype=np.uint32), *influences(model.weights))


@lru_cache(maxsize=8)
def _single(model: BodyModel) -> tuple[Floats, Floats]:
    """Template vertices (3 V,) and what a shape does to them (3 V, S), in single precision: half the time."""
    dirs = shape_space(model).vertex_dirs
    flat = np.ascontiguousarray(dirs.reshape(-1, dirs.shape[2]), dtype=np.float32)
    return model.vertices.astype(np.float32).ravel(), flat


def rest_vertices(model: BodyModel, shape: Shape) -> Floats:
    """Rest vertices (V, 3), m, of a shape."""
    template, dirs = _single(model)
    out = dirs @ shape.vector(model).astype(np.float32)
    out += template
    out *= np.float32(shape.scale)
    return np.asarray(out.reshape(-1, 3))


def skin_of(model: BodyModel, shape: Shape | None = None) -> Skin:
    """The rest mesh of a shaped body, ready for the shader."""
    return Skin(rest_vertices(model, Shape() if shape is None else shape), *_topology(model))


class Turns:
    """Global joint rotations of a clip on a model, the same for every shape."""

    def __init__(self, model: BodyModel, clip: Clip) -> None:
        self.model, self.clip = model, clip
        self._kept: OrderedDict[int, Array] = OrderedDict()

    def at(self, frame: int) -> Array:
        """Rotations (J, 3, 3) of one frame."""
        block, row = divmod(frame, _BLOCK)
        if block in self._kept:
            self._kept.move_to_end(block)
        else:
            part = slice(block * _BLOCK, (block + 1) * _BLOCK)
            self._kept[block] = chain_global(self.model.parents, self.model.rotations(self.clip.poses[part]))
            if len(self._kept) > _BLOCKS_KEPT:
                self._kept.popitem(last=False)
        return np.asarray(self._kept[block][row])


@lru_cache(maxsize=8)
def turns(model: BodyModel, clip: Clip) -> Turns:
    """The rotations of a clip on a model, shared by all who ask."""
    return Turns(model, clip)


@lru_cache(maxsize=8)
def _descent(model: BodyModel) -> tuple[NDArray[np.intp], Array]:
    """Parents (the root its own), and who (J, J) is each joint's ancestor or itself: sums steps down the tree."""
    n = len(model.parents)
    above = np.eye(n)
    for j, parent in enumerate(model.parents):
        if parent >= 0:
            above[j] += above[parent]
    return np.where(model.parents < 0, np.arange(n), model.parents).astype(np.intp), above


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
        self.turns = turns(model, clip)
        self._root = root_terms(model, clip, shape)
        self._joints = shape_space(model).joints(self.shape)

    def __len__(self) -> int:
        return len(self.clip)

    def clipped(self, frame: int) -> int:
        """The frame, or the nearest there is."""
        return min(max(frame, 0), len(self.clip) - 1)

    def trans(self, frame: int) -> Array:
        """Translation (3,), m, of this body's root at a frame."""
        ratio, shift = self._root
        return np.asarray(ratio * self.clip.trans[frame] + shift)

    def at(self, frame: int) -> BonePose:
        """The pose of one frame, clipped to the clip."""
        frame = self.clipped(frame)
        rotations, rest = self.turns.at(frame), self._joints
        parents, above = _descent(self.model)
        steps = (rotations[parents] @ (rest - rest[parents])[..., None])[..., 0]
        steps[self.model.parents < 0] = rest[self.model.parents < 0] + self.trans(frame)
        joints = above @ steps
        offset = joints - (rotations @ rest[..., None])[..., 0]
        matrices = np.concatenate([rotations, offset[..., None]], axis=2)
        return BonePose(matrices.astype(np.float32), joints.astype(np.float32), self._corrected(frame))

    def _corrected(self, frame: int) -> Floats | None:
        """Rest vertices with pose blend shapes (official bodies): a few ms a frame on the CPU."""
        if self.model.pose_dirs is None:
            return None
        local = so3.matrix_from_rotvec(self.clip.poses[frame : frame + 1])
        still = np.eye(3)[None, None]
        local = np.concatenate([local, still], axis=1)[0, self.model.clip_joints]
        feature = (local[1:] - np.eye(3)).astype(np.float32).ravel()
        corrective = (feature @ self.model.pose_dirs).reshape(-1, 3)
        return np.asarray(self._rest + np.float32(self.shape.scale) * corrective)

    @cached_property
    def _rest(self) -> Floats:
        return rest_vertices(self.model, self.shape)


def skinned(skin: Skin, pose: BonePose) -> Floats:
    """Vertices (V, 3), m, as the shader places them: about 5 ms for 13 000."""
    rest = skin.vertices if pose.vertices is None else pose.vertices
    flat = pose.matrices.reshape(len(pose.matrices), 12)
    bones = skin.bones.astype(np.intp)
    blend = skin.weights[:, :1] * flat[bones[:, 0]]
    for k in range(1, bones.shape[1]):
        blend += skin.weights[:, k : k + 1] * flat[bones[:, k]]
    blend = blend.reshape(-1, 3, 4)
    return np.asarray((blend[..., :3] @ rest[..., None])[..., 0] + blend[..., 3])
