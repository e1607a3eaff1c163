"""Remove the rest-pose difference: how each skeleton joint's frame sits in the body's.

For every joint in use a constant rotation C is found with ``F = G C``: G is what the file
says, F the body's global rotation, which is the identity when the body stands in its own rest
pose facing +z. Two ways lead there.

* The file's rest pose stands like a person (T, A, arms down, legs apart): then G = 1 there, so
  C is the body's rotation in that pose: bones are swung, without twist, onto the file's.
* It does not (Bandai-Namco, LaFAN: every bone along its own x): then C comes from the motion;
  see :mod:`m3n_studio.motion.skeletons.calibrate_motion`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.motion.skeletons.calibrate_motion import from_motion
from m3n_studio.motion.skeletons.motion import SkeletonMotion, swing, unit
from m3n_studio.motion.skeletons.names import JointMap
from m3n_studio.motion.skeletons.rig import (
    LIMBS,
    SIDES,
    Sample,
    body_frame,
    bone_direction,
    middle,
    nearest_right_angle,
    used_joints,
)

Array = NDArray[np.float64]

_BENT, _FEWEST_BENT = np.radians(12.0), 10  # an elbow bent this far in so many frames shows its axis
_HINGE_PLAY = np.radians(3.0)
_LARGEST_HINGE_TWIST = np.radians(60.0)


@dataclass(frozen=True, eq=False)
class Calibration:
    """The constant rotations.

    Attributes
    ----------
    turns : dict of str to (3, 3)
        C by name: body joints, ``spine:0`` ..., ``neck:0`` ....
    standing : bool
        Whether the file's rest pose was used.
    hinges : frozenset of str
        Sides whose elbow is a hinge in the file, so that the forearm's rotation about itself
        is in the hand alone.
    """

    turns: dict[str, Array]
    standing: bool
    hinges: frozenset[str] = frozenset()


def standing_frame(motion: SkeletonMotion, joints: JointMap) -> Array | None:
    """Left, up, forward (3, 3) of the file's rest pose if a person could stand like that, else None."""
    rest, j = motion.rest(), joints.joints
    up = unit(middle(rest, joints, "shoulder") - middle(rest, joints, "hip"))
    left = unit(rest[j["left_hip"]] - rest[j["right_hip"]])
    across = unit(rest[j["left_shoulder"]] - rest[j["right_shoulder"]])
    if float(left @ across) < 0.8 or abs(float(left @ up)) > 0.4:
        return None
    for side, sign in (("left", 1.0), ("right", -1.0)):
        thigh = unit(rest[j[f"{side}_knee"]] - rest[j[f"{side}_hip"]])
        shank = unit(rest[j[f"{side}_ankle"]] - rest[j[f"{side}_knee"]])
        arm = unit(rest[j[f"{side}_wrist"]] - rest[j[f"{side}_shoulder"]])
        if max(float(thigh @ up), float(shank @ up)) > -0.7 or sign * float(arm @ left) < -0.3 or float(arm @ up) > 0.5:
            return None
    frame = body_frame(left, up)
    nearest, angle = nearest_right_angle(frame)
    return nearest if angle < np.radians(25.0) else frame


def calibrate(motion: SkeletonMotion, joints: JointMap, rest: dict[str, Array]) -> Calibration:
    """The constants of every joint in use.

    Parameters
    ----------
    rest : dict of str to (3,)
        The body's rest joints, m.
    """
    frame = standing_frame(motion, joints)
    if frame is not None:
        turns = _from_rest(motion, joints, rest, frame)
        hinges = frozenset(side for side in SIDES if _hinge(Sample(motion, joints), joints, rest, turns, side))
        return Calibration(turns, standing=True, hinges=hinges)
    return Calibration(from_motion(motion, joints, rest), standing=False)


