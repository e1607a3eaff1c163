"""Labels a sample become runs that end where they should."""

import numpy as np
import pytest

from m3n_studio.errors import ValueProblem
from m3n_studio.recordings.imported import LabelRun, LabelTrack


def runs(track):
    return [(run.name, round(run.start_s, 6), round(run.stop_s, 6)) for run in track.runs]


def test_neighbouring_runs_touch_and_the_last_lasts_a_step():
    track = LabelTrack.of_samples("a", np.arange(6) * 0.1, ["x", "x", "y", "y", "", "x"])
    assert runs(track) == [("x", 0.0, 0.2), ("y", 0.2, 0.4), ("x", 0.5, 0.6)]
    assert track.classes == ("x", "y")


def test_a_pause_ends_a_run_but_a_lost_sample_does_not():
    times = np.array([0.0, 0.1, 0.2, 0.5, 0.6, 2.6, 2.7])
    assert runs(LabelTrack.of_samples("a", times, ["x"] * 7)) == [("x", 0.0, 0.7), ("x", 2.6, 2.8)]


def test_one_sample_none_and_wrong_counts():
    assert LabelTrack.of_samples("a", np.zeros(0), []).runs == ()
    assert runs(LabelTrack.of_samples("a", np.array([3.0]), ["x"])) == [("x", 3.0, 3.0)]
    with pytest.raises(ValueProblem, match="2 labels for 1"):
        LabelTrack.of_samples("a", np.zeros(1), ["x", "y"])
    with pytest.raises(ValueProblem):
        LabelTrack("a", (LabelRun(2.0, 1.0, "x"),))


def test_the_format_s_classes_come_first_in_its_order():
    track = LabelTrack("a", (LabelRun(5, 6, "z"), LabelRun(1, 2, "b")), ("a", "b"))
    assert track.classes == ("a", "b", "z")
    assert [run.start_s for run in track.runs] == [1, 5]
