"""`VideoFile`: what is known of a video without decoding it, above all when each frame is shown.

A video's own seconds are its presentation times as written in the file; the first frame need not
be at zero, and frames need not be evenly spaced. The times come from the packets, which takes
seconds for hours of video; the result is remembered as long as the file stays as it is.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import Cancelled, FileError
from m3n_studio.recordings.video.container import explained, opened, require_file
from m3n_studio.recordings.video.turn import Turn

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

Progress = Callable[[float], None]
MOST_FRAMES = 20_000_000
_REMEMBERED = 16
_EDGE_S = 1e-6  # a time this close below a frame's is that frame's: times are mapped back and forth
_LONG_GOP = 60
_LONG_GOP_S = 2.5
_TRIES = 256  # packets looked at for a first picture

_known: OrderedDict[tuple[str, int, int], VideoFile] = OrderedDict()


@dataclass(frozen=True, eq=False)
class VideoFile:
    """A video.

    Attributes
    ----------
    path : Path
    codec : str
    stored_size : (int, int)
        Width and height as coded, pixels.
    size : (int, int)
        Width and height as shown: turned, with square pixels.
    turn : Turn
    pixel_aspect : float
        Width of a stored pixel over its height.
    has_audio : bool
    time_base : Fraction
        Seconds per tick.
    pts : (N,) int64
        When each frame is shown, ticks, increasing.
    keys : (K,) int64
        Numbers of the frames decoding can start from, increasing.
    end_s : float
        When the last frame stops being shown, s.
    """

    path: Path
    codec: str
    stored_size: tuple[int, int]
    size: tuple[int, int]
    turn: Turn
    pixel_aspect: float
    has_audio: bool
    time_base: Fraction
    pts: NDArray[np.int64]
    keys: NDArray[np.int64]
    end_s: float

    def __post_init__(self) -> None:
        times = self.pts * (self.time_base.numerator / self.time_base.denominator)
        for array in (self.pts, self.keys, times):
            array.flags.writeable = False
        object.__setattr__(self, "_times", times)

    def __len__(self) -> int:
        return len(self.pts)

    @property
    def times_s(self) -> NDArray[np.float64]:
        """When each frame is shown, (N,) own s, increasing."""
        return self._times  # type: ignore[attr-defined,no-any-return]

    @property
    def start_s(self) -> float:
        """When the first frame is shown, own s."""
        return float(self.times_s[0])

    @property
    def duration_s(self) -> float:
        """From the first frame to the end of the last, s."""
        return self.end_s - self.start_s

    @property
    def rate_hz(self) -> float:
        """Frames per second, over the whole."""
        return len(self) / self.duration_s

    @property
    def frame_s(self) -> float:
        """How long a frame is shown, median, s."""
        return float(np.median(np.diff(self.times_s))) if len(self) > 1 else self.duration_s

    @property
    def variable_rate(self) -> bool:
        """Whether frames are unevenly spaced, beyond the rounding of their times."""
        gaps = np.diff(self.pts)
        return bool(len(gaps) and np.ptp(gaps) > max(2, 0.02 * float(np.median(gaps))))

    def number_at(self, time_s: float) -> int:
        """The frame shown at an own time: the last that began; before the first: the first."""
        return max(int(np.searchsorted(self.times_s, time_s + _EDGE_S, side="right")) - 1, 0)

    def key_before(self, number: int) -> int:
        """The frame decoding has to start from to reach a frame."""
        at = int(np.searchsorted(self.keys, number, side="right")) - 1
        return int(self.keys[at]) if at >= 0 else 0


def open_video(
    path: str | Path, *, progress: Progress | None = None, cancelled: Callable[[], bool] | None = None
) -> VideoFile:
    """Read what is known of a video.

    Parameters
    ----------
    path : str or Path
    progress : callable, optional
        Told the share of the file that is behind us, 0 to 1.
    cancelled : callable, optional
        Asked now and then whether to stop; then :class:`Cancelled` is raised.

    Raises
    ------
    FileError
        Not a video, damaged, without pictures, or beyond the bounds.
    """
    path = Path(path)
    require_file(path)
    with explained(path):
        stat = path.stat()
        mark = (str(path.resolve()), stat.st_mtime_ns, stat.st_size)
    if mark in _known:
        return _known[mark]
    with opened(path, threads=1) as (container, stream):
        first = _first_picture(path, container, stream)
        _refuse_untimed(path, container, stream)
    with opened(path, threads=1) as (container, stream):
        video = _read(path, container, stream, first, _Watch(stat.st_size, progress, cancelled))
    _known[mark] = video
    while len(_known) > _REMEMBERED:
        _known.popitem(last=False)
    return video


def seeks_badly(video: VideoFile) -> str:
    """Why jumping about in a video is slow; empty if it is not.

    Decoding starts at a key frame, so the longest stretch without one is what a jump may cost.
    """
    edges = np.append(video.keys, len(video))
    longest = int(np.diff(edges).max())
    seconds = float(np.diff(np.append(video.times_s[video.keys], video.end_s)).max())
    if video.keys[0] > 0:
        return "it does not begin with a frame that stands by itself"
    if longest > _LONG_GOP and seconds > _LONG_GOP_S:
        return f"up to {longest} frames ({seconds:.1f} s) depend on one another"
    return ""


class _Watch:
    """Tells how far reading is and whether it should stop."""

    def __init__(self, size: int, progress: Progress | None, cancelled: Callable[[], bool] | None) -> None:
        self._size, self._progress, self._cancelled, self._seen = max(size, 1), progress, cancelled, 0

    def packet(self, packet: Packet[Any]) -> None:
        self._seen += 1
        if self._seen % 512:
            return
        if self._cancelled is not None and self._cancelled():
            raise Cancelled("stopped")
        if self._progress is not None and packet.pos:
            self._progress(min(packet.pos / self._size, 1.0))


def _read(path: Path, container: InputContainer, stream: VideoStream, first: VideoFrame, watch: _Watch) -> VideoFile:
    turn, (width, height) = _turn(first), (first.width, first.height)
    base, codec = stream.time_base, stream.codec_context.name
    assert base is not None  # `open_stream` refuses it
    pts, keys, last = _packets(path, container, stream, watch)
    aspect = _aspect(stream)
    seen = turn.size(max(round(width * max(aspect, 1.0)), 1), max(round(height / min(aspect, 1.0)), 1))
    tail = last if 0 < last * base < 10 else (int(np.median(np.diff(pts))) if len(pts) > 1 else round(1 / 25 / base))
    return VideoFile(
        path=path, codec=codec, stored_size=(width, height), size=seen, turn=turn, pixel_aspect=aspect,
        has_audio=bool(container.streams.audio), time_base=base, pts=pts, keys=keys,
        end_s=float((int(pts[-1]) + max(tail, 1)) * base),
    )  # fmt: skip


def _first_picture(path: Path, container: InputContainer, stream: VideoStream) -> VideoFrame:
    """The first frame that decodes: proof that it can be, its true size and its display matrix."""
    import av

    error: Exception | None = None
    for tried, packet in enumerate(container.demux(stream)):
        try:
            for frame in packet.decode():
                return frame
        except av.FFmpegError as problem:
            error = problem
        if tried > _TRIES:
            break
    words = f" ({error})" if error else ""
    raise FileError(path, found=f"no picture could be decoded{words}", expected="an intact video file")


def _refuse_untimed(path: Path, container: InputContainer, stream: VideoStream) -> None:
    """AVI has no place for presentation times; frames stored out of order have none there."""
    if container.format.name == "avi" and stream.codec_context.has_b_frames:
        raise FileError(
            path, field="presentation times", found=f"none: {stream.codec_context.name} with B-frames in an AVI file",
            expected="a copy as .mp4 or .mkv made by the program that wrote it",
        )  # fmt: skip


def _turn(frame: VideoFrame) -> Turn:
    side: Any = frame.side_data
    for data in side:
        if data.type.name == "DISPLAYMATRIX":
            return Turn.from_matrix(bytes(data))
    return Turn()


def _aspect(stream: VideoStream) -> float:
    stated = stream.sample_aspect_ratio
    return float(stated) if stated and 0.1 < stated < 10 else 1.0


def _packets(
    path: Path, container: InputContainer, stream: VideoStream, watch: _Watch
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Sorted presentation times (ticks), the numbers of key frames, and the last frame's duration (ticks)."""
    hidden = _HIDDEN.get(stream.codec_context.name, _shown)
    pts: list[int] = []
    keys: list[int] = []
    last, ends = 0, -(1 << 62)
    for packet in container.demux(stream):
        watch.packet(packet)
        time = packet.pts if packet.pts is not None else packet.dts
        if time is None or not packet.size or packet.is_discard or hidden(packet):
            continue
        pts.append(time)
        if packet.is_keyframe:
            keys.append(time)
        if time > ends:
            ends, last = time, packet.duration or 0
        if len(pts) > MOST_FRAMES:
            raise FileError(path, field="frames", found=f"more than {MOST_FRAMES}", expected="at most as many")
    if not pts:
        raise FileError(path, field="frames", found="no times of frames", expected="an intact video file")
    times = np.unique(np.asarray(pts, dtype=np.int64))
    numbers = np.searchsorted(times, np.unique(np.asarray(keys, dtype=np.int64)))
    return times, numbers.astype(np.int64) if len(numbers) else np.zeros(1, dtype=np.int64), last


def _shown(packet: Packet[Any]) -> bool:
    return False


def _vp8_hidden(packet: Packet[Any]) -> bool:
    """VP8 keeps pictures that are only referred to in packets of their own."""
    return not bytes(memoryview(packet)[:1])[0] & 0x10


_HIDDEN: dict[str, Callable[[Packet[Any]], bool]] = {"vp8": _vp8_hidden}
