"""The list of proposals as it is painted and walked."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import named
from m3n_studio.studio.predictions.suggestion_model import Index, ProposalModel, headline, place
from m3n_studio.studio.predictions.suggestion_work import Proposal

_HEIGHT = 64
_RIGHT_PX = 74
_MARKS = {"accepted": "✓ accepted", "corrected": "✎ corrected", "rejected": "✗ rejected"}


class ProposalDelegate(QStyledItemDelegate):
    """Class with its colour, when, why; on the right how sure and what else it could be."""

    def __init__(self, theme: Theme, model: ProposalModel) -> None:
        super().__init__()
        self.theme, self._model = theme, model
        #: Colours of classes by name.
        self.colors: Mapping[str, str] = {}

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        """Three lines."""
        return QSize(240, max(_HEIGHT, 3 * option.fontMetrics.height() + 12))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """One proposal."""
        p, box, theme = self._model.rows[index.row()], QRectF(option.rect), self.theme
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(QPen(QColor(theme.accent), 1.5))
            painter.setBrush(QColor(theme.hover))
            painter.drawRoundedRect(box.adjusted(2, 1, -2, -1), 5, 5)
        if p.state:
            painter.setOpacity(0.6)
        room = box.adjusted(10, 5, -10, -5)
        self._head(painter, room, p)
        self._right(painter, room, p)
        third = room.height() / 3
        wide = round(room.width())
        painter.setPen(QColor(theme.muted))
        metrics = painter.fontMetrics()
        when = metrics.elidedText(place(p, where=self._model.where), Qt.TextElideMode.ElideMiddle, wide - _RIGHT_PX - 8)
        painter.drawText(QRectF(room.x(), room.y() + third, room.width() - _RIGHT_PX - 8, third), _LEFT, when)
        why = metrics.elidedText(p.reason, Qt.TextElideMode.ElideRight, wide)
        painter.drawText(QRectF(room.x(), room.y() + 2 * third, room.width(), third), _LEFT, why)
        painter.restore()

    def _head(self, painter: QPainter, room: QRectF, p: Proposal) -> None:
        """Coloured chips and the words of the first line."""
        third, size, x = room.height() / 3, 10.0, room.x()
        middle = room.y() + third / 2
        painter.setPen(Qt.PenStyle.NoPen)
        for name in (p.was, p.label) if p.kind in ("class", "swap") else (p.label,):
            painter.setBrush(QColor(self.colors.get(name, self.theme.muted)))
            painter.drawRoundedRect(QRectF(x, middle - size / 2, size, size), 3, 3)
            x += size + 3
        font = painter.font()
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor(self.theme.text))
        wide = room.right() - _RIGHT_PX - 8 - x - 3
        words = painter.fontMetrics().elidedText(headline(p), Qt.TextElideMode.ElideRight, round(wide))
        painter.drawText(QRectF(x + 3, room.y(), wide, third), _LEFT, words)
        font.setBold(False)
        painter.setFont(font)

    def _right(self, painter: QPainter, room: QRectF, p: Proposal) -> None:
        """How sure, or what became of it; under it the probabilities as a bar."""
        third = room.height() / 3
        left = room.right() - _RIGHT_PX
        painter.setPen(QColor(self.theme.muted if p.state else self.theme.text))
        words = _MARKS.get(p.state, f"{p.confidence:.0%}")
        painter.drawText(QRectF(left - 10, room.y(), _RIGHT_PX + 10, third), _RIGHT, words)
        if len(p.probability) != len(self._model.classes):
            return
        bar = QRectF(left, room.y() + third + third / 2 - 4, _RIGHT_PX, 8)
        shape = QPainterPath()
        shape.addRoundedRect(bar, 3, 3)
        painter.save()
        painter.setClipPath(shape)
        painter.fillRect(bar, QColor(self.theme.border))
        x, total = bar.x(), sum(p.probability) or 1.0
        for name, share in sorted(zip(self._model.classes, p.probability, strict=True), key=lambda c: -c[1]):
            wide = bar.width() * share / total
            painter.fillRect(QRectF(x, bar.y(), wide, bar.height()), QColor(self.colors.get(name, self.theme.muted)))
            x += wide
        painter.restore()


_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class ProposalList(QListView):
    """The list.

    Signals
    -------
    accept_wanted, reject_wanted : (none)
        Return and Backspace, as in the list of similar stretches.
    """

    accept_wanted = QtSignal()
    reject_wanted = QtSignal()

    def __init__(self, model: ProposalModel, delegate: ProposalDelegate) -> None:
        super().__init__()
        named(self, accessible="Suggestions")
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setModel(model)
        self.setItemDelegate(delegate)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
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
        if meaning == "walk" or not meaning:
            super().keyPressEvent(event)
        elif not event.isAutoRepeat():
            (self.accept_wanted if meaning == "accept" else self.reject_wanted).emit()


def _meaning(event: QKeyEvent) -> str:
    plain = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier == Qt.KeyboardModifier.NoModifier
    keys = {
        Qt.Key.Key_Return: "accept", Qt.Key.Key_Enter: "accept", Qt.Key.Key_Backspace: "reject",
        Qt.Key.Key_Delete: "reject", Qt.Key.Key_Up: "walk", Qt.Key.Key_Down: "walk",
    }  # fmt: skip
    return keys.get(Qt.Key(event.key()), "") if plain else ""
