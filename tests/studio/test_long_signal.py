"""A stored recording read as far as it is looked at gives what the whole gives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_studio.project import Project
from m3n_studio.recordings.signal import Signal
from m3n_studio.recordings.timemap import TimeMap
from m3n_studio.studio.core.long_signal import LongSignal

RATE = 50.0


def made(*, regular):
    rng = np.random.default_rng(4)
    n = 30_000
    t = 3.0 + np.arange(n) / RATE
    if not regular:
        t = t + rng.uniform(0, 0.4 / RATE, n)
    acc = rng.normal(size=(n, 3)).astype(np.float32)
    gyr = rng.normal(size=(n, 3)).astype(np.float32)
    valid = np.ones(n, bool)
    valid[5_000:5_300] = False
    return Signal("watch", t, acc, gyr, valid)


MAP = TimeMap(((0.0, 10.0), (300.0, 310.02)))


@pytest.fixture(scope="module", params=[True, False], ids=["even", "uneven"])
def both(request, tmp_path_factory):
    whole = made(regular=request.param)
    project = Project.create(tmp_path_factory.mktemp("p") / "p")
    session = project.add_session("one")
    entry = project.add_recording(session.id, whole, time_map=MAP)
    yield whole, LongSignal("watch", project.signal(entry), entry.time_map)
    project.close()


def test_times_are_the_sessions(both):
    whole, long = both
    times = MAP.to_session(whole.time_s)
    np.testing.assert_allclose(long.time_s[0 : len(whole)], times, atol=1e-6)
    np.testing.assert_allclose(long.time_s[np.array([0, 7, len(whole) - 1])], times[[0, 7, -1]], atol=1e-6)
    assert long.span_s == pytest.approx((times[0], times[-1]))


@settings(max_examples=40)
@given(at=st.floats(0, 700), side=st.sampled_from(["left", "right"]))
def test_places_are_found_as_in_an_array(both, at, side):
    whole, long = both
    times = MAP.to_session(whole.time_s)
    assert abs(long.time_s.searchsorted(at, side) - np.searchsorted(times, at, side=side)) <= 1


@pytest.mark.parametrize("component", ["x", "z", "magnitude"])
def test_peaks_are_those_of_the_samples(both, component):
    whole, long = both
    values = (
        np.linalg.norm(whole.acc_mps2, axis=1)
        if component == "magnitude"
        else whole.acc_mps2[:, "xyz".index(component)]
    )
    values = np.where(whole.valid, values, np.nan)
    for start, stop, most in ((0, 30_000, 100), (4_000, 9_000, 37), (100, 160, 500)):
        peaks = long.channel("acc_mps2", component).pyramid.peaks(start, stop, most)
        for i in range(len(peaks.low)):
            bucket = values[peaks.start + i * peaks.size : peaks.start + (i + 1) * peaks.size]
            if np.isnan(bucket).all():
                assert np.isnan(peaks.low[i])
            else:
                assert peaks.low[i] == pytest.approx(np.nanmin(bucket), abs=1e-6)
                assert peaks.high[i] == pytest.approx(np.nanmax(bucket), abs=1e-6)


def test_a_stretch_is_a_signal_on_the_sessions_clock(both):
    whole, long = both
    part = long.read(100.0, 120.0)
    assert part.time_s[0] >= 100.0 - 1e-6
    assert part.time_s[-1] <= 120.0 + 1e-6
    first = int(np.searchsorted(MAP.to_session(whole.time_s), 100.0 - 1e-6))
    np.testing.assert_allclose(part.acc_mps2, whole.acc_mps2[first : first + len(part)], atol=1e-6)


def test_activity_is_high_where_it_moves(both):
    _, long = both
    activity = long.activity(50, long.span_s)
    assert activity.shape == (50,)
    assert (activity > 1.0).all()
