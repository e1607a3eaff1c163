"""What readers give (an `Import`) into a project: subject, session, recordings, labels.

Times are not changed: a session begins with the first import that makes it, and every recording keeps its own clock
and a map to the session's. All of an import goes in, or none of it; what went in can be undone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from m3n_studio.annotation.classes import with_classes
from m3n_studio.annotation.model import Annotation, Change, Tier
from m3n_studio.errors import ValueProblem
from m3n_studio.project.store import Project
from m3n_studio.project.values import Device, Edit, LabelSet, Recording, Session, Subject
from m3n_studio.recordings.finding import Finding
from m3n_studio.recordings.imported import Import, LabelTrack, Recorded
from m3n_studio.recordings.timemap import TimeMap

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
    project: Project, imported: Import, *, label_set: str = "imported", findings: Sequence[Finding] = (),
    cancelled: Callable[[], bool] | None = None,
) -> Added:  # fmt: skip
    """Put an import into a project.

    The subject is found by its name, or made; so are the session (the subject's, by name), the device, and in the
    label set of the name `label_set` a tier for each track of labels with its classes. A recording of the same name
    from the same file is not taken in twice, nor is a label. Files of signals are written first; then all that refers
    to them goes in as one transaction, so that nothing half imported is ever seen, whenever the program dies.

    findings : what the checks said; kept in the notes of the recordings they are about.

    Raises
    ------
    Cancelled
        When `cancelled` says so; then nothing stays.
    ValueProblem, FileError
        As the project's own methods; then nothing stays.
    """
    written: list[Recording] = []
    try:
        added = _planned(project, imported, label_set, findings, written, cancelled)
        project.apply(added.edits, [(added.session.id, added.labels)] if added.labels else ())
    except BaseException:
        for recording in written:
            project.drop_signal(recording)
        raise
    return added


def take_back(project: Project, added: Sequence[Added]) -> None:
    """Undo :func:`add_import`, of several imports as one; they are given in the order they were made."""
    edits, labels = _all_of(added)
    project.take_apart(edits, labels)


def put_back(project: Project, added: Sequence[Added]) -> None:
    """Make imports again that :func:`take_back` undid."""
    edits, labels = _all_of(added)
    project.apply(edits, labels)


def _all_of(added: Sequence[Added]) -> tuple[list[Edit], list[tuple[str, Change]]]:
    edits = [edit for one in added for edit in one.edits]
    return edits, [(one.session.id, one.labels) for one in added if one.labels]


def _planned(
    project: Project, imported: Import, label_set: str, findings: Sequence[Finding], written: list[Recording],
    cancelled: Callable[[], bool] | None,
) -> Added:  # fmt: skip
    """What goes in; the signals are in their files already, and nothing refers to them yet."""
    edits: list[Edit] = []
    subject = _subject(project, imported, edits)
    session, origin_s = _session(project, imported, subject, edits)
    there = {(r.source, r.name) for r in project.recordings(session.id)}
    source = str(imported.paths[0]) if imported.paths else ""
    skipped = []
    for recorded in imported.recorded:
        if source and (source, recorded.signal.name) in there:
            skipped.append(recorded.signal.name)
            continue
        recording = project.write_recording(
            session.id, recorded.signal, placement=recorded.placement, device=_device(project, recorded, edits),
            time_map=TimeMap.offset(-origin_s), source=source, cancelled=cancelled,
            note="\n".join([_note(imported, recorded), *_said(imported, recorded, findings)]),
        )  # fmt: skip
        written.append(recording)
        edits.append(Edit("Import recording", None, recording))
    new: tuple[Annotation, ...] = ()
    if imported.labels:
        tiers = _tiers(project, imported.labels, label_set, edits)
        new = _labels(project, imported, session, tiers, origin_s)
    change = Change("Import labels", (), new)
    return Added(session, tuple(written), len(new), tuple(edits), change, tuple(skipped))


def _said(imported: Import, recorded: Recorded, findings: Sequence[Finding]) -> list[str]:
    """The findings about one recording, a line each; those about none by name stand with the first."""
    names = [one.signal.name for one in imported.recorded]
    first = recorded is imported.recorded[0]

    def about(finding: Finding) -> bool:
        named = [name for name in names if finding.where.startswith(name)]
        return recorded.signal.name in named if named else first

    return list(dict.fromkeys(finding.line() for finding in findings if about(finding)))


def findings_in(note: str) -> tuple[str, ...]:
    """The lines of a recording's note that are findings of the checks, the gravest first."""
    lines = [line for line in note.splitlines() if line.startswith(("reject: ", "warning: ", "note: "))]
    return tuple(sorted(lines, key=lambda line: ("reject", "warning", "note").index(line.split(":", 1)[0])))


def _made(entry: Subject | Session | Device, edits: list[Edit]) -> None:
    edits.append(Edit(f"Import {type(entry).__name__.lower()}", None, entry))


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
    _made(subject, edits)
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
    _made(session, edits)
    return session, imported.start_s


def _device(project: Project, recorded: Recorded, edits: list[Edit]) -> str:
    name = recorded.device
    if not name.strip():
        return ""
    planned = [edit.entry for edit in edits if isinstance(edit.entry, Device)]
    found = next((d for d in (*project.devices(), *planned) if d.name == name), None)
    if found is None:
        found = Device(name)
        _made(found, edits)
    return found.id


def _note(imported: Import, recorded: Recorded) -> str:
    absent = {"gyr": "no angular velocity was recorded", "acc": "no acceleration was recorded"}
    return "; ".join(absent.get(part, f"no {part}") for part in recorded.absent) or imported.format


def _tiers(project: Project, tracks: tuple[LabelTrack, ...], name: str, edits: list[Edit]) -> dict[str, Tier]:
    """A tier for each track in the label set of that name, with all its classes."""
    before = next((s for s in project.label_sets() if s.name == name), None)
    after = before or LabelSet(name)
    for track in tracks:
        tier = after.tier(track.name) or Tier(track.name, exclusive=_is_exclusive(track))
        tier = replace(tier, classes=with_classes(tier.classes, track.classes))
        others = tuple(t for t in after.tiers if t.id != tier.id)
        known = tier.id in {t.id for t in after.tiers}
        tiers = tuple(tier if t.id == tier.id else t for t in after.tiers) if known else (*others, tier)
        after = replace(after, tiers=tiers)
    if after != before:
        edits.append(Edit("Import classes", before, after))
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
