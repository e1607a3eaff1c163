"""Made-up movement that can be evaluated at any time, for tests of alignment and fidelity."""

import numpy as np

from m3n_studio.recordings.signal import Signal


def movement(time_s, seed, axes=3):
    """Specific force and angular velocity (N, 3) at any times: eight incommensurate sines an axis.

    axes : how many of the three the body turns about.
    """
    rng = np.random.default_rng(seed)
    frequency, phase = rng.uniform(0.2, 3.5, (8, 3)), rng.uniform(0, 2 * np.pi, (8, 3))
    size = rng.normal(size=(8, 3)) / np.sqrt(frequency)
    angle = 2 * np.pi * frequency[:, None] * np.asarray(time_s)[None, :, None] + phase[:, None]
    gyr = (size[:, None] * np.sin(angle)).sum(axis=0)
    acc = (2 * size[:, None] * np.cos(angle)).sum(axis=0) + np.array([0.0, 9.81, 0.0])
    gyr[:, axes:] = 0.0
    return acc, gyr


def moving(name, seed, *, seconds=60.0, rate_hz=60.0, start_s=0.0, axes=3):
    """A signal of that movement on even times."""
    time_s = start_s + np.arange(int(seconds * rate_hz)) / rate_hz
    return Signal(name, time_s, *movement(time_s, seed, axes))


def observed(
    seed,
    *,
    seconds=60.0,
    rate_hz=100.0,
    start_s=0.0,
    offset_s=0.0,
    drift=0.0,
    R=None,
    bias=(0, 0, 0),
    noise=0.1,
    axes=3,
):
    """The movement as a real sensor with clock, mount, bias and noise of its own reads it.

    A sample at real time t is the movement at ``t (1 + drift) + offset_s``; the sensor's axes are
    such that R takes its vectors to the simulation's.
    """
    R = np.eye(3) if R is None else R
    rng = np.random.default_rng(1000 + seed)
    time_s = start_s + np.arange(int(seconds * rate_hz)) / rate_hz
    acc, gyr = movement(time_s * (1 + drift) + offset_s, seed, axes)
    shape = acc.shape
    return Signal("real", time_s, acc @ R + 3 * noise * rng.normal(size=shape),
                  gyr @ R + bias + noise * rng.normal(size=shape))  # fmt: skip
