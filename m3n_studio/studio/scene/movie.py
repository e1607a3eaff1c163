"""Pictures one after another into a film (MP4 through PyAV) or numbered PNG files. No Qt.

H.264 where the library has an encoder for it, else MPEG-4 part 2, which every player knows.
"""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import FileError, M3nError

Picture = NDArray[np.uint8]

_CODECS: tuple[tuple[str, dict[str, str]], ...] = (
    ("libx264", {"crf": "18", "preset": "veryfast"}),
    ("libopenh264", {}),
    ("mpeg4", {"qscale": "3"}),
)


class Sink(Protocol):
    """Takes pictures (H, W, 3 or 4) uint8, all of one size; :meth:`close` makes the result appear."""

    def add(self, picture: Picture) -> None:
        """One more picture."""

    def close(self, *, keep: bool = True) -> None:
        """Finish; nothing is left where ``keep`` is False."""


class Film:
    """An MP4 that appears when it is closed, whole or not at all.

    Parameters
    ----------
    rate_hz : float
        Pictures per second.
    """

    def __init__(self, path: str | Path, rate_hz: float) -> None:
        self.path, self.count = Path(path), 0
        self._rate = Fraction(rate_hz).limit_denominator(1000)
        if not self.path.parent.is_dir():
            raise FileError(self.path, found="there is no such folder", expected="a folder that is there")
        with tempfile.NamedTemporaryFile(
            prefix=f".{self.path.name}.", suffix=".part.mp4", dir=self.path.parent, delete=False
        ) as file:
            self._part = Path(file.name)
        self._container: Any = None
        self._stream: Any = None

    def _open(self, width: int, height: int) -> None:
        import av

        self._container = av.open(str(self._part), "w", format="mp4")
        for name, options in _CODECS:
            if name not in av.codecs_available:
                continue
            try:
                self._stream = self._container.add_stream(name, rate=self._rate, options=options)
            except (av.FFmpegError, ValueError):
                continue
            self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
            return
        raise M3nError("no encoder for films is installed; save PNG pictures instead")

    def add(self, picture: Picture) -> None:
        """One more picture; an odd row or column is left out, as films have even sizes."""
        import av

        height, width = (n - n % 2 for n in picture.shape[:2])
        if self._stream is None:
            self._open(width, height)
        if (self._stream.width, self._stream.height) != (width, height):
            raise M3nError("the window changed its size while it was filmed; film it again and leave its size alone")
        rgb = np.ascontiguousarray(picture[:height, :width, :3])
        for packet in self._stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")):
            self._container.mux(packet)
        self.count += 1

    def close(self, *, keep: bool = True) -> None:
        """Finish the file, or leave none."""
        try:
            if self._stream is not None and keep:
                for packet in self._stream.encode():
                    self._container.mux(packet)
            if self._container is not None:
                self._container.close()
                self._container = None
            if keep and self.count:
                self._part.replace(self.path)
        finally:
            self._part.unlink(missing_ok=True)

    def __enter__(self) -> Film:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close(keep=kind is None)


class Stills:
    """PNG files ``name_0001.png`` … beside the path asked for."""

    def __init__(self, path: str | Path) -> None:
        self.path, self.written = Path(path), list[Path]()
        if not self.path.parent.is_dir():
            raise FileError(self.path, found="there is no such folder", expected="a folder that is there")

    def add(self, picture: Picture) -> None:
        """One more file."""
        target = self.path.with_name(f"{self.path.stem}_{len(self.written) + 1:04d}.png")
        write_png(target, picture)
        self.written.append(target)

    def close(self, *, keep: bool = True) -> None:
        """Nothing to finish; takes the files away again where they are not wanted."""
        for target in [] if keep else self.written:
            target.unlink(missing_ok=True)


def sink_for(path: str | Path, rate_hz: float) -> Sink:
    """A film for a name that ends in .mp4, else numbered PNG files."""
    return Film(path, rate_hz) if Path(path).suffix.lower() == ".mp4" else Stills(path)


def write_png(path: Path, picture: Picture) -> None:
    """Write a picture (H, W, 3 or 4) uint8 as PNG."""
    import struct
    import zlib

    height, width, channels = picture.shape
    rows = np.zeros((height, 1 + width * channels), dtype=np.uint8)
    rows[:, 1:] = picture.reshape(height, -1)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 6 if channels == 4 else 2, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows.tobytes(), 6)), chunk(b"IEND", b""))
    from m3n_studio.atomic import atomic

    try:
        with atomic(path) as temporary:
            temporary.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    except OSError as error:
        raise FileError(path, found=f"it could not be written ({error})", expected="a folder one may write in") from (
            error
        )


def transparent(on_black: Picture, on_white: Picture) -> Picture:
    """A see-through picture (H, W, 4) from one scene on black and on white: alpha is what white does not change."""
    black, white = on_black[..., :3].astype(np.float32), on_white[..., :3].astype(np.float32)
    alpha = np.clip(255.0 - (white - black).max(axis=2), 0.0, 255.0)
    share = np.maximum(alpha, 1.0)[..., None] / 255.0
    return np.concatenate([np.clip(black / share, 0, 255), alpha[..., None]], axis=2).round().astype(np.uint8)
