"""OpenPack operation annotations: one CSV a session, times as ISO dates in Japan's zone, to a microsecond.

Session time starts at the first label, or, when written, at the file's `epoch_s` (1970 where it has none). A class
keeps its OpenPack number as the note ``OpenPack 100``; other classes are numbered from 9000 on.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from m3n_studio.annotation.exchange.builder import Builder
from m3n_studio.annotation.exchange.lost import lost_about, lost_classes, lost_fields, one_tier
from m3n_studio.annotation.exchange.values import LabelFile, plain_line, read_text
from m3n_studio.annotation.model import Annotation, LabelClass, Tier
from m3n_studio.atomic import atomic
from m3n_studio.errors import FileError

COLUMNS = ("uuid", "user", "session", "box", "id", "operation", "start", "end", "actions")
OPERATIONS = {
    "Picking": 100, "Relocate Item Label": 200, "Assemble Box": 300, "Insert Items": 400, "Close Box": 500,
    "Attach Box Label": 600, "Scan Label": 700, "Attach Shipping Label": 800, "Put on Back Table": 900,
    "Fill out Order": 1000, "Null": 8100,
}  # fmt: skip
_NEEDED = {"id", "operation", "start", "end"}
_TIER = "operation"
_JAPAN = timezone(timedelta(hours=9))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"OpenPack (\d{1,6})")
_MICRO = timedelta(microseconds=1)


def sniff(path: Path, head: bytes) -> bool:
    """Whether the first line has the columns of operations."""
    return {c.strip() for c in head.decode("utf-8-sig", "replace").split("\n", 1)[0].split(",")} >= _NEEDED


def read(path: Path) -> LabelFile:
    """Read a session's operations."""
    reader = csv.DictReader(io.StringIO(read_text(path), newline=""), strict=True)
    found: list[tuple[dict[str, str], int, int]] = []
    try:
        if not set(reader.fieldnames or ()) >= _NEEDED:
            raise FileError(path, field="line 1", found="other columns", expected=", ".join(sorted(_NEEDED)))
        for row in reader:
            where = f"line {reader.line_num}"
            if None in row or None in row.values():
                raise FileError(path, field=where, found="another number of columns", expected=", ".join(COLUMNS))
            found.append((row, _micros(path, where, row["start"]), _micros(path, where, row["end"])))
    except csv.Error as error:
        raise FileError(path, field=f"line {reader.line_num}", found=str(error)) from error
    builder = Builder()
    builder.tier(_TIER)
    zero = min((start for _, start, _ in found), default=0)
    boxes = actions = 0
    for row, start, end in found:
        number = row["id"].strip()
        builder.label(_TIER, row["operation"], note=f"OpenPack {number}" if number.isdecimal() else "")
        builder.add(_TIER, row["operation"], (start - zero) / 1e6, (end - zero) / 1e6, id=row.get("uuid", ""))
        boxes += bool(row.get("box"))
        actions += bool(row.get("actions")) and row.get("actions") != "[]"
    first = found[0][0] if found else {}
    notes = [f"{what} of {count} operations" for what, count in (("box", boxes), ("actions", actions)) if count]
    return builder.result(
        epoch_s=zero / 1e6 if found else None, subject=first.get("user", ""), session=first.get("session", ""),
        notes=tuple(notes),
    )  # fmt: skip


def _micros(path: Path, where: str, text: str) -> int:
    """Microseconds since 1970, exactly."""
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError:
        when = None
    if when is None or when.tzinfo is None:
        raise FileError(path, field=where, found=repr(text[:40]), expected="a date and time with its zone")
    return (when - _EPOCH) // _MICRO


def write(path: Path, file: LabelFile) -> None:
    """Write the first tier that has intervals."""
    tier, kept, _ = one_tier(file)
    numbers = _numbers(tier)
    zero = _zero(file)
    with atomic(path) as part, part.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(COLUMNS)
        for a in kept:
            label = tier.by_id(a.label) if tier else None
            name = plain_line(label.name) if label else ""
            when = (_iso(zero + _count(a.start_s)), _iso(zero + _count(a.end_s)))
            table.writerow([plain_line(a.id), plain_line(file.subject), plain_line(file.session), "",
                            numbers[a.label], name, *when, ""])  # fmt: skip


def _zero(file: LabelFile) -> int:
    return _count(file.epoch_s or 0.0)


def _count(seconds: float) -> int:
    return round(seconds * 1e6)


def _iso(micros: int) -> str:
    try:
        return (_EPOCH + timedelta(microseconds=micros)).astimezone(_JAPAN).isoformat(sep=" ", timespec="microseconds")
    except OverflowError:
        raise FileError("OpenPack", field="time", found=f"{micros / 1e6:.6g} s", expected="years 1 to 9999") from None


def _numbers(tier: Tier | None) -> dict[str, int]:
    """A number for each class: the one it came with, OpenPack's own for its name, else from 9000 on."""
    found: dict[str, int] = {}
    classes: tuple[LabelClass, ...] = tier.classes if tier else ()
    for c in classes:
        noted = _NUMBER.fullmatch(c.note)
        known = int(noted[1]) if noted else OPERATIONS.get(c.name)
        if known is not None and known not in found.values():
            found[c.id] = known
    free = (n for n in range(9000, 10**7) if n not in set(found.values()))
    return {c.id: found.get(c.id) or next(free) for c in classes}


def losses(file: LabelFile) -> tuple[str, ...]:
    """What a session's operations cannot hold."""
    tier, kept, said = one_tier(file)
    if tier is not None and tier.name != _TIER:
        said.append(f"name of the tier {tier.name!r}")
    if file.epoch_s is None and kept:
        said.append("that the time of day is not known: it is written as 1970")
    if kept and file.epoch_s is not None and _count(min(a.start_s for a in kept)) != 0:
        said.append("where the session starts: it is read back from its first label on")
    moved = sum(not _kept_exactly(a) for a in kept)
    if moved:
        said.append(f"exact times of {moved} annotations: microseconds are kept")
    return tuple(said + lost_fields(file) + lost_classes(file) + lost_about(file, ("epoch_s", "subject", "session")))


def _kept_exactly(a: Annotation) -> bool:
    return _count(a.start_s) / 1e6 == a.start_s and _count(a.end_s) / 1e6 == a.end_s
