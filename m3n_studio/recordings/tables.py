"""Our own tables of signals: CSV for people and other programs, HDF5 for everything else.

CSV: one header line ``time_s, valid, left_wrist_acc_x … left_wrist_gyr_z`` with as many
placements side by side as share one time base; m/s² and rad/s in the sensor frame. `valid` is 1
where every placement's sample counts; where placements differ, each has its own
``<name>_valid`` as well. CSV carries no metadata.

HDF5: ``/signals/<name>/{time_s, acc_mps2, gyr_radps, valid}``, each with its own times;
metadata as JSON in ``/metadata``. All text is fixed-length: of variable-length text the HDF5
library keeps a heap, and it hangs in damaged ones (seen in 2.0.0). Both read back bit for bit, and both are
written to a temporary file, flushed to disk and renamed, so that a crash leaves the old file or
the new one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from m3n_studio.atomic import atomic
from m3n_studio.errors import FileError, ValueProblem
from m3n_studio.recordings.delimited import Lines, check_times, read_lines, read_numbers, split_cells
from m3n_studio.recordings.signal import Signal

Array = NDArray[np.float64]

HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
FORMAT = "m3n-signals"
CHANNELS = ("acc_x", "acc_y", "acc_z", "gyr_x", "gyr_y", "gyr_z")
_CSV_START = ("time_s", "valid")
_ROWS_AT_ONCE = 4096


def write_signals(path: str | Path, signals: Sequence[Signal], metadata: Mapping[str, Any] | None = None) -> None:
    """Write signals as CSV or HDF5, by the suffix of `path`, whole or not at all.

    Parameters
    ----------
    path : ``.csv``, ``.h5`` or ``.hdf5``
    signals : sequence of Signal
        At least one, with distinct names. CSV needs them on one time base.
    metadata : mapping, optional
        Kept as JSON in HDF5; CSV has no place for it.

    Raises
    ------
    ValueProblem
        For names that are empty or used twice, or times that differ in CSV.
    FileError
        Where the file cannot be written or the suffix is not known.
    """
    path, signals = Path(path), tuple(signals)
    names = [signal.name for signal in signals]
    if not names or len(set(names)) != len(names) or not all(names):
        raise ValueProblem(f"signals need distinct, non-empty names; found {names}")
    writers = {".csv": _write_csv, ".h5": _write_hdf5, ".hdf5": _write_hdf5}
    if path.suffix.lower() not in writers:
        raise FileError(path, found=f"the suffix {path.suffix!r}", expected=f"one of {', '.join(writers)}")
    try:
        with atomic(path) as part:
            writers[path.suffix.lower()](part, signals, dict(metadata or {}))
    except OSError as error:
        raise FileError(path, found=f"it cannot be written ({error.strerror or error})") from error


def _write_csv(part: Path, signals: tuple[Signal, ...], _metadata: dict[str, Any]) -> None:
    first = signals[0]
    for signal in signals:
        if any(mark in signal.name for mark in ',"\r\n') or signal.name != signal.name.strip():
            raise ValueProblem(f"the name {signal.name!r} does not fit in a CSV header; use .h5")
        if not np.array_equal(signal.time_s, first.time_s):
            raise ValueProblem(
                f"{signal.name!r} and {first.name!r} have different times; CSV has one time column: use .h5"
            )
    valid = np.all([signal.valid for signal in signals], axis=0)
    own_masks = [signal for signal in signals if not np.array_equal(signal.valid, valid)]
    header = [*_CSV_START]
    for signal in signals:
        header += [f"{signal.name}_{channel}" for channel in CHANNELS]
    header += [f"{signal.name}_valid" for signal in own_masks]
    masks = np.column_stack([valid, *(signal.valid for signal in own_masks)]).astype(int)
    values = np.hstack([np.hstack([signal.acc_mps2, signal.gyr_radps]) for signal in signals])
    with part.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(header) + "\n")
        for start in range(0, len(first), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            for time, mask, row in zip(
                first.time_s[rows].tolist(), masks[rows].tolist(), values[rows].tolist(), strict=True
            ):
                cells = [repr(time), str(mask[0]), *map(repr, row), *map(str, mask[1:])]
                file.write(",".join(cells) + "\n")


def sniff_csv(_path: Path, head: bytes) -> bool:
    """Whether the header starts as ours does."""
    first = head.split(b"\n", 1)[0].decode("utf-8", "replace").lstrip("\ufeff")
    return tuple(split_cells(first, ",")[:2]) == _CSV_START


def read_csv(path: Path) -> tuple[Signal, ...]:
    """Read our CSV; see the module's head for its columns."""
    lines = read_lines(path)
    header = lines.cells(0, ",")
    names = _names_in(lines, header)
    channels = [f"{name}_{channel}" for name in names for channel in CHANNELS]
    masks = [column for column in ("valid", *(f"{name}_valid" for name in names)) if column in header]
    wanted = ["time_s", *masks, *channels]
    numbers = read_numbers(lines, [header.index(column) for column in wanted], wanted, first=1)
    time_s = check_times(lines, numbers[:, 0], first=1)
    valid = {column: _mask(lines, column, numbers[:, 1 + i]) for i, column in enumerate(masks)}
    values = numbers[:, 1 + len(masks) :].reshape(len(time_s), len(names), 2, 3)
    return tuple(
        Signal(name, time_s, values[:, i, 0], values[:, i, 1], valid.get(f"{name}_valid", valid["valid"]))
        for i, name in enumerate(names)
    )


