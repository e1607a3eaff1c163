"""A slider with the people behind it: their distribution, median, this body, and the one compared with."""

from __future__ import annotations

from math import exp

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QSlider, QWidget

from m3n_studio.studio.attributes.attributes_model import Attribute, Scale, percentile_text, shown
from m3n_studio.studio.core.shape_hints import ShapeHint
from m3n_studio.studio.look.theme import Theme

_HANDLE = 6.5
_TEXT_WIDTH = 44
_TICKS = 4000
_HEIGHT = 28
_KEYS = frozenset(
    (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown,
     Qt.Key.Key_Home, Qt.Key.Key_End)
)  # fmt: skip


class AttributeSlider(QSlider):
    """One measurement against its population.

    Signals
    -------
    pressed, released
    moved : float
        The hand asks for this, m or kg, while it drags.
    stepped : float
        A key asks for this.
    """

    pressed = Signal()
    released = Signal()
    moved = Signal(float)
    stepped = Signal(float)

    def __init__(self, row: Attribute, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.row, self._theme = row, theme
        self._scale = Scale(0.0, 1.0, 0.5, 0.2)
        self._value = 0.5
        self._ghost: float | None = None
        self._asked: float | None = None
        self._grip: float | None = None
        self._hint: ShapeHint | None = None
        self._text_width = _TEXT_WIDTH
        self._curve = QPixmap()
        self._curve_of: tuple[object, ...] = ()
        self.setRange(0, _TICKS)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(f"{row.title}, {row.unit}")
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Room for a curve and the percentile."""
        return QSize(190, _HEIGHT)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """The least that can be aimed at."""
        return QSize(64, _HEIGHT)

    def set_narrow(self, narrow: bool) -> None:
        """Leave the percentile to the tooltip where there is no room."""
        self._text_width = 0 if narrow else _TEXT_WIDTH
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Other colours."""
        self._theme = theme
        self.update()

    def set_scale(self, scale: Scale) -> None:
        """Another population."""
        self._scale = scale
        self.update()

    def show_value(self, value: float, *, ghost: float | None = None, asked: float | None = None) -> None:
        """Show a value; that of the body compared with; and what was asked where it was not reached."""
        if (value, ghost, asked) == (self._value, self._ghost, self._asked):
            return
        self._value, self._ghost, self._asked = value, ghost, asked
        span = self._scale.high - self._scale.low
        self.blockSignals(True)
        self.setValue(round(_TICKS * (value - self._scale.low) / span))
        self.blockSignals(False)
        self.setAccessibleDescription(f"{shown(self.row.name, value)}, {percentile_text(self.percentile)}")
        self.update()

    def show_hint(self, hint: ShapeHint | None) -> None:
        """Mark a range another view proposes, and the best in it; None: no mark."""
        if hint != self._hint:
            self._hint = hint
            self.update()

    @property
    def hint(self) -> ShapeHint | None:
        """The range that is marked."""
        return self._hint

    @property
    def shown_value(self) -> float:
        """What is shown, m or kg."""
        return self._value

    @property
    def percentile(self) -> float:
        """Share of people below, 0 to 100."""
        return self._scale.percentile(self._value)

    # ------------------------------------------------------------------ hand

    def _groove(self) -> tuple[float, float]:
        return _HANDLE + 2.0, self.width() - self._text_width - _HANDLE - 2.0

    def x_of(self, value: float) -> float:
        """Where a value is, px; held to the ends."""
        left, right = self._groove()
        share = (value - self._scale.low) / (self._scale.high - self._scale.low)
        return left + (right - left) * min(max(share, 0.0), 1.0)

    def _at(self, x: float) -> float:
        left, right = self._groove()
        share = min(max((x - left) / max(right - left, 1.0), 0.0), 1.0)
        return self._scale.low + share * (self._scale.high - self._scale.low)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Take the handle, or put it under the hand."""
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
            return
        x = event.position().x()
        on_handle = abs(x - self.x_of(self._value)) <= _HANDLE + 2.0
        self._grip = x - self.x_of(self._value) if on_handle else 0.0
        self.setSliderDown(True)
        self.pressed.emit()
        if not on_handle:
            self.moved.emit(self._at(x))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Drag."""
        if self._grip is not None:
            self.moved.emit(self._at(event.position().x() - self._grip))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Let go."""
        if self._grip is not None and event.button() == Qt.MouseButton.LeftButton:
            self._grip = None
            self.setSliderDown(False)
            self.released.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """The wheel scrolls the panel; it never changes a body by accident."""
        event.ignore()

    def event(self, event: QEvent) -> bool:
        """Its own keys come before the window's shortcuts while it has the focus."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
            if plain and Qt.Key(event.key()) in _KEYS:
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Arrows step, Page Up and Down go further, Home and End to the ends."""
        key, row = Qt.Key, self.row
        moves = {
            key.Key_Right: row.step, key.Key_Up: row.step, key.Key_Left: -row.step, key.Key_Down: -row.step,
            key.Key_PageUp: row.page, key.Key_PageDown: -row.page,
        }  # fmt: skip
        ends = {key.Key_Home: self._scale.low, key.Key_End: self._scale.high}
        pressed = Qt.Key(event.key())
        if pressed in moves:
            self.stepped.emit(min(max(self._value + moves[pressed], self._scale.low), self._scale.high))
        elif pressed in ends:
            self.stepped.emit(ends[pressed])
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """Show the ring."""
        super().focusInEvent(event)
        self.update()

    # ------------------------------------------------------------------ picture

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """Curve, groove, marks, handle, percentile."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, base = self._theme, self.height() - 9.0
        painter.drawPixmap(0, 0, self._people())
        if self._hint is not None:
            self._paint_hint(painter, self._hint, base)
        here = self.x_of(self._value)
        middle = self.x_of(self._scale.mean)
        painter.setPen(QPen(QColor(theme.muted), 1.2))
        painter.drawLine(QPointF(middle, base - 5), QPointF(middle, base + 5))
        painter.setPen(QPen(QColor(theme.accent), 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(middle, base), QPointF(here, base))
        self._paint_marks(painter, here, base)
        if self._text_width:
            self._paint_percentile(painter)

    def _paint_hint(self, painter: QPainter, hint: ShapeHint, base: float) -> None:
        """A band over the range, to the groove, and a tick at the best."""
        low, best, high = (self.x_of(v) for v in (hint.low, hint.best, hint.high))
        band = QColor(self._theme.difference)
        band.setAlpha(70)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(band)
        painter.drawRoundedRect(QRectF(low, 2.0, max(high - low, 3.0), base + 4.0), 2.0, 2.0)
        painter.setPen(QPen(QColor(self._theme.difference), 2))
        painter.drawLine(QPointF(best, 2.0), QPointF(best, base + 6.0))

    def _paint_percentile(self, painter: QPainter) -> None:
        painter.setPen(QColor(self._theme.text if self.isEnabled() else self._theme.muted))
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 0.92)
        painter.setFont(font)
        box = QRectF(self.width() - _TEXT_WIDTH, 0, _TEXT_WIDTH - 4, self.height())
        where = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(box, where, percentile_text(self.percentile))

    def _people(self) -> QPixmap:
        """The curve, painted once per size, scale and theme: it is the same for every value."""
        ratio = self.devicePixelRatioF()
        key = (self.width(), self.height(), ratio, self._text_width, self._scale, self._theme.name)
        if key != self._curve_of:
            self._curve_of = key
            self._curve = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
            self._curve.setDevicePixelRatio(ratio)
            self._curve.fill(Qt.GlobalColor.transparent)
            painter = QPainter(self._curve)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_people(painter, *self._groove(), self.height() - 9.0)
            painter.end()
        return self._curve

    def _paint_people(self, painter: QPainter, left: float, right: float, base: float) -> None:
        path = QPainterPath(QPointF(left, base))
        scale, n = self._scale, 48
        for i in range(n + 1):
            value = scale.low + (scale.high - scale.low) * i / n
            z = (value - scale.mean) / max(scale.std, 1e-9)
            path.lineTo(left + (right - left) * i / n, base - (base - 3.0) * exp(-0.5 * z * z))
        path.lineTo(right, base)
        fill = QColor(self._theme.muted)
        fill.setAlpha(60)
        painter.fillPath(path, fill)
        painter.setPen(QPen(QColor(self._theme.border), 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(left, base), QPointF(right, base))

    def _paint_marks(self, painter: QPainter, here: float, base: float) -> None:
        theme = self._theme
        if self._ghost is not None:
            x = self.x_of(self._ghost)
            painter.setPen(QPen(QColor(theme.muted), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QPointF(x, base), _HANDLE - 1.5, _HANDLE - 1.5)
        if self._asked is not None:
            x = self.x_of(self._asked)
            painter.setPen(QPen(QColor(theme.error_text), 2))
            painter.drawLine(QPointF(x, base - 8), QPointF(x, base + 7))
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.text), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QPointF(here, base), _HANDLE + 2.0, _HANDLE + 2.0)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.accent if self.isEnabled() else theme.muted))
        painter.drawEllipse(QPointF(here, base), _HANDLE, _HANDLE)
