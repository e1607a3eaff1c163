"""What readers give (an `Import`) into a project: subject, session, recordings, labels.

Times are not changed: a session begins with the first import that makes it, and every recording keeps its own clock
and a map to the session's. All of an import goes in, or none of it; what went in can be undone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from m3n_studio.annotation.model import Annotation, Change, LabelClass, Tier
from m3n_studio.errors import ValueProblem
from m3n_studio.project.store import Project
from m3n_studio.project.values import Edit, LabelSet, Recording, Session, Subject
from m3n_studio.recordings.imported import Import, LabelTrack, Recorded
from m3n_studio.recordings.timemap import TimeMap

COLORS = (
    "#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#b07aa1", "#76b7b2", "#edc948", "#ff9da7", "#9c755f", "#8c8c8c",
)  # fmt: skip
_SAME_S = 1e-6


@dataclass(frozen=True)
class Added:
    """What an import became.

    Attributes
    ----------
    session : Session
    recordings : tuple of Recording
        The new ones.
    annotations : int
        New ones.
    edits : tuple of Edit
        In the order made; their inverses in reverse order take away what was put in, labels after `labels`.
    labels : Change
        Of the session's annotations, made last.
    skipped : tuple of str
        Names of recordings that the session has already.
    """

    session: Session
    recordings: tuple[Recording, ...]
    annotations: int
    edits: tuple[Edit, ...]
    labels: Change
    skipped: tuple[str, ...] = ()


def add_import(
    project: Project, imported: Import, *, label_set: str = "imported", cancelled: Callable[[], bool] | None = None
) -> Added:
    """Put an import into a project.

    The subject is found by its name, or made; so are the session (the subject's, by name), the device, and in the
    label set of the name `label_set` a tier for each track of labels with its classes. A recording of the same name
    from the same file is not taken in twice, nor is a label.

    Raises
    ------
    Cancelled
        When `cancelled` says so; then nothing stays.
    ValueProblem, FileError
        As the project's own methods; then nothing stays.
    """
    edits: list[Edit] = []
    try:
        return _add(project, imported, label_set, edits, cancelled)
    except BaseException:
        for edit in reversed(edits):
            project.edit(edit.inverse())
        raise


def take_back(project: Project, added: Added) -> None:
    """Undo :func:`add_import`."""
    if added.labels:
        project.annotate(added.session.id, added.labels.inverse())
    for edit in reversed(added.edits):
        project.edit(edit.inverse())


def _add(
    project: Project, imported: Import, label_set: str, edits: list[Edit], cancelled: Callable[[], bool] | None
) -> Added:
    subject = _subject(project, imported, edits)
    session, origin_s = _session(project, imported, subject, edits)
    there = {(r.source, r.name) for r in project.recordings(session.id)}
    source = str(imported.paths[0]) if imported.paths else ""
    recordings, skipped = [], []
    for recorded in imported.recorded:
        if source and (source, recorded.signal.name) in there:
            skipped.append(recorded.signal.name)
            continue
        recording = project.add_recording(
            session.id, recorded.signal, placement=recorded.placement, device=_device(project, recorded, edits),
            time_map=TimeMap.offset(-origin_s), source=source, note=_note(imported, recorded), cancelled=cancelled,
        )  # fmt: skip
        edits.append(Edit("Import recording", None, recording))
        recordings.append(recording)
    new: tuple[Annotation, ...] = ()
    if imported.labels:
        tiers = _tiers(project, imported.labels, label_set, edits)
        new = _labels(project, imported, session, tiers, origin_s)
    change = Change("Import labels", (), new)
    if change:
        project.annotate(session.id, change)
    return Added(session, tuple(recordings), len(new), tuple(edits), change, tuple(skipped))


def _made(project: Project, entry: Subject | Session, edits: list[Edit]) -> None:
    edits.append(project.add(entry))


def _subject(project: Project, imported: Import, edits: list[Edit]) -> str:
    facts = imported.subject
    if not facts.id:
        return ""
    found = next((s for s in project.subjects() if s.name == facts.id), None)
    if found is not None:
        return found.id
    hand = facts.handedness if facts.handedness in ("left", "right") else ""
    try:
        subject = Subject(facts.id, facts.height_m or None, facts.mass_kg or None, hand)
    except ValueProblem as error:  # a file's impossible height is told, and does not keep its samples out
        subject = Subject(facts.id, handedness=hand, note=str(error))
    _made(project, subject, edits)
    return subject.id


def _session(project: Project, imported: Import, subject: str, edits: list[Edit]) -> tuple[Session, float]:
    """The session, and the import's own time of its second 0."""
    name = imported.session or (imported.paths[0].stem if imported.paths else "session")
    started_at = ""
    if imported.clock == "unix":
        started_at = datetime.fromtimestamp(imported.start_s, UTC).isoformat(timespec="milliseconds")
    taken = {s.name: s for s in project.sessions(subject)}
    found = taken.get(name)
    if found is not None:
        recordings = project.recordings(found.id)
        if recordings and bool(found.started_at) == bool(started_at):
            return found, -recordings[0].time_map.offset_s
        if not recordings and not project.annotations(found.id):
            return found, imported.start_s
    number = 2
    while name in taken:
        name, number = f"{name.rsplit(' (', 1)[0]} ({number})", number + 1
    session = Session(name, subject, started_at, note="; ".join(imported.notes))
    _made(project, session, edits)
    return session, imported.start_s


def _device(project: Project, recorded: Recorded, edits: list[Edit]) -> str:
    if not recorded.device.strip():
        return ""
    before = {device.id for device in project.devices()}
    device = project.device(recorded.device)
    if device.id not in before:
        edits.append(Edit("Import device", None, device))
    return device.id


def _note(imported: Import, recorded: Recorded) -> str:
    absent = {"gyr": "no angular velocity was recorded", "acc": "no acceleration was recorded"}
    return "; ".join(absent.get(part, f"no {part}") for part in recorded.absent) or imported.format


def _tiers(project: Project, tracks: tuple[LabelTrack, ...], name: str, edits: list[Edit]) -> dict[str, Tier]:
    """A tier for each track in the label set of that name, with all its classes."""
    before = next((s for s in project.label_sets() if s.name == name), None)
    after = before or LabelSet(name)
    for track in tracks:
        tier = after.tier(track.name) or Tier(track.name, exclusive=_is_exclusive(track))
        missing = [word for word in track.classes if tier.by_name(word) is None]
        at = len(tier.classes)
        classes = tuple(LabelClass(word, COLORS[(at + i) % len(COLORS)]) for i, word in enumerate(missing))
        tier = replace(tier, classes=tier.classes + classes)
        others = tuple(t for t in after.tiers if t.id != tier.id)
        known = tier.id in {t.id for t in after.tiers}
        tiers = tuple(tier if t.id == tier.id else t for t in after.tiers) if known else (*others, tier)
        after = replace(after, tiers=tiers)
    if after != before:
        edits.append(project.add(after) if before is None else project.change(before, after))
    return {tier.name: tier for tier in after.tiers}


def _is_exclusive(track: LabelTrack) -> bool:
    return all(a.stop_s <= b.start_s + _SAME_S for a, b in zip(track.runs, track.runs[1:], strict=False))


def _labels(
    project: Project, imported: Import, session: Session, tiers: dict[str, Tier], origin_s: float
) -> tuple[Annotation, ...]:
    """The labels that are not there yet, on the session's clock."""

    def place(tier: str, label: str, start_s: float, end_s: float) -> tuple[str, str, int, int]:
        return tier, label, round(start_s / _SAME_S), round(end_s / _SAME_S)

    there = {place(a.tier, a.label, a.start_s, a.end_s) for a in project.annotations(session.id)}
    author = Path(imported.paths[0]).name if imported.paths else imported.format
    new = []
    for track in imported.labels:
        tier = tiers[track.name]
        ids = {label.name: label.id for label in tier.classes}
        for run in track.runs:
            at = (tier.id, ids[run.name], run.start_s - origin_s, run.stop_s - origin_s)
            if place(*at) not in there:
                there.add(place(*at))
                new.append(Annotation(*at, author=author))
    return tuple(new)
