r"""BIDS events: a table with tabs (``_events.tsv``) and a description beside it (``_events.json``).

`onset` and `duration` in s, `trial_type` the class; further columns hold the rest, and the description our tiers and
classes, so that everything is held. Times read back bit for bit where nobody changed them: `end` is there besides
the duration. What a table cannot hold is escaped as ``\u000a``; ``n/a`` stands for nothing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from m3n_studio.annotation.exchange.builder import Builder
from m3n_studio.annotation.exchange.values import (
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

_NOTHING = "n/a"
_OURS = "m3n_labels"
#: Column of the table to our field.
_FIELDS = {
    "onset": "start_s", "trial_type": "label", "end": "end_s", "tier": "tier", "author": "author", "source": "source",
    "confidence": "confidence", "note": "note", "label_id": "id",
}  # fmt: skip
_COLUMNS = ("onset", "duration", "trial_type", "tier", "author", "source", "confidence", "note", "end", "label_id")
_SAID = {
    "onset": {"Description": "Start, from the start of the session", "Units": "s"},
    "duration": {"Description": "Length; 0 for a moment", "Units": "s"},
    "tier": {"Description": "Row of labels it belongs to"},
    "author": {"Description": "Who made it: a person, or a model"},
    "source": {"Description": "Kind of author", "Levels": {"person": "a person", "model": "a model"}},
    "confidence": {"Description": "0 to 1"},
    "note": {"Description": "Free text"},
    "end": {"Description": "onset + duration, without rounding", "Units": "s"},
    "label_id": {"Description": "Id of the label"},
}
_SLACK_S = 1e-6


def sniff(path: Path, head: bytes) -> bool:
    """Whether the first line has the columns every events table has."""
    return {"onset", "duration"} <= set(head.decode("utf-8-sig", "replace").split("\n", 1)[0].strip().split("\t"))


def read(path: Path) -> LabelFile:
    """Read an events table, and the description beside it if there is one."""
    known, levels = _described(path.with_suffix(".json"))
    lines = read_text(path).replace("\r\n", "\n").split("\n")
    names = lines[0].split("\t")
    if not {"onset", "duration"} <= set(names) or len(set(names)) < len(names):
        raise FileError(path, field="line 1", found=lines[0][:80], expected="distinct columns: onset, duration, ...")
    builder = Builder(known)
    for at, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        cells = line.split("\t")
        if len(cells) != len(names):
            raise FileError(path, field=f"line {at}", found=f"{len(cells)} columns", expected=f"{len(names)}")
        row = _row(path, f"line {at}", dict(zip(names, cells, strict=True)), ours=known is not None)
        if known is None:
            builder.label(row.get("tier") or "labels", row["label"], note=levels.get(row["label"], ""))
        builder.add_row(row)
    return builder.result()


def _described(path: Path) -> tuple[LabelFile | None, dict[str, str]]:
    """Our header, where the description has one, and what it says of the classes."""
    if not path.is_file():
        return None, {}
    try:
        said = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise FileError(path, found=f"no JSON ({error})", expected="the description of the events") from error
    if not isinstance(said, dict):
        raise FileError(path, found="JSON that is no object", expected="the description of the events")
    about = said.get("trial_type")
    levels = about.get("Levels") if isinstance(about, dict) else None
    texts = {str(k): v for k, v in levels.items() if isinstance(v, str)} if isinstance(levels, dict) else {}
    return (from_header(said[_OURS]) if _OURS in said else None), texts


def _row(path: Path, where: str, cells: dict[str, str], *, ours: bool) -> dict[str, Any]:
    onset = number(path, cells["onset"], f"{where}, onset")
    length = cells["duration"].strip()
    duration = 0.0 if length == _NOTHING else number(path, length, f"{where}, duration")
    row: dict[str, Any] = {"label": cells.get("trial_type", "event"), "start_s": onset, "end_s": onset + duration}
    for column, field in _FIELDS.items():
        text = cells.get(column, _NOTHING)
        if not ours or column in ("onset", "end") or text == _NOTHING:
            continue
        row[field] = number(path, text, f"{where}, {column}") if column == "confidence" else unescape(text)
    if ours and cells.get("end", _NOTHING) != _NOTHING:
        end = number(path, cells["end"], f"{where}, end")
        row["end_s"] = end if abs(end - row["end_s"]) <= _SLACK_S * max(1.0, abs(end) * 1e-6) else row["end_s"]
    return row


def write(path: Path, file: LabelFile) -> None:
    """Write the description and the table."""
    levels = {c.name: c.note or c.name for t in file.tiers for c in t.classes}
    about = {
        **_SAID,
        "trial_type": {"LongName": "Class", "Description": "What happens", "Levels": levels},
        _OURS: header(file),
    }
    with atomic(path.with_suffix(".json")) as part:
        part.write_text(json.dumps(about, indent=2), encoding="utf-8")
    with atomic(path) as part, part.open("w", encoding="utf-8", newline="") as out:
        out.write("\t".join(_COLUMNS) + "\n")
        for row in rows(file):
            cells = {c: _cell(row[f]) for c, f in _FIELDS.items()}
            cells["duration"] = repr(row["end_s"] - row["start_s"])
            out.write("\t".join(cells[c] for c in _COLUMNS) + "\n")


def _cell(value: Any) -> str:
    if value is None or value == "":
        return _NOTHING
    if isinstance(value, int | float):
        return repr(float(value))
    return "\\u006e/a" if value == _NOTHING else escape(value)
