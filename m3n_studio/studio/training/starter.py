"""The foot of the dock: what a run will cost, whether it runs apart, and its start."""

from __future__ import annotations

import sys
from collections.abc import Callable

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from m3n_studio.errors import M3nError
from m3n_studio.studio.core.jobs import Job, Jobs, Task
from m3n_studio.studio.look.widgets import label, named, push_button
from m3n_studio.studio.training.foresee_work import Foresight, foreseen_text
from m3n_studio.studio.training.orders import RunOrder

_SETTLE_MS = 900
_HINT = "Estimate tells how long it will take and how much memory it needs."


class Starter(QWidget):
    """Estimate and start.

    Parameters
    ----------
    ordered : callable
        What is wanted now, or None, and why it cannot be.
    stamp : callable
        Another number when the data have changed.

    Signals
    -------
    start : (none)
    """

    start = Signal()

    def __init__(
        self, jobs: Jobs, ordered: Callable[[], tuple[RunOrder | None, str]], stamp: Callable[[], int]
    ) -> None:
        super().__init__()
        self._jobs, self._ordered, self._stamp = jobs, ordered, stamp
        self._foresight = Foresight()
        self._job: Job | None = None
        self._told = ""
        self.busy = False
        self.words = label(style="muted", accessible="What the run will cost")
        self.words.setWordWrap(True)
        self.apart = named(QCheckBox("Process of its own"), tip="Train in a child process: for long runs, and for what"
                           " would hold the window up. It ends when the window does, and can go on later")  # fmt: skip
        self.estimate = push_button("Estimate", tip="Time and memory, from one trial step")
        self.begin = push_button("Start", tip="Start the run", style="primary")
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.apart, 1)
        row.addWidget(self.estimate)
        row.addWidget(self.begin)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 6, 6, 0)
        column.setSpacing(6)
        column.addWidget(self.words)
        column.addLayout(row)
        self._later = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._later.timeout.connect(self.ask)
        self.estimate.clicked.connect(self.ask)
        self.begin.clicked.connect(self.start)
        self.arrange()

    @Slot()
    def changed(self) -> None:
        """Something else is wanted: what was foreseen is of no use; where torch is there already, foresee again."""
        self._told = ""
        self._stop()
        self.arrange()
        if "torch" in sys.modules and not self.busy and self.isVisible() and self._ordered()[0] is not None:
            self._later.start()

    def insist(self, apart: bool) -> None:
        """What cannot be stopped while it computes runs apart, whatever the tick says."""
        if apart:
            self.apart.setChecked(True)
        self.apart.setEnabled(not apart)

    def arrange(self) -> None:
        """Show what can be done."""
        order, why = self._ordered()
        self.begin.setEnabled(order is not None)
        self.begin.setText("Add to queue" if self.busy else "Start")
        self.begin.setToolTip(why or ("Train when those before it have ended" if self.busy else "Start the run"))
        self.estimate.setEnabled(order is not None and not self.busy and self._job is None)
        if self._job is not None:
            self.words.setText("Estimating …")
        else:
            self.words.setText(why or self._told or ("" if self.busy else _HINT))
        self.words.setVisible(bool(self.words.text()))

    @Slot()
    def ask(self) -> None:
        """Foresee, in the background."""
        order, _ = self._ordered()
        if order is None or self.busy:
            return
        stamp, foresight = self._stamp(), self._foresight

        def work(task: Task) -> str:
            return foreseen_text(foresight.ask(order, stamp, task))

        self._later.stop()
        self._job = self._jobs.run("Estimating a run", work, done=self._on_done, failed=self._on_failed, key="foresee")
        self._job.ended.connect(self._on_ended)
        self.arrange()

    def _stop(self) -> None:
        self._later.stop()
        if self._job is not None:
            self._job.cancel()
            self._job = None

    @Slot(object)
    def _on_done(self, text: str) -> None:
        self._told = text

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._told = str(error) if isinstance(error, M3nError) else f"{type(error).__name__}: {error}"

    @Slot(object)
    def _on_ended(self, job: object) -> None:
        if job is self._job:
            self._job = None
            self.arrange()
