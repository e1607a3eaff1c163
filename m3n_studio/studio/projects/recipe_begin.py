"""What the dialog begins with: a recipe kept that fits, else a guess, else an empty draft. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from m3n_studio.errors import FileError
from m3n_studio.recordings.guess_layout import Guess, layout_of
from m3n_studio.recordings.recipe import FileSpec
from m3n_studio.recordings.recipe_guess import guess
from m3n_studio.recordings.recipe_shelf import fitting
from m3n_studio.recordings.text_table import TextTable
from m3n_studio.studio.projects.recipe_draft import Draft, Use, draft_of

#: Stands in for a rate nobody stated, so that columns and units can be guessed all the same.
_SOME_RATE_HZ = 100.0
_TITLE_ROWS = 200
MOST_COLUMNS = 2000


@dataclass(frozen=True)
class Beginning:
    """The draft, and why it is as it is."""

    draft: Draft
    guesses: tuple[Guess, ...]
    problems: tuple[str, ...]


def begin(path: Path) -> Beginning:
    """The first draft for a file.

    Raises
    ------
    FileError
        Where there is no table in it.
    """
    kept = fitting(path)
    if kept is not None:
        titles = TextTable.read(path, kept.file, most_rows=_TITLE_ROWS).titles
        why = Guess("recipe", kept.name, "kept from an earlier import, and it fits this file", "certain")
        return Beginning(draft_of(path, kept, kept.file, _bounded(path, titles)), (why,), ())
    found = guess(path)
    titles = _bounded(path, found.titles)
    if found.recipe is not None:
        return Beginning(draft_of(path, found.recipe, found.recipe.file, titles), found.guesses, found.problems)
    rated = guess(path, rate_hz=_SOME_RATE_HZ)
    if rated.recipe is not None:
        draft = draft_of(path, rated.recipe, rated.recipe.file, titles).with_(by_rate=True, rate_hz=0.0)
        guesses = tuple(one for one in rated.guesses if one.key != "time.rate_hz")
        return Beginning(draft, guesses, found.problems)
    layout = layout_of(path)
    spec = FileSpec(
        encoding=layout.encoding, delimiter=layout.delimiter, decimal=layout.decimal, comment=layout.comment,
        skip_lines=layout.skip_lines, header_rows=layout.header_rows, rows_below_header=layout.rows_below_header,
    )  # fmt: skip
    return Beginning(draft_of(path, None, spec, titles), found.guesses, found.problems)


def _bounded(path: Path, titles: tuple[str, ...]) -> tuple[str, ...]:
    if len(titles) > MOST_COLUMNS:
        raise FileError(path, found=f"{len(titles)} columns", expected=f"a table of at most {MOST_COLUMNS}")
    return titles


def laid_out(draft: Draft, file: FileSpec) -> Draft:
    """The draft for another layout of the text; columns keep their roles by title, else by position.

    Raises
    ------
    FileError
        Where the text cannot be read so.
    """
    titles = _bounded(draft.path, TextTable.read(draft.path, file, most_rows=_TITLE_ROWS).titles)
    by_title = {t: use for t, use in zip(draft.titles, draft.uses, strict=True) if t}
    uses = []
    for i, title in enumerate(titles):
        same_place = len(titles) == len(draft.titles)
        uses.append(by_title.get(title) or (draft.uses[i] if same_place else Use()))
    return draft.with_(file=file, titles=titles, uses=tuple(uses))
