"""`Trajectory`: where one rigid sensor is over time, and its CSV reader.

Motion capture of a rigid marker cluster, a robot's end effector or any tracker gives position
and orientation; with them a virtual IMU needs no body. Columns ``time_s, px, py, pz, qw, qx,
qy, qz`` (s, m, sensor to world); rows with missing numbers are gaps.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.errors import FileError, UnknownName
from m3n_studio.recordings.series import checked, freeze

Array = NDArray[np.float64]
COLUMNS = ("time_s", "px", "py", "pz", "qw", "qx", "qy", "qz")
_MAX_BYTES = 2 << 30

#: Rows of the rotation that takes a world with that axis up to y-up, right-handed.
UP_ROTATION: dict[str, Array] = {
    "x": np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]),
    "y": np.eye(3),
    "z": np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]]),
}


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Position and orientation of one rigid sensor, world y-up.

    Attributes
    ----------
    name : str
    time_s : (N,) float64, s
        Increasing; need not be even.
    position_m : (N, 3) float64, m
    quat_wxyz : (N, 4) float64
        Sensor to world, unit, neighbours in one hemisphere.
    valid : (N,) bool
        False in gaps; where a position or quaternion was not finite (or had no length) this is
        set and the value replaced by zero or identity.
    """

    name: str
    time_s: Array
    position_m: Array
    quat_wxyz: Array
    valid: NDArray[np.bool_] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        time_s = np.array(self.time_s, dtype=np.float64)
        position = np.array(self.position_m, dtype=np.float64)
        quat = np.array(self.quat_wxyz, dtype=np.float64)
        values = {"positions": (position, 3), "quaternions": (quat, 4)}
        valid = checked(f"trajectory {self.name!r}", time_s, values, self.valid)
        with np.errstate(invalid="ignore", over="ignore"):
            length = np.linalg.norm(quat, axis=1)
        good = np.isfinite(position).all(axis=1) & np.isfinite(length) & (length > 1e-6)
        position[~good] = 0.0
        quat[~good], length[~good] = (1.0, 0.0, 0.0, 0.0), 1.0
        unit = so3.continuous_quats(quat / length[:, None])
        freeze(self, time_s=time_s, position_m=position, valid=valid & good, quat_wxyz=unit)

    def __len__(self) -> int:
        return len(self.time_s)

    @property
    def rate_hz(self) -> float:
        """Median sampling rate, Hz."""
        return 1.0 / float(np.median(np.diff(self.time_s))) if len(self.time_s) > 1 else 0.0

    def with_(self, **changes: object) -> Trajectory:
        """A copy with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def turned(self, R: Array) -> Trajectory:
        """The same trajectory in a world turned by R (3, 3)."""
        turn = so3.quat_from_matrix(R)
        return self.with_(position_m=self.position_m @ R.T, quat_wxyz=so3.quat_multiply(turn, self.quat_wxyz))


def y_up(trajectory: Trajectory, up: str) -> Trajectory:
    """A trajectory whose world had axis `up` ("x", "y" or "z") upwards, in our y-up world."""
    if up not in UP_ROTATION:
        raise UnknownName("up axis", up, UP_ROTATION)
    return trajectory if up == "y" else trajectory.turned(UP_ROTATION[up])


def read_trajectory(path: str | Path, *, up: str = "y") -> Trajectory:
    """Read a trajectory CSV; rows with empty or NaN numbers become gaps.

    path : comma-separated, with a header that holds :data:`COLUMNS` in any order, and
    optionally ``valid``; `up` : the axis that points up in the file.

    Raises
    ------
    FileError
        Naming the column or line, what was found and what was expected.
    """
    path = Path(path)
    if up not in UP_ROTATION:
        raise UnknownName("up axis", up, UP_ROTATION)
    rows = _rows(path)
    header = [cell.strip() for cell in rows[0]] if rows else []
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise FileError(path, field=missing[0], found=f"no such column among {', '.join(header)[:80] or '(none)'}",
                        expected=f"columns {', '.join(COLUMNS)}")  # fmt: skip
    names = (*COLUMNS, "valid") if "valid" in header else COLUMNS
    table = _numbers(path, rows[1:], [(name, header.index(name)) for name in names])
    if len(table) < 1:
        raise FileError(path, found="no rows under the header", expected="at least one sample")
    bad = np.flatnonzero(~np.isfinite(table[:, 0]))
    if len(bad):
        raise FileError(path, field=f"line {bad[0] + 2}", found="no time_s", expected="a number of seconds")
    back = np.flatnonzero(np.diff(table[:, 0]) <= 0)
    if len(back):
        raise FileError(path, field=f"line {back[0] + 3}", found="time_s does not increase",
                        expected="increasing seconds")  # fmt: skip
    valid = table[:, 8] == 1.0 if len(names) > len(COLUMNS) else None
    raw = Trajectory(path.stem, table[:, 0], table[:, 1:4], table[:, 4:8], valid)  # type: ignore[arg-type]
    if not raw.valid.any():
        raise FileError(path, found="no complete row", expected="position and quaternion in at least one row")
    return y_up(raw, up)


def _rows(path: Path) -> list[list[str]]:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise FileError(path, found=f"{path.stat().st_size} bytes", expected="at most 2 GiB")
        with path.open(newline="", encoding="utf-8-sig") as file:
            return [row for row in csv.reader(file) if row]
    except OSError as error:
        raise FileError(path, found=f"it cannot be read ({error.strerror or error})") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileError(path, found=f"not a text table ({error})", expected="comma-separated values") from error


def _numbers(path: Path, rows: list[list[str]], columns: list[tuple[str, int]]) -> Array:
    """The wanted columns as numbers; empty cells are NaN."""
    out = np.full((len(rows), len(columns)), np.nan)
    for i, row in enumerate(rows):
        for j, (name, column) in enumerate(columns):
            cell = row[column].strip() if column < len(row) else ""
            if not cell:
                continue
            try:
                out[i, j] = float(cell)
            except ValueError:
                raise FileError(path, field=f"line {i + 2}, column {name}", found=repr(cell[:40]),
                                expected="a number") from None  # fmt: skip
    return out
