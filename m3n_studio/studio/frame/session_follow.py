"""Keeps the session on screen and its project alike: what is changed on either side shows on the other.

Videos laid elsewhere in time, added or taken away in the window are written to the project as they are changed; undo
of the document writes them back. What is changed in the project (a placement, an offset, a height), also by another
window, is read again without a step of its own.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from m3n_studio.errors import M3nError
from m3n_studio.project import Project, Session, Subject, Video
from m3n_studio.project.values import Edit
from m3n_studio.recordings.video.track import VideoTrack
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.document import Document
from m3n_studio.studio.core.history import History
from m3n_studio.studio.core.jobs import Jobs, Task
from m3n_studio.studio.core.session_document import session_document

Shown = tuple[object, ...]


class SessionFollow(QObject):
    """Watches history and desk.

    Signals
    -------
    failed : exception
    """

    failed = Signal(object)

    def __init__(self, desk: Desk, history: History, jobs: Jobs, parent: QObject) -> None:
        super().__init__(parent)
        self._desk, self._history, self._jobs = desk, history, jobs
        self._last = Document()
        self._shown: dict[str, Shown] = {}
        self._gone: dict[str, Video] = {}
        self._writing = False
        history.changed.connect(self._on_document)
        desk.project_changed.connect(self._on_project)

    def opened(self, session_id: str) -> None:
        """A session was read from the project just now."""
        if self._desk.project is not None:
            self._shown[session_id] = _shown(self._desk.project, session_id)

    # ------------------------------------------------------------------ from the window to the project

    @Slot(object)
    def _on_document(self, document: Document) -> None:
        before, self._last = self._last, document
        project = self._desk.project
        if project is None or not document.session_id or document.project_path != str(project.folder):
            return
        if before.session_id == document.session_id and before.project_path == document.project_path:
            if before.videos != document.videos and not self._writing:
                self._write(project, before.videos, document)
        else:
            self._look()

    def _write(self, project: Project, before: tuple[VideoTrack, ...], document: Document) -> None:
        rows = {str(project.path_of(row)): row for row in project.videos(document.session_id)}
        old, new = ({track.path: track for track in tracks} for tracks in (before, document.videos))
        edits = []
        for path in {**old, **new}:
            row, track = rows.get(path), new.get(path)
            if track is None:
                if row is not None:
                    self._gone[path] = row
                    edits.append(Edit(f"Remove video {row.name}", row, None))
            elif row is None:
                edits.append(Edit(f"Add video {track.name}", None, self._row_of(project, document.session_id, track)))
            elif old.get(path) != track and row.time_map != track.time_map:
                edits.append(Edit(f"Move video {row.name}", row, replace(row, time_map=track.time_map)))
        if edits:
            self._writing = True
            try:
                self._desk.write_entries(edits)
            finally:
                self._writing = False

    def _row_of(self, project: Project, session_id: str, track: VideoTrack) -> Video:
        """The row of a video new to the session, or the one it had before it was taken away."""
        known = self._gone.get(track.path)
        if known is not None and known.session == session_id:
            return replace(known, time_map=track.time_map)
        where = project.relative(track.path)
        return Video(session_id, Path(track.path).stem, where, max(track.span_s[1], 0.0), track.time_map)

    # ------------------------------------------------------------------ from the project to the window

    @Slot()
    def _on_project(self) -> None:
        if self._desk.project is None:
            self._shown.clear()
            self._gone.clear()
        elif not self._writing:
            self._look()

    def _look(self) -> None:
        """Read again what is shown of the session, where the project says otherwise."""
        project, document = self._desk.project, self._history.document
        if project is None or not document.session_id or document.project_path != str(project.folder):
            return
        session_id = document.session_id
        try:
            now = _shown(project, session_id)
        except M3nError:
            if self._desk.session is None:  # it was deleted, or an import was undone
                self._replace(Document())
            return
        if self._shown.get(session_id, now) != now:
            self._shown[session_id] = now
            remarks: list[str] = []

            def work(task: Task) -> tuple[Document, list[str]]:
                return session_document(project, session_id, document, task.progress, remarks), remarks

            self._jobs.run("Reading the session again", work, done=self._on_read, failed=self._on_failed,
                           key="session-again", quiet=True)  # fmt: skip
            return
        self._shown[session_id] = now
        self._follow_videos(project, document)

    def _follow_videos(self, project: Project, document: Document) -> None:
        """Videos are where the project says, without reading anything."""
        rows = {str(project.path_of(row)): row for row in project.videos(document.session_id)}
        if set(rows) != {track.path for track in document.videos}:
            return
        videos = tuple(
            track if track.time_map == rows[track.path].time_map else _laid(track, rows[track.path])
            for track in document.videos
        )
        if videos != document.videos:
            self._replace(document.with_(videos=videos))

    @Slot(object)
    def _on_read(self, read: tuple[Document, list[str]]) -> None:
        new, remarks = read
        now = self._history.document
        if (new.session_id, new.project_path) != (now.session_id, now.project_path):
            return
        turns = {track.path: track.quarter_turns for track in now.videos}
        videos = tuple(replace(track, quarter_turns=turns.get(track.path, 0)) for track in new.videos)
        same_motion = new.motion_path == now.motion_path
        self._replace(now.with_(
            title=new.title, recordings=new.recordings, long=new.long, videos=videos,
            clip=now.clip if same_motion else new.clip, model=now.model if same_motion else new.model,
            motion_path=new.motion_path, shape=new.shape if new.shape is not None or not same_motion else now.shape,
        ))  # fmt: skip
        for remark in remarks:
            self._desk.failed.emit(remark)

    def _replace(self, document: Document) -> None:
        self._writing = True
        try:
            self._history.replace(document)
        finally:
            self._writing = False

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.failed.emit(error)


def _laid(track: VideoTrack, row: Video) -> VideoTrack:
    points = row.time_map.points if len(row.time_map.points) > 1 else ()
    return replace(track, time_map=row.time_map, points=points)


def _shown(project: Project, session_id: str) -> Shown:
    """All that the document of a session is made from, but where its videos lie in time."""
    session = project.get(Session, session_id)
    subject = project.get(Subject, session.subject) if session.subject else None
    recordings = tuple((r.id, r.name, r.placement, r.time_map) for r in project.recordings(session_id))
    videos = tuple(v.path for v in project.videos(session_id))
    body = None if subject is None else (subject.name, subject.height_m, subject.mass_kg)
    return session.name, body, recordings, videos, tuple((c.path, c.time_map) for c in project.clips(session_id))
