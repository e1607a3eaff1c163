"""How a viewport takes the mouse and how well it draws: what both kinds of viewport have in common."""

from __future__ import annotations

from typing import Protocol, cast

from PySide6.QtCore import QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from m3n_studio.studio.scene.camera import OrbitCamera
from m3n_studio.studio.scene.stage import Stage

REST_MS = 140
_DEGREES_PER_PIXEL = 0.4
_ZOOM_PER_NOTCH = 0.88


class Hand(Protocol):
    """Whoever may take the mouse before the camera does; each says whether it has taken the event."""

    def press(self, widget: QWidget, event: QMouseEvent) -> bool:
        """A button went down."""

    def move(self, widget: QWidget, event: QMouseEvent) -> bool:
        """The mouse moved with a button down."""

    def release(self, widget: QWidget, event: QMouseEvent) -> bool:
        """A button went up."""

    def wheel(self, event: QWheelEvent) -> bool:
        """The wheel turned."""


class Orbiting:
    """Mouse and drawing quality of both viewports; stands before the widget among a class's bases."""

    stage: Stage
    software = True
    always_smooth = False
    hand: Hand | None = None
    _last: QPointF | None = None
    _smooth_next = True

    @property
    def _widget(self) -> QWidget:
        return cast(QWidget, self)

    def _make_rest_timer(self) -> None:
        self._rest = QTimer(self._widget, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._on_rest)

    def _on_rest(self) -> None:
        self._smooth_next = True
        self._widget.update()

    def _take_quality(self) -> dict[str, bool]:
        """How good this frame is to be; one made in haste is followed by a good one after a rest."""
        refine = self._smooth_next or self.always_smooth
        smooth = refine or not self.software
        self._smooth_next = False
        return {"smooth": smooth, "refine": refine}

    def _after(self, quality: dict[str, bool]) -> None:
        if not quality["smooth"] or self.stage.rough:
            self._rest.start()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Start to turn or shift, unless the hand takes it."""
        taken = self.hand is not None and self.hand.press(self._widget, event)
        self._last = None if taken else event.position()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Let go."""
        if self.hand is not None:
            self.hand.release(self._widget, event)
        self._last = None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Turn or shift the camera, unless the hand takes it."""
        taken = self.hand is not None and self.hand.move(self._widget, event)
        if taken or self._last is None or not event.buttons():
            return
        delta = event.position() - self._last
        self._last = event.position()
        pans = event.buttons() & (Qt.MouseButton.MiddleButton | Qt.MouseButton.RightButton)
        if pans or event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            scale = self.stage.camera.metres_per_pixel(self._widget.width(), self._widget.height())
            self.stage.camera = self.stage.camera.pan(-delta.x() * scale, delta.y() * scale)
        else:
            turned = (-delta.x() * _DEGREES_PER_PIXEL, delta.y() * _DEGREES_PER_PIXEL)
            self.stage.camera = self.stage.camera.orbit(*turned)
        self._widget.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """The first view again."""
        self.reset_camera()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Come closer or go away, unless the hand takes it."""
        if self.hand is None or not self.hand.wheel(event):
            self.stage.camera = self.stage.camera.zoom(_ZOOM_PER_NOTCH ** (event.angleDelta().y() / 120))
            event.accept()
        self._widget.update()

    def reset_camera(self) -> None:
        """The first view again."""
        self.stage.camera = OrbitCamera()
        self._widget.update()

    def _pixels(self) -> tuple[int, int]:
        widget = self._widget
        ratio = widget.devicePixelRatioF()
        return max(round(widget.width() * ratio), 1), max(round(widget.height() * ratio), 1)
