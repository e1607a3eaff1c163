"""The Project view: subjects, their sessions and what is in them; one opens sessions and changes facts here."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, Qt, QTimer, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QStackedWidget,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from m3n_studio.errors import M3nError
from m3n_studio.project.outline import Outline, labelled_s, outline
from m3n_studio.project.values import Entry, Session, Subject
from m3n_studio.studio.core.actions import ActionSpec
from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.look.keys_first import KeysFirst
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label, named, tool_button
from m3n_studio.studio.projects.project_commands import ProjectCommands
from m3n_studio.studio.projects.project_delegate import ProjectDelegate
from m3n_studio.studio.projects.project_edits import renamed
from m3n_studio.studio.projects.project_model import LABELLED, LENGTH, NAME, ProjectModel, clock
from m3n_studio.studio.projects.project_pages import EmptyProject, NoProject

_FILTER_MS = 120
_LOW = 230  # px
_OPENS = {Qt.Key.Key_Return, Qt.Key.Key_Enter}
_MINE = {*_OPENS, Qt.Key.Key_F2, Qt.Key.Key_Delete, Qt.Key.Key_Asterisk}


class ProjectTree(QTreeView):
    """The tree; Enter opens, F2 renames, Delete takes away."""

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Enter is a double click."""
        if Qt.Key(event.key()) in _OPENS and self.state() != QAbstractItemView.State.EditingState:
            self.doubleClicked.emit(self.currentIndex())
        else:
            super().keyPressEvent(event)


