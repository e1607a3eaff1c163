"""Inverse kinematics: positions reached, anatomy kept, smooth in time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d

from m3n_studio import so3
from m3n_studio.body.files import default_body
from m3n_studio.body.forward import joints_over_time
from m3n_studio.body.shape import Shape, shape_space
from m3n_studio.body.skeleton import JOINT_INDEX, PARENTS
from m3n_studio.motion.formats import read_clip
from m3n_studio.motion.parametric import ik
from m3n_studio.motion.resample import resample
from tests.motion import written
from tests.shared import data_dir


@pytest.fixture(scope="module")
def body():
    return default_body()


def seen(body, poses, trans, shape=None):
    return joints_over_time(body, poses, trans, shape)[1][:, ik.body_order(body)]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_any_pose_of_its_own_body_is_reached(seed):
    body = default_body()
    rng = np.random.default_rng(seed)
    poses = np.zeros((4, 52, 3))
    poses[:, :22] = 0.35 * rng.normal(size=(4, 22, 3))
    positions = seen(body, poses, rng.normal(size=(4, 3)))
    assert ik.solve(body, positions, rate_hz=20.0, shape=Shape()).error_m.max() < 2e-3


def test_walking_comes_back_joint_by_joint(body):
    clip = written.walking(hands=False)
    solved = ik.solve(body, written.positions_of(clip), rate_hz=clip.rate_hz)
    assert solved.error_m.max() < 1e-4
    apart = np.degrees(so3.angle_between(so3.matrix_from_rotvec(solved.poses), so3.matrix_from_rotvec(clip.poses)))
    for name in ("left_hip", "right_hip", "left_knee", "right_knee", "left_elbow", "right_elbow"):
        assert apart[:, JOINT_INDEX[name]].max() < 12.0, name


def test_knees_bend_as_hinges_and_backwards(body):
    poses = np.zeros((10, 52, 3))
    poses[:, 4, 0] = poses[:, 5, 0] = np.linspace(0.3, 2.0, 10)
    solved = ik.solve(body, seen(body, poses, np.zeros((10, 3))), rate_hz=20.0)
    np.testing.assert_allclose(solved.poses[:, 4:6, 0], poses[:, 4:6, 0], atol=0.1)
    assert np.abs(solved.poses[:, 4:6, 1:]).max() < 0.2


def test_bone_lengths_say_the_limbs(body):
    shape = Shape((), {"upper_arm": -0.1, "shank": 0.08, "hip_breadth": 0.15}, 1.2)
    clip = written.walking(10)
    fitted = ik.fit_limbs(body, seen(body, clip.poses, clip.trans, shape))
    want, got = (shape_space(body).joints(s)[ik.body_order(body)] for s in (shape, fitted))
    bones = np.array([(PARENTS[j], j) for j in range(1, 22)])
    lengths = [np.linalg.norm(j[bones[:, 1]] - j[bones[:, 0]], axis=1) for j in (want, got)]
    assert np.abs(lengths[1] / lengths[0] - 1).max() < 0.03


def test_noise_in_positions_is_not_blown_up_in_twists(body):
    """1 mm of smooth noise on straight arms and legs must not make them spin."""
    poses = np.zeros((60, 52, 3))
    poses[:, 16, 2], poses[:, 17, 2] = -1.3, 1.3
    rng = np.random.default_rng(0)
    noise = gaussian_filter1d(rng.normal(size=(60, 22, 3)), 1.5, axis=0)
    positions = seen(body, poses, np.zeros((60, 3))) + 0.001 * noise / noise.std()
    solved = ik.solve(body, positions, rate_hz=20.0)
    matrices = so3.matrix_from_rotvec(solved.poses[:, :22])
    assert np.degrees(so3.angle_between(matrices[:-1], matrices[1:])).max() < 3.0


@pytest.mark.parametrize("name", ["glamr/running_seed1.pkl", "aist/aist_demo.npz", "aist/smpl2fbx_sample.pkl"])
def test_real_motion_is_followed_smoothly(body, name):
    clip = resample(read_clip(data_dir("pose_estimates") / name), 20.0)
    solved = ik.solve(body, seen(body, clip.poses, clip.trans), rate_hz=20.0)
    assert solved.error_m.max() < 0.001

    def fastest(poses):
        m = so3.matrix_from_rotvec(poses[:, :22])
        return so3.angle_between(m[:-1], m[1:]).max()

    assert fastest(solved.poses) < 1.2 * fastest(clip.poses)
