"""MM-Fit label files: first frame, last frame, repetitions, activity on each line, no header.

Frames are of the 30 Hz video; the last one belongs to the label, so frames f to g are the stretch from f/30 to
(g + 1)/30 s. Repetitions become the note ``12 reps`` and are taken from one. Times are held to a whole frame.
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from m3n_studio.annotation.exchange.builder import Builder
from m3n_studio.annotation.exchange.lost import lost_about, lost_classes, lost_fields, one_tier
from m3n_studio.annotation.exchange.values import LabelFile, plain_line, read_text
from m3n_studio.annotation.model import Annotation
from m3n_studio.atomic import atomic
from m3n_studio.errors import FileError

RATE_HZ = 30.0
_TIER = "activity"
_REPS = re.compile(r"(\d{1,9}) reps")
_ROW = re.compile(rb"\s*\d+\s*,\s*\d+\s*,\s*\d+\s*,[^,]+")


def sniff(path: Path, head: bytes) -> bool:
    """Whether the first line is three whole numbers and a name."""
    return _ROW.fullmatch(head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].rstrip()) is not None


def read(path: Path) -> LabelFile:
    """Read a label file."""
    builder = Builder()
    reader = csv.reader(io.StringIO(read_text(path), newline=""))
    try:
        for cells in reader:
            if not cells:
                continue
            if len(cells) != 4:
                raise FileError(path, field=f"line {reader.line_num}", found=f"{len(cells)} columns",
                                expected="first frame, last frame, repetitions, activity")  # fmt: skip
            first, last, reps = (_count(path, reader.line_num, c) for c in cells[:3])
            if last < first:
                raise FileError(path, field=f"line {reader.line_num}", found=f"frames {first} to {last}",
                                expected="the first frame before the last")  # fmt: skip
            builder.add(_TIER, cells[3].strip(), first / RATE_HZ, (last + 1) / RATE_HZ,
                        note=f"{reps} reps" if reps else "")  # fmt: skip
    except csv.Error as error:
        raise FileError(path, field=f"line {reader.line_num}", found=str(error)) from error
    return builder.result(rate_hz=RATE_HZ)


def _count(path: Path, line: int, text: str) -> int:
    if not re.fullmatch(r"\s*[0-9]{1,12}\s*", text):
        raise FileError(path, field=f"line {line}", found=repr(text[:40]), expected="a whole number")
    return int(text)


def _frames(a: Annotation, rate_hz: float) -> tuple[int, int]:
    """First and last frame, at least one frame long."""
    first = max(round(a.start_s * rate_hz), 0)
    return first, max(round(a.end_s * rate_hz) - 1, first)


def write(path: Path, file: LabelFile) -> None:
    """Write the first tier that has intervals."""
    tier, kept, _ = one_tier(file)
    with atomic(path) as part, part.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out, lineterminator="\n")
        for a in kept:
            found = tier.by_id(a.label) if tier else None
            reps = _REPS.fullmatch(a.note)
            table.writerow([*_frames(a, RATE_HZ), int(reps[1]) if reps else 0, plain_line(found.name if found else "")])


def losses(file: LabelFile) -> tuple[str, ...]:
    """What a label file cannot hold."""
    tier, kept, said = one_tier(file)
    if tier is not None and tier.name != _TIER:
        said.append(f"name of the tier {tier.name!r}")
    moved = [a for a in kept if not _on_frames(a)]
    if moved:
        said.append(f"exact times of {len(moved)} annotations: the nearest frames at {RATE_HZ:g} Hz are kept")
    other = sum(a.note != "" and not _kept_reps(a.note) for a in kept)
    if other:
        said.append(f"note of {other} annotations (only repetitions, as '12 reps')")
    rate = () if file.rate_hz not in (None, RATE_HZ) else ("rate_hz",)
    return tuple(said + lost_fields(file, ("note",)) + lost_classes(file) + lost_about(file, rate))


def _kept_reps(note: str) -> bool:
    found = _REPS.fullmatch(note)
    return found is not None and note == f"{int(found[1])} reps" and int(found[1]) > 0


def _on_frames(a: Annotation) -> bool:
    first, last = _frames(a, RATE_HZ)
    return a.start_s == first / RATE_HZ and a.end_s == (last + 1) / RATE_HZ
