"""Keys that a focused control understands go to it before the window's shortcuts.

The window plays with Space and steps with the arrow keys; a focused check box, list or strip must
get its own keys all the same. And the wheel scrolls the page: a choice or a number under the mouse
changes by it only once it has the focus.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QAbstractSpinBox, QComboBox, QTabBar, QWidget

ARROWS = {Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down}
_MOVES = ARROWS | {Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown}
_KEYS: tuple[tuple[type[QWidget], set[Qt.Key]], ...] = (
    (QAbstractButton, {Qt.Key.Key_Space}), (QComboBox, _MOVES | {Qt.Key.Key_Space}), (QTabBar, _MOVES),
    (QAbstractItemView, _MOVES),
)  # fmt: skip
_TURNED = (QComboBox, QAbstractSpinBox)


class KeysFirst(QObject):
    """Installed on every control of a view that takes the focus.

    others : kinds of widgets of the view itself, with the keys that they understand.
    """

    def __init__(self, view: QWidget, others: dict[type[QWidget], set[Qt.Key]] | None = None) -> None:
        super().__init__(view)
        self._table = (*(others or {}).items(), *_KEYS)
        for child in view.findChildren(QWidget):
            if any(isinstance(child, kind) for kind, _ in self._table):
                child.installEventFilter(self)
            if isinstance(child, _TURNED):
                child.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
                child.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Claim the keys of a control; pass the wheel on."""
        if event.type() == QEvent.Type.Wheel and isinstance(watched, _TURNED) and not watched.hasFocus():
            event.ignore()
            return True
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            plain = event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
            keys = next((keys for kind, keys in self._table if isinstance(watched, kind)), set())
            if not plain and Qt.Key(event.key()) in keys:
                event.accept()
                return True
        return False
