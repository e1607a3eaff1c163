"""The stage as a picture, without a window, a display or Qt.

An EGL context on Mesa's surfaceless platform (else the default display) draws the very
:class:`~m3n_studio.studio.scene.stage.Stage` the window draws, and the pixels are read back: the
fallback view where Qt has no OpenGL, and :func:`render_body` for scripts. In software at
900 x 800 it costs about what the window does plus one read-back.
"""

from __future__ import annotations

import ctypes
import sys
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from m3n_studio.body.model import BodyModel
from m3n_studio.body.shape import Shape
from m3n_studio.errors import M3nError
from m3n_studio.motion.clip import Clip
from m3n_studio.studio.look.theme import load_theme
from m3n_studio.studio.scene.camera import OrbitCamera
from m3n_studio.studio.scene.sensors import SensorTrack
from m3n_studio.studio.scene.stage import Scene, Stage

Picture = NDArray[np.uint8]

_EGL_PLATFORM_SURFACELESS_MESA = 0x31DD


@lru_cache(maxsize=1)
def _display() -> tuple[Any, int]:
    """The EGL bindings and an initialised display, kept for the life of the process."""
    try:
        from vispy.ext import egl
    except (OSError, ImportError) as error:
        raise M3nError(f"off-screen pictures need the system library EGL (Debian: libegl1): {error}") from error
    lib = egl._lib
    candidates = []
    if hasattr(lib, "eglGetPlatformDisplay"):
        lib.eglGetPlatformDisplay.restype = ctypes.c_void_p
        lib.eglGetPlatformDisplay.argtypes = (ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p)
        candidates.append(lib.eglGetPlatformDisplay(_EGL_PLATFORM_SURFACELESS_MESA, None, None))
    candidates.append(lib.eglGetDisplay(egl.EGL_DEFAULT_DISPLAY))
    for display in candidates:
        major, minor = ctypes.c_int(), ctypes.c_int()
        if display and lib.eglInitialize(ctypes.c_void_p(display), ctypes.byref(major), ctypes.byref(minor)):
            return egl, display
    raise M3nError("off-screen pictures need a working EGL (Debian: libegl1 libgl1-mesa-dri); none could be opened")


