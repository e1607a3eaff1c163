"""Formats of which no recording is at hand: files written here in their published layouts, read back value by value."""

import numpy as np
import pytest

from m3n_studio.errors import FileError
from m3n_studio.recordings.formats import find_reader, read_import, read_signals
from m3n_studio.recordings.imported import NeedsRate, Reading
from tests.recordings import samples

G = 9.81


def test_openpack_is_in_si_with_its_session_s_operations(tmp_path):
    path = samples.openpack_user(tmp_path)
    whole = read_import(path)
    first = [float(cell) for cell in path.read_text().splitlines()[1].split(",")]
    (recorded,) = whole.recorded
    assert (recorded.placement, recorded.device, whole.subject.id, whole.session) == (
        "left_wrist", "atr02", "U0102", "S0100",
    )  # fmt: skip
    assert recorded.signal.time_s[0] == pytest.approx(1634885794.25, abs=1e-6)
    assert recorded.signal.acc_mps2[0] == pytest.approx(np.array(first[1:4]) * G)
    assert recorded.signal.gyr_radps[0] == pytest.approx(np.deg2rad(first[4:7]))
    (track,) = whole.labels
    assert [run.name for run in track.runs] == ["Picking", "Null"]
    assert track.runs[0].start_s == pytest.approx(1634885794.3, abs=1e-3)
    assert track.runs[1].stop_s == pytest.approx(1634885795.1, abs=1e-3)
    assert len(track.classes) == 11
    assert whole.clock == "unix"
    assert any("quat" in note for note in whole.notes)


def test_openpack_falls_back_on_the_labels_of_each_second(tmp_path):
    path = samples.openpack_user(tmp_path)
    (tmp_path / "U0102/annotation/openpack-operations/S0100.csv").unlink()
    folder = tmp_path / "U0102/annotation/openpack-operations-1hz"
    folder.mkdir()
    rows = [f"{1634885794000 + 1000 * i},U0102,S0100,B,{number}" for i, number in enumerate((100, 100, 8200, 1000))]
    (folder / "S0100.csv").write_text("unixtime,user,session,box,id\n" + "\n".join(rows) + "\n")
    (track,) = read_import(path).labels
    assert [(run.name, round(run.stop_s - run.start_s, 3)) for run in track.runs] == [
        ("Picking", 2.0), ("Null", 1.0), ("Fill out Order", 1.0),
    ]  # fmt: skip


def test_openpack_labels_that_end_before_they_start_are_refused(tmp_path):
    path = samples.openpack_user(tmp_path)
    labels = tmp_path / "U0102/annotation/openpack-operations/S0100.csv"
    labels.write_text(labels.read_text().replace("34.700000+09:00,[]", "33.000000+09:00,[]"))
    with pytest.raises(FileError, match="before its start"):
        read_import(path)


def test_mmfit_brings_the_gyroscope_onto_the_accelerometer_s_times(tmp_path):
    path = tmp_path / "w03_sw_l_acc.npy"
    samples.mmfit(path)
    whole = read_import(path)
    (recorded,) = whole.recorded
    signal = recorded.signal
    assert (recorded.placement, recorded.device, whole.session) == ("left_wrist", "watch", "w03")
    assert not signal.valid[0]  # its first gyroscope sample is 4 ms later
    wanted = 1.0 + 0.01 * np.arange(1, 60) - 0.004
    assert signal.gyr_radps[1:] == pytest.approx(np.column_stack([wanted, 2 * wanted, 3 * wanted]), abs=1e-9)
    (track,) = whole.labels
    assert [run.name for run in track.runs] == ["squats", "lunges"]
    assert track.runs[0].start_s == pytest.approx(1.15)  # frame 105 is first seen by sample 15
    assert track.runs[0].stop_s == pytest.approx(1.30)


def test_mmfit_without_its_gyroscope_says_which_file_is_missing(tmp_path):
    path = tmp_path / "w03_sw_l_acc.npy"
    samples.mmfit(path)
    (tmp_path / "w03_sw_l_gyr.npy").unlink()
    with pytest.raises(FileError, match="w03_sw_l_gyr"):
        read_import(path)


def test_utd_mhad_is_g_and_degrees_at_50_hz_on_wrist_or_thigh(tmp_path):
    from scipy.io import loadmat

    wrist, thigh = tmp_path / "a5_s2_t1_inertial.mat", tmp_path / "a23_s2_t4_inertial.mat"
    for path in (wrist, thigh):
        samples.utd_mhad(path)
    whole = read_import(wrist)
    values = loadmat(wrist)["d_iner"]
    assert whole.signals[0].acc_mps2 == pytest.approx(values[:, :3] * G)
    assert whole.signals[0].gyr_radps == pytest.approx(np.deg2rad(values[:, 3:]))
    assert whole.signals[0].rate_hz == pytest.approx(50.0)
    assert [run.name for run in whole.labels[0].runs] == ["throw"]
    assert (whole.recorded[0].placement, whole.subject.id) == ("right_wrist", "s2")
    assert read_import(thigh).recorded[0].placement == "right_thigh"


