"""Reading a table as a recipe says.

Times stay as they are; what is missing is masked, not filled. A gyroscope in a file of its own
is brought onto the accelerometer's times only because the recipe says how.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import FileError
from m3n_studio.recordings.delimited import spread_ties
from m3n_studio.recordings.imported import Import, LabelTrack, PathFacts, Recorded, SubjectFacts
from m3n_studio.recordings.raw import RawSignal
from m3n_studio.recordings.recipe import Column, GyrFileSpec, Recipe, SensorSpec, TimeSpec
from m3n_studio.recordings.remedies import mend
from m3n_studio.recordings.text_table import TextTable
from m3n_studio.recordings.units import ACC_UNITS, GYR_UNITS, TIME_UNITS

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_UNIX_FROM, _UNIX_TO = 2.0e8, 8.0e9
_MOST_GROUPS = 10_000


def path_facts(recipe: Recipe, path: Path) -> PathFacts:
    """Subject, session and placement from the last four parts of a path; empty where it does not match."""
    if recipe.path is None:
        return PathFacts()
    found = re.search(recipe.path.pattern, "/".join(path.parts[-4:])[-200:])
    if found is None:
        return PathFacts()
    facts = {name: value or "" for name, value in found.groupdict().items()}
    placement = facts.get("placement", "")
    facts["placement"] = recipe.path.placements.get(placement, placement)
    return PathFacts(**facts)


def read_raw(recipe: Recipe, path: Path) -> tuple[RawSignal, ...]:
    """Every sensor's samples as stored, before any of the recipe's fixes: what checks should look at."""
    table = TextTable.read(path, recipe.file)
    with np.errstate(over="ignore", invalid="ignore"):
        return _all_raw(recipe, table)


def _all_raw(recipe: Recipe, table: TextTable) -> tuple[RawSignal, ...]:
    everything = np.ones(len(table), dtype=bool)
    return tuple(_raw(recipe, table, sensor, everything)[0] for sensor in recipe.sensor)


def read(recipe: Recipe, path: Path) -> tuple[Import, ...]:
    """Read a table: one import for each subject and session in it, in order of appearance."""
    table = TextTable.read(path, recipe.file)
    facts = path_facts(recipe, path)
    out = []
    with np.errstate(over="ignore", invalid="ignore"):
        for subject, session, rows in _groups(recipe, table):
            who = PathFacts(subject or facts.subject, session or facts.session, facts.placement, facts.sensor)
            out.append(_import(recipe, table, rows, who))
    return tuple(out)


def _groups(recipe: Recipe, table: TextTable) -> list[tuple[str, str, Mask]]:
    columns = [column for column in (recipe.subject_column, recipe.session_column) if column is not None]
    if not columns:
        return [("", "", np.ones(len(table), dtype=bool))]
    words = [table.words(column) for column in columns]
    keys = list(zip(*words, strict=True))
    distinct = list(dict.fromkeys(keys))
    if len(distinct) > _MOST_GROUPS:
        raise FileError(table.path, field=f"column {columns[-1]}", found=f"{len(distinct)} subjects and sessions",
                        expected="a column that names subjects or sessions")  # fmt: skip
    number = {key: i for i, key in enumerate(distinct)}
    codes = np.array([number[key] for key in keys])
    out = []
    for key, code in number.items():
        subject = key[0] if recipe.subject_column is not None else ""
        session = key[-1] if recipe.session_column is not None else ""
        out.append((subject, session, np.asarray(codes == code)))
    return out


def _import(recipe: Recipe, table: TextTable, rows: Mask, facts: PathFacts) -> Import:
    recorded, notes, paths = [], [], [table.path]
    track: LabelTrack | None = None
    clock = "file"
    for i, sensor in enumerate(recipe.sensor):
        raw, kept, gyr_path = _raw(recipe, table, sensor, rows, facts)
        if not raw.has_gyr:
            notes.append(f"{raw.name}: no gyroscope; angular velocity is zero")
        if i == 0:
            track = _labels(recipe, table, kept, raw.time_s)
            clock = _clock(recipe.time, raw.time_s)
        if gyr_path is not None and gyr_path not in paths:
            paths.append(gyr_path)
            notes.append(f"{raw.name}: angular velocity of {gyr_path.name} joined by time ({recipe.gyr_file.join})"
                         if recipe.gyr_file else "")  # fmt: skip
        mended = mend(raw, recipe.fixes)
        placement = sensor.placement or facts.placement
        absent = () if raw.has_gyr else ("gyr",)
        recorded.append(Recorded(mended.signal(), placement, sensor.device, absent))
    notes += [f"chosen remedy: {name}" for name in recipe.fixes]
    ignored = table.ignored(_used(recipe))
    if ignored:
        notes.append(f"columns not read: {ignored}")
    return Import(
        tuple(recorded), (track,) if track is not None else (), SubjectFacts(facts.subject), facts.session,
        f"recipe:{recipe.name}", tuple(paths), clock, tuple(notes),
    )  # fmt: skip


def _used(recipe: Recipe) -> list[Column]:
    out: list[Column] = []
    for sensor in recipe.sensor:
        out += [*sensor.acc, *(sensor.gyr or ()), *sensor.where]
    singles = (recipe.time.column, recipe.subject_column, recipe.session_column,
               recipe.label.column if recipe.label else None)  # fmt: skip
    return [*out, *(column for column in singles if column is not None)]


def _raw(
    recipe: Recipe, table: TextTable, sensor: SensorSpec, rows: Mask, facts: PathFacts | None = None
) -> tuple[RawSignal, Mask, Path | None]:
    """One sensor's samples, the rows they come from, and the gyroscope's own file if there is one."""
    facts = facts or path_facts(recipe, table.path)
    name = sensor.name or facts.sensor or sensor.placement or facts.placement or table.path.stem
    kept = rows.copy()
    for column, word in sensor.where.items():
        kept &= np.array([cell == word for cell in table.words(column)], dtype=bool)
    if not kept.any():
        raise FileError(table.path, field=name, found="no row of this sensor",
                        expected=f"rows where {sensor.where or 'anything'}")  # fmt: skip
    time_s = _times(recipe.time, table, kept)
    acc = _turn(sensor, table.numbers(sensor.acc)[kept] * ACC_UNITS[sensor.acc_unit])
    if sensor.gravity == "down":
        acc = -acc
    gyr, gyr_path = np.full_like(acc, np.nan), None
    if recipe.gyr_file is not None and sensor.gyr is not None:
        gyr_path = _beside(recipe.gyr_file, table.path)
        gyr = _turn(sensor, _joined(recipe, sensor, gyr_path, time_s))
    elif sensor.gyr is not None:
        gyr = _turn(sensor, table.numbers(sensor.gyr)[kept] * GYR_UNITS[sensor.gyr_unit])
    return RawSignal(name, time_s, acc, gyr, table.path), kept, gyr_path


def _turn(sensor: SensorSpec, values: Array) -> Array:
    """Into the sensor's right-handed axes: `axes` names the source of each of x, y, z."""
    order = ["xyz".index(axis[-1]) for axis in sensor.axes]
    signs = np.array([-1.0 if axis[0] == "-" else 1.0 for axis in sensor.axes])
    return np.asarray(values[:, order] * signs)


