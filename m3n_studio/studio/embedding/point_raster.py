"""Very many points as one picture: discs stamped into an array of pixels, or how dense they lie. No widgets.

A frame is worked out anew from the places of all points: a few passes over arrays, whatever the points
show. Where many share a pixel only the one on top is stamped, so that crowds cost no more than a crowd shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Singles = NDArray[np.float32]
Ints = NDArray[np.int32]
Places = NDArray[np.intp]
Pixels = NDArray[np.uint32]

#: Side of a cell of the density picture, px.
CELL_PX = 4
#: From so many points on, those below others are sorted out first.
_FEW = 20_000


@dataclass(frozen=True)
class Camera:
    """Which part of the plane is seen: a point p is at ``(p - centre) * scale``, y upwards, from the middle."""

    x: float = 0.0
    y: float = 0.0
    scale: float = 1.0

    @classmethod
    def fitting(cls, flat: Singles, size: tuple[int, int], *, margin_px: float = 24.0) -> Camera:
        """All points (N, 2) in a picture of a size, px."""
        if not len(flat):
            return cls()
        low, high = flat.min(axis=0), flat.max(axis=0)
        room = np.maximum(np.array(size, dtype=float) - 2 * margin_px, 8.0)
        span = np.maximum((high - low).astype(float), 1e-9)
        middle = (low.astype(float) + high) / 2
        return cls(float(middle[0]), float(middle[1]), float((room / span).min()))

    def to_screen(self, flat: Singles, size: tuple[int, int]) -> Singles:
        """Places (N, 2) on a picture, px, y downwards."""
        out = np.empty((2, len(flat)), dtype=np.float32)
        for axis, scale, shift in (
            (0, self.scale, size[0] / 2 - self.x * self.scale), (1, -self.scale, size[1] / 2 + self.y * self.scale),
        ):  # fmt: skip
            np.multiply(flat[:, axis], np.float32(scale), out=out[axis])
            out[axis] += np.float32(shift)
        return out.T

    def to_plane(self, x: float, y: float, size: tuple[int, int]) -> tuple[float, float]:
        """The point of the plane that is seen at a pixel."""
        return (x - size[0] / 2) / self.scale + self.x, (size[1] / 2 - y) / self.scale + self.y

    def zoomed(self, factor: float, x: float, y: float, size: tuple[int, int]) -> Camera:
        """Nearer by a factor; what is seen at a pixel stays there."""
        at = self.to_plane(x, y, size)
        scale = min(max(self.scale * factor, 1e-6), 1e9)
        return Camera(at[0] - (x - size[0] / 2) / scale, at[1] + (y - size[1] / 2) / scale, scale)

    def moved(self, dx: float, dy: float) -> Camera:
        """The picture pushed by so many pixels."""
        return Camera(self.x - dx / self.scale, self.y + dy / self.scale, self.scale)


def rgb32(color: str) -> int:
    """``#rrggbb`` as a pixel of QImage.Format_RGB32."""
    return 0xFF000000 | int(color[1:7], 16)


