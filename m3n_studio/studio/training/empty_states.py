"""What the dock says where nothing can be trained yet, with the buttons of what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from m3n_studio.studio.look.widgets import label, push_button

DEMO = "demo.learning"
INSTALL = 'pip install ".[learning,text]"'


class Hint(QWidget):
    """A sentence and buttons."""

    def __init__(
        self, actions: Mapping[str, QAction], margins: tuple[int, int, int, int] = (0, 2, 0, 4)
    ) -> None:  # fmt: skip
        super().__init__()
        self._actions = actions
        self.title = label(style="heading")
        self.words = label(style="muted", accessible="What to do next")
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.buttons: dict[str, QPushButton] = {}
        self._row = QHBoxLayout()
        self._row.setSpacing(6)
        column = QVBoxLayout(self)
        column.setContentsMargins(*margins)
        column.setSpacing(6)
        column.addWidget(self.title)
        column.addWidget(self.words)
        column.addLayout(self._row)

    def say(self, title: str, words: str, offered: Sequence[tuple[str, str]] = ()) -> None:
        """Show this; `offered` are names of actions and what their buttons say, left out where there is none."""
        self.title.setText(title)
        self.title.setVisible(bool(title))
        self.words.setText(words)
        wanted = {name: text for name, text in offered if name in self._actions}
        if list(wanted) != list(self.buttons):
            while self._row.count():
                taken = self._row.takeAt(0)
                widget = None if taken is None else taken.widget()
                if widget is not None:
                    widget.hide()
                    widget.deleteLater()
            self.buttons = {}
            for name, text in wanted.items():
                action = self._actions[name]
                button = push_button(text, tip=action.toolTip(), style="primary" if name == DEMO else "")
                button.clicked.connect(action.trigger)
                self._row.addWidget(button)
                self.buttons[name] = button
            self._row.addStretch(1)
        self.setVisible(bool(title or words))
