"""Which reader reads a recording: a table of formats, filled through the plugin door.

:func:`read_signals` gives the signals; :func:`read_import` also the labels, the subject and what
else a file says. What comes out is in SI units and in the sensor's own frame, whatever the file
held.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from m3n_studio import readers
from m3n_studio.plugins import Door, load, the_door
from m3n_studio.recordings.imported import Import, PathFacts, Reading, Recorded
from m3n_studio.recordings.signal import Signal

KIND = "signal_reader"


@dataclass(frozen=True)
class SignalReader(readers.FileReader):
    """A format of IMU recordings; ``read(path) -> tuple[Signal, ...]``.

    Attributes
    ----------
    whole : str
        Import path of ``read(path, reading) -> Import``, where the format says more than signals.
    facts : str
        Import path of ``facts(path) -> PathFacts``, what a path alone says; cheap.
    needs_rate : bool
        Files of the format have no times: a person has to give the rate.
    """

    whole: str = ""
    facts: str = ""
    needs_rate: bool = False


def signal_suffixes(door: Door | None = None) -> tuple[str, ...]:
    """Every suffix some reader takes, sorted."""
    return readers.suffixes(KIND, door)


def find_reader(path: str | Path, door: Door | None = None) -> SignalReader:
    """The reader for a file; `FileError` if none recognises it."""
    found: SignalReader = readers.find(KIND, path, what="recording", door=door)
    return found


def _reader(path: Path, format: str, door: Door | None) -> SignalReader:
    door = door or the_door()
    reader: SignalReader = door.get(KIND, format) if format else find_reader(path, door)
    return reader


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
    path = Path(path)
    reader = _reader(path, format, door)
    read: Callable[[Path], tuple[Signal, ...]] = load(reader.read)
    with readers.guarded(reader, path), np.errstate(over="ignore", invalid="ignore"):
        return read(path)
    raise AssertionError  # guarded never swallows


def read_import(
    path: str | Path, *, format: str = "", reading: Reading | None = None, door: Door | None = None
) -> Import:
    """Read a recording with its labels, subject and whatever else the file says.

    reading : what a person adds where the file does not say, above all a rate.

    Raises
    ------
    NeedsRate
        Where there are neither times nor a rate.
    FileError
        As :func:`read_signals`.
    """
    path = Path(path)
    reader = _reader(path, format, door)
    with readers.guarded(reader, path), np.errstate(over="ignore", invalid="ignore"):
        if reader.whole:
            whole: Callable[[Path, Reading], Import] = load(reader.whole)
            return whole(path, reading or Reading())
        signals: tuple[Signal, ...] = load(reader.read)(path)
        return Import(tuple(Recorded(signal) for signal in signals), format=reader.name, paths=(path,))
    raise AssertionError  # guarded never swallows


def facts_of(reader: SignalReader, path: Path) -> PathFacts:
    """What a path alone says of subject, session and placement."""
    facts: PathFacts = load(reader.facts)(path) if reader.facts else PathFacts()
    return facts
