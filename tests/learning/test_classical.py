"""MiniRocket and the forest: they learn what can be learned, chance where labels are shuffled, any placements."""

import numpy as np
import pytest

from m3n_studio.errors import ValueProblem
from m3n_studio.learning.classical import STATISTICS, Forest, MiniRocket, statistics
from m3n_studio.learning.folds import user_folds
from tests.learning.made import windows

BOTH = ("left_wrist", "right_wrist")
MAKERS = {"forest": lambda seed=0: Forest(seed, trees=40), "minirocket": lambda seed=0: MiniRocket(seed, kernels=200)}


@pytest.mark.parametrize("name", MAKERS)
def test_they_tell_frequencies_apart_and_the_same_seed_says_the_same(name):
    data = windows({f"u{i}": (6, 6, 6) for i in range(4)}, placements=BOTH)
    (fold, *_) = user_folds(data, 4, validation_users=0)
    model = MAKERS[name]().fit(data, fold.train)
    test = data.take(fold.test)
    assert (model.predict(test) == test.label).mean() > 0.9
    share = model.probabilities(test)
    assert share.shape == (len(test), 3)
    assert np.allclose(share.sum(axis=1), 1)
    assert np.array_equal(share, MAKERS[name]().fit(data, fold.train).probabilities(test))


@pytest.mark.parametrize("name", MAKERS)
def test_shuffled_labels_score_chance(name):
    data = windows({f"u{i}": (10, 10) for i in range(6)})
    np.random.default_rng(0).shuffle(data.label)
    right = []
    for fold in user_folds(data, 3, validation_users=0):
        model = MAKERS[name]().fit(data, fold.train)
        right.append((model.predict(data.take(fold.test)) == data.label[fold.test]).mean())
    assert 0.25 < np.mean(right) < 0.75


@pytest.mark.parametrize("name", MAKERS)
def test_a_masked_wrist_is_coped_with_and_classes_never_seen_are_never_said(name):
    data = windows({"a": (8, 8, 8), "b": (8, 8, 8)}, placements=BOTH)
    data.mask[::3, 1] = False
    data.imu[~data.mask] = 0
    train = np.flatnonzero((data.subject == "a") & (data.label != 1))
    share = MAKERS[name]().fit(data, train).probabilities(data)
    assert (share[:, 1] == 0).all()
    assert (share.argmax(axis=1) == data.label)[data.label != 1].mean() > 0.9


def test_one_class_alone_is_always_said_and_nothing_to_learn_is_an_error():
    data = windows({"a": (4, 4)})
    model = Forest().fit(data, np.flatnonzero(data.label == 1))
    assert (model.predict(data) == 1).all()
    data.label[:] = -1
    with pytest.raises(ValueProblem, match="no labelled window"):
        Forest().fit(data)
    with pytest.raises(ValueProblem, match="fit comes first"):
        Forest().predict(data)
    with pytest.raises(ValueProblem, match="9 samples"):
        MiniRocket().fit(windows({"a": (2, 2)}, samples=8))


def test_statistics_are_what_they_are_called():
    data = windows({"a": (3,)}, placements=BOTH, samples=32, rate_hz=16.0)
    t = np.arange(32) / 16.0
    data.imu[0, 0, 1] = 2 * np.sin(2 * np.pi * 3.0 * t + 0.3) + 5
    data.mask[1, 1] = False
    found = statistics(data).reshape(3, 2, 8, len(STATISTICS))
    of = dict(zip(STATISTICS, found[0, 0, 1], strict=True))
    x = data.imu[0, 0, 1]
    assert of["mean"] == pytest.approx(5, abs=1e-3)
    assert of["std"] == pytest.approx(np.sqrt(2), abs=1e-3)
    assert (of["least"], of["most"], of["median"]) == pytest.approx((x.min(), x.max(), np.median(x)), rel=1e-5)
    assert of["peak_hz"] == pytest.approx(3.0)
    assert of["peak_share"] == pytest.approx(1.0, abs=1e-3)
    assert np.isnan(found[1, 1]).all()
    assert not np.isnan(found[1, 0]).any()
    norm = np.linalg.norm(data.imu[2, 1, :3], axis=0)
    assert found[2, 1, 6, 0] == pytest.approx(norm.mean(), rel=1e-5)


@pytest.mark.parametrize("missing", [False, True])
def test_the_forest_says_what_scikit_learns_says(missing):
    from sklearn.ensemble import RandomForestClassifier

    data = windows({f"u{i}": (6, 6, 6) for i in range(4)}, placements=BOTH, spread=2.0)
    if missing:
        data.mask[::3, 1] = False
    found = Forest(3, trees=25).fit(data).probabilities(data)
    other = RandomForestClassifier(25, random_state=3).fit(statistics(data), data.label)
    np.testing.assert_allclose(found, other.predict_proba(statistics(data)), atol=1e-12)


@pytest.mark.parametrize("classes", [2, 3])
def test_minirocket_says_what_its_ridge_says(classes):
    from sklearn.linear_model import RidgeClassifierCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from m3n_studio.learning.classical import _minirocket, _series

    data = windows({f"u{i}": (6,) * classes for i in range(4)}, spread=2.0)
    ridge = RidgeClassifierCV(alphas=np.logspace(-3, 3, 10))
    whole = make_pipeline(_minirocket(200, 5), StandardScaler(with_mean=False), ridge)
    said = whole.fit(_series(data), data.label).predict(_series(data))
    model = MiniRocket(5, kernels=200).fit(data)
    assert np.array_equal(model.predict(data), said)
    again = MiniRocket(0).fill(model.arrays())
    assert np.array_equal(again.probabilities(data), model.probabilities(data))


def test_trees_that_lead_nowhere_are_refused():
    data = windows({f"u{i}": (6, 6, 6) for i in range(4)})
    kept = Forest(0, trees=3).fit(data).arrays()
    for name, value in (("left", 0), ("right", 10**6), ("feature", -2), ("root", -1)):
        broken = kept | {name: np.full_like(kept[name], value)}
        with pytest.raises(ValueProblem, match="downwards"):
            Forest().fill(broken)
    own = MiniRocket(kernels=100).fit(data).arrays()
    with pytest.raises(ValueProblem, match="fit each other"):
        MiniRocket().fill(own | {"scale": own["scale"][:-1]})
