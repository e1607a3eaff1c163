"""Public recordings fetched and put into a project. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from m3n_studio.errors import Cancelled
from m3n_studio.recordings.samples import SampleSet, fetch, is_whole, samples_folder

_FETCHING = 0.6  # share of the whole that is fetching, where a project is made besides


@dataclass(frozen=True)
class Order:
    """What the user wants.

    Attributes
    ----------
    name : str
        Of the set.
    source : str
        A folder or address that stands in for the originals; empty: those.
    project : Path or None
        Where a project is to be made of it.
    folder : Path or None
        Where sets are kept; None: the user's data folder.
    """

    name: str
    source: str = ""
    project: Path | None = None
    folder: Path | None = None


@dataclass(frozen=True)
class Fetched:
    """Where the files are, the project made of them (None: none), and what could not be read."""

    folder: Path
    project: Path | None
    failures: tuple[str, ...] = ()


def begun(chosen: SampleSet, folder: Path | None = None) -> int:
    """How many bytes of a set are here already."""
    at = (folder or samples_folder()) / chosen.name
    there = sum(f.size for f in chosen.files if (at / f.name).is_file() and (at / f.name).stat().st_size == f.size)
    parts = at / ".parts"
    return there + (sum(p.stat().st_size for p in parts.iterdir() if p.is_file()) if parts.is_dir() else 0)


def is_here(chosen: SampleSet, folder: Path | None = None) -> bool:
    """Whether all of a set is here."""
    return is_whole(chosen, folder or samples_folder())


def get(order: Order, progress: Callable[[float, float], None], cancelled: Callable[[], bool]) -> Fetched:
    """Fetch a set, and make a project of it where that is wanted.

    Raises
    ------
    FileError
        As :func:`fetch`, or where the project's folder is not free.
    Cancelled
        What was fetched stays, and is not fetched again.
    """
    share = 1.0 if order.project is None else _FETCHING

    def report(done: int, total: int, _: str) -> None:
        progress(share * done / max(total, 1), 1.0)

    folder = fetch(order.name, folder=order.folder, source=order.source, progress=report, cancelled=cancelled)
    if order.project is None:
        return Fetched(folder, None)
    failures = _project(order.project, folder, lambda part: progress(share + (1 - share) * part, 1.0), cancelled)
    return Fetched(folder, order.project, tuple(failures))


def _project(at: Path, folder: Path, progress: Callable[[float], None], cancelled: Callable[[], bool]) -> list[str]:
    from m3n_studio.project import Project
    from m3n_studio.project.importing import add_import
    from m3n_studio.recordings import folder as folders

    failures = []
    with Project.create(at, at.name) as project:
        plan = folders.scan(folder, cancelled=cancelled)
        for i, outcome in enumerate(folders.run(plan, cancelled=cancelled)):
            progress(i / max(len(plan.items), 1))
            if not outcome.ok:
                failures.append(outcome.error)
            for one in outcome.imports:
                if cancelled():
                    raise Cancelled("cancelled")
                add_import(project, one, cancelled=cancelled)
    return failures
