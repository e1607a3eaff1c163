"""Joint rotations from joint positions: analytic first, then a few Gauss-Newton steps.

Positions of 22 joints leave some rotations open. Twists of thighs and upper arms follow from
the planes of knees and elbows, the more the joint is bent; the twist of the spine is spread
over its joints; head, hands and toes stay at rest relative to what carries them. The analytic
pose is refined by damped Gauss-Newton on all positions, batched over frames (about 1 ms a
frame), and twists of straight limbs are smoothed over time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.body.model import BodyModel
from m3n_studio.body.shape import LIMBS, Shape, shape_space
from m3n_studio.body.skeleton import BODY_JOINTS, JOINT_INDEX, N_BODY_JOINTS, N_JOINTS, PARENTS

Array = NDArray[np.float64]

_BONES = tuple((PARENTS[j], j) for j in range(1, N_BODY_JOINTS))
_CHILDREN = {j: tuple(c for p, c in _BONES if p == j) for j in range(N_BODY_JOINTS)}
#: Joints whose twist follows from the bend of the next: (joint, hinge, end, hinge axis at rest).
_HINGES = {
    JOINT_INDEX[f"{side}_{joint}"]: (JOINT_INDEX[f"{side}_{hinge}"], JOINT_INDEX[f"{side}_{end}"], np.array(axis))
    for side, joint, hinge, end, axis in (
        ("left", "hip", "knee", "ankle", (1.0, 0, 0)),
        ("right", "hip", "knee", "ankle", (1.0, 0, 0)),
        ("left", "shoulder", "elbow", "wrist", (0, -1.0, 0)),
        ("right", "shoulder", "elbow", "wrist", (0, 1.0, 0)),
    )
}
_LEGS = (JOINT_INDEX["left_hip"], JOINT_INDEX["right_hip"])
_SPINE = tuple(JOINT_INDEX[name] for name in ("spine1", "spine2", "spine3"))
_MOVING = tuple(j for j in range(N_BODY_JOINTS) if _CHILDREN[j])
_LOOSE = {"spine1", "spine2", "spine3", "left_collar", "right_collar"}  # joints that bodies place differently
_WEIGHT = np.array([0.1 if name in _LOOSE else 1.0 for name in BODY_JOINTS])
_STRAIGHT = 0.15  # sine of the bend below which a limb's plane is not trusted
_TOES = 0.3  # how much the direction of the foot says about the leg's twist, as a sine
_SMOOTHING_S = 0.1
_CHUNK = 512


@dataclass(frozen=True, eq=False)
class Solved:
    """Poses (T, 52, 3) rad and translation (T, 3) m of `shape`; position error (T, 22), m, left over."""

    poses: Array
    trans: Array
    shape: Shape
    error_m: Array


def body_order(model: BodyModel) -> NDArray[np.intp]:
    """Places of a clip's 22 body joints among the model's joints."""
    index = {name: i for i, name in enumerate(model.joint_names)}
    return np.array([index[name] for name in BODY_JOINTS])


def fit_limbs(model: BodyModel, positions: Array) -> Shape:
    """The overall scale and limb scales whose bones have the median lengths seen.

    positions : (T, 22, 3), m. Gauss-Newton on the 21 bone lengths with a weak pull to the template.
    """
    order = body_order(model)
    rest = model.joints[order]
    dirs = shape_space(model).joint_dirs[order][..., model.n_betas :]  # (22, 3, 10)
    a, b = np.array(_BONES).T
    seen = np.median(np.linalg.norm(positions[:, b] - positions[:, a], axis=2), axis=0)
    template = np.linalg.norm(rest[b] - rest[a], axis=1)
    long = template > 0.2
    scale = float(np.clip(seen[long].sum() / template[long].sum(), 0.2, 5.0))
    x = np.zeros(len(LIMBS))
    for _ in range(8):
        bone = rest[b] - rest[a] + (dirs[b] - dirs[a]) @ x
        length = np.linalg.norm(bone, axis=1)
        slope = np.einsum("bi,bis->bs", bone / length[:, None], dirs[b] - dirs[a])
        pull = 0.02 * np.eye(len(x))
        step = np.linalg.lstsq(
            np.vstack([slope, pull]), np.concatenate([seen / scale - length, -0.02 * x]), rcond=None
        )[0]
        x = np.clip(x + step, -0.5, 0.8)
    limbs = {name: float(value) for name, value in zip(LIMBS, x, strict=True) if abs(value) > 1e-6}
    return Shape((), limbs, scale, "")


def _unit(v: NDArray[np.floating]) -> Array:
    return np.asarray(v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-9))


def _swing(source: Array, target: Array) -> Array:
    """Smallest rotations (T, 3, 3) from directions source (T, 3) to target (T, 3)."""
    a, b = _unit(source), _unit(target)
    axis, cosine = np.cross(a, b), np.einsum("ti,ti->t", a, b)
    sine = np.linalg.norm(axis, axis=1)
    opposite = (sine < 1e-9) & (cosine < 0)
    axis[opposite] = np.cross(a[opposite], np.eye(3)[np.argmin(np.abs(a[opposite]), axis=1)])
    return so3.matrix_from_rotvec(_unit(axis) * np.arctan2(sine, cosine)[:, None])


def _frame(along: Array, normal: Array) -> Array:
    """Right-handed frames (..., 3, 3) with first axis `along` and second nearest to `normal`."""
    x = _unit(along)
    y = _unit(normal - x * np.einsum("...i,...i->...", x, normal)[..., None])
    return np.stack([x, y, np.cross(x, y)], axis=-1)


def _smooth(values: Array, sigma: float) -> Array:
    from scipy.ndimage import gaussian_filter1d

    return np.asarray(gaussian_filter1d(values, sigma, axis=0, mode="nearest")) if len(values) > 1 else values


def _hinged(joint: int, G_parent: Array, rest: Array, seen: Array, sigma: float) -> Array:
    """Rotation (T, 3, 3) of a thigh or upper arm: along the bone, twisted so that the next joint bends as a hinge."""
    hinge, end, axis = _HINGES[joint]
    bone, next_bone = seen[:, hinge] - seen[:, joint], seen[:, end] - seen[:, hinge]
    along = rest[hinge] - rest[joint]
    neutral = _swing(G_parent @ along, bone) @ G_parent
    back = np.swapaxes(G_parent, 1, 2)
    normals = np.cross(_unit(bone), _unit(next_bone))
    if joint in _LEGS:
        normals += _TOES * _foot_normal(hinge, end, axis, rest, seen)
    plane = _smooth(np.einsum("tab,tb->ta", back, normals), sigma)
    default = np.einsum("tab,tbc,c->ta", back, neutral, axis)
    normal = np.einsum("tab,tb->ta", G_parent, plane + _STRAIGHT * default)
    return np.asarray(_frame(bone, normal) @ _frame(along, axis).T)


def _foot_normal(knee: int, ankle: int, axis: Array, rest: Array, seen: Array) -> Array:
    """The knee's axis (T, 3) as the direction of the foot tells it; the foot's own turn at rest is taken off."""
    (toes,) = _CHILDREN[ankle]
    shank = _unit(rest[ankle] - rest[knee])
    own = np.cross(_unit(rest[toes] - rest[ankle]), shank)
    yaw = np.arctan2(np.cross(axis, own) @ shank, axis @ own)
    down = _unit(seen[:, ankle] - seen[:, knee])
    normal = np.cross(_unit(seen[:, toes] - seen[:, ankle]), down)
    return np.asarray(np.einsum("tab,tb->ta", so3.matrix_from_rotvec(-yaw * down), normal))


def _spread_twist(G: Array, rest: Array, seen: Array) -> None:
    """Give each spine joint its share of the twist between pelvis and chest."""
    low, middle, chest = _SPINE
    relative = so3.quat_from_matrix(np.swapaxes(G[:, middle], 1, 2) @ G[:, chest])
    axis = _unit(rest[chest] - rest[middle])
    twist = 2.0 * np.arctan2(relative[:, 1:] @ axis, relative[:, 0])
    twist = (twist + np.pi) % (2 * np.pi) - np.pi
    for joint, child, share in ((low, middle, 1 / 3), (middle, chest, 2 / 3)):
        direction = _unit(seen[:, child] - seen[:, joint])
        G[:, joint] = so3.matrix_from_rotvec(direction * (share * twist)[:, None]) @ G[:, joint]


def analytic(rest: Array, seen: Array, *, rate_hz: float) -> Array:
    """Global rotations (T, 22, 3, 3) that point every bone of `rest` (22, 3) along `seen` (T, 22, 3)."""
    sigma = _SMOOTHING_S * rate_hz
    G = np.empty((len(seen), N_BODY_JOINTS, 3, 3))
    for j in range(N_BODY_JOINTS):
        parent, children = PARENTS[j], _CHILDREN[j]
        if len(children) > 1:
            b = sum(np.einsum("ta,b->tab", _unit(seen[:, c] - seen[:, j]), _unit(rest[c] - rest[j])) for c in children)
            G[:, j] = so3.polar(b)
        elif not children:
            G[:, j] = G[:, parent]
        elif j in _HINGES:
            G[:, j] = _hinged(j, G[:, parent], rest, seen, sigma)
        else:
            child = children[0]
            G[:, j] = _swing(G[:, parent] @ (rest[child] - rest[j]), seen[:, child] - seen[:, j]) @ G[:, parent]
    _spread_twist(G, rest, seen)
    return G


def _positions(G: Array, rest: Array, root: Array) -> Array:
    out = np.empty((*G.shape[:2], 3))
    out[:, 0] = root
    for parent, j in _BONES:
        out[:, j] = out[:, parent] + G[:, parent] @ (rest[j] - rest[parent])
    return out


def _ancestors() -> NDArray[np.bool_]:
    """(22, M): whether moving joint m carries joint k."""
    carried = np.zeros((N_BODY_JOINTS, N_BODY_JOINTS), dtype=bool)
    for parent, j in _BONES:
        carried[j] = carried[parent]
        carried[j, parent] = True
    return carried[:, list(_MOVING)]


def _jacobian(p: Array) -> Array:
    """Derivative (T, 66, 3 M + 3) of joint positions p (T, 22, 3) by small global turns and the root."""
    arm = (p[:, :, None] - p[:, None, list(_MOVING)]) * _ancestors()[None, :, :, None]  # (T, 22, M, 3)
    J = np.zeros((*arm.shape[:2], 3, arm.shape[2], 3))
    x, y, z = arm[..., 0], arm[..., 1], arm[..., 2]
    J[:, :, 0, :, 1], J[:, :, 0, :, 2] = z, -y
    J[:, :, 1, :, 0], J[:, :, 1, :, 2] = -z, x
    J[:, :, 2, :, 0], J[:, :, 2, :, 1] = y, -x
    flat = J.reshape(len(p), 3 * N_BODY_JOINTS, -1)
    shift = np.broadcast_to(np.tile(np.eye(3), (N_BODY_JOINTS, 1)), (len(p), 3 * N_BODY_JOINTS, 3))
    return np.concatenate([flat, shift], axis=2)


def refine(G: Array, rest: Array, root: Array, seen: Array, *, steps: int = 6) -> tuple[Array, Array]:
    """Damped Gauss-Newton from rotations G (T, 22, 3, 3) and root (T, 3) towards positions `seen`."""
    weight = np.repeat(_WEIGHT, 3)
    damping = 1e-3 * np.eye(3 * len(_MOVING) + 3)
    parents = np.array(PARENTS[1:N_BODY_JOINTS])
    for _ in range(steps):
        p = _positions(G, rest, root)
        J = _jacobian(p)
        weighted = np.swapaxes(J * weight[:, None], 1, 2)
        residual = (seen - p).reshape(len(p), -1, 1)
        step = np.linalg.solve(weighted @ J + damping, weighted @ residual)[..., 0]
        turn = np.zeros((len(p), N_BODY_JOINTS, 3))
        turn[:, list(_MOVING)] = step[:, :-3].reshape(len(p), -1, 3)
        turned = so3.matrix_from_rotvec(turn) @ G
        local = np.swapaxes(G[:, parents], -1, -2) @ turned[:, 1:]
        root = root + step[:, -3:]
        G = _chain(turned[:, 0], local)
    return G, root


def _chain(top: Array, local: Array) -> Array:
    out = np.empty((len(top), N_BODY_JOINTS, 3, 3))
    out[:, 0] = top
    for parent, j in _BONES:
        out[:, j] = out[:, parent] @ local[:, j - 1]
    return out


def solve(model: BodyModel, positions: Array, *, rate_hz: float, shape: Shape | None = None) -> Solved:
    """Poses of a body whose 22 joints follow the positions seen.

    Parameters
    ----------
    positions : (T, 22, 3), m, finite, y-up
        SMPL joint order.
    shape : Shape, optional
        The body's shape; fitted to the bone lengths where absent.
    """
    shape = fit_limbs(model, positions) if shape is None else shape
    rest = shape_space(model).joints(shape)[body_order(model)]
    G = analytic(rest, positions, rate_hz=rate_hz)
    root = positions[:, 0].copy()
    for start in range(0, len(G), _CHUNK):
        part = slice(start, start + _CHUNK)
        G[part], root[part] = refine(G[part], rest, root[part], positions[part])
    error = np.linalg.norm(_positions(G, rest, root) - positions, axis=2)
    poses = np.zeros((len(G), N_JOINTS, 3))
    poses[:, 0] = so3.rotvec_from_matrix(G[:, 0])
    parents = np.array(PARENTS[1:N_BODY_JOINTS])
    poses[:, 1:N_BODY_JOINTS] = so3.rotvec_from_matrix(np.swapaxes(G[:, parents], -1, -2) @ G[:, 1:])
    return Solved(poses, root - rest[0], shape, error)
