"""Small figures as SVG text: two traces over time, bars, a strip of heat, curves. Pure strings.

Colours are CSS classes of the page that holds them (``.sim``, ``.real``, ``.axis`` …), so a
figure follows the page's light and dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
_LEFT, _RIGHT, _TOP, _BOTTOM = 54.0, 22.0, 22.0, 30.0
#: More points than this are thinned to the least and greatest of each column of pixels.
_MOST_POINTS = 1200


def figure(inner: str, width: float, height: float, label: str) -> str:
    """An SVG element with an accessible name."""
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" role="img"'
        f' aria-label="{escape(label)}" xmlns="http://www.w3.org/2000/svg">{inner}</svg>'
    )


def overlay(
    time_s: ArrayLike, simulated: ArrayLike, real: ArrayLike, *, title: str, unit: str,
    span: tuple[float, float] | None = None, width: float = 520.0, height: float = 170.0,
) -> str:  # fmt: skip
    """Simulated and real over time; NaN breaks a line; `span` (s) is shaded."""
    t, x, y = (np.asarray(v, dtype=np.float64) for v in (time_s, simulated, real))
    both = np.concatenate([x[np.isfinite(x)], y[np.isfinite(y)]])
    low, high = _padded(both)
    box = _Box(float(t[0]), float(t[-1]), low, high, width, height)
    inner = [box.frame(title, unit)]
    if span is not None:
        x0, x1 = box.x(max(span[0], t[0])), box.x(min(span[1], t[-1]))
        inner.append(f'<rect class="span" x="{x0:.1f}" y="{_TOP}" width="{max(x1 - x0, 1):.1f}"'
                     f' height="{height - _TOP - _BOTTOM:.1f}"/>')  # fmt: skip
    inner += [box.path(t, y, "real"), box.path(t, x, "sim")]
    return figure("".join(inner), width, height, title)


def curve(x: ArrayLike, y: ArrayLike, *, title: str, unit: str, width: float = 340.0, height: float = 150.0) -> str:
    """One curve, with a line at x = 0."""
    u, v = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if len(u) < 2:
        return ""
    box = _Box(float(u[0]), float(u[-1]), *_padded(v[np.isfinite(v)]), width, height)
    zero = f'<line class="axis" x1="{box.x(0):.1f}" x2="{box.x(0):.1f}" y1="{_TOP}" y2="{height - _BOTTOM}"/>'
    return figure(box.frame(title, unit) + zero + box.path(u, v, "sim"), width, height, title)


def bars(names: Sequence[str], values: Sequence[float | None], *, title: str, width: float = 340.0) -> str:
    """Horizontal bars from 0 to 1; None is said to be unknown."""
    row, left = 20.0, 96.0
    height = _TOP + row * len(names) + 6
    inner = [f'<text class="title" x="0" y="13">{escape(title)}</text>']
    for i, (name, value) in enumerate(zip(names, values, strict=True)):
        y, room = _TOP + i * row, width - left - 48
        inner.append(f'<text x="{left - 8}" y="{y + 13:.1f}" text-anchor="end">{escape(name)}</text>')
        inner.append(f'<rect class="track" x="{left}" y="{y + 3:.1f}" width="{room:.1f}" height="12" rx="3"/>')
        if value is not None:
            size = room * min(max(value, 0.0), 1.0)
            inner.append(f'<rect class="bar" x="{left}" y="{y + 3:.1f}" width="{size:.1f}" height="12" rx="3"/>')
        words = "–" if value is None else f"{value:.3f}"
        inner.append(f'<text x="{left + room + 8:.1f}" y="{y + 13:.1f}">{words}</text>')
    return figure("".join(inner), width, height, title)


def heat(
    start_s: ArrayLike, end_s: ArrayLike, values: ArrayLike, *, names: Sequence[str], title: str, width: float = 760.0
) -> str:
    """Rows of cells along time; values (W, C) from 0 (bad) to 1 (good), NaN left empty."""
    starts, ends = np.asarray(start_s, dtype=np.float64), np.asarray(end_s, dtype=np.float64)
    cells = np.asarray(values, dtype=np.float64)
    if not len(starts):
        return ""
    row, left = 16.0, 96.0
    height = _TOP + row * len(names) + 20
    scale = (width - left - 6) / max(float(ends[-1] - starts[0]), 1e-9)
    inner = [f'<text class="title" x="0" y="13">{escape(title)}</text>']
    for c, name in enumerate(names):
        y = _TOP + c * row
        inner.append(f'<text x="{left - 8}" y="{y + 12:.1f}" text-anchor="end">{escape(name)}</text>')
        for a, b, value in zip(starts, ends, cells[:, c], strict=True):
            if np.isfinite(value):
                x, size = left + (a - starts[0]) * scale, (b - a) * scale
                strength = 1.0 - min(max(float(value), 0.0), 1.0)
                inner.append(
                    f'<rect class="cell" x="{x:.1f}" y="{y + 1:.1f}" width="{max(size - 0.6, 0.4):.1f}" height="14"'
                    f' fill-opacity="{0.06 + 0.94 * strength:.3f}"><title>{escape(name)}, {a:.1f}–{b:.1f} s:'
                    f" {value:.3f}</title></rect>"
                )
    y = _TOP + row * len(names) + 14
    inner.append(f'<text x="{left}" y="{y:.1f}">{starts[0]:.1f} s</text>')
    inner.append(f'<text x="{width - 6}" y="{y:.1f}" text-anchor="end">{ends[-1]:.1f} s</text>')
    return figure("".join(inner), width, height, title)


class _Box:
    """A plot's frame: from values to places."""

    def __init__(self, x0: float, x1: float, y0: float, y1: float, width: float, height: float) -> None:
        self._x0, self._x1, self._y0, self._y1 = x0, max(x1, x0 + 1e-9), y0, y1
        self._width, self._height = width, height

    def x(self, value: float) -> float:
        """Where a value is from left to right."""
        return _LEFT + (value - self._x0) / (self._x1 - self._x0) * (self._width - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        """Where a value is from top to bottom."""
        room = self._height - _TOP - _BOTTOM
        return self._height - _BOTTOM - (value - self._y0) / (self._y1 - self._y0) * room

    def frame(self, title: str, unit: str) -> str:
        """Title, lines and numbers."""
        out = [f'<text class="title" x="0" y="13">{escape(title)}</text>',
               f'<text x="{self._width - _RIGHT}" y="13" text-anchor="end">{escape(unit)}</text>']  # fmt: skip
        for value in _ticks(self._y0, self._y1, 3):
            y = self.y(value)
            out.append(f'<line class="axis" x1="{_LEFT}" x2="{self._width - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            out.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
        for value in _ticks(self._x0, self._x1, 5):
            out.append(
                f'<text x="{self.x(value):.1f}" y="{self._height - _BOTTOM + 16}" text-anchor="middle">{value:g}</text>'
            )
        return "".join(out)

    def path(self, t: Array, values: Array, style: str) -> str:
        """A line, broken at NaN, thinned to its extremes."""
        t, values = _thinned(t, values)
        out, pen_down = [], False
        for a, b in zip(t, values, strict=True):
            if not np.isfinite(b):
                pen_down = False
                continue
            out.append(f"{'L' if pen_down else 'M'}{self.x(a):.1f} {self.y(b):.1f}")
            pen_down = True
        return f'<path class="{style}" d="{"".join(out)}"/>'


def _thinned(t: Array, values: Array) -> tuple[Array, Array]:
    if len(t) <= _MOST_POINTS:
        return t, values
    step = int(np.ceil(2 * len(t) / _MOST_POINTS))
    keep: list[int] = []
    for a in range(0, len(t), step):
        part = values[a : a + step]
        if np.isfinite(part).any():
            keep += sorted({a + int(np.nanargmin(part)), a + int(np.nanargmax(part))})
        else:
            keep.append(a)
    return t[keep], values[keep]


def _padded(values: Array) -> tuple[float, float]:
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    pad = 0.06 * (high - low) or 0.5
    return low - pad, high + pad


def _ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers inside a range."""
    raw = (high - low) / max(about, 1)
    size = 10.0 ** np.floor(np.log10(raw))
    step = next(size * m for m in (1, 2, 5, 10) if size * m >= raw * 0.999)
    first = int(np.ceil(low / step - 1e-9))
    count = int(np.floor(high / step + 1e-9)) - first + 1
    return [round(float((first + i) * step), 10) for i in range(count)]
