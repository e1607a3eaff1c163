"""BIDS motion: a table without a header, its channels in a second table, its rate in JSON.

``sub-01[_ses-..]_task-.._tracksys-.._motion.tsv`` with ``.._channels.tsv`` (name, component, type,
tracked_point, units) and ``.._motion.json`` (SamplingFrequency) beside it; ``.._events.tsv`` gives
labels where it has a ``trial_type``. Every tracked point with three ACCEL and three GYRO channels
is a signal; a LATENCY channel gives the times, else the rate does. Channels of other types are
not read, and the import says which.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import FileError
from m3n_studio.recordings.delimited import Lines, check_times, read_lines, read_numbers
from m3n_studio.recordings.imported import (
    Import,
    LabelRun,
    LabelTrack,
    PathFacts,
    Reading,
    Recorded,
    SubjectFacts,
    even_times,
)
from m3n_studio.recordings.placements import placement_of
from m3n_studio.recordings.signal import Signal
from m3n_studio.recordings.subjects import bids_subject
from m3n_studio.recordings.units import ACC_UNITS, GYR_UNITS, TIME_UNITS

Array = NDArray[np.float64]

_END = "_motion.tsv"
_MOST_JSON = 1 << 20
_COMPONENTS = ("x", "y", "z")
#: Spellings of units in channels.tsv, and the names used here.
_SPELLINGS = {
    "m/s^2": "m/s2", "m/s²": "m/s2", "m/s2": "m/s2", "m s^-2": "m/s2", "g": "g", "mg": "mg", "rad/s": "rad/s",
    "rad s^-1": "rad/s", "deg/s": "deg/s", "°/s": "deg/s", "dps": "deg/s", "s": "s", "ms": "ms", "us": "us", "ns": "ns",
}  # fmt: skip


def sniff(path: Path, _head: bytes) -> bool:
    """Whether the name ends as BIDS says and the channels lie beside."""
    return path.name.endswith(_END) and _beside(path, "_channels.tsv").is_file()


def _beside(path: Path, end: str) -> Path:
    return path.with_name(path.name.removesuffix(_END) + end)


def facts(path: Path) -> PathFacts:
    """Subject and session from the name; the task is part of the session."""
    parts = dict(re.findall(r"(sub|ses|task|run|acq)-([A-Za-z0-9]+)", path.name))
    session = "_".join(parts[key] for key in ("ses", "task", "acq", "run") if key in parts)
    return PathFacts(f"sub-{parts['sub']}" if "sub" in parts else "", session)


def read(path: Path) -> tuple[Signal, ...]:
    """A signal for each tracked point with accelerometer and gyroscope."""
    return read_whole(path, Reading()).signals


def read_whole(path: Path, reading: Reading) -> Import:
    """Signals, events and the participant."""
    channels = _table(_beside(path, "_channels.tsv"), ("component", "type", "units"))
    described = _json(_beside(path, "_motion.json"))
    lines = read_lines(path)
    time_s = _times(lines, channels, described, reading)
    recorded = tuple(
        Recorded(
            _signal(lines, name, six, time_s), placement_of(name), str(described.get("ManufacturersModelName", ""))
        )
        for name, six in _sensors(path, channels).items()
    )
    used = {"ACCEL", "GYRO", "LATENCY"}
    left = Counter(row["type"].upper() for row in channels if row["type"].upper() not in used)
    notes = [f"not read: {count} channels of type {kind}" for kind, count in left.items()]
    labels = _events(_beside(path, "_events.tsv"), float(time_s[0]))
    known = facts(path)
    sides = [file for end in ("_channels.tsv", "_motion.json", "_events.tsv") if (file := _beside(path, end)).is_file()]
    subject = bids_subject(path, known.subject) or SubjectFacts(known.subject)
    return Import(recorded, labels, subject, known.session, "bids-motion", (path, *sides), "file", tuple(notes))


def _table(path: Path, needed: tuple[str, ...]) -> list[dict[str, str]]:
    lines = read_lines(path)
    header = lines.cells(0, "\t")
    missing = [name for name in needed if name not in header]
    if missing:
        raise FileError(path, field="line 1", found=f"no column {missing[0]}", expected=", ".join(needed))
    rows = []
    for row in range(1, len(lines.text)):
        cells = lines.cells(row, "\t")
        rows.append(dict(zip(header, cells + [""] * (len(header) - len(cells)), strict=False)))
    return rows


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        if path.stat().st_size > _MOST_JSON:
            raise FileError(path, found=f"{path.stat().st_size} bytes", expected="at most 1 MiB of JSON")
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise FileError(path, found="no JSON", expected="a JSON object") from error
    if not isinstance(found, dict):
        raise FileError(path, found=f"a {type(found).__name__}", expected="a JSON object")
    return found


def _times(lines: Lines, channels: list[dict[str, str]], described: dict[str, Any], reading: Reading) -> Array:
    latency = [i for i, row in enumerate(channels) if row["type"].upper() == "LATENCY"]
    if latency:
        unit = _SPELLINGS.get(channels[latency[0]]["units"].strip(), "s")
        numbers = read_numbers(lines, latency[:1], ["LATENCY"], first=0, delimiter="\t")[:, 0]
        return check_times(lines, numbers * TIME_UNITS.get(unit, 1.0), first=0)
    stated = described.get("SamplingFrequencyEffective", described.get("SamplingFrequency"))
    rate = float(stated) if isinstance(stated, int | float) and not isinstance(stated, bool) else 0.0
    return even_times(lines.path, len(lines.text), reading.rate_hz or rate)


def _sensors(path: Path, channels: list[dict[str, str]]) -> dict[str, dict[tuple[str, str], tuple[int, str]]]:
    """Column and unit of each of a tracked point's six channels."""
    out: dict[str, dict[tuple[str, str], tuple[int, str]]] = {}
    for i, row in enumerate(channels):
        kind, axis = row["type"].upper(), row["component"].lower()
        if kind in ("ACCEL", "GYRO") and axis in _COMPONENTS:
            point = row.get("tracked_point", "") or "sensor"
            out.setdefault(point, {})[(kind, axis)] = (i, row["units"].strip())
    whole = {point: six for point, six in out.items() if len(six) == 6}
    if not whole:
        raise FileError(_beside(path, "_channels.tsv"), found="no tracked point with three ACCEL and three GYRO",
                        expected="an accelerometer and a gyroscope")  # fmt: skip
    return whole


