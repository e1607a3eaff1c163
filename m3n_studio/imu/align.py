"""A real recording brought onto a simulation's clock, axes and gravity.

Three fits, each a frozen value with its own confidence, each open to being overruled:
:func:`fit_clock` (offset and drift), :func:`fit_mount` (constant rotation and gyroscope bias),
:func:`fit_gravity` (whether the accelerometer feels gravity, and which way up). An
:class:`Alignment` holds the three and applies them; raw recordings are never changed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from m3n_studio import so3
from m3n_studio.errors import UnknownName, ValueProblem
from m3n_studio.imu.align_clock import ClockFit, fit_clock
from m3n_studio.imu.align_mount import GravityFit, MountFit, fit_gravity, fit_mount, on_reference_clock
from m3n_studio.imu.sampling import evened, resampled
from m3n_studio.recordings.signal import Signal

__all__ = [
    "PARTS", "Alignment", "ClockFit", "GravityFit", "MountFit", "align", "fit_clock", "fit_gravity", "fit_mount",
]  # fmt: skip

Array = NDArray[np.float64]
PARTS = ("clock", "mount", "gravity")


@dataclass(frozen=True)
class Alignment:
    """What was found or stated; None for a part that was neither: that part changes nothing."""

    clock: ClockFit | None = None
    mount: MountFit | None = None
    gravity: GravityFit | None = None
    notes: tuple[str, ...] = field(default=())

    def with_clock(self, *, offset_s: float, drift: float = 0.0) -> Alignment:
        """The alignment with the clock a person states; its confidence is 1."""
        if not (np.isfinite(offset_s) and np.isfinite(drift) and drift > -1.0):
            raise ValueProblem(f"offset and drift must be finite, drift above -1; found {offset_s}, {drift}")
        return replace(self, clock=ClockFit(float(offset_s), float(drift), 1.0, 0.0, 0.0, 0.0))

    def with_mount(self, R: ArrayLike, *, gyr_bias_radps: ArrayLike = (0.0, 0.0, 0.0)) -> Alignment:
        """The alignment with the rotation (3, 3), real to simulated frame, that a person states."""
        matrix, bias = np.array(R, dtype=np.float64), np.array(gyr_bias_radps, dtype=np.float64)
        if (
            matrix.shape != (3, 3)
            or not np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-4)
            or np.linalg.det(matrix) < 0
        ):
            raise ValueProblem("a mount must be a 3 x 3 rotation matrix")
        return replace(self, mount=MountFit(so3.polar(matrix), 1.0, 0.0, 0.0, bias))

    def with_gravity(self, state: str) -> Alignment:
        """The alignment with gravity "present", "inverted" or "absent", as a person states."""
        states = ("present", "inverted", "absent")
        if state not in states:
            raise UnknownName("state of gravity", state, states)
        return replace(self, gravity=replace(self.gravity or GravityFit(), state=state, confidence=1.0))

    def corrected(self, real: Signal) -> Signal:
        """The real samples themselves, on the simulation's clock and axes: nothing is resampled."""
        acc, gyr = real.acc_mps2, real.gyr_radps
        if self.gravity is not None:
            acc = acc * self.gravity.sign
        if self.mount is not None:
            acc, gyr = acc @ self.mount.R.T, (gyr - self.mount.gyr_bias_radps) @ self.mount.R.T
        return on_reference_clock(real.with_(acc_mps2=acc, gyr_radps=gyr), self.clock)

    def apply(self, real: Signal, onto: Signal) -> Signal:
        """The real signal at the times of `onto`, in its frame; masked where there is none.

        Where `onto` has the lower rate the real signal is low-passed to 0.45 of that first.
        """
        return resampled(evened(self.corrected(real)), onto.time_s)

    def to_dict(self) -> dict[str, object]:
        """Plain numbers and lists, for JSON; parts that are None are left out."""
        out: dict[str, object] = {}
        for name in PARTS:
            fit = getattr(self, name)
            if fit is not None:
                out[name] = {key: _plain(value) for key, value in vars(fit).items()}
        return out

    def text(self) -> str:
        """One line a part, with its confidence."""
        lines = []
        if self.clock is not None:
            lines.append(f"clock    offset {self.clock.offset_s:+.4f} s, drift {self.clock.drift * 6e4:+.2f} ms/min,"
                         f" confidence {self.clock.confidence:.2f}")  # fmt: skip
        if self.mount is not None:
            turn = float(np.rad2deg(np.linalg.norm(so3.rotvec_from_matrix(self.mount.R))))
            lines.append(f"mount    turned by {turn:.1f}°, {self.mount.residual_deg:.1f}° left,"
                         f" confidence {self.mount.confidence:.2f}")  # fmt: skip
        if self.gravity is not None:
            lines.append(f"gravity  {self.gravity.state}, {self.gravity.magnitude_mps2:.2f} m/s² at rest,"
                         f" {self.gravity.tilt_deg:.1f}° off, confidence {self.gravity.confidence:.2f}")  # fmt: skip
        return "\n".join(lines)


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray):
        return value.tolist()
    return None if isinstance(value, float) and not np.isfinite(value) else value


def align(
    simulated: Signal, real: Signal, parts: Collection[str] = PARTS, *, max_offset_s: float | None = None
) -> Alignment:
    """Fit the parts asked for, each on top of the ones before: clock, then mount, then gravity.

    Parameters
    ----------
    parts : collection of {"clock", "mount", "gravity"}
    max_offset_s : float, optional
        Passed to :func:`fit_clock`.
    """
    for part in parts:
        if part not in PARTS:
            raise UnknownName("part of an alignment", part, PARTS)
    clock = fit_clock(simulated, real, max_offset_s=max_offset_s) if "clock" in parts else None
    mount = fit_mount(simulated, real, clock=clock) if "mount" in parts else None
    gravity = fit_gravity(simulated, real, clock=clock, mount=mount) if "gravity" in parts else None
    return Alignment(clock, mount, gravity)
