"""Keys and colours that the classes of a tier do not have yet."""

from __future__ import annotations

from collections.abc import Iterable

from m3n_studio.annotation.model import LabelClass

#: Colours that can be told apart on dark and light ground.
COLORS = (
    "#4c9be8", "#e8a14c", "#6fbf73", "#b07ce8", "#e86c8a", "#45b8b0", "#c9b44a", "#d9734e", "#8a9ae0", "#7f8c99",
    "#b5607a", "#5a8f3c", "#d08bd6", "#3f7fa8", "#a8763e", "#78b89a", "#9a5fc0", "#c4574b", "#6f7fd0", "#93a83c",
)  # fmt: skip
_LETTERS = "abcdefghijklmnopqrstuvwxyz1234567890"


def free_key(taken: Iterable[str], name: str) -> str:
    """A key that is not taken: the first letter of a word of the name if it can be, else another of its letters.

    Empty where all 36 letters and digits are taken.
    """
    used = {key.lower() for key in taken if key}
    words = "".join(c if c.isalnum() else " " for c in name.lower()).split()
    wanted = [*(word[0] for word in words), *name.lower(), *_LETTERS]
    return next((key for key in wanted if key in _LETTERS and key not in used), "")


def free_color(taken: Iterable[str], number: int) -> str:
    """A colour that is not taken; where all are, the one of the class of that number."""
    used = {color.lower() for color in taken}
    return next((color for color in COLORS if color not in used), COLORS[number % len(COLORS)])


def with_classes(classes: tuple[LabelClass, ...], names: Iterable[str]) -> tuple[LabelClass, ...]:
    """The classes, and one for each name that none of them has, each with a key and a colour of its own."""
    out = list(classes)
    for name in names:
        if any(c.name == name for c in out):
            continue
        color = free_color((c.color for c in out), len(out))
        out.append(LabelClass(name, color, free_key((c.key for c in out), name)))
    return tuple(out)
