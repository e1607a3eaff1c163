"""The command palette: everything one can do, found by a few letters, with the keyboard alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPalette, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QDialog,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from m3n_studio.studio.frame.fuzzy import search
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label, named

MAX_SHOWN = 200
_ROW_PX, _PAD_PX = 32, 12
_ROLE = int(Qt.ItemDataRole.UserRole)


@dataclass(frozen=True)
class Entry:
    """A line of the palette.

    Attributes
    ----------
    text : str
    kind : str
        E.g. ``"Playback"`` or ``"Recent file"``.
    keys : str
        Its shortcut, as shown.
    enabled : bool
    run : callable
        What it does.
    """

    text: str
    kind: str
    keys: str
    enabled: bool
    run: Callable[[], object]


class _Painter(QStyledItemDelegate):
    """Kind, text with the letters found, keys."""

    theme: Theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: N802
        """All rows are the same."""
        return QSize(200, max(_ROW_PX, option.fontMetrics.height() + 12))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """One row."""
        entry, places = index.data(_ROLE)
        theme, box = self.theme, QRect(option.rect)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected) and entry.enabled
        painter.save()
        if chosen:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.accent))
            painter.drawRoundedRect(box.adjusted(4, 1, -4, -1), 6, 6)
        quiet = QColor(theme.on_accent if chosen else theme.muted)
        loud = QColor(theme.on_accent if chosen else theme.text if entry.enabled else theme.muted)
        inner = box.adjusted(_PAD_PX + 4, 0, -_PAD_PX - 4, 0)
        metrics = painter.fontMetrics()
        right = entry.keys or ("not now" if not entry.enabled else "")
        painter.setPen(quiet)
        painter.drawText(inner, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, right)
        kind = f"{entry.kind}  "
        painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, kind)
        used = max(metrics.horizontalAdvance(kind), 110)
        room = inner.width() - used - metrics.horizontalAdvance(right) - 16
        self._text(painter, inner.adjusted(used, 0, 0, 0), entry.text, set(places), room, loud)
        painter.restore()

    @staticmethod
    def _text(painter: QPainter, box: QRect, text: str, places: set[int], room: int, color: QColor) -> None:
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room)
        plain, bold = painter.font(), painter.font()
        bold.setBold(True)
        bold.setUnderline(True)
        painter.setPen(color)
        x = box.left()
        for i, letter in enumerate(shown):
            painter.setFont(bold if i in places and letter == text[i : i + 1] else plain)
            painter.drawText(QRect(x, box.top(), 200, box.height()), Qt.AlignmentFlag.AlignVCenter, letter)
            x += painter.fontMetrics().horizontalAdvance(letter)
        painter.setFont(plain)


class Palette(QDialog):
    """A line to type in and what it finds; ↑ ↓ choose, Enter does it, Esc leaves.

    Parameters
    ----------
    entries : iterable of Entry
    """

    def __init__(self, entries: Iterable[Entry], theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Dialog | Qt.WindowType.FramelessWindowHint)
        self.setObjectName("palette")
        self.setWindowTitle("Commands")
        self.setAccessibleName("Commands")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._entries = tuple(entries)
        self._texts = [f"{e.text} {e.kind}" for e in self._entries]
        self.line = named(QLineEdit(), style="paletteLine", accessible="Search for a command")
        self.line.setPlaceholderText("Type a few letters of what you want to do")
        self.line.setClearButtonEnabled(False)
        self.model = QStandardItemModel(self)
        self.list = named(QListView(), style="paletteList", accessible="Commands found")
        self.list.setModel(self.model)
        self.list.setUniformItemSizes(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._painter = _Painter(self.list)
        self._painter.theme = theme
        self.list.setItemDelegate(self._painter)
        self.nothing = label("Nothing found", style="muted")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 10, 10, 10)
        layout.setSpacing(8)
        for widget in (self.line, self.list, self.nothing):
            layout.addWidget(widget)
        self.line.textChanged.connect(self._find)
        self.line.installEventFilter(self)
        self.list.clicked.connect(self._run)
        self._find("")
        self._place()

    def _place(self) -> None:
        window = self.parentWidget()
        width, height = 620, 420
        if window is not None:
            width, height = min(620, window.width() - 60), min(420, window.height() - 120)
            corner = window.mapToGlobal(window.rect().topLeft())
            self.move(corner.x() + (window.width() - width) // 2, corner.y() + 64)
        self.setFixedSize(width, height)

    @property
    def found(self) -> list[Entry]:
        """What is listed, best first."""
        return [self.model.index(i, 0).data(_ROLE)[0] for i in range(self.model.rowCount())]

    def _find(self, query: str) -> None:
        hits = search(query, self._entries, self._texts)[:MAX_SHOWN]
        self.model.clear()
        for entry, places in hits:
            item = QStandardItem(entry.text)
            item.setData((entry, places), _ROLE)
            item.setData(f"{entry.text}, {entry.kind}, {entry.keys}", Qt.ItemDataRole.AccessibleTextRole)
            item.setEnabled(entry.enabled)
            item.setEditable(False)
            self.model.appendRow(item)
        self.list.setVisible(bool(hits))
        self.nothing.setVisible(not hits)
        self._choose(next((i for i, (e, _) in enumerate(hits) if e.enabled), -1))

    def _choose(self, row: int) -> None:
        if row >= 0:
            self.list.setCurrentIndex(self.model.index(row, 0))

    def _step(self, by: int) -> None:
        """To the next line that can be used, round and round."""
        rows, row = self.model.rowCount(), self.list.currentIndex().row()
        for i in range(1, rows + 1):
            there = (row + by * i) % rows
            if self.model.index(there, 0).data(_ROLE)[0].enabled:
                self._choose(there)
                return

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Keys that choose, though the line has the focus."""
        if watched is self.line and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8,
                     Qt.Key.Key_Tab: 1, Qt.Key.Key_Backtab: -1}  # fmt: skip
            if event.key() in steps:
                if self.model.rowCount():
                    self._step(steps[Qt.Key(event.key())])
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._run(self.list.currentIndex())
                return True
        return bool(super().eventFilter(watched, event))

    def _run(self, index: QModelIndex) -> None:
        data = index.data(_ROLE) if index.isValid() else None
        if data is not None and data[0].enabled:
            self.accept()
            data[0].run()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._painter.theme = theme
        self.list.setPalette(QPalette(self.palette()))
