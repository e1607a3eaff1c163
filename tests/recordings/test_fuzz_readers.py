"""Damaged recordings: thousands of mutated files, each read or refused with one FileError, never anything else."""

import numpy as np
import pytest

from m3n_studio.errors import FileError
from m3n_studio.recordings.formats import read_signals
from tests.recordings.samples import SAMPLES

WORDS = [b"nan", b"inf", b"-1e999", b",", b"\n", b"\r", b"\0", b"\xff\xfe", b"1e308", b"\t", b";", b"acc_x", b'"']
ROUNDS = {"m3n-hdf5": 600, "broad": 600, "qmt": 600}


def mutate(data, rng):
    data = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        at = int(rng.integers(0, max(len(data), 1)))
        match int(rng.integers(0, 5)):
            case 0:
                data[at : at + 1] = bytes([int(rng.integers(0, 256))])
            case 1:
                del data[at : at + int(rng.integers(1, 60))]
            case 2:
                data[at:at] = WORDS[int(rng.integers(0, len(WORDS)))]
            case 3:
                data[at:at] = data[at : at + int(rng.integers(1, 120))]
            case 4:
                data = data[: at + 1] if rng.random() < 0.3 else data
    return bytes(data)


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
        except FileError as error:
            refused += 1
            message = str(error)
            assert file_name in message
            assert "\n" not in message
            assert len(message) < 2000
        else:
            assert all(np.isfinite(s.acc_mps2).all() and np.isfinite(s.gyr_radps).all() for s in signals)
    assert refused > 0
