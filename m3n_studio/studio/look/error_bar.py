"""The bar that tells what went wrong. The window goes on living."""

from __future__ import annotations

import sys
import traceback
from types import TracebackType

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from m3n_studio.errors import M3nError
from m3n_studio.studio.look.icons import icon
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import push_button, tool_button


class ErrorBar(QFrame):
    """Hidden until :meth:`show_error`; details on demand; closed by its button or Esc.

    Signals
    -------
    all_wanted : (none)
        The user asked for all messages so far.
    offer_taken : (none)
        The user wants what :meth:`offer` put beside the message.
    """

    all_wanted = Signal()
    offer_taken = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("errorBar")
        self.setAccessibleName("Error")
        self._label = QLabel(wordWrap=True)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._sign = QLabel()
        self._more = tool_button(
            "Details", tip="Show where in the program it happened", accessible="Details", checked=False
        )
        self._all = tool_button("All messages", tip="What went wrong since the start", accessible="All messages")
        self.offered = push_button("", tip="")
        self.offered.hide()
        self._close = tool_button(tip="Close this message (Esc)", accessible="Close error message")
        self._details = QPlainTextEdit(readOnly=True)
        self._details.setFixedHeight(130)
        self._details.hide()
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self._sign)
        row.addWidget(self._label, 1)
        row.addWidget(self.offered)
        row.addWidget(self._more)
        row.addWidget(self._all)
        row.addWidget(self._close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 6, 8, 6)
        layout.addLayout(row)
        layout.addWidget(self._details)
        self._more.toggled.connect(self._details.setVisible)
        self._all.clicked.connect(self.all_wanted)
        self._close.clicked.connect(self.hide)
        self.offered.clicked.connect(self.offer_taken)
        self.set_theme(theme)
        self.hide()

    @property
    def text(self) -> str:
        """The message shown."""
        return self._label.text()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._sign.setPixmap(icon("warning", theme, color=theme.error_text).pixmap(QSize(18, 18)))
        self._close.setIcon(icon("close", theme, color=theme.error_text))

    def show_error(self, message: str, details: str = "") -> None:
        """Tell what went wrong, and where if that helps."""
        self._label.setText(message)
        self._details.setPlainText(details)
        self._more.setChecked(False)
        self._more.setVisible(bool(details))
        self.offered.hide()
        self.show()

    def offer(self, text: str, tip: str) -> None:
        """Put a way out beside the message shown."""
        self.offered.setText(text)
        self.offered.setToolTip(tip)
        self.offered.show()


def describe(error: BaseException) -> tuple[str, str]:
    """Message and details of an error: ours are one line, anything else is a bug with its trace."""
    if isinstance(error, M3nError):
        return str(error), ""
    trace = "".join(traceback.format_exception(error))
    return f"Something went wrong in the program itself: {type(error).__name__}: {error}", trace


class ExceptionHook(QObject):
    """While installed, exceptions nobody caught go to ``caught`` (message, details) and to stderr.

    Emitting a signal makes it safe from any thread.
    """

    caught = Signal(str, str)

    def install(self) -> None:
        """Take the place of ``sys.excepthook``."""
        self._before = sys.excepthook
        sys.excepthook = self._hook

    def remove(self) -> None:
        """Put back what was there."""
        if sys.excepthook == self._hook:
            sys.excepthook = self._before

    def _hook(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._before(kind, error, trace)
            return
        message, details = describe(error)
        sys.stderr.write(details or message + "\n")
        self.caught.emit(message, details)
