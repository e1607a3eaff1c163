"""What can be done with the rows chosen in the Project view; every change is one step of undo."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QDialog, QFileDialog, QMenu, QWidget

from m3n_studio.project.values import ClipEntry, Edit, Entry, Recording, Session, Subject, Video
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.jobs import Task
from m3n_studio.studio.look.widgets import named
from m3n_studio.studio.projects import media_work, project_edits
from m3n_studio.studio.projects.entry_dialogs import SubjectDialog, TimedDialog
from m3n_studio.studio.projects.project_model import place_words

E = TypeVar("E")


class ProjectCommands(QObject):
    """Commands and the menus that offer them.

    Signals
    -------
    rename_wanted : (none)
        The current row should be edited in place.
    made : str
        An entry of that id was made and may want another name.
    """

    rename_wanted = Signal()
    made = Signal(str)

    def __init__(
        self, context: ViewContext, desk: Desk, chosen: Callable[[], tuple[Entry, ...]], view: QWidget
    ) -> None:
        super().__init__(view)
        self._context, self._desk, self._chosen, self._view = context, desk, chosen, view

    def _of(self, kind: type[E]) -> list[E]:
        return [entry for entry in self._chosen() if isinstance(entry, kind)]

    # ------------------------------------------------------------------ menus

    def import_menu(self) -> QMenu:
        """Import files, a folder; make a subject or session by hand."""
        menu = self._new_menu("Import")
        menu.addAction("Import &files…").triggered.connect(self._context.actions["import_files"].trigger)
        menu.addAction("Import a f&older…").triggered.connect(self._context.actions["import_folder"].trigger)
        menu.addSeparator()
        menu.addAction("New &subject").triggered.connect(self.new_subject)
        menu.addAction("New s&ession").triggered.connect(self.new_session)
        return menu

    def _new_menu(self, accessible: str) -> QMenu:
        menu = named(QMenu(self._view), accessible=accessible)
        menu.setToolTipsVisible(True)
        menu.aboutToHide.connect(menu.deleteLater)
        return menu

    def menu(self) -> QMenu:
        """What can be done with the rows chosen."""
        menu, chosen = self._new_menu("Project"), self._chosen()
        sessions, recordings = self._of(Session), self._of(Recording)
        timed = [e for e in chosen if isinstance(e, Recording | Video | ClipEntry)]
        one = chosen[0] if len(chosen) == 1 else None
        if len(sessions) == 1:
            menu.addAction("&Open").triggered.connect(lambda: self._desk.session_wanted.emit(sessions[0].id))
            menu.addSeparator()
        changing: list[QMenu | object] = []

        def offer(text: str, slot: Callable[[], object], when: bool) -> None:
            if when:
                action = menu.addAction(text)
                action.triggered.connect(lambda *_: slot())
                changing.append(action)

        offer("&Facts…", self.edit_facts, isinstance(one, Subject))
        offer("&Details…", self.edit_timed, one is not None and bool(timed))
        offer("Re&name", self.rename_wanted.emit, one is not None)
        if recordings:
            self._place_menu(menu, recordings)
        if sessions:
            self._subject_menu(menu, sessions)
        offer("Add &video…", self.ask_video, len(sessions) == 1)
        offer("Add &motion…", self.ask_motion, len(sessions) == 1)
        if chosen:
            menu.addSeparator()
        offer("&Delete", self.delete, bool(chosen))
        if chosen:
            menu.addSeparator()
        offer("New s&ubject", self.new_subject, True)
        offer("New sess&ion", self.new_session, True)
        if self._desk.read_only:
            for action in menu.actions():
                action.setEnabled(action.text() == "&Open")
        return menu

    def _place_menu(self, menu: QMenu, recordings: list[Recording]) -> None:
        from m3n_studio.imu.placement import PLACEMENTS

        places = menu.addMenu("&Placement")
        now = {r.placement for r in recordings}
        for name in ("", *PLACEMENTS):
            action = places.addAction(place_words(name) or "Not known")
            action.setCheckable(True)
            action.setChecked(now == {name})
            action.triggered.connect(partial(self._place, recordings, name))

    def _subject_menu(self, menu: QMenu, sessions: list[Session]) -> None:
        whose = menu.addMenu("Move to &subject")
        project = self._desk.project
        now = {s.subject for s in sessions}
        for subject in () if project is None else project.subjects():
            action = whose.addAction(subject.name.replace("&", "&&"))
            action.setEnabled(now != {subject.id})
            action.triggered.connect(partial(self._move, sessions, subject.id))
        whose.addSeparator()
        whose.addAction("A &new subject").triggered.connect(partial(self._move_to_new, sessions))
        nobody = whose.addAction("&Nobody")
        nobody.setEnabled(now != {""})
        nobody.triggered.connect(partial(self._move, sessions, ""))

    # ------------------------------------------------------------------ changes

    def _place(self, recordings: list[Recording], placement: str, *_: object) -> None:
        self._desk.edit_all("Change placement", project_edits.placed(recordings, placement))

    def _move(self, sessions: list[Session], subject: str, *_: object) -> None:
        self._desk.edit_all("Move to another subject", project_edits.moved(sessions, subject))

    def _move_to_new(self, sessions: list[Session], *_: object) -> None:
        subject = Subject(self._free_name("P", [s.name for s in self._subjects()]))
        edits = [Edit("Add subject", None, subject), *project_edits.moved(sessions, subject.id)]
        if self._desk.edit_all("Move to a new subject", edits):
            self.made.emit(subject.id)

    def _subjects(self) -> tuple[Subject, ...]:
        return () if self._desk.project is None else self._desk.project.subjects()

    @staticmethod
    def _free_name(start: str, taken: list[str]) -> str:
        return next(name for i in range(1, len(taken) + 2) if (name := f"{start}{i:02}") not in taken)

    def new_subject(self, *_: object) -> None:
        """A subject with a free name, to be renamed at once."""
        subject = Subject(self._free_name("P", [s.name for s in self._subjects()]))
        if self._desk.edit(Edit("Add subject", None, subject)):
            self.made.emit(subject.id)

    def new_session(self, *_: object) -> None:
        """A session of the subject chosen (or of the session's chosen), to be renamed at once."""
        project = self._desk.project
        if project is None:
            return
        chosen = next((e for e in self._chosen() if isinstance(e, Subject | Session)), None)
        owner = chosen.id if isinstance(chosen, Subject) else chosen.subject if chosen is not None else ""
        session = Session(self._free_name("session ", [s.name for s in project.sessions(owner)]), owner)
        if self._desk.edit(Edit("Add session", None, session)):
            self.made.emit(session.id)

    def delete(self) -> None:
        """Take the chosen entries away; their files stay, undo brings all of it back."""
        edits = project_edits.removed(self._chosen())
        if edits:
            words = project_edits.summary([edit.entry for edit in edits])
            self._desk.edit_all(f"Delete {words}", edits)

    def edit_facts(self) -> None:
        """A dialog for the subject chosen."""
        subjects = self._of(Subject)
        if len(subjects) == 1:
            self._show(SubjectDialog(subjects[0], self._view), "Change facts of")

    def edit_timed(self) -> None:
        """A dialog for the recording, video or motion chosen."""
        timed = [e for e in self._chosen() if isinstance(e, Recording | Video | ClipEntry)]
        if len(timed) == 1:
            self._show(TimedDialog(timed[0], self._view), "Change")

    def _show(self, dialog: SubjectDialog | TimedDialog, words: str) -> None:
        before = dialog.subject if isinstance(dialog, SubjectDialog) else dialog.entry

        def take() -> None:
            after = dialog.value
            if after != before:
                self._desk.edit(Edit(f"{words} {before.name}", before, after))

        dialog.accepted.connect(take)
        dialog.open()
        self.dialog: QDialog = dialog

    # ------------------------------------------------------------------ videos and motions

    def ask_video(self) -> None:
        """Let the user choose videos of the session chosen."""
        self._ask("Add videos", media_work.VIDEO_FILTER, "video")

    def ask_motion(self) -> None:
        """Let the user choose motions of the session chosen."""
        self._ask("Add motions", media_work.motion_filter(), "motion")

    def _ask(self, title: str, files: str, kind: str) -> None:
        sessions = self._of(Session)
        names, _ = QFileDialog.getOpenFileNames(self._view, title, "", files)
        if names and len(sessions) == 1:
            self.add_media(sessions[0], [Path(name) for name in names], kind, media_work.ask_copy(self._view, names))

    def add_media(self, session: Session, paths: list[Path], kind: str, copy: bool | None) -> None:
        """Put videos or motions into a session; `copy`: into the project's folder; None: not at all."""
        project = self._desk.project
        if project is None or copy is None:
            return

        def work(task: Task) -> list[Edit]:
            return media_work.take_in(project, session, paths, kind, copy, task)

        words = paths[0].name if len(paths) == 1 else f"{len(paths)} files"
        self._context.jobs.run(f"Adding {words}", work, done=self._on_media, failed=self._on_failed, key="media")

    @Slot(object)
    def _on_media(self, edits: list[Edit]) -> None:
        self._desk.edit_all(edits[0].label if len(edits) == 1 else f"Add {len(edits)} files", edits)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._desk.failed.emit(str(error))
