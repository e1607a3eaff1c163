"""A session of a project as a document: its signals, motion and videos on its clock. No Qt.

Recordings that last no longer than :data:`~m3n_studio.studio.core.long_signal.WHOLE_S` together are read
whole, so that everything one can do with a recording works; others are read as they are looked at.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from m3n_studio.errors import M3nError
from m3n_studio.recordings.signal import Signal
from m3n_studio.recordings.video.track import VideoTrack
from m3n_studio.studio.core.document import Document
from m3n_studio.studio.core.long_signal import WHOLE_S, LongSignal

if TYPE_CHECKING:
    from m3n_studio.project import Project, Recording, Session, Subject, Video


def session_document(
    project: Project, session_id: str, before: Document, progress: Callable[[float, float], None] | None = None,
    remarks: list[str] | None = None,
) -> Document:  # fmt: skip
    """The document of a session.

    Parameters
    ----------
    before : Document
        What was open: its body, sensors and bandwidth are taken over.
    progress : callable
        Called with (done, total).
    remarks : list, optional
        Filled with what cannot be shown, and why: files that are missing or damaged. The rest is shown.

    Raises
    ------
    M3nError
        Where the session is gone; without `remarks` also where one of its files is missing or damaged.
    """
    from m3n_studio.project import Session

    session = project.get(Session, session_id)
    subject = next((s for s in project.subjects() if s.id == session.subject), None)
    signals, long = _recordings(project, session_id, progress, remarks)
    start = Document(model=before.model, placements=before.placements, bandwidth_hz=before.bandwidth_hz)
    document = start
    for clip in project.clips(session_id)[:1]:
        with _told(remarks, f"the motion {clip.name!r}"):
            document = _with_motion(project.path_of(clip), subject, start)
    return document.with_(
        title=_title(session, subject), recordings=tuple(signals), long=tuple(long),
        videos=tuple(video_track(project, video, remarks) for video in project.videos(session_id)),
        project_path=str(project.folder), session_id=session_id,
    )  # fmt: skip


@contextlib.contextmanager
def _told(remarks: list[str] | None, what: str) -> Iterator[None]:
    """Trouble with one file is kept as a remark, where remarks are wanted."""
    try:
        yield
    except (M3nError, OSError) as error:
        if remarks is None:
            raise
        remarks.append(f"{what} is not shown: {error}")


def _recordings(
    project: Project, session_id: str, progress: Callable[[float, float], None] | None, remarks: list[str] | None
) -> tuple[list[Signal], list[LongSignal]]:
    entries = project.recordings(session_id)
    whole = sum(r.stop_s - r.start_s for r in entries) <= WHOLE_S
    signals: list[Signal] = []
    long: list[LongSignal] = []
    for i, (entry, name) in enumerate(zip(entries, _names(entries), strict=True)):
        with _told(remarks, f"the recording {entry.name!r}"):
            stored = LongSignal(name, project.signal(entry), entry.time_map)
            if whole:
                signals.append(stored.read(*stored.span_s))
            else:
                long.append(stored)
        if progress is not None:
            progress(i + 1, len(entries))
    return signals, long


def video_track(project: Project, video: Video, remarks: list[str] | None = None) -> VideoTrack:
    """A video of a session as the window lays it in time; with a remark where its file cannot be read."""
    path = project.path_of(video)
    span_s = (0.0, video.duration_s)
    with _told(remarks, f"the video {video.name!r}"):
        span_s = own_span(path, video.duration_s)
    points = video.time_map.points if len(video.time_map.points) > 1 else ()
    return VideoTrack(str(path), span_s, video.time_map, points)


def own_span(path: Path, end_s: float = 0.0) -> tuple[float, float]:
    """Own times of a video's first frame and of its end, s; from the head of the file, nothing is decoded.

    end_s : the end where it is known; 0: as the file says.
    """
    from m3n_studio.recordings.video.container import opened

    with opened(path, threads=1) as (container, stream):
        base = stream.time_base
        start_s = float(stream.start_time * base) if base is not None and stream.start_time is not None else 0.0
        if end_s <= start_s:
            length = stream.duration
            known = float(length * base) if base is not None and length is not None else 0.0
            end_s = start_s + (known or (container.duration or 0) / 1e6)
    return start_s, end_s


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


def _with_motion(path: Path, subject: Subject | None, start: Document) -> Document:
    """The session's first motion, on a body as tall and heavy as the subject."""
    from m3n_studio.studio.core.contents import open_motion

    document = open_motion(path, start)
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
