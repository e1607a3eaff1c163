"""At a table: packing a box, pouring and drinking."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from m3n_studio.motion.clip import Clip

from .hands import wrist_turn
from .performance import Performance
from .rig import OUTWARD, Rig
from .tracks import Keys, bump

Array = NDArray[np.float64]
_BOX = np.array([0.0, 0.84, 0.43])  # middle of the box's bottom, m
_RIM_M = 0.20


def _box(x: float, y: float, z: float) -> Array:
    """A point seen from the middle of the box's bottom, in the world, m."""
    return np.asarray(_BOX + np.array([x, y, z]))


def _pack_item(
    p: Performance, side: str, start_s: float, source: tuple[float, float, float], into: tuple[float, float], hold: str
) -> float:
    """Pick an item beside the box, lift it over the rim, lower it, let go; returns when the hand is out again."""
    out, arm = OUTWARD[side], p.arms[side]
    t, pace = start_s, p.rng.uniform(0.94, 1.08)
    x, y, z = source
    p.gaze.move(t - 0.15, t + 0.25, (x, y, z))
    arm.move(
        t,
        t + 0.85 * pace,
        (x, y, z),
        fingers=(-0.15 * out, -0.38, 0.92),
        palm=(-0.55 * out, -0.80, -0.30),
        hold="preshape",
        arc=(0.02 * out, 0.07, 0.0),
    )
    arm.hold(t + 0.80 * pace, t + 1.10 * pace, hold)
    t += 1.05 * pace
    over = _box(into[0], _RIM_M + 0.10, into[1])
    p.gaze.move(t, t + 0.4, _box(0.0, 0.12, 0.0))
    arm.move(
        t,
        t + 0.80 * pace,
        over,
        fingers=(-0.35 * out, -0.28, 0.92),
        palm=(-0.45 * out, -0.85, -0.2),
        arc=(0.03 * out, 0.08, -0.03),
    )
    t += 0.70 * pace
    arm.move(
        t + 0.10,
        t + 0.72 * pace,
        _box(into[0], 0.13, into[1]),
        fingers=(-0.30 * out, -0.66, 0.70),
        palm=(-0.5 * out, -0.6, -0.5),
    )
    t += 0.72 * pace
    arm.hold(t, t + 0.28, "preshape")
    arm.move(
        t + 0.20,
        t + 0.75 * pace,
        over + np.array([0.10 * out, 0.02, -0.06]),
        fingers=(-0.3 * out, -0.25, 0.92),
        palm=(-0.4 * out, -0.85, -0.2),
    )
    p.say(start_s, t + 0.3, f"put item into box with {side} hand")
    return t + 0.55 * pace


def _close_flaps(p: Performance, start_s: float) -> float:
    """Both hands fold the side flaps, then press them."""
    t = start_s
    p.gaze.move(t, t + 0.4, _box(0.0, _RIM_M, 0.0))
    for side, late in (("right", 0.0), ("left", 0.06)):
        out, arm = OUTWARD[side], p.arms[side]
        arm.move(
            t + late,
            t + 0.75 + late,
            _box(0.30 * out, _RIM_M - 0.03, -0.02),
            fingers=(-0.1 * out, -0.1, 1.0),
            palm=(-1.0 * out, 0.15, 0.0),
            hold="flat",
            arc=(0.05 * out, 0.03, -0.03),
        )
        arm.move(
            t + 0.80 + late,
            t + 1.55 + late,
            _box(0.085 * out, _RIM_M + 0.045, 0.0),
            fingers=(-0.45 * out, -0.12, 0.88),
            palm=(-0.1 * out, -1.0, -0.1),
            hold="press",
            arc=(0.02 * out, 0.13, 0.0),
        )
        arm.move(t + 1.70 + late, t + 2.0 + late, _box(0.085 * out, _RIM_M + 0.030, 0.0))
        arm.move(t + 2.05 + late, t + 2.4 + late, _box(0.11 * out, _RIM_M + 0.06, -0.03))
    p.say(t, t + 2.35, "close flaps")
    return t + 2.35


