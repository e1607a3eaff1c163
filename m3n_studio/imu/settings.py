"""`Settings`: what a simulation may be told. Frozen, checked at the edge."""

from __future__ import annotations

import math
from dataclasses import dataclass

from m3n_studio.errors import UnknownName, ValueProblem
from m3n_studio.recordings.signal import GRAVITY_MPS2

ROOTS = ("scaled", "recorded")


@dataclass(frozen=True)
class Settings:
    """How to simulate.

    Attributes
    ----------
    rate_hz : float or None
        Rate of the output; None: the motion's.
    bandwidth_hz : float or None
        -3 dB of the zero-phase low-pass on the sensor-frame signal; None: no low-pass. See
        :mod:`m3n_studio.imu.derive` for what happens near the output rate.
    gravity_mps2 : float
        9.81; the paper uses 9.8.
    root : {"scaled", "recorded"}
        Whether another body's path is scaled by its leg height (:mod:`m3n_studio.motion.root`).
    """

    rate_hz: float | None = None
    bandwidth_hz: float | None = 12.0
    gravity_mps2: float = GRAVITY_MPS2
    root: str = "scaled"

    def __post_init__(self) -> None:
        if self.root not in ROOTS:
            raise UnknownName("root", self.root, ROOTS)
        if not math.isfinite(self.gravity_mps2):
            raise ValueProblem(f"gravity_mps2 must be a number; found {self.gravity_mps2}")
        for name, value in (("rate_hz", self.rate_hz), ("bandwidth_hz", self.bandwidth_hz)):
            if value is not None and not (math.isfinite(value) and value > 0):
                raise ValueProblem(f"{name} must be a positive number or None; found {value}")
