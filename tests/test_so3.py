"""Rotations agree with SciPy and with themselves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation

from m3n_studio import so3

rotvecs = arrays(np.float64, (3,), elements=st.floats(-3.0, 3.0))


@given(rotvecs)
def test_matrix_from_rotvec_is_scipys(rotvec):
    np.testing.assert_allclose(so3.matrix_from_rotvec(rotvec), Rotation.from_rotvec(rotvec).as_matrix(), atol=1e-12)


@given(rotvecs)
def test_a_rotation_survives_every_representation(rotvec):
    matrix = so3.matrix_from_rotvec(rotvec)
    np.testing.assert_allclose(so3.matrix_from_quat(so3.quat_from_matrix(matrix)), matrix, atol=1e-12)
    np.testing.assert_allclose(so3.matrix_from_rotvec(so3.rotvec_from_matrix(matrix)), matrix, atol=1e-9)


@given(st.floats(0, 1e-3), rotvecs.filter(lambda v: np.linalg.norm(v) > 0.1))
def test_half_turns_and_near_ones_have_no_hole(shortfall, axis):
    rotvec = axis / np.linalg.norm(axis) * (np.pi - shortfall)
    matrix = so3.matrix_from_rotvec(rotvec)
    np.testing.assert_allclose(so3.matrix_from_rotvec(so3.rotvec_from_matrix(matrix)), matrix, atol=1e-9)


@given(rotvecs, rotvecs)
def test_quaternion_product_is_composition(a, b):
    qa, qb = (so3.quat_from_matrix(so3.matrix_from_rotvec(v)) for v in (a, b))
    product = so3.matrix_from_quat(so3.quat_multiply(qa, qb))
    np.testing.assert_allclose(product, so3.matrix_from_quat(qa) @ so3.matrix_from_quat(qb), atol=1e-12)


@given(arrays(np.float64, (3, 3), elements=st.floats(-2, 2)).filter(lambda m: np.linalg.svd(m)[1][-1] > 1e-2))
def test_polar_is_the_nearest_rotation(matrix):
    nearest = so3.polar(matrix)
    np.testing.assert_allclose(nearest @ nearest.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(nearest) == pytest.approx(1.0)
    rng = np.random.default_rng(0)
    for other in Rotation.random(20, random_state=rng).as_matrix():
        assert np.linalg.norm(matrix - nearest) <= np.linalg.norm(matrix - other) + 1e-9


@given(rotvecs.filter(lambda v: np.linalg.norm(v) > 1e-3), rotvecs.filter(lambda v: np.linalg.norm(v) > 1e-3))
def test_rotation_between_turns_one_direction_into_the_other(a, b):
    turned = so3.rotation_between(a, b) @ (a / np.linalg.norm(a))
    np.testing.assert_allclose(turned, b / np.linalg.norm(b), atol=1e-6)


def test_opposite_directions_have_a_half_turn_between_them():
    np.testing.assert_allclose(so3.rotation_between([1, 0, 0], [-1, 0, 0]) @ [1, 0, 0], [-1, 0, 0], atol=1e-12)


def test_continuous_quaternions_never_jump_over_a_full_turn():
    angle = np.linspace(0, 4 * np.pi, 200)
    quats = so3.quat_from_matrix(so3.matrix_from_rotvec(np.outer(angle, [0, 1, 0])))
    assert np.abs(np.diff(quats, axis=0)).max() > 0.5  # the sign flips of w >= 0
    assert np.abs(np.diff(so3.continuous_quats(quats), axis=0)).max() < 0.05
