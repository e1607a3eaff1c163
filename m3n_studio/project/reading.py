"""`ProjectReader`: all one can ask of an open project. :class:`~m3n_studio.project.store.Project` adds the changes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import TypeVar

from m3n_studio.annotation.model import Annotation, Tier
from m3n_studio.errors import FileError, ValueProblem
from m3n_studio.project import entries, label_sets
from m3n_studio.project.database import Database
from m3n_studio.project.signal_store import StoredSignal
from m3n_studio.project.values import (
    ClipEntry,
    Device,
    LabelSet,
    Recording,
    Run,
    Session,
    Subject,
    TextEntry,
    Video,
)

_OPEN_SIGNALS = 32
E = TypeVar("E", Subject, Session, Device, Recording, Video, ClipEntry, TextEntry, Run, LabelSet)


class ProjectReader:
    """What an open project says. Any thread may ask.

    Attributes
    ----------
    folder : Path
    read_only : bool
        Asked for, or because the medium cannot be written.
    remarks : tuple of str
        What a person should know about how it was opened.
    """

    def __init__(self, folder: Path, database: Database, remarks: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.remarks = remarks
        self._db = database
        self._lock = threading.Lock()
        self._signals: OrderedDict[str, StoredSignal] = OrderedDict()

    def close(self) -> None:
        """Let go of all files; more than once is fine."""
        with self._lock:
            for signal in self._signals.values():
                signal.close()
            self._signals.clear()
        self._db.close()

    @property
    def read_only(self) -> bool:
        """Whether nothing can be changed."""
        return self._db.read_only

    @property
    def name(self) -> str:
        """What the project is called."""
        return self._meta("name")

    @property
    def created_at(self) -> str:
        """When it was made, ISO 8601 UTC."""
        return self._meta("created_at")

    @property
    def database(self) -> Database:
        """The connection, for backups and checks."""
        return self._db

    def changed_elsewhere(self) -> bool:
        """Whether another window or program has changed the project since this was asked last; cheap."""
        return self._db.changed_elsewhere()

    def subjects(self) -> tuple[Subject, ...]:
        """All subjects by name."""
        return self._listed(Subject)

    def sessions(self, subject: str | None = None) -> tuple[Session, ...]:
        """All sessions, or those of one subject, by name."""
        return self._listed(Session, "subject IS ?", subject or None) if subject is not None else self._listed(Session)

    def devices(self) -> tuple[Device, ...]:
        """All devices by name."""
        return self._listed(Device)

    def recordings(self, session: str | None = None) -> tuple[Recording, ...]:
        """All recordings, or those of one session, by name."""
        return self._of_session(Recording, session)

    def videos(self, session: str | None = None) -> tuple[Video, ...]:
        """All videos, or those of one session, by name."""
        return self._of_session(Video, session)

    def clips(self, session: str | None = None) -> tuple[ClipEntry, ...]:
        """All clips, or those of one session, by name."""
        return self._of_session(ClipEntry, session)

    def media(self) -> tuple[Video | ClipEntry, ...]:
        """All videos and clips: what has a `path`."""
        return (*self.videos(), *self.clips())

    def texts(self, session: str | None = None) -> tuple[TextEntry, ...]:
        """All texts, or those of one session, by start."""
        return self._of_session(TextEntry, session)

    def runs(self) -> tuple[Run, ...]:
        """All training runs by name."""
        return self._listed(Run)

    def label_sets(self) -> tuple[LabelSet, ...]:
        """All label sets by name."""
        with self._db.reading() as connection:
            return label_sets.label_sets(connection)

    def tiers(self) -> tuple[Tier, ...]:
        """The tiers of all label sets, in order."""
        return tuple(tier for label_set in self.label_sets() for tier in label_set.tiers)

    def all_of(self, kind: type[E]) -> tuple[E, ...]:
        """All entries of a kind, e.g. ``all_of(Session)``."""
        return self._listed(kind)

    def get(self, kind: type[E], entry_id: str) -> E:
        """The entry of that kind and id, e.g. ``get(Session, recording.session)``.

        Raises
        ------
        ValueProblem
            If there is none, or it was removed.
        """
        with self._db.reading() as connection:
            if kind is LabelSet:
                found = label_sets.label_sets(connection, entry_id)
                if not found:
                    raise ValueProblem(f"the project has no label set {entry_id!r}; it may have been removed")
                return found[0]
            return entries.one(connection, kind, entry_id)  # type: ignore[type-var]

    def signal(self, recording: Recording | str) -> StoredSignal:
        """A recording's samples, read as they are asked for."""
        entry = self.get(Recording, recording) if isinstance(recording, str) else recording
        with self._lock:
            found = self._signals.pop(entry.id, None) or StoredSignal(self._inside(entry.file))
            self._signals[entry.id] = found
            while len(self._signals) > _OPEN_SIGNALS:
                self._signals.popitem(last=False)[1].close()
        return found

    def path_of(self, entry: Video | ClipEntry) -> Path:
        """Where a video or clip lies on this machine."""
        return self.folder / entry.path

    def relative(self, path: str | Path) -> str:
        """A path as entries keep it: relative to the folder where it lies in it, else absolute."""
        whole = Path(path).absolute()
        folder = self.folder.absolute()
        return whole.relative_to(folder).as_posix() if whole.is_relative_to(folder) else str(whole)

    def annotations(
        self, session: str, tier: str | None = None, span: tuple[float, float] | None = None
    ) -> tuple[Annotation, ...]:
        """A session's annotations by start, then end, then id; of one tier, or touching a span (s), if asked."""
        with self._db.reading() as connection:
            rows = label_sets.annotation_rows(connection, session, tier, span)
        return tuple(label_sets.annotation(row) for row in rows)

    def _listed(self, kind: type[E], where: str = "1", *given: object) -> tuple[E, ...]:
        with self._db.reading() as connection:
            return entries.listed(connection, kind, where, given)  # type: ignore[type-var]

    def _of_session(self, kind: type[E], session: str | None) -> tuple[E, ...]:
        return self._listed(kind) if session is None else self._listed(kind, "session = ?", session)

    def _meta(self, key: str) -> str:
        with self._db.reading() as connection:
            row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else ""

    def _inside(self, file: str) -> Path:
        """A file of the project, and never one outside of it."""
        path = self.folder / file
        if Path(file).is_absolute() or ".." in Path(file).parts:
            raise FileError(self._db.path, field="file", found=file, expected="a path inside the project")
        return path
