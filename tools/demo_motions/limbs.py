"""Arms and legs of a performer: from goals of hand and foot to global joint rotations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.body.skeleton import JOINT_INDEX as J

from .rig import OUTWARD, Rig, limb_rotations, swing_twist, two_bone
from .tracks import normalised, smooth, soft_limit, soft_positive, turn_x, turn_y, turn_z

Array = NDArray[np.float64]
#: Joint limits, rad: wrist towards the palm / back, thumb side / little finger side, forearm turn.
WRIST_FLEX = (-1.10, 0.95)
WRIST_RADIAL = (-0.60, 0.40)
FOREARM_TURN = (-1.50, 1.50)
#: How much of the forearm's turn the elbow joint carries; the wrist joint carries the rest.
ELBOW_SHARE = 0.70
_SWIVELS = np.linspace(-0.9, 1.3, 23)


@dataclass(frozen=True, eq=False)
class ArmGoal:
    """What an arm is asked for.

    at : (T, 3) m, where a point of the hand shall be; point : (T, 3) m, that point from the wrist at rest;
    turns : orientations of the hand, (T, 3, 3) each, with weights (T,) that sum to one;
    pole : (T, 3), the elbow's preferred direction; spin : (T, 3) rad, added to forearm turn (palm down), radial
    deviation and wrist flexion.
    """

    at: Array
    turns: tuple[tuple[Array, Array], ...]
    point: Array
    pole: Array
    spin: Array


def _collar(rig: Rig, side: str, chest: Array, shoulder: Array, hand: Array, breath: Array) -> Array:
    """Collar rotation relative to the chest (T, 3, 3): it lifts with the arm and goes along with a reach."""
    out = OUTWARD[side]
    arm = rig.length(f"{side}_shoulder", f"{side}_elbow") + rig.length(f"{side}_elbow", f"{side}_wrist")
    v = np.einsum("tba,tb->ta", chest, hand - shoulder) / arm
    lift = 0.55 * soft_positive(v[:, 1] + 0.35, 0.12) - 0.02
    forward = 0.30 * soft_limit(v[:, 2] - 0.35, -0.7, 0.7) + 0.10 * soft_limit(-out * v[:, 0], -0.6, 0.6)
    lift = soft_limit(lift, -0.2, 0.55) + 0.6 * breath
    return turn_y(-out * soft_limit(forward, -0.30, 0.35)) @ turn_z(out * lift)


def _hinge(side: str) -> Array:
    """Rest axis about which the elbow bends forward."""
    return np.array([0.0, -OUTWARD[side], 0.0])


def _solve_bones(rig: Rig, side: str, shoulder: Array, wrist: Array, pole: Array) -> tuple[Array, Array, Array]:
    """Global rotations of upper arm and (unturned) forearm, and the elbow's position."""
    upper, lower = rig.bone(f"{side}_shoulder", f"{side}_elbow"), rig.bone(f"{side}_elbow", f"{side}_wrist")
    solved = two_bone(shoulder, wrist, float(np.linalg.norm(upper)), float(np.linalg.norm(lower)), pole)
    rotations = limb_rotations(upper, lower, _hinge(side), solved)
    return rotations[0], rotations[1], shoulder + np.linalg.norm(upper) * solved[0]


def _wrist_angles(rig: Rig, side: str, forearm: Array, hand: Array) -> tuple[Array, Array, Array]:
    """Forearm turn, wrist flexion (to the palm) and radial deviation (...), rad."""
    axis = normalised(rig.bone(f"{side}_elbow", f"{side}_wrist"))
    turn, swing = swing_twist(np.swapaxes(forearm, -1, -2) @ hand, axis)
    out = OUTWARD[side]
    return turn, -out * swing[..., 2], -out * swing[..., 1]


def _pole_turned(pole: Array, axis: Array, angle: Array) -> Array:
    return np.asarray(np.einsum("...ab,...b->...a", so3.matrix_from_rotvec(angle[..., None] * axis), pole))


def _swivel_for(rig: Rig, side: str, shoulder: Array, wrist: Array, pole: Array, turn: Array, chest: Array) -> Array:
    """Angle (T,) by which the elbow leaves its preferred direction so that forearm and wrist are at ease."""
    n, k = len(wrist), len(_SWIVELS)
    axis = normalised(wrist - shoulder)
    out = OUTWARD[side]
    wide = np.broadcast_to(out * _SWIVELS, (n, k))
    poles = _pole_turned(np.repeat(pole[:, None], k, 1), np.repeat(axis[:, None], k, 1), wide)
    _, forearm, elbow = _solve_bones(
        rig, side, np.repeat(shoulder[:, None], k, 1), np.repeat(wrist[:, None], k, 1), poles
    )
    turned, flex, radial = _wrist_angles(rig, side, forearm, turn[:, None])
    local = np.einsum("tba,tkb->tka", chest, elbow - shoulder[:, None])
    inside = soft_positive(-out * local[..., 0] / rig.scale + 0.03, 0.02) / 0.05
    high = soft_positive(local[..., 1] / rig.scale + 0.02, 0.04) / 0.15
    cost = (turned / 1.1) ** 2 + (flex / 0.9) ** 2 + ((radial + 0.08) / 0.35) ** 2
    cost = cost + 1.2 * (_SWIVELS / 0.7) ** 2 + 3.0 * inside**2 + 2.0 * high**2
    weight = np.exp(-(cost - cost.min(axis=1, keepdims=True)) / 0.25)
    return np.asarray((weight * _SWIVELS).sum(axis=1) / weight.sum(axis=1))


def _active(weight: Array) -> slice:
    """The frames in which an orientation has a say."""
    frames = np.flatnonzero(np.abs(weight) > 1e-7)
    return slice(int(frames[0]), int(frames[-1]) + 1) if len(frames) else slice(0, 0)


