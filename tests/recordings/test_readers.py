"""Every shipped format finds its own reader and comes out in SI units, y-up."""

import numpy as np
import pytest

from m3n_studio.errors import FileError
from m3n_studio.plugins import Door
from m3n_studio.recordings import broad, builtin, gaitmap, qmt, watch, xsens
from m3n_studio.recordings.delimited import spread_ties
from m3n_studio.recordings.formats import find_reader, read_signals, signal_suffixes
from m3n_studio.so3 import matrix_from_quat
from tests.recordings.samples import SAMPLES


@pytest.fixture
def door():
    door = Door()
    builtin.register(door)
    return door


@pytest.mark.parametrize("name", SAMPLES)
def test_each_format_is_recognised_and_read(tmp_path, door, name):
    file_name, write = SAMPLES[name]
    path = tmp_path / file_name
    write(path)
    assert find_reader(path, door).name == name
    signals = read_signals(path, door=door)
    assert len(signals) >= 1
    assert all(np.isfinite(s.acc_mps2).all() and s.valid.any() for s in signals)


def test_every_reader_has_a_sample_here(door):
    kept_by_people = {"recipe"}  # reads what a recipe in the user's folder says
    assert {name for name, _ in door.all("signal_reader")} - kept_by_people == set(SAMPLES)
    assert ".csv" in signal_suffixes(door)


def test_broad_world_is_turned_y_up_and_gaps_stay_gaps(tmp_path):
    import h5py

    path = tmp_path / "b.hdf5"
    SAMPLES["broad"][1](path)
    trial = broad.read_trial(path)
    assert trial.trajectory.valid.sum() == 56
    assert not trial.trajectory.valid[10:14].any()
    assert trial.signal.rate_hz == pytest.approx(2000 / 7)
    assert trial.movement.sum() == 39
    with h5py.File(path) as file:
        up, quat = file["opt_pos"][20, 2], file["opt_quat"][20]
    assert trial.trajectory.position_m[20, 1] == pytest.approx(up)
    gravity_before = matrix_from_quat(quat).T @ [0, 0, 1]
    gravity_after = matrix_from_quat(trial.trajectory.quat_wxyz[20]).T @ [0, 1, 0]
    assert np.allclose(gravity_before, gravity_after)


def test_qmt_gives_a_signal_and_an_orientation_for_each_segment(tmp_path):
    path = tmp_path / "c.mat"
    SAMPLES["qmt"][1](path)
    assert [s.name for s in qmt.read(path)] == ["hip", "head"]
    trajectories = qmt.read_trajectories(path)
    assert [t.name for t in trajectories] == ["hip", "head"]
    assert not trajectories[0].position_m.any()


def test_gaitmap_gyroscope_is_converted_from_degrees(tmp_path):
    path = tmp_path / "d.csv"
    SAMPLES["gaitmap"][1](path)
    left, right = gaitmap.read(path)
    row = [float(x) for x in path.read_text().splitlines()[2].split(",")]
    assert (left.name, right.name) == ("left_sensor", "right_sensor")
    assert left.acc_mps2[0, 0] == row[1]
    assert right.gyr_radps[0, 2] == pytest.approx(np.deg2rad(row[12]))
    assert left.time_s[1] == pytest.approx(1 / 204.8)


def test_rigid_pose_recovers_a_cluster_that_turns_and_flexes_a_little():
    rng = np.random.default_rng(0)
    shape = np.array([[0.0, 0, 0], [0.22, 0.02, 0], [0.15, 0.09, -0.01]])
    shape = shape - shape.mean(axis=0)
    from m3n_studio.so3 import matrix_from_rotvec

    R = matrix_from_rotvec(np.cumsum(rng.normal(size=(200, 3)) * 0.05, axis=0))
    centre = rng.normal(size=(200, 3))
    markers = np.einsum("nij,mj->nmi", R, shape) + centre[:, None] + rng.normal(size=(200, 3, 3)) * 1e-4
    markers[50, 1] = np.nan
    position, quat = gaitmap.rigid_pose(markers)
    assert np.isnan(quat[50]).all()
    seen = np.arange(200) != 50
    found = matrix_from_quat(quat[seen])
    # the cluster's own frame is ours to choose, so what must agree is the turn between any two frames
    turn = found @ np.swapaxes(found[:1], 1, 2) @ R[:1] @ np.swapaxes(R[seen], 1, 2)
    angle = np.rad2deg(np.arccos(np.clip((np.trace(turn, axis1=1, axis2=2) - 1) / 2, -1, 1)))
    assert angle.max() < 0.5
    assert np.allclose(position[seen], centre[seen], atol=1e-3)


