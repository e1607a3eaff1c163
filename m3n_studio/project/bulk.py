"""Whole folders into a project: looked at, checked, and imported one file at a time so that memory stays flat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from m3n_studio.errors import Cancelled, M3nError
from m3n_studio.project.importing import Added, add_import
from m3n_studio.project.store import Project
from m3n_studio.project.worn import unplaced, with_placements
from m3n_studio.recordings.finding import Finding
from m3n_studio.recordings.folder import Item, Outcome, Plan, Skipped, run, scan
from m3n_studio.recordings.imported import Import, Reading
from m3n_studio.recordings.raw import RawSignal
from m3n_studio.recordings.recipe import Recipe
from m3n_studio.recordings.remedies import REMEDIES, mend

_NEEDS_RECIPE = "a recipe is needed"


class Task(Protocol):
    """The worker's side of a job."""

    def progress(self, done: float, total: float) -> None:
        """Tell how far it is."""

    def cancelled(self) -> bool:
        """Whether to stop."""


@dataclass(frozen=True)
class Wish:
    """What is to be imported and how.

    Attributes
    ----------
    plan : Plan
    fixes : tuple of str
        Remedies a person chose; each is applied to the signals whose findings name it, and to no others.
    rate_hz : float
        Of files without times; 0: none was given.
    label_set : str
        Where the files' labels go.
    placements : mapping from str to str
        Where recordings were worn whose files do not say it: by their name, else by their device's.
    """

    plan: Plan
    fixes: tuple[str, ...] = ()
    rate_hz: float = 0.0
    label_set: str = "labels"
    placements: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Result:
    """What became of an import so far; filled while it runs.

    Attributes
    ----------
    added : list of Added
    errors : list of (path, why)
    repeated : int
        Recordings the project had already.
    findings : dict
        How many files have findings of each level.
    of : int
        Files to be read.
    read : int
    stopped : bool
        Cancelled before the end.
    """

    added: list[Added] = field(default_factory=list)
    errors: list[tuple[Path, str]] = field(default_factory=list)
    repeated: int = 0
    findings: dict[str, int] = field(default_factory=dict)
    of: int = 0
    read: int = 0
    stopped: bool = False

    @property
    def recordings(self) -> int:
        """New ones."""
        return sum(len(one.recordings) for one in self.added)

    @property
    def labels(self) -> int:
        """New ones."""
        return sum(one.annotations for one in self.added)

    @property
    def unplaced(self) -> dict[str, int]:
        """How many new recordings of each name say nothing of where they were worn."""
        return unplaced(recording for one in self.added for recording in one.recordings)


def look(paths: Sequence[Path], recipes: Sequence[Recipe], task: Task) -> Plan:
    """What files and folders hold and how each would be read; nothing is read yet."""
    items: dict[Path, Item] = {}
    skipped: dict[Path, Skipped] = {}
    for i, path in enumerate(paths):
        told = partial(_tell, task, i, len(paths))
        found = scan(path, recipes=recipes, cancelled=task.cancelled, progress=told)
        items.update({item.path: item for item in found.items})
        skipped.update({one.path: one for one in found.skipped})
    root = paths[0] if len(paths) == 1 else paths[0].parent
    return Plan(root, tuple(items.values()), tuple(s for p, s in skipped.items() if p not in items))


def _tell(task: Task, at: int, of: int, done: int, total: int, _name: str) -> None:
    task.progress(at + done / max(total, 1), of)


def needs_recipe(skipped: Skipped) -> bool:
    """Whether a file is left out only for want of a recipe."""
    return _NEEDS_RECIPE in skipped.why


@dataclass(frozen=True)
class Checked:
    """What the checks say of one file before anything is imported; `unplaced`: signals that do not say where worn."""

    path: Path
    findings: tuple[Finding, ...] = ()
    error: str = ""
    labels: int = 0
    subject: str = ""
    session: str = ""
    unplaced: tuple[str, ...] = ()


