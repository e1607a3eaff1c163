"""A session of a project as a document: its signals, motion and videos on its clock. No Qt.

Recordings that last no longer than :data:`~m3n_studio.studio.core.long_signal.WHOLE_S` together are read
whole, so that everything one can do with a recording works; others are read as they are looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from m3n_studio.errors import M3nError
from m3n_studio.recordings.signal import Signal
from m3n_studio.recordings.video.track import VideoTrack
from m3n_studio.studio.core.document import Document
from m3n_studio.studio.core.long_signal import WHOLE_S, LongSignal

if TYPE_CHECKING:
    from m3n_studio.project import ClipEntry, Project, Recording, Session, Subject


def session_document(
    project: Project, session_id: str, before: Document, progress: Callable[[float, float], None] | None = None
) -> Document:
    """The document of a session.

    Parameters
    ----------
    before : Document
        What was open: its body, sensors and bandwidth are taken over.
    progress : callable
        Called with (done, total).

    Raises
    ------
    M3nError
        Where the session is gone, or one of its files is missing or damaged.
    """
    from m3n_studio.project import Session

    session = project.get(Session, session_id)
    subject = next((s for s in project.subjects() if s.id == session.subject), None)
    entries = project.recordings(session_id)
    whole = sum(r.stop_s - r.start_s for r in entries) <= WHOLE_S
    signals: list[Signal] = []
    long: list[LongSignal] = []
    names = _names(entries)
    for i, (entry, name) in enumerate(zip(entries, names, strict=True)):
        stored = LongSignal(name, project.signal(entry), entry.time_map)
        if whole:
            signals.append(stored.read(*stored.span_s))
        else:
            long.append(stored)
        if progress is not None:
            progress(i + 1, len(entries))
    start = Document(model=before.model, placements=before.placements, bandwidth_hz=before.bandwidth_hz)
    document = _with_motion(project, project.clips(session_id), subject, start)
    return document.with_(
        title=_title(session, subject), recordings=tuple(signals), long=tuple(long),
        videos=tuple(
            VideoTrack(str(project.path_of(v)), (0.0, v.duration_s), v.time_map) for v in project.videos(session_id)
        ),
        project_path=str(project.folder), session_id=session_id,
    )  # fmt: skip


def _title(session: Session, subject: Subject | None) -> str:
    return session.name if subject is None else f"{subject.name} · {session.name}"


def _names(entries: tuple[Recording, ...]) -> list[str]:
    """A name for each: its placement, else the sensor's; numbered where two would be alike."""
    names: list[str] = []
    for entry in entries:
        name = wanted = entry.placement or entry.name
        n = 2
        while name in names:
            name, n = f"{wanted} {n}", n + 1
        names.append(name)
    return names


def _with_motion(
    project: Project, clips: tuple[ClipEntry, ...], subject: Subject | None, start: Document
) -> Document:  # fmt: skip
    """The session's first motion, on a body as tall and heavy as the subject."""
    if not clips:
        return start
    from m3n_studio.studio.core.contents import open_motion

    document = open_motion(project.path_of(clips[0]), start)
    targets = {
        name: value
        for name, value in (("stature", subject and subject.height_m), ("mass", subject and subject.mass_kg))
        if value
    }
    if not targets or document.model is None or document.clip is None:
        return document
    from m3n_studio.body.solve import solve_shape

    try:
        return document.with_(shape=solve_shape(document.model, targets, start=document.clip.shape).shape)
    except M3nError:
        return document  # nobody is that tall and light; the clip's own body stays
