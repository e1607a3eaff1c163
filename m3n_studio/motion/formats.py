"""Which reader reads a motion file: a table of formats, filled through the plugin door.

A reader is told from a file's suffix and first bytes, never from options the user must know.
:func:`read_clip` is the one way in; it also turns anything a reader trips over into one
:class:`~m3n_studio.errors.FileError`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from m3n_studio.errors import Cancelled, FileError, M3nError, UnknownName
from m3n_studio.motion.clip import Clip
from m3n_studio.plugins import Door, load, the_door

HEAD_BYTES = 4096
_MAX_BYTES = 4 << 30


@dataclass(frozen=True)
class ReadOptions:
    """What a user may state instead of having it found out.

    up : {"auto", "x", "y", "z"}; unit : {"auto", "m", "cm", "mm", "inch"};
    rate_hz : used where the file has none (0: the format's usual rate).
    """

    up: str = "auto"
    unit: str = "auto"
    rate_hz: float = 0.0


@dataclass(frozen=True)
class MotionReader:
    """A motion format.

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
        Import path of ``read(path, options) -> Clip``.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    sniff: str
    read: str


def motion_suffixes(door: Door | None = None) -> tuple[str, ...]:
    """Every suffix some reader takes, sorted."""
    readers = (door or the_door()).all("motion_reader")
    return tuple(sorted({s for _, reader in readers for s in reader.suffixes}))


def find_reader(path: str | Path, door: Door | None = None) -> MotionReader:
    """The reader for a file; `FileError` if none recognises it."""
    path, door = Path(path), door or the_door()
    if path.is_dir():
        raise FileError(path, found="it is a folder", expected="a motion file")
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        size = path.stat().st_size
    except OSError as error:
        raise FileError(path, found=f"it cannot be read ({error.strerror or error})") from error
    if not 0 < size <= _MAX_BYTES:
        raise FileError(path, found=f"{size} bytes", expected="a file from 1 byte to 4 GiB")
    for _, reader in door.all("motion_reader"):
        if path.suffix.lower() in reader.suffixes and load(reader.sniff)(path, head):
            return reader  # type: ignore[no-any-return]
    raise FileError(
        path, found="no motion format that is known here",
        expected=f"one of {', '.join(name for name, _ in door.all('motion_reader'))}"
        f" ({' '.join(motion_suffixes(door))})",
    )  # fmt: skip


def read_clip(
    path: str | Path, *, up: str = "auto", unit: str = "auto", rate_hz: float = 0.0,
    format: str = "", door: Door | None = None,
) -> Clip:  # fmt: skip
    """Read a motion file of any known format as a y-up clip in metres.

    Parameters
    ----------
    up, unit, rate_hz
        See :class:`ReadOptions`; the defaults find out.
    format : str
        Name of the reader to use; found out where empty.

    Raises
    ------
    FileError
        Naming file, field, what was found and what was expected.
    """
    if up not in ("auto", "x", "y", "z"):
        raise UnknownName("up axis", up, ("auto", "x", "y", "z"))
    if unit not in ("auto", "m", "cm", "mm", "inch"):
        raise UnknownName("unit", unit, ("auto", "m", "cm", "mm", "inch"))
    path, door = Path(path), door or the_door()
    reader: MotionReader = door.get("motion_reader", format) if format else find_reader(path, door)
    read: Callable[[Path, ReadOptions], Clip] = load(reader.read)
    try:
        return read(path, ReadOptions(up=up, unit=unit, rate_hz=rate_hz))
    except (FileError, Cancelled):
        raise
    except M3nError as error:
        raise FileError(path, found=str(error)) from error
    except (ValueError, KeyError, IndexError, TypeError, OverflowError, MemoryError, OSError,
            ArithmeticError, AttributeError, RecursionError, EOFError) as error:  # fmt: skip
        raise FileError(path, found=f"{reader.name} data that make no sense ({type(error).__name__}: {error})",
                        expected=f"an intact {reader.title} file") from error  # fmt: skip