class OffscreenRenderer:
    """An OpenGL context without a window. Use from one thread; :meth:`close` when done."""

    def __init__(self) -> None:
        from vispy.gloo.context import FakeCanvas

        self._egl, self._at = _display()
        self._lib = self._egl._lib
        self._config = self._choose()
        self._lib.eglBindAPI(self._egl.EGL_OPENGL_API)
        self._lib.eglCreateContext.restype = ctypes.c_void_p
        self._lib.eglCreatePbufferSurface.restype = ctypes.c_void_p
        context = self._lib.eglCreateContext(self._pointer(self._at), self._config, None, None)
        if not context:
            raise M3nError("off-screen pictures need OpenGL 2.1 through EGL; no context could be made")
        self._context: int | None = context
        self._surface: int | None = None
        self._size = (0, 0)
        self._canvas = FakeCanvas()
        self._stage: Stage | None = None

    @staticmethod
    def _pointer(value: int | None) -> ctypes.c_void_p:
        return ctypes.c_void_p(value)

    def _choose(self) -> ctypes.c_void_p:
        e = self._egl
        wanted = [
            e.EGL_RED_SIZE, 8, e.EGL_GREEN_SIZE, 8, e.EGL_BLUE_SIZE, 8, e.EGL_ALPHA_SIZE, 8, e.EGL_DEPTH_SIZE, 24,
            e.EGL_SURFACE_TYPE, e.EGL_PBUFFER_BIT, e.EGL_RENDERABLE_TYPE, e.EGL_OPENGL_BIT, e.EGL_NONE,
        ]  # fmt: skip
        attributes = (ctypes.c_int * len(wanted))(*wanted)
        config, found = ctypes.c_void_p(), ctypes.c_int()
        display = self._pointer(self._at)
        ok = self._lib.eglChooseConfig(display, attributes, ctypes.byref(config), 1, ctypes.byref(found))
        if not (ok and found.value):
            raise M3nError("EGL offers no off-screen OpenGL surface here")
        return config

    def _make_current(self, width: int, height: int) -> None:
        display = self._pointer(self._at)
        if (width, height) != self._size:
            self._drop_surface()
            wanted = [self._egl.EGL_WIDTH, width, self._egl.EGL_HEIGHT, height, self._egl.EGL_NONE]
            attributes = (ctypes.c_int * len(wanted))(*wanted)
            self._surface = self._lib.eglCreatePbufferSurface(display, self._config, attributes)
            if not self._surface:
                raise M3nError(f"no off-screen surface of {width} x {height} pixels could be made")
            self._size = (width, height)
        surface = self._pointer(self._surface)
        if not self._lib.eglMakeCurrent(display, surface, surface, self._pointer(self._context)):
            raise M3nError("the off-screen OpenGL context could not be made current")

    def _release(self) -> None:
        self._lib.eglMakeCurrent(self._pointer(self._at), None, None, None)

    def _drop_surface(self) -> None:
        if self._surface:
            self._release()
            self._lib.eglDestroySurface(self._pointer(self._at), self._pointer(self._surface))
        self._surface, self._size = None, (0, 0)

    def render(self, stage: Stage, width: int, height: int, *, smooth: bool = True, refine: bool = True) -> Picture:
        """The stage as (height, width, 4) uint8, row 0 at the top; `smooth` and `refine` as in ``Stage.draw``."""
        from vispy.gloo import gl
        from vispy.gloo.context import set_current_canvas

        if self._context is None:
            raise M3nError("this renderer is closed")
        if stage is not self._stage:
            self._stage = stage
            stage.forget()
        _leave_qt_context()
        self._make_current(width, height)
        try:
            set_current_canvas(self._canvas)
            stage.draw(width, height, smooth=smooth, refine=refine)
            self._canvas.flush()
            data = gl.glReadPixels(0, 0, width, height, gl.GL_RGBA, gl.GL_UNSIGNED_BYTE)
        finally:
            self._release()
        picture = np.frombuffer(data, dtype=np.uint8).reshape(height, width, 4)[::-1].copy()
        picture[..., 3] = 255
        return picture

    def name(self) -> str:
        """What draws, e.g. ``"llvmpipe (...), OpenGL 4.5"``."""
        from vispy.gloo import gl

        _leave_qt_context()
        self._make_current(16, 16)
        try:
            return f"{gl.glGetParameter(gl.GL_RENDERER)}, OpenGL {gl.glGetParameter(gl.GL_VERSION)}"
        finally:
            self._release()

    def close(self) -> None:
        """Give the context back; the renderer cannot draw any more."""
        if self._context is not None:
            if self._stage is not None:
                self._stage.forget()
            self._drop_surface()
            self._lib.eglDestroyContext(self._pointer(self._at), self._pointer(self._context))
            self._context = None


def _leave_qt_context() -> None:
    """A thread has one current context; Qt must not think its own still is."""
    if "PySide6.QtGui" in sys.modules:
        from PySide6.QtGui import QOpenGLContext

        current = QOpenGLContext.currentContext()
        if current is not None:
            current.doneCurrent()


@lru_cache(maxsize=1)
def _renderer() -> OffscreenRenderer:
    return OffscreenRenderer()


def render_body(
    model: BodyModel,
    clip: Clip,
    time_s: float = 0.0,
    *,
    size: tuple[int, int] = (640, 640),
    shape: Shape | None = None,
    camera: OrbitCamera | None = None,
    theme: str = "light",
    sensors: tuple[SensorTrack, ...] = (),
) -> Picture:
    """A picture (height, width, 4) uint8 of a body at one time of a clip.

    Parameters
    ----------
    size : (width, height), pixels
    shape : Shape, optional
        Another body than the clip's, walking the same way.
    camera : OrbitCamera, optional
        Relative to the pelvis' place on the ground.
    theme : {"light", "dark"}
    """
    stage = Stage(load_theme(theme), Scene.of(model, clip, shape=shape, sensors=sensors))
    stage.frame, stage.selected = clip.frame_at(time_s), -1
    if camera is not None:
        stage.camera = replace(camera)
    return _renderer().render(stage, *size)
