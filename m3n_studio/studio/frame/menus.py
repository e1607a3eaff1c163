"""Menus and toolbar, made from the action table; the menus whose contents change are filled as they open."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QSize
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMainWindow, QMenu, QToolBar

from m3n_studio.studio.core.actions import MENUS, ActionSpec, ActionTable
from m3n_studio.studio.look.widgets import named

#: Submenus: the action they come after, their title, what fills them.
AFTER = (("open_folder", "Open &recent", "recent"), ("open_folder", "&Samples", "samples"),
         ("palette", "&Views", "views"), ("palette", "&Layouts", "layouts"))  # fmt: skip


class Menus(QObject):
    """The menu bar of a window and its toolbar at the right end of it.

    Parameters
    ----------
    fill : mapping
        For each name in :data:`AFTER`, a function that fills the submenu, called before it opens.
    """

    def __init__(self, window: QMainWindow, table: ActionTable, fill: dict[str, Callable[[QMenu], None]]) -> None:
        super().__init__(window)
        self._table = table
        self.menus = {title: window.menuBar().addMenu(title) for title in MENUS}
        self.submenus: dict[str, QMenu] = {}
        for spec in table.specs:
            self._add(spec)
            for after, title, name in AFTER:
                if after == spec.name:
                    menu = self.submenus[name] = self.menus[spec.menu].addMenu(title)
                    menu.setToolTipsVisible(True)
                    menu.aboutToShow.connect(lambda m=menu, f=fill[name]: f(m))
        group = QActionGroup(window)
        for choice in ("system", "light", "dark"):
            group.addAction(table.actions[f"theme_{choice}"])
        self.toolbar = self._toolbar(window)
        table.added.connect(self._on_added)

    def _add(self, spec: ActionSpec) -> None:
        menu = self.menus[spec.menu]
        if spec.separator_before:
            menu.addSeparator()
        menu.addAction(self._table.actions[spec.name])

    def _on_added(self, spec: ActionSpec) -> None:
        """An action of a view comes at the end of its menu, the first one after a line."""
        menu = self.menus[spec.menu]
        if not menu.property("ofViews"):
            menu.setProperty("ofViews", True)
            menu.addSeparator()
        self._add(spec)

    def _toolbar(self, window: QMainWindow) -> QToolBar:
        bar = named(QToolBar(window), style="toolbar", accessible="Tools")
        bar.setIconSize(QSize(18, 18))
        bar.setMovable(False)
        bar.setContentsMargins(0, 0, 8, 0)
        for spec in self._table.specs:
            if spec.toolbar:
                action = self._table.actions[spec.name]
                bar.addAction(action)
                button = bar.widgetForAction(action)
                button.setAccessibleName(spec.words)
        window.menuBar().setCornerWidget(bar)
        return bar
