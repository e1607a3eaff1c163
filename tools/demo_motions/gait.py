"""Walking: from a plan of footsteps to feet that roll over heel and ball without skating.

A foot in stance turns about its heel, lies flat, then turns about the ball while the toes stay
down; between steps it flies along a quintic that meets both stances up to acceleration. Pelvis
and arms follow from the feet (timing of stance and swing: Perry, Gait Analysis, 1992).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from m3n_studio.body.skeleton import JOINT_INDEX as J

from .performance import Feet
from .rig import OUTWARD, SIDES, Rig
from .tracks import RATE_HZ, bump, minimum_jerk, smooth, turn_x, turn_y

Array = NDArray[np.float64]
_FINE = 8  # the feet are planned at this multiple of the clip's rate


@dataclass(frozen=True)
class Step:
    """One placement of a foot: heel contact at `contact_s`, lift of the toes at `lift_s` (inf: it stays)."""

    side: str
    x_m: float
    z_m: float
    heading_rad: float
    contact_s: float
    lift_s: float
    stride: float  # 0: a shuffle in place, 1: a full step; scales the roll of the foot


def _pitch(steps: list[Step], time: Array) -> Array:
    """Toe-up angle (T,), rad, of one foot over its steps."""
    out = np.zeros(len(time))
    for before, step in zip([None, *steps[:-1]], steps, strict=True):
        if before is not None:
            push, land = -0.80 * before.stride, 0.30 * step.stride
            heel_off = before.lift_s - 0.30
            out += push * minimum_jerk(time, heel_off, before.lift_s + 0.04)
            back = before.lift_s + 0.30 * (step.contact_s - before.lift_s)
            out += (land - push) * minimum_jerk(time, min(before.lift_s + 0.01, back), step.contact_s - 0.03)
            out -= land * minimum_jerk(time, step.contact_s - 0.02, step.contact_s + 0.13)
    return smooth_fine(out)


def smooth_fine(values: Array) -> Array:
    """Gaussian of 12 ms on the fine grid."""
    return smooth(values, 0.012 * _FINE)


def _stance(rig: Rig, side: str, step: Step, pitch: Array) -> Array:
    """Ankle (T, 3) of a foot that stands as in `step`, rolling over heel or ball by its pitch."""
    ahead = turn_y(step.heading_rad)
    flat = np.array([step.x_m, rig.ankle_height_m, step.z_m])
    rolled = turn_x(-pitch)
    arm = np.where(pitch[:, None] > 0, rig.heel[side], rig.ball[side])
    return np.asarray(flat + (arm - np.einsum("tab,tb->ta", rolled, arm)) @ ahead.T)


def _quintic(x: Array, span_s: float, first: Array, last: Array) -> Array:
    """Hermite quintic (T, W) over x in [0, 1]; first, last : (3, W) value, velocity, acceleration."""
    p0, v0, a0 = first[0], first[1] * span_s, first[2] * span_s**2
    p1, v1, a1 = last[0], last[1] * span_s, last[2] * span_s**2
    d = p1 - p0
    c3 = 10 * d - 6 * v0 - 4 * v1 - 1.5 * a0 + 0.5 * a1
    c4 = -15 * d + 8 * v0 + 7 * v1 + 1.5 * a0 - a1
    c5 = 6 * d - 3 * v0 - 3 * v1 - 0.5 * a0 + 0.5 * a1
    x = x[:, None]
    return np.asarray(p0 + x * (v0 + x * (0.5 * a0 + x * (c3 + x * (c4 + x * c5)))))


def _jet(values: Array, at: int, rate_hz: float) -> Array:
    """Value, velocity and acceleration (3, W) at a sample."""
    a, b, c = values[at - 1], values[at], values[at + 1]
    return np.stack([b, (c - a) * rate_hz / 2, (a - 2 * b + c) * rate_hz**2])


def _foot(rig: Rig, side: str, steps: list[Step], time: Array) -> tuple[Array, Array, Array]:
    """Ankle (T, 3), rotation (T, 3, 3) and toe bend (T,) of one foot on the fine grid."""
    rate = RATE_HZ * _FINE
    pitch = _pitch(steps, time)
    at = _stance(rig, side, steps[0], pitch)
    heading = np.full(len(time), steps[0].heading_rad)
    toes = np.maximum(-pitch, 0.0)
    for before, step in pairwise(steps):
        i, j = round(before.lift_s * rate), round(step.contact_s * rate)
        new = _stance(rig, side, step, pitch)
        x = (np.arange(i, j + 1) - i) / (j - i)
        span = (j - i) / rate
        flight = _quintic(x, span, _jet(at, i, rate), _jet(new, j, rate))
        flight[:, 1] += (0.012 + 0.022 * step.stride) * rig.scale * bump(x, 0.0, 1.0)
        at[i : j + 1] = flight
        at[j + 1 :] = new[j + 1 :]
        heading += (step.heading_rad - before.heading_rad) * minimum_jerk(
            time, before.lift_s + 0.02, step.contact_s - 0.02
        )
        toes[i : j + 1] *= 1 - minimum_jerk(x, 0.0, 0.6)
        toes[j + 1 :] = np.maximum(-pitch[j + 1 :], 0.0)
    turn = turn_y(heading) @ turn_x(-pitch)
    return at, turn, toes


def walk_feet(rig: Rig, steps: list[Step], n: int) -> Feet:
    """Feet (T = n frames) of a plan; each side's first step is where it stands at the start."""
    time = np.arange(n * _FINE) / (RATE_HZ * _FINE)
    at, turn, toes = {}, {}, {}
    for side in SIDES:
        own = [step for step in steps if step.side == side]
        fine = _foot(rig, side, own, time)
        at[side], turn[side], toes[side] = (part[::_FINE] for part in fine)
    return Feet(at, turn, toes)


