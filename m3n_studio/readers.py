"""How a file finds its reader, for every kind of file: by suffix and first bytes, through the door.

:func:`guarded` is the one place where what a reader trips over in a stranger's file becomes one
:class:`~m3n_studio.errors.FileError`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from m3n_studio.errors import Cancelled, FileError, M3nError
from m3n_studio.plugins import Door, load, the_door

HEAD_BYTES = 4096
_MAX_BYTES = 4 << 30

#: What a reader of damaged data may raise besides our own errors.
_DAMAGE = (
    ValueError, KeyError, IndexError, TypeError, OverflowError, MemoryError, OSError, ArithmeticError,
    AttributeError, RecursionError, EOFError, NotImplementedError, RuntimeError, AssertionError,
)  # fmt: skip


@dataclass(frozen=True)
class FileReader:
    """A format.

    Attributes
    ----------
    name : str
        Short, e.g. ``"bvh"``.
    title : str
        For people, e.g. ``"Biovision hierarchy"``.
    suffixes : tuple of str
        Lower case with the dot.
    sniff : str
        Import path of ``sniff(path, head) -> bool``; decides among readers of one suffix.
    read : str
        Import path of the reading function; what it takes and gives is said by the kind.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    sniff: str
    read: str


def suffixes(kind: str, door: Door | None = None) -> tuple[str, ...]:
    """Every suffix some reader of a kind (``"motion_reader"``, ...) takes, sorted."""
    readers = (door or the_door()).all(kind)
    return tuple(sorted({suffix for _, reader in readers for suffix in reader.suffixes}))


def find(kind: str, path: str | Path, *, what: str, door: Door | None = None) -> Any:
    """The reader of a kind for a file; `FileError` if none recognises it.

    what : what the file should be, for the error, e.g. ``"motion"``.
    """
    path, door = Path(path), door or the_door()
    if path.is_dir():
        raise FileError(path, found="it is a folder", expected=f"a {what} file")
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        size = path.stat().st_size
    except OSError as error:
        raise FileError(path, found=f"it cannot be read ({error.strerror or error})") from error
    if not 0 < size <= _MAX_BYTES:
        raise FileError(path, found=f"{size} bytes", expected="a file from 1 byte to 4 GiB")
    for _, reader in door.all(kind):
        if path.suffix.lower() in reader.suffixes and load(reader.sniff)(path, head):
            return reader
    raise FileError(
        path, found=f"no {what} format that is known here",
        expected=f"one of {', '.join(name for name, _ in door.all(kind))} ({' '.join(suffixes(kind, door))})",
    )  # fmt: skip


@contextmanager
def guarded(reader: FileReader, path: Path) -> Iterator[None]:
    """Turn whatever reading raises into one `FileError`; our own and `Cancelled` pass."""
    try:
        yield
    except (FileError, Cancelled):
        raise
    except M3nError as error:
        raise FileError(path, found=str(error)) from error
    except _DAMAGE as error:
        raise FileError(
            path, found=f"{reader.name} data that make no sense ({type(error).__name__}: {error})",
            expected=f"an intact {reader.title} file",
        ) from error  # fmt: skip
