"""Figures of lines between two times, and the samples there as CSV text. No Qt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from m3n_studio.studio.traces.trace_data import Line

#: Of a recording that is read in pieces, mean and root mean square are told up to so many samples.
MOST_READ = 300_000
_BUCKET = 1024
_ROWS = 50_000


@dataclass(frozen=True)
class Figures:
    """A line between two times: change from first to second time, and of the samples between
    (ends included, those that mean nothing left out) mean, root mean square, least, most, how many.
    Mean and root mean square are NaN where there are too many samples to read (:data:`MOST_READ`).
    """  # fmt: skip

    delta: float
    mean: float
    rms: float
    least: float
    most: float
    count: int


def figures(line: Line, from_s: float, to_s: float) -> Figures:
    """Figures of a line between two times, in the order given."""
    start, stop = line.between(min(from_s, to_s), max(from_s, to_s))
    delta = line.value_at(to_s) - line.value_at(from_s)
    nan = float("nan")
    if line.long and stop - start > MOST_READ:
        return Figures(delta, nan, nan, *_extent(line, start, stop), stop - start)
    values = np.asarray(line.values[start:stop], dtype=np.float64)
    values = values[np.isfinite(values)]
    if not len(values):
        return Figures(delta, nan, nan, nan, nan, 0)
    return Figures(
        delta, float(values.mean()), float(np.sqrt(np.mean(values**2))), float(values.min()), float(values.max()),
        len(values),
    )  # fmt: skip


def _extent(line: Line, start: int, stop: int) -> tuple[float, float]:
    """Lowest and highest of samples `start` to `stop`: whole buckets from the pyramid, the ends as they are."""
    first, last = -(-start // _BUCKET) * _BUCKET, stop // _BUCKET * _BUCKET
    peaks = line.pyramid.peaks(first, last, (last - first) // _BUCKET)
    ends = np.concatenate([np.asarray(line.values[start:first]), np.asarray(line.values[last:stop])])
    low, high = np.concatenate([ends, peaks.low]), np.concatenate([ends, peaks.high])
    return float(np.fmin.reduce(low)), float(np.fmax.reduce(high))


def csv_text(columns: Sequence[tuple[str, Line]], from_s: float, to_s: float) -> str:
    """Samples between two times as CSV: a line for each time there is, a column for each line.

    Lines on different times leave cells empty; so do samples that mean nothing.
    """
    return "".join(csv_pieces(columns, from_s, to_s))


def csv_rows(columns: Sequence[tuple[str, Line]], from_s: float, to_s: float) -> int:
    """About how many rows that has: the samples of the line that has most of them."""
    return max((stop - start for start, stop in (line.between(from_s, to_s) for _, line in columns)), default=0)


def csv_pieces(columns: Sequence[tuple[str, Line]], from_s: float, to_s: float) -> Iterator[str]:
    """:func:`csv_text` in pieces of at most some ten thousand rows: the head first."""
    yield ",".join(["time_s", *(name for name, _ in columns)]) + "\n"
    count = -(-csv_rows(columns, from_s, to_s) // _ROWS)
    edges = np.linspace(from_s, to_s, max(count, 1) + 1)
    for i in range(len(edges) - 1):
        last = i == len(edges) - 2
        yield _csv_piece(columns, float(edges[i]), to_s if last else float(edges[i + 1]), closed=last)


def _csv_piece(columns: Sequence[tuple[str, Line]], from_s: float, to_s: float, *, closed: bool) -> str:
    """Rows from `from_s` to `to_s`, with those at `to_s` only where `closed`."""
    parts = []
    for _, line in columns:
        start, stop = line.between(from_s, to_s)
        stop = stop if closed else int(line.time_s.searchsorted(to_s))
        parts.append((np.asarray(line.time_s[start:stop]), np.asarray(line.values[start:stop])))
    times = np.unique(np.concatenate([t for t, _ in parts])) if parts else np.zeros(0)
    table = np.full((len(times), len(parts)), np.nan)
    for i, (time_s, values) in enumerate(parts):
        table[np.searchsorted(times, time_s), i] = values
    rows = [
        ",".join([f"{time:.6f}", *("" if v != v else f"{v:.6g}" for v in row)])
        for time, row in zip(times.tolist(), table.tolist(), strict=True)
    ]
    return "\n".join([*rows, ""])
