"""Read pickles from strangers without running anything.

SMPL model files and the outputs of video pose estimators are pickles. A pickle is a program;
this reader lets it build plain containers, NumPy arrays and scalars, SciPy sparse matrices
and PyTorch CPU tensors' storages, and nothing else: every global outside the table is
refused, except that objects of ``chumpy`` (which does not install on Python >= 3.11) become
inert :class:`ChumpyStub` values from which the array is taken.

It is Python's own unpickler in Python, not in C: the C one sets aside memory for whatever
place in its memo a pickle names (a changed byte can ask for gigabytes), and its steps cannot be
checked. That costs about 1 us a step; arrays are one step each, so body files do not notice.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from m3n_studio.body import pickled_arrays
from m3n_studio.errors import FileError

#: Not `range`, `str`, `bytes`: `list(range(10**10))` is a bomb of thirty bytes.
_BUILTINS = {"complex", "slice", "int", "float", "list", "tuple", "bool"}
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
            inner = plain(self.state["a"])
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


def _new_bytearray(value: object = b"", encoding: str = "latin1") -> bytearray:
    if isinstance(value, str):
        return bytearray(_codecs_encode(value, encoding))
    if isinstance(value, (bytes, bytearray)):
        return bytearray(value)
    raise pickle.UnpicklingError(f"it asks for a bytearray of {type(value).__name__}")


def _new_bytes(value: object = b"", encoding: str = "latin1") -> bytes:
    """How protocol 0 writes empty bytes."""
    return bytes(_new_bytearray(value, encoding))


_SIMPLE = (str, bytes, int, float, bool, type(None), np.generic)


def check_keys(keys: Iterable[object]) -> None:
    """Refuse keys that are not plain: hashing tuples that share tuples forty deep never ends."""
    for key in keys:
        parts = key if isinstance(key, tuple) else (key,)
        if not all(isinstance(part, _SIMPLE) for part in parts):
            raise pickle.UnpicklingError(f"it has a key that is a {type(key).__name__}")


def _new_dict(*args: object) -> dict[Any, Any]:
    """``OrderedDict(items)`` or ``defaultdict(factory)`` as a plain dict."""
    if not args or not isinstance(args[0], (list, dict)):
        return {}
    if isinstance(args[0], list):
        check_keys(pair[0] for pair in args[0])
    return dict(args[0])


def _new_set(items: object = ()) -> set[Any]:
    if not isinstance(items, (list, tuple)):
        raise pickle.UnpicklingError(f"it asks for a set of a {type(items).__name__}")
    check_keys(items)
    return set(items)


_NUMPY_TYPES = {"bool_", "float64", "float32", "int64", "int32", "uint32", "uint8"}
_STAND_INS: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): pickled_arrays.ArrayType,
    ("numpy", "dtype"): pickled_arrays.DtypeStub,
    ("builtins", "bytes"): _new_bytes,
    ("__builtin__", "bytes"): _new_bytes,
    ("builtins", "bytearray"): _new_bytearray,
    ("__builtin__", "bytearray"): _new_bytearray,
    ("_codecs", "encode"): _codecs_encode,
    ("copy_reg", "_reconstructor"): _new_object,
    ("copyreg", "_reconstructor"): _new_object,
    ("__builtin__", "object"): _ObjectType,
    ("builtins", "object"): _ObjectType,
    **{
        (module, name): made
        for module in ("builtins", "__builtin__")
        for name, made in (("set", _new_set), ("frozenset", _new_set), ("dict", _new_dict))
    },
    ("collections", "OrderedDict"): _new_dict,
    ("collections", "defaultdict"): _new_dict,
}


def find_safe(module: str, name: str) -> Any:
    """The harmless thing a pickle's global stands for; `UnpicklingError` for any other."""
    if (module, name) in _STAND_INS:
        return _STAND_INS[module, name]
    if module in _NUMPY_MODULES and name == "_reconstruct":
        return pickled_arrays.new_array
    if module in _NUMPY_MODULES and name == "scalar":
        return pickled_arrays.new_scalar
    if module in {"numpy.core.numeric", "numpy._core.numeric"} and name == "_frombuffer":
        return pickled_arrays.from_buffer
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