def _signal(lines: Lines, name: str, six: dict[tuple[str, str], tuple[int, str]], time_s: Array) -> Signal:
    order = [six[kind, axis] for kind in ("ACCEL", "GYRO") for axis in _COMPONENTS]
    names = [f"{name} {kind} {axis}" for kind in ("ACCEL", "GYRO") for axis in _COMPONENTS]
    factors = np.array([_factor(lines.path, unit, i < 3) for i, (_, unit) in enumerate(order)])
    values = read_numbers(lines, [at for at, _ in order], names, first=0, delimiter="\t") * factors
    return Signal(name, time_s, values[:, :3], values[:, 3:])


def _factor(path: Path, unit: str, is_acc: bool) -> float:
    known = ACC_UNITS if is_acc else GYR_UNITS
    spelled = _SPELLINGS.get(unit, unit)
    if spelled not in known:
        raise FileError(_beside(path, "_channels.tsv"), field="units", found=repr(unit[:40]),
                        expected=", ".join(known))  # fmt: skip
    return known[spelled]


def _events(path: Path, start_s: float) -> tuple[LabelTrack, ...]:
    if not path.is_file():
        return ()
    rows = _table(path, ("onset", "duration"))
    runs = []
    for row in rows:
        name = row.get("trial_type", "")
        try:
            onset, length = float(row["onset"]), float(row["duration"] if row["duration"] not in ("", "n/a") else 0.0)
        except ValueError:
            raise FileError(path, field="onset", found=repr(row["onset"][:40]), expected="seconds") from None
        if name and name != "n/a":
            runs.append(LabelRun(start_s + onset, start_s + onset + length, name))
    return (LabelTrack("trial_type", tuple(runs)),)
