"""The body in motion: the stage's viewport with buttons, caption and legend on top.

What can be done to it (tools, exports, colours) is in :mod:`m3n_studio.studio.body.body_tools`; this
is the picture and its state.
"""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QToolButton, QVBoxLayout, QWidget

from m3n_studio.body.shape import Shape
from m3n_studio.studio.body.companions import ghost_of, motion_color, others_of
from m3n_studio.studio.body.legend import Legend
from m3n_studio.studio.body.plates import Edge, Plate
from m3n_studio.studio.core.clock import Clock
from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.core.document import OtherMotion
from m3n_studio.studio.look.icons import icon
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import tool_button
from m3n_studio.studio.scene.coloring import Scale
from m3n_studio.studio.scene.orbiting import Hand
from m3n_studio.studio.scene.stage import Companion, Scene, Stage
from m3n_studio.studio.scene.viewport import GLViewport, ImageViewport, Viewport, make_viewport

if TYPE_CHECKING:
    from m3n_studio.studio.body.body_tools import BodyTools

_LONGEST_NAME = 36
_HINT = (
    "Drag to orbit · Shift-drag to pan · wheel to zoom · double-click to reset\n"
    "Drag a sensor along the skin · Alt-drag or Ctrl+wheel turns it · Shift-click the skin places one"
)
#: Azimuth from the body's own front, and elevation, degrees.
SIDES = {"front": (0.0, 4.0), "side": (90.0, 4.0), "top": (0.0, 89.0)}


