"""A copy of a video that seeks well: a key frame every half second, the same times, the same turn, the same sound."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from m3n_studio.atomic import atomic
from m3n_studio.errors import Cancelled, FileError, ValueProblem
from m3n_studio.recordings.video.container import explained, opened
from m3n_studio.recordings.video.index import Progress, VideoFile
from m3n_studio.recordings.video.turn import Turn

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

KEY_EVERY_S = 0.5
_SOUND_KEPT = ("aac", "mp3", "ac3", "eac3", "alac", "opus")
_MOST_RATE_HZ = 240.0


def reencode(
    video: VideoFile,
    path: str | Path,
    *,
    quality: int = 18,
    rate_hz: float | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Path:
    """Write an MP4 copy that seeks well. It appears whole or not at all.

    Parameters
    ----------
    video : VideoFile
    path : str or Path
        Ends in ``.mp4``; not the video itself.
    quality : int
        x264's constant rate factor: 0 (lossless) to 51; 18 is hard to tell from the original.
    rate_hz : float, optional
        Frames evenly spaced; each shows what was shown at its time. None: the times stay exactly what they are.
    """
    path = Path(path)
    _check(video, path, quality, rate_hz)
    with atomic(path) as part, explained(path):
        import av

        with opened(video.path) as (container, stream):
            sound = next(iter(container.streams.audio), None)
            with av.open(str(part), "w", format="mp4") as out:
                copy = _Copy(out, video, quality, rate_hz)
                audio = _sound(out, sound)
                for packet in container.demux(*([stream] if audio is None else [stream, sound])):
                    if packet.stream is stream:
                        for frame in _decoded(packet):
                            copy.add(frame)
                            _tell(copy, video, progress, cancelled)
                    elif audio is not None:
                        audio(packet)
                copy.finish()
                if audio is not None:
                    audio(None)
                if not copy.count:
                    raise FileError(video.path, found="no frame that can be decoded", expected="an intact file")
    return path


def _check(video: VideoFile, path: Path, quality: int, rate_hz: float | None) -> None:
    if path.suffix.lower() != ".mp4":
        raise ValueProblem(f"re-encode: expected a file ending in .mp4; found {path.name!r}")
    if path.exists() and path.samefile(video.path):
        raise ValueProblem(f"re-encode: {path.name!r} is the video itself; choose another name")
    if not 0 <= quality <= 51:
        raise ValueProblem(f"re-encode: quality is 0 to 51; found {quality}")
    if rate_hz is not None and not 1.0 <= rate_hz <= _MOST_RATE_HZ:
        raise ValueProblem(f"re-encode: rate is 1 to {_MOST_RATE_HZ:g} frames/s; found {rate_hz:g}")


def _decoded(packet: Any) -> list[VideoFrame]:
    import av

    try:
        return list(packet.decode())
    except av.InvalidDataError:
        return []


def _tell(copy: _Copy, video: VideoFile, progress: Progress | None, cancelled: Callable[[], bool] | None) -> None:
    if copy.seen % 16 == 0:
        if cancelled is not None and cancelled():
            raise Cancelled("stopped")
        if progress is not None:
            progress(min(copy.seen / len(video), 1.0))


class _Copy:
    """The pictures of the copy."""

    def __init__(self, out: OutputContainer, video: VideoFile, quality: int, rate_hz: float | None) -> None:
        width, height = video.stored_size
        self._out, self._video, self._rate = out, video, rate_hz
        self._base = video.time_base if rate_hz is None else 1 / Fraction(rate_hz).limit_denominator(1001)
        self._format = "yuv420p" if width % 2 == 0 and height % 2 == 0 else "yuv444p"
        rate = Fraction(rate_hz or min(max(video.rate_hz, 1.0), _MOST_RATE_HZ)).limit_denominator(1001)
        self.stream: VideoStream = out.add_stream("libx264", rate=rate)
        self.stream.width, self.stream.height, self.stream.pix_fmt = width, height, self._format
        self.stream.time_base = self.stream.codec_context.time_base = self._base
        self.stream.codec_context.gop_size = max(round(KEY_EVERY_S * float(rate)), 1)
        aspect = Fraction(video.pixel_aspect).limit_denominator(1000)
        self.stream.codec_context.sample_aspect_ratio = aspect
        self.stream.codec_context.options = {"crf": str(quality), "preset": "veryfast", "bf": "0"}
        if video.turn != Turn():
            self.stream.set_display_matrix(video.turn.matrix)
        self.seen = self.count = 0
        self._last = -(1 << 62)
        self._before: VideoFrame | None = None

    def add(self, frame: VideoFrame) -> None:
        """Take a decoded frame, in order."""
        self.seen += 1
        if frame.pts is None or frame.pts <= self._last:
            return
        self._last = frame.pts
        if self._rate is None:
            self._encode(frame, frame.pts)
        else:
            self._fill(frame.pts * self._video.time_base)
            self._before = frame

    def finish(self) -> None:
        """Write what is left."""
        if self._before is not None:
            self._fill(Fraction(self._video.end_s).limit_denominator(1_000_000))
        self._out.mux(self.stream.encode(None))

    def _fill(self, until_s: Fraction) -> None:
        """Show the frame before at every even time up to the next one's."""
        if self._before is None:
            self._tick = -int(-(until_s / self._base) // 1)  # the first even time it is shown at
            return
        while self._tick * self._base < until_s:
            self._encode(self._before, self._tick)
            self._tick += 1

    def _encode(self, frame: VideoFrame, pts: int) -> None:
        fresh = frame.reformat(*self._video.stored_size, format=self._format)
        fresh.pts, fresh.time_base = pts, self._base
        fresh.pict_type = 0
        self._out.mux(self.stream.encode(fresh))
        self.count += 1


def _sound(out: OutputContainer, sound: Any) -> Callable[[Any], None] | None:
    """What takes packets of sound (None at the end) into the copy; None where there is no sound."""
    if sound is None:
        return None
    if sound.codec_context is not None and sound.codec_context.name in _SOUND_KEPT:
        with suppress(Exception):
            return _kept(out, out.add_stream_from_template(sound))
    return _recoded(out, sound) if sound.codec_context is not None else None


def _kept(out: OutputContainer, copy: Any) -> Callable[[Any], None]:
    def take(packet: Any) -> None:
        if packet is not None and packet.dts is not None:
            packet.stream = copy
            out.mux(packet)

    return take


def _recoded(out: OutputContainer, sound: Any) -> Callable[[Any], None]:
    copy: Any = out.add_stream("aac", rate=sound.codec_context.sample_rate)
    copy.layout = sound.codec_context.layout.name

    def take(packet: Any) -> None:
        for frame in _decoded(packet) if packet is not None else ():
            out.mux(copy.encode(frame))
        if packet is None:
            out.mux(copy.encode(None))

    return take
