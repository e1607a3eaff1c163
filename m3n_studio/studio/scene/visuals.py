"""What is drawn on the stage: body, ground with contact shadow, sensors.

Each visual owns one gloo program and draws itself into the current context when given the
:class:`Look` of the moment. Nothing here knows Qt or time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from m3n_studio.body.skeleton import BODY_JOINTS, PARENTS
from m3n_studio.studio.look.theme import StageColors, rgb
from m3n_studio.studio.scene.bones import BonePose, Skin
from m3n_studio.studio.scene.shaders import program, uniform

Array = NDArray[np.float64]

GROUND_RADIUS_M = 9.0


@dataclass(frozen=True, eq=False)
class Look:
    """View and projection (4, 4), eye (3,), key light direction (3,), colours."""

    view: Array
    projection: Array
    eye: Array
    key: Array
    colors: StageColors

    def apply(self, target: Any) -> None:
        """Set the uniforms every program has."""
        target["u_view"] = uniform(self.view)
        target["u_projection"] = uniform(self.projection)


class BodyVisual:
    """A body skinned in the vertex shader.

    Once per body: vertices, normals, bones and weights go to the card. Once per frame: one
    (J, 3, 4) float texture.
    """

    def __init__(self, skin: Skin, n_bones: int) -> None:
        from vispy import gloo

        k = skin.bones.shape[1]
        self._position, self._normal = gloo.VertexBuffer(skin.vertices), gloo.VertexBuffer(skin.normals)
        self._buffers = {"a_position": self._position, "a_normal": self._normal}
        for suffix, part in (("", slice(0, 4)), ("_more", slice(4, 8))):
            if part.start < k:
                self._buffers["a_bones" + suffix] = gloo.VertexBuffer(np.ascontiguousarray(skin.bones[:, part]))
                self._buffers["a_weights" + suffix] = gloo.VertexBuffer(np.ascontiguousarray(skin.weights[:, part]))
        self._faces = gloo.IndexBuffer(np.ascontiguousarray(skin.faces))
        still = np.tile(np.eye(3, 4, dtype=np.float32), (n_bones, 1, 1))
        self._bones = gloo.Texture2D(still, format="rgba", internalformat="rgba32f", interpolation="nearest")
        self._n_bones = n_bones
        self._tint: Any = None
        self._skin, self._tinted, self.rough = skin, False, False
        self._programs: dict[bool, Any] = {}

    @property
    def _program(self) -> Any:
        """The program for plain or coloured skin: colours cost a fifth of the frame rate in software."""
        if self._tinted not in self._programs:
            made = program("body", defines={"INFLUENCES": self._skin.bones.shape[1], "TINTED": int(self._tinted)})
            for name, buffer in self._buffers.items():
                made[name] = buffer
            if self._tinted:
                made["a_tint"] = self._tint
            made["u_bones"], made["u_bone_count"] = self._bones, float(self._n_bones)
            self._programs[self._tinted] = made
        return self._programs[self._tinted]

    def set_pose(self, pose: BonePose) -> None:
        """Show one frame."""
        self._bones.set_data(np.ascontiguousarray(pose.matrices))
        if pose.vertices is not None:
            self._position.set_data(np.ascontiguousarray(pose.vertices))

    def wears(self, skin: Skin) -> bool:
        """Whether that skin is drawn, or one of the same body that :meth:`set_skin` can turn into it."""
        return self._skin.like(skin)

    def set_skin(self, skin: Skin) -> None:
        """Another shape of the same body: its normals stay rough until :meth:`refine`."""
        if skin is not self._skin:
            self._position.set_data(skin.vertices)
            self._skin, self.rough = skin, True

    def refine(self) -> None:
        """Exact normals for the shape shown."""
        if self.rough:
            self._normal.set_data(self._skin.normals)
            self.rough = False

    def set_tint(self, colors: NDArray | None) -> None:
        """Colour every vertex (V, 3), 0 to 1; None: the theme's colour everywhere."""
        self._tinted = colors is not None
        if colors is None:
            return
        data = np.ascontiguousarray(colors, dtype=np.float32)
        if self._tint is None:
            from vispy import gloo

            self._tint = gloo.VertexBuffer(data)
        else:
            self._tint.set_data(data)

    def draw(self, look: Look, *, color: str = "", shift: Array | None = None, opacity: float = 1.0) -> None:
        """Draw into the current framebuffer: in the theme's colour or another, shifted by (3,) m, see-through."""
        skin = self._program
        look.apply(skin)
        for name, value in (
            ("u_sky", look.colors.sky),
            ("u_ground", look.colors.bounce),
            *([] if self._tinted else [("u_color", color or look.colors.body)]),
        ):
            skin[name] = rgb(value)
        skin["u_key"] = look.key.astype(np.float32)
        skin["u_eye"] = look.eye.astype(np.float32)
        skin["u_shift"] = np.zeros(3, np.float32) if shift is None else np.asarray(shift, np.float32)
        skin["u_opacity"] = opacity
        if opacity < 1.0:
            self._draw_glass()
        else:
            skin.draw("triangles", self._faces)

    def _draw_glass(self) -> None:
        """See-through: first the depth of the nearest skin, then only that skin, once."""
        from vispy import gloo

        gloo.set_color_mask(False, False, False, False)
        self._program.draw("triangles", self._faces)
        gloo.set_color_mask(True, True, True, True)
        gloo.set_depth_func("lequal")
        gloo.set_state(blend=True, blend_func=("src_alpha", "one_minus_src_alpha", "zero", "one"))
        self._program.draw("triangles", self._faces)
        gloo.set_state(blend=False)
        gloo.set_depth_func("less")


