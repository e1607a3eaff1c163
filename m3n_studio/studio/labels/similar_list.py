"""The list of stretches found: score, a small picture, what became of each; walked with the keys."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractListModel, QEvent, QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from m3n_studio.studio.labels.similar_work import Found
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import named

Index = QModelIndex | QPersistentModelIndex
_NONE = QModelIndex()
_HEIGHT = 44
_PLOT_PX = 92


@dataclass(frozen=True)
class Match:
    """Something found and what became of it.

    Attributes
    ----------
    found : Found
    state : {"", "accepted", "rejected"}
    over : str
        What is labelled there already, for people; empty: nothing.
    label : str
        Id of the label it became.
    """

    found: Found
    state: str = ""
    over: str = ""
    label: str = ""


class MatchModel(QAbstractListModel):
    """Matches in order of their score."""

    def __init__(self) -> None:
        super().__init__()
        self.matches: list[Match] = []
        self.shape: NDArray[np.float64] = np.empty(0)

    def set_matches(self, matches: list[Match], shape: NDArray[np.float64]) -> None:
        """Show others."""
        self.beginResetModel()
        self.matches, self.shape = matches, shape
        self.endResetModel()

    def change(self, row: int, **fields: str) -> None:
        """Something became of one."""
        self.matches[row] = replace(self.matches[row], **fields)  # type: ignore[arg-type]
        self.dataChanged.emit(self.index(row), self.index(row))

    def rowCount(self, parent: Index = _NONE) -> int:  # noqa: N802
        """How many there are."""
        return 0 if parent.isValid() else len(self.matches)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """In words; the delegate paints it."""
        m = self.matches[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            f = m.found
            words = f"{f.score:.2f} · {f.where} · {f.start_s:.2f} to {f.end_s:.2f} s"
            return f"{words} · {note_of(m)}" if note_of(m) else words
        return None


def note_of(match: Match) -> str:
    """What became of a match, or what is there."""
    return {"accepted": "accepted", "rejected": "rejected"}.get(match.state, match.over and f"over {match.over}")


class MatchDelegate(QStyledItemDelegate):
    """Score, place, and the match in the accent over what was looked for."""

    def __init__(self, theme: Theme, model: MatchModel) -> None:
        super().__init__()
        self.theme, self._model = theme, model

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        """Two lines."""
        return QSize(260, _HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """One match."""
        m, box = self._model.matches[index.row()], QRectF(option.rect)
        theme = self.theme
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if chosen:
            painter.setPen(QPen(QColor(theme.accent), 1.5))
            painter.setBrush(QColor(theme.hover))
            painter.drawRoundedRect(box.adjusted(2, 1, -2, -1), 5, 5)
        faded = m.state == "rejected"
        self._words(painter, box.adjusted(10, 4, -_PLOT_PX - 22, -4), m, faded=faded)
        plot = QRectF(box.right() - _PLOT_PX - 10, box.top() + 7, _PLOT_PX, box.height() - 14)
        self._line(painter, plot, self._model.shape, theme.muted, 1.0)
        self._line(painter, plot, m.found.shape, theme.border if faded else theme.accent, 1.6)
        painter.restore()

    def _words(self, painter: QPainter, room: QRectF, m: Match, *, faded: bool) -> None:
        theme, metrics = self.theme, painter.fontMetrics()
        half = room.height() / 2
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.setPen(QColor(theme.muted if faded else theme.text))
        note = note_of(m)
        head = f"{m.found.score:.2f}" + (f"   {note}" if note else "")
        wide = round(room.width())
        text = metrics.elidedText(head, Qt.TextElideMode.ElideRight, wide)
        painter.drawText(QRectF(room.x(), room.y(), room.width(), half), left, text)
        painter.setPen(QColor(theme.muted))
        where = metrics.elidedText(f"{m.found.where} · {m.found.start_s:.2f} s", Qt.TextElideMode.ElideMiddle, wide)
        painter.drawText(QRectF(room.x(), room.y() + half, room.width(), half), left, where)

    @staticmethod
    def _line(painter: QPainter, room: QRectF, shape: NDArray[np.float64], color: str, width: float) -> None:
        if len(shape) < 2:
            return
        x = room.x() + room.width() * np.arange(len(shape)) / (len(shape) - 1)
        y = room.bottom() - room.height() * shape
        painter.setPen(QPen(QColor(color), width))
        painter.drawPolyline(QPolygonF([QPointF(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]))


class MatchList(QListView):
    """The list.

    Signals
    -------
    accept_wanted, reject_wanted : (none)
        Return and Backspace.
    """

    accept_wanted = QtSignal()
    reject_wanted = QtSignal()

    def __init__(self, model: MatchModel, delegate: MatchDelegate) -> None:
        super().__init__()
        named(self, accessible="Similar stretches")
        self.setModel(model)
        self.setItemDelegate(delegate)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)

    def event(self, event: QEvent) -> bool:
        """Keys of this list are its own while it has the keyboard."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _meaning(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Accept, reject, walk."""
        meaning = _meaning(event)
        if meaning == "accept":
            self.accept_wanted.emit()
        elif meaning == "reject":
            self.reject_wanted.emit()
        else:
            super().keyPressEvent(event)


def _meaning(event: QKeyEvent) -> str:
    plain = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier == Qt.KeyboardModifier.NoModifier
    keys = {
        Qt.Key.Key_Return: "accept", Qt.Key.Key_Enter: "accept", Qt.Key.Key_Backspace: "reject",
        Qt.Key.Key_Delete: "reject", Qt.Key.Key_Up: "walk", Qt.Key.Key_Down: "walk",
    }  # fmt: skip
    return keys.get(Qt.Key(event.key()), "") if plain else ""
