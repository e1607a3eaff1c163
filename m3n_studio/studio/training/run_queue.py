"""One run at a time, in order: started, paused, gone on with, cancelled, taken out.

A pause is a cancel that keeps its place: the run writes a checkpoint and stops, and goes on from there bit
for bit. While a run is paused no other begins: whoever pauses wants the machine back. How a run ended is
read from its folder, so that here and apart are told alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject, Signal, Slot

from m3n_studio.errors import M3nError
from m3n_studio.studio.core.jobs import Job, Jobs, Task
from m3n_studio.studio.training.orders import RunOrder
from m3n_studio.studio.training.process import train

State = Literal["waiting", "running", "stopping", "paused", "cancelled", "finished", "failed"]
OVER: tuple[State, ...] = ("cancelled", "finished", "failed")


@dataclass(frozen=True)
class Queued:
    """A run in the queue.

    Attributes
    ----------
    order : RunOrder
    state : str
    message : str
        Why it failed.
    """

    order: RunOrder
    state: State = "waiting"
    message: str = ""

    @property
    def path(self) -> Path:
        """Of its folder; identifies it."""
        return self.order.path


class RunQueue(QObject):
    """The runs of this window.

    Signals
    -------
    changed : (none)
        Which there are, or how one stands.
    progressed : Path, float
        Share of the running one that is behind us.
    ended : Path
    """

    changed = Signal()
    progressed = Signal(object, float)
    ended = Signal(object)

    def __init__(self, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._items: list[Queued] = []
        self._job: Job | None = None
        self._asked: State | None = None
        self._failure = ""

    @property
    def items(self) -> tuple[Queued, ...]:
        """All of them, in order."""
        return tuple(self._items)

    @property
    def running(self) -> Queued | None:
        """The one that runs, or is being stopped."""
        return next((q for q in self._items if q.state in ("running", "stopping")), None)

    @property
    def names(self) -> set[str]:
        """Names of their folders."""
        return {q.path.name for q in self._items}

    def item(self, path: Path) -> Queued | None:
        """The one in a folder."""
        return next((q for q in self._items if q.path == path), None)

    def add(self, order: RunOrder) -> None:
        """Put a run at the end; it begins when nothing is before it."""
        self._items = [q for q in self._items if q.path != order.path] + [Queued(order)]
        self.changed.emit()
        self._next()

    def pause(self, path: Path) -> None:
        """Stop the running one with a checkpoint; it keeps its place."""
        self._stop(path, "paused")

    def cancel(self, path: Path) -> None:
        """Stop a run for good, or give a paused one up; what it has reached stays in its folder."""
        found = self.item(path)
        if found is not None and found.state == "paused":
            self._set(path, "cancelled")
            self._next()
        else:
            self._stop(path, "cancelled")

    def go_on(self, path: Path) -> None:
        """Take up a run that was stopped: before all that wait."""
        found = self.item(path)
        if found is None or found.state not in ("paused", "cancelled", "failed"):
            return
        rest = [q for q in self._items if q.path != path]
        at = next((i for i, q in enumerate(rest) if q.state in ("waiting", "paused")), len(rest))
        self._items = [*rest[:at], Queued(found.order.on()), *rest[at:]]
        self.changed.emit()
        self._next()

    def remove(self, path: Path) -> None:
        """Take one that does not run off the list; its folder stays."""
        found = self.item(path)
        if found is not None and found.state not in ("running", "stopping"):
            self._items.remove(found)
            self.changed.emit()
            self._next()

    def _stop(self, path: Path, then: State) -> None:
        found = self.item(path)
        if found is None or self._job is None or found.state != "running":
            return
        self._asked = then
        self._set(path, "stopping")
        self._job.cancel()

    def _set(self, path: Path, state: State, message: str = "") -> None:
        self._items = [replace(q, state=state, message=message) if q.path == path else q for q in self._items]
        self.changed.emit()

    def _next(self) -> None:
        """Begin the first that waits, unless something runs or is paused before it."""
        first = next((q for q in self._items if q.state not in OVER), None)
        if first is None or first.state != "waiting" or self._job is not None:
            return
        order = first.order

        def work(task: Task) -> Path:
            return train(order, task)

        self._asked, self._failure = None, ""
        words = "Pretraining" if order.kind == "pretrain" else "Finetuning"
        self._set(order.path, "running")
        self._job = self._jobs.run(f"{words} {order.path.name}", work, failed=self._on_failed)
        self._job.progressed.connect(self._on_progress)
        self._job.ended.connect(self._on_ended)

    @Slot(float)
    def _on_progress(self, share: float) -> None:
        now = self.running
        if now is not None:
            self.progressed.emit(now.path, share)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._failure = str(error) if isinstance(error, M3nError) else f"{type(error).__name__}: {error}"

    @Slot(object)
    def _on_ended(self, job: object) -> None:
        now = self.running
        if job is not self._job or now is None:
            return
        self._job = None
        if self._failure:
            self._set(now.path, "failed", self._failure)
        elif _finished(now.path):
            self._set(now.path, "finished")
        else:
            self._set(now.path, self._asked or "cancelled")
        self.ended.emit(now.path)
        self._next()


def _finished(path: Path) -> bool:
    from m3n_studio.learning.run_folder import RunFolder

    try:
        return RunFolder.open(path).state.status == "finished"
    except M3nError:
        return False
