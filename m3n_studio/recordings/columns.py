"""Any CSV or TSV whose column names say what they hold and in which unit.

``timestamp_ms, acc_x_g, gyr_x_dps`` and the like: every column needs a quantity, an axis and a
unit in its name, in any order and spelling this module's tables know; what is left of the name
is the sensor. Nothing is guessed: a column without a unit is an error that says which names
would do, because 9.81 and 1 are both accelerations somebody has called ``acc_x``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import FileError
from m3n_studio.recordings.delimited import Lines, check_times, read_lines, read_numbers, spread_ties
from m3n_studio.recordings.signal import GRAVITY_MPS2, Signal

Array = NDArray[np.float64]

#: Spellings with marks that the splitting into words would tear, and the words they become.
_UNIT_SPELLINGS = (
    (re.compile(r"m\s*/\s*s\s*(\^|\*\*)?\s*(2|²)"), " mps2 "),
    (re.compile(r"m\s*/\s*s\s*/\s*s"), " mps2 "),
    (re.compile(r"(rad|radians?)\s*/\s*s(ec)?\b"), " radps "),
    (re.compile(r"(deg|degrees?|°)\s*/\s*s(ec)?\b"), " dps "),
)
_QUANTITIES = {
    **dict.fromkeys(("acc", "accel", "accelerometer", "acceleration", "accelerations"), "acc"),
    **dict.fromkeys(("gyr", "gyro", "gyroscope", "omega"), "gyr"),
    **dict.fromkeys(("time", "timestamp", "unixtime", "unix", "t", "timestamps"), "time"),
}
_ACC_UNITS = {"mps2": 1.0, "ms2": 1.0, "g": GRAVITY_MPS2, "mg": GRAVITY_MPS2 / 1000.0}
_GYR_UNITS = {
    "radps": 1.0, "rads": 1.0, "dps": np.pi / 180.0, "degps": np.pi / 180.0, "degs": np.pi / 180.0,
    "mdps": np.pi / 180_000.0,
}  # fmt: skip
_TIME_UNITS = {
    "s": 1.0, "sec": 1.0, "seconds": 1.0, "ms": 1e-3, "milliseconds": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9,
}  # fmt: skip
UNITS = {"acc": _ACC_UNITS, "gyr": _GYR_UNITS, "time": _TIME_UNITS}
_AXES = ("x", "y", "z")
_EXPECTED = (
    "a time column (time_s, timestamp_ms, …) and for each sensor acc_x_mps2 or acc_x_g, and gyr_x_radps or gyr_x_dps,"
    " each with y and z"
)


@dataclass(frozen=True)
class Column:
    """What a column's name says: quantity ``acc``, ``gyr`` or ``time``; axis; unit word; sensor."""

    index: int
    title: str
    quantity: str
    axis: str = ""
    unit: str = ""
    sensor: str = ""

    @property
    def factor(self) -> float:
        """From the column's unit to SI."""
        return UNITS[self.quantity][self.unit]


def parse_title(index: int, title: str) -> Column | None:
    """What a column title says, or None where it names no quantity known here."""
    text = title.strip().lower()
    if not text.isascii() and "²" not in text and "°" not in text and "µ" not in text:
        return None
    for pattern, word in _UNIT_SPELLINGS:
        text = pattern.sub(word, text)
    words = [word for word in re.split(r"[\s_.\-/()\[\]{}:;|]+", text) if word]
    words = _join_angular_velocity(words)
    quantity = next((_QUANTITIES[word] for word in words if word in _QUANTITIES), "")
    if not quantity:
        return None
    rest = [word for word in words if word not in _QUANTITIES]
    unit = next((word for word in reversed(rest) if word in UNITS[quantity]), "")
    if unit:
        rest.reverse()
        rest.remove(unit)
        rest.reverse()
    axis = next((word for word in reversed(rest) if word in _AXES), "") if quantity != "time" else ""
    sensor = "_".join(word for word in rest if word != axis)
    return Column(index, title, quantity, axis, unit, sensor)


def _join_angular_velocity(words: list[str]) -> list[str]:
    for pair in (("angular", "velocity"), ("angular", "rate"), ("rotation", "rate")):
        for i in range(len(words) - 1):
            if (words[i], words[i + 1]) == pair:
                return [*words[:i], "gyr", *words[i + 2 :]]
    return words


def delimiter_of(line: str) -> str:
    """The delimiter of a header: the one of tab, semicolon and comma that occurs most."""
    return max(("\t", ";", ","), key=line.count)


