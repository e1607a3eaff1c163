"""Orientations of body segments become a motion: made ones, and the real qmt example where it is."""

import numpy as np
import pytest

from m3n_studio import so3, workbench
from m3n_studio.body.files import default_body
from m3n_studio.body.forward import joints_over_time
from m3n_studio.body.skeleton import JOINT_INDEX
from m3n_studio.errors import FileError
from m3n_studio.motion.formats import read_clip
from m3n_studio.motion.segments import _FORWARD, _LEFT_PALM, _RIGHT_PALM, SEGMENTS
from m3n_studio.recordings.signal import Signal
from m3n_studio.studio.core.contents import open_file
from m3n_studio.studio.core.document import Document
from tests.shared import data_dir

RATE = 100.0
Z_UP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])  # from z-up to y-up


def write(path, n=120, turned=None, leave_out=()):
    """Someone who stands with hanging arms, facing the world's +x of a z-up world; `turned`: (T, 3, 3) by segment."""
    from scipy.io import savemat

    facing = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])  # body (left, up, forward) to y-up world
    contents = {"t": 40.0 + np.arange(n) / RATE}
    for segment, axes, _ in SEGMENTS.values():
        if segment in leave_out:
            continue
        stands = np.broadcast_to(facing @ axes, (n, 3, 3))
        world = stands if turned is None or segment not in turned else turned[segment] @ stands
        quat = so3.quat_from_matrix(Z_UP.T @ world)
        contents[segment] = {"acc": np.tile([0.0, 9.81, 0.0], (n, 1)), "gyr": np.zeros((n, 3)), "quat": quat}
    savemat(path, contents)
    return path


def joints(clip):
    place = joints_over_time(default_body(), clip.poses, clip.trans, clip.shape)[1]
    return lambda name: place[:, JOINT_INDEX[name]]


def test_someone_who_stands_stands_upright_with_hanging_arms_facing_the_right_way(tmp_path):
    clip = read_clip(write(tmp_path / "stand.mat"))
    at = joints(clip)
    assert clip.rate_hz == pytest.approx(RATE)
    assert at("head")[0, 1] - at("left_ankle")[0, 1] > 1.2
    for side in ("left", "right"):
        for end, start in (("wrist", "elbow"), ("elbow", "shoulder"), ("knee", "hip"), ("ankle", "knee")):
            bone = at(f"{side}_{end}")[0] - at(f"{side}_{start}")[0]
            assert bone[1] / np.linalg.norm(bone) == pytest.approx(-1.0, abs=1e-6)
    forwards = at("left_foot")[0] - at("left_ankle")[0]
    assert forwards[0] > 0.5 * np.linalg.norm(forwards)  # facing +x, as stated
    assert at("left_hip")[0, 2] < at("right_hip")[0, 2]  # so left is -z


def test_a_bent_elbow_bends_that_elbow_by_that_angle_and_nothing_else(tmp_path):
    angle = np.radians(60.0) * np.clip((np.arange(120) - 30) / 60.0, 0.0, 1.0)
    bend = so3.matrix_from_rotvec(angle[:, None] * np.array([0.0, 0.0, 1.0]))
    clip = read_clip(write(tmp_path / "bend.mat", turned={"forearm_left": bend, "hand_left": bend}))
    still = read_clip(write(tmp_path / "stand.mat"))
    turned = np.linalg.norm(
        so3.rotvec_from_matrix(
            np.swapaxes(so3.matrix_from_rotvec(still.poses), -1, -2) @ so3.matrix_from_rotvec(clip.poses)
        ), axis=2,
    )  # fmt: skip
    assert turned[:, JOINT_INDEX["left_elbow"]] == pytest.approx(angle, abs=1e-6)
    assert np.delete(turned, JOINT_INDEX["left_elbow"], axis=1).max() < 1e-6
    assert clip.trans == pytest.approx(still.trans, abs=1e-9)


def test_the_axes_of_the_segments_are_rotations():
    for axes in (_FORWARD, _LEFT_PALM, _RIGHT_PALM):
        assert axes.T @ axes == pytest.approx(np.eye(3))
        assert np.linalg.det(axes) == pytest.approx(1.0)


def test_the_moments_in_which_the_orientations_settle_are_left_out(tmp_path):
    angle = 1.2 * 0.5 ** np.arange(120)
    spin = so3.matrix_from_rotvec(angle[:, None] * np.array([1.0, 0.0, 0.0]))
    clip = read_clip(write(tmp_path / "settle.mat", turned={s: spin for s, _, _ in SEGMENTS.values()}))
    assert not clip.valid[0]
    assert 100 < clip.valid.sum() < 120
    assert read_clip(write(tmp_path / "stand.mat")).valid.all()


def test_a_body_with_segments_missing_is_refused_by_name(tmp_path):
    with pytest.raises(FileError, match="head"):
        read_clip(write(tmp_path / "part.mat", leave_out=("head",)))


def test_one_file_is_opened_as_motion_and_recording_and_as_a_recording_where_it_is_no_body(tmp_path):
    both = open_file(write(tmp_path / "both.mat"), Document())
    assert both.clip is not None
    assert len(both.recordings) == 16
    part = open_file(write(tmp_path / "part.mat", leave_out=("head",)), Document())
    assert part.clip is None
    assert len(part.recordings) == 15


def test_a_sensor_finds_the_recording_of_its_segment():
    names = ("forearm_left", "forearm_right", "lower_leg_left", "hip")
    real = [Signal(name, np.arange(3.0), np.zeros((3, 3)), np.zeros((3, 3))) for name in names]
    found = {name: workbench.counterpart(name, real) for name in ("left_wrist", "right_wrist", "left_ankle", "belt")}
    assert {k: v.name for k, v in found.items()} == {
        "left_wrist": "forearm_left", "right_wrist": "forearm_right", "left_ankle": "lower_leg_left", "belt": "hip"
    }  # fmt: skip
    assert workbench.counterpart("head", real) is None


def test_the_real_recording_turns_the_body_as_its_gyroscopes_say():
    from m3n_studio.imu.simulate import simulate

    path = data_dir("qmt_full_body") / "full_body_example_data.mat"
    document = open_file(path, Document())
    placed = workbench.place(document.model, workbench.WRISTS)
    simulated = simulate(document.model, document.clip, placed)
    for judged in workbench.judge(simulated, document.recordings):
        r = {row.axis: row.r for row in judged.report.channels if row.quantity == "gyr"}
        assert min(r[axis] for axis in "xyz") > 0.97
        assert judged.alignment.clock.offset_s == pytest.approx(-40.0, abs=0.02)
