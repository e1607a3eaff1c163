"""Frames of all videos from one background thread; only the newest wish of each video is fulfilled.

A wish replaces the one before it that has not been begun, so a decoder that is slower than the
clock drops frames and never lags, and the window never waits. The thread ends, and
lets go of the files, when nothing has been wished for a while and when the window closes.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from threading import Condition
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from m3n_studio.errors import M3nError
from m3n_studio.studio.core.jobs import Jobs, Task

if TYPE_CHECKING:
    from m3n_studio.recordings.video.decoder import Decoder, Picture
    from m3n_studio.recordings.video.index import VideoFile

IDLE_S = 4.0
_LOOK_S = 0.05  # how often a waiting thread looks whether the window closes
_TOGETHER_BYTES = 256 << 20  # of frames kept, all decoders together


@dataclass(frozen=True, eq=False)
class Wish:
    """A frame of a video, by number, in a size to fit in (pixels)."""

    video: VideoFile
    number: int
    size: tuple[int, int]


class _Work:
    """What the background thread works on; Python's own, so that it may outlive the view for a moment."""

    def __init__(self) -> None:
        self.condition = Condition()
        self.wishes: OrderedDict[str, Wish] = OrderedDict()
        self.unwanted: set[str] = set()
        self.decoders: dict[str, Decoder] = {}
        self.running = False

    def next(self, task: Task) -> Wish | None:
        """The oldest wish; None when there was none for a while, or the window closes."""
        until = time.monotonic() + IDLE_S
        with self.condition:
            while not task.cancelled():
                self._drop_unwanted()
                if self.wishes:
                    return self.wishes.popitem(last=False)[1]
                if time.monotonic() > until:
                    break
                self.condition.wait(_LOOK_S)
            self.running = False
            self.close_decoders()
            return None

    def _drop_unwanted(self) -> None:
        while self.unwanted:
            decoder = self.decoders.pop(self.unwanted.pop(), None)
            if decoder is not None:
                decoder.close()

    def fulfil(self, wish: Wish) -> Picture:
        """Decode a frame."""
        from m3n_studio.recordings.video.decoder import Decoder

        path = str(wish.video.path)
        decoder = self.decoders.get(path)
        if decoder is None or decoder.video is not wish.video:
            if decoder is not None:
                decoder.close()
            share = _TOGETHER_BYTES // (len(self.decoders) + 1)
            decoder = self.decoders[path] = Decoder(wish.video, cache_bytes=share)
        return decoder.frame(wish.number, wish.size)

    def close_decoders(self) -> None:
        """Let go of the files."""
        for decoder in self.decoders.values():
            decoder.close()
        self.decoders.clear()


class FrameServer(QObject):
    """Fulfils wishes for frames.

    Signals
    -------
    shown : str, Picture
        Path of the video and the frame wished for last that could be decoded.
    failed : str, str
        Path of the video, and why.
    """

    shown = Signal(str, object)
    failed = Signal(str, str)
    _done = Signal()

    def __init__(self, jobs: Jobs, parent: QObject) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._work = _Work()
        self._results: OrderedDict[str, Picture | M3nError] = OrderedDict()
        self._done.connect(self._on_done)

    def wish(self, wish: Wish) -> None:
        """Ask for a frame; an earlier wish for the same video that has not been begun is forgotten."""
        work, path = self._work, str(wish.video.path)
        with work.condition:
            work.wishes[path] = wish
            work.unwanted.discard(path)
            start, work.running = not work.running, True
            work.condition.notify()
        if start:
            self._jobs.run("Decoding video", self._run, quiet=True)

    def forget(self, path: str) -> None:
        """Let go of a video."""
        work = self._work
        with work.condition:
            work.wishes.pop(path, None)
            work.unwanted.add(path)
            if not work.running:
                work._drop_unwanted()
            work.condition.notify()

    def _run(self, task: Task) -> None:
        """In the background thread."""
        work = self._work
        while (wish := work.next(task)) is not None:
            try:
                result: Picture | M3nError = work.fulfil(wish)
            except M3nError as error:
                result = error
            except Exception:
                work.running = False
                work.close_decoders()
                raise
            with work.condition:
                self._results[str(wish.video.path)] = result
            self._done.emit()

    @Slot()
    def _on_done(self) -> None:
        with self._work.condition:
            results = list(self._results.items())
            self._results.clear()
        for path, result in results:
            if isinstance(result, M3nError):
                self.failed.emit(path, str(result))
            else:
                self.shown.emit(path, result)
