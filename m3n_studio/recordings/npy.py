"""Arrays of numbers out of NumPy's files, never objects."""

from __future__ import annotations

import tokenize
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import FileError

MAGIC = b"\x93NUMPY"
_MOST_BYTES = 4 << 30


def read_npy(path: Path) -> NDArray[np.float64]:
    """One real array as float64; `FileError` for anything else a file may hold.

    The file is mapped first, so that a header that claims more than is there allocates nothing.
    """
    mapped = _mapped(path)
    with np.errstate(all="ignore"):
        return np.array(mapped, dtype=np.float64)


def array_shape(path: Path) -> tuple[int, ...]:
    """The shape of the array, without reading it."""
    return tuple(_mapped(path).shape)


def _mapped(path: Path) -> NDArray[np.generic]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise FileError(path, found=f"{path.stat().st_size} bytes", expected="an array of at most 4 GiB")
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise FileError(path, found="no NumPy header", expected="a file that numpy.save wrote")
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, TypeError, SyntaxError, tokenize.TokenError, OverflowError, EOFError, MemoryError, OSError,
            KeyError, AttributeError, RecursionError) as error:  # fmt: skip
        raise FileError(path, found=f"no intact array ({type(error).__name__})",
                        expected="a file that numpy.save wrote") from error  # fmt: skip
    if mapped.dtype.kind not in "fiu" or mapped.dtype.hasobject:
        raise FileError(path, found=f"an array of {mapped.dtype}", expected="numbers")
    return np.asarray(mapped)
