"""Videos that follow the clock, exact to the frame, and the tools that lay them on the signals' time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QDockWidget, QFileDialog, QMenu, QStackedWidget, QVBoxLayout, QWidget

from m3n_studio.errors import M3nError
from m3n_studio.recordings.signal import Signal as Recorded
from m3n_studio.recordings.video.container import SUFFIXES
from m3n_studio.recordings.video.track import VideoTrack
from m3n_studio.studio.core.actions import ActionSpec
from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label, push_button
from m3n_studio.studio.video import video_edits as edits
from m3n_studio.studio.video import video_work as work
from m3n_studio.studio.video.frame_server import FrameServer, Wish
from m3n_studio.studio.video.picture_pane import PicturePane
from m3n_studio.studio.video.sync_bar import SyncBar
from m3n_studio.studio.video.video_tools import VideoTools

if TYPE_CHECKING:
    from m3n_studio.recordings.video.decoder import Picture
    from m3n_studio.recordings.video.index import VideoFile

_FILTER = f"Videos ({' '.join(f'*{s}' for s in SUFFIXES)})"


class VideoView(QWidget):
    """The view."""

    def __init__(self, context: ViewContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._context, self._clock, self._theme = context, context.clock, context.theme
        self._contents = Contents()
        self._tracks: dict[str, VideoTrack] = {}
        self._files: dict[str, VideoFile] = {}
        self._opening: set[str] = set()
        self._problems: dict[str, str] = {}
        self._asked: dict[str, tuple[int, tuple[int, int]]] = {}
        self.panes: dict[str, PicturePane] = {}
        self.current, self.held = "", -1
        self.server = FrameServer(context.jobs, self)
        self.server.shown.connect(self._on_shown)
        self.server.failed.connect(self._on_decode_failed)
        self._build()
        self._clock.time_changed.connect(self._on_time)

    def _build(self) -> None:
        add = push_button("Add a video…", tip="Lay a video beside the signals")
        add.clicked.connect(self.ask_files)
        words = label("No video yet. Drop one into the window, or add it here.", style="muted")
        words.setWordWrap(True)
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        empty = QWidget()
        column = QVBoxLayout(empty)
        column.setContentsMargins(24, 24, 24, 24)
        column.addStretch(1)
        column.addWidget(words)
        column.addSpacing(8)
        column.addWidget(add, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)
        self.menu = QMenu(self)
        for text, slot in (
            ("&Add a video…", self.ask_files), ("&Begin at the time of the clock", self.begin_here),
            ("&Turn by a quarter", self.turn), ("&Fit the picture", self.fit),
            ("Remove the &sync points", self.remove_points), ("Make a &copy that seeks well…", self.ask_copy),
            ("&Remove this video", self.remove),
        ):  # fmt: skip
            self.menu.addAction(text).triggered.connect(slot)
        self.bar = SyncBar(self._theme, self.menu)
        self.bar.offset_edited.connect(self._on_offset)
        self.bar.offset_sealed.connect(self._context.seal)
        self.bar.hold_toggled.connect(self.hold)
        self.bar.point_wanted.connect(self.set_point)
        self.bar.claps_wanted.connect(self.find_claps)
        self.tools = VideoTools(self, self.bar, self._context)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(10, 10, 10, 10)
        layout.setSpacing(6)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._row.setSpacing(8)
        layout.addLayout(self._row, 1)
        layout.addWidget(self.bar)
        self.pages = QStackedWidget(self)
        self.pages.addWidget(empty)
        self.pages.addWidget(page)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(1, 1, 1, 1)
        outer.addWidget(self.pages)

    # ------------------------------------------------------------------ what is shown

    def set_contents(self, contents: Contents) -> None:
        """Show the videos of another document."""
        self._contents = contents
        before, tracks = list(self._tracks), {video.path: video for video in contents.document.videos}
        self._tracks = tracks
        for path in [p for p in before if p not in tracks]:
            self._forget(path)
        for track in tracks.values():
            self._take(track)
        if self.current not in tracks:
            self.current, self.held = next(iter(tracks), ""), -1
        self.pages.setCurrentIndex(1 if tracks else 0)
        if tracks and not before:
            self._come_forward()
        self._refresh()

    def _take(self, track: VideoTrack) -> None:
        path = track.path
        if path not in self.panes:
            pane = self.panes[path] = PicturePane(path, track.name, self._theme)
            pane.canvas.size_changed.connect(lambda: self._wish(path))
            pane.canvas.pressed.connect(lambda: self.choose(path))
            self._row.addWidget(pane, 1)
        if path not in self._files and path not in self._opening and path not in self._problems:
            self._opening.add(path)
            self._context.jobs.run(
                f"Reading {track.name}", lambda task: (path, _attempt(path, task)), done=self._on_file, quiet=True
            )

    def _forget(self, path: str) -> None:
        pane = self.panes.pop(path)
        self._row.removeWidget(pane)
        pane.hide()
        pane.deleteLater()
        self.server.forget(path)
        for store in (self._files, self._problems, self._asked):
            store.pop(path, None)
        self._opening.discard(path)

    @Slot(object)
    def _on_file(self, found: tuple[str, VideoFile | M3nError]) -> None:
        path, result = found
        self._opening.discard(path)
        if path not in self._tracks:
            return
        if isinstance(result, M3nError):
            self._problems[path] = str(result)
        else:
            self._files[path] = result
        self._refresh()

    def _come_forward(self) -> None:
        """The first video is to be seen: open the dock this view is in."""
        dock = self.parent()
        while dock is not None and not isinstance(dock, QDockWidget):
            dock = dock.parent()
        if dock is not None:
            dock.show()
            dock.raise_()

    def choose(self, path: str) -> None:
        """Work on another of the videos."""
        if path != self.current and path in self._tracks:
            self.current, self.held = path, -1
            self._refresh()

    def _refresh(self) -> None:
        for path in self._tracks:
            self._show_state(path)
            self._wish(path)
        track, file = self._tracks.get(self.current), self._files.get(self.current)
        self.bar.setEnabled(file is not None)
        if track is not None:
            frame_s = file.frame_s if file is not None else 0.04
            self.bar.show_track(track, frame_s, signals=bool(self._signals()), held=self.held >= 0)
        self.tools.refresh()

    def _show_state(self, path: str) -> None:
        pane, track, file = self.panes[path], self._tracks[path], self._files.get(path)
        message = self._problems.get(path, "" if file is not None else "Reading the video…")
        held, outside = path == self.current and self.held >= 0, self._outside(path)
        pane.set_note("held" if held else outside)
        pane.canvas.set_state(
            turns=track.quarter_turns, dim=bool(outside), message=message,
            marked=held or (path == self.current and len(self._tracks) > 1),
        )  # fmt: skip

    def _outside(self, path: str) -> str:
        if self.held >= 0 and path == self.current:
            return ""
        start, end = self._tracks[path].session_span_s
        return "before its beginning" if self._clock.time_s < start - 1e-6 else (
            "after its end" if self._clock.time_s >= end else ""
        )  # fmt: skip

    # ------------------------------------------------------------------ for the tools

    @property
    def file(self) -> VideoFile | None:
        """The video worked on; None where there is none, or it is not read yet."""
        return self._files.get(self.current)

    def has(self, path: str) -> bool:
        """Whether a video is still there."""
        return path in self._tracks

    def know(self, file: VideoFile) -> None:
        """Take a video that was read elsewhere."""
        self._files[str(file.path)] = file

    def find_claps(self) -> None:
        """Look in the background for where the video and the signals agree."""
        self.tools.find_claps(self._signals())

    def ask_copy(self) -> None:
        """Let the user say where a copy that seeks well should be."""
        self.tools.ask_copy()

    def _signals(self) -> tuple[Recorded, ...]:
        return self._contents.real or self._contents.simulated

    # ------------------------------------------------------------------ frames

    def number(self, path: str) -> int:
        """The frame a video should show now; -1 where it is not read yet."""
        file = self._files.get(path)
        if file is None:
            return -1
        if path == self.current and self.held >= 0:
            return self.held
        return file.number_at(self._tracks[path].time_map.to_own(self._clock.time_s))

    def _wish(self, path: str) -> None:
        file, pane = self._files.get(path), self.panes.get(path)
        if file is None or pane is None or not self.isVisible():
            return
        asked = (self.number(path), pane.canvas.wanted_size())
        if asked != self._asked.get(path):
            self._asked[path] = asked
            self.server.wish(Wish(file, *asked))

    @Slot(str, object)
    def _on_shown(self, path: str, picture: Picture) -> None:
        if path in self._tracks:
            self.panes[path].show_picture(picture)

    @Slot(str, str)
    def _on_decode_failed(self, path: str, message: str) -> None:
        if path in self._tracks:
            self._context.report(message)

    @Slot(float)
    def _on_time(self, _time_s: float) -> None:
        if self.isVisible():
            for path in self._tracks:
                self._show_state(path)
                self._wish(path)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Catch up with the clock."""
        super().showEvent(event)
        self._refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Pictures side by side where it is wide, else one above the other."""
        super().resizeEvent(event)
        wide = self.width() > 1.3 * self.height()
        self._row.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self.bar.set_theme(theme)
        for pane in self.panes.values():
            pane.canvas.set_theme(theme)

    # ------------------------------------------------------------------ stepping and laying in time

    def step(self, frames: int) -> None:
        """Go some frames of the current video on or back; a held one by itself, else the clock with it."""
        file, number = self._files.get(self.current), self.number(self.current)
        if file is None:
            return
        wanted = min(max(number + frames, 0), len(file) - 1)
        if self.held >= 0:
            self.held = wanted
            self._wish(self.current)
        else:
            self._clock.pause()
            own = float(file.times_s[wanted])
            self._clock.seek(self._tracks[self.current].time_map.to_session(own))

    def hold(self, on: bool) -> None:
        """Keep the frame shown while the clock moves; or follow the clock again."""
        self.held = self.number(self.current) if on else -1
        self._asked.pop(self.current, None)
        self._refresh()

    def toggle_hold(self) -> None:
        """Hold the frame, or let it go."""
        if self.current in self._files:
            self.hold(self.held < 0)

    def set_point(self) -> None:
        """Pin the frame shown to the time of the clock."""
        file = self._files.get(self.current)
        if file is None:
            return
        own, session = float(file.times_s[self.number(self.current)]), self._clock.time_s
        if self._change("Set sync point", lambda v: v.with_point(own, session)):
            self.hold(False)

    def begin_here(self) -> None:
        """Put the first frame at the time of the clock."""
        session = self._clock.time_s
        self._change("Begin the video here", lambda v: v.beginning_at(session))

    def remove_points(self) -> None:
        """Keep the place of the first sync point and forget all of them."""
        self._change("Remove sync points", VideoTrack.without_points)

    def turn(self) -> None:
        """Turn the current video clockwise by a quarter."""
        if self.current:
            self._context.edit(edits.turn_video(self.current))

    def fit(self) -> None:
        """Show the whole picture."""
        if self.current:
            self.panes[self.current].canvas.set_zoom(1.0)

    def remove(self) -> None:
        """Take the current video away."""
        if self.current:
            self._context.edit(edits.remove_video(self.current, self._tracks[self.current].name))

    def _on_offset(self, offset_s: float) -> None:
        track = self._tracks.get(self.current)
        if track is not None:
            by = offset_s - track.time_map.offset_s
            self._change("Move the video in time", lambda v: v.moved(by), merge="offset")

    def _change(self, words: str, change: Callable[[VideoTrack], VideoTrack], *, merge: str = "") -> bool:
        return bool(self.current) and self._context.edit(edits.change_video(self.current, words, change, merge=merge))

    # ------------------------------------------------------------------ files

    def ask_files(self) -> None:
        """Let the user choose videos."""
        names, _ = QFileDialog.getOpenFileNames(self, "Add videos", "", f"{_FILTER};;All files (*)")
        for name in names:
            self.add(Path(name))

    def add(self, path: Path) -> None:
        """Lay a video beside the signals, its first frame at their beginning."""
        name = str(path.absolute())
        self._context.jobs.run(
            f"Reading {path.name}",
            lambda task: work.read_index(name, task),
            done=self._on_added,
            failed=self._on_failed,
        )

    @Slot(object)
    def _on_added(self, file: VideoFile) -> None:
        path = str(file.path)
        self._files[path] = file
        start = self._clock.start_s if self._contents.clip is not None or self._signals() else 0.0
        if self._context.edit(edits.add_video(VideoTrack(path, (file.start_s, file.end_s)).beginning_at(start))):
            self.choose(path)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._context.report(str(error))


def _attempt(path: str, task: work.Task) -> VideoFile | M3nError:
    """The index of a video, or why there is none."""
    try:
        return work.read_index(path, task)
    except M3nError as error:
        return error


def build(context: ViewContext) -> VideoView:
    """The videos of a document."""
    view = VideoView(context)
    for spec, slot in (
        (ActionSpec("video.add", "Add &video…", "&File", ("Ctrl+Shift+V",), tip="Lay a video beside the signals"),
         view.ask_files),
        (ActionSpec("video.step_back", "Video frame b&ack", "&Playback", ("Alt+Left", "Alt+,"),
                    tip="One frame of the video back", needs="time", separator_before=True), lambda: view.step(-1)),
        (ActionSpec("video.step_forward", "Video frame f&orward", "&Playback", ("Alt+Right", "Alt+."),
                    tip="One frame of the video on", needs="time"), lambda: view.step(1)),
        (ActionSpec("video.hold", "&Hold the video frame", "&Edit", ("Ctrl+Shift+H",), needs="time",
                    tip="Keep the video frame while the clock moves, or let it go", separator_before=True),
         view.toggle_hold),
        (ActionSpec("video.sync_point", "Set video s&ync point here", "&Edit", ("Ctrl+Shift+Y",), needs="time",
                    tip="Pin the video frame shown to the time of the clock"), view.set_point),
        (ActionSpec("video.find_claps", "Find &claps in the video", "&Edit", needs="time",
                    tip="Lay the video where claps and movement agree with the signals"), view.find_claps),
    ):  # fmt: skip
        context.add_action(spec, slot)
    return view
