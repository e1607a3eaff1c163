"""A real sensor with a clock, a mount and a bias of its own is brought back to the simulation."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_studio.errors import UnknownName, ValueProblem
from m3n_studio.imu.align import Alignment, align, fit_clock, fit_gravity, fit_mount
from m3n_studio.recordings.signal import Signal
from m3n_studio.so3 import angle_between, matrix_from_rotvec
from tests.imu.movement import moving, observed

SEEDS = st.integers(0, 10_000)
TURNS = st.tuples(*[st.floats(-3.0, 3.0)] * 3)


def at_rest(rate_hz=50.0, seconds=20.0, acc=(0.0, 9.81, 0.0), noise=0.01, seed=0):
    rng = np.random.default_rng(seed)
    n = int(rate_hz * seconds)
    return Signal("rest", np.arange(n) / rate_hz, np.array(acc) + noise * rng.normal(size=(n, 3)),
                  noise * rng.normal(size=(n, 3)))  # fmt: skip


# -- clock


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, offset_s=st.floats(-8, 8), drift=st.sampled_from([0.0, 5e-4, -5e-4, 2e-4]))
def test_offset_and_drift_are_found_to_a_tenth_of_a_sample(seed, offset_s, drift):
    fit = fit_clock(moving("sim", seed, seconds=80), observed(seed, seconds=60, offset_s=offset_s + 5, drift=drift))
    start, middle, end = times = np.array([0.0, 30.0, 60.0])
    error = np.abs(fit.to_reference(times) - (times * (1 + drift) + offset_s + 5)) * 100
    assert error[times == middle] < 0.1
    assert error[(times == start) | (times == end)].max() < 0.2  # an error of drift shows most at the ends
    assert abs(fit.drift - drift) < 5e-5
    assert fit.confidence > 0.9


def test_thirty_milliseconds_a_minute_are_found_over_ten_minutes():
    fit = fit_clock(moving("sim", 7, seconds=620), observed(7, seconds=600, drift=5e-4, offset_s=3.0))
    assert fit.drift == pytest.approx(5e-4, abs=2e-6)
    assert fit.offset_s == pytest.approx(3.0, abs=1e-3)


def test_clocks_may_start_at_other_hours():
    real = observed(3, start_s=1.6575e9, offset_s=-1.6575e9 + 2.5)
    fit = fit_clock(moving("sim", 3), real)
    assert fit.to_reference(real.time_s[:1])[0] == pytest.approx(2.5, abs=1e-3)


def test_a_short_recording_is_not_given_a_drift_it_cannot_show():
    fit = fit_clock(moving("sim", 2, seconds=30), observed(2, seconds=5, noise=0.3, drift=5e-4, offset_s=4.0))
    assert fit.drift == 0.0
    assert fit.offset_s == pytest.approx(4.0, abs=0.01)


def test_gaps_do_not_disturb_the_clock():
    sim, real = moving("sim", 4), observed(4, offset_s=1.25)
    valid = np.ones(len(real), dtype=bool)
    valid[1000:1400] = valid[3000:3020] = False
    spoilt = np.where(valid[:, None], real.gyr_radps, 1e3)
    fit = fit_clock(sim, real.with_(gyr_radps=spoilt, valid=valid))
    assert fit.offset_s == pytest.approx(1.25, abs=1e-3)


def test_the_accelerometer_serves_where_the_gyroscope_is_not_trusted():
    fit = fit_clock(moving("sim", 5), observed(5, offset_s=-0.73), quantity="acc")
    assert fit.offset_s == pytest.approx(-0.73, abs=2e-3)


def test_rest_has_no_clock():
    assert fit_clock(at_rest(), at_rest(seed=1)).confidence == 0.0
    assert fit_clock(moving("sim", 1), at_rest()).confidence == 0.0


def test_unrelated_movements_have_little_confidence():
    assert max(fit_clock(moving("a", s), observed(s + 50)).confidence for s in range(5)) < 0.5


def test_a_periodic_movement_says_that_the_next_period_fits_as_well():
    t = np.arange(0, 30, 0.01)
    gyr = np.column_stack([2 + np.sin(2 * np.pi * t), np.cos(2 * np.pi * t), 0 * t])
    rng = np.random.default_rng(0)
    sim = Signal("sim", t, np.zeros((len(t), 3)), gyr)
    real = Signal("real", t, np.zeros((len(t), 3)), gyr + 0.05 * rng.normal(size=gyr.shape))
    assert fit_clock(sim, real).confidence < 0.65


def test_a_bound_on_the_offset_is_kept():
    fit = fit_clock(moving("sim", 6), observed(6, offset_s=4.0), max_offset_s=1.0)
    assert abs(fit.offset_s) <= 1.1
    assert fit.confidence < 0.6


# -- mount


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, turn=TURNS)
def test_the_mount_is_found_to_half_a_degree_and_the_bias_with_it(seed, turn):
    R, bias = matrix_from_rotvec(turn), np.array([0.03, -0.02, 0.05])
    fit = fit_mount(moving("sim", seed), observed(seed, R=R, bias=bias, noise=0.2))
    assert np.rad2deg(angle_between(fit.R, R)) < 0.5
    assert np.abs(fit.gyr_bias_radps - bias).max() < 0.02
    assert fit.confidence > 0.9


def test_knocks_do_not_turn_the_mount():
    R = matrix_from_rotvec([0.4, -1.0, 2.0])
    real = observed(9, R=R)
    spoilt = real.gyr_radps.copy()
    spoilt[500:560] += [20.0, -15.0, 3.0]
    assert np.rad2deg(angle_between(fit_mount(moving("sim", 9), real.with_(gyr_radps=spoilt)).R, R)) < 0.5


@pytest.mark.parametrize("noise", [0.01, 0.1])
def test_turning_about_one_axis_leaves_the_mount_open_and_says_so(noise):
    fit = fit_mount(moving("sim", 11, axes=1), observed(11, axes=1, noise=noise))
    assert fit.confidence < 0.3


def test_rest_leaves_the_mount_open():
    assert fit_mount(at_rest(), at_rest(seed=1)).confidence < 0.1


def test_gravity_helps_where_the_body_turns_about_one_axis_only():
    R = matrix_from_rotvec([0.3, 0.8, -0.5])
    fit = fit_mount(moving("sim", 11, axes=1), observed(11, axes=1, R=R, noise=0.05), acc_weight=1.0)
    assert np.rad2deg(angle_between(fit.R, R)) < 1.0


# -- gravity


@pytest.mark.parametrize(
    ("acc", "state"), [((0, 9.81, 0), "present"), ((0, -9.81, 0), "inverted"), ((0.1, 0, 0), "absent")]
)
def test_gravity_is_present_inverted_or_absent(acc, state):
    fit = fit_gravity(at_rest(), at_rest(acc=acc, seed=1))
    assert fit.state == state
    assert fit.confidence > 0.9


def test_a_tilt_the_mount_did_not_take_out_is_reported():
    tilt = np.deg2rad(12.0)
    fit = fit_gravity(at_rest(), at_rest(acc=(9.81 * np.sin(tilt), 9.81 * np.cos(tilt), 0), seed=1))
    assert fit.tilt_deg == pytest.approx(12.0, abs=0.2)
    assert fit.magnitude_mps2 == pytest.approx(9.81, abs=0.05)


def test_without_rest_gravity_is_unknown():
    assert fit_gravity(moving("sim", 0), observed(0)).state == "unknown"


# -- all together


def test_all_faults_at_once_are_found():
    R, bias = matrix_from_rotvec([1.0, 0.5, -2.0]), np.array([0.05, 0.0, -0.04])
    real = observed(21, R=R, bias=bias, drift=5e-4, offset_s=-88.7, start_s=100.0, seconds=60, noise=0.1)
    found = align(moving("sim", 21, seconds=90), real)
    true = real.time_s * (1 + 5e-4) - 88.7
    assert np.abs(found.clock.to_reference(real.time_s) - true).max() < 1e-3
    assert np.rad2deg(angle_between(found.mount.R, R)) < 0.5
    assert np.abs(found.mount.gyr_bias_radps - bias).max() < 0.01
    assert found.clock.confidence > 0.95
    assert found.mount.confidence > 0.95


def test_times_that_leap_by_years_are_refused_with_advice():
    sim = moving("sim", 0, seconds=10)
    times = sim.time_s + np.where(sim.time_s > 5, 1e8, 0)
    with pytest.raises(ValueProblem, match="cut it into its parts"):
        align(sim, sim.with_(time_s=times))


def test_the_mended_recording_is_the_movement():
    R = matrix_from_rotvec([1.0, 0.5, -2.0])
    sim = moving("sim", 22, seconds=70)
    real = observed(22, R=R, offset_s=5.0, drift=5e-4, noise=0.0, bias=[0.1, 0, 0])
    mended = align(sim, real).apply(real, sim)
    inside = mended.valid
    assert 3500 < inside.sum() <= 3602
    assert np.abs(mended.gyr_radps - sim.gyr_radps)[inside].max() < 0.05
    assert np.abs(mended.acc_mps2 - sim.acc_mps2)[inside].max() < 0.1


def test_a_person_overrules_each_part():
    quarter = matrix_from_rotvec([0, 0, np.pi / 2])
    stated = Alignment().with_clock(offset_s=2.0).with_mount(quarter).with_gravity("inverted")
    real = at_rest()
    changed = stated.corrected(real)
    assert np.allclose(changed.time_s, real.time_s + 2.0)
    assert np.allclose(changed.acc_mps2, -real.acc_mps2 @ quarter.T)
    assert [stated.clock.confidence, stated.mount.confidence, stated.gravity.confidence] == [1.0, 1.0, 1.0]


def test_an_empty_alignment_changes_nothing():
    real = at_rest()
    same = Alignment().apply(real, real)
    assert np.array_equal(same.acc_mps2, real.acc_mps2)
    assert np.array_equal(same.time_s, real.time_s)


def test_statements_out_of_their_domain_are_refused():
    with pytest.raises(ValueProblem):
        Alignment().with_mount(2 * np.eye(3))
    with pytest.raises(ValueProblem):
        Alignment().with_mount(np.diag([1.0, 1.0, -1.0]))
    with pytest.raises(ValueProblem):
        Alignment().with_clock(offset_s=float("nan"))
    with pytest.raises(UnknownName, match="clock"):
        align(at_rest(), at_rest(), ("clocks",))


def test_an_alignment_is_plain_json_and_readable_lines():
    fit = align(moving("sim", 1), observed(1))
    back = json.loads(json.dumps(fit.to_dict(), allow_nan=False))
    assert set(back) == {"clock", "mount", "gravity"}
    assert len(fit.text().splitlines()) == 3