_Python: Any = vars(pickle)["_Unpickler"]  # the one whose every step can be checked


class Restricted(_Python):  # type: ignore[misc]
    """An unpickler that knows only the table, and only plain keys and stand-ins' states."""

    #: What may be given a state; a state given to a class or function would change the program.
    stateful: tuple[type, ...] = (pickled_arrays.ArrayStub, pickled_arrays.DtypeStub, ChumpyStub)

    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream, encoding="latin1")
        self.stream = stream

    def find_class(self, module: str, name: str) -> Any:
        """Only what the table names."""
        return find_safe(module, name)

    def persistent_load(self, pid: object) -> Any:
        """Nothing outside the file."""
        raise pickle.UnpicklingError("it refers to data outside the file (a PyTorch archive?)")

    def load_build(self) -> None:
        """A state for a stand-in."""
        state, made = self.stack.pop(), self.stack[-1]
        if not isinstance(made, self.stateful):
            raise pickle.UnpicklingError(f"it changes a {type(made).__name__}")
        made.__setstate__(state)  # type: ignore[attr-defined]

    def load_setitem(self) -> None:
        """A plain key."""
        check_keys(self.stack[-2:-1])
        super().load_setitem()

    def load_setitems(self) -> None:
        """Plain keys."""
        check_keys(self.stack[::2])
        super().load_setitems()

    def load_dict(self) -> None:
        """Plain keys."""
        check_keys(self.stack[::2])
        super().load_dict()

    def load_additems(self) -> None:
        """Plain members."""
        check_keys(self.stack)
        super().load_additems()

    def load_frozenset(self) -> None:
        """Plain members."""
        check_keys(self.stack)
        super().load_frozenset()

    def load_bytearray8(self) -> None:
        """No more bytes than the file has."""
        length = int.from_bytes(self.read(8), "little")
        if length > len(self.stream.getbuffer()):
            raise pickle.UnpicklingError("it declares more bytes than it has")
        self.append(bytearray(self.read(length)))

    dispatch = {  # noqa: RUF012
        **_Python.dispatch,
        pickle.BUILD[0]: load_build, pickle.SETITEM[0]: load_setitem, pickle.SETITEMS[0]: load_setitems,
        pickle.DICT[0]: load_dict, pickle.ADDITEMS[0]: load_additems, pickle.FROZENSET[0]: load_frozenset,
        pickle.BYTEARRAY8[0]: load_bytearray8,
    }  # fmt: skip


def plain(value: Any, seen: dict[int, tuple[Any, Any]] | None = None) -> Any:
    """Replace stand-ins by their arrays, all the way down; what is shared stays shared."""
    seen = {} if seen is None else seen
    if id(value) in seen:
        return seen[id(value)][1]
    out = value
    if isinstance(value, pickled_arrays.ArrayStub):
        out = value.value
        if out is not None and out.dtype == object:
            for i, inner in enumerate(out.flat):
                out.flat[i] = plain(inner, seen)
    elif isinstance(value, ChumpyStub):
        value.state = plain(value.state, seen)
        out = value.array()
    elif isinstance(value, dict):
        out = {k: plain(v, seen) for k, v in value.items()}
    elif isinstance(value, (list, tuple)):
        out = type(value)([plain(v, seen) for v in value])
    seen[id(value)] = (value, out)  # keeps `value` alive, and so its id its own
    return out


def loads(data: bytes, *, path: str | Path) -> Any:
    """The plain data in a pickle, or :class:`FileError` saying what it tried to do.

    data : bytes of the pickle; strings of Python-2 pickles are read as latin-1.
    path : named in the error.
    """
    try:
        return plain(Restricted(io.BytesIO(data)).load())
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
