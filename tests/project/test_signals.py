"""Signals come back as they were written, in any stretch, however they were cut; damage is an error."""

import threading
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_studio.errors import Cancelled, FileError, ValueProblem
from m3n_studio.project.signal_file import CHANNELS
from m3n_studio.project.signal_store import StoredSignal
from m3n_studio.project.signal_writer import write_signal
from m3n_studio.recordings.signal import Signal
from tests.project.made import signal


def part(whole, first, stop):
    return Signal(whole.name, whole.time_s[first:stop], whole.acc_mps2[first:stop], whole.gyr_radps[first:stop],
                  whole.valid[first:stop])  # fmt: skip


@settings(max_examples=25)
@given(n=st.integers(1, 150_000), jitter=st.sampled_from([0.0, 0.004]), seed=st.integers(0, 99), data=st.data())
def test_any_cut_gives_the_same_file_and_any_stretch_the_same_samples(tmp_path_factory, n, jitter, seed, data):
    whole = signal(n, seed=seed, jitter_s=jitter, start_s=seed * 1e7)
    folder = tmp_path_factory.mktemp("s")
    cuts = sorted({0, n, *data.draw(st.lists(st.integers(0, n), max_size=5))})
    pieces = [part(whole, a, b) for a, b in pairwise(cuts)]
    one, cut = write_signal(folder / "a.h5", whole), write_signal(folder / "b.h5", iter(pieces))
    assert one == cut
    assert one.regular is (jitter == 0.0 or n <= 2)
    stored = StoredSignal(folder / "b.h5")
    assert stored.verify()
    assert stored.span_s == (whole.time_s[0], whole.time_s[-1])
    a, b = (data.draw(st.floats(-1.0, n / 100 + 1)) + whole.time_s[0] for _ in range(2))
    wanted = np.flatnonzero((stored.times(0, n) >= a) & (stored.times(0, n) <= b))
    if len(wanted) == 0:
        with pytest.raises(ValueProblem, match="no sample"):
            stored.read(a, b)
        stored.close()
        return
    read = stored.read(a, b)
    np.testing.assert_allclose(read.time_s, whole.time_s[wanted], rtol=0, atol=1e-6)
    np.testing.assert_array_equal(read.acc_mps2, whole.acc_mps2[wanted])
    np.testing.assert_array_equal(read.gyr_radps, whole.gyr_radps[wanted])
    np.testing.assert_array_equal(read.valid, whole.valid[wanted])
    stored.close()


def test_irregular_times_are_kept_to_the_bit(tmp_path):
    whole = signal(5000, jitter_s=0.009)
    write_signal(tmp_path / "a.h5", whole)
    np.testing.assert_array_equal(StoredSignal(tmp_path / "a.h5").read().time_s, whole.time_s)


@pytest.mark.parametrize("rate_hz", [100.0, 51.2, 1000 / 3, 0.5])
def test_even_times_become_a_rate(tmp_path, rate_hz):
    written = write_signal(tmp_path / "a.h5", signal(30_000, rate_hz))
    assert written.regular
    assert written.rate_hz == pytest.approx(rate_hz, rel=1e-9)


def test_a_missing_sample_makes_times_irregular(tmp_path):
    whole = signal(5000)
    keep = np.arange(5000) != 2500
    holed = Signal("h", whole.time_s[keep], whole.acc_mps2[keep], whole.gyr_radps[keep], whole.valid[keep])
    assert not write_signal(tmp_path / "a.h5", holed).regular


@settings(max_examples=25)
@given(a=st.floats(0, 1), b=st.floats(0, 1), most=st.integers(1, 900), channel=st.integers(0, 5))
def test_peaks_are_those_of_the_valid_samples(stored_day, a, b, most, channel):
    stored, values = stored_day
    start_s, stop_s = sorted((a * 4000, b * 4000))
    peaks = stored.peaks(channel, start_s, stop_s, most)
    line = values[:, channel]
    stop = min(peaks.start + len(peaks.low) * peaks.size, len(line))
    for i, at in enumerate(range(peaks.start, stop, peaks.size)):
        bucket = line[at : min(at + peaks.size, len(line))]
        bucket = bucket[np.isfinite(bucket)]
        assert (peaks.low[i], peaks.high[i]) == (bucket.min(), bucket.max()) if len(bucket) else np.isnan(peaks.low[i])
    times = stored.times(peaks.start, stop)
    assert times[0] <= max(start_s, 0)
    assert times[-1] >= min(stop_s, stored.span_s[1])
    assert len(peaks.low) <= most + 3


