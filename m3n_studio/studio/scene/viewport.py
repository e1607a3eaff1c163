"""The widget the stage is drawn in: OpenGL where Qt has it, else pictures from EGL.

Both kinds take the mouse the same way: left drag orbits, middle or right drag (or Shift)
pans, the wheel zooms, a double click resets. In software OpenGL smooth edges cost four times
the pixels, so frames are drawn fast while things move and once more, smooth, when they have
rested for a moment; a graphics card draws all of them smooth. ``--viewport auto`` takes OpenGL unless the Qt
platform cannot (``offscreen``, ``minimal``, ``vnc``), where vispy would draw nothing.

vispy's own canvas is not used, only its gloo: a `QOpenGLWidget` of ours keeps Qt's message
handler and the window's single GL context under our control.
"""

from __future__ import annotations

from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QGuiApplication,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QShowEvent,
    QSurfaceFormat,
    QWheelEvent,
)
from PySide6.QtOpenGLWidgets import QOpenGLWidget
from PySide6.QtWidgets import QWidget

from m3n_studio.errors import M3nError, UnknownName
from m3n_studio.studio.scene.camera import OrbitCamera
from m3n_studio.studio.scene.stage import Stage
from m3n_studio.studio.scene.visuals import DEPTH_24

Picture = NDArray[np.uint8]

KINDS = ("auto", "gl", "offscreen")
REST_MS = 140
_LATE_MS = 400
_NO_GL_PLATFORMS = ("offscreen", "minimal", "vnc", "linuxfb")
_DEGREES_PER_PIXEL = 0.4
_ZOOM_PER_NOTCH = 0.88


class Hand(Protocol):
    """Whoever may take the mouse before the camera does; each says whether it has taken the event."""

    def press(self, widget: QWidget, event: QMouseEvent) -> bool:
        """A button went down."""

    def move(self, widget: QWidget, event: QMouseEvent) -> bool:
        """The mouse moved with a button down."""

    def release(self, widget: QWidget, event: QMouseEvent) -> bool:
        """A button went up."""

    def wheel(self, event: QWheelEvent) -> bool:
        """The wheel turned."""


class _Orbiting:
    """Mouse handling shared by both viewports; expects `stage` and QWidget's update()."""

    stage: Stage
    software = True
    always_smooth = False
    hand: Hand | None = None
    _last: QPointF | None = None
    _smooth_next = True

    def _make_rest_timer(self) -> None:
        widget: Any = self
        self._rest = QTimer(widget, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._on_rest)

    def _on_rest(self) -> None:
        widget: Any = self
        self._smooth_next = True
        widget.update()

    def _take_quality(self) -> dict[str, bool]:
        """How good this frame is to be; one made in haste is followed by a good one after a rest."""
        refine = self._smooth_next or self.always_smooth
        smooth = refine or not self.software
        self._smooth_next = False
        return {"smooth": smooth, "refine": refine}

    def _after(self, quality: dict[str, bool]) -> None:
        if not quality["smooth"] or self.stage.rough:
            self._rest.start()

    def _press(self, event: QMouseEvent) -> None:
        widget: Any = self
        taken = self.hand is not None and self.hand.press(widget, event)
        self._last = None if taken else event.position()

    def _release(self, event: QMouseEvent) -> None:
        widget: Any = self
        if self.hand is not None:
            self.hand.release(widget, event)
        self._last = None

    def _move(self, event: QMouseEvent) -> bool:
        """Turn or shift the camera; whether it did."""
        if self.hand is not None and self.hand.move(cast(QWidget, self), event):
            return False
        if self._last is None or not event.buttons():
            return False
        delta = event.position() - self._last
        self._last = event.position()
        widget: Any = self
        pans = event.buttons() & (Qt.MouseButton.MiddleButton | Qt.MouseButton.RightButton)
        if pans or event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            scale = self.stage.camera.metres_per_pixel(widget.width(), widget.height())
            self.stage.camera = self.stage.camera.pan(-delta.x() * scale, delta.y() * scale)
        else:
            turned = (-delta.x() * _DEGREES_PER_PIXEL, delta.y() * _DEGREES_PER_PIXEL)
            self.stage.camera = self.stage.camera.orbit(*turned)
        return True

    def _wheel(self, event: QWheelEvent) -> None:
        if self.hand is not None and self.hand.wheel(event):
            return
        notches = event.angleDelta().y() / 120
        self.stage.camera = self.stage.camera.zoom(_ZOOM_PER_NOTCH**notches)
        event.accept()

    def _pixels(self) -> tuple[int, int]:
        widget: Any = self
        ratio = widget.devicePixelRatioF()
        return max(round(widget.width() * ratio), 1), max(round(widget.height() * ratio), 1)


