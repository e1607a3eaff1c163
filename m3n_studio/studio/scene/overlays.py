"""The skeleton drawn over the body: bones as slim double pyramids, joints with their axes as bars.

Geometry is worked out on the CPU for the frame shown (a few thousand vertices, well under a
millisecond) and lies over everything else, as bones are inside the skin.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from m3n_studio.studio.look.theme import Theme, rgb
from m3n_studio.studio.scene.bones import BonePose
from m3n_studio.studio.scene.shaders import program, uniform
from m3n_studio.studio.scene.visuals import Look

Array = NDArray[np.float64]

_VERTEX = np.dtype([("a_position", "f4", 3), ("a_normal", "f4", 3), ("a_color", "f4", 4)])
_WAIST = 0.18  # where along a bone it is thickest
_THICK, _SLIM = 0.09, 0.014  # half thickness: share of the length, and at most, m
_AXIS, _AXIS_OF_BONE = (
    0.075,
    0.45,
)  # length of an axis: at most, m, and as a share of the shortest bone that meets there


@lru_cache(maxsize=1)
def _pyramids() -> tuple[Array, Array]:
    """A double pyramid along +y of length one as 24 corners (24, 3) and normals, thickness one."""
    waist = np.array([(1, _WAIST, 0), (0, _WAIST, 1), (-1, _WAIST, 0), (0, _WAIST, -1)], dtype=np.float64)
    tips = (np.zeros(3), np.array([0.0, 1.0, 0.0]))
    corners, normals = [], []
    for i in range(4):
        for tip in tips:
            a, b = waist[i], waist[(i + 1) % 4]
            normal = a + b
            normal[1] = 0.0
            corners += [a, b, tip]
            normals += [normal / np.linalg.norm(normal)] * 3
    return np.array(corners), np.array(normals)


def bone_mesh(joints: NDArray, parents: NDArray, color: tuple[float, float, float]) -> NDArray:
    """Every bone as triangles, one structured vertex each. joints : (J, 3), m; parents : (J,), -1 for the root."""
    child = np.flatnonzero(parents >= 0)
    start = joints[parents[child]].astype(np.float64)
    along = joints[child] - start
    length = np.linalg.norm(along, axis=1)
    keep = length > 1e-4
    start, along, length = start[keep], along[keep], length[keep]
    y = along / length[:, None]
    helper = np.where(np.abs(y[:, 1:2]) < 0.9, (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
    x = np.cross(helper, y)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    frame = np.stack([x, y, np.cross(x, y)], axis=2)  # columns
    half = np.minimum(_THICK * length, _SLIM)
    size = np.stack([half, length, half], axis=1)
    corners, normals = _pyramids()
    out = np.zeros((len(length), len(corners)), dtype=_VERTEX)
    out["a_position"] = start[:, None] + np.einsum("bij,bvj->bvi", frame, size[:, None] * corners)
    out["a_normal"] = np.einsum("bij,vj->bvi", frame, normals)
    out["a_color"] = (*color, 1.0)
    return out.ravel()


@lru_cache(maxsize=1)
def _bar() -> tuple[Array, Array]:
    """A bar along x from 0 to 1 as 36 corners, thickness one, with normals."""
    corners, normals = [], []
    low, high = np.array([0.0, -0.5, -0.5]), np.array([1.0, 0.5, 0.5])
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        for side, at in enumerate((low, high)):
            quad = np.empty((4, 3))
            quad[:, axis] = at[axis]
            quad[:, u] = np.array([low, high, high, low])[:, u]
            quad[:, v] = np.array([low, low, high, high])[:, v]
            normal = np.zeros(3)
            normal[axis] = 2 * side - 1
            corners += list(quad[[0, 1, 2, 0, 2, 3]])
            normals += [normal] * 6
    return np.array(corners), np.array(normals)


def axis_lengths(joints: NDArray, parents: NDArray) -> Array:
    """Length (J,), m, of each joint's axes: short where bones are short, as in fingers."""
    out = np.full(len(joints), _AXIS)
    for child, parent in enumerate(parents):
        if parent >= 0:
            share = _AXIS_OF_BONE * float(np.linalg.norm(joints[child] - joints[parent]))
            out[child], out[parent] = min(out[child], share), min(out[parent], share)
    return np.maximum(out, 0.008)


def axis_mesh(pose: BonePose, parents: NDArray, colors: tuple[str, str, str]) -> NDArray:
    """Every joint's x, y and z axis as bars in three colours."""
    lengths = axis_lengths(pose.joints, parents)
    corners, normals = _bar()
    rotations = pose.matrices[:, :, :3].astype(np.float64)
    out = np.zeros((3, len(lengths), len(corners)), dtype=_VERTEX)
    for axis, color in enumerate(colors):
        order = [axis, (axis + 1) % 3, (axis + 2) % 3]
        frame = rotations[:, :, order]
        size = np.stack([lengths, 0.075 * lengths, 0.075 * lengths], axis=1)
        out["a_position"][axis] = pose.joints[:, None] + np.einsum("bij,bvj->bvi", frame, size[:, None] * corners)
        out["a_normal"][axis] = np.einsum("bij,vj->bvi", frame, normals)
        out["a_color"][axis] = (*rgb(color), 1.0)
    return out.ravel()


class SkeletonVisual:
    """Bones and joint axes over the body, lit as the sensors are."""

    def __init__(self) -> None:
        self._program = program("device")
        self._buffers: dict[str, tuple[object, int]] = {}

    def draw(self, look: Look, pose: BonePose, parents: NDArray, theme: Theme, *, bones: bool, axes: bool) -> None:
        """Draw over what is there."""
        from vispy import gloo

        gloo.clear(color=False, depth=True)
        self._program["u_case"] = rgb(theme.text)
        self._program["u_key"] = look.key.astype(np.float32)
        self._program["u_model"] = uniform(np.eye(4))
        look.apply(self._program)
        colors = (theme.axis_x, theme.axis_y, theme.axis_z)
        parts: tuple[tuple[bool, str, Callable[[], NDArray]], ...] = (
            (bones, "bones", lambda: bone_mesh(pose.joints, parents, rgb(theme.text))),
            (axes, "axes", lambda: axis_mesh(pose, parents, colors)),
        )
        for wanted, name, make in parts:
            if wanted:
                self._draw(name, make())

    def _draw(self, name: str, mesh: NDArray) -> None:
        from vispy import gloo

        kept = self._buffers.get(name)
        if kept is None or kept[1] != len(mesh):
            kept = self._buffers[name] = (gloo.VertexBuffer(mesh), len(mesh))
        else:
            kept[0].set_data(mesh)  # type: ignore[attr-defined]
        self._program.bind(kept[0])
        self._program.draw("triangles")
