"""Times as people write and type them. No Qt."""

from __future__ import annotations

import re


def timecode(time_s: float, rate_hz: float, *, start_s: float = 0.0) -> str:
    """``m:ss.mmm`` and the frame since `start_s`, e.g. ``0:03.250  frame 195``."""
    return f"{clock_text(time_s)}   frame {round((time_s - start_s) * rate_hz)}"


def clock_text(time_s: float) -> str:
    """``m:ss.mmm``, with hours where there are any."""
    sign = "−" if time_s < 0 else ""
    ms = round(abs(time_s) * 1000)
    minutes, rest = divmod(ms, 60_000)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{sign}{clock}:{rest // 1000:02d}.{rest % 1000:03d}"


def parse_time(text: str, rate_hz: float, *, start_s: float = 0.0) -> float | None:
    """Seconds from ``12.5``, ``12.5 s``, ``1:02.5``, ``1:00:02``, ``f 90`` or ``frame 90``; None if it is no time."""
    words = text.strip().lower().replace("−", "-").replace(",", ".")
    frame = re.fullmatch(r"(?:f|frame)\s*(-?\d+)", words)
    if frame:
        return start_s + int(frame[1]) / rate_hz
    found = re.fullmatch(r"(-?)(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d*)?|\.\d+)\s*s?", words)
    if not found:
        return None
    sign, hours, minutes, seconds = found.groups()
    total = 3600 * int(hours or 0) + 60 * int(minutes or 0) + float(seconds)
    return -total if sign else total