class BodyView(QWidget):
    """Shows a scene at the clock's time.

    Signals
    -------
    failed : str
        The picture cannot be drawn here; says why and what to do.
    frame_changed : int
        Another frame of the motion is shown.
    """

    failed = Signal(str)
    frame_changed = Signal(int)

    def __init__(self, clock: Clock, theme: Theme, *, viewport: str = "auto", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self.stage = Stage(theme)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.viewport: Viewport
        self._install(viewport)
        self._hand: Hand | None = None
        self.tools: BodyTools | None = None
        self._ghost_shape: Shape | None = None
        self._others: tuple[tuple[Scene, OtherMotion], ...] = ()
        self.ghost_mode = "over"
        self._free: tuple[float, float] | None = None
        self._note = ""
        self._edge = Edge(self, theme)
        self._buttons = self._overlay()
        self.legend = Legend(theme, self)
        self._plate = Plate(self, theme)
        self._plate.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._caption = QLabel(self)
        self._caption.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.installEventFilter(self)
        clock.time_changed.connect(self._on_time)
        self.set_theme(theme)

    def _install(self, kind: str) -> None:
        self.viewport = make_viewport(self.stage, kind, self)
        self.viewport.setToolTip(_HINT)
        self.viewport.setAccessibleName("Body in motion")
        self.viewport.failed.connect(self._on_failed)
        layout = self.layout()
        assert layout is not None
        layout.addWidget(self.viewport)

    def _on_failed(self, why: str) -> None:
        """Where OpenGL fails pictures are drawn off screen; where they fail too the user is told."""
        if not isinstance(self.viewport, GLViewport):
            self.failed.emit(why)
            return
        self.viewport.hide()
        self.viewport.deleteLater()
        self.stage.forget()
        self._install("offscreen")
        self.set_hand(self._hand)
        for widget in (self._edge, self._buttons, self._plate, self._caption, self.legend):
            widget.raise_()

    def _overlay(self) -> Plate:
        box = Plate(self, self.stage.theme)
        row = QHBoxLayout(box)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(2)
        self.follow_button = self._button("Follow the body (F)", checked=True)
        self.sensors_button = self._button("Show the sensors (S)", checked=True)
        self.reset_button = self._button("Reset the view (R)")
        self.place_button = self._button("Place sensors: click the skin (P)", checked=False)
        self.view_button = self._menu_button("How the body is shown")
        self.export_button = self._menu_button("Pictures, films, glTF")
        for button in (self.place_button, self.follow_button, self.sensors_button, self.reset_button,
                       self.view_button, self.export_button):  # fmt: skip
            row.addWidget(button)
        self.follow_button.toggled.connect(self.set_follow)
        self.sensors_button.toggled.connect(self.set_show_sensors)
        self.reset_button.clicked.connect(self.reset_camera)
        return box

    @staticmethod
    def _button(tip: str, *, checked: bool | None = None) -> QToolButton:
        button = tool_button(tip=tip, accessible=tip.split(" (")[0], checked=checked)
        button.setIconSize(QSize(18, 18))
        return button

    def _menu_button(self, tip: str) -> QToolButton:
        button = self._button(tip)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setMenu(QMenu(button))
        button.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        return button

    def set_hand(self, hand: Hand | None) -> None:
        """Let somebody take the mouse before the camera does."""
        self._hand = self.viewport.hand = hand

    def set_contents(self, contents: Contents) -> None:
        """Show another body, motion, sensors or ghost."""
        self._ghost_shape = contents.document.ghost if contents.scene is not None else None
        self._others = tuple(zip(contents.others, contents.document.others, strict=False))
        self.set_scene(contents.scene)
        if self.tools is not None:
            self.tools.set_contents(contents)

    def set_ghost_mode(self, mode: str) -> None:
        """Show the kept body over this one, beside it, or not at all: "over", "beside", "off"."""
        self.ghost_mode = mode
        self._show_companions()
        self.viewport.update()

    def _show_companions(self) -> None:
        scene, shape, stage = self.stage.scene, self._ghost_shape, self.stage
        if scene is None:
            stage.companions = ()
            return
        ghosts: tuple[Companion, ...] = ()
        if shape is not None and self.ghost_mode != "off":
            ghosts = (ghost_of(scene, shape, self.ghost_mode, stage.theme, stage.companions),)
        taken = bool(ghosts) and self.ghost_mode == "beside"
        stage.companions = (*ghosts, *others_of(scene, self._others, stage.theme, taken=taken))

    def look_from(self, side: str) -> None:
        """Look at the body from its "front", "side" or "top", or "free" as before that."""
        camera = self.stage.camera
        if side == "free":
            if self._free is not None:
                self.stage.camera = camera.looking(*self._free)
                self._free = None
        else:
            at = (camera.azimuth_deg, camera.elevation_deg)
            self._free = at if self._free is None else self._free
            azimuth, elevation = SIDES[side]
            self.stage.camera = camera.looking(self._heading_deg() + azimuth, elevation)
        self.viewport.update()

    def _heading_deg(self) -> float:
        """Where the body faces now, as the azimuth of who stands before it."""
        pose = self.stage.pose()
        if pose is None:
            return 0.0
        x, _, z = (float(v) for v in pose.matrices[0, :, 2])
        return math.degrees(math.atan2(x, z)) if math.hypot(x, z) > 1e-3 else 0.0

    def set_note(self, text: str) -> None:
        """Say something about the sensor in hand in the caption; empty: about the motion."""
        self._note = text
        self._write_caption()

    def set_note_tip(self, text: str) -> None:
        """More about the sensor in hand, for the tooltip and for who listens."""
        self._caption.setAccessibleDescription(text)
        self.viewport.setToolTip(f"{text}\n{_HINT}")

    def set_crosshair(self, on: bool) -> None:
        """Show that a click places something."""
        self.viewport.setCursor(Qt.CursorShape.CrossCursor if on else Qt.CursorShape.ArrowCursor)

    def set_scales(self, scales: tuple[Scale, ...]) -> None:
        """Explain the colours; none hides the legend."""
        self.legend.set_scales(scales)
        self._place_corners()

    def _write_caption(self) -> None:
        clip = None if self.stage.scene is None else self.stage.scene.track.clip
        frames = "" if clip is None else f"{len(clip):,} frames at {clip.rate_hz:g} Hz".replace(",", " ")
        text = self._note or frames or "No motion: drop one here"
        others = [self._named(i) for i in range(len(self._others))]
        self._caption.setText("<br>".join([*others, escape(text)]) if others else text)
        self._place_corners()

    def _named(self, index: int) -> str:
        """The name of another motion with its colour."""
        title, color = self._others[index][1].title, motion_color(self.stage.theme, index)
        short = title if len(title) <= _LONGEST_NAME else f"{title[: _LONGEST_NAME - 1]}…"
        return f'<span style="color:{color}">■</span> {escape(short)}'

    def _place_corners(self) -> None:
        """Buttons above on the right, the caption below on the left, the legend over it."""
        size = self._buttons.sizeHint()
        self._buttons.setGeometry(self.width() - size.width() - 8, 8, size.width(), size.height())
        self._caption.adjustSize()
        self._caption.resize(min(self._caption.width(), self.width() - 36), self._caption.height())
        self._caption.move(18, self.height() - self._caption.height() - 14)
        self._plate.setGeometry(self._caption.geometry().adjusted(-8, -4, 8, 4))
        self.legend.move(10, self._plate.y() - self.legend.height() - 6)

    def set_scene(self, scene: Scene | None) -> None:
        """Show another body, motion or sensors."""
        self.stage.scene = scene
        self._show_companions()
        self._write_caption()
        self._on_time(self._clock.time_s)
        self.viewport.update()

    def set_selected(self, sensor: int) -> None:
        """Highlight a sensor."""
        self.stage.selected = sensor
        self.viewport.update()

    def set_follow(self, follow: bool) -> None:
        """Let the camera keep up with the body, or stand still where it is now."""
        stage = self.stage
        if follow != stage.follow:
            pose = stage.pose()
            if pose is not None:
                shift = pose.joints[0] * (1.0, 0.0, 1.0) * (-1.0 if follow else 1.0)
                x, y, z = stage.camera.target
                stage.camera = stage.camera.look_at((x + shift[0], y, z + shift[2]))  # type: ignore[arg-type]
            stage.follow = follow
        self.viewport.update()

    def set_show_sensors(self, show: bool) -> None:
        """Draw the sensors or not."""
        self.stage.show_sensors = show
        self.viewport.update()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.stage.theme = self._edge.theme = self.legend.theme = self._buttons.theme = self._plate.theme = theme
        for button, name in ((self.follow_button, "follow"), (self.sensors_button, "sensors"),
                             (self.reset_button, "reset"), (self.place_button, "place"),
                             (self.view_button, "eye"), (self.export_button, "export")):  # fmt: skip
            button.setIcon(icon(name, theme))
        self._show_companions()
        self._write_caption()
        self.viewport.update()

    def reset_camera(self) -> None:
        """The first view again."""
        self.viewport.reset_camera()

    def release(self) -> None:
        """Give back what only this view holds; called when the window closes."""
        if self.tools is not None:
            self.tools.stop()
        if isinstance(self.viewport, ImageViewport):
            self.viewport.release()

    def picture(self) -> QImage:
        """What is shown, in device pixels."""
        return self.viewport.picture()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Keep the buttons in the upper right corner."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self._place_corners()
            self._edge.setGeometry(self.rect())
            for widget in (self._edge, self._buttons, self._plate, self._caption, self.legend):
                widget.raise_()
        return super().eventFilter(watched, event)

    def _on_time(self, time_s: float) -> None:
        stage = self.stage
        if stage.scene is None:
            return
        before = tuple(map(stage.frame_of, stage.companions))
        frame, stage.time_s = stage.scene.track.clip.frame_at(time_s), time_s
        moved = frame != stage.frame
        stage.frame = frame
        if moved:
            self.frame_changed.emit(frame)
        if moved or before != tuple(map(stage.frame_of, stage.companions)):
            self.viewport.update()
