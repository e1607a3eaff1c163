"""`Project`: a folder with a database and signal files. Whatever is changed is on disk before the call returns.

There is no saving. Several programs may have one project open; each write is one short transaction, and an edit of
something that another has changed meanwhile is refused.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TypeVar

from m3n_studio.annotation.model import Annotation, Change, Tier, new_id
from m3n_studio.errors import FileError, ValueProblem
from m3n_studio.project import backup, entries, label_sets
from m3n_studio.project.database import NAME, Database
from m3n_studio.project.opening import make_database, open_database
from m3n_studio.project.signal_store import StoredSignal
from m3n_studio.project.signal_writer import peek, write_signal
from m3n_studio.project.values import (
    ClipEntry,
    Device,
    Edit,
    Entry,
    LabelSet,
    Recording,
    Run,
    Session,
    Subject,
    TextEntry,
    Video,
)
from m3n_studio.recordings.signal import Signal
from m3n_studio.recordings.timemap import TimeMap

SIGNALS, VIDEOS, CLIPS = "signals", "videos", "clips"
_OPEN_SIGNALS = 32
E = TypeVar("E", Subject, Session, Device, Recording, Video, ClipEntry, TextEntry, Run, LabelSet)


class Project:
    """An open project; a context manager that closes it. Any thread may use it.

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

    @classmethod
    def create(cls, folder: str | Path, name: str = "") -> Project:
        """A new project in a folder that is not there yet, or is empty.

        Raises
        ------
        FileError
            If the folder holds something, or cannot be made.
        """
        folder = Path(folder)
        try:
            if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
                raise FileError(folder, found="something is there already", expected="a new or empty folder")
            for part in (folder, folder / SIGNALS, folder / VIDEOS, folder / CLIPS, folder / backup.FOLDER):
                part.mkdir(exist_ok=True, parents=part == folder)
        except OSError as error:
            raise FileError(folder, found=f"it cannot be made ({error.strerror or error})",
                            expected="a folder that may be written") from error  # fmt: skip
        make_database(folder / NAME, name or folder.resolve().name)
        return cls.open(folder)

    @classmethod
    def open(cls, folder: str | Path, read_only: bool = False) -> Project:
        """Open a project; no samples are read. An older one is migrated after a backup of it.

        Raises
        ------
        FileError
            If there is none, it is damaged, or a newer program made it.
        """
        folder = Path(folder)
        path = folder / NAME
        if not path.is_file():
            raise FileError(folder, found="no project.sqlite in it", expected="a project's folder")
        return cls(folder, *open_database(path, read_only))

    def __enter__(self) -> Project:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

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

    def add_subject(self, name: str, **facts: object) -> Subject:
        """A new subject; `facts` are fields of :class:`Subject`."""
        return self._add(Subject(name, **facts))  # type: ignore[arg-type]

    def add_session(self, name: str, subject: str = "", **facts: object) -> Session:
        """A new session of a subject (an id, or empty); `facts` are fields of :class:`Session`."""
        return self._add(Session(name, subject, **facts))  # type: ignore[arg-type]

    def add_label_set(self, name: str, tiers: Iterable[Tier] = ()) -> LabelSet:
        """A new label set with its tiers."""
        return self._add(LabelSet(name, tuple(tiers)))

    def device(self, name: str, **facts: object) -> Device:
        """The device of that name, made if need be; `facts` are fields of a new :class:`Device`."""
        found = next((d for d in self.devices() if d.name == name), None)
        return found or self._add(Device(name, **facts))  # type: ignore[arg-type]

    def add_recording(
        self, session: str, pieces: Signal | Iterable[Signal], *, name: str = "", placement: str = "",
        device: str = "", time_map: TimeMap | None = None, source: str = "", note: str = "", total: int = 0,
        progress: Callable[[int, int], None] | None = None, cancelled: Callable[[], bool] | None = None,
    ) -> Recording:  # fmt: skip
        """Store a signal in a session; it is there whole once this returns, or not at all.

        Parameters
        ----------
        session : str
            Id of the session.
        pieces : Signal or iterable of Signal
            One signal, or pieces of one that follow each other in time; memory stays flat.
        name : str
            By default the signal's.
        placement, source, note : str
            As in :class:`Recording`.
        device : str
            Id of a :class:`Device`, or empty.
        time_map : TimeMap, optional
            Own to session seconds; by default the same.
        total : int
            Number of samples if known, for `progress`.
        progress : callable, optional
            Called with (samples written, total).
        cancelled : callable, optional
            Asked between pieces; true ends it with :class:`~m3n_studio.errors.Cancelled`, and nothing stays.
        """
        if self.read_only:
            with self._db.writing():
                pass
        self.get(Session, session)
        recording_id = new_id()
        pieces, first_name = peek(pieces)
        planned = Recording(
            session, name or first_name or "recording", placement, device, f"{SIGNALS}/{recording_id}.h5",
            time_map=time_map or TimeMap(), source=source, note=note, id=recording_id,
        )  # fmt: skip
        path = self.folder / planned.file
        about = json.dumps({**asdict(planned), "time_map": planned.time_map.to_json()})
        written = write_signal(path, pieces, name=planned.name, about=about, total=total, progress=progress,
                               cancelled=cancelled)  # fmt: skip
        try:
            return self._add(replace(planned, **asdict(written)))
        except BaseException:
            path.unlink(missing_ok=True)
            raise

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

    def edit(self, edit: Edit) -> None:
        """Make an edit of an entry; ``edit(edit.inverse())`` undoes it.

        Raises
        ------
        ValueProblem
            If the entry has changed in the meantime, a name is taken, or labels still use what is taken away.
        """
        with self._db.writing() as connection:
            entries.apply_edit(connection, edit)

    def add(self, entry: Entry) -> Edit:
        """Put in a new entry; the edit it was."""
        return self._edited(Edit(f"Add {entries.WORDS[type(entry)]}", None, entry))

    def change(self, before: Entry, after: Entry) -> Edit:
        """Put `after` in the place of `before`; the edit it was."""
        return self._edited(Edit(f"Change {entries.WORDS[type(after)]}", before, after))

    def remove(self, entry: Entry) -> Edit:
        """Take an entry away, and out of sight what belongs to it; the edit it was (its inverse brings all back)."""
        return self._edited(Edit(f"Remove {entries.WORDS[type(entry)]}", entry, None))

    def annotations(
        self, session: str, tier: str | None = None, span: tuple[float, float] | None = None
    ) -> tuple[Annotation, ...]:
        """A session's annotations by start, then end, then id; of one tier, or touching a span (s), if asked."""
        with self._db.reading() as connection:
            return label_sets.annotations_of(connection, session, tier, span)

    def annotate(self, session: str, change: Change) -> None:
        """Apply a change to a session's annotations, as one; on disk when this returns.

        Raises
        ------
        ValueProblem
            If an annotation to be removed is not as the change states it, or one to be added is there already.
        FileError
            If the project cannot be written. Nothing was changed then.
        """
        with self._db.writing() as connection:
            entries.one(connection, Session, session)
            label_sets.apply_change(connection, session, change)

    def backup(self, reason: str = "asked") -> Path:
        """Copy the database into the project's ``backups``; the copy."""
        return backup.make_backup(self._db, self.folder, reason).path

    def _add(self, entry: E) -> E:
        self.add(entry)
        return entry

    def _edited(self, edit: Edit) -> Edit:
        self.edit(edit)
        return edit

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
