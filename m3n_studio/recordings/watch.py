"""Phone and watch tables of the kind Android logs: a label on every sample, stamps in ms.

Columns ``x_acc, y_acc, z_acc, x_gyro, y_gyro, z_gyro, timestamp, label`` (public sets of
smartphone and smartwatch recordings use them). Android's sensor units are fixed, m/s² with
gravity and rad/s, so no unit is asked for. Stamps count whole milliseconds, and a few neighbours
share one; they are parted within that millisecond. Times stay Unix times.
"""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path

from m3n_studio.errors import FileError
from m3n_studio.motion.clip import TextSegment
from m3n_studio.recordings.delimited import (
    Array,
    Lines,
    check_times,
    read_lines,
    read_numbers,
    split_cells,
    spread_ties,
)
from m3n_studio.recordings.imported import Import, LabelTrack, PathFacts, Reading, Recorded, SubjectFacts
from m3n_studio.recordings.signal import Signal
from m3n_studio.recordings.subjects import subject_from

_CHANNELS = ("x_acc", "y_acc", "z_acc", "x_gyro", "y_gyro", "z_gyro")
_STAMP_S = 1e-3
_DEVICES = {"sw": "watch", "sp": "phone"}


def sniff(_path: Path, head: bytes) -> bool:
    """Whether the header has the six channels and a timestamp under these names."""
    header = split_cells(head.split(b"\n", 1)[0].decode("utf-8", "replace").lstrip("\ufeff"), ",")
    return {*_CHANNELS, "timestamp"} <= set(header)


def read(path: Path) -> tuple[Signal, ...]:
    """Read one phone's or watch's signal, named for the device where the file's name says which."""
    lines = read_lines(path)
    header = lines.cells(0, ",")
    missing = [column for column in (*_CHANNELS, "timestamp") if column not in header]
    if missing:
        raise FileError(path, field="line 1", found=f"no column {missing[0]}", expected=", ".join(_CHANNELS))
    time_s = _times(lines, header)
    values = read_numbers(lines, [header.index(column) for column in _CHANNELS], _CHANNELS, first=1)
    name = _DEVICES.get(path.stem.rsplit("_", 1)[-1], path.stem)
    return (Signal(name, time_s, values[:, :3], values[:, 3:]),)


def _times(lines: Lines, header: list[str]) -> Array:
    stamps = read_numbers(lines, [header.index("timestamp")], ["timestamp"], first=1)[:, 0] * _STAMP_S
    return check_times(lines, spread_ties(stamps, _STAMP_S), first=1)


def read_labels(path: str | Path) -> tuple[TextSegment, ...]:
    """The file's labels as segments in the signal's own time, one for each run of one label."""
    lines = read_lines(Path(path))
    header = lines.cells(0, ",")
    if "label" not in header or "timestamp" not in header:
        raise FileError(path, field="line 1", found="no label or no timestamp", expected="both columns")
    time_s, column = _times(lines, header), header.index("label")
    words: list[str] = []
    for row in range(1, len(lines.text)):
        cells = lines.cells(row, ",")
        words.append(cells[column] if column < len(cells) else "")
    segments, start = [], 0
    for word, same in groupby(words):
        stop = start + len(list(same))
        if word:
            segments.append(TextSegment(float(time_s[start]), float(time_s[min(stop, len(words) - 1)]), word))
        start = stop
    return tuple(segments)


def facts(path: Path) -> PathFacts:
    """Subject and execution from ``s01_02_sw.csv``; which wrist or pocket, the files do not say."""
    found = re.fullmatch(r"(s\d+)_(\d+)_(sw|sp)", path.stem)
    return PathFacts(found[1], found[2], "", _DEVICES[found[3]]) if found else PathFacts()


def read_whole(path: Path, _reading: Reading) -> Import:
    """The signal with its labels, and the subject where ``subjects_info.csv`` lies in a folder above."""
    (signal,) = read(path)
    known = facts(path)
    lines = read_lines(path)
    header = lines.cells(0, ",")
    labels: tuple[LabelTrack, ...] = ()
    if "label" in header:
        column = header.index("label")
        rows = (lines.cells(row, ",") for row in range(1, len(lines.text)))
        words = [cells[column] if column < len(cells) else "" for cells in rows]
        labels = (LabelTrack.of_samples("activity", signal.time_s, words),)
    subject, paths = SubjectFacts(known.subject), [path]
    for folder in list(path.parents)[:3]:
        table = folder / "subjects_info.csv"
        found = subject_from(table, known.subject, ",")
        if found is not None:
            subject, paths = found, [path, table]
            break
    return Import((Recorded(signal, known.placement, known.sensor),), labels, subject, known.session, "watch",
                  tuple(paths), "unix", ("taken as m/s² and rad/s, Android's units",))  # fmt: skip
