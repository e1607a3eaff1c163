"""A project as pandas tables: one row an entry, names instead of ids beside them, units in the column names."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from m3n_studio.project.store import Project

if TYPE_CHECKING:
    from pandas import DataFrame

_SUBJECT = ("subject", "height_m", "mass_kg", "handedness", "sex", "note", "subject_id")
_SESSION = ("session", "subject", "started_at", "recordings", "videos", "note", "session_id", "subject_id")
_RECORDING = (
    "recording", "subject", "session", "placement", "device", "start_s", "stop_s", "rate_hz", "samples", "regular",
    "source", "note", "file", "recording_id", "session_id",
)  # fmt: skip
_ANNOTATION = (
    "subject", "session", "label_set", "tier", "label", "start_s", "end_s", "duration_s", "author", "source",
    "confidence", "note", "annotation_id", "session_id", "tier_id", "label_id",
)  # fmt: skip
_CLASS = ("label_set", "tier", "kind", "exclusive", "label", "parent", "color", "key", "note", "label_id", "tier_id")
_TEXT = ("subject", "session", "start_s", "end_s", "text", "author", "text_id", "session_id")


def subjects(project: Project) -> DataFrame:
    """One row a subject; ``height_m`` and ``mass_kg`` are NaN where not known."""
    rows = []
    for subject in project.subjects():
        row = asdict(subject)
        rows.append(row | {"subject": row["name"], "subject_id": row["id"]})
    return _frame(rows, _SUBJECT, numbers=("height_m", "mass_kg"))


def sessions(project: Project) -> DataFrame:
    """One row a session, with how many recordings and videos it has."""
    rows = []
    for session in project.sessions():
        row: dict[str, Any] = asdict(session) | {"session": session.name, "session_id": session.id}
        row |= {"recordings": len(project.recordings(session.id)), "videos": len(project.videos(session.id))}
        rows.append(row | {"subject_id": session.subject, "subject": _names(project)[session.id][0]})
    return _frame(rows, _SESSION)


def recordings(project: Project) -> DataFrame:
    """One row a recording; ``start_s`` and ``stop_s`` are on the session's clock."""
    names, devices = _names(project), {device.id: device.name for device in project.devices()}
    rows = []
    for recording in project.recordings():
        subject, session = names[recording.session]
        start_s, stop_s = recording.span_s
        rows.append(
            {key: getattr(recording, key) for key in _RECORDING if hasattr(recording, key)}
            | {"recording": recording.name, "subject": subject, "session": session, "start_s": start_s}
            | {"stop_s": stop_s, "device": devices.get(recording.device, ""), "recording_id": recording.id}
            | {"session_id": recording.session}
        )
    return _frame(rows, _RECORDING)


def labels(project: Project, session: str | None = None) -> DataFrame:
    """One row an annotation of one session (an id) or of all, with the names of subject, session, tier and class."""
    names = _names(project)
    tiers = {tier.id: (label_set.name, tier) for label_set in project.label_sets() for tier in label_set.tiers}
    classes_ = {label.id: label.name for _, tier in tiers.values() for label in tier.classes}
    rows = []
    for key in [session] if session is not None else list(names):
        for a in project.annotations(key):
            label_set, tier = tiers[a.tier]
            rows.append((*names[key], label_set, tier.name, classes_[a.label], a.start_s, a.end_s, a.duration_s,
                         a.author, a.source, a.confidence, a.note, a.id, key, a.tier, a.label))  # fmt: skip
    return _frame([dict(zip(_ANNOTATION, row, strict=True)) for row in rows], _ANNOTATION, numbers=("confidence",))


def classes(project: Project) -> DataFrame:
    """One row a class of any tier, with the name of the class it is a kind of."""
    rows = []
    for label_set in project.label_sets():
        for tier in label_set.tiers:
            names = {label.id: label.name for label in tier.classes}
            for c in tier.classes:
                rows.append((label_set.name, tier.name, tier.kind, tier.exclusive, c.name, names.get(c.parent, ""),
                             c.color, c.key, c.note, c.id, tier.id))  # fmt: skip
    return _frame([dict(zip(_CLASS, row, strict=True)) for row in rows], _CLASS)


def texts(project: Project) -> DataFrame:
    """One row a text."""
    names = _names(project)
    rows = [asdict(t) | dict(zip(("subject", "session"), names[t.session], strict=True))
            | {"text_id": t.id, "session_id": t.session} for t in project.texts()]  # fmt: skip
    return _frame(rows, _TEXT)


def _names(project: Project) -> dict[str, tuple[str, str]]:
    """Subject's and session's name by the session's id."""
    subjects = {subject.id: subject.name for subject in project.subjects()}
    return {session.id: (subjects.get(session.subject, ""), session.name) for session in project.sessions()}


def _frame(rows: list[dict[str, Any]], columns: tuple[str, ...], numbers: tuple[str, ...] = ()) -> DataFrame:
    import pandas as pd

    frame = pd.DataFrame([[row[column] for column in columns] for row in rows], columns=list(columns))
    return frame.astype(dict.fromkeys(numbers, "float64"))
