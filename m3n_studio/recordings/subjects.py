"""Facts about subjects from the tables that lie beside recordings."""

from __future__ import annotations

import math
from pathlib import Path

from m3n_studio.errors import FileError
from m3n_studio.recordings.delimited import read_lines
from m3n_studio.recordings.imported import SubjectFacts

_SIDES = {"r": "right", "right": "right", "l": "left", "left": "left"}
_HANDS = ("dominant_hand", "handedness", "hand")


def subject_from(table: Path, id: str, delimiter: str) -> SubjectFacts | None:
    """One subject's row of a table with a column of names first; None where there is no such row.

    Heights above 3 are in cm.

    Raises
    ------
    FileError
        Where the row has something else than numbers for height or mass.
    """
    if not table.is_file() or not id:
        return None
    lines = read_lines(table)
    header = [cell.lower() for cell in lines.cells(0, delimiter)]
    for row in range(1, len(lines.text)):
        cells = lines.cells(row, delimiter)
        if cells[0] == id:
            found = dict(zip(header, cells, strict=False))
            height = _number(table, found, ("height",))
            hand = next((found[key] for key in _HANDS if key in found), "")
            height_m = height / 100.0 if height > 3.0 else height
            return SubjectFacts(id, height_m, _number(table, found, ("weight", "mass")), _SIDES.get(hand.lower(), ""))
    return None


def _number(table: Path, found: dict[str, str], keys: tuple[str, ...]) -> float:
    key = next((key for key in keys if key in found), "")
    word = found.get(key, "")
    if word.lower() in ("", "n/a", "nan", "na"):
        return 0.0
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not 0.0 < value < 1000.0:
        raise FileError(table, field=key, found=repr(word[:40]), expected="a number of cm, m or kg")
    return value


def bids_subject(path: Path, id: str) -> SubjectFacts | None:
    """A subject's row of ``participants.tsv``, in the folder of the data set."""
    for folder in list(path.parents)[:4]:
        table = folder / "participants.tsv"
        if table.is_file():
            return subject_from(table, id, "\t")
    return None
