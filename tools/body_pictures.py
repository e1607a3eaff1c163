"""Render the default body at rest, in hard poses and in many shapes to ``docs/pictures/body-*.png``.

    python tools/body_pictures.py [--body FILE] [--out DIR] [NAME ...]

Off-screen through EGL (no display needed), shaded by a fixed light, about a second a picture.
A person is meant to look at the result: torn or collapsed skin shows here first.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("EGL_PLATFORM", "surfaceless")

import numpy as np
import vispy

vispy.use("egl")
from vispy import gloo, io  # noqa: E402 - after the backend is chosen

from m3n_studio import so3  # noqa: E402
from m3n_studio.body.files import default_body, load_body  # noqa: E402
from m3n_studio.body.forward import forward  # noqa: E402
from m3n_studio.body.model import BodyModel  # noqa: E402
from m3n_studio.body.shape import LIMBS, Shape  # noqa: E402
from m3n_studio.body.skeleton import JOINT_INDEX, N_JOINTS  # noqa: E402
from m3n_studio.body.solve import solve_shape  # noqa: E402

OUT = Path(__file__).resolve().parents[1] / "docs" / "pictures"
_VERTEX = """
attribute vec3 position; attribute vec3 normal; uniform mat4 matrix; varying vec3 n;
void main() { n = normal; gl_Position = matrix * vec4(position, 1.0); }
"""
_FRAGMENT = """
varying vec3 n; uniform vec3 eye;
void main() {
    vec3 m = normalize(n);
    float key = max(dot(m, normalize(eye + vec3(0.5, 0.8, 0.0))), 0.0);
    float fill = max(dot(m, normalize(vec3(-0.6, 0.2, 0.4))), 0.0);
    vec3 colour = gl_FrontFacing ? vec3(0.80, 0.71, 0.64) : vec3(0.9, 0.1, 0.1);
    gl_FragColor = vec4(colour * (0.25 + 0.65 * key + 0.2 * fill), 1.0);
}
"""
Rotations = dict[str, tuple[float, float, float]]


def normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Vertex normals (V, 3), weighted by area."""
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    face = np.cross(b - a, c - a)
    out = np.stack([np.bincount(faces.ravel(), np.repeat(face[:, k], 3), len(vertices)) for k in range(3)], axis=1)
    return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12)


