"""Predictions kept in the project's folder, a file a piece, so that what was computed once is there at once. No Qt.

``cache/predictions/<session and run>/<checkpoints, recordings, settings>/<first window>.piece``: a line of JSON
that says what it is, then float32 numbers. A file that is not exactly what is expected (another version, size, digest)
counts as not there. The folder may be deleted at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from m3n_studio.atomic import atomic

FORMAT, VERSION = "m3n-studio predicted piece", 1
Singles = NDArray[np.float32]
_LONGEST_HEAD = 4096
_ENDING = ".piece"


@dataclass(frozen=True)
class Shapes:
    """What a piece of n windows holds: models M, classes C, tokens, experts E.

    Probabilities (M, n, C), gates (M, n, tokens, E), parts of logits (M, n, E, C).
    """

    models: int
    classes: int
    tokens: int
    experts: int

    def of(self, windows: int) -> tuple[tuple[int, ...], ...]:
        """Shapes of the three arrays."""
        m, n = self.models, windows
        return (m, n, self.classes), (m, n, self.tokens, self.experts), (m, n, self.experts, self.classes)


class PredictionCache:
    """The pieces of one prediction.

    Parameters
    ----------
    project : Path or None
        The project's folder; None keeps nothing.
    session, run : str
        Whose prediction it is.
    key : str
        Of all that decides its values.
    shapes : Shapes
    writes : bool
        Whether new pieces are kept.
    """

    def __init__(
        self, project: Path | None, session: str, run: str, key: str, shapes: Shapes, *, writes: bool = True
    ) -> None:  # fmt: skip
        self.key, self.shapes, self.writes = key, shapes, writes
        home = None if project is None else project / "cache" / "predictions" / _short(f"{session}\0{run}")
        self.folder = None if home is None else home / _short(key)

    def read(self, first: int, windows: int) -> tuple[Singles, ...] | None:
        """A piece, or None where it is not there or not as it should be."""
        if self.folder is None:
            return None
        shapes = self.shapes.of(windows)
        size = 4 * sum(math.prod(s) for s in shapes)
        try:
            path = self.folder / f"{first}{_ENDING}"
            if not size < path.stat().st_size <= size + _LONGEST_HEAD:
                return None
            head, _, body = path.read_bytes().partition(b"\n")
            told = json.loads(head)
        except (OSError, ValueError, RecursionError):
            return None
        if told != self._head(first, windows, body) or len(body) != size:
            return None
        values = np.frombuffer(body, dtype="<f4").astype(np.float32)
        if not np.isfinite(values).all():
            return None
        edges = np.cumsum([0, *(math.prod(s) for s in shapes)])
        return tuple(values[a:b].reshape(s) for a, b, s in zip(edges, edges[1:], shapes, strict=False))

    def write(self, first: int, arrays: tuple[Singles, ...]) -> None:
        """Keep a piece; where that cannot be done nothing is kept, and nothing is lost but time."""
        if self.folder is None or not self.writes:
            return
        body = b"".join(np.ascontiguousarray(a, dtype="<f4").tobytes() for a in arrays)
        head = json.dumps(self._head(first, arrays[0].shape[1], body), separators=(",", ":")).encode()
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            with atomic(self.folder / f"{first}{_ENDING}") as part:
                part.write_bytes(head + b"\n" + body)

    def tidy(self) -> None:
        """Drop the pieces of other checkpoints of the same run in the same session."""
        if self.folder is None or not self.writes or not self.folder.parent.is_dir():
            return
        for other in self.folder.parent.iterdir():
            if other.name == self.folder.name or other.is_symlink() or not other.is_dir():
                continue
            with contextlib.suppress(OSError):
                for path in other.glob(f"*{_ENDING}"):
                    path.unlink()
                other.rmdir()

    def _head(self, first: int, windows: int, body: bytes) -> dict[str, object]:
        shapes = [list(s) for s in self.shapes.of(windows)]
        return {"format": FORMAT, "version": VERSION, "key": self.key, "first": first, "shapes": shapes,
                "sha256": hashlib.sha256(body).hexdigest()}  # fmt: skip


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]
