"""Long work with a name, progress and cancel, off the GUI thread; what runs now, in one place.

``jobs.run("Generating bodies", work, done=self._on_done)`` calls ``work(task)`` in a thread of its
own. The function tells how far it is with ``task.progress(done, total)`` and stops when
``task.cancelled()``, by raising :class:`~m3n_studio.errors.Cancelled` or just returning. Results
and errors come back to bound slots in the GUI thread. A job started with a `key` replaces the one
that runs under it: the older is asked to stop and its result is dropped (requests coalesce).

Jobs and their threads have no Qt parent and are never deleted by Qt: Python owns them, and drops
them when they have ended. A thread object deleted as somebody's child is destroyed twice now and
then (its Python half goes first, Shiboken looks for it afterwards), which ends the process.

While anything runs, Python's cyclic garbage collector works in the GUI thread only: it would
otherwise start in whichever thread allocates, and a widget that dies in a worker thread takes the
process with it.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QThread, QTimer, Signal, Slot

from m3n_studio.errors import Cancelled
from m3n_studio.studio.core.at_ease import spare_libraries

#: While jobs run, rubbish is looked for this often, and only where at least so many objects are new.
COLLECT_MS, YOUNG = 20, 700
#: So many new objects later, those that were spared once are looked at again.
OLDER = 10_000
#: Least time between two words on progress, s.
PROGRESS_S = 0.1


class Task:
    """The worker's side of a job; safe to use from its thread."""

    def __init__(self, thread: _Worker) -> None:
        self._thread = thread
        self._told_at = -PROGRESS_S

    def progress(self, done: float, total: float) -> None:
        """Tell that `done` of `total` is behind us; what comes too soon after the last is left out, but for the end.

        Every change is painted, and painting a window costs milliseconds.
        """
        share = float(done) / float(total) if total else 0.0
        now = time.monotonic()
        if now - self._told_at >= PROGRESS_S or share >= 1.0:
            self._told_at = now
            self._thread.progressed.emit(share)

    def cancelled(self) -> bool:
        """Whether the user wants no more of it."""
        return self._thread.isInterruptionRequested()

    def check(self) -> None:
        """Raise :class:`Cancelled` if the user wants no more of it."""
        if self.cancelled():
            raise Cancelled("stopped")


class _Worker(QThread):
    progressed = Signal(float)
    succeeded = Signal(object)
    failed = Signal(object)

    def __init__(self, work: Callable[[Task], object]) -> None:
        super().__init__()
        self._work: Callable[[Task], object] | None = work

    def run(self) -> None:
        """In the worker thread."""
        work, self._work = self._work, None  # what it holds is free when it has ended
        if work is None:
            return
        try:
            result = work(Task(self))
        except Exception as error:  # told to whoever started the job
            self.failed.emit(error)
        else:
            self.succeeded.emit(result)


class Job(QObject):
    """One piece of work, seen from the GUI thread.

    Signals
    -------
    done : object
    failed : exception
        Not for :class:`Cancelled`.
    progressed : float
        Share of the work that is behind us, 0 to 1.
    ended : Job
        After either, or after a cancel, once the thread has stopped.
    """

    done = Signal(object)
    failed = Signal(object)
    progressed = Signal(float)
    ended = Signal(object)

    def __init__(self, name: str, work: Callable[[Task], object], *, quiet: bool, key: str) -> None:
        super().__init__()
        self.name, self.quiet, self.key = name, quiet, key
        self.share = 0.0
        self._wanted = True
        self._worker = _Worker(work)
        self._worker.progressed.connect(self._on_progress)
        self._worker.succeeded.connect(self._on_done)
        self._worker.failed.connect(self._on_failed)
        self._worker.finished.connect(self._on_finished)

    def start(self) -> None:
        """Begin."""
        self._worker.start()

    def cancel(self) -> None:
        """Ask it to stop; nothing more is heard of its result."""
        self._wanted = False
        self._worker.requestInterruption()

    def wait(self) -> None:
        """Cancel and wait until the thread has stopped."""
        self.cancel()
        self._worker.wait()

    @Slot(float)
    def _on_progress(self, share: float) -> None:
        self.share = share
        self.progressed.emit(share)

    @Slot(object)
    def _on_done(self, result: object) -> None:
        if self._wanted:
            self.done.emit(result)

    @Slot(object)
    def _on_failed(self, error: object) -> None:
        if self._wanted and not isinstance(error, Cancelled):
            self.failed.emit(error)

    @Slot()
    def _on_finished(self) -> None:
        self._worker.wait()  # the signal comes from the thread, which has a few steps left
        self.ended.emit(self)


class Jobs(QObject):
    """Everything that runs.

    Signals
    -------
    started, ended : Job
    """

    started = Signal(object)
    ended = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._running: list[Job] = []
        self._spent: list[Job] = []
        self._stopped = False
        self._collects = False
        self._spared = 0
        self._collector = QTimer(self)
        self._collector.setInterval(COLLECT_MS)
        self._collector.timeout.connect(self._collect)

    @property
    def running(self) -> tuple[Job, ...]:
        """Jobs that have not ended, oldest first."""
        return tuple(self._running)

    def run(
        self,
        name: str,
        work: Callable[[Task], object],
        *,
        done: Callable[[Any], object] | None = None,
        failed: Callable[[Any], object] | None = None,
        key: str = "",
        quiet: bool = False,
    ) -> Job:
        """Start work in the background.

        Parameters
        ----------
        name : str
            For the status bar.
        work : callable
            ``work(task)``, run in a thread of its own.
        done, failed : bound slots
            Called in the GUI thread with the result or the exception.
        key : str
            Replaces the running job of the same key.
        quiet : bool
            Too short or too frequent to be shown in the status bar.

        After :meth:`stop` nothing starts any more: a timer may still ask while the window closes,
        and a thread begun then would outlive it.
        """
        if key:
            for job in self._running:
                if job.key == key:
                    job.cancel()
        job = Job(name, work, quiet=quiet, key=key)
        if self._stopped:
            return job
        if done is not None:
            job.done.connect(done)
        if failed is not None:
            job.failed.connect(failed)
        job.ended.connect(self._on_ended)
        self._running.append(job)
        self._keep_collection_here()
        job.start()
        self.started.emit(job)
        return job

    def stop(self) -> None:
        """Cancel everything, wait, and start nothing more: the window closes."""
        self._stopped = True
        for job in self.running:
            job.wait()
            self._on_ended(job)

    @Slot(object)
    def _on_ended(self, job: Job) -> None:
        if job in self._running:
            self._running.remove(job)
            self._spent.append(job)  # it is in the middle of telling that it ended
            spare_libraries()
            self._keep_collection_here()
            self.ended.emit(job)
            QTimer.singleShot(0, self._forget)

    @Slot()
    def _forget(self) -> None:
        self._spent.clear()

    def _keep_collection_here(self) -> None:
        """No automatic collection while a thread of ours runs; a timer in the GUI thread stands in."""
        if self._running and not self._collector.isActive():
            self._collects = gc.isenabled()
            gc.disable()
            self._collector.start()
        elif not self._running and self._collector.isActive():
            self._collector.stop()
            if self._collects:
                gc.enable()

    @Slot()
    def _collect(self) -> None:
        """A little and often: two seconds' worth of new objects, as of an import, would take a quarter of a second."""
        young = gc.get_count()[0]
        if young < YOUNG:
            return
        self._spared += young
        older = self._spared >= OLDER
        gc.collect(1 if older else 0)
        if older:
            self._spared = 0
