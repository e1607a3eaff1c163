"""Guessed recipes read a table as it was meant, say why, and leave open what nothing tells."""

import numpy as np
import pytest

from m3n_studio.errors import FileError
from m3n_studio.recordings.formats import read_signals
from m3n_studio.recordings.recipe import parse_recipe
from m3n_studio.recordings.recipe_guess import guess
from tests.recordings import samples
from tests.recordings.test_checks import SOUND
from tests.shared import data_dir

G = 9.81


def phone(path, *, acc=1.0, gyr=1.0, start=1_700_000_000_000, step=33.3, delimiter=",", decimal="."):
    """A table such as phones log: ms, an activity, a user, capital letters."""
    rows = [delimiter.join(("timestamp", "AccX", "AccY", "AccZ", "GyroX", "GyroY", "GyroZ", "Activity", "User"))]
    for i in range(900):
        values = [*(SOUND.acc_mps2[i] * acc), *(SOUND.gyr_radps[i] * gyr)]
        cells = [
            f"{start + i * step:.0f}",
            *(f"{v:.5f}".replace(".", decimal) for v in values),
            "walk" if i < 400 else "sit",
            "u1",
        ]
        rows.append(delimiter.join(cells))
    path.write_text("\n".join(rows) + "\n")
    return path


def reason(found, key):
    return next(one for one in found.guesses if one.key.endswith(key))


@pytest.mark.parametrize(("acc", "acc_unit"), [(1.0, "m/s2"), (1 / G, "g"), (1000 / G, "mg")])
@pytest.mark.parametrize(("gyr", "gyr_unit"), [(1.0, "rad/s"), (180 / np.pi, "deg/s")])
def test_units_are_told_by_gravity_and_by_how_it_turns(tmp_path, acc, acc_unit, gyr, gyr_unit):
    path = phone(tmp_path / "left_wrist_phone.csv", acc=acc, gyr=gyr, step=20.0)
    found = guess(path)
    (sensor,) = found.recipe.sensor
    assert (sensor.acc_unit, sensor.gyr_unit, sensor.placement) == (acc_unit, gyr_unit, "left_wrist")
    assert "|acc|" in reason(found, "acc_unit").reason
    (whole,) = found.recipe.read(path)
    assert whole.signals[0].acc_mps2 == pytest.approx(SOUND.acc_mps2[:900], abs=0.02)
    assert whole.signals[0].gyr_radps == pytest.approx(SOUND.gyr_radps[:900], abs=0.02)
    assert [run.name for run in whole.labels[0].runs] == ["walk", "sit"]
    assert whole.subject.id == "u1"


def test_a_30_hz_phone_log_with_semicolons_and_commas(tmp_path):
    path = phone(tmp_path / "a.csv", delimiter=";", decimal=",")
    found = guess(path)
    assert found.recipe.file.decimal == ","
    (whole,) = found.recipe.read(path)
    assert whole.signals[0].rate_hz == pytest.approx(30.0, abs=0.5)
    assert whole.clock == "unix"
    assert parse_recipe(found.recipe.text()) == found.recipe
    assert len(found.preview) == 50
    assert found.titles[1] == "AccX"


@pytest.mark.parametrize(("start", "step", "unit"), [(0, 20.0, "ms"), (1.7e15, 20000, "us"), (1.7e18, 2e7, "ns")])
def test_stamps_are_told_by_their_size_or_step(tmp_path, start, step, unit):
    found = guess(phone(tmp_path / "a.csv", start=start, step=step))
    assert found.recipe.time.unit == unit


def test_what_nothing_tells_stays_open(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("ax,ay,az\n" + "\n".join("1.0,2.0,55.0" for _ in range(20)) + "\n")
    found = guess(path)
    assert found.recipe is None
    assert any("rate" in problem for problem in found.problems)
    assert any("|acc|" in problem for problem in found.problems)
    assert reason(guess(path, rate_hz=50.0), "rate_hz").confidence == "certain"


def test_a_long_table_becomes_a_sensor_for_each_name(tmp_path):
    path = tmp_path / "a.csv"
    rows = ["time_s,sensor,acc_x,acc_y,acc_z,gyr_x,gyr_y,gyr_z"]
    for i in range(200):
        rows += [f"{i / 50},{name},0,0,9.8,0.1,0.2,{i % 7}" for name in ("LeftWrist", "RightAnkle")]
    path.write_text("\n".join(rows) + "\n")
    found = guess(path)
    assert [sensor.placement for sensor in found.recipe.sensor] == ["left_wrist", "right_ankle"]
    assert [len(signal) for signal in found.recipe.read(path)[0].signals] == [200, 200]


def test_a_table_without_titles_is_an_unsure_guess(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("\n".join(f"{i * 0.02:.2f} 0.1 0.2 9.8 0.01 {i % 5} 0.3" for i in range(100)) + "\n")
    found = guess(path)
    assert reason(found, "sensor").confidence == "unsure"
    assert found.recipe.sensor[0].acc == (1, 2, 3)


@pytest.mark.parametrize(
    ("name", "rate"),
    [
        ("sp_sw_har/DATA/s01/s01_01_sw.csv", 0.0), ("gaitmap_foot/imu_sample.csv", 204.8),
        ("xsens_mtw/APDM/imuData01.csv", 0.0), ("xsens_mtw/APDM/apdm_format7.csv", 0.0),
        ("xsens_mtw/Xsens/MT46_01-000_00B42D4D.txt", 100.0),
    ],
)  # fmt: skip
def test_real_tables_are_guessed_as_their_own_readers_read_them(name, rate):
    folder, rest = name.split("/", 1)
    path = data_dir(folder) / rest
    (whole,) = guess(path, rate_hz=rate).recipe.read(path)
    for ours, theirs in zip(whole.signals, read_signals(path), strict=True):
        assert ours.time_s == pytest.approx(theirs.time_s, abs=1e-6)
        assert ours.acc_mps2 == pytest.approx(theirs.acc_mps2)
        assert ours.gyr_radps == pytest.approx(theirs.gyr_radps)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", ["watch", "apdm", "gaitmap"])
def test_damaged_tables_are_guessed_or_refused(tmp_path, name):
    from tests.damage import mutate

    path = tmp_path / samples.SAMPLES[name][0]
    samples.SAMPLES[name][1](path)
    data = path.read_bytes()
    rng, messages = np.random.default_rng(6), []
    for _ in range(120):
        path.write_bytes(mutate(data, rng))
        try:
            guess(path, rate_hz=50.0)
        except FileError as error:
            messages.append(str(error))
    assert all(path.name in message for message in messages)
