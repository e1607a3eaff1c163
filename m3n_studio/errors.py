"""The small family of errors the project raises on purpose.

Everything a person can cause (a bad file, an unknown name, a value out of range) is an
:class:`M3nError`; the command line prints it as one line and the window shows it in its
error bar. Anything else that escapes is a bug of ours.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path


class M3nError(Exception):
    """Base of all errors meant for the user; ``str(error)`` is one readable line."""


class FileError(M3nError):
    """A file could not be used.

    Parameters
    ----------
    path : str or Path
        The file as the user named it.
    found : str
        What was seen.
    expected : str
        What would have been right, or what to do.
    field : str
        The array, column, joint or line inside the file, if one is to blame.
    """

    def __init__(self, path: str | Path, *, found: str, expected: str = "", field: str = "") -> None:
        # one line, whatever words the file has
        field, found, expected = (" ".join(text.split()) for text in (field, found, expected))
        self.path = Path(path)
        self.field = field
        self.found = found
        self.expected = expected
        where = f"{path}: {field}: " if field else f"{path}: "
        super().__init__(where + found + (f"; expected {expected}" if expected else ""))


class ValueProblem(M3nError, ValueError):
    """A value given by the user or by calling code is out of its domain."""


class UnknownName(M3nError, LookupError):
    """A name is not among the known ones; the message offers the nearest."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        super().__init__(f"unknown {kind} {name!r}: {hint}known are {', '.join(names) or '(none)'}")
        self.name = name


class Cancelled(M3nError):
    """The user asked long work to stop, and it did."""
