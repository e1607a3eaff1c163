"""What a run learned from, kept with the run: who was left out, and the labels as they were when it began.

Labelling goes on while a run trains. A run that was stopped goes on bit for bit only from the same data;
signals of a project never change, so its labels as they were are all that must be kept.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from m3n_studio.atomic import atomic
from m3n_studio.errors import FileError, UnknownName, ValueProblem
from m3n_studio.learning.windows import LabelledRecording, LabelSpan

if TYPE_CHECKING:
    from m3n_studio.learning.events import Message

NAME, VERSION = "labels.json", 1
_LARGEST = 256 << 20


def without(recordings: Sequence[LabelledRecording], subjects: Collection[str]) -> list[LabelledRecording]:
    """Recordings of everybody but some subjects; `UnknownName` for one who is not there."""
    there = {r.subject for r in recordings}
    for name in subjects:
        if name not in there:
            raise UnknownName("subject", name, there)
    kept = [r for r in recordings if r.subject not in subjects]
    if not kept:
        raise ValueProblem("nobody is left to learn from: all subjects were left out")
    return kept


def remember(run: str | Path, recordings: Sequence[LabelledRecording]) -> None:
    """Write the labels of recordings into a run's folder."""
    data = [{"name": r.name, "subject": r.subject, "labels": [list(s) for s in r.labels]} for r in recordings]
    with atomic(Path(run) / NAME) as part:
        part.write_text(json.dumps({"version": VERSION, "recordings": data}), encoding="utf-8")


def remembering(
    run: str | Path, recordings: Sequence[LabelledRecording], tell: Callable[[Message], None] | None = None
) -> Callable[[Message], None]:
    """What to tell a training's messages to, so that the first of them has the labels written beside it."""
    there = (Path(run) / NAME).is_file()

    def say(message: Message) -> None:
        nonlocal there
        if not there:
            remember(run, recordings)
            there = True
        if tell is not None:
            tell(message)

    return say


def as_it_began(run: str | Path, recordings: Sequence[LabelledRecording]) -> list[LabelledRecording]:
    """Recordings with the labels a run began with; as they are where it has kept none.

    Raises
    ------
    ValueProblem
        Where a recording it learned from is gone.
    FileError
        Where what it has kept is damaged.
    """
    path = Path(run) / NAME
    if not path.is_file():
        return list(recordings)
    by_name = {r.name: r for r in recordings}
    out = []
    for name, subject, labels in _read(path):
        found = by_name.get(name)
        if found is None or found.subject != subject:
            raise ValueProblem(f"{run}: recording {name!r}, which the run learned from, is gone; it cannot be resumed")
        out.append(replace(found, labels=labels))
    return out


def _read(path: Path) -> list[tuple[str, str, tuple[LabelSpan, ...]]]:
    try:
        if path.stat().st_size > _LARGEST:
            raise FileError(path, found="more than 256 MB", expected="labels of a run")
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["version"] != VERSION:
            raise FileError(path, field="version", found=repr(data["version"])[:40], expected=str(VERSION))
        return [(_text(r["name"]), _text(r["subject"]), tuple(map(_span, r["labels"]))) for r in data["recordings"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise FileError(path, found=f"it cannot be read ({error!r:.80})", expected="labels of a run") from error


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError("a name is not text")
    return value


def _span(value: Any) -> LabelSpan:
    start, end, label = value
    if not (math.isfinite(start) and math.isfinite(end) and start <= end):
        raise ValueError("a label ends before it starts")
    return LabelSpan(float(start), float(end), _text(label))
