"""Layouts by name: saved, chosen, deleted, restored at the next start."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QInputDialog, QMenu, QWidget

from m3n_studio.studio.frame.dock_host import ARRANGEMENTS, DockHost
from m3n_studio.studio.frame.preferences import Store

MAX_NAME = 40


class Layouts(QObject):
    """The layouts as delivered and those the user saved.

    Signals
    -------
    failed : str
        A layout could not be shown, and why.
    changed : (none)
        Which there are.
    """

    failed = Signal(str)
    changed = Signal()

    def __init__(self, host: DockHost, store: Store, parent: QWidget) -> None:
        super().__init__(parent)
        self._host, self._store, self._window = host, store, parent

    @property
    def names(self) -> tuple[str, ...]:
        """All layouts, those delivered first."""
        return (*ARRANGEMENTS, *sorted(self._store.value.layouts))

    @property
    def saved(self) -> tuple[str, ...]:
        """The user's."""
        return tuple(sorted(self._store.value.layouts))

    def show(self, name: str) -> None:
        """Put the views where a layout says."""
        if name in self._store.value.layouts:
            if not self._host.restore(self._store.value.layouts[name]):
                self.failed.emit(f"The layout {name!r} could not be shown; the views are where they were at first.")
        else:
            self._host.arrange(ARRANGEMENTS.get(name, next(iter(ARRANGEMENTS.values()))))
        self._store.change(layout_name=name)

    def reset(self) -> None:
        """As delivered."""
        self.show(next(iter(ARRANGEMENTS)))

    def save(self, name: str) -> bool:
        """Keep where the views are under a name; False where the name cannot be had."""
        name = " ".join(name.split())[:MAX_NAME]
        if not name or name in ARRANGEMENTS:
            self.failed.emit(f"{name!r} is the name of a layout that is always there; choose another." if name
                             else "A layout needs a name.")  # fmt: skip
            return False
        layouts = {**self._store.value.layouts, name: self._host.state()}
        self._store.change(layouts=layouts, layout_name=name)
        self.changed.emit()
        return True

    def delete(self, name: str) -> None:
        """Forget a layout; the views stay where they are."""
        layouts = {k: v for k, v in self._store.value.layouts.items() if k != name}
        self._store.change(layouts=layouts)
        self.changed.emit()

    def ask_save(self) -> None:
        """Ask for the name."""
        dialog = QInputDialog(self._window)
        dialog.setWindowTitle("Save layout")
        dialog.setLabelText("Name of the layout")
        dialog.setTextValue(self._store.value.layout_name if self._store.value.layout_name in self.saved else "")
        dialog.setOkButtonText("Save")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.textValueSelected.connect(self.save)
        dialog.open()

    def fill(self, menu: QMenu) -> None:
        """Put the layouts into a menu, anew."""
        menu.clear()
        for name in self.names:
            action = menu.addAction(name.replace("&", "&&"))
            action.triggered.connect(lambda _=False, n=name: self.show(n))
        if self.saved:
            menu.addSeparator()
            sub = menu.addMenu("&Delete")
            for name in self.saved:
                sub.addAction(name.replace("&", "&&")).triggered.connect(lambda _=False, n=name: self.delete(n))

    def restore_last(self) -> None:
        """As at the end of the last run."""
        if not self._store.value.layout:
            self._host.arrange(next(iter(ARRANGEMENTS.values())))
        else:
            self._host.restore(self._store.value.layout)
