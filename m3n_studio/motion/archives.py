"""Open ``.npz``, ``.npy`` and pickle files from strangers as plain arrays.

Nothing in a file is run: object arrays and pickles go through the restricted unpickler, array
headers are matched by a pattern instead of being evaluated, and no array is unpacked before
its declared size has been held against what the file holds and a limit (1 GiB). Fields are
unpacked when asked for, so a large mesh nobody needs costs nothing.

Pickles written by ``joblib`` (WHAM, 4D-Humans) interleave raw arrays with the pickle and may
be compressed; they are read here too, by a pure Python unpickler.
"""

from __future__ import annotations

import bz2
import io
import lzma
import math
import pickle
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from m3n_studio.body import unpickle
from m3n_studio.body.pickled_arrays import DtypeStub, build
from m3n_studio.errors import FileError

MAX_ARRAY_BYTES = 1 << 30
_MAX_HEADER = 1 << 16
_MAX_MEMBERS = 10_000
_MAGIC = b"\x93NUMPY"
_DESCR = re.compile(r"'descr':\s*'([<>|=]?[biufcUSO]\d{0,6})'")
_ORDER = re.compile(r"'fortran_order':\s*(True|False)")
_SHAPE = re.compile(r"'shape':\s*\(([\d,\sL]*)\)")


def _header(path: Path, field: str, stream: IO[bytes]) -> tuple[np.dtype[Any], bool, tuple[int, ...], int]:
    """Element type, Fortran order, shape and header length of a ``.npy`` stream."""
    start = stream.read(12)
    if start[:6] != _MAGIC or len(start) < 12 or start[6] not in (1, 2, 3):
        raise FileError(path, field=field, found="no NumPy array header", expected="an intact array")
    if start[6] == 1:
        used, length = 10, int.from_bytes(start[8:10], "little")
    else:
        used, length = 12, int.from_bytes(start[8:12], "little")
    if length > _MAX_HEADER:
        raise FileError(path, field=field, found=f"an array header of {length} bytes", expected="an intact array")
    text = (start[used:] + stream.read(used + length - 12)).decode("latin1")
    descr, order, shape = _DESCR.search(text), _ORDER.search(text), _SHAPE.search(text)
    if not (descr and order and shape):
        raise FileError(path, field=field, found=f"an array of an unusual kind ({text[:60]!r})",
                        expected="a plain array of numbers, text or objects")  # fmt: skip
    numbers = [part.strip(" L\n") for part in shape[1].split(",")]
    sizes = tuple(int(n) for n in numbers if n)
    if len(sizes) > 16 or any(len(n) > 15 for n in numbers):
        raise FileError(path, field=field, found=f"an array of declared shape {shape[1][:60]}")
    try:
        dtype = np.dtype(descr[1])
    except TypeError as error:
        raise FileError(path, field=field, found=f"element type {descr[1]!r}", expected="numbers") from error
    return dtype, order[1] == "True", sizes, used + length


def _read_array(path: Path, field: str, stream: IO[bytes], total: int) -> Any:
    """One array of a ``.npy`` stream of `total` bytes; plain data for an object array."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dtype, fortran, shape, used = _header(path, field, stream)
    held = total - used
    if dtype.hasobject:
        if held > MAX_ARRAY_BYTES:
            raise FileError(path, field=field, found=f"a pickle of {held} bytes", expected="at most 1 GiB")
        value = unpickle.loads(stream.read(held), path=path)
        return value.item() if isinstance(value, np.ndarray) and value.size == 1 and value.ndim == 0 else value
    size = math.prod(shape) * dtype.itemsize
    if size > MAX_ARRAY_BYTES or size > held:
        raise FileError(path, field=field, found=f"an array declared {shape} of {dtype} ({size} bytes)"
                        f" in {held} bytes of file", expected="an intact array of at most 1 GiB")  # fmt: skip
    data = stream.read(size)
    if len(data) != size:
        raise FileError(path, field=field, found=f"{len(data)} of {size} bytes", expected="a file that is not cut")
    array = np.frombuffer(data, dtype=dtype, count=math.prod(shape)) if size else np.empty(0, dtype)
    return array.reshape(shape, order="F" if fortran else "C")


def text_of(value: Any) -> str:
    """Text from a string, bytes, or an array of one of either; code points that are none become ``?``."""
    if isinstance(value, np.ndarray):
        if value.size != 1:
            return ""
        if value.dtype.kind == "U":
            order = "be" if value.dtype.byteorder == ">" else "le"
            value = value.tobytes().decode(f"utf-32-{order}", "replace").rstrip("\0")
        else:
            value = value.ravel()[0]
    text = value.decode("latin1") if isinstance(value, bytes) else value if isinstance(value, str) else ""
    return text.encode("utf-8", "replace").decode("utf-8")


class Fields(Mapping[str, Any]):
    """The arrays of a ``.npz`` by name, unpacked one at a time when asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._kept: dict[str, Any] = {}
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile, EOFError) as error:
            raise FileError(path, found=f"not an intact .npz archive ({error})") from error
        infos = self._zip.infolist()
        if len(infos) > _MAX_MEMBERS:
            self._zip.close()
            raise FileError(path, found=f"{len(infos)} arrays", expected=f"at most {_MAX_MEMBERS}")
        self._infos = {info.filename.removesuffix(".npy"): info for info in infos}

    def __enter__(self) -> Fields:
        return self

    def __exit__(self, *exc: object) -> None:
        self._zip.close()

    def __iter__(self) -> Iterator[str]:
        return iter(self._infos)

    def __len__(self) -> int:
        return len(self._infos)

    def __contains__(self, name: object) -> bool:
        return name in self._infos

    def __getitem__(self, name: str) -> Any:
        if name not in self._kept:
            info = self._infos[name]
            try:
                with self._zip.open(info) as stream:
                    self._kept[name] = _read_array(self.path, name, stream, info.file_size)
            except (OSError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error, lzma.LZMAError,
                    EOFError, NotImplementedError, OverflowError, MemoryError) as error:  # fmt: skip
                raise FileError(self.path, field=name, found=f"it cannot be unpacked ({error})",
                                expected="an intact .npz archive") from error  # fmt: skip
        return self._kept[name]


