"""Keys that decide about suggestions, anywhere in the window, while the mode is on.

As with class keys while labelling (which these go before), only the widget that has the focus is watched:
fields that take text, menus and dialogs keep their keys, and so do choices and buttons theirs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QKeySequenceEdit,
    QLineEdit,
    QPlainTextEdit,
    QTabBar,
    QTextEdit,
    QWidget,
)

_K = Qt.Key
#: What keys mean; letters only where no class has them.
MEANINGS: Mapping[Qt.Key, str] = {
    _K.Key_Return: "accept", _K.Key_Enter: "accept", _K.Key_A: "accept", _K.Key_R: "reject",
    _K.Key_Backspace: "reject", _K.Key_Right: "next", _K.Key_Left: "previous", _K.Key_Space: "play",
    _K.Key_L: "loop", _K.Key_Escape: "leave",
}  # fmt: skip
_REPEATS = ("next", "previous")
_TYPED_INTO = (QLineEdit, QAbstractSpinBox, QPlainTextEdit, QTextEdit, QKeySequenceEdit)
_MOVED = (QComboBox, QAbstractSlider, QTabBar)
_COMMAND = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
_KINDS = (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress, QEvent.Type.KeyRelease)


class SuggestionKeys(QObject):
    """Watches the keys of one window.

    Signals
    -------
    meant : str
        One of the values of :data:`MEANINGS`.
    labelled : str
        The key of a class, lower case.
    """

    meant = Signal(str)
    labelled = Signal(str)

    def __init__(self, owner: QWidget) -> None:
        super().__init__(owner)
        self._owner = owner
        self._keys: frozenset[str] = frozenset()
        self._on = False
        self._top: QWidget | None = None
        self._watched: QWidget | None = None

    @property
    def on(self) -> bool:
        """Whether keys decide."""
        return self._on

    def set_keys(self, keys: Collection[str]) -> None:
        """Keys of classes."""
        self._keys = frozenset(k.lower() for k in keys if k)

    @property
    def taken(self) -> frozenset[str]:
        """Letters that are a class's and so mean nothing else."""
        return self._keys & {"a", "r", "l"}

    def set_on(self, on: bool) -> None:
        """Decide with keys, or leave them to the window."""
        app = QApplication.instance()
        if on == self._on or not isinstance(app, QApplication):
            return
        self._on = on
        if on:
            app.focusChanged.connect(self._on_focus)
            self._top = self._owner.window()  # gets the keys where nothing in it has the focus
            self._to_front()
            return
        app.focusChanged.disconnect(self._on_focus)
        for widget in (self._watched, self._top):
            if widget is not None:
                widget.removeEventFilter(self)
        self._watched = self._top = None

    @Slot(QWidget, QWidget)
    def _on_focus(self, old: QWidget | None, _new: QWidget | None) -> None:
        if old is not None and old is not self._top:
            old.removeEventFilter(self)
        self._watched = None
        QTimer.singleShot(0, self, self._to_front)  # after whoever watches class keys

    @Slot()
    def _to_front(self) -> None:
        """Be asked first by the window and by what has its focus."""
        if not self._on or self._top is None:
            return
        focused = QApplication.focusWidget()
        self._watched = focused if focused is not None and focused.window() is self._top else None
        for widget in {self._top, self._watched} - {None}:
            if widget is not None:
                widget.removeEventFilter(self)
                widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Take keys that decide before anything else does."""
        if event.type() not in _KINDS or not isinstance(event, QKeyEvent):
            return False
        meaning, letter = self._meaning(event)
        if not (meaning or letter) or not self._is_ours(event, meaning):
            return False
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
        elif event.type() == QEvent.Type.KeyPress and (not event.isAutoRepeat() or meaning in _REPEATS):
            if letter:
                self.labelled.emit(letter)
            else:
                self.meant.emit(meaning)
        return True

    def _meaning(self, event: QKeyEvent) -> tuple[str, str]:
        """What a key means, or the class key it is."""
        key = event.key()
        letter = event.text().lower() or (chr(key).lower() if 0x20 < key < 0x7F else "")
        if letter in self._keys:
            return "", letter
        return MEANINGS.get(Qt.Key(key), ""), ""

    def _is_ours(self, event: QKeyEvent, meaning: str) -> bool:
        if event.modifiers() & (_COMMAND | Qt.KeyboardModifier.ShiftModifier):
            return False
        if QApplication.activePopupWidget() is not None or QApplication.activeModalWidget() is not None:
            return False
        focused = QApplication.focusWidget()
        if isinstance(focused, _TYPED_INTO) or (isinstance(focused, QComboBox) and focused.isEditable()):
            return False
        if isinstance(focused, _MOVED) and meaning in ("next", "previous", "play"):
            return False
        return not (isinstance(focused, QAbstractButton) and meaning == "play")
