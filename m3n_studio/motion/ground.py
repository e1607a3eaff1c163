"""Put a clip on the floor: one constant vertical offset, so no derivative changes.

The lowest point of the feet is found on the skin, not at the joints: at most 64 vertices of
each foot that are extreme in some direction are skinned, which is exact for every pose that
keeps the foot's hull and costs about 0.05 ms a frame.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from m3n_studio.body.forward import joints_over_time
from m3n_studio.body.model import BodyModel
from m3n_studio.body.shape import shape_space
from m3n_studio.motion.clip import Clip

Array = NDArray[np.float64]
_CHUNK = 4096


@lru_cache(maxsize=8)
def sole_vertices(model: BodyModel) -> NDArray[np.intp]:
    """Indices of skin vertices that span the hull of both feet."""
    golden = np.pi * (1.0 + 5.0**0.5) * np.arange(64)
    height = 1.0 - 2.0 * (np.arange(64) + 0.5) / 64
    ring = np.sqrt(1.0 - height**2)
    directions = np.column_stack([ring * np.cos(golden), height, ring * np.sin(golden)])
    index = {name: i for i, name in enumerate(model.joint_names)}
    found: set[int] = set()
    for side in ("left", "right"):
        foot = [index[f"{side}_ankle"], index[f"{side}_foot"]]
        own = np.flatnonzero(model.weights[:, foot].sum(axis=1) > 0.5)
        if len(own):
            found.update(own[np.argmax(model.vertices[own] @ directions.T, axis=0)].tolist())
    return np.array(sorted(found), dtype=np.intp)


def sole_heights(clip: Clip, model: BodyModel) -> Array:
    """Height (T,) of the lowest point of the feet over y = 0, m."""
    chosen = sole_vertices(model)
    joints = shape_space(model).joints(clip.shape)
    if not len(chosen):  # a body without feet: its ankles
        index = {name: i for i, name in enumerate(model.joint_names)}
        ankles = [index["left_ankle"], index["right_ankle"]]
        return np.asarray(joints_over_time(model, clip.poses, clip.trans, clip.shape)[1][:, ankles, 1].min(axis=1))
    rest = shape_space(model).vertices(clip.shape)[chosen]
    weights = model.weights[chosen]
    used = np.flatnonzero(weights.any(axis=0))
    out = np.empty(len(clip))
    for start in range(0, len(clip), _CHUNK):
        part = slice(start, start + _CHUNK)
        rotations, positions = joints_over_time(model, clip.poses[part], clip.trans[part], clip.shape)
        row = rotations[:, used, 1]  # the row of each rotation that gives y
        shift = positions[:, used, 1] - np.einsum("tjb,jb->tj", row, joints[used])
        height = np.einsum("vj,tjb,vb->tv", weights[:, used], row, rest, optimize=True) + shift @ weights[:, used].T
        out[part] = height.min(axis=1)
    return out


def ground(clip: Clip, model: BodyModel, *, percentile: float = 0.0) -> Clip:
    """The clip moved up or down so that its lowest foot stands on y = 0.

    Parameters
    ----------
    percentile : float
        Share of frames, in percent, allowed below the floor: 0 for exact motions, some for
        motions with jitter.
    """
    heights = sole_heights(clip, model)[clip.valid]
    if not len(heights):
        return clip
    trans = clip.trans.copy()
    trans[:, 1] -= np.percentile(heights, percentile)
    return clip.with_(trans=trans)
