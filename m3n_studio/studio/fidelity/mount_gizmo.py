"""The axes of the simulated sensor and of the real one, turned by hand.

Thin dashed axes are the simulated sensor's, strong ones the real sensor's as it sits on the
body; where the mount is right and the strap tight, each real axis shows where the mount says.
Drag to turn; the arrow keys turn by 5°, with Shift by 90°.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from m3n_studio import so3
from m3n_studio.studio.look.theme import Theme

Array = NDArray[np.float64]
_DEGREES_PER_PX = 0.6
#: Looking at the sensor from the front, a little from the right and above: rows are right, up, out.
_LOOK = so3.matrix_from_rotvec([0.45, 0.0, 0.0]) @ so3.matrix_from_rotvec([0.0, -0.55, 0.0])
_KEYS = {
    Qt.Key.Key_Left: (1, -1.0), Qt.Key.Key_Right: (1, 1.0), Qt.Key.Key_Up: (0, -1.0), Qt.Key.Key_Down: (0, 1.0),
}  # fmt: skip


class MountGizmo(QWidget):
    """Two sets of axes.

    Signals
    -------
    turned : (3, 3) array
        The mount the user has turned to, real to simulated frame.
    released
        A drag has ended.
    """

    turned = Signal(object)
    released = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.R: Array = np.eye(3)
        self._last: QPointF | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.setAccessibleName("Mount: axes of the real sensor against the simulated one")
        self.setToolTip(
            "Strong: the real sensor's axes. Dashed: the simulated sensor's.\n"
            "Drag to turn; arrow keys turn by 5°, with Shift by 90°."
        )
        self.setMinimumSize(132, 132)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Square."""
        return QSize(140, 140)

    def set_mount(self, R: Array) -> None:
        """Show a mount (3, 3)."""
        self.R = np.asarray(R)
        angle = float(np.rad2deg(np.linalg.norm(so3.rotvec_from_matrix(self.R))))
        self.setAccessibleDescription(f"turned by {angle:.0f}°")
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self.update()

    def _turn(self, axis: int, degrees: float) -> None:
        """Turn about an axis of the screen: 0 to the right, 1 up."""
        about = _LOOK[axis]
        self.set_mount(so3.polar(so3.matrix_from_rotvec(np.deg2rad(degrees) * about) @ self.R))
        self.turned.emit(self.R)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Begin to turn."""
        if event.button() == Qt.MouseButton.LeftButton and self.isEnabled():
            self._last = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Turn along."""
        if self._last is not None:
            moved, self._last = event.position() - self._last, event.position()
            if moved.x():
                self._turn(1, _DEGREES_PER_PX * moved.x())
            if moved.y():
                self._turn(0, _DEGREES_PER_PX * moved.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """End to turn."""
        if self._last is not None:
            self._last = None
            self.setCursor(Qt.CursorShape.OpenHandCursor)
            self.released.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Arrow keys."""
        key = _KEYS.get(Qt.Key(event.key()))
        if key is None:
            super().keyPressEvent(event)
            return
        far = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self._turn(key[0], key[1] * (90.0 if far else 5.0))
        self.released.emit()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Both sets, what is behind first."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme = self._theme
        colors = (theme.axis_x, theme.axis_y, theme.axis_z)
        size = min(self.width(), self.height()) / 2 - 14
        middle = QPointF(self.width() / 2, self.height() / 2)
        strokes = []
        for strong, frame in ((False, np.eye(3)), (True, self.R)):
            for i in range(3):
                right, up, out = _LOOK @ frame[:, i]
                strokes.append((float(out), strong, i, QPointF(float(right), -float(up)) * size))
        for _, strong, i, tip in sorted(strokes, key=lambda s: (s[1], s[0])):
            color = QColor(colors[i])
            if not strong:
                color.setAlphaF(0.75)
            style = Qt.PenStyle.SolidLine if strong else Qt.PenStyle.DashLine
            painter.setPen(QPen(color, 3.2 if strong else 1.4, style, Qt.PenCapStyle.RoundCap))
            painter.drawLine(middle, middle + tip)
            if strong:
                painter.setPen(QColor(theme.text))
                spot = middle + tip * 1.13
                painter.drawText(spot + QPointF(-4, 5), "xyz"[i])
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.accent), 2))
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 6, 6)
