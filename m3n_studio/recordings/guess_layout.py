"""How a stranger's table is laid out: encoding, comments, delimiter, decimals, header rows, a row of units."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from m3n_studio.errors import FileError

Encoding = Literal["utf-8", "latin-1", "utf-16", "cp1252"]
Confidence = Literal["certain", "likely", "unsure"]

_SAMPLE_BYTES = 1 << 19
_MOST_LINES = 4000
_DELIMITERS = ("\t", ";", ",", "|")
_COMMENTS = ("#", "//", "%")
_NUMBER = re.compile(r"[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?")
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+([eE][-+]?\d+)?")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
MISSING = frozenset({"", "nan", "na", "n/a", "null", "none", "-"})
_UNIT_WORDS = frozenset({
    "m/s^2", "m/s2", "m/s²", "g", "mg", "rad/s", "deg/s", "°/s", "dps", "s", "ms", "us", "ns", "ut", "hz", "deg c",
    "kpa", "cal", "uncal", "no unit", "", "-", "a.u.", "(m/s^2)", "(deg/s)", "(rad/s)", "m/(s^2)",
})  # fmt: skip


@dataclass(frozen=True)
class Guess:
    """One thing guessed: the recipe's key, its value, why, and how sure."""

    key: str
    value: str
    reason: str
    confidence: Confidence


@dataclass(frozen=True)
class Layout:
    """What was found, with the sample's rows of cells below the header."""

    encoding: Encoding
    comment: str
    delimiter: str
    decimal: Literal[".", ","]
    skip_lines: int
    header_rows: int
    units: tuple[str, ...]
    above: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    guesses: tuple[Guess, ...]

    @property
    def rows_below_header(self) -> int:
        """1 where a row of units follows the titles."""
        return 1 if self.units else 0


def cells_of(line: str, delimiter: str) -> list[str]:
    """A line's cells without blanks and quotes."""
    parts = line.split() if delimiter == "whitespace" else line.split(delimiter)
    return [part.strip().strip('"').strip() for part in parts]


def is_number(cell: str) -> bool:
    """Whether a cell is a number, with a point or a comma."""
    return _NUMBER.fullmatch(cell) is not None


def is_moment(cell: str) -> bool:
    """Whether a cell is a date with a time."""
    return _MOMENT.match(cell) is not None


def layout_of(path: Path) -> Layout:
    """Look at a file's beginning; `FileError` where there is no table of numbers in it."""
    encoding, text = _text(path)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:_MOST_LINES]
    comment = _comment(lines)
    numbered = [(i, line) for i, line in enumerate(lines)
                if line.strip() and not (comment and line.lstrip().startswith(comment))]  # fmt: skip
    if len(numbered) < 2:
        raise FileError(path, found=f"{len(numbered)} lines", expected="a table of numbers")
    delimiter, width, share = _delimiter([line for _, line in numbered])
    table = [(i, cells_of(line, delimiter)) for i, line in numbered]
    first = _first_row(path, [cells for _, cells in table], width)
    rows = [tuple(cells) for _, cells in table[first:]]
    units: tuple[str, ...] = ()
    titles_at = first - 1
    if first >= 2 and _is_units(table[first - 1][1]):
        units, titles_at = tuple(table[first - 1][1]), first - 2
    header = _header_rows([cells for _, cells in table], titles_at, width)
    skip = table[titles_at - header + 1][0] if header else table[first][0]
    decimal = _decimal(rows, delimiter)
    shown = {"\t": "tab", "whitespace": "blanks"}.get(delimiter, repr(delimiter))
    guesses = [
        Guess("file.delimiter", shown, f"it splits {share:.0%} of the lines into {width} cells",
              "certain" if share > 0.95 else "likely"),
        Guess("file.header_rows", str(header), f"rows of numbers begin on line {table[first][0] + 1}", "likely"),
    ]  # fmt: skip
    if units:
        guesses.append(Guess("file.rows_below_header", "1", "the row below the titles holds units", "certain"))
    if decimal == ",":
        guesses.append(Guess("file.decimal", ",", "numbers are written with a comma", "likely"))
    above = tuple(line for i, line in enumerate(lines[: table[first][0]]))
    return Layout(encoding, comment, delimiter, decimal, skip, header, units, above, tuple(rows), tuple(guesses))


