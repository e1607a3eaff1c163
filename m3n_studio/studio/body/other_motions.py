"""Other motions beside or over the first: adding, placing and taking them away, by menu, palette and drop."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QMenu

from m3n_studio.studio.body.body_view import BodyView
from m3n_studio.studio.body.drop_zones import DropZones
from m3n_studio.studio.core.actions import ActionSpec
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.document import OtherMotion, add_other, place_others, remove_others
from m3n_studio.studio.look.error_bar import describe

if TYPE_CHECKING:
    from m3n_studio.studio.core.jobs import Task

_FILE, _VIEW = "&File", "&View"
_WORDS = "Up to four motions on one clock; sensors and traces stay with the first"
ROWS = (
    ActionSpec("add_beside", "Add motion &beside…", _FILE, ("Ctrl+Shift+B",), needs="motion", separator_before=True,
               tip=f"Show another motion beside this one. {_WORDS}"),
    ActionSpec("add_over", "Add motion o&ver this…", _FILE, needs="motion",
               tip=f"Show another motion over this one, see-through. {_WORDS}"),
    ActionSpec("others_beside", "Other motions beside", _VIEW, tip="Stand the other motions beside the first",
               needs="motion", separator_before=True),
    ActionSpec("others_over", "Other motions over this", _VIEW, tip="Lay the other motions over the first",
               needs="motion"),
    ActionSpec("others_away", "Take other motions away", _VIEW, tip="Show the first motion alone", needs="motion"),
)  # fmt: skip


class OtherMotions(QObject):
    """What the user does about motions other than the first."""

    def __init__(self, view: BodyView, context: ViewContext) -> None:
        super().__init__(view)
        self._view, self._context = view, context
        self._others: tuple[OtherMotion, ...] = ()
        self._folder = ""
        slots: dict[str, Callable[..., object]] = {
            "add_beside": partial(self.ask, "beside"), "add_over": partial(self.ask, "over"),
            "others_beside": partial(self._place, "beside"), "others_over": partial(self._place, "over"),
            "others_away": self._away,
        }  # fmt: skip
        self.commands: dict[str, QAction] = {
            spec.name: context.add_action(spec, slots[spec.name]) for spec in ROWS
        }  # fmt: skip
        self.menu = QMenu("Other motions", view)
        self.menu.setToolTipsVisible(True)
        self.zones = DropZones(view, self.add, lambda: view.stage.theme)
        self._fill()

    def ask(self, where: str, *_: object) -> None:
        """Let the user choose a motion file."""
        from m3n_studio.motion.formats import motion_suffixes

        kinds = " ".join(f"*{s}" for s in sorted(motion_suffixes()))
        title = f"Add a motion {where} this one"
        name, _kind = QFileDialog.getOpenFileName(self._view.window(), title, self._folder, f"Motions ({kinds})")
        if name:
            self._folder = str(Path(name).parent)
            self.add(Path(name), where)

    def add(self, path: Path, where: str) -> None:
        """Read a motion in the background and show it."""

        def work(task: Task) -> OtherMotion:
            from m3n_studio import workbench

            return OtherMotion(workbench.open_clip(path), str(path.absolute()), where)

        self._context.jobs.run(f"Opening {path.name}", work, done=self._on_read, failed=self._on_failed)

    @Slot(object)
    def _on_read(self, other: OtherMotion) -> None:
        self._context.edit(add_other(other))

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._context.report(describe(error)[0])

    def _place(self, where: str, *_: object) -> None:
        if any(o.where != where for o in self._others):
            self._context.edit(place_others(where))

    def _away(self, *_: object) -> None:
        if self._others:
            self._context.edit(remove_others())

    def set_others(self, others: tuple[OtherMotion, ...], *, motion: bool) -> None:
        """What is shown now."""
        self._others = others
        self.zones.active = motion
        self._fill()

    def _fill(self) -> None:
        for old in self.menu.findChildren(QMenu):
            old.deleteLater()
        self.menu.clear()
        for name in ("add_beside", "add_over"):
            self.menu.addAction(self.commands[name])
        self.menu.addSeparator()
        for i, other in enumerate(self._others):
            one = QMenu(other.title.replace("&", "&&"), self.menu)
            self.menu.addMenu(one)
            for where, words in (("beside", "&Beside the first"), ("over", "&Over the first")):
                action = QAction(words, one)
                action.triggered.connect(partial(self._place_one, i, where))
                one.addAction(action)
                action.setCheckable(True)
                action.setChecked(other.where == where)
            one.addSeparator()
            away = QAction("&Take away", one)
            away.triggered.connect(partial(self._take_one, i))
            one.addAction(away)
        if self._others:
            self.menu.addSeparator()
            self.menu.addActions([self.commands[n] for n in ("others_beside", "others_over", "others_away")])
        self.menu.addSeparator()
        self.menu.addAction("Sensors and traces belong to the first motion").setEnabled(False)

    def _place_one(self, which: int, where: str, *_: object) -> None:
        self._context.edit(place_others(where, which))

    def _take_one(self, which: int, *_: object) -> None:
        self._context.edit(remove_others(which))
