"""The qmt full-body example: 16 body segments with an IMU each, and their orientations.

A MATLAB file (qmt, MIT) with a time vector ``t`` in s and one struct a segment: ``acc`` m/s²,
``gyr`` rad/s in the sensor frame, ``quat`` (wxyz, *segment* to a z-up world). The sensor's mount
on the segment is unknown (see :func:`m3n_studio.imu.align_mount.fit_mount`) and there is no
root translation: the trajectories stay at the origin, so they say how the segments turn and
where gravity is, not how they accelerate.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import FileError
from m3n_studio.recordings.imported import Import, Reading, Recorded
from m3n_studio.recordings.matlab import Value, read_matlab
from m3n_studio.recordings.signal import Signal
from m3n_studio.recordings.trajectory import Trajectory, y_up

Array = NDArray[np.float64]
_FIELDS = {"acc": 3, "gyr": 3, "quat": 4}


def sniff(_path: Path, head: bytes) -> bool:
    """Whether a file is a MATLAB 5 file."""
    return head.startswith(b"MATLAB 5.0 MAT-file")


def read(path: Path) -> tuple[Signal, ...]:
    """Every segment's IMU signal, in the file's order."""
    time_s, segments = _segments(path)
    return tuple(Signal(name, time_s, fields["acc"], fields["gyr"]) for name, fields in segments.items())


#: The file's words for segments, and placements near where the sensors sat.
_SEGMENTS = {"upper_leg": "thigh", "lower_leg": "shank", "hip": "belt"}


def read_whole(path: Path, _reading: Reading) -> Import:
    """Every segment's signal with its placement."""
    recorded = []
    for signal in read(path):
        part, _, side = signal.name.rpartition("_")
        part, side = (part, side) if side in ("left", "right") else (signal.name, "")
        place = "_".join(word for word in (side, _SEGMENTS.get(part, part)) if word)
        recorded.append(Recorded(signal, place))
    return Import(tuple(recorded), format="qmt", paths=(path,), notes=("segment orientations not read",))


def read_trajectories(path: str | Path) -> tuple[Trajectory, ...]:
    """Every segment's orientation over time, at the origin of a y-up world."""
    time_s, segments = _segments(Path(path))
    still = np.zeros((len(time_s), 3))
    return tuple(y_up(Trajectory(name, time_s, still, fields["quat"]), "z") for name, fields in segments.items())


def _segments(path: Path) -> tuple[Array, dict[str, dict[str, Array]]]:
    contents = read_matlab(path)
    time_s = _numbers(path, "t", contents.get("t"), (-1,))
    if not np.isfinite(time_s).all() or (np.diff(time_s) <= 0).any():
        raise FileError(path, field="t", found="times that do not increase", expected="seconds that increase")
    segments = {
        name: {
            field: _numbers(path, f"{name}.{field}", value[field], (len(time_s), width))
            for field, width in _FIELDS.items()
        }
        for name, value in contents.items()
        if isinstance(value, dict) and set(_FIELDS) <= set(value)
    }
    if not segments:
        raise FileError(path, found=f"the variables {', '.join(list(contents)[:8]) or '(none)'}",
                        expected="a struct with acc, gyr and quat for each segment")  # fmt: skip
    return time_s, segments


def _numbers(path: Path, field: str, value: Value | None, shape: tuple[int, ...]) -> Array:
    if not isinstance(value, np.ndarray):
        raise FileError(path, field=field, found="no array of that name", expected=f"numbers {shape}")
    fits = value.ndim == len(shape) and all(b in (-1, a) for a, b in zip(value.shape, shape, strict=False))
    if not fits or value.size == 0:
        raise FileError(path, field=field, found=f"numbers {value.shape}", expected=f"numbers {shape}")
    return value
