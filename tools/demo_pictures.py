"""Contact sheets of the demo motions: the skinned body, from the front and the side, over time.

Run ``python -m tools.demo_pictures OUT_DIR [NAME ...]``. A splatting rasteriser of its own (every
triangle as a few points, painted back to front) needs no GL and takes a fraction of a second a picture.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from m3n_studio.body.files import default_body
from m3n_studio.body.forward import forward
from m3n_studio.motion.clip import Clip
from tools.demo_motions.tracks import turn_y
from tools.make_demo_motions import MOTIONS, generate

Array = NDArray[np.float64]
_LIGHT = np.array([0.4, 0.7, 0.6]) / np.linalg.norm([0.4, 0.7, 0.6])
VIEWS = {"front": 0.0, "side": -np.pi / 2, "quarter": -np.pi / 4, "back": np.pi}


def _barycentric(n: int) -> Array:
    """Weights (P, 3) of points spread evenly over a triangle, `n` steps to an edge."""
    return np.array([(i, j, n - i - j) for i in range(n + 1) for j in range(n + 1 - i)]) / n


def picture(
    vertices: Array, faces: NDArray[np.int32], *, turn_rad: float, centre: Array, span_m: float, size: tuple[int, int]
) -> NDArray[np.uint8]:
    """One grey picture (H, W) of a mesh (V, 3) m in orthographic projection from `turn_rad` about the vertical."""
    width, height = size
    seen = (vertices - centre) @ turn_y(turn_rad).T
    corners = seen[faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-12
    shade = 60 + 180 * np.clip(normal @ _LIGHT, 0, 1) ** 0.8
    facing = normal[:, 2] > 0
    corners, shade = corners[facing], shade[facing]
    edge = np.percentile(np.linalg.norm(corners[:, 1] - corners[:, 0], axis=1), 99.5)
    grid = _barycentric(int(np.ceil(1.4 * edge * height / span_m)) + 1)
    points = np.einsum("cv,fva->fca", grid, corners).reshape(-1, 3)
    order = np.argsort(points[:, 2], kind="stable")
    scale = height / span_m
    x = (points[order, 0] * scale + width / 2).astype(int)
    y = (height / 2 - points[order, 1] * scale).astype(int)
    colour = np.repeat(shade, len(grid))[order]
    keep = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    image = np.full((height, width), 250, dtype=np.uint8)
    floor = int(height / 2 + centre[1] * scale)
    if 0 <= floor < height:
        image[floor:, :] = 225
    image[y[keep], x[keep]] = colour[keep].astype(np.uint8)
    return image


def sheet(
    clip: Clip,
    times: Array,
    views: tuple[str, ...],
    *,
    span_m: float = 2.0,
    size: tuple[int, int] = (190, 300),
    centre: Array | None = None,
) -> NDArray[np.uint8]:
    """Rows of views, columns of times."""
    model = default_body()
    rows: list[list[NDArray[np.uint8]]] = [[] for _ in views]
    for time_s in times:
        t = clip.frame_at(float(time_s))
        vertices = forward(model, clip.poses[t : t + 1], clip.trans[t : t + 1])[0][0]
        middle = vertices.mean(axis=0) * (1, 0, 1) + (0, 0.87, 0) if centre is None else centre
        for row, view in zip(rows, views, strict=True):
            row.append(picture(vertices, model.faces, turn_rad=VIEWS[view], centre=middle, span_m=span_m, size=size))
    return np.concatenate([np.concatenate(row, axis=1) for row in rows])


def main() -> None:
    from PIL import Image

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--columns", type=int, default=12)
    parser.add_argument("--start", type=float, default=0.0)
    parser.add_argument("--end", type=float, default=0.0)
    parser.add_argument("--views", default="front,side")
    parser.add_argument("--close", action="store_true", help="upper body only, twice as large")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.names or MOTIONS:
        clip = generate(name)
        times = np.linspace(options.start, options.end or clip.duration_s, options.columns)
        views = tuple(options.views.split(","))
        if options.close:
            image = sheet(clip, times, views, span_m=1.1, size=(300, 300), centre=np.array([0.0, 1.25, 0.15]))
        else:
            image = sheet(clip, times, views)
        Image.fromarray(image).save(options.out / f"{name}.png")


if __name__ == "__main__":
    main()
