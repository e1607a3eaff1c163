"""Populations as files of a few lines of TOML (or JSON), written by the window, read by the command line, and by hand.

::

    format = "m3n-studio population"
    version = 1
    variety = 1.0
    correlation = "people"      # or a table: [[1.0, 0.4], [0.4, 1.0]]

    [[attribute]]
    name = "stature"            # m; mass in kg
    kind = "normal"             # mean and std; "uniform": low and high; "fixed": value
    mean = 1.75
    std = 0.07
"""

from __future__ import annotations

import json
import math
import tomllib
from pathlib import Path
from typing import Any

from m3n_studio.atomic import atomic
from m3n_studio.body.measure import NAMES
from m3n_studio.body.model import BodyModel
from m3n_studio.errors import FileError, M3nError
from m3n_studio.imu.population import Population, Spread, of_people

FORMAT = "m3n-studio population"
VERSION = 1
SUFFIXES = (".toml", ".json")
#: Names that stand for a population instead of a file: as among people, for these measurements.
PRESETS: dict[str, tuple[str, ...]] = {"people": ("stature", "mass"), "people:all": NAMES}
_MOST_BYTES = 64 << 10
_KEYS = {"normal": ("mean", "std"), "uniform": ("low", "high"), "fixed": ("value",)}
_HEAD = ("format", "version", "variety", "correlation", "attribute")


def save_population(path: str | Path, population: Population) -> None:
    """Write a population, as JSON where the name ends in .json, else as TOML."""
    path = Path(path)
    data = to_dict(population)
    text = json.dumps(data, indent=2) + "\n" if path.suffix.lower() == ".json" else _toml(data)
    try:
        with atomic(path) as part:
            part.write_text(text, "utf-8")
    except OSError as error:
        raise FileError(path, found=f"it cannot be written ({error})", expected="a folder one may write in") from error


def load_population(path: str | Path) -> Population:
    """Read a population; `FileError` says which field is wrong and what it should be."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
        if len(raw) > _MOST_BYTES:
            raise FileError(path, found=f"more than {_MOST_BYTES >> 10} kB", expected="a population, a few lines")
        text = raw.decode("utf-8")
        data = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except OSError as error:
        raise FileError(path, found=f"it cannot be read ({error.strerror})", expected="a population file") from error
    except (ValueError, RecursionError) as error:  # of either format, and of the encoding
        kind = "JSON" if path.suffix.lower() == ".json" else "TOML"
        raise FileError(path, found=f"no {kind} ({error})", expected="a population file") from error
    return from_dict(data, path)


def open_population(name: str, model: BodyModel) -> Population:
    """A preset of :data:`PRESETS` by name, else a file."""
    if name in PRESETS:
        return of_people(model, PRESETS[name])
    if Path(name).suffix.lower() not in SUFFIXES and not Path(name).exists():
        known = ", ".join(PRESETS)
        raise FileError(name, found="neither a preset nor a file", expected=f"{known}, or a .toml or .json file")
    return load_population(name)


def to_dict(population: Population) -> dict[str, Any]:
    """Plain values, as in the file."""
    rows = []
    for name, spread in zip(population.attributes, population.spreads, strict=True):
        values = dict(zip(_KEYS[spread.kind], (spread.a, spread.b), strict=False))
        rows.append({"name": name, "kind": spread.kind, **values})
    table = population.correlation
    correlation = "people" if table is None else [list(map(float, row)) for row in table]
    return {"format": FORMAT, "version": VERSION, "variety": population.variety, "correlation": correlation,
            "attribute": rows}  # fmt: skip


def from_dict(data: Any, path: str | Path = "population") -> Population:
    """The population of plain values."""
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise FileError(path, field="format", found=_short(data.get("format") if isinstance(data, dict) else data),
                        expected=repr(FORMAT))  # fmt: skip
    if data.get("version") != VERSION or isinstance(data.get("version"), bool):
        raise FileError(path, field="version", found=_short(data.get("version")), expected=f"{VERSION}")
    _only(path, "", data, _HEAD)
    rows = data.get("attribute", [])
    if not isinstance(rows, list) or len(rows) > len(NAMES):
        raise FileError(path, field="attribute", found=_short(rows), expected=f"up to {len(NAMES)} tables")
    stated = [_row(path, i, row) for i, row in enumerate(rows)]
    table = _table(path, data.get("correlation", "people"), len(rows))
    variety = _number(path, "variety", data.get("variety", 1.0))
    try:
        return Population(tuple(n for n, _ in stated), tuple(s for _, s in stated), table, variety)
    except M3nError as error:
        raise FileError(path, found=str(error)) from error


def _row(path: str | Path, index: int, row: Any) -> tuple[str, Spread]:
    where = f"attribute {index + 1}"
    if not isinstance(row, dict) or not isinstance(row.get("name"), str):
        raise FileError(path, field=where, found=_short(row), expected="a table with a name")
    where, kind = f"{where} ({row['name'][:40]})", row.get("kind")
    if not isinstance(kind, str) or kind not in _KEYS:
        raise FileError(path, field=f"{where} kind", found=_short(kind), expected=", ".join(_KEYS))
    _only(path, where, row, ("name", "kind", *_KEYS[kind]))
    values = [_number(path, f"{where} {key}", row.get(key)) for key in _KEYS[kind]]
    try:
        return row["name"], Spread(kind, *values)
    except M3nError as error:
        raise FileError(path, field=where, found=str(error)) from error


def _table(path: str | Path, value: Any, size: int) -> tuple[tuple[float, ...], ...] | None:
    if value == "people":
        return None
    rows = value if isinstance(value, list) else []
    if len(rows) != size or any(not isinstance(row, list) or len(row) != size for row in rows):
        raise FileError(path, field="correlation", found=_short(value),
                        expected=f"'people' or {size} rows of {size} numbers")  # fmt: skip
    return tuple(tuple(_number(path, "correlation", x) for x in row) for row in rows)


def _number(path: str | Path, field: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FileError(path, field=field, found="nothing" if value is None else _short(value), expected="a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise FileError(path, field=field, found=_short(value), expected="a finite number")
    return number


def _only(path: str | Path, where: str, data: dict[str, Any], known: tuple[str, ...]) -> None:
    strange = next((key for key in data if key not in known), None)
    if strange is not None:
        raise FileError(path, field=where, found=f"the key {_short(strange)}", expected=", ".join(known))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _toml(data: dict[str, Any]) -> str:
    """TOML of :func:`to_dict`; its strings are names that need no escapes."""
    lines = [f"{key} = {json.dumps(data[key])}" for key in ("format", "version", "variety", "correlation")]
    for row in data["attribute"]:
        lines += ["", "[[attribute]]", *(f"{key} = {json.dumps(value)}" for key, value in row.items())]
    return "\n".join(lines) + "\n"