def _tape(p: Performance, start_s: float) -> float:
    """The right hand draws a tape dispenser over the lid towards the body, the left steadies the box."""
    t, lid = start_s, _RIM_M + 0.08
    p.left.move(
        t,
        t + 0.8,
        _box(0.22, 0.12, 0.02),
        fingers=(-0.12, -0.3, 0.95),
        palm=(-1.0, 0.0, -0.1),
        hold="press",
        arc=(0.07, 0.05, -0.02),
    )
    p.right.move(
        t,
        t + 0.9,
        (-0.36, 0.92, 0.38),
        fingers=(0.1, -0.45, 0.9),
        palm=(0.6, -0.8, -0.2),
        hold="preshape",
        arc=(0.0, 0.06, 0.0),
    )
    p.gaze.move(t, t + 0.35, (-0.36, 0.88, 0.40))
    p.right.hold(t + 0.85, t + 1.15, "power")
    p.right.move(
        t + 1.15,
        t + 2.1,
        _box(-0.02, lid, 0.13),
        fingers=(0.30, -0.05, 0.95),
        palm=(0.75, -0.65, 0.0),
        arc=(-0.02, 0.10, 0.0),
    )
    p.gaze.move(t + 1.2, t + 1.7, _box(0.0, _RIM_M, 0.1))
    p.right.move(t + 2.25, t + 3.65, _box(-0.03, lid, -0.17), fingers=(0.35, -0.25, 0.9), palm=(0.75, -0.65, 0.0))
    p.gaze.move(t + 2.4, t + 3.6, _box(0.0, _RIM_M, -0.12))
    p.right.spins.append(
        wrist_turn(flex=0.45 * bump(p.time, t + 3.6, t + 4.15), radial=-0.1 * bump(p.time, t + 3.6, t + 4.1))
    )
    p.right.move(
        t + 4.15, t + 5.0, (-0.36, 0.92, 0.38), fingers=(0.1, -0.45, 0.9), palm=(0.6, -0.8, -0.2), arc=(0.0, 0.08, 0.0)
    )
    p.right.hold(t + 5.0, t + 5.3, "preshape")
    p.say(t, t + 1.2, "pick up tape")
    p.say(t + 1.2, t + 4.2, "tape box")
    p.say(t + 4.2, t + 5.3, "put down tape")
    return t + 5.2


def pack_box(rig: Rig) -> Clip:
    """Three items, flaps, tape, and a push."""
    p = Performance(
        rig,
        "pack_box",
        24.0,
        "A person standing at a table packs three items into a box, closes the flaps, tapes it and pushes it away.",
        stance_m=0.24,
    )
    p.gaze.move(0.2, 0.6, (-0.38, 0.95, 0.36))
    p.pelvis.move(0.4, 1.4, (0.0, -0.004, 0.02))
    t = _pack_item(p, "right", 0.7, (-0.40, 0.905, 0.38), (-0.075, 0.02), "cup")
    p.right.move(
        t + 0.05, t + 0.9, (-0.24, 1.00, 0.30), fingers=(0.2, -0.4, 0.9), palm=(0.5, -0.85, 0.0), hold="relaxed"
    )
    t = _pack_item(p, "left", t - 0.45, (0.42, 0.905, 0.35), (0.075, -0.01), "power")
    p.left.move(
        t + 0.05, t + 0.9, (0.24, 1.00, 0.30), fingers=(-0.2, -0.4, 0.9), palm=(-0.5, -0.85, 0.0), hold="relaxed"
    )
    t = _pack_item(p, "right", t - 0.3, (-0.36, 0.895, 0.46), (-0.03, 0.06), "pinch")
    t = _close_flaps(p, t)
    t = _tape(p, t)
    p.gaze.move(t - 0.1, t + 0.4, _box(0.0, 0.15, 0.0))
    p.left.move(
        t - 0.3,
        t + 0.5,
        _box(0.13, 0.13, -0.16),
        fingers=(-0.15, 0.6, 0.75),
        palm=(-0.15, -0.6, 0.8),
        hold="press",
        arc=(0.05, 0.02, -0.09),
    )
    p.right.move(
        t - 0.1,
        t + 0.7,
        _box(-0.13, 0.13, -0.16),
        fingers=(0.15, 0.6, 0.75),
        palm=(0.15, -0.6, 0.8),
        hold="press",
        arc=(0.0, 0.05, -0.05),
    )
    for arm, out in ((p.left, 1.0), (p.right, -1.0)):
        arm.move(t + 0.85, t + 1.75, _box(0.13 * out, 0.13, 0.03))
    p.pelvis.move(t + 0.75, t + 1.6, (0.0, -0.012, 0.055)).move(t + 1.9, t + 2.9, (0.0, 0.0, 0.0))
    p.left.rest(t + 1.9, t + 3.0)
    p.right.rest(t + 1.95, t + 3.1)
    p.gaze.move(t + 2.0, t + 2.8, (0.0, 1.5, 3.0))
    p.say(t - 0.1, t + 1.85, "push box away")
    p.say(t + 1.85, t + 3.1, "lower arms")
    return p.clip(end_s=t + 4.0)


