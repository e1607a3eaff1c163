"""The one door for everything replaceable: readers, simulation modes, devices, learning methods and parts, docks.

A plugin is a callable ``register(door)`` named by an entry point of the group
``m3n_studio``; what ships with the program comes through the same group (see
``pyproject.toml``), so nothing is privileged. A plugin that fails to load is recorded in
:attr:`Door.failures` with its name and traceback, contributes nothing, and costs the others
nothing.

Contributions are small frozen values; heavy code is named by an import path
(``"package.module:object"``) and loaded on first use through :func:`load`, so that opening
the door imports neither Qt nor SciPy.
"""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from m3n_studio.errors import M3nError, UnknownName

GROUP = "m3n_studio"

#: What can be contributed, and what a contribution of the kind must be.
KINDS = {
    "motion_reader": "m3n_studio.motion.formats.MotionReader",
    "signal_reader": "m3n_studio.recordings.formats.SignalReader",
    "label_format": "m3n_studio.annotation.exchange.formats.LabelFormat",
    "simulation_mode": "m3n_studio.imu.modes.SimulationMode",
    "device": "m3n_studio.imu.devices.DeviceModel",
    "method": "m3n_studio.learning.methods.Method",
    "sentence_encoder": "m3n_studio.learning.sentences.SentenceEncoderSpec",
    "imu_encoder": "m3n_studio.learning.contributed.ImuEncoderSpec",
    "objective": "m3n_studio.learning.contributed.ObjectiveSpec",
    "dock": "m3n_studio.studio.core.docks.DockSpec",
}

#: Parts of the program with a ``builtin`` module; a checkout may be newer than its installed metadata.
PARTS = ("motion", "recordings", "annotation", "imu", "learning", "studio")


@dataclass(frozen=True)
class PluginFailure:
    """A plugin that could not be loaded: its entry-point name, the error, the traceback."""

    name: str
    error: str
    trace: str


@dataclass
class Door:
    """Holds every contribution by kind and name, in the order they were registered."""

    failures: list[PluginFailure] = field(default_factory=list)
    _items: dict[str, dict[str, Any]] = field(default_factory=lambda: {kind: {} for kind in KINDS})

    def add(self, kind: str, name: str, item: object) -> None:
        """Contribute `item` under `name`; a name may be taken once per kind."""
        if kind not in self._items:
            raise UnknownName("kind of contribution", kind, KINDS)
        if name in self._items[kind]:
            raise M3nError(f"{kind} {name!r} is already registered; choose another name")
        self._items[kind][name] = item

    def get(self, kind: str, name: str) -> Any:
        """The contribution called `name`; `UnknownName` (with the nearest) if there is none."""
        try:
            return self._items[kind][name]
        except KeyError:
            raise UnknownName(kind.replace("_", " "), name, self._items.get(kind, ())) from None

    def all(self, kind: str) -> Iterator[tuple[str, Any]]:
        """All contributions of a kind as ``(name, item)`` in registration order."""
        return iter(tuple(self._items[kind].items()))

    def admit(self, name: str, load_register: Callable[[], Callable[[Door], None]]) -> None:
        """Let one plugin register; if it fails, undo what it added and record why."""
        before = {kind: dict(items) for kind, items in self._items.items()}
        try:
            load_register()(self)
        except Exception as error:  # a plugin may raise anything; it must not take us down
            self._items = before
            trace = traceback.format_exc()
            self.failures.append(PluginFailure(name, f"{type(error).__name__}: {error}", trace))


def open_door(points: Iterable[EntryPoint] | None = None) -> Door:
    """A new door with every entry point of the group admitted, built-ins first, then by name."""
    door = Door()
    found = _installed() if points is None else points
    ordered = sorted(found, key=lambda p: (not p.value.startswith("m3n_studio."), p.name))
    for point in ordered:
        door.admit(point.name, point.load)
    return door


def _installed() -> list[EntryPoint]:
    """Entry points of everything installed, and ours that the metadata of an older installation does not name."""
    found = list(entry_points(group=GROUP))
    named = {point.value for point in found}
    ours = (f"m3n_studio.{part}.builtin:register" for part in PARTS)
    return found + [EntryPoint(value.split(".")[1], value, GROUP) for value in ours if value not in named]


@lru_cache(maxsize=1)
def the_door() -> Door:
    """The door of this process, opened on first use."""
    return open_door()


def load(target: str) -> Any:
    """Import ``"package.module:object"`` and return the object."""
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)
