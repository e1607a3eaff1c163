"""What is drawn anew for every synthetic window: body, where and how the sensor sits, the device's errors.

Everything is drawn for a batch at once from one generator, so that a batch is decided by its seed.

Bodies are normal in the model's components (of unit variance over people) and in segment lengths
(3 %), cut off at 2.5 standard deviations, or of a stated population. The mounting turns the sensor
in its plane (about z, the outward normal), tilts it about an axis in that plane, and shifts it along
its own x axis, which lies along the limb. ``either_way`` adds half a turn to every other one.

A watch is worn with its axes in a known way, and gravity in them tells how the arm hangs. Measured
with sp_sw_har (pretrained for 25 epochs; a linear layer on frozen embeddings, 10 / 5 labels a class,
macro F1): turns up to 180 degrees teach nothing a random encoder has not (65.8 / 59.9 against 65.3 /
57.8), turns up to 15 degrees do (72.1 / 67.6). So 15 is the default; the preset `small` takes 5, which users
who validate liked a little better (docs/learning.md).

Device errors are those of :mod:`m3n_studio.imu.devices`, with the same presets: scale and
cross-axis gains, bias, white noise, steps and range. Left out: the bias' walk, which in a window of
seconds is a hundredth of the bias, and a bandwidth above the synthetic signals' own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from m3n_studio.body.model import BodyModel
from m3n_studio.body.shape import LIMBS
from m3n_studio.imu.devices import DeviceModel, SensorErrors
from m3n_studio.learning.config import BodiesConfig
from m3n_studio.plugins import the_door

if TYPE_CHECKING:
    from m3n_studio.imu.population import Population

Singles = NDArray[np.float32]
_LIMBS_STD, _LIMIT = 0.03, 2.5


@dataclass(frozen=True, eq=False)
class Draws:
    """Of a batch: body (B, S); shift (B, P, 3), m, sensor frame; mount (B, P, 3, 3), sensor to mounted frame."""

    body: Singles
    shift: Singles
    mount: Singles


def bodies(model: BodyModel, config: BodiesConfig, count: int, rng: np.random.Generator) -> Singles:
    """Shape vectors (count, S), zeros where bodies do not vary."""
    width = model.n_betas + len(LIMBS)
    if not config.vary_shape:
        return np.zeros((count, width), dtype=np.float32)
    if config.population:
        from m3n_studio.imu.population import draw

        vectors, _ = draw(model, _population(config.population, model), count, int(rng.integers(2**31)))
        return vectors.astype(np.float32)
    spread = np.repeat(np.array([1.0, _LIMBS_STD], dtype=np.float32), [model.n_betas, len(LIMBS)])
    return np.asarray(_cut_normal(rng, (count, width)) * spread, dtype=np.float32)


@lru_cache(maxsize=8)
def _population(name: str, model: BodyModel) -> Population:
    """Read once, so that a file edited meanwhile does not change a run."""
    from m3n_studio.imu.population_file import open_population

    return open_population(name, model)


def check(model: BodyModel, config: BodiesConfig) -> DeviceModel:
    """The device a configuration names; the population it names is there, too.

    Raises
    ------
    UnknownName, FileError
        Where it is not.
    """
    if config.population:
        _population(config.population, model)
    device: DeviceModel = the_door().get("device", config.device)
    return device


def _cut_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Singles:
    """Standard normal numbers without those beyond the limit, which are drawn again."""
    out = rng.standard_normal(shape, dtype=np.float32)
    beyond = np.abs(out) > _LIMIT
    while beyond.any():
        out[beyond] = rng.standard_normal(int(beyond.sum()), dtype=np.float32)
        beyond = np.abs(out) > _LIMIT
    return out


def mounts(config: BodiesConfig, count: int, places: int, rng: np.random.Generator) -> Singles:
    """Rotations (count, P, 3, 3) that take a vector from the placement's frame into the mounted sensor's."""
    shape = (count, places)
    turn = np.deg2rad(rng.uniform(-config.turn_deg, config.turn_deg, shape))
    if config.either_way:
        turn = turn + np.pi * rng.integers(0, 2, shape)
    tilt = np.deg2rad(rng.uniform(0.0, config.tilt_deg, shape))
    axis = rng.uniform(-np.pi, np.pi, shape)
    return np.asarray(_about_z(turn) @ _tilted(tilt, axis), dtype=np.float32)


def _about_z(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    c, s, o, i = np.cos(angle), np.sin(angle), np.zeros_like(angle), np.ones_like(angle)
    return np.stack([np.stack([c, s, o], -1), np.stack([-s, c, o], -1), np.stack([o, o, i], -1)], -2)


def _tilted(angle: NDArray[np.float64], axis: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotations by an angle about an axis in the x-y plane at an angle from x."""
    x, y, c, s = np.cos(axis), np.sin(axis), np.cos(angle), np.sin(angle)
    rest = 1.0 - c
    rows = ([c + x * x * rest, x * y * rest, y * s], [x * y * rest, c + y * y * rest, -x * s], [-y * s, x * s, c])
    return np.stack([np.stack(row, -1) for row in rows], -2)


def draw(model: BodyModel, config: BodiesConfig, count: int, places: int, rng: np.random.Generator) -> Draws:
    """Bodies and mountings of a batch."""
    shift = np.zeros((count, places, 3), dtype=np.float32)
    shift[..., 0] = rng.uniform(-config.shift_m, config.shift_m, (count, places))
    return Draws(bodies(model, config, count, rng), shift, mounts(config, count, places, rng))


def with_errors(
    acc: Singles, gyr: Singles, device: DeviceModel, rate_hz: float, rng: np.random.Generator
) -> tuple[Singles, Singles]:
    """Signals (B, P, T, 3) as devices of a kind report them, another device each window and placement."""
    return _read(acc, device.acc, rate_hz, rng), _read(gyr, device.gyr, rate_hz, rng)


def _read(values: Singles, errors: SensorErrors, rate_hz: float, rng: np.random.Generator) -> Singles:
    if errors == SensorErrors():
        return values
    many = values.shape[:2]
    gains = rng.uniform(-1.0, 1.0, (*many, 3, 3)) * errors.cross_axis
    gains[..., range(3), range(3)] = 1.0 + rng.uniform(-1.0, 1.0, (*many, 3)) * errors.scale_error
    out = values @ gains.transpose(0, 1, 3, 2).astype(np.float32)
    out += (rng.standard_normal((*many, 1, 3)) * errors.bias_std).astype(np.float32)
    if errors.noise_density:
        noise = np.float32(errors.noise_density * math.sqrt(rate_hz / 2.0))
        out += rng.standard_normal(out.shape, dtype=np.float32) * noise
    top = errors.range
    if errors.bits:
        step = np.float32(errors.step)
        np.round(out / step, out=out)
        out *= step
        top = errors.range - errors.step
    return np.clip(out, -errors.range, top, out=out) if math.isfinite(errors.range) else out