def view_matrix(turn_deg: float, tilt_deg: float, centre: np.ndarray, height_m: float,
                aspect: float) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Orthographic projection (4, 4) for column vectors and the direction (3,) to the eye."""
    r = so3.matrix_from_rotvec(np.array([np.radians(tilt_deg), 0.0, 0.0]))
    r = r @ so3.matrix_from_rotvec(np.array([0.0, -np.radians(turn_deg), 0.0]))
    scale = np.array([2.0 / (height_m * aspect), 2.0 / height_m, -0.2])
    out = np.eye(4)
    out[:3, :3] = scale[:, None] * r
    out[:3, 3] = -out[:3, :3] @ centre
    return out, r[2]


class Painter:
    """Paints views side by side into one image."""

    def __init__(self, model: BodyModel) -> None:
        from vispy.app import Canvas

        self.model = model
        self.canvas = Canvas(size=(16, 16), show=False)
        self.program = gloo.Program(_VERTEX, _FRAGMENT)

    def paint(self, vertices: np.ndarray, *, turn_deg: float, tilt_deg: float = 5.0, size: tuple[int, int],
              centre: np.ndarray, height_m: float) -> np.ndarray:  # fmt: skip
        """Picture (height, width, 3) uint8 of one view; twice the size is drawn and averaged."""
        w, h = 2 * size[0], 2 * size[1]
        matrix, eye = view_matrix(turn_deg, tilt_deg, centre, height_m, w / h)
        with self.canvas:
            colour = gloo.Texture2D(shape=(h, w, 4))
            buffer = gloo.FrameBuffer(colour, gloo.RenderBuffer((h, w), "depth"))
            with buffer:
                gloo.set_viewport(0, 0, w, h)
                gloo.set_state(depth_test=True, blend=False, cull_face=False)
                gloo.clear(color=(0.97, 0.97, 0.98, 1.0), depth=True)
                self.program["position"] = vertices.astype(np.float32)
                self.program["normal"] = normals(vertices, self.model.faces).astype(np.float32)
                self.program["matrix"] = matrix.T.astype(np.float32)
                self.program["eye"] = eye.astype(np.float32)
                self.program.draw("triangles", gloo.IndexBuffer(self.model.faces.astype(np.uint32)))
                image = gloo.read_pixels((0, 0, w, h), alpha=False)
        return image.reshape(size[1], 2, size[0], 2, 3).mean(axis=(1, 3)).astype(np.uint8)


# --- poses --------------------------------------------------------------------------------------


def pose(rotations: Rotations) -> np.ndarray:
    """One frame of poses (1, 52, 3), rad, from degrees by joint name; ``both_knee`` means left and right."""
    out = np.zeros((1, N_JOINTS, 3))
    for name, degrees in rotations.items():
        vector = np.radians(degrees)
        if name.startswith("both_"):
            out[0, JOINT_INDEX["left_" + name[5:]]] = vector
            out[0, JOINT_INDEX["right_" + name[5:]]] = vector * (1, -1, -1)
        else:
            out[0, JOINT_INDEX[name]] = vector
    return out


#: Sideways slant of each finger at rest, as a share of its forward direction: it bends about the axis across it.
SLANT = {"index": 0.05, "middle": -0.06, "ring": -0.2, "pinky": -0.33}


def fist() -> Rotations:
    out: Rotations = {"both_thumb1": (30, 20, 0), "both_thumb2": (38, 20, 0), "both_thumb3": (50, 20, 0)}
    for finger, slant in SLANT.items():
        for k, bend in ((1, 75), (2, 92), (3, 55)):
            closing = 40 * slant if k == 1 else 0
            out[f"both_{finger}{k}"] = (bend * slant, closing, -bend)
    return out


POSES: dict[str, Rotations] = {
    "rest": {},
    "arms-overhead": {"both_collar": (0, 0, 20), "both_shoulder": (0, 0, 65)},
    "arms-down": {"both_collar": (0, 0, -8), "both_shoulder": (0, 0, -70)},
    "squat": {"both_hip": (-110, 25, 10), "both_knee": (125, 0, 0), "both_ankle": (-28, 0, 0), "spine1": (18, 0, 0),
              "spine2": (12, 0, 0), "both_shoulder": (0, -75, -10)},
    "elbows": {"both_shoulder": (0, -25, 0), "both_elbow": (0, -140, 0)},
    "pronation": {"left_elbow": (20, 0, 0), "left_wrist": (60, 0, 0), "right_elbow": (-20, 0, 0),
                  "right_wrist": (-60, 0, 0)},
    "fist": fist(),
    "reach": {"both_shoulder": (0, -85, 0)},
    "head": {"neck": (0, 35, 0), "head": (0, 35, 0)},
    "kneel": {"both_knee": (140, 0, 0), "left_hip": (-90, 0, 0), "both_collar": (0, 0, -8),
              "both_shoulder": (0, 0, -70)},
}  # fmt: skip
#: Views: (turn, tilt), region of interest (joint or "" for all), height of the picture in metres.
VIEWS: dict[str, tuple[tuple[float, float, str, float], ...]] = {
    "rest": ((0, 5, "", 1.95), (90, 5, "", 1.95), (180, 5, "", 1.95)),
    "arms-overhead": ((0, 5, "", 2.3), (60, 5, "spine3", 0.8), (180, 5, "spine3", 0.8)),
    "arms-down": ((0, 5, "", 1.95), (45, 5, "spine3", 0.8), (180, 5, "spine3", 0.8)),
    "squat": ((30, 5, "", 1.3), (90, 5, "", 1.3), (180, 5, "", 1.3), (0, 5, "pelvis", 0.7)),
    "elbows": ((20, 5, "spine3", 0.9), (0, 80, "left_elbow", 0.5), (150, 20, "left_elbow", 0.5)),
    "pronation": ((0, 10, "left_wrist", 0.4), (0, 80, "left_wrist", 0.4), (0, 10, "right_wrist", 0.4)),
    "fist": ((20, 10, "left_middle1", 0.22), (20, 80, "left_middle1", 0.22), (0, -60, "left_middle1", 0.22),
             (90, 5, "left_middle1", 0.22)),
    "reach": ((30, 5, "spine3", 1.1), (0, 80, "spine3", 0.9), (180, 5, "spine3", 0.8)),
    "head": ((0, 5, "head", 0.5), (60, 5, "head", 0.5), (180, 5, "head", 0.5)),
    "kneel": ((60, 5, "", 1.4), (90, 5, "left_knee", 0.6), (200, 10, "pelvis", 0.6)),
}  # fmt: skip


def pose_picture(painter: Painter, name: str, shape: Shape) -> np.ndarray:
    vertices, joints = forward(painter.model, pose(POSES[name]), np.zeros((1, 3)), shape)
    tiles = []
    for turn, tilt, joint, height in VIEWS[name]:
        whole = 0.5 * (vertices[0].min(axis=0) + vertices[0].max(axis=0))
        centre = joints[0, JOINT_INDEX[joint]] if joint else whole
        tiles.append(painter.paint(vertices[0], turn_deg=turn, tilt_deg=tilt, size=(400, 400), centre=centre,
                                   height_m=height))  # fmt: skip
    return np.concatenate(tiles, axis=1)


def standing(painter: Painter, shapes: list[Shape], *, per_row: int, turn_deg: float = 25.0) -> np.ndarray:
    """Bodies with their arms hanging, feet on one line."""
    tiles = []
    for shape in shapes:
        vertices = forward(painter.model, pose(POSES["arms-down"]), np.zeros((1, 3)), shape)[0][0]
        centre = np.array([0.0, vertices[:, 1].min() + 1.0, 0.0])
        tiles.append(painter.paint(vertices, turn_deg=turn_deg, size=(140, 290), centre=centre, height_m=2.1))
    rows = [np.concatenate(tiles[i : i + per_row], axis=1) for i in range(0, len(tiles), per_row)]
    return np.concatenate(rows)


def beta_shapes(count: int, sigma: float) -> list[Shape]:
    return [Shape(tuple(s * sigma * (i == k) for i in range(k + 1))) for s in (-1, 1) for k in range(count)]


def limb_shapes() -> list[Shape]:
    return [Shape(limbs={limb: s}) for s in (-0.15, 0.15) for limb in LIMBS]


def asked_shapes(model: BodyModel) -> list[Shape]:
    """Short, tall, light and heavy people, by stature (m) and mass (kg), and one of the template's."""
    asked = ((1.5, 46), (1.6, 80), (1.7, 50), (1.7, 70), (1.7, 100), (1.8, 65), (1.9, 88), (2.0, 115))
    return [solve_shape(model, {"stature": s, "mass": m}).shape for s, m in asked]


def random_shapes(model: BodyModel, count: int) -> list[Shape]:
    rng = np.random.default_rng(3)
    return [Shape(tuple(rng.normal(size=model.n_betas))) for _ in range(count)]


SHAPE_PICTURES: dict[str, Callable[[Painter], np.ndarray]] = {
    "components": lambda p: standing(p, beta_shapes(7, 2.0), per_row=7),
    "limbs": lambda p: standing(p, limb_shapes(), per_row=len(LIMBS), turn_deg=0),
    "people": lambda p: standing(p, random_shapes(p.model, 9), per_row=9),
    "asked": lambda p: standing(p, asked_shapes(p.model), per_row=8),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=[*POSES, *SHAPE_PICTURES])
    parser.add_argument("--body", type=Path)
    parser.add_argument("--betas", type=float, nargs="*", default=[])
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    painter = Painter(load_body(options.body) if options.body else default_body())
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.names or [*POSES, *SHAPE_PICTURES]:
        picture = (SHAPE_PICTURES[name](painter) if name in SHAPE_PICTURES
                   else pose_picture(painter, name, Shape(tuple(options.betas))))  # fmt: skip
        path = options.out / f"body-{name}.png"
        io.write_png(str(path), picture)
        print(path, f"{path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
