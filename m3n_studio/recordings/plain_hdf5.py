"""Plain HDF5: sensors as groups of arrays, by any of the usual names.

A group (or the file's root) is a sensor if it has acceleration (N, 3) and angular velocity (N, 3),
or one array of both, (N, 6) or, with the time in s first, (N, 7). Times are an array (N,) in s
beside them or in the root; else a rate in Hz as an attribute of the group or the root. Units come
from a fixed-length text attribute ``units`` of the array, else from the person, else they are
m/s² and rad/s. Labels are an array (N,) of whole numbers or of fixed-length text. The names are
those of :data:`NAMES`. Sensors are sought in the root and two levels of groups below it.

Text of variable length is never read (the library hangs in damaged heaps), nor are links followed
to other files.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import FileError
from m3n_studio.recordings.imported import Import, LabelTrack, Reading, Recorded, even_times
from m3n_studio.recordings.signal import Signal
from m3n_studio.recordings.tables import HDF5_MAGIC, fixed_text, open_hdf5, read_array
from m3n_studio.recordings.units import ACC_UNITS, GYR_UNITS, acc_factor, gyr_factor

Array = NDArray[np.float64]

NAMES = {
    "acc": ("acc_mps2", "acc", "accel", "accelerometer", "acceleration", "imu_acc"),
    "gyr": ("gyr_radps", "gyr", "gyro", "gyroscope", "angular_velocity", "imu_gyr"),
    "both": ("imu", "data", "samples", "signals"),
    "time": ("time_s", "time", "timestamps", "timestamp", "t"),
    "label": ("label", "labels", "activity"),
    "rate": ("rate_hz", "sampling_rate", "sample_rate", "sampling_frequency", "fs"),
}
_SPELLINGS = {"m/s^2": "m/s2", "m/s**2": "m/s2", "dps": "deg/s", "rad s^-1": "rad/s", "m s^-2": "m/s2"}
_MOST_NODES = 2000
_DEPTH = 2


def sniff(path: Path, head: bytes) -> bool:
    """Whether an HDF5 file has a sensor by any of the usual names."""
    if not head.startswith(HDF5_MAGIC):
        return False
    try:
        with open_hdf5(path) as file:
            return next(_sensors(file), None) is not None
    except (FileError, OSError, RuntimeError, ValueError, KeyError, TypeError, AttributeError):
        return False


def read(path: Path) -> tuple[Signal, ...]:
    """Every sensor's signal."""
    return read_whole(path, Reading()).signals


def read_whole(path: Path, reading: Reading) -> Import:
    """Every sensor's signal, and the first sensor's labels."""
    labels: list[LabelTrack] = []
    recorded, notes = [], []
    with open_hdf5(path) as file:
        for name, group in _sensors(file):
            signal, words = _signal(path, file, name or path.stem, group, reading)
            recorded.append(Recorded(signal))
            notes.append(f"{signal.name}: {words}")
            label = _pick(group, "label") or _pick(file, "label")
            if label and not labels:
                labels += _labels(group if label in group else file, label, signal.time_s)
    if not recorded:
        raise FileError(path, found="no sensor by a usual name",
                        expected=f"acceleration ({', '.join(NAMES['acc'])}) and angular velocity")  # fmt: skip
    return Import(tuple(recorded), tuple(labels), format="hdf5", paths=(path,), notes=tuple(notes))


def _hard(node: Any, key: str) -> Any:
    """A child that lies in this file, or None."""
    import h5py

    return node.get(key) if isinstance(node.get(key, getlink=True), h5py.HardLink) else None


def _pick(node: Any, kind: str) -> str:
    """The first of a kind's names that is an array of the group."""
    import h5py

    return next((name for name in NAMES[kind] if isinstance(_hard(node, name), h5py.Dataset)), "")


def _sensors(file: Any) -> Iterator[tuple[str, Any]]:
    import h5py

    waiting: list[tuple[str, Any, int]] = [("", file, 0)]
    seen = 0
    while waiting:
        name, node, depth = waiting.pop(0)
        if (_pick(node, "acc") and _pick(node, "gyr")) or _pick(node, "both"):
            yield name, node
            continue
        if depth >= _DEPTH:
            continue
        for key in node:
            seen += 1
            if seen > _MOST_NODES:
                return
            child = _hard(node, key)
            if isinstance(child, h5py.Group):
                waiting.append((f"{name}/{key}".strip("/"), child, depth + 1))


def _signal(path: Path, file: Any, name: str, group: Any, reading: Reading) -> tuple[Signal, str]:
    both = "" if _pick(group, "acc") and _pick(group, "gyr") else _pick(group, "both")
    time_s: Array | None = None
    if both:
        width = group[both].shape[1] if len(group[both].shape or ()) == 2 else 0
        if width not in (6, 7):
            raise FileError(path, field=f"{name}/{both}", found=f"{group[both].shape}", expected="(N, 6) or (N, 7)")
        values = read_array(path, group, both, (-1, width))
        time_s = values[:, 0] if width == 7 else None
        acc, gyr = values[:, -6:-3], values[:, -3:]
        acc_unit = gyr_unit = ""
    else:
        acc_name, gyr_name = _pick(group, "acc"), _pick(group, "gyr")
        acc = read_array(path, group, acc_name, (-1, 3))
        gyr = read_array(path, group, gyr_name, (len(acc), 3))
        acc_unit, gyr_unit = (_unit(group[key]) for key in (acc_name, gyr_name))
    if time_s is None:
        time_s = _times(path, file, group, len(acc), reading)
    wrong = ~np.isfinite(time_s) | np.concatenate([[False], np.diff(time_s) <= 0])
    if wrong.any():
        raise FileError(path, field=f"{name} sample {int(np.argmax(wrong))}", found="a time that does not increase",
                        expected="seconds that increase")  # fmt: skip
    acc = acc * (ACC_UNITS[acc_unit] if acc_unit in ACC_UNITS else acc_factor(reading))
    gyr = gyr * (GYR_UNITS[gyr_unit] if gyr_unit in GYR_UNITS else gyr_factor(reading))
    units = (acc_unit or reading.acc_unit or "m/s2 assumed", gyr_unit or reading.gyr_unit or "rad/s assumed")
    return Signal(name, time_s, acc, gyr), " and ".join(units)


def _unit(dataset: Any) -> str:
    text = fixed_text(dataset, "units") or fixed_text(dataset, "unit")
    return _SPELLINGS.get(text.strip(), text.strip())


def _times(path: Path, file: Any, group: Any, count: int, reading: Reading) -> Array:
    for node in (group, file):
        name = _pick(node, "time")
        if name and node[name].shape == (count,):
            return np.asarray(read_array(path, node, name, (count,)))
    return even_times(path, count, reading.rate_hz or _rate(group) or _rate(file))


def _rate(node: Any) -> float:
    for name in NAMES["rate"]:
        if name in node.attrs and node.attrs.get_id(name).dtype.kind in "fiu":
            value = np.asarray(node.attrs[name], dtype=np.float64)
            return float(value.reshape(-1)[0]) if value.size == 1 and np.isfinite(value).all() else 0.0
    return 0.0


def _labels(node: Any, name: str, time_s: Array) -> list[LabelTrack]:
    dataset = node[name]
    if dataset.shape != time_s.shape or dataset.dtype.kind not in "iuSb":
        return []
    values = dataset[()]
    words = [v.decode("utf-8", "replace").strip("\0 ") if isinstance(v, bytes) else str(int(v)) for v in values]
    return [LabelTrack.of_samples("activity", time_s, words)]
