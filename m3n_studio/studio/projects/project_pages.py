"""What the Project view shows while there is no project, or nothing in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from m3n_studio.studio.look.widgets import label, push_button

_MOST_RECENT = 5


def _words(text: str, style: str = "muted") -> QLabel:
    out = label(text, style=style)
    out.setWordWrap(True)
    out.setAlignment(Qt.AlignmentFlag.AlignCenter)
    return out


class NoProject(QWidget):
    """Buttons to make or open one, and those opened last.

    Signals
    -------
    new_wanted, open_wanted : (none)
    recent_wanted : str
    """

    new_wanted = Signal()
    open_wanted = Signal()
    recent_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.new = push_button("New project…", tip="Make a project: recordings and their labels", style="primary")
        self.open = push_button("Open project…", tip="Open the folder of a project")
        self.new.clicked.connect(self.new_wanted)
        self.open.clicked.connect(self.open_wanted)
        self.recent: list[QWidget] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(20, 12, 20, 12)
        self._column.setSpacing(8)
        self._column.addStretch(1)
        self._column.addWidget(_words("A project keeps recordings, videos and their labels in one folder."))
        for button in (self.new, self.open):
            self._column.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        self.heading = _words("Opened last")
        self._column.addWidget(self.heading)
        self._end = self._column.count()
        self._column.addStretch(1)

    def set_recent(self, folders: Sequence[str]) -> None:
        """Show these projects as buttons."""
        for old in self.recent:
            self._column.removeWidget(old)
            old.deleteLater()
        self.recent = []
        for at, folder in enumerate(folders[:_MOST_RECENT]):
            name = Path(folder).name
            short = name if len(name) <= 28 else f"{name[:27]}…"
            button = push_button(short.replace("&", "&&"), tip=folder)
            button.setAccessibleName(f"Open {name}")
            button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
            button.clicked.connect(lambda _=False, path=folder: self.recent_wanted.emit(path))
            self._column.insertWidget(self._end + at, button, 0, Qt.AlignmentFlag.AlignHCenter)
            self.recent.append(button)
        self.heading.setVisible(bool(self.recent))


class EmptyProject(QWidget):
    """Says where recordings go.

    Signals
    -------
    import_wanted, folder_wanted : (none)
    """

    import_wanted = Signal()
    folder_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.files = push_button("Import files…", tip="Choose recordings to put into the project", style="primary")
        self.folder = push_button("Import a folder…", tip="Choose a folder of recordings to put into the project")
        self.files.clicked.connect(self.import_wanted)
        self.folder.clicked.connect(self.folder_wanted)
        self.words = _words("Drop recordings or a folder here.")
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 12, 20, 12)
        column.setSpacing(8)
        column.addStretch(1)
        column.addWidget(self.words)
        for button in (self.files, self.folder):
            column.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)

    def set_writable(self, writable: bool) -> None:
        """Whether anything can be put in."""
        self.words.setText("Drop recordings or a folder here." if writable else
                           "The project is empty, and open for reading only.")  # fmt: skip
        self.files.setVisible(writable)
        self.folder.setVisible(writable)
