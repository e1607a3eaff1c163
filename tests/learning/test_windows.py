"""Windows: never across a gap, labels as pure as asked, missing placements masked, one grid for all."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_studio.annotation.model import Annotation, LabelClass, Tier
from m3n_studio.errors import FileError, ValueProblem
from m3n_studio.learning.config import WindowSpec
from m3n_studio.learning.sources import watch_folder
from m3n_studio.learning.windows import LabelledRecording, LabelSpan, cut, label_spans
from m3n_studio.recordings.signal import Signal
from tests.learning.made import recording, signal, without
from tests.shared import data_dir

LEFT = ("left_wrist",)
BOTH = ("left_wrist", "right_wrist")


def spec(**changes):
    return WindowSpec(**{"placements": LEFT, "rate_hz": 50.0, "length_s": 1.0, "stride_s": 0.5, **changes})


gaps = st.lists(st.tuples(st.floats(0, 11), st.floats(0.2, 2)), max_size=4)


@settings(max_examples=25)
@given(gaps, st.sampled_from([30.0, 50.0, 100.0]), st.floats(0.4, 2.5), st.floats(0.2, 2.0))
def test_no_window_overlaps_a_gap(holes, rate_hz, length_s, stride_s):
    worn = signal(12.0)
    for start, length in holes:
        worn = without(worn, start, start + length)
    part = recording(labels=[(0, 12, "walk")], left_wrist=worn)
    try:
        found = cut([part], spec(rate_hz=rate_hz, length_s=length_s, stride_s=stride_s))
    except ValueProblem:
        return
    leaps = np.flatnonzero(np.diff(worn.time_s) > 0.05)
    span_s = (found.samples - 1) / rate_hz
    for i in leaps:
        over = (found.start_s < worn.time_s[i + 1] - 1e-6) & (found.start_s + span_s > worn.time_s[i] + 1e-6)
        assert not over.any()
    assert (found.start_s >= worn.time_s[0] - 1e-6).all()
    assert (found.start_s + span_s <= worn.time_s[-1] + 1e-3).all()


labels = st.lists(st.tuples(st.floats(0, 9), st.floats(0.05, 4), st.sampled_from("abn")), max_size=8)


@settings(max_examples=25)
@given(labels, st.floats(0.1, 1.0))
def test_a_label_covers_as_much_of_its_window_as_asked(drawn, purity):
    spans = [(a, a + d, {"n": "null"}.get(name, name)) for a, d, name in drawn]
    found = cut(
        [recording(labels=spans, left_wrist=signal(10.0))], spec(purity=purity), classes=("a", "b"), unlabelled=True
    )
    moments = np.arange(0, 1, 0.005) + 0.0025
    for start, label, share in zip(found.start_s, found.label, found.purity, strict=True):
        at = start + moments
        covered = {
            name: np.mean(np.any([(at >= s) & (at < e) for s, e, n in spans if n == name] or [at < 0], axis=0))
            for name in "ab"
        }
        if label >= 0:
            name = "ab"[label]
            assert share >= purity - 1e-6
            assert covered[name] == pytest.approx(share, abs=0.02)
            assert covered[name] >= max(covered.values()) - 0.02
        else:
            nothing = 1 - np.mean(np.any([(at >= s) & (at < e) for s, e, n in spans if n in "ab"] or [at < 0], axis=0))
            assert max(covered.values()) < max(purity, nothing) + 0.02


def test_windows_start_afresh_after_a_gap():
    worn = without(signal(10.0), 3.25, 5.13)
    found = cut([recording(labels=[(0, 10, "walk")], left_wrist=worn)], spec(rate_hz=100.0))
    after = found.start_s[found.start_s > 3.0]
    assert after[0] == pytest.approx(5.13, abs=0.011)
    assert np.allclose(np.diff(after), 0.5)


def test_invalid_samples_are_a_gap_too():
    worn = signal(10.0)
    valid = np.ones(len(worn), dtype=bool)
    valid[500:510] = False
    found = cut([recording(labels=[(0, 10, "a")], left_wrist=worn.with_(valid=valid))], spec(rate_hz=100.0))
    assert not ((found.start_s < 5.1) & (found.start_s + 0.99 >= 5.0)).any()


def test_resampling_takes_away_what_would_alias_and_keeps_what_fits():
    t = np.arange(2000) / 200.0
    for hz, gain in ((3.0, 1.0), (60.0, 0.0)):
        wave = np.sin(2 * np.pi * hz * t)[:, None]
        part = recording(labels=[(0, 10, "a")], left_wrist=Signal("w", t, wave * np.ones(3), wave * np.ones(3)))
        found = cut([part], spec(rate_hz=50.0, length_s=2.0))
        at = found.start_s[3] + np.arange(found.samples) / 50.0
        assert np.allclose(found.imu[3, 0, 0], gain * np.sin(2 * np.pi * hz * at), atol=0.03)


def test_at_its_own_rate_a_signal_is_passed_on_as_it_is():
    worn = signal(5.0)
    found = cut([recording(labels=[(0, 5, "a")], left_wrist=worn)], spec(rate_hz=100.0))
    assert np.allclose(found.imu[2, 0, :3], worn.acc_mps2[100:200].T, atol=1e-5)
    assert np.allclose(found.imu[2, 0, 3:], worn.gyr_radps[100:200].T, atol=1e-5)


def test_a_placement_missing_for_a_while_is_masked_there_or_its_windows_dropped():
    right = without(signal(10.0, seed=1), 4.0, 6.0)
    part = recording(labels=[(0, 10, "a")], left_wrist=signal(10.0), right_wrist=right)
    found = cut([part], spec(placements=BOTH))
    gone = (found.start_s + 0.99 > 4.0) & (found.start_s < 6.0)
    assert found.mask[:, 0].all()
    assert (found.mask[:, 1] == ~gone).all()
    assert (found.imu[~found.mask] == 0).all()
    dropped = cut([part], spec(placements=BOTH, missing="drop"))
    assert dropped.mask.all()
    assert not ((dropped.start_s + 0.99 > 4.02) & (dropped.start_s < 5.98)).any()


def test_placements_share_one_grid_and_missing_ones_are_masked_throughout():
    wave = signal(10.0)
    later = wave.with_(time_s=wave.time_s + 0.003)
    found = cut([recording(labels=[(0, 10, "a")], left_wrist=wave, right_wrist=later)],
                spec(placements=(*BOTH, "ankle")))  # fmt: skip
    assert found.mask.all(axis=0).tolist() == [False, True, False] or found.mask[:, 0].all()
    assert not found.mask[:, 2].any()
    both = found.mask[:, :2].all(axis=1)
    shift = 2 * np.pi * 1.0 * 0.003
    assert np.abs(found.imu[both, 0] - found.imu[both, 1]).max() < 2 * shift + 0.3
    assert both.sum() >= len(found) - 2


def test_null_and_unlabelled_time_is_dropped_or_a_class():
    spans = [(0, 4, "walk"), (4, 6, "NULL")]
    part = recording(labels=spans, left_wrist=signal(10.0))
    assert cut([part], spec()).classes == ("walk",)
    with_null = cut([part], spec(null="class"))
    assert with_null.classes == ("walk", "null")
    assert with_null.counts()[1] > 8
    everything = cut([part], spec(), unlabelled=True)
    assert (everything.label == -1).sum() >= with_null.counts()[1] - 1


def test_windows_stay_within_the_spans_given():
    whole = recording(labels=[(0, 20, "a")])
    part = LabelledRecording(whole.name, whole.subject, whole.signals, whole.labels, spans=((3.0, 6.0), (10.0, 11.5)))
    found = cut([part], spec())
    assert found.start_s.tolist() == [3.0, 3.5, 4.0, 4.5, 5.0, 10.0, 10.5]


def test_years_between_two_stretches_cost_nothing():
    one, other = signal(5.2), signal(5.2, start_s=1.6e9)
    both = Signal("w", np.concatenate([one.time_s, other.time_s]), np.concatenate([one.acc_mps2, other.acc_mps2]),
                  np.concatenate([one.gyr_radps, other.gyr_radps]))  # fmt: skip
    found = cut([recording(labels=[(0, 2e9, "a")], left_wrist=both)], spec(stride_s=1.0))
    assert len(found) == 10


def test_classes_may_be_given_and_other_labels_then_count_as_none():
    part = recording(labels=[(0, 10, "b"), (10, 20, "z")])
    found = cut([part], spec(), classes=("c", "b"))
    assert set(found.label.tolist()) == {1}
    assert found.start_s.max() < 10


def test_errors_say_why_there_is_no_window():
    with pytest.raises(ValueProblem, match="asked for left_wrist; the recordings have ankle"):
        cut([recording(labels=[(0, 1, "a")], ankle=signal(5.0))], spec())
    with pytest.raises(ValueProblem, match="without labels"):
        cut([recording()], spec())
    with pytest.raises(ValueProblem, match="needs a subject"):
        LabelledRecording("r", "", {})


def test_taking_windows_and_placements():
    found = cut([recording(labels=[(0, 20, "a")], left_wrist=signal(20.0), right_wrist=signal(20.0, seed=1))],
                spec(placements=BOTH))  # fmt: skip
    right = found.only(("right_wrist",))
    assert np.array_equal(right.imu[:, 0], found.imu[:, 1])
    assert np.array_equal(found.take(np.array([3, 1])).start_s, found.start_s[[3, 1]])
    assert found.fingerprint() == found.take(np.arange(len(found))).fingerprint() != right.fingerprint()
    with pytest.raises(ValueProblem, match="no placement 'head'"):
        found.only(("head",))


def test_annotations_of_a_tier_become_spans():
    walk = LabelClass("walk")
    tier = Tier("activity", classes=(walk,))
    made = label_spans([Annotation(tier.id, walk.id, 1, 2), Annotation("other", walk.id, 3, 4)], tier, offset_s=-1)
    assert made == (LabelSpan(0, 1, "walk"),)


def test_values_of_learning_import_no_torch():
    code = (
        "import sys, m3n_studio.learning.config, m3n_studio.learning.windows, m3n_studio.learning.folds, "
        "m3n_studio.learning.sources, m3n_studio.learning.methods, m3n_studio.learning.builtin\n"
        "import m3n_studio.learning.text\n"
        "assert not {'torch', 'sklearn', 'aeon', 'sentence_transformers', 'scipy.signal'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_folder_without_tables_is_named(tmp_path):
    with pytest.raises(FileError, match="no table"):
        watch_folder(tmp_path)
    with pytest.raises(FileError, match="no such folder"):
        watch_folder(tmp_path / "nowhere")


def test_a_watch_and_a_phone_become_one_recording(tmp_path):
    rows = "\n".join(f"0.1,0.2,9.8,0,0,0,{1000000 + 10 * i},{'WALK' if i < 300 else 'SIT'}" for i in range(600))
    for device in ("sw", "sp", "xx"):
        (tmp_path / f"p1_01_{device}.csv").write_text(
            f"x_acc,y_acc,z_acc,x_gyro,y_gyro,z_gyro,timestamp,label\n{rows}\n"
        )
    done = []
    (one,) = watch_folder(tmp_path, progress=lambda i, n: done.append((i, n)))
    assert (one.subject, set(one.signals), done) == ("p1", {"left_wrist", "pocket"}, [(1, 2), (2, 2)])
    assert [(s.label, round(s.end_s - s.start_s, 2)) for s in one.labels] == [("WALK", 3.0), ("SIT", 2.99)]


def test_real_watches_give_the_windows_they_should():
    recordings = watch_folder(data_dir("sp_sw_har"))
    found = cut(recordings, WindowSpec(placements=LEFT))
    assert len(found.subjects) == 8
    assert found.classes == ("SEATED", "SITTING_DOWN", "STANDING_UP", "TURNING", "WALKING")
    assert 450 < len(found) < 550
    gravity = np.linalg.norm(found.imu[:, 0, :3].mean(axis=-1), axis=1)
    assert 8.5 < np.median(gravity) < 10.5
