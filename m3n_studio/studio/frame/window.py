"""The main window: puts views in their places and hands them what they show.

It owns the clock, the selection, the history and the engine; views come through the door. What
can be done is in :mod:`m3n_studio.studio.core.actions`, how files are opened in
:mod:`m3n_studio.studio.frame.opener`, where the views are in :mod:`m3n_studio.studio.frame.dock_host`.
Whatever goes wrong is told in the error bar and kept in the list of messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, Qt, QTimer, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QGuiApplication, QShowEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from m3n_studio.plugins import Door, the_door
from m3n_studio.studio.core.actions import SHOWING, ActionTable, Situation
from m3n_studio.studio.core.clock import MAX_SPEED, MIN_SPEED, TICK_MS, Clock
from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.core.derived import Base
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.document import Document, Edit
from m3n_studio.studio.core.engine import Engine
from m3n_studio.studio.core.history import History
from m3n_studio.studio.core.jobs import Jobs
from m3n_studio.studio.core.moments import Moments
from m3n_studio.studio.core.predictions import PredictionBook
from m3n_studio.studio.core.run_shelf import RunShelf
from m3n_studio.studio.core.selection import Selection
from m3n_studio.studio.core.shape_hints import ShapeHints
from m3n_studio.studio.frame import crash, dialogs, session
from m3n_studio.studio.frame.dock_host import ARRANGEMENTS, DockHost
from m3n_studio.studio.frame.empty_view import EmptyView
from m3n_studio.studio.frame.exchange import Exchange
from m3n_studio.studio.frame.layouts import Layouts
from m3n_studio.studio.frame.learn_watch import LearnWatch
from m3n_studio.studio.frame.menus import Menus
from m3n_studio.studio.frame.messages import MessageLog
from m3n_studio.studio.frame.next_step import NextStep
from m3n_studio.studio.frame.opener import Opener
from m3n_studio.studio.frame.preferences import Store
from m3n_studio.studio.frame.projects import Projects, is_project
from m3n_studio.studio.frame.restore_bar import RestoreBar
from m3n_studio.studio.frame.status_bar import StatusBar
from m3n_studio.studio.frame.view_shelf import ViewShelf
from m3n_studio.studio.look.error_bar import ErrorBar, ExceptionHook, describe
from m3n_studio.studio.look.icons import icon
from m3n_studio.studio.look.theme import load_theme, palette, style_sheet, system_theme
from m3n_studio.studio.look.widgets import named

DEFAULT_SIZE = (1280, 800)
MINIMUM_SIZE = (720, 520)
AUTOSAVE_MS = 400
SLOW_TICK_MS = 33
#: The layout in which a next step is taken, and the view to take it in.
NEXT = {"differences": ("Fidelity", "fidelity"), "shape": ("Shape", "attributes")}


class Window(QMainWindow):
    """m3n Studio's window.

    Parameters
    ----------
    theme : {"system", "light", "dark"}
        "system": what the preferences say.
    viewport : {"auto", "gl", "offscreen"}
    store : Store, optional
        The preferences; None: the defaults, and nothing is remembered.
    state_folder : Path, optional
        Where what is needed after a crash is kept; None: nowhere.
    """

    def __init__(
        self,
        *,
        theme: str = "system",
        viewport: str = "auto",
        store: Store | None = None,
        door: Door | None = None,
        state_folder: Path | None = None,
    ) -> None:
        super().__init__()
        self.setWindowTitle("m3n Studio")
        self.setMinimumSize(*MINIMUM_SIZE)
        self.resize(*DEFAULT_SIZE)
        self.setAcceptDrops(True)
        self.store, self._door = store or Store(), door or the_door()
        self.contents = Contents()
        self.clock, self.selection, self.jobs = Clock(self), Selection(self), Jobs(self)
        self.history, self.engine = History(self), Engine(self.jobs, self)
        self.desk = Desk(self.history.stack, self)
        self.moments, self.runs = Moments(self.desk, self), RunShelf(self.desk, self)
        self.predictions, self.hints = PredictionBook(self.desk, self), ShapeHints(self)
        self.projects = Projects(self.desk, self.history, self.jobs, self.store, self)
        self.opener = Opener(self.jobs, self.store, lambda: self.history.document, self)
        self.exchange = Exchange(self)
        self.log = MessageLog(self)
        self._theme_choice = self.store.value.theme if theme == "system" else theme
        self.theme = load_theme(system_theme() if self._theme_choice == "system" else self._theme_choice)
        self.table = ActionTable(self)
        self.actions_by_name = self.table.actions
        self.hook = ExceptionHook(self)
        self.hook.install()
        self._autosave = QTimer(self, singleShot=True, interval=AUTOSAVE_MS)
        remains = [] if state_folder is None else crash.left_behind(state_folder)
        self.guard = None if state_folder is None else crash.Guard(state_folder)
        self._build(viewport)
        self._connect()
        self._restore()
        self._apply_theme()
        self._show_contents(self.contents)
        if remains:
            self.restore_bar.offer(remains[0])

    # ------------------------------------------------------------------ building

    def _build(self, viewport: str) -> None:
        self.error_bar, self.restore_bar = ErrorBar(self.theme), RestoreBar()
        self.next_step = NextStep(self.store, self.theme)
        self.learned = LearnWatch(self.desk, self.runs, self)
        self.status = StatusBar(self.jobs, self.theme)
        self.empty = EmptyView(self.theme)
        self.host = DockHost(self.theme)
        self.layouts = Layouts(self.host, self.store, self)
        self.menus = Menus(self, self.table, {
            "recent": self.opener.fill_recent, "samples": self.opener.fill_samples, "views": self._fill_views,
            "layouts": self.layouts.fill, "projects": self.projects.fill_recent,
        })  # fmt: skip
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self._work_page(viewport))
        page = named(QWidget(), style="page")
        layout = QVBoxLayout(page)
        layout.setContentsMargins(10, 2, 10, 4)
        layout.setSpacing(6)
        for widget in (self.restore_bar, self.error_bar, self.next_step):
            layout.addWidget(widget)
        layout.addWidget(self.pages, 1)
        layout.addWidget(self.status)
        self.setCentralWidget(page)

    def _work_page(self, viewport: str) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.host, 1)
        context = ViewContext(
            clock=self.clock, selection=self.selection, theme=self.theme, actions=self.actions_by_name,
            report=self.show_error, edit=self.history.apply, seal=self.history.seal, jobs=self.jobs,
            base=self._base, viewport=viewport, add_action=self.table.add, desk=self.desk,
            moments=self.moments, runs=self.runs, predictions=self.predictions, hints=self.hints,
        )  # fmt: skip
        self._docks = dict(self._door.all("dock"))
        self.views = ViewShelf(
            list(self._docks.items()), context, seen=self._is_seen, place=self._place_view, failed=self._on_unbuilt,
            parent=self,
        )  # fmt: skip
        self._bottom = layout
        for name, spec in self._docks.items():
            if spec.area != "bottom":
                self.host.add(name, spec.title, spec.area, is_open=spec.open)
        self.host.seen.connect(self.views.reveal)
        self.host.changed.connect(self.selection.axis_moved)
        if "body" in self.views:  # OpenGL that comes to a window on screen makes it flicker
            self.views.reveal("body")
        return page

    def _reveal_bottom(self) -> None:
        """What is below the docks is there as soon as they are; after them, for the keyboard's sake."""
        if self.isVisible() and self.pages.currentIndex() == 1:
            for name, spec in self._docks.items():
                if spec.area == "bottom":
                    self.views.reveal(name)

    def _is_seen(self, name: str) -> bool:
        return name not in self.host.docks or self.host.docks[name].in_front

    def _place_view(self, name: str, view: QWidget) -> None:
        if name in self.host.docks:
            self.host.docks[name].setWidget(view)
        else:
            self._bottom.addWidget(view)

    def _on_unbuilt(self, name: str, error: Exception) -> None:
        message, details = describe(error)
        self.host.discard(name)
        self.tell(f"The view {self._docks[name].title!r} could not be built. {message}", details)

    def _show_view(self, name: str, _checked: bool = False) -> None:
        """Bring a view of learning to the front; a layout as delivered gives way to the one it belongs to."""
        if name not in self.host.docks:
            return
        if self.host.docks[name].isHidden() and (self.store.value.layout_name or "Overview") in ARRANGEMENTS:
            self.layouts.show("Learn")
        self.host.show_dock(name)

    def _fill_views(self, menu: QMenu) -> None:
        menu.clear()
        menu.addActions(self.host.toggle_actions())

    def _connect(self) -> None:
        act, clock = self.actions_by_name, self.clock
        table = {
            "open": self.opener.ask_files, "open_folder": self.opener.ask_folder, "quit": self.close,
            "play": clock.toggle, "step_back": self._step_back, "step_forward": self._step_forward,
            "to_start": self._to_start, "to_end": self._to_end, "slower": self._slower, "faster": self._faster,
            "toggle_theme": self.toggle_theme, "theme_system": self._theme_system, "theme_light": self._theme_light,
            "theme_dark": self._theme_dark, "dismiss": self.error_bar.hide, "save_layout": self.layouts.ask_save,
            "reset_layout": self.layouts.reset, "undo": self.history.stack.undo, "redo": self.history.stack.redo,
            "new_project": self.projects.ask_new, "open_project": self.projects.ask_open,
            "close_project": self.projects.close, "demo.learning": self.projects.ask_demo, **self.exchange.slots,
            **{name: self._dialog(show) for name, show in dialogs.DIALOGS.items()},
            **{name: partial(self._show_view, name) for name in SHOWING},
        }  # fmt: skip
        for name, slot in table.items():
            act[name].triggered.connect(slot)
        act["loop"].toggled.connect(self._on_loop)
        clock.playing_changed.connect(self._on_playing)
        self.empty.open_wanted.connect(self.opener.ask_files)
        self.empty.sample_wanted.connect(self.opener.open_sample)
        self.empty.new_project_wanted.connect(self.projects.ask_new)
        self.empty.open_project_wanted.connect(self.projects.ask_open)
        self.empty.demo_wanted.connect(self.projects.ask_demo)
        self.opener.opened.connect(self._on_opened)
        self.opener.failed.connect(self._on_not_opened)
        self.exchange.connect_to(self)
        self.opener.refused.connect(self.show_error)
        self.layouts.failed.connect(self.show_error)
        self.projects.failed.connect(self._on_failed)
        self.projects.opened.connect(self._on_project)
        self.projects.session_opened.connect(self._on_session)
        self.desk.failed.connect(self.show_error)
        self.desk.session_changed.connect(self._tell_states)
        self.desk.project_changed.connect(self._tell_states)
        self.restore_bar.restore_wanted.connect(self._restore_work)
        self.next_step.wanted.connect(self._on_next)
        self.learned.changed.connect(self._say_next)
        self.error_bar.all_wanted.connect(act["messages"].trigger)
        self.status.messages_wanted.connect(act["messages"].trigger)
        self.log.changed.connect(self._on_log)
        self.history.stack.indexChanged.connect(self._on_history)
        self.history.changed.connect(self.engine.set_document)
        self.history.changed.connect(self._autosave.start)
        self.history.refused.connect(self.show_error)
        self.engine.shown.connect(self._on_shown)
        self.engine.refined.connect(self._on_refined)
        self.engine.failed.connect(self._on_failed)
        self._autosave.timeout.connect(self._remember_session)
        self.hook.caught.connect(self._on_uncaught)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_system_theme)

    def _dialog(self, show: dialogs.Show) -> dialogs.Open:
        return lambda *_: show(self)

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
        document = contents.document
        nothing = contents.scene is None and not contents.real and not document.videos and not document.long
        empty = nothing and self.desk.project is None
        begins = not empty and self.pages.currentIndex() == 0
        self.pages.setCurrentIndex(0 if empty else 1)
        self._reveal_bottom()
        play = self.findChild(QToolButton, "play")
        if begins and play is not None:
            play.setFocus(Qt.FocusReason.OtherFocusReason)

    def _hand_out(self, contents: Contents) -> None:
        self.contents = contents
        self.views.hand_out(contents)
        self._tell_states()

    def _tell_states(self) -> None:
        """Enable what can be done now, and say what is open."""
        c, stack = self.contents, self.history.stack
        start, end = c.span_s()
        self.table.update_states(Situation(
            has_time=end > start, has_motion=c.clip is not None, has_recording=bool(c.real),
            has_sensors=bool(c.simulated), can_undo=stack.canUndo(), can_redo=stack.canRedo(),
            has_project=self.desk.project is not None, has_session=self.desk.session is not None,
            can_label=self.desk.session is not None and not self.desk.read_only,
            can_import=not self.desk.read_only,
        ))  # fmt: skip
        recording = Path(self.history.document.recording_path).name
        opened = " with ".join(dict.fromkeys(filter(None, [c.title, recording])))
        project = self.projects.title()
        self.status.set_file(project or opened)
        self.setWindowTitle(" – ".join(filter(None, (project or c.title, "m3n Studio"))))
        self.next_step.show_for(c, self.learned.state())

    @Slot()
    def _say_next(self) -> None:
        self.next_step.show_for(self.contents, self.learned.state())

    @Slot(str)
    def _on_next(self, what: str) -> None:
        if what == "open":
            self.opener.ask_files()
        elif what in self.actions_by_name:
            self.actions_by_name[what].trigger()
        else:
            layout, view = NEXT[what]
            self.layouts.show(layout)
            if view in self.host.docks:
                self.host.show_dock(view)
        self._say_next()

    def open_path(self, path: Path) -> None:
        """Open one file in the background."""
        self.opener.open([path])

    @Slot()
    def _on_project(self) -> None:
        """A project begins with the views one labels with."""
        self._show_contents(self.contents)
        if self.desk.project is not None:
            self._label_layout()

    @Slot()
    def _on_session(self) -> None:
        self.restore_bar.hide()
        self._label_layout()

    def _label_layout(self) -> None:
        """Show the views one labels with, unless they are there."""
        if "labels" in self.host.docks and self.host.docks["labels"].isHidden():
            self.layouts.show("Label")

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Open a project, or files and folders: motions replace the motion, recordings the recordings."""
        if len(paths) == 1 and is_project(paths[0]):
            self.projects.open(paths[0])
            return
        self.opener.open(paths)

    @property
    def busy(self) -> bool:
        """Whether a file is being opened."""
        return self.opener.busy

    @Slot(object)
    def _restore_work(self, remembered: dict[str, Any]) -> None:
        """Open what was open when the program died."""
        project = session.project_of(remembered)
        if project is None:
            self.opener.open_session(remembered)
        else:
            self.projects.open(*project)

    @Slot(str, object)
    def _on_opened(self, names: str, document: Document) -> None:
        self.error_bar.hide()
        self.restore_bar.hide()
        self.history.apply(Edit(f"Open {names}", lambda _: document))

    def show_document(self, document: Document) -> None:
        """Begin with a document; nothing before it can be undone."""
        self.history.apply(Edit("Open", lambda _: document))
        self.history.stack.clear()

    @Slot(object)
    def _on_shown(self, contents: Contents) -> None:
        new, old = contents.document, self.contents.document
        first_video = bool(new.videos) and not old.videos
        other_signals = (new.recordings, new.long, new.session_id) != (old.recordings, old.long, old.session_id)
        if contents.clip is not self.contents.clip or (contents.clip is None and (other_signals or first_video)):
            self.show_contents(contents)
        elif contents.span_s() != self.contents.span_s():
            self._show_contents(contents)
        else:
            self._hand_out(contents)
        other_session = bool(new.session_id) and new.session_id != old.session_id
        front = "video" if first_video else "body" if other_session and contents.clip and not new.videos else ""
        if front in self.host.docks:
            self.host.docks[front].show()
            self.host.docks[front].raise_()

    @Slot(object)
    def _on_refined(self, contents: Contents) -> None:
        self._hand_out(contents)
        if contents.note:
            self.show_error(contents.note)

    def _base(self) -> Base | None:
        return self.engine.base

    @Slot(int)
    def _on_history(self, _index: int) -> None:
        stack = self.history.stack
        for name, text in (("undo", stack.undoText()), ("redo", stack.redoText())):
            self.actions_by_name[name].setText(f"&{name.capitalize()} {text[:1].lower()}{text[1:]}".rstrip())
        keys = self.table.keys("undo")
        self.status.set_undo(stack.undoText(), keys[0] if keys else "Undo")
        self._tell_states()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Take files and folders."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Open what was dropped."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            if self.desk.read_only:
                self.open_paths(paths)
            else:
                QTimer.singleShot(0, self, partial(self._on_dropped, paths))  # the drag ends before a question is asked
        else:
            self.show_error("Only files on this computer can be dropped here.")

    def _on_dropped(self, paths: list[Path]) -> None:
        where = "open" if any(is_project(path) for path in paths) else self.projects.ask_where(paths)
        if where == "project":
            self.projects.import_paths(paths)
        elif where == "open":
            self.open_paths(paths)

    # ------------------------------------------------------------------ what went wrong

    def show_error(self, message: str) -> None:
        """Tell what went wrong; the window goes on living."""
        self.tell(message)

    def tell(self, message: str, details: str = "") -> None:
        """Tell what went wrong in the bar, and keep it in the list."""
        self.error_bar.show_error(message, details)
        self.log.add(message, details)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.tell(*describe(error))

    @Slot(object)
    def _on_not_opened(self, error: Exception) -> None:
        self._on_failed(error)
        self.exchange.offer_for(error, self.error_bar)

    @Slot(str, str)
    def _on_uncaught(self, message: str, details: str) -> None:
        self.tell(message, details)
        if self.guard is not None and details:
            self.guard.report(details)

    def _on_log(self) -> None:
        self.status.set_messages(len(self.log.messages))

    # ------------------------------------------------------------------ time

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
        whole = (self.clock.start_s, self.clock.end_s)
        self.clock.set_loop((self.selection.range or whole) if on else None)

    def _on_playing(self, playing: bool) -> None:
        action = self.actions_by_name["play"]
        action.setText("Pause" if playing else "&Play")
        self._play_icon()

    def _play_icon(self) -> None:
        name = "pause" if self.clock.playing else "play"
        self.actions_by_name["play"].setIcon(icon(name, self.theme, color=self.theme.on_accent))

    # ------------------------------------------------------------------ theme

    def set_theme(self, choice: str) -> None:
        """``"system"``, ``"light"`` or ``"dark"``, now and at the next start."""
        self._theme_choice = choice
        self.store.change(theme=choice)
        self._apply_theme()

    def _apply_theme(self) -> None:
        choice = self._theme_choice
        self.actions_by_name[f"theme_{choice}"].setChecked(True)
        self.theme = theme = load_theme(system_theme() if choice == "system" else choice)
        QApplication.setPalette(palette(theme))
        self.setStyleSheet(style_sheet(theme))
        self.table.set_theme(theme)
        self._play_icon()
        for view in (self.error_bar, self.next_step, self.empty, self.status, self.host, self.views, self.projects):
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
            self._apply_theme()

    # ------------------------------------------------------------------ life

    def _restore(self) -> None:
        value = self.store.value
        self.table.set_custom_keys(value.shortcuts)
        self.clock.set_speed(value.speed)
        self.set_less_drawing(value.less_drawing)
        if value.geometry:
            self.restoreGeometry(QByteArray(bytes.fromhex(value.geometry)))
        self.layouts.restore_last()
        if self.store.notice:
            self.tell(self.store.notice)

    def set_less_drawing(self, less: bool) -> None:
        """Tell the time less often while it runs."""
        self.clock.set_tick_ms(SLOW_TICK_MS if less else TICK_MS)

    def _remember(self) -> None:
        geometry = bytes(self.saveGeometry().data()).hex()
        last = self.projects.remembered()
        self.store.change(geometry=geometry, layout=self.host.state(), speed=self.clock.speed, last=last)

    def _remember_session(self) -> None:
        if self.guard is not None:
            self.guard.remember(session.to_dict(self.history.document))

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """On screen: the views behind tabs can be built now."""
        super().showEvent(event)
        self._reveal_bottom()
        self.views.start()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Stop everything, remember the geometry, leave no thread behind."""
        self.clock.pause()
        self._remember()
        self.host.release()
        self.hide()
        self._autosave.stop()
        self.jobs.stop()
        self.views.release()
        self.desk.release()
        self.hook.remove()
        if self.guard is not None:
            self.guard.release()
        super().closeEvent(event)
