"""Time maps: there and back, through their points, straight on beyond them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3n_studio.errors import ValueProblem
from m3n_studio.recordings.timemap import TimeMap

steps = st.floats(0.1, 1e4)


@st.composite
def maps(draw):
    own = np.cumsum([draw(st.floats(-1e6, 1e6)), *draw(st.lists(steps, max_size=6))])
    slopes = np.array(draw(st.lists(st.floats(0.5, 2), min_size=len(own) - 1, max_size=len(own) - 1)))
    session = np.cumsum([draw(st.floats(-1e6, 1e6)), *(np.diff(own) * slopes)])
    return TimeMap.through(zip(own, session, strict=True), draw(st.floats(0.5, 2)))


@given(maps(), st.floats(-1e6, 1e6))
def test_there_and_back(time_map, own_s):
    assert time_map.to_own(time_map.to_session(own_s)) == pytest.approx(own_s, abs=1e-6)
    assert TimeMap.from_json(time_map.to_json()) == time_map


@given(maps())
def test_it_goes_through_its_points_and_is_the_same_for_arrays(time_map):
    for own, session in time_map.points:
        assert time_map.to_session(own) == pytest.approx(session, abs=1e-9)
    at = np.linspace(time_map.points[0][0] - 50, time_map.points[-1][0] + 50, 101)
    np.testing.assert_array_equal(time_map.to_session(at), [time_map.to_session(float(t)) for t in at])
    assert (np.diff(time_map.to_session(at)) > 0).all()


def test_offset_and_drift():
    assert TimeMap.offset(3.5).to_session(1.0) == 4.5
    drift = TimeMap.drift(2.0, 20.0, at_own_s=100.0)
    assert drift.to_session(100.0) == 102.0
    assert drift.to_session(1_000_100.0) == pytest.approx(1_000_102 + 20)
    assert drift.drift_ppm == pytest.approx(20.0)
    assert TimeMap.through([(10, 11), (0, 0)]).to_session(20.0) == 22.0


@pytest.mark.parametrize(
    "points", [(), ((0, 0), (0, 1)), ((0, 0), (1, 0)), ((0, math.nan),), ((0, 0), (1, 1e9)), ((0, 0), (1, -1))]
)
def test_what_is_no_map_is_refused(points):
    with pytest.raises(ValueProblem, match="time map"):
        TimeMap(points)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"points": 3, "rate": 1}', '{"points": [[0]], "rate": 1}', "[" * 9999]
)
def test_damaged_text_is_refused(text):
    with pytest.raises(ValueProblem, match="time map"):
        TimeMap.from_json(text)
