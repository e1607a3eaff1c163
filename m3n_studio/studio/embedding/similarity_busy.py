"""How far a job is, with a button that stops it; and what a page says while it has nothing to show."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QSizePolicy, QVBoxLayout, QWidget

from m3n_studio.studio.core.jobs import Job
from m3n_studio.studio.look.widgets import named, tool_button


class BusyRow(QWidget):
    """A bar and Cancel, seen while a job runs.

    Signals
    -------
    stopped : (none)
        The user wants no more of it; the job is cancelled.
    """

    stopped = Signal()

    def __init__(self, what: str) -> None:
        super().__init__()
        self.job: Job | None = None
        self.bar = named(QProgressBar(), accessible=f"How far {what} is")
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.cancel = tool_button("Cancel", tip=f"Stop {what}", accessible=f"Stop {what}", style="component")
        self.cancel.clicked.connect(self._on_cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel)
        self.hide()

    def follow(self, job: Job) -> None:
        """Show how far a job is until it has ended."""
        self.job = job
        self.bar.setValue(0)
        self.show()
        job.progressed.connect(self._on_progress)
        job.ended.connect(self._on_ended)

    def stop(self) -> None:
        """Cancel what runs."""
        if self.job is not None:
            self.job.cancel()
        self.job = None
        self.hide()

    @Slot()
    def _on_cancel(self) -> None:
        self.stop()
        self.stopped.emit()

    @Slot(float)
    def _on_progress(self, share: float) -> None:
        self.bar.setValue(round(1000 * share))

    @Slot(object)
    def _on_ended(self, job: Job) -> None:
        if job is self.job:
            self.job = None
            self.hide()


class Wrapped(QLabel):
    """Words that wrap, as high as they are at the width they have: Qt asks for the height of the narrowest."""

    def __init__(self, text: str = "", *, style: str = "", accessible: str = "") -> None:
        super().__init__(text)
        named(self, style=style, accessible=accessible)
        self.setWordWrap(True)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Of the width there is now."""
        return QSize(60, self.heightForWidth(max(self.width(), 160)))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Another width, another height."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()


class Hint(QWidget):
    """A heading and a sentence in the middle of an empty page."""

    def __init__(self, heading: str, words: str) -> None:
        super().__init__()
        self.heading = Wrapped(heading, style="heading")
        self.words = Wrapped(words, style="muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        layout.addStretch(1)
        for part in (self.heading, self.words):
            part.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            part.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            layout.addWidget(part)
        layout.addStretch(1)

    def say(self, heading: str, words: str) -> None:
        """Say something else."""
        self.heading.setText(heading)
        self.words.setText(words)
