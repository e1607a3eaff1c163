"""What to open out of files and folders the user dropped: motions and recordings told apart. No Qt."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from m3n_studio.errors import FileError

MAX_FILES = 5000


@dataclass(frozen=True)
class Found:
    """What was found.

    Attributes
    ----------
    motions, recordings : tuple of Path
    stopped : bool
        There were more files than were looked at.
    """

    motions: tuple[Path, ...] = ()
    recordings: tuple[Path, ...] = ()
    stopped: bool = False

    @property
    def first(self) -> tuple[Path, ...]:
        """The first motion with its recording; recordings alone: the first of them."""
        if not self.motions:
            return self.recordings[:1]
        recording = self.recording_of(self.motions[0])
        return (self.motions[0],) if recording is None else (self.motions[0], recording)

    @property
    def clear(self) -> bool:
        """Whether there is nothing to choose."""
        return len(self.motions) <= 1 and len(self.recordings) <= 1

    def recording_of(self, motion: Path) -> Path | None:
        """The recording that belongs to a motion: the only one there, else the one that shares most of its name."""
        if len(self.motions) == 1 and len(self.recordings) == 1:
            return self.recordings[0]
        stem = motion.stem.lower()
        named = [r for r in self.recordings if stem in r.stem.lower() or r.stem.lower() in stem]
        return min(named, key=lambda r: (r.parent != motion.parent, abs(len(r.stem) - len(stem)))) if named else None


def files_in(paths: Sequence[Path]) -> Iterator[Path]:
    """The files among these and in these folders, folders in order of name, hidden ones left out."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(f for f in folders if not f.startswith("."))
            yield from (Path(folder, name) for name in sorted(names) if not name.startswith("."))


def look(paths: Sequence[Path], check: Callable[[], None] = lambda: None) -> Found:
    """Which of these files, and of the files in these folders, are motions and which recordings.

    Files a suffix rules out are not opened. `check` is called between files and may raise.
    """
    from m3n_studio.motion import formats as motions
    from m3n_studio.recordings import formats as recordings

    of_motion, of_recording = set(motions.motion_suffixes()), set(recordings.signal_suffixes())
    found: tuple[list[Path], list[Path]] = ([], [])
    for n, path in enumerate(files_in(paths)):
        check()
        if n >= MAX_FILES:
            return Found(tuple(found[0]), tuple(found[1]), stopped=True)
        suffix = path.suffix.lower()
        tries = ((suffix in of_motion, motions.find_reader), (suffix in of_recording, recordings.find_reader))
        for which, (possible, find) in enumerate(tries):
            if possible and _knows(find, path):
                found[which].append(path)
                break
    return Found(tuple(found[0]), tuple(found[1]))


def _knows(find: Callable[[Path], object], path: Path) -> bool:
    try:
        find(path)
    except FileError:
        return False
    return True


def gather(paths: Sequence[Path], check: Callable[[], None] = lambda: None) -> Found:
    """:func:`look`, or a :class:`FileError` where a folder has nothing for us."""
    found = look(paths, check)
    if not found.motions and not found.recordings:
        raise FileError(paths[0], found="no motion or recording in this folder",
                        expected="files such as .npz, .bvh, .amc, .pkl, .csv or .h5")  # fmt: skip
    return found
