"""Where sensors are on a moving body, for the picture: at the frame that is looked at, or over the whole clip.

A sensor's orientation does not depend on the body's shape and its position is affine in it
(:mod:`m3n_studio.imu.surface`), so a new shape costs a small product per sensor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from m3n_studio.body.model import BodyModel
from m3n_studio.body.shape import shape_space
from m3n_studio.studio.scene.bones import BoneTrack, Turns

if TYPE_CHECKING:
    from m3n_studio.imu.surface import Carrier, Placement

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SensorTrack:
    """Where a sensor is over a clip: p (T, 3), m, and R_ws (T, 3, 3), sensor to world."""

    name: str
    p: Array
    R_ws: Array

    def at(self, frame: int) -> Array:
        """Sensor to world (4, 4) at a frame."""
        frame = min(max(frame, 0), len(self.p) - 1)
        return _placed(self.p[frame], self.R_ws[frame])


class LiveSensor:
    """A sensor on a body, computed where it is asked for.

    Attributes
    ----------
    placement : Placement
    track : BoneTrack
    """

    def __init__(self, placement: Placement, track: BoneTrack) -> None:
        self.placement, self.track = placement, track

    @property
    def name(self) -> str:
        """Of the placement."""
        return self.placement.name

    def at(self, frame: int) -> Array:
        """Sensor to world (4, 4) at a frame."""
        track, model = self.track, self.track.model
        frame = track.clipped(frame)
        if model.pose_dirs is not None:
            return _placed(*(x[0] for x in self._follow(slice(frame, frame + 1), track.trans(frame)[None])))
        item = _carrier(model, self.placement)
        rotations = track.turns.at(frame)[item.joints]
        s = np.concatenate([[1.0], track.shape.vector(model)])
        R_ws = _orientation(track.turns, self.placement, frame)
        root = model.joints[0] + shape_space(model).joint_dirs[0] @ s[1:]
        reach = (rotations @ (item.terms @ s)[..., None])[..., 0].sum(axis=0)
        p = track.shape.scale * (root + reach) + track.trans(frame) + self.placement.offset_m * R_ws[:, 2]
        return _placed(p, R_ws)

    def _follow(self, part: slice, trans: Array) -> tuple[Array, Array]:
        from m3n_studio.imu.surface import follow

        track = self.track
        return follow(track.model, self.placement, track.clip.poses[part], trans, track.shape)

    @cached_property
    def _whole(self) -> tuple[Array, Array]:
        frames = np.arange(len(self.track))
        return self._follow(slice(None), np.array([self.track.trans(int(f)) for f in frames]))

    @property
    def p(self) -> Array:
        """Positions (T, 3), m, of the whole clip; computed when first asked for."""
        return self._whole[0]

    @property
    def R_ws(self) -> Array:  # noqa: N802
        """Sensor-to-world rotations (T, 3, 3) of the whole clip; computed when first asked for."""
        return self._whole[1]


def _placed(p: Array, R: Array) -> Array:
    out = np.eye(4)
    out[:3, :3], out[:3, 3] = R, p
    return out


@lru_cache(maxsize=256)
def _carrier(model: BodyModel, placement: Placement) -> Carrier:
    from m3n_studio.imu.surface import carrier

    return carrier(model, placement)


@lru_cache(maxsize=256)
def _orientation(turns: Turns, placement: Placement, frame: int) -> Array:
    """Sensor to world (3, 3): the same for every shape."""
    from m3n_studio import so3

    item = _carrier(turns.model, placement)
    blended = np.einsum("a,aij->ij", item.blend, turns.at(frame)[item.joints])
    if np.count_nonzero(item.blend) > 1:
        blended = so3.polar(blended[None])[0]
    return np.asarray(blended @ item.R_rest)


def unique_name(taken: Sequence[str], stem: str = "sensor") -> str:
    """``sensor_1``, or the first number that is free."""
    number = 1
    while f"{stem}_{number}" in taken:
        number += 1
    return f"{stem}_{number}"
