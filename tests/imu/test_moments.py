"""Worst moments: an injected disturbance is found at its time, on its axis, with its cause."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_studio import so3
from m3n_studio.imu.fidelity_windows import CHANNELS, eight, lag_curve, trends, windowed
from m3n_studio.imu.moments import AXES, worst_moments
from m3n_studio.recordings.signal import Signal

RATE = 100.0


def lively(seconds=20.0, seed=0):
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * RATE)) / RATE
    values = sum(
        rng.normal(size=6) * np.sin(2 * np.pi * hz * t[:, None] + rng.uniform(0, 6, 6)) for hz in (0.3, 0.7, 1.3, 2.1)
    )
    values[:, 0] += 9.81
    return Signal("imu", t, values[:, :3], values[:, 3:])


def disturbed(signal, where, change):
    values = np.hstack([signal.acc_mps2, signal.gyr_radps])
    values[where] = change(values[where])
    return signal.with_(acc_mps2=values[:, :3], gyr_radps=values[:, 3:])


@settings(max_examples=40)
@given(
    seed=st.integers(0, 1000), start=st.floats(1.0, 17.0), channel=st.integers(0, 5), size=st.floats(0.5, 20.0),
)  # fmt: skip
def test_a_disturbance_is_found_where_it_is_and_on_its_axis(seed, start, channel, size):
    simulated = lively(seed=seed)
    t = simulated.time_s
    where = (t >= start) & (t < start + 1.0)

    def bump(values):
        values = values.copy()
        values[:, channel] += size * np.sin(np.linspace(0, np.pi, len(values)))
        return values

    worst = worst_moments(simulated, disturbed(simulated, where, bump))[0]
    assert (worst.quantity, worst.axis) == AXES[channel]
    assert abs(worst.start_s - start) < 0.25
    assert worst.rmse == pytest.approx(size * np.sqrt(0.5), rel=0.15)


def test_moments_do_not_overlap_and_go_from_worst_to_better():
    simulated = lively()
    real = lively(seed=1)
    moments = worst_moments(simulated, real, count=6)
    assert len(moments) == 6
    assert all(a.score >= b.score for a, b in pairwise(moments))
    spans = sorted((m.start_s, m.end_s) for m in moments)
    assert all(a[1] <= b[0] + 1e-9 for a, b in pairwise(spans))


def test_equal_signals_have_no_worst_moment():
    assert worst_moments(lively(), lively()) == ()


TURN = so3.matrix_from_rotvec([np.deg2rad(25.0), 0.0, 0.0])


def later(signal, where):
    both = np.hstack([signal.acc_mps2, signal.gyr_radps])
    values = np.column_stack([np.interp(signal.time_s - 0.06, signal.time_s, column) for column in both.T])
    return lambda _: values[where]


CAUSES = {
    "shift": (lambda s, w: later(s, w), "60 ms late"),
    "turn": (lambda s, w: lambda v: np.hstack([v[:, :3] @ TURN.T, v[:, 3:] @ TURN.T]), "turned by 25°, mostly about x"),
    "constant": (lambda s, w: lambda v: v + np.array([0, 0, 3.0, 0, 0, 0]), "constant +3.00 m/s² on z"),
    "factor": (lambda s, w: lambda v: v * [1, 1, 1, 1.8, 1.8, 1.8], "1.8 times larger"),
    "impact": (
        lambda s, w: lambda v: v + 6 * np.sin(2 * np.pi * 20 * np.arange(len(v))[:, None] / RATE) * [1, 0, 0, 0, 0, 0],
        "in the real signal only",
    ),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_the_cause_is_told_in_words(cause):
    make, words = CAUSES[cause]
    simulated = lively(seed=3)
    where = (simulated.time_s >= 8.0) & (simulated.time_s < 9.5)
    real = disturbed(simulated, where, make(simulated, where))
    worst = worst_moments(simulated, real)[0]
    assert worst.start_s >= 7.9
    assert worst.end_s <= 9.6
    assert words in worst.reason
    assert not worst.reason.startswith("partly")


def test_noise_has_no_cause():
    simulated = lively(seed=3)
    where = (simulated.time_s >= 8.0) & (simulated.time_s < 9.5)
    slow = lively(seed=77)
    other = np.hstack([slow.acc_mps2, slow.gyr_radps]) - [9.81, 0, 0, 0, 0, 0]
    real = disturbed(simulated, where, lambda v: v + other[where])
    worst = worst_moments(simulated, real)[0]
    assert worst.reason == "" or worst.reason.startswith("partly")


def test_saturation_of_the_recording_is_seen():
    simulated = lively(seed=5)
    limit = 0.6 * np.abs(simulated.gyr_radps[:, 1]).max()
    clipped = simulated.gyr_radps.copy()
    clipped[:, 1] = np.clip(clipped[:, 1], -limit, limit)
    real = simulated.with_(gyr_radps=clipped)
    worst = worst_moments(simulated, real, clipped=real)[0]
    assert f"gyroscope saturates at {limit:.1f} rad/s on its own y" in worst.reason


# ---------------------------------------------------------------- windows


@settings(max_examples=25)
@given(seed=st.integers(0, 1000), window=st.sampled_from([0.5, 1.0, 2.0, 3.3]), gap=st.booleans())
def test_windows_equal_direct_computation(seed, window, gap):
    simulated, real = lively(seed=seed), lively(seed=seed + 1)
    if gap:
        valid = np.ones(len(real), dtype=bool)
        valid[500:560] = False
        real = real.with_(valid=valid)
    found = windowed(simulated, real, window_s=window)
    assert len(found) == int(20.0 / window + 1e-6)
    x, y = eight(simulated), eight(real)
    for w in range(len(found)):
        # a sample belongs to the window that it lies in; rates and windows may not divide
        inside = (simulated.time_s >= found.start_s[w] - 1e-6) & (simulated.time_s < found.end_s[w] - 1e-6)
        use = inside & simulated.valid & real.valid
        if use.sum() < 0.5 * inside.sum():
            assert np.isnan(found.r[w]).all()
            continue
        for c in range(8):
            assert found.r[w, c] == pytest.approx(np.corrcoef(x[use, c], y[use, c])[0, 1], abs=1e-9)
            assert found.rmse[w, c] == pytest.approx(np.sqrt(np.mean((x[use, c] - y[use, c]) ** 2)), rel=1e-9)


def test_the_whole_as_one_window_is_the_report():
    from m3n_studio.imu.fidelity import compare

    simulated, real = lively(), lively(seed=1)
    report, one = compare(simulated, real), windowed(simulated, real, window_s=20.0)
    assert len(one) == 1
    for quantity, axis in CHANNELS:
        row = report.row(quantity, axis)
        assert one.column("r", quantity, axis)[0] == pytest.approx(row.r, abs=1e-9)
        assert one.column("rmse", quantity, axis)[0] == pytest.approx(row.rmse, rel=1e-9)


def test_trends_give_back_offset_and_slope():
    simulated = lively()
    real = simulated.with_(gyr_radps=1.25 * simulated.gyr_radps + [0.3, 0.0, -0.1])
    found = {(t.quantity, t.axis): t for t in trends(simulated, real)}
    assert found["gyr", "x"].slope == pytest.approx(1.25, abs=1e-9)
    expected = 0.3 + 0.25 * simulated.gyr_radps[:, 0].mean()
    assert found["gyr", "x"].bias == pytest.approx(expected, abs=1e-9)
    assert found["acc", "z"].slope == pytest.approx(1.0, abs=1e-9)
    assert found["acc", "z"].bias == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("late_s", [-0.2, 0.0, 0.13])
def test_the_curve_peaks_at_the_shift_that_is_left(late_s):
    simulated = lively()
    real = simulated.with_(time_s=simulated.time_s + late_s)
    curve = lag_curve(simulated, real)
    assert curve.lag_s[np.nanargmax(curve.r)] == pytest.approx(-late_s, abs=0.011)
    assert np.nanmax(curve.r) > 0.999
