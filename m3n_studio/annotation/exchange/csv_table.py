"""Our CSV: two lines of header (format and version; tiers, classes and the rest as JSON), then one row a label.

Everything is in it. Times are written so that they read back bit for bit. Tiers and classes are by name, so the
table can be edited: a name the header does not have becomes a new class. Without the two lines a table with
columns ``start_s, end_s, label`` is read too.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from m3n_studio.annotation.exchange.builder import Builder
from m3n_studio.annotation.exchange.values import (
    COLUMNS,
    NAME,
    VERSION,
    LabelFile,
    escape,
    from_header,
    header,
    number,
    read_text,
    rows,
    unescape,
)
from m3n_studio.atomic import atomic
from m3n_studio.errors import FileError

_FIRST = f"# {NAME} {VERSION}"
_NEEDED = ("start_s", "end_s", "label")


def sniff(path: Path, head: bytes) -> bool:
    """Whether it starts as ours, or its first line has the columns needed."""
    text = head.decode("utf-8-sig", "replace")
    first = text.split("\n", 1)[0].strip()
    return first.startswith(f"# {NAME} ") or set(_NEEDED) <= {c.strip().strip('"') for c in first.split(",")}


def read(path: Path) -> LabelFile:
    """Read a table."""
    text = read_text(path)
    known, escaped, first = None, False, 1
    if text.startswith(f"# {NAME}"):
        lines = text.split("\n", 2)
        if lines[0].strip() != _FIRST:
            raise FileError(path, field="line 1", found=lines[0][:40], expected=_FIRST)
        if len(lines) < 3 or not lines[1].startswith("# "):
            raise FileError(path, field="line 2", found="no header", expected="tiers and classes as JSON")
        known, escaped, text, first = from_header(json.loads(lines[1][2:])), True, lines[2], 3
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        names = [n.strip() for n in next(reader, [])]
        builder = Builder(known)
        _check_columns(path, names, first)
        for cells in reader:
            if cells:
                where = f"line {first - 1 + reader.line_num}"
                builder.add_row(_row(path, where, names, cells, escaped=escaped))
    except csv.Error as error:
        raise FileError(path, field=f"line {first - 1 + reader.line_num}", found=str(error)) from error
    return builder.result()


def _check_columns(path: Path, names: list[str], line: int) -> None:
    missing = [n for n in _NEEDED if n not in names]
    if missing or len(set(names)) < len(names):
        raise FileError(path, field=f"line {line}", found=", ".join(names)[:200] or "no columns",
                        expected=f"distinct columns, {', '.join(_NEEDED)} among them")  # fmt: skip


def _row(path: Path, where: str, names: list[str], cells: list[str], *, escaped: bool) -> dict[str, Any]:
    if len(cells) != len(names):
        raise FileError(path, field=where, found=f"{len(cells)} columns", expected=f"{len(names)}")
    row: dict[str, Any] = dict(zip(names, map(unescape, cells) if escaped else cells, strict=True))
    for name in ("start_s", "end_s"):
        row[name] = number(path, row[name], f"{where}, column {name}")
    if row.get("confidence"):
        row["confidence"] = number(path, row["confidence"], f"{where}, column confidence")
    return row


def write(path: Path, file: LabelFile) -> None:
    """Write a table."""
    with atomic(path) as part, part.open("w", encoding="utf-8", newline="") as out:
        out.write(f"{_FIRST}\n# {json.dumps(header(file))}\n")
        table = csv.writer(out, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows(map(cells_of, rows(file)))


def cells_of(row: Mapping[str, Any]) -> list[str]:
    """A row's cells as text: numbers that read back exactly, nothing for None."""
    return [
        "" if row[k] is None else repr(float(row[k])) if isinstance(row[k], int | float) else escape(row[k])
        for k in COLUMNS
    ]
