"""UTD-MHAD: 27 actions with one inertial sensor; a MATLAB file each.

``aX_sY_tZ_inertial.mat`` (Chen et al. 2015) has ``d_iner`` (N, 6): acceleration in g and angular
velocity in °/s at 50 Hz, without times. The sensor was worn on the right wrist for actions 1 to
21 and on the right thigh for 22 to 27. The whole file is one action, which is its label.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from m3n_studio.errors import FileError
from m3n_studio.recordings.imported import (
    Import,
    LabelRun,
    LabelTrack,
    PathFacts,
    Reading,
    Recorded,
    SubjectFacts,
    even_times,
)
from m3n_studio.recordings.matlab import read_matlab
from m3n_studio.recordings.signal import Signal
from m3n_studio.recordings.units import acc_factor, gyr_factor

RATE_HZ = 50.0
_NAME = re.compile(r"a(?P<action>\d+)_s(?P<subject>\d+)_t(?P<trial>\d+)_inertial\.mat", re.IGNORECASE)
_LAST_ON_WRIST = 21
ACTIONS = (
    "swipe left", "swipe right", "wave", "clap", "throw", "arm cross", "basketball shoot", "draw x",
    "draw circle clockwise", "draw circle counter-clockwise", "draw triangle", "bowling", "boxing", "baseball swing",
    "tennis swing", "arm curl", "tennis serve", "push", "knock", "catch", "pick up and throw", "jog", "walk",
    "sit to stand", "stand to sit", "lunge", "squat",
)  # fmt: skip


def sniff(path: Path, head: bytes) -> bool:
    """Whether the name is one of the set's and the file MATLAB's."""
    return _NAME.fullmatch(path.name) is not None and head.startswith(b"MATLAB 5.0 MAT-file")


def facts(path: Path) -> PathFacts:
    """Subject, action and trial (the session), and placement from the name."""
    found = _NAME.fullmatch(path.name)
    if found is None:
        return PathFacts()
    placement = "right_wrist" if int(found["action"]) <= _LAST_ON_WRIST else "right_thigh"
    return PathFacts(f"s{found['subject']}", f"a{found['action']}_t{found['trial']}", placement)


def read(path: Path) -> tuple[Signal, ...]:
    """The one signal, at 50 Hz."""
    return read_whole(path, Reading()).signals


def read_whole(path: Path, reading: Reading) -> Import:
    """The signal with its action as a label from end to end."""
    values = read_matlab(path).get("d_iner")
    if not isinstance(values, np.ndarray) or values.ndim != 2 or values.shape[1] != 6 or not len(values):
        found = f"an array {values.shape}" if isinstance(values, np.ndarray) else "no array of that name"
        raise FileError(path, field="d_iner", found=found, expected="(N, 6) numbers")
    time_s = even_times(path, len(values), reading.rate_hz or RATE_HZ)
    known = facts(path)
    acc, gyr = values[:, :3] * acc_factor(reading, "g"), values[:, 3:] * gyr_factor(reading, "deg/s")
    signal = Signal(known.placement or path.stem, time_s, acc, gyr)
    found_name = _NAME.fullmatch(path.name)
    number = int(found_name["action"]) if found_name else 0
    name = ACTIONS[number - 1] if 1 <= number <= len(ACTIONS) else f"action {number}"
    labels = (LabelTrack("action", (LabelRun(0.0, float(time_s[-1]), name),), ACTIONS),) if number else ()
    rate = f"{reading.rate_hz or RATE_HZ:g} Hz: the file has no times"
    return Import((Recorded(signal, known.placement),), labels, SubjectFacts(known.subject), known.session, "utd-mhad",
                  (path,), "file", (rate,))  # fmt: skip
