"""Which of several motions and recordings to open."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from m3n_studio.studio.frame.opening import MAX_FILES, Found
from m3n_studio.studio.look.widgets import button_box, label, named


class Chooser(QDialog):
    """A list of motions, and one of recordings where there are any; the first with its recording is chosen.

    Signals
    -------
    chosen : tuple of Path
    """

    chosen = Signal(object)

    def __init__(self, found: Found, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Open which?")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(560, 480)
        self._found = found
        paths = [str(p.parent) for p in (*found.motions, *found.recordings)]
        self._base = Path(os.path.commonpath(paths))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 16)
        self.motions = self._list("Motions", found.motions, layout)
        self.recordings = self._list("Recordings", found.recordings, layout)
        if found.stopped:
            layout.addWidget(label(f"Only the first {MAX_FILES} files were looked at.", style="muted"))
        self.box = button_box(QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel)
        self.box.accepted.connect(self.accept)
        self.box.rejected.connect(self.reject)
        layout.addWidget(self.box)
        self.motions.currentRowChanged.connect(self._on_motion)
        self._select(found.first)

    def _list(self, title: str, paths: tuple[Path, ...], layout: QVBoxLayout) -> QListWidget:
        out = named(QListWidget(), accessible=title)
        heading = label(f"{title} ({len(paths)})", style="heading")
        if len(paths) and title == "Recordings":
            QListWidgetItem("No recording", out)
        for path in paths:
            item = QListWidgetItem(os.path.relpath(path, self._base), out)
            item.setData(Qt.ItemDataRole.UserRole, str(path))
            item.setToolTip(str(path))
        out.itemActivated.connect(self.accept)
        for widget in (heading, out):
            layout.addWidget(widget)
            widget.setVisible(bool(paths))
        return out

    def _select(self, paths: tuple[Path, ...]) -> None:
        for widget in (self.motions, self.recordings):
            rows = [i for i in range(widget.count()) if _path(widget.item(i)) in paths]
            widget.setCurrentRow(rows[0] if rows else 0)

    def _on_motion(self, row: int) -> None:
        item = self.motions.item(row)
        path = None if item is None else _path(item)
        if path is not None:
            recording = self._found.recording_of(path)
            self._select((path,) if recording is None else (path, recording))

    @property
    def paths(self) -> tuple[Path, ...]:
        """What is chosen now."""
        items = (w.currentItem() for w in (self.motions, self.recordings))
        return tuple(p for item in items if item is not None and (p := _path(item)) is not None)

    def accept(self) -> None:
        """Take what is chosen."""
        paths = self.paths
        super().accept()
        if paths:
            self.chosen.emit(paths)


def _path(item: QListWidgetItem) -> Path | None:
    text = item.data(Qt.ItemDataRole.UserRole)
    return Path(text) if text else None
