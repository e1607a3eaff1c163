"""Pictures of what there is to learn from: a bar a class, and a parted bar beside every subject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QSizePolicy, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import named

ROW_PX, _NAME_PX, _FIGURES_PX, _BAR_PX = 24, 112, 132, 10
PARTS = Qt.ItemDataRole.UserRole + 1
FIGURES = Qt.ItemDataRole.UserRole + 2


@dataclass(frozen=True)
class Bar:
    """A class: its name, colour, time, s, and windows."""

    name: str
    color: str
    seconds: float
    windows: int


def minutes_text(seconds: float) -> str:
    """A duration for people, in minutes where it is longer than one."""
    return f"{seconds:.0f} s" if seconds < 60 else f"{seconds / 60:,.1f} min"


def figures_text(seconds: float, windows: int) -> str:
    """Time and windows for people."""
    return f"{minutes_text(seconds)} · {windows:,}"


class ClassBars(QWidget):
    """A bar a class: how much of it there is with those who take part."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        named(self, accessible="Labelled time by class",
              tip="Labelled time of those who take part, and windows cut from it (gaps aside)")  # fmt: skip
        self.theme = theme
        self.bars: tuple[Bar, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_bars(self, bars: Sequence[Bar]) -> None:
        """Show these."""
        self.bars = tuple(bars)
        self.setAccessibleDescription("; ".join(f"{b.name}: {figures_text(b.seconds, b.windows)}" for b in bars))
        self.setFixedHeight(max(ROW_PX * len(self.bars), 1))
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """A line a class."""
        return QSize(260, ROW_PX * max(len(self.bars), 1))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Name, bar, figures."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        longest = max((b.seconds for b in self.bars), default=0.0) or 1.0
        for i, bar in enumerate(self.bars):
            figures, row = figures_text(bar.seconds, bar.windows), QRectF(0, i * ROW_PX, self.width(), ROW_PX)
            room = _line(painter, row, bar.name, figures, QColor(self.theme.text), QColor(self.theme.muted))
            parts = ((bar.color, bar.seconds),) if bar.seconds > 0 else ()
            _bar(painter, room, parts, longest, QColor(self.theme.plot_grid))
        painter.end()


def _line(painter: QPainter, row: QRectF, name: str, figures: str, color: QColor, muted: QColor) -> QRectF:
    """Write name and figures; the room left for a bar between them."""
    metrics = painter.fontMetrics()
    middle = Qt.AlignmentFlag.AlignVCenter
    left = min(_NAME_PX, row.width() * 0.34)
    right = min(_FIGURES_PX, row.width() * 0.42)
    painter.setPen(color)
    painter.drawText(QRectF(row.x(), row.y(), left - 6, row.height()), middle | Qt.AlignmentFlag.AlignLeft,
                     metrics.elidedText(name, Qt.TextElideMode.ElideRight, int(left - 6)))  # fmt: skip
    painter.setPen(muted)
    painter.drawText(QRectF(row.right() - right, row.y(), right, row.height()), middle | Qt.AlignmentFlag.AlignRight,
                     figures)  # fmt: skip
    return QRectF(row.x() + left, row.center().y() - _BAR_PX / 2, row.width() - left - right - 4, _BAR_PX)


def _bar(painter: QPainter, room: QRectF, parts: Sequence[tuple[str, float]], longest: float, ground: QColor) -> None:
    """A bar of coloured parts on its ground."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(room, 3, 3)
    x = room.x()
    for color, size in parts:
        wide = max(room.width() * size / longest, 1.0)
        painter.setBrush(QColor(color))
        painter.drawRoundedRect(QRectF(x, room.y(), wide, room.height()), 2, 2)
        x += wide


class SubjectDelegate(QStyledItemDelegate):
    """A subject's row: tick, name, what they did as a parted bar, figures."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme = theme
        self.longest = 1.0
        self.colors: Mapping[str, str] = {}

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: N802
        """One line."""
        return QSize(120, ROW_PX + 2)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """The tick as the style has it, the rest ours."""
        whole = QStyleOptionViewItem(option)
        self.initStyleOption(whole, index)
        whole.text = ""
        style = whole.widget.style() if whole.widget is not None else QApplication.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, whole, painter, whole.widget)
        box = style.subElementRect(QStyle.SubElement.SE_ItemViewItemCheckIndicator, whole, whole.widget)
        picked = bool(whole.state & QStyle.StateFlag.State_Selected)
        on = Qt.CheckState(index.data(Qt.ItemDataRole.CheckStateRole)) == Qt.CheckState.Checked
        text = QColor(self.theme.on_accent if picked else self.theme.text if on else self.theme.muted)
        muted = QColor(self.theme.on_accent if picked else self.theme.muted)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        row = QRectF(whole.rect)
        row.setLeft(box.right() + 8)
        row.setRight(row.right() - 4)
        room = _line(painter, row, str(index.data()), str(index.data(FIGURES)), text, muted)
        if not on:
            painter.setOpacity(0.35)
        parts = [(self.colors.get(name, self.theme.muted), seconds) for name, seconds in index.data(PARTS) or ()]
        _bar(painter, room, parts, self.longest, QColor(self.theme.plot_grid))
        painter.restore()