def npz_names(path: Path) -> frozenset[str]:
    """Names of the arrays in a ``.npz``; empty where it is none. Unpacks nothing."""
    try:
        with Fields(path) as fields:
            return frozenset(fields)
    except FileError:
        return frozenset()


def load_npy(path: Path) -> Any:
    """The array (or plain data of an object array) in a ``.npy`` file."""
    with path.open("rb") as stream:
        return _read_array(path, "", stream, path.stat().st_size)


class _InlineArray:
    """Stands for joblib's ``NumpyArrayWrapper``: the array's bytes follow in the stream."""

    def __init__(self, *args: object) -> None:
        self.state: dict[str, Any] = {}

    def __setstate__(self, state: object) -> None:
        self.state = state if isinstance(state, dict) else {}


class _JoblibUnpickler(unpickle.Restricted):
    """The restricted unpickler for pickles with raw arrays in between."""

    stateful = (*unpickle.Restricted.stateful, _InlineArray)

    def find_class(self, module: str, name: str) -> Any:
        if module == "joblib.numpy_pickle" and name == "NumpyArrayWrapper":
            return _InlineArray
        return super().find_class(module, name)

    def load_build(self) -> None:
        super().load_build()
        if isinstance(self.stack[-1], _InlineArray):
            self.stack[-1] = self._inline(self.stack[-1].state)

    def _inline(self, state: dict[str, Any]) -> Any:
        stub, shape = state.get("dtype"), state.get("shape")
        if not isinstance(stub, DtypeStub) or not isinstance(shape, tuple):
            raise pickle.UnpicklingError("a joblib array without type or shape")
        dtype = stub.dtype
        if dtype.hasobject:
            return _JoblibUnpickler(self.stream).load()
        if state.get("numpy_array_alignment_bytes") is not None:
            self.stream.read(self.stream.read(1)[0])
        size = math.prod(int(n) for n in shape) * dtype.itemsize
        data = self.stream.read(size) if 0 <= size <= MAX_ARRAY_BYTES else b""
        return build(data, stub, shape, fortran=state.get("order") == "F")

    dispatch = {**unpickle.Restricted.dispatch, pickle.BUILD[0]: load_build}  # noqa: RUF012


def _inflated(path: Path, data: bytes) -> bytes:
    """The bytes inside a zlib, gzip, bzip2 or xz stream, at most 1 GiB; others as they are."""
    try:
        if data[:1] == b"\x78" or data[:2] == b"\x1f\x8b":
            out = zlib.decompressobj(wbits=47).decompress(data, MAX_ARRAY_BYTES + 1)
        elif data[:3] == b"BZh":
            out = bz2.BZ2Decompressor().decompress(data, MAX_ARRAY_BYTES + 1)
        elif data[:6] == b"\xfd7zXZ\x00" or data[:2] == b"]\x00":
            out = lzma.LZMADecompressor(memlimit=1 << 28).decompress(data, MAX_ARRAY_BYTES + 1)
        else:
            return data
    except (zlib.error, OSError, lzma.LZMAError, EOFError, ValueError) as error:
        raise FileError(path, found=f"a compressed file that is damaged ({error})") from error
    if len(out) > MAX_ARRAY_BYTES:
        raise FileError(path, found="a compressed file of more than 1 GiB")
    return out


def load_pickle(path: Path) -> Any:
    """Plain data of a pickle, plain or written by joblib, compressed or not; nothing is run."""
    try:
        data = _inflated(path, path.read_bytes())
    except OSError as error:
        raise FileError(path, found=f"it cannot be read ({error.strerror or error})") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if b"joblib.numpy_pickle" not in data[:1_000_000]:
            return unpickle.loads(data, path=path)
        try:
            return unpickle.plain(_JoblibUnpickler(io.BytesIO(data)).load())
        except FileError:
            raise
        except Exception as error:  # a mutated pickle can raise anything at all
            raise FileError(path, found=f"a joblib file that could not be read as data ({error})",
                            expected="plain arrays; nothing in it was run") from error  # fmt: skip
