"""A hand-moved board with an IMU and optical pose: simulation against reality, axis by axis, no mount fitted.

The recordings' clock is 4.1 ms late against the optical system, the same in every trial; that is
fitted (:func:`fit_clock`). Both signals pass the same low-pass.
"""

import pytest

from m3n_studio.imu.align import align, fit_clock
from m3n_studio.imu.fidelity import compare
from m3n_studio.imu.settings import Settings
from m3n_studio.imu.simulate import simulate_trajectory
from m3n_studio.recordings.broad import read_trial
from tests.shared import ROOT, data_dir

TRIALS = sorted(path.name for path in (ROOT / "broad").glob("*.hdf5")) or ["absent"]
AXES = ("x", "y", "z")


@pytest.fixture(scope="module", params=TRIALS)
def trial(request):
    return read_trial(data_dir("broad") / request.param)


@pytest.fixture(scope="module")
def simulated(trial):
    return simulate_trajectory(trial.trajectory, settings=Settings(bandwidth_hz=None))


@pytest.mark.parametrize("lowpass_hz", [8.0, 10.0, 12.0])
def test_every_axis_of_both_sensors_follows_reality(trial, simulated, lowpass_hz):
    clock = align(simulated, trial.signal, ("clock",))
    report = compare(simulated, clock.corrected(trial.signal), lowpass_hz=lowpass_hz, where=trial.movement)
    assert report.seconds > 90
    for axis in AXES:
        assert report.row("acc", axis).r >= 0.979, report.text()
        assert report.row("gyr", axis).r >= 0.982, report.text()


def test_at_eight_hertz_it_follows_without_any_alignment_at_all(trial, simulated):
    report = compare(simulated, trial.signal, lowpass_hz=8.0, where=trial.movement)
    for axis in AXES:
        assert report.row("acc", axis).r >= 0.979, report.text()
        assert report.row("gyr", axis).r >= 0.982, report.text()


def test_the_clock_found_is_the_same_small_delay_in_every_trial(trial, simulated):
    fit = fit_clock(simulated, trial.signal)
    assert fit.offset_s == pytest.approx(-0.0041, abs=0.0005)
    assert abs(fit.drift) < 1e-5
    assert fit.confidence > 0.95


def test_the_mount_that_is_known_to_be_none_is_found_to_be_none(trial, simulated):
    alignment = align(simulated, trial.signal)
    turn = alignment.mount.R.trace()
    assert turn > 1 + 2 * 0.9994  # under 2 degrees
    assert alignment.gravity.state == "present"
    assert alignment.gravity.magnitude_mps2 == pytest.approx(9.81, abs=0.1)