def _text(path: Path) -> tuple[Encoding, str]:
    try:
        with path.open("rb") as file:
            data = file.read(_SAMPLE_BYTES)
    except OSError as error:
        raise FileError(path, found=f"it cannot be read ({error.strerror or error})") from error
    cut = len(data) == _SAMPLE_BYTES
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data.decode("utf-16", "replace")
        return "utf-16", text[: text.rfind("\n") + 1] if cut else text
    if cut:
        data = data[: data.rfind(b"\n") + 1] or data
    if b"\0" in data:
        raise FileError(path, field=f"byte {data.index(0)}", found="a zero byte", expected="a text table")
    try:
        return "utf-8", data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "latin-1", data.decode("latin-1")


def _comment(lines: list[str]) -> str:
    first = next((line.lstrip() for line in lines if line.strip()), "")
    return next((mark for mark in _COMMENTS if first.startswith(mark)), "")


def _delimiter(lines: list[str]) -> tuple[str, int, float]:
    """The delimiter that gives most lines one and the same number of cells, of which most are numbers."""
    sample = lines[len(lines) // 3 :][:500]
    best = (0.0, "whitespace", 1, 0.0)
    for delimiter in (*_DELIMITERS, "whitespace"):
        split = [cells_of(line, delimiter) for line in sample]
        width, count = Counter(map(len, split)).most_common(1)[0]
        share = count / len(sample)
        numbers = sum(is_number(cell) or cell.lower() in MISSING for cells in split for cell in cells)
        filled = numbers / max(sum(map(len, split)), 1)
        score = share * filled * (1.0 if width >= 4 else 0.1 if width > 1 else 0.0)
        if score > best[0] + 1e-9:
            best = (score, delimiter, width, share)
    return best[1], best[2], best[3]


def _first_row(path: Path, table: list[list[str]], width: int) -> int:
    for i, cells in enumerate(table[:200]):
        numbers = sum(is_number(cell) for cell in cells)
        words = sum(not (is_number(cell) or is_moment(cell) or cell.lower() in MISSING) for cell in cells)
        if numbers >= 3 and numbers > words and abs(len(cells) - width) <= 1:
            return i
    raise FileError(path, found="no row of numbers in the first 200 lines", expected="a table of numbers")


def _is_units(cells: list[str]) -> bool:
    filled = [cell.lower() for cell in cells if cell]
    return bool(filled) and sum(cell in _UNIT_WORDS for cell in filled) > 0.6 * len(filled)


def _header_rows(table: list[list[str]], last: int, width: int) -> int:
    """How many rows, upwards from `last`, it takes for every column's title to differ from the others'."""
    if last < 0:
        return 0
    for rows in range(1, min(last + 1, 4) + 1):
        part = table[last - rows + 1 : last + 1]
        if any(len(cells) < width // 2 for cells in part):
            return max(rows - 1, 1)
        carried = [_carried(cells, width) if i < len(part) - 1 else cells for i, cells in enumerate(part)]
        titles = ["/".join(cells[j] for cells in carried if j < len(cells) and cells[j]) for j in range(width)]
        named = [title for title in titles if title]
        if len(named) == len(set(named)) and len(named) > width // 2:
            return rows
    return 1 if last < 1 else min(last + 1, 3)


def _carried(cells: list[str], width: int) -> list[str]:
    out = list(cells) + [""] * (width - len(cells))
    for j in range(1, len(out)):
        out[j] = out[j] or out[j - 1]
    return out


def _decimal(rows: list[tuple[str, ...]], delimiter: str) -> Literal[".", ","]:
    if delimiter == ",":
        return "."
    cells = [cell for row in rows[:50] for cell in row if cell]
    commas = sum(_DECIMAL_COMMA.fullmatch(cell) is not None for cell in cells)
    return "," if commas > 0.3 * len(cells) else "."
