"""Keys: the sheet that shows them and the editor that changes them."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from m3n_studio.studio.core.actions import ActionTable, shown_key
from m3n_studio.studio.frame.fuzzy import score
from m3n_studio.studio.look.widgets import button_box, label, named, push_button

Keys = Mapping[str, tuple[str, ...]]


def conflicts(keys: Keys, name: str) -> list[str]:
    """Other actions that have a key of this one."""
    mine = set(keys[name])
    return [other for other, theirs in keys.items() if other != name and mine & set(theirs)]


class ShortcutSheet(QDialog):
    """All keys, by menu, in two columns."""

    def __init__(self, table: ActionTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menus: dict[str, list[str]] = {}
        cell = "<td style='padding: 2px 22px 2px 0'>"
        for menu, words, keys in table.shortcut_rows():
            menus.setdefault(menu, []).append(f"<tr>{cell}{escape(words)}</td>{cell}<b>{escape(keys)}</b></td></tr>")
        blocks = [f"<p><b>{menu}</b></p><table>{''.join(rows)}</table>" for menu, rows in menus.items()]
        columns = QHBoxLayout()
        columns.setSpacing(30)
        half = (len(blocks) + 1) // 2
        for part in (blocks[:half], blocks[half:]):
            columns.addWidget(QLabel("".join(part)), 0, Qt.AlignmentFlag.AlignTop)
        buttons = button_box(QDialogButtonBox.StandardButton.Close)
        change = push_button("Change…", tip="Change the keys")
        buttons.addButton(change, QDialogButtonBox.ButtonRole.ActionRole)
        change.clicked.connect(self.accept)
        change.clicked.connect(table.actions["edit_shortcuts"].trigger)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 16, 24, 16)
        layout.setSpacing(16)
        layout.addLayout(columns)
        layout.addWidget(buttons)


class ShortcutEditor(QDialog):
    """Change keys; what two actions would share is told and cannot be taken.

    Signals
    -------
    changed : dict
        The keys that are not as delivered, by action.
    """

    changed = Signal(object)

    def __init__(self, table: ActionTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Change shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(560, 520)
        self._table = table
        self._specs = {s.name: s for s in table.specs}
        self._keys = {name: table.keys(name) for name in self._specs}
        self._names = list(self._specs)
        self._build()
        self._fill("")

    def _build(self) -> None:
        self.filter = named(QLineEdit(), accessible="Search for an action")
        self.filter.setPlaceholderText("Search")
        self.rows = named(QTableWidget(0, 2), accessible="Actions and their keys")
        self.rows.setHorizontalHeaderLabels(["Action", "Keys"])
        self.rows.verticalHeader().hide()
        self.rows.setShowGrid(False)
        self.rows.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.rows.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.rows.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.rows.setTabKeyNavigation(False)
        self.rows.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.rows.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.key_edit = named(QKeySequenceEdit(), tip="Press the new keys here", accessible="New keys")
        self.key_edit.setMaximumSequenceLength(1)
        self.set_button = push_button("Set", tip="Give the chosen action these keys")
        self.none_button = push_button("None", tip="Take the keys away")
        self.reset_button = push_button("Reset", tip="The keys as delivered, for the chosen action")
        self.reset_all_button = push_button("Reset all", tip="The keys as delivered, for every action")
        self.warning = label(style="warning")
        self.warning.setWordWrap(True)
        line = QHBoxLayout()
        line.addWidget(self.key_edit, 1)
        for button in (self.set_button, self.none_button, self.reset_button):
            line.addWidget(button)
        box = button_box(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        box.addButton(self.reset_all_button, QDialogButtonBox.ButtonRole.ResetRole)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 16)
        layout.setSpacing(10)
        layout.addWidget(self.filter)
        layout.addWidget(self.rows, 1)
        layout.addLayout(line)
        layout.addWidget(self.warning)
        layout.addWidget(box)
        self.filter.textChanged.connect(self._fill)
        self.rows.currentCellChanged.connect(self._on_row)
        self.key_edit.keySequenceChanged.connect(self._on_edit)
        self.set_button.clicked.connect(self._set)
        self.none_button.clicked.connect(self._none)
        self.reset_button.clicked.connect(self._reset)
        self.reset_all_button.clicked.connect(self._reset_all)
        box.accepted.connect(self._accept)
        box.rejected.connect(self.reject)

    @property
    def name(self) -> str:
        """The chosen action; empty: none."""
        row = self.rows.currentRow()
        return self._names[row] if 0 <= row < len(self._names) else ""

    def choose(self, name: str) -> None:
        """Choose an action."""
        self.rows.setCurrentCell(self._names.index(name), 0)

    def _fill(self, query: str) -> None:
        self._names = [n for n, s in self._specs.items() if score(query, s.words) is not None]
        self.rows.setRowCount(len(self._names))
        for row, name in enumerate(self._names):
            spec, keys = self._specs[name], self._keys[name]
            what = QTableWidgetItem(f"{spec.menu.replace('&', '')} › {spec.words}")
            which = QTableWidgetItem(" or ".join(map(shown_key, keys)) or "–")
            if keys != spec.keys:
                font = which.font()
                font.setBold(True)
                which.setFont(font)
            self.rows.setItem(row, 0, what)
            self.rows.setItem(row, 1, which)
        if self._names:
            self.rows.setCurrentCell(0, 0)
        self._on_row()

    def _on_row(self, *_: int) -> None:
        name = self.name
        keys = self._keys.get(name, ())
        self.key_edit.setKeySequence(QKeySequence(keys[0]) if keys else QKeySequence())
        for widget in (self.key_edit, self.none_button, self.reset_button):
            widget.setEnabled(bool(name))
        self._on_edit()

    def _on_edit(self, *_: object) -> None:
        key, name = self.key_edit.keySequence().toString(), self.name
        taken = conflicts({**self._keys, name: (key,)}, name) if key and name else []
        words = " and ".join(f"“{self._specs[n].words}”" for n in taken)
        self.warning.setText(f"{shown_key(key)} belongs to {words}; take it away there first." if taken else "")
        self.set_button.setEnabled(bool(name and key and not taken))

    def _change(self, keys: tuple[str, ...]) -> None:
        name, row = self.name, self.rows.currentRow()
        if name:
            self._keys[name] = keys
            self._fill(self.filter.text())
            self.rows.setCurrentCell(row, 0)

    def _set(self) -> None:
        self._change((self.key_edit.keySequence().toString(),))

    def _none(self) -> None:
        self._change(())

    def _reset(self) -> None:
        name = self.name
        if not name:
            return
        taken = conflicts({**self._keys, name: self._specs[name].keys}, name)
        if taken:
            words = " and ".join(f"“{self._specs[n].words}”" for n in taken)
            self.warning.setText(f"Its keys belong to {words} now; reset that first.")
            return
        self._change(self._specs[name].keys)

    def _reset_all(self) -> None:
        self._keys = {name: spec.keys for name, spec in self._specs.items()}
        self._fill(self.filter.text())

    def _accept(self) -> None:
        self._table.set_custom_keys({**self._table.custom_keys, **self._keys})
        self.changed.emit(self._table.custom_keys)
        self.accept()
