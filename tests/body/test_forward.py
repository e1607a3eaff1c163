"""Our forward pass is smplx's, for every family and both file kinds, to a hundredth of a millimetre."""

from collections import defaultdict

import numpy as np
import pytest
import smplx
import torch

from m3n_studio.body.files import default_body, load_body
from m3n_studio.body.forward import forward, joints_over_time
from m3n_studio.body.shape import Shape
from m3n_studio.resources import resource
from tests.bodies import body_arrays, write_body, write_pickle

N_BETAS = 10


@pytest.fixture(autouse=True)
def small_bodies(monkeypatch):
    """Point smplx's landmark vertices at vertex 0: the tests' bodies have too few."""
    for family in ("smpl", "smplh", "smplx"):
        if family in smplx.body_models.VERTEX_IDS:
            monkeypatch.setitem(smplx.body_models.VERTEX_IDS, family, defaultdict(int))


def reference(path, family, poses, trans, betas):
    """Vertices and joints by smplx."""
    frames = len(poses)
    kind = {"smpl": smplx.SMPL, "smplh": smplx.SMPLH, "smplx": smplx.SMPLX}[family]
    extra = {} if family == "smpl" else {"ext": "npz", "use_pca": False, "flat_hand_mean": True}
    model = kind(str(path), batch_size=frames, num_betas=N_BETAS, **extra)

    def flat(joints):
        return torch.tensor(poses[:, joints].reshape(frames, -1), dtype=torch.float32)

    given = {"global_orient": flat([0]), "transl": torch.tensor(trans, dtype=torch.float32),
             "betas": torch.tensor(np.repeat(betas[None], frames, 0), dtype=torch.float32)}  # fmt: skip
    if family == "smpl":
        still = torch.zeros(frames, 6)
        given["body_pose"] = torch.cat([flat(range(1, 22)), still], dim=1)
    else:
        given |= {"body_pose": flat(range(1, 22)), "left_hand_pose": flat(range(22, 37)),
                  "right_hand_pose": flat(range(37, 52))}  # fmt: skip
    with torch.no_grad():
        out = model(**given)
    return out.vertices.numpy(), out.joints.numpy()


def motion(seed, frames=4):
    rng = np.random.default_rng(seed)
    return rng.normal(scale=0.5, size=(frames, 52, 3)), rng.normal(size=(frames, 3)), rng.normal(size=N_BETAS)


@pytest.mark.parametrize("family", ["smpl", "smplh", "smplx"])
@pytest.mark.parametrize("kind", ["npz", "pkl"])
@pytest.mark.parametrize("seed", [0, 1])
def test_forward_equals_smplx(tmp_path, family, kind, seed):
    arrays = body_arrays(family, n_betas=N_BETAS, seed=seed)
    ours = tmp_path / f"model.{kind}"
    if kind == "npz":
        np.savez(ours, **arrays)
    else:
        write_pickle(ours, arrays)
    theirs = tmp_path / "reference.npz"
    np.savez(theirs, **arrays)
    if family == "smpl":  # smplx reads this family from pickles only, and with chumpy away from plain ones
        theirs = write_pickle(tmp_path / "reference.pkl", arrays, chumpy=False)
    poses, trans, betas = motion(seed)
    model = load_body(ours)
    assert model.pose_dirs is not None
    vertices, joints = forward(model, poses, trans, Shape(tuple(betas)))
    expected_vertices, expected_joints = reference(theirs, family, poses, trans, betas)
    assert np.abs(vertices - expected_vertices).max() < 1e-5
    assert np.abs(joints - expected_joints[:, : joints.shape[1]]).max() < 1e-5


def test_default_body_plays_in_smplx():
    poses, trans, betas = motion(2, frames=2)
    expected, expected_joints = reference(resource("body", "m3n_body.npz"), "smplh", poses, trans, betas)
    vertices, joints = forward(default_body(), poses, trans, Shape(tuple(betas)))
    assert np.abs(vertices - expected).max() < 1e-5
    assert np.abs(joints - expected_joints[:, :52]).max() < 1e-5


def test_all_sixteen_components_play_in_smplx(tmp_path):
    """smplx cuts a short shape space to ten components; padded to its own length it uses all of ours."""
    with np.load(resource("body", "m3n_body.npz"), allow_pickle=False) as archive:
        fields = dict(archive)
    padding = np.zeros((*fields["shapedirs"].shape[:2], 284), dtype=np.float32)
    fields["shapedirs"] = np.concatenate([fields["shapedirs"], padding], axis=2)
    path = tmp_path / "padded.npz"
    np.savez(path, **fields)
    model = smplx.SMPLH(str(path), ext="npz", use_pca=False, flat_hand_mean=True, num_betas=16)
    betas = np.random.default_rng(3).normal(size=16)
    with torch.no_grad():
        expected = model(betas=torch.tensor(betas[None], dtype=torch.float32)).vertices.numpy()
    ours, _ = forward(default_body(), np.zeros((1, 52, 3)), np.zeros((1, 3)), Shape(tuple(betas)))
    assert np.abs(ours - expected).max() < 1e-5


def test_joints_without_skin_are_those_with_it(tmp_path):
    poses, trans, betas = motion(4)
    model = load_body(write_body(tmp_path / "body.npz", "smplx"))
    shape = Shape(tuple(betas), {"thigh": 0.1}, 1.2)
    assert np.allclose(forward(model, poses, trans, shape)[1], joints_over_time(model, poses, trans, shape)[1])


def test_scale_acts_on_the_body_not_on_its_path(tmp_path):
    poses, trans, _ = motion(5)
    model = load_body(write_body(tmp_path / "body.npz", "smplh"))
    small, _ = forward(model, poses, 0 * trans)
    large, _ = forward(model, poses, trans, Shape(scale=2.0))
    assert np.allclose(large - trans[:, None], 2.0 * small)
