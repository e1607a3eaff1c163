"""The animated body: what a viewer would skin from the file is the forward pass."""

import json

import numpy as np
import pytest

from m3n_studio.body.forward import forward
from m3n_studio.body.shape import Shape
from m3n_studio.errors import Cancelled, FileError
from m3n_studio.motion.root import root_track
from m3n_studio.studio.scene.gltf import read_glb, write_glb

from .conftest import moving


@pytest.mark.parametrize("shape", [None, Shape(limbs={"forearm": 0.2, "thigh": -0.1}, scale=1.07)])
def test_vertices_from_the_file_are_the_forward_pass(tmp_path, body, clip, shape):
    glb = read_glb(write_glb(tmp_path / "body.glb", body, clip, shape))
    trans = root_track(body, clip, shape)
    for frame in (0, 23, len(clip) - 1):
        expected, _ = forward(body, clip.poses[frame : frame + 1], trans[frame : frame + 1], shape or clip.shape)
        assert np.abs(glb.vertices(frame) - expected[0]).max() < 1e-4


def test_the_file_says_what_the_specification_asks_for(tmp_path, body):
    clip = moving(body, seconds=1.0)
    glb = read_glb(write_glb(tmp_path / "body.glb", body, clip))
    d = glb.document
    assert d["asset"]["version"] == "2.0"
    assert len(glb.binary) == d["buffers"][0]["byteLength"]
    assert all(v["byteOffset"] % 4 == 0 for v in d["bufferViews"])
    assert all(v["byteOffset"] + v["byteLength"] <= len(glb.binary) for v in d["bufferViews"])
    attributes = d["meshes"][0]["primitives"][0]["attributes"]
    assert {"min", "max"} <= set(d["accessors"][attributes["POSITION"]])
    weights = np.hstack([glb.array(a) for name, a in attributes.items() if name.startswith("WEIGHTS")])
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(glb.array(attributes["NORMAL"]), axis=1), 1.0, atol=1e-4)
    joints = [n["name"] for n in d["nodes"][:-1]]
    assert joints == list(body.joint_names)
    times = glb.array(d["animations"][0]["samplers"][0]["input"])[:, 0]
    np.testing.assert_allclose(times, clip.time_s, atol=1e-5)
    for channel in d["animations"][0]["channels"]:
        values = glb.array(d["animations"][0]["samplers"][channel["sampler"]]["output"])
        assert len(values) == len(clip)
        if channel["target"]["path"] == "rotation":
            np.testing.assert_allclose(np.linalg.norm(values, axis=1), 1.0, atol=1e-5)
            assert ((values[1:] * values[:-1]).sum(axis=1) > 0).all()  # no flips for a linear player to stumble on
    json.dumps(d)


def test_a_body_with_pose_blend_shapes_is_written_without_them(tmp_path, smplx_like):
    clip = moving(smplx_like, seconds=0.5)
    glb = read_glb(write_glb(tmp_path / "x.glb", smplx_like, clip))
    assert np.isfinite(glb.vertices(5)).all()


def test_a_stopped_or_torn_file_is_none(tmp_path, body, clip):
    def stop(done, total):
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        write_glb(tmp_path / "a.glb", body, clip, progress=stop)
    assert not list(tmp_path.iterdir())
    path = write_glb(tmp_path / "b.glb", body, clip)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(FileError):
        read_glb(path)
