"""BROAD: a hand-moved rigid board with one IMU and optical pose, to hold the simulator against.

One HDF5 file a trial (Laidig et al. 2021, Data 6(7):72, CC BY 4.0): ``imu_acc`` m/s² with
gravity, ``imu_gyr`` rad/s, ``opt_pos`` m and ``opt_quat`` (wxyz, sensor to world) in an
east-north-up world, a ``movement`` mask, and the attribute ``sampling_rate``. Optical gaps are
NaN. The world is turned y-up here. The optical system runs slower than the IMU and was
interpolated to its rate, so positions bear no information above some 60 Hz.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import FileError
from m3n_studio.recordings.imported import Import, LabelTrack, PathFacts, Reading, Recorded
from m3n_studio.recordings.signal import Signal
from m3n_studio.recordings.tables import HDF5_MAGIC, open_hdf5, read_array
from m3n_studio.recordings.trajectory import Trajectory, y_up

Array = NDArray[np.float64]
_FIELDS = ("imu_acc", "imu_gyr", "opt_pos", "opt_quat", "movement")


@dataclass(frozen=True, eq=False)
class BroadTrial:
    """A trial: what the IMU read, where it truly was (world y-up), and when it was meant to move (N,)."""

    signal: Signal
    trajectory: Trajectory
    movement: NDArray[np.bool_]


def sniff(path: Path, head: bytes) -> bool:
    """Whether an HDF5 file has BROAD's arrays."""
    if not head.startswith(HDF5_MAGIC):
        return False
    try:
        with open_hdf5(path) as file:
            return all(field in file for field in _FIELDS)
    except (FileError, OSError, RuntimeError, ValueError, KeyError, TypeError):
        return False


def read(path: Path) -> tuple[Signal, ...]:
    """The trial's one IMU signal."""
    return (read_trial(path).signal,)


def facts(path: Path) -> PathFacts:
    """The trial's name as the session."""
    return PathFacts("", path.stem)


def read_whole(path: Path, _reading: Reading) -> Import:
    """The trial's signal; when the board was meant to move is its label."""
    trial = read_trial(path)
    words = np.where(trial.movement, "movement", "rest").tolist()
    labels = (LabelTrack.of_samples("movement", trial.signal.time_s, words),)
    return Import((Recorded(trial.signal, "", "board"),), labels, session=path.stem, format="broad", paths=(path,),
                  notes=("optical pose not read",))  # fmt: skip


def read_trial(path: str | Path) -> BroadTrial:
    """Read a trial whole."""
    path = Path(path)
    with open_hdf5(path) as file:
        stated = "sampling_rate" in file.attrs and file.attrs.get_id("sampling_rate").dtype.kind in "fiu"
        rate_hz = np.asarray(file.attrs["sampling_rate"] if stated else np.nan, dtype=np.float64)
        if rate_hz.size != 1 or not 1.0 <= float(rate_hz.reshape(())) <= 1e5:
            raise FileError(path, field="sampling_rate", found=f"{rate_hz}", expected="a rate in Hz as an attribute")
        acc = read_array(path, file, "imu_acc", (-1, 3))
        n = len(acc)
        gyr = read_array(path, file, "imu_gyr", (n, 3))
        position = read_array(path, file, "opt_pos", (n, 3))
        quat = read_array(path, file, "opt_quat", (n, 4))
        movement = read_array(path, file, "movement", (n,), "b")
    time_s = np.arange(n) / float(rate_hz.reshape(()))
    trajectory = y_up(Trajectory("board", time_s, position, quat), "z")
    return BroadTrial(Signal("board", time_s, acc, gyr), trajectory, movement)
