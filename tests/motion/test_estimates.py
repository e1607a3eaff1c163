"""Pose estimators' outputs: recognised, upright, on the floor, gaps as gaps."""

import pickle
import zlib

import numpy as np
import pytest

from m3n_studio import so3
from m3n_studio.body.files import default_body
from m3n_studio.errors import FileError
from m3n_studio.motion.formats import find_reader, read_clip
from m3n_studio.motion.ground import sole_heights
from m3n_studio.motion.upright import body_up, model_joints
from tests.motion import written
from tests.shared import data_dir

CLIP = written.walking(hands=False)
VIDEO = ["romp_video", "glamr", "wham", "phalp", "vibe", "aist", "smpl_npz", "smplx_parts"]


def turn_deg(a, b) -> float:
    return float(np.degrees(so3.angle_between(so3.matrix_from_rotvec(a), so3.matrix_from_rotvec(b)).max()))


@pytest.mark.parametrize("name", VIDEO)
def test_body_poses_come_back_and_the_person_is_upright_on_the_floor(tmp_path, name):
    clip = read_clip(written.write(tmp_path, name, CLIP))
    assert len(clip) == len(CLIP)
    assert turn_deg(clip.poses[clip.valid, 1:], CLIP.poses[clip.valid, 1:]) < 0.01
    up = body_up(clip.poses, model_joints(default_body()))
    assert up[1] / np.linalg.norm(up) > np.cos(np.radians(8))
    assert abs(np.percentile(sole_heights(clip, default_body()), 2)) < 0.01


@pytest.mark.parametrize("name", ["glamr", "wham", "aist", "smpl_npz", "smplx_parts"])
def test_in_a_world_frame_the_whole_motion_comes_back(tmp_path, name):
    clip = read_clip(written.write(tmp_path, name, CLIP))
    assert turn_deg(clip.poses[:, 0], CLIP.poses[:, 0]) < 0.01
    np.testing.assert_allclose(clip.trans - clip.trans[0], CLIP.trans - CLIP.trans[0], atol=1e-5)


@pytest.mark.parametrize("tilt_deg", [-25.0, 10.0, 30.0])
def test_a_tilted_camera_is_levelled(tmp_path, tilt_deg):
    standing = CLIP.with_(poses=CLIP.poses * (np.arange(52) > 0)[:, None])
    tilted = written.turned(standing, so3.matrix_from_rotvec((np.radians(tilt_deg), 0, 0)))
    level = read_clip(written.romp_video(tmp_path / "level.npz", standing))
    clip = read_clip(written.romp_video(tmp_path / "tilted.npz", tilted))
    assert turn_deg(clip.poses[:, 0], level.poses[:, 0]) < 0.01
    assert any("camera tilt" in note for note in clip.source.notes)


def test_someone_lying_down_does_not_turn_the_camera(tmp_path):
    lying = written.turned(CLIP, so3.matrix_from_rotvec((np.pi / 2, 0, 0)))
    clip = read_clip(written.romp_video(tmp_path / "a.npz", lying))
    assert turn_deg(clip.poses[:, 0], lying.poses[:, 0]) < 0.01
    assert any("taken to be level" in note for note in clip.source.notes)


def test_frames_without_the_person_are_gaps(tmp_path):
    clip = read_clip(written.romp_video(tmp_path / "a.npz", CLIP, missing=(10, 11, 30)))
    np.testing.assert_array_equal(np.flatnonzero(~clip.valid), [10, 11, 30])
    assert any("3 of 40 frames are missing" in note for note in clip.source.notes)
    phalp = read_clip(written.write(tmp_path, "phalp", CLIP))
    np.testing.assert_array_equal(np.flatnonzero(~phalp.valid), [6])  # tracked, not seen


@pytest.mark.parametrize("name", ["romp_video", "wham"])
def test_of_several_persons_the_longest_track_is_taken_and_said(tmp_path, name):
    clip = read_clip(written.write(tmp_path, name, CLIP))
    assert any("2 persons: the longest track, 40 frames" in note for note in clip.source.notes)