def _times(spec: TimeSpec, table: TextTable, kept: Mask) -> Array:
    if spec.column is None:
        return np.arange(int(kept.sum())) / float(spec.rate_hz or 1.0)
    if spec.unit == "iso":
        words = np.array(table.words(spec.column), dtype=object)[kept]
        return np.array([_iso_seconds(table, str(spec.column), word) for word in words])
    numbers = table.numbers((spec.column,))[kept, 0]
    seconds = numbers * TIME_UNITS[spec.unit]
    return spread_ties(seconds, spec.resolution_s) if spec.resolution_s else np.asarray(seconds)


def _iso_seconds(table: TextTable, column: str, word: str) -> float:
    if not word:
        return float("nan")
    try:
        moment = datetime.fromisoformat(word)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        raise FileError(table.path, field=f"column {column}", found=repr(word[:40]),
                        expected="a date and time such as 2024-05-01T12:00:00.250Z") from None  # fmt: skip


def _clock(spec: TimeSpec, time_s: Array) -> str:
    if spec.clock != "auto":
        return spec.clock
    finite = time_s[np.isfinite(time_s)]
    return "unix" if len(finite) and _UNIX_FROM < float(finite[0]) < _UNIX_TO else "file"


def _labels(recipe: Recipe, table: TextTable, kept: Mask, time_s: Array) -> LabelTrack | None:
    if recipe.label is None:
        return None
    words = np.array(table.words(recipe.label.column), dtype=object)[kept]
    finite = np.isfinite(time_s)
    named = [recipe.label.map.get(word, word) for word in words[finite]]
    forward = np.maximum.accumulate(time_s[finite]) if finite.any() else time_s[finite]
    return LabelTrack.of_samples(recipe.label.name, forward, named, tuple(recipe.label.map.values()),
                                 ("", *recipe.label.ignore))  # fmt: skip


