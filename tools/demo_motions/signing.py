"""A signed phrase: HELLO, NICE, MEET, YOU, THANK-YOU.

Composed from written descriptions of these signs of American Sign Language for its rich finger
and wrist motion; no signer has checked it, so it is a stand-in for signing, not teaching material.
"""

from __future__ import annotations

import numpy as np

from m3n_studio.motion.clip import Clip

from .performance import Performance
from .rig import Rig


def _hello(p: Performance, t: float) -> float:
    """A flat hand leaves the temple, outwards, like a small salute."""
    p.right.use(t, t + 0.7, p.rig.fingertip("right"))
    p.right.move(
        t,
        t + 0.75,
        (-0.135, 1.60, 0.20),
        fingers=(0.55, 0.82, 0.05),
        palm=(0.35, -0.30, 0.85),
        hold="flat",
        arc=(-0.05, 0.0, 0.06),
    )
    p.right.pole.move(t, t + 0.75, (-0.85, -0.55, 0.15))
    p.right.move(
        t + 0.95,
        t + 1.45,
        (-0.31, 1.63, 0.33),
        fingers=(-0.10, 0.95, 0.25),
        palm=(0.12, -0.20, 1.0),
        arc=(0.0, 0.03, 0.02),
    )
    p.extra_gaze += 0.0
    p.say(t, t + 1.65, "HELLO")
    return t + 1.65


def _nice(p: Performance, t: float) -> float:
    """The right palm strokes along the upturned left palm, from heel to fingertips."""
    p.left.move(
        t - 0.3,
        t + 0.55,
        (0.06, 1.12, 0.33),
        fingers=(-0.72, 0.05, 0.68),
        palm=(0.0, 1.0, 0.1),
        hold="flat",
        arc=(0.05, 0.0, 0.04),
    )
    p.right.use(t, t + 0.6, p.rig.grip("right"))
    p.right.move(
        t,
        t + 0.65,
        (0.045, 1.092, 0.30),
        fingers=(0.55, 0.0, 0.80),
        palm=(0.05, -1.0, 0.0),
        hold="flat",
        arc=(-0.06, 0.0, 0.05),
    )
    p.right.pole.move(t, t + 0.65, (-0.75, -0.65, -0.1))
    p.right.move(
        t + 0.72,
        t + 1.22,
        (-0.075, 1.096, 0.45),
        fingers=(0.40, 0.04, 0.90),
        palm=(0.05, -1.0, 0.05),
        arc=(0.0, 0.004, 0.0),
    )
    p.say(t, t + 1.3, "NICE")
    return t + 1.3


def _meet(p: Performance, t: float) -> float:
    """Two upright index fingers, palms facing, come together like two people."""
    for arm, out in ((p.left, 1.0), (p.right, -1.0)):
        arm.use(t, t + 0.6, p.rig.grip(arm.side))
        arm.move(
            t,
            t + 0.65,
            (0.19 * out, 1.20, 0.37),
            fingers=(-0.10 * out, 0.80, 0.58),
            palm=(-1.0 * out, 0.0, 0.05),
            hold="point",
            arc=(0.03 * out, 0.02, 0.0),
        )
        arm.move(
            t + 0.72,
            t + 1.25,
            (0.014 * out, 1.21, 0.38),
            fingers=(-0.12 * out, 0.84, 0.52),
            palm=(-1.0 * out, 0.0, 0.05),
        )
    p.torso.move(t + 0.7, t + 1.25, (0.03, 0.0, 0.0))
    p.say(t, t + 1.45, "MEET")
    return t + 1.45


def _you(p: Performance, t: float) -> float:
    """The right index finger points at the person in front."""
    p.left.move(t, t + 0.6, (0.13, 1.03, 0.32), fingers=(-0.55, 0.12, 0.8), palm=(-0.65, -0.75, -0.2), hold="relaxed")
    p.right.use(t, t + 0.5, p.rig.fingertip("right"))
    p.right.move(
        t + 0.02,
        t + 0.60,
        (-0.06, 1.22, 0.56),
        fingers=(0.15, 0.10, 1.0),
        palm=(0.35, -0.93, 0.0),
        hold="point",
        arc=(-0.02, 0.02, -0.05),
    )
    p.right.move(t + 0.60, t + 0.85, (-0.06, 1.225, 0.585))
    p.say(t, t + 1.0, "YOU")
    return t + 1.0


def _thank_you(p: Performance, t: float) -> float:
    """The fingertips of a flat hand leave the chin, forward and down, with a nod."""
    p.right.use(t, t + 0.6, p.rig.fingertip("right", "middle"))
    p.right.move(
        t,
        t + 0.7,
        (-0.02, 1.475, 0.20),
        fingers=(0.50, 0.80, -0.10),
        palm=(0.10, -0.15, -0.95),
        hold="flat",
        arc=(-0.05, -0.03, 0.07),
    )
    p.right.move(
        t + 0.85,
        t + 1.45,
        (-0.09, 1.28, 0.50),
        fingers=(0.18, 0.42, 0.88),
        palm=(-0.05, 0.85, -0.45),
        arc=(0.0, 0.03, 0.03),
    )
    p.gaze.move(t + 0.85, t + 1.25, (0.0, 1.18, 2.6)).move(t + 1.35, t + 1.8, (0.0, 1.58, 2.6))
    p.torso.move(t + 0.85, t + 1.35, (0.07, 0.0, 0.0)).move(t + 1.5, t + 2.0, (0.0, 0.0, 0.0))
    p.say(t, t + 1.6, "THANK-YOU")
    return t + 1.75


def sign_phrase(rig: Rig) -> Clip:
    """HELLO, NICE MEET YOU, THANK-YOU."""
    p = Performance(rig, "sign_phrase", 13.5, "A person signs with both hands: hello, nice to meet you, thank you.")
    p.gaze.move(0.3, 0.7, (0.0, 1.58, 2.6))
    lean = p.noise(2, rms=0.012, low_hz=0.2, high_hz=0.6)
    p.extra_torso += np.concatenate([lean, 0 * lean[:, :1]], axis=1)
    t = _hello(p, 0.9)
    t = _nice(p, t + 0.10)
    t = _meet(p, t + 0.05)
    t = _you(p, t + 0.05)
    t = _thank_you(p, t + 0.25)
    p.right.rest(t + 0.2, t + 1.3)
    p.left.rest(t - 0.6, t + 0.6)
    p.right.pole.move(t + 0.2, t + 1.3, p.right.pole.first)
    p.say(t + 0.2, t + 1.3, "lower hands")
    return p.clip(end_s=t + 2.1)
