"""Projects in the window: making, opening, closing, and putting their sessions on the desk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QStandardPaths, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QMenu, QMessageBox, QWidget

from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.document import Document, Edit
from m3n_studio.studio.core.history import History
from m3n_studio.studio.core.jobs import Jobs, Task
from m3n_studio.studio.frame.preferences import Store, login_name
from m3n_studio.studio.frame.session_follow import SessionFollow
from m3n_studio.studio.look.theme import Theme, load_theme
from m3n_studio.studio.projects.import_run import KEY as IMPORT
from m3n_studio.studio.projects.import_run import ImportRun

if TYPE_CHECKING:
    from m3n_studio.project import Project

KEEP = 8
#: Jobs that write to the open project.
_WRITERS = (IMPORT, "media")
_NAME = "project.sqlite"


def is_project(path: Path) -> bool:
    """Whether a folder (or the database in it) is a project."""
    folder = path.parent if path.name == _NAME else path
    return (folder / _NAME).is_file()


class Projects(QObject):
    """Opens projects and sessions in the background.

    Signals
    -------
    opened : (none)
        A project was opened or closed.
    session_opened : (none)
    failed : exception
    """

    opened = Signal()
    session_opened = Signal()
    failed = Signal(object)

    def __init__(self, desk: Desk, history: History, jobs: Jobs, store: Store, window: QWidget) -> None:
        super().__init__(window)
        self._desk, self._history, self._jobs, self._store, self._window = desk, history, jobs, store, window
        self._next = ""
        self.imports = ImportRun(desk, jobs, load_theme("light"), window)
        self.follow = SessionFollow(desk, history, jobs, self)
        self.follow.failed.connect(self.failed)
        desk.recent = store.value.projects
        desk.project_wanted.connect(lambda path: self.open(Path(path)))
        desk.import_wanted.connect(self.import_paths)
        desk.author = store.value.author or login_name()
        desk.session_wanted.connect(self.open_session)
        history.changed.connect(self._follow)

    # ------------------------------------------------------------------ projects

    def ask_new(self) -> None:
        """Ask for a folder that does not exist yet, and make a project there."""
        name, _ = QFileDialog.getSaveFileName(self._window, "New project: name of its folder", self._start())
        if name:
            self.create(Path(name))

    def create(self, folder: Path) -> None:
        """Make a project and open it."""
        from m3n_studio.project import Project

        self._next = ""
        self._jobs.run(
            f"Making {folder.name}", lambda task: _ready(Project.create(folder, folder.name)), done=self._on_project,
            failed=self._on_failed, key="project",
        )  # fmt: skip

    def ask_demo(self) -> None:
        """Ask for a new folder, make the demo project for learning there, and open it."""
        name, _ = QFileDialog.getSaveFileName(self._window, "Demo project: name of its folder", str(demo_folder()))
        if name:
            self.create_demo(Path(name))

    def create_demo(self, folder: Path) -> None:
        """Make the demo project for learning and open it with its first session."""
        from m3n_studio.project import Project
        from m3n_studio.project.demo_project import PEOPLE, SESSIONS, make_demo_project

        def work(task: Task) -> tuple[Project, str]:
            project = Project.open(make_demo_project(folder, progress=task.progress, cancelled=task.cancelled))
            first = next(s for s in project.subjects() if s.name == PEOPLE[0].name)
            return project, next(s.id for s in project.sessions(first.id) if s.name == SESSIONS[0])

        self._jobs.run("Making the demo project", work, done=self._on_demo, failed=self._on_failed, key="project")

    @Slot(object)
    def _on_demo(self, made: tuple[Project, str]) -> None:
        project, self._next = made
        self._on_project(project)

    def ask_open(self) -> None:
        """Let the user choose the folder of a project."""
        name = QFileDialog.getExistingDirectory(self._window, "Open a project", self._start())
        if name:
            self.open(Path(name))

    def open(self, path: Path, session_id: str = "") -> None:
        """Open a project, and a session of it where one is named; an older one is migrated, with a backup."""
        from m3n_studio.project import Project

        self._next = session_id
        folder = path.parent if path.name == _NAME else path
        self._jobs.run(
            f"Opening {folder.name}", lambda task: _ready(Project.open(folder)), done=self._on_project,
            failed=self._on_failed, key="project",
        )  # fmt: skip

    def close(self) -> None:
        """Close the project; nothing needs saving."""
        self._end_writers()
        self._desk.open(None)
        if self._history.document.session_id:
            self._history.apply(Edit("Close project", lambda _: Document()))
            self._history.stack.clear()
        self.opened.emit()

    def _end_writers(self) -> None:
        """Stop what writes to the open project, and wait: what is whole is in it, the rest is not."""
        for job in self._jobs.running:
            if job.key in _WRITERS:
                job.wait()

    def reopen(self) -> None:
        """Open what was open at the end of the last time, where the user likes that and it is still there."""
        value = self._store.value
        if value.reopen and value.last and is_project(Path(value.last[0])):
            self.open(Path(value.last[0]), *value.last[1:2])

    def remembered(self) -> tuple[str, ...]:
        """Folder of the open project and id of its session, for :meth:`reopen`; empty where there is none."""
        if self._desk.project is None:
            return ()
        session = "" if self._desk.session is None else self._desk.session.id
        return str(self._desk.project.folder.absolute()), session

    def title(self) -> str:
        """What is open, for the window's title."""
        project = self._desk.project
        if project is None:
            return ""
        mark = " (reading only)" if project.read_only else ""
        return " – ".join(filter(None, (self._history.document.title, f"{project.name}{mark}")))

    def set_theme(self, theme: Theme) -> None:
        """Dialogs opened from now on have other colours."""
        self.imports.theme = theme

    def _start(self) -> str:
        recent = self._store.value.projects
        return str(Path(recent[0]).parent) if recent else str(Path.home())

    def fill_recent(self, menu: QMenu) -> None:
        """Put the projects opened last into a menu, anew."""
        menu.clear()
        for name in self._store.value.projects:
            action = menu.addAction(Path(name).name.replace("&", "&&"))
            action.setToolTip(name)
            action.triggered.connect(lambda _=False, path=name: self.open(Path(path)))
        if menu.isEmpty():
            menu.addAction("None yet").setEnabled(False)

    @Slot(object)
    def _on_project(self, project: object) -> None:
        from m3n_studio.project import Project

        if not isinstance(project, Project):
            return
        self._end_writers()
        if self._history.document.session_id:
            self._history.apply(Edit("Open project", lambda _: Document()))
        self._desk.recent = self._store.value.projects
        self._desk.open(project)
        self._history.stack.clear()
        path = str(project.folder.absolute())
        kept = (path, *(p for p in self._store.value.projects if p != path))[:KEEP]
        self._store.change(projects=kept)
        self._desk.recent = kept
        self.opened.emit()
        for remark in project.remarks:
            self._desk.failed.emit(f"{remark[:1].upper()}{remark[1:]}.")
        wanted, self._next = self._next, ""
        if wanted:
            self.open_session(wanted)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.failed.emit(error)

    # ------------------------------------------------------------------ sessions

    @Slot(str)
    def open_session(self, session_id: str) -> None:
        """Put a session on the desk and show what it holds."""
        from m3n_studio.studio.core.session_document import session_document

        project, before = self._desk.project, self._history.document
        if project is None:
            return

        def work(task: Task) -> tuple[Document, list[str]]:
            remarks: list[str] = []
            return session_document(project, session_id, before, task.progress, remarks), remarks

        self._jobs.run("Opening session", work, done=self._on_session, failed=self._on_failed, key="open")

    @Slot(object)
    def _on_session(self, read: tuple[Document, list[str]]) -> None:
        document, remarks = read
        project = self._desk.project
        if project is None or document.project_path != str(project.folder):
            return
        self.follow.opened(document.session_id)
        self._history.replace(document)  # no step: undoing one label too many must not close the session
        self.session_opened.emit()
        if remarks:
            self._desk.failed.emit("\n".join(f"{remark[:1].upper()}{remark[1:]}" for remark in remarks))

    # ------------------------------------------------------------------ importing

    def ask_import(self) -> None:
        """Let the user choose recordings to put into the project."""
        names, _ = QFileDialog.getOpenFileNames(self._window, "Import into the project", self._start())
        self.import_paths([Path(name) for name in names])

    def ask_import_folder(self) -> None:
        """Let the user choose a folder of recordings to put into the project."""
        name = QFileDialog.getExistingDirectory(self._window, "Import a folder into the project", self._start())
        self.import_paths([Path(name)] if name else [])

    @Slot(object)
    def import_paths(self, paths: Sequence[Path]) -> None:
        """Show what files and folders hold, and import what the user wants of it."""
        if paths:
            self.imports.begin(paths)

    def ask_where(self, paths: Sequence[Path]) -> str:
        """Whether dropped files go into the open project or are just opened: "project", "open" or nothing."""
        project = self._desk.project
        if project is None or project.read_only:
            return "open"
        box = QMessageBox(self._window)
        box.setWindowTitle("Dropped files")
        what = paths[0].name if len(paths) == 1 else f"{len(paths)} files"
        box.setText(f"Import {what} into the project {project.name!r}?")
        into = box.addButton("&Import", QMessageBox.ButtonRole.AcceptRole)
        just = box.addButton("Just &open", QMessageBox.ButtonRole.ActionRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(into)
        box.exec()
        return "project" if box.clickedButton() is into else "open" if box.clickedButton() is just else ""

    @Slot(object)
    def _follow(self, document: Document) -> None:
        """The desk has the session the document is about, also after undo."""
        project = self._desk.project
        if project is not None:
            mine = document.session_id if document.project_path == str(project.folder) else ""
            self._desk.put(mine)


def demo_folder() -> Path:
    """Where a demo project goes unless the user says otherwise: a new folder among the documents, or at home."""
    documents = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation))
    home = documents if documents.is_dir() else Path.home()
    names = ("m3n-demo", *(f"m3n-demo-{n}" for n in range(2, 100)))
    return home / next((n for n in names if not (home / n).exists()), names[0])


def _ready(project: Project) -> Project:
    """A project one can begin to label in: with a tier, where it can be written and has none."""
    from m3n_studio.studio.labels.tier_edits import default_labels

    if not project.read_only and not project.label_sets():
        project.add(default_labels())
    return project
