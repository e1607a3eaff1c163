"""What a right click on a label offers, and the dialog for notes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QInputDialog, QMenu, QWidget

from m3n_studio.studio.labels.class_dialog import swatch
from m3n_studio.studio.labels.label_actions import EDITS, GOES
from m3n_studio.studio.labels.label_commands import Commands
from m3n_studio.studio.look.widgets import named

_HERE = ("pick_here", "pick_all", "pick_none")


def label_menu(
    parent: QWidget, commands: Commands, actions: Mapping[str, QAction], note: Callable[[], object], *, picked: bool
) -> QMenu:
    """The menu; the window's actions where there is a window, so that keys and states are shown.

    picked : a label is under the mouse; relabelling and its note are offered.
    """
    menu = named(QMenu(parent), accessible="Labels")
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.setToolTipsVisible(True)
    tier, writes = commands.desk.tier, not commands.desk.read_only
    if tier is not None and picked:
        give = menu.addMenu("Re&label")
        give.setEnabled(writes)
        for c in tier.classes:
            action = give.addAction(swatch(c.color), c.name.replace("&", "&&"))
            action.triggered.connect(lambda _=False, i=c.id: commands.relabel(i))
        action = menu.addAction("N&ote…")
        action.setEnabled(writes)
        action.triggered.connect(lambda *_: note())
        menu.addSeparator()
    for command in (*EDITS, *(c for c in GOES if c.name in _HERE)):
        if command.line:
            menu.addSeparator()
        found = actions.get(f"labels.{command.name}")
        if found is not None:
            menu.addAction(found)
        else:
            menu.addAction(command.text).triggered.connect(lambda *_, run=command.run: run(commands))
    return menu


def ask_note(commands: Commands, say: Callable[[str], object], parent: QWidget) -> QInputDialog | None:
    """Ask for the note of the labels meant; says so where there are none."""
    meant = commands.meant()
    if not meant:
        say("No label is picked or under the cursor.")
        return None
    dialog = QInputDialog(parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle("Note")
    dialog.setLabelText("Note of the label:" if len(meant) == 1 else f"Note of {len(meant)} labels:")
    dialog.setTextValue(meant[0].note if len({a.note for a in meant}) == 1 else "")
    dialog.resize(420, dialog.sizeHint().height())
    dialog.textValueSelected.connect(commands.set_note)
    dialog.open()
    return dialog
