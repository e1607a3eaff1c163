"""Which expert answers for which class: mean gates as a table of heat, by predicted class or by label."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QTableView, QVBoxLayout, QWidget

from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import combo, label, named
from m3n_studio.studio.predictions.bands import heat_table
from m3n_studio.studio.predictions.gate_rows import by_class, experts_of
from m3n_studio.studio.predictions.strip_paint import Group, ink_on

_ROLE = Qt.ItemDataRole
_Index = QModelIndex | QPersistentModelIndex
NO_EXPERTS = (
    "This model has no experts: one head decides for all classes.\n\n"
    "Methods with experts, as multi3net_plus, show here which expert answers for which class."
)


class GateModel(QAbstractTableModel):
    """Rows are experts, columns are classes."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self.classes: tuple[str, ...] = ()
        self.mean: NDArray[np.float64] = np.zeros((0, 0))
        self.count: NDArray[np.int64] = np.zeros(0, dtype=np.int64)

    def show(self, classes: tuple[str, ...], mean: NDArray[np.float64], count: NDArray[np.int64]) -> None:
        """Show mean gates (E, C) of so many windows (C,)."""
        self.beginResetModel()
        self.classes, self.mean, self.count = classes, mean, count
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008, N802
        """Experts."""
        return 0 if parent.isValid() else self.mean.shape[0]

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008, N802
        """Classes."""
        return 0 if parent.isValid() else self.mean.shape[1]

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _ROLE.DisplayRole) -> object:  # noqa: N802
        """Class names, expert numbers."""
        across = orientation == Qt.Orientation.Horizontal
        if role == _ROLE.DisplayRole:
            return self.classes[section] if across else f"Expert {section + 1}"
        if role == _ROLE.ToolTipRole and across:
            return f"{self.classes[section]}: {self.count[section]} windows"
        return None

    def data(self, index: _Index, role: int = _ROLE.DisplayRole) -> object:
        """A gate in per cent, on its heat."""
        value = float(self.mean[index.row(), index.column()])
        if role == _ROLE.DisplayRole:
            return "–" if np.isnan(value) else f"{100 * value:.0f} %"
        if role == _ROLE.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignCenter)
        if role in (_ROLE.BackgroundRole, _ROLE.ForegroundRole) and not np.isnan(value):
            table = heat_table(self.theme.heat)
            color = f"#{int(table[round(min(max(value, 0.0), 1.0) * (len(table) - 1))]) & 0xFFFFFF:06x}"
            return QColor(color if role == _ROLE.BackgroundRole else ink_on(color, self.theme))
        if role == _ROLE.ToolTipRole:
            name, n = self.classes[index.column()], self.count[index.column()]
            known = "no window" if np.isnan(value) else f"mean gate {100 * value:.1f} % over {n} windows"
            return f"Expert {index.row() + 1}, {name}: {known}"
        return None


class ExpertTable(QWidget):
    """The table with its choice of what columns are."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.model = GateModel(theme)
        self._group: Group | None = None
        self.by = combo(tip="Classes as the model says, or as they are labelled", accessible="What the columns are")
        self.by.addItem("By predicted class", False)
        self.by.addItem("By label", True)
        self.by.currentIndexChanged.connect(self._fill)
        self.caption = label(style="muted", accessible="Whose experts")
        self.caption.setMinimumWidth(40)
        self.table = named(QTableView(), style="framed", accessible="Mean gate of each expert by class")
        self.table.setModel(self.model)
        self.table.setEditTriggers(QTableView.EditTrigger.NoEditTriggers)
        self.table.setCornerButtonEnabled(False)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setMinimumSectionSize(62)
        self.none = label(NO_EXPERTS, style="muted")
        self.none.setWordWrap(True)
        self.none.setAlignment(Qt.AlignmentFlag.AlignCenter)
        top = QHBoxLayout()
        top.addWidget(self.by)
        top.addWidget(self.caption, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addLayout(top)
        whole.addWidget(self.table, 1)
        whole.addWidget(self.none, 1)
        self.show_group(None)

    def show_group(self, group: Group | None) -> None:
        """Show the experts of a model."""
        self._group = group
        self._fill()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.model.theme = theme
        self._fill()

    def _fill(self) -> None:
        group = self._group
        found = None if group is None else group.found
        there = experts_of(found) > 0
        self.table.setVisible(there)
        self.by.setVisible(there)
        self.none.setVisible(not there)
        if group is None or found is None or not there:
            self.caption.setText("")
            return
        labels = group.labels if self.by.currentData() else None
        mean, count = by_class(found, group.fold, labels)
        which = "mean of all folds" if group.fold < 0 else f"fold {group.fold + 1}"
        folds = f", {which}" if len(found.mean_gates) > 1 else ""
        self.caption.setText(f"{group.name}{folds}: {int(count.sum())} windows")
        self.caption.setToolTip(f"Mean gate of each expert of {group.name}{folds}, by class")
        self.model.show(found.classes, mean, count)
