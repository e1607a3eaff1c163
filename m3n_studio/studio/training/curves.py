"""Curves of runs, read and zoomed by mouse and keys."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QResizeEvent, QWheelEvent

from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.training.curve_picture import CurvePicture


class CurvePlot(CurvePicture):
    """Lines over epochs or steps.

    Signals
    -------
    read : str
        What is under the cursor, in words; empty: nothing.
    """

    read = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._grip: tuple[float, tuple[float, float]] | None = None

    def read_at(self, x: float | None) -> None:
        """Put the cursor at an x; None: nowhere."""
        self.reading = x
        words = "" if x is None else self.words_at(x)
        self.setAccessibleDescription(words)
        self.read.emit(words)
        self.update()

    # ------------------------------------------------------------------ mouse and keys

    def x_of(self, px: float) -> float:
        """The x under a pixel."""
        if self._picture is None:
            self._picture = self._draw()
        return self._span[0] + (px - self._room.left()) / self._room.width() * (self._span[1] - self._span[0])

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Read values; dragged: move along."""
        if self._grip is not None and event.buttons() & Qt.MouseButton.LeftButton and self.view is not None:
            at, (low, high) = self._grip
            by = (event.position().x() - at) / max(self._room.width(), 1) * (high - low)
            self._look(low - by, high - by)
        else:
            self.read_at(self.x_of(event.position().x()))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Take hold of the picture."""
        self._grip = (event.position().x(), self.view or self.span)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Let go."""
        self._grip = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Show all."""
        self.show_all()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """Nothing is read any more."""
        if not self.hasFocus():
            self.read_at(None)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """Nothing is read any more."""
        super().focusOutEvent(event)
        self.read_at(None)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Ctrl and the wheel zoom over x, about the mouse; the wheel alone scrolls what is around."""
        if not event.modifiers() & Qt.KeyboardModifier.ControlModifier or not event.angleDelta().y():
            event.ignore()
            return
        self.zoom(0.8 ** (event.angleDelta().y() / 120), self.x_of(event.position().x()))
        event.accept()

    def zoom(self, factor: float, about: float) -> None:
        """Show a factor of the stretch shown, about an x."""
        low, high = self.view or self.span
        self._look(about - (about - low) * factor, about + (high - about) * factor)

    def show_all(self) -> None:
        """Show every x."""
        self.view = None
        self._fresh()

    def _look(self, low: float, high: float) -> None:
        first, last = self.span
        wide = min(max(high - low, (last - first) / 1000), last - first)
        low = min(max(low, first), last - wide)
        self.view = None if wide >= last - first else (low, low + wide)
        self._fresh()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Left and right read from point to point, plus and minus zoom, 0 shows all."""
        key = Qt.Key(event.key())
        lines = [line for line in self.shown if not line.faint]
        if not lines:
            super().keyPressEvent(event)
            return
        x = lines[0].x
        low, high = self.view or self.span
        now = self.reading if self.reading is not None else low - 1e-9
        steps = {Qt.Key.Key_Right: int(np.searchsorted(x, now + 1e-9, side="right")),
                 Qt.Key.Key_Left: int(np.searchsorted(x, now - 1e-9)) - 1, Qt.Key.Key_Home: 0,
                 Qt.Key.Key_End: len(x) - 1}  # fmt: skip
        if key in steps:
            self.read_at(float(x[min(max(steps[key], 0), len(x) - 1)]))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            about = self.reading if self.reading is not None else (low + high) / 2
            self.zoom(1.25 if key == Qt.Key.Key_Minus else 0.8, about)
        elif key == Qt.Key.Key_0:
            self.show_all()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Another picture."""
        super().resizeEvent(event)
        self._picture = None
