"""Small makers of Qt widgets that say name, tooltip and accessible name in one line."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QComboBox, QDialogButtonBox, QLabel, QPushButton, QToolButton, QWidget

W = TypeVar("W", bound=QWidget)


def named(widget: W, *, style: str = "", tip: str = "", accessible: str = "") -> W:
    """The widget with its name for the style sheet, tooltip and accessible name set."""
    if style:
        widget.setObjectName(style)
    if tip:
        widget.setToolTip(tip)
    if accessible:
        widget.setAccessibleName(accessible)
    return widget


def label(text: str = "", *, style: str = "", tip: str = "", accessible: str = "") -> QLabel:
    """A label."""
    return named(QLabel(text), style=style, tip=tip, accessible=accessible)


def push_button(text: str, *, tip: str, style: str = "") -> QPushButton:
    """A button with words."""
    return named(QPushButton(text), style=style, tip=tip)


def button_box(buttons: QDialogButtonBox.StandardButton) -> QDialogButtonBox:
    """The buttons at the end of a dialog, without the pictures Qt puts on them."""
    box = QDialogButtonBox(buttons)
    for button in box.buttons():
        button.setIcon(QIcon())
    return box


def tool_button(
    text: str = "", *, tip: str, accessible: str, style: str = "", checked: bool | None = None
) -> QToolButton:
    """A flat button; checkable where `checked` is given."""
    button = named(QToolButton(), style=style, tip=tip, accessible=accessible)
    button.setText(text)
    if checked is not None:
        button.setCheckable(True)
        button.setChecked(checked)
    return button


def combo(*, tip: str, accessible: str, characters: int = 0) -> QComboBox:
    """A choice; `characters` bounds its width from below where the contents should not."""
    box = named(QComboBox(), tip=tip, accessible=accessible)
    if characters:
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(characters)
    return box
