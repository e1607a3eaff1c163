"""Bone matrices: skinning with them on the CPU is the forward pass."""

import time
from dataclasses import replace

import numpy as np
import pytest

from m3n_studio.body.forward import forward
from m3n_studio.body.shape import Shape
from m3n_studio.imu.placement import named_placement, surface_placement
from m3n_studio.motion.root import root_track
from m3n_studio.studio.core.contents import sensor_tracks
from m3n_studio.studio.scene import bones
from m3n_studio.studio.scene.bones import BoneTrack, Turns, influences, skin_of, skinned, vertex_normals
from m3n_studio.studio.scene.stage import Scene

from .conftest import moving


@pytest.mark.parametrize("which", ["body", "smplx_like"])
def test_bone_matrices_skin_to_the_forward_pass(which, request):
    model = request.getfixturevalue(which)
    clip = moving(model)
    track, skin = BoneTrack(model, clip), skin_of(model, clip.shape)
    for frame in (0, 17, len(clip) - 1):
        expected, joints = forward(model, clip.poses[frame : frame + 1], clip.trans[frame : frame + 1], clip.shape)
        pose = track.at(frame)
        kept = np.sort(model.weights, axis=1)[:, -skin.bones.shape[1] :].sum(axis=1) > 1 - 1e-5
        assert kept.mean() > 0.3  # the made-up body spreads its fingers' skin over more bones than any real one
        np.testing.assert_allclose(skinned(skin, pose)[kept], expected[0][kept], atol=1e-4)
        np.testing.assert_allclose(pose.joints, joints[0], atol=1e-5)


def test_another_shape_walks_the_clip_on_the_same_ground(body, clip):
    tall = Shape(limbs={"thigh": 0.1, "shank": 0.1})
    expected, _ = forward(body, clip.poses[30:31], root_track(body, clip, tall)[30:31], tall)
    np.testing.assert_allclose(skinned(skin_of(body, tall), BoneTrack(body, clip, tall).at(30)), expected[0], atol=1e-4)


def test_blocks_that_were_dropped_come_back_the_same(body, monkeypatch):
    clip = moving(body, seconds=5.0)
    monkeypatch.setattr(bones, "_BLOCKS_KEPT", 1)
    track, expected = Turns(body, clip), Turns(body, clip.with_(valid=None))
    local = body.rotations(clip.poses)
    for frame in (0, 63, 64, 150, 3):
        np.testing.assert_array_equal(track.at(frame), expected.at(frame))
        np.testing.assert_allclose(track.at(frame)[0], local[frame, 0])


def test_another_shape_of_the_same_motion_costs_next_to_nothing(body):
    """An hour's clip: what a slider costs before painting does not depend on how long the clip is."""
    short, long = (moving(body, seconds=s, rate_hz=60.0) for s in (10.0, 900.0))

    def cost(clip):
        Scene.of(body, clip).track.at(90)
        times = []
        for i in range(25):
            shape = Shape(limbs={"forearm": 0.01 * i})
            sensors = sensor_tracks(body, clip, [named_placement(body, "left_wrist")], shape)
            start = time.perf_counter()
            scene = Scene.of(body, clip, shape=shape, sensors=sensors)
            scene.track.at(90), scene.sensors[0].at(90)
            times.append(time.perf_counter() - start)
        return np.median(times)

    assert cost(long) < 3 * cost(short) + 0.0005
    assert cost(long) < 0.01


def test_a_sensor_at_one_frame_is_the_sensor_over_the_clip(body, smplx_like):
    from m3n_studio.imu.placement import follow

    for model in (body, smplx_like):
        clip, shape = moving(model), Shape(limbs={"forearm": 0.2}, scale=1.1)
        placement = replace(surface_placement(model, "x", model.vertices[model.faces[40]].mean(axis=0)), offset_m=0.01)
        (sensor,) = sensor_tracks(model, clip, [placement], shape)
        p, R_ws = follow(model, placement, clip.poses, root_track(model, clip, shape), shape)
        for frame in (0, 31, len(clip) - 1):
            np.testing.assert_allclose(sensor.at(frame)[:3, 3], p[frame], atol=1e-9)
            np.testing.assert_allclose(sensor.at(frame)[:3, :3], R_ws[frame], atol=1e-7)
        np.testing.assert_allclose(sensor.p, p, atol=1e-12)
        np.testing.assert_allclose(sensor.R_ws, R_ws, atol=1e-12)


def test_influences_keep_the_strongest_and_sum_to_one():
    weights = np.random.default_rng(0).dirichlet(np.full(52, 0.05), size=400)
    index, kept = influences(weights)
    assert index.shape[1] in (4, 8)
    np.testing.assert_allclose(kept.sum(axis=1), 1.0, atol=1e-6)
    assert (index[:, 0] == weights.argmax(axis=1)).all()


def test_a_body_of_four_influences_takes_the_short_shader():
    weights = np.zeros((5, 52))
    weights[:, :4] = 0.25
    assert influences(weights)[0].shape == (5, 4)


def test_normals_point_out_of_a_sphere_and_have_length_one(body):
    normals = vertex_normals(body.vertices, body.faces)
    used = np.unique(body.faces)
    np.testing.assert_allclose(np.linalg.norm(normals[used], axis=1), 1.0, atol=1e-5)
    octahedron = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], dtype=float)
    faces = np.array(
        [[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]]
    )  # fmt: skip
    np.testing.assert_allclose(vertex_normals(octahedron, faces), octahedron, atol=1e-6)
