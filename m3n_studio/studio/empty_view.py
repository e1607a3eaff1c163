"""What the window shows while nothing is open: what to do, and samples to do it with."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QVBoxLayout, QWidget

from m3n_studio.studio.icons import drawing
from m3n_studio.studio.theme import Theme
from m3n_studio.studio.widgets import named, push_button


def demo_motions() -> tuple[tuple[str, Path], ...]:
    """Names and files of the shipped motions; none where they are not installed."""
    from m3n_studio.resources import resource

    folder = resource("motions")
    return tuple((p.stem.replace("_", " "), p) for p in sorted(folder.glob("*.npz"))) if folder.is_dir() else ()


class EmptyView(QWidget):
    """Says what to do first.

    Signals
    -------
    open_wanted : (none)
    file_wanted : object
        The path of a demo motion.
    """

    open_wanted = Signal()
    file_wanted = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        card = named(QFrame(), style="dropHint")
        card.setMaximumWidth(560)
        self._sign = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        title = QLabel("Drop a motion here", alignment=Qt.AlignmentFlag.AlignCenter)
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.6)
        font.setBold(True)
        title.setFont(font)
        words = QLabel(
            "AMASS, GRAB, BVH, ASF/AMC or a video pose estimator’s output.\n"
            "Drop a recording of an IMU as well to lay it over the simulated signal.",
            alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True,
        )  # fmt: skip
        words.setObjectName("muted")
        self.open_button = push_button("Open…", tip="Open a motion or a recording (Ctrl+O)", style="primary")
        self.demo_button = push_button("Demo motions  ", tip="Motions that came with the program")
        self.demo_button.setMenu(self._demo_menu())
        self.demo_button.setEnabled(not self.demo_button.menu().isEmpty())
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addStretch(1)
        row.addWidget(self.open_button)
        row.addWidget(self.demo_button)
        row.addStretch(1)
        inner = QVBoxLayout(card)
        inner.setContentsMargins(48, 44, 48, 44)
        inner.setSpacing(14)
        for widget in (self._sign, title, words):
            inner.addWidget(widget)
        inner.addSpacing(6)
        inner.addLayout(row)
        outer = QVBoxLayout(self)
        outer.addStretch(2)
        centre = QHBoxLayout()
        centre.addStretch(1)
        centre.addWidget(card, 8)
        centre.addStretch(1)
        outer.addLayout(centre)
        outer.addStretch(3)
        self.open_button.clicked.connect(self.open_wanted)
        self.set_theme(theme)

    def _demo_menu(self) -> QMenu:
        menu = QMenu(self)
        for name, path in demo_motions():
            action = QAction(name.capitalize(), menu)
            action.setData(str(path))
            menu.addAction(action)
        menu.triggered.connect(self._on_demo)
        return menu

    def _on_demo(self, action: QAction) -> None:
        self.file_wanted.emit(Path(action.data()))

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._sign.setPixmap(drawing("motion", theme.accent, 56))
