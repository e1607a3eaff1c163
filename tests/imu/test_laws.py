"""The laws a virtual IMU must obey whatever the motion, the place and the body."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_studio import so3
from m3n_studio.body.shape import Shape, shape_space
from m3n_studio.body.skeleton import MIRROR
from m3n_studio.imu.placement import PLACEMENTS, follow, mirror_placement, named_placement
from m3n_studio.imu.settings import Settings
from m3n_studio.imu.simulate import simulate, simulate_trajectory
from m3n_studio.imu.tensor import signal_tensor
from m3n_studio.motion.clip import Clip
from m3n_studio.recordings.trajectory import Trajectory
from tests.imu.motions import (
    free_body,
    lively_clip,
    lively_trajectory,
    official_body,
    poses_at,
    random_shape,
)

G = 9.81
UP = np.array([0.0, G, 0.0])
UNFILTERED = Settings(bandwidth_hz=None)
few = settings(deadline=None, max_examples=25)
angles = st.floats(-3.1, 3.1)
directions = st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: np.linalg.norm(v) > 0.1)
seeds = st.integers(0, 2**31)


def still_clip(seed, frames=40):
    poses = np.random.default_rng(seed).normal(scale=0.6, size=(1, 52, 3))
    return Clip(60.0, np.repeat(poses, frames, axis=0), np.zeros((frames, 3)))


# --- at rest -----------------------------------------------------------------------------------


@few
@given(seed=seeds, name=st.sampled_from(PLACEMENTS), bandwidth=st.sampled_from([None, 5.0, 12.0]))
def test_a_sensor_at_rest_reads_g_up_in_any_pose_and_place(seed, name, bandwidth):
    model, clip = free_body(), still_clip(seed)
    signal = simulate(model, clip, [name], settings=Settings(bandwidth_hz=bandwidth))[0]
    _, R_ws = follow(model, named_placement(model, name), clip.poses[:1], clip.trans[:1], clip.shape)
    assert np.allclose(signal.acc_mps2[signal.valid], R_ws[0].T @ (0, G, 0), atol=1e-8)
    assert np.allclose(signal.gyr_radps[signal.valid], 0, atol=1e-9)
    assert signal.valid.sum() >= 20


def test_gravity_is_a_setting():
    signal = simulate(free_body(), still_clip(0), ["chest"], settings=Settings(gravity_mps2=9.8))[0]
    assert np.allclose(np.linalg.norm(signal.acc_mps2[signal.valid], axis=1), 9.8, atol=1e-8)


# --- known motion ------------------------------------------------------------------------------


def spinning(axis, rate, arm, mount, *, rate_hz=200.0, duration_s=1.5):
    """A sensor on an arm that turns about a fixed axis at a constant rate."""
    times = np.arange(int(duration_s * rate_hz)) / rate_hz
    axis = np.asarray(axis) / np.linalg.norm(axis)
    turn = so3.matrix_from_rotvec(times[:, None] * rate * axis)
    trajectory = Trajectory("arm", times, turn @ arm, so3.quat_from_matrix(turn @ mount))
    return trajectory, turn @ mount, rate * axis


@few
@given(axis=directions, rate=st.floats(-12, 12), arm=directions, mount=directions)
def test_constant_rotation_about_a_point_gives_centripetal_acceleration(axis, rate, arm, mount):
    arm = np.array(arm)
    trajectory, R_ws, omega = spinning(axis, rate, arm, so3.matrix_from_rotvec(mount))
    signal = simulate_trajectory(trajectory, settings=UNFILTERED)
    centripetal = np.cross(omega, np.cross(omega, trajectory.position_m))
    expected = np.einsum("tji,tj->ti", R_ws, centripetal + UP)
    ok = signal.valid
    assert np.allclose(signal.acc_mps2[ok], expected[ok], atol=1e-3)
    assert np.allclose(signal.gyr_radps[ok], (R_ws.transpose(0, 2, 1) @ omega)[ok], atol=1e-5)


def test_a_body_that_spins_as_a_whole_reads_centripetal_acceleration_everywhere():
    model, rate = free_body(), 4.0
    times = np.arange(240) / 120
    poses = np.zeros((240, 52, 3))
    poses[:, 0, 1] = rate * times
    clip = Clip(120.0, poses, -np.broadcast_to(model.joints[0], (240, 3)))  # the pelvis stays at the origin
    for signal, name in zip(simulate(model, clip, PLACEMENTS, settings=UNFILTERED), PLACEMENTS, strict=True):
        position, R_ws = follow(model, named_placement(model, name), clip.poses, clip.trans, clip.shape)
        inward = -(rate**2) * position * (1, 0, 1)
        expected = np.einsum("tji,tj->ti", R_ws, inward + UP)
        assert np.allclose(signal.acc_mps2[signal.valid], expected[signal.valid], atol=1e-4), name
        assert np.allclose(np.linalg.norm(signal.gyr_radps[signal.valid], axis=1), rate, atol=1e-6), name


@few
@given(seed=seeds, velocity=directions, spin=directions)
def test_free_fall_reads_zero_however_it_tumbles(seed, velocity, spin):
    times = np.arange(150) / 100
    fall = np.outer(times, velocity) - 0.5 * np.outer(times**2, (0, G, 0))
    turn = so3.matrix_from_rotvec(times[:, None] * np.array(spin) * 5)
    signal = simulate_trajectory(Trajectory("stone", times, fall, so3.quat_from_matrix(turn)))
    assert np.allclose(signal.acc_mps2[signal.valid], 0, atol=1e-6)


@few
@given(seed=st.integers(0, 1000), arm=directions)
def test_lever_arm(seed, arm):
    base = lively_trajectory(400.0, 1.0, seed=seed)
    R = so3.matrix_from_quat(base.quat_wxyz)
    arm = 0.3 * np.array(arm)
    at_base = simulate_trajectory(base, settings=UNFILTERED)
    at_tip = simulate_trajectory(base.with_(position_m=base.position_m + R @ arm), settings=UNFILTERED)
    omega = at_base.gyr_radps
    alpha = np.gradient(omega, base.time_s, axis=0)
    expected = at_base.acc_mps2 + np.cross(alpha, arm) + np.cross(omega, np.cross(omega, arm))
    assert np.abs(at_tip.acc_mps2 - expected)[at_base.valid].max() < 5e-3  # the gradient is second order
    assert np.allclose(at_tip.gyr_radps, at_base.gyr_radps)


def test_an_offset_placement_is_a_lever_arm():
    model, clip = free_body(), lively_clip()
    near = named_placement(model, "left_wrist")
    far = near.__class__(**{**near.__dict__, "offset_m": 0.05})
    a, b = simulate(model, clip, [near, far], settings=UNFILTERED)
    arm, omega = np.array([0, 0, 0.05]), a.gyr_radps
    alpha = np.gradient(omega, a.time_s, axis=0)
    expected = a.acc_mps2 + np.cross(alpha, arm) + np.cross(omega, np.cross(omega, arm))
    assert np.abs(b.acc_mps2 - expected)[a.valid].max() < 2e-2
    assert np.abs(b.acc_mps2 - a.acc_mps2)[a.valid].max() > 0.1  # and it matters


# --- shape -------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [free_body, official_body])
@settings(deadline=None, max_examples=8)
@given(seed=st.integers(0, 1000), scale=st.floats(0.8, 1.2))
def test_shape_never_changes_the_gyroscope(body, seed, scale):
    model, clip = body(), lively_clip(60.0, 1.0)
    names = ["left_wrist", "right_shank", "chest"]
    own = simulate(model, clip, names)
    other = simulate(model, clip, names, shape=random_shape(model, seed, scale=scale))
    for a, b in zip(own, other, strict=True):
        assert np.array_equal(a.gyr_radps, b.gyr_radps)
        assert not np.allclose(a.acc_mps2, b.acc_mps2, atol=1e-3)


@pytest.mark.parametrize("body", [free_body, official_body])
@pytest.mark.parametrize("root", ["scaled", "recorded"])
@pytest.mark.parametrize("bandwidth", [None, 12.0])
def test_the_tensor_and_the_direct_way_agree(body, root, bandwidth):
    model = body()
    clip = lively_clip(60.0, 2.0).with_(shape=random_shape(model, 99))
    names = ["left_wrist", "right_wrist", "left_foot"]
    placements = [named_placement(model, n) for n in names]
    placements.append(placements[0].__class__(**{**placements[0].__dict__, "attachment": "rigid", "offset_m": 0.01}))
    how = Settings(bandwidth_hz=bandwidth, root=root, rate_hz=50.0)
    tensor = signal_tensor(model, clip, placements, how)
    for seed in range(4):
        shape = random_shape(model, seed, scale=0.9 + 0.07 * seed)
        direct = simulate(model, clip, placements, shape=shape, settings=how)
        for a, b in zip(tensor.signals(shape), direct, strict=True):
            assert np.abs(a.acc_mps2 - b.acc_mps2).max() < 2e-4
            assert np.abs(a.gyr_radps - b.gyr_radps).max() < 1e-9
            assert np.array_equal(a.valid, b.valid)
            assert np.array_equal(a.time_s, b.time_s)


def test_many_bodies_at_once_are_the_same_as_one_by_one():
    model, clip = free_body(), lively_clip(60.0, 1.0)
    tensor = signal_tensor(model, clip, [named_placement(model, n) for n in ("left_wrist", "belt")])
    shapes = [random_shape(model, s, scale=1 + 0.01 * s) for s in range(6)]
    many = tensor.acc_many(np.stack([s.vector(model) for s in shapes]), np.array([s.scale for s in shapes]))
    for row, shape in zip(many, shapes, strict=True):
        assert np.allclose(row, tensor.acceleration(shape), atol=1e-4)


def smplx_vertices(model, shape, poses, trans, corners):
    """Three vertices (T, 3, 3) by smplx's own forward pass, in float64, on just those vertices.

    Limb scales go into its template. They move joints exactly rather than through the
    regressor, so the joints are handed to smplx as extra vertices that its regressor picks.
    """
    torch = pytest.importorskip("torch")
    from smplx.lbs import lbs

    def tensor(array):
        return torch.tensor(np.array(array, dtype=np.float64))

    v, j, space = len(corners), len(model.parents), shape_space(model)
    limbs = Shape(limbs=shape.limbs).vector(model)
    template = np.concatenate(
        [model.vertices[corners] + space.vertex_dirs[corners] @ limbs, model.joints + space.joint_dirs @ limbs]
    )
    dirs = np.concatenate([model.shape_dirs[corners], model.joint_dirs])
    weights = np.concatenate([model.weights[corners], np.eye(j)])
    regressor = np.concatenate([np.zeros((j, v)), np.eye(j)], axis=1)
    pose_dirs = np.zeros((9 * (j - 1), 3 * (v + j)))
    if model.pose_dirs is not None:
        pose_dirs[:, : 3 * v] = model.pose_dirs[:, (3 * corners[:, None] + np.arange(3)).ravel()]
    betas = tensor(shape.vector(model)[None, : model.n_betas])
    fixed = (tensor(template), tensor(dirs), tensor(pose_dirs), tensor(regressor),
             torch.tensor(model.parents.astype(np.int64)), tensor(weights))  # fmt: skip
    pose = tensor(poses.reshape(len(poses), -1))
    vertices, _ = lbs(betas.expand(len(poses), -1), pose, *fixed)
    return vertices[:, :v].numpy() + trans[:, None]


def true_acceleration(model, placement, shape, track, times, h=4e-3):
    """World acceleration (n, 3) of a surface point: fourth-order differences of smplx vertices."""
    stencil = np.array([-1, 16, -30, 16, -1]) / (12 * h * h)
    all_times = (times[:, None] + h * np.arange(-2, 3)).ravel()
    poses, trans = track(all_times)
    corners = smplx_vertices(model, shape, poses, trans, model.faces[placement.triangle])
    points = np.einsum("c,tcx->tx", placement.barycentric, corners).reshape(len(times), 5, 3)
    return np.einsum("s,tsx->tx", stencil, points)


@pytest.mark.parametrize("body", [free_body, official_body])
def test_the_affine_simulation_equals_differentiated_smplx_vertices_for_20_shapes(body):
    model, clip = body(), lively_clip(100.0, 1.5)
    placements = [named_placement(model, n) for n in ("left_wrist", "right_thigh")]
    tensor = signal_tensor(model, clip, placements, Settings(bandwidth_hz=None, root="recorded"))
    inside = np.flatnonzero(tensor.valid)[3:-3:7]
    worst = 0.0
    for seed in range(20):
        shape = random_shape(model, seed)
        acc = tensor.acceleration(shape)
        for i, placement in enumerate(placements):
            truth = true_acceleration(model, placement, shape, poses_at, tensor.time_s[inside])
            expected = np.einsum("tji,tj->ti", tensor.R_ws[i, inside], truth + UP)
            worst = max(worst, np.abs(acc[i, inside] - expected).max())
    assert worst < 1e-3


# --- symmetry ----------------------------------------------------------------------------------


def test_a_mirrored_trajectory_gives_mirrored_signals():
    original = lively_trajectory()
    mirror, flip_x = np.diag([-1.0, 1, 1]), np.diag([-1.0, 1, 1])
    turned = mirror @ so3.matrix_from_quat(original.quat_wxyz) @ flip_x
    image = original.with_(position_m=original.position_m @ mirror, quat_wxyz=so3.quat_from_matrix(turned))
    a, b = simulate_trajectory(original), simulate_trajectory(image)
    assert np.allclose(b.acc_mps2, a.acc_mps2 * (-1, 1, 1), atol=1e-9)
    assert np.allclose(b.gyr_radps, a.gyr_radps * (1, -1, -1), atol=1e-9)


@pytest.mark.parametrize(("name", "reversed_axis"), [("left_wrist", "x"), ("left_thigh", "y"), ("left_foot", "y")])
def test_mirrored_motion_of_a_body_gives_mirrored_signals(name, reversed_axis):
    model, clip = free_body(), lively_clip(60.0, 2.0)
    image = clip.with_(poses=clip.poses[:, MIRROR] * (1, -1, -1), trans=clip.trans * (-1, 1, 1))
    left = named_placement(model, name)
    right = mirror_placement(model, left, reversed_axis=reversed_axis)
    assert right.name == name.replace("left", "right")
    a = simulate(model, clip, [left])[0]
    b = simulate(model, image, [right])[0]
    sign = np.where(np.array(list("xyz")) == reversed_axis, -1, 1)
    assert np.abs(b.acc_mps2 - a.acc_mps2 * sign)[a.valid].max() < 0.02
    assert np.abs(b.gyr_radps + a.gyr_radps * sign)[a.valid].max() < 0.02
    named = simulate(model, image, [name.replace("left", "right")])[0]
    assert np.abs(named.acc_mps2 - b.acc_mps2)[a.valid].max() < 0.05


@few
@given(yaw=angles)
def test_turning_the_world_about_the_vertical_changes_nothing(yaw):
    model, clip = free_body(), lively_clip(60.0, 1.0)
    turn = so3.matrix_from_rotvec([0, yaw, 0])
    poses = clip.poses.copy()
    poses[:, 0] = so3.rotvec_from_matrix(turn @ so3.matrix_from_rotvec(clip.poses[:, 0]))
    pelvis = model.joints[0]
    turned = clip.with_(poses=poses, trans=(clip.trans + pelvis) @ turn.T - pelvis)
    for a, b in zip(simulate(model, clip, ["left_wrist"]), simulate(model, turned, ["left_wrist"]), strict=True):
        assert np.allclose(a.acc_mps2, b.acc_mps2, atol=1e-6)
        assert np.allclose(a.gyr_radps, b.gyr_radps, atol=1e-6)


# --- time --------------------------------------------------------------------------------------


@few
@given(first=st.integers(1, 60))
def test_a_later_start_only_shifts_time(first):
    whole = lively_trajectory()
    late = Trajectory("imu", whole.time_s[first:], whole.position_m[first:], whole.quat_wxyz[first:])
    a, b = simulate_trajectory(whole), simulate_trajectory(late)
    assert np.allclose(a.time_s[first:], b.time_s)
    both = a.valid[first:] & b.valid
    assert both.sum() > 100
    assert np.abs(a.acc_mps2[first:] - b.acc_mps2)[both].max() < 0.02
    inside = slice(40, -40)  # far from both starts nothing is left of them
    assert np.abs(a.acc_mps2[first:] - b.acc_mps2)[inside].max() < 1e-5


@pytest.mark.parametrize("rate_hz", [25.0, 50.0, 100.0, 200.0, 333.0])
def test_the_output_rate_does_not_change_what_is_sampled(rate_hz):
    trajectory = lively_trajectory()
    dense = simulate_trajectory(trajectory, settings=Settings(bandwidth_hz=8.0, rate_hz=1000.0))
    signal = simulate_trajectory(trajectory, settings=Settings(bandwidth_hz=8.0, rate_hz=rate_hz))
    assert signal.rate_hz == pytest.approx(rate_hz)
    for i in range(3):
        truth = np.interp(signal.time_s, dense.time_s, dense.acc_mps2[:, i])
        assert np.abs(signal.acc_mps2[:, i] - truth)[signal.valid].max() < 0.02


def test_the_rate_of_the_motion_does_not_matter_where_it_is_smooth():
    slow = simulate_trajectory(lively_trajectory(60.0), settings=Settings(rate_hz=30.0, bandwidth_hz=None))
    fast = simulate_trajectory(lively_trajectory(240.0), settings=Settings(rate_hz=30.0, bandwidth_hz=None))
    ok = slow.valid & fast.valid
    assert np.abs(slow.acc_mps2 - fast.acc_mps2)[ok].max() < 1e-3
    assert np.abs(slow.gyr_radps - fast.gyr_radps)[ok].max() < 1e-4


# --- gaps --------------------------------------------------------------------------------------


@few
@given(start=st.integers(30, 120), length=st.integers(1, 60), junk=st.floats(-100, 100))
def test_what_lies_in_a_gap_never_reaches_a_valid_sample(start, length, junk):
    whole = lively_trajectory()
    valid = np.ones(len(whole), dtype=bool)
    valid[start : start + length] = False
    position = whole.position_m.copy()
    position[~valid] = junk
    broken = whole.with_(position_m=position, valid=valid)
    a, b = simulate_trajectory(whole), simulate_trajectory(broken)
    assert not b.valid[~valid].any()
    assert not b.valid[start - 3 : start].any()
    assert not b.valid[start + length : start + length + 3].any()
    assert np.abs(a.acc_mps2 - b.acc_mps2)[b.valid].max() < 0.05
    assert np.array_equal(b.acc_mps2[b.valid],
                          simulate_trajectory(whole.with_(valid=valid)).acc_mps2[b.valid])  # fmt: skip


def test_a_gap_in_a_clip_is_a_gap_in_the_tensor():
    model, clip = free_body(), lively_clip(60.0, 2.0)
    valid = np.ones(len(clip), dtype=bool)
    valid[50:60] = False
    poses = clip.poses.copy()
    poses[~valid] = 0.0
    tensor = signal_tensor(model, clip.with_(poses=poses, valid=valid), [named_placement(model, "left_wrist")])
    assert not tensor.valid[47:63].any()
    assert tensor.valid[20:40].all()
    whole = signal_tensor(model, clip, [named_placement(model, "left_wrist")])
    difference = np.abs(tensor.acceleration(Shape()) - whole.acceleration(Shape()))[0]
    assert difference[tensor.valid].max() < 0.05


def test_a_filtered_wave_keeps_what_is_below_the_bandwidth_and_loses_what_is_above():
    times = np.arange(1200) / 200
    for hz, share, tolerance in ((1.0, 1.0, 0.01), (10.0, np.sqrt(0.5), 0.02), (40.0, 0.0, 0.02)):
        swing = np.zeros((1200, 3))
        swing[:, 0] = np.sin(2 * np.pi * hz * times) / (2 * np.pi * hz) ** 2
        still = np.tile([1.0, 0, 0, 0], (1200, 1))
        signal = simulate_trajectory(Trajectory("w", times, swing, still), settings=Settings(bandwidth_hz=10.0))
        amplitude = np.sqrt(2) * signal.acc_mps2[signal.valid, 0].std()
        assert amplitude == pytest.approx(share, abs=tolerance)
