"""Synthetic and real: which bodies come closest to a subject's recordings; how like its recording a simulation is."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.embedding.closeness_bodies import BodiesPage
from m3n_studio.studio.embedding.closeness_session import SessionPage
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label, push_button, tool_button

EMPTY = ("Here many bodies are held against a subject’s recordings, and a simulation against its recording. Open a"
         " project with recordings, or make the demo project.")  # fmt: skip
PAGES = (("Bodies", "Which bodies come closest to a subject’s real windows"),
         ("This session", "The session’s motion, simulated, against its recording"))  # fmt: skip
#: Room from the first thing of what came out at which the form need not go, px.
ROOM_PX = 200


class ClosenessView(QWidget):
    """Two pages, and what to do where no project is open."""

    def __init__(self, context: ViewContext, desk: Desk) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._desk, self._context = desk, context
        self.bodies, self.session = BodiesPage(context, desk), SessionPage(context, desk)
        self.pages = QStackedWidget()
        pages: tuple[BodiesPage | SessionPage, ...] = (self.bodies, self.session)
        for page, (_, tip) in zip(pages, PAGES, strict=True):
            area = _scrolled(page, tip)
            page.shown.connect(lambda a=area, w=page.first: QTimer.singleShot(0, a, lambda: _bring(a, w)))
            self.pages.addWidget(area)
        self.choice = QButtonGroup(self)
        head = QHBoxLayout()
        head.setContentsMargins(12, 10, 12, 2)
        head.setSpacing(0)
        for at, (text, tip) in enumerate(PAGES):
            button = tool_button(text, tip=tip, accessible=text, style="component", checked=at == 0)
            button.setMinimumWidth(button.fontMetrics().horizontalAdvance(text) + 24)
            self.choice.addButton(button, at)
            head.addWidget(button)
        head.addStretch(1)
        self.choice.idClicked.connect(self.pages.setCurrentIndex)
        self.work = QWidget()
        inner = QVBoxLayout(self.work)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(2)
        inner.addLayout(head)
        inner.addWidget(self.pages, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.addWidget(self.work)
        layout.addWidget(self._empty())
        desk.project_changed.connect(self._on_project)
        self._on_project()

    def _empty(self) -> QWidget:
        self.empty = QWidget()
        words = label(EMPTY, style="muted")
        words.setWordWrap(True)
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout(self.empty)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(12)
        column.addStretch(1)
        column.addWidget(words)
        action = self._context.actions.get("demo.learning")
        if action is not None:
            self.demo = push_button("Demo project…", tip=action.toolTip())
            self.demo.clicked.connect(action.trigger)
            column.addWidget(self.demo, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(2)
        return self.empty

    @Slot()
    def _on_project(self) -> None:
        has = self._desk.project is not None
        self.work.setVisible(has)
        self.empty.setVisible(not has)

    def set_contents(self, contents: Contents) -> None:
        """Another body, motion or recording."""
        self.bodies.set_contents(contents)
        self.session.set_contents(contents)

    def set_theme(self, theme: Theme) -> None:
        """Other colours."""
        self.bodies.set_theme(theme)
        self.session.set_theme(theme)

    def release(self) -> None:
        """Stop what runs."""
        self.bodies.stop()
        self.session.stop()


def _scrolled(page: QWidget, name: str) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setAccessibleName(name)
    area.setWidget(page)
    area.viewport().setAutoFillBackground(False)
    page.setAutoFillBackground(False)
    return area


def _bring(area: QScrollArea, first: QWidget) -> None:
    """Scroll to what came out, where there is no room for both it and the form."""
    if area.viewport().height() < first.y() + ROOM_PX:
        area.verticalScrollBar().setValue(first.y() - 4)


def build(context: ViewContext) -> QWidget:
    """The Synthetic and real dock."""
    if context.desk is None:
        return label("Comparing synthetic with real needs a window with a project.", style="muted")
    return ClosenessView(context, context.desk)
