"""Bone matrices: skinning with them on the CPU is the forward pass."""

import numpy as np
import pytest

from m3n_studio.body.forward import forward
from m3n_studio.body.shape import Shape
from m3n_studio.motion.root import root_track
from m3n_studio.studio import bones
from m3n_studio.studio.bones import BoneTrack, influences, skin_of, vertex_normals

from .conftest import moving


def skinned(skin, pose):
    """What the vertex shader computes, in NumPy."""
    rest = skin.vertices if pose.vertices is None else pose.vertices
    blend = np.einsum("vk,vkab->vab", skin.weights, pose.matrices[skin.bones.astype(int)])
    return np.einsum("vab,vb->va", blend[..., :3], rest) + blend[..., 3]


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


def test_long_clips_in_blocks_are_the_same_as_at_once(body, monkeypatch):
    clip = moving(body, seconds=5.0)
    whole = BoneTrack(body, clip)
    monkeypatch.setattr(bones, "_WHOLE", 10)
    monkeypatch.setattr(bones, "_BLOCKS_KEPT", 1)
    blocks = BoneTrack(body, clip)
    for frame in (0, 63, 64, 150, 3):
        np.testing.assert_array_equal(blocks.at(frame).matrices, whole.at(frame).matrices)


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
