"""Pictures and films of the body and the window, and the animated glTF, from the window's menus.

Pictures are drawn in the GUI thread, one for every turn of the event loop, so the window lives;
encoding and writing happen in a :class:`~m3n_studio.studio.core.jobs.Job`. A small window of its own
(not in the film) shows how far it is and cancels.
"""

from __future__ import annotations

import queue
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QProgressDialog,
    QSpinBox,
    QWidget,
)  # fmt: skip

from m3n_studio.errors import Cancelled
from m3n_studio.studio.body.body_view import BodyView
from m3n_studio.studio.core.jobs import Job, Jobs, Task
from m3n_studio.studio.look.widgets import named
from m3n_studio.studio.scene.movie import Picture, sink_for, transparent

FILM_HZ = 30.0
_AHEAD = 4
_WAIT_S = 0.1
_LARGEST = 4096


def pixels_of(image: QImage) -> Picture:
    """An image as (H, W, 4) uint8."""
    image = image.convertToFormat(QImage.Format.Format_RGBA8888)
    flat = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return flat[:, : 4 * image.width()].reshape(image.height(), image.width(), 4).copy()


def body_picture(view: BodyView, width: int, height: int, *, see_through: bool = False) -> Picture:
    """The body as it stands, at any size; see-through without its ground."""
    stage = view.stage
    if not see_through:
        return view.viewport.render_stage(width, height)
    theme, ground = stage.theme, stage.show_ground
    stage.show_ground = False
    try:
        both = []
        for background in ("#000000", "#ffffff"):
            stage.theme = replace(theme, stage=replace(theme.stage, background=background))
            both.append(view.viewport.render_stage(width, height))
    finally:
        stage.theme, stage.show_ground = theme, ground
        view.viewport.update()
    return transparent(*both)


class Recorder(QObject):
    """Grabs pictures in the GUI thread and hands them to a job that writes them.

    Signals
    -------
    finished : str
        The path that was written; empty where it was cancelled or failed.
    """

    finished = Signal(str)

    def __init__(
        self,
        name: str,
        path: Path,
        count: int,
        grab: Callable[[int], Picture],
        jobs: Jobs,
        failed: Callable[[Exception], object],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._grab, self._count, self._next, self._written = grab, count, 0, ""
        self._failed = failed
        self._pictures: queue.Queue[Picture] = queue.Queue(_AHEAD)
        pictures = self._pictures

        def work(task: Task) -> str:
            sink = sink_for(path, FILM_HZ)
            done = False
            try:
                for i in range(count):
                    sink.add(_next_picture(pictures, task))
                    task.progress(i + 1, count)
                done = True
            finally:
                sink.close(keep=done)
            return str(path)

        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self._tick)
        self.progress = QProgressDialog(f"{name} …", "Cancel", 0, count, parent)
        self.progress.setWindowTitle(name)
        self.progress.setMinimumDuration(0)
        self.progress.setAutoClose(False)
        self.progress.setAutoReset(False)
        self.job: Job = jobs.run(name, work, done=self._on_done, failed=self._on_failed, quiet=True)
        self.progress.canceled.connect(self.job.cancel)
        self.job.progressed.connect(self._on_progress)
        self.job.ended.connect(self._on_ended)
        self.progress.show()
        self._timer.start()

    @Slot()
    def _tick(self) -> None:
        """One picture, if there is room for it; the writer's progress asks for more."""
        if self._next >= self._count or self._pictures.full():
            return
        try:
            picture = self._grab(self._next)
        except Exception as error:  # told; the film is given up
            self.job.cancel()
            self._failed(error)
            return
        self._pictures.put_nowait(picture)
        self._next += 1
        self._timer.start()

    @Slot(float)
    def _on_progress(self, share: float) -> None:
        self.progress.setValue(round(share * self._count))
        if not self._timer.isActive():
            self._timer.start()

    @Slot(object)
    def _on_done(self, path: str) -> None:
        self._written = path

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._failed(error)

    @Slot(object)
    def _on_ended(self, _job: object) -> None:
        self._timer.stop()
        self.progress.hide()
        self.progress.deleteLater()
        self.finished.emit(self._written)
        self.deleteLater()


def _next_picture(pictures: queue.Queue[Picture], task: Task) -> Picture:
    while True:
        if task.cancelled():
            raise Cancelled("the film was given up")
        try:
            return pictures.get(timeout=_WAIT_S)
        except queue.Empty:
            continue


@dataclass(frozen=True)
class PictureWish:
    """What the user wants of a picture or turntable."""

    width: int
    height: int
    see_through: bool = False
    seconds: int = 0


class PictureDialog(QDialog):
    """Asks for a size, and for a still whether it is see-through, for a turntable how long it takes.

    Signals
    -------
    wished : PictureWish
    """

    wished = Signal(object)

    def __init__(self, title: str, size: tuple[int, int], *, turns: bool, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        form = QFormLayout(self)
        self.width_box = self._number(size[0], 16, _LARGEST, " px", "Width in pixels")
        self.height_box = self._number(size[1], 16, _LARGEST, " px", "Height in pixels")
        form.addRow("&Width", self.width_box)
        form.addRow("&Height", self.height_box)
        self.seconds_box = self._number(6, 1, 60, " s", "Time of one turn in seconds, at 30 pictures per second")
        self.see_through = named(
            QCheckBox("&Transparent, without ground"), tip="For slides and papers: only the body and its sensors"
        )
        if turns:
            form.addRow("&One turn takes", self.seconds_box)
        else:
            form.addRow(self.see_through)
        kinds = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(kinds.Save | kinds.Cancel)
        self.buttons.accepted.connect(self._on_accepted)
        self.buttons.rejected.connect(self.reject)
        form.addRow(self.buttons)
        self._turns = turns

    @staticmethod
    def _number(value: int, low: int, high: int, suffix: str, tip: str) -> QSpinBox:
        box = named(QSpinBox(), tip=tip, accessible=tip)
        box.setRange(low, high)
        box.setValue(value)
        box.setSuffix(suffix)
        return box

    def _on_accepted(self) -> None:
        wish = PictureWish(
            self.width_box.value(), self.height_box.value(), self.see_through.isChecked(),
            self.seconds_box.value() if self._turns else 0,
        )  # fmt: skip
        self.accept()
        self.wished.emit(wish)
