"""Which reader reads a recording: a table of formats, filled through the plugin door.

:func:`read_signals` is the one way in; what comes out is in SI units and in the sensor's own
frame, whatever the file held.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from m3n_studio import readers
from m3n_studio.plugins import Door, load, the_door
from m3n_studio.recordings.signal import Signal

KIND = "signal_reader"


class SignalReader(readers.FileReader):
    """A format of IMU recordings; ``read(path) -> tuple[Signal, ...]``."""


def signal_suffixes(door: Door | None = None) -> tuple[str, ...]:
    """Every suffix some reader takes, sorted."""
    return readers.suffixes(KIND, door)


def find_reader(path: str | Path, door: Door | None = None) -> SignalReader:
    """The reader for a file; `FileError` if none recognises it."""
    found: SignalReader = readers.find(KIND, path, what="recording", door=door)
    return found


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
    reader: SignalReader = door.get(KIND, format) if format else find_reader(path, door)
    read: Callable[[Path], tuple[Signal, ...]] = load(reader.read)
    with readers.guarded(reader, path):
        return read(path)
    raise AssertionError  # guarded never swallows
