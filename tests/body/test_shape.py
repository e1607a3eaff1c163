"""The shape space: linear, mirror-symmetric, and a limb scale lengthens its own segment only."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_studio.body.files import default_body, load_body
from m3n_studio.body.forward import forward
from m3n_studio.body.shape import LIMBS, Shape, shape_space
from m3n_studio.body.skeleton import JOINT_INDEX, MIRROR, PARENTS
from m3n_studio.errors import UnknownName, ValueProblem
from tests.bodies import write_body

#: Bones (child joints) that each limb scale may lengthen, by name without the side.
BONES = {
    "upper_arm": {"elbow"}, "forearm": {"wrist"}, "thigh": {"knee"}, "shank": {"ankle"}, "neck": {"head"},
    "foot": {"foot"}, "torso": {"spine1", "spine2", "spine3", "neck", "collar"},
    "hand": {f"{f}{k}" for f in ("index", "middle", "ring", "pinky", "thumb") for k in (1, 2, 3)},
    "shoulder_breadth": {"shoulder", "collar"}, "hip_breadth": {"hip"},
}  # fmt: skip
scales = st.floats(-0.15, 0.15).filter(lambda x: abs(x) > 0.01)


def bones(joints):
    return {name: float(np.linalg.norm(joints[i] - joints[PARENTS[i]])) for name, i in JOINT_INDEX.items() if i}


def bare(name):
    return name.removeprefix("left_").removeprefix("right_")


@pytest.mark.parametrize("limb", LIMBS)
@settings(max_examples=10, deadline=None)
@given(scale=scales)
def test_a_limb_scale_lengthens_its_own_bones_and_no_other(limb, scale):
    space = shape_space(default_body())
    before, after = bones(space.joints(Shape())), bones(space.joints(Shape(limbs={limb: scale})))
    for name, length in before.items():
        if bare(name) not in BONES[limb]:
            assert after[name] == pytest.approx(length, abs=1e-9), name
    if limb in ("upper_arm", "forearm", "thigh", "shank", "foot", "hand", "neck"):
        for name in before:
            if bare(name) in BONES[limb]:
                assert after[name] == pytest.approx(before[name] * (1 + scale)), name


def test_shoulders_rise_with_the_torso_they_hang_on():
    space = shape_space(default_body())
    rise = space.joints(Shape(limbs={"torso": 0.1})) - space.joints(Shape())
    assert rise[JOINT_INDEX["neck"], 1] > rise[JOINT_INDEX["left_collar"], 1] > rise[JOINT_INDEX["spine3"], 1] > 0
    assert np.allclose(rise[JOINT_INDEX["left_hip"]], 0)


@pytest.mark.parametrize("limb", LIMBS)
def test_limb_scales_are_mirror_symmetric(limb):
    model = default_body()
    moved = shape_space(model).joint_dirs[..., model.n_betas + LIMBS.index(limb)]
    assert np.allclose(moved[list(MIRROR)] * (-1, 1, 1), moved, atol=1e-7)


@given(
    a=st.lists(st.floats(-3, 3), min_size=26, max_size=26),
    b=st.lists(st.floats(-3, 3), min_size=26, max_size=26),
    share=st.floats(-1, 2),
)
@settings(max_examples=20, deadline=None)
def test_a_moving_body_is_affine_in_its_shape(a, b, share):
    """The fact the simulator rests on: points between two shapes are between their points."""
    model = default_body()
    poses = np.random.default_rng(0).normal(scale=0.4, size=(1, 52, 3))
    trans = np.zeros((1, 3))
    scale = np.array([1.0] * 16 + [0.1] * 10)
    one, two = np.array(a) * scale, np.array(b) * scale
    between = share * one + (1 - share) * two
    v1, v2, v = (forward(model, poses, trans, Shape.from_vector(model, x))[0] for x in (one, two, between))
    assert np.abs(v - (share * v1 + (1 - share) * v2)).max() < 1e-9


def test_a_limb_scale_leaves_the_skin_whole():
    """No edge of a normal body grows or shrinks by more than a half over 15 % of any limb."""
    model = default_body()
    edges = np.concatenate([model.faces[:, [0, 1]], model.faces[:, [1, 2]]])

    def lengths(shape):
        v = shape_space(model).vertices(shape)
        return np.linalg.norm(v[edges[:, 0]] - v[edges[:, 1]], axis=1)

    rest = lengths(Shape())
    long = rest > 2e-3
    for limb in LIMBS:
        for scale in (-0.15, 0.15):
            ratio = lengths(Shape(limbs={limb: scale}))[long] / rest[long]
            assert ratio.min() > 0.5, (limb, scale)
            assert ratio.max() < 1.5, (limb, scale)


@pytest.mark.parametrize("family", ["smpl", "smplh", "smplx"])
def test_every_family_has_limb_scales(tmp_path, family):
    model = load_body(write_body(tmp_path / "body.npz", family))
    space = shape_space(model)
    index = {name: i for i, name in enumerate(model.joint_names)}
    joints, longer = space.joints(Shape()), space.joints(Shape(limbs={"forearm": 0.1}))
    elbow, wrist = index["left_elbow"], index["left_wrist"]
    assert np.linalg.norm(longer[wrist] - longer[elbow]) == pytest.approx(
        1.1 * np.linalg.norm(joints[wrist] - joints[elbow]))  # fmt: skip


def test_betas_of_another_space_mean_nothing_but_limbs_carry_over():
    model = default_body()
    foreign = Shape((2.0, 1.0), {"thigh": 0.1}, space="smplh-male").vector(model)
    assert not foreign[: model.n_betas].any()
    assert foreign[model.n_betas + LIMBS.index("thigh")] == 0.1


def test_vector_and_shape_are_inverse():
    model = default_body()
    vector = np.random.default_rng(1).normal(size=model.n_betas + len(LIMBS))
    assert np.allclose(Shape.from_vector(model, vector).vector(model), vector)


def test_a_shape_refuses_nonsense():
    with pytest.raises(UnknownName, match="did you mean 'forearm'"):
        Shape(limbs={"forarm": 0.1})
    with pytest.raises(ValueProblem):
        Shape((float("nan"),))
    with pytest.raises(ValueProblem):
        Shape(scale=0.0)
