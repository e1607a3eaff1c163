"""How rows of a project's tree are drawn: the open session marked, findings, and how much is labelled as a bar."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from m3n_studio.project.values import ClipEntry, Recording, Session, Subject, Video
from m3n_studio.studio.look.icons import drawing, icon
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.projects.project_model import LABELLED, LENGTH, LEVEL, NAME, NODE, OPEN, SHARE

_ICONS: dict[type, str] = {Recording: "recording", Video: "play", ClipEntry: "motion"}
_BAR_PX, _SIGN_PX = 34, 14
Index = QModelIndex | QPersistentModelIndex


class ProjectDelegate(QStyledItemDelegate):
    """Draws the cells of a :class:`ProjectModel`."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        """A little air between the rows."""
        size = super().sizeHint(option, index)
        if index.column() == LABELLED:
            size.setWidth(option.fontMetrics.horizontalAdvance("100 %") + _BAR_PX + 20)
        return QSize(size.width(), max(size.height(), 24))

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:  # noqa: N802
        """Weight, colour and icon."""
        super().initStyleOption(option, index)
        node, theme = index.data(NODE), self._theme
        if node is None:
            return
        is_open = index.sibling(index.row(), NAME).data(OPEN)
        option.font.setBold(bool(is_open) or node.kind is Subject)
        muted = index.column() != NAME or node.kind not in (Subject, Session)
        chosen = option.state & QStyle.StateFlag.State_Selected
        if not chosen:
            color = theme.accent if is_open and index.column() == NAME else theme.muted if muted else theme.text
            option.palette.setColor(QPalette.ColorRole.Text, QColor(color))
        if index.column() == NAME and node.kind in _ICONS:
            option.features |= QStyleOptionViewItem.ViewItemFeature.HasDecoration
            ground = theme.on_accent if chosen else theme.muted
            option.icon = icon(_ICONS[node.kind], theme, color=ground, checked=ground)
            option.decorationSize = QSize(14, 14)
        if index.column() == NAME and index.data(LEVEL) in ("warning", "reject"):
            taken = _SIGN_PX + 14 + (20 if node.kind in _ICONS else 0)
            elide, room = Qt.TextElideMode.ElideRight, option.rect.width() - taken
            option.text = QFontMetrics(option.font).elidedText(option.text, elide, room)
        if index.column() in (LENGTH, LABELLED):
            option.displayAlignment = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """The cell, and on it the bar or the sign of a finding."""
        super().paint(painter, option, index)
        rect = QRectF(option.rect)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if index.column() == LABELLED:
            share = index.data(SHARE)
            if share is not None:
                self._paint_bar(painter, rect, float(share), chosen)
        elif index.column() == NAME and index.data(LEVEL) in ("warning", "reject"):
            color = self._theme.on_accent if chosen else (
                self._theme.error_text if index.data(LEVEL) == "reject" else self._theme.difference
            )  # fmt: skip
            at = QRectF(rect.right() - _SIGN_PX - 3, rect.center().y() - _SIGN_PX / 2, _SIGN_PX, _SIGN_PX)
            painter.drawPixmap(at.toRect(), drawing("warning", color, _SIGN_PX))

    def _paint_bar(self, painter: QPainter, rect: QRectF, share: float, chosen: bool) -> None:
        bar = QRectF(rect.left() + 6, rect.center().y() - 2, _BAR_PX, 4)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        ground = QColor(self._theme.on_accent if chosen else self._theme.border)
        ground.setAlphaF(0.4 if chosen else 1.0)
        painter.setBrush(ground)
        painter.drawRoundedRect(bar, 2, 2)
        if share > 0:
            painter.setBrush(QColor(self._theme.on_accent if chosen else self._theme.accent))
            painter.drawRoundedRect(QRectF(bar.left(), bar.top(), max(bar.width() * share, 3.0), 4), 2, 2)
        painter.restore()