def _pour(p: Performance, start_s: float) -> float:
    """Right hand tilts a bottle over the glass and rights it again."""
    t = start_s
    tilt = Keys(0.0).move(t, t + 0.9, 1.02).move(t + 0.9, t + 2.2, 1.22).move(t + 2.3, t + 3.0, 0.0)
    angle = tilt.sample(p.time, sigma_s=0.05)[:, 0]
    p.right.spins.append(wrist_turn(pronate=angle))
    p.right.shifts.append(np.stack([-0.05 * angle, 0.05 * angle, 0 * angle], axis=1) * p.rig.scale)
    p.extra_torso += np.stack([0 * angle, 0 * angle, 0.03 * angle], axis=1)
    return t + 3.0


def pour_drink(rig: Rig) -> Clip:
    """Pour from a bottle into a glass, drink twice, put it down."""
    p = Performance(
        rig,
        "pour_drink",
        18.0,
        "A person pours water from a bottle into a glass, drinks from the glass and puts it down.",
        stance_m=0.22,
    )
    ahead, inward = (0.35, -0.08, 0.92), (0.92, 0.0, -0.35)
    left_ahead, left_inward = (-0.35, -0.08, 0.92), (-0.92, 0.0, -0.35)
    p.gaze.move(0.3, 0.7, (-0.2, 0.98, 0.42))
    p.right.move(0.7, 1.6, (-0.24, 1.03, 0.40), fingers=ahead, palm=inward, hold="preshape", arc=(-0.04, 0.05, 0.0))
    p.right.hold(1.5, 1.85, "cup")
    p.left.move(
        0.9, 1.9, (0.10, 0.99, 0.38), fingers=left_ahead, palm=left_inward, hold="preshape", arc=(0.05, 0.05, 0.0)
    )
    p.left.hold(1.85, 2.2, "cup")
    p.left.move(2.2, 3.0, (0.085, 1.08, 0.36))
    p.right.move(2.0, 3.0, (-0.13, 1.20, 0.38), arc=(-0.02, 0.04, -0.02))
    p.gaze.move(2.3, 2.8, (0.04, 1.12, 0.4))
    t = _pour(p, 3.0)
    p.right.move(t - 0.1, t + 0.9, (-0.24, 1.03, 0.40), arc=(-0.02, 0.05, 0.0))
    p.right.hold(t + 0.95, t + 1.25, "preshape").rest(t + 1.3, t + 2.4)
    p.gaze.move(t + 0.1, t + 0.5, (-0.2, 1.0, 0.42)).move(t + 1.0, t + 1.5, (0.05, 1.3, 0.9))
    p.say(0.7, 3.0, "take bottle and glass")
    p.say(3.0, t, "pour")
    p.say(t, t + 1.3, "put down bottle")
    sip = t + 1.3
    p.left.move(
        sip,
        sip + 1.0,
        (0.04, 1.442, 0.212),
        fingers=(-0.76, 0.45, 0.05),
        palm=(-0.32, -0.22, -0.90),
        arc=(0.03, 0.0, 0.02),
    )
    p.left.pole.move(sip, sip + 1.0, (0.60, -0.85, 0.05))
    tip = Keys(0.0).move(sip + 0.9, sip + 1.5, 0.42).move(sip + 2.2, sip + 2.7, 0.12).move(sip + 2.9, sip + 3.4, 0.55)
    tip.move(sip + 4.3, sip + 4.8, 0.0)
    angle = tip.sample(p.time, sigma_s=0.06)[:, 0]
    p.left.spins.append(wrist_turn(radial=0.35 * angle))
    p.left.shifts.append(np.stack([0.0 * angle, 0.045 * angle, 0.03 * angle], axis=1) * p.rig.scale)
    p.extra_gaze += np.stack([0 * angle, 0.9 * angle, 0 * angle], axis=1)
    p.torso.move(sip + 0.8, sip + 1.5, (-0.05, 0.0, 0.0)).move(sip + 4.4, sip + 5.0, (0.0, 0.0, 0.0))
    p.say(sip, sip + 1.0, "raise glass")
    p.say(sip + 1.0, sip + 4.8, "drink")
    down = sip + 4.8
    p.left.move(down, down + 1.1, (0.12, 0.99, 0.38), fingers=left_ahead, palm=left_inward, arc=(0.03, 0.0, 0.03))
    p.left.pole.move(down, down + 1.0, p.left.pole.first)
    p.gaze.move(down - 0.1, down + 0.4, (0.12, 1.0, 0.4)).move(down + 1.5, down + 2.2, (0.0, 1.5, 3.0))
    p.left.hold(down + 1.15, down + 1.45, "preshape").rest(down + 1.45, down + 2.6)
    p.say(down, down + 2.6, "put down glass")
    return p.clip(end_s=down + 3.4)
