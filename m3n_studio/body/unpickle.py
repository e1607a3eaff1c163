"""Read pickles from strangers without running anything.

SMPL model files and the outputs of video pose estimators are pickles. A pickle is a program;
this reader lets it build plain containers, NumPy arrays and scalars, SciPy sparse matrices
and PyTorch CPU tensors' storages, and nothing else: every global outside the table is
refused, except that objects of ``chumpy`` (which does not install on Python >= 3.11) become
inert :class:`ChumpyStub` values from which the array is taken.

The cost is that of ``pickle`` itself. Sizes are bounded by the file: opcodes that would
allocate more than the stream holds fail in the C unpickler.
"""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from m3n_studio.errors import FileError

#: Not `range`, `str`, `bytes`: `list(range(10**10))` is a bomb of thirty bytes.
_BUILTINS = {"set", "frozenset", "complex", "slice", "int", "float", "list", "dict", "tuple", "bool"}
_MAX_ITEM_BYTES = 1 << 20  # one element of an array; longer ones are only ever bombs
_NUMPY_MODULES = {"numpy.core.multiarray", "numpy._core.multiarray"}


class ChumpyStub:
    """Stands in for any class of chumpy; keeps the pickled state, runs nothing."""

    state: dict[str, Any]

    def __new__(cls, *args: object, **kwargs: object) -> ChumpyStub:
        """Pickles of protocol 2 and up make objects without ``__init__``."""
        made = super().__new__(cls)
        made.state = {"args": args}
        return made

    def __init__(self, *args: object, **kwargs: object) -> None:
        """Take anything, as the real classes do."""

    def __setstate__(self, state: object) -> None:
        if isinstance(state, dict):
            self.state.update(state)

    def array(self) -> np.ndarray | None:
        """The numbers inside, where the object is a leaf (``Ch`` with ``x``) or a selection."""
        value = self.state.get("x")
        if isinstance(value, np.ndarray):
            return value
        if "a" in self.state and "idxs" in self.state:  # chumpy.reordering.Select
            inner = _plain(self.state["a"])
            if isinstance(inner, np.ndarray):
                picked = inner.ravel()[np.asarray(self.state["idxs"])]
                shape = self.state.get("preferred_shape")
                return np.asarray(picked if shape is None else picked.reshape(shape))
        return None


class SparseStub(ChumpyStub):
    """Stands in for SciPy's sparse matrices, whose own code trusts the indices it is given."""

    layout = ""

    def __setstate__(self, state: object) -> None:
        if isinstance(state, tuple):  # (dict, slots)
            state = state[0]
        super().__setstate__(state)

    def array(self) -> np.ndarray | None:
        """The dense matrix (rows, columns); raises where the parts do not fit together."""
        shape = self.state.get("_shape", self.state.get("shape"))
        rows, columns = (int(n) for n in shape)  # type: ignore[union-attr]
        if rows < 0 or columns < 0 or rows * columns > _MAX_DENSE:
            raise pickle.UnpicklingError(f"it holds a sparse matrix of {rows} x {columns}")
        data = np.asarray(self.state["data"], dtype=np.float64).ravel()
        if self.layout == "coo":
            coords = self.state.get("coords") or (self.state["row"], self.state["col"])
            row, column = (np.asarray(c).astype(np.int64).ravel() for c in coords)
        else:
            minor = np.asarray(self.state["indices"]).astype(np.int64).ravel()
            counts = np.diff(np.asarray(self.state["indptr"]).astype(np.int64).ravel())
            if (counts < 0).any() or counts.sum() != len(minor):
                raise pickle.UnpicklingError("it holds a sparse matrix whose parts do not match")
            major = np.repeat(np.arange(len(counts)), counts)
            row, column = (major, minor) if self.layout == "csr" else (minor, major)
        if not len(row) == len(column) == len(data):
            raise pickle.UnpicklingError("it holds a sparse matrix whose parts do not match")
        inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
        if not inside.all():
            raise pickle.UnpicklingError("it holds a sparse matrix with entries outside it")
        out = np.zeros((rows, columns))
        np.add.at(out, (row, column), data)
        return out


class _Csr(SparseStub):
    layout = "csr"


class _Csc(SparseStub):
    layout = "csc"


class _Coo(SparseStub):
    layout = "coo"


_SPARSE = {"csr": _Csr, "csc": _Csc, "coo": _Coo}
_MAX_DENSE = 1 << 24


def _scipy_class(module: str, name: str) -> Any:
    """Stand-ins for SciPy's sparse matrices, under their old module names too."""
    layout, _, kind = name.partition("_")
    if layout in _SPARSE and kind in {"matrix", "array"}:
        return _SPARSE[layout]
    raise _refused(module, name)


def _new_object(cls: object, base: object = None, state: object = None) -> ChumpyStub:
    """``copy_reg._reconstructor``: how pickles of protocol 0 and 1 begin an object."""
    if isinstance(cls, type) and issubclass(cls, ChumpyStub):
        return cls()
    raise pickle.UnpicklingError(f"it asks for a bare {cls!r:.80}")


class _ObjectType:
    """Stands where a pickle names ``object``, as the base given to ``copy_reg._reconstructor``."""


def _refused(module: str, name: str) -> pickle.UnpicklingError:
    return pickle.UnpicklingError(f"it asks for {module}.{name}, which is not data")