def check_files(plan: Plan, rate_hz: float, task: Task) -> list[Checked]:
    """Read every file once and keep nothing but what the checks said."""
    out = []
    for i, outcome in enumerate(run(plan, reading=Reading(rate_hz=rate_hz), cancelled=task.cancelled)):
        labels = sum(len(track.runs) for one in outcome.imports for track in one.labels)
        first = outcome.imports[0] if outcome.imports else None
        out.append(Checked(
            outcome.item.path, outcome.findings, outcome.error, labels,
            "" if first is None else first.subject.id, "" if first is None else first.session,
            tuple(r.signal.name for one in outcome.imports for r in one.recorded if not r.placement),
        ))  # fmt: skip
        task.progress(i + 1, len(plan.items))
    return out


def remedies(checked: Sequence[Checked]) -> dict[str, int]:
    """Remedies that the findings name, and for how many files."""
    out: dict[str, int] = {}
    for one in checked:
        for fix in {finding.fix for finding in one.findings if finding.fix}:
            out[fix] = out.get(fix, 0) + 1
    return out


def take_in(
    project: Project, wish: Wish, result: Result, task: Task
) -> Iterator[tuple[Outcome, tuple[Added, ...]]]:  # fmt: skip
    """Import file by file, each in whole or not at all; gives what was read and what became of it.

    What is in `result` when this ends, by itself or by a cancel, is in the project. An error in one file is kept and
    the next file read. A disk that is full, or a project that cannot be written, ends it.
    """
    result.of = len(wish.plan.items)
    try:
        for outcome in run(wish.plan, reading=Reading(rate_hz=wish.rate_hz), cancelled=task.cancelled):
            if not outcome.ok:
                result.errors.append((outcome.item.path, _why(outcome.item.path, outcome.error)))
            added = [_take_one(project, one, outcome.findings, wish, result, task) for one in outcome.imports]
            for level in {finding.level for finding in outcome.findings} if outcome.ok else ():
                result.findings[level] = result.findings.get(level, 0) + 1
            result.read += 1
            task.progress(result.read, result.of)
            yield outcome, tuple(one for one in added if one is not None)
    except Cancelled:
        result.stopped = True


def take_all(project: Project, wish: Wish, result: Result, task: Task) -> Result:
    """:func:`take_in` to its end."""
    for _ in take_in(project, wish, result, task):
        pass
    return result


def _take_one(
    project: Project, imported: Import, findings: Sequence[Finding], wish: Wish, result: Result, task: Task
) -> Added | None:
    path = imported.paths[0] if imported.paths else wish.plan.root
    try:
        mended = with_placements(with_remedies(imported, findings, wish.fixes), wish.placements)
        added = add_import(
            project, mended, label_set=wish.label_set, findings=findings, cancelled=task.cancelled
        )  # fmt: skip
    except Cancelled:
        raise
    except (M3nError, OSError, MemoryError) as error:
        result.errors.append((path, _why(path, " ".join(str(error).split()) or type(error).__name__)))
        if project.read_only or _is_full(error):
            raise
        return None
    result.repeated += len(added.skipped)
    if added.recordings or added.annotations:
        result.added.append(added)
    return added


def _why(path: Path, words: str) -> str:
    """An error without the path it is kept with."""
    return words.removeprefix(f"{path}: ")


def _is_full(error: BaseException) -> bool:
    return "full" in str(error) or getattr(error, "errno", 0) == 28


def with_remedies(imported: Import, findings: Sequence[Finding], fixes: Sequence[str]) -> Import:
    """An import whose signals have had those of the chosen remedies that their own findings name."""
    names = [one.signal.name for one in imported.recorded]
    chosen: Mapping[str, list[str]] = {
        name: [fix for fix in fixes if any(f.fix == fix and _is_about(f, name, names) for f in findings)]
        for name in names
    }
    if not any(chosen.values()):
        return imported
    recorded = tuple(
        replace(one, signal=mend(RawSignal.of(one.signal), chosen[one.signal.name]).signal())
        if chosen[one.signal.name] else one
        for one in imported.recorded
    )  # fmt: skip
    notes = tuple(f"{name}: {REMEDIES[fix].title}" for name, done in chosen.items() for fix in done)
    return imported.with_(recorded=recorded, notes=imported.notes + notes)


def _is_about(finding: Finding, name: str, names: Sequence[str]) -> bool:
    """Whether a finding is about a signal: the longest name it begins with, or all where it names none."""
    named = [n for n in names if finding.where.startswith(n)]
    return name == max(named, key=len) if named else True