def test_bids_motion_reads_channels_rate_events_and_participant(tmp_path):
    folder = tmp_path / "sub-01" / "motion"
    folder.mkdir(parents=True)
    path = folder / "sub-01_task-walk_tracksys-imu_motion.tsv"
    samples.bids_motion(path)
    (tmp_path / "participants.tsv").write_text("participant_id\theight\tweight\thandedness\nsub-01\t1.81\t72\tleft\n")
    whole = read_import(path)
    first = np.array([float(cell) for cell in path.read_text().splitlines()[0].split("\t")])
    assert find_reader(path).name == "bids-motion"
    assert whole.signals[0].acc_mps2[0] == pytest.approx(first[:3] * G)
    assert whole.signals[0].gyr_radps[0] == pytest.approx(np.deg2rad(first[3:6]))
    assert whole.signals[0].rate_hz == pytest.approx(40.0)
    assert whole.recorded[0].placement == "left_wrist"
    assert [(run.start_s, run.stop_s, run.name) for run in whole.labels[0].runs] == [
        (0.1, 0.5, "walk"), (0.6, 0.6, "clap"),
    ]  # fmt: skip
    assert (whole.subject.height_m, whole.subject.mass_kg, whole.subject.handedness) == (1.81, 72.0, "left")
    assert any("MAGN" in note for note in whole.notes)


def test_bids_latency_gives_the_times(tmp_path):
    path = tmp_path / "sub-01_task-walk_tracksys-imu_motion.tsv"
    samples.bids_motion(path)
    channels = path.with_name(path.name.replace("_motion.tsv", "_channels.tsv"))
    channels.write_text(channels.read_text() + "time\tn/a\tLATENCY\tn/a\ts\n")
    times = np.cumsum(np.linspace(0.01, 0.05, 40))
    rows = path.read_text().splitlines()
    path.write_text("\n".join(f"{row}\t{t!r}" for row, t in zip(rows, times.tolist(), strict=True)) + "\n")
    assert read_signals(path)[0].time_s == pytest.approx(times)


def test_plain_hdf5_takes_units_times_and_labels(tmp_path):
    import h5py

    path = tmp_path / "g.h5"
    samples.plain_hdf5(path)
    whole = read_import(path)
    with h5py.File(path) as file:
        acc, gyr = file["sensors/right/accelerometer"][()], file["sensors/right/gyro"][()]
    assert [signal.name for signal in whole.signals] == ["sensors/left", "sensors/right"]
    assert whole.signals[1].acc_mps2 == pytest.approx(acc * G)
    assert whole.signals[1].gyr_radps == pytest.approx(np.deg2rad(gyr))
    assert [(run.name, round(run.start_s, 3)) for run in whole.labels[0].runs] == [("walk", 0.0), ("sit", 1.0)]


def test_plain_hdf5_follows_no_link_out_of_the_file(tmp_path):
    import h5py

    samples.plain_hdf5(tmp_path / "secret.h5")
    path = tmp_path / "linked.h5"
    with h5py.File(path, "w") as file:
        file["outside"] = h5py.ExternalLink("secret.h5", "/sensors/left")
    with pytest.raises(FileError, match="no recording format"):
        read_signals(path)


@pytest.mark.parametrize("acc", ["acc", "accel"])
def test_arrays_without_times_ask_for_a_rate(tmp_path, acc):
    import h5py

    bare, held = tmp_path / "x.npy", tmp_path / "x.h5"
    values = np.random.default_rng(0).normal(size=(20, 6))
    np.save(bare, values)
    with h5py.File(held, "w") as file:
        file[acc], file["gyr"] = values[:, :3], values[:, 3:]
    for path in (bare, held):
        with pytest.raises(NeedsRate, match="--rate"):
            read_import(path)
        whole = read_import(path, reading=Reading(rate_hz=25.0, acc_unit="g", gyr_unit="deg/s"))
        assert whole.signals[0].rate_hz == pytest.approx(25.0)
        assert whole.signals[0].acc_mps2 == pytest.approx(values[:, :3] * G)
        assert whole.signals[0].gyr_radps == pytest.approx(np.deg2rad(values[:, 3:]))


def test_an_array_of_objects_is_never_unpickled(tmp_path):
    path = tmp_path / "evil.npy"
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(FileError, match="no intact array"):
        read_signals(path)


def test_an_array_that_claims_more_than_the_file_has_is_refused(tmp_path):
    path = tmp_path / "huge.npy"
    np.save(path, np.zeros((4, 6)))
    path.write_bytes(path.read_bytes().replace(b"(4, 6)", b"(9999999999, 6)"))
    with pytest.raises(FileError):
        read_signals(path)


def test_apdm_reads_each_sensor_by_its_units(tmp_path):
    path = tmp_path / "h.csv"
    samples.apdm(path)
    whole = read_import(path)
    first = [float(cell) for cell in path.read_text().splitlines()[4].split(",")]
    assert [signal.name for signal in whole.signals] == ["Upper", "Lower"]
    assert whole.signals[1].acc_mps2[0] == pytest.approx(first[10:13])
    assert whole.signals[1].gyr_radps[0] == pytest.approx(first[13:16])
    path.write_text(path.read_text().replace("rad/s", "furlong"))
    with pytest.raises(FileError, match="furlong"):
        read_signals(path)


def test_an_mtw_export_without_rate_or_gyroscope_is_read_when_asked(tmp_path):
    path = tmp_path / "trial_00B4.txt"
    samples.xsens(path)
    lines = [line for line in path.read_text().splitlines() if "Update Rate" not in line]
    gone = {6 + i for i in range(3)} | {5}
    kept = [line if line.startswith("//") else "\t".join(c for i, c in enumerate(line.split("\t")) if i not in gone)
            for line in lines]  # fmt: skip
    path.write_text("\n".join(kept) + "\n")
    with pytest.raises(NeedsRate):
        read_import(path)
    whole = read_import(path, reading=Reading(rate_hz=60.0))
    assert whole.recorded[0].absent == ("gyr",)
    assert not whole.signals[0].gyr_radps.any()
    assert whole.signals[0].rate_hz == pytest.approx(60.0)
