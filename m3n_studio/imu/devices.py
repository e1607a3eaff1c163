"""Device error models: what a real sensor does to a perfect signal.

A device is a table of figures as data sheets give them; the presets are data in
``resources/devices.toml``, with the source of each figure beside it. The order of effects is
that of the hardware: bandwidth, scale and cross-axis error, bias and its walk, white noise,
quantisation, range. Draws are decided by the seed alone; nothing is drawn for ``ideal``.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import FileError, ValueProblem
from m3n_studio.imu import derive
from m3n_studio.motion.clip import runs
from m3n_studio.recordings.signal import Signal
from m3n_studio.resources import resource

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SensorErrors:
    """Errors of one triad; the unit u is m/s2 for an accelerometer, rad/s for a gyroscope.

    Attributes
    ----------
    noise_density : float, u/sqrt(Hz)
        One-sided, as in data sheets: the standard deviation at rate r is ``density sqrt(r / 2)``.
    bias_walk : float, u/s/sqrt(Hz)
        The bias is a Wiener process: after t seconds its standard deviation is ``walk sqrt(t)``.
    bias_std : float, u
        Standard deviation of each axis' constant bias.
    scale_error : float
        Each axis' gain is drawn evenly from 1 - this to 1 + this.
    cross_axis : float
        Each off-diagonal gain is drawn evenly from - this to + this.
    range : float, u
        Readings stop at plus and minus this; infinity for none.
    bits : int
        Resolution: one step is ``2 range / 2**bits``; 0 for none.
    bandwidth_hz : float
        -3 dB of the sensor's own low-pass; infinity for none.
    """

    noise_density: float = 0.0
    bias_walk: float = 0.0
    bias_std: float = 0.0
    scale_error: float = 0.0
    cross_axis: float = 0.0
    range: float = math.inf
    bits: int = 0
    bandwidth_hz: float = math.inf

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if not value >= 0:
                raise ValueProblem(f"{item.name} of a device must not be negative; found {value}")
        if self.range == 0 or self.bandwidth_hz == 0:
            raise ValueProblem("range and bandwidth_hz of a device must be positive")
        if self.bits and not math.isfinite(self.range):
            raise ValueProblem("a device with bits needs a finite range")

    @property
    def step(self) -> float:
        """Smallest difference between two readings, u; 0 for continuous."""
        return 2.0 * self.range / 2**self.bits if self.bits else 0.0


@dataclass(frozen=True)
class DeviceModel:
    """A device: its name, its title for people, its usual rate (Hz) and the errors of its triads."""

    name: str
    title: str
    rate_hz: float = 100.0
    acc: SensorErrors = field(default_factory=SensorErrors)
    gyr: SensorErrors = field(default_factory=SensorErrors)


def shipped_devices() -> tuple[DeviceModel, ...]:
    """The presets in ``resources/devices.toml``."""
    path = resource("devices.toml")
    try:
        with path.open("rb") as file:
            tables = tomllib.load(file)
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise FileError(path, found=f"it cannot be read ({error})", expected="the device presets") from error
    out = []
    for name, table in tables.items():
        try:
            triads = {triad: SensorErrors(**table.get(triad, {})) for triad in ("acc", "gyr")}
            out.append(DeviceModel(name, table["title"], float(table["rate_hz"]), **triads))
        except (TypeError, KeyError, ValueError) as error:
            raise FileError(path, field=name, found=str(error), expected="the fields of SensorErrors") from error
    return tuple(out)


def apply_device(signal: Signal, device: DeviceModel, seed: int = 0) -> Signal:
    """The signal as a device reports it; same times, same mask, samples outside the mask untouched."""
    acc_seed, gyr_seed = np.random.SeedSequence(seed).spawn(2)
    acc = _read(signal, signal.acc_mps2, device.acc, acc_seed)
    gyr = _read(signal, signal.gyr_radps, device.gyr, gyr_seed)
    return signal if acc is None and gyr is None else signal.with_(
        acc_mps2=signal.acc_mps2 if acc is None else acc,
        gyr_radps=signal.gyr_radps if gyr is None else gyr)  # fmt: skip


def gains(errors: SensorErrors, seed: np.random.SeedSequence) -> Array:
    """The matrix (3, 3) of scale and cross-axis gains a seed draws."""
    rng = np.random.default_rng(seed.spawn(1)[0])
    out = rng.uniform(-1.0, 1.0, (3, 3)) * errors.cross_axis
    np.fill_diagonal(out, 1.0 + rng.uniform(-1.0, 1.0, 3) * errors.scale_error)
    return np.asarray(out)


def _read(signal: Signal, values: Array, errors: SensorErrors, seed: np.random.SeedSequence) -> Array | None:
    """One triad's readings (N, 3), or None where the triad has no errors."""
    if errors == SensorErrors():
        return None
    rate = signal.rate_hz or 1.0
    out = np.array(values)
    if errors.bandwidth_hz < 0.45 * rate:
        for a, b in runs(signal.valid):
            out[a:b] = derive.lowpass(out[a:b], rate, errors.bandwidth_hz)
    out = out @ gains(errors, seed).T
    rng = np.random.default_rng(seed)
    out += rng.normal(size=3) * errors.bias_std
    if errors.bias_walk:
        steps = np.sqrt(np.diff(signal.time_s, prepend=signal.time_s[:1]))[:, None]
        out += np.cumsum(rng.normal(size=out.shape) * steps, axis=0) * errors.bias_walk
    if errors.noise_density:
        out += rng.normal(size=out.shape) * (errors.noise_density * math.sqrt(rate / 2.0))
    out = quantise(out, errors)
    return np.where(signal.valid[:, None], out, values)


def quantise(values: Array, errors: SensorErrors) -> Array:
    """Round to the converter's steps and stop at its range."""
    if errors.bits:
        values = np.round(values / errors.step) * errors.step
        return np.clip(values, -errors.range, errors.range - errors.step)
    return np.clip(values, -errors.range, errors.range)
