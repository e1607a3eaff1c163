"""The panel that shapes bodies: this one, and populations of them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from m3n_studio.studio.attributes.attributes_view import AttributesView
from m3n_studio.studio.attributes.population_view import PopulationView
from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import tool_button


class ShapingView(QWidget):
    """Two pages: the body on screen, and a population."""

    def __init__(self, context: ViewContext) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.body, self.population = AttributesView(context), PopulationView(context)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.body)
        self.pages.addWidget(self.population)
        self.choice = QButtonGroup(self)
        head = QHBoxLayout()
        head.setContentsMargins(12, 10, 12, 2)
        head.setSpacing(0)
        for at, (text, tip) in enumerate(
            (("Body", "Shape the body on screen"), ("Population", "Describe, preview and generate many bodies"))
        ):
            button = tool_button(text, tip=tip, accessible=text, style="component", checked=at == 0)
            button.setMinimumWidth(button.fontMetrics().horizontalAdvance(text) + 24)
            self.choice.addButton(button, at)
            head.addWidget(button)
        head.addStretch(1)
        for tool in self.body.tools:
            head.addSpacing(5)
            head.addWidget(tool)
        self.choice.idClicked.connect(self._on_page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.setSpacing(2)
        layout.addLayout(head)
        layout.addWidget(self.pages, 1)

    def _on_page(self, page: int) -> None:
        self.pages.setCurrentIndex(page)
        for tool in self.body.tools:
            tool.setVisible(page == 0)

    def set_contents(self, contents: Contents) -> None:
        """Another body or motion."""
        self.body.set_contents(contents)
        self.population.set_contents(contents)

    def set_theme(self, theme: Theme) -> None:
        """Other colours."""
        self.body.set_theme(theme)
        self.population.set_theme(theme)


def build(context: ViewContext) -> ShapingView:
    """The panel for a window."""
    return ShapingView(context)
