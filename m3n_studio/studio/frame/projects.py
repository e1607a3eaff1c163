"""Projects in the window: making, opening, closing, and putting their sessions on the desk."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.document import Document, Edit
from m3n_studio.studio.core.history import History
from m3n_studio.studio.core.jobs import Jobs, Task
from m3n_studio.studio.frame.preferences import Store, login_name

KEEP = 8
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

        self._jobs.run(
            f"Making {folder.name}", lambda task: Project.create(folder, folder.name), done=self._on_project,
            failed=self._on_failed, key="project",
        )  # fmt: skip

    def ask_open(self) -> None:
        """Let the user choose the folder of a project."""
        name = QFileDialog.getExistingDirectory(self._window, "Open a project", self._start())
        if name:
            self.open(Path(name))

    def open(self, path: Path) -> None:
        """Open a project; an older one is migrated, with a backup."""
        from m3n_studio.project import Project

        folder = path.parent if path.name == _NAME else path
        self._jobs.run(
            f"Opening {folder.name}", lambda task: Project.open(folder), done=self._on_project,
            failed=self._on_failed, key="project",
        )  # fmt: skip

    def close(self) -> None:
        """Close the project; nothing needs saving."""
        self._desk.open(None)
        if self._history.document.session_id:
            self._history.apply(Edit("Close project", lambda _: Document()))
            self._history.stack.clear()
        self.opened.emit()

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
        if self._history.document.session_id:
            self._history.apply(Edit("Open project", lambda _: Document()))
        self._desk.open(project)
        self._history.stack.clear()
        path = str(project.folder.absolute())
        kept = (path, *(p for p in self._store.value.projects if p != path))[:KEEP]
        self._store.change(projects=kept)
        self.opened.emit()

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

        def work(task: Task) -> Document:
            return session_document(project, session_id, before, task.progress)

        self._jobs.run("Opening session", work, done=self._on_session, failed=self._on_failed, key="open")

    @Slot(object)
    def _on_session(self, document: Document) -> None:
        self._history.apply(Edit(f"Open {document.title}", lambda _: document))
        self.session_opened.emit()

    @Slot(object)
    def _follow(self, document: Document) -> None:
        """The desk has the session the document is about, also after undo."""
        project = self._desk.project
        if project is not None:
            mine = document.session_id if document.project_path == str(project.folder) else ""
            self._desk.put(mine)
