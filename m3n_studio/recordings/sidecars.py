"""Files that lie beside recordings and are read with them or not at all, told by name and header."""

from __future__ import annotations

import re
from pathlib import Path

from m3n_studio.recordings.delimited import split_cells

_HEAD = 16384

#: Pattern of a name (with its folder) and why such a file is no recording of its own.
_SIDECARS = (
    (r"(^|/)annotation/[^/]+/S\d+\.csv$", "OpenPack labels, read with the signals"),
    (r"_labels\.csv$", "labels, read with the signals"),
    (r"_(sw_l|sw_r|sp_l|sp_r|eb_l)_gyr\.npy$", "MM-Fit gyroscope, read with the accelerometer"),
    (r"_(sw_l|sw_r|sp_l|sp_r|eb_l)_(hr|mag)\.npy$", "not inertial"),
    (r"_pose_[23]d\.npy$", "poses, not inertial"),
    (r"_(skeleton|depth)\.mat$", "UTD-MHAD skeletons or depth, not inertial"),
    (r"_(channels|events|scans|sessions)\.tsv$|(^|/)participants\.tsv$", "BIDS table, read with the signals"),
    (r"(subjects_info|executions_info)\.csv$", "facts about subjects or sessions, read with the signals"),
)
_COMPILED = tuple((re.compile(pattern), why) for pattern, why in _SIDECARS)


def why_not(file: Path) -> str:
    """Why a file is no recording of its own by its name; empty where it may be one."""
    name = "/".join(file.parts[-3:])
    return next((why for pattern, why in _COMPILED if pattern.search(name)), "")


def _head(file: Path) -> str:
    try:
        with file.open("rb") as source:
            return source.read(_HEAD).decode("utf-8", "replace")
    except OSError:
        return ""


def why_not_by(reader: str, file: Path) -> str:
    """Why the reader that takes everything, or wants more columns, would not read this file."""
    if reader == "csv":
        return _why_not_columns(file)
    if reader == "xsens":
        head = _head(file)
        return "" if "Acc_X" in head else "no acceleration in it, only orientation"
    return ""


def _why_not_columns(file: Path) -> str:
    from m3n_studio.recordings.columns import delimiter_of, parse_title

    line = next((line for line in _head(file).splitlines() if line.strip()), "")
    titles = split_cells(line, delimiter_of(line)) if line else []
    parsed = [column for i, title in enumerate(titles) if (column := parse_title(i, title))]
    stated = {(column.quantity, column.axis) for column in parsed if column.unit}
    needed = {(quantity, axis) for quantity in ("acc", "gyr") for axis in "xyz"}
    if needed <= stated and any(quantity == "time" for quantity, _ in stated):
        return ""
    return "its columns say neither what they hold nor in which unit: a recipe is needed (m3n-studio recipe guess)"


def lacks_rate(reader: str, file: Path) -> bool:
    """Whether a file has neither times nor a rate: some MTw exports, arrays of six columns."""
    if reader == "npy":
        return _untimed_array(file)
    if reader != "xsens":
        return False
    rows = [line for line in _head(file).splitlines() if line.strip()]
    if any("Update Rate:" in row for row in rows if row.startswith("//")):
        return False
    table = [row for row in rows if not row.startswith("//")][:2]
    if len(table) < 2:
        return False
    delimiter = max(("\t", ";", ",", " "), key=table[0].count)
    header, first = (split_cells(row, delimiter) for row in table)
    if "SampleTimeFine" not in header:
        return True
    at = header.index("SampleTimeFine")
    return at >= len(first) or first[at].lower() in ("", "nan")


def _untimed_array(file: Path) -> bool:
    from m3n_studio.errors import FileError
    from m3n_studio.recordings.npy import array_shape

    try:
        return array_shape(file)[1:] == (6,)
    except FileError:
        return False
