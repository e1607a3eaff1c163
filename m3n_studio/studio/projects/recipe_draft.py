"""A recipe while it is being made: a role for every column, and the way to a recipe and back. No Qt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from m3n_studio.errors import FileError, M3nError
from m3n_studio.recordings.recipe import FORMAT, VERSION, FileSpec, Recipe, make_recipe
from m3n_studio.recordings.text_table import TextTable

AXES = ("x", "y", "z")
#: Role and what it is called.
ROLES = (
    ("", "not read"), ("time", "time"),
    *((f"{kind}_{axis}", f"{word} {axis}") for kind, word in (("acc", "acceleration"), ("gyr", "angular velocity"))
      for axis in AXES),
    ("label", "label"), ("subject", "subject"), ("session", "session"), ("sensor", "name of the sensor"),
)  # fmt: skip
ROLE_WORDS = dict(ROLES)
UNITS = {
    "acc": ("m/s2", "g", "mg"), "gyr": ("rad/s", "deg/s", "mdeg/s"), "time": ("s", "ms", "us", "ns", "iso"),
}  # fmt: skip
UNIT_WORDS = {"m/s2": "m/s²", "deg/s": "°/s", "mdeg/s": "m°/s", "us": "µs", "iso": "date and time"}
_SAMPLE_ROWS = 4000
_MOST_SENSORS = 20
_GROUP = re.compile(r"\{(subject|session|placement|sensor)\}")


@dataclass(frozen=True)
class Use:
    """What a column is, and of which sensor where it is a sensor's."""

    role: str = ""
    sensor: str = ""

    @property
    def kind(self) -> str:
        """``"acc"``, ``"gyr"``, ``"time"`` where it has a unit, else empty."""
        kind = self.role.split("_")[0]
        return kind if kind in UNITS else ""


@dataclass(frozen=True)
class Problem:
    """What keeps a draft from being a recipe: at which field, what is wrong, what to do."""

    at: str
    what: str
    remedy: str


@dataclass(frozen=True)
class Draft:
    """What the user has said so far.

    Attributes
    ----------
    path : Path
    titles : tuple of str
        Of the columns; empty where the table has none.
    uses : tuple of Use
        One a column.
    file : FileSpec
    units : mapping from (sensor, "acc" or "gyr") to unit
    placements : mapping from sensor to placement
    time_unit : str
    by_rate : bool
        The rate is given, times are not read.
    rate_hz : float
        0 where not known.
    resolution_s : float
        Of the clock: samples of one stamp are spread within it.
    pattern : str
        Sought in the path; with ``{subject}`` and the like, or a regular expression.
    fixes : tuple of str
    name, files : str
    sensor_names : tuple of str
        Words of the column that names sensors.
    rest : mapping
        What a recipe said besides, kept as it was: axes, gravity, device by sensor, names of labels and so on.
    """

    path: Path
    titles: tuple[str, ...]
    uses: tuple[Use, ...]
    file: FileSpec = field(default_factory=FileSpec)
    units: Mapping[tuple[str, str], str] = field(default_factory=dict)
    placements: Mapping[str, str] = field(default_factory=dict)
    time_unit: str = "s"
    by_rate: bool = False
    rate_hz: float = 0.0
    resolution_s: float = 0.0
    pattern: str = ""
    fixes: tuple[str, ...] = ()
    name: str = ""
    files: str = "*.csv"
    sensor_names: tuple[str, ...] = ()
    rest: Mapping[str, Any] = field(default_factory=dict)

    def with_(self, **changes: object) -> Draft:
        """A copy with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]

    @property
    def sensors(self) -> tuple[str, ...]:
        """The sensors that some column belongs to, in order."""
        return tuple(dict.fromkeys(use.sensor for use in self.uses if use.kind in ("acc", "gyr")))

    def title(self, index: int) -> str:
        """A column's title for people."""
        text = self.titles[index] if index < len(self.titles) else ""
        return text or f"column {index + 1}"

    def column(self, index: int) -> str | int:
        """How a recipe names a column: by its title where only it has that one."""
        text = self.titles[index] if index < len(self.titles) else ""
        return text if text and self.titles.count(text) == 1 else index

    def unit(self, index: int) -> str:
        """The unit of a column; empty where it has none."""
        use = self.uses[index]
        if use.kind == "time":
            return self.time_unit
        return self.units.get((use.sensor, use.kind), UNITS[use.kind][0]) if use.kind else ""

    def with_role(self, index: int, role: str) -> Draft:
        """Another role for a column; a role only one column can have is taken from the one that had it."""
        sensor = self.uses[index].sensor if role.split("_")[0] in ("acc", "gyr") else ""
        new = Use(role, sensor)
        alone = role and not (role == "sensor" and self.sensor_names)
        uses = [Use() if alone and use == new else use for use in self.uses]
        uses[index] = new
        out = self.with_(uses=tuple(uses))
        if role == "time":
            out = out.with_(by_rate=False)
        has_names = any(use.role == "sensor" for use in uses)
        return out.with_(sensor_names=_words(out) if has_names else ())

    def with_sensor(self, index: int, sensor: str) -> Draft:
        """A column (of acceleration or angular velocity) of another sensor."""
        uses = list(self.uses)
        uses[index] = Use(uses[index].role, sensor)
        return self.with_(uses=tuple(uses))

    def with_unit(self, index: int, unit: str) -> Draft:
        """Another unit, for all three axes of the column's sensor."""
        use = self.uses[index]
        if use.kind == "time":
            return self.with_(time_unit=unit, resolution_s=0.0)
        return self.with_(units={**self.units, (use.sensor, use.kind): unit}) if use.kind else self


