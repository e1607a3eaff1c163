"""AMASS and GRAB: z-up turned to y-up, fields under every usual name, jaw and eyes dropped."""

import numpy as np
import pytest

from m3n_studio.body.files import default_body, load_body
from m3n_studio.body.forward import joints_over_time
from m3n_studio.errors import FileError
from m3n_studio.motion.formats import read_clip
from tests.bodies import write_body
from tests.motion import written

CLIP = written.walking()


@pytest.mark.parametrize("name", ["amass", "amass_x", "grab"])
def test_a_motion_comes_back_from_z_up(tmp_path, name):
    clip = read_clip(written.write(tmp_path, name, CLIP))
    assert clip.rate_hz == CLIP.rate_hz
    np.testing.assert_allclose(clip.poses, CLIP.poses, atol=1e-6)
    np.testing.assert_allclose(clip.trans, CLIP.trans, atol=2e-6)
    assert any("z-up" in note for note in clip.source.notes)


def test_betas_and_gender_are_kept_with_their_space(tmp_path):
    clip = read_clip(written.write(tmp_path, "amass", CLIP))
    assert (clip.gender, clip.shape.space, len(clip.shape.betas)) == ("female", "smplh-female", 16)
    assert read_clip(written.write(tmp_path, "grab", CLIP)).gender == "male"
    np.testing.assert_array_equal(clip.shape.vector(default_body()), 0.0)  # another space's betas mean nothing


def test_grab_says_what_is_done_with_what(tmp_path):
    (text,) = read_clip(written.write(tmp_path, "grab", CLIP)).texts
    assert text.text == "drink mug"
    assert text.end_s == pytest.approx(CLIP.duration_s)


def test_on_the_performers_own_body_the_path_is_off_by_a_constant_only(tmp_path):
    own = load_body(write_body(tmp_path / "smplh.npz"))
    clip = read_clip(written.write(tmp_path, "amass", CLIP))
    recorded = written.turned(CLIP, written.Z_UP)
    z_up = joints_over_time(own, recorded.poses, recorded.trans)[1]
    y_up = joints_over_time(own, clip.poses, clip.trans)[1]
    difference = y_up - z_up @ written.Z_UP
    np.testing.assert_allclose(difference, np.broadcast_to(difference[0, 0], difference.shape), atol=1e-9)


def test_the_user_may_state_the_up_axis(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, poses=CLIP.poses.reshape(-1, 156), trans=CLIP.trans, mocap_framerate=30.0)
    np.testing.assert_allclose(read_clip(path, up="y").poses, CLIP.poses, atol=1e-9)


@pytest.mark.parametrize("gender", [np.array("female"), np.array(b"female"), np.array(["female"]), np.array("F")])
def test_gender_in_any_dress(tmp_path, gender):
    np.savez(tmp_path / "a.npz", poses=np.zeros((2, 156)), trans=np.zeros((2, 3)), mocap_framerate=30, gender=gender)
    assert read_clip(tmp_path / "a.npz").gender == "female"


def test_nan_frames_become_gaps(tmp_path):
    poses = CLIP.poses.reshape(-1, 156).copy()
    poses[3:6, 7] = np.nan
    np.savez(tmp_path / "a.npz", poses=poses, trans=CLIP.trans, mocap_framerate=30.0)
    clip = read_clip(tmp_path / "a.npz")
    np.testing.assert_array_equal(np.flatnonzero(~clip.valid), [3, 4, 5])
    assert any("3 of 40 frames are missing" in note for note in clip.source.notes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"poses": np.zeros((4, 100))}, "poses"), ({"trans": np.zeros((3, 3))}, "trans: 3 rows; expected 4"),
        ({"poses": np.full((4, 156), 1e6)}, "radians"), ({"mocap_framerate": np.array(0.0)}, "mocap_framerate"),
        ({"poses": np.full((4, 156), np.nan)}, "NaN"), ({"trans": np.full((4, 3), 1e30)}, "metres"),
        ({"poses": np.array([["a"] * 156] * 4)}, "poses"), ({"poses": np.zeros((0, 156))}, "poses"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_named(tmp_path, changes, message):
    fields = {"poses": np.zeros((4, 156)), "trans": np.zeros((4, 3)), "mocap_framerate": 30.0, **changes}
    np.savez(tmp_path / "a.npz", **fields)
    with pytest.raises(FileError, match=message):
        read_clip(tmp_path / "a.npz")
