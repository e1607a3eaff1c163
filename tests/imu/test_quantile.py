"""Quantile mapping: the real distribution, in the simulated order, from valid samples only."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_studio.errors import ValueProblem
from m3n_studio.imu.quantile import match_quantiles, transfer
from m3n_studio.recordings.signal import Signal


def noise(n, seed, *, scale=1.0, shift=0.0, valid=None):
    rng = np.random.default_rng(seed)
    return Signal("s", np.arange(n) / 50.0, shift + scale * rng.normal(size=(n, 3)),
                  shift + scale * rng.gumbel(size=(n, 3)), valid)  # fmt: skip


def test_the_result_has_the_real_distribution_in_every_channel():
    simulated, real = noise(4000, 0), noise(9000, 1, scale=3.0, shift=-2.0)
    out = match_quantiles(simulated, real)
    for share in (0.05, 0.25, 0.5, 0.75, 0.95):
        for a, b in ((out.acc_mps2, real.acc_mps2), (out.gyr_radps, real.gyr_radps)):
            assert np.allclose(np.quantile(a, share, axis=0), np.quantile(b, share, axis=0), atol=0.02)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60), st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=60))
def test_order_is_kept_ties_stay_ties_and_nothing_leaves_the_real_range(values, real):
    values, real = np.array(values), np.array(real)
    out = transfer(values, real)
    order = np.argsort(values, kind="stable")
    assert (np.diff(out[order]) >= 0).all()
    assert (out[order][1:][np.diff(values[order]) == 0] == out[order][:-1][np.diff(values[order]) == 0]).all()
    assert out.min() >= real.min()
    assert out.max() <= real.max()


def test_mapping_onto_itself_changes_nothing():
    signal = noise(500, 3)
    out = match_quantiles(signal, signal)
    assert np.allclose(out.acc_mps2, signal.acc_mps2)
    assert np.allclose(out.gyr_radps, signal.gyr_radps)


def test_invalid_samples_neither_count_nor_change():
    valid = np.ones(1000, dtype=bool)
    valid[:300] = False
    simulated = noise(1000, 4, valid=valid)
    real = noise(1000, 5, valid=valid)
    wild = real.with_(acc_mps2=np.where(valid[:, None], real.acc_mps2, 1e6))
    out = match_quantiles(simulated, wild)
    assert out.acc_mps2[valid].max() < 10
    assert np.array_equal(out.acc_mps2[~valid], simulated.acc_mps2[~valid])
    assert np.array_equal(out.valid, valid)


def test_several_real_signals_are_pooled():
    out = match_quantiles(noise(2000, 6), [noise(1000, 7, shift=-50), noise(1000, 8, shift=50)])
    assert (out.acc_mps2 < 0).mean() == pytest.approx(0.5, abs=0.02)


def test_nothing_valid_is_refused():
    nothing = noise(10, 9, valid=np.zeros(10, dtype=bool))
    with pytest.raises(ValueProblem, match="valid samples"):
        match_quantiles(noise(10, 1), nothing)
    with pytest.raises(ValueProblem, match="valid samples"):
        match_quantiles(nothing, noise(10, 1))
