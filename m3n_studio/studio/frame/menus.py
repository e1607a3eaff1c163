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
         ("open_project", "Recent pro&jects", "projects"),
         ("palette", "&Views", "views"), ("palette", "&Layouts", "layouts"))  # fmt: skip
#: Submenus of actions whose names begin alike: the action they come after, their title, how the names begin.
GROUPS = (
    ("open_folder", "&Add a motion", ("add_",)), ("open_folder", "&Export", ("export_",)),
    ("reset_view", "Loo&k from", ("view_",)), ("reset_view", "&Bones", ("skeleton", "joint_axes")),
    ("reset_view", "&Kept body", ("ghost_",)), ("reset_view", "&Other motions", ("others_",)),
    ("reset_view", "&Colour the body", ("skin_", "sensor_errors")), ("show_all", "&Traces", ("traces.",)),
    ("show_all", "Colours of the &window", ("theme_", "toggle_theme")),
)  # fmt: skip


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
        self._groups: dict[tuple[str, ...], QMenu] = {}
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
        menu = self._group(spec)
        if menu is None:
            menu = self.menus[spec.menu]
        if spec.separator_before and not menu.isEmpty():
            menu.addSeparator()
        menu.addAction(self._table.actions[spec.name])
        menu.menuAction().setVisible(True)
        for after, title, starts in GROUPS:
            if after == spec.name:
                group = self._groups[starts] = self.menus[spec.menu].addMenu(title)
                group.setToolTipsVisible(True)
                group.menuAction().setVisible(False)

    def _group(self, spec: ActionSpec) -> QMenu | None:
        return next((m for starts, m in self._groups.items() if spec.name.startswith(starts)), None)

    def _on_added(self, spec: ActionSpec) -> None:
        """An action of a view comes into its group, else at the end of its menu, the first one after a line."""
        menu = self.menus[spec.menu]
        if self._group(spec) is None and not menu.property("ofViews"):
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
