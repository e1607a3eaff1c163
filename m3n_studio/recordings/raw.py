"""`RawSignal`: samples as a file has them, before anybody said whether they make a :class:`Signal`.

Times may stand still or run backwards and numbers may be missing; checks say so, remedies are
chosen by a person, and :meth:`RawSignal.signal` refuses what is still wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import FileError, ValueProblem
from m3n_studio.recordings.signal import Signal

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RawSignal:
    """One IMU's samples in SI units, unjudged.

    Attributes
    ----------
    name : str
    time_s : (N,) float64, s, as stored
    acc_mps2 : (N, 3) float64, m/s2
    gyr_radps : (N, 3) float64, rad/s
        NaN throughout where no gyroscope was recorded.
    path : Path
        For messages.
    """

    name: str
    time_s: Array
    acc_mps2: Array
    gyr_radps: Array
    path: Path = Path()

    def __post_init__(self) -> None:
        time_s = np.ascontiguousarray(self.time_s, dtype=np.float64)
        acc = np.ascontiguousarray(self.acc_mps2, dtype=np.float64)
        gyr = np.ascontiguousarray(self.gyr_radps, dtype=np.float64)
        n = len(time_s) if time_s.ndim == 1 else 0
        if n < 1 or acc.shape != (n, 3) or gyr.shape != (n, 3):
            raise ValueProblem(f"signal {self.name!r}: {time_s.shape} times, {acc.shape} and {gyr.shape} values")
        for name, array in (("time_s", time_s), ("acc_mps2", acc), ("gyr_radps", gyr)):
            object.__setattr__(self, name, array)

    def __len__(self) -> int:
        return len(self.time_s)

    @classmethod
    def of(cls, signal: Signal) -> RawSignal:
        """A signal as samples; what its mask leaves out is NaN."""
        keep = signal.valid[:, None]
        acc, gyr = np.where(keep, signal.acc_mps2, np.nan), np.where(keep, signal.gyr_radps, np.nan)
        return cls(signal.name, signal.time_s, acc, gyr)

    @property
    def has_gyr(self) -> bool:
        """Whether any angular velocity was recorded."""
        return bool(np.isfinite(self.gyr_radps).any())

    def with_(self, **changes: object) -> RawSignal:
        """A copy with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def take(self, keep: NDArray[np.bool_]) -> RawSignal:
        """The samples where `keep` (N,) is true."""
        if not keep.any():
            raise FileError(self.path, field=self.name, found="no sample left", expected="at least one")
        return self.with_(time_s=self.time_s[keep], acc_mps2=self.acc_mps2[keep], gyr_radps=self.gyr_radps[keep])

    def signal(self) -> Signal:
        """The same as a Signal; `FileError` where times do not increase. No gyroscope reads as zero."""
        times = self.time_s
        if not np.isfinite(times).all():
            raise FileError(
                self.path,
                field=f"sample {int(np.argmin(np.isfinite(times)))}",
                found="no time",
                expected="a time for every sample",
            )
        wrong = np.diff(times) <= 0
        if wrong.any():
            at = int(np.argmax(wrong)) + 1
            raise FileError(
                self.path,
                field=f"sample {at} of {self.name}",
                found=f"time {times[at]:.17g} s after {times[at - 1]:.17g} s",
                expected="times that increase; choose the remedy drop_repeated_times or drop_backward_times",
            )
        gyr = self.gyr_radps if self.has_gyr else np.zeros_like(self.gyr_radps)
        return Signal(self.name, times, self.acc_mps2, gyr)
