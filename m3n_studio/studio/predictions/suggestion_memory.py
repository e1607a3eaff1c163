"""Proposals turned down, by model, kept in the project across restarts. No Qt.

A file of the project, ``rejected_suggestions.json``, written whole in the background: what it holds is a
convenience, and a damaged one is begun anew.
"""

from __future__ import annotations

import json
import math
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from m3n_studio.atomic import atomic
from m3n_studio.studio.predictions.suggestion_work import Proposal

NAME, FORMAT, VERSION = "rejected_suggestions.json", "m3n-studio rejected suggestions", 1
_MOST = 5000


@dataclass(frozen=True)
class Rejected:
    """A proposal turned down: enough of it to know it again."""

    kind: str
    session: str
    start_s: float
    end_s: float
    label: str
    target: str = ""

    def is_about(self, p: Proposal) -> bool:
        """Whether a proposal says the same thing."""
        if (self.session, self.label, self.target) != (p.session, p.label, p.target):
            return False
        if self.target:
            return self.kind == p.kind
        both = min(self.end_s, p.end_s) - max(self.start_s, p.start_s)
        return both >= 0.5 * min(self.end_s - self.start_s, p.end_s - p.start_s)


def rejected(p: Proposal) -> Rejected:
    """What is kept of a proposal."""
    return Rejected(p.kind, p.session, p.start_s, p.end_s, p.label, p.target)


class Memory:
    """What was turned down, by run; safe to save from another thread."""

    def __init__(self) -> None:
        self._held: dict[str, list[Rejected]] = {}
        self._lock = threading.Lock()

    def of(self, run: str) -> tuple[Rejected, ...]:
        """Of one run."""
        return tuple(self._held.get(run, ()))

    def add(self, run: str, what: Rejected) -> None:
        """Turn down."""
        self._held[run] = [*self._held.get(run, []), what][-_MOST:]

    def drop(self, run: str, what: Rejected) -> None:
        """Take back."""
        self._held[run] = [r for r in self._held.get(run, []) if r != what]

    def load(self, folder: Path) -> None:
        """Know what a project keeps; nothing where it keeps nothing that can be read."""
        try:
            self._held = _parsed(json.loads((folder / NAME).read_text("utf-8")))
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self._held = {}

    def save(self, folder: Path) -> None:
        """Write what is known by now, whole."""
        with self._lock:
            runs = {run: [list(vars(r).values()) for r in held] for run, held in dict(self._held).items() if held}
            with atomic(folder / NAME) as part:
                part.write_text(json.dumps({"format": FORMAT, "version": VERSION, "runs": runs}), "utf-8")


def _parsed(data: Any) -> dict[str, list[Rejected]]:
    if data["format"] != FORMAT or data["version"] != VERSION:
        return {}
    return {str(run): [r for row in held if (r := _row(row)) is not None] for run, held in data["runs"].items()}


def _row(row: Any) -> Rejected | None:
    kind, session, start, end, label, target = row
    texts = all(isinstance(v, str) for v in (kind, session, label, target))
    numbers = all(isinstance(v, int | float) and math.isfinite(v) for v in (start, end))
    return Rejected(kind, session, float(start), float(end), label, target) if texts and numbers else None
