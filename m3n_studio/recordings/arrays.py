"""Bare arrays: ``.npy`` of shape (N, 6), or (N, 7) with the time first.

Acceleration x, y, z, then angular velocity x, y, z; m/s² and rad/s unless a person says
otherwise. Six columns have no times, so the rate has to be given.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from m3n_studio.errors import FileError
from m3n_studio.recordings.imported import Import, Reading, Recorded, even_times
from m3n_studio.recordings.npy import MAGIC, read_npy
from m3n_studio.recordings.signal import Signal
from m3n_studio.recordings.units import acc_factor, gyr_factor


def sniff(_path: Path, head: bytes) -> bool:
    """Whether the file is one of NumPy's."""
    return head.startswith(MAGIC)


def read(path: Path) -> tuple[Signal, ...]:
    """The signal of an array with times; `NeedsRate` without."""
    return read_whole(path, Reading()).signals


def read_whole(path: Path, reading: Reading) -> Import:
    """The signal of an array, at the rate that was asked for where it has no times."""
    rows = read_npy(path)
    if rows.ndim != 2 or rows.shape[1] not in (6, 7) or not len(rows):
        raise FileError(path, found=f"an array {rows.shape}", expected="(N, 6), or (N, 7) with the time in s first")
    timed = rows.shape[1] == 7
    time_s = rows[:, 0] if timed else even_times(path, len(rows), reading.rate_hz)
    wrong = ~np.isfinite(time_s) | np.concatenate([[False], np.diff(time_s) <= 0])
    if wrong.any():
        raise FileError(path, field=f"row {int(np.argmax(wrong))}", found="a time that does not increase",
                        expected="seconds that increase in the first column")  # fmt: skip
    values = rows[:, 1:] if timed else rows
    signal = Signal(path.stem, time_s, values[:, :3] * acc_factor(reading), values[:, 3:] * gyr_factor(reading))
    units = f"taken as {reading.acc_unit or 'm/s2'} and {reading.gyr_unit or 'rad/s'}"
    return Import((Recorded(signal),), format="npy", paths=(path,), notes=(units,))
