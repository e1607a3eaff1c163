"""Where edges jump to."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3n_studio.annotation import snap
from m3n_studio.errors import ValueProblem
from tests.annotation.made import random_track, seeded, tier, track

FRAMES = snap.Moments("frame", np.arange(300) / 30, "a.mp4")


def test_edges_win_over_extrema_over_frames_over_the_grid():
    t = track(("W", 1, 2))
    peaks = snap.Moments("extremum", np.array([2.02, 3.0]), "left wrist")
    found = snap.candidates(2.03, 0.05, tracks=[t], moments=[FRAMES, peaks], grid=snap.Grid(0.5))
    assert [(m.reason, m.what) for m in found] == [
        ("edge", "activity"), ("extremum", "left wrist"), ("frame", "a.mp4"), ("frame", "a.mp4"), ("frame", "a.mp4"),
        ("grid", ""),
    ]  # fmt: skip
    assert snap.nearest(2.03, 0.05, tracks=[t], moments=[FRAMES, peaks], without=["aa"]).time_s == 2.02
    assert snap.nearest(5.01, 0.02, moments=[FRAMES]).time_s == 5.0
    assert snap.nearest(5.01, 0.02, grid=snap.Grid(0.25, 0.01)).time_s == 5.01
    assert snap.nearest(5.2, 0.01, tracks=[t], moments=[peaks], grid=snap.Grid(1.0)) is None


@given(st.integers(0, 10**6), st.integers(0, 400), st.integers(0, 16), st.booleans())
def test_all_edges_within_the_tolerance_are_found(seed, at, tolerance, exclusive):
    t, _ = random_track(seeded(seed), 20, tier(exclusive=exclusive))
    at, tolerance = at / 8, tolerance / 8
    found = {m.time_s for m in snap.candidates(at, tolerance, tracks=[t])}
    assert found == {e for a in t for e in (a.start_s, a.end_s) if abs(e - at) <= tolerance}


def test_highs_and_lows_of_a_sine_but_not_at_gaps():
    time = np.arange(0, 4, 0.01)
    valid = (time < 1.1) | (time > 1.4)
    found = snap.extrema(time, np.sin(2 * np.pi * time), valid)
    assert found == pytest.approx([0.25, 0.75, 1.75, 2.25, 2.75, 3.25, 3.75], abs=0.006)
    assert len(snap.extrema(time[:0], time[:0])) == 0


def test_onsets_are_where_moving_starts_and_stops():
    rng = np.random.default_rng(0)
    time = np.arange(0, 10, 0.01)
    moving = (time > 3) & (time < 6.5)
    found = snap.onsets(time, rng.normal(size=time.size) * np.where(moving, 1.0, 0.02))
    assert found == pytest.approx([3.0, 6.5], abs=0.1)
    assert len(snap.onsets(time, np.zeros_like(time))) == 0
    assert len(snap.onsets(time[:5], time[:5])) == 0


def test_nonsense_is_refused():
    with pytest.raises(ValueProblem, match="increase"):
        snap.Moments("frame", np.array([1.0, 0.0]))
    with pytest.raises(ValueProblem, match="step"):
        snap.Grid(0.0)
