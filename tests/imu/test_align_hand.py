"""Alignment by hand: sync points, drags and turns give the numbers that a person means."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3n_studio import so3
from m3n_studio.errors import ValueProblem
from m3n_studio.imu import align_hand as hand
from m3n_studio.imu.align import Alignment, align
from m3n_studio.imu.fidelity import compare
from tests.imu.test_moments import lively

angles = st.tuples(st.floats(-179.9, 179.9), st.floats(-89.9, 89.9), st.floats(-179.9, 179.9))


@given(offset=st.floats(-1e5, 1e5), drift=st.floats(-0.3, 0.6), first=st.floats(0, 1e4), apart=st.floats(1.0, 1e4))
def test_two_sync_points_recover_offset_and_drift(offset, drift, first, apart):
    real = np.array([first, first + apart])
    points = list(zip(real * (1 + drift) + offset, real, strict=True))
    found_offset, found_drift = hand.clock_from_points(points)
    assert found_drift == pytest.approx(drift, abs=1e-9 * max(1.0, abs(offset)))
    mapped = real * (1 + found_drift) + found_offset
    np.testing.assert_allclose(mapped, [p[0] for p in points], atol=1e-6)


def test_one_point_gives_an_offset():
    assert hand.clock_from_points([(3.0, 5.5)]) == (-2.5, 0.0)


def test_points_that_cannot_be_meant_are_refused():
    with pytest.raises(ValueProblem, match=r"0\.50 s apart"):
        hand.clock_from_points([(0.0, 0.0), (0.5, 0.5)])
    with pytest.raises(ValueProblem, match="backwards"):
        hand.clock_from_points([(0.0, 5.0), (5.0, 0.0)])


@given(offset=st.floats(-10, 10), drift=st.floats(-1e-2, 1e-2), by=st.floats(-5, 5), at=st.floats(0, 100))
def test_a_drag_moves_every_sample_by_as_much(offset, drift, by, at):
    before = Alignment().with_clock(offset_s=offset, drift=drift)
    after = hand.moved(before, by)
    assert after.clock.to_reference(np.array([at]))[0] == pytest.approx(
        before.clock.to_reference(np.array([at]))[0] + by, abs=1e-9
    )
    assert hand.on_own_clock(after, float(after.clock.to_reference(np.array([at]))[0])) == pytest.approx(at, abs=1e-9)


@given(turn=angles)
def test_angles_and_rotation_go_round(turn):
    R = hand.mount_from_angles(turn)
    np.testing.assert_allclose(hand.mount_angles_deg(R), turn, atol=1e-6)


@pytest.mark.parametrize("y", [-90.0, 90.0])
def test_angles_at_the_pole_still_make_the_rotation(y):
    R = hand.mount_from_angles((30.0, y, 40.0))
    np.testing.assert_allclose(hand.mount_from_angles(hand.mount_angles_deg(R)), R, atol=1e-9)


@given(turn=angles, axis=st.integers(0, 2))
def test_four_quarter_turns_are_none(turn, axis):
    start = Alignment().with_mount(hand.mount_from_angles(turn), gyr_bias_radps=(0.1, 0.2, 0.3))
    now = start
    for _ in range(4):
        now = hand.turned(now, axis, 90.0)
    np.testing.assert_allclose(now.mount.R, start.mount.R, atol=1e-9)
    np.testing.assert_array_equal(now.mount.gyr_bias_radps, (0.1, 0.2, 0.3))


def test_snapping_takes_the_nearest_of_the_24():
    assert len(hand._SQUARE) == 24
    near = so3.matrix_from_rotvec([0.1, -0.2, 0.15]) @ so3.matrix_from_rotvec([0.0, 0.0, np.pi / 2])
    snapped = hand.squared(Alignment().with_mount(near)).mount.R
    np.testing.assert_allclose(snapped, [[0, -1, 0], [1, 0, 0], [0, 0, 1]], atol=1e-9)


def test_by_hand_with_the_fitted_numbers_is_the_fit():
    simulated = lively(seconds=40.0)
    R = so3.matrix_from_rotvec([0.4, -0.9, 0.2])
    acc, gyr = simulated.acc_mps2 @ R, simulated.gyr_radps @ R + 0.02
    real = simulated.with_(time_s=(simulated.time_s - 0.3) / 1.0005, acc_mps2=acc, gyr_radps=gyr)
    fitted = align(simulated, real, ("clock", "mount"))
    by_hand = Alignment().with_clock(offset_s=fitted.clock.offset_s, drift=fitted.clock.drift)
    by_hand = by_hand.with_mount(fitted.mount.R, gyr_bias_radps=fitted.mount.gyr_bias_radps)
    one, other = (compare(simulated, a.apply(real, simulated)) for a in (fitted, by_hand))
    for row, same in zip(one.channels, other.channels, strict=True):
        assert same.r == pytest.approx(row.r, abs=1e-9)
        assert same.rmse == pytest.approx(row.rmse, abs=1e-9)
    assert min(row.r for row in one.channels) > 0.999
    assert hand.origin(fitted, "clock", kept=False) == "fitted"
    assert hand.origin(fitted, "clock", kept=True) == "accepted"
    assert hand.origin(by_hand, "clock", kept=True) == "by hand"
    assert hand.origin(by_hand, "mount", kept=True) == "by hand"
    assert hand.origin(hand.without(by_hand, "mount"), "mount", kept=True) == "off"
