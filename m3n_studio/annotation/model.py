"""Labels over time as frozen values: classes, tiers, annotations, and changes to them.

Times are seconds on the clock of the session the labels belong to. A change is a set of annotations
taken away and a set put in their place; it is applied as one, and its inverse undoes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal
from uuid import uuid4

from m3n_studio.errors import ValueProblem

Source = Literal["person", "model"]


def new_id() -> str:
    """A name no two things share: 32 hexadecimal digits."""
    return uuid4().hex


@dataclass(frozen=True)
class LabelClass:
    """What a stretch of time may be called.

    Attributes
    ----------
    name : str
        Unique in its label set, e.g. ``"walking"``.
    color : str
        ``"#rrggbb"``.
    key : str
        One character that labels with it, or empty.
    parent : str
        Id of the class this one is a kind of, or empty.
    note : str
    id : str
    """

    name: str
    color: str = "#808080"
    key: str = ""
    parent: str = ""
    note: str = ""
    id: str = field(default_factory=new_id)

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueProblem("a class needs a name; found an empty one")
        digits = self.color[1:]
        if len(self.color) != 7 or self.color[0] != "#" or any(c not in "0123456789abcdefABCDEF" for c in digits):
            raise ValueProblem(f"class {self.name!r}: expected a colour like #2a7fff; found {self.color!r}")
        if len(self.key) > 1:
            raise ValueProblem(f"class {self.name!r}: expected one key; found {self.key!r}")


@dataclass(frozen=True)
class Tier:
    """A row of labels, e.g. ``"activity"``.

    Attributes
    ----------
    name : str
        Unique in its label set.
    kind : {"interval", "event"}
        Stretches of time, or moments.
    exclusive : bool
        Intervals do not overlap.
    classes : tuple of LabelClass
        In the order shown; distinct names and keys.
    id : str
    """

    name: str
    kind: Literal["interval", "event"] = "interval"
    exclusive: bool = True
    classes: tuple[LabelClass, ...] = ()
    id: str = field(default_factory=new_id)

    def __post_init__(self) -> None:
        if self.kind not in ("interval", "event"):
            raise ValueProblem(f"tier {self.name!r}: expected kind interval or event; found {self.kind!r}")
        for what, found in (("name", [c.name for c in self.classes]), ("key", [c.key for c in self.classes if c.key])):
            twice = sorted({f for f in found if found.count(f) > 1})
            if twice:
                raise ValueProblem(f"tier {self.name!r}: two classes have the {what} {twice[0]!r}")

    def by_id(self, label: str) -> LabelClass | None:
        """The class of that id."""
        return next((c for c in self.classes if c.id == label), None)

    def by_name(self, name: str) -> LabelClass | None:
        """The class of that name."""
        return next((c for c in self.classes if c.name == name), None)


@dataclass(frozen=True)
class Annotation:
    """One label.

    Attributes
    ----------
    tier, label : str
        Ids of a :class:`Tier` and of one of its classes.
    start_s, end_s : float, s
        On the session's clock; equal for an event. The end is not part of the interval.
    author : str
        Who made it: a person's name, or a model's.
    source : {"person", "model"}
    confidence : float or None
        0 to 1.
    note : str
    id : str
    """

    tier: str
    label: str
    start_s: float
    end_s: float
    author: str = ""
    source: Source = "person"
    confidence: float | None = None
    note: str = ""
    id: str = field(default_factory=new_id)

    def __post_init__(self) -> None:
        if not (-1e12 < self.start_s <= self.end_s < 1e12):  # also false for NaN
            raise ValueProblem(f"annotation: expected start <= end; found {self.start_s} to {self.end_s} s")
        if self.source not in ("person", "model"):
            raise ValueProblem(f"annotation: expected source person or model; found {self.source!r}")
        if self.confidence is not None and not 0.0 <= self.confidence <= 1.0:
            raise ValueProblem(f"annotation: expected a confidence from 0 to 1; found {self.confidence}")

    @property
    def duration_s(self) -> float:
        """Length, s."""
        return self.end_s - self.start_s

    def with_(self, **changes: object) -> Annotation:
        """A copy with some fields changed; the same id, so it takes the place of this one."""
        return replace(self, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Change:
    """What an edit does to the annotations of one session, as one step.

    Attributes
    ----------
    label : str
        For the undo menu, e.g. ``"Split walking"``.
    remove : tuple of Annotation
        Taken away, exactly as they are now.
    add : tuple of Annotation
        Put in; one with the id of a removed one is that one, changed.
    """

    label: str
    remove: tuple[Annotation, ...] = ()
    add: tuple[Annotation, ...] = ()

    def __bool__(self) -> bool:
        return self.remove != self.add

    def inverse(self) -> Change:
        """What undoes it."""
        return Change(self.label, self.add, self.remove)

    def apply(self, annotations: tuple[Annotation, ...]) -> tuple[Annotation, ...]:
        """The annotations after it, ordered by start, then end, then id.

        Raises
        ------
        ValueProblem
            If one to be removed is not there as stated, or one to be added would be there twice.
        """
        now = {a.id: a for a in annotations}
        for gone in self.remove:
            if now.pop(gone.id, None) != gone:
                raise ValueProblem(f"{self.label}: the annotation at {gone.start_s:.3f} s has changed in the meantime")
        for new in self.add:
            if new.id in now:
                raise ValueProblem(f"{self.label}: the annotation at {new.start_s:.3f} s is there already")
            now[new.id] = new
        return ordered(now.values())


def ordered(annotations: object) -> tuple[Annotation, ...]:
    """Annotations by start, then end, then id."""
    return tuple(sorted(annotations, key=lambda a: (a.start_s, a.end_s, a.id)))  # type: ignore[call-overload]
