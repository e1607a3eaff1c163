"""Class keys while labelling: pressed and released anywhere in the window but where one types.

Keys of classes come before shortcuts of the window as long as labelling is on, so "w" is walking
and not a command. Fields that take text, menus and dialogs keep their keys. Only the widget that has
the focus is watched: a filter on the application would see every paint and timer, too.
"""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QKeySequenceEdit,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

_TYPED_INTO = (QLineEdit, QAbstractSpinBox, QPlainTextEdit, QTextEdit, QKeySequenceEdit)
_COMMAND = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier


def takes_text(widget: QWidget | None) -> bool:
    """Whether what is typed belongs to a field."""
    editable = isinstance(widget, QComboBox) and widget.isEditable()
    return editable or isinstance(widget, _TYPED_INTO)


class LabelKeys(QObject):
    """Watches the keys of one window.

    Signals
    -------
    pressed, released : str
        A class key, lower case, without automatic repeats.
    shifted : str
        A class key pressed with Shift.
    """

    pressed = Signal(str)
    shifted = Signal(str)
    released = Signal(str)

    def __init__(self, owner: QWidget) -> None:
        super().__init__(owner)
        self._owner = owner
        self._keys: frozenset[str] = frozenset()
        self._down: set[str] = set()
        self._on = False

    @property
    def on(self) -> bool:
        """Whether keys label."""
        return self._on

    def set_keys(self, keys: Collection[str]) -> None:
        """Watch these keys."""
        self._keys = frozenset(k.lower() for k in keys if k)

    def set_on(self, on: bool) -> None:
        """Label with keys, or leave them to the window."""
        if on == self._on:
            return
        self._on = on
        app = QApplication.instance()
        if isinstance(app, QApplication) and on:
            app.focusChanged.connect(self._on_focus)
            app.applicationStateChanged.connect(self._on_state)
            self._on_focus(None, QApplication.focusWidget())
        elif isinstance(app, QApplication):
            app.focusChanged.disconnect(self._on_focus)
            app.applicationStateChanged.disconnect(self._on_state)
            self._on_focus(QApplication.focusWidget(), None)
            self.let_go()

    @Slot(QWidget, QWidget)
    def _on_focus(self, old: QWidget | None, new: QWidget | None) -> None:
        if old is not None:
            old.removeEventFilter(self)
        if new is not None and _is_within(new, self._owner.window()):
            new.installEventFilter(self)
        elif new is None or not _is_within(new, self._owner.window()):
            self.let_go()

    @Slot(Qt.ApplicationState)
    def _on_state(self, state: Qt.ApplicationState) -> None:
        if state != Qt.ApplicationState.ApplicationActive:
            self.let_go()

    def let_go(self) -> None:
        """All keys count as released: the window is no longer in front, say."""
        for key in sorted(self._down):
            self.released.emit(key)
        self._down.clear()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Take class keys before anything else does."""
        kind = event.type()
        if kind not in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            return False
        if not isinstance(event, QKeyEvent):
            return False
        key = event.text().lower() or _text_of(event)
        if kind == QEvent.Type.KeyRelease:
            return self._on_release(key, event)
        if key not in self._keys or not self._is_ours(event):
            return False
        if kind == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        if event.isAutoRepeat() or key in self._down:
            return True
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.shifted.emit(key)
        else:
            self._down.add(key)
            self.pressed.emit(key)
        return True

    def _on_release(self, key: str, event: QKeyEvent) -> bool:
        if key not in self._down or event.isAutoRepeat():
            return key in self._down
        self._down.discard(key)
        self.released.emit(key)
        return True

    def _is_ours(self, event: QKeyEvent) -> bool:
        if event.modifiers() & _COMMAND:
            return False
        if QApplication.activePopupWidget() is not None or QApplication.activeModalWidget() is not None:
            return False
        return not takes_text(QApplication.focusWidget())


def _is_within(widget: QWidget, window: QWidget) -> bool:
    """Whether a widget is in a window or in one that floats before it."""
    up: QWidget | None = widget
    while up is not None and up is not window:
        up = up.parentWidget()
    return up is window


def _text_of(event: QKeyEvent) -> str:
    """The key's letter where the event carries no text, as some releases do."""
    key = event.key()
    return chr(key).lower() if 0x20 < key < 0x7F else ""
