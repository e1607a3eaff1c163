"""`Signal`: what one IMU reads, simulated or real. Frozen; SI units in the sensor's own frame."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from m3n_studio.recordings.series import checked, freeze

Array = NDArray[np.float64]
GRAVITY_MPS2 = 9.81


@dataclass(frozen=True, eq=False)
class Signal:
    """Accelerometer and gyroscope over time.

    Attributes
    ----------
    name : str
        The placement or sensor, e.g. ``"left_wrist"``.
    time_s : (N,) float64, s
        Increasing. Irregular samples keep their times.
    acc_mps2 : (N, 3) float64, m/s2
        Specific force in the sensor frame: at rest +g up.
    gyr_radps : (N, 3) float64, rad/s
        Angular velocity in the sensor frame.
    valid : (N,) bool
        False where the sample means nothing (gaps, edges of a derivative). Values there are
        finite zeros or best guesses; every comparison leaves them out.
    """

    name: str
    time_s: Array
    acc_mps2: Array
    gyr_radps: Array
    valid: NDArray[np.bool_] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        time_s = np.ascontiguousarray(self.time_s, dtype=np.float64)
        acc = np.array(self.acc_mps2, dtype=np.float64)
        gyr = np.array(self.gyr_radps, dtype=np.float64)
        values = {"accelerations": (acc, 3), "angular velocities": (gyr, 3)}
        valid = checked(f"signal {self.name!r}", time_s, values, self.valid)
        bad = ~(np.isfinite(acc).all(axis=1) & np.isfinite(gyr).all(axis=1))
        acc[bad] = 0.0
        gyr[bad] = 0.0
        freeze(self, time_s=time_s, acc_mps2=acc, gyr_radps=gyr, valid=valid & ~bad)

    def __len__(self) -> int:
        return len(self.time_s)

    @property
    def rate_hz(self) -> float:
        """Median sampling rate, Hz."""
        return 1.0 / float(np.median(np.diff(self.time_s))) if len(self.time_s) > 1 else 0.0

    def with_(self, **changes: object) -> Signal:
        """A copy with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]
