"""What fidelity reports is what was put in: known errors, known correlations, masks honoured, strict JSON."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_studio.errors import UnknownName, ValueProblem
from m3n_studio.imu.fidelity import NORMALISATIONS, compare
from m3n_studio.recordings.signal import Signal
from tests.imu.movement import moving, observed


def numbers(report):
    return [value for row in report.channels for value in (row.rmse, row.r, *row.coherence) if value is not None]


def test_a_signal_is_perfectly_like_itself():
    sim = moving("sim", 0)
    report = compare(sim, sim)
    assert report.samples == len(sim)
    assert (report.mse_acc, report.mse_gyr) == (0.0, 0.0)
    assert all(row.rmse == 0.0 and row.r == pytest.approx(1.0) for row in report.channels)
    assert all(c == pytest.approx(1.0) for row in report.channels for c in row.coherence if c is not None)
    assert report.lag_s == pytest.approx(0.0, abs=1e-4)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), error=st.floats(0.01, 2.0))
def test_rmse_is_the_error_put_in_on_that_axis_alone(seed, error):
    sim = moving("sim", seed, seconds=10)
    real = sim.with_(gyr_radps=sim.gyr_radps + np.array([error, 0, 0]))
    report = compare(sim, real)
    assert report.row("gyr", "x").rmse == pytest.approx(error)
    assert report.row("gyr", "x").r == pytest.approx(1.0)
    assert report.row("gyr", "y").rmse == 0.0
    assert report.row("acc", "magnitude").rmse == 0.0


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), gain=st.floats(0.2, 5.0))
def test_a_gain_changes_rmse_but_neither_r_nor_coherence_nor_the_zscored_error(seed, gain):
    sim = moving("sim", seed, seconds=30)
    report = compare(sim, sim.with_(gyr_radps=gain * sim.gyr_radps))
    assert report.row("gyr", "y").r == pytest.approx(1.0)
    assert report.row("gyr", "y").coherence[0] == pytest.approx(1.0)
    assert report.mse_gyr == pytest.approx(0.0, abs=1e-12)
    if abs(gain - 1) > 0.01:
        assert report.row("gyr", "y").rmse > 0
        assert compare(sim, sim.with_(gyr_radps=gain * sim.gyr_radps), normalise="none").mse_gyr > 0


@pytest.mark.parametrize("normalise", NORMALISATIONS)
def test_every_normalisation_is_named_in_the_report(normalise):
    report = compare(moving("sim", 0, seconds=10), observed(0, seconds=10), normalise=normalise)
    assert report.normalise == normalise
    assert normalise in report.text()
    assert report.mse_acc > 0


def test_unrelated_noise_has_no_correlation_and_little_coherence():
    rng = np.random.default_rng(0)
    t = np.arange(0, 120, 0.02)
    a, b = (Signal(n, t, rng.normal(size=(len(t), 3)), rng.normal(size=(len(t), 3))) for n in "ab")
    report = compare(a, b)
    assert all(abs(row.r) < 0.05 for row in report.channels)
    assert all(c < 0.1 for row in report.channels for c in row.coherence if c is not None)
    assert report.mse_gyr == pytest.approx(2.0, abs=0.1)
    assert report.lag_s is None


def test_coherence_is_lost_in_the_band_the_noise_is_in():
    t = np.arange(0, 120, 0.01)
    rng = np.random.default_rng(1)
    base = rng.normal(size=(len(t), 3))
    from m3n_studio.imu.derive import lowpass

    slow, other = lowpass(base, 100.0, 3.0), rng.normal(size=base.shape)
    fast = other - lowpass(other, 100.0, 6.0)
    report = compare(Signal("a", t, slow, slow), Signal("b", t, slow + 0.5 * fast, slow + 0.5 * fast))
    low, _, _, high = report.row("acc", "x").coherence
    assert low > 0.97
    assert high < 0.3


def test_masked_samples_do_not_count_however_wrong_they_are():
    sim = moving("sim", 3)
    valid = np.ones(len(sim), dtype=bool)
    valid[500:800] = False
    wrong = np.where(valid[:, None], sim.acc_mps2, 1e6)
    report = compare(sim, sim.with_(acc_mps2=wrong, valid=valid))
    assert report.samples == valid.sum()
    assert report.row("acc", "x").rmse == 0.0
    filtered = compare(sim, sim.with_(acc_mps2=wrong, valid=valid), lowpass_hz=8)
    assert filtered.row("acc", "x").rmse < 0.05
    assert 0 < filtered.samples < valid.sum()


def test_only_the_chosen_samples_are_judged():
    sim = moving("sim", 3)
    where = sim.time_s > 30
    spoilt = np.where(where[:, None], sim.gyr_radps, 5.0)
    report = compare(sim, sim.with_(gyr_radps=spoilt), where=where)
    assert report.samples == where.sum()
    assert report.row("gyr", "z").rmse == 0.0
    with pytest.raises(ValueProblem, match="where"):
        compare(sim, sim, where=where[:-1])


@pytest.mark.parametrize(("rates"), [(60.0, 100.0), (100.0, 60.0), (50.0, 204.8), (285.7, 30.0)])
def test_signals_of_different_rates_are_judged_at_the_lower_rate(rates):
    a, b = moving("a", 4, rate_hz=rates[0], seconds=30), moving("b", 4, rate_hz=rates[1], seconds=30)
    report = compare(a, b)
    assert report.rate_hz == pytest.approx(min(rates), rel=1e-3)
    assert all(row.r > 0.999 for row in report.channels)


def test_uneven_stamps_are_judged_on_even_times():
    rng = np.random.default_rng(5)
    sim = moving("sim", 5, seconds=30, rate_hz=100.0)
    real = moving("real", 5, seconds=30, rate_hz=100.0)
    from tests.imu.movement import movement

    t = np.sort(real.time_s + rng.uniform(-0.003, 0.003, len(real)))
    report = compare(sim, Signal("real", t, *movement(t, 5)))
    assert all(row.r > 0.999 for row in report.channels)


def test_a_lag_left_over_is_reported_with_its_sign():
    sim = moving("sim", 6)
    assert compare(sim, observed(6, noise=0.01, offset_s=-0.02)).lag_s == pytest.approx(0.02, abs=1e-3)


def test_bands_above_the_low_pass_are_null_not_noise():
    report = compare(moving("a", 7), observed(7), lowpass_hz=5.0)
    assert [c is None for c in report.row("gyr", "x").coherence] == [False, False, True, True]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (moving("a", 0, seconds=5), moving("b", 0, seconds=5, start_s=100.0)),
        (moving("a", 0, seconds=0.1), moving("b", 0, seconds=0.1)),
        (moving("a", 0, seconds=0.02), moving("b", 0, seconds=0.02)),
        (Signal("a", np.arange(50) / 50, np.zeros((50, 3)), np.zeros((50, 3))),) * 2,
    ],
)
def test_what_cannot_be_told_is_null_and_the_json_stays_strict(a, b):
    report = compare(a, b)

    def refuse(text):
        raise AssertionError(text)

    back = json.loads(report.to_json(), parse_constant=refuse)
    assert back["lag_s"] is None
    assert all(math.isfinite(value) for value in numbers(report))
    assert report.text()


def test_the_table_is_aligned_and_carries_units():
    lines = compare(moving("sim", 1), observed(1)).text().splitlines()
    assert len(lines) == 2 + 1 + 8
    assert sum("m/s²" in line for line in lines) == 4
    assert sum("rad/s" in line for line in lines) == 4
    assert len({len(line) for line in lines[2:]}) == 1


def test_rows_are_plain_mappings():
    rows = compare(moving("sim", 1, seconds=20), observed(1, seconds=20)).rows()
    assert len(rows) == 8
    assert set(rows[0]) >= {"quantity", "axis", "unit", "rmse", "r", "coherence_0.5-2_hz", "coherence_10-20_hz"}


def test_unknown_options_are_named():
    sim = moving("sim", 0, seconds=5)
    with pytest.raises(UnknownName, match="zscore"):
        compare(sim, sim, normalise="zscor")
    with pytest.raises(ValueProblem):
        compare(sim, sim, lowpass_hz=-1)
