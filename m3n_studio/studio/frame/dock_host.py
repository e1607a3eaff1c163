"""Where the views are: docks one can move, float, tab and close, in an area of their own.

The host is a main window inside the window, so that the transport stays at the bottom and the
error bar on top whatever the docks do. Title bars are thin and drawn by us; a dock that shares
its place with others has its tab instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from PySide6.QtCore import QByteArray, QEvent, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QMainWindow, QMenu, QTabBar, QWidget

from m3n_studio.studio.look.icons import icon
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label, named, tool_button

_VERSION = 1
_ICON = QSize(14, 14)


@dataclass(frozen=True)
class Arrangement:
    """Columns from left to right; a column is tab groups from top to bottom, a group is docks by name.

    Docks no group names join the first group of their side, closed where they are not open by themselves; names
    that are not there are left out. `heights` are shares of the groups of the last column, `first_heights` of the
    first one; empty: as the views like it. Docks `without` which one works there are closed.
    """

    columns: tuple[tuple[tuple[str, ...], ...], ...]
    widths: tuple[int, ...]
    heights: tuple[int, ...] = ()
    first_heights: tuple[int, ...] = ()
    without: tuple[str, ...] = ()


#: As delivered: the first is the one a window starts with.
ARRANGEMENTS = {
    "Overview": Arrangement(((("body",),), (("traces",),)), (46, 80)),
    "Fidelity": Arrangement(((("body",), ("spectrum",)), (("traces",), ("fidelity",))), (46, 80)),
    "Shape": Arrangement(((("body",),), (("attributes",),), (("traces",),)), (42, 34, 56)),
    "Label": Arrangement(
        (
            (("video", "body"), ("project", "suggestions", "label_list", "quality", "similar")),
            (("traces", "predictions", "spectrum"), ("labels",)),
        ),
        (40, 86),
        (330, 240),
        (250, 320),
    ),
    "Learn": Arrangement(
        (
            (("training", "runs", "suggestions", "embedding", "similarity", "project"),),
            (("traces", "body", "video", "attributes", "closeness"), ("predictions",), ("labels",)),
        ),
        (48, 78),
        (190, 300, 200),
        without=("spectrum", "fidelity"),
    ),
}


class DockTitle(QWidget):
    """Title, float and close."""

    def __init__(self, dock: QDockWidget) -> None:
        super().__init__(dock)
        self.setObjectName("dockTitle")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        title = dock.windowTitle()
        self.float_button = tool_button(
            tip=f"Take {title} out of the window, or put it back", accessible=f"Float {title}"
        )
        self.close_button = tool_button(tip=f"Close {title}; the View menu brings it back", accessible=f"Close {title}")
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 1, 2, 1)
        row.setSpacing(0)
        row.addWidget(label(title, style="dockTitleText"), 1)
        for button in (self.float_button, self.close_button):
            button.setIconSize(_ICON)
            row.addWidget(button)
        self.float_button.clicked.connect(lambda: dock.setFloating(not dock.isFloating()))
        self.close_button.clicked.connect(dock.close)

    def sizeHint(self) -> QSize:  # noqa: N802
        """As high as a tab, so that views stand in line."""
        return QSize(super().sizeHint().width(), self.fontMetrics().height() + 15)

    minimumSizeHint = sizeHint  # noqa: N815

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.float_button.setIcon(icon("float", theme, color=theme.muted))
        self.close_button.setIcon(icon("close", theme, color=theme.muted))


class _Nothing(QWidget):
    """The title bar of a dock that has a tab."""

    def sizeHint(self) -> QSize:  # noqa: N802
        """Nothing."""
        return QSize(0, 0)

    minimumSizeHint = sizeHint  # noqa: N815


class Dock(QDockWidget):
    """The place of one view; `in_front` while what is in it can be seen (not behind a tab, not closed).

    ``came_to_front`` tells its name when it was not and now is.
    """

    came_to_front = Signal(str)
    in_front = False

    def __init__(self, name: str, title: str, parent: QMainWindow) -> None:
        super().__init__(title, parent)
        self.setObjectName(f"dock:{name}")
        self.setAccessibleName(title)
        self.name = name
        self.title_bar = DockTitle(self)
        self._nothing = _Nothing(self)
        self.setTitleBarWidget(self.title_bar)
        self.visibilityChanged.connect(self._on_front)

    def _on_front(self, shown: bool) -> None:
        before, self.in_front = self.in_front, shown
        if shown and not before:
            self.came_to_front.emit(self.name)

    def show_title(self, shown: bool) -> None:
        """Show the title bar, or leave it to the tab."""
        wanted = self.title_bar if shown else self._nothing
        if self.titleBarWidget() is not wanted:
            self.setTitleBarWidget(wanted)
            wanted.show()
            (self._nothing if shown else self.title_bar).hide()


class DockHost(QMainWindow):
    """All docks.

    Signals
    -------
    changed : (none)
        A dock was opened, closed, moved or floated.
    seen : str
        The dock of that name comes to the front.
    """

    changed = Signal()
    seen = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Widget)
        self.setObjectName("dockHost")
        self.setDockNestingEnabled(True)
        self.setAnimated(False)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, _tabs_above())
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self._theme = theme
        self.docks: dict[str, Dock] = {}
        self._sides: dict[str, str] = {}
        self._closed: set[str] = set()
        self._widths: list[tuple[Dock, int]] = []
        self._heights: list[tuple[Dock, int]] = []
        self._settle = QTimer(self, singleShot=True, interval=0)
        self._settle.timeout.connect(self._on_settled)

    def add(self, name: str, title: str, area: str, *, is_open: bool = True) -> Dock:
        """Add a dock, empty at first; :meth:`arrange` puts it in its place. `is_open`: also where none names it."""
        dock = Dock(name, title, self)
        dock.title_bar.set_theme(self._theme)
        self.docks[name], self._sides[name] = dock, area
        if not is_open:
            self._closed.add(name)
        for signal in (dock.visibilityChanged, dock.topLevelChanged, dock.dockLocationChanged):
            signal.connect(self._later)
        dock.came_to_front.connect(self.seen)
        return dock

    def discard(self, name: str) -> None:
        """Take a dock away for good: there is nothing to show in it."""
        dock = self.docks.pop(name, None)
        if dock is not None:
            self.removeDockWidget(dock)
            dock.deleteLater()

    def toggle_actions(self) -> list[QAction]:
        """An action to open and close each dock."""
        return [dock.toggleViewAction() for dock in self.docks.values()]

    def show_dock(self, name: str) -> None:
        """Open a dock and bring it to the front of its tabs."""
        self.seen.emit(name)
        dock = self.docks[name]
        dock.show()
        dock.raise_()
        widget = dock.widget()
        if widget is not None:
            widget.setFocus(Qt.FocusReason.ShortcutFocusReason)

    # ------------------------------------------------------------------ places

    def arrange(self, arrangement: Arrangement) -> None:
        """Put every dock in its place and show it."""
        columns = self.groups(arrangement)
        for dock in self.docks.values():
            dock.setFloating(False)
            self.removeDockWidget(dock)
        left = Qt.DockWidgetArea.LeftDockWidgetArea
        heads: list[Dock] = []
        for groups in columns:
            head = self.docks[groups[0][0]]
            if heads:
                self.splitDockWidget(heads[-1], head, Qt.Orientation.Horizontal)
            else:
                self.addDockWidget(left, head)
            heads.append(head)
        for groups in columns:  # all splits before any tabs: what is split from a tab becomes one
            for above, below in pairwise(self.docks[group[0]] for group in groups):
                self.splitDockWidget(above, below, Qt.Orientation.Vertical)
        for group in (g for groups in columns for g in groups):
            for name in group[1:]:
                self.tabifyDockWidget(self.docks[group[0]], self.docks[name])
        shown = self.shown_in(arrangement)
        for name, dock in list(self.docks.items()):  # one that cannot be built when it is shown is discarded
            dock.setVisible(name in shown)
        for groups in columns:
            for group in groups:
                first = next((name for name in group if name in shown and name in self.docks), None)
                if first is not None:
                    self.docks[first].raise_()
        self._widths = [(d, w) for d, w in zip(heads, self._shares(arrangement), strict=False)]
        self._heights = [
            pair for column, shares in ((columns[-1:], arrangement.heights), (columns[:1], arrangement.first_heights))
            for groups in column
            for pair in zip([self.docks[g[0]] for g in groups if g[0] in self.docks], shares, strict=False)
        ]  # fmt: skip
        self._spread()
        self._later()

    def _shares(self, arrangement: Arrangement) -> list[int]:
        """Widths of the columns that have a dock."""
        pairs = zip(arrangement.columns, arrangement.widths, strict=True)
        return [w for column, w in pairs if any(n in self.docks for group in column for n in group)]

    def _spread(self) -> None:
        """Give the columns their widths; not before the host has its own."""
        if self.isVisible() and self._widths:
            total = sum(w for _, w in self._widths)
            sizes = [max(self.width() * w // total, 1) for _, w in self._widths]
            self.resizeDocks([d for d, _ in self._widths], sizes, Qt.Orientation.Horizontal)
            if self._heights:
                self.resizeDocks([d for d, _ in self._heights], [h for _, h in self._heights], Qt.Orientation.Vertical)
            self._widths, self._heights = [], []

    def groups(self, arrangement: Arrangement) -> list[list[list[str]]]:
        """The arrangement with the docks there are, each once."""
        columns = [[[n for n in group if n in self.docks] for group in column] for column in arrangement.columns]
        columns = [[group for group in column if group] for column in columns]
        columns = [column for column in columns if column]
        placed = {name for column in columns for group in column for name in group}
        for name in self.docks:
            if name not in placed:
                if not columns:
                    columns.append([[]])
                columns[0 if self._sides[name] == "left" else -1][0].append(name)
        return columns

    def shown_in(self, arrangement: Arrangement) -> set[str]:
        """Docks that an arrangement shows, in front or behind a tab."""
        named_ = {name for column in arrangement.columns for group in column for name in group}
        closed = self._closed | set(arrangement.without)
        return {name for name in self.docks if name in named_ or name not in closed}

    def state(self) -> str:
        """Where everything is, hexadecimal."""
        return bytes(self.saveState(_VERSION).data()).hex()

    def restore(self, state: str) -> bool:
        """Put everything where it was; docks it does not know open in their usual place. False if it means nothing."""
        self.arrange(next(iter(ARRANGEMENTS.values())))
        try:
            known = bytes.fromhex(state)
        except ValueError:
            return False
        if not known or not self.restoreState(QByteArray(known), _VERSION):
            return False
        if not any(dock.isVisibleTo(self) or dock.isFloating() for dock in self.docks.values()):
            self.arrange(next(iter(ARRANGEMENTS.values())))
            return False
        self._widths = []
        self._later()
        return True

    # ------------------------------------------------------------------ looks

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        for dock in self.docks.values():
            dock.title_bar.set_theme(theme)

    def _later(self) -> None:
        self._settle.start()

    def _on_settled(self) -> None:
        self._spread()
        for dock in self.docks.values():
            tabbed = any(not d.isFloating() and not d.isHidden() for d in self.tabifiedDockWidgets(dock))
            dock.show_title(dock.isFloating() or not tabbed)
        for bar in self.tab_bars():
            if bar.contextMenuPolicy() != Qt.ContextMenuPolicy.CustomContextMenu:
                named(bar, accessible="Views in this place", tip="Right-click a tab to close or float its view")
                bar.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
                bar.setFocusPolicy(Qt.FocusPolicy.TabFocus)
                bar.setDrawBase(False)
                bar.setElideMode(Qt.TextElideMode.ElideNone)
                bar.customContextMenuRequested.connect(self._tab_menu(bar))
        self.changed.emit()

    def tab_bars(self) -> Sequence[QTabBar]:
        """The tab bars Qt made between docks."""
        return self.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)

    def _tab_menu(self, bar: QTabBar):  # type: ignore[no-untyped-def]
        def popup(at: QPoint) -> None:
            dock = self._dock_titled(bar.tabText(bar.tabAt(at)))
            if dock is None:
                return
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.addAction(f"Float {dock.windowTitle()}", lambda: dock.setFloating(True))
            menu.addAction(f"Close {dock.windowTitle()}", dock.close)
            menu.popup(bar.mapToGlobal(at))

        return popup

    def _dock_titled(self, title: str) -> Dock | None:
        return next((d for d in self.docks.values() if d.windowTitle() == title), None)

    def event(self, event: QEvent) -> bool:
        """A host that is shown for the first time settles its titles."""
        if event.type() == QEvent.Type.Show:
            self._later()
        return bool(super().event(event))

    def release(self) -> None:
        """Stop: the window closes."""
        self._settle.stop()
        for dock in self.docks.values():
            if dock.isFloating():
                dock.hide()


def _tabs_above():  # type: ignore[no-untyped-def]
    from PySide6.QtWidgets import QTabWidget

    return QTabWidget.TabPosition.North
