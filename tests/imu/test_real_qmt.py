"""Sixteen body segments: gyroscopes simulated from segment orientation, against the sensors on them.

The sensors' mounts are unknown and fitted. The orientations come half a sample before the
gyroscope's stamps (they are integrals), which the clock fit finds. There is no root translation,
so the accelerometer is only asked which way is up.
"""

import pytest

from m3n_studio.imu.align import align
from m3n_studio.imu.fidelity import compare
from m3n_studio.imu.settings import Settings
from m3n_studio.imu.simulate import simulate_trajectory
from m3n_studio.recordings import qmt
from tests.shared import data_dir

SEGMENTS = (
    "foot_left", "lower_leg_left", "upper_leg_left", "foot_right", "lower_leg_right", "upper_leg_right", "hip",
    "lower_back", "upper_back", "head", "hand_left", "forearm_left", "upper_arm_left", "hand_right", "forearm_right",
    "upper_arm_right",
)  # fmt: skip


@pytest.fixture(scope="module")
def recording():
    path = data_dir("qmt_full_body") / "full_body_example_data.mat"
    return {s.name: (t, s) for t, s in zip(qmt.read_trajectories(path), qmt.read(path), strict=True)}


def test_the_recording_has_all_segments(recording):
    assert tuple(recording) == SEGMENTS


@pytest.mark.parametrize("segment", SEGMENTS)
def test_the_gyroscope_follows_after_clock_and_mount_are_fitted(recording, segment):
    trajectory, real = recording[segment]
    simulated = simulate_trajectory(trajectory, settings=Settings(bandwidth_hz=None))
    alignment = align(simulated, real)
    report = compare(simulated, alignment.corrected(real), lowpass_hz=10.0)
    assert report.seconds > 95
    assert min(report.row("gyr", axis).r for axis in "xyz") >= 0.97, report.text()
    assert alignment.mount.confidence > 0.95
    assert alignment.gravity.state == "present"
    assert alignment.gravity.tilt_deg < 2.0


def test_the_orientation_runs_half_a_sample_ahead(recording):
    trajectory, real = recording["foot_left"]
    simulated = simulate_trajectory(trajectory, settings=Settings(bandwidth_hz=None))
    assert align(simulated, real, ("clock",)).clock.offset_s == pytest.approx(-0.005, abs=0.001)
