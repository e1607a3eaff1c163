"""Contact sheets of motion files: skinned body and joints at several moments, to be looked at.

    python tools/motion_pictures.py OUT_DIR FILE [FILE ...] [--columns 8] [--turn 30] [--dpi 80]

Each sheet holds up to six files, one row each; time runs to the right, the clip's span divided evenly.
Colours: left arm and leg red, right blue. Needs matplotlib (a development dependency) and nothing else.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import LineCollection, PolyCollection

from m3n_studio.body.files import default_body
from m3n_studio.body.forward import forward
from m3n_studio.body.skeleton import JOINTS, PARENTS
from m3n_studio.errors import M3nError
from m3n_studio.motion.clip import Clip
from m3n_studio.motion.formats import read_clip

ROWS = 6
SKIN = np.array([0.86, 0.78, 0.70])
SIDE_COLOURS = {"left": "#c0392b", "right": "#2456a6", "": "#333333"}


def camera(turn_deg: float) -> np.ndarray:
    """Rotation (3, 3) to a view: x right, y up, z towards the viewer."""
    a, b = np.radians(turn_deg), np.radians(8.0)
    about_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    return about_x @ about_y


def draw_mesh(axes: plt.Axes, vertices: np.ndarray, faces: np.ndarray) -> None:
    """Paint front faces back to front with one light."""
    corners = vertices[faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-12
    front = normal[:, 2] > 0
    order = np.argsort(corners[front, :, 2].mean(axis=1))
    light = np.clip(normal[front][order] @ np.array([0.35, 0.55, 0.76]), 0.0, 1.0)
    colours = SKIN * (0.35 + 0.65 * light[:, None])
    axes.add_collection(PolyCollection(corners[front][order][:, :, :2], facecolors=colours, edgecolors=colours,
                                       linewidths=0.2))  # fmt: skip


def draw_bones(axes: plt.Axes, joints: np.ndarray, shift: float) -> None:
    """Lines between the joints, coloured by side, set off to the right."""
    for j, parent in enumerate(PARENTS):
        if parent >= 0:
            side = JOINTS[j].split("_")[0] if "_" in JOINTS[j] else ""
            pair = joints[[parent, j], :2] + (shift, 0.0)
            axes.add_collection(LineCollection([pair], colors=SIDE_COLOURS[side], linewidths=1.2))


def draw_row(axes: plt.Axes, clip: Clip, columns: int, turn_deg: float) -> None:
    """One clip's moments side by side, the body turned to a view relative to its first facing."""
    model = default_body()
    frames = np.linspace(0, len(clip) - 1, columns).astype(int)
    vertices, joints = forward(model, clip.poses[frames], clip.trans[frames], clip.shape)
    left = joints[0, JOINTS.index("left_hip")] - joints[0, JOINTS.index("right_hip")]
    facing = np.degrees(np.arctan2(-left[2], left[0]))
    view = camera(turn_deg - facing)
    for k in range(columns):
        centre = joints[k, 0] * (1, 0, 1)
        at = np.array([1.9 * k, 0.0, 0.0])
        draw_mesh(axes, (vertices[k] - centre) @ view.T + at, model.faces)
        draw_bones(axes, (joints[k] - centre) @ view.T + at, 0.85)
        axes.text(at[0], -0.3, f"{frames[k] / clip.rate_hz:.2f} s", ha="center", fontsize=6)
    axes.plot([-0.6, 1.9 * columns], [0, 0], color="#999999", linewidth=0.5, zorder=0)
    axes.set(xlim=(-0.8, 1.9 * columns - 0.4), ylim=(-0.35, 2.1), aspect="equal")
    axes.axis("off")


def draw_sheet(paths: list[Path], out: Path, columns: int, turn_deg: float, dpi: int) -> None:
    """One picture of up to :data:`ROWS` files."""
    figure, rows = plt.subplots(len(paths), 1, figsize=(2.1 * columns, 2.7 * len(paths)), squeeze=False)
    for path, (axes,) in zip(paths, rows, strict=True):
        clip = read_clip(path)
        draw_row(axes, clip, columns, turn_deg)
        axes.set_title(f"{path.name}   {len(clip)} frames at {clip.rate_hz:g} Hz", fontsize=8, loc="left")
    figure.savefig(out, dpi=dpi, bbox_inches="tight")
    plt.close(figure)


def main() -> int:
    parser = argparse.ArgumentParser(description="Contact sheets of motion files.")
    parser.add_argument("out", type=Path)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--turn", type=float, default=30.0, help="view from the side by this many degrees; 0: front")
    parser.add_argument("--dpi", type=int, default=80)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        for k in range(0, len(options.files), ROWS):
            out = options.out / f"sheet_{k // ROWS:02d}.png"
            draw_sheet(options.files[k : k + ROWS], out, options.columns, options.turn, options.dpi)
            print(out)
    except M3nError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