def _codecs_encode(text: str, encoding: str = "latin1") -> bytes:
    """What Python-2 pickles of bytes call; limited to the one encoding they use."""
    if encoding not in {"latin1", "latin-1", "iso-8859-1"}:
        raise pickle.UnpicklingError(f"it asks for the text encoding {encoding!r}")
    return text.encode("latin1")


class _ArrayType:
    """Stands where a pickle names ``numpy.ndarray``, so that it cannot be called with a huge shape."""


def _new_array(subtype: object, shape: object, typecode: object) -> np.ndarray:
    """What pickled arrays begin as: an empty one; its numbers come with its state."""
    if shape not in ((0,), (0, 0)):
        raise pickle.UnpicklingError(f"it asks for an unfilled array of shape {shape!r:.80}")
    return np.ndarray((0,), dtype="b")


def _new_dtype(spec: object, *flags: object) -> np.dtype:
    dtype = np.dtype(spec, *flags)  # type: ignore[call-overload]
    if dtype.itemsize > _MAX_ITEM_BYTES:
        raise pickle.UnpicklingError(f"it asks for array elements of {dtype.itemsize} bytes")
    return dtype  # type: ignore[no-any-return]


def _new_bytearray(value: object = b"", encoding: str = "latin1") -> bytearray:
    if isinstance(value, str):
        return bytearray(_codecs_encode(value, encoding))
    if isinstance(value, (bytes, bytearray)):
        return bytearray(value)
    raise pickle.UnpicklingError(f"it asks for a bytearray of {type(value).__name__}")


def _new_dict(*args: object) -> dict[Any, Any]:
    """``OrderedDict(items)`` or ``defaultdict(factory)`` as a plain dict."""
    return dict(args[0]) if args and isinstance(args[0], (list, dict)) else {}


_NUMPY_TYPES = {"bool_", "float64", "float32", "int64", "int32", "uint32", "uint8"}
_STAND_INS: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): _ArrayType,
    ("numpy", "dtype"): _new_dtype,
    ("builtins", "bytearray"): _new_bytearray,
    ("__builtin__", "bytearray"): _new_bytearray,
    ("_codecs", "encode"): _codecs_encode,
    ("copy_reg", "_reconstructor"): _new_object,
    ("copyreg", "_reconstructor"): _new_object,
    ("__builtin__", "object"): _ObjectType,
    ("builtins", "object"): _ObjectType,
    ("collections", "OrderedDict"): _new_dict,
    ("collections", "defaultdict"): _new_dict,
}


def find_safe(module: str, name: str) -> Any:
    """The harmless thing a pickle's global stands for; `UnpicklingError` for any other."""
    if (module, name) in _STAND_INS:
        return _STAND_INS[module, name]
    if module in _NUMPY_MODULES and name == "_reconstruct":
        return _new_array
    if module in _NUMPY_MODULES and name == "scalar":
        return np._core.multiarray.scalar  # type: ignore[attr-defined]
    if module in {"numpy.core.numeric", "numpy._core.numeric"} and name == "_frombuffer":
        return np._core.numeric._frombuffer  # type: ignore[attr-defined]
    if module == "numpy" and name in _NUMPY_TYPES:
        return getattr(np, name)
    if module.split(".")[0] == "chumpy":
        return ChumpyStub
    if module.startswith("scipy.sparse"):
        return _scipy_class(module, name)
    if module in {"builtins", "__builtin__"} and name in _BUILTINS:
        import builtins

        return getattr(builtins, name)
    raise _refused(module, name)


class _Restricted(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        return find_safe(module, name)

    def persistent_load(self, pid: object) -> Any:
        raise pickle.UnpicklingError("it refers to data outside the file (a PyTorch archive?)")


def _plain(value: Any, seen: dict[int, Any] | None = None) -> Any:
    """Replace chumpy stubs by their arrays, all the way down; what is shared stays shared."""
    seen = {} if seen is None else seen
    if id(value) in seen:
        return seen[id(value)]
    out = value
    if isinstance(value, ChumpyStub):
        out = value.array()
    elif isinstance(value, dict):
        out = {k: _plain(v, seen) for k, v in value.items()}
    elif isinstance(value, (list, tuple)):
        out = type(value)([_plain(v, seen) for v in value])
    seen[id(value)] = out
    return out


def loads(data: bytes, *, path: str | Path) -> Any:
    """The plain data in a pickle, or :class:`FileError` saying what it tried to do.

    data : bytes of the pickle; strings of Python-2 pickles are read as latin-1.
    path : named in the error.
    """
    try:
        return _plain(_Restricted(io.BytesIO(data), encoding="latin1").load())
    except FileError:
        raise
    except MemoryError as error:
        raise FileError(path, found="a pickle that asks for more memory than there is",
                        expected="an intact file") from error  # fmt: skip
    except Exception as error:  # a mutated pickle can raise anything at all
        raise FileError(
            path, found=f"a pickle that could not be read as data ({error or type(error).__name__})",
            expected="plain arrays; nothing in it was run",
        ) from error  # fmt: skip


def load(path: str | Path) -> Any:
    """Read a pickle file as plain data; see :func:`loads`."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise FileError(path, found=f"it cannot be read ({error.strerror})") from error
    return loads(data, path=path)
