"""What takes a while and ends in a message: finding claps, and copies that seek well, for the video worked on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QFileDialog

from m3n_studio.recordings.signal import Signal as Recorded
from m3n_studio.recordings.video.track import VideoTrack
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.video import video_edits as edits
from m3n_studio.studio.video import video_work as work

if TYPE_CHECKING:
    from m3n_studio.recordings.video.index import VideoFile
    from m3n_studio.recordings.video.sync import Synchronised
    from m3n_studio.studio.video.sync_bar import SyncBar
    from m3n_studio.studio.video.video_view import VideoView

SURE = 0.5  # from this confidence on, what was found is taken at once


class VideoTools(QObject):
    """Jobs about the current video of a view, and the message above its tools."""

    def __init__(self, view: VideoView, bar: SyncBar, context: ViewContext) -> None:
        super().__init__(view)
        self._view, self._bar, self._context = view, bar, context
        self._accept: Callable[[], None] | None = None
        self._about = ""  # the video the message is about; empty: there is none, or it is the offer of a copy
        self._dismissed: set[str] = set()
        bar.notice_accepted.connect(self._on_accepted)
        bar.notice_dismissed.connect(self._on_dismissed)

    # ------------------------------------------------------------------ the message

    def refresh(self) -> None:
        """Offer a copy where the current video seeks badly, unless something else is being said about it."""
        from m3n_studio.recordings.video.index import seeks_badly

        path, file = self._view.current, self._view.file
        if self._about and self._about == path:
            return
        self._about = ""
        why = seeks_badly(file) if file is not None and path not in self._dismissed else ""
        self._accept = self.ask_copy if why else None
        self._bar.show_notice(
            f"Jumping about in this video is slow: {why}." if why else "", "Make a copy…",
            "Write a copy with a key frame every half second and show it instead",
        )  # fmt: skip

    def _say(self, path: str, words: str, accept: Callable[[], None] | None = None) -> None:
        self._about, self._accept = path, accept
        self._bar.show_notice(words, "Use it" if accept else "", "Lay the video there; undo takes it back")

    def _on_accepted(self) -> None:
        accept, self._about = self._accept, ""
        if accept is not None:
            accept()
        self.refresh()

    def _on_dismissed(self) -> None:
        if not self._about:
            self._dismissed.add(self._view.current)
        self._about = ""
        self.refresh()

    # ------------------------------------------------------------------ claps

    def find_claps(self, signals: tuple[Recorded, ...]) -> None:
        """Look in the background for where the current video and the signals agree."""
        file = self._view.file
        if file is None or not signals:
            self._context.report("Finding claps needs a video and signals; open a recording first.")
            return
        self._context.jobs.run(
            f"Finding claps in {file.path.name}", lambda task: work.find_claps(file, signals, task),
            done=self._on_claps, failed=self._on_failed, key="video-claps",
        )  # fmt: skip

    @Slot(object)
    def _on_claps(self, result: tuple[str, Synchronised]) -> None:
        path, found = result
        if not self._view.has(path):
            return

        def take() -> None:
            self._context.edit(edits.change_video(path, "Lay the video by claps", lambda v: _laid(v, found)))

        self._view.choose(path)
        place = f"{found.remark} (confidence {found.confidence:.0%}, ± {found.within_s * 1e3:.0f} ms)."
        if found.confidence >= SURE:
            self._say(path, f"Laid by {found.method}: {place}")
            take()
        else:
            offset = f"{found.time_map.offset_s:+.3f} s".replace("-", "−")
            self._say(path, f"Not sure enough to move the video. Best guess: offset {offset}; {place}", take)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._context.report(str(error))

    # ------------------------------------------------------------------ a copy that seeks well

    def ask_copy(self) -> None:
        """Let the user say where a copy that seeks well should be."""
        file = self._view.file
        if file is None:
            return
        proposed = str(file.path.with_name(f"{file.path.stem}-seeks.mp4"))
        name, _ = QFileDialog.getSaveFileName(self._view, "Make a copy that seeks well", proposed, "MP4 video (*.mp4)")
        if name:
            self.make_copy(Path(name).with_suffix(".mp4"))

    def make_copy(self, path: Path) -> None:
        """Write a copy of the current video in the background and show it in its place."""
        file = self._view.file
        if file is None:
            return
        self._context.jobs.run(
            f"Copying {file.path.name}", lambda task: work.make_copy(file, path, task), done=self._on_copy,
            failed=self._on_failed, key="video-copy",
        )  # fmt: skip

    @Slot(object)
    def _on_copy(self, result: tuple[str, VideoFile]) -> None:
        path, copy = result
        if self._view.has(path):
            self._view.know(copy)
            self._context.edit(edits.replace_file(path, str(copy.path), (copy.start_s, copy.end_s)))
            self._view.choose(str(copy.path))


def _laid(track: VideoTrack, found: Synchronised) -> VideoTrack:
    """A video laid as was found. What was found is a line near its pairs, so they are no sync points."""
    return replace(track, time_map=found.time_map, points=())
