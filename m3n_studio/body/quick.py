"""Measurements of many bodies at once, or of one body many times a second.

The volume inside a mesh is a cubic polynomial of the shape vector, so its W^3 coefficients
(W = 1 + S) say it exactly and measuring no longer touches the mesh; extents look only at the
vertices that can be extreme. That makes a measurement with its gradient some hundred times
cheaper than :class:`~m3n_studio.body.measure.Gauge`, which it agrees with to a micrometre and
a gram. Making one costs a third of a second; bodies with very many components keep the
plain mass.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from m3n_studio.body.measure import DENSITY_KGPM3, NAMES, Gauge, gauge
from m3n_studio.body.model import BodyModel

Array = NDArray[np.float64]

_EXTENTS = {"stature": 1, "arm_span": 0}
#: Vertices this near to an extreme of the template may be the extreme of another body, m.
_BAND_M = 0.15
#: More components than this would make the polynomial dearer than the mesh.
_MOST_COMPONENTS = 64


@dataclass(frozen=True, eq=False)
class QuickGauge:
    """Measurements of one model as functions of shape vectors (K, S), with gradients.

    Attributes
    ----------
    plain : Gauge
    edges : mapping to (high (n, 1 + S), low (m, 1 + S)) float64, m
        For each extent, the coordinate of the vertices that can be extreme, affine in s.
    volume : (W, W, W) float64 or None
        Symmetric coefficients of the mass in [1, s], kg; None where there are too many.
    """

    plain: Gauge
    edges: dict[str, tuple[Array, Array]]
    volume: Array | None

    def values(self, vector: Array, names: Collection[str] = NAMES) -> dict[str, float]:
        """Measurements by name for a shape vector (S,); m and kg, overall scale 1."""
        return {name: value for name, (value, _) in self.linearise(vector, names).items()}

    def linearise(self, vector: Array, names: Collection[str] = NAMES) -> dict[str, tuple[float, Array]]:
        """Values and gradients (S,) with respect to one shape vector, by name."""
        values, slopes = self.many(vector[None], tuple(names))
        return {name: (float(values[0, i]), slopes[0, i]) for i, name in enumerate(names)}

    def many(self, vectors: Array, names: tuple[str, ...] = NAMES) -> tuple[Array, Array]:
        """Values (K, M), m and kg, and gradients (K, M, S) of bodies (K, S)."""
        k, size = vectors.shape
        ones = np.concatenate([np.ones((k, 1)), vectors], axis=1)
        values, slopes = np.empty((k, len(names))), np.empty((k, len(names), size))
        for i, name in enumerate(names):
            if name in self.edges:
                values[:, i], slopes[:, i] = self._extent(name, ones)
            elif name == "mass":
                values[:, i], slopes[:, i] = self._mass(ones)
            else:
                values[:, i], slopes[:, i] = self._length(name, ones)
        return values, slopes

    def _length(self, name: str, ones: Array) -> tuple[Array, Array]:
        spans, share = self.plain.spans[name], self.plain.shares[name]
        n, _, width = spans.shape
        flat = spans.reshape(3 * n, width)
        vectors = (ones @ flat.T).reshape(-1, n, 3)
        norms = np.sqrt((vectors * vectors).sum(axis=2))
        directions = share * vectors / np.maximum(norms, 1e-12)[..., None]
        return share * norms.sum(axis=1), directions.reshape(-1, 3 * n) @ flat[:, 1:]

    def _extent(self, name: str, ones: Array) -> tuple[Array, Array]:
        high, low = self.edges[name]
        up, down = ones @ high.T, ones @ low.T
        top, bottom = up.argmax(axis=1), down.argmin(axis=1)
        rows = np.arange(len(ones))
        return up[rows, top] - down[rows, bottom], high[top, 1:] - low[bottom, 1:]

    def _mass(self, ones: Array) -> tuple[Array, Array]:
        if self.volume is None:
            found = [self.plain.linearise(one[1:], ("mass",))["mass"] for one in ones]
            return np.array([value for value, _ in found]), np.stack([slope for _, slope in found])
        width = len(self.volume)
        half = (ones @ self.volume.reshape(width, -1)).reshape(-1, width, width)
        slope = (half @ ones[..., None])[..., 0]
        return (slope * ones).sum(axis=1), 3.0 * slope[:, 1:]


def _trilinear(a: Array, b: Array, c: Array) -> Array:
    """Coefficients (W, W, W) of the sum of a . (b x c); a, b, c are (3, W, F), affine in the shape."""
    width = a.shape[1]
    out = np.zeros((width, width, width))
    for k in range(width):
        for x, y, z in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
            out[:, :, k] += a[x] @ (b[y] * c[z, k] - b[z] * c[y, k]).T
    return out


def _volume(plain: Gauge) -> Array:
    space = plain.space
    points = np.concatenate([space.model.vertices[..., None], space.vertex_dirs], axis=2).transpose(1, 2, 0)
    a, b, c = (np.ascontiguousarray(points[:, :, space.model.faces[:, i]]) for i in range(3))
    total = _trilinear(a, b, c)
    for tail, head in plain.lids:
        centre = np.broadcast_to(points[:, :, tail].mean(axis=2, keepdims=True), points[:, :, tail].shape)
        total += _trilinear(centre, points[:, :, head], points[:, :, tail])
    orders = ((0, 1, 2), (1, 2, 0), (2, 0, 1), (0, 2, 1), (2, 1, 0), (1, 0, 2))
    symmetric = np.sum([total.transpose(order) for order in orders], axis=0) / 6.0
    return np.asarray(plain.sign * DENSITY_KGPM3 / 6.0 * symmetric)


@lru_cache(maxsize=4)
def quick_gauge(model: BodyModel) -> QuickGauge:
    """The quick gauge of a model; made once and kept. A third of a second the first time."""
    plain = gauge(model)
    dirs = plain.space.vertex_dirs
    edges = {}
    for name, axis in _EXTENTS.items():
        at = model.vertices[:, axis]
        terms = np.column_stack([at, dirs[:, axis]])
        edges[name] = (terms[at > at.max() - _BAND_M], terms[at < at.min() + _BAND_M])
    volume = _volume(plain) if dirs.shape[2] <= _MOST_COMPONENTS else None
    return QuickGauge(plain, edges, volume)
