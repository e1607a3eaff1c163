"""Where labelled recordings come from: recipes, folders of recordings, folders of motions, the demo.

A source reads files of people into :class:`LabelledRecording` values; everything after that is
the same whatever the files were. A project's sessions come from
:mod:`m3n_studio.project.training_data`. Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from m3n_studio.errors import Cancelled, FileError
from m3n_studio.learning.windows import LabelledRecording, LabelSpan, WindowSpec
from m3n_studio.motion.clip import TextSegment
from m3n_studio.recordings.signal import Signal

if TYPE_CHECKING:
    from m3n_studio.recordings.folder import Item, Plan

#: Where a device of these tables is worn, by the end of the file's name.
WORN = {"sw": "left_wrist", "sp": "pocket"}
DEMO = "demo"
#: The reader that takes every array of NumPy, and how many columns such a recording has.
_ARRAYS, _COLUMNS = "npy", (6, 7)


def load(
    source: str | Path,
    spec: WindowSpec = WindowSpec(),  # noqa: B008 - frozen
    *,
    tier: str = "",
    tell: Callable[[str], None] = lambda _: None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[LabelledRecording]:
    """Labelled recordings of whatever is there.

    Parameters
    ----------
    source : str or path
        A recipe (``.recipe.toml``) for the tables beneath its folder; a folder of phone and watch
        tables (:func:`watch_folder`); a folder, or one file, of recordings of any known format; a
        folder of motions, which are simulated; or ``"demo"``.
    spec : WindowSpec
        Of the windows to come: motions are simulated at its placements and rate.
    tier : str
        Name of the labels to learn, where recordings have several kinds.
    tell : callable of str
        Told what is left out and why.
    progress : callable of (done, total)
    cancelled : callable returning bool
        Asked before every file; `Cancelled` where it says so.

    Raises
    ------
    FileError
        Where nothing can be learned from; it says what was seen and what to do.
    ValueProblem, UnknownName
        Where the labels to learn are not clear.
    """
    from m3n_studio.learning.demo_data import demo_recordings
    from m3n_studio.learning.import_source import imported_recordings
    from m3n_studio.learning.simulated import motion_recordings
    from m3n_studio.recordings.folder import scan
    from m3n_studio.recordings.recipe import SUFFIX

    if source == DEMO:
        return demo_recordings()
    path = Path(source)
    if path.is_dir() and _tables(path, WORN):
        return watch_folder(path, progress=progress, cancelled=cancelled)
    plan = _plan_of_recipe(path) if path.name.endswith(SUFFIX) else scan(path, cancelled=cancelled)
    if motions := _only_motions(plan):
        return motion_recordings(motions, spec, tell=tell, progress=progress, cancelled=cancelled)
    return imported_recordings(path, plan, tier=tier, tell=tell, progress=progress, cancelled=cancelled)


def _plan_of_recipe(path: Path) -> Plan:
    from m3n_studio.recordings.folder import plan_of_recipe

    plan = plan_of_recipe(path)
    if not plan.items:
        raise FileError(path, field="files", found=f"no file beneath {path.parent} that it reads",
                        expected="a pattern that names the tables")  # fmt: skip
    return plan


def _only_motions(plan: Plan) -> list[Path]:
    """The motions of a folder that has no recording; empty where it has one."""
    from m3n_studio.learning.import_source import counted

    if any(_is_recording(item) for item in plan.items):
        return []
    files = sorted([*(item.path for item in plan.items), *(skipped.path for skipped in plan.skipped)])
    motions = [file for file in files if _is_motion(file)]
    if not motions:
        why = "; ".join(dict.fromkeys(one.why for one in plan.skipped))
        raise FileError(
            plan.root,
            found=f"neither a recording nor a motion among {counted(len(files))}" + (f" ({why})" if why else ""),
            expected="a project, a recipe, or a folder of recordings or motions",
        )
    return motions


def _is_recording(item: Item) -> bool:
    """Whether a file that a recordings' reader takes holds samples, not joints."""
    from m3n_studio.recordings.npy import array_shape

    if item.reader != _ARRAYS:
        return True
    try:
        shape = array_shape(item.path)
    except FileError:
        return not _is_motion(item.path)
    return len(shape) == 2 and shape[1] in _COLUMNS


def _is_motion(file: Path) -> bool:
    """Whether a motion reader knows the file."""
    from m3n_studio.motion.formats import find_reader, motion_suffixes

    if file.suffix.lower() not in motion_suffixes():
        return False
    try:
        return bool(find_reader(file))
    except FileError:
        return False


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
