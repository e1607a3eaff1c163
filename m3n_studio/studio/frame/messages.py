"""What went wrong since the start: a list with details, to copy or to clear."""

from __future__ import annotations

import time
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QListWidget,
    QPlainTextEdit,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from m3n_studio.studio.look.widgets import label, named, push_button

KEEP = 200


@dataclass(frozen=True)
class Message:
    """One error, as it was told.

    Attributes
    ----------
    at : str
        Time of day.
    text, details : str
    """

    at: str
    text: str
    details: str = ""

    @property
    def whole(self) -> str:
        """Everything, for a bug report."""
        return "\n".join(filter(None, [f"{self.at}  {self.text}", self.details]))


class MessageLog(QObject):
    """The errors so far, the newest last; the oldest go when there are too many."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._messages: list[Message] = []

    @property
    def messages(self) -> tuple[Message, ...]:
        """All of them."""
        return tuple(self._messages)

    def add(self, text: str, details: str = "") -> None:
        """Note an error."""
        self._messages = [*self._messages, Message(time.strftime("%H:%M:%S"), text, details)][-KEEP:]
        self.changed.emit()

    def clear(self) -> None:
        """Forget them."""
        self._messages = []
        self.changed.emit()


class MessagePanel(QDialog):
    """Lists the log; stays open beside the window."""

    def __init__(self, log: MessageLog, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Messages")
        self.resize(640, 420)
        self._log = log
        self._shown: tuple[Message, ...] = ()
        self.list = named(QListWidget(), accessible="Messages, newest first")
        self.list.setWordWrap(True)
        self.details = named(QPlainTextEdit(readOnly=True), style="code", accessible="Details of the message")
        self.nothing = label("Nothing went wrong so far.", style="muted")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.copy_button = push_button("Copy", tip="Copy the chosen message with its details")
        self.copy_all_button = push_button("Copy all", tip="Copy every message, e.g. for a bug report")
        self.clear_button = push_button("Clear", tip="Forget all messages")
        close = push_button("Close", tip="Close (Esc)")
        self.split = QSplitter(Qt.Orientation.Vertical)
        self.split.addWidget(self.list)
        self.split.addWidget(self.details)
        self.split.setSizes([260, 120])
        row = QHBoxLayout()
        for button in (self.copy_button, self.copy_all_button, self.clear_button):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.addWidget(self.nothing, 1)
        layout.addWidget(self.split, 1)
        layout.addLayout(row)
        self.list.currentRowChanged.connect(self._on_row)
        self.copy_button.clicked.connect(self._copy)
        self.copy_all_button.clicked.connect(self._copy_all)
        self.clear_button.clicked.connect(log.clear)
        close.clicked.connect(self.close)
        log.changed.connect(self._fill)
        self._fill()

    def _fill(self) -> None:
        self._shown = tuple(reversed(self._log.messages))
        self.list.clear()
        self.list.addItems([f"{m.at}  {m.text}" for m in self._shown])
        self.list.setCurrentRow(0 if self._shown else -1)
        self.nothing.setVisible(not self._shown)
        self.split.setVisible(bool(self._shown))
        for button in (self.copy_button, self.copy_all_button, self.clear_button):
            button.setEnabled(bool(self._shown))

    def _on_row(self, row: int) -> None:
        message = self._shown[row] if 0 <= row < len(self._shown) else None
        self.details.setPlainText("" if message is None else message.details or message.text)

    def _copy(self) -> None:
        row = self.list.currentRow()
        if 0 <= row < len(self._shown):
            QGuiApplication.clipboard().setText(self._shown[row].whole)

    def _copy_all(self) -> None:
        QGuiApplication.clipboard().setText("\n\n".join(m.whole for m in self._log.messages))
