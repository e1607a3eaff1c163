"""The CSV recipe: what the columns of a stranger's table mean, as a small TOML file that can be kept.

A column is named by its title (titles of several header rows are joined by ``/``, an empty cell
takes the one to its left) or by its position, counted from 0. Everything a table leaves unsaid is
said here: units, axes, clock, who and which session. ``fixes`` names remedies a person chose.

.. code-block:: toml

    format = "m3n-recipe"
    version = 1
    name = "phone on the left wrist"
    files = "*.csv"

    [file]
    delimiter = ","

    [time]
    column = "timestamp"
    unit = "ms"

    [[sensor]]
    placement = "left_wrist"
    acc = ["ax", "ay", "az"]
    gyr = ["gx", "gy", "gz"]
    acc_unit = "g"
    gyr_unit = "deg/s"

    [label]
    column = "activity"

    [path]
    pattern = "(?P<subject>s[0-9]+)_(?P<session>[0-9]+)"
"""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from m3n_studio.atomic import atomic
from m3n_studio.errors import FileError, ValueProblem
from m3n_studio.recordings.imported import Import
from m3n_studio.recordings.remedies import REMEDIES

FORMAT, VERSION = "m3n-recipe", 1
SUFFIX = ".recipe.toml"
_MOST_BYTES = 1 << 20

Column = Annotated[str, Field(min_length=1, max_length=500)] | Annotated[int, Field(ge=0, lt=100_000)]
Three = Annotated[tuple[Column, Column, Column], Field()]
AccUnit = Literal["m/s2", "g", "mg"]
GyrUnit = Literal["rad/s", "deg/s", "mdeg/s"]
TimeUnit = Literal["s", "ms", "us", "ns", "iso"]
Axis = Literal["x", "y", "z", "-x", "-y", "-z"]
Word = Annotated[str, Field(max_length=200)]

#: What makes a search take for ever: a repeated group, and many repetitions without a bound in a row.
_REPEATED_GROUP = re.compile(r"\)[+*{]")
_UNBOUNDED = re.compile(r"(?<!\\)[+*]|,\}")
_MOST_UNBOUNDED = 4
_GROUPS = ("subject", "session", "placement", "sensor")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class FileSpec(_Part):
    """How the text is laid out; ``delimiter`` is one character or ``"whitespace"``."""

    encoding: Literal["utf-8", "latin-1", "utf-16", "cp1252"] = "utf-8"
    delimiter: Word = ","
    decimal: Literal[".", ","] = "."
    comment: Word = ""
    skip_lines: Annotated[int, Field(ge=0, le=10_000)] = 0
    header_rows: Annotated[int, Field(ge=0, le=5)] = 1
    rows_below_header: Annotated[int, Field(ge=0, le=100)] = 0
    missing: tuple[Word, ...] = ()

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, value: str) -> str:
        if value != "whitespace" and len(value) != 1:
            raise ValueError("one character, or 'whitespace'")
        return value


class TimeSpec(_Part):
    """A column of times with its unit, or a rate; ``clock`` says what zero is."""

    column: Column | None = None
    unit: TimeUnit = "s"
    rate_hz: Annotated[float, Field(ge=0.1, le=1e5)] | None = None
    clock: Literal["auto", "unix", "file"] = "auto"
    resolution_s: Annotated[float, Field(ge=0, le=1.0)] = 0.0

    @model_validator(mode="after")
    def _one_of_both(self) -> TimeSpec:
        if (self.column is None) == (self.rate_hz is None):
            raise ValueError("either a column or rate_hz, not both and not neither")
        return self


class SensorSpec(_Part):
    """One IMU: its columns, units and axes; ``where`` picks its rows in a table of several."""

    name: Word = ""
    placement: Word = ""
    device: Word = ""
    acc: Three
    gyr: Three | None = None
    acc_unit: AccUnit = "m/s2"
    gyr_unit: GyrUnit = "rad/s"
    axes: tuple[Axis, Axis, Axis] = ("x", "y", "z")
    gravity: Literal["up", "down"] = "up"
    where: dict[str, Word] = Field(default_factory=dict, max_length=5)

    @field_validator("axes")
    @classmethod
    def _each_once(cls, value: tuple[Axis, Axis, Axis]) -> tuple[Axis, Axis, Axis]:
        if {axis[-1] for axis in value} != {"x", "y", "z"}:
            raise ValueError("x, y and z once each, with or without a minus")
        return value


class LabelSpec(_Part):
    """A column with a label on every sample; ``map`` renames, ``ignore`` are no labels."""

    column: Column
    name: Word = "activity"
    map: dict[str, Word] = Field(default_factory=dict)
    ignore: tuple[Word, ...] = ("",)