class ProjectView(QWidget):
    """The tree with its filter, and what is shown where there is none."""

    def __init__(self, context: ViewContext, desk: Desk) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAcceptDrops(True)
        self.desk, self._outline = desk, Outline()
        self._shown_project: object = None
        self._expanded: set[str] = set()
        self.model = ProjectModel(self._parts_of, self._rename, self)
        self.commands = ProjectCommands(context, desk, self.chosen, self)
        self.delegate = ProjectDelegate(context.theme, self)
        self._wait = QTimer(self, singleShot=True, interval=_FILTER_MS)
        self._build(context)
        self._connect(context)
        self._refresh()

    # ------------------------------------------------------------------ building

    def _build(self, context: ViewContext) -> None:
        self.none, self.empty = NoProject(), EmptyProject()
        self.title = label(style="heading", accessible="Project")
        self.title.setMinimumWidth(40)
        self.add = tool_button("Import…", tip="Put recordings into the project (files or a folder)",
                               accessible="Import", style="component")  # fmt: skip
        self.more = tool_button("More", tip="What can be done with the rows chosen", accessible="More",
                                style="component")  # fmt: skip
        self.filter = named(QLineEdit(), tip="Show only what has these words in its name, subject or placement",
                            accessible="Filter sessions")  # fmt: skip
        self.filter.setPlaceholderText("Filter subjects and sessions")
        self.filter.setClearButtonEnabled(True)
        self.tree = self._tree()
        self.note = label(style="muted", accessible="What is in the project")
        self.note.setWordWrap(True)
        head = QHBoxLayout()
        head.setSpacing(6)
        for widget, stretch in ((self.title, 1), (self.add, 0), (self.more, 0)):
            head.addWidget(widget, stretch)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(6)
        layout.addLayout(head)
        layout.addWidget(self.filter)
        layout.addWidget(self.tree, 1)
        layout.addWidget(self.note)
        self.pages = QStackedWidget()
        for one in (self.none, self.empty, page):
            self.pages.addWidget(one)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(1, 1, 1, 1)
        whole.addWidget(self.pages)
        self._keys = KeysFirst(self, {ProjectTree: _MINE | {
            Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End,
            Qt.Key.Key_PageUp, Qt.Key.Key_PageDown,
        }})  # fmt: skip

    def _tree(self) -> ProjectTree:
        tree = named(ProjectTree(), accessible="Subjects and sessions", style="projectTree")
        tree.setModel(self.model)
        tree.setItemDelegate(self.delegate)
        tree.setUniformRowHeights(True)
        tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        tree.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        tree.setExpandsOnDoubleClick(False)
        tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        tree.setFrameShape(QTreeView.Shape.NoFrame)
        tree.setIndentation(14)
        tree.setTextElideMode(Qt.TextElideMode.ElideRight)
        header = tree.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(48)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for column, sample in ((LENGTH, "00:00:00"), (LABELLED, "Labelled  100 %")):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(column, self.fontMetrics().horizontalAdvance(sample) + 14)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionsClickable(False)
        return tree

    def _connect(self, context: ViewContext) -> None:
        desk, tree = self.desk, self.tree
        desk.project_changed.connect(self._refresh)
        desk.session_changed.connect(self._on_session)
        desk.labels_changed.connect(self._on_labels)
        desk.tiers_changed.connect(self._on_tiers)
        self.none.new_wanted.connect(context.actions["new_project"].trigger)
        self.none.open_wanted.connect(context.actions["open_project"].trigger)
        self.none.recent_wanted.connect(desk.project_wanted)
        self.empty.import_wanted.connect(context.actions["import_files"].trigger)
        self.empty.folder_wanted.connect(context.actions["import_folder"].trigger)
        self.add.clicked.connect(lambda: self.commands.import_menu().popup(_below(self.add)))
        self.more.clicked.connect(lambda: self.commands.menu().popup(_below(self.more)))
        tree.customContextMenuRequested.connect(self._on_menu)
        tree.doubleClicked.connect(self._on_opened)
        tree.expanded.connect(lambda i: self._expanded.add(self._id(i)))
        tree.collapsed.connect(lambda i: self._expanded.discard(self._id(i)))
        self.commands.rename_wanted.connect(lambda: tree.edit(tree.currentIndex().siblingAtColumn(NAME)))
        self.commands.made.connect(self._show_made)
        self.filter.textChanged.connect(self._wait.start)
        self._wait.timeout.connect(self._fill)
        for name, text, keys, step in (
            ("project.next", "&Next session", "Ctrl+PgDown", 1), ("project.previous", "&Previous session", "Ctrl+PgUp",
                                                                  -1),
        ):  # fmt: skip
            spec = ActionSpec(name, text, "&Label", (keys,), tip=f"Open the {text.replace('&', '').lower()} listed",
                              needs="project", separator_before=step > 0)  # fmt: skip
            context.add_action(spec, lambda *_, by=step: self.step(by))

    # ------------------------------------------------------------------ what is shown

    def _id(self, index: QModelIndex) -> str:
        node = self.model.node(index)
        return "" if node is None or node.entry is None else node.entry.id

    def _parts_of(self, session: str) -> tuple[Entry, ...]:
        project = self.desk.project
        if project is None:
            return ()
        return (*project.recordings(session), *project.videos(session), *project.clips(session))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Where there is little height it is for the rows."""
        super().resizeEvent(event)
        self.tree.setHeaderHidden(self.height() < _LOW)
        self.note.setVisible(self.height() >= _LOW)

    @Slot()
    def _refresh(self) -> None:
        """Read the project anew."""
        project = self.desk.project
        if project is not self._shown_project:
            self._shown_project = project
            self._expanded.clear()
            self.filter.clear()
        try:
            self._outline = Outline() if project is None else outline(project)
        except M3nError as error:
            self.desk.failed.emit(str(error))
            return
        if project is None:
            self.none.set_recent(self.desk.recent)
            self.pages.setCurrentIndex(0)
        else:
            self.empty.set_writable(not self.desk.read_only)
            self.pages.setCurrentIndex(2 if self._outline.groups else 1)
            self.title.setText(self.fontMetrics().elidedText(project.name, Qt.TextElideMode.ElideRight, 400))
            self.title.setToolTip(str(project.folder))
        self.add.setEnabled(not self.desk.read_only)
        self.model.writable = not self.desk.read_only
        self._fill()
        self._tell()

    @Slot()
    def _fill(self) -> None:
        """Show what fits the filter; what was chosen and expanded stays so."""
        self._wait.stop()
        chosen, current = {e.id for e in self.chosen()}, self._id(self.tree.currentIndex())
        at, expanded = self.tree.verticalScrollBar().value(), set(self._expanded)
        text = self.filter.text()
        tier, project = self.desk.tier, self.desk.project
        seconds = labelled_s(project, tier.id) if project is not None and tier is not None else {}
        self.model.set_outline(self._outline, seconds, text)
        self.model.mark_open("" if self.desk.session is None else self.desk.session.id)
        few = len(self._outline.sessions) <= 200
        for row in range(self.model.rowCount()):
            index = self.model.index(row, NAME)
            if text.strip() or few or self._id(index) in expanded:
                self.tree.expand(index)
        for session in expanded:
            index = self.model.index_of(session)
            if index.isValid():
                self.tree.expand(index)
        self._choose(chosen, current)
        self.tree.verticalScrollBar().setValue(at)
        if self.desk.session is not None and not chosen:
            self._show_open()

    def _choose(self, ids: set[str], current: str) -> None:
        flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        selection = self.tree.selectionModel()
        for index in self._indexes():
            mine = self._id(index)
            if mine == current and mine:
                selection.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
            if mine in ids:
                selection.select(index, flags)

    def _indexes(self) -> list[QModelIndex]:
        """Every row whose parents have been read, without reading more."""
        out: list[QModelIndex] = []
        todo = [self.model.index(row, NAME) for row in range(self.model.rowCount())]
        while todo:
            index = todo.pop()
            out.append(index)
            node = self.model.node(index)
            if node is not None and node.children:
                todo += [self.model.index(row, NAME, index) for row in range(len(node.children))]
        return out

    def _tell(self) -> None:
        sessions = self._outline.sessions
        subjects = sum(subject is not None for subject, _ in self._outline.groups)
        total = clock(sum(f.duration_s for f in sessions))
        words = [f"{subjects} subject{'s' * (subjects != 1)}", f"{len(sessions)} session{'s' * (len(sessions) != 1)}"]
        if sessions:
            words.append(total)
        if self.desk.read_only:
            words.append("open for reading only")
        self.note.setText(" · ".join(words))

    @Slot()
    def _on_session(self) -> None:
        self.model.mark_open("" if self.desk.session is None else self.desk.session.id)
        self._show_open()

    def _show_open(self) -> None:
        """The session on the desk is the current row, in sight."""
        index = self.model.index_of("" if self.desk.session is None else self.desk.session.id)
        if index.isValid():
            self.tree.expand(index.parent())
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
            self.tree.selectionModel().setCurrentIndex(index, flags)  # whatever keys are held
            self.tree.scrollTo(index)

    @Slot(object)
    def _on_labels(self, change: object) -> None:
        session, track = self.desk.session, self.desk.track
        if session is not None and track is not None and change is not None:
            self.model.set_labelled(session.id, sum(a.duration_s for a in track))

    @Slot()
    def _on_tiers(self) -> None:
        if self.desk.project is not None and self.desk.project is self._shown_project:
            self._wait.start()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.delegate.set_theme(theme)
        self.tree.viewport().update()

    def set_contents(self, _contents: Contents) -> None:
        """What is shown follows the desk."""

    # ------------------------------------------------------------------ doing

    def chosen(self) -> tuple[Entry, ...]:
        """The entries of the rows selected, in the order shown."""
        rows = self.tree.selectionModel().selectedRows(NAME) if hasattr(self, "tree") else []
        nodes = [self.model.node(index) for index in rows]
        return tuple(node.entry for node in nodes if node is not None and node.entry is not None)

    def _rename(self, entry: Entry, name: str) -> bool:
        """Once the field it was typed in has gone: the tree is filled anew."""
        edits = renamed(entry, name)
        QTimer.singleShot(0, self, lambda: [self.desk.edit(edit) for edit in edits])
        return True

    @Slot(QModelIndex)
    def _on_opened(self, index: QModelIndex) -> None:
        node = self.model.node(index)
        if node is None:
            return
        if node.kind is Subject:
            self.tree.setExpanded(index.siblingAtColumn(NAME), not self.tree.isExpanded(index.siblingAtColumn(NAME)))
        elif isinstance(node.entry, Session):
            self.desk.session_wanted.emit(node.entry.id)
        elif node.entry is not None:
            self.desk.session_wanted.emit(node.entry.session)  # type: ignore[union-attr]

    def step(self, by: int) -> None:
        """Open the next or previous session of those listed."""
        listed = self.model.sessions
        now = "" if self.desk.session is None else self.desk.session.id
        if not listed:
            return
        at = listed.index(now) + by if now in listed else (0 if by > 0 else len(listed) - 1)
        if 0 <= at < len(listed):
            self.desk.session_wanted.emit(listed[at])

    @Slot(str)
    def _show_made(self, entry_id: str) -> None:
        for index in self._indexes():
            if self._id(index) == entry_id:
                self.tree.setCurrentIndex(index)
                self.tree.scrollTo(index)
                self.tree.edit(index)
                return

    @Slot(QPoint)
    def _on_menu(self, at: QPoint) -> None:
        self.commands.menu().popup(self.tree.viewport().mapToGlobal(at))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Delete takes the chosen rows away."""
        if Qt.Key(event.key()) == Qt.Key.Key_Delete and self.tree.hasFocus():
            self.commands.delete()
        else:
            super().keyPressEvent(event)

    # ------------------------------------------------------------------ dropping

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Take files and folders where they can be put into the project; else the window opens them."""
        if event.mimeData().hasUrls() and not self.desk.read_only:
            event.acceptProposedAction()
        else:
            event.ignore()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Import what was dropped."""
        paths = tuple(Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile())
        if paths:
            event.acceptProposedAction()
            self.desk.import_wanted.emit(paths)


def _below(widget: QWidget) -> QPoint:
    return widget.mapToGlobal(QPoint(0, widget.height()))


def build(context: ViewContext) -> QWidget:
    """The Project dock."""
    if context.desk is None:
        return label("Projects need a window.", style="muted")
    return ProjectView(context, context.desk)
