"""Correlations of the stated attributes as a small table to type into."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from m3n_studio.studio.attributes.attributes_model import BY_NAME

_SLACK = 16


class CorrelationTable(QTableWidget):
    """The lower half can be edited; the upper mirrors it.

    Signals
    -------
    changed : none
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.names: tuple[str, ...] = ()
        self.matrix: NDArray[np.float64] = np.eye(0)
        self.setAccessibleName("Correlations")
        self.setToolTip("Correlation of two attributes, -1 to 1; edit the numbers below the diagonal")
        self.setEditTriggers(QAbstractItemView.EditTrigger.AllEditTriggers)
        self.setFrameShape(QTableWidget.Shape.NoFrame)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setMinimumSectionSize(20)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(24)
        self.cellChanged.connect(self._on_cell)

    def show_matrix(self, names: Sequence[str], matrix: NDArray[np.float64]) -> None:
        """Show correlations (M, M) of attributes by name."""
        self.names, self.matrix = tuple(names), np.array(matrix, dtype=np.float64)
        titles = [BY_NAME[n].title for n in names]
        with QSignalBlocker(self):
            self.setRowCount(len(names))
            self.setColumnCount(len(names))
            self.setVerticalHeaderLabels([f"{i + 1}  {title}" for i, title in enumerate(titles)])
            self.setHorizontalHeaderLabels([str(i + 1) for i in range(len(titles))])
            for i in range(len(names)):
                for j in range(len(names)):
                    self._put(i, j)
        edges = 2 * self.frameWidth() + self.contentsMargins().top() + self.contentsMargins().bottom()
        self.setFixedHeight(24 * len(names) + self.horizontalHeader().sizeHint().height() + edges + _SLACK)

    def _put(self, i: int, j: int) -> None:
        item = QTableWidgetItem(f"{self.matrix[i, j]:.2f}")
        item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
        if i <= j:
            item.setFlags(Qt.ItemFlag.ItemIsEnabled)
        self.setItem(i, j, item)

    def _on_cell(self, i: int, j: int) -> None:
        item = self.item(i, j)
        try:
            value = float((item.text() if item else "").replace(",", "."))
        except ValueError:
            value = float("nan")
        if i > j and -1.0 <= value <= 1.0:
            self.matrix[i, j] = self.matrix[j, i] = value
        with QSignalBlocker(self):
            self._put(i, j)
            self._put(j, i)
        if i > j:
            self.changed.emit()
