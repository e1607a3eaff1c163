"""Comparison modes: each shows the published behaviour it is there to show."""

import numpy as np
import pytest

from m3n_studio import so3
from m3n_studio.errors import UnknownName
from m3n_studio.imu.settings import Settings
from m3n_studio.imu.simulate import simulate, simulate_trajectory
from m3n_studio.plugins import the_door
from m3n_studio.recordings.trajectory import Trajectory
from tests.imu.motions import free_body, lively_clip, lively_trajectory

MODES = ("exact", "transpose", "transpose_global", "imusim", "imusim_ideal", "wimusim")
UNFILTERED = Settings(bandwidth_hz=None)


def swing(hz, *, rate_hz=60.0, amplitude_mps2=1.0, noise_m=0.0, seconds=20):
    """A sensor that swings along x with a known acceleration amplitude and does not turn."""
    times = np.arange(int(seconds * rate_hz)) / rate_hz
    position = np.zeros((len(times), 3))
    position[:, 0] = amplitude_mps2 * np.sin(2 * np.pi * hz * times) / (2 * np.pi * hz) ** 2
    position += np.random.default_rng(0).normal(scale=noise_m, size=position.shape) if noise_m else 0.0
    return Trajectory("swing", times, position, np.tile([1.0, 0, 0, 0], (len(times), 1)))


def amplitude(signal):
    return np.sqrt(2) * signal.acc_mps2[signal.valid, 0].std()


def test_the_modes_come_through_the_door():
    assert [name for name, _ in the_door().all("simulation_mode")][: len(MODES)] == list(MODES)
    with pytest.raises(UnknownName, match="transpose"):
        simulate_trajectory(lively_trajectory(), mode="transpos")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("rate_hz", [None, 37.0])
def test_every_mode_does_clips_and_trajectories_at_any_rate(mode, rate_hz):
    how = Settings(rate_hz=rate_hz)
    signals = simulate(free_body(), lively_clip(60.0, 2.0), ["left_wrist", "chest"], mode=mode, settings=how)
    assert [s.name for s in signals] == ["left_wrist", "chest"]
    for signal in (*signals, simulate_trajectory(lively_trajectory(), mode=mode, settings=how)):
        assert 0.5 < signal.valid.mean() < 1.0
        if rate_hz:
            assert signal.rate_hz == pytest.approx(rate_hz)


@pytest.mark.parametrize("mode", [m for m in MODES if m != "transpose_global"])
def test_at_rest_every_mode_reads_g_up(mode):
    n = 200
    turn = so3.matrix_from_rotvec([0.3, -0.5, 1.0])
    still = Trajectory("s", np.arange(n) / 60, np.zeros((n, 3)), np.tile(so3.quat_from_matrix(turn), (n, 1)))
    signal = simulate_trajectory(still, mode=mode)
    tolerance = 1.5 if mode in ("imusim", "wimusim") else 1e-9  # those two add device errors
    assert np.abs(signal.acc_mps2[signal.valid].mean(axis=0) - turn.T @ (0, 9.81, 0)).max() < tolerance


def test_the_published_global_frame_has_no_gravity():
    n = 200
    still = Trajectory("s", np.arange(n) / 60, np.zeros((n, 3)), np.tile([1.0, 0, 0, 0], (n, 1)))
    assert np.allclose(simulate_trajectory(still, mode="transpose_global").acc_mps2, 0)


@pytest.mark.parametrize(("hz", "gain"), [(2.0, 0.94), (4.0, 0.79), (8.0, 0.35), (15.0, 0.0)])
def test_transposes_differences_attenuate_as_measured(hz, gain):
    assert amplitude(simulate_trajectory(swing(hz), mode="transpose")) == pytest.approx(gain, abs=0.01)
    assert amplitude(simulate_trajectory(swing(hz), settings=UNFILTERED)) == pytest.approx(1.0, abs=0.02)


def test_transpose_works_at_60_frames_whatever_the_motion_has():
    slow = simulate_trajectory(swing(2.0, rate_hz=30.0), mode="transpose")
    assert slow.rate_hz == pytest.approx(30.0, abs=0.1)
    assert amplitude(slow) == pytest.approx(0.94, abs=0.03)


