"""Finding a name by a few of its letters. No Qt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")
_START, _RUN, _PLAIN, _GAP = 10.0, 11.0, 1.0, 0.15


def score(query: str, text: str) -> tuple[float, tuple[int, ...]] | None:
    """How well a query's letters are found in order in a text, and where; None: not all are there.

    Letters at the start of a word and runs of letters count more; gaps and long texts less. The
    best placing is found, not the first.

    Returns
    -------
    (float, tuple of int) or None
        The score, higher is better, and the places of the letters.
    """
    wanted, low = "".join(query.lower().split()), text.lower()
    if len(low) != len(text):  # some letters change their number when lowered
        low = text
    if not wanted:
        return 0.0, ()
    # best[i] = (score, places) of the letters so far with the last one at i
    best: dict[int, tuple[float, tuple[int, ...]]] = {-1: (0.0, ())}
    for n, letter in enumerate(wanted):
        new: dict[int, tuple[float, tuple[int, ...]]] = {}
        for i, here in enumerate(low):
            if here != letter:
                continue
            starts = i == 0 or not low[i - 1].isalnum()
            options = [
                (s + (_START if starts else _RUN if n and i == j + 1 else _PLAIN) - _GAP * (i - j - 1) * (n > 0),
                 (*places, i))
                for j, (s, places) in best.items() if j < i
            ]  # fmt: skip
            if options:
                new[i] = max(options)
        best = new
        if not best:
            return None
    value, places = max(best.values())
    return value - 0.02 * len(text), places


def search(query: str, items: Iterable[T], texts: Sequence[str]) -> list[tuple[T, tuple[int, ...]]]:
    """Items whose text matches, best first, with the places of the letters; all of them for no query."""
    found = []
    for rank, (item, text) in enumerate(zip(items, texts, strict=True)):
        result = score(query, text)
        if result is not None:
            found.append((-result[0] if query.strip() else 0.0, rank, item, result[1]))
    found.sort(key=lambda f: f[:2])
    return [(item, places) for _, _, item, places in found]
