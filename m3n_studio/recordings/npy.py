"""Arrays of numbers out of NumPy's files, never objects.

The header is read here, by the one form NumPy writes it in, so that nothing in it is evaluated;
the numbers are mapped, so that a header that claims more than is there allocates nothing.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import FileError

MAGIC = b"\x93NUMPY"
_MOST_BYTES = 4 << 30
_MOST_HEADER = 1 << 16
_HEADER = re.compile(
    rb"\{'descr': '([<>|=][fiu][1248])', 'fortran_order': (True|False), "
    rb"'shape': \(([0-9]{1,12}(?:, ?[0-9]{1,12})*),?\),? *\}\s*"
)


def read_npy(path: Path) -> NDArray[np.float64]:
    """One real array as float64; `FileError` for anything else a file may hold."""
    dtype, fortran, shape, start = _header(path)
    if math.prod(shape) == 0:
        raise FileError(path, found=f"an array {shape}", expected="at least one number")
    mapped = np.memmap(path, dtype=dtype, mode="r", offset=start, shape=shape, order="F" if fortran else "C")
    with np.errstate(all="ignore"):
        return np.array(mapped, dtype=np.float64)


def array_shape(path: Path) -> tuple[int, ...]:
    """The shape of the array, without reading it."""
    return _header(path)[2]


def _header(path: Path) -> tuple[np.dtype[np.generic], bool, tuple[int, ...], int]:
    """Type, order, shape and where the numbers begin, once the file is known to hold them all."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_MOST_HEADER)
    except OSError as error:
        raise FileError(path, found=f"it cannot be read ({error.strerror or error})") from error
    if size > _MOST_BYTES:
        raise FileError(path, found=f"{size} bytes", expected="an array of at most 4 GiB")
    width = 2 if head[6:7] == b"\1" else 4
    start = 8 + width + int.from_bytes(head[8 : 8 + width], "little")
    found = _HEADER.fullmatch(head[8 + width : start]) if head.startswith(MAGIC) and start <= len(head) else None
    if found is None:
        raise FileError(path, found="no intact array of numbers", expected="a file that numpy.save wrote")
    try:
        dtype = np.dtype(found[1].decode())
    except TypeError as error:
        raise FileError(
            path, found=f"numbers of type {found[1].decode()}", expected="float or whole numbers"
        ) from error
    shape = tuple(int(part) for part in found[3].split(b","))
    if math.prod(shape) * dtype.itemsize > size - start:
        raise FileError(path, found=f"{size - start} bytes for an array {shape}", expected="an intact file")
    return dtype, found[2] == b"True", shape, start
