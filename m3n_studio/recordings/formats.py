"""Which reader reads a recording: a table of formats, filled through the plugin door.

A reader is told from a file's suffix and first bytes. :func:`read_signals` is the one way in;
it turns anything a reader trips over into one :class:`~m3n_studio.errors.FileError`. What comes
out is in SI units and in the sensor's own frame, whatever the file held.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from m3n_studio.errors import Cancelled, FileError, M3nError
from m3n_studio.plugins import Door, load, the_door
from m3n_studio.recordings.signal import Signal

HEAD_BYTES = 4096
_MAX_BYTES = 4 << 30

#: What a reader of damaged data may raise besides our own errors.
_DAMAGE = (
    ValueError, KeyError, IndexError, TypeError, OverflowError, MemoryError, OSError, ArithmeticError,
    AttributeError, RecursionError, EOFError, NotImplementedError, RuntimeError, AssertionError,
)  # fmt: skip


@dataclass(frozen=True)
class SignalReader:
    """A format of IMU recordings.

    Attributes
    ----------
    name : str
        Short, e.g. ``"csv"``.
    title : str
        For people, e.g. ``"m3n Studio table"``.
    suffixes : tuple of str
        Lower case with the dot.
    sniff : str
        Import path of ``sniff(path, head) -> bool``; decides among readers of one suffix.
    read : str
        Import path of ``read(path) -> tuple[Signal, ...]``.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    sniff: str
    read: str


def signal_suffixes(door: Door | None = None) -> tuple[str, ...]:
    """Every suffix some reader takes, sorted."""
    readers = (door or the_door()).all("signal_reader")
    return tuple(sorted({suffix for _, reader in readers for suffix in reader.suffixes}))


def find_reader(path: str | Path, door: Door | None = None) -> SignalReader:
    """The reader for a file; `FileError` if none recognises it."""
    path, door = Path(path), door or the_door()
    if path.is_dir():
        raise FileError(path, found="it is a folder", expected="a file with a recording")
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        size = path.stat().st_size
    except OSError as error:
        raise FileError(path, found=f"it cannot be read ({error.strerror or error})") from error
    if not 0 < size <= _MAX_BYTES:
        raise FileError(path, found=f"{size} bytes", expected="a file from 1 byte to 4 GiB")
    for _, reader in door.all("signal_reader"):
        if path.suffix.lower() in reader.suffixes and load(reader.sniff)(path, head):
            return reader  # type: ignore[no-any-return]
    raise FileError(
        path, found="no recording format that is known here",
        expected=f"one of {', '.join(name for name, _ in door.all('signal_reader'))}"
        f" ({' '.join(signal_suffixes(door))})",
    )  # fmt: skip


def read_signals(path: str | Path, *, format: str = "", door: Door | None = None) -> tuple[Signal, ...]:
    """Read every sensor of a recording of any known format.

    Parameters
    ----------
    path : str or Path
    format : str
        Name of the reader to use; found out where empty.

    Returns
    -------
    tuple of Signal
        At least one; m/s² and rad/s in each sensor's frame. Missing samples are masked.

    Raises
    ------
    FileError
        Naming file, field, what was found and what was expected.
    """
    path, door = Path(path), door or the_door()
    reader: SignalReader = door.get("signal_reader", format) if format else find_reader(path, door)
    read: Callable[[Path], tuple[Signal, ...]] = load(reader.read)
    try:
        return read(path)
    except (FileError, Cancelled):
        raise
    except M3nError as error:
        raise FileError(path, found=str(error)) from error
    except _DAMAGE as error:
        raise FileError(path, found=f"{reader.name} data that make no sense ({type(error).__name__}: {error})",
                        expected=f"an intact {reader.title} file") from error  # fmt: skip
