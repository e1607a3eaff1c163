"""Heavy libraries come in, and threads take turns, without holding the window up.

Four things hold the interpreter, and with it the window, while a job imports a library for the first time. The
loader maps torch's shared library (a quarter of a second with warm files, more with cold ones) in one call that
does not let go. PySide reads and searches the source of every module that is imported, to find those that use Qt.
A thread that computes in Python gives way only every 5 ms, each time the window asks. And a library makes the next
whole search for rubbish a third of a second long, as it brings half a million objects.
:func:`keep_window_alive` mends the first three for this process, :func:`spare_libraries` the last.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

#: A thread that computes in Python gives way to another this often, s; Python's own is 0.005.
SWITCH_S = 0.001
#: Libraries mapped before a package is imported, in the order they need each other, and whether for all to see.
LIBRARIES = {"torch": (("libtorch_global_deps", True), ("libc10", False), ("libtorch_cpu", False))}
NAME = b"PySide6"
#: So many modules more, and a library has come in.
MANY_MODULES = 300
_LAZY = 1  # RTLD_LAZY
_seen_modules: list[int] = []


def keep_window_alive() -> None:
    """Do so; again is no harm. Nothing is imported or mapped before somebody asks for it."""
    _seen_modules[:] = _seen_modules or [len(sys.modules)]
    sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH_S))
    if not any(isinstance(finder, Mapper) for finder in sys.meta_path):
        sys.meta_path.insert(0, Mapper())
    _search_less()


def spare_libraries() -> None:
    """After a job, in the thread that collects: leave what a library brought out of all later searches for rubbish.

    What is there at that moment is still freed when nobody refers to it any more; only circles among it are not
    looked for. Does nothing before :func:`keep_window_alive`.
    """
    if _seen_modules and len(sys.modules) - _seen_modules[0] >= MANY_MODULES:
        _seen_modules[0] = len(sys.modules)
        gc.freeze()


class Mapper(MetaPathFinder):
    """Maps a package's libraries when it is about to be imported, and leaves the finding to others."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Never a spec."""
        if fullname in LIBRARIES and path is None:
            map_libraries(fullname)
        return None


def map_libraries(package: str) -> int:
    """Map the libraries of a package with the interpreter left to others; how many were there.

    The loader of the system is called as a foreign function, which gives the interpreter free; the import then
    finds them mapped. Where anything is not as expected the import does all of it, as ever.
    """
    suffix = {"linux": ".so", "darwin": ".dylib"}.get(sys.platform)
    spec = PathFinder.find_spec(package)
    if suffix is None or spec is None:
        return 0
    try:
        opening = ctypes.CDLL(None).dlopen
    except (OSError, AttributeError):
        return 0
    opening.restype, opening.argtypes = ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_int]
    count = 0
    for folder in spec.submodule_search_locations or ():
        for name, for_all in LIBRARIES[package]:
            file = Path(folder) / "lib" / (name + suffix)
            if file.is_file():
                count += bool(opening(os.fsencode(file), _LAZY | (ctypes.RTLD_GLOBAL if for_all else 0)))
    return count


def _search_less() -> None:
    """Let PySide look for its name in the file of a module, not through the machinery that keeps all lines."""
    feature = sys.modules.get("shibokensupport.feature")
    thorough: Callable[[ModuleType], bool] | None = getattr(feature, "_mod_uses_pyside", None)
    if feature is None or thorough is None or getattr(thorough, "plain", False):
        return

    def uses_qt(module: ModuleType) -> bool:
        at = getattr(module, "__file__", None)
        if not isinstance(at, str) or not at.endswith(".py"):
            return thorough(module)
        try:
            return NAME in Path(at).read_bytes()
        except OSError:
            return thorough(module)

    uses_qt.plain = True  # type: ignore[attr-defined]
    feature._mod_uses_pyside = uses_qt  # type: ignore[attr-defined]
