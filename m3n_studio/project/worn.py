"""Where recordings were worn, said by a person where files do not say it: nothing is learned without it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from m3n_studio.errors import UnknownName, ValueProblem
from m3n_studio.project.values import Edit, Recording
from m3n_studio.recordings.imported import Import, Recorded

if TYPE_CHECKING:
    from m3n_studio.project.reading import ProjectReader


def read_placements(pairs: Sequence[str]) -> dict[str, str]:
    """``NAME=PLACEMENT`` texts as a mapping from a recording's or device's name to a placement.

    Raises
    ------
    ValueProblem
        Where a text is none, or one name has two places.
    UnknownName
        Where there is no such placement; with the nearest.
    """
    from m3n_studio.imu.placement import PLACEMENTS

    out: dict[str, str] = {}
    for pair in pairs:
        name, equals, placement = (part.strip() for part in pair.rpartition("="))
        if not equals or not name or not placement:
            raise ValueProblem(f"placement {pair!r}: expected NAME=PLACEMENT, e.g. watch=left_wrist")
        if placement not in PLACEMENTS:
            raise UnknownName("placement", placement, PLACEMENTS)
        if out.setdefault(name, placement) != placement:
            raise ValueProblem(f"{name!r} is said to be worn at {out[name]} and at {placement}; say one")
    return out


def with_placements(imported: Import, placements: Mapping[str, str]) -> Import:
    """An import whose recordings without a placement have the one of their name, else of their device."""
    said = {one.signal.name: _said(one, placements) for one in imported.recorded}
    if not any(said.values()):
        return imported
    recorded = tuple(replace(one, placement=one.placement or said[one.signal.name]) for one in imported.recorded)
    notes = tuple(f"{name}: worn at {place}, as a person said" for name, place in said.items() if place)
    return imported.with_(recorded=recorded, notes=imported.notes + notes)


def _said(one: Recorded, placements: Mapping[str, str]) -> str:
    return "" if one.placement else placements.get(one.signal.name) or placements.get(one.device, "")


def unplaced(recordings: Iterable[Recording]) -> dict[str, int]:
    """How many recordings of each name say nothing of where they were worn, most first."""
    return dict(Counter(r.name for r in recordings if not r.placement and r.samples > 1).most_common())


def place_edits(project: ProjectReader, name: str, placement: str) -> list[Edit]:
    """What says where recordings of a name were worn that do not say it yet; of a device's where none has that name."""
    words = f"Worn at {placement.replace('_', ' ')}"
    silent = [r for r in project.recordings() if not r.placement]
    devices = {d.id for d in project.devices() if d.name == name}
    found = [r for r in silent if r.name == name] or [r for r in silent if r.device in devices]
    return [Edit(words, r, replace(r, placement=placement)) for r in found]


def said_unplaced(counts: Mapping[str, int]) -> str:
    """A few names with how many recordings each, in words."""
    words = [f"{count} × {name!r}" for name, count in list(counts.items())[:4]]
    more = len(counts) - len(words)
    return ", ".join(words) + (f" and {more} more names" if more > 0 else "")
