"""What the skin and the sensors are coloured by, kept in step with motion, shape and time.

A colour that takes a while (the acceleration over the whole clip) is worked out in the background
when the hand rests; until then the one before stays. Speed is that of the frame shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Slot

from m3n_studio.studio.body.body_view import BodyView
from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.core.derived import recording_of
from m3n_studio.studio.scene.coloring import (
    Scale,
    acceleration_rms,
    colors,
    error_tints,
    nice_ceiling,
    sensor_error,
    speed,
    speed_ceiling,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Callable

    from m3n_studio.studio.core.jobs import Jobs, Task
    from m3n_studio.studio.scene.stage import Scene

#: How the skin can be coloured: name, words, tooltip.
SKINS = (
    ("plain", "Plain skin", "No colours on the skin"),
    ("rms", "Colour by acceleration", "Every point's acceleration over the clip, RMS, m/s², filtered as sensors are"),
    ("speed", "Colour by speed", "Every point's speed at the frame shown, m/s"),
)  # fmt: skip
REST_MS = 250


class SkinColors(QObject):
    """Colours the stage of a view."""

    def __init__(self, view: BodyView, jobs: Jobs, failed: Callable[[Exception], object]) -> None:
        super().__init__(view)
        self._view, self._jobs, self._failed = view, jobs, failed
        self.skin, self.errors = "plain", False
        self._contents = Contents()
        self._scene: Scene | None = None
        self._scale: Scale | None = None
        self._error_scale: Scale | None = None
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._measure)
        view.frame_changed.connect(self._on_frame)

    def set_skin(self, name: str) -> None:
        """Colour the skin by one of `SKINS`."""
        self.skin = name
        self._clear()
        self._begin(at_once=True)

    def set_errors(self, on: bool) -> None:
        """Colour the sensors by how far they are from what was recorded, or not."""
        self.errors = on
        self._show_errors()

    def set_contents(self, contents: Contents) -> None:
        """Follow what is shown."""
        self._contents = contents
        before, self._scene = self._scene, contents.scene
        if before is not self._scene:
            other = before is None or self._scene is None or before.track.clip is not self._scene.track.clip
            other = other or not before.skin.like(self._scene.skin)  # type: ignore[union-attr]
            if other:
                self._clear()
            self._begin(at_once=other)
        self._show_errors()

    def stop(self) -> None:
        """The window closes."""
        self._rest.stop()

    def _clear(self) -> None:
        self._rest.stop()
        self._tint(None, None)

    def _begin(self, *, at_once: bool) -> None:
        if self._scene is None or self.skin == "plain":
            return
        if self.skin == "speed":
            track = self._scene.track
            if self._scale is None:
                top = speed_ceiling(track.model, track.clip, track.shape)
                self._scale = Scale("Speed of the skin", "m/s", 0.0, top)
            self._on_frame(self._view.stage.frame)
        elif at_once:
            self._measure()
        else:
            self._rest.start()

    @Slot()
    def _measure(self) -> None:
        scene = self._scene
        if scene is None or self.skin != "rms":
            return
        track, bandwidth = scene.track, self._contents.document.bandwidth_hz

        def work(task: Task) -> tuple[Scene, NDArray]:
            def progress(done: float, total: float) -> None:
                task.check()
                task.progress(done, total)

            same = track.shape is track.clip.shape
            shape = None if same else track.shape
            rms = acceleration_rms(track.model, track.clip, shape, bandwidth_hz=bandwidth, progress=progress)
            return scene, rms

        self._jobs.run("Colouring the skin", work, done=self._on_measured, failed=self._failed, key="skin colours")

    @Slot(object)
    def _on_measured(self, result: tuple[Scene, NDArray]) -> None:
        scene, values = result
        if self.skin != "rms" or scene is not self._scene:
            return
        top = nice_ceiling(float(np.percentile(values, 99)))
        scale = Scale("Acceleration, RMS over the clip", "m/s²", 0.0, top)
        self._tint(colors(values, scale), scale)

    @Slot(int)
    def _on_frame(self, frame: int) -> None:
        if self.skin == "speed" and self._scene is not None and self._scale is not None:
            self._tint(colors(speed(self._scene.track, self._scene.skin, frame), self._scale), self._scale)

    def _tint(self, tint: NDArray | None, scale: Scale | None) -> None:
        self._scale, self._view.stage.tint = scale, tint
        self._legend()

    def _show_errors(self) -> None:
        tints, scale = error_tints(self._sensor_errors()) if self.errors else ((), None)
        self._view.stage.sensor_tints, self._error_scale = tints, scale
        self._legend()

    def _sensor_errors(self) -> list[float | None]:
        aligned = {signal.name: signal for signal in self._contents.real}
        out: list[float | None] = []
        for simulated in self._contents.simulated:
            read = recording_of(self._contents.document, simulated.name)
            real = None if read is None else aligned.get(read.name)
            out.append(None if real is None else sensor_error(simulated, real))
        return out

    def _legend(self) -> None:
        self._view.set_scales(tuple(s for s in (self._scale, self._error_scale) if s is not None))
        self._view.viewport.update()
