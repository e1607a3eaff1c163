"""Finetune or pretrain: two buttons of which one is down."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from m3n_studio.studio.look.widgets import tool_button

_KINDS = (
    ("finetune", "Finetune", "Learn classes from the labels of this project"),
    ("pretrain", "Pretrain", "Learn an encoder from motions: text, pose and simulated signals; no labels needed"),
)


class KindSwitch(QWidget):
    """What is to be done.

    Signals
    -------
    chosen : str
    """

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.kind = "finetune"
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self.buttons: dict[str, QToolButton] = {}
        group = QButtonGroup(self)
        for kind, words, tip in _KINDS:
            button = tool_button(words, tip=tip, accessible=words, style="component", checked=kind == self.kind)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.clicked.connect(lambda *_, k=kind: self.choose(k))
            group.addButton(button)
            row.addWidget(button)
            self.buttons[kind] = button

    def choose(self, kind: str) -> None:
        """Press one of them."""
        self.buttons[kind].setChecked(True)
        if kind != self.kind:
            self.kind = kind
            self.chosen.emit(kind)
