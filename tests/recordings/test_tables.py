"""Signals written are the signals read back, bit for bit, and a crash never leaves half a file."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from m3n_studio.errors import FileError, ValueProblem
from m3n_studio.recordings import tables
from m3n_studio.recordings.formats import read_signals
from m3n_studio.recordings.signal import Signal
from m3n_studio.recordings.tables import read_metadata, write_signals
from tests.recordings.samples import signal


def same(a, b):
    return a.name == b.name and all(
        np.array_equal(getattr(a, f), getattr(b, f)) for f in ("time_s", "acc_mps2", "gyr_radps", "valid")
    )


FINITE = st.floats(-1e300, 1e300, allow_nan=False)


@pytest.mark.parametrize("suffix", [".csv", ".h5"])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_signal_reads_back_exactly(tmp_path_factory, suffix, data):
    n = data.draw(st.integers(1, 6))
    steps = data.draw(arrays(float, n, elements=st.floats(1e-6, 1e3)))
    time_s = np.cumsum(steps)
    if (np.diff(time_s) <= 0).any():
        return
    written = tuple(
        Signal(name, time_s, data.draw(arrays(float, (n, 3), elements=FINITE)),
               data.draw(arrays(float, (n, 3), elements=FINITE)), data.draw(arrays(bool, n)))
        for name in ("left_wrist", "right_ankle")
    )  # fmt: skip
    path = tmp_path_factory.mktemp("tables") / f"signals{suffix}"
    write_signals(path, written)
    assert all(same(a, b) for a, b in zip(written, read_signals(path), strict=True))


def test_the_csv_has_the_promised_columns(tmp_path):
    write_signals(tmp_path / "a.csv", [signal("left_wrist", n=2)])
    header = (tmp_path / "a.csv").read_text().splitlines()[0]
    assert header == (
        "time_s,valid,left_wrist_acc_x,left_wrist_acc_y,left_wrist_acc_z,"
        "left_wrist_gyr_x,left_wrist_gyr_y,left_wrist_gyr_z"
    )


def test_placements_with_masks_of_their_own_keep_them(tmp_path):
    written = [signal("a", invalid=(3,)), signal("b", seed=1, invalid=(7, 8))]
    write_signals(tmp_path / "t.csv", written)
    assert all(same(x, y) for x, y in zip(written, read_signals(tmp_path / "t.csv"), strict=True))


def test_hdf5_keeps_each_signals_own_times_and_the_metadata(tmp_path):
    written = [signal("a"), signal("b/odd name", n=7, rate_hz=100.0, start_s=3.5)]
    write_signals(tmp_path / "t.h5", written, {"mode": "exact", "betas": [1.0, 2.0]})
    assert all(same(x, y) for x, y in zip(written, read_signals(tmp_path / "t.h5"), strict=True))
    assert read_metadata(tmp_path / "t.h5") == {"mode": "exact", "betas": [1.0, 2.0]}


def test_csv_refuses_signals_on_different_times(tmp_path):
    with pytest.raises(ValueProblem, match=r"different times.*\.h5"):
        write_signals(tmp_path / "t.csv", [signal("a"), signal("b", start_s=1.0)])
    assert list(tmp_path.iterdir()) == []


def test_names_must_tell_signals_apart(tmp_path):
    with pytest.raises(ValueProblem, match="distinct"):
        write_signals(tmp_path / "t.h5", [signal("a"), signal("a")])


def test_a_failure_while_writing_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "t.h5"
    write_signals(path, [signal("old")])
    before = path.read_bytes()

    def full_disk(part, *_):
        part.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tables, "_write_hdf5", full_disk)
    with pytest.raises(FileError, match="No space left"):
        write_signals(path, [signal("new")])
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["t.h5"]


def test_an_unknown_suffix_is_refused_by_name(tmp_path):
    with pytest.raises(FileError, match=r"\.xlsx.*\.csv"):
        write_signals(tmp_path / "t.xlsx", [signal()])


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("0.04,1", "0.01,1", r"line 4: time 0.01\S* s after 0.02 s"),
        ("0.04,1", "oops,1", r"line 4, column time_s: found|line 4, column time_s: 'oops'"),
        ("0.04,1", "0.04,7", r"line 4, column valid"),
        ("left_wrist_gyr_z", "left_wrist_mag_z", "no column left_wrist_gyr_z"),
        ("left_wrist_acc_y", "left_wrist_acc_x", "'left_wrist_acc_x' twice"),
    ],
)
def test_a_broken_table_is_refused_with_its_line(tmp_path, old, new, match):
    path = tmp_path / "t.csv"
    write_signals(path, [signal(n=5)])
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(FileError, match=match):
        read_signals(path)


def test_missing_numbers_become_invalid_samples(tmp_path):
    path = tmp_path / "t.csv"
    write_signals(path, [signal(n=5)])
    lines = path.read_text().splitlines()
    lines[2] = "0.02,1,nan,1,2,3,4,5"
    lines[4] = "0.06,1,,1,2,3,4,5"
    path.write_text("\n".join(lines))
    (read,) = read_signals(path)
    assert read.valid.tolist() == [True, False, True, False, True]
    assert np.isfinite(read.acc_mps2).all()
