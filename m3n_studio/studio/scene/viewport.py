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

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QGuiApplication,
    QImage,
    QPainter,
    QPaintEvent,
    QShowEvent,
    QSurfaceFormat,
)
from PySide6.QtOpenGLWidgets import QOpenGLWidget
from PySide6.QtWidgets import QWidget

from m3n_studio.errors import M3nError, UnknownName
from m3n_studio.studio.scene.orbiting import Orbiting
from m3n_studio.studio.scene.stage import Stage
from m3n_studio.studio.scene.visuals import DEPTH_24

Picture = NDArray[np.uint8]

KINDS = ("auto", "gl", "offscreen")
_LATE_MS = 400
_NO_GL_PLATFORMS = ("offscreen", "minimal", "vnc", "linuxfb")


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


class GLViewport(Orbiting, QOpenGLWidget):
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


class ImageViewport(Orbiting, QWidget):
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

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Give the context back."""
        self.release()
        super().closeEvent(event)

    def release(self) -> None:
        """Give the EGL context back; the next paint makes another."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

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
