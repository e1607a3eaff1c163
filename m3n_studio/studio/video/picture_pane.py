"""One video's picture: fitted or zoomed, turned, with its name, time and frame number above it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from m3n_studio.studio.core.timecode import clock_text
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label

if TYPE_CHECKING:
    from m3n_studio.recordings.video.decoder import Picture

MOST_ZOOM = 16.0
_STEP = 1.25


class Canvas(QWidget):
    """The picture itself. Wheel: zoom at the pointer; drag: move; double click: fit.

    Signals
    -------
    size_changed : (none)
        Another size of picture is needed.
    pressed : (none)
    """

    size_changed = Signal()
    pressed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._image: QImage | None = None
        self._turns, self._zoom, self._shift = 0, 1.0, QPointF()
        self._drag: QPointF | None = None
        self._dim, self.message, self.marked = False, "", False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(120, 90)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setToolTip("Wheel zooms, drag moves, double click fits; + − 0 from the keyboard")

    @property
    def zoom(self) -> float:
        """1 where the picture fits."""
        return self._zoom

    @property
    def image(self) -> QImage | None:
        """What is shown, before it is turned and zoomed."""
        return self._image

    def show_picture(self, rgb: NDArray[np.uint8]) -> None:
        """Show an (H, W, 3) uint8 picture."""
        height, width = rgb.shape[:2]
        self._image = QImage(rgb.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
        self.update()

    def set_state(self, *, turns: int, dim: bool, message: str, marked: bool) -> None:
        """Turned by quarters; dimmed where the video does not reach; what to say instead of a picture; framed."""
        state = (turns, dim, message, marked)
        if state != (self._turns, self._dim, self.message, self.marked):
            another = turns % 2 != self._turns % 2
            self._turns, self._dim, self.message, self.marked = state
            self.update()
            if another:
                self.size_changed.emit()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self.update()

    def wanted_size(self) -> tuple[int, int]:
        """The size a picture should fit in, pixels, before it is turned."""
        share = self.devicePixelRatioF() * self._zoom
        width, height = max(round(self.width() * share), 16), max(round(self.height() * share), 16)
        return (height, width) if self._turns % 2 else (width, height)

    def set_zoom(self, zoom: float, at: QPointF | None = None) -> None:
        """Zoom, keeping what is under a point (the middle by default) where it is."""
        zoom = min(max(zoom, 1.0), MOST_ZOOM)
        middle = QPointF(self.width() / 2, self.height() / 2)
        off = (at or middle) - middle
        self._shift = off - (off - self._shift) * (zoom / self._zoom) if zoom > 1.0 else QPointF()
        if zoom != self._zoom:
            self._zoom = zoom
            self.size_changed.emit()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """A picture one can see something on."""
        return QSize(420, 300)

    def _place(self, size: QSize) -> QRectF:
        share = min(self.width() / size.width(), self.height() / size.height()) * self._zoom
        width, height = size.width() * share, size.height() * share
        centre = QPointF(self.width() / 2, self.height() / 2) + self._shift
        return QRectF(centre.x() - width / 2, centre.y() - height / 2, width, height)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The picture, or what is to be said instead."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._theme.stage.background))
        if self._image is not None and not self.message:
            image = self._image.transformed(QTransform().rotate(90 * self._turns)) if self._turns else self._image
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.setOpacity(0.35 if self._dim else 1.0)
            painter.drawImage(self._place(image.size()), image)
            painter.setOpacity(1.0)
        if self.message:
            painter.setPen(QColor(self._theme.muted))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(16, 8, -16, -8), flags, self.message)
        if self.marked or self.hasFocus():
            painter.setPen(QPen(QColor(self._theme.accent), 2))
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Another size needs another picture."""
        self.size_changed.emit()

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """The pane with the keyboard is the one worked on."""
        self.pressed.emit()
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """Take the frame away."""
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Zoom from the keyboard."""
        keys = {"+": self._zoom * _STEP, "=": self._zoom * _STEP, "-": self._zoom / _STEP, "0": 1.0}
        if event.text() in keys:
            self.set_zoom(keys[event.text()])
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Zoom at the pointer."""
        self.set_zoom(self._zoom * _STEP ** (event.angleDelta().y() / 120), event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Take hold of the picture."""
        self.pressed.emit()
        if event.button() == Qt.MouseButton.LeftButton and self._zoom > 1.0:
            self._drag = event.position() - self._shift

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Move the picture."""
        if self._drag is not None:
            self._shift = event.position() - self._drag
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Let go."""
        self._drag = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Fit."""
        self.set_zoom(1.0)


class PicturePane(QWidget):
    """A canvas under the name of its video and what is shown of it."""

    def __init__(self, path: str, name: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.path, self.number = path, -1
        self.canvas = Canvas(theme)
        self.canvas.setAccessibleName(f"Video {name}")
        self.caption = label(style="muted", accessible=f"Time and frame of {name}")
        self.caption.setContentsMargins(4, 0, 4, 0)
        self.caption.setMinimumWidth(60)
        self._name, self._words, self._note = name, "", ""
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.canvas, 1)
        layout.addWidget(self.caption)

    def show_picture(self, picture: Picture) -> None:
        """Show a frame and say which it is."""
        self.number = picture.number
        self.canvas.show_picture(picture.rgb)
        self._words = f"{clock_text(picture.time_s)}   frame {picture.number}"
        self._say()

    def set_note(self, note: str) -> None:
        """What is special about the frame now."""
        if note != self._note:
            self._note = note
            self._say()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """More or fewer words fit."""
        super().resizeEvent(event)
        self._say()

    def _say(self) -> None:
        full, short = ("   ·   ".join(filter(None, [name, self._words, self._note])) for name in (self._name, ""))
        self.caption.setToolTip(f"{full}\nTime in the video's own seconds; frames are counted from 0")
        fits = self.caption.fontMetrics().horizontalAdvance(full) < self.width() - 12
        self.caption.setText(full if fits else short)
