"""A class of labels: its name, key and colour, asked in one dialog of the window's own look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QColorDialog,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from m3n_studio.annotation.classes import COLORS, free_color, free_key
from m3n_studio.annotation.model import LabelClass, Tier
from m3n_studio.errors import M3nError
from m3n_studio.studio.look.widgets import button_box, label, named, tool_button

#: Colours offered at once; any other may be chosen.
OFFERED = COLORS[:10]


def swatch(color: str) -> QIcon:
    """A dot of a colour."""
    picture = QPixmap(24, 24)
    picture.setDevicePixelRatio(2.0)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(color))
    painter.drawRoundedRect(1, 1, 10, 10, 3, 3)
    painter.end()
    return QIcon(picture)


class ClassDialog(QDialog):
    """Name, key and colour of a class, new or old.

    Parameters
    ----------
    tier : Tier
        It is to be a class of.
    old : LabelClass or None
        The one that is changed; None: a new one.
    take : callable
        Called with the class; the dialog stays open where it returns words that say why it cannot be.
    """

    def __init__(
        self, tier: Tier, old: LabelClass | None, take: Callable[[LabelClass], str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._tier, self._old, self._take = tier, old, take
        self.setWindowTitle("Add a class" if old is None else f"Class {old.name}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.color = free_color((c.color for c in tier.classes), len(tier.classes)) if old is None else old.color
        self.name = named(QLineEdit("" if old is None else old.name), accessible="Name of the class",
                          tip="Unique on this tier")  # fmt: skip
        self.key = named(QLineEdit("" if old is None else old.key), accessible="Key of the class",
                         tip="One letter or digit that labels with this class; empty: none")  # fmt: skip
        self.key.setMaxLength(1)
        self.key.setFixedWidth(48)
        self._key_given = old is not None
        self.key.textEdited.connect(self._on_key)
        self.name.textEdited.connect(self._on_name)
        self.problem = label(style="warning", accessible="What is wrong")
        self.problem.setWordWrap(True)
        self.problem.hide()
        self.buttons = button_box(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(10)
        form.addRow("&Name", self.name)
        form.addRow("&Key", self.key)
        form.addRow("Colour", self._colors())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.setSpacing(12)
        layout.addLayout(form)
        layout.addWidget(self.problem)
        layout.addWidget(self.buttons)
        self.setMinimumWidth(400)
        self.name.selectAll()

    def _colors(self) -> QWidget:
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        self.color_buttons: dict[str, QToolButton] = {}
        for color in OFFERED:
            button = tool_button(tip=color, accessible=f"Colour {color}", style="component", checked=False)
            button.setIcon(swatch(color))
            button.clicked.connect(lambda _=False, c=color: self.set_color(c))
            self.color_buttons[color] = button
            layout.addWidget(button)
        self.other = tool_button("…", tip="Another colour", accessible="Another colour", style="component")
        self.other.clicked.connect(self._ask_color)
        layout.addWidget(self.other)
        layout.addStretch(1)
        self.set_color(self.color)
        return row

    def set_color(self, color: str) -> None:
        """Choose a colour, ``#rrggbb``."""
        self.color = color
        for name, button in self.color_buttons.items():
            button.setChecked(name == color.lower())
        self.other.setIcon(QIcon() if color.lower() in self.color_buttons else swatch(color))
        self.other.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)

    def _ask_color(self) -> None:
        dialog = QColorDialog(QColor(self.color), self)
        dialog.setOption(QColorDialog.ColorDialogOption.DontUseNativeDialog)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.colorSelected.connect(lambda color: self.set_color(color.name()))
        dialog.open()

    def _on_key(self, _text: str) -> None:
        self._key_given = True

    def _on_name(self, text: str) -> None:
        if not self._key_given:
            self.key.setText(free_key((c.key for c in self._tier.classes), text) if text.strip() else "")

    def accept(self) -> None:
        """Close, if the class can be."""
        try:
            base = self._old or LabelClass(self.name.text().strip() or " ")
            new = replace(base, name=self.name.text().strip(), key=self.key.text().strip().lower(), color=self.color)
            why = self._take(new)
        except M3nError as error:
            why = str(error)
        self.problem.setText(why)
        self.problem.setVisible(bool(why))
        if not why:
            super().accept()
