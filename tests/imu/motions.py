"""Motion that is known in closed form, and bodies to move: shared by the tests of the simulator."""

import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np

from m3n_studio import so3
from m3n_studio.body.files import default_body, load_body
from m3n_studio.body.shape import LIMBS, Shape
from m3n_studio.motion.clip import Clip
from m3n_studio.recordings.trajectory import Trajectory
from tests.bodies import write_body


@lru_cache
def official_body(family="smplh"):
    """A random body in the official layout, with pose blend shapes."""
    with tempfile.TemporaryDirectory() as folder:
        return load_body(write_body(Path(folder) / f"{family}_neutral.npz", family))


def free_body():
    """The body that ships with the program."""
    return default_body()


def waves(times, size, *, seed, amplitude, highest_hz=1.5):
    """Sums of four sinusoids (T, *size): smooth, random, known at any time."""
    rng = np.random.default_rng(seed)
    out = np.zeros((len(times), *size))
    for hz in np.linspace(0.2, highest_hz, 4):
        phase = rng.uniform(0, 2 * np.pi, size)
        share = rng.normal(size=size) * amplitude / 2
        out += share * np.sin(2 * np.pi * hz * times.reshape(-1, *[1] * len(size)) + phase)
    return out


def poses_at(times, seed=0):
    """Poses (T, 52, 3), rad, and translation (T, 3), m, of a lively body at any times."""
    poses = waves(times, (52, 3), seed=seed, amplitude=0.35)
    poses[:, 0, 1] += 0.7 * times
    return poses, waves(times, (3,), seed=seed + 1, amplitude=0.2) + times[:, None] * (0.4, 0.0, 1.1)


def lively_clip(rate_hz=100.0, duration_s=3.0, seed=0, start_s=0.0):
    """A clip of :func:`poses_at`."""
    times = start_s + np.arange(round(duration_s * rate_hz) + 1) / rate_hz
    return Clip(rate_hz, *poses_at(times, seed))


def lively_trajectory(rate_hz=100.0, duration_s=3.0, seed=0, start_s=0.0):
    """A tumbling sensor: position and orientation in closed form."""
    times = start_s + np.arange(round(duration_s * rate_hz) + 1) / rate_hz
    turns = so3.matrix_from_rotvec(waves(times, (3,), seed=seed + 7, amplitude=0.8))
    return Trajectory("imu", times, waves(times, (3,), seed=seed, amplitude=0.3), so3.quat_from_matrix(turns))


def random_shape(model, seed, *, scale=1.0):
    """A plausible random shape with every beta and every limb scale in play."""
    rng = np.random.default_rng(seed)
    vector = np.concatenate([rng.normal(size=model.n_betas), 0.05 * rng.normal(size=len(LIMBS))])
    return Shape.from_vector(model, vector, scale=scale)
