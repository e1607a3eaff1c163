"""Audacity label tracks: start, end (s) and a text on each line, tab between; equal times are a moment.

Held: times, bit for bit, and class names. A line that starts with a backslash (the frequencies of a spectral
selection) is passed over. Tiers are not held: reading gives one of intervals and one of moments.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from m3n_studio.annotation.exchange.builder import Builder
from m3n_studio.annotation.exchange.lost import lost_about, lost_classes, lost_fields
from m3n_studio.annotation.exchange.values import LabelFile, number, plain_line, read_text
from m3n_studio.atomic import atomic
from m3n_studio.errors import FileError

_TIER = "labels"


def sniff(path: Path, head: bytes) -> bool:
    """Whether the first line is two numbers and perhaps a text, with tabs."""
    cells = head.decode("utf-8-sig", "replace").split("\n", 1)[0].split("\t")
    try:
        return len(cells) in (2, 3) and float(cells[0]) <= float(cells[1])
    except ValueError:
        return False


def read(path: Path) -> LabelFile:
    """Read a label track."""
    builder, spectral = Builder(), 0
    for at, line in enumerate(read_text(path).replace("\r\n", "\n").split("\n"), start=1):
        if line.startswith("\\"):
            spectral += 1
        elif line.strip():
            cells = line.split("\t", 2)
            if len(cells) < 2:
                raise FileError(path, field=f"line {at}", found=repr(line[:40]), expected="start, end and a text")
            start, end = (number(path, c, f"line {at}") for c in cells[:2])
            builder.add(_TIER, cells[2] if len(cells) > 2 else "", start, end)
    return builder.result(notes=(f"frequency ranges of {spectral} labels",) if spectral else ())


def write(path: Path, file: LabelFile) -> None:
    """Write a label track."""
    names = {(t.id, c.id): plain_line(c.name) for t in file.tiers for c in t.classes}
    with atomic(path) as part, part.open("w", encoding="utf-8", newline="") as out:
        for a in file.annotations:
            out.write(f"{_exact(a.start_s)}\t{_exact(a.end_s)}\t{names[a.tier, a.label]}\n")


def _exact(value: float) -> str:
    """Without an exponent, and reads back bit for bit."""
    return np.format_float_positional(value, unique=True, trim="0")


def losses(file: LabelFile) -> tuple[str, ...]:
    """What a label track cannot hold."""
    used = [t for t in file.tiers if any(a.tier == t.id for a in file.annotations)]
    said = [f"which of the tiers {', '.join(t.name for t in used)} a label is on"] if len(used) > 1 else []
    said += [f"name of the tier {t.name!r}" for t in file.tiers if t.name != _TIER][: 0 if len(used) > 1 else None]
    return tuple(said + lost_fields(file) + lost_classes(file) + lost_about(file))
