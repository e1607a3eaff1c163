"""The bar at the very bottom: what is open, what would be undone, what is running."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QSizePolicy, QToolButton, QWidget

from m3n_studio.studio.core.jobs import Job, Jobs
from m3n_studio.studio.look.icons import icon
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label, named, tool_button


class JobItem(QWidget):
    """One job: its name, how far it is, a button that stops it."""

    def __init__(self, job: Job, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.job = job
        name = job.name if len(job.name) <= 44 else f"{job.name[:43]}…"
        self.label = label(name, style="muted", tip=job.name)
        self.bar = named(QProgressBar(), style="jobBar", accessible=f"Progress of {job.name}", tip=job.name)
        self.bar.setRange(0, 0)  # how far it is is not known until it tells
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(110)
        self.cancel = tool_button(tip=f"Stop: {job.name}", accessible=f"Stop {job.name}", style="jobCancel")
        self.cancel.setIconSize(QSize(12, 12))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        for widget in (self.label, self.bar, self.cancel):
            row.addWidget(widget)
        self.cancel.clicked.connect(self._on_cancel)
        job.progressed.connect(self._on_progress)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.cancel.setIcon(icon("close", theme, color=theme.muted))

    def _on_progress(self, share: float) -> None:
        self.bar.setRange(0, 1000)
        self.bar.setValue(round(1000 * share))

    def _on_cancel(self) -> None:
        self.job.cancel()
        self.cancel.setEnabled(False)
        self.label.setText("Stopping …")


class StatusBar(QWidget):
    """The bar.

    Signals
    -------
    messages_wanted : (none)
        The user asked what went wrong.
    """

    messages_wanted = Signal()

    def __init__(self, jobs: Jobs, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("statusBar")
        self.setAccessibleName("Status")
        self._theme = theme
        self.file = label(style="muted", tip="What is open", accessible="Open file")
        self.file.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.undo = label(style="muted", tip="What Ctrl+Z would undo", accessible="Undo hint")
        self.count = self._count_button()
        self._jobs = QHBoxLayout()
        self._jobs.setSpacing(14)
        self.items: list[JobItem] = []
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 4, 0)
        row.setSpacing(16)
        row.addWidget(self.file, 1)
        row.addLayout(self._jobs)
        row.addWidget(self.undo)
        row.addWidget(self.count)
        self.setFixedHeight(max(24, self.fontMetrics().height() + 8))
        jobs.started.connect(self._on_started)
        jobs.ended.connect(self._on_ended)
        self.set_theme(theme)

    def _count_button(self) -> QToolButton:
        button = tool_button(tip="What went wrong since the start", accessible="Messages", style="jobCancel")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setIconSize(QSize(14, 14))
        button.clicked.connect(self.messages_wanted)
        button.hide()
        return button

    def set_file(self, text: str) -> None:
        """Say what is open."""
        self.file.setText(text)
        self.file.setToolTip(text or "What is open")

    def set_undo(self, text: str, keys: str) -> None:
        """Say what would be undone; empty: nothing."""
        self.undo.setText(f"{keys} undoes: {text[:1].lower()}{text[1:]}" if text and keys else "")

    def set_messages(self, count: int) -> None:
        """Say how many errors there were."""
        self.count.setText(str(count))
        self.count.setAccessibleName(f"{count} messages")
        self.count.setVisible(count > 0)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self.count.setIcon(icon("messages", theme, color=theme.muted))
        for item in self.items:
            item.set_theme(theme)

    def _on_started(self, job: Job) -> None:
        if not job.quiet:
            item = JobItem(job, self._theme, self)
            self.items.append(item)
            self._jobs.addWidget(item)
            self.undo.hide()

    def _on_ended(self, job: Job) -> None:
        for item in [i for i in self.items if i.job is job]:
            self.items.remove(item)
            self._jobs.removeWidget(item)
            item.hide()
            item.deleteLater()
        self.undo.setVisible(not self.items)
