"""Whole folders: what would be read and how (:func:`scan`), and then reading it (:func:`run`).

Scanning looks at names and first bytes only. Running gives one import at a time and keeps none,
so that memory stays flat; an error in one file is told and the next file read.
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from m3n_studio.errors import Cancelled, FileError, M3nError
from m3n_studio.recordings import formats, sidecars
from m3n_studio.recordings.checks import check, check_import
from m3n_studio.recordings.finding import Finding
from m3n_studio.recordings.imported import Import, PathFacts, Reading, Recorded
from m3n_studio.recordings.raw import RawSignal
from m3n_studio.recordings.recipe import SUFFIX, Recipe, read_recipe
from m3n_studio.recordings.remedies import mend

#: done, of how many, what is being looked at.
Progress = Callable[[int, int, str], None]

_MOST_FILES = 1_000_000
_HIDDEN = (".", "__MACOSX")


@dataclass(frozen=True)
class Item:
    """One file to read, with those that belong to it.

    Attributes
    ----------
    path : Path
    reader : str
        Name of the reader, or ``recipe:NAME``.
    recipe : Recipe or None
    facts : PathFacts
        What the path says of subject, session and placement.
    needs : tuple of str
        ``"rate"`` where a person has to give one.
    """

    path: Path
    reader: str
    recipe: Recipe | None = None
    facts: PathFacts = field(default_factory=PathFacts)
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Skipped:
    """A file that will not be read, and why."""

    path: Path
    why: str


@dataclass(frozen=True)
class Plan:
    """What a folder holds."""

    root: Path
    items: tuple[Item, ...]
    skipped: tuple[Skipped, ...]

    def groups(self) -> dict[tuple[str, str], tuple[Item, ...]]:
        """The items by what their paths say of subject and session, in order."""
        out: dict[tuple[str, str], list[Item]] = {}
        for item in self.items:
            out.setdefault((item.facts.subject, item.facts.session), []).append(item)
        return {key: tuple(items) for key, items in out.items()}

    def without(self, paths: Sequence[Path]) -> Plan:
        """The plan with some items skipped by choice."""
        gone = set(paths)
        left = tuple(item for item in self.items if item.path not in gone)
        chosen = tuple(Skipped(item.path, "left out by choice") for item in self.items if item.path in gone)
        return replace(self, items=left, skipped=self.skipped + chosen)


@dataclass(frozen=True)
class Outcome:
    """What became of one item: imports with findings, or an error; `needs` what a person has to add."""

    item: Item
    imports: tuple[Import, ...] = ()
    findings: tuple[Finding, ...] = ()
    error: str = ""

    @property
    def ok(self) -> bool:
        """Whether anything was read."""
        return not self.error


def scan(
    path: str | Path,
    *,
    recipes: Sequence[Recipe] = (),
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Plan:
    """What a folder (or one file) holds and how each file would be read; nothing is read yet.

    recipes : tried before the built-in readers on files their ``files`` pattern names; so are the
        ``*.recipe.toml`` in the folder itself.

    Raises
    ------
    FileError
        Where there is no such folder, or a recipe in it is wrong.
    """
    root = Path(path)
    if not root.exists():
        raise FileError(root, found="nothing there", expected="a folder or file of recordings")
    files = [root] if root.is_file() else sorted(_files(root))
    beside = [read_recipe(file) for file in files if file.name.endswith(SUFFIX) and file.parent == root]
    known = (*recipes, *beside)
    items, skipped = [], []
    for i, file in enumerate(files):
        _stop(cancelled)
        if progress is not None:
            progress(i, len(files), file.name)
        found = _look(file, known)
        if isinstance(found, Item):
            items.append(found)
        else:
            skipped.append(found)
    if progress is not None:
        progress(len(files), len(files), "")
    return Plan(root, tuple(items), tuple(skipped))


def plan_of_recipe(path: str | Path) -> Plan:
    """The tables beneath a recipe's own folder that its ``files`` pattern names, each read by that recipe.

    Raises
    ------
    FileError
        Where the recipe cannot be read.
    """
    path = Path(path)
    recipe = read_recipe(path)
    named = [file for file in sorted(_files(path.parent)) if fnmatch.fnmatch(file.name, recipe.files)]
    found = [_look(file, (recipe,)) for file in named]
    return Plan(
        path.parent,
        tuple(one for one in found if isinstance(one, Item)),
        tuple(one for one in found if isinstance(one, Skipped)),
    )


def _files(root: Path) -> Iterator[Path]:
    count = 0
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith(_HIDDEN))
        for name in names:
            if name.startswith(_HIDDEN):
                continue
            count += 1
            if count > _MOST_FILES:
                raise FileError(root, found=f"more than {_MOST_FILES} files", expected="a folder of recordings")
            yield Path(folder, name)


def _look(file: Path, recipes: Sequence[Recipe]) -> Item | Skipped:
    from m3n_studio.recordings.recipe_read import path_facts

    if file.name.endswith(SUFFIX):
        return Skipped(file, "a recipe")
    for recipe in recipes:
        if fnmatch.fnmatch(file.name, recipe.files):
            if recipe.gyr_file is not None and recipe.gyr_file.replace[0] not in file.name:
                return Skipped(file, "read with the accelerometer's file, or not named as the recipe says")
            return Item(file, f"recipe:{recipe.name}", recipe, path_facts(recipe, file))
    why = sidecars.why_not(file)
    if why:
        return Skipped(file, why)
    try:
        reader = formats.find_reader(file)
    except (M3nError, OSError):
        return Skipped(file, "no recording format known here")
    why = sidecars.why_not_by(reader.name, file)
    if why:
        return Skipped(file, why)
    needs = ("rate",) if sidecars.lacks_rate(reader.name, file) or reader.needs_rate else ()
    return Item(file, reader.name, None, formats.facts_of(reader, file), needs)


def run(
    plan: Plan,
    *,
    reading: Reading | None = None,
    fixes: Sequence[str] = (),
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Iterator[Outcome]:
    """Read a plan's items one at a time, each with its findings.

    fixes : remedies a person chose for every signal; findings are those *before* them.

    Raises
    ------
    Cancelled
        When `cancelled` says so; what was given out stays good.
    """
    for i, item in enumerate(plan.items):
        _stop(cancelled)
        if progress is not None:
            progress(i, len(plan.items), item.path.name)
        yield _outcome(item, reading or Reading(), tuple(fixes))
    if progress is not None:
        progress(len(plan.items), len(plan.items), "")


def _outcome(item: Item, reading: Reading, fixes: tuple[str, ...]) -> Outcome:
    findings: list[Finding] = []
    try:
        if item.recipe is not None:
            findings += read_findings(item.recipe, item.path)
            imports = item.recipe.read(item.path)
        else:
            imports = (formats.read_import(item.path, format=item.reader, reading=reading),)
            for one in imports:
                findings += check_import(one, stated_rate_hz=reading.rate_hz if item.needs else 0.0)
        return Outcome(item, tuple(_mended(one, fixes) for one in imports), tuple(findings))
    except Cancelled:
        raise
    except (M3nError, OSError, MemoryError) as error:
        return Outcome(item, (), tuple(findings), " ".join(str(error).split()) or type(error).__name__)


def read_findings(recipe: Recipe, path: Path) -> tuple[Finding, ...]:
    """What the checks see in a table before the recipe's own fixes."""
    from m3n_studio.recordings.recipe_read import read_raw

    rate = recipe.time.rate_hz or 0.0
    split = recipe.subject_column is not None or recipe.session_column is not None
    if split:
        return tuple(finding for one in recipe.read(path) for finding in check_import(one, stated_rate_hz=rate))
    return tuple(finding for raw in read_raw(recipe, path) for finding in check(raw, stated_rate_hz=rate))


def _mended(imported: Import, fixes: tuple[str, ...]) -> Import:
    if not fixes:
        return imported
    recorded = tuple(_mended_one(one, fixes) for one in imported.recorded)
    notes = tuple(f"chosen remedy: {name}" for name in fixes)
    return imported.with_(recorded=recorded, notes=imported.notes + notes)


def _mended_one(recorded: Recorded, fixes: tuple[str, ...]) -> Recorded:
    return replace(recorded, signal=mend(RawSignal.of(recorded.signal), fixes).signal())


def _stop(cancelled: Callable[[], bool] | None) -> None:
    if cancelled is not None and cancelled():
        raise Cancelled("cancelled")