def _words(draft: Draft) -> tuple[str, ...]:
    """The different words of the column that names sensors."""
    at = next(i for i, use in enumerate(draft.uses) if use.role == "sensor")
    try:
        table = TextTable.read(draft.path, draft.file, most_rows=_SAMPLE_ROWS)
        return tuple(dict.fromkeys(word for word in table.words(at) if word))[: _MOST_SENSORS + 1]
    except M3nError:
        return ()


def draft_of(path: Path, recipe: Recipe | None, file: FileSpec, titles: tuple[str, ...]) -> Draft:
    """The draft a recipe is for a file; without one, a draft in which no column has a role."""
    start = Draft(path, titles, (Use(),) * len(titles), file, name=path.stem[:100], files=f"*{path.suffix}")
    if recipe is None:
        return start
    uses = list(start.uses)
    units, placements, names = {}, {}, []
    for sensor in recipe.sensor:
        own = "" if sensor.where else sensor.name
        for kind, columns in (("acc", sensor.acc), ("gyr", sensor.gyr or ())):
            for axis, column in zip(AXES, columns, strict=False):
                _give(uses, titles, column, Use(f"{kind}_{axis}", own))
        units[own, "acc"], units[own, "gyr"] = str(sensor.acc_unit), str(sensor.gyr_unit)
        names += list(sensor.where.values())
        placements[next(iter(sensor.where.values()), own)] = sensor.placement
        for column in sensor.where:
            _give(uses, titles, column, Use("sensor"))
    singles = {"time": recipe.time.column, "subject": recipe.subject_column, "session": recipe.session_column,
               "label": recipe.label.column if recipe.label else None}  # fmt: skip
    for role, single in singles.items():
        if single is not None:
            _give(uses, titles, single, Use(role))
    return start.with_(
        uses=tuple(uses), file=recipe.file, units=units, placements=placements, time_unit=str(recipe.time.unit),
        by_rate=recipe.time.column is None, rate_hz=recipe.time.rate_hz or 0.0,
        resolution_s=recipe.time.resolution_s, pattern=friendly(recipe.path.pattern, path) if recipe.path else "",
        fixes=recipe.fixes, name=recipe.name or start.name, files=recipe.files, sensor_names=tuple(names),
        rest=recipe.model_dump(mode="json", exclude_defaults=True),
    )  # fmt: skip


def _give(uses: list[Use], titles: tuple[str, ...], column: str | int, use: Use) -> None:
    at = column if isinstance(column, int) else titles.index(column) if column in titles else -1
    if 0 <= at < len(uses):
        uses[at] = use


def recipe_of(draft: Draft) -> tuple[Recipe | None, tuple[Problem, ...]]:
    """The recipe a draft is, or what is missing."""
    problems = [*_time_problems(draft), *_sensor_problems(draft)]
    if problems:
        return None, tuple(problems)
    try:
        return make_recipe(_content(draft), draft.path), ()
    except FileError as error:
        return None, (Problem(_place(error.field), f"{error.field}: {error.found}", error.expected),)
    except M3nError as error:
        return None, (Problem("columns", str(error), ""),)


def _place(named: str) -> str:
    """The field of the dialog for a key of the recipe."""
    return {"path": "pattern", "time": "time", "file": "file", "name": "name", "files": "name"}.get(
        named.split(".")[0], "columns")  # fmt: skip


def _time_problems(draft: Draft) -> list[Problem]:
    if draft.by_rate and not 0.1 <= draft.rate_hz <= 1e5:
        return [Problem("time", "The table has no times yet.", "Give the sampling rate in Hz, 0.1 to 100000.")]
    if not draft.by_rate and not any(use.role == "time" for use in draft.uses):
        return [Problem("time", "No column is the time.", "Choose it among the columns, or give a rate.")]
    return []


