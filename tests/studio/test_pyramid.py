"""The pyramid: every drawn bucket has exactly the least and the largest of its samples, wherever it lies."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_studio.recordings.pyramid import BASE, Pyramid
from m3n_studio.studio.traces.trace_data import EvenTimes, Line


def data(n, seed, holes):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=n)
    values[rng.random(n) < holes] = np.nan
    return values


@settings(max_examples=60)
@given(
    n=st.integers(1, 200_000), seed=st.integers(0, 99), a=st.floats(0, 1), b=st.floats(0, 1),
    most=st.integers(1, 2000), holes=st.sampled_from([0.0, 0.01, 0.999]),
)  # fmt: skip
def test_every_bucket_has_its_least_and_its_most(n, seed, a, b, most, holes):
    values = data(n, seed, holes)
    start, stop = sorted((int(a * n), int(b * n) + 1))
    peaks = Pyramid(values).peaks(start, stop, most)
    assert peaks.size & (peaks.size - 1) == 0
    assert peaks.start % peaks.size == 0
    assert peaks.start <= start
    assert peaks.start + peaks.size * len(peaks.low) >= min(stop, n)
    assert len(peaks.low) <= most + 1
    for i in range(len(peaks.low)):
        inside = values[peaks.start + i * peaks.size : peaks.start + (i + 1) * peaks.size]
        known = inside[np.isfinite(inside)]
        assert np.isnan(peaks.low[i]) == (len(known) == 0)
        if len(known):
            assert (peaks.low[i], peaks.high[i]) == (known.min(), known.max())


@given(n=st.integers(1, 5000), seed=st.integers(0, 99), holes=st.sampled_from([0.0, 0.3, 1.0]))
def test_the_extent_is_that_of_the_data(n, seed, holes):
    values = data(n, seed, holes)
    low, high = Pyramid(values).extent()
    if np.isfinite(values).any():
        assert (low, high) == (np.nanmin(values), np.nanmax(values))
    else:
        assert np.isnan(low)
        assert np.isnan(high)


def test_panning_by_a_bucket_shows_the_same_peaks():
    values = data(100_000, 1, 0.0)
    pyramid = Pyramid(values)
    one = pyramid.peaks(10_000, 60_000, 500)
    other = pyramid.peaks(10_000 + one.size, 60_000 + one.size, 500)
    assert other.size == one.size
    np.testing.assert_array_equal(one.low[1:], other.low[:-1])


class Counted:
    """Values that tell how much of them was read."""

    def __init__(self, values):
        self.values, self.read = values, 0

    def __len__(self):
        return len(self.values)

    def __getitem__(self, key):
        out = self.values[key]
        self.read += np.size(out)
        return out


def test_a_stored_level_spares_reading_the_samples():
    values = np.random.default_rng(3).normal(size=BASE * 20_000).astype(np.float32)
    blocks = values.reshape(-1, BASE)
    counted = Counted(values)
    line = Line(EvenTimes(5.0, 100.0, len(values)), counted, (blocks.min(axis=1), blocks.max(axis=1)))
    drawn = line.drawn(5.0, 5.0 + len(values) / 100.0, 800)
    assert drawn.size >= BASE
    assert line.pyramid.extent() == (values.min(), values.max())
    assert counted.read == 0
    assert drawn.values.max() == values.max()
    close = line.drawn(100.0, 101.0, 800)
    assert close.size == 1
    assert counted.read < 200
    i = int((100.0 - 5.0) * 100)
    assert line.value_at(100.0) == values[i]


@given(start=st.floats(-10, 10), rate=st.floats(1, 500), n=st.integers(2, 300), i=st.integers(0, 299))
def test_even_times_are_the_array_they_stand_for(start, rate, n, i):
    even, array = EvenTimes(start, rate, n), start + np.arange(n) / rate
    i = min(i, n - 1)
    assert even[i] == pytest.approx(array[i])
    np.testing.assert_allclose(even[2:7], array[2:7])
    between = array[i] + 0.4 / rate
    assert even.searchsorted(between) == array.searchsorted(between)
    assert even.searchsorted(array[i], side="left") == i
    assert even.searchsorted(array[i], side="right") == i + 1