def _beside(spec: GyrFileSpec, path: Path) -> Path:
    old, new = spec.replace
    if old not in path.name:
        raise FileError(path, field="gyr_file", found=f"no {old!r} in the file's name", expected="a name that has it")
    name = path.name.replace(old, new)
    if "/" in name or "\\" in name or name in ("", ".", ".."):
        raise FileError(path, field="gyr_file", found=repr(name), expected="the name of a file beside it")
    return path.with_name(name)


def _joined(recipe: Recipe, sensor: SensorSpec, path: Path, time_s: Array) -> Array:
    """The gyroscope's file at the accelerometer's times; NaN where none is within the tolerance."""
    spec = recipe.gyr_file
    if spec is None or sensor.gyr is None:
        raise FileError(path, field="gyr_file", found="no gyroscope columns", expected="gyr = [three columns]")
    if not path.is_file():
        raise FileError(path, field="gyr_file", found="no such file", expected="the gyroscope's file")
    table = TextTable.read(path, recipe.file)
    rows = np.ones(len(table), dtype=bool)
    for column, word in sensor.where.items():
        rows &= np.array([cell == word for cell in table.words(column)], dtype=bool)
    if not rows.any():
        raise FileError(path, found="no row of this sensor", expected=f"rows where {sensor.where}")
    own = _times(recipe.time, table, rows)
    values = table.numbers(sensor.gyr)[rows] * GYR_UNITS[sensor.gyr_unit]
    good = np.isfinite(own) & np.isfinite(values).all(axis=1)
    own, values = own[good], values[good]
    forward = np.concatenate([[True], np.diff(np.maximum.accumulate(own)) > 0]) if len(own) else good[:0]
    own, values = own[forward], values[forward]
    if len(own) < 2:
        raise FileError(path, found=f"{len(own)} samples with a time and numbers", expected="at least 2")
    times = np.where(np.isfinite(time_s), time_s, own[0])
    after = np.clip(np.searchsorted(own, times), 1, len(own) - 1)
    left, right = times - own[after - 1], own[after] - times
    if spec.join == "nearest":
        out = np.where((left <= right)[:, None], values[after - 1], values[after])
        far = np.minimum(np.abs(left), np.abs(right)) > spec.tolerance_s
    else:
        out = np.column_stack([np.interp(times, own, values[:, i]) for i in range(3)])
        far = (left < 0) | (right < 0) | (own[after] - own[after - 1] > 2 * spec.tolerance_s)
    out[far | ~np.isfinite(time_s)] = np.nan
    return np.asarray(out)
