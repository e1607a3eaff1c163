"""From a point to what it stands for: a window that is played round and round, a motion that is opened."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from m3n_studio.motion.clip import Clip
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.document import Document, Edit
from m3n_studio.studio.core.going import Goer
from m3n_studio.studio.core.jobs import Task
from m3n_studio.studio.core.moments import Moment


class Visitor(QObject):
    """Goes to windows and opens motions.

    Signals
    -------
    failed : str
    """

    failed = Signal(str)

    def __init__(self, context: ViewContext, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context, self._desk = context, desk
        self._goer = Goer(desk, context.clock, context.selection, self)
        self._loop: Moment | None = None
        self._after: tuple[float, float] | None = None
        context.clock.range_changed.connect(self._on_range)

    def go(self, moment: Moment, *, play: bool) -> None:
        """Go to a window; `play` it round and round."""
        self._loop, self._after = (moment if play else None), None
        self._goer.go(moment.session, moment.start_s, moment.end_s)
        self._if_there()

    @Slot()
    def _on_range(self, *_: object) -> None:
        if self._loop is not None or self._after is not None:
            QTimer.singleShot(0, self, self._if_there)

    @Slot()
    def _if_there(self) -> None:
        clock, session = self._context.clock, self._desk.session
        if self._after is not None and clock.end_s >= self._after[0]:
            (start, end), self._after = self._after, None
            self._play(start, end)
        moment = self._loop
        there = moment is not None and session is not None and session.id == moment.session
        if moment is not None and there and clock.end_s >= moment.start_s:
            self._loop = None
            self._play(moment.start_s, moment.end_s)

    def _play(self, start_s: float, end_s: float) -> None:
        clock = self._context.clock
        clock.pause()
        clock.set_loop((start_s, min(end_s, clock.end_s)))
        clock.seek(start_s)
        clock.play()

    # ------------------------------------------------------------------ motions

    def open_motion(self, path: str, start_s: float, length_s: float) -> None:
        """Show a motion with what is on the desk, and play its window; one step of the undo stack."""

        def work(task: Task) -> tuple[Clip, str, float, float]:
            from m3n_studio import workbench

            return workbench.open_clip(Path(path)), path, start_s, length_s

        self._context.jobs.run(f"Opening {Path(path).name}", work, done=self._on_clip, failed=self._on_failed,
                               key="embedding.motion")  # fmt: skip

    @Slot(object)
    def _on_clip(self, made: tuple[Clip, str, float, float]) -> None:
        clip, path, start_s, length_s = made

        def change(d: Document) -> Document:
            from m3n_studio import workbench

            model = d.model or workbench.open_body(None)
            placements = d.placements or workbench.place(model, workbench.WRISTS)
            return d.with_(
                title=d.title if d.session_id else Path(path).name, model=model, clip=clip, shape=None, ghost=None,
                placements=placements, alignments={}, motion_path=path,
            )  # fmt: skip

        self._after = (start_s, start_s + length_s)
        if not self._context.edit(Edit(f"Open {Path(path).name}", change)):
            self._after = None
            return
        QTimer.singleShot(0, self, self._if_there)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.failed.emit(str(error))
