"""Folds: no user in two parts; few labels from training users only; nothing of a test user in the scaler."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_studio.errors import ValueProblem
from m3n_studio.learning.folds import Scaler, few_labels, leave_one_user_out, make_folds, time_folds, user_folds
from tests.learning.made import windows

people = st.dictionaries(
    st.sampled_from([f"u{i}" for i in range(12)]), st.tuples(*[st.integers(0, 4)] * 3), min_size=4, max_size=12
).filter(lambda d: sum(sum(v) > 0 for v in d.values()) >= 4)


@settings(max_examples=25)
@given(people, st.integers(0, 5), st.integers(0, 2), st.booleans())
def test_no_user_is_in_two_parts_and_everyone_is_tested_once(counts, seed, validation_users, alone):
    data = windows({u: c for u, c in counts.items() if sum(c)}, samples=4)
    n = min(5, len(data.subjects))
    if not alone and len(data.subjects) - -(-len(data.subjects) // n) <= validation_users:
        return
    folds = (
        leave_one_user_out(data, seed=seed, validation_users=validation_users)
        if alone
        else user_folds(data, n, seed=seed, validation_users=validation_users)
    )
    for fold in folds:
        parts = [set(data.subject[part]) for part in (fold.train, fold.validation, fold.test)]
        assert sum(len(part) for part in parts) == len(set.union(*parts)) == len(data.subjects)
        assert len(parts[1]) == validation_users
        assert sorted(np.concatenate([fold.train, fold.validation, fold.test])) == list(range(len(data)))
    tested = np.sort(np.concatenate([fold.test for fold in folds]))
    assert tested.tolist() == list(range(len(data)))


@settings(max_examples=25)
@given(people, st.integers(1, 5), st.integers(0, 3))
def test_few_labels_are_at_most_k_a_class_all_of_training_and_grow_by_adding(counts, k, seed):
    data = windows(counts, samples=4)
    train = np.flatnonzero(data.subject != data.subjects[0])
    kept = few_labels(data, train, k, seed=seed)
    assert set(kept) <= set(train)
    assert (data.counts(kept) == np.minimum(data.counts(train), k)).all()
    assert set(kept) <= set(few_labels(data, train, k + 2, seed=seed))
    assert np.array_equal(kept, few_labels(data, train, k, seed=seed))
    assert few_labels(data, train, 0) is train


def test_users_who_differ_are_spread_evenly():
    counts = {f"u{i}": ((9, 0) if i < 5 else (0, 9)) for i in range(10)}
    data = windows(counts, samples=4)
    for seed in range(5):
        assert all(data.counts(fold.test).tolist() == [9, 9] for fold in user_folds(data, 5, seed=seed))


def test_seeds_divide_differently_and_the_same_seed_alike():
    data = windows({f"u{i}": (3, 3) for i in range(9)}, samples=4)
    divided = [[f.test.tolist() for f in user_folds(data, 5, seed=s)] for s in (0, 1, 0)]
    assert divided[0] == divided[2] != divided[1]


def test_windows_without_label_are_in_no_fold():
    data = windows({f"u{i}": (3, 3) for i in range(5)}, samples=4)
    data.label[::4] = -1
    for fold in make_folds(data, "users5"):
        assert (data.label[np.concatenate([fold.train, fold.validation, fold.test])] >= 0).all()


def test_too_few_users_and_unknown_folds_are_named():
    data = windows({"a": (3,), "b": (3,)}, samples=4)
    with pytest.raises(ValueProblem, match="there are 2 users"):
        user_folds(data, 5)
    with pytest.raises(ValueProblem, match="leave none of 1"):
        user_folds(data, 2, validation_users=1)
    with pytest.raises(ValueProblem, match="leave-one-out or time5"):
        make_folds(data, "random")
    assert len(make_folds(data, "leave-one-out", validation_users=0)) == 2


def test_the_scaler_knows_nothing_of_users_it_was_not_fitted_on():
    data = windows({f"u{i}": (4, 4) for i in range(6)})
    (fold, *_) = user_folds(data, 3)
    before = Scaler.fit(data, fold.train)
    data.imu[fold.test] = 1e6
    data.imu[fold.validation] = np.nan
    after = Scaler.fit(data, fold.train)
    assert np.array_equal(before.mean, after.mean)
    assert np.array_equal(before.std, after.std)


def test_the_scaler_makes_training_windows_standard_and_leaves_masked_ones_out():
    data = windows({"a": (20, 20)}, placements=("left_wrist", "right_wrist"))
    data.imu[::2, 1] = 500.0
    data.mask[::2, 1] = False
    scaler = Scaler.fit(data, np.arange(len(data)))
    scaled = scaler.apply(data.imu, data.mask)
    assert (scaled[~data.mask] == 0).all()
    for p in (0, 1):
        seen = scaled[data.mask[:, p], p]
        assert np.allclose(seen.mean(axis=(0, 2)), 0, atol=1e-4)
        assert np.allclose(seen.std(axis=(0, 2)), 1, atol=1e-4)
    assert np.allclose(scaler.undo(scaler.apply(data.imu)), data.imu, rtol=1e-4, atol=1e-4)


def test_a_scaler_survives_being_written_and_refuses_nonsense():
    data = windows({"a": (5, 5)})
    scaler = Scaler.fit(data, np.arange(5))
    again = Scaler.from_dict(scaler.to_dict())
    assert np.array_equal(again.mean, scaler.mean)
    for nonsense in ({}, {"mean": 1, "std": 2}, {"mean": [[0] * 6], "std": [[0] * 6]}, {"mean": "a", "std": []}):
        with pytest.raises(ValueProblem):
            Scaler.from_dict(nonsense)


def test_a_dead_channel_and_a_missing_placement_divide_by_one():
    data = windows({"a": (5, 5)}, placements=("left_wrist", "right_wrist"))
    data.imu[:, 0, 2] = 3.0
    data.mask[:, 1] = False
    scaler = Scaler.fit(data, np.arange(10))
    assert scaler.std[0, 2] == 1
    assert (scaler.std[1] == 1).all()
    assert (scaler.mean[1] == 0).all()


def in_time(counts, hop_s=1.0, length_s=2.0, recordings=3, seed=0):
    """Windows of one person a hop apart, in recordings."""
    made = windows({"u": counts}, samples=round(16 * length_s))
    order = np.random.default_rng(seed).permutation(len(made))
    made = made.take(order)
    place = np.arange(len(made))
    return replace(
        made, recording=np.array([f"r{i % recordings}" for i in place]), start_s=(place // recordings) * hop_s
    )


@settings(max_examples=40)
@given(st.tuples(*[st.integers(15, 60)] * 3), st.integers(1, 4), st.sampled_from([0.25, 1.0, 2.0]), st.integers(0, 5))
def test_by_time_no_two_parts_share_a_sample_and_everything_is_tested_once(counts, recordings, hop_s, seed):
    data = in_time(counts, hop_s, recordings=recordings, seed=seed)
    folds = time_folds(data, 5, seed=seed)
    tested = np.sort(np.concatenate([fold.test for fold in folds]))
    assert tested.tolist() == list(range(len(data)))
    for fold in folds:
        parts = (fold.train, fold.validation, fold.test)
        for i, first in enumerate(parts):
            for second in parts[i + 1 :]:
                same = data.recording[first][:, None] == data.recording[second][None]
                apart = np.abs(data.start_s[first][:, None] - data.start_s[second][None])
                assert (apart[same] >= 2.0 - 1e-6).all()
        assert len(fold.train)


def test_one_person_gets_folds_by_time_and_is_told_so():
    data = in_time((30, 30, 30))
    with pytest.raises(ValueProblem, match="folds = time5"):
        make_folds(data, "users5")
    assert len(make_folds(data, "time5")) == 5
    with pytest.raises(ValueProblem, match="label more"):
        make_folds(in_time((2, 1, 0), recordings=1), "time5")


@pytest.mark.parametrize("kind", ["users5", "leave-one-out"])
def test_windows_without_a_label_are_those_of_anybody_not_tested(kind):
    found = some_unlabelled(windows({f"u{i}": (5, 5) for i in range(6)}), every=3, nobody="u5")
    for fold in make_folds(found, kind):
        assert (found.label[fold.unlabelled] < 0).all()
        assert set(found.subject[fold.unlabelled]) == set(found.subjects) - set(found.subject[fold.test])
        for part in (fold.train, fold.validation, fold.test):
            assert (found.label[part] >= 0).all()
            assert "u5" not in found.subject[part]  # who has no label is neither tested nor validates


def test_by_time_windows_without_a_label_touch_no_tested_one():
    found = some_unlabelled(windows({"u0": (40, 40), "u1": (40, 40)}), every=4)
    for fold in make_folds(found, "time5"):
        assert len(fold.unlabelled)
        for index in fold.unlabelled:
            same = fold.test[found.recording[fold.test] == found.recording[index]]
            assert (np.abs(found.start_s[same] - found.start_s[index]) >= found.samples / found.rate_hz - 1e-6).all()


def some_unlabelled(found, every, nobody=""):
    label = found.label.copy()
    label[::every] = -1
    label[found.subject == nobody] = -1
    return replace(found, label=label)
