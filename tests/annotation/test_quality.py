"""Agreement and coverage, against scikit-learn and SciPy on the sampled or enumerated problem."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

from m3n_studio.annotation import quality
from tests.annotation.made import random_track, seeded, tier, track


def sampled(track, end, step=1 / 8):
    cells = np.full(round(end / step), "", dtype="<U8")
    for a in track:
        cells[round(a.start_s / step) : round(a.end_s / step)] = a.label
    return cells


@given(st.integers(0, 10**6))
def test_kappa_is_that_of_scikit_learn_on_samples(seed):
    from sklearn.metrics import cohen_kappa_score, confusion_matrix

    rng = seeded(seed)
    (a, end_a), (b, end_b) = random_track(rng, 12), random_track(rng, 12)
    end = max(end_a, end_b)
    one, two = sampled(a, end), sampled(b, end)
    assert quality.kappa(a, b, [(0, end)]) == pytest.approx(cohen_kappa_score(one, two), abs=1e-12)
    both = (one != "") & (two != "")
    if len(set(one[both]) | set(two[both])) > 1:
        expected = cohen_kappa_score(one[both], two[both])
        assert quality.kappa(a, b, [(0, end)], null=False) == pytest.approx(expected, abs=1e-12, nan_ok=True)
    c = quality.confusion(a, b, [(0, end)])
    names = ["" if n is None else {"walking": "W", "sitting": "S", "running": "R"}[n] for n in c.names]
    assert np.array(c.seconds) == pytest.approx(confusion_matrix(one, two, labels=names) / 8)
    wrong = math.fsum(d.duration_s for d in quality.disagreements(a, b, [(0, end)]))
    assert wrong == pytest.approx((one != two).sum() / 8)


def test_kappa_without_chance_is_not_a_number():
    t = track(("W", 0, 5))
    assert math.isnan(quality.kappa(t, t, [(0, 5)]))
    assert math.isnan(quality.kappa(t, t, []))
    assert quality.kappa(t, t, [(0, 6)]) == 1.0


@given(
    st.lists(st.integers(0, 200), max_size=30, unique=True),
    st.lists(st.integers(0, 200), max_size=30, unique=True),
    st.integers(0, 12),
)
def test_as_many_boundaries_are_matched_as_can_be(first, second, tolerance):
    first, second = sorted(first), sorted(second)
    pairs = quality.match_times(first, second, tolerance)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    assert all(abs(first[i] - second[j]) <= tolerance for i, j in pairs)
    if first and second:
        near = csr_matrix(np.abs(np.subtract.outer(first, second)) <= tolerance)
        assert len(pairs) == (maximum_bipartite_matching(near) >= 0).sum()


def test_boundaries_are_changes_of_class():
    a = track(("W", 0, 5), ("W", 5, 6), ("S", 6, 8), ("R", 9, 12))
    assert quality.boundaries(a, [(0, 12)]) == [6, 8, 9]
    assert quality.boundaries(a, [(0, 7), (7.5, 20)]) == [6, 8, 9, 12]
    score = quality.boundary_score(a, track(("W", 0, 6.25), ("S", 6.25, 8)), [(0, 12)], 0.5)
    assert (score.matched, score.first, score.second) == (2, 3, 2)
    assert (score.precision, score.recall, score.f1) == (1.0, pytest.approx(2 / 3), 0.8)
    assert score.mean_offset_s == 0.125
    assert math.isnan(quality.boundary_score(track(), track(), [(0, 12)], 0.5).f1)


def test_of_overlapping_intervals_the_one_that_starts_last_counts():
    t = track(("W", 0, 10), ("S", 2, 4), ("R", 3, 7), ("W", 5, 5), on=tier(exclusive=False))
    found = [(s, e, a and a.label) for s, e, a in quality.stretches(t, 1, 12)]
    merged = [found[0]]
    for s, e, label in found[1:]:
        if merged[-1][2] == label:
            merged[-1] = (merged[-1][0], e, label)
        else:
            merged.append((s, e, label))
    assert merged == [(1, 2, "W"), (2, 3, "S"), (3, 7, "R"), (7, 10, "W"), (10, 12, None)]


def test_coverage_counts_recorded_time_once():
    a = track(("W", 0, 4), ("W", 3, 6), ("S", 6, 7), on=tier(exclusive=False))
    b = track(("W", 0, 1))
    rows = quality.coverage([("ann", a, [(0, 5), (6, 10)]), ("ben", b, [(0, 4)]), ("ann", b, [(0, 1)])])
    found = {(r.subject, r.name): (r.count, r.seconds, r.share) for r in rows}
    assert found == {
        ("ann", "walking"): (3, 6.0, 0.6), ("ann", "sitting"): (1, 1.0, 0.1), ("ann", "running"): (0, 0.0, 0.0),
        ("ann", None): (1, 3.0, 0.3), ("ben", "walking"): (1, 1.0, 0.25), ("ben", "sitting"): (0, 0.0, 0.0),
        ("ben", "running"): (0, 0.0, 0.0), ("ben", None): (1, 3.0, 0.75),
    }  # fmt: skip
