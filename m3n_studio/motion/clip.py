"""`Clip`: SMPL poses over time, with text. Frozen, y-up, metres, radians, seconds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from m3n_studio.body.shape import Shape
from m3n_studio.body.skeleton import N_JOINTS
from m3n_studio.errors import ValueProblem

Array = NDArray[np.float64]
GENDERS = ("neutral", "female", "male")


@dataclass(frozen=True)
class TextSegment:
    """What happens from `start_s` to `end_s` of a clip, in words; `kind` tells labels from sentences."""

    start_s: float
    end_s: float
    text: str
    kind: str = "label"


@dataclass(frozen=True)
class Source:
    """Where a clip came from: file, format, and what its reader found out or assumed."""

    path: str = ""
    format: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Clip:
    """A motion.

    Attributes
    ----------
    rate_hz : float
    poses : (T, 52, 3) float64, rad
        Rotation vectors, SMPL-H joint order; the pelvis' is the global orientation.
    trans : (T, 3) float64, m
        As in smplx: pelvis position = rest pelvis joint of the shape + trans. World y-up.
    shape : Shape
        The performer's, as far as known.
    gender : {"neutral", "female", "male"}
    texts : tuple of TextSegment
    source : Source
    valid : (T,) bool
        False in gaps. Poses there are finite but mean nothing; no derivative crosses them.
    """

    rate_hz: float
    poses: Array
    trans: Array
    shape: Shape = field(default_factory=Shape)
    gender: str = "neutral"
    texts: tuple[TextSegment, ...] = ()
    source: Source = field(default_factory=Source)
    valid: NDArray[np.bool_] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        poses = np.ascontiguousarray(self.poses, dtype=np.float64)
        trans = np.ascontiguousarray(self.trans, dtype=np.float64)
        valid = np.ones(len(poses), dtype=bool) if self.valid is None else np.array(self.valid, dtype=bool)
        if poses.ndim != 3 or poses.shape[1:] != (N_JOINTS, 3) or len(poses) < 1:
            raise ValueProblem(f"poses must be (T, {N_JOINTS}, 3) with T >= 1; found shape {poses.shape}")
        if trans.shape != (len(poses), 3) or valid.shape != (len(poses),):
            raise ValueProblem(
                f"trans must be ({len(poses)}, 3) and valid ({len(poses)},); found {trans.shape}, {valid.shape}"
            )
        if not (np.isfinite(poses).all() and np.isfinite(trans).all()):
            raise ValueProblem("poses and trans must be finite; mark gaps in valid instead")
        if not (np.isfinite(self.rate_hz) and 0.1 <= self.rate_hz <= 10_000):
            raise ValueProblem(f"rate_hz must be from 0.1 to 10000 Hz; found {self.rate_hz}")
        if self.gender not in GENDERS:
            raise ValueProblem(f"gender must be one of {GENDERS}; found {self.gender!r}")
        for name, array in (("poses", poses), ("trans", trans), ("valid", valid)):
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        object.__setattr__(self, "rate_hz", float(self.rate_hz))

    def __len__(self) -> int:
        return len(self.poses)

    @property
    def duration_s(self) -> float:
        """Time from the first to the last frame, s."""
        return (len(self.poses) - 1) / self.rate_hz

    @property
    def time_s(self) -> Array:
        """Time of every frame (T,), s, from 0."""
        return np.arange(len(self.poses)) / self.rate_hz

    def frame_at(self, time_s: float) -> int:
        """The frame nearest to a time, clipped to the clip."""
        return int(np.clip(round(time_s * self.rate_hz), 0, len(self.poses) - 1))

    def with_(self, **changes: object) -> Clip:
        """A copy with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


def runs(valid: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Half-open ranges [start, stop) of consecutive True samples in a mask (T,)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], valid, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
