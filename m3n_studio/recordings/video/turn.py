"""`Turn`: how stored pictures are turned and mirrored before they are shown (a video's display matrix)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ONE = 1 << 16  # the matrix holds 16.16 fixed-point numbers
_BYTES = 36


@dataclass(frozen=True)
class Turn:
    """One of the eight ways a picture can lie.

    Attributes
    ----------
    transpose : bool
        Rows and columns change places, first.
    flip_x, flip_y : bool
        Then left and right, top and bottom.
    """

    transpose: bool = False
    flip_x: bool = False
    flip_y: bool = False

    @classmethod
    def from_matrix(cls, raw: bytes) -> Turn:
        """From a display matrix (nine int32), to the nearest quarter turn; damaged: not turned."""
        if len(raw) < _BYTES:
            return cls()
        a, b, _, c, d = (float(v) for v in np.frombuffer(raw[:20], "<i4"))
        if abs(b) + abs(c) > abs(a) + abs(d):
            return cls(True, c < 0, b < 0)
        return cls(False, a < 0, d < 0)

    @property
    def matrix(self) -> tuple[int, ...]:
        """The display matrix that says this, nine int32."""
        x, y = (-_ONE if self.flip_x else _ONE), (-_ONE if self.flip_y else _ONE)
        corner = (0, y, 0, x, 0) if self.transpose else (x, 0, 0, 0, y)
        return (*corner, 0, 0, 0, 1 << 30)

    @property
    def clockwise_deg(self) -> int:
        """By how much the picture is turned, 0, 90, 180 or 270; a mirrored one: before it is mirrored."""
        if self.transpose:
            return 90 if self.flip_x else 270
        return 180 if self.flip_y else 0

    @property
    def mirrored(self) -> bool:
        """Whether it is shown as in a mirror."""
        return self.transpose ^ self.flip_x ^ self.flip_y

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height after turning; its own inverse."""
        return (height, width) if self.transpose else (width, height)

    def apply(self, picture: NDArray[Any]) -> NDArray[Any]:
        """An (H, W, ...) picture as it is to be seen, contiguous."""
        if self.transpose:
            picture = picture.swapaxes(0, 1)
        if self.flip_x:
            picture = picture[:, ::-1]
        if self.flip_y:
            picture = picture[::-1]
        return np.ascontiguousarray(picture)
