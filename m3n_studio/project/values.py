"""What a project holds, as frozen values. Each has an `id` no two things share; others refer to it by that.

An :class:`Edit` says what one change of such a value takes away and puts in; its inverse undoes it. Labels
themselves are :class:`~m3n_studio.annotation.model.Annotation`, changed by
:class:`~m3n_studio.annotation.model.Change`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import cast

from m3n_studio.annotation.model import Tier, new_id
from m3n_studio.errors import ValueProblem
from m3n_studio.recordings.timemap import TimeMap

HANDS = ("", "left", "right", "both")
SEXES = ("", "female", "male")


def _named(kind: str, name: str) -> None:
    if not name.strip():
        raise ValueProblem(f"a {kind} needs a name; found an empty one")


def _within(what: str, value: float | None, low: float, high: float, unit: str) -> None:
    if value is not None and not low <= value <= high:  # also false for NaN
        raise ValueProblem(f"{what}: expected {low:g} to {high:g} {unit}, or none; found {value:g}")


def _one_of(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueProblem(f"{what}: expected {', '.join(k for k in known if k)} or nothing; found {value!r}")


@dataclass(frozen=True)
class Subject:
    """A person who wears sensors.

    Attributes
    ----------
    name : str
        Unique in the project, e.g. ``"P03"``.
    height_m, mass_kg : float or None
    handedness : {"", "left", "right", "both"}
    sex : {"", "female", "male"}
    note : str
    id : str
    """

    name: str
    height_m: float | None = None
    mass_kg: float | None = None
    handedness: str = ""
    sex: str = ""
    note: str = ""
    id: str = field(default_factory=new_id)

    def __post_init__(self) -> None:
        _named("subject", self.name)
        _within(f"subject {self.name!r}: height", self.height_m, 0.3, 2.8, "m")
        _within(f"subject {self.name!r}: mass", self.mass_kg, 1.0, 700.0, "kg")
        _one_of(f"subject {self.name!r}: handedness", self.handedness, HANDS)
        _one_of(f"subject {self.name!r}: sex", self.sex, SEXES)


@dataclass(frozen=True)
class Session:
    """A stretch of time with one clock, in seconds from 0.

    Attributes
    ----------
    name : str
        Unique among the subject's.
    subject : str
        Id of a :class:`Subject`, or empty.
    started_at : str
        ISO 8601 date and time of second 0, or empty.
    note, id : str
    """

    name: str
    subject: str = ""
    started_at: str = ""
    note: str = ""
    id: str = field(default_factory=new_id)

    def __post_init__(self) -> None:
        _named("session", self.name)


@dataclass(frozen=True)
class Device:
    """A sensor as a thing: `model` and `serial` number tell two of one make apart. `name` is unique."""

    name: str
    model: str = ""
    serial: str = ""
    note: str = ""
    id: str = field(default_factory=new_id)

    def __post_init__(self) -> None:
        _named("device", self.name)


@dataclass(frozen=True)
class Recording:
    """What one device at one placement recorded in a session. The samples are write-once; this describes them.

    Attributes
    ----------
    session : str
        Id of the :class:`Session`.
    name : str
        The sensor as its file called it.
    placement : str
        Where it was worn, by the name of a placement of the body, e.g. ``"left_wrist"``, or empty.
    device : str
        Id of a :class:`Device`, or empty.
    file : str
        Signal file, relative to the project's folder.
    samples : int
    rate_hz : float, Hz
        Mean rate.
    start_s, stop_s : float, s
        Own time of the first and of the last sample.
    regular : bool
        Whether samples are evenly spaced; others keep their times.
    sha256 : str
        Of samples, validity and times.
    time_map : TimeMap
        Own seconds to session seconds.
    source : str
        File it was imported from.
    note, id : str
    """

    session: str
    name: str
    placement: str = ""
    device: str = ""
    file: str = ""
    samples: int = 0
    rate_hz: float = 0.0
    start_s: float = 0.0
    stop_s: float = 0.0
    regular: bool = True
    sha256: str = ""
    time_map: TimeMap = field(default_factory=TimeMap)
    source: str = ""
    note: str = ""
    id: str = field(default_factory=new_id)

    def __post_init__(self) -> None:
        _named("recording", self.name)
        if not (self.start_s <= self.stop_s and math.isfinite(self.stop_s - self.start_s)) or self.samples < 0:
            raise ValueProblem(f"recording {self.name!r}: expected start <= stop; found {self.start_s}, {self.stop_s}")

    @property
    def span_s(self) -> tuple[float, float]:
        """First and last sample on the session's clock, s."""
        return self.time_map.to_session(self.start_s), self.time_map.to_session(self.stop_s)


