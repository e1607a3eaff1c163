"""Tiers of a project's label sets: added, renamed, reordered, changed, taken away. One undo step each; no Qt.

For the menus of whoever shows tiers: each function takes the desk, makes one edit of a label set, and returns
whether it could be made; why not is told by the desk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from m3n_studio.annotation.model import Tier
from m3n_studio.errors import M3nError
from m3n_studio.project.values import Edit, LabelSet
from m3n_studio.studio.core.desk import Desk

DEFAULT_SET, DEFAULT_TIER = "labels", "activity"


def default_labels() -> LabelSet:
    """What a project without label sets begins with: one tier, no classes yet."""
    return LabelSet(DEFAULT_SET, (Tier(DEFAULT_TIER),))


def set_of(desk: Desk, tier_id: str) -> LabelSet | None:
    """The label set a tier is in."""
    sets = () if desk.project is None else desk.project.label_sets()
    return next((s for s in sets if any(t.id == tier_id for t in s.tiers)), None)


def add_tier(desk: Desk, name: str, kind: Literal["interval", "event"] = "interval", exclusive: bool = True) -> bool:
    """Add a tier after those of the tier that is labelled now, and label on it."""
    if desk.project is None:
        return False
    current = desk.tier
    before = (None if current is None else set_of(desk, current.id)) or next(iter(desk.project.label_sets()), None)
    try:
        tier = Tier(" ".join(name.split()), kind, exclusive)
        after = LabelSet(DEFAULT_SET, (tier,)) if before is None else replace(before, tiers=(*before.tiers, tier))
    except M3nError as error:
        desk.failed.emit(str(error))
        return False
    if not desk.edit(Edit(f"Add tier {tier.name}", before, after)):
        return False
    desk.set_tier(tier.id)
    return True


def rename_tier(desk: Desk, tier_id: str, name: str) -> bool:
    """Give a tier another name."""
    return _changed(desk, tier_id, "Rename tier", lambda t: replace(t, name=" ".join(name.split())))


def set_kind(desk: Desk, tier_id: str, kind: Literal["interval", "event"]) -> bool:
    """Make a tier one of intervals or of events; refused while intervals are on one of events."""
    return _changed(desk, tier_id, f"Make {kind}s of tier", lambda t: replace(t, kind=kind))


def set_exclusive(desk: Desk, tier_id: str, exclusive: bool) -> bool:
    """Let intervals of a tier overlap, or not."""
    words = "Keep overlaps off tier" if exclusive else "Let overlap on tier"
    return _changed(desk, tier_id, words, lambda t: replace(t, exclusive=exclusive))


def remove_tier(desk: Desk, tier_id: str) -> bool:
    """Take a tier away; refused while labels use its classes."""
    found = set_of(desk, tier_id)
    if found is None:
        return False
    name = next(t.name for t in found.tiers if t.id == tier_id)
    after = replace(found, tiers=tuple(t for t in found.tiers if t.id != tier_id))
    return desk.edit(Edit(f"Remove tier {name}", found, after))


def move_tier(desk: Desk, tier_id: str, by: int) -> bool:
    """Move a tier up (negative) or down among those of its label set."""
    found = set_of(desk, tier_id)
    if found is None:
        return False
    tiers = list(found.tiers)
    at = next(i for i, t in enumerate(tiers) if t.id == tier_id)
    to = min(max(at + by, 0), len(tiers) - 1)
    if to == at:
        return False
    tiers.insert(to, tiers.pop(at))
    return desk.edit(Edit(f"Move tier {found.tiers[at].name}", found, replace(found, tiers=tuple(tiers))))


def _changed(desk: Desk, tier_id: str, words: str, change: Callable[[Tier], Tier]) -> bool:
    found = set_of(desk, tier_id)
    if found is None:
        return False
    try:
        after = replace(found, tiers=tuple(change(t) if t.id == tier_id else t for t in found.tiers))
        if any(not t.name for t in after.tiers):
            raise M3nError("a tier needs a name; found an empty one")
    except M3nError as error:
        desk.failed.emit(str(error))
        return False
    name = next(t.name for t in found.tiers if t.id == tier_id)
    return after != found and desk.edit(Edit(f"{words} {name}", found, after))