def test_watch_labels_become_segments_in_the_signals_time(tmp_path):
    path = tmp_path / "s01_01_sw.csv"
    SAMPLES["watch"][1](path)
    (signal,) = read_signals(path)
    seated, walking = watch.read_labels(path)
    assert signal.name == "watch"
    assert (seated.text, walking.text) == ("SEATED", "WALKING")
    assert seated.start_s == signal.time_s[0]
    assert walking.start_s == signal.time_s[11]


def test_samples_of_one_millisecond_are_parted_within_it():
    stamps = np.array([0.0, 0.010, 0.010, 0.010, 0.020, 0.0205, 0.0205])
    parted = spread_ties(stamps, 1e-3)
    assert (np.diff(parted) > 0).all()
    assert np.abs(parted - stamps).max() < 1e-3
    assert (parted[[0, 1, 4, 5]] == stamps[[0, 1, 4, 5]]).all()


def test_xsens_packets_count_through_their_overflow_and_lost_ones_leave_a_gap(tmp_path):
    path = tmp_path / "MT_00B4.txt"
    SAMPLES["xsens"][1](path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:8] + lines[10:]))
    (signal,) = read_signals(path)
    assert signal.name == "00B4"
    steps = np.diff(signal.time_s)
    assert steps.max() == pytest.approx(0.03)
    assert np.median(steps) == pytest.approx(0.01)
    assert xsens.read_trajectory(path).valid.all()


def test_xsens_matrix_and_euler_exports_say_the_same_orientation(tmp_path):
    from scipy.spatial.transform import Rotation

    rotation = Rotation.random(5, random_state=0)
    head = "// Update Rate: 100.0Hz\n"
    matrix = rotation.as_matrix().transpose(0, 2, 1).reshape(5, 9)
    names = ",".join(f"Mat[{r}][{c}]" for c in (1, 2, 3) for r in (1, 2, 3))
    rows = "\n".join(f"{i}," + ",".join(map(repr, map(float, row))) for i, row in enumerate(matrix))
    (tmp_path / "m_1.txt").write_text(f"{head}PacketCounter,{names}\n{rows}\n")
    euler = rotation.as_euler("ZYX", degrees=True)[:, ::-1]
    rows = "\n".join(f"{i}," + ",".join(map(repr, map(float, row))) for i, row in enumerate(euler))
    (tmp_path / "e_1.txt").write_text(f"{head}PacketCounter,Roll,Pitch,Yaw\n{rows}\n")
    by_matrix, by_euler = (xsens.read_trajectory(tmp_path / f"{k}_1.txt") for k in "me")
    dots = np.abs((by_matrix.quat_wxyz * by_euler.quat_wxyz).sum(axis=1))
    assert np.allclose(dots, 1.0)


@pytest.mark.parametrize("content", [b"", b"\0\0\0", b"\x89HDF\r\n\x1a\nno", b"MATLAB 5.0 MAT-file broken", b"// \n"])
@pytest.mark.parametrize("suffix", [".csv", ".h5", ".mat", ".txt"])
def test_files_of_nothing_are_one_clear_error(tmp_path, content, suffix):
    path = tmp_path / f"f{suffix}"
    path.write_bytes(content)
    with pytest.raises(FileError, match="f" + suffix.replace(".", r"\.")):
        read_signals(path)


def test_a_folder_and_a_file_that_is_not_there_are_said_to_be_that(tmp_path):
    with pytest.raises(FileError, match="folder"):
        read_signals(tmp_path)
    with pytest.raises(FileError, match="cannot be read"):
        read_signals(tmp_path / "none.csv")
