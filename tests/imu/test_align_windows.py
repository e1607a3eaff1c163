"""The clock window by window: on the line where the clock is straight, off it where it is not, and where."""

import numpy as np
import pytest

from m3n_studio.errors import M3nError
from m3n_studio.imu.align_clock import ClockFit, fit_clock
from m3n_studio.imu.align_windows import clock_windows
from m3n_studio.recordings.signal import Signal

from .movement import movement, moving, observed

SEED = 3


def bent(warp, *, seconds=240.0, rate_hz=100.0):
    """A recording whose sample at t is the movement at `warp(t)`."""
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    return Signal("real", t, *movement(warp(t), SEED))


@pytest.fixture(scope="module")
def simulated():
    return moving("sim", SEED, seconds=240.0)


@pytest.mark.parametrize(("offset", "drift"), [(0.0, 0.0), (3.2, 4e-4), (-1.7, -1e-3)])
def test_a_straight_clock_is_on_its_line(simulated, offset, drift):
    real = observed(SEED, seconds=230.0, offset_s=offset, drift=drift)
    found = clock_windows(simulated, real, fit_clock(simulated, real))
    assert len(found.time_s) >= 10
    at_own = (found.time_s - offset) / (1 + drift)
    np.testing.assert_allclose(found.offset_s, found.time_s - at_own, atol=0.002)
    assert np.abs(found.left_s).max() < 0.002
    assert found.scatter_s < 0.001
    assert not found.outlier.any()


def test_a_clock_that_bends_is_followed(simulated):
    def warp(t):
        return t + 0.05 * np.sin(2 * np.pi * t / 240.0)

    real = bent(warp)
    found = clock_windows(simulated, real, fit_clock(simulated, real))
    own = np.interp(found.time_s, warp(real.time_s), real.time_s)
    np.testing.assert_allclose(found.offset_s, found.time_s - own, atol=0.004)
    assert found.scatter_s > 0.008  # one straight line does not fit, and that is seen
    assert not found.outlier.any()


def test_one_window_that_jumps_is_marked(simulated):
    def warp(t):
        return np.where((t > 100.0) & (t < 120.0), t + 0.06, t)

    found = clock_windows(simulated, bent(warp), ClockFit())
    assert found.outlier.sum() == 1
    at = int(np.flatnonzero(found.outlier)[0])
    assert abs(found.time_s[at] - 110.0) < 11.0
    assert found.left_s[at] == pytest.approx(0.06, abs=0.005)
    assert found.scatter_s < 0.002  # the others are not blamed for it


def test_without_a_fit_the_offset_itself_is_found(simulated):
    found = clock_windows(simulated, observed(SEED, seconds=120.0, offset_s=0.2), None)
    np.testing.assert_allclose(found.offset_s, 0.2, atol=0.002)
    np.testing.assert_allclose(found.fitted_s, 0.0)


def test_the_deviation_is_of_the_size_of_the_error(simulated):
    errors, told = [], []
    for noise in (0.5, 1.0):
        real = observed(SEED, seconds=240.0, noise=noise)
        found = clock_windows(simulated, real, ClockFit(), window_s=5.0)
        errors.append(np.sqrt(np.mean(found.left_s**2)))
        told.append(np.median(found.std_s))
    assert errors[1] > errors[0]
    assert all(0.3 < e / s < 3.0 for e, s in zip(errors, told, strict=True))


def test_rest_and_gaps_and_strangers_are_left_out(simulated):
    real = observed(SEED, seconds=240.0)
    gap = real.with_(valid=(real.time_s < 100) | (real.time_s > 160))
    found = clock_windows(simulated, gap, ClockFit())
    assert found.skipped >= 2
    assert not ((found.time_s > 112) & (found.time_s < 148)).any()
    stranger = observed(99, seconds=240.0)
    assert clock_windows(simulated, stranger, ClockFit(), window_s=20.0).skipped >= 10
    still = Signal("still", real.time_s, np.tile([0.0, 9.81, 0.0], (len(real), 1)), np.zeros((len(real), 3)))
    empty = clock_windows(still, real, ClockFit())
    assert len(empty.time_s) == 0
    assert np.isnan(empty.scatter_s)


def test_no_overlap_gives_no_window(simulated):
    assert len(clock_windows(simulated, observed(SEED, seconds=20.0), ClockFit(offset_s=5000.0)).time_s) == 0


@pytest.mark.parametrize("wrong", [{"window_s": 0.1}, {"reach_s": 0.0}, {"reach_s": 1e3}, {"quantity": "mag"}])
def test_what_cannot_be_meant_is_refused(simulated, wrong):
    with pytest.raises(M3nError):
        clock_windows(simulated, simulated, None, **wrong)
