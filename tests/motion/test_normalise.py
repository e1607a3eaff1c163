"""Stature, origin, floor, trimming and mirroring of clips."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_studio.body.files import default_body
from m3n_studio.body.forward import forward, joints_over_time
from m3n_studio.body.shape import Shape
from m3n_studio.body.skeleton import MIRROR
from m3n_studio.errors import ValueProblem
from m3n_studio.motion.clip import Clip, TextSegment
from m3n_studio.motion.ground import ground, sole_heights
from m3n_studio.motion.normalise import facing, feet_centre, mirror, normalise, rest_stature, trim


@pytest.fixture(scope="module")
def body():
    return default_body()


def some_clip(seed: int = 0, frames: int = 20, **changes: object) -> Clip:
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.normal(size=(frames, 52, 3)) * 0.02, axis=0)
    walk[:, 0] += rng.normal(size=3)
    return Clip(30.0, walk, rng.normal(size=(frames, 3)) * 0.05 + rng.normal(size=3)).with_(**changes)


@pytest.mark.parametrize("stature_m", [1.5, 1.7, 2.0])
def test_a_normalised_body_has_the_stature_and_stands_at_the_origin(body, stature_m):
    clip = normalise(some_clip(shape=Shape((), {"thigh": 0.1}, 1.1)), body, stature_m)
    assert rest_stature(body, clip.shape) == pytest.approx(stature_m, abs=1e-9)
    assert np.abs(feet_centre(clip, body, 0)[[0, 2]]).max() < 1e-9
    vertices, _ = forward(body, clip.poses, clip.trans, clip.shape)
    assert sole_heights(clip, body).min() == pytest.approx(0.0, abs=1e-9)
    feet = body.weights[:, [7, 8, 10, 11]].sum(axis=1) > 0.5
    assert vertices[:, feet, 1].min() == pytest.approx(0.0, abs=3e-3)


def test_the_whole_motion_is_scaled_alike(body):
    clip = some_clip(1)
    out = normalise(clip, body, 1.7)
    factor = 1.7 / rest_stature(body, clip.shape)
    before = joints_over_time(body, clip.poses, clip.trans, clip.shape)[1]
    after = joints_over_time(body, out.poses, out.trans, out.shape)[1]
    np.testing.assert_allclose(after - after[:1, :1], factor * (before - before[:1, :1]), atol=1e-9)


def test_it_can_be_turned_to_face_forward(body):
    out = normalise(some_clip(2), body, forward=True)
    np.testing.assert_allclose(facing(out, body, 0), (0, 0, 1), atol=1e-9)


def test_a_gap_at_the_start_does_not_set_the_origin(body):
    clip = some_clip(3)
    valid = np.arange(len(clip)) >= 5
    trans = clip.trans.copy()
    trans[:5] = 50.0, -80.0, 3.0
    out = normalise(clip.with_(valid=valid, trans=trans), body)
    assert np.abs(feet_centre(out, body, 5)[[0, 2]]).max() < 1e-9
    assert sole_heights(out, body)[valid].min() == pytest.approx(0.0, abs=1e-9)


def test_normalising_twice_changes_nothing(body):
    once = normalise(some_clip(4), body, forward=True)
    twice = normalise(once, body, forward=True)
    np.testing.assert_allclose(twice.trans, once.trans, atol=1e-9)


def test_grounding_moves_a_clip_only_up_or_down(body):
    clip = some_clip(5)
    moved = ground(clip, body).trans - clip.trans
    np.testing.assert_array_equal(moved[:, [0, 2]], 0.0)
    np.testing.assert_allclose(moved[:, 1], moved[0, 1], atol=1e-12)


def test_an_impossible_stature_is_refused(body):
    with pytest.raises(ValueProblem, match="stature_m"):
        normalise(some_clip(), body, 17.0)


def test_trimming_keeps_the_frames_between_and_moves_the_texts():
    texts = (TextSegment(0.0, 0.3, "stands"), TextSegment(0.2, 0.6, "waves"), TextSegment(0.6, 0.66, "ends"))
    clip = some_clip(6, texts=texts)
    out = trim(clip, 0.1, 0.5)
    np.testing.assert_array_equal(out.trans, clip.trans[3:16])
    assert [(t.text, round(t.start_s, 6), round(t.end_s, 6)) for t in out.texts] == [
        ("stands", 0.0, 0.2),
        ("waves", 0.1, 0.4),
    ]
    with pytest.raises(ValueProblem, match="no frame"):
        trim(clip, 0.501, 0.502)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_mirrored_twice_it_is_itself(seed):
    clip = some_clip(
        seed, texts=(TextSegment(0, 0.5, "Left hand, then RIGHT, turns counterclockwise; upright, leftover"),)
    )
    twice = mirror(mirror(clip))
    np.testing.assert_array_equal(twice.poses, clip.poses)
    np.testing.assert_array_equal(twice.trans, clip.trans)
    assert twice.texts == clip.texts


def test_a_mirrored_clip_is_the_reflection(body):
    clip = some_clip(7)
    symmetric = body.joints[list(MIRROR)] * (-1, 1, 1)
    if np.abs(symmetric - body.joints).max() > 2e-3:
        pytest.fail("the default body is not symmetric")
    original = joints_over_time(body, clip.poses, clip.trans)[1]
    reflected = joints_over_time(body, mirror(clip).poses, mirror(clip).trans)[1]
    np.testing.assert_allclose(reflected[:, list(MIRROR)] * (-1, 1, 1), original, atol=5e-3)


def test_words_for_sides_are_exchanged():
    texts = (TextSegment(0, 1, "raises the Left arm, upright, walks clockwise to the right"),)
    (text,) = mirror(some_clip(8, texts=texts)).texts
    assert text.text == "raises the Right arm, upright, walks counterclockwise to the left"
