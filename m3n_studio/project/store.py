"""`Project`: a folder with a database and signal files. Whatever is changed is on disk before the call returns.

There is no saving. Several programs may have one project open; each write is one short transaction, and an edit of
something that another has changed meanwhile is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from pathlib import Path

from m3n_studio.annotation.model import Change, Tier, new_id
from m3n_studio.errors import FileError
from m3n_studio.project import backup, entries, label_sets
from m3n_studio.project.database import NAME
from m3n_studio.project.opening import make_database, open_database
from m3n_studio.project.reading import E, ProjectReader
from m3n_studio.project.signal_writer import peek, write_signal
from m3n_studio.project.values import (
    Device,
    Edit,
    Entry,
    LabelSet,
    Recording,
    Session,
    Subject,
)
from m3n_studio.recordings.signal import Signal
from m3n_studio.recordings.timemap import TimeMap

SIGNALS, VIDEOS, CLIPS, RUNS = "signals", "videos", "clips", "runs"


class Project(ProjectReader):
    """An open project; a context manager that closes it. Any thread may use it.

    Attributes
    ----------
    folder : Path
    read_only : bool
        Asked for, or because the medium cannot be written.
    remarks : tuple of str
        What a person should know about how it was opened.
    """

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
        self.get(Session, session)
        recording = self.write_recording(
            session, pieces, name=name, placement=placement, device=device, time_map=time_map, source=source,
            note=note, total=total, progress=progress, cancelled=cancelled,
        )  # fmt: skip
        try:
            return self._add(recording)
        except BaseException:
            self.drop_signal(recording)
            raise

    def write_recording(
        self, session: str, pieces: Signal | Iterable[Signal], *, name: str = "", placement: str = "",
        device: str = "", time_map: TimeMap | None = None, source: str = "", note: str = "", total: int = 0,
        progress: Callable[[int, int], None] | None = None, cancelled: Callable[[], bool] | None = None,
    ) -> Recording:  # fmt: skip
        """Write a signal's file and nothing else: the recording is in the project once an edit puts it there.

        Parameters as :meth:`add_recording`; the session need not be there yet.
        """
        if self.read_only:
            with self._db.writing():
                pass
        recording_id = new_id()
        pieces, first_name = peek(pieces)
        planned = Recording(
            session, name or first_name or "recording", placement, device, f"{SIGNALS}/{recording_id}.h5",
            time_map=time_map or TimeMap(), source=source, note=note, id=recording_id,
        )  # fmt: skip
        about = json.dumps({**asdict(planned), "time_map": planned.time_map.to_json()})
        written = write_signal(self.folder / planned.file, pieces, name=planned.name, about=about, total=total,
                               progress=progress, cancelled=cancelled)  # fmt: skip
        return replace(planned, **asdict(written))

    def drop_signal(self, recording: Recording) -> None:
        """Delete the file of a recording that :meth:`write_recording` wrote and that never got into the project."""
        (self.folder / SIGNALS / f"{recording.id}.h5").unlink(missing_ok=True)

    def apply(self, edits: Iterable[Edit], labels: Iterable[tuple[str, Change]] = ()) -> None:
        """Make edits in their order and then changes of labels of sessions (ids), all of them or none.

        Raises
        ------
        ValueProblem, FileError
            As :meth:`edit` and :meth:`annotate`.
        """
        with self._db.writing() as connection:
            for edit in edits:
                entries.apply_edit(connection, edit)
            for session, change in labels:
                entries.one(connection, Session, session)
                label_sets.apply_change(connection, session, change)

    def take_apart(self, edits: Iterable[Edit], labels: Iterable[tuple[str, Change]] = ()) -> None:
        """Undo :meth:`apply`: labels first, then the edits from the last to the first; all of it or nothing."""
        with self._db.writing() as connection:
            for session, change in reversed(list(labels)):
                label_sets.apply_change(connection, session, change.inverse())
            for edit in reversed(list(edits)):
                entries.apply_edit(connection, edit.inverse())

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
