"""What to pretrain on: the motions that ship, and folders of the user's own."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QFileDialog, QHBoxLayout, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from m3n_studio.resources import resource
from m3n_studio.studio.look.widgets import label, named, push_button


class MotionChoice(QWidget):
    """Folders of motions.

    Signals
    -------
    changed : (none)
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._last = str(Path.home())
        self.demo = named(QCheckBox("Demo motions"), tip="The motions that ship with the program: enough to see that"
                          " pretraining works, too few to be worth much")  # fmt: skip
        self.demo.setChecked(True)
        self.folders = named(QListWidget(), accessible="Folders of motions",
                             tip="Every motion in these folders and below")  # fmt: skip
        self.folders.setFixedHeight(84)
        self.add = push_button("Add folder…", tip="Add a folder of motions (.npz of SMPL poses, .bvh and others)")
        self.remove = push_button("Remove", tip="Take the chosen folder away from the list (nothing is deleted)")
        self.hint = label(style="muted")
        self.hint.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        row = QHBoxLayout()
        row.addWidget(self.demo, 1)
        row.addWidget(self.add)
        row.addWidget(self.remove)
        column.addLayout(row)
        column.addWidget(self.folders)
        column.addWidget(self.hint)
        self.demo.toggled.connect(self._on_change)
        self.add.clicked.connect(self._on_add)
        self.remove.clicked.connect(self._on_remove)
        self.folders.itemSelectionChanged.connect(self._arrange)
        self._arrange()

    @property
    def motions(self) -> tuple[str, ...]:
        """Folders chosen, absolute."""
        own = [self.folders.item(i).data(Qt.ItemDataRole.UserRole) for i in range(self.folders.count())]
        return ((str(resource("motions")),) if self.demo.isChecked() else ()) + tuple(own)

    def choose(self, motions: tuple[str, ...]) -> None:
        """Show these folders."""
        shipped = str(resource("motions"))
        self.demo.setChecked(shipped in motions)
        self.folders.clear()
        for path in motions:
            if path != shipped:
                self.put(path)
        self._on_change()

    def put(self, folder: str) -> None:
        """Add a folder, once."""
        if folder in self.motions:
            return
        item = QListWidgetItem(Path(folder).name or folder)
        item.setData(Qt.ItemDataRole.UserRole, folder)
        item.setToolTip(folder)
        self.folders.addItem(item)
        self._on_change()

    @Slot()
    def _on_add(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder of motions", self._last)
        if folder:
            self._last = folder
            self.put(folder)

    @Slot()
    def _on_remove(self) -> None:
        for item in self.folders.selectedItems():
            self.folders.takeItem(self.folders.row(item))
        self._on_change()

    @Slot()
    def _on_change(self, *_: object) -> None:
        self._arrange()
        self.changed.emit()

    @Slot()
    def _arrange(self) -> None:
        self.folders.setVisible(self.folders.count() > 0)
        self.remove.setVisible(self.folders.count() > 0)
        self.remove.setEnabled(bool(self.folders.selectedItems()))
        few = self.demo.isChecked() and not self.folders.count()
        self.hint.setText(
            "" if self.folders.count() and not few
            else "The demo motions are few. Add folders of motions with words: file names and labels are the text."
            if few else "Choose the demo motions, or add a folder of motions."
        )  # fmt: skip
        self.hint.setVisible(bool(self.hint.text()))
