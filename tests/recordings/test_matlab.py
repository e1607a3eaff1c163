"""MATLAB files as SciPy writes them read as SciPy reads them; what is not read is left out."""

import io

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from m3n_studio.errors import FileError
from m3n_studio.recordings.matlab import read_matlab


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("kind", ["f8", "f4", "i2", "u1", "i4", "u8"])
def test_arrays_and_structs_read_as_scipy_reads_them(tmp_path, compressed, kind):
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(7, 3)) * 50).astype(kind)
    path = tmp_path / "a.mat"
    savemat(path, {"x": x, "row": x[:, 0], "one": 3.5, "s": {"acc": x, "q": x[:2]}}, do_compression=compressed)
    ours, theirs = read_matlab(path), loadmat(path, squeeze_me=True, struct_as_record=False)
    assert np.array_equal(ours["x"], theirs["x"])
    assert np.array_equal(ours["row"], theirs["row"])
    assert ours["one"].tolist() == [3.5]
    assert np.array_equal(ours["s"]["q"], theirs["s"].q)


def test_classes_that_recordings_do_not_use_are_left_out(tmp_path):
    path = tmp_path / "a.mat"
    cell = np.empty(2, dtype=object)
    cell[:] = [np.eye(2), "text"]
    savemat(path, {"text": "hello", "cell": cell, "complex": np.array([1 + 2j]), "x": np.eye(2),
                   "deep": {"inner": {"y": 1.0}, "z": np.ones(3)}})  # fmt: skip
    found = read_matlab(path)
    assert set(found) == {"x", "deep"}
    assert set(found["deep"]) == {"z"}


def test_numbers_that_outgrow_the_file_are_refused(tmp_path):
    buffer = io.BytesIO()
    savemat(buffer, {"x": np.zeros((100, 100))})
    data = bytearray(buffer.getvalue())
    at = data.index((100).to_bytes(4, "little"))
    data[at : at + 4] = (2_000_000_000).to_bytes(4, "little")
    path = tmp_path / "a.mat"
    path.write_bytes(data)
    with pytest.raises(FileError, match="2000000000"):
        read_matlab(path)


def test_the_other_byte_order_is_read(tmp_path):
    def element(kind, data):
        return kind.to_bytes(4, "big") + len(data).to_bytes(4, "big") + data + b"\0" * (-len(data) % 8)

    values = np.arange(6.0).reshape(2, 3)
    body = element(6, (6).to_bytes(4, "big") + b"\0" * 4) + element(5, np.array([2, 3], ">i4").tobytes())
    body += element(1, b"x") + element(9, values.astype(">f8").tobytes(order="F"))
    path = tmp_path / "a.mat"
    path.write_bytes(b"MATLAB 5.0 MAT-file".ljust(124) + b"\x01\x00MI" + element(14, body))
    assert np.array_equal(read_matlab(path)["x"], values)
