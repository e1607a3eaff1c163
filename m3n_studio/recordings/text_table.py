"""`TextTable`: a delimited text laid out as a recipe says, with its columns by title or position."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import FileError
from m3n_studio.recordings.delimited import Lines, read_numbers

if TYPE_CHECKING:
    from m3n_studio.recordings.recipe import Column, FileSpec

Array = NDArray[np.float64]

_MOST_BYTES = 2 << 30
_CODECS = {"utf-8": "utf-8-sig", "utf-16": "utf-16", "latin-1": "latin-1", "cp1252": "cp1252"}
#: Stands between cells once quotes were taken off, so that no cell can hold it.
_SEPARATOR = "\x1f"


@dataclass(frozen=True, eq=False)
class TextTable:
    """Rows of cells and the titles of their columns."""

    path: Path
    titles: tuple[str, ...]
    lines: Lines
    delimiter: str | None

    def __len__(self) -> int:
        return len(self.lines.text)

    @classmethod
    def read(cls, path: Path, spec: FileSpec, *, most_rows: int | None = None) -> TextTable:
        """Read a file, or its first `most_rows` rows."""
        text, numbers = _lines(path, spec, most_rows)
        delimiter = None if spec.delimiter == "whitespace" else spec.delimiter
        if delimiter is not None and any('"' in line for line in text):
            text, delimiter = _unquoted(path, text, delimiter), _SEPARATOR
        if spec.decimal == "," and delimiter != ",":
            head = spec.header_rows
            text = [*text[:head], *(line.replace(",", ".") for line in text[head:])]
        first = spec.header_rows + spec.rows_below_header
        if len(text) <= first:
            raise FileError(path, found=f"{len(text)} lines", expected=f"{first} lines of header and rows below")
        whole = Lines(path, tuple(text), np.array(numbers))
        titles = _titles(
            [whole.cells(row, delimiter) for row in range(spec.header_rows)], whole.cells(first, delimiter)
        )
        rows = Lines(path, tuple(_without(text[first:], spec.missing, delimiter)), np.array(numbers[first:]))
        return cls(path, titles, rows, delimiter)

    def place(self, column: Column) -> int:
        """Position of a column; `FileError` naming the nearest title where there is none."""
        if isinstance(column, int):
            if column >= max(len(self.titles), 1):
                raise FileError(self.path, field=f"column {column}", found=f"{len(self.titles)} columns",
                                expected="a position in the table, from 0")  # fmt: skip
            return column
        if self.titles.count(column) == 1:
            return self.titles.index(column)
        found = "two columns of that title" if column in self.titles else "no such column"
        raise FileError(self.path, field=f"column {column}"[:200], found=found, expected=self._nearest(column))

    def _nearest(self, column: str) -> str:
        import difflib

        near = difflib.get_close_matches(column, self.titles, n=1)
        shown = ", ".join(title[:32] for title in self.titles[:12]) or "positions from 0"
        return f"{near[0]!r}" if near and near[0] != column else f"one of {shown}"

    def numbers(self, columns: Sequence[Column]) -> Array:
        """Columns of numbers (N, C); empty cells are NaN."""
        return read_numbers(self.lines, [self.place(c) for c in columns], [str(c)[:60] for c in columns], first=0,
                            delimiter=self.delimiter)  # fmt: skip

    def words(self, column: Column) -> list[str]:
        """A column's cells as text; empty where a row is short."""
        at = self.place(column)
        out = []
        for line in self.lines.text:
            cells = line.split(self.delimiter, at + 1) if self.delimiter else line.split(None, at + 1)
            out.append(cells[at].strip().strip('"').strip() if at < len(cells) else "")
        return out

    def ignored(self, used: Sequence[Column]) -> str:
        """The titles of columns nobody asked for, shortened."""
        taken = {self.place(column) for column in used}
        rest = [title or f"column {i}" for i, title in enumerate(self.titles) if i not in taken]
        return ", ".join(title[:40] for title in rest[:12]) + (f" and {len(rest) - 12} more" if len(rest) > 12 else "")


def _lines(path: Path, spec: FileSpec, most_rows: int | None) -> tuple[list[str], list[int]]:
    """The lines that are neither blank nor a comment, after those skipped, and their numbers."""
    try:
        size = path.stat().st_size
        if size > _MOST_BYTES:
            raise FileError(path, found=f"{size} bytes", expected="a table of at most 2 GiB")
        if most_rows is None:
            data = path.read_bytes()
        else:
            with path.open("rb") as file:
                data = file.read(min(size, most_rows * 4096))
                data = data if len(data) == size else data[: data.rfind(b"\n") + 1] or data
        text = data.decode(_CODECS[spec.encoding])
    except OSError as error:
        raise FileError(path, found=f"it cannot be read ({error.strerror or error})") from error
    except UnicodeError as error:
        raise FileError(path, found=f"bytes that are no {spec.encoding} text", expected="another encoding") from error
    if "\0" in text:
        raise FileError(path, field=f"character {text.index(chr(0))}", found="a zero byte", expected="a text file")
    every = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept, numbers = [], []
    for number, line in enumerate(every[spec.skip_lines :], start=spec.skip_lines + 1):
        if line.strip() and not (spec.comment and line.lstrip().startswith(spec.comment)):
            kept.append(line)
            numbers.append(number)
            if most_rows is not None and len(kept) >= most_rows:
                break
    if not kept:
        raise FileError(path, found="no line with anything in it", expected="a header and rows of numbers")
    return kept, numbers


def _unquoted(path: Path, text: list[str], delimiter: str) -> list[str]:
    try:
        rows = csv.reader((line.replace(_SEPARATOR, " ") for line in text), delimiter=delimiter)
        out = [_SEPARATOR.join(cell.replace("\n", " ") for cell in row) for row in rows]
    except (csv.Error, TypeError, ValueError) as error:
        raise FileError(path, found=f"quotes that do not close ({error})", expected="a table of cells") from error
    if len(out) != len(text):
        raise FileError(path, found="cells that span lines", expected="a line for each row")
    return out


def _titles(header: list[list[str]], first: list[str]) -> tuple[str, ...]:
    """One title a column: header rows joined by /, upper cells carried to the right."""
    width = max([len(row) for row in header] + [len(first) if not header else 0])
    rows = []
    for i, row in enumerate(header):
        cells = row + [""] * (width - len(row))
        if i < len(header) - 1:
            for j in range(1, width):
                cells[j] = cells[j] or cells[j - 1]
        rows.append(cells)
    if not rows:
        return ("",) * width
    return tuple("/".join(part for part in parts if part) for parts in zip(*rows, strict=True))


def _without(rows: list[str], missing: Sequence[str], delimiter: str | None) -> list[str]:
    """Rows with the words that stand for nothing turned into nan."""
    if not missing:
        return rows
    joiner = delimiter or " "
    words = set(missing)
    return [joiner.join("nan" if cell.strip() in words else cell for cell in row.split(delimiter)) for row in rows]
