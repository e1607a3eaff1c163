"""What is remembered from one start to the next, typed, versioned and written whole. No Qt.

A JSON file in the user's configuration folder. An older file is brought up to date one version
at a time (:data:`MIGRATIONS`); version 1 was an INI file with the theme in it. A file that
cannot be read, or one value in it that means nothing, costs only itself: the default is used,
the user is told, and the damaged file is kept beside under another name.
"""

from __future__ import annotations

import configparser
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from m3n_studio.atomic import atomic

VERSION = 2
KEEP_RECENT = 12
THEMES = ("system", "light", "dark")
Recent = tuple[str, ...]


@dataclass(frozen=True)
class Preferences:
    """Everything remembered.

    Attributes
    ----------
    theme : {"system", "light", "dark"}
    less_drawing : bool
        Draw pictures of the body off screen, only when something changed.
    sensors : tuple of str
        Placements a new motion is given.
    bandwidth_hz : float or None
        Low-pass of the simulation; None: none.
    speed : float
        Playback speed.
    geometry : str
        Place and size of the window, hexadecimal.
    layout : str
        Where the views are, hexadecimal; empty: as delivered.
    layout_name : str
        The named layout last chosen.
    layouts : mapping
        Saved layouts by name.
    recent : tuple of tuple of str
        What was opened, newest first; each entry the files opened together.
    shortcuts : mapping
        Keys by action where the user changed them; an empty tuple takes them away.
    hints_done : tuple of str
        Next steps that need not be offered any more.
    author : str
        Who labels; empty: the name one is logged in with.
    projects : tuple of str
        Folders of projects, newest first.
    """

    theme: str = "system"
    less_drawing: bool = False
    sensors: tuple[str, ...] = ("left_wrist", "right_wrist")
    bandwidth_hz: float | None = 12.0
    speed: float = 1.0
    geometry: str = ""
    layout: str = ""
    layout_name: str = ""
    layouts: Mapping[str, str] = field(default_factory=dict)
    recent: tuple[Recent, ...] = ()
    shortcuts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hints_done: tuple[str, ...] = ()
    author: str = ""
    projects: tuple[str, ...] = ()

    def with_(self, **changes: object) -> Preferences:
        """A copy with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def with_recent(self, files: Recent) -> Preferences:
        """With these files as the newest entry."""
        rest = [r for r in self.recent if r != files]
        return self.with_(recent=(files, *rest)[:KEEP_RECENT])


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise ValueError("not a list of words")
    return tuple(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("not a word")
    return value


def _theme(value: Any) -> str:
    if value not in THEMES:
        raise ValueError("no such theme")
    return str(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("neither true nor false")
    return value


def _hex(value: Any) -> str:
    bytes.fromhex(_text(value))
    return str(value)


def _number(low: float, high: float) -> Callable[[Any], float]:
    def check(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise ValueError("not a number")
        if not low <= value <= high:
            raise ValueError(f"not between {low:g} and {high:g}")
        return float(value)

    return check


def _bandwidth(value: Any) -> float | None:
    return None if value is None else _number(0.1, 1000.0)(value)


def _sensors(value: Any) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(_texts(value)))
    if not names:
        raise ValueError("no sensor")
    return names


def _mapping(of: Callable[[Any], Any]) -> Callable[[Any], dict[str, Any]]:
    def check(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValueError("not a table")
        return {str(k): of(v) for k, v in value.items()}

    return check


def _recent(value: Any) -> tuple[Recent, ...]:
    if not isinstance(value, list):
        raise ValueError("not a list")
    return tuple(r for r in map(_texts, value) if r)[:KEEP_RECENT]


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "theme": _theme, "less_drawing": _flag, "sensors": _sensors, "bandwidth_hz": _bandwidth,
    "speed": _number(0.01, 100.0), "geometry": _hex, "layout": _hex, "layout_name": _text,
    "layouts": _mapping(_hex), "recent": _recent, "shortcuts": _mapping(_texts),
    "hints_done": _texts, "author": _text, "projects": _texts,
}  # fmt: skip


def login_name() -> str:
    """The name one is logged in with; "me" where there is none."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "me"


