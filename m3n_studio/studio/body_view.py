"""The body in motion: the stage's viewport with its few buttons on top."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from m3n_studio.studio.clock import Clock
from m3n_studio.studio.contents import Contents
from m3n_studio.studio.icons import icon
from m3n_studio.studio.stage import Scene, Stage
from m3n_studio.studio.theme import Theme
from m3n_studio.studio.viewport import GLViewport, ImageViewport, Viewport, make_viewport
from m3n_studio.studio.widgets import tool_button

_RADIUS = 8
_HINT = "Drag to orbit · Shift-drag to pan · wheel to zoom · double-click to reset"


class _Edge(QWidget):
    """The rounded edge of a panel over the picture, which cannot be clipped itself."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.theme = theme

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Cover the corners, draw the edge."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        inside, outside = QPainterPath(), QPainterPath()
        inside.addRoundedRect(box, _RADIUS, _RADIUS)
        outside.addRect(QRectF(self.rect()))
        painter.fillPath(outside.subtracted(inside), QColor(self.theme.window))
        painter.setPen(QPen(QColor(self.theme.border), 1))
        painter.drawPath(inside)


class BodyView(QWidget):
    """Shows a scene at the clock's time.

    Signals
    -------
    failed : str
        The picture cannot be drawn here; says why and what to do.
    """

    failed = Signal(str)

    def __init__(self, clock: Clock, theme: Theme, *, viewport: str = "auto", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self.stage = Stage(theme)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.viewport: Viewport
        self._install(viewport)
        self._edge = _Edge(self, theme)
        self._buttons = self._overlay()
        self._caption = QLabel(self)
        self._caption.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._caption.setObjectName("muted")
        self._caption.move(14, 12)
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
        for widget in (self._edge, self._buttons, self._caption):
            widget.raise_()

    def _overlay(self) -> QWidget:
        box = QWidget(self)
        box.setObjectName("overlay")
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        self.follow_button = self._button("Follow the body (F)", checked=True)
        self.sensors_button = self._button("Show the sensors (S)", checked=True)
        self.reset_button = self._button("Reset the view (R)")
        for button in (self.follow_button, self.sensors_button, self.reset_button):
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

    def set_contents(self, contents: Contents) -> None:
        """Show another body, motion or sensors."""
        self.set_scene(contents.scene)

    def set_scene(self, scene: Scene | None) -> None:
        """Show another body, motion or sensors."""
        self.stage.scene = scene
        clip = None if scene is None else scene.track.clip
        self._caption.setText(
            "No motion: drop one here"
            if clip is None
            else f"{len(clip):,} frames at {clip.rate_hz:g} Hz".replace(",", " ")
        )
        self._caption.adjustSize()
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
        self.stage.theme = self._edge.theme = theme
        for button, name in ((self.follow_button, "follow"), (self.sensors_button, "sensors"),
                             (self.reset_button, "reset")):  # fmt: skip
            button.setIcon(icon(name, theme))
        self.viewport.update()

    def reset_camera(self) -> None:
        """The first view again."""
        self.viewport.reset_camera()

    def release(self) -> None:
        """Give back what only this view holds; called when the window closes."""
        if isinstance(self.viewport, ImageViewport):
            self.viewport.release()

    def picture(self) -> QImage:
        """What is shown, in device pixels."""
        return self.viewport.picture()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Keep the buttons in the upper right corner."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            size = self._buttons.sizeHint()
            self._buttons.setGeometry(self.width() - size.width() - 8, 8, size.width(), size.height())
            self._edge.setGeometry(self.rect())
            self._edge.raise_()
            self._buttons.raise_()
            self._caption.raise_()
        return super().eventFilter(watched, event)

    def _on_time(self, time_s: float) -> None:
        if self.stage.scene is None:
            return
        frame = self.stage.scene.track.clip.frame_at(time_s)
        if frame != self.stage.frame:
            self.stage.frame = frame
            self.viewport.update()
