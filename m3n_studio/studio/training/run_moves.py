"""Runs put into a project's list, taken off it, and moved to its trash; files and entries, no widgets."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from m3n_studio.errors import FileError, M3nError, ValueProblem
from m3n_studio.project.values import Edit, Run
from m3n_studio.studio.core.desk import Desk

TRASH = "trash"


def runs_in(path: Path) -> tuple[Path, ...]:
    """The run in a folder, or the runs directly below it.

    Raises
    ------
    FileError
        Where there is none.
    """
    if not path.is_dir():
        found = "a file" if path.exists() else "nothing is there"
        raise FileError(path, found=found, expected="the folder of a run, with a run.json in it")
    if (path / "run.json").is_file():
        return (path,)
    try:
        below = tuple(sorted(p for p in path.iterdir() if (p / "run.json").is_file()))
    except OSError as error:
        raise FileError(path, found=f"it cannot be read ({error.strerror})", expected="a run's folder") from error
    if not below:
        raise FileError(path, found="no run.json in it, nor in the folders below",
                        expected="the folder of a run, or one of runs")  # fmt: skip
    return below


def followed(folder: Path, paths: Iterable[Path], listed: Sequence[str]) -> tuple[Run, ...]:
    """Entries for runs, checked; those listed already are left out.

    Parameters
    ----------
    folder : Path
        Of the project.
    paths : iterable of Path
        Folders of a run, or of runs.
    listed : sequence of str
        Paths of the runs the project shows now.

    Raises
    ------
    FileError
        Where a folder holds no run, or a damaged one.
    ValueProblem
        Where all are listed already.
    """
    from m3n_studio.learning.run_folder import RunFolder

    known = {os.path.realpath(p) for p in listed}
    names = {Path(p).name for p in listed}
    out: list[Run] = []
    seen: list[Path] = []
    for path in (run for given in paths for run in runs_in(given)):
        seen.append(path)
        real = os.path.realpath(path)
        if real in known:
            continue
        run = RunFolder.open(path)
        about = run.about
        _ = run.state
        whole, home = Path(real), Path(os.path.realpath(folder))
        kept = whole.relative_to(home).as_posix() if whole.is_relative_to(home) else str(path.absolute())
        name = path.name if path.name not in names else f"{path.absolute().parent.name}/{path.name}"
        known.add(real)
        names.add(name)
        out.append(Run(name, kept, about.kind, about.created_at))
    if not out:
        raise ValueProblem(f"{seen[0]} is in the list already" if len(seen) == 1 else "these runs are listed already")
    return tuple(out)


def entry_of(desk: Desk, path: str) -> Run | None:
    """The project's entry of a run's folder."""
    if desk.project is None:
        return None
    folder = desk.project.folder
    return next((r for r in desk.project.runs() if r.folder and str(folder / r.folder) == path), None)


def learned_from(path: str, others: Iterable[str]) -> tuple[str, ...]:
    """Names of the runs that began with the encoder of this one."""
    from m3n_studio.learning.run_folder import RunFolder

    out = []
    for other in others:
        try:
            made_from = RunFolder.open(other).about.made_from
        except M3nError:
            continue
        source = made_from.get("pretrained", "")
        if other != path and source and os.path.realpath(source) == os.path.realpath(path):
            out.append(Path(other).name)
    return tuple(out)


@dataclass(frozen=True, eq=False)
class TrashStep:
    """Moves a run's folder to the project's trash and takes its entry away; a step of the undo stack."""

    desk: Desk
    source: Path
    target: Path
    entry: Run | None

    @property
    def label(self) -> str:
        """For the menu."""
        return f"Move {self.source.name} to trash"

    def redo(self) -> bool:
        """Move it there."""
        return self._move(self.source, self.target, self.entry, None)

    def undo(self) -> bool:
        """Move it back."""
        return self._move(self.target, self.source, None, self.entry)

    def _move(self, start: Path, end: Path, before: Run | None, after: Run | None) -> bool:
        try:
            if end.exists():
                raise FileError(end, found="something is there already", expected="room to move the run to")
            end.parent.mkdir(parents=True, exist_ok=True)
            start.rename(end)
        except (OSError, M3nError) as error:
            self.desk.failed.emit(f"{start.name} was not moved: {error}")
            return False
        if self.entry is not None and not self.desk.write_entry(Edit(self.label, before, after)):
            end.rename(start)
            return False
        return True


def trash_step(desk: Desk, path: str) -> TrashStep:
    """The step that moves a run of the project to its trash.

    Raises
    ------
    ValueProblem
        Where the run lies elsewhere, or a process is at it.
    """
    from m3n_studio.learning.run_folder import RunFolder

    if desk.project is None or desk.read_only:
        raise ValueProblem("the project is read only; nothing was moved")
    folder, source = desk.project.folder, Path(path)
    if not source.is_relative_to(folder):
        raise ValueProblem(f"{source} lies outside of the project; forget it instead, its files stay")
    try:
        state = RunFolder.open(source).state
        if state.alive:
            raise ValueProblem(f"{source.name} is running (process {state.pid}); cancel it before moving it to trash")
    except FileError:
        pass  # a damaged run may go, too
    number, target = 1, folder / TRASH / "runs" / source.name
    while target.exists():
        number += 1
        target = folder / TRASH / "runs" / f"{source.name}-{number}"
    return TrashStep(desk, source, target, entry_of(desk, path))
