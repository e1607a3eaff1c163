"""Picking: a known triangle is found at its own pixel, exactly; sensors are found unless hidden."""

import numpy as np
import pytest

from m3n_studio.imu.placement import named_placement
from m3n_studio.studio.core.contents import sensor_tracks
from m3n_studio.studio.look.theme import load_theme
from m3n_studio.studio.scene.bones import skinned
from m3n_studio.studio.scene.camera import OrbitCamera
from m3n_studio.studio.scene.picking import (
    cast,
    moved,
    project,
    ray,
    segment_of,
    sensor_under,
    skin_under,
    turned,
)
from m3n_studio.studio.scene.stage import Scene, Stage

W, H = 640, 480


@pytest.fixture
def stage(body, clip):
    sensors = sensor_tracks(body, clip, [named_placement(body, n) for n in ("left_wrist", "upper_back")], None)
    return Stage(load_theme("light"), Scene.of(body, clip, sensors=sensors), frame=20)


def test_a_ray_goes_where_a_point_is_projected():
    camera = OrbitCamera(target=(0.3, 1.0, -0.2), azimuth_deg=130, elevation_deg=25)
    point = np.array([0.5, 1.2, 0.1])
    x, y, depth = project(camera, W, H, point)[0]
    origin, direction = ray(camera, W, H, x, y)
    t = (point - origin) @ direction
    np.testing.assert_allclose(origin + t * direction, point, atol=1e-9)
    assert 0 < depth <= t


def test_a_known_triangle_is_hit_at_a_known_place():
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, -1], [1, 0, -1], [0, 1, -1]], dtype=float)
    faces = np.array([[3, 4, 5], [0, 1, 2]])
    hit = cast(vertices, faces, np.array([0.2, 0.3, 5.0]), np.array([0.0, 0.0, -1.0]))
    assert hit.triangle == 1  # the nearer one
    np.testing.assert_allclose(hit.barycentric, (0.5, 0.2, 0.3), atol=1e-12)
    assert hit.distance_m == pytest.approx(5.0)
    assert cast(vertices, faces, np.array([0.8, 0.8, 5.0]), np.array([0.0, 0.0, -1.0])) is None


def test_every_visible_triangle_is_found_at_its_own_pixel(stage):
    """From the middle of a triangle of the moving body, through its pixel, back to the triangle."""
    pose = stage.pose()
    vertices, faces = skinned(stage.scene.skin, pose), stage.scene.skin.faces
    camera, found = stage.shot(pose), 0
    for triangle in range(0, len(faces), 997):
        weights = np.array([0.5, 0.2, 0.3])
        point = weights @ vertices[faces[triangle]]
        x, y, _ = project(camera, W, H, point)[0]
        hit = skin_under(stage, W, H, x, y)
        assert hit is not None
        distance = np.linalg.norm(point - camera.eye())
        assert hit.distance_m <= distance + 1e-5
        if hit.distance_m > distance - 1e-5:
            assert hit.triangle == triangle
            np.testing.assert_allclose(hit.barycentric, weights, atol=2e-3)
            found += 1
    assert found >= 6


def test_beside_the_body_there_is_nothing(stage):
    assert skin_under(stage, W, H, 3, 3) is None
    stage.scene = None
    assert skin_under(stage, W, H, W / 2, H / 2) is None


def test_a_sensor_is_found_unless_the_body_hides_it(stage):
    camera = stage.shot(stage.pose())
    wrist, back = (project(camera, W, H, pose[:3, 3])[0] for pose in stage.sensor_poses())
    assert sensor_under(stage, W, H, wrist[0], wrist[1]) == 0
    assert sensor_under(stage, W, H, back[0], back[1]) == -1  # seen from the front
    assert sensor_under(stage, W, H, wrist[0] + 60, wrist[1]) == -1
    stage.camera = stage.camera.looking(180.0, 5.0)
    back = project(stage.shot(stage.pose()), W, H, stage.sensor_poses()[1, :3, 3])[0]
    assert sensor_under(stage, W, H, back[0], back[1]) == 1


def test_moving_keeps_the_angle_and_turning_keeps_the_place(body, stage):
    placement = named_placement(body, "left_wrist")
    hit = cast(body.vertices, body.faces, body.joints[0] + (0.01, 0.02, 3.0), np.array([0.0, 0.0, -1.0]))
    assert moved(placement, hit).angle_rad == placement.angle_rad
    assert moved(placement, hit).triangle == hit.triangle
    assert turned(placement, 4.0).triangle == placement.triangle
    assert -np.pi <= turned(placement, 4.0).angle_rad < np.pi


@pytest.mark.parametrize(
    ("name", "segment"), [("left_wrist", "left forearm"), ("chest", "chest"), ("right_thigh", "right thigh"),
                          ("head", "head"), ("left_foot", "left foot")]
)  # fmt: skip
def test_people_are_told_the_segment(body, name, segment):
    assert segment_of(body, named_placement(body, name)) == segment
