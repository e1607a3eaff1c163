"""The gaitmap example: two foot IMUs and three optical markers on each foot.

``imu_sample.csv`` (gaitmap, MIT) has a two-row header (sensor, channel) and 204.8 Hz rows, m/s²
and **°/s**; ``mocap_sample.csv`` a two-row header (marker, axis) and 100 Hz rows in mm, world
z-up. Neither has a time column: both start at 0. The rates are options, since the files do not
state them.

Three markers give each foot's pose by a rigid fit per frame (Kabsch 1976). The markers' triangle
is some 0.2 × 0.1 m and its shape flexes by millimetres with the foot, so turning about the
foot's long axis is the worst seen. Where the IMU sits on the foot is not recorded; the pose is
the marker frame's, its origin the markers' mean.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.errors import FileError
from m3n_studio.recordings.delimited import Lines, read_lines, read_numbers, split_cells
from m3n_studio.recordings.imported import Import, Reading, Recorded
from m3n_studio.recordings.signal import Signal
from m3n_studio.recordings.trajectory import Trajectory, y_up

Array = NDArray[np.float64]

IMU_RATE_HZ = 204.8
MARKER_RATE_HZ = 100.0
CHANNELS = ("acc_x", "acc_y", "acc_z", "gyr_x", "gyr_y", "gyr_z")
FEET = {"left": ("L_FCC", "L_TOE", "L_FM5"), "right": ("R_FCC", "R_TOE", "R_FM5")}


def sniff(_path: Path, head: bytes) -> bool:
    """Whether the first two lines are a header of sensors and channels."""
    rows = head.split(b"\n", 2)[:2]
    if len(rows) < 2:
        return False
    first, second = (split_cells(row.decode("utf-8", "replace"), ",") for row in rows)
    return first[0].lstrip("\ufeff") == "sensor" and second[0] == "axis" and "acc_x" in second


def read(path: Path, rate_hz: float = IMU_RATE_HZ) -> tuple[Signal, ...]:
    """One signal for each sensor in the header, in its order; times from 0 at `rate_hz`."""
    lines = read_lines(path)
    header = _two_row_header(lines)
    names = list(dict.fromkeys(sensor for sensor, _ in header if sensor and sensor != "sensor"))
    keys = [(name, channel) for name in names for channel in CHANNELS]
    values = _columns(lines, header, keys).reshape(-1, max(len(names), 1), 2, 3)
    time_s = np.arange(len(values)) / rate_hz
    return tuple(Signal(name, time_s, values[:, i, 0], np.deg2rad(values[:, i, 1])) for i, name in enumerate(names))


def read_whole(path: Path, reading: Reading) -> Import:
    """Both feet, at 204.8 Hz unless a person gave another rate."""
    rate = reading.rate_hz or IMU_RATE_HZ
    places = {"left_sensor": "left_foot", "right_sensor": "right_foot"}
    recorded = tuple(Recorded(signal, places.get(signal.name, "")) for signal in read(path, rate))
    note = f"{rate:g} Hz: the file has no times" + ("" if reading.rate_hz else "; this is the example's rate")
    return Import(recorded, format="gaitmap", paths=(path,), notes=(note,))


def read_markers(path: str | Path) -> dict[str, Array]:
    """Marker positions (N, 3) in m by name, in the file's z-up world; NaN where unseen."""
    lines = read_lines(Path(path))
    header = _two_row_header(lines)
    names = list(dict.fromkeys(marker for marker, _ in header if marker))
    values = _columns(lines, header, [(name, axis) for name in names for axis in "xyz"])
    return {name: values[:, 3 * i : 3 * i + 3] / 1000.0 for i, name in enumerate(names)}


def read_trajectories(path: str | Path, rate_hz: float = MARKER_RATE_HZ) -> tuple[Trajectory, ...]:
    """Both feet's poses from a marker file, world y-up, times from 0 at `rate_hz`."""
    path = Path(path)
    markers = read_markers(path)
    out = []
    for foot, names in FEET.items():
        missing = [name for name in names if name not in markers]
        if missing:
            raise FileError(path, field=missing[0], found="no such marker", expected=", ".join(names))
        stacked = np.stack([markers[name] for name in names], axis=1)
        if not np.asarray(np.isfinite(stacked).all(axis=(1, 2))).any():
            raise FileError(path, field=f"{foot} foot", found="no frame with all three markers", expected="some")
        position, quat = rigid_pose(stacked)
        time_s = np.arange(len(position)) / rate_hz
        out.append(y_up(Trajectory(f"{foot}_sensor", time_s, position, quat), "z"))
    return tuple(out)


def rigid_pose(markers: Array) -> tuple[Array, Array]:
    """Pose of a rigid cluster of M >= 3 markers in every frame.

    markers : (N, M, 3) m, NaN where unseen. The reference shape is found from the frames
    themselves: starting from one frame, all are turned onto it and averaged, twice, so that no
    single frame's error is built in.

    Returns
    -------
    position (N, 3) m, the markers' mean; quat (N, 4) wxyz, cluster to world. NaN in frames with
    a marker missing.
    """
    seen = np.asarray(np.isfinite(markers).all(axis=(1, 2)))
    centre = markers.mean(axis=1)
    local = (markers - centre[:, None])[seen]
    shape = _own_frame(local[0])
    for _ in range(3):
        R = _kabsch(shape, local)
        shape = np.einsum("nji,nmj->mi", R, local) / len(local)
    position = np.where(seen[:, None], centre, np.nan)
    quat = np.full((len(markers), 4), np.nan)
    quat[seen] = so3.quat_from_matrix(_kabsch(shape, local))
    return position, quat


def _own_frame(local: Array) -> Array:
    """A cluster (M, 3) in axes of its own: x along its length, z normal to its plane."""
    _, _, axes = np.linalg.svd(local)
    axes[2] = np.cross(axes[0], axes[1])
    return np.asarray(local @ axes.T)


def _kabsch(shape: Array, local: Array) -> Array:
    """Rotations (N, 3, 3) that best turn `shape` (M, 3) onto each of `local` (N, M, 3)."""
    return so3.polar(np.einsum("nmi,mj->nij", local, shape))


def _two_row_header(lines: Lines) -> list[tuple[str, str]]:
    if len(lines.text) < 3:
        raise FileError(lines.path, found=f"{len(lines.text)} lines", expected="two header lines and rows of numbers")
    return list(zip(lines.cells(0, ","), lines.cells(1, ","), strict=False))


def _columns(lines: Lines, header: list[tuple[str, str]], keys: list[tuple[str, str]]) -> Array:
    missing = [" ".join(key) for key in keys if key not in header]
    if missing or not keys:
        raise FileError(lines.path, field="the header", found=f"no column {(missing or ['at all'])[0]}",
                        expected="each channel of each sensor or marker")  # fmt: skip
    return read_numbers(lines, [header.index(key) for key in keys], [" ".join(key) for key in keys], first=2)
