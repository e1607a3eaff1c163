"""With the whole body: lifting a box from the floor, sitting down and standing up."""

from __future__ import annotations

from m3n_studio.motion.clip import Clip

from .performance import Performance
from .rig import OUTWARD, Rig


def squat_lift(rig: Rig) -> Clip:
    """Squat, grasp, lift to the waist, set the box on a table, and back."""
    p = Performance(
        rig,
        "squat_lift",
        13.0,
        "A person squats, grasps a box on the floor with both hands, lifts it and puts it on a table.",
        stance_m=0.34,
    )
    p.reach_share = 0.25
    p.gaze.move(0.3, 0.8, (0.0, 0.2, 0.5))
    p.pelvis.move(0.8, 2.3, (0.0, -0.455, -0.17)).move(3.1, 4.7, (0.0, -0.03, 0.0))
    p.pelvis_turn.move(0.7, 2.2, (0.52, 0.0, 0.0)).move(3.2, 4.8, (-0.02, 0.0, 0.0))
    p.torso.move(0.9, 2.3, (0.50, 0.0, 0.0)).move(3.0, 4.7, (-0.10, 0.0, 0.0))
    for arm in (p.left, p.right):
        out, late = OUTWARD[arm.side], 0.03 * (arm.side == "left")
        inward = (-out, 0.0, -0.1)
        arm.move(
            0.9 + late,
            2.4 + late,
            (0.20 * out, 0.22, 0.36),
            fingers=(-0.05 * out, -0.75, 0.65),
            palm=inward,
            hold="open",
            arc=(0.06 * out, 0.0, 0.05),
        )
        arm.move(
            2.4 + late, 2.8 + late, (0.175 * out, 0.20, 0.36), fingers=(-0.15 * out, -0.7, 0.7), palm=inward, hold="cup"
        )
        arm.move(
            3.05, 4.8, (0.175 * out, 0.98, 0.30), fingers=(-0.15 * out, -0.35, 0.95), palm=inward, arc=(0.0, 0.0, 0.05)
        )
        arm.move(
            5.4, 6.5, (0.175 * out, 1.08, 0.44), fingers=(-0.15 * out, -0.15, 1.0), palm=inward, arc=(0.0, 0.04, 0.0)
        )
        arm.move(6.6, 7.3, (0.175 * out, 1.00, 0.47), fingers=(-0.15 * out, -0.2, 1.0), palm=inward)
        arm.hold(7.4, 7.8, "open")
        arm.move(7.6, 8.3, (0.26 * out, 1.05, 0.36), fingers=(-0.1 * out, -0.1, 1.0), palm=inward)
        arm.rest(8.5 + late, 9.7 + late)
    p.gaze.move(3.4, 4.4, (0.0, 1.05, 1.2)).move(5.3, 5.9, (0.0, 0.98, 0.6)).move(9.0, 9.9, (0.0, 1.5, 3.0))
    p.pelvis.move(5.3, 6.5, (0.0, -0.02, 0.05)).move(8.3, 9.5, (0.0, 0.0, 0.0))
    p.torso.move(5.4, 6.8, (0.14, 0.0, 0.0)).move(7.6, 9.2, (0.0, 0.0, 0.0))
    p.pelvis_turn.move(5.4, 6.6, (0.04, 0.0, 0.0)).move(8.3, 9.5, (0.0, 0.0, 0.0))
    p.pelvis.move(10.4, 11.2, (0.02, -0.006, 0.0))
    p.say(0.7, 2.3, "squat")
    p.say(2.3, 3.0, "grasp box")
    p.say(3.0, 4.9, "lift box")
    p.say(5.2, 7.4, "put box on table")
    p.say(7.4, 9.8, "let go and step back upright")
    return p.clip()


def sit_stand(rig: Rig) -> Clip:
    """Sit down on a chair, rest with the hands on the thighs, stand up."""
    p = Performance(
        rig,
        "sit_stand",
        14.0,
        "A person sits down on a chair, rests with the hands on the thighs, and stands up again.",
        stance_m=0.24,
    )
    p.reach_share = 0.0
    sit, stand = 1.0, 8.6
    p.gaze.move(0.3, 0.8, (0.1, 1.0, 1.6)).move(2.6, 3.4, (0.0, 1.15, 3.0))
    p.gaze.move(4.4, 5.0, (1.4, 1.2, 2.6)).move(6.0, 6.6, (0.0, 1.1, 3.0))
    p.pelvis.move(sit, sit + 1.9, (0.0, -0.395, -0.40), (0.0, 0.03, -0.05))
    p.pelvis_turn.move(sit - 0.1, sit + 1.0, (0.55, 0.0, 0.0)).move(sit + 1.2, sit + 2.5, (-0.10, 0.0, 0.0))
    p.torso.move(sit - 0.1, sit + 1.0, (0.26, 0.0, 0.0)).move(sit + 1.2, sit + 2.5, (0.10, 0.0, 0.0))
    for arm in (p.left, p.right):
        out, late = OUTWARD[arm.side], 0.05 * (arm.side == "left")
        on_thigh = (0.125 * out, 0.60, -0.06)
        arm.move(
            sit + 0.3 + late,
            sit + 2.0 + late,
            on_thigh,
            fingers=(-0.22 * out, -0.10, 1.0),
            palm=(-0.08 * out, -1.0, -0.10),
            hold="relaxed",
            arc=(0.05 * out, 0.10, 0.10),
        )
        if arm is p.left:
            arm.move(5.1, 5.7, (0.10, 0.60, -0.02), arc=(0.0, 0.03, 0.0))
        arm.move(stand - 0.2, stand + 0.4, (0.125 * out, 0.61, 0.0))
        arm.move(stand + 0.25 + late, stand + 1.05 + late, (0.26 * out, 0.72, -0.02), arc=(0.03 * out, 0.0, 0.0))
        arm.rest(stand + 0.8 + late, stand + 2.1 + late)
    p.torso.move(4.4, 5.2, (0.08, 0.12, 0.02)).move(6.0, 6.8, (0.10, 0.0, 0.0))
    p.pelvis_turn.move(stand - 0.5, stand + 0.55, (0.52, 0.0, 0.0)).move(stand + 0.5, stand + 1.9, (0.0, 0.0, 0.0))
    p.torso.move(stand - 0.5, stand + 0.5, (0.34, 0.0, 0.0)).move(stand + 0.6, stand + 2.0, (0.0, 0.0, 0.0))
    p.pelvis.move(stand, stand + 1.8, (0.0, 0.0, 0.0), (0.0, 0.0, 0.05))
    p.gaze.move(stand - 0.3, stand + 0.3, (0.0, 0.8, 1.8)).move(stand + 0.9, stand + 1.7, (0.0, 1.5, 3.0))
    p.say(sit, sit + 2.4, "sit down")
    p.say(sit + 2.4, stand - 0.5, "sit")
    p.say(stand - 0.5, stand + 2.0, "stand up")
    return p.clip()
