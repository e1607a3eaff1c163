"""The table of the label list: a model of any length and a view that keeps its keys."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QEvent, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QIcon, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from m3n_studio.studio.labels.class_dialog import swatch
from m3n_studio.studio.labels.label_entries import CLASS, COLUMNS, NOTE, START, Row, arranged
from m3n_studio.studio.look.widgets import named

Index = QModelIndex | QPersistentModelIndex
_NONE = QModelIndex()
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class LabelModel(QAbstractTableModel):
    """Rows in an order.

    Signals
    -------
    noted : Row, str
        A note was written into a row.
    """

    noted = Signal(object, str)

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self.column, self.back = START, False
        self.writes = True
        self._icons: dict[str, QIcon] = {}

    def set_rows(self, rows: list[Row]) -> None:
        """Show these."""
        self.beginResetModel()
        self.rows = arranged(rows, self.column, back=self.back)
        self.endResetModel()

    def rowCount(self, parent: Index = _NONE) -> int:  # noqa: N802
        """How many there are."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = _NONE) -> int:  # noqa: N802
        """How many there are."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Titles and their tips."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = COLUMNS[section]
        values = {
            Qt.ItemDataRole.DisplayRole: column.title, Qt.ItemDataRole.ToolTipRole: column.tip,
            Qt.ItemDataRole.TextAlignmentRole: _RIGHT if column.number else _LEFT,
        }  # fmt: skip
        return values.get(Qt.ItemDataRole(role))

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a cell says."""
        row, column = self.rows[index.row()], COLUMNS[index.column()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole, Qt.ItemDataRole.ToolTipRole):
            return column.text(row)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.number else _LEFT
        if role == Qt.ItemDataRole.DecorationRole and index.column() == CLASS:
            color = row.label.color
            if color not in self._icons:
                self._icons[color] = swatch(color)
            return self._icons[color]
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Notes can be written."""
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == NOTE and self.writes else flags

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802
        """Take a note."""
        row = self.rows[index.row()]
        if role != Qt.ItemDataRole.EditRole or value == row.annotation.note:
            return False
        self.noted.emit(row, str(value))
        return True

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """By a column."""
        self.column, self.back = column, order == Qt.SortOrder.DescendingOrder
        self.set_rows(self.rows)


class LabelTable(QTableView):
    """The rows.

    Signals
    -------
    delete_wanted, copy_wanted, go_wanted : (none)
        Delete, Ctrl+C and Return were pressed here.
    """

    delete_wanted = Signal()
    copy_wanted = Signal()
    go_wanted = Signal()

    def __init__(self, model: LabelModel) -> None:
        super().__init__()
        self.setModel(model)
        named(self, accessible="Labels as a list", tip="")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 9)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setStretchLastSection(True)
        head.setMinimumSectionSize(44)
        digits = self.fontMetrics().horizontalAdvance("0")
        for i, wide in enumerate((13, 9, 8, 16, 10, 10, 8, 6, 12)):
            self.setColumnWidth(i, wide * digits + 14)
        self.setSortingEnabled(True)
        self.sortByColumn(START, Qt.SortOrder.AscendingOrder)

    def event(self, event: QEvent) -> bool:
        """Delete and Copy are this table's while it has the keyboard, not the window's."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _own(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Delete, copy, go there."""
        if event.key() == Qt.Key.Key_Delete:
            self.delete_wanted.emit()
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy_wanted.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.go_wanted.emit()
        else:
            super().keyPressEvent(event)


def _own(event: QKeyEvent) -> bool:
    return event.key() == Qt.Key.Key_Delete or any(
        event.matches(k) for k in (QKeySequence.StandardKey.Copy, QKeySequence.StandardKey.SelectAll)
    )
