"""The one way in: what is asked for is what comes out, and nonsense is refused in words."""

import numpy as np
import pytest

from m3n_studio.errors import UnknownName, ValueProblem
from m3n_studio.imu.augment import sample_vectors
from m3n_studio.imu.placement import named_placement
from m3n_studio.imu.settings import Settings
from m3n_studio.imu.simulate import simulate, simulate_trajectory
from m3n_studio.imu.tensor import signal_tensor
from tests.imu.motions import free_body, lively_clip, lively_trajectory, random_shape


def test_names_and_placements_may_be_mixed_and_keep_their_order():
    model = free_body()
    signals = simulate(model, lively_clip(60.0, 1.0), ["head", named_placement(model, "belt"), "left_foot"])
    assert [s.name for s in signals] == ["head", "belt", "left_foot"]


def test_the_output_has_the_asked_rate_and_the_clips_length():
    clip = lively_clip(60.0, 2.0)
    for rate_hz in (30.0, 60.0, 100.0, 128.0):
        signal = simulate(free_body(), clip, ["chest"], settings=Settings(rate_hz=rate_hz))[0]
        assert signal.rate_hz == pytest.approx(rate_hz)
        assert signal.time_s[0] == 0.0
        assert clip.duration_s - signal.time_s[-1] < 1 / rate_hz + 1e-9


def test_without_a_shape_it_is_the_clips_own():
    model = free_body()
    clip = lively_clip(60.0, 1.0).with_(shape=random_shape(model, 1))
    own = simulate(model, clip, ["left_wrist"])[0]
    named = simulate(model, clip, ["left_wrist"], shape=clip.shape)[0]
    other = simulate(model, clip, ["left_wrist"], shape=random_shape(model, 2))[0]
    assert np.allclose(own.acc_mps2, named.acc_mps2, atol=1e-9)
    assert not np.allclose(own.acc_mps2, other.acc_mps2, atol=0.01)


def test_a_taller_body_walks_a_longer_path_only_where_the_root_is_scaled():
    model, clip = free_body(), lively_clip(60.0, 1.0)
    still = clip.with_(poses=np.zeros_like(clip.poses))  # all that moves is the path
    from m3n_studio.body.shape import Shape

    def swing(root, scale):
        signal = simulate(model, still, ["chest"], shape=Shape(scale=scale),
                          settings=Settings(root=root, bandwidth_hz=None))[0]  # fmt: skip
        return (signal.acc_mps2 - signal.acc_mps2.mean(axis=0))[signal.valid]

    assert np.allclose(swing("scaled", 1.2), 1.2 * swing("scaled", 1.0), atol=0.05)
    assert np.allclose(swing("recorded", 1.2), swing("recorded", 1.0), atol=1e-9)


def test_two_devices_of_one_run_do_not_share_their_noise():
    model, clip = free_body(), lively_clip(60.0, 1.0)
    one, two = simulate(model, clip, ["chest", "chest"], device="phone", seed=4)
    assert not np.array_equal(one.acc_mps2, two.acc_mps2)


@pytest.mark.parametrize("seed", [-1, -(10**9)])
def test_negative_seeds_are_refused(seed):
    with pytest.raises(ValueProblem, match="seed"):
        simulate_trajectory(lively_trajectory(), seed=seed)
    with pytest.raises(ValueProblem, match="seed"):
        sample_vectors(free_body(), 2, seed)


def test_nothing_to_simulate_is_refused():
    with pytest.raises(ValueProblem, match="at least one placement"):
        simulate(free_body(), lively_clip(60.0, 1.0), [])
    with pytest.raises(ValueProblem, match="at least one placement"):
        signal_tensor(free_body(), lively_clip(60.0, 1.0), [])


@pytest.mark.parametrize(
    "values", [{"rate_hz": 0.0}, {"bandwidth_hz": -1.0}, {"rate_hz": np.nan}, {"gravity_mps2": np.inf}]
)
def test_settings_out_of_range_are_refused(values):
    with pytest.raises(ValueProblem, match=next(iter(values))):
        Settings(**values)


def test_an_unknown_root_is_refused():
    with pytest.raises(UnknownName, match="recorded"):
        Settings(root="record")
