"""`Document`: everything the user can change about what is shown, as one frozen value. No Qt.

An :class:`Edit` is a named pure function from document to document; the history
(:mod:`m3n_studio.studio.core.history`) keeps the documents, which share their arrays, so undo costs
nothing. What follows from a document (signals, alignment, closeness) is not in it: the engine
(:mod:`m3n_studio.studio.core.engine`) works that out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from m3n_studio.body.model import BodyModel
from m3n_studio.body.shape import Shape
from m3n_studio.errors import M3nError, UnknownName
from m3n_studio.motion.clip import Clip
from m3n_studio.recordings.signal import Signal
from m3n_studio.recordings.video.track import VideoTrack

if TYPE_CHECKING:
    from m3n_studio.imu.align import Alignment
    from m3n_studio.imu.population import Population
    from m3n_studio.imu.surface import Placement
    from m3n_studio.studio.core.long_signal import LongSignal


#: Motions shown besides the first, at most.
MOST_OTHERS = 3
PLACES = ("beside", "over")


@dataclass(frozen=True, eq=False)
class OtherMotion:
    """Another clip on its own performer's body, shown with the first on one clock; it wears no sensors.

    Attributes
    ----------
    clip : Clip
    path : str
        The file it was read from.
    where : {"beside", "over"}
    """

    clip: Clip
    path: str
    where: str = "beside"

    def __post_init__(self) -> None:
        if self.where not in PLACES:
            raise UnknownName("place of another motion", self.where, PLACES)

    @property
    def title(self) -> str:
        """Its file's name, or "motion"."""
        return Path(self.path).name or "motion"


