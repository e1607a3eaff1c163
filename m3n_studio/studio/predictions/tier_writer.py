"""A prediction as a tier of labels: made, or made anew, in one step that undoes as one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from m3n_studio.studio.core.desk import Desk

if TYPE_CHECKING:
    from m3n_studio.annotation.model import Annotation, Change, Tier
    from m3n_studio.learning.predict import Predicted
    from m3n_studio.project.values import Edit


@dataclass(frozen=True, eq=False)
class _Writing:
    """The step of the undo stack."""

    desk: Desk
    label: str
    edits: tuple[Edit, ...]
    session: str
    change: Change

    def redo(self) -> bool:
        done = self.desk.do(lambda project: project.apply(self.edits, ((self.session, self.change),)))
        if done:
            self.desk.written.emit(self.session, self.change)
        return done

    def undo(self) -> bool:
        done = self.desk.do(lambda project: project.take_apart(self.edits, ((self.session, self.change),)))
        if done:
            self.desk.written.emit(self.session, self.change.inverse())
        return done


def tier_name(run: str) -> str:
    """What the tier of a run is called."""
    return f"prediction ({run})"


def make_tier(desk: Desk, session: str, run: str, found: Predicted) -> int | None:
    """Put a prediction's stretches on the run's tier in place of those it put there before; how many.

    None where it could not be done; the desk tells why.
    """
    from m3n_studio.annotation.model import Change

    project = desk.project
    if project is None or desk.read_only:
        desk.failed.emit("The project is open for reading only: no tier can be made.")
        return None
    made = found.annotations(run)
    tier, edits = _tier(desk, run, found.classes)
    names = {c.id: c.name for c in made.tiers[0].classes}
    ids = {c.name: c.id for c in tier.classes}
    new: tuple[Annotation, ...] = tuple(replace(a, tier=tier.id, label=ids[names[a.label]]) for a in made.annotations)
    old = tuple(a for a in project.annotations(session, tier.id) if a.source == "model" and a.author == run)
    step = _Writing(desk, f"Make tier {tier.name}", edits, session, Change(f"Make tier {tier.name}", old, new))
    if not step.redo():
        return None
    desk.remember(step)
    return len(new)


def _tier(desk: Desk, run: str, classes: tuple[str, ...]) -> tuple[Tier, tuple[Edit, ...]]:
    """The run's tier as it will be, and the edits that make it so; classes are coloured as on other tiers."""
    from m3n_studio.annotation.model import LabelClass, Tier
    from m3n_studio.project.values import Edit, LabelSet
    from m3n_studio.studio.predictions.bands import colors_of

    sets = () if desk.project is None else desk.project.label_sets()
    name = tier_name(run)
    known = [t for s in sets for t in s.tiers if t.name != name]
    current = desk.tier
    ordered = ([current] if current is not None else []) + known
    wanted = tuple(LabelClass(n, c) for n, c in zip(classes, colors_of(classes, ordered), strict=True))
    for found in sets:
        tier = found.tier(name)
        if tier is not None and tier.kind == "interval":
            lacking = tuple(c for c in wanted if tier.by_name(c.name) is None)
            after = replace(tier, classes=(*tier.classes, *lacking))
            tiers = tuple(after if t.id == tier.id else t for t in found.tiers)
            return after, (Edit(f"Change tier {name}", found, replace(found, tiers=tiers)),) if lacking else ()
    home = next((s for s in sets if current is not None and any(t.id == current.id for t in s.tiers)), None)
    before = home or next((s for s in sets if s.tier(name) is None), None)
    new = Tier(name, classes=wanted)
    after_set = LabelSet("labels", (new,)) if before is None else replace(before, tiers=(*before.tiers, new))
    return new, (Edit(f"Add tier {name}", before, after_set),)