#: Body segments that shade the ground: thickness in m by the joint at their far end.
_THICKNESS = {
    "hip": 0.15, "knee": 0.11, "ankle": 0.09, "foot": 0.07, "spine1": 0.16, "spine2": 0.16, "spine3": 0.16,
    "neck": 0.12, "head": 0.13, "collar": 0.10, "shoulder": 0.10, "elbow": 0.075, "wrist": 0.065,
}  # fmt: skip
_SEGMENTS = tuple(
    (PARENTS[j], j, _THICKNESS[name.removeprefix("left_").removeprefix("right_")])
    for j, name in enumerate(BODY_JOINTS)
    if PARENTS[j] >= 0
)


#: Cells of the mesh the contact shadow is drawn as, along x and z.
_SHADOW_CELLS = (40, 32)


def shadow_mesh(joints: NDArray, strength: float) -> NDArray[np.float32]:
    """How dark the ground is under a body: soft capsules under each segment, on a grid that just holds them.

    joints : (J, 3), m. Returns (33 * 41, 3) rows of x and z, m, and darkness, 0 to 1. The higher a
    segment is, the wider and fainter its shadow. One smooth mesh costs a third of drawing every
    capsule over the others.
    """
    start, end, size = (np.array(column) for column in zip(*_SEGMENTS, strict=True))
    a, b = joints[start].astype(np.float64), joints[end].astype(np.float64)
    middle, along = 0.5 * (a + b)[:, [0, 2]], (b - a)[:, [0, 2]]
    half = 0.5 * np.linalg.norm(along, axis=1)
    u = np.where(half[:, None] > 1e-6, along / np.maximum(2 * half, 1e-9)[:, None], (1.0, 0.0))
    height = np.maximum(0.5 * (a[:, 1] + b[:, 1]) - 0.03, 0.0)
    reach = 1.5 * size + 0.22 * height
    depth = strength * np.minimum(1.0, (1.2 * size / reach) ** 1.4) / (1.0 + 1.1 * height)
    room = half[:, None] * np.abs(u) + reach[:, None]
    low, high = (middle - room).min(axis=0), (middle + room).max(axis=0)
    x, z = (np.linspace(low[i], high[i], _SHADOW_CELLS[i] + 1, dtype=np.float32) for i in (0, 1))
    u, reach, half = u.astype(np.float32), reach.astype(np.float32)[:, None, None], half.astype(np.float32)
    dx, dz = x - middle[:, :1].astype(np.float32), z - middle[:, 1:].astype(np.float32)
    beyond = np.abs((dz * u[:, 1:])[:, :, None] + (dx * u[:, :1])[:, None, :])
    beyond -= half[:, None, None]
    np.maximum(beyond, 0.0, out=beyond)
    across = (dz * u[:, :1])[:, :, None] - (dx * u[:, 1:])[:, None, :]
    near = np.sqrt(beyond * beyond + across * across)
    near /= -reach
    near += 1.0
    np.maximum(near, 0.0, out=near)
    taken = near * near
    taken *= depth.astype(np.float32)[:, None, None] * (3.0 - 2.0 * near)
    out = np.empty((len(z), len(x), 3), dtype=np.float32)
    out[..., 0], out[..., 1] = x, z[:, None]
    out[..., 2] = 1.0 - np.prod(1.0 - taken, axis=0)
    return out.reshape(-1, 3)


