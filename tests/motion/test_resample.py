"""Resampling: splines on SO(3), knots kept, gaps kept, constant turning exact."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation, RotationSpline, Slerp

from m3n_studio import so3
from m3n_studio.errors import ValueProblem
from m3n_studio.motion.clip import Clip, TextSegment, runs
from m3n_studio.motion.resample import resample, rotation_spline

seeds = st.integers(0, 2**32 - 1)


def smooth_clip(seed: int = 0, frames: int = 120, rate_hz: float = 30.0, size: float = 3.0) -> Clip:
    rng = np.random.default_rng(seed)
    poses = size * gaussian_filter1d(rng.normal(size=(frames, 52, 3)), 5, axis=0)
    return Clip(rate_hz, poses, gaussian_filter1d(rng.normal(size=(frames, 3)), 5, axis=0))


def turn_apart(a: np.ndarray, b: np.ndarray) -> float:
    return float(so3.angle_between(so3.matrix_from_rotvec(a), so3.matrix_from_rotvec(b)).max())


@settings(max_examples=25, deadline=None)
@given(seeds, st.floats(0.01, 3.0), st.integers(2, 30))
def test_constant_angular_velocity_is_reproduced_exactly(seed, turn_per_frame, frames):
    rng = np.random.default_rng(seed)
    axis = rng.normal(size=3)
    axis *= turn_per_frame / np.linalg.norm(axis)
    start = Rotation.from_rotvec(rng.normal(size=3))
    at = np.linspace(0, frames - 1, 57)
    knots = (start * Rotation.from_rotvec(np.arange(frames)[:, None] * axis)).as_rotvec()
    expected = (start * Rotation.from_rotvec(at[:, None] * axis)).as_rotvec()
    assert turn_apart(rotation_spline(knots[:, None], at)[:, 0], expected) < 1e-10


@pytest.mark.parametrize("size", [1.0, 4.0])
def test_away_from_the_ends_it_is_scipys_rotation_spline(size):
    rotvecs = smooth_clip(1, 300, size=size).poses[:, :2]
    at = np.linspace(60, 240, 501)
    ours = rotation_spline(rotvecs, at)
    for joint in range(2):
        oracle = RotationSpline(np.arange(300), Rotation.from_rotvec(rotvecs[:, joint].copy()))(at)
        assert (oracle.inv() * Rotation.from_rotvec(ours[:, joint])).magnitude().max() < 1e-7


def test_it_stays_near_the_shortest_arc_between_frames():
    rotvecs = smooth_clip(2).poses[:, :1]
    at = np.linspace(0, 119, 700)
    arc = Slerp(np.arange(120), Rotation.from_rotvec(rotvecs[:, 0].copy()))(at)
    step = so3.angle_between(so3.matrix_from_rotvec(rotvecs[:-1]), so3.matrix_from_rotvec(rotvecs[1:])).max()
    assert (arc.inv() * Rotation.from_rotvec(rotation_spline(rotvecs, at)[:, 0])).magnitude().max() < 0.3 * step


@settings(max_examples=20, deadline=None)
@given(seeds, st.sampled_from([1, 2, 3, 5]), st.integers(1, 40))
def test_frames_that_coincide_are_the_same_frames(seed, factor, frames):
    clip = smooth_clip(seed, frames)
    fine = resample(clip, factor * clip.rate_hz)
    assert len(fine) == factor * (frames - 1) + 1
    np.testing.assert_array_equal(fine.poses[::factor], clip.poses)
    np.testing.assert_array_equal(fine.trans[::factor], clip.trans)


def test_even_wild_turns_give_rotations_through_the_frames():
    rotvecs = np.random.default_rng(3).normal(size=(60, 4, 3)) * 2
    out = rotation_spline(rotvecs, np.arange(0, 59.01, 0.25))
    assert np.isfinite(out).all()
    assert turn_apart(out[::4], rotvecs) < 1e-9


def test_a_smooth_motion_survives_there_and_back():
    clip = smooth_clip(4, 200, 60.0)
    back = resample(resample(clip, 100.0), 60.0)
    inner = slice(10, 189)
    assert turn_apart(back.poses[inner], clip.poses[inner]) < 2e-4
    assert np.abs(back.trans[inner] - clip.trans[inner]).max() < 1e-5


def test_acceleration_of_the_path_survives_resampling():
    time_s = np.arange(121) / 60
    path = np.column_stack([np.sin(2 * np.pi * time_s), np.cos(3 * time_s), time_s**2])
    fine = resample(Clip(60.0, np.zeros((121, 52, 3)), path), 240.0)
    second = np.diff(fine.trans, 2, axis=0)[20:-20] * 240**2
    t = fine.time_s[1:-1][20:-20]
    expected = np.column_stack([-4 * np.pi**2 * np.sin(2 * np.pi * t), -9 * np.cos(3 * t), np.full_like(t, 2.0)])
    assert np.abs(second - expected).max() < 5e-3


@settings(max_examples=40, deadline=None)
@given(seeds, st.lists(st.booleans(), min_size=2, max_size=40), st.floats(5.0, 200.0))
def test_gaps_stay_gaps_and_nothing_leaks_out_of_them(seed, mask, rate_hz):
    clip = smooth_clip(seed, len(mask)).with_(valid=np.array(mask))
    out = resample(clip, rate_hz)
    inside = np.zeros(len(out), dtype=bool)
    for start, stop in runs(clip.valid):
        inside |= (out.time_s * 30 >= start - 1e-5) & (out.time_s * 30 <= stop - 1 + 1e-5)
    np.testing.assert_array_equal(out.valid, inside)
    garbage = clip.with_(poses=np.where(clip.valid[:, None, None], clip.poses, 99.0))
    np.testing.assert_array_equal(resample(garbage, rate_hz).poses[out.valid], out.poses[out.valid])


def test_texts_and_shape_are_carried():
    clip = smooth_clip().with_(texts=(TextSegment(0.5, 1.0, "waves"),), gender="female")
    out = resample(clip, 100.0)
    assert out.texts == clip.texts
    assert (out.gender, out.shape, out.rate_hz) == ("female", clip.shape, 100.0)
    assert abs(out.duration_s - clip.duration_s) < 1 / 100


@pytest.mark.parametrize("rate_hz", [0.0, -1.0, float("nan"), 1e9])
def test_an_impossible_rate_is_refused(rate_hz):
    with pytest.raises(ValueProblem, match="rate_hz"):
        resample(smooth_clip(), rate_hz)


def test_at_the_ends_it_is_ten_times_closer_to_the_truth_than_scipys_spline():
    def truth(t):
        slow = Rotation.from_rotvec(np.column_stack([np.sin(t), np.cos(1.3 * t), 0.5 * t]))
        return slow * Rotation.from_rotvec(np.column_stack([0.5 * np.sin(2 * t + 1), 0 * t, np.cos(t)]))

    knots, at = truth(np.arange(121) / 30), np.linspace(0, 120, 2401)
    ours = Rotation.from_rotvec(rotation_spline(knots.as_rotvec()[:, None], at)[:, 0])
    theirs = RotationSpline(np.arange(121), knots)(at)
    for end in (slice(None, 40), slice(-40, None)):
        error, other = ((r.inv() * truth(at / 30)).magnitude()[end].max() for r in (ours, theirs))
        assert error < 0.1 * other
