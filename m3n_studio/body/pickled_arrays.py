"""Stand-ins for NumPy's own unpickling, which trusts what it is given.

A few changed bytes in a pickled array make NumPy's C code crash (seen as segmentation faults
when element types get a damaged state). These classes keep what a pickle says about an array
and build it from checked parts: element type by pattern, shape and number of bytes compared.
Structured and sub-array types are refused; nothing that is read here uses them.
"""

from __future__ import annotations

import math
import pickle
import re
from typing import Any

import numpy as np

_SPEC = re.compile(r"[<>|=]?[biufcUSO]\d{0,6}")
_MAX_DIMENSIONS = 16
_LAST_CODE_POINT = 0x10FFFF


def _refuse(what: str) -> pickle.UnpicklingError:
    return pickle.UnpicklingError(f"it holds {what}")


class DtypeStub:
    """Stands in for ``numpy.dtype``: a plain element type and a byte order."""

    def __init__(self, spec: object = "", *flags: object) -> None:
        if not isinstance(spec, str) or not _SPEC.fullmatch(spec):
            raise _refuse(f"array elements of type {spec!r:.60}")
        self.dtype: np.dtype[Any] = np.dtype(spec)

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) < 5 or any(part is not None for part in state[2:5]):
            raise _refuse("array elements of a structured type")
        if state[1] in ("<", ">"):
            self.dtype = self.dtype.newbyteorder(state[1])


class ArrayStub:
    """Stands in for ``numpy.ndarray`` while a pickle is read; `value` is the array."""

    def __init__(self) -> None:
        self.value: np.ndarray | None = None

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) not in (4, 5):
            raise _refuse("an array without shape and type")
        shape, dtype, fortran, raw = state[-4:]
        self.value = build(raw, dtype, shape, fortran=bool(fortran))


class ArrayType:
    """Stands where a pickle names the type ``numpy.ndarray``; it cannot be called with a huge shape."""


def build(raw: Any, dtype: object, shape: object, *, fortran: bool) -> np.ndarray:
    """An array of its own from the bytes (or, for objects, the list) of a pickle.

    Raises
    ------
    pickle.UnpicklingError
        Where type, shape and length do not fit together.
    """
    if not isinstance(dtype, DtypeStub) or not isinstance(shape, tuple) or len(shape) > _MAX_DIMENSIONS:
        raise _refuse("an array without shape and type")
    if not all(isinstance(n, int) and n >= 0 for n in shape):
        raise _refuse(f"an array of shape {shape!r:.60}")
    count, kind = math.prod(shape), dtype.dtype
    if kind.hasobject:
        if not isinstance(raw, list) or len(raw) != count:
            raise _refuse("an array of objects that are not all there")
        out = np.empty(count, dtype=object)
        for i, value in enumerate(raw):
            out[i] = value
        return out.reshape(shape)
    data = raw.encode("latin1") if isinstance(raw, str) else bytes(raw) if isinstance(raw, bytearray) else raw
    if not isinstance(data, bytes) or len(data) != count * kind.itemsize:
        raise _refuse(f"an array of shape {shape!r:.60} whose numbers are not all there")
    if not data:
        return np.empty(shape, dtype=kind)
    array = np.frombuffer(data, dtype=kind, count=count)
    if kind.kind == "U" and array.view(np.dtype("u4").newbyteorder(kind.byteorder)).max() > _LAST_CODE_POINT:
        raise _refuse("text that is none")
    return array.reshape(shape, order="F" if fortran else "C").copy(order="K")


def new_array(subtype: object, shape: object, typecode: object) -> ArrayStub:
    """``_reconstruct``: what pickled arrays begin as; the numbers come with the state."""
    return ArrayStub()


def new_scalar(dtype: object, raw: object = b"") -> Any:
    """``scalar``: one element."""
    if isinstance(dtype, DtypeStub) and dtype.dtype.hasobject:
        return raw
    return build(raw, dtype, (1,), fortran=False)[0]


def from_buffer(raw: object, dtype: object, shape: object, order: object = "C", axes: object = None) -> ArrayStub:
    """``_frombuffer``: how arrays are pickled in protocol 5."""
    if axes is not None:
        raise _refuse("an array with its axes in another order")
    out = ArrayStub()
    out.value = build(raw, dtype, shape, fortran=order == "F")
    return out
