"""Where sensors sit: the same anatomy on every body, frames as a wearer would have them."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_studio import so3
from m3n_studio.body.forward import forward
from m3n_studio.body.shape import Shape, shape_space
from m3n_studio.errors import UnknownName, ValueProblem
from m3n_studio.imu import chain
from m3n_studio.imu.placement import (
    PLACEMENTS,
    Placement,
    follow,
    mirror_placement,
    named_placement,
    placement_from_dict,
    placement_to_dict,
    rest_frame,
    surface_placement,
)
from tests.imu.motions import free_body, lively_clip, official_body, random_shape

BODIES = {"default": free_body, **{f: (lambda f=f: official_body(f)) for f in ("smpl", "smplh", "smplx")}}


def test_there_are_at_least_seventeen_and_both_wrists():
    assert len(PLACEMENTS) >= 17
    assert {"left_wrist", "right_wrist", "chest", "lower_back", "head"} <= set(PLACEMENTS)


def test_an_unknown_name_offers_the_nearest():
    with pytest.raises(UnknownName, match="left_wrist"):
        named_placement(free_body(), "left_wirst")


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("name", PLACEMENTS)
def test_every_name_is_found_on_every_body(body, name):
    model = BODIES[body]()
    placement = named_placement(model, name)
    origin, R = rest_frame(model, placement)
    assert np.isfinite(origin).all()
    assert np.allclose(R.T @ R, np.eye(3), atol=1e-12)
    assert np.linalg.det(R) == pytest.approx(1.0)
    corners = model.vertices[model.faces[placement.triangle]]
    assert np.allclose(origin, placement.barycentric @ corners)


@pytest.mark.parametrize("name", PLACEMENTS)
def test_z_points_out_of_the_skin(name):
    model = free_body()
    origin, R = rest_frame(model, named_placement(model, name))
    gap = np.linalg.norm(model.vertices - (origin + 0.03 * R[:, 2]), axis=1).min()
    inside = np.linalg.norm(model.vertices - (origin - 0.015 * R[:, 2]), axis=1).min()
    assert gap > 0.015
    assert gap > inside - 0.005


#: Where each lies on the default body in T-pose (facing +z, left +x), and the joint whose skin it is on.
EXPECTED = {
    "left_wrist": ("left_elbow", 1, 1), "left_hand": ("left_wrist", 1, 1), "chest": ("spine3", 2, 1),
    "lower_back": ("pelvis", 2, -1), "belt": ("pelvis", 2, 1), "head": ("head", 2, 1), "left_ear": ("head", 0, 1),
    "right_ear": ("head", 0, -1), "left_thigh": ("left_hip", 0, 1), "right_thigh": ("right_hip", 0, -1),
    "left_shank": ("left_knee", 2, 1), "left_foot": ("left_ankle", 1, 1), "upper_back": ("spine3", 2, -1),
    "left_ankle": ("left_knee", 0, 1), "right_pocket": ("right_hip", 2, 1),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_the_anatomy_is_right(name):
    model = free_body()
    joint, axis, sign = EXPECTED[name]
    placement = named_placement(model, name)
    _, R = rest_frame(model, placement)
    assert sign * R[axis, 2] > 0.5
    weights = model.weights[model.faces[placement.triangle]].sum(axis=0)
    assert model.joint_names[int(weights.argmax())] == joint


def test_a_watch_is_read_by_its_wearer():
    model = free_body()
    _, left = rest_frame(model, named_placement(model, "left_wrist"))
    _, right = rest_frame(model, named_placement(model, "right_wrist"))
    assert left[0, 0] > 0.9  # T-pose: the left hand is at +x; x to the hand
    assert right[0, 0] > 0.9  # the right hand is at -x; x to the elbow
    for R in (left, right):
        assert R[1, 2] > 0.9  # the screen looks up, the palm down
        assert R[2, 1] < -0.9  # 12 o'clock on the side of the little finger


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(("name", "direction"), [("thigh", (0, -1, 0)), ("shank", (0, -1, 0)), ("foot", (0, -0.4, 1))])
def test_x_runs_distally(side, name, direction):
    _, R = rest_frame(free_body(), named_placement(free_body(), f"{side}_{name}"))
    assert R[:, 0] @ direction > 0.8


@pytest.mark.parametrize("body", BODIES)
@settings(deadline=None, max_examples=10)
@given(data=st.data())
def test_a_sensor_anywhere_follows_the_skin_of_the_forward_pass(body, data):
    model = BODIES[body]()
    triangle = data.draw(st.integers(0, len(model.faces) - 1))
    u, v = sorted(data.draw(st.tuples(st.floats(0, 1), st.floats(0, 1))))
    placement = Placement("p", triangle, (u, v - u, 1 - v), data.draw(st.floats(-3, 3)))
    clip = lively_clip(20.0, 0.2, seed=data.draw(st.integers(0, 100)))
    shape = random_shape(model, triangle, scale=1.1)
    position, R_ws = follow(model, placement, clip.poses, clip.trans, shape)
    vertices, _ = forward(model, clip.poses, clip.trans, shape)
    expected = np.einsum("c,tcx->tx", placement.barycentric, vertices[:, model.faces[triangle]])
    assert np.abs(position - expected).max() < 1e-5
    assert np.allclose(np.swapaxes(R_ws, 1, 2) @ R_ws, np.eye(3), atol=1e-7)


@pytest.mark.parametrize("name", ["left_wrist", "right_pocket", "neck"])
def test_the_surface_turns_with_the_nearest_rotation_to_the_blended_joints(name):
    model, clip = free_body(), lively_clip(30.0, 1.0)
    placement = named_placement(model, name)
    from m3n_studio.body.model import chain_global

    G = chain_global(model.parents, model.rotations(clip.poses))
    weights = placement.barycentric @ model.weights[model.faces[placement.triangle]]
    _, R_rest = rest_frame(model, placement)
    _, R_ws = follow(model, placement, clip.poses, clip.trans, Shape())
    assert np.allclose(R_ws, so3.polar(np.einsum("j,tjab->tab", weights, G)) @ R_rest, atol=1e-5)


def test_newtons_polar_factor_is_that_of_the_singular_values_hard_cases_too():
    rng = np.random.default_rng(0)
    turns = so3.matrix_from_rotvec(rng.normal(size=(500, 2, 3)) * 2)
    share = rng.uniform(0, 1, (500, 1, 1))
    blended = share * turns[:, 0] + (1 - share) * turns[:, 1]
    blended[:3] = np.diag([1.0, -0.2, 0.1]), np.diag([1.0, 1e-9, 0.5]), np.zeros((3, 3))
    found = np.moveaxis(chain.nearest_rotations(np.moveaxis(blended, 0, 2)), 2, 0)
    assert np.allclose(np.swapaxes(found, 1, 2) @ found, np.eye(3), atol=1e-7)
    clear = np.linalg.svd(blended, compute_uv=False)[:, 1] > 0.05
    clear[:3] = False
    assert np.allclose(found[clear], so3.polar(blended[clear]), atol=1e-6)


def test_a_rigid_sensor_moves_with_its_joint():
    model, clip = free_body(), lively_clip(30.0, 1.0)
    placement = replace(named_placement(model, "left_wrist"), attachment="rigid", joint="left_elbow")
    position, R_ws = follow(model, placement, clip.poses, clip.trans, Shape())
    rotations = chain.global_rotations(model, clip.poses, np.array([0, 3, 6, 9, 13, 16, 18]))
    elbow = np.moveaxis(rotations[:, -1], 2, 0)
    assert np.allclose(np.swapaxes(elbow, 1, 2) @ R_ws, (np.swapaxes(elbow, 1, 2) @ R_ws)[0], atol=1e-9)
    skin, _ = follow(model, replace(placement, attachment="skin"), clip.poses, clip.trans, Shape())
    assert 0 < np.abs(position - skin).max() < 0.1


def test_the_rest_frame_moves_with_the_shape_and_turns_with_nothing():
    model = free_body()
    placement, shape = named_placement(model, "right_shank"), random_shape(model, 3, scale=1.2)
    origin, R = rest_frame(model, placement, shape)
    template, R_template = rest_frame(model, placement)
    corners = shape_space(model).vertices(shape)[model.faces[placement.triangle]]
    assert np.allclose(origin, placement.barycentric @ corners)
    assert not np.allclose(origin, template, atol=1e-3)
    assert np.array_equal(R, R_template)
    still, R_ws = follow(model, placement, np.zeros((1, 52, 3)), np.zeros((1, 3)), shape)
    assert np.allclose(still[0], origin, atol=1e-9)
    assert np.allclose(R_ws[0], R, atol=1e-9)


def test_the_in_plane_angle_turns_x_about_the_normal():
    model = free_body()
    placement = named_placement(model, "chest")
    _, R = rest_frame(model, placement)
    _, turned = rest_frame(model, replace(placement, angle_rad=placement.angle_rad + 0.5))
    assert np.allclose(turned, R @ so3.matrix_from_rotvec([0, 0, 0.5]))


def test_a_click_on_the_skin_finds_the_point_that_was_clicked():
    model = free_body()
    rng = np.random.default_rng(1)
    for triangle in rng.integers(0, len(model.faces), 20):
        share = rng.dirichlet(np.ones(3))
        point = share @ model.vertices[model.faces[triangle]]
        origin, _ = rest_frame(model, surface_placement(model, "here", point))
        assert np.allclose(origin, point, atol=1e-9)


def test_the_mirror_image_of_the_mirror_image_is_the_place_itself():
    model = free_body()
    for name in ("left_wrist", "right_pocket", "left_foot"):
        for axis in ("x", "y"):
            there = mirror_placement(model, named_placement(model, name), reversed_axis=axis)
            back = mirror_placement(model, there, reversed_axis=axis)
            assert back.name == name
            origin, R = rest_frame(model, named_placement(model, name))
            again, R_again = rest_frame(model, back)
            assert np.allclose(origin, again, atol=2e-3)
            assert so3.angle_between(R, R_again) < 0.02


@pytest.mark.parametrize("name", PLACEMENTS)
def test_placements_survive_json(name):
    placement = replace(named_placement(free_body(), name), offset_m=0.004, attachment="rigid", joint="head")
    assert placement_from_dict(json.loads(json.dumps(placement_to_dict(placement)))) == placement


@pytest.mark.parametrize(
    "values",
    [
        {}, {"name": "a", "triangle": 0}, {"name": "a", "triangle": 0, "barycentric": [1, 0]},
        {"name": "a", "triangle": "x", "barycentric": [1, 0, 0]},
        {"name": "a", "triangle": -1, "barycentric": [1, 0, 0]},
        {"name": "a", "triangle": 0, "barycentric": [1, 1, 0]}, {"name": "a", "triangle": 0, "barycentric": None},
        {"name": "a", "triangle": 0, "barycentric": [1, 0, 0], "colour": "red"},
    ],
)  # fmt: skip
def test_bad_placements_are_refused_with_words(values):
    with pytest.raises(ValueProblem):
        placement_from_dict(values)


def test_a_triangle_of_another_body_is_refused():
    with pytest.raises(ValueProblem, match="not on this body"):
        rest_frame(free_body(), Placement("a", 10**7, (1, 0, 0), 0.0))
    with pytest.raises(UnknownName):
        Placement("a", 0, (1, 0, 0), 0.0, attachment="glue")
