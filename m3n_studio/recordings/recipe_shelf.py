"""Recipes a person kept: tried on the next table no reader knows, wherever it is opened.

They are files in one folder (:func:`recipes_folder`; ``M3N_RECIPES`` names another). As a reader
in the table of formats, the first of them that fits a file reads it.
"""

from __future__ import annotations

import fnmatch
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from m3n_studio.errors import FileError, M3nError
from m3n_studio.recordings.imported import Import, PathFacts, Reading
from m3n_studio.recordings.signal import Signal

if TYPE_CHECKING:
    from m3n_studio.recordings.recipe import Recipe

FOLDER_VARIABLE = "M3N_RECIPES"
_SUFFIX = ".recipe.toml"
_MOST_KEPT = 200
_TRIED_ROWS = 60


def recipes_folder() -> Path:
    """Where recipes are kept."""
    named = os.environ.get(FOLDER_VARIABLE, "")
    if named:
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_config_dir("m3n-studio", appauthor=False)) / "recipes"


def kept() -> tuple[Recipe, ...]:
    """Every recipe kept that can be read, the newest first."""
    files = _files()
    if not files:
        return ()
    from m3n_studio.recordings.recipe import read_recipe

    out = []
    for file in files:
        try:
            out.append(read_recipe(file))
        except M3nError:
            continue
    return tuple(out)


def _files() -> list[Path]:
    folder = recipes_folder()
    try:
        found = [(file.stat().st_mtime_ns, file) for file in folder.glob(f"*{_SUFFIX}")] if folder.is_dir() else []
    except OSError:
        return []
    return [file for _, file in sorted(found, reverse=True)[:_MOST_KEPT]]


def keep(recipe: Recipe) -> Path:
    """Keep a recipe under its name, in place of one of that name; the file."""
    folder = recipes_folder()
    stem = re.sub(r"[^\w-]+", "-", recipe.name.lower()).strip("-")[:80] or "recipe"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(folder, found=f"it cannot be made ({error.strerror or error})") from error
    path = folder / f"{stem}{_SUFFIX}"
    recipe.write(path)
    return path


def tried(recipe: Recipe, path: Path) -> tuple[str, PathFacts]:
    """Why a recipe does not fit a file, by its name and first rows (empty where it fits), and whose it is."""
    from m3n_studio.recordings.recipe_read import path_facts, read_start

    facts = path_facts(recipe, path)
    if not fnmatch.fnmatch(path.name, recipe.files):
        return f"its name is not {recipe.files}", facts
    if recipe.gyr_file is not None and recipe.gyr_file.replace[0] not in path.name:
        return "its name is not that of an accelerometer's file", facts
    try:
        start = read_start(recipe, path, _TRIED_ROWS)
    except FileError as error:
        where = f"{error.field}: " if error.field else ""
        return f"{where}{error.found}", facts
    except (M3nError, OSError) as error:
        return str(error), facts
    return "" if start.has_numbers else "no numbers in the columns of acceleration", start.facts


def fitting(path: Path) -> Recipe | None:
    """The newest recipe kept that fits a file."""
    return next((recipe for recipe in kept() if not tried(recipe, path)[0]), None)


def _found(path: Path) -> Recipe:
    recipe = fitting(path)
    if recipe is None:
        raise FileError(path, found="no recipe kept fits it", expected="a table a recipe was made for")
    return recipe


def sniff(path: Path, head: bytes) -> bool:
    """Whether a recipe kept fits the file."""
    return fitting(path) is not None


def read(path: Path) -> tuple[Signal, ...]:
    """The signals of every subject and session in the file."""
    return tuple(signal for one in _found(path).read(path) for signal in one.signals)


def read_whole(path: Path, reading: Reading) -> Import:
    """All of a file of one subject and session; `FileError` where it has several."""
    found = _found(path).read(path)
    if len(found) > 1:
        raise FileError(path, found=f"{len(found)} subjects or sessions in one file",
                        expected="an import as a table (File > Import > Table)")  # fmt: skip
    return found[0]


def facts(path: Path) -> PathFacts:
    """What the path says, by the recipe that fits."""
    from m3n_studio.recordings.recipe_read import path_facts

    recipe = fitting(path)
    return path_facts(recipe, path) if recipe is not None else PathFacts()
