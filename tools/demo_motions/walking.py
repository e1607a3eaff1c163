"""Walking there and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from m3n_studio.motion.clip import Clip

from .gait import Step, pelvis_over, swing_arm, walk_feet
from .performance import Performance
from .rig import OUTWARD, SIDES, Rig
from .tracks import delay, smooth, soft_limit, turn_x, turn_y, turn_z

Array = NDArray[np.float64]
_STRAIGHT_M, _RADIUS_M = 3.1, 0.50


def _path(s: float) -> tuple[float, float, float]:
    """Position x, z (m) and heading (rad) after `s` m: straight on, half a circle to the left, straight back."""
    if s <= _STRAIGHT_M:
        return 0.0, s, 0.0
    arc = np.pi * _RADIUS_M
    if s <= _STRAIGHT_M + arc:
        a = (s - _STRAIGHT_M) / _RADIUS_M
        return _RADIUS_M * (1 - np.cos(a)), _STRAIGHT_M + _RADIUS_M * np.sin(a), a
    return 2 * _RADIUS_M, _STRAIGHT_M - (s - _STRAIGHT_M - arc), np.pi


def _plan(rig: Rig, rng: np.random.Generator, start_s: float) -> list[Step]:
    """Footsteps: a short first step, full steps, five short ones round the turn, full steps, feet together."""
    arc = np.pi * _RADIUS_M
    lengths = [0.40, 0.58, 0.63, 0.63, 0.56, 0.42, *[arc / 4.6] * 4, 0.42, 0.56, 0.63, 0.63, 0.58, 0.40, 0.0]
    z0 = rig.joints[7, 2] - 0.006 - 0.10 * 0
    sides = ["right", "left"]
    steps = [(side, 0.0, 0.10, -np.inf) for side in SIDES]
    s, contact = 0.0, start_s
    contacts = []
    for k, length in enumerate(lengths):
        tempo = 0.53 + 0.09 * (length < 0.5) + rng.normal(0.0, 0.006)
        contact += tempo
        s += length
        wide = 0.055 if 0 < k < len(lengths) - 2 else 0.09
        jitter = rng.normal(0.0, 0.007)
        contacts.append(
            (
                sides[k % 2],
                s + jitter * (0 < k < len(lengths) - 2),
                wide + 0.3 * jitter,
                contact,
                min(length / 0.66, 1.0),
                tempo,
            )
        )
    out = []
    plan = [(side, s, wide, t, 0.0, 0.0) for side, s, wide, t in steps] + contacts
    for i, (side, s, wide, t, stride, _) in enumerate(plan):
        later = [j for j in range(i + 1, len(plan)) if plan[j][0] == side]
        lift = np.inf
        roll = stride
        if later:
            j = later[0]
            lift = plan[j][3] - 0.80 * plan[j][5] if j > 2 else start_s
            roll = max(plan[j][4], 0.35)
        x, z, a = _path(s)
        out_x = OUTWARD[side] * wide
        x, z = x + out_x * np.cos(a), z - out_x * np.sin(a)
        turn = a + OUTWARD[side] * 0.12
        out.append(Step(side, rig.scale * x, z0 + rig.scale * z, turn, float(t), float(lift), float(roll)))
    return out


def _arms(p: Performance, stride: Array) -> None:
    """Arms against the legs: each goes with the other side's foot, elbows bending on the way forward."""
    for side in SIDES:
        with_foot = -OUTWARD[side] * stride
        angle = 0.04 + 0.62 * delay(smooth(with_foot, 0.08), 0.05) * (1 + p.noise(1, rms=0.05)[:, 0])
        elbow = 0.30 + 0.45 * soft_limit(delay(angle, 0.06), -0.35, 0.6) + p.noise(1, rms=0.015)[:, 0]
        p.arms[side].given = swing_arm(p.rig, side, smooth(angle, 0.04), smooth(elbow, 0.04), p.arms[side].rest_turn)


def walk(rig: Rig) -> Clip:
    """There, round, and back; stop."""
    p = Performance(
        rig,
        "walk",
        14.0,
        "A person walks forward at an easy pace, turns around to the left, walks back and stops.",
        stance_m=0.20,
    )
    steps = _plan(rig, p.rng, 0.75)
    p.feet = walk_feet(rig, steps, len(p.time))
    headings = np.stack([np.unwrap(np.arctan2(p.feet.turn[s][:, 0, 2], p.feet.turn[s][:, 2, 2])) for s in SIDES])
    facing = smooth(smooth(headings.mean(axis=0), 0.14), 0.12)
    ahead = np.stack([np.sin(facing), 0 * facing, np.cos(facing)], axis=1)
    stride = (
        smooth(((p.feet.at["left"] - p.feet.at["right"]) * ahead).sum(axis=1), 0.04) / rig.scale
    )  # + left foot ahead
    lifted = smooth((p.feet.at["left"] - p.feet.at["right"])[:, 1], 0.06) / rig.scale  # + left leg swings
    yaw = facing - 0.14 * stride
    roll = -0.55 * lifted
    turn = turn_y(yaw) @ turn_x(0 * yaw + 0.04) @ turn_z(roll)
    stepping = smooth(np.abs(stride), 0.35)
    pelvis = pelvis_over(rig, p.feet, turn, standing_m=p.height_m - 0.05 * stepping)
    p.extra_pelvis = pelvis - (0.0, p.height_m, rig.joints[0, 2])
    walking = smooth(np.abs(np.gradient(pelvis[:, 2])) * 60 / 1.3, 0.25)
    p.extra_turn = np.stack([0.03 * walking, yaw, roll], axis=1)
    lead = delay(facing, -0.28) - facing
    p.extra_torso = np.stack([0.03 * walking, 0.30 * stride + 0.45 * lead, 0.7 * roll], axis=1)
    _arms(p, stride)
    to = delay(facing, -0.35)
    p.gaze.move(0.0, 0.1, (0.0, 0.0, 0.0))
    p.extra_gaze = pelvis + 4.0 * np.stack([np.sin(to), 0 * to + 0.10, np.cos(to)], axis=1)
    p.gaze = type(p.gaze)([0.0, 0.0, 0.0])
    contact = [s.contact_s for s in steps[2:]]
    p.say(0.75, contact[4], "walk forward")
    p.say(contact[4], contact[10], "turn around to the left")
    p.say(contact[10], contact[-1], "walk back and stop")
    p.say(contact[-1], contact[-1] + 1.5, "stand")
    return p.clip(end_s=contact[-1] + 1.5)
