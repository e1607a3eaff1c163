"""Feet that walk: three markers on each give its pose, an IMU on it what it feels."""

import numpy as np
import pytest

from m3n_studio.imu.align import align
from m3n_studio.imu.align_lever import fit_lever
from m3n_studio.imu.fidelity import compare
from m3n_studio.imu.settings import Settings
from m3n_studio.imu.simulate import simulate_trajectory
from m3n_studio.recordings import gaitmap
from tests.shared import data_dir


@pytest.fixture(scope="module", params=["left_sensor", "right_sensor"])
def foot(request):
    folder = data_dir("gaitmap_foot")
    real = {s.name: s for s in gaitmap.read(folder / "imu_sample.csv")}[request.param]
    trajectory = {t.name: t for t in gaitmap.read_trajectories(folder / "mocap_sample.csv")}[request.param]
    simulated = simulate_trajectory(trajectory, settings=Settings(bandwidth_hz=None))
    return simulated, real, align(simulated, real)


@pytest.mark.parametrize("lowpass_hz", [8.0, 10.0])
def test_the_magnitude_of_rotation_follows(foot, lowpass_hz):
    simulated, real, alignment = foot
    report = compare(simulated, alignment.corrected(real), lowpass_hz=lowpass_hz)
    assert report.seconds > 35
    assert report.row("gyr", "magnitude").r >= 0.98, report.text()


def test_the_axis_a_foot_swings_about_follows_best(foot):
    simulated, real, alignment = foot
    report = compare(simulated, alignment.corrected(real), lowpass_hz=10.0)
    assert max(report.row("gyr", axis).r for axis in "xyz") >= 0.995


def test_the_sensor_is_found_where_it_was_strapped_and_its_accelerometer_follows(foot):
    simulated, real, alignment = foot
    corrected = alignment.corrected(real)
    lever = fit_lever(simulated, corrected)
    assert lever.confidence > 0.5
    assert 0.03 < np.linalg.norm(lever.offset_m) < 0.15  # on the same shoe as the markers
    before = compare(simulated, corrected, lowpass_hz=10.0)
    after = compare(lever.apply(simulated), corrected, lowpass_hz=10.0)
    assert min(before.row("acc", axis).r for axis in "xyz") < 0.6
    assert min(after.row("acc", axis).r for axis in "xyz") > 0.85, after.text()
    assert after.row("acc", "magnitude").r > 0.97


def test_both_clocks_were_started_together(foot):
    _, _, alignment = foot
    assert alignment.clock.offset_s == pytest.approx(0.0, abs=0.002)
    assert alignment.clock.confidence > 0.95
    assert alignment.gravity.state == "present"
