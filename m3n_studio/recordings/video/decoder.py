"""`Decoder`: exactly the frame shown at a time, forwards and backwards, from one thread.

Decoding runs from a key frame to the frame asked for. Frames decoded on the way are kept, the
oldest going first, within a bound of memory; so stepping back decodes a stretch once and then
takes its frames from memory. What a frame is called is decided by the presentation time the
decoder gives it, never by counting.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import FileError
from m3n_studio.recordings.video.container import explained, open_stream
from m3n_studio.recordings.video.index import VideoFile

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

CACHE_BYTES = 192 << 20
_RATHER_DECODE = 8  # frames that decode faster than a jump to the next key frame
_MOST_THREADS = 4


@dataclass(frozen=True, eq=False)
class Picture:
    """A frame as it is to be seen.

    Attributes
    ----------
    number : int
        From 0.
    time_s : float
        When it is first shown, own s.
    rgb : (H, W, 3) uint8
        Turned and with square pixels.
    """

    number: int
    time_s: float
    rgb: NDArray[np.uint8]


class Decoder:
    """Frames of a video. Used from one thread at a time; to be closed.

    Parameters
    ----------
    video : VideoFile
    cache_bytes : int
        Bound of the frames kept.
    """

    def __init__(self, video: VideoFile, *, cache_bytes: int = CACHE_BYTES) -> None:
        self.video = video
        self._most = cache_bytes
        self._kept: OrderedDict[int, VideoFrame] = OrderedDict()
        self._bytes = 0
        self._container: InputContainer
        self._stream: VideoStream
        self._frames: Iterator[VideoFrame] | None  # None: at the end
        self._last: int  # number of the frame decoded last
        self._open()

    def __enter__(self) -> Decoder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file and of the frames kept."""
        self._kept.clear()
        self._frames = None  # which lets go of the file before it is closed
        self._container.close()

    @property
    def kept_bytes(self) -> int:
        """Memory of the frames kept, about."""
        return self._bytes

    def at(self, time_s: float, size: tuple[int, int] | None = None) -> Picture:
        """The frame shown at an own time; before the first: the first. See :meth:`frame`."""
        return self.frame(self.video.number_at(time_s), size)

    def frame(self, number: int, size: tuple[int, int] | None = None) -> Picture:
        """A frame by number, clipped to those there are.

        Parameters
        ----------
        number : int
        size : (int, int), optional
            Width and height the picture has to fit in, pixels; its shape is kept, it is never
            enlarged. None: as large as it is.

        Raises
        ------
        FileError
            The file is damaged there or has gone.
        """
        number = min(max(number, 0), len(self.video) - 1)
        with explained(self.video.path):
            frame = self._kept.get(number) or self._reach(number)
            return self._picture(number, frame, size)

    def _reach(self, number: int) -> VideoFrame:
        key = self.video.key_before(number)
        if self._last < number and key - self._last <= _RATHER_DECODE and self._frames is not None:
            frame = self._go_on(number)
            if frame is not None:
                return frame
        while True:
            self._seek(key)
            frame = self._go_on(number)
            if frame is not None:
                return frame
            if key <= 0:
                break
            key = self.video.key_before(key - 1)
        self._container.close()
        self._open()  # some formats cannot jump to their very beginning
        frame = self._go_on(number)
        if frame is None:
            raise FileError(
                self.video.path, field=f"frame {number}", found="it cannot be decoded", expected="an intact file"
            )
        return frame

    def _open(self) -> None:
        threads = max(min(os.cpu_count() or 1, _MOST_THREADS), 1)
        self._container, self._stream = open_stream(self.video.path, threads=threads)
        self._frames = _decoded(self._container, self._stream)
        self._last = -1

    def _seek(self, key: int) -> None:
        self._container.seek(int(self.video.pts[key]), stream=self._stream)
        self._frames = _decoded(self._container, self._stream)
        self._last = -1

    def _go_on(self, number: int) -> VideoFrame | None:
        """Decode until a frame's time is reached; None if decoding began after it."""
        wanted = int(self.video.pts[number])
        before: VideoFrame | None = None
        for frame in self._frames or ():
            if frame.pts is None:
                continue
            at = self._keep(frame, frame.pts)
            if frame.pts == wanted:
                return frame
            if frame.pts > wanted:
                return before or self._kept.get(at - 1)
            before = frame
        self._frames = None  # the end; from here on it takes a seek
        return before

    def _keep(self, frame: VideoFrame, pts: int) -> int:
        number = int(np.searchsorted(self.video.pts, pts, side="right")) - 1
        self._last = number
        if number >= 0 and self.video.pts[number] == pts and number not in self._kept:
            self._kept[number] = frame
            self._bytes += _size(frame)
            while self._bytes > self._most and len(self._kept) > 1:
                self._bytes -= _size(self._kept.popitem(last=False)[1])
        return number

    def _picture(self, number: int, frame: VideoFrame, size: tuple[int, int] | None) -> Picture:
        width, height = self.video.size
        if size is not None:
            share = min(size[0] / width, size[1] / height, 1.0)
            width, height = max(round(width * share), 1), max(round(height * share), 1)
        stored = self.video.turn.size(width, height)
        rgb = frame.reformat(*stored, format="rgb24", interpolation="BILINEAR").to_ndarray()
        return Picture(
            number, float(self.video.times_s[number]), self.video.turn.apply(rgb.astype(np.uint8, copy=False))
        )


def _decoded(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    import av

    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.InvalidDataError:
            continue  # a damaged stretch shows the frame before it


def _size(frame: VideoFrame) -> int:
    return sum(plane.buffer_size for plane in frame.planes)
