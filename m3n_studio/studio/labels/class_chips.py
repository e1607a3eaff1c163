"""The classes of a tier as buttons: colour, name, key; a click labels, a menu changes the class."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from m3n_studio.annotation.classes import free_key
from m3n_studio.annotation.model import LabelClass
from m3n_studio.errors import M3nError
from m3n_studio.project.values import Edit, LabelSet
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.labels.class_dialog import ClassDialog, swatch
from m3n_studio.studio.look.flow import FlowLayout
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import named, tool_button


class ClassChips(QWidget):
    """The classes of the desk's tier.

    Signals
    -------
    chosen : str
        The id of a class whose button was clicked.
    relabel_wanted : str
        The picked labels should have this class.
    """

    chosen = Signal(str)
    relabel_wanted = Signal(str)

    def __init__(self, desk: Desk, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk, self._theme = desk, theme
        self._layout = FlowLayout(self)
        self.chips: dict[str, QToolButton] = {}
        self.add = tool_button("+ class", tip="Add a class to this tier", accessible="Add a class", style="component")
        self.add.clicked.connect(lambda: self.ask())
        self.give = tool_button("Give keys", tip="Give every class without a key one that is free",
                                accessible="Give keys to classes", style="component")  # fmt: skip
        self.give.clicked.connect(self.give_all_keys)
        for button in (self.add, self.give):
            button.setParent(self)
        desk.tiers_changed.connect(self.refresh)
        desk.session_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the classes there are now."""
        while (item := self._layout.takeAt(0)) is not None:
            chip = item.widget()
            if chip is not None and chip not in (self.add, self.give):
                chip.deleteLater()
        self.chips = {}
        tier = self._desk.tier
        for c in () if tier is None else tier.classes:
            self.chips[c.id] = self._chip(c)
            self._layout.addWidget(self.chips[c.id])
        height = max((c.sizeHint().height() for c in self.chips.values()), default=0)
        can = tier is not None and not self._desk.read_only
        for button, shown in ((self.add, can), (self.give, can and self.keyless())):
            if shown:
                self._layout.addWidget(button)
            button.setMinimumHeight(height)
            button.setVisible(shown)
        self.setEnabled(self._desk.session is not None)
        self.updateGeometry()

    def set_pending(self, labels: frozenset[str]) -> None:
        """Show which classes are being labelled."""
        for name, chip in self.chips.items():
            chip.setChecked(name in labels)

    def _chip(self, c: LabelClass) -> QToolButton:
        keys = f" (key {c.key.upper()}; Shift+{c.key.upper()} gives it to the picked labels)" if c.key else ""
        chip = tool_button(
            f"{c.name}  {c.key.upper()}".rstrip(), tip=f"Label {c.name}{keys}. Right click to change it.",
            accessible=f"Label {c.name}", style="component", checked=False,
        )  # fmt: skip
        chip.setIcon(swatch(c.color))
        chip.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        chip.clicked.connect(lambda _=False, label=c.id: self.chosen.emit(label))
        chip.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        chip.customContextMenuRequested.connect(lambda at, label=c.id, on=chip: self._menu(label, on.mapToGlobal(at)))
        return chip

    # ------------------------------------------------------------------ changing classes

    def _menu(self, label: str, at: QPoint) -> None:
        menu = named(QMenu(self), accessible="Class")
        for text, slot in (
            ("&Relabel the picked labels", self.relabel_wanted.emit), ("&Edit class…", self.ask),
            ("Remove &key", self._drop_key), ("Remove &class", self._remove),
        ):  # fmt: skip
            action = menu.addAction(text)
            action.setEnabled(not self._desk.read_only)
            action.triggered.connect(lambda _=False, s=slot: s(label))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)

    def change(self, what: str, new: tuple[LabelClass, ...]) -> str:
        """Give the desk's tier other classes; returns why not, or nothing."""
        project, tier = self._desk.project, self._desk.tier
        if project is None or tier is None:
            return "No project is open."
        before = next(s for s in project.label_sets() if any(t.id == tier.id for t in s.tiers))
        try:
            tiers = tuple(replace(t, classes=new) if t.id == tier.id else t for t in before.tiers)
            after = LabelSet(before.name, tiers, before.note, before.id)
        except M3nError as error:
            return str(error)
        self._desk.edit(Edit(what, before, after))
        return ""

    def ask(self, label: str = "") -> ClassDialog | None:
        """Ask for a new class, or how one should be changed, by its id."""
        tier = self._desk.tier
        if tier is None or self._desk.read_only:
            return None
        old = tier.by_id(label)
        dialog = ClassDialog(tier, old, lambda c: self._take(c, old), self.window())
        dialog.open()
        return dialog

    def _take(self, new: LabelClass, old: LabelClass | None) -> str:
        tier = self._desk.tier
        if tier is None or new == old:
            return ""
        if old is None:
            return self.change(f"Add class {new.name}", (*tier.classes, new))
        return self.change(f"Change class {old.name}", tuple(new if c.id == old.id else c for c in tier.classes))

    def _drop_key(self, label: str) -> None:
        tier, found = self._desk.tier, None if self._desk.tier is None else self._desk.tier.by_id(label)
        if tier is not None and found is not None and found.key:
            classes = tuple(replace(c, key="") if c.id == label else c for c in tier.classes)
            self.change(f"Remove key of {found.name}", classes)

    def _remove(self, label: str) -> None:
        tier, found = self._desk.tier, None if self._desk.tier is None else self._desk.tier.by_id(label)
        if found is not None and tier is not None:
            self.change(f"Remove class {found.name}", tuple(c for c in tier.classes if c.id != label))

    def keyless(self) -> bool:
        """Whether a class has no key."""
        return self._desk.tier is not None and any(not c.key for c in self._desk.tier.classes)

    def give_all_keys(self) -> None:
        """Give every class without a key one that is free."""
        tier = self._desk.tier
        if tier is None:
            return
        with_keys = tier
        for c in tier.classes:
            if not c.key:
                mine = replace(c, key=free_key((o.key for o in with_keys.classes), c.name))
                classes = tuple(mine if o.id == c.id else o for o in with_keys.classes)
                with_keys = replace(with_keys, classes=classes)
        if with_keys != tier:
            self.change("Give keys to classes", with_keys.classes)
