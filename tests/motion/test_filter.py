"""Low-pass: cut-off in Hz, no delay, no damage at half turns or gaps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_studio import so3
from m3n_studio.errors import ValueProblem
from m3n_studio.motion.clip import Clip
from m3n_studio.motion.filter import lowpass, lowpass_array, lowpass_rotations


def swinging(rate_hz: float, frequency_hz: float, seconds: float = 8.0) -> Clip:
    time_s = np.arange(int(seconds * rate_hz)) / rate_hz
    poses = np.zeros((len(time_s), 52, 3))
    poses[:, 18, 1] = 0.4 * np.sin(2 * np.pi * frequency_hz * time_s)
    trans = np.column_stack([np.sin(2 * np.pi * frequency_hz * time_s)] * 3)
    return Clip(rate_hz, poses, trans)


@pytest.mark.parametrize("rate_hz", [25.0, 60.0, 120.0])
@pytest.mark.parametrize("cutoff_hz", [3.0, 6.0])
def test_half_the_power_is_left_at_the_cutoff_at_any_rate(rate_hz, cutoff_hz):
    clip = swinging(rate_hz, cutoff_hz, 20.0)
    middle = slice(len(clip) // 4, -len(clip) // 4)
    kept = lowpass(clip, cutoff_hz).trans[middle, 0]
    assert np.std(kept) / np.std(clip.trans[middle, 0]) == pytest.approx(np.sqrt(0.5), rel=0.01)


def test_slow_motion_passes_without_delay_and_fast_motion_does_not():
    slow, fast = swinging(60.0, 0.5), swinging(60.0, 20.0)
    middle = slice(60, -60)
    assert np.abs(lowpass(slow, 6.0).poses - slow.poses)[middle].max() < 1e-3
    assert np.abs(lowpass(fast, 6.0).poses[middle, 18, 1]).max() < 0.004


@settings(max_examples=20, deadline=None)
@given(st.floats(0.1, 12.0), st.floats(2.0, 20.0), st.integers(0, 10_000))
def test_constant_turning_through_many_turns_passes_unchanged(speed_radps, cutoff_hz, seed):
    axis = np.random.default_rng(seed).normal(size=3)
    axis *= speed_radps / np.linalg.norm(axis)
    turning = so3.rotvec_from_matrix(so3.matrix_from_rotvec(np.arange(400)[:, None] / 60 * axis))[:, None]
    smooth = lowpass_rotations(turning, 60.0, cutoff_hz)
    apart = so3.angle_between(so3.matrix_from_rotvec(turning), so3.matrix_from_rotvec(smooth))
    assert apart[150:-150].max() < 1e-6


def test_a_gap_is_not_filtered_across():
    clip = swinging(60.0, 1.0, 4.0)
    valid = np.ones(len(clip), dtype=bool)
    valid[100:120] = False
    jump = np.where(np.arange(len(clip))[:, None] < 110, 0.0, 5.0)
    gapped = clip.with_(valid=valid, trans=np.repeat(jump, 3, axis=1))
    out = lowpass(gapped, 3.0)
    np.testing.assert_allclose(out.trans[:100], 0.0, atol=1e-12)
    np.testing.assert_allclose(out.trans[120:], 5.0, atol=1e-12)
    np.testing.assert_array_equal(out.valid, valid)


@pytest.mark.parametrize("frames", [1, 2, 3, 5])
def test_runs_of_a_few_frames_are_handled(frames):
    clip = swinging(60.0, 1.0).with_(poses=np.ones((frames, 52, 3)), trans=np.ones((frames, 3)), valid=None)
    out = lowpass(clip, 6.0)
    np.testing.assert_allclose(out.poses, clip.poses, atol=1e-9)
    np.testing.assert_allclose(out.trans, clip.trans, atol=1e-9)


def test_a_cutoff_above_half_the_rate_removes_nothing():
    clip = swinging(30.0, 1.0)
    assert lowpass(clip, 15.0) is clip


@pytest.mark.parametrize("cutoff_hz", [0.0, -2.0, float("nan")])
def test_an_impossible_cutoff_is_refused(cutoff_hz):
    with pytest.raises(ValueProblem, match="cutoff_hz"):
        lowpass(swinging(30.0, 1.0), cutoff_hz)


def test_it_is_linear_on_arrays():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 200, 4))
    both = lowpass_array(2 * a - b, 100.0, 8.0)
    np.testing.assert_allclose(both, 2 * lowpass_array(a, 100.0, 8.0) - lowpass_array(b, 100.0, 8.0), atol=1e-10)