def _swivel(rig: Rig, side: str, shoulder: Array, goal: ArmGoal, chest: Array) -> Array:
    """The blend (T,) of what each orientation asks of the elbow, smoothed."""
    total = np.zeros(len(shoulder))
    for weight, turn in goal.turns:
        on = _active(weight)
        wrist = goal.at[on] - np.einsum("tab,tb->ta", turn[on], goal.point[on])
        total[on] += weight[on] * _swivel_for(rig, side, shoulder[on], wrist, goal.pole[on], turn[on], chest[on])
    return smooth(total, 0.12)


def _hand(rig: Rig, side: str, forearm: Array, goal: ArmGoal) -> tuple[Array, Array, Array]:
    """Forearm turn (T,), hand rotation (T, 3, 3) and its point from the wrist (T, 3), m.

    Every orientation is held within the joints' limits and blended as angles in the forearm's frame, which keeps
    the hand on the arm's side of every change; the point is blended in the world, which keeps its path simple.
    """
    out = OUTWARD[side]
    axis = normalised(rig.bone(f"{side}_elbow", f"{side}_wrist"))
    turn, swing, point = np.zeros(len(forearm)), np.zeros((len(forearm), 3)), np.zeros((len(forearm), 3))
    for weight, matrix in goal.turns:
        on = _active(weight)
        if on.stop == 0:
            continue
        angle, bend = swing_twist(np.swapaxes(forearm[on], -1, -2) @ matrix[on], axis)
        held = int(np.argmax(weight[on]))
        angle = np.asarray(np.unwrap(angle), dtype=np.float64)
        angle = angle - 2 * np.pi * np.round(angle[held] / (2 * np.pi))
        pronate, radial, flex = goal.spin[on].T
        angle = soft_limit(angle + out * pronate, *FOREARM_TURN)
        radial = soft_limit(radial - out * bend[:, 1], *WRIST_RADIAL)
        flex = soft_limit(flex - out * bend[:, 2], *WRIST_FLEX)
        bend = np.stack([bend[:, 0], -out * radial, -out * flex], axis=1)
        hand = forearm[on] @ so3.matrix_from_rotvec(angle[:, None] * axis) @ so3.matrix_from_rotvec(bend)
        turn[on] += weight[on] * angle
        swing[on] += weight[on, None] * bend
        point[on] += weight[on, None] * np.einsum("tab,tb->ta", hand, goal.point[on])
    hand = forearm @ so3.matrix_from_rotvec(turn[:, None] * axis) @ so3.matrix_from_rotvec(swing)
    return turn, hand, point


def solve_arm(rig: Rig, side: str, G: Array, chest_at: Array, goal: ArmGoal, breath: Array) -> None:
    """Fill in the global rotations of collar, shoulder, elbow, wrist and fingers of `G` (T, 52, 3, 3)."""
    chest = G[:, J["spine3"]]
    collar_at = chest_at + np.einsum("tab,b->ta", chest, rig.bone("spine3", f"{side}_collar"))
    to_shoulder = rig.bone(f"{side}_collar", f"{side}_shoulder")
    still = collar_at + np.einsum("tab,b->ta", chest, to_shoulder)
    wrist = goal.at.copy()
    for weight, matrix in goal.turns:
        wrist -= weight[:, None] * np.einsum("tab,tb->ta", matrix, goal.point)
    collar = chest @ _collar(rig, side, chest, still, wrist, breath)
    shoulder = collar_at + np.einsum("tab,b->ta", collar, to_shoulder)
    swivel = OUTWARD[side] * _swivel(rig, side, shoulder, goal, chest)
    axis = normalised(rig.bone(f"{side}_elbow", f"{side}_wrist"))
    for _ in range(6):
        pole = _pole_turned(goal.pole, normalised(wrist - shoulder), swivel)
        upper, forearm, _ = _solve_bones(rig, side, shoulder, wrist, pole)
        turn, hand, point = _hand(rig, side, forearm, goal)
        wrist = 0.5 * wrist + 0.5 * (goal.at - point)
    G[:, J[f"{side}_collar"]] = collar
    G[:, J[f"{side}_shoulder"]] = upper
    G[:, J[f"{side}_elbow"]] = forearm @ so3.matrix_from_rotvec(ELBOW_SHARE * turn[:, None] * axis)
    G[:, J[f"{side}_wrist"]] = hand


def solve_leg(rig: Rig, side: str, G: Array, pelvis: Array, ankle: Array, foot: Array, toes: Array) -> None:
    """Fill in the global rotations of hip, knee, ankle and toes of `G` (T, 52, 3, 3)."""
    hip = pelvis + np.einsum("tab,b->ta", G[:, 0], rig.bone("pelvis", f"{side}_hip"))
    thigh, shank = rig.bone(f"{side}_hip", f"{side}_knee"), rig.bone(f"{side}_knee", f"{side}_ankle")
    ahead = foot[:, :, 2] * np.array([1.0, 0.0, 1.0])
    pole = normalised(normalised(ahead) + 0.6 * G[:, 0, :, 2] + 0.10 * OUTWARD[side] * G[:, 0, :, 0])
    solved = two_bone(hip, ankle, float(np.linalg.norm(thigh)), float(np.linalg.norm(shank)), pole, straight=0.9975)
    G[:, J[f"{side}_hip"]], G[:, J[f"{side}_knee"]] = limb_rotations(thigh, shank, np.array([1.0, 0.0, 0.0]), solved)
    G[:, J[f"{side}_ankle"]] = foot
    G[:, J[f"{side}_foot"]] = foot @ turn_x(-toes)
