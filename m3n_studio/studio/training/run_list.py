"""The list of runs: two lines each, how they stand, and how far those are that run now."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QKeySequence, QPainter, QPen
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from m3n_studio.studio.core.run_shelf import RunEntry
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import named
from m3n_studio.studio.training.plot_marks import duration, line_color, started

_ROW = Qt.ItemDataRole.UserRole
_KINDS = {"pretrain": "Pretrain", "finetune": "Finetune"}
_INDEX = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class RunRow:
    """A run as the list paints it.

    Attributes
    ----------
    entry : RunEntry
    share : float
        How far it is, 0 to 1; nan where it is not known.
    eta_s : float
        At most still to go, s; nan where it is not known.
    so_far : str
        Of a run without a result yet, what it has reached.
    """

    entry: RunEntry
    share: float = math.nan
    eta_s: float = math.nan
    so_far: str = ""

    @property
    def result(self) -> str:
        """What came out."""
        return result_words(self.entry.metrics) or self.so_far

    @property
    def about(self) -> str:
        """What it is, in one line."""
        e = self.entry
        parts = (_KINDS.get(e.kind, e.kind), e.method, started(e.created_at), "elsewhere" if e.elsewhere else "")
        return " · ".join(p for p in parts if p) or e.message

    @property
    def standing(self) -> str:
        """How it stands."""
        if not self.entry.live:
            return self.entry.status
        left = f" · {duration(self.eta_s)} left" if math.isfinite(self.eta_s) and self.eta_s > 0 else ""
        return f"{100 * self.share:.0f} %{left}" if math.isfinite(self.share) else "running"


def result_words(metrics: Mapping[str, object]) -> str:
    """A result in a few characters; empty where there is none."""
    mean, std, loss = metrics.get("mean"), metrics.get("std"), metrics.get("loss")
    if isinstance(mean, dict) and isinstance(std, dict):
        value, spread = mean.get("macro_f1"), std.get("macro_f1")
        if isinstance(value, int | float) and isinstance(spread, int | float):
            return f"F1 {100 * value:.1f} ± {100 * spread:.1f}"
    return f"loss {loss:.3f}" if isinstance(loss, int | float) else ""


class RunModel(QAbstractListModel):
    """Runs, the newest first."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[RunRow] = []

    def set_rows(self, rows: list[RunRow]) -> None:
        """Show these; what is chosen stays where the same runs are there."""
        if [r.entry.path for r in rows] != [r.entry.path for r in self.rows]:
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()
            return
        for i, (old, new) in enumerate(zip(self.rows, rows, strict=True)):
            if old != new:
                self.rows[i] = new
                self.dataChanged.emit(self.index(i), self.index(i))

    def rowCount(self, parent: _INDEX | None = None) -> int:  # noqa: N802
        """How many."""
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def data(self, index: _INDEX, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Words, the row itself, a tooltip."""
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        row = self.rows[index.row()]
        if role == _ROW:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return ", ".join(w for w in (row.entry.name, row.about, row.standing, row.result) if w)
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join(w for w in (row.entry.path, row.about, row.standing, row.entry.message) if w)
        return None


class _Painter(QStyledItemDelegate):
    """Name and result; what it is and how it stands; a bar where it runs."""

    def __init__(self, theme: Theme, number_of: Callable[[str], int]) -> None:
        super().__init__()
        self.theme, self._number_of = theme, number_of

    def sizeHint(self, option: QStyleOptionViewItem, index: _INDEX) -> QSize:  # noqa: N802
        """Two lines and some air."""
        return QSize(160, 2 * option.fontMetrics.height() + 18)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _INDEX) -> None:
        """One run."""
        row = index.data(_ROW)
        if not isinstance(row, RunRow):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        box = QRectF(option.rect).adjusted(2, 1, -2, -1)
        if chosen or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self.theme.hover if chosen else self.theme.plot_grid))
            painter.drawRoundedRect(box, 6, 6)
        number = self._number_of(row.entry.path)
        if chosen:
            color = line_color(self.theme, number) if number >= 0 else self.theme.accent
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(color))
            painter.drawRoundedRect(QRectF(box.left(), box.top() + 4, 3, box.height() - 8), 1.5, 1.5)
        if option.state & QStyle.StateFlag.State_HasFocus and option.state & QStyle.StateFlag.State_KeyboardFocusChange:
            painter.setPen(QPen(QColor(self.theme.accent), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), 6, 6)
        self._words(painter, option, row, box.adjusted(10, 6, -8, -7))
        if row.entry.live:
            self._bar(painter, row.share, QRectF(box.left() + 10, box.bottom() - 5, box.width() - 18, 3))
        painter.restore()

    def _words(self, painter: QPainter, option: QStyleOptionViewItem, row: RunRow, box: QRectF) -> None:
        theme, high = self.theme, option.fontMetrics.height()
        bold = QFont(option.font)
        bold.setWeight(QFont.Weight.DemiBold)
        status = {"failed": theme.error_text, "unreadable": theme.error_text, "running": theme.accent,
                  "interrupted": theme.real, "cancelled": theme.real}.get(row.entry.status, theme.muted)  # fmt: skip
        lines = (
            (row.entry.name, theme.text, bold, row.result, theme.text, box.top()),
            (row.about, theme.muted, option.font, row.standing, status, box.top() + high + 3),
        )
        for left, left_color, font, right, right_color, top in lines:
            painter.setFont(option.font)
            room = painter.fontMetrics().horizontalAdvance(right) + 10 if right else 0
            place = QRectF(box.left(), top, box.width(), high)
            painter.setPen(QColor(right_color))
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, right)
            painter.setFont(font)
            painter.setPen(QColor(left_color))
            wide = int(box.width()) - room
            painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
                             painter.fontMetrics().elidedText(left, Qt.TextElideMode.ElideRight, wide))  # fmt: skip

    def _bar(self, painter: QPainter, share: float, box: QRectF) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.theme.border))
        painter.drawRoundedRect(box, 1.5, 1.5)
        if math.isfinite(share):
            painter.setBrush(QColor(self.theme.accent))
            done = QRectF(box.left(), box.top(), max(box.width() * share, 3), box.height())
            painter.drawRoundedRect(done, 1.5, 1.5)


class RunList(QListView):
    """Runs to choose from; several are compared.

    Signals
    -------
    chosen_changed : (none)
    menu_wanted : QPoint
        Global.
    remove_wanted, copy_wanted : (none)
    """

    chosen_changed = Signal()
    menu_wanted = Signal(QPoint)
    remove_wanted = Signal()
    copy_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        named(self, accessible="Training runs")
        self.runs = RunModel()
        self.setModel(self.runs)
        self._painter = _Painter(theme, self._number_of)
        self.setItemDelegate(self._painter)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(lambda at: self.menu_wanted.emit(self.viewport().mapToGlobal(at)))
        self.selectionModel().selectionChanged.connect(lambda *_: self._on_selection())
        self._chosen: tuple[str, ...] = ()
        self._filling = False
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._painter.theme = theme
        self.setStyleSheet(
            f"QListView {{ background: transparent; border: 1px solid {theme.border}; border-radius: 6px; outline: 0;"
            f" padding: 2px; }} QListView:focus {{ border: 2px solid {theme.accent}; padding: 1px; }}"
        )
        self.viewport().update()

    def set_rows(self, rows: list[RunRow]) -> None:
        """Show these runs; those chosen stay chosen, and where none is, the newest is."""
        before = self._chosen
        self._filling = True
        self.runs.set_rows(rows)
        there = [r.entry.path for r in rows]
        wanted = [p for p in before if p in there] or there[:1]
        self._filling = False
        if tuple(wanted) != self.selected():
            self.choose(wanted)
        elif tuple(wanted) != before:
            self._on_selection()

    def choose(self, paths: list[str] | tuple[str, ...]) -> None:
        """Choose these runs."""
        self._filling = True
        picked = self.selectionModel()
        picked.clearSelection()
        for i, row in enumerate(self.runs.rows):
            if row.entry.path in paths:
                picked.select(self.runs.index(i), picked.SelectionFlag.Select)
                if row.entry.path == paths[0]:
                    picked.setCurrentIndex(self.runs.index(i), picked.SelectionFlag.NoUpdate)
                    self.scrollTo(self.runs.index(i))
        self._filling = False
        self._on_selection()

    def selected(self) -> tuple[str, ...]:
        """Paths of the runs selected, in the order of the list."""
        rows = sorted(i.row() for i in self.selectionModel().selectedIndexes())
        return tuple(self.runs.rows[r].entry.path for r in rows if r < len(self.runs.rows))

    @property
    def chosen(self) -> tuple[str, ...]:
        """Paths of the runs chosen."""
        return self._chosen

    def entry(self, path: str) -> RunEntry | None:
        """The run in a folder."""
        return next((r.entry for r in self.runs.rows if r.entry.path == path), None)

    def _number_of(self, path: str) -> int:
        return self._chosen.index(path) if len(self._chosen) > 1 and path in self._chosen else -1

    def _on_selection(self) -> None:
        if not self._filling and self.selected() != self._chosen:
            self._chosen = self.selected()
            self.viewport().update()
            self.chosen_changed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Delete takes away, copying copies the path."""
        if event.matches(QKeySequence.StandardKey.Delete):
            self.remove_wanted.emit()
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy_wanted.emit()
        else:
            super().keyPressEvent(event)
