"""Points on a plane, as many as there are: looked at, moved, zoomed, picked with mouse and keys.

Up to :data:`FEW` points are smooth marks drawn from one sheet; more are stamped into a picture
(:mod:`point_raster`). Either way a frame is painted once, however many events asked for it.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from m3n_studio.studio.embedding import lasso
from m3n_studio.studio.embedding.point_marks import MarkSheet
from m3n_studio.studio.embedding.point_raster import SHAPES, Camera, Raster, mixed, ramp, rgb32
from m3n_studio.studio.look.theme import Theme

FEW, MANY = 5000, 40_000
TOOLS = ("pan", "lasso", "box")
MORPH_S = 0.7
_NEAR_PX = 9.0
_STEP_PX = 60.0
_ZOOM = 1.25
_FADED = 0.28
_TICK_MS = 16
_KEYS = {
    Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Plus, Qt.Key.Key_Equal,
    Qt.Key.Key_Minus, Qt.Key.Key_0, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape, Qt.Key.Key_PageDown,
    Qt.Key.Key_PageUp,
}  # fmt: skip

Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Look:
    """How points look.

    Attributes
    ----------
    code, shape : (N,) int64
        Group, index into `colors`; index into :data:`SHAPES`.
    colors : tuple of str
        ``#rrggbb`` of each group.
    hidden : (N,) bool
    """

    code: NDArray[np.int64]
    shape: NDArray[np.int64]
    colors: tuple[str, ...]
    hidden: NDArray[np.bool_]


class PointCloud(QWidget):
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
    settled : (none)
        The points are where they were going.
    painted : (none)
    """

    hovered = Signal(int)
    clicked = Signal(int, bool)
    drawn = Signal(object, bool)
    chosen = Signal(int)
    stepped = Signal(int)
    cleared = Signal()
    settled = Signal()
    painted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Points of the embedding")
        self.setAccessibleDescription(
            "Arrow keys move, plus and minus zoom, 0 shows all, Page Up and Down walk the points, Return plays one"
        )
        self._theme = theme
        self.tool, self.density = "pan", False
        self._flat = np.zeros((0, 2), dtype=np.float32)
        self._from: NDArray[np.float32] | None = None
        self._began, self._camera_from = 0.0, Camera()
        self.camera, self._camera_to = Camera(), Camera()
        self._look = Look(np.zeros(0, np.int64), np.zeros(0, np.int64), (), np.zeros(0, bool))
        self._picked = np.zeros(0, dtype=bool)
        self._current, self._near = -1, np.zeros(0, dtype=np.int64)
        self._colors = np.zeros(0, dtype=np.uint32)
        self._passes: list[tuple[Rows | None, str]] = []
        self._raster, self._sheet = Raster(), MarkSheet()
        self._screen = np.zeros((0, 2), dtype=np.float32)
        self._hover, self.tip = -1, ""
        self._held = ""
        self._at = self._pressed = QPointF()
        self._corners: list[tuple[float, float]] = []
        self._timer = QTimer(self, interval=_TICK_MS)
        self._timer.timeout.connect(self._on_tick)

    # ------------------------------------------------------------------ what is shown

    @property
    def flat(self) -> NDArray[np.float32]:
        """Where the points are, or are going (N, 2)."""
        return self._flat

    @property
    def picked(self) -> NDArray[np.bool_]:
        """Which are shown as picked (N,)."""
        return self._picked

    @property
    def current(self) -> int:
        """The point that is looked at, -1 for none."""
        return self._current

    @property
    def look(self) -> Look:
        """How they look."""
        return self._look

    @property
    def moving(self) -> bool:
        """Whether the points are on their way to other places."""
        return self._from is not None

    def set_points(self, flat: NDArray[np.float32], look: Look, *, smoothly: bool = False) -> None:
        """Show points (N, 2) here; `smoothly`: as many as before, which go there."""
        going = smoothly and len(flat) == len(self._flat) and len(flat) > 0 and self.isVisible()
        self._from = self._places() if going else None
        if len(flat) != len(self._flat):
            self._picked = np.zeros(len(flat), dtype=bool)
            self._current, self._near, self._hover = -1, np.zeros(0, dtype=np.int64), -1
        self._flat = np.asfortranarray(flat, dtype=np.float32)  # a column is read at a time
        self.set_look(look)
        fitting = Camera.fitting(self._flat, self._size())
        self._camera_from, self._camera_to = self.camera, fitting
        if going:
            self._began = time.perf_counter()
            self._timer.start()
        else:
            self.camera = fitting
            self._timer.stop()
            self.settled.emit()
        self.update()

    def set_look(self, look: Look) -> None:
        """Colour and shape the points so."""
        self._look = look
        self._tint()

    def set_picked(self, rows: NDArray[np.integer]) -> None:
        """Show these as picked."""
        self._picked = np.zeros(len(self._flat), dtype=bool)
        self._picked[rows] = True
        self._tint()

    def set_current(self, row: int, near: NDArray[np.int64] | None = None) -> None:
        """Show a point as the one that is looked at, and its neighbours."""
        self._current = row if row < len(self._flat) else -1
        self._near = np.zeros(0, dtype=np.int64) if near is None else near
        self.update()

    def set_density(self, on: bool) -> None:
        """Show how dense they lie, or the points."""
        self.density = on
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self._tint()

    def fit(self) -> None:
        """Show all points."""
        shown = self._flat[~self._look.hidden] if len(self._look.hidden) == len(self._flat) else self._flat
        self.camera = Camera.fitting(shown if len(shown) else self._flat, self._size())
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Room for a picture."""
        return QSize(420, 320)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """What still makes sense."""
        return QSize(160, 140)

    def _size(self) -> tuple[int, int]:
        return max(self.width(), 1), max(self.height(), 1)

    def _tint(self) -> None:
        """Colours of all points, and the order they are drawn in: picked ones last, rare kinds over common."""
        look, ground = self._look, self._theme.panel
        if len(look.code) != len(self._flat):
            return
        full = np.array([rgb32(c) for c in look.colors] or [0], dtype=np.uint32)
        pale = np.array([rgb32(mixed(c, ground, _FADED)) for c in look.colors] or [0], dtype=np.uint32)
        any_picked = bool(self._picked.any())
        colors = full[look.code] if len(look.code) else np.zeros(0, dtype=np.uint32)
        if any_picked:
            colors = np.where(self._picked, colors, pale[look.code])
        self._colors = np.where(look.hidden, np.uint32(0), colors).astype(np.uint32)
        counts = np.bincount(look.shape, minlength=len(SHAPES))
        kinds = [int(k) for k in np.argsort(-counts, kind="stable") if counts[k]]
        if len(self._flat) > MANY:  # no shape can be told apart
            layers = (np.flatnonzero(~self._picked), np.flatnonzero(self._picked)) if any_picked else (None,)
            self._passes = [(rows, SHAPES[0]) for rows in layers]
        elif len(kinds) == 1 and not any_picked:
            self._passes = [(None, SHAPES[kinds[0]])]
        else:
            parts = (~self._picked, self._picked) if any_picked else (np.ones(len(self._flat), dtype=bool),)
            self._passes = [
                (np.flatnonzero(layer & (look.shape == k)), SHAPES[k]) for layer in parts for k in kinds
            ]  # fmt: skip
        self._sheet.set_colors((*look.colors, *(mixed(c, ground, _FADED) for c in look.colors)), ground)
        self.update()

    # ------------------------------------------------------------------ going over

    def _share(self) -> float:
        if self._from is None:
            return 1.0
        done = min((time.perf_counter() - self._began) / MORPH_S, 1.0)
        return done * done * (3.0 - 2.0 * done)

    def _places(self) -> NDArray[np.float32]:
        """Where the points are now."""
        if self._from is None:
            return self._flat
        share = np.float32(self._share())
        return self._from + (self._flat - self._from) * share

    def _on_tick(self) -> None:
        share = self._share()
        a, b = self._camera_from, self._camera_to
        scale = a.scale * (b.scale / a.scale) ** share
        self.camera = Camera(a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share, scale)
        if share >= 1.0:
            self._from = None
            self.camera = b
            self._timer.stop()
            self.settled.emit()
        self.update()

    # ------------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Points, what is drawn, the focus."""
        painter = QPainter(self)
        self._screen = self.camera.to_screen(self._places(), self._size())
        if self.density:
            self._paint_density(painter)
        elif len(self._flat) <= FEW:
            painter.fillRect(self.rect(), QColor(self._theme.panel))
            self._sheet.draw(painter, self._screen, self._look, self._picked, self._size())
        else:
            self._paint_raster(painter)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_rings(painter)
        self._paint_shape(painter)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(self._theme.accent), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 5, 5)
        painter.end()
        self.painted.emit()

    def _paint_raster(self, painter: QPainter) -> None:
        ratio = self.devicePixelRatioF()
        size = (max(round(self.width() * ratio), 1), max(round(self.height() * ratio), 1))
        screen = self._screen if ratio == 1.0 else self._screen * np.float32(ratio)
        radius = (1.5 if len(self._flat) > MANY else 2.0) * ratio
        self._raster.marks(screen, self._colors, size, rgb32(self._theme.panel), radius, self._passes)
        wide, margin = self._raster.whole()
        image = QImage(wide.data, wide.shape[1], wide.shape[0], 4 * wide.shape[1], QImage.Format.Format_RGB32)
        painter.drawImage(QRectF(self.rect()), image, QRectF(margin, margin, *size))

    def _paint_density(self, painter: QPainter) -> None:
        colors = ramp(self._theme.heat)
        cells = np.ascontiguousarray(self._raster.density(self._screen, ~self._look.hidden, self._size(), colors))
        rows, columns = cells.shape
        image = QImage(cells.data, columns, rows, 4 * columns, QImage.Format.Format_RGB32)
        cell = 4
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRectF(0, 0, columns * cell, rows * cell), image, QRectF(image.rect()))

    def _paint_rings(self, painter: QPainter) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(self._theme.muted), 1.4))
        for row in self._near.tolist():
            painter.drawEllipse(QPointF(*self._screen[row].tolist()), 7.0, 7.0)
        for row, color, radius in ((self._hover, self._theme.muted, 8.0), (self._current, self._theme.text, 9.0)):
            if 0 <= row < len(self._screen):
                painter.setPen(QPen(QColor(color), 2.0))
                painter.drawEllipse(QPointF(*self._screen[row].tolist()), radius, radius)

    def _paint_shape(self, painter: QPainter) -> None:
        if self._held not in ("lasso", "box") or len(self._corners) < 2:
            return
        fill = QColor(self._theme.accent)
        fill.setAlphaF(0.12)
        painter.setPen(QPen(QColor(self._theme.accent), 1.4, Qt.PenStyle.DashLine))
        painter.setBrush(fill)
        painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in self._corners]))

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

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """All stays in view that was."""
        old = event.oldSize()
        if old.width() > 0 and old.height() > 0 and len(self._flat):
            share = min(self.width() / old.width(), self.height() / old.height())
            self.camera = Camera(self.camera.x, self.camera.y, self.camera.scale * max(share, 1e-3))
        elif len(self._flat):
            self.fit()

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
