"""The open project and the session on the desk: its labels, who labels, and edits that are on disk at once.

A change of labels goes to SQLite first (:meth:`Project.annotate`), then to the undo stack, then to the
views; undo and redo take the same way, whatever session is on the desk by then. What another window
changes in the same project is noticed by its file and read again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal, Slot

from m3n_studio.errors import M3nError
from m3n_studio.studio.core.desk_steps import EntriesStep, EntryStep, ImportStep, LabelStep, ManyStep
from m3n_studio.studio.core.history import Step as UndoStep
from m3n_studio.studio.core.history import UndoStack

if TYPE_CHECKING:
    from m3n_studio.annotation.labelling import Step
    from m3n_studio.annotation.model import Annotation, Change, LabelClass, Tier
    from m3n_studio.annotation.track import Track
    from m3n_studio.project import Project
    from m3n_studio.project.importing import Added
    from m3n_studio.project.values import Edit, Session

_LOOK_AGAIN_MS = 250


class Desk(QObject):
    """What is being labelled.

    Signals
    -------
    project_changed : (none)
        Another project, or its subjects, sessions, recordings changed.
    session_changed : (none)
        Another session is on the desk, or none.
    labels_changed : Change or None
        Of the session on the desk; None: everything may be another.
    tiers_changed : (none)
        Tiers or classes.
    picked_changed : (none)
    written : str, Change
        Labels of a session of that id changed, whether it is on the desk or not.
    pending_changed : (none)
        What is being labelled, or how long it is by now.
    failed : str
        An edit could not be made; nothing was changed.
    session_wanted : str
        A view asks for the session of that id to be opened.
    project_wanted : str
        A view asks for the project in that folder to be opened.
    import_wanted : tuple of Path
        A view asks for files and folders to be imported; empty: for the user to be asked which.
    recent : tuple of str
        Folders of the projects opened last, newest first.
    """

    project_changed = Signal()
    session_changed = Signal()
    labels_changed = Signal(object)
    tiers_changed = Signal()
    picked_changed = Signal()
    pending_changed = Signal()
    written = Signal(str, object)
    failed = Signal(str)
    session_wanted = Signal(str)
    project_wanted = Signal(str)
    import_wanted = Signal(object)

    def __init__(self, stack: UndoStack, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._stack = stack
        self.project: Project | None = None
        self.session: Session | None = None
        self.tracks: Mapping[str, Track] = {}
        self.author = ""
        self.recent: tuple[str, ...] = ()
        self._tier = ""
        self._picked: frozenset[str] = frozenset()
        self.pending: tuple[tuple[str, float, float], ...] = ()
        self._watcher = QFileSystemWatcher(self)
        self._watcher.fileChanged.connect(self._on_file)
        self._watcher.directoryChanged.connect(self._on_file)
        self._look = QTimer(self, singleShot=True, interval=_LOOK_AGAIN_MS)
        self._look.timeout.connect(self._look_again)

    # ------------------------------------------------------------------ what is on it

    @property
    def read_only(self) -> bool:
        """Whether nothing can be changed."""
        return self.project is None or self.project.read_only

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """Of the project, in order."""
        return tuple(track.tier for track in self.tracks.values())

    @property
    def tier(self) -> Tier | None:
        """The tier that is labelled."""
        track = self.tracks.get(self._tier)
        return None if track is None else track.tier

    @property
    def track(self) -> Track | None:
        """The labels of the tier that is labelled."""
        return self.tracks.get(self._tier)

    @property
    def picked(self) -> tuple[Annotation, ...]:
        """Labels the user has picked, in order of time."""
        found = [a for track in self.tracks.values() for a in track if a.id in self._picked] if self._picked else []
        return tuple(sorted(found, key=lambda a: (a.start_s, a.end_s)))

    @property
    def picked_ids(self) -> frozenset[str]:
        """Their ids."""
        return self._picked

    def class_of(self, a: Annotation) -> LabelClass | None:
        """The class of a label."""
        track = self.tracks.get(a.tier)
        return None if track is None else track.tier.by_id(a.label)

    def span_s(self) -> tuple[float, float]:
        """First and last moment the session on the desk has a recording or video of, s."""
        spans = self._spans()
        return (min(s[0] for s in spans), max(s[1] for s in spans)) if spans else (0.0, 0.0)

    def _spans(self) -> list[tuple[float, float]]:
        if self.project is None or self.session is None:
            return []
        spans = [r.span_s for r in self.project.recordings(self.session.id)]
        for video in self.project.videos(self.session.id):
            spans.append((video.time_map.to_session(0.0), video.time_map.to_session(video.duration_s)))
        return spans

    def recorded_s(self) -> tuple[tuple[float, float], ...]:
        """Stretches of the session that something recorded, in order and apart from each other, s."""
        out: list[tuple[float, float]] = []
        for start, end in sorted(self._spans()):
            if out and start <= out[-1][1]:
                out[-1] = (out[-1][0], max(out[-1][1], end))
            else:
                out.append((start, end))
        return tuple(out)

    # ------------------------------------------------------------------ opening

    def open(self, project: Project | None) -> None:
        """Work on a project; what the undo stack held of the one before is gone, its edits are not."""
        if self.project is not None:
            self._stack.clear()
            self.project.close()
        self._watch(None)
        self.project, self.session, self.tracks = project, None, {}
        self._picked = frozenset()
        self._watch(project)
        self.project_changed.emit()
        self._read_tracks()
        self.session_changed.emit()

    def put(self, session_id: str) -> None:
        """Put a session of the project on the desk; empty: none."""
        now = "" if self.session is None else self.session.id
        if session_id == now or self.project is None:
            return
        found = {s.id: s for s in self.project.sessions()}
        self.session = found.get(session_id)
        self._picked = frozenset()
        self._read_tracks()
        self.session_changed.emit()
        self.picked_changed.emit()

    def _read_tracks(self) -> None:
        from m3n_studio.annotation.track import tracks_of

        if self.project is None:
            self.tracks = {}
        else:
            tiers = [t for label_set in self.project.label_sets() for t in label_set.tiers]
            labels = () if self.session is None else self.project.annotations(self.session.id)
            self.tracks = tracks_of(tiers, labels)
        if self._tier not in self.tracks:
            self._tier = next(iter(self.tracks), "")
        self.tiers_changed.emit()
        self.labels_changed.emit(None)

    def set_tier(self, tier_id: str) -> None:
        """Label on another tier."""
        if tier_id in self.tracks and tier_id != self._tier:
            self._tier = tier_id
            self.tiers_changed.emit()

    def pick(self, ids: Collection[str]) -> None:
        """Pick these labels, and no others."""
        if frozenset(ids) != self._picked:
            self._picked = frozenset(ids)
            self.picked_changed.emit()

    def set_pending(self, pending: tuple[tuple[str, float, float], ...]) -> None:
        """Tell what is being labelled on the tier: class id, start and end, s."""
        if pending != self.pending:
            self.pending = pending
            self.pending_changed.emit()

    # ------------------------------------------------------------------ changing

    def annotate(self, change: Change, *, about: str = "") -> bool:
        """Change labels of the session on the desk: on disk when this returns True, and on the undo stack.

        about : changes about the same thing (a label that grows while it is held) undo as one.
        """
        if not change or self.session is None:
            return False
        if not self.write(self.session.id, change):
            return False
        self._stack.add(LabelStep(self, self.session.id, change, about))
        return True

    def annotate_all(self, label: str, changes: Mapping[str, Change]) -> bool:
        """Change labels of several sessions, by id, as one step of the undo stack: all of them or none."""
        real = tuple((session, change) for session, change in changes.items() if change)
        if not real or not self.write_all(real):
            return False
        self._stack.add(ManyStep(self, label, real))
        return True

    def remember(self, step: UndoStep) -> None:
        """Put something a view did beside labels (a proposal turned down, say) on the undo stack."""
        self._stack.add(step)

    def take(self, steps: Sequence[Step]) -> bool:
        """Make the steps of labelling while it plays; False if one could not be made."""
        return all(self._take(step) for step in steps if step.change)

    def _take(self, step: Step) -> bool:
        if self.session is None or not self.write(self.session.id, step.change):
            return False
        last = self._stack.last
        grows = bool(step.about) and isinstance(last, LabelStep) and last.about == step.about
        if grows and not step.undo:
            self._stack.drop()
        elif step.undo:
            made = LabelStep(self, self.session.id, step.undo, step.about)
            (self._stack.grow if grows else self._stack.add)(made)
        return True

    def edit(self, edit: Edit) -> bool:
        """Change a subject, session, recording, label set ...: on disk when this returns True."""
        if not self.write_entry(edit):
            return False
        self._stack.add(EntryStep(self, edit))
        return True

    def write(self, session_id: str, change: Change) -> bool:
        """Write a change of labels, and show it where its session is on the desk."""
        if self.project is None:
            return False
        try:
            if change:
                self.project.annotate(session_id, change)
        except M3nError as error:
            self.failed.emit(str(error))
            self._look_again()
            return False
        if self.session is not None and self.session.id == session_id and change:
            touched = {a.tier for a in (*change.remove, *change.add)}
            self.tracks = {i: t.after(change) if i in touched else t for i, t in self.tracks.items()}
            self.labels_changed.emit(change)
            gone = {a.id for a in change.remove} - {a.id for a in change.add}
            self.pick(self._picked - gone)
        if change:
            self.written.emit(session_id, change)
        return True

    def write_all(self, changes: Sequence[tuple[str, Change]]) -> bool:
        """Write changes of several sessions; where one cannot be made, those before it are taken back."""
        for i, (session, change) in enumerate(changes):
            if not self.write(session, change):
                for done, made in reversed(changes[:i]):
                    self.write(done, made.inverse())
                return False
        return True

    def edit_all(self, label: str, edits: Sequence[Edit]) -> bool:
        """Change several entries as one step; all of them or none."""
        if not edits or not self.write_entries(edits):
            return False
        self._stack.add(EntriesStep(self, label, tuple(edits)))
        return True

    def took_in(self, added: Sequence[Added]) -> None:
        """Show what was imported by a job, and let it be undone as one step."""
        if added:
            many = "" if len(added) == 1 else f" {len(added)} recordings"
            self._stack.add(ImportStep(self, f"Import{many or ' ' + added[0].session.name}", tuple(added)))
        self.refresh()

    def write_entry(self, edit: Edit) -> bool:
        """Write a change of an entry of the project."""
        return self.write_entries((edit,))

    def write_entries(self, edits: Sequence[Edit]) -> bool:
        """Write changes of entries, all or none, and show them."""
        return self.do(lambda project: project.apply(edits))

    def do(self, work: Callable[[Project], object]) -> bool:
        """Let something change the project's entries, and show it; False, with the reason told, if it could not."""
        if self.project is None:
            return False
        try:
            work(self.project)
        except M3nError as error:
            self.failed.emit(str(error))
            self._look_again()
            return False
        self.refresh()
        return True

    def refresh(self) -> None:
        """Read the entries of the project again."""
        self._reread()

    def _reread(self) -> None:
        """Entries changed: the session may be gone or renamed, tiers may be others."""
        if self.project is None:
            return
        if self.session is not None:
            found = {s.id: s for s in self.project.sessions()}
            self.session = found.get(self.session.id)
            if self.session is None:
                self._picked = frozenset()
                self.session_changed.emit()
        self._read_tracks()
        self.project_changed.emit()

    # ------------------------------------------------------------------ other windows

    def _watch(self, project: Project | None) -> None:
        """Be told when the project's files change: the database's log is a file of its folder."""
        for paths in (self._watcher.files(), self._watcher.directories()):
            if paths:
                self._watcher.removePaths(paths)
        if project is not None:
            self._watcher.addPath(str(project.folder))
            self._watcher.addPaths([str(p) for p in sorted(project.folder.glob("project.sqlite*"))])

    @Slot(str)
    def _on_file(self, _path: str) -> None:
        if self.project is not None:
            self._look.start()

    @Slot()
    def _look_again(self) -> None:
        """Read again what another window wrote; its log may be a new file by now."""
        if self.project is not None:
            new = {str(p) for p in self.project.folder.glob("project.sqlite*")} - set(self._watcher.files())
            if new:
                self._watcher.addPaths(sorted(new))
        if self.project is not None and self.project.changed_elsewhere():
            self._reread()

    def release(self) -> None:
        """Close the project: the window closes."""
        self._watch(None)
        self._look.stop()
        if self.project is not None:
            self.project.close()
            self.project = None
