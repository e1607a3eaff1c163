"""The picture of points on a plane, as many as there are, and how it goes over into another.

Up to :data:`FEW` points are smooth marks drawn from one sheet; more are stamped into a picture
(:mod:`point_raster`). Either way a frame is painted once, however many events asked for it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QWidget

from m3n_studio.studio.embedding.point_marks import MarkSheet
from m3n_studio.studio.embedding.point_raster import SHAPES, Camera, Raster, mixed, ramp, rgb32
from m3n_studio.studio.look.theme import Theme

FEW, MANY = 5000, 40_000
MORPH_S = 0.7
_FADED = 0.28
_TICK_MS = 16

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


class PointPicture(QWidget):
    """The points, without what mouse and keys do.

    Signals
    -------
    settled : (none)
        The points are where they were going.
    painted : (none)
    """

    settled = Signal()
    painted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._theme = theme
        self.density = False
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
        self._hover, self._held = -1, ""
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

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """All stays in view that was."""
        old = event.oldSize()
        if old.width() > 0 and old.height() > 0 and len(self._flat):
            share = min(self.width() / old.width(), self.height() / old.height())
            self.camera = Camera(self.camera.x, self.camera.y, self.camera.scale * max(share, 1e-3))
        elif len(self._flat):
            self.fit()