def _from_1(data: dict[str, Any]) -> dict[str, Any]:
    """Version 1 was ``studio.ini``: the theme, and geometry of another arrangement of the window."""
    theme = data.get("theme")
    return {"theme": theme if theme in THEMES else "system"}


#: From a version to the next.
MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _from_1}


def migrate(data: dict[str, Any]) -> dict[str, Any]:
    """Bring the contents of an old file to :data:`VERSION`, one step after another."""
    version = data.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or not 1 <= version <= VERSION:
        raise ValueError(f"version {version!r} is not known here (up to {VERSION})")
    while version < VERSION:
        data = {**MIGRATIONS[version](data), "version": version + 1}
        version += 1
    return data


def from_dict(data: dict[str, Any]) -> tuple[Preferences, list[str]]:
    """Preferences out of a file's contents, and what in them had to be left at its default."""
    data = migrate(data)
    values, problems = {}, []
    for each in fields(Preferences):
        if each.name in data:
            try:
                values[each.name] = _CHECKS[each.name](data[each.name])
            except ValueError as error:
                problems.append(f"{each.name}: {error}")
    return Preferences(**values), problems


def to_dict(preferences: Preferences) -> dict[str, Any]:
    """The contents of the file."""
    return {"version": VERSION, **asdict(preferences)}


def default_path() -> Path:
    """Where the user's preferences are."""
    import platformdirs

    return Path(platformdirs.user_config_dir("m3n-studio", appauthor=False)) / "preferences.json"


def old_path() -> Path:
    """Where version 1 was."""
    import platformdirs

    return Path(platformdirs.user_config_dir("m3n", appauthor=False)) / "studio.ini"


class Store:
    """Preferences and their file.

    Parameters
    ----------
    path : Path, optional
        None remembers nothing beyond this process.
    old : Path, optional
        A file of version 1, read where `path` is not there yet.

    Attributes
    ----------
    value : Preferences
    notice : str
        What the user should know about reading or writing the file; empty: all is well.
    """

    def __init__(self, path: Path | None = None, old: Path | None = None) -> None:
        self.path, self.value, self.notice = path, Preferences(), ""
        if path is not None and path.exists():
            self._read(path)
        elif old is not None and old.exists():
            self.value = _read_ini(old)

    def _read(self, path: Path) -> None:
        try:
            data = json.loads(path.read_text("utf-8"))
            if not isinstance(data, dict):
                raise ValueError("not a table")
            self.value, problems = from_dict(data)
        except OSError as error:
            self.notice = f"The preferences could not be read ({error.strerror}); defaults are used."
            return
        except (ValueError, RecursionError) as error:
            problems = [" ".join(str(error).split())]
        if problems:
            kept = _keep_aside(path)
            self.notice = (
                f"The preferences were damaged ({'; '.join(problems)}); defaults are used for that."
                + (f" The old file is kept as {kept}." if kept else "")
            )  # fmt: skip

    def change(self, **changes: object) -> None:
        """Change some fields and write the file."""
        self.set(self.value.with_(**changes))

    def set(self, value: Preferences) -> None:
        """Take other preferences and write the file; trouble with the disk is a notice, not an error."""
        if value == self.value and (self.path is None or self.path.exists()):
            return
        self.value = value
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with atomic(self.path) as part:
                part.write_text(json.dumps(to_dict(value), indent=1), "utf-8")
        except OSError as error:
            self.notice = f"The preferences could not be written to {self.path}: {error.strerror}"


def _keep_aside(path: Path) -> str:
    for i in range(1, 100):
        aside = path.with_name(f"{path.stem}.damaged-{i}{path.suffix}")
        if not aside.exists():
            try:
                aside.write_bytes(path.read_bytes())
            except OSError:
                return ""
            return str(aside)
    return ""


def _read_ini(path: Path) -> Preferences:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(path.read_text("utf-8", "replace"))
    except (OSError, configparser.Error):
        return Preferences()
    section = dict(parser["General"]) if parser.has_section("General") else {}
    return from_dict({"version": 1, **section})[0]
