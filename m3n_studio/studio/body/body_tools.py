"""What can be done with the body view: its commands, the hand on its sensors, its colours.

Exports are in :mod:`m3n_studio.studio.body.export_tools`, other motions in
:mod:`m3n_studio.studio.body.other_motions`.

All commands are rows of one table; they are the window's actions (menus, palette, keys) and the
two pop-up menus over the picture at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction, QActionGroup

from m3n_studio.studio.body.body_view import BodyView
from m3n_studio.studio.body.export_tools import ExportTools
from m3n_studio.studio.body.other_motions import OtherMotions
from m3n_studio.studio.body.sensor_hand import SensorHand
from m3n_studio.studio.body.skin_colors import SKINS, SkinColors
from m3n_studio.studio.core.actions import ActionSpec
from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.look.error_bar import describe
from m3n_studio.studio.scene.picking import segment_of

if TYPE_CHECKING:
    from m3n_studio.imu.surface import Placement

_VIEW, _EDIT = "&View", "&Edit"
#: Rows between separators, in the order of the pop-up menus.
VIEW_ROWS = (
    (
        ActionSpec("view_front", "From the f&ront", _VIEW, ("Alt+1",), tip="Look at the body's front"),
        ActionSpec("view_side", "From the &left side", _VIEW, ("Alt+2",), tip="Look at the body's left side"),
        ActionSpec("view_top", "From a&bove", _VIEW, ("Alt+3",), tip="Look down on the body"),
        ActionSpec("view_free", "Fr&ee view again", _VIEW, ("Alt+4",), tip="Look as before front, side or top"),
    ),
    (
        ActionSpec("skeleton", "S&keleton", _VIEW, ("K",), tip="Show the bones through the skin", checkable=True,
                   separator_before=True),
        ActionSpec("joint_axes", "&Joint axes", _VIEW, ("J",), tip="Show each joint's axes", checkable=True),
    ),
    (
        ActionSpec("ghost_over", "Kept body &over this one", _VIEW, tip="Overlay the body kept for comparison",
                   checkable=True, checked=True, separator_before=True),
        ActionSpec("ghost_beside", "Kept body besi&de", _VIEW, tip="Show the body kept for comparison beside this one",
                   checkable=True),
        ActionSpec("ghost_off", "&No kept body", _VIEW, tip="Hide the body kept for comparison", checkable=True),
    ),
    tuple(
        ActionSpec(f"skin_{name}", words, _VIEW, tip=tip, checkable=True, checked=name == "plain",
                   separator_before=name == "plain")
        for name, words, tip in SKINS
    ),
    (
        ActionSpec("sensor_errors", "Colour sensors by err&or", _VIEW, checkable=True,
                   tip="Simulated against real acceleration at each sensor, RMS, m/s²"),
    ),
)  # fmt: skip
EDIT_ROWS = (
    ActionSpec("place_sensor", "&Place sensors", _EDIT, ("P",), "place", "Click the skin to put a sensor there",
               checkable=True, separator_before=True),
    ActionSpec("remove_sensor", "Re&move the sensor", _EDIT, ("Del",), tip="Take the selected sensor off the body",
               needs="sensors"),
    ActionSpec("turn_left", "&Turn the sensor left", _EDIT, ("Ctrl+[",), tip="Turn the selected sensor by 5°",
               needs="sensors"),
    ActionSpec("turn_right", "Turn the sensor ri&ght", _EDIT, ("Ctrl+]",), tip="Turn the selected sensor by -5°",
               needs="sensors"),
)  # fmt: skip
_EXCLUSIVE = (("ghost_over", "ghost_beside", "ghost_off"), tuple(f"skin_{name}" for name, _, _ in SKINS))


class BodyTools(QObject):
    """Ties a body view to the document: see the module text."""

    def __init__(self, view: BodyView, context: ViewContext) -> None:
        super().__init__(view)
        self.view, self._context = view, context
        self._contents = Contents()
        self._pending = ""
        self.hand = SensorHand(view.stage, context.edit, context.seal, self._repaint, self._simulating, self)
        self.colors = SkinColors(view, context.jobs, self._on_error)
        self.exports = ExportTools(view, context, self)
        self.others = OtherMotions(view, context)
        self.commands: dict[str, QAction] = {**self.others.commands, **self.exports.commands}
        view.set_hand(self.hand)
        self.hand.picked.connect(context.selection.set_sensor)
        self.hand.placed.connect(self._on_placed)
        self.hand.held.connect(self._describe)
        context.selection.sensor_changed.connect(self._on_selected)
        self._make_commands()
        self._fill_menus()

    # ------------------------------------------------------------------ commands

    def _slots(self) -> dict[str, Callable[..., object]]:
        view, table = self.view, dict[str, Callable[..., object]]()
        for side in ("front", "side", "top", "free"):
            table[f"view_{side}"] = partial(self._look, side)
        for mode in ("over", "beside", "off"):
            table[f"ghost_{mode}"] = partial(self._if, partial(view.set_ghost_mode, mode))
        for name, _, _ in SKINS:
            table[f"skin_{name}"] = partial(self._if, partial(self.colors.set_skin, name))
        return table | {
            "skeleton": partial(self._show, "show_skeleton"), "joint_axes": partial(self._show, "show_axes"),
            "sensor_errors": self.colors.set_errors, "place_sensor": self.set_placing,
            "remove_sensor": self._remove, "turn_left": self._turn_left, "turn_right": self._turn_right,
        }  # fmt: skip

    def _make_commands(self) -> None:
        slots = self._slots()
        for spec in (*(row for rows in VIEW_ROWS for row in rows), *EDIT_ROWS):
            spec = replace(spec, needs=spec.needs or "motion")
            self.commands[spec.name] = self._context.add_action(spec, slots[spec.name])
        for names in _EXCLUSIVE:
            group = QActionGroup(self)
            for name in names:
                group.addAction(self.commands[name])
        button, action = self.view.place_button, self.commands["place_sensor"]
        button.toggled.connect(action.setChecked)
        action.toggled.connect(button.setChecked)

    def _fill_menus(self) -> None:
        menu = self.view.view_button.menu()
        for rows in VIEW_ROWS:
            menu.addSeparator()
            for spec in rows:
                menu.addAction(self.commands[spec.name])
        menu.addSeparator()
        menu.addMenu(self.others.menu)
        self.view.export_button.menu().addActions(list(self.exports.commands.values()))

    def _look(self, side: str, *_: object) -> None:
        self.view.look_from(side)

    @staticmethod
    def _if(do: Callable[[], object], on: bool) -> None:
        if on:
            do()

    def _show(self, what: str, on: bool) -> None:
        setattr(self.view.stage, what, on)
        self._repaint()

    def _simulating(self) -> bool:
        return any(job.key == "base" for job in self._context.jobs.running)

    def _repaint(self) -> None:
        self.view.viewport.update()

    def _remove(self, *_: object) -> None:
        self.hand.remove()

    def _turn_left(self, *_: object) -> None:
        self.hand.nudge(5.0)

    def _turn_right(self, *_: object) -> None:
        self.hand.nudge(-5.0)

    def set_placing(self, on: bool) -> None:
        """Let clicks on the skin place sensors."""
        self.hand.placing = on
        self.view.set_crosshair(on)
        self.view.set_note("Click the skin to place a sensor" if on else "")

    # ------------------------------------------------------------------ contents

    def set_contents(self, contents: Contents) -> None:
        """Follow what is shown."""
        self._contents = contents
        self.hand.settled()
        self.colors.set_contents(contents)
        self.exports.set_contents(contents)
        self.others.set_others(contents.document.others, motion=contents.scene is not None)
        names = [p.name for p in contents.document.placements]
        if self._pending in names and contents.scene is not None:
            self._context.selection.set_sensor(names.index(self._pending))
            self._pending = ""
        self._on_selected(self._context.selection.sensor)

    @Slot(str)
    def _on_placed(self, name: str) -> None:
        self._pending = name
        self.set_contents(self._contents)

    @Slot(int)
    def _on_selected(self, index: int) -> None:
        placements = self._contents.document.placements
        if self.hand.placing:
            return
        if 0 <= index < len(placements):
            self._describe(placements[index])
        else:
            self.view.set_note("")

    @Slot(object)
    def _describe(self, placement: Placement) -> None:
        model = self._contents.document.model
        if model is not None:
            name = placement.name.replace("_", " ")
            where = segment_of(model, placement)
            degrees = round(placement.angle_rad * 57.29578)
            self.view.set_note(f"{name} · {where}" if where in name else f"{name} · on the {where}")
            self.view.set_note_tip(f"{name}, on the {where}, turned by {degrees}°")

    def _on_error(self, error: Exception) -> None:
        self._context.report(describe(error)[0])

    def stop(self) -> None:
        """The window closes."""
        self.hand.stop()
        self.colors.stop()
