"""A foreign table is read when its column names state their units, and refused with advice when they do not."""

import numpy as np
import pytest

from m3n_studio.errors import FileError
from m3n_studio.recordings.columns import parse_title
from m3n_studio.recordings.formats import read_signals
from m3n_studio.recordings.signal import GRAVITY_MPS2

ROWS = "0,0,0,1,0,0,90\n20,0,0,1,0,0,90\n40,0,0,1,0,0,90\n"


def table(tmp_path, header, rows=ROWS):
    path = tmp_path / "t.csv"
    path.write_text(header + "\n" + rows)
    return path


@pytest.mark.parametrize(
    "header",
    [
        "timestamp_ms,acc_x_g,acc_y_g,acc_z_g,gyr_x_dps,gyr_y_dps,gyr_z_dps",
        "Time (ms),Accel X [g],Accel Y [g],Accel Z [g],Gyro X [deg/s],Gyro Y [deg/s],Gyro Z [deg/s]",
        "time_ms,acceleration.x.g,acceleration.y.g,acceleration.z.g,"
        "Angular Velocity X (°/s),Angular Velocity Y (°/s),Angular Velocity Z (°/s)",
    ],
)
def test_stated_units_are_converted_however_they_are_spelt(tmp_path, header):
    (signal,) = read_signals(table(tmp_path, header))
    assert np.allclose(signal.time_s, [0, 0.02, 0.04])
    assert np.allclose(signal.acc_mps2, [0, 0, GRAVITY_MPS2])
    assert np.allclose(signal.gyr_radps, [0, 0, np.pi / 2])


@pytest.mark.parametrize(
    ("title", "quantity", "axis", "factor", "sensor"),
    [
        ("left_wrist_acc_x_mps2", "acc", "x", 1.0, "left_wrist"),
        ("gyr_y (rad/s)", "gyr", "y", 1.0, ""),
        ("Chest Acceleration Z (m/s^2)", "acc", "z", 1.0, "chest"),
        ("acc_z_mg", "acc", "z", GRAVITY_MPS2 / 1000, ""),
        ("unixtime_ns", "time", "", 1e-9, ""),
    ],
)
def test_titles_say_quantity_axis_unit_and_sensor(title, quantity, axis, factor, sensor):
    column = parse_title(0, title)
    assert (column.quantity, column.axis, column.sensor) == (quantity, axis, sensor)
    assert column.factor == pytest.approx(factor)


@pytest.mark.parametrize("title", ["label", "heart_rate", "mag_x_uT", "temperature", ""])
def test_other_columns_are_left_alone(title):
    assert parse_title(0, title) is None


def test_two_sensors_side_by_side_are_two_signals(tmp_path):
    header = ["time_s"]
    for sensor in ("hip", "head"):
        header += [f"{sensor}_{q}_{a}_{u}" for q, u in (("acc", "g"), ("gyr", "radps")) for a in "xyz"]
    path = table(tmp_path, ",".join(header), "0,1,2,3,4,5,6,7,8,9,10,11,12\n1,1,2,3,4,5,6,7,8,9,10,11,12\n")
    hip, head = read_signals(path)
    assert (hip.name, head.name) == ("hip", "head")
    assert head.gyr_radps[0].tolist() == [10, 11, 12]


def test_a_column_without_a_unit_is_refused_with_names_that_would_do(tmp_path):
    path = table(tmp_path, "time_s,acc_x,acc_y,acc_z,gyr_x,gyr_y,gyr_z")
    with pytest.raises(FileError, match=r"column acc_x: no unit.*acc_x_mps2 or acc_x_g"):
        read_signals(path)


def test_a_table_of_something_else_is_told_what_was_found_and_expected(tmp_path):
    path = table(tmp_path, "a,b,c,d,e,f,g")
    with pytest.raises(FileError, match=r"columns a, b, c.*expected a time column"):
        read_signals(path)


def test_a_missing_axis_is_named(tmp_path):
    path = table(tmp_path, "time_s,acc_x_g,acc_y_g,acc_z_g,gyr_x_dps,gyr_y_dps,label")
    with pytest.raises(FileError, match="no gyr_z"):
        read_signals(path)


def test_times_that_run_backwards_are_refused_with_their_line(tmp_path):
    path = table(tmp_path, "time_s,acc_x_g,acc_y_g,acc_z_g,gyr_x_dps,gyr_y_dps,gyr_z_dps",
                 "0,0,0,1,0,0,1\n2,0,0,1,0,0,1\n\n1,0,0,1,0,0,1\n")  # fmt: skip
    with pytest.raises(FileError, match="line 5: time 1 s after 2 s"):
        read_signals(path)


def test_irregular_times_are_kept(tmp_path):
    path = table(tmp_path, "time_s,acc_x_g,acc_y_g,acc_z_g,gyr_x_dps,gyr_y_dps,gyr_z_dps",
                 "0,0,0,1,0,0,1\n0.011,0,0,1,0,0,1\n0.5,0,0,1,0,0,1\n")  # fmt: skip
    assert read_signals(path)[0].time_s.tolist() == [0, 0.011, 0.5]


def test_an_accelerometer_copied_into_the_gyroscope_is_refused(tmp_path):
    path = table(tmp_path, "time_s,acc_x_g,acc_y_g,acc_z_g,gyr_x_dps,gyr_y_dps,gyr_z_dps",
                 "0,1,2,3,1,2,3\n1,4,5,6,4,5,6\n")  # fmt: skip
    with pytest.raises(FileError, match="accelerometer's numbers again"):
        read_signals(path)
