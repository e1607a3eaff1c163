"""Icons from ``resources/icons``: line drawings in one colour, coloured by the theme."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from m3n_studio.resources import resource
from m3n_studio.studio.look.theme import Theme

SIZE = 20


@lru_cache(maxsize=256)
def _pixmap(name: str, color: str, scale: int) -> QPixmap:
    pixmap = drawing(name, color, SIZE * scale // 2)
    pixmap.setDevicePixelRatio(scale)
    return pixmap


def drawing(name: str, color: str, size: int) -> QPixmap:
    """An icon as a picture of any size, px, sharp on screens of twice the density."""
    pixmap = QPixmap(2 * size, 2 * size)
    pixmap.fill(Qt.GlobalColor.transparent)
    text = resource("icons", f"{name}.svg").read_text("utf-8").replace("currentColor", color)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(text.encode())).render(painter, QRectF(pixmap.rect()))
    painter.end()
    pixmap.setDevicePixelRatio(2)
    return pixmap


def icon(name: str, theme: Theme, *, color: str = "", checked: str = "") -> QIcon:
    """An icon in the theme's text colour (or `color`), muted when disabled, accent when checked."""
    out = QIcon()
    for scale in (1, 2):
        out.addPixmap(_pixmap(name, color or theme.text, scale), QIcon.Mode.Normal, QIcon.State.Off)
        out.addPixmap(_pixmap(name, color or checked or theme.accent, scale), QIcon.Mode.Normal, QIcon.State.On)
        for state in (QIcon.State.Off, QIcon.State.On):
            out.addPixmap(_pixmap(name, theme.muted, scale), QIcon.Mode.Disabled, state)
    return out
