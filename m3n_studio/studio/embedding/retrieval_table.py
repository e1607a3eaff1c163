"""How well text, pose and signals find one another, as a small table with chance beside every number."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from m3n_studio.studio.embedding.similarity_busy import Wrapped
from m3n_studio.studio.embedding.similarity_work import Measured
from m3n_studio.studio.look.widgets import label, named

_COLUMNS = ("R@1", "R@2", "R@5", "MRR")
_TIPS = (
    "Share of queries with a right answer first, %; under it: of a random order",
    "… among the first two, %", "… among the first five, %", "Mean reciprocal rank of the first right answer, %",
)  # fmt: skip


class _Table(QTableWidget):
    def sizeHint(self) -> QSize:  # noqa: N802
        """Low: it takes what room there is."""
        return QSize(280, 110)


class RetrievalTable(QWidget):
    """Numbers beside a matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.table = named(_Table(0, 1 + len(_COLUMNS)), style="framed", accessible="Retrieval, percent")
        self.table.setHorizontalHeaderLabels(["%", *_COLUMNS])
        for i, tip in enumerate(_TIPS):
            item = QTableWidgetItem(_COLUMNS[i])
            item.setToolTip(tip)
            self.table.setHorizontalHeaderItem(i + 1, item)
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(30)
        self.table.setWordWrap(True)
        self.zero = Wrapped(style="muted", accessible="Classes named by sentences alone")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(label("Retrieval", style="heading"))
        layout.addWidget(self.table, 1)
        layout.addWidget(self.zero)

    def show_numbers(self, of: Measured | None) -> None:
        """Show what was measured; None: nothing."""
        found = {} if of is None else of.found
        self.table.setRowCount(len(found))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for row, (name, one) in enumerate(found.items()):
            head = QTableWidgetItem(name.replace("->", "→").replace("_", " "))
            head.setToolTip(f"{one.queries} queries among {one.candidates}")
            self.table.setItem(row, 0, head)
            values = [*one.recall.items(), ("mrr", one.mrr)]
            for column, (at, value) in enumerate(values):
                chance = one.chance["mrr" if at == "mrr" else f"R@{at}"]
                item = QTableWidgetItem(f"{100 * value:.1f}\n({100 * chance:.1f})")
                item.setTextAlignment(right)
                item.setToolTip(f"{100 * value:.2f} %; a random order finds {100 * chance:.2f} %")
                self.table.setItem(row, 1 + column, item)
        for row in range(len(found)):
            self.table.setRowHeight(row, 2 * self.table.fontMetrics().height() + 10)
        self.zero.setText(_zero_words(of))
        self.zero.setToolTip(_zero_tip(of))


def _zero_words(of: Measured | None) -> str:
    if of is None:
        return ""
    if of.named is None:
        return "Zero-shot: needs text and labelled windows."
    return (f"Zero-shot by sentences alone: macro F1 {100 * of.named.macro_f1:.1f} %, accuracy"
            f" {100 * of.named.accuracy:.1f} % on {of.named.windows} windows.")  # fmt: skip


def _zero_tip(of: Measured | None) -> str:
    if of is None or of.named is None:
        return ""
    return "F1 by class\n" + "\n".join(
        f"{name}: {'not met' if value is None else f'{100 * value:.1f} %'}" for name, value in of.named.f1.items()
    )
