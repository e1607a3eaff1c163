"""Splines, angular velocity and the low-pass, held against closed forms and SciPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation, RotationSpline

from m3n_studio import so3
from m3n_studio.errors import ValueProblem
from m3n_studio.imu import derive

TIMES = np.arange(241) / 60
ALL = np.ones(241, dtype=bool)


def test_the_second_derivative_of_a_smooth_wave_is_exact_to_1e_5():
    wave = 0.3 * np.sin(2 * np.pi * TIMES)[:, None]
    at = TIMES[0] + np.arange(961) / 240
    acc = derive.acceleration(TIMES, wave, ALL, at)
    truth = -0.3 * (2 * np.pi) ** 2 * np.sin(2 * np.pi * at)[:, None]
    inside = slice(20, -20)
    assert np.abs(acc - truth)[inside].max() < 1e-4  # of 11.8 m/s2
    on_knots = acc[::4] - truth[::4]
    assert np.abs(on_knots[5:-5]).max() < 2e-5


def test_polynomials_up_to_degree_five_are_exact_ends_included():
    fifth = (TIMES[:, None] - 2) ** 5
    assert np.allclose(derive.acceleration(TIMES, fifth, ALL, TIMES), 20 * (TIMES[:, None] - 2) ** 3, atol=1e-6)


def test_uneven_sampling_is_no_trouble():
    rng = np.random.default_rng(0)
    times = np.sort(TIMES + rng.uniform(-0.004, 0.004, len(TIMES)))
    acc = derive.acceleration(times, np.sin(3 * times)[:, None], ALL, TIMES[5:-5])
    assert np.abs(acc + 9 * np.sin(3 * TIMES[5:-5])[:, None]).max() < 1e-4


@settings(deadline=None, max_examples=30)
@given(axis=st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: np.linalg.norm(v) > 0.1), rate=st.floats(0.1, 25))
def test_angular_velocity_is_exact_and_does_not_wrap(axis, rate):
    omega = rate * np.asarray(axis) / np.linalg.norm(axis)
    quat = so3.continuous_quats(so3.quat_from_matrix(so3.matrix_from_rotvec(TIMES[:, None] * omega)))
    R, gyr = derive.orientation(TIMES, quat[:, None], ALL, TIMES)
    assert np.abs(gyr[5:-5, 0] - omega).max() < 1e-4 * max(1.0, rate)
    assert np.allclose(R[:, 0], so3.matrix_from_rotvec(TIMES[:, None] * omega), atol=1e-12)


def test_angular_velocity_between_knots_agrees_with_scipys_rotation_spline():
    angles = 0.9 * np.column_stack([np.sin(4 * TIMES), np.cos(3 * TIMES), np.sin(2 * TIMES + 1)])
    rotations = Rotation.from_rotvec(angles)
    quat = so3.continuous_quats(so3.quat_from_matrix(rotations.as_matrix()))[:, None]
    at = np.arange(200, 600) / 190.0
    R, gyr = derive.orientation(TIMES, quat, ALL, at)
    reference = RotationSpline(TIMES, rotations)
    assert np.abs(R[:, 0] - reference(at).as_matrix()).max() < 1e-4  # SciPy's is cubic: the looser one
    assert np.abs(gyr[:, 0] - reference(at, 1)).max() < 5e-3


def test_the_low_pass_is_3_db_down_at_its_cut_off_and_moves_nothing_in_time():
    times = np.arange(4000) / 400
    for hz, gain in ((1.0, 1.0), (8.0, np.sqrt(0.5)), (32.0, 0.005)):
        wave = np.sin(2 * np.pi * hz * times)
        out = derive.lowpass(wave[:, None], 400.0, 8.0)[400:-400, 0]
        assert np.sqrt(2) * out.std() == pytest.approx(gain, abs=0.01)
        if gain > 0.5:
            assert np.corrcoef(out, wave[400:-400])[0, 1] > 0.9999


def test_short_input_is_left_alone_by_the_low_pass():
    values = np.arange(3.0)[:, None]
    assert derive.lowpass(values, 100.0, 5.0) is values
    assert derive.lowpass(np.ones((50, 1)), 10.0, 6.0).sum() == 50


@pytest.mark.parametrize(
    ("motion_hz", "rate_hz", "bandwidth_hz", "cutoff", "fine_hz"),
    [
        (60.0, None, 12.0, 12.0, 60.0),
        (60.0, 100.0, 12.0, 12.0, 100.0),
        (240.0, 30.0, 12.0, 12.0, 240.0),  # decimated by 8 after the filter
        (240.0, 20.0, 12.0, 9.0, 240.0),  # 12 Hz would alias at 20 Hz: 0.45 of the rate
        (20.0, 100.0, 12.0, None, 100.0),  # nothing above 10 Hz was measured
        (60.0, 20.0, None, None, 20.0),  # asked for: plain samples
        (30.0, 30.0, 12.0, 12.0, 60.0),  # the grid is at least four times the cut-off
    ],
)
def test_how_rates_and_bandwidth_meet(motion_hz, rate_hz, bandwidth_hz, cutoff, fine_hz):
    times = np.arange(200) / motion_hz
    grid = derive.plan(times, rate_hz=rate_hz, bandwidth_hz=bandwidth_hz)
    assert grid.cutoff_hz == cutoff
    assert grid.fine_hz == pytest.approx(fine_hz)
    out_hz = motion_hz if rate_hz is None else rate_hz
    assert np.allclose(np.diff(grid.time_s), 1 / out_hz)
    assert np.allclose(grid.fine_s[:: grid.stride], grid.time_s)
    assert grid.time_s[-1] <= times[-1] + 1e-9
    assert grid.time_s[-1] + 1 / out_hz > times[-1]


def test_what_would_alias_is_filtered_out_before_decimation():
    times = np.arange(2400) / 240
    fast = np.sin(2 * np.pi * 28 * times)[:, None]  # would look like 2 Hz at 30 Hz
    grid = derive.plan(times, rate_hz=30.0, bandwidth_hz=50.0)
    out = derive.finish(fast.copy(), times, np.ones(2400, dtype=bool), grid)
    assert out[20:-20].std() < 0.12 * fast[::8].std()


def test_edges_gaps_and_short_runs_are_marked():
    valid = ALL.copy()
    valid[100:103] = False
    valid[107:110] = False  # leaves a run of four
    grid = derive.plan(TIMES, rate_hz=None, bandwidth_hz=None)
    mask = derive.validity(TIMES, valid, grid)
    assert not mask[:3].any()
    assert mask[3]
    assert not mask[97:113].any()
    assert mask[96]
    assert mask[113]
    assert mask[-4]
    assert not mask[-3:].any()


def test_tiny_inputs_give_no_valid_sample_rather_than_an_error():
    for n in range(1, 8):
        times, valid = np.arange(n) / 60, np.ones(n, dtype=bool)
        grid = derive.plan(times, rate_hz=None, bandwidth_hz=12.0)
        acc = derive.acceleration(times, np.ones((n, 2)), valid, grid.fine_s)
        assert np.abs(derive.finish(acc, times, valid, grid)).max() < 1e-6
        assert derive.validity(times, valid, grid).sum() <= max(0, n - 6)


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
def test_nonsense_rates_and_bandwidths_are_refused(bad):
    with pytest.raises(ValueProblem, match="rate"):
        derive.plan(TIMES, rate_hz=bad, bandwidth_hz=None)
    with pytest.raises(ValueProblem, match="bandwidth"):
        derive.plan(TIMES, rate_hz=None, bandwidth_hz=bad)


def test_missing_rows_are_a_gap_though_no_sample_says_so():
    times = np.concatenate([TIMES[:120], TIMES[120:] + 1.0])
    assert derive.continuous_runs(times, ALL) == [(0, 120), (120, 241)]
    lost_one = np.delete(TIMES, 50)
    assert derive.continuous_runs(lost_one, ALL[1:]) == [(0, 240)]
    grid = derive.plan(times, rate_hz=60.0, bandwidth_hz=None)
    inside = (grid.time_s > times[119] - 0.04) & (grid.time_s < times[120] + 0.04)
    assert inside.sum() > 50
    assert not derive.validity(times, ALL, grid)[inside].any()


def test_a_long_motion_in_blocks_is_the_same_as_in_one_piece(monkeypatch):
    times = np.arange(3000) / 100
    valid = np.ones(3000, dtype=bool)
    valid[1000:1010] = False
    wave = np.column_stack([np.sin(7 * times), np.random.default_rng(0).normal(size=3000)])
    at = np.arange(6600) / 220.0
    quat = so3.continuous_quats(so3.quat_from_matrix(so3.matrix_from_rotvec(times[:, None] * (1, 2, 3))))[:, None]
    monkeypatch.setattr(derive, "BLOCK", 10**6)
    whole, (_, gyr) = derive.acceleration(times, wave, valid, at), derive.orientation(times, quat, valid, at)
    monkeypatch.setattr(derive, "BLOCK", 300)
    assert len(list(derive.pieces(times, valid, at))) > 8
    assert np.allclose(derive.acceleration(times, wave, valid, at), whole, rtol=1e-9, atol=1e-6)
    assert np.allclose(derive.orientation(times, quat, valid, at)[1], gyr, atol=1e-9)
