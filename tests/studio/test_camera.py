"""The orbit camera: a proper view of its target from wherever it is taken."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3n_studio.studio.scene.camera import OrbitCamera

moves = st.lists(
    st.tuples(st.sampled_from(["orbit", "pan", "zoom"]), st.floats(-400, 400), st.floats(-400, 400)), max_size=20
)


def moved(steps):
    camera = OrbitCamera()
    for name, a, b in steps:
        if name == "zoom":
            camera = camera.zoom(1.1 ** (a / 40))
        elif name == "pan":
            camera = camera.pan(a / 100, b / 100)
        else:
            camera = camera.orbit(a, b)
    return camera


@given(moves)
def test_however_it_is_moved_it_stays_over_ground_and_within_reach(steps):
    camera = moved(steps)
    assert camera.eye()[1] > 0
    assert camera.target[1] >= 0
    assert 0.25 <= camera.distance_m <= 40
    assert -5 < camera.elevation_deg < 90


@given(moves)
def test_its_rotation_is_one(steps):
    R = moved(steps).rotation()
    np.testing.assert_allclose(R @ R.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(R) == pytest.approx(1.0)


def test_the_target_is_in_the_middle_of_the_picture():
    camera = OrbitCamera(target=(1.0, 0.9, -2.0), azimuth_deg=130, elevation_deg=20, distance_m=3)
    seen = camera.projection(640, 480) @ camera.view() @ np.array([*camera.target, 1.0])
    np.testing.assert_allclose(seen[:2] / seen[3], 0.0, atol=1e-9)
    assert -1 < seen[2] / seen[3] < 1


@pytest.mark.parametrize("size", [(640, 480), (300, 700), (900, 800)])
def test_metres_per_pixel_is_what_the_projection_does(size):
    camera = OrbitCamera(elevation_deg=0.0)
    beside = np.asarray(camera.target) + camera.rotation()[0] * 0.1
    seen = camera.projection(*size) @ camera.view() @ np.array([*beside, 1.0])
    pixels = seen[0] / seen[3] * size[0] / 2
    assert 0.1 / pixels == pytest.approx(camera.metres_per_pixel(*size), rel=1e-6)
