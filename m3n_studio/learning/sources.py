"""Where labelled recordings come from: folders of phone and watch tables so far.

A source reads files of people into :class:`LabelledRecording` values; everything after that is
the same whatever the files were. Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from m3n_studio.errors import Cancelled, FileError
from m3n_studio.learning.windows import LabelledRecording, LabelSpan
from m3n_studio.motion.clip import TextSegment
from m3n_studio.recordings.signal import Signal

#: Where a device of these tables is worn, by the end of the file's name.
WORN = {"sw": "left_wrist", "sp": "pocket"}


def watch_folder(
    folder: str | Path,
    *,
    placements: dict[str, str] | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[LabelledRecording]:
    """Read a folder of phone and watch tables with a label on every sample.

    Parameters
    ----------
    folder : path
        Holds ``<subject>_<execution>_<device>.csv`` anywhere below it (``s02_05_sw.csv``); tables of
        one subject and execution become one recording. Other files are left alone.
    placements : dict of str to str
        Device (``sw``, ``sp``) to placement; :data:`WORN` where not given. Devices not in it are left out.
    progress : callable of (done, total)
    cancelled : callable returning bool
        Asked before every file; `Cancelled` where it says so.

    Raises
    ------
    FileError
        Where the folder has no such table, or one cannot be read.
    """
    from m3n_studio.recordings import watch
    from m3n_studio.recordings.formats import read_signals

    folder, worn = Path(folder), WORN if placements is None else placements
    groups = _tables(folder, worn)
    if not groups:
        raise FileError(folder, found="no table <subject>_<execution>_<device>.csv", expected=", ".join(worn))
    total, done, out = sum(len(devices) for devices in groups.values()), 0, []
    for (subject, execution), devices in groups.items():
        signals: dict[str, Signal] = {}
        labels: tuple[TextSegment, ...] = ()
        for device, path in devices.items():
            if cancelled():
                raise Cancelled("reading recordings was cancelled")
            signals[worn[device]] = read_signals(path, format="watch")[0].with_(name=worn[device])
            labels = labels or watch.read_labels(path)
            done += 1
            if progress:
                progress(done, total)
        spans = tuple(LabelSpan(s.start_s, s.end_s, s.text) for s in labels)
        out.append(LabelledRecording(f"{subject}_{execution}", subject, signals, spans))
    return out


def _tables(folder: Path, worn: dict[str, str]) -> dict[tuple[str, str], dict[str, Path]]:
    """Files by subject and execution, then by device, in order of their names."""
    if not folder.is_dir():
        raise FileError(folder, found="no such folder", expected="a folder of recordings")
    groups: dict[tuple[str, str], dict[str, Path]] = {}
    for path in sorted(folder.rglob("*_*_*.csv")):
        subject, _, rest = path.stem.partition("_")
        execution, _, device = rest.rpartition("_")
        if device in worn and subject and execution:
            groups.setdefault((subject, execution), {})[device] = path
    return groups
