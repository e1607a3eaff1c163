"""Damaged recordings: thousands of mutated files, each read or refused with one FileError, never anything else."""

import numpy as np
import pytest

from m3n_studio.errors import FileError
from m3n_studio.recordings.formats import read_import, read_signals
from tests.damage import mutate
from tests.recordings.samples import SAMPLES

ROUNDS = {"m3n-hdf5": 600, "broad": 600, "qmt": 600, "hdf5": 600, "utd-mhad": 600, "bids-motion": 400}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", SAMPLES)
def test_mutated_files_are_read_or_refused(tmp_path, name):
    file_name, write = SAMPLES[name]
    good = tmp_path / file_name
    write(good)
    data = good.read_bytes()
    rng = np.random.default_rng(sum(name.encode()))
    refused = 0
    for _ in range(ROUNDS.get(name, 1000)):
        good.write_bytes(mutate(data, rng))
        try:
            signals = read_signals(good)
            whole = read_import(good)
        except FileError as error:
            refused += 1
            message = str(error)
            assert file_name in message
            assert "\n" not in message
            assert len(message) < 2000
        else:
            assert len(whole.signals) == len(signals)
            assert all(np.isfinite(s.acc_mps2).all() and np.isfinite(s.gyr_radps).all() for s in signals)
    assert refused > 0


def test_an_array_that_claims_more_than_any_file_could_hold_is_refused_unread(tmp_path):
    import h5py

    path = tmp_path / "huge.hdf5"
    SAMPLES["broad"][1](path)
    with h5py.File(path, "a") as file:
        del file["imu_acc"]
        file.create_dataset("imu_acc", shape=(10**12, 3), dtype="f8", chunks=(1000, 3))
    with pytest.raises(FileError, match="imu_acc"):
        read_signals(path)


def test_a_small_file_that_inflates_without_end_is_refused(tmp_path, monkeypatch):
    import zlib

    from m3n_studio.recordings import matlab

    monkeypatch.setattr(matlab, "_MOST_BYTES", 1 << 20)
    bomb = zlib.compress(bytes(4 << 20))
    path = tmp_path / "bomb.mat"
    tag = (15).to_bytes(4, "little") + len(bomb).to_bytes(4, "little")
    path.write_bytes(b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + tag + bomb)
    with pytest.raises(FileError, match="1048576 bytes once decompressed"):
        read_signals(path)


def test_damaged_text_in_hdf5_does_not_hang_the_library(tmp_path):
    """Variable-length text lies in a heap whose damage has hung HDF5 2.0.0; it is never touched."""
    import h5py

    path = tmp_path / "foreign.h5"
    with h5py.File(path, "w") as file:
        file.attrs["format"] = "m3n-signals"  # variable-length, as h5py writes a str
    with pytest.raises(FileError, match="no recording format"):
        read_signals(path)
