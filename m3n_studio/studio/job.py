"""Work off the GUI thread: one function, one result or one error, delivered to bound slots.

Python cannot be interrupted from outside, so closing waits for a job to end; its result is
then dropped.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QThread, Signal, Slot


class _Thread(QThread):
    finished_with = Signal(object)
    failed_with = Signal(object)

    def __init__(self, work: Callable[[], object], parent: QObject) -> None:
        super().__init__(parent)
        self._work = work

    def run(self) -> None:
        """In the worker thread."""
        try:
            result = self._work()
        except Exception as error:  # told to the user by whoever started the job
            self.failed_with.emit(error)
        else:
            self.finished_with.emit(result)


class Job(QObject):
    """Runs one function in a thread of its own.

    Signals
    -------
    done : object
        What the function returned.
    failed : object
        The exception it raised.
    ended : (none)
        After either, once the thread has stopped.
    """

    done = Signal(object)
    failed = Signal(object)
    ended = Signal()

    def __init__(self, work: Callable[[], object], parent: QObject) -> None:
        super().__init__(parent)
        self._wanted = True
        self._thread = _Thread(work, self)
        self._thread.finished_with.connect(self._on_done)
        self._thread.failed_with.connect(self._on_failed)
        self._thread.finished.connect(self._on_ended)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def drop(self) -> None:
        """Nobody wants the result any more."""
        self._wanted = False

    def wait(self) -> None:
        """Drop the result and wait for the thread to stop."""
        self.drop()
        self._thread.wait()

    @Slot(object)
    def _on_done(self, result: object) -> None:
        if self._wanted:
            self.done.emit(result)

    @Slot(object)
    def _on_failed(self, error: object) -> None:
        if self._wanted:
            self.failed.emit(error)

    @Slot()
    def _on_ended(self) -> None:
        self.ended.emit()
