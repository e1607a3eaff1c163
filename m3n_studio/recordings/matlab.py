"""Numbers and structs out of MATLAB 5 files, defensively.

SciPy's reader crashes the interpreter on some damaged files, so this reads the little that
recordings need: real numeric arrays and scalar structs of them, compressed or not, either byte
order. Every length is checked against what is left before it is used, nothing is allocated by a
number from the file alone, and other classes (cells, text, sparse, objects) are skipped.
The layout is MathWorks' "MAT-File Format" (level 5).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import FileError

Array = NDArray[np.float64]
Value = Array | dict[str, Array]

_HEADER = 128
_MOST_BYTES = 512 << 20
_MATRIX, _COMPRESSED, _INT8, _INT32, _UINT32 = 14, 15, 1, 5, 6
#: Storage type of a data element: NumPy's code for it.
_NUMBERS = {
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
}  # fmt: skip
_STRUCT_CLASS = 2
_NUMERIC_CLASSES = range(6, 16)
_COMPLEX_FLAG = 0x0800


class _Damage(Exception):
    """What is wrong with the bytes at hand."""


@dataclass
class _Bytes:
    """A stretch of the file and how far it was read."""

    data: memoryview
    order: str
    at: int = 0

    @property
    def left(self) -> int:
        return len(self.data) - self.at

    def take(self, size: int) -> memoryview:
        if size > self.left:
            raise _Damage(f"{size} bytes announced where {self.left} are left")
        self.at += size
        return self.data[self.at - size : self.at]

    def words(self, count: int) -> list[int]:
        return np.frombuffer(self.take(4 * count), dtype=f"{self.order}u4").tolist()  # type: ignore[no-any-return]

    def element(self) -> tuple[int, memoryview]:
        """The next data element: type and content, past its padding."""
        (tag,) = self.words(1)
        if tag >> 16:
            kind, size = tag & 0xFFFF, tag >> 16
            if size > 4:
                raise _Damage(f"a small element of {size} bytes")
            return kind, self.take(4)[:size]
        (size,) = self.words(1)
        content = self.take(size)
        if tag != _COMPRESSED:
            self.take(min(-size % 8, self.left))
        return tag, content


def read_matlab(path: Path) -> dict[str, Value]:
    """The numeric arrays of a file, and its scalar structs as mappings of numeric arrays.

    Arrays are float64 with MATLAB's dimensions of 1 squeezed out.

    Raises
    ------
    FileError
        Where it is no intact MATLAB 5 file.
    """
    raw = path.read_bytes()
    mark = raw[126:128]
    if len(raw) < _HEADER or mark not in (b"IM", b"MI"):
        raise FileError(path, found="no MATLAB 5 header", expected="a file saved with -v5 to -v7")
    source = _Bytes(memoryview(raw)[_HEADER:], "<" if mark == b"IM" else ">")
    out: dict[str, Value] = {}
    budget = min(_MOST_BYTES, 1100 * len(raw))  # deflate cannot do better than 1032 to 1
    try:
        while source.left >= 8:
            kind, content = source.element()
            if kind == _COMPRESSED:
                content, used = _inflated(content, budget), source.order
                budget -= len(content)
                kind, content = _Bytes(content, used).element()
            if kind == _MATRIX:
                name, value = _matrix(_Bytes(content, source.order), nested=False)
                if value is not None and name:
                    out[name] = value
    except (_Damage, ValueError, zlib.error) as error:
        raise FileError(path, field=f"byte {_HEADER + source.at}", found=f"damage ({error})",
                        expected="an intact MATLAB 5 file") from error  # fmt: skip
    return out


def _inflated(content: memoryview, most: int) -> memoryview:
    stream = zlib.decompressobj()
    data = stream.decompress(content, max(most, 1))
    if stream.unconsumed_tail:
        raise _Damage(f"more than {most} bytes once decompressed")
    return memoryview(data)


def _matrix(source: _Bytes, *, nested: bool) -> tuple[str, Value | None]:
    """One array's name and value; None for a class that is not read here."""
    if not source.left:
        return "", None
    kind, flags = source.element()
    if kind != _UINT32 or len(flags) != 8:
        raise _Damage("an array without flags")
    flag = _Bytes(flags, source.order).words(1)[0]
    array_class = flag & 0xFF
    kind, stored = source.element()
    if kind != _INT32 or len(stored) < 8 or len(stored) > 32 * 4:
        raise _Damage("an array without dimensions")
    shape = np.frombuffer(stored, dtype=f"{source.order}i4").tolist()
    kind, letters = source.element()
    if kind != _INT8:
        raise _Damage("an array without a name")
    name = bytes(letters).decode("ascii", "replace")
    if any(length < 0 for length in shape):
        raise _Damage(f"dimensions {shape}")
    if array_class in _NUMERIC_CLASSES and not flag & _COMPLEX_FLAG:
        return name, _numbers(source, shape)
    if array_class == _STRUCT_CLASS and not nested and int(np.prod(shape, dtype=object)) == 1:
        return name, _struct(source)
    return name, None


def _numbers(source: _Bytes, shape: list[int]) -> Array:
    kind, content = source.element()
    if kind not in _NUMBERS:
        raise _Damage(f"numbers of type {kind}")
    flat = np.frombuffer(content, dtype=source.order + _NUMBERS[kind])
    if len(flat) != int(np.prod(shape, dtype=object)):
        raise _Damage(f"{len(flat)} numbers for dimensions {shape}")
    kept = [length for length in shape if length != 1]
    return np.asarray(flat.astype(np.float64).reshape(kept or [1], order="F"))


def _struct(source: _Bytes) -> dict[str, Array]:
    kind, width = source.element()
    length = int.from_bytes(bytes(width[:4]), "little" if source.order == "<" else "big")
    if kind != _INT32 or not 1 <= length <= 1024:
        raise _Damage(f"field names of {length} letters")
    _, letters = source.element()
    fields: dict[str, Array] = {}
    for start in range(0, len(letters), length):
        name = bytes(letters[start : start + length]).split(b"\0")[0].decode("ascii", "replace")
        kind, content = source.element()
        if kind != _MATRIX:
            raise _Damage(f"field {name!r} of type {kind}")
        _, value = _matrix(_Bytes(content, source.order), nested=True)
        if isinstance(value, np.ndarray):
            fields[name] = value
    return fields