def _is_software() -> bool:
    """Whether the current context draws on the processor."""
    from vispy.gloo import gl

    name = str(gl.glGetParameter(gl.GL_RENDERER)).lower()
    return any(word in name for word in ("llvmpipe", "softpipe", "swiftshader", "swrast", "gdi generic"))


def _forget_gl_errors() -> None:
    """Drop errors Qt's own drawing left behind, which gloo would take for ours."""
    from vispy.gloo import gl

    for _ in range(8):
        if gl.glGetError() == gl.GL_NO_ERROR:
            return


class _Framebuffer:
    """Tells gloo which framebuffer is the widget's: not 0, as Qt composes widgets from textures."""

    def __init__(self, widget: QOpenGLWidget) -> None:
        self._widget = widget

    def _vispy_get_fb_bind_location(self) -> int:
        return int(self._widget.defaultFramebufferObject())


class GLViewport(_Orbiting, QOpenGLWidget):
    """The stage in an OpenGL widget. ``failed`` tells why nothing can be drawn, once."""

    failed = Signal(str)
    painted = Signal()

    def __init__(self, stage: Stage, parent: QWidget | None = None) -> None:
        QOpenGLWidget.__init__(self, parent)
        wanted = QSurfaceFormat()
        wanted.setDepthBufferSize(24)
        self.setFormat(wanted)
        self.stage = stage
        self._make_rest_timer()
        self._canvas: Any = None
        self._broken = False
        self._late = QTimer(self, singleShot=True, interval=_LATE_MS)
        self._late.timeout.connect(self._check)
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._tell)

    def initializeGL(self) -> None:  # noqa: N802
        """Called by Qt whenever there is a new context."""
        from vispy.gloo.context import FakeCanvas

        self.stage.forget()
        self._canvas = FakeCanvas()
        self._canvas._backend = _Framebuffer(self)
        self.software = _is_software()

    def paintGL(self) -> None:  # noqa: N802
        """Draw the stage; an error is told once and leaves the widget blank."""
        from vispy.gloo.context import set_current_canvas

        if self._broken or self._canvas is None:
            return
        try:
            _forget_gl_errors()
            set_current_canvas(self._canvas)
            quality = self._take_quality()
            self.stage.draw(*self._pixels(), **quality)
            self._canvas.flush()
            self._after(quality)
        except Exception as error:
            self._fail(str(error))
            return
        self.painted.emit()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Look, once it is on screen, whether there is a context at all."""
        super().showEvent(event)
        self._late.start()

    def _check(self) -> None:
        if self.isVisible() and self._canvas is None and not self.isValid():
            self._fail("no OpenGL context could be made")

    def _fail(self, why: str) -> None:
        if not self._broken:
            self._broken = True
            self._why = f"the body cannot be drawn with OpenGL here: {why}"
            self._soon.start()  # not from inside a paint

    def _tell(self) -> None:
        self.failed.emit(self._why)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Start to turn or shift."""
        self._press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Turn or shift."""
        if self._move(event):
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Let go."""
        self._release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """The first view again."""
        self.reset_camera()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Come closer or go away."""
        self._wheel(event)
        self.update()

    def reset_camera(self) -> None:
        """The first view again."""
        self.stage.camera = OrbitCamera()
        self.update()

    def picture(self) -> QImage:
        """What is shown, as an image in device pixels."""
        self._smooth_next = True
        return self.grabFramebuffer()

    def render_stage(self, width: int, height: int) -> Picture:
        """The stage as it is now at any size, (height, width, 4) uint8."""
        from vispy import gloo
        from vispy.gloo import gl
        from vispy.gloo.context import set_current_canvas

        if self._canvas is None or self._broken:
            raise M3nError("the body is not on screen yet, so there is no picture of it")
        self.makeCurrent()
        try:
            _forget_gl_errors()
            set_current_canvas(self._canvas)
            color = gloo.Texture2D((height, width, 4), format="rgba", internalformat="rgba8")
            target = gloo.FrameBuffer(color, gloo.RenderBuffer((height, width), DEPTH_24))
            with target:
                self.stage.draw(width, height)
                self._canvas.flush()
                data = gl.glReadPixels(0, 0, width, height, gl.GL_RGBA, gl.GL_UNSIGNED_BYTE)
            for thing in (target, color):
                thing.delete()
            self._canvas.flush()
        finally:
            self.doneCurrent()
        picture = np.frombuffer(data, dtype=np.uint8).reshape(height, width, 4)[::-1].copy()
        picture[..., 3] = 255
        return picture


class ImageViewport(_Orbiting, QWidget):
    """The stage as an image drawn through EGL, where Qt has no OpenGL."""

    failed = Signal(str)
    painted = Signal()

    def __init__(self, stage: Stage, parent: QWidget | None = None) -> None:
        QWidget.__init__(self, parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.stage = stage
        self._make_rest_timer()
        self._renderer: Any = None
        self._broken = False

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw the stage off screen and paint the image."""
        quality = self._take_quality()
        image = self._draw(**quality)
        self._after(quality)
        painter = QPainter(self)
        if image is None:
            painter.fillRect(self.rect(), self.palette().window())
        else:
            painter.drawImage(QPoint(0, 0), image)
        painter.end()
        if image is not None:
            self.painted.emit()

    def _draw(self, *, smooth: bool, refine: bool = True) -> QImage | None:
        if self._broken:
            return None
        from m3n_studio.studio.scene.offscreen import OffscreenRenderer

        try:
            if self._renderer is None:
                self._renderer = OffscreenRenderer()
            width, height = self._pixels()
            picture = self._renderer.render(self.stage, width, height, smooth=smooth, refine=refine)
            pixels = np.ascontiguousarray(picture)
        except M3nError as error:
            self._broken = True
            self.failed.emit(str(error))
            return None
        image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()
        image.setDevicePixelRatio(self.devicePixelRatioF())
        return image

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Start to turn or shift."""
        self._press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Turn or shift."""
        if self._move(event):
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Let go."""
        self._release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """The first view again."""
        self.reset_camera()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Come closer or go away."""
        self._wheel(event)
        self.update()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Give the context back."""
        self.release()
        super().closeEvent(event)

    def release(self) -> None:
        """Give the EGL context back; the next paint makes another."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    def reset_camera(self) -> None:
        """The first view again."""
        self.stage.camera = OrbitCamera()
        self.update()

    def picture(self) -> QImage:
        """What is shown, as an image in device pixels."""
        return self._draw(smooth=True) or QImage()

    def render_stage(self, width: int, height: int) -> Picture:
        """The stage as it is now at any size, (height, width, 4) uint8."""
        from m3n_studio.studio.scene.offscreen import OffscreenRenderer

        if self._renderer is None:
            self._renderer = OffscreenRenderer()
        return np.asarray(self._renderer.render(self.stage, width, height))


Viewport = GLViewport | ImageViewport


def choose_kind(kind: str = "auto") -> str:
    """``"gl"`` or ``"offscreen"``: the one asked for, or the one that works on this Qt platform."""
    if kind not in KINDS:
        raise UnknownName("viewport", kind, KINDS)
    if kind != "auto":
        return kind
    return "offscreen" if QGuiApplication.platformName() in _NO_GL_PLATFORMS else "gl"


def make_viewport(stage: Stage, kind: str = "auto", parent: QWidget | None = None) -> Viewport:
    """The viewport of a kind; a stage belongs to one viewport."""
    if choose_kind(kind) == "gl":
        return GLViewport(stage, parent)
    return ImageViewport(stage, parent)