@pytest.mark.parametrize(("mode", "sigma"), [("transpose", 0.56), ("wimusim", 2.2)])
def test_a_millimetre_of_noise_becomes_what_was_measured(mode, sigma):
    noisy = simulate_trajectory(swing(1.0, amplitude_mps2=1e-9, noise_m=1e-3), mode=mode)
    assert noisy.acc_mps2[noisy.valid, 0].std() == pytest.approx(sigma, rel=0.08)


def test_imusim_smooths_a_millimetre_of_noise_away_and_keeps_the_motion():
    noisy = swing(1.0, amplitude_mps2=8.0, noise_m=1e-3)
    clean = simulate_trajectory(swing(1.0, amplitude_mps2=8.0), settings=UNFILTERED)
    signal = simulate_trajectory(noisy, mode="imusim_ideal")
    both = signal.valid & clean.valid
    assert (signal.acc_mps2 - clean.acc_mps2)[both, 0].std() < 1.0
    assert np.corrcoef(signal.acc_mps2[both, 0], clean.acc_mps2[both, 0])[0, 1] > 0.98


def test_imusims_device_reads_in_12_bit_steps():
    signal = simulate_trajectory(lively_trajectory(), mode="imusim", seed=2)
    step = the_door().get("device", "orient3").acc.step
    readings = signal.acc_mps2[signal.valid] / step
    assert np.allclose(readings, np.round(readings), atol=1e-6)
    assert step == pytest.approx(12 * 9.80665 / 4096, rel=1e-4)


def test_wimusims_euler_rate_errs_by_about_a_tenth_at_ten_radians_a_second():
    times = np.arange(600) / 60
    axis = np.array([1, 1, 1]) / np.sqrt(3)
    quat = so3.continuous_quats(so3.quat_from_matrix(so3.matrix_from_rotvec(10.0 * times[:, None] * axis)))
    signal = simulate_trajectory(Trajectory("t", times, np.zeros((600, 3)), quat), mode="wimusim")
    error = np.linalg.norm(signal.gyr_radps[signal.valid].mean(axis=0) - 10 * axis) / 10
    assert 0.04 < error < 0.2
    exact = simulate_trajectory(Trajectory("t", times, np.zeros((600, 3)), quat))
    assert np.abs(exact.gyr_radps[exact.valid] - 10 * axis).max() < 1e-3


@pytest.mark.parametrize("mode", MODES)
def test_no_mode_reaches_across_a_gap(mode):
    whole = lively_trajectory(60.0, 4.0)
    valid = np.ones(len(whole), dtype=bool)
    valid[100:140] = False
    position = whole.position_m.copy()
    position[~valid] = 50.0
    signal = simulate_trajectory(whole.with_(position_m=position, valid=valid), mode=mode)
    assert not signal.valid[100:140].any()
    assert np.abs(signal.acc_mps2[signal.valid]).max() < 100


@pytest.mark.parametrize("mode", ["imusim", "wimusim"])
def test_noise_is_decided_by_the_seed(mode):
    one, again, other = (simulate_trajectory(lively_trajectory(), mode=mode, seed=s) for s in (1, 1, 2))
    assert np.array_equal(one.acc_mps2, again.acc_mps2)
    assert not np.array_equal(one.acc_mps2, other.acc_mps2)


@pytest.mark.parametrize("mode", MODES)
def test_however_short_the_motion_there_is_an_answer(mode):
    for n in range(1, 14):
        whole = lively_trajectory(60.0, 1.0)
        short = Trajectory("t", whole.time_s[:n], whole.position_m[:n], whole.quat_wxyz[:n])
        signal = simulate_trajectory(short, mode=mode, device="phone", settings=Settings(rate_hz=100.0))
        assert len(signal) >= 1
        assert signal.valid.sum() <= 2 * n
        clip = lively_clip(60.0, 1.0)
        clip = clip.with_(poses=clip.poses[:n], trans=clip.trans[:n], valid=None)
        assert len(simulate(free_body(), clip, ["chest"], mode=mode)[0]) == n


def test_a_missing_stretch_of_rows_is_a_gap_in_every_mode():
    whole = lively_trajectory(60.0, 4.0)
    keep = (whole.time_s < 1.5) | (whole.time_s > 2.5)
    holed = Trajectory("t", whole.time_s[keep], whole.position_m[keep], whole.quat_wxyz[keep])
    for mode in MODES:
        signal = simulate_trajectory(holed, mode=mode)
        assert not signal.valid[(signal.time_s > 1.5) & (signal.time_s < 2.5)].any()
        assert signal.valid[signal.time_s > 2.8].any()