def _names_in(lines: Lines, header: list[str]) -> list[str]:
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise FileError(lines.path, field="line 1", found=f"the column {twice[0]!r} twice", expected="each once")
    names = [column.removesuffix("_acc_x") for column in header if column.endswith("_acc_x") and column != "_acc_x"]
    if not names:
        raise FileError(lines.path, field="line 1", found=f"the columns {_short(header)}",
                        expected="time_s, valid, <placement>_acc_x … <placement>_gyr_z")  # fmt: skip
    for name in names:
        missing = [f"{name}_{channel}" for channel in CHANNELS if f"{name}_{channel}" not in header]
        if missing:
            raise FileError(lines.path, field="line 1", found=f"no column {missing[0]}",
                            expected=f"all of {', '.join(f'{name}_{channel}' for channel in CHANNELS)}")  # fmt: skip
    return names


def _short(names: Sequence[str], most: int = 12) -> str:
    listed = ", ".join(name[:32] for name in names[:most])
    return listed + (f" and {len(names) - most} more" if len(names) > most else "")


def _mask(lines: Lines, column: str, numbers: Array) -> NDArray[np.bool_]:
    wrong = (numbers != 0) & (numbers != 1)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise FileError(lines.path, field=f"line {lines.numbers[1 + row]}, column {column}",
                        found=f"{numbers[row]}", expected="0 or 1")  # fmt: skip
    return np.asarray(numbers == 1)


def _write_hdf5(part: Path, signals: tuple[Signal, ...], metadata: dict[str, Any]) -> None:
    import h5py

    with h5py.File(part, "w") as file:
        file.attrs["format"] = np.bytes_(FORMAT)
        file.attrs["version"] = 1
        file["metadata"] = np.bytes_(json.dumps(metadata, ensure_ascii=False, sort_keys=True).encode())
        for index, signal in enumerate(signals):
            group = file.create_group(f"signals/{_group_name(signal.name, index)}")
            group.attrs["name"] = np.bytes_(signal.name.encode())
            group.attrs["order"] = index
            for field in ("time_s", "acc_mps2", "gyr_radps", "valid"):
                group.create_dataset(field, data=getattr(signal, field))


def _group_name(name: str, index: int) -> str:
    return name if all(c.isalnum() or c in "_- " for c in name) else f"signal {index}"


@contextmanager
def open_hdf5(path: Path) -> Iterator[Any]:
    """An HDF5 file to read; `FileError` where it is none."""
    import h5py

    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise FileError(path, found="no readable HDF5", expected="an intact HDF5 file") from error
    with file:
        yield file


