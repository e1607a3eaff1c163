"""The default body: small, free of objects, symmetric, in SMPL's T-pose, its joints inside its limbs."""

import subprocess
import sys
import time

import numpy as np
import pytest
import smplx

from m3n_studio.body.files import default_body, load_body
from m3n_studio.body.shape import LIMBS, Shape, shape_space
from m3n_studio.body.skeleton import JOINT_INDEX, JOINTS, MIRROR, PARENTS
from m3n_studio.resources import resource

PATH = resource("body", "m3n_body.npz")
OFFICIAL = {
    "v_template", "f", "weights", "J_regressor", "shapedirs", "posedirs", "kintree_table",
    "hands_componentsl", "hands_componentsr", "hands_meanl", "hands_meanr",
}  # fmt: skip


def joint(name):
    return default_body().joints[JOINT_INDEX[name]]


def mirror_vertices():
    """For each vertex of the template, the vertex at its mirror image."""
    from scipy.spatial import cKDTree

    distance, index = cKDTree(default_body().vertices).query(default_body().vertices * (-1, 1, 1))
    assert distance.max() < 1e-6
    return index


def test_the_file_is_small_official_and_without_objects():
    assert PATH.stat().st_size < 6e6
    assert (PATH.parent / "LICENSE.md").is_file()
    with np.load(PATH, allow_pickle=False) as archive:
        assert set(archive.files) >= OFFICIAL
        assert all(archive[name].dtype.kind in "fiubU" for name in archive.files)


def test_smplx_loads_it():
    body = smplx.SMPLH(str(PATH), ext="npz", use_pca=False, flat_hand_mean=True, num_betas=16)
    assert tuple(body().vertices.shape) == (1, 13524, 3)


def test_it_loads_at_once():
    best = min(timed(load_body, PATH) for _ in range(5))
    assert best < 0.2, "measured: 0.04 s on one core"


def timed(function, *args):
    begin = time.perf_counter()
    function(*args)
    return time.perf_counter() - begin


def test_loading_it_imports_neither_scipy_nor_torch():
    code = (
        "import sys; from m3n_studio.body.files import default_body; from m3n_studio.body.solve import solve_shape;"
        "solve_shape(default_body(), {'stature': 1.8});"
        "print([m for m in ('scipy', 'torch', 'smplx') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_it_is_its_own_mirror_image():
    model, mirror = default_body(), mirror_vertices()
    assert np.array_equal(mirror[mirror], np.arange(len(mirror)))
    assert np.abs(model.shape_dirs[mirror] * np.array([-1, 1, 1])[:, None] - model.shape_dirs).max() < 1e-6
    assert np.abs(model.weights[mirror][:, list(MIRROR)] - model.weights).max() < 1e-6
    for shape in (Shape(), Shape((1.0, -2.0, 0.5, 2.0)), Shape(limbs=dict.fromkeys(LIMBS, 0.1))):
        joints = shape_space(model).joints(shape)
        assert np.abs(joints[list(MIRROR)] * (-1, 1, 1) - joints).max() < 1e-5


def test_rest_is_the_t_pose_of_smpl():
    for name in ("left_elbow", "left_wrist", "left_middle1"):
        arm = joint(name) - joint("left_shoulder")
        assert arm[0] / np.linalg.norm(arm) > 0.999, f"{name} is to the left of the shoulder"
    for finger in ("index", "middle", "ring", "pinky"):
        first, second, third = (joint(f"left_{finger}{k}") for k in (1, 2, 3))
        a, b = second - first, third - second
        assert a @ b > 0.999 * np.linalg.norm(a) * np.linalg.norm(b), f"the {finger} is straight"
        assert abs(a[1]) < 0.02 * np.linalg.norm(a), f"the {finger} is level"
    assert joint("left_thumb2")[2] > joint("left_pinky1")[2], "thumbs look forward, so palms look down"
    assert joint("left_ankle")[1] < joint("left_knee")[1] < joint("left_hip")[1]
    assert joint("left_foot")[2] > joint("left_ankle")[2] + 0.08, "it faces +z"
    assert 0.05 < joint("left_ankle")[0] < 0.15, "feet are a hand's breadth or two apart"
    assert np.allclose(joint("pelvis"), (0, -0.235, 0.028), atol=2e-3), "the pelvis is where SMPL has it"


def test_weights_are_weights():
    w = default_body().weights
    assert (w >= 0).all()
    assert np.allclose(w.sum(axis=1), 1, atol=1e-6)
    assert (w.max(axis=0) > 0.3).all(), "every joint carries something"


def test_joints_are_convex_combinations_of_skin():
    r = default_body().regressor
    assert (r >= 0).all()
    assert np.allclose(r.sum(axis=1), 1, atol=1e-5)


def winding(points, vertices, faces):
    """How often a closed mesh winds round each point: 1 inside, 0 outside (Van Oosterom & Strackee 1983)."""
    out = []
    for p in points:
        a, b, c = (vertices[faces[:, k]] - p for k in range(3))
        la, lb, lc = (np.linalg.norm(x, axis=1) for x in (a, b, c))
        volume = np.einsum("fi,fi->f", a, np.cross(b, c))
        below = la * lb * lc + (a * b).sum(1) * lc + (b * c).sum(1) * la + (c * a).sum(1) * lb
        out.append(np.arctan2(volume, below).sum() / (2 * np.pi))
    return np.array(out)


@pytest.mark.parametrize("seed", range(4))
def test_joints_stay_inside_the_skin_for_any_shape(seed):
    rng = np.random.default_rng(seed)
    limbs = dict(zip(LIMBS, rng.uniform(-0.15, 0.15, size=10), strict=True))
    shape = Shape(tuple(rng.normal(scale=1.5, size=16)), limbs) if seed else Shape()
    space = shape_space(default_body())
    around = winding(space.joints(shape), space.vertices(shape), default_body().faces)
    outside = [JOINTS[i] for i in np.flatnonzero(around < 0.5)]
    assert outside == []


def test_finger_bones_get_shorter_towards_the_tip():
    for finger in ("index", "middle", "ring", "pinky"):
        lengths = [np.linalg.norm(joint(f"left_{finger}{k + 1}") - joint(f"left_{finger}{k}")) for k in (1, 2)]
        assert lengths[0] > lengths[1] > 0.01


def test_bones_have_human_proportions():
    length = {n: np.linalg.norm(default_body().joints[i] - default_body().joints[PARENTS[i]])
              for n, i in JOINT_INDEX.items() if i}  # fmt: skip
    assert 0.9 < length["left_elbow"] / length["left_wrist"] < 1.2
    assert 0.85 < length["left_knee"] / length["left_ankle"] < 1.1
    assert 0.07 < length["head"] < 0.13
