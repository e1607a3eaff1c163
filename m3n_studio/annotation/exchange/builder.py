"""Tiers and annotations gathered row by row, from files that name classes but do not describe them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from m3n_studio.annotation.exchange.values import LabelFile
from m3n_studio.annotation.model import Annotation, LabelClass, Tier, new_id, ordered
from m3n_studio.errors import ValueProblem

#: Colours of classes a file gives none, in turn; distinct in light and dark.
PALETTE = (
    "#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#76b7b2", "#edc948",
    "#b07aa1", "#9c755f", "#ff9da7", "#86bcb6", "#d37295", "#8cd17d",
)  # fmt: skip
_MOST_CLASSES = 20_000


@dataclass
class _Gathering:
    name: str
    known: Tier | None
    id: str
    classes: dict[str, LabelClass]
    items: list[Annotation] = field(default_factory=list)


class Builder:
    """Gathers annotations; gives a :class:`LabelFile`.

    Tiers of a file given at the start keep their kind and classes; what rows name besides is added.
    """

    def __init__(self, known: LabelFile | None = None) -> None:
        self._file = known or LabelFile()
        self._tiers: dict[str, _Gathering] = {}
        self._ids: set[str] = set()
        self._classes = 0
        for tier in self._file.tiers:
            self._tiers[tier.name] = _Gathering(tier.name, tier, tier.id, {c.name: c for c in tier.classes})

    def tier(self, name: str) -> None:
        """Have a tier, also without annotations."""
        if name not in self._tiers:
            self._tiers[name] = _Gathering(name, None, new_id(), {})

    def label(self, tier: str, name: str, *, color: str = "", note: str = "") -> str:
        """Have a class on a tier; its id. The first colour and note hold."""
        self.tier(tier)
        name = name if name.strip() else "(no name)"
        classes = self._tiers[tier].classes
        if name not in classes:
            self._classes += 1
            if self._classes > _MOST_CLASSES:
                raise ValueProblem(f"expected labels of a few classes; found more than {_MOST_CLASSES}")
            classes[name] = LabelClass(name, color or PALETTE[len(classes) % len(PALETTE)], note=note)
        return classes[name].id

    def add(self, tier: str, label: str, start_s: float, end_s: float, *, id: str = "", **said: Any) -> None:
        """Have an annotation; an id that is taken or empty is replaced by a new one."""
        name = self.label(tier, label)
        own = id if id and id not in self._ids else new_id()
        self._ids.add(own)
        gathering = self._tiers[tier]
        gathering.items.append(Annotation(gathering.id, name, start_s, end_s, id=own, **said))

    def add_row(self, row: Mapping[str, Any]) -> None:
        """Have a row with the keys of `values.COLUMNS`; all but label and times may be missing."""
        said = {k: row[k] for k in ("author", "source", "confidence", "note", "id") if row.get(k) not in (None, "")}
        self.add(row.get("tier") or "labels", row["label"], row["start_s"], row["end_s"], **said)

    def result(self, **info: Any) -> LabelFile:
        """What was gathered; a tier that is both moments and intervals becomes two."""
        tiers: list[Tier] = []
        items: list[Annotation] = []
        for g in list(self._tiers.values()):
            if g.known is not None:
                tiers.append(replace(g.known, classes=tuple(g.classes.values())))
                items += g.items
                continue
            moments = [a for a in g.items if a.start_s == a.end_s]
            spans = [a for a in g.items if a.start_s < a.end_s]
            classes = tuple(g.classes.values())
            if spans or not moments:
                tiers.append(Tier(g.name, "interval", _apart(spans), classes, g.id))
                items += spans
            if moments and not spans:
                tiers.append(Tier(g.name, "event", False, classes, g.id))
                items += moments
            if moments and spans:
                second = Tier(self._free_name(f"{g.name} (moments)"), "event", False, classes, new_id())
                tiers.append(second)
                items += [replace(a, tier=second.id) for a in moments]
        return replace(self._file, tiers=tuple(tiers), annotations=ordered(items), **info)

    def _free_name(self, name: str) -> str:
        while name in self._tiers:
            name += "'"
        self._tiers[name] = _Gathering(name, None, "", {})
        return name


def _apart(spans: list[Annotation]) -> bool:
    return all(a.end_s <= b.start_s for a, b in pairwise(ordered(spans)))
