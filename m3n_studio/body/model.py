"""`BodyModel`: a body of the SMPL family as arrays, and its kinematics.

One class serves SMPL, SMPL-H, SMPL-X and the default body. Everything is y-up, metres, and
frozen. The formulas are those of Loper et al. 2015 (SMPL), eq. 2-4.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.body.skeleton import FAMILY_JOINTS, JOINTS

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BodyModel:
    """An SMPL-family body.

    Attributes
    ----------
    name : str
        Identifies the shape space, e.g. ``"m3n"`` or ``"smplh-male"``; betas are only
        meaningful for the space they were made in.
    family : {"smpl", "smplh", "smplx"}
    gender : {"neutral", "female", "male"}
    vertices : (V, 3) float64, m
        Rest shape (template), y-up, T-pose.
    faces : (F, 3) int32
    parents : (J,) int32
        Parent of each joint in the family's own order, -1 for the root.
    weights : (V, J) float64
        Skin weights, rows sum to one.
    regressor : (J, V) array or scipy sparse
        Joint regressor.
    shape_dirs : (V, 3, B) float64, m
        Displacement per unit beta.
    pose_dirs : (9 (J-1), 3 V) float32 or None
        Pose blend shapes in smplx's layout; None where the body has none.
    """

    name: str
    family: str
    gender: str
    vertices: Array
    faces: NDArray[np.int32]
    parents: NDArray[np.int32]
    weights: Array
    regressor: Array
    shape_dirs: Array
    pose_dirs: NDArray[np.float32] | None = field(default=None, repr=False)

    @property
    def n_betas(self) -> int:
        """Number of shape components B."""
        return int(self.shape_dirs.shape[2])

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Names of the J joints in the model's own order."""
        return FAMILY_JOINTS[self.family]

    @cached_property
    def joints(self) -> Array:
        """Rest joints of the template (J, 3), m."""
        return np.asarray(self.regressor @ self.vertices)

    @cached_property
    def joint_dirs(self) -> Array:
        """Joint displacement per unit beta (J, 3, B), m."""
        v, b = len(self.vertices), self.n_betas
        flat = self.regressor @ self.shape_dirs.reshape(v, 3 * b)
        return np.asarray(flat).reshape(len(self.parents), 3, b)

    @cached_property
    def clip_joints(self) -> NDArray[np.intp]:
        """For each model joint, its index among a clip's 52 joints, or 52 for "does not move"."""
        place = {name: i for i, name in enumerate(JOINTS)}
        return np.array([place.get(name, len(JOINTS)) for name in self.joint_names])

    def rotations(self, poses: Array) -> Array:
        """Local joint rotations (T, J, 3, 3) of this model for a clip's poses (T, 52, 3), rad.

        Joints the clip does not have (jaw, eyes, SMPL's whole hands) stay at rest.
        """
        matrices = so3.matrix_from_rotvec(poses)
        still = np.broadcast_to(np.eye(3), (len(matrices), 1, 3, 3))
        return np.concatenate([matrices, still], axis=1)[:, self.clip_joints]


def chain_global(parents: NDArray[np.int32], local: Array) -> Array:
    """Global rotations G (T, J, 3, 3) from local ones, down the tree."""
    out = np.empty_like(local)
    for j, parent in enumerate(parents):
        out[:, j] = local[:, j] if parent < 0 else out[:, parent] @ local[:, j]
    return out


def chain_positions(parents: NDArray[np.int32], rotations: Array, joints: Array, trans: Array) -> Array:
    """Joint positions (T, J, 3), m: ``p_j = p_parent + G_parent (J_j - J_parent)``.

    rotations : (T, J, 3, 3) global; joints : (J, 3) rest, m; trans : (T, 3), m, added to the
    root joint as in smplx.
    """
    out = np.empty((*rotations.shape[:2], 3))
    for j, parent in enumerate(parents):
        if parent < 0:
            out[:, j] = joints[j] + trans
        else:
            out[:, j] = out[:, parent] + rotations[:, parent] @ (joints[j] - joints[parent])
    return out


def skin(model: BodyModel, rotations: Array, positions: Array, vertices: Array, joints: Array) -> Array:
    """Linear blend skinning: vertices (T, V, 3) m from global rotations and joint positions.

    rotations : (T, J, 3, 3); positions : (T, J, 3); vertices : (V, 3) or (T, V, 3) rest;
    joints : (J, 3) rest. Costs one (V, J) x (J, 12) product per frame.
    """
    offset = positions - np.einsum("tjab,jb->tja", rotations, joints)
    affine = np.concatenate([rotations, offset[..., None]], axis=3).reshape(len(rotations), -1, 12)
    out = np.empty((len(rotations), len(model.vertices), 3))
    for t in range(len(rotations)):
        blend = (model.weights @ affine[t]).reshape(-1, 3, 4)
        v = vertices if vertices.ndim == 2 else vertices[t]
        out[t] = np.einsum("vab,vb->va", blend[..., :3], v) + blend[..., 3]
    return out
