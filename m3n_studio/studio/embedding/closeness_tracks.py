"""How like its recording a simulation is along time: cosine, predictions, the cursor, painted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPen

from m3n_studio.studio.embedding.closeness_plot import Floats, Picture, curve
from m3n_studio.studio.look.theme import Theme


class TimeTracks(Picture):
    """Cosine similarity along time, two rows of predictions under it, and the cursor; a click goes there.

    Signals
    -------
    went : float
        The user asks for this moment, s.
    """

    went = Signal(float)
    LEFT, ROW, STEP_S = 72, 18, 1.0

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Similarity of simulation and recording along time")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setToolTip("Cosine similarity of the embeddings of simulation and recording.\n"
                        "Click, or use the arrow keys, to go there.")  # fmt: skip
        self._span, self._now = (0.0, 1.0), 0.0
        self._time: Floats = np.zeros(0)
        self._cosine: Floats = np.zeros(0)
        self._rows: tuple[tuple[str, list[tuple[float, float, str]]], ...] = ()
        self.setFixedHeight(170)

    def show_tracks(
        self, span: tuple[float, float], time_s: Floats, cosine: Floats,
        rows: Sequence[tuple[str, list[tuple[float, float, str]]]],
    ) -> None:  # fmt: skip
        """Show a line over `span` (s), and rows of (start, end, colour)."""
        self._span, self._time, self._cosine, self._rows = span, time_s, cosine, tuple(rows)
        self.renew()

    def set_time(self, time_s: float) -> None:
        """Where the cursor is."""
        if abs(self._x(time_s) - self._x(self._now)) >= 0.5:
            self._now = time_s
            self.update()

    def _plot(self) -> QRectF:
        height = self.height() - 22 - len(self._rows) * (self.ROW + 3) - 6
        return QRectF(self.LEFT, 6, self.width() - self.LEFT - 8, height)

    def _x(self, time_s: float) -> float:
        plot = self._plot()
        return plot.left() + plot.width() * (time_s - self._span[0]) / max(self._span[1] - self._span[0], 1e-9)

    def draw(self, painter: QPainter) -> None:
        """Line, rows, times."""
        plot, theme = self._plot(), self.theme
        painter.setFont(self.small())
        low = min(float(np.floor(self._cosine.min() * 10 - 0.2)) / 10, 0.9) if len(self._cosine) else 0.0
        for level in (low, (low + 1) / 2, 1.0) if len(self._cosine) else ():
            y = plot.bottom() - plot.height() * (level - low) / (1.0 - low)
            painter.setPen(QPen(QColor(theme.plot_grid), 1))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(QColor(theme.muted))
            words = "cosine 1" if level == 1.0 else f"{level:.3g}"
            painter.drawText(QRectF(0, y - 9, self.LEFT - 6, 18), Qt.AlignmentFlag.AlignRight
                             | Qt.AlignmentFlag.AlignVCenter, words)  # fmt: skip
        if len(self._time):
            painter.setPen(QPen(QColor(theme.difference), 1.6))
            for part in np.split(np.arange(len(self._time)), np.flatnonzero(np.diff(self._time) > 1.5) + 1):
                x = np.array([self._x(t) for t in self._time[part]])
                painter.drawPolyline(curve(x, plot.bottom() - plot.height() * (self._cosine[part] - low) / (1 - low)))
        self._draw_rows(painter, plot)

    def _draw_rows(self, painter: QPainter, plot: QRectF) -> None:
        theme, top = self.theme, plot.bottom() + 6
        for name, spans in self._rows:
            painter.setPen(QColor(theme.muted))
            painter.drawText(QRectF(0, top, self.LEFT - 6, self.ROW), Qt.AlignmentFlag.AlignRight
                             | Qt.AlignmentFlag.AlignVCenter, name)  # fmt: skip
            for start, end, color in spans:
                painter.fillRect(QRectF(self._x(start), top, self._x(end) - self._x(start), self.ROW), QColor(color))
            top += self.ROW + 3
        painter.setPen(QColor(theme.muted))
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            time_s = self._span[0] + share * (self._span[1] - self._span[0])
            x = min(max(self._x(time_s) - 30, 0.0), self.width() - 60.0)
            side = Qt.AlignmentFlag.AlignRight if share == 1.0 else Qt.AlignmentFlag.AlignHCenter
            painter.drawText(QRectF(x, self.height() - 19, 60, 18), side, f"{time_s:.0f} s")

    def draw_over(self, painter: QPainter) -> None:
        """The cursor and the focus."""
        x = self._x(self._now)
        if self.LEFT <= x <= self.width():
            painter.setPen(QPen(QColor(self.theme.cursor), 1))
            painter.drawLine(QPointF(x, 0), QPointF(x, self.height() - 20))
        if self.hasFocus():
            painter.setPen(QPen(QColor(self.theme.accent), 1))
            painter.drawRect(QRectF(0.5, 0.5, self.width() - 1.0, self.height() - 1.0))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Go there."""
        plot = self._plot()
        share = (event.position().x() - plot.left()) / max(plot.width(), 1.0)
        self._go(self._span[0] + share * (self._span[1] - self._span[0]))

    def event(self, event: QEvent) -> bool:
        """Its own keys come before the window's shortcuts while it has the focus."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._step(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """A step to either side."""
        step = self._step(event)
        if step:
            self._go(self._now + step)
        else:
            super().keyPressEvent(event)

    def _step(self, event: QKeyEvent) -> float:
        steps = {Qt.Key.Key_Left: -self.STEP_S, Qt.Key.Key_Right: self.STEP_S}
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        return steps.get(Qt.Key(event.key()), 0.0) if plain else 0.0

    def _go(self, time_s: float) -> None:
        if len(self._time) or self._rows:
            self.went.emit(min(max(time_s, self._span[0]), self._span[1]))