def read_array(path: Path, node: Any, field: str, shape: tuple[int, ...], kind: str = "f") -> NDArray[Any]:
    """One array of an HDF5 group, after its shape and size were checked.

    shape : expected, -1 for any length. kind : ``"f"`` (read as float64) or ``"b"`` (bool).
    Raises `FileError` for what is missing, misshapen or larger than any file could hold.
    """
    import h5py

    found = node.get(field)
    if not isinstance(found, h5py.Dataset):
        raise FileError(path, field=field, found="nothing of that name", expected=f"an array {shape}")
    fits = len(found.shape or ()) == len(shape) and all(
        b in (-1, a) for a, b in zip(found.shape or (), shape, strict=False)
    )
    if not fits or found.dtype.kind not in "fiub" or found.size == 0:
        raise FileError(path, field=field, found=f"{found.dtype} {found.shape}", expected=f"numbers {shape}")
    if found.size * found.dtype.itemsize > 1000 * path.stat().st_size:
        raise FileError(path, field=field, found=f"{found.shape} in a file of {path.stat().st_size} bytes",
                        expected="an intact file")  # fmt: skip
    values = found[()]
    return np.asarray(values, dtype=bool if kind == "b" else np.float64)


def fixed_text(node: Any, key: str) -> str:
    """A fixed-length text attribute; empty where there is none or it is of another type.

    Variable-length text is not touched: see the module's head.
    """
    if key not in node.attrs or node.attrs.get_id(key).dtype.kind != "S":
        return ""
    return bytes(node.attrs[key]).decode("utf-8", "replace")


def _order(node: Any, otherwise: int) -> int:
    if "order" not in node.attrs or node.attrs.get_id("order").dtype.kind not in "iu":
        return otherwise
    return int(node.attrs["order"])


def sniff_hdf5(path: Path, head: bytes) -> bool:
    """Whether an HDF5 file says it is ours."""
    if not head.startswith(HDF5_MAGIC):
        return False
    try:
        with open_hdf5(path) as file:
            return fixed_text(file, "format") == FORMAT
    except (FileError, OSError, RuntimeError, ValueError, KeyError, TypeError):
        return False


def read_hdf5(path: Path) -> tuple[Signal, ...]:
    """Read our HDF5; see the module's head for its layout."""
    import h5py

    out: list[tuple[int, Signal]] = []
    with open_hdf5(path) as file:
        if not isinstance(file.get("signals"), h5py.Group):
            raise FileError(path, field="signals", found="no group of that name", expected="a group per signal")
        for key, group in file["signals"].items():
            where = f"signals/{key}"
            if not isinstance(group, h5py.Group):
                raise FileError(path, field=where, found="an array", expected="a group")
            time_s = read_array(path, group, "time_s", (-1,))
            n = len(time_s)
            if not np.isfinite(time_s).all() or (np.diff(time_s) <= 0).any():
                raise FileError(path, field=f"{where}/time_s", found="times that do not increase",
                                expected="finite times that increase")  # fmt: skip
            signal = Signal(
                fixed_text(group, "name") or str(key), time_s,
                read_array(path, group, "acc_mps2", (n, 3)), read_array(path, group, "gyr_radps", (n, 3)),
                read_array(path, group, "valid", (n,), "b"),
            )  # fmt: skip
            out.append((_order(group, len(out)), signal))
    if not out:
        raise FileError(path, field="signals", found="no signal", expected="at least one")
    return tuple(signal for _, signal in sorted(out, key=lambda item: item[0]))


def read_metadata(path: str | Path) -> dict[str, Any]:
    """What :func:`write_signals` was given as metadata; empty for CSV."""
    path = Path(path)
    if path.suffix.lower() == ".csv":
        return {}
    with open_hdf5(path) as file:
        text = file.get("metadata")
        if text is None or text.dtype.kind != "S" or text.shape != ():
            return {}
        try:
            found = json.loads(bytes(text[()]).decode("utf-8"))
        except ValueError as error:
            raise FileError(path, field="metadata", found="no JSON", expected="a JSON object") from error
    return found if isinstance(found, dict) else {}