def sniff(_path: Path, head: bytes) -> bool:
    """Any text will do: this is the last reader asked, and the one that can say what is wrong with a header."""
    return b"\0" not in head


def read(path: Path) -> tuple[Signal, ...]:
    """Read a table with units in its column names; one signal for each sensor named there."""
    lines = read_lines(path)
    delimiter = delimiter_of(lines.text[0])
    titles = lines.cells(0, delimiter)
    parsed = [column for i, title in enumerate(titles) if (column := parse_title(i, title))]
    time = _time_column(lines, titles, parsed)
    sensors = _sensors(lines, titles, parsed)
    wanted = [time, *(column for six in sensors.values() for column in six)]
    numbers = read_numbers(
        lines, [c.index for c in wanted], [c.title for c in wanted], first=1, delimiter=delimiter
    ) * np.array([c.factor for c in wanted])
    time_s = numbers[:, 0]
    if time.factor < 1.0:
        time_s = spread_ties(time_s, time.factor)
    check_times(lines, time_s, first=1)
    values = numbers[:, 1:].reshape(len(time_s), len(sensors), 2, 3)
    out = tuple(Signal(name, time_s, values[:, i, 0], values[:, i, 1]) for i, name in enumerate(sensors))
    for signal, six in zip(out, sensors.values(), strict=True):
        _reject_copy(lines, signal, six, numbers / np.array([c.factor for c in wanted]), wanted)
    return out


def _time_column(lines: Lines, titles: list[str], parsed: list[Column]) -> Column:
    times = [column for column in parsed if column.quantity == "time"]
    stated = [column for column in times if column.unit]
    if not stated:
        found = f"a time column {times[0].title!r} without a unit" if times else f"the columns {_short(titles)}"
        raise FileError(lines.path, field="line 1", found=found, expected=_EXPECTED)
    return stated[0]


def _sensors(lines: Lines, titles: list[str], parsed: list[Column]) -> dict[str, tuple[Column, ...]]:
    of_sensor: dict[str, dict[tuple[str, str], Column]] = {}
    for column in parsed:
        if column.quantity == "time" or not column.axis:
            continue
        if not column.unit:
            units = " or ".join(f"{column.title}_{unit}" for unit in list(UNITS[column.quantity])[::2])
            raise FileError(lines.path, field=f"line 1, column {column.title}",
                            found=f"no unit in its name (columns: {_short(titles)})",
                            expected=f"a name such as {units}")  # fmt: skip
        place = of_sensor.setdefault(column.sensor, {})
        if (column.quantity, column.axis) in place:
            raise FileError(lines.path, field=f"line 1, column {column.title}", found="the same thing twice",
                            expected="one column for each quantity and axis of a sensor")  # fmt: skip
        place[(column.quantity, column.axis)] = column
    needed = [(quantity, axis) for quantity in ("acc", "gyr") for axis in _AXES]
    for sensor, place in of_sensor.items():
        missing = [f"{quantity}_{axis}" for quantity, axis in needed if (quantity, axis) not in place]
        if missing:
            of = f" of sensor {sensor!r}" if sensor else ""
            raise FileError(lines.path, field="line 1", found=f"no {', '.join(missing)}{of} in {_short(titles)}",
                            expected=_EXPECTED)  # fmt: skip
    if not of_sensor:
        raise FileError(lines.path, field="line 1", found=f"the columns {_short(titles)}", expected=_EXPECTED)
    return {sensor or lines.path.stem: tuple(place[key] for key in needed) for sensor, place in of_sensor.items()}


def _short(titles: list[str], most: int = 12) -> str:
    listed = ", ".join(title[:32] for title in titles[:most])
    return listed + (f" and {len(titles) - most} more" if len(titles) > most else "")


def _reject_copy(lines: Lines, signal: Signal, six: tuple[Column, ...], numbers: Array, wanted: list[Column]) -> None:
    """A public data set has the accelerometer copied into the gyroscope's columns; say so."""
    at = [wanted.index(column) for column in six]
    acc, gyr = numbers[:, at[:3]], numbers[:, at[3:]]
    moves = bool((acc != acc[0]).any())
    if moves and np.isclose(acc, gyr, rtol=1e-9, atol=0.0, equal_nan=True).all():
        raise FileError(lines.path, field=f"columns {six[3].title} …", found="the accelerometer's numbers again",
                        expected=f"the angular velocity of {signal.name}")  # fmt: skip
