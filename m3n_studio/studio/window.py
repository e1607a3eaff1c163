"""The main window: puts views in their places and hands them what they show.

It owns the clock, the selection and the contents; views come through the door. Files are
opened off the GUI thread; whatever goes wrong is told in the error bar.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings, Qt, Slot
from PySide6.QtGui import QAction, QActionGroup, QCloseEvent, QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QMainWindow,
    QMessageBox,
    QProgressBar,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from m3n_studio.plugins import Door, load, the_door
from m3n_studio.studio.actions import ACTIONS, MENUS, make_actions, set_icons, shortcut_rows
from m3n_studio.studio.clock import MAX_SPEED, MIN_SPEED, Clock
from m3n_studio.studio.contents import Contents, open_files
from m3n_studio.studio.derived import Base
from m3n_studio.studio.docks import ViewContext
from m3n_studio.studio.document import Document, Edit
from m3n_studio.studio.empty_view import EmptyView, demo_motions
from m3n_studio.studio.engine import Engine
from m3n_studio.studio.error_bar import ErrorBar, ExceptionHook, describe
from m3n_studio.studio.history import History
from m3n_studio.studio.icons import icon
from m3n_studio.studio.jobs import Jobs
from m3n_studio.studio.selection import Selection
from m3n_studio.studio.theme import load_theme, palette, style_sheet, system_theme
from m3n_studio.studio.widgets import label, named

DEFAULT_SIZE = (1280, 800)
MINIMUM_SIZE = (720, 520)


class Window(QMainWindow):
    """m3n Studio's window.

    Parameters
    ----------
    theme : {"system", "light", "dark"}
    viewport : {"auto", "gl", "offscreen"}
    settings : QSettings, optional
        Where geometry and theme are remembered; None remembers nothing.
    """

    def __init__(
        self,
        *,
        theme: str = "system",
        viewport: str = "auto",
        settings: QSettings | None = None,
        door: Door | None = None,
    ) -> None:
        super().__init__()
        self.setWindowTitle("m3n Studio")
        self.setMinimumSize(*MINIMUM_SIZE)
        self.resize(*DEFAULT_SIZE)
        self.setAcceptDrops(True)
        self.contents = Contents()
        self.clock, self.selection = Clock(self), Selection(self)
        self.jobs = Jobs(self)
        self.history, self.engine = History(self), Engine(self.jobs, self)
        self._settings, self._door = settings, door or the_door()
        self._theme_choice = theme
        self.theme = load_theme(system_theme() if theme == "system" else theme)
        self.actions_by_name = make_actions(self)
        self.hook = ExceptionHook(self)
        self.hook.install()
        self._build_menus()
        self._build_pages(viewport)
        self._connect()
        self._restore()
        self.set_theme(self._theme_choice)
        self._show_contents(self.contents)

    # ------------------------------------------------------------------ building

    def _build_menus(self) -> None:
        menus = {title: self.menuBar().addMenu(title) for title in MENUS}
        for spec in ACTIONS:
            if spec.separator_before:
                menus[spec.menu].addSeparator()
            menus[spec.menu].addAction(self.actions_by_name[spec.name])
            if spec.name == "open":
                self._demo_menu = menus[spec.menu].addMenu("&Demo motions")
        for name, path in demo_motions():
            action = self._demo_menu.addAction(name.capitalize())
            action.setData(str(path))
        self._demo_menu.setEnabled(not self._demo_menu.isEmpty())
        group = QActionGroup(self)
        for choice in ("system", "light", "dark"):
            group.addAction(self.actions_by_name[f"theme_{choice}"])

    def _build_pages(self, viewport: str) -> None:
        self.error_bar = ErrorBar(self.theme)
        self.progress = named(QProgressBar(), accessible="Opening")
        self.progress.setRange(0, 0)
        self.progress.setTextVisible(False)
        self.progress.hide()
        self.busy_label = label(style="muted")
        self.busy_label.hide()
        self.empty = EmptyView(self.theme)
        self.views: dict[str, QWidget] = {}
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self._work_page(viewport))
        page = named(QWidget(), style="page")
        layout = QVBoxLayout(page)
        layout.setContentsMargins(10, 2, 10, 10)
        layout.setSpacing(8)
        for widget in (self.error_bar, self.busy_label, self.progress):
            layout.addWidget(widget)
        layout.addWidget(self.pages, 1)
        self.setCentralWidget(page)

    def _work_page(self, viewport: str) -> QWidget:
        self.splitter = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False, handleWidth=8)
        places = {area: QSplitter(Qt.Orientation.Vertical, handleWidth=8) for area in ("left", "right")}
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.splitter, 1)
        context = ViewContext(
            clock=self.clock, selection=self.selection, theme=self.theme, actions=self.actions_by_name,
            report=self.show_error, edit=self.history.apply, seal=self.history.seal, jobs=self.jobs,
            base=self._base, viewport=viewport,
        )  # fmt: skip
        for name, spec in self._door.all("dock"):
            try:
                view = load(spec.build)(context)
            except Exception as error:  # a plugin's view may raise anything; the others must live
                message, details = describe(error)
                self.error_bar.show_error(f"The view {spec.title!r} could not be built. {message}", details)
                continue
            self.views[name] = view
            if spec.area in places:
                places[spec.area].addWidget(view)
            else:
                layout.addWidget(view)
        for area in places.values():
            self.splitter.addWidget(area)
        self.splitter.setSizes([460, 800])
        self.splitter.setStretchFactor(0, 2)
        self.splitter.setStretchFactor(1, 3)
        return page

    def _connect(self) -> None:
        act, clock = self.actions_by_name, self.clock
        table = {
            "open": self.ask_open, "quit": self.close, "play": clock.toggle, "step_back": self._step_back,
            "step_forward": self._step_forward, "to_start": self._to_start, "to_end": self._to_end,
            "slower": self._slower, "faster": self._faster, "toggle_theme": self.toggle_theme,
            "shortcuts": self.show_shortcuts, "theme_system": self._theme_system, "theme_light": self._theme_light,
            "theme_dark": self._theme_dark,
        }  # fmt: skip
        for name, slot in table.items():
            act[name].triggered.connect(slot)
        act["loop"].toggled.connect(self._on_loop)
        dismiss = QAction(self)
        dismiss.setShortcut("Esc")
        dismiss.triggered.connect(self.error_bar.hide)
        self.addAction(dismiss)
        clock.playing_changed.connect(self._on_playing)
        self.empty.open_wanted.connect(self.ask_open)
        self.empty.file_wanted.connect(self.open_path)
        self._demo_menu.triggered.connect(self._on_demo)
        act["undo"].triggered.connect(self.history.stack.undo)
        act["redo"].triggered.connect(self.history.stack.redo)
        self.history.stack.indexChanged.connect(self._on_history)
        self.history.changed.connect(self.engine.set_document)
        self.history.refused.connect(self.show_error)
        self.engine.shown.connect(self._on_shown)
        self.engine.refined.connect(self._on_refined)
        self.engine.failed.connect(self._on_failed)
        self.hook.caught.connect(self.error_bar.show_error)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_system_theme)

    # ------------------------------------------------------------------ contents

    def show_contents(self, contents: Contents) -> None:
        """Show a motion with its signals, or a recording."""
        self._show_contents(contents)
        self.clock.seek(self.clock.start_s)

    def _show_contents(self, contents: Contents) -> None:
        self.clock.pause()
        start, end = contents.span_s()
        self.actions_by_name["loop"].setChecked(False)
        self.clock.set_range(start, end)
        self._hand_out(contents)
        has = end > start
        for spec in ACTIONS:
            if spec.needs_time:
                self.actions_by_name[spec.name].setEnabled(has)
        empty = contents.scene is None and not contents.real
        self.pages.setCurrentIndex(0 if empty else 1)
        self.setWindowTitle(f"{contents.title} – m3n Studio" if contents.title else "m3n Studio")

    def _hand_out(self, contents: Contents) -> None:
        self.contents = contents
        for view in self.views.values():
            if hasattr(view, "set_contents"):
                view.set_contents(contents)

    @Slot(object)
    def open_path(self, path: Path) -> None:
        """Open one file in the background."""
        self.open_paths([path])

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Open files in the background: motions replace the motion, recordings the recordings."""
        if self.busy:
            self.show_error("Another file is still being opened; wait until it is there.")
            return
        chosen, before = tuple(paths), self.history.document
        names = ", ".join(p.name for p in chosen)
        job = self.jobs.run(
            f"Opening {names}", lambda task: (names, open_files(chosen, before)), done=self._on_opened,
            failed=self._on_failed, key="open",
        )  # fmt: skip
        job.ended.connect(self._on_open_ended)
        self._show_busy(names)

    @property
    def busy(self) -> bool:
        """Whether a file is being opened."""
        return any(job.key == "open" for job in self.jobs.running)

    @Slot(object)
    def _on_opened(self, opened: tuple[str, Document]) -> None:
        names, document = opened
        self.error_bar.hide()
        self.history.apply(Edit(f"Open {names}", lambda _: document))

    def show_document(self, document: Document) -> None:
        """Begin with a document; nothing before it can be undone."""
        self.history.apply(Edit("Open", lambda _: document))
        self.history.stack.clear()

    @Slot(object)
    def _on_shown(self, contents: Contents) -> None:
        another = contents.clip is not self.contents.clip or contents.span_s() != self.contents.span_s()
        if another:
            self.show_contents(contents)
        else:
            self._hand_out(contents)

    @Slot(object)
    def _on_refined(self, contents: Contents) -> None:
        self._hand_out(contents)
        if contents.note:
            self.show_error(contents.note)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.error_bar.show_error(*describe(error))

    @Slot(object)
    def _on_open_ended(self, _job: object) -> None:
        self._show_busy("")

    def _show_busy(self, what: str) -> None:
        self.busy_label.setText(f"Opening {what} …")
        self.busy_label.setVisible(bool(what))
        self.progress.setVisible(bool(what))

    def _base(self) -> Base | None:
        return self.engine.base

    @Slot(int)
    def _on_history(self, _index: int) -> None:
        for name, can, text in (
            ("undo", self.history.stack.canUndo(), self.history.stack.undoText()),
            ("redo", self.history.stack.canRedo(), self.history.stack.redoText()),
        ):
            self.actions_by_name[name].setEnabled(can)
            self.actions_by_name[name].setText(f"&{name.capitalize()} {text[:1].lower()}{text[1:]}".rstrip())

    def ask_open(self) -> None:
        """Let the user choose files."""
        names, _ = QFileDialog.getOpenFileNames(self, "Open a motion or a recording")
        if names:
            self.open_paths([Path(name) for name in names])

    @Slot(QAction)
    def _on_demo(self, action: QAction) -> None:
        self.open_path(Path(action.data()))

    def show_error(self, message: str) -> None:
        """Tell what went wrong."""
        self.error_bar.show_error(message)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Files may be dropped."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Open what was dropped."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.open_paths(paths)

    # ------------------------------------------------------------------ playback

    def _step_back(self) -> None:
        self.clock.step(-1, self.contents.rate_hz())

    def _step_forward(self) -> None:
        self.clock.step(1, self.contents.rate_hz())

    def _to_start(self) -> None:
        self.clock.seek(self.clock.start_s)

    def _to_end(self) -> None:
        self.clock.seek(self.clock.end_s)

    def _slower(self) -> None:
        self.clock.set_speed(max(self.clock.speed / 2, MIN_SPEED))

    def _faster(self) -> None:
        self.clock.set_speed(min(self.clock.speed * 2, MAX_SPEED))

    def _on_loop(self, on: bool) -> None:
        self.clock.set_loop((self.clock.start_s, self.clock.end_s) if on else None)

    def _on_playing(self, playing: bool) -> None:
        action = self.actions_by_name["play"]
        action.setText("Pause" if playing else "&Play")
        self._play_icon()

    def _play_icon(self) -> None:
        name = "pause" if self.clock.playing else "play"
        self.actions_by_name["play"].setIcon(icon(name, self.theme, color=self.theme.on_accent))

    # ------------------------------------------------------------------ theme

    def set_theme(self, choice: str) -> None:
        """``"system"``, ``"light"`` or ``"dark"``."""
        self._theme_choice = choice
        self.actions_by_name[f"theme_{choice}"].setChecked(True)
        self.theme = theme = load_theme(system_theme() if choice == "system" else choice)
        QApplication.setPalette(palette(theme))
        self.setStyleSheet(style_sheet(theme))
        set_icons(self.actions_by_name, theme)
        self._play_icon()
        for view in (self.error_bar, self.empty, *self.views.values()):
            if hasattr(view, "set_theme"):
                view.set_theme(theme)

    def toggle_theme(self) -> None:
        """Dark if it is light, light if it is dark."""
        self.set_theme("light" if self.theme.name == "dark" else "dark")

    def _theme_system(self) -> None:
        self.set_theme("system")

    def _theme_light(self) -> None:
        self.set_theme("light")

    def _theme_dark(self) -> None:
        self.set_theme("dark")

    def _on_system_theme(self) -> None:
        if self._theme_choice == "system":
            self.set_theme("system")

    def show_shortcuts(self) -> None:
        """A sheet of all keys."""
        cell = "<td style='padding: 3px 28px 3px 0'>"
        rows = "".join(f"<tr>{cell}{words}</td>{cell}<b>{keys}</b></td></tr>" for words, keys in shortcut_rows())
        box = QMessageBox(self)
        box.setWindowTitle("Keyboard shortcuts")
        box.setText(f"<table>{rows}</table>")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    # ------------------------------------------------------------------ life

    def _restore(self) -> None:
        if self._settings is None:
            return
        geometry, splitter = self._settings.value("geometry"), self._settings.value("splitter")
        if isinstance(geometry, QByteArray):
            self.restoreGeometry(geometry)
        if isinstance(splitter, QByteArray):
            self.splitter.restoreState(splitter)
        choice = self._settings.value("theme")
        if self._theme_choice == "system" and choice in ("light", "dark"):
            self._theme_choice = str(choice)

    def _remember(self) -> None:
        if self._settings is not None:
            self._settings.setValue("geometry", self.saveGeometry())
            self._settings.setValue("splitter", self.splitter.saveState())
            self._settings.setValue("theme", self._theme_choice)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Stop everything, remember the geometry, leave no thread behind."""
        self.clock.pause()
        self._remember()
        self.hide()
        self.jobs.stop()
        for view in self.views.values():
            if hasattr(view, "release"):
                view.release()
        self.hook.remove()
        super().closeEvent(event)