@dataclass(frozen=True)
class Video:
    """A film of a session. `path` is relative to the project's folder, or absolute where it lies elsewhere."""

    session: str
    name: str
    path: str
    duration_s: float = 0.0
    time_map: TimeMap = field(default_factory=TimeMap)
    note: str = ""
    id: str = field(default_factory=new_id)

    def __post_init__(self) -> None:
        _named("video", self.name)
        _within(f"video {self.name!r}: duration", self.duration_s, 0.0, 1e9, "s")


@dataclass(frozen=True)
class ClipEntry:
    """A motion that belongs to a session: the body as captured. `path` as in :class:`Video`."""

    session: str
    name: str
    path: str
    time_map: TimeMap = field(default_factory=TimeMap)
    note: str = ""
    id: str = field(default_factory=new_id)

    def __post_init__(self) -> None:
        _named("clip", self.name)


@dataclass(frozen=True)
class TextEntry:
    """Words for a stretch of a session, from `start_s` to `end_s` on its clock."""

    session: str
    start_s: float
    end_s: float
    text: str
    author: str = ""
    id: str = field(default_factory=new_id)

    def __post_init__(self) -> None:
        if not -1e12 < self.start_s <= self.end_s < 1e12:  # also false for NaN
            raise ValueProblem(f"text: expected start <= end; found {self.start_s} to {self.end_s} s")


@dataclass(frozen=True)
class Run:
    """A training run made with the project; its files are in `folder` (as `path` in :class:`Video`)."""

    name: str
    folder: str = ""
    kind: str = ""
    created_at: str = ""
    settings: str = "{}"
    note: str = ""
    id: str = field(default_factory=new_id)

    def __post_init__(self) -> None:
        _named("run", self.name)


@dataclass(frozen=True)
class LabelSet:
    """Tiers that belong together; their classes' colours and keys come with them."""

    name: str
    tiers: tuple[Tier, ...] = ()
    note: str = ""
    id: str = field(default_factory=new_id)

    def __post_init__(self) -> None:
        _named("label set", self.name)
        for what, found in (("name", [t.name for t in self.tiers]), ("id", [t.id for t in self.tiers])):
            twice = sorted({f for f in found if found.count(f) > 1})
            if twice:
                raise ValueProblem(f"label set {self.name!r}: two tiers have the {what} {twice[0]!r}")

    def tier(self, name: str) -> Tier | None:
        """The tier of that name."""
        return next((t for t in self.tiers if t.name == name), None)


Entry = Subject | Session | Device | Recording | Video | ClipEntry | TextEntry | Run | LabelSet


@dataclass(frozen=True)
class Edit:
    """What one change does to an entry of the project.

    Attributes
    ----------
    label : str
        For the undo menu, e.g. ``"Rename subject"``.
    before : Entry or None
        As it is now; None puts in something new (or brings back what was removed).
    after : Entry or None
        As it will be, of the same kind and id; None removes it.
    """

    label: str
    before: Entry | None = None
    after: Entry | None = None

    def __post_init__(self) -> None:
        both = (self.before, self.after)
        if self.before is None and self.after is None:
            raise ValueProblem(f"{self.label}: nothing to change")
        if None not in both and (type(self.before) is not type(self.after) or self.entry.id != _id(self.before)):
            raise ValueProblem(f"{self.label}: an edit changes one thing; found two")

    @property
    def entry(self) -> Entry:
        """What it is about, in the newer state there is."""
        return cast(Entry, self.before if self.after is None else self.after)

    def inverse(self) -> Edit:
        """What undoes it."""
        return Edit(self.label, self.after, self.before)


def _id(entry: Entry | None) -> str:
    return "" if entry is None else entry.id
