"""Points on a plane, as many as there are: looked at, moved, zoomed, picked with mouse and keys."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QToolTip, QWidget

from m3n_studio.studio.embedding import lasso
from m3n_studio.studio.embedding.point_picture import Look, PointPicture
from m3n_studio.studio.look.theme import Theme

__all__ = ["TOOLS", "Look", "PointCloud"]

TOOLS = ("pan", "lasso", "box")
_NEAR_PX = 9.0
_STEP_PX = 60.0
_ZOOM = 1.25
_KEYS = {
    Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Plus, Qt.Key.Key_Equal,
    Qt.Key.Key_Minus, Qt.Key.Key_0, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape, Qt.Key.Key_PageDown,
    Qt.Key.Key_PageUp,
}  # fmt: skip


class PointCloud(PointPicture):
    """The points.

    Signals
    -------
    hovered : int
        The point under the mouse; -1 for none.
    clicked : int, bool
        A point, and whether it is to be added to what is picked; -1: beside all points.
    drawn : array of rows, bool
        What a lasso or a box holds, and whether it is to be added.
    chosen : int
        Return on the current point.
    stepped : int
        The current point is to be another.
    cleared : (none)
        Escape.
    """

    hovered = Signal(int)
    clicked = Signal(int, bool)
    drawn = Signal(object, bool)
    chosen = Signal(int)
    stepped = Signal(int)
    cleared = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName("Points of the embedding")
        self.setAccessibleDescription(
            "Arrow keys move, plus and minus zoom, 0 shows all, Page Up and Down walk the points, Return plays one"
        )
        self.tool, self.tip = "pan", ""
        self._at = self._pressed = QPointF()

    # ------------------------------------------------------------------ the mouse

    def point_at(self, x: float, y: float) -> int:
        """The point shown at a place, px; -1 where none is near."""
        if not len(self._screen):
            return -1
        away = (self._screen[:, 0] - np.float32(x)) ** 2 + (self._screen[:, 1] - np.float32(y)) ** 2
        away = np.where(self._look.hidden, np.inf, away)
        best = int(away.argmin())
        return best if away[best] <= _NEAR_PX**2 else -1

    def place_of(self, row: int) -> QPointF:
        """Where a point is on the widget, px."""
        x, y = self.camera.to_screen(self._places()[row : row + 1], self._size())[0].tolist()
        return QPointF(x, y)

    def _mode(self, event: QMouseEvent) -> str:
        if event.button() in (Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton):
            return "pan"
        if self.tool == "pan" and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            return "lasso"
        if self.tool == "pan" and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            return "box"
        return self.tool

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Begin to push, to draw, or to click."""
        self._pressed = self._at = event.position()
        self._held, self._corners = "press " + self._mode(event), []
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Push, draw, or look."""
        at = event.position()
        if not self._held:
            self._look_at(at)
            return
        if self._held.startswith("press "):
            if math.hypot(at.x() - self._pressed.x(), at.y() - self._pressed.y()) < 4.0:
                return
            self._held = self._held.removeprefix("press ")
            self._corners = [(self._pressed.x(), self._pressed.y())]
        if self._held == "pan":
            self._push(at.x() - self._at.x(), at.y() - self._at.y())
        elif self._held == "box":
            self._corners = lasso.box(self._pressed.x(), self._pressed.y(), at.x(), at.y())
        else:
            x, y = self._corners[-1]
            if math.hypot(at.x() - x, at.y() - y) >= lasso.STEP_PX:
                self._corners.append((at.x(), at.y()))
        self._at = at
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Pick what was drawn around, or clicked."""
        held, self._held = self._held, ""
        keys = event.modifiers()
        if held.startswith("press ") and event.button() == Qt.MouseButton.LeftButton:
            self._screen = self.camera.to_screen(self._places(), self._size())
            row = self.point_at(event.position().x(), event.position().y())
            self.clicked.emit(row, bool(keys & Qt.KeyboardModifier.ControlModifier))
        elif held in ("lasso", "box"):
            self.pick_in(self._corners, add=self.tool != "pan" and bool(keys & Qt.KeyboardModifier.ShiftModifier))
        self._corners = []
        self.update()

    def pick_in(self, corners: list[tuple[float, float]], *, add: bool = False) -> None:
        """Pick the points shown in a polygon, px."""
        self._screen = self.camera.to_screen(self._places(), self._size())
        found = lasso.enclosed(self._screen, corners, self._size()) & ~self._look.hidden
        self.drawn.emit(np.flatnonzero(found), add)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Show all."""
        if self.point_at(event.position().x(), event.position().y()) < 0:
            self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Zoom about the mouse."""
        turns = event.angleDelta().y() / 120.0
        at = event.position()
        self._stop_going()
        self.camera = self.camera.zoomed(_ZOOM**turns, at.x(), at.y(), self._size())
        self.update()
        event.accept()

    def _push(self, dx: float, dy: float) -> None:
        self._stop_going()
        self.camera = self.camera.moved(dx, dy)
        self.update()

    def _stop_going(self) -> None:
        """The user takes the camera: points jump to their places."""
        if self._from is not None:
            self._from = None
            self._timer.stop()
            self.settled.emit()

    def _look_at(self, at: QPointF) -> None:
        row = self.point_at(at.x(), at.y())
        if row != self._hover:
            self._hover, self.tip = row, ""
            QToolTip.hideText()
            self.hovered.emit(row)
            self.update()

    def set_tip(self, row: int, words: str) -> None:
        """What is said of the point under the mouse."""
        if row == self._hover and row >= 0:
            self.tip = words
            if self.underMouse() and not self._held:
                at = self.mapToGlobal(self.place_of(row).toPoint())
                QToolTip.showText(at, words, self)

    def event(self, event: QEvent) -> bool:
        """Its own keys before the window's; its own tooltip."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            plain = event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
            if not plain and Qt.Key(event.key()) in _KEYS:
                event.accept()
                return True
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent) and self._hover >= 0:
            if self.tip:
                QToolTip.showText(event.globalPos(), self.tip, self)
            return True
        return super().event(event)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """Nothing is under the mouse."""
        if self._hover >= 0:
            self._hover = -1
            self.hovered.emit(-1)
            self.update()

    # ------------------------------------------------------------------ the keys

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Move, zoom, walk, play."""
        key, step = Qt.Key(event.key()), _STEP_PX
        pushes = {Qt.Key.Key_Left: (step, 0.0), Qt.Key.Key_Right: (-step, 0.0), Qt.Key.Key_Up: (0.0, step),
                  Qt.Key.Key_Down: (0.0, -step)}  # fmt: skip
        zooms = {Qt.Key.Key_Plus: _ZOOM, Qt.Key.Key_Equal: _ZOOM, Qt.Key.Key_Minus: 1 / _ZOOM}
        if key in pushes:
            self._push(*pushes[key])
        elif key in zooms:
            self._stop_going()
            self.camera = self.camera.zoomed(zooms[key], self.width() / 2, self.height() / 2, self._size())
            self.update()
        elif key == Qt.Key.Key_0:
            self.fit()
        elif key in (Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
            self._walk(1 if key == Qt.Key.Key_PageDown else -1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self._current >= 0:
                self.chosen.emit(self._current)
        elif key == Qt.Key.Key_Escape:
            self._held, self._corners = "", []
            self.update()
            self.cleared.emit()
        else:
            super().keyPressEvent(event)

    def _walk(self, step: int) -> None:
        """The next point that is shown, in the table's order."""
        shown = np.flatnonzero(~self._look.hidden)
        if len(shown):
            at = int(np.searchsorted(shown, self._current + (step > 0)))
            self.stepped.emit(int(shown[(at if step > 0 else at - 1) % len(shown)]))
