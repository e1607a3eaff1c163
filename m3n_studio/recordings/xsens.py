"""Xsens MTw text exports from MT Manager: one sensor a file.

A header of ``//`` lines, then a line of column names, then rows; separated by tabs, commas,
semicolons or single spaces, with empty or NaN cells in columns that were not recorded.
``Acc_*`` is m/s² with gravity, ``Gyr_*`` rad/s, the orientation (sensor to an east-north-up
world) is a quaternion, a matrix in column order, or Euler angles (roll, pitch, yaw in degrees,
turned about x, then y, then z). Times come from the 16-bit packet counter and the header's update rate,
so a lost packet leaves a gap; without a rate, from the 10 kHz ``SampleTimeFine``.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.errors import FileError
from m3n_studio.recordings.delimited import Lines, check_times, read_lines, read_numbers
from m3n_studio.recordings.imported import Import, PathFacts, Reading, Recorded, even_times
from m3n_studio.recordings.placements import placement_of
from m3n_studio.recordings.signal import Signal
from m3n_studio.recordings.trajectory import Trajectory, y_up

Array = NDArray[np.float64]
_MOST_XML = 1 << 20
_COUNTER_WRAP = 1 << 16
_FINE_WRAP = 1 << 32
_FINE_HZ = 10_000.0
_CHANNELS = ("Acc_X", "Acc_Y", "Acc_Z", "Gyr_X", "Gyr_Y", "Gyr_Z")
_QUAT = ("Quat_q0", "Quat_q1", "Quat_q2", "Quat_q3")
_MATRIX = tuple(f"Mat[{row}][{column}]" for column in (1, 2, 3) for row in (1, 2, 3))
_EULER = ("Roll", "Pitch", "Yaw")


def sniff(_path: Path, head: bytes) -> bool:
    """Whether the file begins with a comment line and names a packet counter."""
    return head.lstrip(b"\xef\xbb\xbf").startswith(b"//") and b"PacketCounter" in head


def read(path: Path) -> tuple[Signal, ...]:
    """The sensor's signal, named by its device identifier (the end of the file's name)."""
    table = _Table(path)
    missing = [column for column in _CHANNELS if column not in table.header]
    if missing:
        raise FileError(path, field=missing[0], found="no such column was exported",
                        expected=f"{', '.join(_CHANNELS)}; export them in MT Manager")  # fmt: skip
    values = table.numbers(_CHANNELS)
    return (Signal(_name(path), table.time_s(), values[:, :3], values[:, 3:]),)


def facts(path: Path) -> PathFacts:
    """The trial from the name: ``<trial>_<device>.txt``."""
    trial, _, device = path.stem.rpartition("_")
    return PathFacts("", trial, "", device)


def read_whole(path: Path, reading: Reading) -> Import:
    """The sensor's signal, also where no gyroscope was exported or the rate has to be given."""
    table = _Table(path)
    missing = [column for column in _CHANNELS[:3] if column not in table.header]
    if missing:
        raise FileError(path, field=missing[0], found="no such column was exported",
                        expected="acceleration; export it in MT Manager")  # fmt: skip
    turns = set(_CHANNELS) <= set(table.header)
    values = table.numbers(_CHANNELS if turns else _CHANNELS[:3])
    gyr = values[:, 3:] if turns else np.zeros_like(values)
    time_s = table.time_s(reading.rate_hz) if table.timed() or reading.rate_hz else even_times(path, len(values), 0.0)
    known = facts(path)
    others = [name for name in ("Mag_X", *_QUAT[:1], *_MATRIX[:1], *_EULER[:1]) if name in table.header]
    notes = [f"not read: {', '.join(others)} …"] if others else []
    if not turns:
        notes.append("no gyroscope was exported; angular velocity is zero")
    segments, mapping = _segments(path)
    place = placement_of(segments.get(known.sensor, ""))
    recorded = Recorded(Signal(known.sensor, time_s, values[:, :3], gyr), place, "Xsens MTw", () if turns else ("gyr",))
    return Import((recorded,), session=known.session, format="xsens", paths=(path, *mapping), notes=tuple(notes))


