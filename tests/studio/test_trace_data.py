"""Signals as lines: gaps break them, the cursor reads the nearest sample, pages turn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3n_studio.recordings.signal import Signal
from m3n_studio.studio.traces.trace_data import COMPONENTS, QUANTITIES, invalid_spans, line, page, value_range
from m3n_studio.studio.traces.tracks import recording_for

from .conftest import waves


def test_a_gap_is_nan_in_every_lane():
    signal = waves("w")
    for quantity in QUANTITIES:
        for component in COMPONENTS:
            values = line(signal, quantity, component).values
            assert np.isnan(values[~signal.valid]).all()
            assert np.isfinite(values[signal.valid]).all()


def test_magnitude_is_the_norm():
    signal = waves("w")
    values = line(signal, QUANTITIES[0], "magnitude").values[signal.valid]
    np.testing.assert_allclose(values, np.linalg.norm(signal.acc_mps2[signal.valid], axis=1))


def test_gaps_are_shaded_where_they_are():
    (span,) = invalid_spans(waves("w"))
    assert span == pytest.approx((0.895, 1.105), abs=0.011)


@given(time_s=st.floats(-1.0, 3.0))
def test_the_cursor_reads_the_nearest_sample_or_nothing(time_s):
    signal = waves("w")
    drawn = line(signal, QUANTITIES[0], "x")
    value = drawn.value_at(time_s)
    nearest = int(np.argmin(np.abs(signal.time_s - time_s)))
    away = abs(signal.time_s[nearest] - time_s)
    if away > 0.0151:
        assert np.isnan(value)
    elif away < 0.0149 and signal.valid[nearest] and abs(abs(signal.time_s - time_s)[nearest] - 0.005) > 1e-9:
        assert value == signal.acc_mps2[nearest, 0]


def test_a_signal_of_one_sample_can_be_read():
    one = Signal("one", [1.0], [[1, 2, 3]], [[0, 0, 0]])
    assert line(one, QUANTITIES[0], "y").value_at(1.0) == 2.0
    assert np.isnan(line(one, QUANTITIES[0], "y").value_at(1.5))


def test_noise_is_not_blown_up_and_everything_is_inside():
    still = Signal("s", np.arange(5) / 10, np.full((5, 3), 9.81), np.full((5, 3), 1e-4))
    low, high = value_range((line(still, QUANTITIES[0], "z"),), 2.0)
    assert high - low >= 2.0
    assert low < 9.81 < high
    assert value_range((), 2.0) == (-1.0, 1.0)


@given(
    low=st.floats(0, 50), span=st.floats(0.1, 60), time_s=st.floats(0, 100),
)  # fmt: skip
def test_a_turned_page_shows_the_time_and_stays_inside(low, span, time_s):
    limits = (0.0, 100.0)
    view = (min(low, 100.0 - span), min(low, 100.0 - span) + span)
    turned = page(view, time_s, limits)
    shown = view if turned is None else turned
    assert shown[0] - 1e-9 <= time_s <= shown[1] + 1e-9
    if turned is not None:
        assert limits[0] - 1e-9 <= turned[0]
        assert turned[1] <= limits[1] + 1e-9
        assert turned[1] - turned[0] == pytest.approx(span)


def test_recordings_find_their_sensor_by_name():
    real = [waves("chest"), waves("watch left_wrist"), waves("right_wrist")]
    assert recording_for("right_wrist", real, {}, only_sensor=False) is real[2]
    assert recording_for("left_wrist", real, {}, only_sensor=False) is real[1]
    assert recording_for("left_ankle", real, {}, only_sensor=False) is None
    assert recording_for("left_ankle", real[:1], {}, only_sensor=True) is real[0]
    assert recording_for("left_ankle", real[:1], {}, only_sensor=False) is None
    assert recording_for("left_wrist", real, {"left_wrist": "chest"}, only_sensor=False) is real[0]
    assert recording_for("left_wrist", real, {"left_wrist": ""}, only_sensor=False) is None