def _sensor_problems(draft: Draft) -> list[Problem]:
    out = []
    for sensor in draft.sensors or ("",):
        whose = f" of {sensor}" if sensor else ""
        for kind, word in (("acc", "acceleration"), ("gyr", "angular velocity")):
            there = {use.role for use in draft.uses if use.sensor == sensor and use.kind == kind}
            missing = [axis for axis in AXES if f"{kind}_{axis}" not in there]
            if missing and (kind == "acc" or there):
                out.append(Problem("columns", f"{word.capitalize()}{whose}: {', '.join(missing)} missing.",
                                   "Give a column each of the three roles."))  # fmt: skip
    names = draft.sensor_names
    if any(use.role == "sensor" for use in draft.uses) and not 1 <= len(names) <= _MOST_SENSORS:
        out.append(Problem("columns", f"The column that names sensors has {len(names) or 'no'} different words.",
                           f"Expected 1 to {_MOST_SENSORS}; give it no role if it names none."))  # fmt: skip
    return out


def _content(draft: Draft) -> dict[str, Any]:
    """The recipe as plain values: what was kept of another, with what the draft says in its place."""
    content = {"format": FORMAT, "version": VERSION,
               **{key: draft.rest[key] for key in ("gyr_file",) if key in draft.rest}}  # fmt: skip
    by_role = {use.role: draft.column(i) for i, use in enumerate(draft.uses) if not use.sensor}
    content |= {"name": draft.name, "files": draft.files or "*", "file": draft.file.model_dump(mode="json")}
    content["time"] = _time(draft, by_role)
    content["sensor"] = _sensors(draft)
    if "label" in by_role:
        content["label"] = {**draft.rest.get("label", {}), "column": by_role["label"]}
    for role in ("subject", "session"):
        if role in by_role:
            content[f"{role}_column"] = by_role[role]
    if draft.pattern.strip():
        kept = draft.rest.get("path", {})
        content["path"] = {"pattern": regex_of(draft.pattern), "placements": kept.get("placements", {})}
    content["fixes"] = list(draft.fixes)
    return content


def _time(draft: Draft, by_role: Mapping[str, str | int]) -> dict[str, Any]:
    clock = {"clock": draft.rest.get("time", {}).get("clock", "auto")}
    if draft.by_rate:
        return {"rate_hz": draft.rate_hz, **clock}
    return {"column": by_role["time"], "unit": draft.time_unit, "resolution_s": draft.resolution_s, **clock}


def _sensors(draft: Draft) -> list[dict[str, Any]]:
    kept = {str(s.get("name", "")): s for s in draft.rest.get("sensor", [])}
    out = []
    for sensor in draft.sensors:
        columns = {use.role: draft.column(i) for i, use in enumerate(draft.uses) if use.sensor == sensor}
        one: dict[str, Any] = {"name": sensor, "acc": [columns[f"acc_{axis}"] for axis in AXES],
                               "acc_unit": draft.units.get((sensor, "acc"), "m/s2"),
                               "placement": draft.placements.get(sensor, "")}  # fmt: skip
        if "gyr_x" in columns:
            one["gyr"] = [columns[f"gyr_{axis}"] for axis in AXES]
            one["gyr_unit"] = draft.units.get((sensor, "gyr"), "rad/s")
        out += _named_in_rows(draft, one) if draft.sensor_names else [one]
    extra = ("device", "axes", "gravity")
    return [{**{k: kept[s["name"]][k] for k in extra if k in kept.get(s["name"], {})}, **s} for s in out]


def _named_in_rows(draft: Draft, one: dict[str, Any]) -> list[dict[str, Any]]:
    column = next(draft.titles[i] for i, use in enumerate(draft.uses) if use.role == "sensor")
    return [{**one, "name": word, "where": {column: word}, "placement": draft.placements.get(word, "")}
            for word in draft.sensor_names]  # fmt: skip


def regex_of(pattern: str) -> str:
    """A pattern with ``{subject}`` and ``*`` as a regular expression; one without such parts as it is."""
    if not _GROUP.search(pattern):
        return pattern
    out, at = [], 0
    for found in _GROUP.finditer(pattern):
        out += [_plain(pattern[at : found.start()]), f"(?P<{found[1]}>[^/_]{{1,60}}?)"]
        at = found.end()
    return "".join([*out, _plain(pattern[at:]), r"(?:\.[^/.]{1,8})?$"])


def _plain(text: str) -> str:
    return "[^/]{0,100}?".join(re.escape(part) for part in text.split("*"))


def friendly(pattern: str, path: Path) -> str:
    """A regular expression as a pattern with ``{subject}`` and the like, where that says the same of this file."""
    found = re.search(pattern, "/".join(path.parts[-4:])[-200:])
    if found is None or not found.groupdict() or "/" in found[0]:
        return pattern
    text, start = found.string, found.string.rfind("/") + 1
    if found.start() < start:
        return pattern
    pieces, at = [], start
    for name in sorted((n for n, value in found.groupdict().items() if value), key=found.start):
        pieces += [text[at : found.start(name)], f"{{{name}}}"]
        at = found.end(name)
    out = "".join(pieces) + text[at:].removesuffix(path.suffix)
    again = re.search(regex_of(out), text)
    return (
        out if again is not None and again.groupdict() == {k: v for k, v in found.groupdict().items() if v} else pattern
    )
