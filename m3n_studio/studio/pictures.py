"""The window as a picture, OpenGL content and all."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QApplication, QWidget

from m3n_studio.errors import FileError
from m3n_studio.studio.scene.viewport import GLViewport, ImageViewport, Viewport


def window_pixmap(window: QWidget) -> QPixmap:
    """What the window shows now, in device pixels, every picture in it drawn smooth."""
    viewports: list[Viewport] = [*window.findChildren(GLViewport), *window.findChildren(ImageViewport)]
    for viewport in viewports:
        viewport.always_smooth = True
    try:
        for _ in range(3):  # layouts settle, then lanes, then axes
            QApplication.processEvents()
        return window.grab()
    finally:
        for viewport in viewports:
            viewport.always_smooth = False


def window_picture(window: QWidget, path: str | Path) -> Path:
    """Write what the window shows as PNG and return the path."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not window_pixmap(window).save(str(path), "PNG"):
        raise FileError(path, found="the picture could not be written", expected="a writable folder and a .png name")
    return path