def mixed(color: str, ground: str, share: float) -> str:
    """A colour over a ground, ``#rrggbb``."""
    parts = ((int(color[i : i + 2], 16), int(ground[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in parts)


SHAPES = ("disc", "square", "diamond", "triangle")


@lru_cache(maxsize=64)
def stamp(shape: str, radius_px: float) -> tuple[tuple[int, int], ...]:
    """Offsets (dx, dy) of the pixels of a mark, the outermost first; a square is hollow."""
    reach = int(np.ceil(radius_px))
    whole = [(dx, dy) for dy in range(-reach, reach + 1) for dx in range(-reach, reach + 1)]
    kept = {
        "disc": lambda dx, dy: dx * dx + dy * dy <= radius_px * radius_px + 0.3,
        "square": lambda dx, dy: max(abs(dx), abs(dy)) == reach or reach < 2,
        "diamond": lambda dx, dy: abs(dx) + abs(dy) <= reach,
        "triangle": lambda dx, dy: 2 * abs(dx) <= dy + reach,
    }[shape]
    return tuple(sorted(((x, y) for x, y in whole if kept(x, y)), key=lambda d: -(d[0] ** 2 + d[1] ** 2)))


def inside(screen: Singles, size: tuple[int, int], margin: int = 0) -> tuple[Ints, Ints, NDArray[np.intp]]:
    """Pixels (x, y) and rows of the points that are in a picture or `margin` px beside it."""
    width, height = size
    low, high = np.float32(-margin - 1), np.float32(max(width, height) + margin + 1)
    shift = margin + 1  # above 0 casting floors
    x, y = ((np.clip(screen[:, c], low, high) + np.float32(shift)).astype(np.int32) - np.int32(shift) for c in (0, 1))
    seen = (x >= -margin) & (x < width + margin) & (y >= -margin) & (y < height + margin)
    if seen.all():
        return x, y, np.arange(len(x))
    rows = np.flatnonzero(seen)
    return x[rows], y[rows], rows


class Raster:
    """Pictures of a size, drawn into the same memory again and again."""

    def __init__(self) -> None:
        self._wide = np.zeros((0, 0), dtype=np.uint32)
        self._last = np.zeros(0, dtype=np.int32)
        self._margin = 0
        self.pixels: Pixels = np.zeros((0, 0), dtype=np.uint32)

    def _room(self, size: tuple[int, int], margin: int, ground: int) -> Pixels:
        shape = (size[1] + 2 * margin, size[0] + 2 * margin)
        if self._wide.shape != shape:
            self._wide = np.empty(shape, dtype=np.uint32)
        self._wide.fill(ground)
        self._margin = margin
        return self._wide

    def marks(
        self, screen: Singles, colors: Pixels, size: tuple[int, int], ground: int, radius_px: float,
        passes: Sequence[tuple[NDArray[np.intp] | None, str]] = ((None, "disc"),),
    ) -> Pixels:  # fmt: skip
        """Points as marks.

        Parameters
        ----------
        screen : (N, 2) float32, px
        colors : (N,) uint32
            0 for a point that is hidden.
        size : (width, height), px
        ground : int
            Pixel of the background.
        passes : sequence of (rows, shape)
            Drawn one after another, the last on top; rows None: all.

        Returns
        -------
        (height, width) uint32
            Valid until the next picture.
        """
        reach = int(np.ceil(radius_px))
        margin = 2 * reach + 1
        wide = self._room(size, margin, ground)
        flat, pitch = wide.reshape(-1), wide.shape[1]
        for rows, shape in passes:
            part, tint = (screen, colors) if rows is None else (screen[rows], colors[rows])
            x, y, seen = inside(part, size, reach)
            at, tint = (y + reach) * np.int32(pitch) + (x + reach), tint if len(seen) == len(tint) else tint[seen]
            shown = tint != 0
            if not shown.all():
                at, tint = at[shown], tint[shown]
            at, tint = self._on_top(at.astype(np.intp), tint, flat)  # as NumPy counts: it would cast for each pixel
            corner = (margin - reach) * (pitch + 1)
            for dx, dy in stamp(shape, radius_px):
                flat[corner + dy * pitch + dx :][at] = tint
        self.pixels = wide[margin : margin + size[1], margin : margin + size[0]]
        return self.pixels

    def whole(self) -> tuple[Pixels, int]:
        """All the memory of the last picture of marks, and how many pixels of it lie beside the picture."""
        return self._wide, self._margin

    def _on_top(self, at: Places, tint: Pixels, flat: Pixels) -> tuple[Places, Pixels]:
        """The last point of each pixel: who wrote a pixel last finds itself there."""
        if len(at) < _FEW:
            return at, tint
        if len(self._last) < len(flat):
            self._last = np.zeros(len(flat), dtype=np.int32)
        each = np.arange(len(at), dtype=np.int32)
        self._last[at] = each
        kept = self._last[at] == each
        return at[kept], tint[kept]

    def density(self, screen: Singles, shown: NDArray[np.bool_], size: tuple[int, int], colors: Pixels) -> Pixels:
        """How many points lie in each cell, on a logarithmic scale.

        Parameters
        ----------
        shown : (N,) bool
        colors : (K,) uint32
            From no point to most.

        Returns
        -------
        (ceil(height / CELL_PX), ceil(width / CELL_PX)) uint32
        """
        columns, rows = -(-size[0] // CELL_PX), -(-size[1] // CELL_PX)
        part = screen if shown.all() else screen[shown]
        x, y, _ = inside(part, size)
        counts = np.bincount((y // CELL_PX) * columns + x // CELL_PX, minlength=columns * rows)
        high = np.log1p(counts.astype(np.float32))
        top = float(high.max()) if len(high) else 0.0
        step = np.ceil(high / top * (len(colors) - 1)).astype(np.int64) if top > 0 else np.zeros(len(high), np.int64)
        self.pixels = colors[step].reshape(rows, columns)
        return self.pixels


def ramp(stops: Sequence[str], steps: int = 64) -> Pixels:
    """Colours between some, as pixels (steps,)."""
    parts = np.array([[int(s[i : i + 2], 16) for i in (1, 3, 5)] for s in stops], dtype=float)
    place = np.linspace(0, len(stops) - 1, steps)
    r, g, b = (np.interp(place, np.arange(len(stops)), parts[:, c]).round().astype(np.uint32) for c in range(3))
    return np.asarray(np.uint32(0xFF000000) | (r << np.uint32(16)) | (g << np.uint32(8)) | b, dtype=np.uint32)
