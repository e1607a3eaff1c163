"""Calibrate a rig whose rest pose is no person's, from how it moves.

Pelvis and chest are framed by hips and shoulders. The rest is on average swung from its
parent without twist; the upper arm is turned so that the elbow bends forward. Rigs put frames
along the axes of a bone, the same way down a limb, so a constant is snapped to right angles
and, unless that is far worse, to the constant of the joint before: one rig is then calibrated
alike whatever it plays.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.motion.skeletons.motion import SkeletonMotion, slerp, swing, unit
from m3n_studio.motion.skeletons.names import JointMap
from m3n_studio.motion.skeletons.rig import (
    LIMBS,
    RIGHT_ANGLES,
    SIDES,
    Sample,
    body_frame,
    bone_direction,
    middle,
    nearest_right_angle,
)

Array = NDArray[np.float64]

_SNAP = np.radians(50.0)
_SAME, _FAR_WORSE = np.radians(20.0), np.radians(100.0)
_AXIS_ALIGNED = np.radians(12.0)


def _snap(c: Array, like: Array | None = None) -> Array:
    """Snap `c` to the nearest right angle, or to the constant of the joint before unless that is far worse."""
    nearest, angle = nearest_right_angle(c)
    aligned = like is not None and nearest_right_angle(like)[1] < _SAME
    if like is not None and aligned and float(so3.angle_between(like, c)) - angle < _FAR_WORSE:
        return like
    return nearest if angle < _SNAP else c


def _snap_bone(c: Array, rest: Array, bone: Array, like: Array | None = None) -> Array:
    """Snap the twist of `c` about a bone to a right angle of its frame, the bone's direction kept.

    rest : (3,) direction in the body; bone : (3,) the same in the joint's frame, ``c rest``;
    like : the constant of the joint before, taken unless it is far worse.
    """
    if np.arccos(np.clip(np.abs(bone).max(), -1.0, 1.0)) > _AXIS_ALIGNED:
        return c
    near = np.einsum("nab,b,a->n", RIGHT_ANGLES, _axis_of(rest), bone) > 0.9
    options = np.array([swing(r @ rest, bone) @ r for r in RIGHT_ANGLES[near]])
    angle = so3.angle_between(options, c)
    k = int(np.argmin(angle))
    if like is not None:
        same = so3.angle_between(RIGHT_ANGLES[near], like)
        i = int(np.argmin(same))
        if same[i] < _SAME and angle[i] - angle[k] < _FAR_WORSE:
            k = i
    return np.asarray(options[k])


def _axis_of(direction: Array) -> Array:
    out = np.zeros(3)
    k = int(np.argmax(np.abs(direction)))
    out[k] = np.sign(direction[k])
    return out


def from_motion(motion: SkeletonMotion, joints: JointMap, rest: dict[str, Array]) -> dict[str, Array]:
    """The constant of every joint in use; rest : the body's rest joints (3,), m."""
    m, j = Sample(motion, joints), joints.joints
    turns: dict[str, Array] = {}
    chest = f"spine:{len(joints.spine) - 1}" if joints.spine else "pelvis"
    hips, shoulders = middle(m.p, joints, "hip"), middle(m.p, joints, "shoulder")
    first = joints.spine[0] if joints.spine else j["pelvis"]
    above = m.p[:, first] - hips
    left = m.p[:, j["left_hip"]] - m.p[:, j["right_hip"]]
    far = np.linalg.norm(above, axis=1).mean() > 0.02
    turns["pelvis"] = _snap(body_frame(m.local("pelvis", left), m.local("pelvis", above if far else shoulders - hips)))
    if chest != "pelvis":
        left = m.p[:, j["left_shoulder"]] - m.p[:, j["right_shoulder"]]
        top = joints.neck[0] if joints.neck else j.get("head", -1)
        top_at = m.p[:, top] if top >= 0 else shoulders
        turns[chest] = _snap(body_frame(m.local(chest, left), m.local(chest, top_at - m.p[:, joints.chest])))
    pelvis_F, chest_F = m.turned("pelvis", turns["pelvis"]), m.turned(chest, turns[chest])
    for k in range(len(joints.spine) - 1):
        expected = slerp(pelvis_F, chest_F, (k + 1) / len(joints.spine))
        turns[f"spine:{k}"] = _snap(m.constant(f"spine:{k}", expected))
    before = chest
    for name in [*(f"neck:{k}" for k in range(len(joints.neck))), *(["head"] if "head" in j else [])]:
        turns[name] = _snap(m.constant(name, chest_F), turns[before])
        before = name
    for side in SIDES:
        _limbs_from_motion(m, joints, rest, turns, side, chest_F, pelvis_F)
    turns["chest"] = turns[chest]
    return turns


def _limbs_from_motion(
    m: Sample,
    joints: JointMap,
    rest: dict[str, Array],
    turns: dict[str, Array],
    side: str,
    chest: Array,
    pelvis: Array,
) -> None:
    j = joints.joints
    if f"{side}_collar" in j:
        turns[f"{side}_collar"] = _snap(m.constant(f"{side}_collar", chest))
    F = {"chest": chest, "pelvis": pelvis}
    for joint, parent, end in LIMBS:
        a, b = f"{side}_{joint}", f"{side}_{end}"
        expected = F[parent]
        if b in j:
            along = unit(m.p[:, j[b]] - m.p[:, j[a]])
            expected = swing(expected @ bone_direction(rest, a, b), along) @ expected
            if joint == "shoulder":
                expected = _elbow_forward(m, joints, side, expected, along)
            bone = unit(m.local(a, along))
            c = m.constant(a, expected)
            c = swing(c @ bone_direction(rest, a, b), bone) @ c
            like = turns.get(f"{side}_{parent}") if joint in ("elbow", "knee") else None
            turns[a] = _snap_bone(c, bone_direction(rest, a, b), bone, like)
        else:
            turns[a] = _snap(m.constant(a, expected))
        F[joint] = m.turned(a, turns[a])
    if f"{side}_foot" in j:
        turns[f"{side}_foot"] = _snap(m.constant(f"{side}_foot", F["ankle"]))
    turns[f"{side}_wrist"] = _snap(m.constant(f"{side}_wrist", F["elbow"]), turns[f"{side}_elbow"])
    for name in [n for n in j if n.startswith(side) and n[-1] in "123"]:
        hand = turns[f"{side}_wrist"]
        like = None if "thumb" in name else hand
        turns[name] = _snap(m.constant(name, m.turned(f"{side}_wrist", hand)), like)


def _elbow_forward(m: Sample, joints: JointMap, side: str, expected: Array, along: Array) -> Array:
    """Twist expected upper-arm rotations (N, 3, 3) so that the forearm bends to +z of each."""
    j = joints.joints
    forearm = m.p[:, j[f"{side}_wrist"]] - m.p[:, j[f"{side}_elbow"]]
    forward = forearm - along * np.sum(forearm * along, axis=1, keepdims=True)
    seen = m.constant(f"{side}_shoulder", expected)
    mean = unit(m.local(f"{side}_shoulder", forward))  # in the joint's frame: every frame counts by its bend
    bone = unit(m.local(f"{side}_shoulder", along))
    ahead = seen @ np.array([0.0, 0.0, 1.0])
    ahead = unit(ahead - bone * float(ahead @ bone))
    return m.turned(f"{side}_shoulder", np.asarray(swing(ahead, mean) @ seen))
