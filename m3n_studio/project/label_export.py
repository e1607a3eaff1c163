"""Labels of sessions into files of other programs: what would be lost is said before anything is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from m3n_studio.annotation.exchange.formats import LabelFormat, format_for, losses, write_labels
from m3n_studio.annotation.exchange.values import LabelFile
from m3n_studio.annotation.model import Tier
from m3n_studio.errors import Cancelled, FileError
from m3n_studio.project.reading import ProjectReader
from m3n_studio.project.values import Session

Progress = Callable[[int, int], None]

_NUMBER = re.compile(r"\b\d+\b")
_ABOUT = ("media", "epoch", "rate", "subject", "session")


@dataclass(frozen=True)
class Out:
    """One session's labels and the file they go to; what the format cannot hold of them."""

    session: Session
    path: Path
    labels: LabelFile
    lost: tuple[str, ...]


@dataclass(frozen=True)
class ExportPlan:
    """What would be written. `there` are files that would be written over."""

    format: LabelFormat
    items: tuple[Out, ...]
    empty: tuple[str, ...]

    @property
    def there(self) -> tuple[Path, ...]:
        """Files that are there already."""
        return tuple(one.path for one in self.items if one.path.exists())

    def lost(self) -> tuple[tuple[str, int], ...]:
        """Each loss, and of how many sessions it is one; losses of one kind are told as one."""
        kinds: dict[str, list[str]] = {}
        for one in self.items:
            for text in one.lost:
                kinds.setdefault(_kind(text), []).append(text)
        said = [(_as_one(kind, texts), len(texts)) for kind, texts in kinds.items()]
        return tuple(sorted(said, key=lambda pair: -pair[1]))


def _kind(text: str) -> str:
    """What a loss is about, without numbers and names."""
    about = text.split(":")[0]
    return about if about in _ABOUT else _NUMBER.sub("#", text)


def _as_one(kind: str, texts: Sequence[str]) -> str:
    """Losses of one kind in one sentence: annotations add up, classes are the same ones."""
    if kind in _ABOUT:
        return texts[0] if len(texts) == 1 else kind
    numbers = [[int(n) for n in _NUMBER.findall(text)] for text in texts]
    out = kind
    for place in zip(*numbers, strict=True):
        before, _, after = out.partition("#")
        adds = after.startswith((" annotations", " moments", " labels"))
        out = f"{before}{sum(place) if adds else max(place)}{after}"
    return out


def epoch_of(session: Session) -> float | None:
    """Unix time of a session's second 0, s; None where it is not known."""
    if not session.started_at:
        return None
    try:
        moment = datetime.fromisoformat(session.started_at)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def labels_of(project: ProjectReader, session: Session) -> LabelFile:
    """All labels of a session, on tiers with distinct names."""
    tiers = _distinct(project)
    subject = next((s.name for s in project.subjects() if s.id == session.subject), "")
    media = tuple(video.path for video in project.videos(session.id))
    return LabelFile(tiers, project.annotations(session.id), media, epoch_of(session), None, subject, session.name)


def _distinct(project: ProjectReader) -> tuple[Tier, ...]:
    """The tiers of all label sets; of those of one name all but the first are named with their set."""
    out: list[Tier] = []
    taken: set[str] = set()
    for label_set in project.label_sets():
        for tier in label_set.tiers:
            name, number = tier.name, 1
            while name in taken:
                name = f"{label_set.name}: {tier.name}" + (f" {number}" if number > 1 else "")
                number += 1
            taken.add(name)
            out.append(replace(tier, name=name))
    return tuple(out)


def plan_export(project: ProjectReader, sessions: Sequence[Session], format: str, folder: Path) -> ExportPlan:
    """What an export of some sessions would write into a folder; nothing is written yet.

    Sessions without labels are left out.

    Raises
    ------
    UnknownName
        Where there is no such format.
    """
    found = format_for(folder / "labels", format)
    ending = found.ending or found.suffixes[0]
    items: list[Out] = []
    empty = []
    taken: set[str] = set()
    for session in sessions:
        labels = labels_of(project, session)
        if not labels.annotations:
            empty.append(session.name)
            continue
        stem = stem_of(labels.subject, labels.session)
        name, number = f"{stem}{ending}", 2
        while name.lower() in taken:
            name, number = f"{stem}-{number}{ending}", number + 1
        taken.add(name.lower())
        items.append(Out(session, folder / name, labels, losses(labels, found.name)))
    return ExportPlan(found, tuple(items), tuple(empty))


def stem_of(subject: str, session: str) -> str:
    """What a session's file is called, without its ending."""
    words = [re.sub(r"[^\w.-]+", "-", part).strip("-.") for part in (subject, session)]
    return "_".join(word for word in words if word)[:120] or "labels"


def write(
    plan: ExportPlan, progress: Progress | None = None, cancelled: Callable[[], bool] | None = None
) -> tuple[Path, ...]:
    """Write the files, each whole or not at all.

    Raises
    ------
    Cancelled
        What was written stays.
    """
    out = []
    for i, one in enumerate(plan.items):
        if cancelled is not None and cancelled():
            raise Cancelled(f"cancelled; {i} of {len(plan.items)} files are written")
        if progress is not None:
            progress(i, len(plan.items))
        try:
            one.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(one.path.parent, found=f"it cannot be made ({error.strerror or error})") from error
        write_labels(one.path, one.labels, format=plan.format.name)
        out.append(one.path)
    if progress is not None:
        progress(len(plan.items), len(plan.items))
    return tuple(out)
