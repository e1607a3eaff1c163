"""Figures of lines between two times, and the samples there as CSV text. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from m3n_studio.studio.traces.trace_data import Line


@dataclass(frozen=True)
class Figures:
    """A line between two times: change from first to second time, and of the samples between
    (ends included, those that mean nothing left out) mean, root mean square, least, most, how many.
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
    values = np.asarray(line.values[start:stop], dtype=np.float64)
    values = values[np.isfinite(values)]
    delta = line.value_at(to_s) - line.value_at(from_s)
    if not len(values):
        nan = float("nan")
        return Figures(delta, nan, nan, nan, nan, 0)
    return Figures(
        delta, float(values.mean()), float(np.sqrt(np.mean(values**2))), float(values.min()), float(values.max()),
        len(values),
    )  # fmt: skip


def csv_text(columns: Sequence[tuple[str, Line]], from_s: float, to_s: float) -> str:
    """Samples between two times as CSV: a line for each time there is, a column for each line.

    Lines on different times leave cells empty; so do samples that mean nothing.
    """
    parts = []
    for _, line in columns:
        start, stop = line.between(from_s, to_s)
        parts.append((np.asarray(line.time_s[start:stop]), np.asarray(line.values[start:stop])))
    times = np.unique(np.concatenate([t for t, _ in parts])) if parts else np.zeros(0)
    table = np.full((len(times), len(parts)), np.nan)
    for i, (time_s, values) in enumerate(parts):
        table[np.searchsorted(times, time_s), i] = values
    rows = [",".join(["time_s", *(name for name, _ in columns)])]
    for time, row in zip(times, table, strict=True):
        rows.append(",".join([f"{time:.6f}", *("" if v != v else f"{v:.6g}" for v in row)]))
    return "\n".join(rows) + "\n"