@pytest.fixture(scope="module")
def stored_day(tmp_path_factory):
    whole = signal(400_000, holes=0.3)
    path = tmp_path_factory.mktemp("day") / "a.h5"
    write_signal(path, whole)
    values = np.hstack([whole.acc_mps2, whole.gyr_radps]).astype(np.float32)
    values[~whole.valid] = np.nan
    return StoredSignal(path), values


def test_many_threads_read_at_once(stored_day):
    stored, values = stored_day
    wrong = []

    def work(seed):
        rng = np.random.default_rng(seed)
        for _ in range(30):
            first = int(rng.integers(0, 390_000))
            channel = int(rng.integers(0, 6))
            found = stored.line(channel)[first : first + 500]
            if not np.array_equal(found, values[first : first + 500, channel], equal_nan=True):
                wrong.append(first)
            if seed == 0:
                stored.close()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_stopping_and_failing_leave_nothing(tmp_path):
    seen = []

    def pieces(fail):
        for i in range(5):
            if fail and i == 3:
                raise ValueProblem("the source broke")
            yield signal(70_000, start_s=i * 700)

    with pytest.raises(Cancelled):
        write_signal(tmp_path / "a.h5", pieces(False), total=350_000, progress=lambda *s: seen.append(s),
                     cancelled=lambda: len(seen) > 2)  # fmt: skip
    assert seen == [(65536, 350_000), (70_000, 350_000), (135_536, 350_000)]
    with pytest.raises(ValueProblem, match="broke"):
        write_signal(tmp_path / "a.h5", pieces(True))
    with pytest.raises(ValueProblem, match="must increase"):
        write_signal(tmp_path / "a.h5", [signal(10), signal(10)])
    with pytest.raises(ValueProblem, match="at least one"):
        write_signal(tmp_path / "a.h5", [])
    assert list(tmp_path.iterdir()) == []
    write_signal(tmp_path / "a.h5", signal(10))
    with pytest.raises(FileError, match="written once"):
        write_signal(tmp_path / "a.h5", signal(10))


def read_all(path):
    stored = StoredSignal(path)
    try:
        good = stored.verify()
        stored.read()
        for channel in CHANNELS:
            for most in (1, 50, 400):
                stored.peaks(channel, *stored.span_s, most)
        return good
    finally:
        stored.close()


@settings(max_examples=60)
@given(data=st.data())
def test_a_damaged_file_is_an_error_or_reads_the_same(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("f") / "a.h5"
    write_signal(path, signal(3000, jitter_s=data.draw(st.sampled_from([0.0, 0.003]))))
    whole = StoredSignal(path)
    wanted = whole.read()
    whole.close()
    raw = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        del raw[data.draw(st.integers(0, len(raw) - 1)) :]
    else:
        for _ in range(data.draw(st.integers(1, 20))):
            raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(raw)
    try:
        good = read_all(path)
    except (FileError, ValueProblem):
        return
    if good:
        np.testing.assert_array_equal(StoredSignal(path).read().acc_mps2, wanted.acc_mps2)


def test_what_is_no_signal_file(tmp_path):
    import h5py

    with pytest.raises(FileError, match="missing"):
        StoredSignal(tmp_path / "none.h5")
    (tmp_path / "text.h5").write_text("hello")
    with pytest.raises(FileError, match="damaged"):
        StoredSignal(tmp_path / "text.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    with pytest.raises(FileError, match="no signal file of ours"):
        StoredSignal(tmp_path / "other.h5")
    write_signal(tmp_path / "huge.h5", signal(100))
    with h5py.File(tmp_path / "huge.h5", "r+") as file:
        file.attrs["samples"] = 1 << 40
    with pytest.raises(FileError, match="shape"):
        StoredSignal(tmp_path / "huge.h5")
