"""Public recordings as they lie on disk are read whole, in SI units, with plausible gravity."""

from collections import Counter

import numpy as np
import pytest

from m3n_studio.errors import FileError
from m3n_studio.recordings import watch, xsens
from m3n_studio.recordings.formats import read_signals
from tests.shared import data_dir


def test_every_watch_recording_reads_with_its_labels():
    files = sorted(data_dir("sp_sw_har").glob("DATA/s*/*_sw.csv"))
    assert len(files) >= 70
    counts, gravity = Counter(), []
    for path in files:
        (signal,) = read_signals(path)
        assert signal.name == "watch"
        assert signal.valid.all()
        assert 80 < signal.rate_hz < 120
        gravity.append(float(np.median(np.linalg.norm(signal.acc_mps2, axis=1))))
        counts.update(segment.text for segment in watch.read_labels(path))
    assert len(counts) == 5
    assert np.median(gravity) == pytest.approx(9.81, abs=0.4)
    assert min(gravity) > 9.0
    assert max(gravity) < 11.0


def test_gaitmap_feet_stand_on_the_ground():
    left, right = read_signals(data_dir("gaitmap_foot") / "imu_sample.csv")
    for foot in (left, right):
        assert np.linalg.norm(foot.acc_mps2[:100].mean(axis=0)) == pytest.approx(9.81, abs=0.3)
        assert np.abs(foot.gyr_radps).max() < 30


def test_xsens_exports_read_or_say_what_they_lack():
    files = sorted((data_dir("xsens_mtw") / "Xsens").glob("*.txt"))
    assert len(files) >= 14
    for path in files:
        text = path.read_text()
        if "Gyr_X" in text and "Update Rate" in text:
            (signal,) = read_signals(path)
            assert np.linalg.norm(signal.acc_mps2[0]) == pytest.approx(9.81, abs=0.3)
        else:
            with pytest.raises(FileError, match=r"Gyr_X|Acc_X|update rate"):
                read_signals(path)


def test_the_gyroscope_of_a_thigh_is_what_its_orientation_says():
    from m3n_studio.imu.align import align
    from m3n_studio.imu.fidelity import compare
    from m3n_studio.imu.settings import Settings
    from m3n_studio.imu.simulate import simulate_trajectory

    path = data_dir("xsens_mtw") / "Xsens" / "MT_012005D6_031-000_00B421AF.txt"
    (real,) = read_signals(path)
    simulated = simulate_trajectory(xsens.read_trajectory(path), settings=Settings(bandwidth_hz=None))
    clock = align(simulated, real, ("clock",))
    assert clock.clock.offset_s == pytest.approx(-0.005, abs=0.001)  # half a sample: orientations are integrals
    report = compare(simulated, clock.corrected(real), lowpass_hz=10.0)
    assert min(report.row("gyr", axis).r for axis in "xyz") >= 0.998, report.text()