def test_infilled_frames_are_said_to_be(tmp_path):
    assert any("1 frames were not seen" in n for n in read_clip(written.write(tmp_path, "glamr", CLIP)).source.notes)


def test_centimetres_of_aist_become_metres_by_its_scaling(tmp_path):
    clip = read_clip(written.write(tmp_path, "aist", CLIP))
    assert (clip.rate_hz, clip.source.format) == (60.0, "aist++")
    assert np.ptp(clip.trans[:, 2]) == pytest.approx(np.ptp(CLIP.trans[:, 2]), rel=1e-6)


def test_the_rate_is_the_files_or_stated_or_the_usual_one(tmp_path):
    assert read_clip(written.write(tmp_path, "smplx_parts", CLIP.with_(rate_hz=24.0))).rate_hz == 24.0
    path = written.write(tmp_path, "vibe", CLIP)
    assert read_clip(path).rate_hz == 30.0
    assert read_clip(path, rate_hz=25.0).rate_hz == 25.0


def test_compressed_joblib_files_are_read(tmp_path):
    path = tmp_path / "wham_output.pkl"
    path.write_bytes(zlib.compress(written.joblib_like(written.wham_data(CLIP))))
    np.testing.assert_allclose(read_clip(path).poses, CLIP.poses, atol=1e-6)


def test_hand_components_without_their_basis_are_left_out_and_said(tmp_path):
    np.savez(tmp_path / "a.npz", global_orient=np.zeros((3, 3)), body_pose=np.zeros((3, 63)),
             left_hand_pose=np.ones((3, 12)), transl=np.zeros((3, 3)))  # fmt: skip
    clip = read_clip(tmp_path / "a.npz")
    np.testing.assert_array_equal(clip.poses[:, 22:], 0.0)
    assert any("12 principal components" in note for note in clip.source.notes)


@pytest.mark.parametrize("data", [{}, {"results": 3}, {"results": {}}, {"person_data": 1}, [1, 2], 7, {"verts": 1}])
def test_a_pickle_without_poses_is_named(tmp_path, data):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(data))
    with pytest.raises(FileError, match=r"a\.pkl"):
        read_clip(tmp_path / "a.pkl")


REAL = {
    "romp/romp_output.npz": ("romp", 1), "glamr/running_seed1.pkl": ("glamr", 203),
    "aist/aist_demo.npz": ("smpl parameters", 320), "aist/smpl2fbx_sample.pkl": ("aist++", 127),
}  # fmt: skip


@pytest.mark.parametrize("name", REAL)
def test_real_files_load_upright_and_human(name):
    path = data_dir("pose_estimates") / name
    format_name, frames = REAL[name]
    clip = read_clip(path)
    assert find_reader(path).name == "estimates"
    assert (clip.source.format, len(clip), bool(clip.valid.all())) == (format_name, frames, True)
    up = body_up(clip.poses, model_joints(default_body()))
    assert up[1] / np.linalg.norm(up) > np.cos(np.radians(15))
    assert abs(np.percentile(sole_heights(clip, default_body()), 2)) < 0.01
    assert np.abs(clip.poses[:, 4:6, 1:]).max() < 1.3  # knees are hinges
    assert np.median(clip.poses[:, 4:6, 0]) > 0.0  # and bend backwards


def test_the_real_runner_runs_forward():
    clip = read_clip(data_dir("pose_estimates") / "glamr" / "running_seed1.pkl")
    velocity = np.diff(clip.trans, axis=0)[:, [0, 2]]
    facing = so3.matrix_from_rotvec(clip.poses[:-1, 0])[:, [0, 2], 2]
    along = np.einsum("ti,ti->t", velocity, facing) / np.linalg.norm(velocity, axis=1) / np.linalg.norm(facing, axis=1)
    assert np.median(along) > 0.9
