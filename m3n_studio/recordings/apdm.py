"""APDM Opal tables: exports of Motion Studio, and the older layout called Format=7.

The export has a line ``Sample Rate:,128,Hz``, titles ``<sensor>/Acceleration/X …`` and a line of
units; ``Time`` is in s. Format=7 has a line of sensor numbers and places, a line of quantities, a
line of axes; times in µs since 1970, m/s² and rad/s. Magnetometer, orientation, temperature and
pressure are not read.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import FileError
from m3n_studio.recordings.delimited import Lines, check_times, read_lines, read_numbers, split_cells
from m3n_studio.recordings.imported import Import, Reading, Recorded
from m3n_studio.recordings.placements import placement_of
from m3n_studio.recordings.signal import Signal

Array = NDArray[np.float64]

_AXES = ("X", "Y", "Z")
_UNITS = {"m/s^2": 1.0, "rad/s": 1.0, "deg/s": np.pi / 180.0}
_NOTE = "magnetometer, orientation, temperature and pressure not read"


def sniff(_path: Path, head: bytes) -> bool:
    """Whether the file begins as either layout does."""
    rows = head.decode("utf-8", "replace").lstrip("\ufeff").splitlines()[:3]
    if not rows:
        return False
    return rows[0].startswith("Format=7,") or (
        rows[0].startswith("Test Name:") and any(row.startswith("Sample Rate:") for row in rows)
    )


def read(path: Path) -> tuple[Signal, ...]:
    """A signal for each sensor, named as in the file."""
    lines = read_lines(path)
    if lines.text[0].lstrip("\ufeff").startswith("Format=7"):
        return _read_format7(lines)
    return _read_export(lines)


def read_whole(path: Path, _reading: Reading) -> Import:
    """The signals and what was left out."""
    signals = read(path)
    clock = "unix" if float(signals[0].time_s[0]) > 2e8 else "file"
    recorded = tuple(Recorded(signal, placement_of(signal.name), "APDM Opal") for signal in signals)
    return Import(recorded, format="apdm", paths=(path,), clock=clock, notes=(_NOTE,))


def _read_export(lines: Lines) -> tuple[Signal, ...]:
    top = next((i for i in range(min(10, len(lines.text))) if lines.cells(i, ",")[0] == "Time"), -1)
    if top < 0 or len(lines.text) < top + 3:
        raise FileError(lines.path, found="no line of titles with rows below it", expected="Time, <sensor>/… and units")
    titles, units = lines.cells(top, ","), lines.cells(top + 1, ",")
    names = list(dict.fromkeys(title.split("/")[0] for title in titles if title.count("/") == 2))
    wanted = [(name, quantity, axis) for name in names for quantity in ("Acceleration", "Angular Velocity")
              for axis in _AXES]  # fmt: skip
    keys = ["/".join(part) for part in wanted]
    missing = [key for key in keys if key not in titles]
    if missing or not keys:
        raise FileError(lines.path, field=f"line {lines.numbers[top]}", found=f"no column {(missing or ['at all'])[0]}",
                        expected="<sensor>/Acceleration/X … <sensor>/Angular Velocity/Z")  # fmt: skip
    places = [titles.index(key) for key in keys]
    factors = np.array([_factor(lines, top + 1, key, units[at] if at < len(units) else "")
                        for key, at in zip(keys, places, strict=True)])  # fmt: skip
    return _signals(lines, names, [0, *places], ["Time", *keys], top + 2, np.concatenate([[1.0], factors]))


def _factor(lines: Lines, row: int, key: str, unit: str) -> float:
    if unit not in _UNITS:
        raise FileError(lines.path, field=f"line {lines.numbers[row]}, {key}", found=f"the unit {unit!r}",
                        expected=", ".join(_UNITS))  # fmt: skip
    return _UNITS[unit]


def _read_format7(lines: Lines) -> tuple[Signal, ...]:
    if len(lines.text) < 4:
        raise FileError(lines.path, found=f"{len(lines.text)} lines", expected="three lines of header and rows below")
    sensors, quantities, axes = (split_cells(lines.text[row], ",") for row in range(3))
    starts = [i for i, cell in enumerate(quantities) if cell == "Accelerometer"]
    names: list[str] = []
    places, titles = [0], ["Time"]
    for start in starts:
        number, place = (sensors[at] if at < len(sensors) else "" for at in (start, start + 3))
        name = place or number or f"sensor {len(names) + 1}"
        if axes[start : start + 6] != [*_AXES, *_AXES] or quantities[start + 3 : start + 4] != ["Gyroscope"]:
            raise FileError(lines.path, field=f"{name}", found="other columns", expected="Accelerometer X Y Z,"
                            " Gyroscope X Y Z")  # fmt: skip
        names.append(name if name not in names else f"{name} {number}")
        places += range(start, start + 6)
        titles += [f"{name} {i}" for i in range(6)]
    if not names:
        raise FileError(lines.path, field="line 2", found="no Accelerometer", expected="one for each sensor")
    factors = np.ones(len(places))
    factors[0] = 1e-6
    return _signals(lines, names, places, titles, 3, factors)


def _signals(
    lines: Lines, names: list[str], places: list[int], titles: list[str], first: int, factors: Array
) -> tuple[Signal, ...]:
    numbers = read_numbers(lines, places, titles, first=first) * factors
    time_s = check_times(lines, numbers[:, 0], first=first)
    values = numbers[:, 1:].reshape(len(time_s), len(names), 2, 3)
    return tuple(Signal(name, time_s, values[:, i, 0], values[:, i, 1]) for i, name in enumerate(names))
