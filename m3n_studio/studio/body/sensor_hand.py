"""The hand on the sensors: click to select, drag along the skin, turn, place, remove.

It sees the mouse before the camera does and says whether it has taken an event. While a sensor
is dragged it is drawn where the hand is at once; the document follows a few times a second, all
of it one step of the undo stack.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPointF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from m3n_studio.errors import M3nError
from m3n_studio.studio.core.document import Edit, put_sensor, remove_sensor
from m3n_studio.studio.scene.picking import moved, sensor_under, skin_under, turned
from m3n_studio.studio.scene.sensors import LiveSensor, unique_name
from m3n_studio.studio.scene.stage import Stage

if TYPE_CHECKING:
    from m3n_studio.imu.surface import Placement

_LATER_MS = 90
_CLICK_PX = 4.0
_DEGREES_PER_PIXEL = 1.0
_DEGREES_PER_NOTCH = 5.0
_TURNS = Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ControlModifier
_WHEEL_REST_MS = 500


@dataclass
class _Grip:
    """What the pressed button holds: the sensor as it was and is, and where the mouse went down."""

    start: QPointF
    last: QPointF
    placement: Placement | None = None
    turns: bool = False
    places: bool = False
    changed: bool = False


class SensorHand(QObject):
    """Takes the mouse on a viewport for the sensors.

    Signals
    -------
    picked : int
        A sensor was selected, by its index.
    placed : str
        A new sensor of that name was put on the skin.
    held : Placement or None
        What the hand holds now, for the caption.
    """

    picked = Signal(int)
    placed = Signal(str)
    held = Signal(object)

    def __init__(
        self,
        stage: Stage,
        edit: Callable[[Edit], object],
        seal: Callable[[], None],
        repaint: Callable[[], None],
        busy: Callable[[], bool] = lambda: False,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._busy = busy
        self.stage, self._edit, self._seal, self._repaint = stage, edit, seal, repaint
        self.placing = False
        self._grip: _Grip | None = None
        self._waiting: Placement | None = None
        self._later = QTimer(self, singleShot=True, interval=_LATER_MS)
        self._later.timeout.connect(self._tell)
        self._rest = QTimer(self, singleShot=True, interval=_WHEEL_REST_MS)
        self._rest.timeout.connect(self._finish)

    # ------------------------------------------------------------------ the mouse

    def press(self, widget: QWidget, event: QMouseEvent) -> bool:
        """A button went down; whether it is ours."""
        if event.button() != Qt.MouseButton.LeftButton or self.stage.scene is None:
            return False
        at, keys = event.position(), event.modifiers()
        shift = bool(keys & Qt.KeyboardModifier.ShiftModifier)
        self._finish()
        index = sensor_under(self.stage, widget.width(), widget.height(), at.x(), at.y())
        if self.placing or (shift and index < 0):
            self._grip = _Grip(at, at, places=True)
            return self.placing
        if index < 0:
            turning = keys & Qt.KeyboardModifier.AltModifier and self._selected() is not None
            self._grip = _Grip(at, at, self._selected(), turns=True) if turning else None
            return self._grip is not None
        self.picked.emit(index)
        self._grip = _Grip(at, at, self._of(index), turns=bool(keys & _TURNS))
        return True

    def move(self, widget: QWidget, event: QMouseEvent) -> bool:
        """The mouse moved with a button down; whether it was ours."""
        grip = self._grip
        if grip is None:
            return False
        at = event.position()
        step, far = at - grip.last, math.hypot(at.x() - grip.start.x(), at.y() - grip.start.y())
        if grip.places:
            return self.placing
        if grip.placement is None:
            return True
        if not grip.changed and far < _CLICK_PX:
            return True
        grip.last = at
        if grip.turns:
            self._hold(turned(grip.placement, math.radians(step.x() * _DEGREES_PER_PIXEL)))
            return True
        hit = skin_under(self.stage, widget.width(), widget.height(), at.x(), at.y())
        if hit is not None:
            self._hold(moved(grip.placement, hit))
        return True

    def release(self, widget: QWidget, event: QMouseEvent) -> bool:
        """The button went up."""
        grip, self._grip = self._grip, None
        if grip is None:
            return False
        at = event.position()
        if grip.places:
            if math.hypot(at.x() - grip.start.x(), at.y() - grip.start.y()) < _CLICK_PX:
                self._place(widget, at)
            return True
        if grip.changed:
            self._finish()
        return True

    def wheel(self, event: QWheelEvent) -> bool:
        """With Ctrl or Alt the wheel turns the selected sensor in its plane."""
        placement = self._selected() if event.modifiers() & _TURNS else None
        if placement is None:
            return False
        delta = event.angleDelta()
        notches = (delta.y() or delta.x()) / 120
        self._hold(turned(self._waiting or placement, math.radians(notches * _DEGREES_PER_NOTCH)))
        self._rest.start()
        event.accept()
        return True

    # ------------------------------------------------------------------ what it does

    def remove(self) -> None:
        """Take the selected sensor off the body."""
        placement = self._selected()
        if placement is not None:
            self._drop()
            self._edit(remove_sensor(placement.name))

    def nudge(self, degrees: float) -> None:
        """Turn the selected sensor by some degrees, from the keyboard."""
        placement = self._selected()
        if placement is not None:
            self._hold(turned(self._waiting or placement, math.radians(degrees)))
            self._rest.start()

    def settled(self) -> None:
        """The scene shows what the document says: whatever is not in the hand any more is drawn from there."""
        held, scene = self.stage.held, self.stage.scene
        if held is None or self._grip is not None or self._waiting is not None:
            return
        shown = [] if scene is None else [s.placement for s in scene.sensors if isinstance(s, LiveSensor)]
        if held.placement in shown or scene is None:
            self.stage.held = None

    def _of(self, index: int) -> Placement | None:
        sensors = self.stage.sensors()
        sensor = sensors[index] if 0 <= index < len(sensors) else None
        return sensor.placement if isinstance(sensor, LiveSensor) else None

    def _selected(self) -> Placement | None:
        return self._of(self.stage.selected)

    def _live(self, placement: Placement) -> LiveSensor | None:
        """The sensor on the body shown; None where it cannot sit (a triangle without area)."""
        if self.stage.scene is None:
            return None
        sensor = LiveSensor(placement, self.stage.scene.track)
        try:
            sensor.at(self.stage.frame)
        except M3nError:
            return None
        return sensor

    def _hold(self, placement: Placement) -> None:
        sensor = self._live(placement)
        if sensor is None:
            return
        if self._grip is not None:
            self._grip.placement, self._grip.changed = placement, True
        self.stage.held, self._waiting = sensor, placement
        self.held.emit(placement)
        if not self._later.isActive():
            self._later.start()
        self._repaint()

    def _place(self, widget: QWidget, at: QPointF) -> None:
        from m3n_studio.imu.surface import Placement

        hit = skin_under(self.stage, widget.width(), widget.height(), at.x(), at.y())
        if hit is None or self.stage.scene is None:
            return
        name = unique_name([s.name for s in self.stage.sensors()])
        placement = Placement(name, hit.triangle, hit.barycentric, 0.0)
        sensor = self._live(placement)
        if sensor is None:
            return
        self.stage.held = sensor
        self._edit(put_sensor(placement))
        self._seal()
        self.placed.emit(name)
        self._repaint()

    @Slot()
    def _tell(self) -> None:
        """Let the document follow, once what followed from its last change is there."""
        if self._busy():
            self._later.start()
        else:
            self._send()

    def _send(self) -> None:
        """Tell the document where the sensor in hand is."""
        if self._waiting is not None:
            placement, self._waiting = self._waiting, None
            self._edit(put_sensor(placement, merge=f"hand {placement.name}"))

    @Slot()
    def _finish(self) -> None:
        """End a drag: the next one is a step of its own."""
        self._later.stop()
        self._rest.stop()
        if self._waiting is not None:
            self._send()
        self._seal()

    def _drop(self) -> None:
        for timer in (self._later, self._rest):
            timer.stop()
        self._waiting = self.stage.held = None

    def stop(self) -> None:
        """The window closes."""
        self._drop()