def _from_rest(motion: SkeletonMotion, joints: JointMap, rest: dict[str, Array], frame: Array) -> dict[str, Array]:
    place, j = motion.rest(), joints.joints
    turns = dict.fromkeys(used_joints(joints), frame)
    turns["chest"] = frame
    for side in SIDES:
        for joint, parent, end in LIMBS:
            a, b = f"{side}_{joint}", f"{side}_{end}"
            start = turns[parent if parent in ("chest", "pelvis") else f"{side}_{parent}"]
            turns[a] = start
            if b in j and np.linalg.norm(place[j[b]] - place[j[a]]) > 1e-6:
                turns[a] = swing(start @ bone_direction(rest, a, b), unit(place[j[b]] - place[j[a]])) @ start
        if f"{side}_foot" in j:
            turns[f"{side}_foot"] = turns[f"{side}_ankle"]
        turns[f"{side}_wrist"] = _hand_from_rest(motion, joints, rest, turns[f"{side}_elbow"], side)
        _fingers_from_rest(motion, joints, rest, turns, side)
    return turns


def _hand_from_rest(
    motion: SkeletonMotion, joints: JointMap, rest: dict[str, Array], forearm: Array, side: str
) -> Array:
    """The hand goes on as the forearm does, unless its own bone is known and not far off."""
    j, place = joints.joints, motion.rest()
    wrist, palm = j[f"{side}_wrist"], joints.palms[f"{side}_wrist"]
    tip = j.get(f"{side}_middle1")
    end = place[tip] if tip is not None else place[palm] + motion.ends.get(palm, np.zeros(3))
    bone = end - place[wrist]
    along = forearm @ bone_direction(rest, f"{side}_wrist", f"{side}_middle1")
    if np.linalg.norm(bone) < 0.02 or float(unit(bone) @ along) < 0.7:
        return forearm
    return np.asarray(swing(along, unit(bone)) @ forearm)


def _fingers_from_rest(
    motion: SkeletonMotion, joints: JointMap, rest: dict[str, Array], turns: dict[str, Array], side: str
) -> None:
    j, place = joints.joints, motion.rest()
    for name in [n for n in j if n.startswith(side) and n[-1] in "123"]:
        finger, segment = name[:-1], int(name[-1])
        before = f"{finger}{segment - 1}" if segment > 1 else f"{side}_wrist"
        turns[name] = turns.get(before, turns[f"{side}_wrist"])
        after = f"{finger}{segment + 1}"
        if after in j and np.linalg.norm(place[j[after]] - place[j[name]]) > 1e-6:
            along = turns[name] @ bone_direction(rest, name, after)
            turns[name] = swing(along, unit(place[j[after]] - place[j[name]])) @ turns[name]


def _hinge(m: Sample, joints: JointMap, rest: dict[str, Array], turns: dict[str, Array], side: str) -> bool:
    """Whether an elbow bends about one axis only; if so, the upper arm is turned so that it bends to +z.

    The body's elbow is a hinge too, and skin and elbow sensors follow it; a rig's hinge may be
    turned about the arm against ours (by 30 degrees in the CMU library).
    """
    j = joints.joints
    fore = m.p[:, j[f"{side}_wrist"]] - m.p[:, j[f"{side}_elbow"]]
    c, bone = turns[f"{side}_shoulder"], bone_direction(rest, f"{side}_shoulder", f"{side}_elbow")
    local = np.einsum("nba,nb->na", m.turned(f"{side}_shoulder", c), unit(fore))
    across = local - np.outer(local @ bone, bone)
    bent = np.linalg.norm(across, axis=1) > np.sin(_BENT)
    if bent.sum() < _FEWEST_BENT:
        return False
    across = unit(across[bent])
    mean = unit(across.mean(axis=0))
    if float(np.min(across @ mean)) < np.cos(_HINGE_PLAY):
        return False
    ahead = unit(np.array([0.0, 0.0, 1.0]) - bone * bone[2])
    twist = float(np.arctan2(np.cross(ahead, mean) @ bone, ahead @ mean))
    if abs(twist) > _LARGEST_HINGE_TWIST:
        return False
    turns[f"{side}_shoulder"] = c @ so3.matrix_from_rotvec(twist * bone)
    return True
