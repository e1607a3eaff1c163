"""The list of windows that are like a sentence: similarity, whose, when, a small picture; several can be chosen."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from m3n_studio.studio.embedding.matrix_paint import signed
from m3n_studio.studio.embedding.similarity_work import Answer, Hit
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import named

Index = QModelIndex | QPersistentModelIndex
_NONE = QModelIndex()
_HEIGHT, _PLOT_PX, _BAR_PX = 44, 92, 46


class HitModel(QAbstractListModel):
    """Windows, the most alike first."""

    def __init__(self) -> None:
        super().__init__()
        self.answer: Answer | None = None
        self.labels: dict[int, str] = {}
        self._range = (0.0, 1.0)

    @property
    def hits(self) -> tuple[Hit, ...]:
        """What is listed."""
        return () if self.answer is None else self.answer.hits

    def set_answer(self, answer: Answer | None, labels: dict[int, str]) -> None:
        """Show another; `labels` says what is labelled there already, by row."""
        self.beginResetModel()
        self.answer, self.labels = answer, labels
        self._range = (0.0, 1.0) if answer is None else (float(answer.score.min()), float(answer.score.max()))
        self.endResetModel()

    def set_labels(self, labels: dict[int, str]) -> None:
        """Other labels are there now."""
        if labels != self.labels and self.hits:
            self.labels = labels
            self.dataChanged.emit(self.index(0), self.index(len(self.hits) - 1))

    def rowCount(self, parent: Index = _NONE) -> int:  # noqa: N802
        """How many there are."""
        return 0 if parent.isValid() else len(self.hits)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """In words; the delegate paints it."""
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            h = self.hits[index.row()]
            there = self.labels.get(index.row(), "")
            words = f"{signed(h.score)} · {h.where} · {h.start_s:.1f} to {h.end_s:.1f} s"
            return f"{words} · labelled {there}" if there else words
        return None

    def share(self, score: float) -> float:
        """Where a similarity lies between those of the least and the most similar window, 0 to 1."""
        low, high = self._range
        return min(max((score - low) / (high - low), 0.0), 1.0) if high > low else 1.0

    def shape(self, row: int) -> NDArray[np.float32]:
        """The small picture of a row (48,)."""
        if self.answer is None:
            return np.zeros(0, dtype=np.float32)
        return self.answer.of.shapes[self.hits[row].index]


class HitDelegate(QStyledItemDelegate):
    """Similarity as a bar and a figure, place and time, the window's acceleration."""

    def __init__(self, theme: Theme, model: HitModel) -> None:
        super().__init__()
        self.theme, self._model = theme, model

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        """Two lines."""
        return QSize(260, _HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """One window."""
        row, box = index.row(), QRectF(option.rect)
        hit, theme = self._model.hits[row], self.theme
        state: Any = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if state & QStyle.StateFlag.State_Selected:
            painter.setPen(QPen(QColor(theme.accent), 1.5))
            painter.setBrush(QColor(theme.hover))
            painter.drawRoundedRect(box.adjusted(2, 1, -2, -1), 5, 5)
        self._score(painter, QRectF(box.left() + 10, box.top(), _BAR_PX, box.height()), hit.score)
        plot = QRectF(box.right() - _PLOT_PX - 10, box.top() + 7, _PLOT_PX, box.height() - 14)
        words = QRectF(
            box.left() + _BAR_PX + 22, box.top() + 4, box.width() - _BAR_PX - _PLOT_PX - 44, box.height() - 8
        )
        self._words(painter, words, hit, self._model.labels.get(row, ""))
        self._line(painter, plot, self._model.shape(row))
        painter.restore()

    def _score(self, painter: QPainter, room: QRectF, score: float) -> None:
        painter.setPen(QColor(self.theme.text))
        painter.drawText(room.adjusted(0, 4, 0, -14), Qt.AlignmentFlag.AlignCenter, signed(score))
        track = QRectF(room.left(), room.bottom() - 13, room.width(), 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.theme.border))
        painter.drawRoundedRect(track, 2, 2)
        painter.setBrush(QColor(self.theme.accent))
        wide = max(track.width() * self._model.share(score), 3)
        painter.drawRoundedRect(QRectF(track.left(), track.top(), wide, 4), 2, 2)

    def _words(self, painter: QPainter, room: QRectF, hit: Hit, labelled: str) -> None:
        metrics, half, wide = painter.fontMetrics(), room.height() / 2, round(room.width())
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        subject, _, session = hit.where.partition("/")
        painter.setPen(QColor(self.theme.text))
        where = metrics.elidedText(f"{subject} · {session}", Qt.TextElideMode.ElideMiddle, wide)
        painter.drawText(QRectF(room.x(), room.y(), room.width(), half), left, where)
        painter.setPen(QColor(self.theme.muted))
        when = f"{hit.start_s:.1f} to {hit.end_s:.1f} s" + (f" · {labelled}" if labelled else "")
        when = metrics.elidedText(when, Qt.TextElideMode.ElideRight, wide)
        painter.drawText(QRectF(room.x(), room.y() + half, room.width(), half), left, when)

    def _line(self, painter: QPainter, room: QRectF, shape: NDArray[np.float32]) -> None:
        if len(shape) < 2:
            return
        x = room.x() + room.width() * np.arange(len(shape)) / (len(shape) - 1)
        y = room.bottom() - room.height() * shape
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(self.theme.real), 1.4))
        painter.drawPolyline(QPolygonF([QPointF(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]))


class HitList(QListView):
    """The list; arrows walk, Shift and Ctrl choose several."""

    def __init__(self, model: HitModel, delegate: HitDelegate) -> None:
        super().__init__()
        named(self, accessible="Windows like the sentence")
        self.setModel(model)
        self.setItemDelegate(delegate)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Two rows; it takes what room there is."""
        return QSize(260, 2 * _HEIGHT + 8)

    def rows(self) -> list[int]:
        """Those chosen, in order."""
        return sorted(i.row() for i in self.selectionModel().selectedIndexes())
