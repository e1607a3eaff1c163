"""Numbers out of delimited text, quickly, and with the line and column to blame when it fails.

NumPy's parser in C reads the good files (about 10 M numbers a second); only where it stumbles
are the cells looked at one by one, to read empty cells as NaN or to say which cell is no
number. The whole text is held in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import FileError

Array = NDArray[np.float64]

#: Cells that stand for a missing number.
_MISSING = frozenset({"", "nan", "na", "n/a", "null", "none", "-nan"})


@dataclass(frozen=True)
class Lines:
    """The lines of a text file that are not blank, with the numbers they have in an editor."""

    path: Path
    text: tuple[str, ...]
    numbers: NDArray[np.int64]

    def cells(self, row: int, delimiter: str | None) -> list[str]:
        """One line's cells, stripped of blanks and quotes."""
        return split_cells(self.text[row], delimiter)


def split_cells(line: str, delimiter: str | None) -> list[str]:
    """A line's cells, stripped of blanks and surrounding quotes."""
    return [cell.strip().strip('"').strip() for cell in line.split(delimiter)]


def read_lines(path: Path) -> Lines:
    """Read a UTF-8 text file; `FileError` where it is not text or is empty."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(path, field=f"byte {error.start}", found="bytes that are no UTF-8 text",
                        expected="a text file") from error  # fmt: skip
    if "\0" in text:
        raise FileError(path, field=f"character {text.index(chr(0))}", found="a zero byte", expected="a text file")
    every = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    numbers = [number for number, line in enumerate(every, start=1) if line.strip()]
    if not numbers:
        raise FileError(path, found="no line with anything in it", expected="a header and rows of numbers")
    return Lines(path, tuple(every[number - 1] for number in numbers), np.array(numbers))


def read_numbers(
    lines: Lines, columns: Sequence[int], names: Sequence[str], *, first: int, delimiter: str | None = ","
) -> Array:
    """Columns of numbers from row `first` on.

    Parameters
    ----------
    columns, names
        Position of each wanted column, and what to call it in a message.
    first : int
        Index (among lines that are not blank) of the first row of numbers.

    Returns
    -------
    (N, C) float64, N >= 1. Empty cells and the usual words for "missing" are NaN.
    """
    rows = lines.text[first:]
    if not rows:
        raise FileError(lines.path, found="a header and nothing below it", expected="rows of numbers")
    try:
        return np.atleast_2d(
            np.loadtxt(rows, delimiter=delimiter, usecols=tuple(columns), comments=None, ndmin=2, dtype=np.float64)
        )
    except (ValueError, IndexError, OverflowError):
        return _read_slowly(lines, columns, names, first, delimiter)


def _read_slowly(
    lines: Lines, columns: Sequence[int], names: Sequence[str], first: int, delimiter: str | None
) -> Array:
    out = np.full((len(lines.text) - first, len(columns)), np.nan)
    needed = max(columns) + 1
    for i in range(len(out)):
        cells = lines.cells(first + i, delimiter)
        if len(cells) < needed:
            raise FileError(lines.path, field=f"line {lines.numbers[first + i]}", found=f"{len(cells)} columns",
                            expected=f"at least {needed}")  # fmt: skip
        for j, (column, name) in enumerate(zip(columns, names, strict=True)):
            if cells[column].lower() in _MISSING:
                continue
            try:
                out[i, j] = float(cells[column])
            except ValueError:
                raise FileError(lines.path, field=f"line {lines.numbers[first + i]}, column {name}",
                                found=repr(cells[column][:40]), expected="a number") from None  # fmt: skip
    return out


def check_times(lines: Lines, time_s: Array, *, first: int) -> Array:
    """The times, if they are finite and increase; else `FileError` with the line to blame."""
    wrong = ~np.isfinite(time_s)
    if wrong.any():
        line = lines.numbers[first + int(np.argmax(wrong))]
        raise FileError(lines.path, field=f"line {line}", found="no time", expected="a time in every row")
    back = np.diff(time_s) <= 0
    if back.any():
        row = int(np.argmax(back)) + 1
        raise FileError(lines.path, field=f"line {lines.numbers[first + row]}",
                        found=f"time {time_s[row]:.17g} s after {time_s[row - 1]:.17g} s",
                        expected="times that increase")  # fmt: skip
    return time_s


def spread_ties(stamps_s: Array, resolution_s: float) -> Array:
    """Part samples that a coarse clock gave one stamp.

    stamps_s : (N,), s, counted in steps of `resolution_s`. The k samples of one stamp are
    placed evenly within one step (or before the next stamp, if that is sooner), so no time
    moves by more than the clock's own resolution. Other times are left as they are.
    """
    tied = np.diff(stamps_s) == 0
    if not tied.any():
        return stamps_s
    firsts = np.flatnonzero(np.concatenate([[True], ~tied]))
    sizes = np.diff(np.concatenate([firsts, [len(stamps_s)]]))
    gaps = np.diff(stamps_s[firsts], append=np.inf)
    room = np.where((gaps > 0) & (gaps < resolution_s), gaps, resolution_s)
    within = np.arange(len(stamps_s)) - np.repeat(firsts, sizes)
    return np.asarray(stamps_s + within * np.repeat(room / sizes, sizes))
