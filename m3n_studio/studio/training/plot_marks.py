"""What plots of runs share: colours of lines, ticks of axes, words for numbers, times and durations."""

from __future__ import annotations

import math
from datetime import datetime
from functools import lru_cache

from m3n_studio.annotation.classes import COLORS
from m3n_studio.studio.look.theme import Theme, contrast, load_theme, rgb

_LEAST_CONTRAST = 2.6


def line_color(theme: Theme, number: int) -> str:
    """A colour for a line that can be seen on the theme's panel; below 0 the colour of text."""
    if number < 0:
        return theme.text
    return on_panel(theme.name, COLORS[number % len(COLORS)])


@lru_cache(maxsize=256)
def on_panel(theme_name: str, color: str) -> str:
    """A colour, moved towards the text's until it can be seen on the panel, ``#rrggbb``."""
    theme = load_theme(theme_name)
    shade = color
    for step in range(10):
        shade = mixed(color, theme.text, 0.1 * step)
        if contrast(shade, theme.panel) >= _LEAST_CONTRAST:
            break
    return shade


def mixed(a: str, b: str, share: float) -> str:
    """A colour between two, ``#rrggbb``; share 1 is `b`."""
    s = min(max(share, 0.0), 1.0)
    return "#" + "".join(f"{round(255 * (x + s * (y - x))):02x}" for x, y in zip(rgb(a), rgb(b), strict=True))


def ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers from low to high, at most so many."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low or most < 1:
        return []
    rough = (high - low) / most
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next((m * unit for m in (1.0, 2.0, 5.0, 10.0) if m * unit >= rough - 1e-12 * unit), 10.0 * unit)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [i * step for i in range(first, last + 1)]


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """Exponents of ten (and of 2 and 5 times ten where there is room) from low to high, both exponents."""
    every = [math.log10(m) + d for d in range(math.floor(low), math.ceil(high) + 1) for m in (1, 2, 5)]
    inside = [e for e in every if low <= e <= high]
    if len(inside) > most:
        inside = [e for e in inside if abs(e - round(e)) < 1e-9] or inside
    stride = max(math.ceil(len(inside) / most), 1) if most > 0 else 1
    return inside[::stride]


def short(value: float) -> str:
    """A number for an axis or a readout."""
    if not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1e5 or size < 1e-3:
        mantissa, _, exponent = f"{value:.1e}".partition("e")
        return f"{mantissa.removesuffix('.0')}e{int(exponent)}"
    return f"{value:,.0f}".replace(",", "\u202f") if size >= 1000 else f"{value:.3g}"


def duration(seconds: float) -> str:
    """A duration for people."""
    if not math.isfinite(seconds) or seconds < 0:
        return "–"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours < 48 else f"{hours / 24:.0f} days"


def started(created_at: str, now: datetime | None = None) -> str:
    """When a run was begun, in local time; empty where it is not known."""
    try:
        then = datetime.fromisoformat(created_at).astimezone()
    except ValueError:
        return ""
    today = (now or datetime.now()).astimezone().date()
    clock = f"{then:%H:%M}"
    if then.date() == today:
        return clock
    day = f"{then.day} {then:%b}"
    return f"{day} {clock}" if then.year == today.year else f"{day} {then.year}"
