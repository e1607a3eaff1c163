"""Device errors: each figure of a data sheet shows up in the signal as the sheet means it."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import welch

from m3n_studio.errors import UnknownName, ValueProblem
from m3n_studio.imu import devices
from m3n_studio.imu.devices import DeviceModel, SensorErrors, apply_device, shipped_devices
from m3n_studio.imu.simulate import simulate_trajectory
from m3n_studio.plugins import the_door
from m3n_studio.recordings.signal import Signal
from tests.imu.motions import lively_trajectory


def still(n=20_000, rate_hz=100.0, acc=(0.0, 9.81, 0.0)):
    return Signal("s", np.arange(n) / rate_hz, np.tile(acc, (n, 1)), np.zeros((n, 3)))


def only(**figures):
    return DeviceModel("test", "test", acc=SensorErrors(**figures))


def test_the_presets_are_there_and_named():
    names = [d.name for d in shipped_devices()]
    assert names == ["ideal", "empatica_e4", "smartwatch", "phone", "xsens_mtw", "orient3"]
    assert [n for n, _ in the_door().all("device")][: len(names)] == names


def test_ideal_changes_nothing():
    signal = still(50)
    assert apply_device(signal, the_door().get("device", "ideal"), seed=3) is signal


@pytest.mark.parametrize("device", [d for d in shipped_devices() if d.name != "ideal"], ids=lambda d: d.name)
def test_a_seed_decides_everything_and_another_seed_is_another_device(device):
    signal = still(300, device.rate_hz)
    one, again, other = (apply_device(signal, device, seed=s) for s in (5, 5, 6))
    assert np.array_equal(one.acc_mps2, again.acc_mps2)
    assert np.array_equal(one.gyr_radps, again.gyr_radps)
    assert not np.array_equal(one.acc_mps2, other.acc_mps2)
    assert np.abs(one.acc_mps2 - signal.acc_mps2).max() < 3.0  # plausible, not absurd
    assert np.abs(one.gyr_radps).max() < 0.5


@pytest.mark.parametrize("rate_hz", [50.0, 200.0])
def test_the_noise_has_the_stated_density_at_every_frequency_and_rate(rate_hz):
    density = 2e-3
    noise = apply_device(still(60_000, rate_hz), only(noise_density=density), seed=1).acc_mps2 - (0, 9.81, 0)
    frequency, power = welch(noise, fs=rate_hz, nperseg=512, axis=0)
    assert np.sqrt(power[2:-2].mean()) == pytest.approx(density, rel=0.02)
    low = power[(frequency > 1) & (frequency < rate_hz / 8)].mean()
    assert low == pytest.approx(power[frequency > rate_hz / 3].mean(), rel=0.1)


def allan_deviation(values, rate_hz, cluster):
    means = values[: len(values) // cluster * cluster].reshape(-1, cluster, values.shape[1]).mean(axis=1)
    return np.sqrt(0.5 * (np.diff(means, axis=0) ** 2).mean())


def test_the_allan_deviation_falls_with_noise_and_rises_with_the_walk():
    rate_hz, density, walk = 100.0, 1e-2, 1e-3
    noise = apply_device(still(200_000, rate_hz), only(noise_density=density), seed=2).acc_mps2
    for cluster in (10, 100):  # one-sided density N: sigma(tau) = N / sqrt(2 tau)
        expected = density / math.sqrt(2 * cluster / rate_hz)
        assert allan_deviation(noise, rate_hz, cluster) == pytest.approx(expected, rel=0.1)
    drift = apply_device(still(400_000, rate_hz), only(bias_walk=walk), seed=3).acc_mps2
    for cluster in (1000, 4000):  # sigma(tau) = K sqrt(tau / 3)
        expected = walk * math.sqrt(cluster / rate_hz / 3)
        assert allan_deviation(drift, rate_hz, cluster) == pytest.approx(expected, rel=0.25)


def test_bias_is_constant_and_has_the_stated_spread_over_devices():
    biases = []
    for seed in range(300):
        error = apply_device(still(4), only(bias_std=0.2), seed=seed).acc_mps2 - (0, 9.81, 0)
        assert np.allclose(error, error[0])
        biases.append(error[0])
    assert np.std(biases) == pytest.approx(0.2, rel=0.1)
    assert abs(np.mean(biases)) < 0.03


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), scale=st.floats(0.001, 0.2), cross=st.floats(0.001, 0.2))
def test_scale_and_cross_axis_mix_the_axes_within_their_limits(seed, scale, cross):
    errors = SensorErrors(scale_error=scale, cross_axis=cross)
    matrix = np.stack(
        [apply_device(still(1, acc=axis), only(scale_error=scale, cross_axis=cross), seed=seed).acc_mps2[0]
         for axis in np.eye(3)], axis=1,
    )  # fmt: skip
    off = matrix - np.diag(np.diag(matrix))
    assert np.abs(np.diag(matrix) - 1).max() <= scale
    assert 0 < np.abs(off).max() <= cross
    assert devices.gains(errors, np.random.SeedSequence(seed)).shape == (3, 3)


def test_readings_fall_on_the_converters_steps_and_stop_at_its_range():
    e4 = the_door().get("device", "empatica_e4")
    ramp = np.linspace(-50, 50, 5000)
    signal = Signal("s", np.arange(5000) / 32, np.column_stack([ramp] * 3), np.zeros((5000, 3)))
    out = apply_device(signal, e4, seed=0).acc_mps2
    step = 9.80665 / 64  # the E4's unit: 1/64 g
    assert e4.acc.step == pytest.approx(step, rel=1e-5)
    assert np.allclose(out / e4.acc.step, np.round(out / e4.acc.step), atol=1e-9)
    assert out.max() == pytest.approx(2 * 9.80665 - step, rel=1e-5)
    assert out.min() == pytest.approx(-2 * 9.80665, rel=1e-5)
    assert len(np.unique(out[:, 0])) == 256


def test_range_without_steps_only_clips():
    values = np.array([[-9.0, 0.123456, 9.0]])
    assert np.array_equal(devices.quantise(values, SensorErrors(range=5.0)), [[-5.0, 0.123456, 5.0]])


def test_a_narrow_band_sensor_smooths():
    times = np.arange(2000) / 200
    wave = np.column_stack([np.sin(2 * np.pi * hz * times) for hz in (1, 10, 60)])
    out = apply_device(Signal("s", times, wave, 0 * wave), only(bandwidth_hz=10.0)).acc_mps2[200:-200]
    assert np.sqrt(2) * out.std(axis=0) == pytest.approx([1, math.sqrt(0.5), 0], abs=0.02)


def test_samples_outside_the_mask_are_left_alone():
    valid = np.ones(100, dtype=bool)
    valid[40:60] = False
    signal = still(100).with_(valid=valid)
    out = apply_device(signal, the_door().get("device", "phone"), seed=1)
    assert np.array_equal(out.valid, valid)
    assert np.array_equal(out.acc_mps2[40:60], signal.acc_mps2[40:60])
    assert (out.acc_mps2[:40] != signal.acc_mps2[:40]).all()


def test_simulate_takes_a_device_by_name():
    trajectory = lively_trajectory()
    clean = simulate_trajectory(trajectory)
    one = simulate_trajectory(trajectory, device="smartwatch", seed=1)
    again = simulate_trajectory(trajectory, device="smartwatch", seed=1)
    assert np.array_equal(one.acc_mps2, again.acc_mps2)
    assert 0.01 < np.abs(one.acc_mps2 - clean.acc_mps2)[clean.valid].max() < 2
    with pytest.raises(UnknownName, match="smartwatch"):
        simulate_trajectory(trajectory, device="smartwach")


@pytest.mark.parametrize("figures", [{"noise_density": -1.0}, {"range": 0.0}, {"bits": 8}, {"bias_std": math.nan}])
def test_impossible_figures_are_refused(figures):
    with pytest.raises(ValueProblem):
        SensorErrors(**figures)
