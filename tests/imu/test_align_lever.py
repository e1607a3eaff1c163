"""A sensor strapped on elsewhere on the same rigid body tells where by what it feels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_studio.imu.align_lever import fit_lever
from m3n_studio.imu.settings import Settings
from m3n_studio.imu.simulate import simulate_trajectory
from m3n_studio.recordings.trajectory import Trajectory
from m3n_studio.so3 import matrix_from_quat, matrix_from_rotvec, quat_from_matrix

SETTINGS = Settings(bandwidth_hz=None)


def tumbling(seed=0, seconds=20.0, rate_hz=100.0, size=1.0):
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    frequency, phase = rng.uniform(0.2, 1.5, (2, 4, 3)), rng.uniform(0, 6, (2, 4, 3))
    wave = np.sin(2 * np.pi * frequency[:, :, None] * t[None, None, :, None] + phase[:, :, None]).sum(axis=1)
    return Trajectory("sensor", t, 0.1 * wave[0], quat_from_matrix(matrix_from_rotvec(0.5 * size * wave[1])))


def moved(trajectory, offset_m):
    there = trajectory.position_m + matrix_from_quat(trajectory.quat_wxyz) @ np.asarray(offset_m)
    return trajectory.with_(position_m=there)


OFFSETS = st.tuples(*[st.floats(-0.2, 0.2)] * 3)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 100), offset_m=OFFSETS)
def test_the_offset_is_found_to_a_millimetre(seed, offset_m):
    base = tumbling(seed)
    here, there = (simulate_trajectory(t, settings=SETTINGS) for t in (base, moved(base, offset_m)))
    fit = fit_lever(here, there)
    assert np.abs(fit.offset_m - offset_m).max() < 1e-3


def test_noise_widens_the_standard_error_around_the_truth():
    rng = np.random.default_rng(0)
    base, offset_m = tumbling(3), np.array([0.05, -0.12, 0.02])
    here, there = (simulate_trajectory(t, settings=SETTINGS) for t in (base, moved(base, offset_m)))
    fit = fit_lever(here, there.with_(acc_mps2=there.acc_mps2 + 0.5 * rng.normal(size=there.acc_mps2.shape)))
    assert (np.abs(fit.offset_m - offset_m) < 4 * fit.std_m + 1e-3).all()
    assert fit.confidence > 0.8
    felt = fit.apply(here)
    inside = felt.valid & there.valid
    assert np.abs(felt.acc_mps2 - there.acc_mps2)[inside].max() < 0.3


def test_without_turning_there_is_nothing_to_see():
    rng = np.random.default_rng(1)
    here = simulate_trajectory(tumbling(4, size=0.0), settings=SETTINGS)
    noisy = here.with_(acc_mps2=here.acc_mps2 + 0.1 * rng.normal(size=here.acc_mps2.shape))
    assert fit_lever(here, noisy).confidence == pytest.approx(0.0, abs=0.01)
