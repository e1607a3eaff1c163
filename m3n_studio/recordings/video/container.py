"""A stranger's video file opened with PyAV: only formats that hold video, only the file named, one kind of error.

Play lists and other formats that would open further files or addresses are not among the formats.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from m3n_studio.errors import FileError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

SUFFIXES = (
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv", ".ogv",
    ".3gp", ".mxf", ".gif",
)  # fmt: skip
MOST_PIXELS = 1 << 26  # 8192 x 8192
_DEMUXERS = "mov,matroska,webm,avi,mpegts,mpeg,asf,flv,ogg,mxf,gif"
_EXPECTED = "a video file such as .mp4, .mov, .mkv or .avi"
_OPTIONS = {"format_whitelist": _DEMUXERS, "protocol_whitelist": "file", "fflags": "+genpts"}


@contextmanager
def opened(path: str | Path, *, threads: int = 0) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Container and its video stream; closed afterwards. See :func:`open_stream`."""
    container, stream = open_stream(path, threads=threads)
    try:
        with explained(path):
            yield container, stream
    finally:
        container.close()


def open_stream(path: str | Path, *, threads: int = 0) -> tuple[InputContainer, VideoStream]:
    """Open a file and choose its video stream (a cover picture is none).

    threads : how many decode at once; 0: as many as are good for playing.

    Raises
    ------
    FileError
        No file, no video, or nothing that can be decoded here.
    """
    import av

    path = Path(path)
    require_file(path)
    with explained(path):
        container = av.open(f"file:{path}", "r", container_options=dict(_OPTIONS), metadata_errors="replace")
    try:
        with explained(path):
            stream = _choose(path, container)
            stream.thread_type = "AUTO" if threads != 1 else "NONE"
            stream.codec_context.thread_count = threads
    except BaseException:
        container.close()
        raise
    return container, stream


def require_file(path: Path) -> None:
    """`FileError` unless there is a file of that name."""
    if not path.is_file():
        found = "it is a folder" if path.is_dir() else "there is no such file"
        raise FileError(path, found=found, expected=_EXPECTED)


def _choose(path: Path, container: InputContainer) -> VideoStream:
    from av.stream import Disposition

    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not streams:
        has = "sound only" if container.streams.audio else "no pictures"
        raise FileError(path, found=f"it has {has}", expected=_EXPECTED)
    stream = streams[0]
    if stream.codec_context is None:
        raise FileError(path, field="codec", found="pictures in a code that cannot be decoded here")
    width, height = stream.codec_context.width, stream.codec_context.height
    if not 0 < width * height <= MOST_PIXELS:
        raise FileError(path, field="size", found=f"{width} x {height} pixels", expected=f"1 to {MOST_PIXELS} pixels")
    if not stream.time_base:
        raise FileError(path, field="time base", found="none", expected="a unit of presentation times")
    return stream


@contextmanager
def explained(path: str | Path) -> Iterator[None]:
    """Turn whatever PyAV raises about a file into one `FileError`."""
    import av

    try:
        yield
    except FileError:
        raise
    except (av.FFmpegError, OSError, ValueError, MemoryError, OverflowError, UnicodeError, ArithmeticError) as error:
        words = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise FileError(path, found=f"it cannot be read as video ({words})", expected=_EXPECTED) from error
