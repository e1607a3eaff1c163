"""Which bodies come closest: a known body is found, nothing unfelt is hinted at, noise says nothing."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("pydantic")

from m3n_studio.body.measure import NAMES
from m3n_studio.body.quick import quick_gauge
from m3n_studio.body.shape import Shape
from m3n_studio.body.solve import solve_shape
from m3n_studio.errors import Cancelled, ValueProblem
from m3n_studio.imu.placement import named_placement
from m3n_studio.imu.settings import Settings
from m3n_studio.imu.simulate import simulate
from m3n_studio.learning.closeness import (
    BodyWindows,
    Motion,
    bodies_of,
    body_windows,
    closeness,
    find_hints,
)
from m3n_studio.learning.closeness_features import KINDS, PhysicalSpace, features, spectrum
from m3n_studio.learning.config import WindowSpec
from m3n_studio.learning.windows import LabelledRecording, cut
from m3n_studio.motion.demo import load_demo
from m3n_studio.so3 import matrix_from_rotvec

RATE_HZ, SAMPLES = 60.0, 120


@pytest.fixture(scope="module")
def bodies(default_model):
    return bodies_of(default_model, 400)


@pytest.fixture(scope="module")
def default_model():
    from m3n_studio.body.files import default_body

    return default_body()


def made_windows(model, motion="walk", spans=()):
    return body_windows(
        model, [Motion(load_demo(motion), spans)], named_placement(model, "left_wrist"), rate_hz=RATE_HZ,
        samples=SAMPLES, stride=30, bandwidth_hz=12.0, most=48,
    )  # fmt: skip


def worn(model, targets, *, motion="walk", seed=3, device="smartwatch"):
    """Windows (N, 6, T) a watch on a known body reads, its blocks, and what the body measures."""
    shape = solve_shape(model, targets).shape if targets else Shape()
    (signal,) = simulate(model, load_demo(motion), ["left_wrist"], shape=shape, settings=Settings(rate_hz=RATE_HZ),
                         device=device, seed=seed)  # fmt: skip
    spec = WindowSpec(length_s=2.0, stride_s=0.5, rate_hz=RATE_HZ, placements=("left_wrist",))
    real = cut([LabelledRecording("one", "somebody", {"left_wrist": signal})], spec, unlabelled=True).imu[:, 0]
    return real, np.arange(len(real)) // 4, quick_gauge(model).values(shape.vector(model))


def found_for(model, bodies, targets, kind, **more):
    real, blocks, truth = worn(model, targets, **more)
    space = PhysicalSpace.of(real, RATE_HZ, kind)
    found = closeness(space(real), blocks, made_windows(model), *bodies, space)
    return found, {h.name: h for h in found.hints}, truth


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("stature", "forearm"), [(1.78, 0.26), (1.62, 0.222)])
def test_a_known_body_is_within_the_hints_and_what_is_not_felt_has_none(default_model, bodies, kind, stature, forearm):
    found, hints, truth = found_for(default_model, bodies, {"stature": stature, "forearm": forearm}, kind)
    assert found.gain > 0.3
    assert hints["forearm"].preferred
    assert hints["arm_span"].preferred
    for hint in hints.values():
        if hint.preferred:
            assert hint.low <= truth[hint.name] <= hint.high
            assert hint.chance < 0.05
    assert hints["forearm"].best == pytest.approx(forearm, abs=0.012)
    assert (hints["forearm"].shift > 0.5) == (forearm > 0.25)
    for name in ("foot", "hip_breadth", "neck", "mass"):
        assert not hints[name].preferred
    assert hints["stature"].low <= stature <= hints["stature"].high


def test_the_closest_are_the_closest_and_the_range_is_theirs(default_model, bodies):
    found, hints, _ = found_for(default_model, bodies, {"forearm": 0.26}, "any strap")
    assert len(found.closest) == 40
    assert found.distance[found.closest].max() <= np.delete(found.distance, found.closest).min() + 1e-12
    assert (np.diff(found.distance[found.closest]) >= 0).all()
    forearms = found.values[found.closest, NAMES.index("forearm")]
    assert hints["forearm"].low <= np.median(forearms) <= hints["forearm"].high
    assert hints["forearm"].unit == "m"


def test_another_way_of_moving_hints_at_nobody(default_model, bodies):
    """A hammering wrist against walking bodies: none is noticeably closer, and none is preferred."""
    found, hints, _ = found_for(default_model, bodies, {"forearm": 0.26}, "any strap", motion="hammer")
    assert found.gain < 0.15
    assert not any(h.preferred for h in hints.values())


def test_chance_alone_hints_at_nothing():
    rng = np.random.default_rng(5)
    values = rng.normal(size=(300, 13))
    preferred = 0
    for seed in range(20):
        far = rng.normal(10.0, 1.0, size=(300, 40)) + rng.normal(0.0, 1.0, size=(300, 1))
        preferred += sum(h.preferred for h in find_hints(far, np.zeros(300), np.arange(40) // 4, values, seed=seed))
    assert preferred <= 1


def test_a_best_in_the_middle_is_found_though_nothing_shifts():
    rng = np.random.default_rng(6)
    values = rng.uniform(-1.0, 1.0, size=(400, 13))
    far = np.abs(values[:, :1]) + rng.normal(0.0, 0.02, size=(400, 40))
    first, *others = find_hints(far, np.zeros(400), np.arange(40), values)
    assert first.preferred
    assert abs(first.shift) < 0.35
    assert first.narrowing > 0.6
    assert first.low < 0.0 < first.high
    assert not any(h.preferred for h in others)


def test_segments_vary_apart_or_together(default_model, bodies):
    apart = np.corrcoef(bodies[1].T)
    together = np.corrcoef(bodies_of(default_model, 400, together=True)[1].T)
    stature, foot, forearm = (NAMES.index(n) for n in ("stature", "foot", "forearm"))
    assert abs(apart[foot, forearm]) < 0.15
    assert together[foot, forearm] > 0.4
    assert together[stature, forearm] > 0.4


def test_windows_of_a_body_are_those_of_the_simulation_and_turn_alike_for_all(default_model):
    windows = made_windows(default_model)
    assert isinstance(windows, BodyWindows)
    shape = solve_shape(default_model, {"forearm": 0.27, "stature": 1.8}).shape
    vectors = np.stack([Shape().vector(default_model), shape.vector(default_model)])
    two = windows.of(vectors)
    (signal,) = simulate(default_model, load_demo("walk"), ["left_wrist"], shape=shape,
                         settings=Settings(rate_hz=RATE_HZ))  # fmt: skip
    at = round((windows.start_s[3] - signal.time_s[0]) * RATE_HZ)
    assert np.allclose(two[1, 3, :3].T, signal.acc_mps2[at : at + SAMPLES], atol=2e-3)
    assert np.allclose(two[1, 3, 3:].T, signal.gyr_radps[at : at + SAMPLES], atol=2e-3)
    assert np.array_equal(two[0, :, 3:], two[1, :, 3:])
    assert np.abs(two[0, :, :3] - two[1, :, :3]).max() > 0.1


def test_windows_lie_where_they_may(default_model):
    some = made_windows(default_model, spans=((2.0, 6.0),))
    assert 0 < len(some) < len(made_windows(default_model))
    assert some.start_s.min() >= 2.0
    assert some.start_s.max() + SAMPLES / RATE_HZ <= 6.0 + 1e-6
    with pytest.raises(ValueProblem, match="no motion lasts"):
        made_windows(default_model, spans=((2.0, 3.0),))


def test_features_of_any_strap_do_not_change_with_its_turn(default_model):
    real, _, _ = worn(default_model, {})
    turn = matrix_from_rotvec(np.array([0.7, -0.4, 1.1]))
    turned = real.copy()
    turned[:, :3] = np.einsum("ij,njt->nit", turn, real[:, :3])
    assert np.allclose(features(real, RATE_HZ, "any strap"), features(turned, RATE_HZ, "any strap"), atol=1e-2)
    assert not np.allclose(features(real, RATE_HZ, "per axis"), features(turned, RATE_HZ, "per axis"), atol=1.0)
    spun = real.copy()
    spun[:, 3:] = 7.0
    assert np.array_equal(features(real, RATE_HZ, "per axis"), features(spun, RATE_HZ, "per axis"))


def test_a_spectrum_holds_the_power_of_its_signal():
    t = np.arange(SAMPLES) / RATE_HZ
    imu = np.zeros((4, 6, SAMPLES), dtype=np.float32)
    imu[:, 1] = 2.0 * np.sin(2 * np.pi * 5.0 * t)
    frequency, density = spectrum(imu, RATE_HZ)
    assert frequency[density.argmax()] == pytest.approx(5.0)
    assert density.sum() * frequency[1] == pytest.approx(2.0, rel=0.05)


def test_too_little_is_told_and_cancel_is_heard(default_model, bodies):
    real, blocks, _ = worn(default_model, {})
    space, windows = PhysicalSpace.of(real, RATE_HZ, "any strap"), made_windows(default_model)
    with pytest.raises(ValueProblem, match="too few to compare; 8"):
        closeness(space(real)[:4], blocks[:4], windows, *bodies, space)
    with pytest.raises(ValueProblem, match="bodies are too few"):
        closeness(space(real), blocks, windows, bodies[0][:9], bodies[1][:9], space)
    with pytest.raises(Cancelled):
        closeness(space(real), blocks, windows, *bodies, space, cancelled=lambda: True)
