"""The buttons over the sliders: presets, random, reset, compare, and bodies as text."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from m3n_studio.studio.attributes import attributes_model as am
from m3n_studio.studio.look.widgets import push_button, tool_button


class AttributesHead(QWidget):
    """A row of buttons; `compare` is made here and stands in the panel's own head."""

    def __init__(self) -> None:
        super().__init__()
        head = QHBoxLayout(self)
        head.setSpacing(5)
        head.setContentsMargins(0, 0, 8, 0)
        self.presets = push_button("Presets", tip="Sizes of people, the performer's own, and bodies as text")
        menu = QMenu(self.presets)
        for preset in am.PRESETS:
            action = menu.addAction(preset.title)
            action.setToolTip(preset.source)
            action.setData(preset)
        menu.addSeparator()
        self.performer = menu.addAction("The performer of this motion")
        menu.setToolTipsVisible(True)
        self.menu = menu
        self.presets.setMenu(menu)
        self.randomise = push_button("Randomise", tip="Another body of the population; what is locked stays")
        self.reset_all = push_button("Reset", tip="Everything back to the performer's; what is locked stays")
        self.compare = tool_button(
            "Compare", tip="Keep this body and its traces as a ghost beside what you change", style="component",
            accessible="Compare with this body", checked=False,
        )  # fmt: skip
        menu.addSeparator()
        self.copy_action = menu.addAction("Copy as text")
        self.paste_action = menu.addAction("Paste from text")
        self.unlock_action = menu.addAction("Unlock all")
        for action, keys in (
            (self.copy_action, QKeySequence.StandardKey.Copy), (self.paste_action, QKeySequence.StandardKey.Paste),
        ):  # fmt: skip
            action.setShortcut(keys)
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        for button in (self.presets, self.randomise, self.reset_all):
            head.addWidget(button)
        head.addStretch(1)

    def set_enabled(self, on: bool) -> None:
        """Whether there is a body to shape."""
        for widget in (self.presets, self.randomise, self.reset_all, self.compare):
            widget.setEnabled(on)
        for action in (self.copy_action, self.paste_action):
            action.setEnabled(on)