class PathSpec(_Part):
    """A pattern with groups ``subject``, ``session``, ``placement`` or ``sensor``, sought in the path."""

    pattern: Annotated[str, Field(max_length=300)]
    placements: dict[str, Word] = Field(default_factory=dict)

    @field_validator("pattern")
    @classmethod
    def _sound(cls, value: str) -> str:
        try:
            groups = re.compile(value).groupindex
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"no regular expression ({error})") from None
        unknown = [name for name in groups if name not in _GROUPS]
        if not groups or unknown:
            raise ValueError(f"groups named {', '.join(_GROUPS)}; found {', '.join(unknown) or 'none'}")
        if _REPEATED_GROUP.search(value) or len(_UNBOUNDED.findall(value)) > _MOST_UNBOUNDED:
            raise ValueError(f"no repetition of a group, and at most {_MOST_UNBOUNDED} of + and *")
        return value


class GyrFileSpec(_Part):
    """Angular velocity in a file of its own: the name with `replace[0]` turned into `replace[1]`, joined by time."""

    replace: tuple[Annotated[str, Field(min_length=1, max_length=100)], Word]
    join: Literal["linear", "nearest"] = "linear"
    tolerance_s: Annotated[float, Field(gt=0, le=10.0)] = 0.1


class Recipe(_Part):
    """What a table means. See the module's head for an example."""

    format: Literal["m3n-recipe"] = "m3n-recipe"
    version: Literal[1] = 1
    name: Word = ""
    files: Word = "*.csv"
    file: FileSpec = FileSpec()
    time: TimeSpec
    sensor: Annotated[tuple[SensorSpec, ...], Field(min_length=1, max_length=200)]
    label: LabelSpec | None = None
    subject_column: Column | None = None
    session_column: Column | None = None
    path: PathSpec | None = None
    gyr_file: GyrFileSpec | None = None
    fixes: tuple[str, ...] = ()

    @field_validator("fixes")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in REMEDIES:
                raise ValueError(f"unknown remedy {name!r}: {_nearest(name, list(REMEDIES))}")
        return value

    def read(self, path: str | Path) -> tuple[Import, ...]:
        """Read a table as the recipe says: one import for each subject and session in it."""
        from m3n_studio.recordings.recipe_read import read

        return read(self, Path(path))

    def text(self) -> str:
        """The recipe as TOML."""
        import tomli_w

        return tomli_w.dumps(_plain(self.model_dump(mode="json", exclude_defaults=True) | _HEADER))

    def write(self, path: str | Path) -> None:
        """Write the recipe, whole or not at all."""
        path = Path(path)
        try:
            with atomic(path) as part:
                part.write_text(self.text(), encoding="utf-8")
        except OSError as error:
            raise FileError(path, found=f"it cannot be written ({error.strerror or error})") from error


_HEADER = {"format": FORMAT, "version": VERSION}


def _plain(value: Any) -> Any:
    """Without None, which TOML has no word for, and with what names the format first."""
    if isinstance(value, dict):
        first = {key: value[key] for key in _HEADER if key in value}
        return {key: _plain(item) for key, item in (first | value).items() if item is not None}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def read_recipe(path: str | Path) -> Recipe:
    """A recipe from its file; `FileError` names the key, what was found and the nearest that is known."""
    path = Path(path)
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise FileError(path, found=f"{path.stat().st_size} bytes", expected="a recipe of at most 1 MiB")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise FileError(path, found=f"it cannot be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise FileError(path, found="bytes that are no UTF-8 text", expected="a recipe in TOML") from error
    return parse_recipe(text, path)


def parse_recipe(text: str, path: str | Path = "recipe") -> Recipe:
    """A recipe from its text; `path` is for messages."""
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise FileError(path, found=f"no TOML ({error})", expected="a recipe") from error
    if content.get("format") != FORMAT:
        raise FileError(path, field="format", found=repr(content.get("format"))[:60], expected=repr(FORMAT))
    if content.get("version") != VERSION:
        raise FileError(path, field="version", found=repr(content.get("version"))[:60],
                        expected=f"{VERSION}, the one this program reads")  # fmt: skip
    return make_recipe(content, path)


def make_recipe(content: dict[str, Any], path: str | Path = "recipe") -> Recipe:
    """A recipe from plain values; raises as :func:`read_recipe` does."""
    try:
        return Recipe.model_validate(content)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        first = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])
        where = ".".join(str(part) for part in first["loc"] if not str(part).startswith(("constrained", "function")))
        if first["type"] == "extra_forbidden":
            name, known = str(first["loc"][-1]), _keys_at(first["loc"][:-1])
            raise FileError(path, field=where[:200], found="no such key", expected=_nearest(name, known)) from None
        raise FileError(path, field=where[:200], found=repr(first.get("input"))[:80],
                        expected=str(first["msg"]).removeprefix("Value error, ")) from None  # fmt: skip
    except (ValueError, RecursionError, TypeError) as error:
        raise ValueProblem(f"recipe: {error}") from error


_PARTS: dict[str, type[BaseModel]] = {
    "file": FileSpec, "time": TimeSpec, "sensor": SensorSpec, "label": LabelSpec, "path": PathSpec,
    "gyr_file": GyrFileSpec,
}  # fmt: skip


def _keys_at(place: tuple[int | str, ...]) -> list[str]:
    model = _PARTS.get(str(place[0]), Recipe) if place else Recipe
    return list(model.model_fields)


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"{near[0]!r}" if near else f"one of {', '.join(sorted(known))}"
