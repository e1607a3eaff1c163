"""Which reader reads a motion file: a table of formats, filled through the plugin door.

:func:`read_clip` is the one way in; what comes out is y-up and in metres, whatever the file held.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from m3n_studio import readers
from m3n_studio.errors import UnknownName
from m3n_studio.motion.clip import Clip
from m3n_studio.plugins import Door, load, the_door

KIND = "motion_reader"


@dataclass(frozen=True)
class ReadOptions:
    """What a user may state instead of having it found out.

    up : {"auto", "x", "y", "z"}; unit : {"auto", "m", "cm", "mm", "inch"};
    rate_hz : used where the file has none (0: the format's usual rate).
    """

    up: str = "auto"
    unit: str = "auto"
    rate_hz: float = 0.0


class MotionReader(readers.FileReader):
    """A motion format; ``read(path, options) -> Clip``."""


def motion_suffixes(door: Door | None = None) -> tuple[str, ...]:
    """Every suffix some reader takes, sorted."""
    return readers.suffixes(KIND, door)


def find_reader(path: str | Path, door: Door | None = None) -> MotionReader:
    """The reader for a file; `FileError` if none recognises it."""
    found: MotionReader = readers.find(KIND, path, what="motion", door=door)
    return found


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
    reader: MotionReader = door.get(KIND, format) if format else find_reader(path, door)
    read: Callable[[Path, ReadOptions], Clip] = load(reader.read)
    with readers.guarded(reader, path):
        return read(path, ReadOptions(up=up, unit=unit, rate_hz=rate_hz))
    raise AssertionError  # guarded never swallows
