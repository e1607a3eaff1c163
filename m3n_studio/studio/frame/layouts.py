"""Layouts by name: saved, chosen, deleted, restored at the next start."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import QInputDialog, QMenu, QWidget

from m3n_studio.studio.frame.dock_host import ARRANGEMENTS, Arrangement, DockHost
from m3n_studio.studio.frame.preferences import Store

MAX_NAME = 40
_SETTLE_MS = 60
#: Width under which there is no room for the layouts as delivered, and height under which none for views on top of
#: each other, in pixels.
NARROW, LOW = 1160, 640
#: The layouts as delivered, by the room there is: what they are for stays in front.
BY_ROOM: dict[str, dict[str, Arrangement]] = {
    "wide": ARRANGEMENTS,
    "low": {
        **ARRANGEMENTS,
        "Fidelity": Arrangement(
            ((("traces", "spectrum", "attributes"),), (("body",), ("fidelity",))), (60, 66), (180, 370)
        ),
        "Learn": Arrangement(
            (
                (("training", "runs", "suggestions", "embedding", "similarity"),),
                (("predictions", "traces", "body", "video", "project", "attributes", "closeness"), ("labels",)),
            ),
            (48, 78), (290, 180), without=("spectrum", "fidelity"),
        ),
    },
    "narrow": {
        "Overview": ARRANGEMENTS["Overview"],
        "Fidelity": Arrangement(((("body",),), (("fidelity", "traces", "spectrum", "attributes"),)), (36, 64)),
        "Shape": Arrangement(((("body",),), (("attributes", "traces", "spectrum", "fidelity"),)), (36, 64)),
        "Label": Arrangement(
            (
                (("traces", "predictions", "video", "body", "project", "suggestions", "label_list", "quality",
                  "similar", "spectrum"), ("labels",)),
            ),
            (100,), (300, 240), without=("attributes", "fidelity"),
        ),
        "Learn": Arrangement(
            ((("training", "runs", "predictions", "suggestions", "labels", "embedding", "similarity", "traces", "body",
               "closeness", "project"),),),
            (100,), without=("spectrum", "fidelity", "attributes"),
        ),
    },
}  # fmt: skip


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
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._settle.timeout.connect(self._on_resized)
        self._before = self.room
        host.installEventFilter(self)

    @property
    def room(self) -> str:
        """How much room there is, a key of :data:`BY_ROOM`."""
        if self._host.width() < NARROW:
            return "narrow"
        return "low" if self._host.height() < LOW else "wide"

    def delivered(self, name: str) -> Arrangement:
        """A layout as delivered, for the room there is."""
        table = BY_ROOM[self.room]
        return table.get(name) or next(iter(table.values()))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Look again when the room changes."""
        if event.type() == QEvent.Type.Resize:
            self._settle.start()
        return super().eventFilter(watched, event)

    def _on_resized(self) -> None:
        """A layout as delivered that nobody touched follows the room."""
        if self.room == self._before:
            return
        name = self._store.value.layout_name or next(iter(ARRANGEMENTS))
        before = BY_ROOM[self._before].get(name)
        self._before = self.room
        after = self.delivered(name)
        if before not in (None, after) and self._host.isVisible() and self._as_delivered(before):
            self._host.arrange(after)

    def _as_delivered(self, arrangement: Arrangement) -> bool:
        """Whether the views are where an arrangement puts them, however wide."""
        docks = self._host.docks
        shown = self._host.shown_in(arrangement)
        if any(dock.isFloating() or dock.isHidden() == (name in shown) for name, dock in docks.items()):
            return False
        groups = {frozenset((name, *(d.name for d in docks.values() if d in self._host.tabifiedDockWidgets(dock)
                                     and d.name in shown)))
                  for name, dock in docks.items() if name in shown}  # fmt: skip
        wanted = [[[n for n in g if n in shown] for g in column] for column in self._host.groups(arrangement)]
        wanted = [[g for g in column if g] for column in wanted]
        return groups == {frozenset(g) for column in wanted for g in column} and self._in_order(wanted)

    def _in_order(self, wanted: list[list[list[str]]]) -> bool:
        """Whether the columns that can be seen come one after another from the left."""
        docks = self._host.docks
        left = [min((docks[n].mapTo(self._host, QPoint()).x() for g in column for n in g
                     if not docks[n].visibleRegion().isEmpty()), default=0) for column in wanted]  # fmt: skip
        return left == sorted(left)

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
            self._host.arrange(self.delivered(name))
            self._before = self.room
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
