"""The shape solver: reaches what a body can, stays near, says so where it cannot."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_studio.body.files import default_body, load_body
from m3n_studio.body.measure import NAMES, measure
from m3n_studio.body.shape import LIMBS, Shape
from m3n_studio.body.solve import TOLERANCE, parse_targets, solve_shape
from m3n_studio.errors import UnknownName, ValueProblem
from tests.bodies import write_body

betas = st.lists(st.floats(-1.5, 1.5), min_size=16, max_size=16)
limbs = st.lists(st.floats(-0.1, 0.1), min_size=10, max_size=10)
subsets = st.sets(st.sampled_from(NAMES), min_size=1)


@given(betas, limbs, subsets)
@settings(max_examples=40, deadline=None)
def test_any_measurements_a_body_has_are_reached(numbers, scales, names):
    person = Shape(tuple(numbers), dict(zip(LIMBS, scales, strict=True)))
    everything = measure(default_body(), person).by_name()
    targets = {name: everything[name] for name in names}
    found = solve_shape(default_body(), targets)
    assert found.ok, found.message
    own = measure(default_body(), found.shape).by_name()
    for name in names:
        assert abs(own[name] - targets[name]) <= TOLERANCE[name]
        assert found.reached[name] == pytest.approx(own[name])


@pytest.mark.parametrize("limb", LIMBS)
def test_a_limb_target_changes_that_limb_only(limb):
    start = solve_shape(default_body(), {"stature": 1.8, "mass": 75}).shape
    before = measure(default_body(), start).by_name()
    found = solve_shape(default_body(), {limb: 1.08 * before[limb]}, start=start)
    after = measure(default_body(), found.shape).by_name()
    assert found.ok
    assert found.shape.betas == start.betas
    assert set(found.shape.limbs) == {limb}
    for name in set(LIMBS) - {limb}:
        assert after[name] == pytest.approx(before[name], abs=1e-3)


def test_stature_and_mass_are_met_by_the_kind_of_body_not_by_stretching_limbs():
    found = solve_shape(default_body(), {"stature": 1.85, "mass": 80})
    assert found.ok
    assert found.shape.limbs == {}
    assert np.linalg.norm(found.shape.betas) < 3


@given(st.floats(1.5, 1.95), st.floats(19, 29))
@settings(max_examples=25, deadline=None)
def test_ordinary_statures_and_masses_are_ordinary_bodies(stature, bmi):
    found = solve_shape(default_body(), {"stature": stature, "mass": bmi * stature**2})
    assert found.ok
    assert np.linalg.norm(found.shape.betas) < 5


def test_where_the_start_already_fits_it_stays():
    start = Shape(tuple(np.random.default_rng(0).normal(size=16)), {"thigh": 0.05}, 1.1, "m3n")
    found = solve_shape(default_body(), measure(default_body(), start).by_name(), start=start)
    assert found.ok
    assert np.allclose(found.shape.vector(default_body()), start.vector(default_body()), atol=1e-6)
    assert found.shape.scale == 1.1


def test_nothing_asked_is_the_start():
    start = Shape((1.0,), {"neck": 0.1})
    assert solve_shape(default_body(), {}, start=start).shape == start


@given(st.floats(0.8, 1.3), st.floats(1.6, 1.8))
@settings(max_examples=10, deadline=None)
def test_the_overall_scale_is_kept(scale, stature):
    found = solve_shape(default_body(), {"stature": stature * scale}, start=Shape(scale=scale))
    assert found.ok
    assert found.shape.scale == scale


@pytest.mark.parametrize(
    "targets",
    [{"stature": 5.0}, {"stature": 1.7, "mass": 400.0}, {"thigh": 2.0}, {"arm_span": 1.2, "upper_arm": 0.5}],
)
def test_what_no_body_has_is_not_claimed(targets):
    found = solve_shape(default_body(), targets)
    assert not found.ok
    missed = [n for n in targets if abs(found.reached[n] - targets[n]) > TOLERANCE[n]]
    assert missed
    for name in missed:
        assert name in found.message
        assert f"{found.reached[name]:.3f}" in found.message
    vector = found.shape.vector(default_body())
    assert np.abs(vector[:16]).max() <= 4.0 + 1e-9
    assert np.abs(vector[16:]).max() <= 0.35 + 1e-9


def test_targets_that_contradict_each_other_are_compromised_and_named():
    """Breadth, arms and hands make the span: they cannot say one thing and the span another."""
    own = measure(default_body()).by_name()
    targets = {n: own[n] for n in ("shoulder_breadth", "upper_arm", "forearm", "hand")}
    found = solve_shape(default_body(), targets | {"arm_span": own["arm_span"] + 0.03})
    assert not found.ok
    assert "contradict" in found.message
    for name in found.targets:
        assert abs(found.reached[name] - found.targets[name]) < 0.02


def test_it_is_deterministic():
    targets = {"stature": 1.62, "mass": 58.0, "arm_span": 1.6}
    assert solve_shape(default_body(), targets) == solve_shape(default_body(), targets)


def test_it_is_fast_enough_for_a_slider():
    """A slider moves from one body to the next; the median of such steps stays under 50 ms."""
    shape, spent = Shape(), []
    for k in range(15):
        begin = time.perf_counter()
        shape = solve_shape(
            default_body(), {"stature": 1.6 + 0.02 * k, "mass": 60 + k, "forearm": 0.24}, start=shape
        ).shape
        spent.append(time.perf_counter() - begin)
    assert np.median(spent) < 0.05


@pytest.mark.parametrize("family", ["smpl", "smplh", "smplx"])
def test_limbs_of_every_family_can_be_asked_for(tmp_path, family):
    model = load_body(write_body(tmp_path / "body.npz", family))
    found = solve_shape(model, {"forearm": 0.29, "thigh": 0.45})
    assert found.ok, found.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("stature=1.85", {"stature": 1.85}), ("stature=185cm", {"stature": 1.85}),
        ("height = 1850 mm", {"stature": 1.85}),
        ("weight=80kg", {"mass": 80}), ("mass=80", {"mass": 80}), ("arm-span=1.8,", {"arm_span": 1.8}), ("", {}),
    ],
)  # fmt: skip
def test_absolute_targets_are_read(text, expected):
    assert parse_targets(default_body(), text) == pytest.approx(expected)


def test_signed_targets_are_changes():
    own = measure(default_body()).by_name()
    assert parse_targets(default_body(), "forearm=+10%")["forearm"] == pytest.approx(1.1 * own["forearm"])
    assert parse_targets(default_body(), "thigh=-2cm")["thigh"] == pytest.approx(own["thigh"] - 0.02)
    start = Shape((1.0,), {"thigh": 0.1})
    longer = parse_targets(default_body(), "thigh=+5%", start=start)["thigh"]
    assert longer == pytest.approx(1.05 * measure(default_body(), start).thigh_m)


def test_changes_are_from_the_body_that_meets_the_absolute_terms():
    tall = measure(default_body(), solve_shape(default_body(), {"stature": 1.85}).shape)
    targets = parse_targets(default_body(), "stature=1.85,forearm=+10%")
    assert targets["forearm"] == pytest.approx(1.1 * tall.forearm_m)
    assert solve_shape(default_body(), targets).ok


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("stature", "expected name=value"), ("stature=tall", "expected a number"),
        ("stature=185", "did you mean stature=185cm"),
        ("forearm=10%", r"\+10%"), ("mass=2m", "mass is in kg"), ("stature=80kg", "stature is in m"),
        ("stature=1.8,height=1.9", "twice"), ("stature=-200cm", "not positive"), ("stature=1e3", "expected a number"),
        ("stature=nan", "expected a number"), ("=", "expected name=value"), ("thigh=-100%", "not positive"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said(text, says):
    with pytest.raises(ValueProblem, match=says):
        parse_targets(default_body(), text)


def test_unknown_measurements_get_the_nearest_name():
    with pytest.raises(UnknownName, match="did you mean 'forearm'"):
        parse_targets(default_body(), "forarm=0.25")
    with pytest.raises(UnknownName, match="did you mean 'stature'"):
        solve_shape(default_body(), {"statur": 1.8})


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_values_that_are_no_sizes_are_refused(value):
    with pytest.raises(ValueProblem, match="stature must be"):
        solve_shape(default_body(), {"stature": value})
