"""The classes of a tier as buttons: colour, name, key; a click labels, a menu changes the class."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QColorDialog, QInputDialog, QLayout, QLayoutItem, QMenu, QToolButton, QWidget

from m3n_studio.annotation.model import LabelClass, Tier
from m3n_studio.errors import M3nError
from m3n_studio.project.values import Edit, LabelSet
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import named, tool_button

_SPACING = 4
_LETTERS = "abcdefghijklmnopqrstuvwxyz1234567890"


class FlowLayout(QLayout):
    """Widgets in lines, as words are."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:  # noqa: N802
        """Take one more."""
        self._items.append(item)

    def count(self) -> int:
        """How many there are."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:  # noqa: N802
        """One of them."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:  # noqa: N802
        """Give one up."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def hasHeightForWidth(self) -> bool:  # noqa: N802
        """Narrower means higher."""
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802
        """Lines needed at a width."""
        return self._lay(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, rect: QRect) -> None:  # noqa: N802
        """Put them there."""
        super().setGeometry(rect)
        self._lay(rect, move=True)

    def sizeHint(self) -> QSize:  # noqa: N802
        """As small as it goes."""
        return self.minimumSize()

    def minimumSize(self) -> QSize:  # noqa: N802
        """The widest of them."""
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size

    def _lay(self, rect: QRect, *, move: bool) -> int:
        x, y, line = rect.x(), rect.y(), 0
        for item in self._items:
            hint = item.sizeHint()
            if x > rect.x() and x + hint.width() > rect.right() + 1:
                x, y, line = rect.x(), y + line + _SPACING, 0
            if move:
                item.setGeometry(QRect(QPoint(x, y), hint))
            x, line = x + hint.width() + _SPACING, max(line, hint.height())
        return y + line - rect.y()


def swatch(color: str) -> QIcon:
    """A dot of a colour."""
    picture = QPixmap(24, 24)
    picture.setDevicePixelRatio(2.0)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(color))
    painter.drawRoundedRect(1, 1, 10, 10, 3, 3)
    painter.end()
    return QIcon(picture)


def free_key(tier: Tier, name: str) -> str:
    """A key no class of the tier has: a letter of the name if there is one."""
    taken = {c.key for c in tier.classes}
    return next((k for k in [*name.lower(), *_LETTERS] if k in _LETTERS and k not in taken), "")


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
        self.add.clicked.connect(self._ask_new)
        desk.tiers_changed.connect(self.refresh)
        desk.session_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the classes there are now."""
        while (item := self._layout.takeAt(0)) is not None:
            chip = item.widget()
            if chip is not None and chip is not self.add:
                chip.deleteLater()
        self.chips = {}
        tier = self._desk.tier
        for c in () if tier is None else tier.classes:
            self.chips[c.id] = self._chip(c)
            self._layout.addWidget(self.chips[c.id])
        self._layout.addWidget(self.add)
        self.add.setMinimumHeight(max((c.sizeHint().height() for c in self.chips.values()), default=0))
        self.add.setVisible(tier is not None and not self._desk.read_only)
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
            ("&Relabel the picked labels", lambda: self.relabel_wanted.emit(label)), ("Re&name…", self._ask_name),
            ("&Key…", self._ask_key), ("&Colour…", self._ask_color), ("&Remove", self._remove),
        ):  # fmt: skip
            action = menu.addAction(text)
            action.setEnabled(not self._desk.read_only)
            action.triggered.connect(slot if text.startswith("&Relabel") else lambda _=False, s=slot: s(label))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)

    def _class(self, label: str) -> LabelClass | None:
        return None if self._desk.tier is None else self._desk.tier.by_id(label)

    def change(self, what: str, new: tuple[LabelClass, ...]) -> bool:
        """Give the desk's tier other classes; told why where they cannot be."""
        project, tier = self._desk.project, self._desk.tier
        if project is None or tier is None:
            return False
        before = next(s for s in project.label_sets() if any(t.id == tier.id for t in s.tiers))
        try:
            tiers = tuple(replace(t, classes=new) if t.id == tier.id else t for t in before.tiers)
            after = LabelSet(before.name, tiers, before.note, before.id)
        except M3nError as error:
            self._desk.failed.emit(str(error))
            return False
        return self._desk.edit(Edit(what, before, after))

    def _changed(self, what: str, label: str, **fields: str) -> None:
        tier = self._desk.tier
        if tier is None:
            return
        try:
            new = tuple(replace(c, **fields) if c.id == label else c for c in tier.classes)
        except M3nError as error:
            self._desk.failed.emit(str(error))
            return
        self.change(what, new)

    def _ask_new(self) -> None:
        name, ok = QInputDialog.getText(self, "Add a class", "Name of the class:")
        tier = self._desk.tier
        if not ok or not name.strip() or tier is None:
            return
        new = LabelClass(name.strip(), color_of(len(tier.classes)), free_key(tier, name))
        self.change(f"Add class {new.name}", (*tier.classes, new))

    def _ask_name(self, label: str) -> None:
        found = self._class(label)
        if found is not None:
            name, ok = QInputDialog.getText(self, "Rename a class", "Name of the class:", text=found.name)
            if ok and name.strip() != found.name:
                self._changed(f"Rename class {found.name}", label, name=name.strip())

    def _ask_key(self, label: str) -> None:
        found = self._class(label)
        if found is not None:
            key, ok = QInputDialog.getText(self, "Key of a class", f"Key that labels {found.name}:", text=found.key)
            if ok:
                self._changed(f"Change key of {found.name}", label, key=key.strip().lower())

    def _ask_color(self, label: str) -> None:
        found = self._class(label)
        if found is not None:
            color = QColorDialog.getColor(QColor(found.color), self, f"Colour of {found.name}")
            if color.isValid():
                self._changed(f"Change colour of {found.name}", label, color=color.name())

    def _remove(self, label: str) -> None:
        found, tier = self._class(label), self._desk.tier
        if found is not None and tier is not None:
            self.change(f"Remove class {found.name}", tuple(c for c in tier.classes if c.id != label))


#: Colours that can be told apart on dark and light ground.
COLORS = (
    "#4c9be8", "#e8a14c", "#6fbf73", "#b07ce8", "#e86c8a", "#45b8b0", "#c9b44a", "#d9734e", "#8a9ae0", "#a0a0a0",
)  # fmt: skip


def color_of(number: int) -> str:
    """The colour of the class of a number."""
    return COLORS[number % len(COLORS)]
