"""Populations: what was stated is what comes out; the same seed gives the same bodies."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_studio.body.files import default_body, load_body
from m3n_studio.body.measure import NAMES, gauge, measure
from m3n_studio.body.quick import quick_gauge
from m3n_studio.body.shape import Shape
from m3n_studio.body.solve import solve_shape
from m3n_studio.errors import M3nError, UnknownName, ValueProblem
from m3n_studio.imu.envelope import envelopes
from m3n_studio.imu.placement import named_placement
from m3n_studio.imu.population import Population, Spread, draw, of_people
from m3n_studio.imu.tensor import signal_tensor
from tests.bodies import write_body
from tests.studio.conftest import moving

MIXED = Population(
    ("stature", "forearm", "thigh"),
    (Spread("normal", 1.68, 0.06), Spread("uniform", 0.21, 0.27), Spread("fixed", 0.41)),
    ((1.0, -0.4, 0.0), (-0.4, 1.0, 0.0), (0.0, 0.0, 1.0)),
)


@pytest.fixture(scope="module")
def body():
    return default_body()


@pytest.fixture(scope="module")
def tensor(body):
    return signal_tensor(body, moving(body), [named_placement(body, n) for n in ("left_wrist", "right_ankle")])


@pytest.mark.parametrize("names", [("stature", "mass"), NAMES])
def test_means_deviations_and_correlations_come_out_as_stated(body, names):
    population = of_people(body, names)
    n = 3000
    _, found = draw(body, population, n, seed=3)
    mean, std = (np.array([getattr(s, what) for s in population.spreads]) for what in ("mean", "std"))
    assert np.abs((found.mean(axis=0) - mean) / std).max() < 4 / np.sqrt(n)
    assert np.abs(found.std(axis=0) / std - 1).max() < 0.06
    assert np.abs(np.corrcoef(found.T) - population.correlations(body)).max() < 4 / np.sqrt(n)


def test_ranges_fixed_values_and_stated_correlations_come_out(body):
    n = 3000
    vectors, found = draw(body, MIXED, n, seed=1)
    stature, forearm, thigh = found.T
    assert forearm.min() > 0.209
    assert forearm.max() < 0.271
    assert np.abs(np.sort(forearm) - np.linspace(0.21, 0.27, n)).max() < 0.06 * 1.8 / np.sqrt(n) + 1e-3
    assert np.abs(thigh - 0.41).max() < 1e-3
    assert abs(np.corrcoef(stature, forearm)[0, 1] + 0.4) < 4 / np.sqrt(n)
    assert vectors.shape == (n, body.n_betas + 10)


def test_what_was_measured_is_what_a_tape_says(body):
    vectors, found = draw(body, MIXED, 20, seed=5)
    for vector, row in zip(vectors, found, strict=True):
        tape = measure(body, Shape.from_vector(body, vector)).by_name()
        np.testing.assert_allclose([tape[n] for n in MIXED.attributes], row, atol=1e-9)


@settings(max_examples=8, deadline=None)
@given(n=st.integers(1, 300), more=st.integers(0, 200), seed=st.integers(0, 10**6))
def test_the_first_bodies_do_not_depend_on_how_many_follow(n, more, seed):
    model = default_body()
    few, few_found = draw(model, MIXED, n, seed)
    many, many_found = draw(model, MIXED, n + more, seed)
    np.testing.assert_array_equal(few, many[:n])
    np.testing.assert_array_equal(few_found, many_found[:n])


def test_another_seed_gives_other_bodies_and_no_variety_gives_average_ones(body):
    assert not np.array_equal(draw(body, MIXED, 3, 0)[0], draw(body, MIXED, 3, 1)[0])
    tall = Population(("stature",), (Spread("fixed", 1.8),), variety=0.0)
    vectors, _ = draw(body, tall, 5)
    np.testing.assert_array_equal(vectors, np.repeat(vectors[:1], 5, axis=0))


def test_nothing_stated_gives_people(body):
    vectors, found = draw(body, Population((), ()), 2000)
    assert found.shape == (2000, 0)
    assert abs(vectors[:, : body.n_betas].std() - 1.0) < 0.03
    assert not vectors[:, body.n_betas :].any()


def test_a_thousand_bodies_take_less_than_a_second(body):
    quick_gauge(body)
    start = time.perf_counter()
    draw(body, of_people(body, NAMES), 1000)
    assert time.perf_counter() - start < 1.0


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Spread("normal", 1.7, -0.1), "negative"),
        (lambda: Spread("uniform", 1.7, 1.6), "range"),
        (lambda: Spread("fixed", 0.0), "positive"),
        (lambda: Population(("stature", "stature"), (Spread("fixed", 1.7),) * 2), "once"),
        (lambda: Population(("stature", "mass"), (Spread("fixed", 1.7),) * 2, ((1.0, 0.2), (0.3, 1.0))), "same both"),
        (
            lambda: Population(
                ("stature", "mass", "neck"), (Spread("fixed", 1.7),) * 3,
                ((1.0, 0.9, -0.9), (0.9, 1.0, 0.9), (-0.9, 0.9, 1.0)),
            ),
            "contradict",
        ),
        (lambda: draw(default_body(), MIXED, 0), "number of bodies"),
        (lambda: draw(default_body(), MIXED, 1, -1), "seed"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_in_words(make, says):
    with pytest.raises(ValueProblem, match=says):
        make()


def test_unknown_names_are_refused():
    with pytest.raises(UnknownName):
        Spread("cauchy", 1.0)
    with pytest.raises(UnknownName):
        Population(("waist",), (Spread("fixed", 0.8),))


def test_the_quick_gauge_is_the_plain_one(body):
    rng = np.random.default_rng(0)
    vectors = np.concatenate([rng.normal(size=(30, body.n_betas)) * 1.5, rng.uniform(-0.3, 0.3, (30, 10))], axis=1)
    values, slopes = quick_gauge(body).many(vectors)
    for i, vector in enumerate(vectors):
        for j, (value, slope) in enumerate(gauge(body).linearise(vector).values()):
            assert abs(value - values[i, j]) < 1e-8
            np.testing.assert_allclose(slopes[i, j], slope, atol=1e-8)


def test_the_quick_gauge_closes_the_openings_of_a_mesh(tmp_path):
    smplx_like = load_body(write_body(tmp_path / "SMPLX_NEUTRAL.npz", "smplx"))
    rng = np.random.default_rng(1)
    vector = np.concatenate([rng.normal(size=smplx_like.n_betas), rng.uniform(-0.1, 0.1, 10)])
    plain, quick = gauge(smplx_like).linearise(vector, ("mass",))["mass"], quick_gauge(smplx_like).linearise(vector)
    assert abs(plain[0] - quick["mass"][0]) < 1e-6 * abs(plain[0])
    np.testing.assert_allclose(quick["mass"][1], plain[1], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("targets", [{"stature": 1.8}, {"mass": 95.0, "forearm": 0.25}, {"stature": 2.6}])
def test_solving_with_the_quick_gauge_finds_the_same_body(body, targets):
    plain, quick = solve_shape(body, targets), solve_shape(body, targets, quick=quick_gauge(body))
    assert plain.ok == quick.ok
    np.testing.assert_allclose(plain.shape.vector(body), quick.shape.vector(body), atol=1e-6)


def test_envelopes_are_the_quantiles_of_the_signals(body, tensor):
    vectors, _ = draw(body, of_people(body), 60)
    told = []
    found = envelopes(tensor, vectors, progress=lambda done, total: told.append(done / total))
    acc = tensor.acc_many(vectors)
    channels = np.concatenate([acc, np.linalg.norm(acc, axis=3, keepdims=True)], axis=3)
    for i, one in enumerate(found):
        assert (one.sensor, one.quantity, one.bodies) == (tensor.names[i], "acc", 60)
        want = np.quantile(channels[:, i], one.levels, axis=0)
        np.testing.assert_allclose(one.values[:, one.valid], want[:, one.valid], atol=1e-4)
        first = int(np.argmax(one.valid))
        np.testing.assert_array_equal(one.values[:, 0], one.values[:, first])  # edges mean nothing
        assert (np.diff(one.values, axis=0) >= 0).all()
    assert told[-1] == 1.0


def test_envelopes_can_be_stopped(body, tensor):
    with pytest.raises(M3nError, match="stopped"):
        envelopes(tensor, np.zeros((5, body.n_betas + 10)), cancelled=lambda: True)
