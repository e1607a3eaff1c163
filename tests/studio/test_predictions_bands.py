"""Predictions as columns of pixels, against a slow reckoning."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("pydantic")

from m3n_studio.annotation.model import Annotation, LabelClass, Tier
from m3n_studio.annotation.track import Track
from m3n_studio.learning.moments_predicted import Partial
from m3n_studio.studio.predictions.bands import (
    NOTHING,
    OTHER,
    colors_of,
    columns_of,
    disputes,
    entropy,
    in_columns,
    labels_of,
    spans_of,
)
from m3n_studio.studio.predictions.gate_rows import MEAN, by_class, decider, gate_columns

TIER = Tier("activity", classes=(LabelClass("Walk", "#ff0000", id="w"), LabelClass("sit", "#00ff00", id="s"),
                                 LabelClass("jump", "#0000ff", id="j")), id="t")  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(n=st.integers(1, 60), width=st.integers(1, 90), low=st.floats(-5, 20), span=st.floats(0.01, 60),
       seed=st.integers(0, 50))  # fmt: skip
def test_a_column_is_the_mean_of_the_cells_in_it(n, width, low, span, seed):
    rng = np.random.default_rng(seed)
    start, values = np.arange(n) * 0.25 + 1.0, rng.random((n, 2)).astype(np.float32)
    values[rng.random(n) < 0.2] = np.nan
    found = in_columns(start, 0.25, values, (low, low + span), width)
    edges = low + span * np.arange(width + 1) / width
    for x in range(width):
        near = 1e-6
        surely = [i for i in range(n) if start[i] < edges[x + 1] - near and start[i] + 0.25 > edges[x] + near]
        perhaps = [i for i in range(n) if start[i] < edges[x + 1] + near and start[i] + 0.25 > edges[x] - near]
        if surely != perhaps:
            continue
        known = [values[i] for i in surely if np.isfinite(values[i]).all()]
        if known:
            np.testing.assert_allclose(found[x], np.mean(known, axis=0), atol=1e-6)
        else:
            assert np.isnan(found[x]).all()


def explained():
    """Twenty windows: class 0 first, class 1 later; two folds of three experts."""
    part = Partial(np.arange(20) * 0.5, ("walk", "sit"), ("p",), 0.5, 2.0, models=2, tokens=2, experts=3)
    probability = np.where(np.arange(20)[:, None] < 10, [0.9, 0.1], [0.2, 0.8]).astype(np.float32)
    gates = np.zeros((2, 20, 2, 3), dtype=np.float32)
    gates[0, :, :, 1], gates[1, :, :, 2] = 1.0, 1.0
    contribution = np.zeros((2, 20, 3, 2), dtype=np.float32)
    contribution[0, :, 1] = [1.0, -1.0]
    contribution[0, 10:, 1] = [-0.5, 1.5]
    contribution[1, :, 2] = [2.0, -2.0]
    part.take(0, np.stack([probability, probability]), gates, contribution)
    return part.predicted()


def test_labels_disputes_and_classes_the_model_does_not_know():
    found = explained()
    track = Track.of(TIER, [Annotation("t", "w", 0.0, 7.0), Annotation("t", "j", 8.0, 9.0),
                            Annotation("t", "s", 9.5, 11.0, "run", "model")])  # fmt: skip
    labels = labels_of(track, found.classes)
    assert list(labels.which) == [0, OTHER]
    assert labels.name_at(8.5) == "jump"
    assert labels.name_at(7.5) == ""
    columns = columns_of(found, labels, (0.0, 12.0), 240)
    best = {which: (a, b) for which, a, b in spans_of(columns.best) if which >= 0}
    turn = best[1][0] / 20
    assert 5.0 < turn < 6.5
    assert disputes(found, labels) == [(turn, 7.0)]
    assert np.array_equal(np.flatnonzero(columns.disputed) / 20, np.arange(turn * 20, 140) / 20)
    assert columns.best[239] == NOTHING  # windows end at 11.5 s
    assert colors_of(("sit", "walk", "new"), [TIER])[:2] == ("#00ff00", "#ff0000")
    assert len(set(colors_of(("sit", "walk", "new"), [TIER]))) == 3


def test_gates_of_a_fold_or_of_all_and_who_decided():
    found = explained()
    assert np.allclose(gate_columns(found, 0, (0.0, 11.4), 100), [0, 1, 0])
    assert np.allclose(gate_columns(found, MEAN, (0.0, 11.4), 100), [0, 0.5, 0.5])
    assert np.isnan(gate_columns(found, 0, (20.0, 30.0), 10)).all()
    who = decider(found, 3.0, 0)
    assert (who.expert, who.fold, who.gate) == (1, 0, 1.0)
    assert (who.part, who.whole) == pytest.approx((1.0, 1.0))
    said = np.log(np.clip(found.window_probability[found.window_at(3.0)].astype(float), 1e-9, 1))
    assert who.total == pytest.approx(said.max() - said.mean())
    assert who.little == (0.5 * who.total > 1.0)
    assert decider(found, 10.5, 1).expert in (0, 1)  # the third expert speaks against the class that wins
    assert decider(found, 300.0, 0) is None
    mean, count = by_class(found, 0, None)
    assert list(count) == [10, 10]
    assert np.allclose(mean, [[0, 0], [1, 1], [0, 0]])
    mean, count = by_class(found, 1, labels_of(Track.of(TIER, [Annotation("t", "s", 0.0, 4.1)]), found.classes))
    assert list(count) == [0, 7]
    assert np.isnan(mean[:, 0]).all()
    assert np.allclose(mean[:, 1], [0, 0, 1])


def test_doubt_is_none_where_sure_and_all_where_nothing_is_known():
    doubt = entropy(np.array([[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]], dtype=np.float32))
    assert doubt == pytest.approx([0.0, 1.0], abs=1e-6)
