"""MM-Fit: workouts with watches, phones and an earbud; arrays of NumPy and a table of sets.

``wNN_<device>_acc.npy`` and ``..._gyr.npy`` (Strömbäck et al. 2020): rows (video frame, time in
ms, x, y, z), m/s² and rad/s, about 100 Hz. The two have times of their own; the gyroscope is
brought onto the accelerometer's by straight lines, and masked where none is within 0.1 s.
``wNN_labels.csv`` has first frame, last frame, repetitions and exercise; frames become times by
the accelerometer's own frame column.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import FileError
from m3n_studio.recordings.delimited import read_lines, spread_ties
from m3n_studio.recordings.imported import Import, LabelRun, LabelTrack, PathFacts, Reading, Recorded, SubjectFacts
from m3n_studio.recordings.npy import read_npy
from m3n_studio.recordings.signal import Signal

Array = NDArray[np.float64]

PLACEMENTS = {
    "sw_l": "left_wrist", "sw_r": "right_wrist", "sp_l": "left_pocket", "sp_r": "right_pocket", "eb_l": "left_ear",
}  # fmt: skip
DEVICES = {"sw": "watch", "sp": "phone", "eb": "earbud"}
CLASSES = (
    "squats", "lunges", "bicep_curls", "situps", "pushups", "tricep_extensions", "dumbbell_rows", "jumping_jacks",
    "dumbbell_shoulder_press", "lateral_shoulder_raises",
)  # fmt: skip
_NAME = re.compile(r"(?P<workout>w\d{2})_(?P<device>sw_l|sw_r|sp_l|sp_r|eb_l)_acc\.npy")
_STAMP_S = 1e-3
_FAR_S = 0.1


def sniff(path: Path, _head: bytes) -> bool:
    """Whether the name is that of an accelerometer of MM-Fit."""
    return _NAME.fullmatch(path.name) is not None


def facts(path: Path) -> PathFacts:
    """Workout and placement from the name. Workouts are split as subjects are: who did which is not in the files."""
    found = _NAME.fullmatch(path.name)
    return PathFacts("", found["workout"], PLACEMENTS[found["device"]], found["device"]) if found else PathFacts()


def read(path: Path) -> tuple[Signal, ...]:
    """The device's signal, named by its placement."""
    return (_read(path)[0],)


def _read(path: Path) -> tuple[Signal, Array, Path]:
    gyr_path = path.with_name(path.name.removesuffix("_acc.npy") + "_gyr.npy")
    if not path.name.endswith("_acc.npy"):
        raise FileError(path, found="another name", expected="wNN_<device>_acc.npy")
    if not gyr_path.is_file():
        raise FileError(path, found=f"no {gyr_path.name} beside it", expected="acceleration and angular velocity")
    acc, gyr = _rows(path), _rows(gyr_path)
    time_s, gyr_s = (spread_ties(rows[:, 1] * _STAMP_S, _STAMP_S) for rows in (acc, gyr))
    for file, times in ((path, time_s), (gyr_path, gyr_s)):
        wrong = ~np.isfinite(times) | np.concatenate([[False], np.diff(times) <= 0])
        if wrong.any():
            raise FileError(file, field=f"row {int(np.argmax(wrong))}", found="a time that does not increase",
                            expected="times in ms that increase")  # fmt: skip
    after = np.clip(np.searchsorted(gyr_s, time_s), 1, max(len(gyr_s) - 1, 1))
    if len(gyr_s) < 2:
        raise FileError(gyr_path, found=f"{len(gyr_s)} rows", expected="at least 2")
    joined = np.column_stack([np.interp(time_s, gyr_s, gyr[:, 2 + i]) for i in range(3)])
    outside = (time_s < gyr_s[0]) | (time_s > gyr_s[-1]) | (gyr_s[after] - gyr_s[after - 1] > 2 * _FAR_S)
    joined[outside] = np.nan
    name = facts(path).placement or path.stem
    return Signal(name, time_s, acc[:, 2:], joined), acc[:, 0], gyr_path


def _rows(path: Path) -> Array:
    rows = read_npy(path)
    if rows.ndim != 2 or rows.shape[1] != 5 or not len(rows):
        raise FileError(path, found=f"an array {rows.shape}", expected="rows of frame, time, x, y, z")
    return rows


def read_whole(path: Path, _reading: Reading) -> Import:
    """The signal with the workout's sets as labels."""
    signal, frames, gyr_path = _read(path)
    known = facts(path)
    notes = ["angular velocity joined by time (straight lines, within 0.1 s)"]
    labels: tuple[LabelTrack, ...] = ()
    paths = [path, gyr_path]
    sets = path.with_name(f"{known.session}_labels.csv")
    if sets.is_file():
        labels = (read_sets(sets, frames, signal.time_s),)
        paths.append(sets)
    else:
        notes.append(f"no labels: there is no {sets.name} beside it")
    clock = "unix" if float(signal.time_s[0]) > 2e8 else "file"
    recorded = Recorded(signal, known.placement, DEVICES.get(known.sensor[:2], ""))
    return Import((recorded,), labels, SubjectFacts(), known.session, "mmfit", tuple(paths), clock, tuple(notes))


def read_sets(path: Path, frames: Array, time_s: Array) -> LabelTrack:
    """The sets of a workout; frames (N,) and time_s (N,) of a signal say when each frame was.

    Sets outside the frames a signal saw are left out.
    """
    lines = read_lines(path)
    order = np.flatnonzero(np.isfinite(frames) & (np.concatenate([[True], np.diff(np.maximum.accumulate(
        np.where(np.isfinite(frames), frames, -np.inf))) > 0])))  # fmt: skip
    if not len(order):
        raise FileError(path, found="signals without frame numbers", expected="a frame for each sample")
    seen, when = frames[order], time_s[order]
    runs = []
    for row in range(len(lines.text)):
        cells = lines.cells(row, ",")
        try:
            start, stop, _repetitions = (float(cell) for cell in cells[:3])
            name = cells[3]
        except (ValueError, IndexError):
            if row == 0:
                continue
            raise FileError(path, field=f"line {lines.numbers[row]}", found=repr(lines.text[row][:60]),
                            expected="first frame, last frame, repetitions, exercise") from None  # fmt: skip
        if not stop >= start:
            raise FileError(path, field=f"line {lines.numbers[row]}", found=f"frames {start} to {stop}",
                            expected="first frame, then last")  # fmt: skip
        if name and stop >= seen[0] and start <= seen[-1]:
            first, last = np.interp((start, stop), seen, when)
            runs.append(LabelRun(float(first), float(last), name))
    return LabelTrack("exercise", tuple(runs), CLASSES)
