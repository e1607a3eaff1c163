"""The columns of a stranger's table, each with a role, a unit and a sensor that can be chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QEvent, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from m3n_studio.studio.look.icons import icon
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import combo, named
from m3n_studio.studio.projects.recipe_draft import ROLE_WORDS, ROLES, UNIT_WORDS, UNITS, Draft

Index = QModelIndex | QPersistentModelIndex
TITLE, ROLE, UNIT, SENSOR = range(4)
_HEADS = ("Column", "What it is", "Unit", "Sensor")
_NONE = QModelIndex()
_CHEVRON = 12


class ColumnModel(QAbstractTableModel):
    """A draft's columns as rows.

    Signals
    -------
    edited : Draft
        The user chose something.
    """

    edited = Signal(object)

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.draft: Draft | None = None
        self._theme = theme
        self._wrong: dict[int, str] = {}

    def show_draft(self, draft: Draft) -> None:
        """Show a draft."""
        same = self.draft is not None and len(self.draft.titles) == len(draft.titles)
        if not same:
            self.beginResetModel()
        self.draft, self._wrong = draft, {}
        if not same:
            self.endResetModel()
        elif draft.titles:
            self.dataChanged.emit(self.index(0, 0), self.index(len(draft.titles) - 1, SENSOR))

    def mark(self, wrong: dict[int, str]) -> None:
        """Mark columns that cannot be read, with why."""
        self._wrong = wrong
        if self.draft is not None and self.draft.titles:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.draft.titles) - 1, SENSOR))

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme

    def rowCount(self, parent: Index = _NONE) -> int:  # noqa: N802
        """Columns of the table."""
        return 0 if parent.isValid() or self.draft is None else len(self.draft.titles)

    def columnCount(self, parent: Index = _NONE) -> int:  # noqa: N802
        """Title, role, unit, sensor."""
        return 0 if parent.isValid() else len(_HEADS)

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """What the columns of this list are."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return _HEADS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Roles can be chosen; units and sensors where the role has them."""
        base = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return base | Qt.ItemFlag.ItemIsEditable if self.can_edit(index.row(), index.column()) else base

    def can_edit(self, row: int, column: int) -> bool:
        """Whether there is something to choose."""
        if self.draft is None or column == TITLE:
            return False
        kind = self.draft.uses[row].kind
        return column == ROLE or (column == UNIT and bool(kind)) or (column == SENSOR and kind in ("acc", "gyr"))

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A cell."""
        if self.draft is None or not index.isValid():
            return None
        row, column = index.row(), index.column()
        use = self.draft.uses[row]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            unit = self.draft.unit(row)
            shown = (self.draft.title(row), ROLE_WORDS[use.role], UNIT_WORDS.get(unit, unit), use.sensor)
            edited = ("", use.role, unit, use.sensor)
            return (edited if role == Qt.ItemDataRole.EditRole else shown)[column]
        if role == Qt.ItemDataRole.ForegroundRole:
            if row in self._wrong:
                return QBrush(QColor(self._theme.error_text))
            return QBrush(QColor(self._theme.text if use.role else self._theme.muted))
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._wrong.get(row) or self.draft.title(row)
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802
        """Take what was chosen."""
        if self.draft is None or role != Qt.ItemDataRole.EditRole:
            return False
        takes: dict[int, Callable[[int, str], Draft]] = {
            ROLE: self.draft.with_role, UNIT: self.draft.with_unit, SENSOR: self.draft.with_sensor
        }  # fmt: skip
        if index.column() not in takes or value == self.data(index, Qt.ItemDataRole.EditRole):
            return False
        self.edited.emit(takes[index.column()](index.row(), str(value).strip()))
        return True


class _Delegate(QStyledItemDelegate):
    """Choices in a cell: a box that opens at once; a line for the name of a sensor."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self.theme = theme

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:  # noqa: N802
        """The box or line."""
        model = index.model()
        if index.column() == SENSOR:
            line = QLineEdit(parent)
            line.setFrame(False)
            return named(line, accessible="Sensor the column belongs to", tip="Empty where there is only one sensor")
        title = model.index(index.row(), TITLE).data()
        box = combo(tip="", accessible=f"{_HEADS[index.column()]}: {title}")
        box.setParent(parent)
        box.setObjectName("cellBox")
        rows = ROLES
        if index.column() == UNIT and isinstance(model, ColumnModel) and model.draft is not None:
            rows = tuple((u, UNIT_WORDS.get(u, u)) for u in UNITS[model.draft.uses[index.row()].kind])
        for value, words in rows:
            box.addItem(words, value)
        box.activated.connect(lambda _: self._finish(box))
        return box

    def _finish(self, box: QComboBox) -> None:
        self.commitData.emit(box)
        self.closeEditor.emit(box)

    def setEditorData(self, editor: QWidget, index: Index) -> None:  # noqa: N802
        """Show what is chosen now, and open."""
        value = index.data(Qt.ItemDataRole.EditRole)
        if isinstance(editor, QComboBox):
            editor.setCurrentIndex(max(editor.findData(value), 0))
            if not editor.property("opened"):
                editor.setProperty("opened", True)
                editor.showPopup()
        elif isinstance(editor, QLineEdit):
            editor.setText(str(value))

    def setModelData(self, editor: QWidget, model: Any, index: Index) -> None:  # noqa: N802
        """Hand over what was chosen."""
        value = editor.currentData() if isinstance(editor, QComboBox) else getattr(editor, "text", str)()
        model.setData(index, value)

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:  # noqa: N802
        """What is chosen is drawn on the accent, whatever colour it has else."""
        super().initStyleOption(option, index)
        if option.state & QStyle.StateFlag.State_Selected:
            for role in (QPalette.ColorRole.Text, QPalette.ColorRole.HighlightedText):
                option.palette.setColor(role, QColor(self.theme.on_accent))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """The words, with a chevron where there is a choice."""
        super().paint(painter, option, index)
        if index.column() in (ROLE, UNIT) and index.flags() & Qt.ItemFlag.ItemIsEditable:
            rect = option.rect
            x, y = rect.right() - _CHEVRON - 4, rect.center().y() - _CHEVRON // 2
            pixmap = icon(f"chevron-{self.theme.name}", self.theme).pixmap(_CHEVRON, _CHEVRON)
            painter.drawPixmap(x, y, pixmap)


class ColumnTable(QTableView):
    """The list of columns; Enter, F2, Space or a click opens a choice."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = ColumnModel(theme, self)
        self.setModel(self.rows)
        self._delegate = _Delegate(theme, self)
        self.setItemDelegate(self._delegate)
        named(self, style="framed", accessible="Columns of the table and what they are")
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.EditKeyPressed | QAbstractItemView.EditTrigger.DoubleClicked
        )  # fmt: skip
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 12)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setSectionResizeMode(TITLE, QHeaderView.ResizeMode.Stretch)
        for column, sample in ((ROLE, "angular velocity x"), (UNIT, "date and time"), (SENSOR, "right foot")):
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            self.setColumnWidth(column, self.fontMetrics().horizontalAdvance(sample) + 30)
        self.clicked.connect(self._open)

    def _open(self, index: QModelIndex) -> None:
        if index.flags() & Qt.ItemFlag.ItemIsEditable:
            self.edit(index)

    def event(self, event: QEvent) -> bool:
        """Enter and Space open the choice at the current cell."""
        if event.type() == QEvent.Type.KeyPress and self.state() != QAbstractItemView.State.EditingState:
            key = event.key()  # type: ignore[attr-defined]
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
                self._open(self.currentIndex())
                return True
        return super().event(event)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.rows.set_theme(theme)
        self._delegate.theme = theme
