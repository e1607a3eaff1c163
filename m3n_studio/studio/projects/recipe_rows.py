"""The first rows of a table, read as they are scrolled to; memory holds no more than was looked at."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QBrush, QColor

from m3n_studio.recordings.recipe import FileSpec
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.projects.recipe_draft import ROLE_WORDS, UNIT_WORDS, Draft

Index = QModelIndex | QPersistentModelIndex
PIECE = 500
MOST_ROWS = 50_000
_MOST_LINE = 1 << 16
_CODECS = {"utf-8": "utf-8-sig", "utf-16": "utf-16", "latin-1": "latin-1", "cp1252": "cp1252"}
_NONE = QModelIndex()


class RowSource:
    """The rows of cells of a text file below its header, one after another.

    `trouble` says why there are no more, where the text cannot be read on.
    """

    def __init__(self, path: Path, spec: FileSpec) -> None:
        self.trouble = ""
        self._spec = spec
        self._file: IO[str] | None = None
        try:
            self._file = path.open(encoding=_CODECS[spec.encoding], newline=None)
        except OSError as error:
            self.trouble = f"it cannot be read ({error.strerror or error})"
        self._rows = self._read()

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def take(self, count: int) -> list[tuple[str, ...]]:
        """The next rows; fewer where there are no more."""
        out: list[tuple[str, ...]] = []
        try:
            for row in self._rows:
                out.append(row)
                if len(out) >= count:
                    break
        except (UnicodeError, OSError, csv.Error) as error:
            self.trouble = f"it cannot be read on as {self._spec.encoding} ({type(error).__name__})"
        return out

    def _read(self) -> Iterator[tuple[str, ...]]:
        spec, kept = self._spec, 0
        number = 0
        while self._file is not None and (line := self._file.readline(_MOST_LINE)):
            number += 1
            bare = line.strip()
            if number <= spec.skip_lines or not bare or (spec.comment and bare.startswith(spec.comment)):
                continue
            kept += 1
            if kept > spec.header_rows + spec.rows_below_header:
                yield self._cells(line.rstrip("\r\n"))
        self.close()

    def _cells(self, line: str) -> tuple[str, ...]:
        delimiter = self._spec.delimiter
        if delimiter == "whitespace":
            return tuple(line.split())
        if '"' in line:
            return tuple(next(csv.reader([line], delimiter=delimiter), []))
        return tuple(cell.strip() for cell in line.split(delimiter))


class RowModel(QAbstractTableModel):
    """The table's first rows with titles and roles above them."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._draft: Draft | None = None
        self._source: RowSource | None = None
        self._rows: list[tuple[str, ...]] = []
        self._more = False

    def show_draft(self, draft: Draft) -> None:
        """Show a draft's table; the rows are read anew only where the layout is another."""
        before, self._draft = self._draft, draft
        if before is not None and (before.path, before.file, len(before.titles)) == (
            draft.path, draft.file, len(draft.titles)
        ):  # fmt: skip
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, max(len(draft.titles) - 1, 0))
            if self._rows:
                self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, len(draft.titles) - 1))
            return
        self.beginResetModel()
        self.close()
        self._source = RowSource(draft.path, draft.file)
        self._rows = self._source.take(PIECE)
        self._more = len(self._rows) == PIECE
        self.endResetModel()

    def close(self) -> None:
        """Let go of the file."""
        if self._source is not None:
            self._source.close()

    @property
    def trouble(self) -> str:
        """Why there are no more rows; empty where that is the end, or more can be had."""
        return "" if self._source is None else self._source.trouble

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme

    def rowCount(self, parent: Index = _NONE) -> int:  # noqa: N802
        """Rows read so far."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _NONE) -> int:  # noqa: N802
        """Columns of the table."""
        return 0 if parent.isValid() or self._draft is None else len(self._draft.titles)

    def canFetchMore(self, parent: Index) -> bool:  # noqa: N802
        """Whether the file goes on."""
        return self._more and not parent.isValid() and len(self._rows) < MOST_ROWS

    def fetchMore(self, parent: Index) -> None:  # noqa: N802
        """Read the next rows."""
        if self._source is None or not self.canFetchMore(parent):
            return
        new = self._source.take(PIECE)
        self._more = len(new) == PIECE
        if new:
            self.beginInsertRows(QModelIndex(), len(self._rows), len(self._rows) + len(new) - 1)
            self._rows += new
            self.endInsertRows()

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A cell; what is not read is muted."""
        if self._draft is None or not index.isValid():
            return None
        row, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return row[column][:200] if column < len(row) else ""
        if role == Qt.ItemDataRole.ForegroundRole and not self._draft.uses[column].role:
            return QBrush(QColor(self._theme.muted))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            number = column < len(row) and row[column][:1] in "-+.0123456789" and row[column] != ""
            side = Qt.AlignmentFlag.AlignRight if number else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Titles with what the column is below; numbers of rows at the side."""
        if self._draft is None or role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        if orientation == Qt.Orientation.Vertical:
            return str(section + 1) if role == Qt.ItemDataRole.DisplayRole else None
        use, unit = self._draft.uses[section], self._draft.unit(section)
        words = ROLE_WORDS[use.role] + (f", {UNIT_WORDS.get(unit, unit)}" if unit else "")
        title = self._draft.title(section)
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{title}: {words}"
        return f"{title if len(title) <= 28 else title[:27] + '…'}\n{_short(use.role)}"


def _short(role: str) -> str:
    return {"": "–", "sensor": "sensor"}.get(role, role.replace("_", " "))
