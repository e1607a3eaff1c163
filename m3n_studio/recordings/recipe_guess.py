"""A first guess at a recipe for a stranger's table, with a reason and a confidence for everything guessed.

Titles and a row of units are believed before numbers are; numbers decide units only where their
size leaves little doubt, and what stays open is said in ``problems``. A guess is a start for a
person, not an import.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import FileError
from m3n_studio.recordings.figures import gyr_against_gravity, usual_step
from m3n_studio.recordings.guess_columns import Title, read_title
from m3n_studio.recordings.guess_layout import Guess, Layout, layout_of
from m3n_studio.recordings.guess_times import Triples, pair, runs_forward, time_unit
from m3n_studio.recordings.placements import placement_of
from m3n_studio.recordings.raw import RawSignal
from m3n_studio.recordings.recipe import FORMAT, VERSION, Recipe, make_recipe
from m3n_studio.recordings.text_table import TextTable
from m3n_studio.recordings.units import ACC_UNITS, GYR_UNITS

__all__ = ["Guess", "Guessed", "guess"]

Array = NDArray[np.float64]

_PREVIEW_ROWS = 50
_SAMPLE_ROWS = 4000
_MOST_SENSORS = 20
_RATE = re.compile(r"(?:rate|frequency|freq|fs)[^0-9\n]{0,20}([0-9]+(?:\.[0-9]+)?)\s*,?\s*(?:Hz)?", re.IGNORECASE)


@dataclass(frozen=True)
class Guessed:
    """What was made of a file.

    Attributes
    ----------
    recipe : Recipe or None
        None where too much is open; `problems` says what.
    guesses : tuple of Guess
    problems : tuple of str
    titles : tuple of str
    preview : tuple of tuple of str
        The first rows of cells.
    """

    recipe: Recipe | None
    guesses: tuple[Guess, ...]
    problems: tuple[str, ...]
    titles: tuple[str, ...]
    preview: tuple[tuple[str, ...], ...]


def guess(path: str | Path, *, rate_hz: float = 0.0) -> Guessed:
    """Guess a recipe from a file's beginning and its name.

    rate_hz : for tables without times.

    Raises
    ------
    FileError
        Where there is no table of numbers in the file.
    """
    return _Guesser(Path(path), rate_hz).result()


class _Guesser:
    """Collects guesses and problems while it goes from layout to columns to units."""

    def __init__(self, path: Path, rate_hz: float) -> None:
        self.path, self.given_hz = path, rate_hz
        self.layout: Layout = layout_of(path)
        self.guesses: list[Guess] = list(self.layout.guesses)
        self.problems: list[str] = []
        self.content: dict[str, Any] = {"format": FORMAT, "version": VERSION, "name": path.stem[:100],
                                        "files": f"*{path.suffix}", "file": self._file()}  # fmt: skip
        spec = Recipe.model_validate({**self.content, "time": {"rate_hz": 1.0}, "sensor": [{"acc": [0, 1, 2]}]}).file
        self.table = TextTable.read(path, spec, most_rows=_SAMPLE_ROWS)
        units = self.layout.units
        texts = self.table.titles
        self.titles = [read_title(i, text, units[i] if i < len(units) else "") for i, text in enumerate(texts)]

    def _file(self) -> dict[str, Any]:
        layout = self.layout
        values = {"encoding": layout.encoding, "delimiter": layout.delimiter, "decimal": layout.decimal,
                  "comment": layout.comment, "skip_lines": layout.skip_lines, "header_rows": layout.header_rows,
                  "rows_below_header": layout.rows_below_header}  # fmt: skip
        return values

    def result(self) -> Guessed:
        self._time()
        sensors = self._sensors()
        if sensors:
            self.content["sensor"] = sensors
        self._words()
        self._path()
        recipe = None
        if "time" in self.content and sensors:
            try:
                recipe = make_recipe(self.content, self.path)
            except FileError as error:
                self.problems.append(str(error))
        preview = tuple(row for row in self.layout.rows[:_PREVIEW_ROWS])
        return Guessed(recipe, tuple(self.guesses), tuple(self.problems), self.table.titles, preview)

    def _add(self, key: str, value: str, reason: str, confidence: Any) -> None:
        self.guesses.append(Guess(key, value, reason, confidence))

    def _column(self, title: Title) -> str | int:
        unique = title.text and self.table.titles.count(title.text) == 1
        return title.text if unique else title.index

    def _numbers(self, title: Title) -> Array:
        try:
            return self.table.numbers((title.index,))[:, 0]
        except FileError:
            return np.full(len(self.table), np.nan)

    def _time(self) -> None:
        named = [title for title in self.titles if title.role == "time"]
        if not named and self.layout.header_rows == 0:
            named = [title for title in self.titles[:3] if runs_forward(self._numbers(title))][:1]
        for title in sorted(named, key=lambda title: not title.unit):
            spec = self._time_column(title)
            if spec:
                self.content["time"] = spec
                return
        self._rate()

    def _time_column(self, title: Title) -> dict[str, Any] | None:
        numbers = self._numbers(title)
        where = f"column {title.text or title.index!r}"
        if not np.isfinite(numbers).any():
            words = [word for word in self.table.words(title.index)[:20] if word]
            if words and all(re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", word) for word in words):
                self._add("time", f"{where}, iso", "its cells are dates with a time", "certain")
                return {"column": self._column(title), "unit": "iso"}
            return None
        if not runs_forward(numbers):
            return None
        if title.unit:
            unit, reason, sure = title.unit, "its title or the row of units says so", "certain"
        else:
            unit, reason, sure = time_unit(numbers)
        if not unit:
            self.problems.append(f"{where}: {reason}")
            return None
        self._add("time", f"{where}, {unit}", reason, sure)
        spec: dict[str, Any] = {"column": self._column(title), "unit": unit}
        same = float((np.diff(numbers) == 0).mean()) if len(numbers) > 1 else 0.0
        if 0 < same < 0.5 and unit in ("ms", "us"):
            spec["resolution_s"] = {"ms": 1e-3, "us": 1e-6}[unit]
            self._add("time.resolution_s", str(spec["resolution_s"]),
                      f"{same:.1%} of neighbours share a stamp: a clock of whole {unit}", "likely")  # fmt: skip
        return spec

    def _rate(self) -> None:
        if self.given_hz:
            self.content["time"] = {"rate_hz": self.given_hz}
            self._add("time.rate_hz", f"{self.given_hz:g}", "it was given", "certain")
            return
        stated = next((found for line in self.layout.above if (found := _RATE.search(line))), None)
        if stated and 1.0 <= float(stated[1]) <= 1e4:
            self.content["time"] = {"rate_hz": float(stated[1])}
            self._add("time.rate_hz", stated[1], "a line above the titles states it", "likely")
        else:
            self.problems.append("no column of times and no rate: give one (--rate)")

    def _sensors(self) -> list[dict[str, Any]]:
        accs, gyrs = self._triples("acc"), self._triples("gyr")
        if not accs and self.layout.header_rows == 0:
            accs, gyrs = self._by_position()
        if not accs:
            self.problems.append("no three columns of acceleration by their titles")
            return []
        paired = pair(accs, gyrs)
        if not gyrs:
            self.problems.append("no three columns of angular velocity by their titles; acceleration alone is read")
        out = [self._sensor(name, acc, gyr) for name, acc, gyr in paired]
        return self._long(out)

    def _triples(self, role: str) -> Triples:
        found: dict[str, dict[str, Title]] = {}
        for title in self.titles:
            if title.role == role and title.axis:
                found.setdefault(title.sensor, {}).setdefault(title.axis, title)
        return {name: (axes["x"], axes["y"], axes["z"]) for name, axes in found.items() if len(axes) == 3}

    def _by_position(self) -> tuple[Triples, Triples]:
        """Without titles: six neighbouring columns of numbers, acceleration taken to come first."""
        taken = self.content.get("time", {}).get("column")
        numbers = [
            title for title in self.titles if title.index != taken and np.isfinite(self._numbers(title)).mean() > 0.5
        ]
        if len(numbers) < 6:
            return {}, {}
        a, b = numbers[:3], numbers[3:6]
        self._add("sensor", f"columns {a[0].index} to {b[2].index}",
                  "there are no titles; acceleration is taken to come before angular velocity", "unsure")  # fmt: skip
        return {"": (a[0], a[1], a[2])}, {"": (b[0], b[1], b[2])}

    def _sensor(self, name: str, acc: tuple[Title, ...], gyr: tuple[Title, ...] | None) -> dict[str, Any]:
        acc_values = np.column_stack([self._numbers(title) for title in acc])
        acc_unit = self._acc_unit(name, acc, acc_values)
        sensor: dict[str, Any] = {"acc": [self._column(title) for title in acc], "acc_unit": acc_unit}
        if gyr is not None:
            sensor["gyr"] = [self._column(title) for title in gyr]
            values = np.column_stack([self._numbers(title) for title in gyr])
            sensor["gyr_unit"] = self._gyr_unit(name, gyr, values, acc_values * ACC_UNITS[acc_unit])
        if name:
            sensor["name"] = name
        placement = placement_of(name) or placement_of(self.path.stem)
        if placement:
            sensor["placement"] = placement
            self._add("sensor.placement", placement, f"the words {name or self.path.stem!r}", "likely")
        return sensor

    def _acc_unit(self, name: str, titles: tuple[Title, ...], values: Array) -> str:
        key = f"sensor {name or '1'}.acc_unit"
        if titles[0].unit:
            self._add(key, titles[0].unit, "its title or the row of units says so", "certain")
            return titles[0].unit
        with np.errstate(over="ignore", invalid="ignore"):
            size = np.linalg.norm(values, axis=1)
        size = size[np.isfinite(size)]
        middle = float(np.median(size)) if len(size) else 0.0
        for unit, low, high in (("g", 0.75, 1.35), ("m/s2", 7.5, 13.0), ("mg", 750.0, 1350.0)):
            if low <= middle <= high:
                self._add(key, unit, f"the median of |acc| is {middle:.4g}", "likely")
                return unit
        self._add(key, "m/s2", f"the median of |acc| is {middle:.4g}, which is gravity in no known unit", "unsure")
        self.problems.append(f"{key}: |acc| is {middle:.4g}; neither 1 g nor 9.81 m/s² nor 1000 mg")
        return "m/s2"

    def _gyr_unit(self, name: str, titles: tuple[Title, ...], values: Array, acc_mps2: Array) -> str:
        key = f"sensor {name or '1'}.gyr_unit"
        if titles[0].unit:
            self._add(key, titles[0].unit, "its title or the row of units says so", "certain")
            return titles[0].unit
        gain, fit = self._gain(values, acc_mps2)
        if np.isfinite(fit) and abs(fit) > 0.85:
            nearest = min(GYR_UNITS, key=lambda unit: abs(np.log(abs(gain) / GYR_UNITS[unit])))
            self._add(key, nearest, f"gravity turns {abs(gain):.3g} times as fast as the numbers say", "certain")
            return nearest
        with np.errstate(over="ignore", invalid="ignore"):
            size = np.linalg.norm(values, axis=1)
        size = size[np.isfinite(size)]
        fast = float(np.quantile(size, 0.99)) if len(size) else 0.0
        if fast > 20.0:
            self._add(key, "deg/s", f"the fastest hundredth of |gyr| is {fast:.4g}; people turn at 20 rad/s at most",
                      "likely")  # fmt: skip
            return "deg/s"
        sure = "likely" if fast > 0.5 else "unsure"
        self._add(key, "rad/s", f"the fastest hundredth of |gyr| is {fast:.4g}, slow for °/s", sure)
        return "rad/s"

    def _gain(self, gyr: Array, acc_mps2: Array) -> tuple[float, float]:
        spec = self.content.get("time", {})
        if "rate_hz" in spec:
            step, times = 1.0 / spec["rate_hz"], np.arange(len(gyr)) / spec["rate_hz"]
        elif spec.get("unit") in ("s", "ms", "us", "ns"):
            scale = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}[spec["unit"]]
            title = next(t for t in self.titles if spec["column"] in (t.text, t.index))
            times = self._numbers(title) * scale
            step = usual_step(times)
        else:
            return float("nan"), float("nan")
        with np.errstate(all="ignore"):
            return gyr_against_gravity(RawSignal("", times, acc_mps2, gyr), step)

    def _long(self, sensors: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """One sensor for each word of a column of sensors, where there is one."""
        column = next((title for title in self.titles if title.role == "sensor"), None)
        if column is None or len(sensors) != 1 or not column.text:
            return sensors
        names = list(dict.fromkeys(word for word in self.table.words(column.index) if word))
        if not 1 < len(names) <= _MOST_SENSORS:
            return sensors
        self._add("sensor.where", f"column {column.text!r}", f"its cells name {len(names)} sensors", "likely")
        out = []
        for name in names:
            sensor = {**sensors[0], "name": name, "where": {column.text: name}}
            placement = placement_of(name)
            out.append(sensor | ({"placement": placement} if placement else {}))
        return out

    def _words(self) -> None:
        for role, key in (("label", "label"), ("subject", "subject_column"), ("session", "session_column")):
            title = next((title for title in self.titles if title.role == role), None)
            if title is None:
                continue
            column = self._column(title)
            self.content[key] = {"column": column} if key == "label" else column
            distinct = len(set(self.table.words(title.index)))
            self._add(key, f"column {column!r}", f"its title; {distinct} different words in the sample", "likely")

    def _path(self) -> None:
        stem = self.path.stem
        found = re.match(r"([A-Za-z]{1,8}-?\d{1,4})_([A-Za-z]{0,8}-?\d{1,4})(_|$)", stem)
        alone = re.match(r"((?:s|p|u|sub|subj|subject|user|participant)[-_]?\d{1,4})(?=_|$)", stem, re.IGNORECASE)
        if found and "subject_column" not in self.content:
            pattern = r"(?P<subject>[A-Za-z]{1,8}-?\d{1,4})_(?P<session>[A-Za-z]{0,8}-?\d{1,4})[^/]*$"
            self._add("path.pattern", pattern, f"the name begins like a subject and a session: {found[0]!r}", "unsure")
        elif alone and "subject_column" not in self.content:
            pattern = r"(?P<subject>[A-Za-z]{1,11}[-_]?\d{1,4})[^/]*$"
            self._add("path.pattern", pattern, f"the name begins like a subject: {alone[0]!r}", "unsure")
        else:
            return
        self.content["path"] = {"pattern": pattern}