@dataclass(frozen=True, eq=False)
class Document:
    """What a window is about.

    Attributes
    ----------
    title : str
    model : BodyModel or None
        None only in an empty window.
    clip : Clip or None
    shape : Shape or None
        The body shown; None: the clip's own.
    ghost : Shape or None
        The previous body, kept for comparison; None: no ghost is shown.
    placements : tuple of Placement
        Sensors, distinct names.
    recordings : tuple of Signal
        As read; distinct names.
    pairs : mapping
        Recording name by sensor name, where the user stated it; others are found by name.
    alignments : mapping
        By sensor name: what the user accepted or set by hand; others are fitted by the engine.
    mode : str
        Simulation mode of the traces.
    bandwidth_hz : float or None
    motion_path, recording_path : str
        The files the clip and the recordings were read from; empty where they came from none.
    population : Population or None
        Whose bands are drawn on the traces; None: no bands.
    others : tuple of OtherMotion
        Motions shown with this one, at most :data:`MOST_OTHERS`.
    videos : tuple of VideoTrack
        Beside the signals, distinct paths.
    long : tuple of LongSignal
        Recordings of a session too long to be read whole; traces show them, nothing is fitted to them.
    project_path, session_id : str
        The session this is, where it is one of a project.
    """

    title: str = ""
    model: BodyModel | None = None
    clip: Clip | None = None
    shape: Shape | None = None
    ghost: Shape | None = None
    placements: tuple[Placement, ...] = ()
    recordings: tuple[Signal, ...] = ()
    pairs: Mapping[str, str] = field(default_factory=dict)
    alignments: Mapping[str, Alignment] = field(default_factory=dict)
    mode: str = "exact"
    bandwidth_hz: float | None = 12.0
    motion_path: str = ""
    recording_path: str = ""
    population: Population | None = None
    others: tuple[OtherMotion, ...] = ()
    videos: tuple[VideoTrack, ...] = ()
    long: tuple[LongSignal, ...] = ()
    project_path: str = ""
    session_id: str = ""

    @property
    def body(self) -> Shape:
        """The shape shown: the one set, else the clip's, else the template."""
        if self.shape is not None:
            return self.shape
        return Shape() if self.clip is None else self.clip.shape

    def with_(self, **changes: object) -> Document:
        """A copy with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Edit:
    """Something the user did.

    Attributes
    ----------
    label : str
        For the undo menu, e.g. ``"Change forearm"``.
    change : callable
        Document to document; pure; may raise M3nError, which is told and changes nothing.
    merge : str
        Consecutive edits with the same non-empty key undo as one (a slider drag).
    """

    label: str
    change: Callable[[Document], Document]
    merge: str = ""


def set_shape(shape: Shape, *, what: str = "body", merge: str = "") -> Edit:
    """Show another body; the ghost stays what it was."""
    return Edit(f"Change {what}", lambda d: d.with_(shape=shape), merge)


def keep_ghost() -> Edit:
    """Keep the present body as the ghost that later ones are compared with."""
    return Edit("Keep for comparison", lambda d: d.with_(ghost=d.body))


def drop_ghost() -> Edit:
    """Compare with nothing."""
    return Edit("Stop comparing", lambda d: d.with_(ghost=None))


def put_sensor(placement: Placement, *, merge: str = "") -> Edit:
    """Add a sensor, or move the one of that name; its alignment is found anew."""

    def change(d: Document) -> Document:
        names = [p.name for p in d.placements]
        if placement.name in names:
            new = tuple(placement if p.name == placement.name else p for p in d.placements)
        else:
            new = (*d.placements, placement)
        return d.with_(placements=new, alignments=_without(d.alignments, placement.name))

    return Edit(f"Place {placement.name.replace('_', ' ')}", change, merge)


def remove_sensor(name: str) -> Edit:
    """Take a sensor off the body."""

    def change(d: Document) -> Document:
        return d.with_(
            placements=tuple(p for p in d.placements if p.name != name),
            alignments=_without(d.alignments, name), pairs=_without(d.pairs, name),
        )  # fmt: skip

    return Edit(f"Remove {name.replace('_', ' ')}", change)


def set_alignment(sensor: str, alignment: Alignment | None, *, what: str = "alignment", merge: str = "") -> Edit:
    """Take an alignment as it is; None: fit it again."""

    def change(d: Document) -> Document:
        rest = _without(d.alignments, sensor)
        return d.with_(alignments=rest if alignment is None else {**rest, sensor: alignment})

    return Edit(f"Set {what}", change, merge)


def pair_with(sensor: str, recording: str) -> Edit:
    """Hold a sensor against a recording; empty: against none."""
    return Edit(
        "Choose recording",
        lambda d: d.with_(pairs={**d.pairs, sensor: recording}, alignments=_without(d.alignments, sensor)),
    )


def set_population(population: Population | None, *, merge: str = "") -> Edit:
    """Draw the bands of a population on the traces; None: draw none."""
    label = "Hide bands of the population" if population is None else "Show bands of the population"
    return Edit(label, lambda d: d.with_(population=population), merge)


def add_other(other: OtherMotion) -> Edit:
    """Show another motion with the first; refused without a first, and where there are enough."""

    def change(d: Document) -> Document:
        if d.clip is None:
            raise M3nError("another motion needs a first one to stand beside; open that first")
        if len(d.others) >= MOST_OTHERS:
            raise M3nError(f"{1 + MOST_OTHERS} motions are shown already; take one away first")
        return d.with_(others=(*d.others, other))

    return Edit(f"Show {other.title} {other.where}", change)


def place_others(where: str, which: int | None = None) -> Edit:
    """Put one of the other motions, or all, "beside" the first or "over" it."""

    def change(d: Document) -> Document:
        moved = (replace(o, where=where) if which in (None, i) else o for i, o in enumerate(d.others))
        return d.with_(others=tuple(moved))

    return Edit(f"Put other motion {where}", change)


def remove_others(which: int | None = None) -> Edit:
    """Take one of the other motions away, or all."""

    def change(d: Document) -> Document:
        return d.with_(others=tuple(o for i, o in enumerate(d.others) if which is not None and i != which))

    return Edit("Take other motion away", change)


def set_mode(mode: str) -> Edit:
    """Simulate in another mode."""
    return Edit(f"Simulate with {mode}", lambda d: d.with_(mode=mode))


def _without(mapping: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {k: v for k, v in mapping.items() if k != name}
