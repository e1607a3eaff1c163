"""OpenPack: packing work with four wrist and arm sensors, and its operations as labels.

``<user>/atr/atr0N/S0100.csv`` (Yoshimura et al. 2024, CC BY-NC-SA): ``unixtime`` in ms,
``acc_*`` in g, ``gyro_*`` in °/s, ``quat_*`` (not read), 30 Hz. atr01 is worn on the right wrist,
atr02 on the left, atr03 and atr04 on the upper arms. Labels lie in
``<user>/annotation/openpack-operations/S0100.csv`` (start and end of each operation) or, a row a
second, ``openpack-operations-1hz``.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import numpy as np

from m3n_studio.errors import FileError
from m3n_studio.recordings.delimited import Lines, check_times, read_lines, read_numbers, split_cells, spread_ties
from m3n_studio.recordings.imported import Import, LabelRun, LabelTrack, PathFacts, Reading, Recorded, SubjectFacts
from m3n_studio.recordings.signal import GRAVITY_MPS2, Signal

_STAMP_S = 1e-3
_ACC = ("acc_x", "acc_y", "acc_z")
_GYR = ("gyro_x", "gyro_y", "gyro_z")
PLACEMENTS = {
    "atr01": "right_wrist", "atr02": "left_wrist", "atr03": "right_upper_arm", "atr04": "left_upper_arm",
}  # fmt: skip
OPERATIONS = {
    "100": "Picking", "200": "Relocate Item Label", "300": "Assemble Box", "400": "Insert Items", "500": "Close Box",
    "600": "Attach Box Label", "700": "Scan Label", "800": "Attach Shipping Label", "900": "Put on Back Table",
    "1000": "Fill out Order", "8100": "Null",
}  # fmt: skip
#: Longer than any labelled stretch; guards against rows of nonsense.
_MOST_ROWS = 1_000_000


def sniff(_path: Path, head: bytes) -> bool:
    """Whether the header has OpenPack's columns."""
    header = split_cells(head.split(b"\n", 1)[0].decode("utf-8", "replace").lstrip("\ufeff"), ",")
    return {"unixtime", *_ACC, *_GYR} <= set(header)


def facts(path: Path) -> PathFacts:
    """User, session and placement from ``U0101/atr/atr01/S0100.csv``."""
    device = path.parent.name
    user = next((part for part in reversed(path.parts[:-1]) if re.fullmatch(r"U\d{4}", part)), "")
    session = path.stem if re.fullmatch(r"S\d{4}", path.stem) else ""
    return PathFacts(user, session, PLACEMENTS.get(device, ""), device if device in PLACEMENTS else "")


def read(path: Path) -> tuple[Signal, ...]:
    """The file's one signal, named by its placement, else by the folder's device."""
    lines = read_lines(path)
    header = lines.cells(0, ",")
    wanted = ("unixtime", *_ACC, *_GYR)
    missing = [column for column in wanted if column not in header]
    if missing:
        raise FileError(path, field="line 1", found=f"no column {missing[0]}", expected=", ".join(wanted))
    numbers = read_numbers(lines, [header.index(column) for column in wanted], wanted, first=1)
    time_s = check_times(lines, spread_ties(numbers[:, 0] * _STAMP_S, _STAMP_S), first=1)
    known = facts(path)
    name = known.placement or known.sensor or path.stem
    return (Signal(name, time_s, numbers[:, 1:4] * GRAVITY_MPS2, np.deg2rad(numbers[:, 4:])),)


def read_whole(path: Path, _reading: Reading) -> Import:
    """The signal with the session's operations."""
    (signal,) = read(path)
    known = facts(path)
    track, beside, notes = _labels_beside(path)
    return Import(
        (Recorded(signal, known.placement, known.sensor),), track, SubjectFacts(known.subject), known.session,
        "openpack", (path, *beside), "unix", ("orientation (quat_*) not read", *notes),
    )  # fmt: skip


def _labels_beside(path: Path) -> tuple[tuple[LabelTrack, ...], tuple[Path, ...], tuple[str, ...]]:
    if path.parent.parent.name != "atr":
        return (), (), ("no labels: the file does not lie in <user>/atr/<device>",)
    folder = path.parent.parent.parent / "annotation"
    for name, reader in (("openpack-operations", read_operations), ("openpack-operations-1hz", read_seconds)):
        file = folder / name / path.name
        if file.is_file():
            return (reader(file),), (file,), ()
    return (), (), ("no labels: there is no annotation/openpack-operations beside it",)


def read_operations(path: Path) -> LabelTrack:
    """Operations with start and end each, as runs in Unix time."""
    lines, header = _table(path, ("start", "end"))
    runs = []
    for row in range(1, len(lines.text)):
        cells = lines.cells(row, ",")
        if len(cells) < len(header):
            raise FileError(path, field=f"line {lines.numbers[row]}", found=f"{len(cells)} columns",
                            expected=f"{len(header)}")  # fmt: skip
        name = _operation(dict(zip(header, cells, strict=False)))
        start, stop = (_moment(path, int(lines.numbers[row]), cells[header.index(key)]) for key in ("start", "end"))
        if stop < start:
            raise FileError(path, field=f"line {lines.numbers[row]}", found="an end before its start",
                            expected="start, then end")  # fmt: skip
        if name:
            runs.append(LabelRun(start, stop, name))
    return LabelTrack("operation", tuple(runs), tuple(OPERATIONS.values()))


def read_seconds(path: Path) -> LabelTrack:
    """Operations with one row a second, as runs in Unix time."""
    lines, header = _table(path, ("unixtime",))
    times = read_numbers(lines, [header.index("unixtime")], ["unixtime"], first=1)[:, 0] * _STAMP_S
    check_times(lines, times, first=1)
    rows = (dict(zip(header, lines.cells(row, ","), strict=False)) for row in range(1, len(lines.text)))
    names = [_operation(row) for row in rows]
    return LabelTrack.of_samples("operation", times, names, tuple(OPERATIONS.values()))


def _table(path: Path, needed: tuple[str, ...]) -> tuple[Lines, list[str]]:
    lines = read_lines(path)
    header = lines.cells(0, ",")
    missing = [column for column in (*needed, "id") if column not in header]
    if missing and not (missing == ["id"] and "operation" in header):
        raise FileError(path, field="line 1", found=f"no column {missing[0]}", expected=", ".join((*needed, "id")))
    if not 1 < len(lines.text) < _MOST_ROWS:
        raise FileError(path, found=f"{len(lines.text) - 1} rows", expected="rows of labels")
    return lines, header


def _operation(row: dict[str, str]) -> str:
    """The name of a row's operation: by its number where that is known, else its own words."""
    number = row.get("id", "").removesuffix(".0")
    number = "8100" if number == "8200" else number
    return OPERATIONS.get(number, row.get("operation", "") or number)


def _moment(path: Path, line: int, word: str) -> float:
    """Unix seconds of a number of ms or a date with its offset; without one it is Japan's, where they recorded."""
    try:
        return float(word) * _STAMP_S
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(word)
        return (moment if moment.tzinfo else datetime.fromisoformat(word + "+09:00")).timestamp()
    except (ValueError, OverflowError, OSError):
        raise FileError(path, field=f"line {line}", found=repr(word[:40]), expected="a date and time, or ms") from None