def _grid_faces(columns: int, rows: int) -> NDArray[np.uint32]:
    """Triangles of a grid of so many cells."""
    corner = (np.arange(rows)[:, None] * (columns + 1) + np.arange(columns)).reshape(-1, 1)
    quad = np.array([0, 1, columns + 2, 0, columns + 2, columns + 1])
    return (corner + quad).astype(np.uint32).ravel()


class GroundVisual:
    """The floor at y = 0: a grid that fades out, and the contact shadow."""

    def __init__(self) -> None:
        from vispy import gloo

        self._floor = program("ground")
        r = GROUND_RADIUS_M
        turns = 2 * np.pi * (np.arange(8) + 0.5) / 8
        rim = r / np.cos(np.pi / 8) * np.column_stack([np.cos(turns), np.sin(turns)])
        self._floor["a_corner"] = gloo.VertexBuffer(rim.astype(np.float32))
        self._floor["u_radius"] = r
        self._shadow = program("shadow")
        columns, rows = _SHADOW_CELLS
        self._cells = gloo.VertexBuffer(np.zeros(((columns + 1) * (rows + 1), 3), np.float32))
        self._shadow["a_ground"] = self._cells
        self._index = gloo.IndexBuffer(_grid_faces(columns, rows))

    def draw(self, look: Look, center: tuple[float, float], bodies: Sequence[NDArray]) -> None:
        """Draw the floor round a point (x, z), m, then the shadows of bodies, each by its joints (J, 3), m.

        After what stands on it: what is hidden then costs nothing.
        """
        look.apply(self._floor)
        self._floor["u_center"] = center
        for name, color in (("u_background", look.colors.background), ("u_floor", look.colors.floor),
                            ("u_line", look.colors.line)):  # fmt: skip
            self._floor[name] = rgb(color)
        self._floor.draw("triangle_fan")
        for joints in bodies:
            self._cast(look, joints)

    def _cast(self, look: Look, joints: NDArray) -> None:
        from vispy import gloo

        self._cells.set_data(shadow_mesh(joints, look.colors.shadow_strength))
        look.apply(self._shadow)
        self._shadow["u_shadow"] = rgb(look.colors.shadow)
        # alpha stays one: Qt takes what is less for a translucent widget
        gloo.set_state(blend=True, blend_func=("src_alpha", "one_minus_src_alpha", "zero", "one"), depth_test=True)
        gloo.set_depth_mask(False)
        self._shadow.draw("triangles", self._index)
        gloo.set_depth_mask(True)
        gloo.set_state(blend=False)


