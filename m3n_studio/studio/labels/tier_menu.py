"""What can be done with a tier: part of the menu of a right click on its row."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QInputDialog, QMenu, QWidget

from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.labels import tier_edits as edits
from m3n_studio.studio.look.widgets import named


def tier_menu(desk: Desk, tier_id: str, parent: QWidget) -> QMenu:
    """What can be done with a tier (an id; empty: none, only adding); every change can be undone."""
    menu = named(QMenu("T&ier", parent), accessible="Tier")
    found = edits.set_of(desk, tier_id)
    tier = None if found is None else next(t for t in found.tiers if t.id == tier_id)
    menu.addAction("&Add tier…").triggered.connect(partial(_ask_new, desk, parent))
    if tier is not None and found is not None:
        at = found.tiers.index(tier)
        menu.addAction("Re&name…").triggered.connect(partial(_ask_name, desk, tier_id, tier.name, parent))
        menu.addSeparator()
        for text, by, can in (("Move &up", -1, at > 0), ("Move &down", 1, at < len(found.tiers) - 1)):
            action = menu.addAction(text)
            action.setEnabled(can)
            action.triggered.connect(lambda _=False, step=by: edits.move_tier(desk, tier_id, step))
        menu.addSeparator()
        exclusive = menu.addAction("No &overlaps")
        exclusive.setCheckable(True)
        exclusive.setChecked(tier.exclusive)
        exclusive.setEnabled(tier.kind == "interval")
        exclusive.triggered.connect(lambda on: edits.set_exclusive(desk, tier_id, on))
        events = menu.addAction("&Events, not intervals")
        events.setCheckable(True)
        events.setChecked(tier.kind == "event")
        events.triggered.connect(lambda on: edits.set_kind(desk, tier_id, "event" if on else "interval"))
        menu.addSeparator()
        menu.addAction("&Remove tier").triggered.connect(lambda: edits.remove_tier(desk, tier_id))
    if desk.read_only:
        for action in menu.actions():
            action.setEnabled(False)
    return menu


def _ask_new(desk: Desk, parent: QWidget, *_: object) -> None:
    name, ok = QInputDialog.getText(parent, "Add a tier", "Name of the tier, e.g. activity or posture:")
    if ok and name.strip():
        edits.add_tier(desk, name)


def _ask_name(desk: Desk, tier_id: str, now: str, parent: QWidget, *_: object) -> None:
    name, ok = QInputDialog.getText(parent, "Rename a tier", "Name of the tier:", text=now)
    if ok and name.strip() and name.strip() != now:
        edits.rename_tier(desk, tier_id, name)
