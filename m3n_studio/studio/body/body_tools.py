"""What can be done with the body view: its commands, the hand on its sensors, its colours and exports.

All commands are rows of one table; they are the window's actions (menus, palette, keys) and the
two pop-up menus over the picture at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QFileDialog

from m3n_studio.errors import M3nError
from m3n_studio.studio.body.body_view import BodyView
from m3n_studio.studio.body.exports import FILM_HZ, PictureDialog, PictureWish, Recorder, body_picture, pixels_of
from m3n_studio.studio.body.sensor_hand import SensorHand
from m3n_studio.studio.body.skin_colors import SKINS, SkinColors
from m3n_studio.studio.core.actions import ActionSpec
from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.look.error_bar import describe
from m3n_studio.studio.scene.movie import Picture, write_png
from m3n_studio.studio.scene.picking import segment_of
from m3n_studio.studio.scene.viewport import GLViewport, ImageViewport, Viewport

if TYPE_CHECKING:
    from m3n_studio.imu.surface import Placement

_VIEW, _EDIT, _FILE = "&View", "&Edit", "&File"
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
EXPORT_ROWS = (
    ActionSpec("export_picture", "P&icture of the body…", _FILE, ("Ctrl+Shift+S",), separator_before=True,
               tip="PNG of any size, transparent if wanted"),
    ActionSpec("export_turntable", "&Turntable…", _FILE, tip="Once round the body, as MP4 or PNG pictures"),
    ActionSpec("export_film", "&Film of the window…", _FILE, tip="The whole window playing the clip in step, as MP4"),
    ActionSpec("export_gltf", "&Animated body (glTF)…", _FILE, tip="Skinned mesh with its motion, .glb"),
)  # fmt: skip
_EXCLUSIVE = (("ghost_over", "ghost_beside", "ghost_off"), tuple(f"skin_{name}" for name, _, _ in SKINS))


class BodyTools(QObject):
    """Ties a body view to the document: see the module text."""

    def __init__(self, view: BodyView, context: ViewContext) -> None:
        super().__init__(view)
        self.view, self._context = view, context
        self._contents = Contents()
        self._pending = ""
        self._recorder: Recorder | None = None
        self.hand = SensorHand(view.stage, context.edit, context.seal, self._repaint, self._simulating, self)
        self.colors = SkinColors(view, context.jobs, self._on_error)
        self.commands: dict[str, QAction] = {}
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
            "export_picture": self.ask_picture, "export_turntable": self.ask_turntable,
            "export_film": self.ask_film, "export_gltf": self.ask_gltf,
        }  # fmt: skip

    def _make_commands(self) -> None:
        slots = self._slots()
        for spec in (*(row for rows in VIEW_ROWS for row in rows), *EDIT_ROWS, *EXPORT_ROWS):
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
        exports = self.view.export_button.menu()
        for spec in EXPORT_ROWS:
            exports.addAction(self.commands[spec.name])

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

    def stop(self) -> None:
        """The window closes."""
        self.hand.stop()
        self.colors.stop()

    # ------------------------------------------------------------------ exports

    def _on_error(self, error: Exception) -> None:
        self._context.report(describe(error)[0])

    def _suggest(self, suffix: str) -> str:
        stem = Path(self._contents.title or "body").stem
        return str(Path.home() / f"{stem}{suffix}")

    def _ask_path(self, title: str, suffix: str, kinds: str) -> Path | None:
        name, _ = QFileDialog.getSaveFileName(self.view.window(), title, self._suggest(suffix), kinds)
        if not name:
            return None
        path = Path(name)
        return path if path.suffix else path.with_suffix(suffix)

    def _dialog(self, title: str, wished: Callable[[PictureWish], object], *, turns: bool) -> None:
        ratio = self.view.devicePixelRatioF()
        size = (round(self.view.width() * ratio), round(self.view.height() * ratio))
        dialog = PictureDialog(title, size, turns=turns, parent=self.view.window())
        dialog.wished.connect(wished)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def ask_picture(self, *_: object) -> None:
        """Ask for a size, then a place, then write a picture."""
        self._dialog("Picture of the body", self._picture, turns=False)

    def _picture(self, wish: PictureWish) -> None:
        path = self._ask_path("Save picture", ".png", "PNG (*.png)")
        if path is None:
            return
        try:
            write_png(path, body_picture(self.view, wish.width, wish.height, see_through=wish.see_through))
        except M3nError as error:
            self._on_error(error)

    def ask_turntable(self, *_: object) -> None:
        """Ask for size and time, then a place, then film once round the body."""
        self._dialog("Turntable", self._turntable, turns=True)

    def _turntable(self, wish: PictureWish) -> None:
        path = self._ask_path("Save turntable", ".mp4", "Film (*.mp4);;PNG pictures (*.png)")
        if path is not None:
            self.turntable(path, wish)

    def turntable(self, path: Path, wish: PictureWish) -> Recorder | None:
        """Once round the body at the frame shown; the camera is put back."""
        stage, start = self.view.stage, self.view.stage.camera
        count = max(round(wish.seconds * FILM_HZ), 2)

        def grab(i: int) -> Picture:
            now = stage.camera
            stage.camera = start.looking(start.azimuth_deg + 360.0 * i / count, start.elevation_deg)
            try:
                return body_picture(self.view, wish.width, wish.height)
            finally:
                stage.camera = now

        return self._record("Turntable", path, count, grab, None)

    def ask_film(self, *_: object) -> None:
        """Ask for a place, then film the window."""
        path = self._ask_path("Save film of the window", ".mp4", "Film (*.mp4);;PNG pictures (*.png)")
        if path is not None:
            self.film(path)

    def film(self, path: Path) -> Recorder | None:
        """The whole window, 30 pictures per second of clip, over the loop region or all of time."""
        clock = self._context.clock
        clock.pause()
        start, end = clock.loop or (clock.start_s, clock.end_s)
        count, before, window = int((end - start) * FILM_HZ + 1e-6) + 1, clock.time_s, self.view.window()
        viewports: list[Viewport] = [*window.findChildren(GLViewport), *window.findChildren(ImageViewport)]

        def grab(i: int) -> Picture:
            clock.pause()
            clock.seek(start + i / FILM_HZ)
            for viewport in viewports:
                viewport.always_smooth = True
            try:
                return pixels_of(window.grab().toImage())
            finally:
                for viewport in viewports:
                    viewport.always_smooth = False

        return self._record("Film of the window", path, count, grab, before)

    def _record(
        self, name: str, path: Path, count: int, grab: Callable[[int], Picture], back_to_s: float | None
    ) -> Recorder | None:  # fmt: skip
        if self._recorder is not None:
            self._context.report("A film is still being made; wait for it or cancel it.")
            return None
        recorder = Recorder(name, path, count, grab, self._context.jobs, self._on_error, self.view.window())
        self._recorder, self._back_to_s = recorder, back_to_s
        recorder.finished.connect(self._on_recorded)
        return recorder

    @Slot(str)
    def _on_recorded(self, _path: str) -> None:
        self._recorder = None
        if self._back_to_s is not None:
            self._context.clock.seek(self._back_to_s)
        self._repaint()

    def ask_gltf(self, *_: object) -> None:
        """Ask for a place, then write the moving body in the background."""
        document = self._contents.document
        scene = self._contents.scene
        if scene is None:
            return
        path = self._ask_path("Save animated body", ".glb", "glTF (*.glb)")
        if path is None:
            return
        model, clip, shape = scene.track.model, scene.track.clip, document.shape

        def work(task: object) -> Path:
            from m3n_studio.studio.scene.gltf import write_glb

            def progress(done: float, total: float) -> None:
                task.check()  # type: ignore[attr-defined]
                task.progress(done, total)  # type: ignore[attr-defined]

            return write_glb(path, model, clip, shape, progress=progress)

        self._context.jobs.run("Writing glTF", work, failed=self._on_error)
