"""Rigid trajectories: checked at the door, turned upright, gaps kept."""

from contextlib import suppress

import numpy as np
import pytest

from m3n_studio import so3
from m3n_studio.errors import FileError, UnknownName, ValueProblem
from m3n_studio.recordings.trajectory import UP_ROTATION, Trajectory, read_trajectory

HEADER = "time_s,px,py,pz,qw,qx,qy,qz\n"


def write(tmp_path, text, name="t.csv"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_columns_are_found_by_name_in_any_order(tmp_path):
    path = write(tmp_path, "qw,qx,qy,qz,note,px,py,pz,time_s\n1,0,0,0,a,1,2,3,0.0\n2,0,0,0,b,4,5,6,0.1\n")
    trajectory = read_trajectory(path)
    assert trajectory.name == "t"
    assert np.array_equal(trajectory.position_m, [[1, 2, 3], [4, 5, 6]])
    assert np.array_equal(trajectory.quat_wxyz, [[1, 0, 0, 0]] * 2)  # made unit
    assert trajectory.rate_hz == pytest.approx(10.0)


@pytest.mark.parametrize(("up", "column"), [("x", 0), ("y", 1), ("z", 2)])
def test_what_was_up_in_the_file_is_up_in_our_world(tmp_path, up, column):
    row = [0.0, 0.0, 0.0]
    row[column] = 2.0
    trajectory = read_trajectory(write(tmp_path, HEADER + f"0,{row[0]},{row[1]},{row[2]},1,0,0,0\n"), up=up)
    assert np.allclose(trajectory.position_m, [[0, 2, 0]])
    sensor_up = so3.matrix_from_quat(trajectory.quat_wxyz[0]) @ np.eye(3)[column]
    assert np.allclose(sensor_up, [0, 1, 0])
    assert np.linalg.det(UP_ROTATION[up]) == pytest.approx(1.0)


def test_missing_numbers_are_gaps(tmp_path):
    rows = "0,1,1,1,1,0,0,0\n1,,1,1,1,0,0,0\n2,1,1,1,nan,0,0,0\n3,1,1,1,0,0,0,0\n4,1,1,1,1,0,0\n5,1,1,1,1,0,0,0\n"
    trajectory = read_trajectory(write(tmp_path, HEADER + rows))
    assert trajectory.valid.tolist() == [True, False, False, False, False, True]
    assert np.isfinite(trajectory.position_m).all()
    assert np.allclose(np.linalg.norm(trajectory.quat_wxyz, axis=1), 1)


def test_quaternions_are_made_continuous():
    quat = np.array([[1, 0, 0, 0], [-0.99, -0.1, 0, 0], [0.98, 0.2, 0, 0]])
    out = Trajectory("t", np.arange(3), np.zeros((3, 3)), quat).quat_wxyz
    assert (np.einsum("ij,ij->i", out[1:], out[:-1]) > 0).all()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "time_s"),
        ("time_s,px\n", "no such column"),
        (HEADER, "no rows"),
        (HEADER + "0,1,1,1,1,0,0,banana\n", "line 2, column qz"),
        (HEADER + "0,1,1,1,1,0,0,0\n0,1,1,1,1,0,0,0\n", "does not increase"),
        (HEADER + ",1,1,1,1,0,0,0\n", "no time_s"),
        (HEADER + "0,,,,,,,\n", "no complete row"),
        (HEADER + "inf,1,1,1,1,0,0,0\n", "no time_s"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path, text, words):
    with pytest.raises(FileError, match=words):
        read_trajectory(write(tmp_path, text))


def test_files_that_are_no_tables_are_refused(tmp_path):
    (tmp_path / "b.csv").write_bytes(bytes(range(256)) * 40)
    with pytest.raises(FileError):
        read_trajectory(tmp_path / "b.csv")
    with pytest.raises(FileError, match="cannot be read"):
        read_trajectory(tmp_path / "absent.csv")
    with pytest.raises(FileError, match="cannot be read"):
        read_trajectory(tmp_path)
    with pytest.raises(UnknownName, match="up axis"):
        read_trajectory(tmp_path / "b.csv", up="w")


def test_mutated_files_give_a_trajectory_or_one_clear_error(tmp_path):
    rng = np.random.default_rng(0)
    good = HEADER + "".join(f"{i / 10},{i},0.5,-1e-3,0.9,0.1,{i / 50},0\n" for i in range(30))
    for _ in range(400):
        data = bytearray(good.encode())
        for _ in range(rng.integers(1, 6)):
            where = int(rng.integers(len(data)))
            if rng.random() < 0.3:
                del data[where : where + int(rng.integers(1, 40))]
            else:
                data[where : where + 1] = rng.bytes(int(rng.integers(0, 4)))
        path = tmp_path / "m.csv"
        path.write_bytes(bytes(data))
        with suppress(FileError):
            trajectory = read_trajectory(path)
            assert np.isfinite(trajectory.position_m).all()


def test_shapes_that_do_not_belong_together_are_refused():
    with pytest.raises(ValueProblem, match="quaternions"):
        Trajectory("t", np.arange(3), np.zeros((3, 3)), np.zeros((2, 4)))
    with pytest.raises(ValueProblem, match="increasing"):
        Trajectory("t", np.zeros(3), np.zeros((3, 3)), np.zeros((3, 4)))