def pelvis_over(rig: Rig, feet: Feet, turn: Array, *, standing_m: Array) -> Array:
    """Pelvis path (T, 3), m, over walking feet: midway between them, smooth, as high as the legs allow.

    turn : (T, 3, 3) of the pelvis; standing_m : (T,), the most its height may be.
    """
    middle = 0.5 * (feet.at["left"] + feet.at["right"])
    out = smooth(smooth(middle, 0.16), 0.12)
    ahead = turn[:, :, 2] * 0.012 * rig.scale
    out += ahead
    height = {side: feet.at[side][:, 1] for side in SIDES}
    onto = np.tanh((height["right"] - height["left"]) / 0.06)  # +1: the left foot carries
    out += smooth(onto, 0.12)[:, None] * turn[:, :, 0] * 0.022 * rig.scale
    leg = 0.993 * (rig.length("left_hip", "left_knee") + rig.length("left_knee", "left_ankle"))
    limits = [standing_m]
    for side in SIDES:
        hip = np.einsum("tab,b->ta", turn, rig.bone("pelvis", f"{side}_hip"))
        gap = (out + hip - feet.at[side])[:, [0, 2]]
        limits.append(feet.at[side][:, 1] + np.sqrt(np.maximum(leg**2 - (gap**2).sum(axis=1), 0.2)) - hip[:, 1])
    stack = np.stack(limits)
    lowest = -0.006 * np.log(np.exp(-(stack - stack.min(0)) / 0.006).sum(0)) + stack.min(0)
    out[:, 1] = smooth(lowest, 0.07) - 0.002
    return out


def swing_arm(rig: Rig, side: str, angle: Array, elbow: Array, rest_turn: Array) -> tuple[Array, Array]:
    """Goals of a hanging arm in the standing body: shoulder `angle` and `elbow` flexion (T,), rad, both forward."""
    out = OUTWARD[side]
    down = np.array([out * 0.13, -1.0, 0.0])
    upper = turn_x(-angle) @ down * rig.length(f"{side}_shoulder", f"{side}_elbow")
    below = np.array([out * 0.02, -1.0, 0.0])
    reach = rig.length(f"{side}_elbow", f"{side}_wrist") + float(np.linalg.norm(rig.grip(side)))
    lower = turn_x(-(angle + elbow)) @ below * reach
    shoulder = rig.joints[J[f"{side}_shoulder"]] + np.array([0.0, -0.01, 0.0]) * rig.scale
    return shoulder + upper + lower, turn_x(-(angle + elbow) + 0.16) @ rest_turn
