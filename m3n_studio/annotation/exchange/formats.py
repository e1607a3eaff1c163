"""Which module reads or writes a file of labels: a table of formats, filled through the plugin door."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from m3n_studio import readers
from m3n_studio.annotation.exchange.values import LabelFile
from m3n_studio.errors import FileError, UnknownName
from m3n_studio.plugins import Door, load, the_door

KIND = "label_format"


@dataclass(frozen=True)
class LabelFormat(readers.FileReader):
    """A format of labels; ``read(path) -> LabelFile``.

    Attributes
    ----------
    write : str
        Import path of ``write(path, label_file)``, which writes the file whole or not at all.
    losses : str
        Import path of ``losses(label_file) -> tuple of str``: what the format cannot hold of it.
    ending : str
        What the file's name should end with, e.g. ``"_events.tsv"``; the first suffix where empty.
    """

    write: str = ""
    losses: str = ""
    ending: str = ""


def label_formats(door: Door | None = None) -> tuple[LabelFormat, ...]:
    """Every format, in the order they are tried."""
    return tuple(item for _, item in (door or the_door()).all(KIND))


def label_suffixes(door: Door | None = None) -> tuple[str, ...]:
    """Every suffix some format has, sorted."""
    return readers.suffixes(KIND, door)


def read_labels(path: str | Path, *, format: str = "", door: Door | None = None) -> LabelFile:
    """Read a file of labels of any known format.

    format : name of the format; found out by suffix and first bytes where empty.

    Raises
    ------
    FileError
        Naming file, field, what was found and what was expected.
    """
    path, door = Path(path), door or the_door()
    found: LabelFormat = door.get(KIND, format) if format else readers.find(KIND, path, what="label", door=door)
    read: Callable[[Path], LabelFile] = load(found.read)
    with readers.guarded(found, path):
        return read(path)
    raise AssertionError  # guarded never swallows


def format_for(path: str | Path, format: str = "", door: Door | None = None) -> LabelFormat:
    """The format to write a path in: by name, else the first that its name's ending belongs to."""
    path, door = Path(path), door or the_door()
    if format:
        named: LabelFormat = door.get(KIND, format)
        return named
    name = path.name.lower()
    for found in label_formats(door):
        if name.endswith(found.ending or found.suffixes):
            return found
    raise UnknownName("label format of the suffix", path.suffix, label_suffixes(door))


def write_labels(path: str | Path, file: LabelFile, *, format: str = "", door: Door | None = None) -> LabelFormat:
    """Write labels, whole or not at all; in the format named, or that of the path's suffix.

    Look at :func:`losses` first: what a format cannot hold is left out.
    """
    found = format_for(path, format, door)
    try:
        load(found.write)(Path(path), file)
    except OSError as error:
        raise FileError(path, found=f"it cannot be written ({error.strerror or error})") from error
    return found


def losses(file: LabelFile, format: str, door: Door | None = None) -> tuple[str, ...]:
    """What writing labels in a format would lose, a sentence each."""
    found: LabelFormat = (door or the_door()).get(KIND, format)
    said: tuple[str, ...] = load(found.losses)(file)
    return said