def _box(low: tuple[float, float, float], high: tuple[float, float, float], color: tuple[float, ...]) -> NDArray:
    """A box as (36,) vertices with position, normal and colour."""
    out = np.zeros(36, dtype=[("a_position", "f4", 3), ("a_normal", "f4", 3), ("a_color", "f4", 4)])
    corners = np.array([low, high], dtype=np.float64)
    row = 0
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        for side in (0, 1):
            quad = np.empty((4, 3))
            quad[:, axis] = corners[side, axis]
            quad[:, u] = corners[[0, 1, 1, 0], u]
            quad[:, v] = corners[[0, 0, 1, 1], v]
            out["a_position"][row : row + 6] = quad[[0, 1, 2, 0, 2, 3]]
            out["a_normal"][row : row + 6, axis] = 2 * side - 1
            row += 6
    out["a_color"] = color
    return out


def device_mesh(axes: tuple[str, str, str]) -> NDArray:
    """A watch-sized sensor (z away from the skin) with its axes as thin bars in three colours."""
    case = _box((-0.021, -0.025, -0.002), (0.021, 0.025, 0.013), (0, 0, 0, 0))
    face = _box((-0.009, -0.012, 0.013), (0.009, 0.012, 0.0145), (0.08, 0.09, 0.11, 1.0))
    bars = []
    for axis, color in enumerate(axes):
        low, high = np.full(3, -0.0028), np.full(3, 0.0028)
        low[2] += 0.007
        high[2] += 0.007
        low[axis], high[axis] = 0.0, 0.088
        bars.append(_box(tuple(low), tuple(high), (*rgb(color), 1.0)))
    return np.concatenate([case, face, *bars])


class DeviceVisual:
    """The sensors on the body, each a little device with its axes x, y, z."""

    def __init__(self, axes: tuple[str, str, str]) -> None:
        from vispy import gloo

        self._program = program("device")
        self._program.bind(gloo.VertexBuffer(device_mesh(axes)))

    def draw(
        self, look: Look, poses: NDArray, selected: int, accent: str, tints: Sequence[str | None] = ()
    ) -> None:  # fmt: skip
        """Draw sensors at ``poses`` (P, 4, 4), rest to world.

        The selected one is in `accent`, or larger where sensors have colours of their own (`tints`).
        """
        look.apply(self._program)
        self._program["u_key"] = look.key.astype(np.float32)
        for i, pose in enumerate(poses):
            tint = tints[i] if i < len(tints) else None
            size = 1.35 if tint and i == selected else 1.0
            self._program["u_model"] = uniform(pose @ np.diag([size, size, size, 1.0]))
            self._program["u_case"] = rgb(tint or (accent if i == selected else look.colors.device))
            self._program.draw("triangles")


DEPTH_24 = 0x81A6  # GL_DEPTH_COMPONENT24; gloo's "depth" has 16 bits, millimetres at arm's length


class Smoother:
    """Draws at twice the size and halves the picture: smooth edges on any OpenGL.

    In software this costs four times the pixels, so it is for pictures that stand still.
    """

    def __init__(self) -> None:
        from vispy import gloo

        self._program = program("resolve")
        self._program["a_corner"] = gloo.VertexBuffer(np.array([(-1, -1), (1, -1), (-1, 1), (1, 1)], dtype=np.float32))
        self._size = (0, 0)

    def draw(self, width: int, height: int, draw: Callable[[int, int], None]) -> None:
        """Call `draw` with twice the size, then put the half-size picture on the current framebuffer."""
        from vispy import gloo

        if (width, height) != self._size:
            shape = (2 * height, 2 * width)
            self._picture = gloo.Texture2D(
                (*shape, 4), format="rgba", internalformat="rgba8", interpolation="linear", wrapping="clamp_to_edge"
            )
            self._target = gloo.FrameBuffer(self._picture, gloo.RenderBuffer(shape, DEPTH_24))
            self._program["u_picture"] = self._picture
            self._size = (width, height)
        with self._target:
            draw(2 * width, 2 * height)
        gloo.set_viewport(0, 0, width, height)
        gloo.set_state(depth_test=False, blend=False)
        self._program.draw("triangle_strip")