def _segments(path: Path) -> tuple[dict[str, str], tuple[Path, ...]]:
    """Segment of each device by an OpenSense mapping file beside the trial or a folder above, if there is one."""
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import ParseError, parse

    for folder in (path.parent, path.parent.parent):
        for file in sorted(folder.glob("*Mappings.xml"))[:1]:
            if file.stat().st_size > _MOST_XML:
                continue
            try:
                root = parse(file).getroot()
            except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
                raise FileError(file, found="no readable XML", expected="an OpenSense mapping") from error
            sensors = [] if root is None else root.iter("ExperimentalSensor")
            found = {(one.get("name") or "").strip("_"): one.findtext("name_in_model") or "" for one in sensors}
            return found, (file,)
    return {}, ()


def read_trajectory(path: str | Path) -> Trajectory:
    """The sensor's orientation over time, at the origin of a y-up world."""
    path = Path(path)
    table = _Table(path)
    if set(_QUAT) <= set(table.header):
        quat = table.numbers(_QUAT)
    elif set(_MATRIX) <= set(table.header):
        matrix = table.numbers(_MATRIX).reshape(-1, 3, 3).swapaxes(1, 2)
        quat = np.full((len(matrix), 4), np.nan)
        good = np.isfinite(matrix).all(axis=(1, 2))
        quat[good] = so3.quat_from_matrix(so3.polar(matrix[good]))
    elif set(_EULER) <= set(table.header):
        roll, pitch, yaw = np.deg2rad(table.numbers(_EULER)).T
        quat = so3.quat_multiply(_about(2, yaw), so3.quat_multiply(_about(1, pitch), _about(0, roll)))
    else:
        raise FileError(path, found="no orientation among the columns", expected="Quat_q0 …, Mat[1][1] … or Roll …")
    time_s = table.time_s()
    return y_up(Trajectory(_name(path), time_s, np.zeros((len(time_s), 3)), quat), "z")


def _about(axis: int, angle: Array) -> Array:
    quat = np.zeros((len(angle), 4))
    quat[:, 0], quat[:, 1 + axis] = np.cos(angle / 2), np.sin(angle / 2)
    return quat


def _name(path: Path) -> str:
    return path.stem.rsplit("_", 1)[-1]


class _Table:
    """Where the columns of one export are."""

    def __init__(self, path: Path) -> None:
        self.lines: Lines = read_lines(path)
        text = self.lines.text
        self.top = next((i for i, line in enumerate(text) if not line.startswith("//")), len(text))
        if self.top == len(text) or "PacketCounter" not in text[self.top]:
            raise FileError(path, found="no line of column names", expected="PacketCounter, Acc_X, …")
        self.delimiter = max(("\t", ";", ",", " "), key=text[self.top].count)
        self.header = self.lines.cells(self.top, self.delimiter)

    def numbers(self, names: tuple[str, ...]) -> Array:
        """Columns (N, C) by name; NaN where empty."""
        places = [self.header.index(name) for name in names]
        return read_numbers(self.lines, places, names, first=self.top + 1, delimiter=self.delimiter)

    def rate_hz(self) -> float:
        """The header's update rate, 0 where it states none."""
        found = re.search(r"Update Rate:\s*([0-9.]+)\s*Hz", "\n".join(self.lines.text[: self.top]))
        return float(found[1]) if found and 1.0 <= float(found[1]) <= 1e4 else 0.0

    def timed(self) -> bool:
        """Whether the file has a rate or sample times."""
        if self.rate_hz():
            return True
        return "SampleTimeFine" in self.header and bool(np.isfinite(self.numbers(("SampleTimeFine",))).all())

    def time_s(self, given_hz: float = 0.0) -> Array:
        """Times (N,) from the first row, s; `given_hz` for files that state no rate."""
        rate = self.rate_hz() or (0.0 if self.timed() else given_hz)
        if rate:
            time_s = _unwrap(self.numbers(("PacketCounter",))[:, 0], _COUNTER_WRAP) / rate
        elif "SampleTimeFine" in self.header:
            time_s = _unwrap(self.numbers(("SampleTimeFine",))[:, 0], _FINE_WRAP) / _FINE_HZ
            if not np.isfinite(time_s).all():
                raise FileError(self.lines.path, found="neither an update rate nor sample times",
                                expected="a line '// Update Rate: 100.0Hz' or SampleTimeFine")  # fmt: skip
        else:
            raise FileError(self.lines.path, found="no update rate", expected="a line '// Update Rate: 100.0Hz'")
        return check_times(self.lines, time_s, first=self.top + 1)


def _unwrap(counts: Array, wrap: int) -> Array:
    """Counts from the first on, with the counter's overflows undone."""
    steps = np.diff(counts, prepend=counts[:1])
    return np.asarray(np.cumsum(np.where(steps < -wrap / 2, steps + wrap, steps)))
