"""Remove the rest-pose difference: how each skeleton joint's frame sits in the body's.

For every joint in use a constant rotation C is found with ``F = G C``: G is what the file
says, F the body's global rotation, which is the identity when the body stands in its own rest
pose facing +z. Two ways lead there.

* The file's rest pose stands like a person (T, A, arms down, legs apart): then G = 1 there, so
  C is the body's rotation in that pose: bones are swung, without twist, onto the file's.
* It does not (Bandai-Namco, LaFAN: every bone along its own x): then C comes from the bone's
  direction in its frame and from the motion: pelvis and chest are framed by hips and shoulders;
  the rest is on average swung from its parent without twist, the upper arm is turned so that the elbow
  bends forward. Rigs put frames along the axes of a bone, the same way down a limb, so C is
  snapped to right angles and, unless that is far worse, to the constant of the joint before.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.motion.skeleton_map import JointMap
from m3n_studio.motion.skeleton_motion import SkeletonMotion, slerp, swing, unit
from m3n_studio.motion.world import looked_at

Array = NDArray[np.float64]

SIDES = ("left", "right")
#: Limb joints down the tree: (joint, the joint it is swung from, the joint its bone ends at).
LIMBS = (
    ("shoulder", "chest", "elbow"), ("elbow", "shoulder", "wrist"),
    ("hip", "pelvis", "knee"), ("knee", "hip", "ankle"), ("ankle", "knee", "foot"),
)  # fmt: skip
_SNAP = np.radians(50.0)
_SAME, _FAR_WORSE = np.radians(20.0), np.radians(100.0)
_AXIS_ALIGNED = np.radians(12.0)
_BENT, _FEWEST_BENT = np.radians(12.0), 10  # an elbow bent this far in so many frames shows its axis
_HINGE_PLAY = np.radians(3.0)
_LARGEST_HINGE_TWIST = np.radians(60.0)
#: The 24 rotations that map axes onto axes.
RIGHT_ANGLES = np.array([
    m for order in permutations(range(3)) for signs in product((1.0, -1.0), repeat=3)
    if np.linalg.det(m := np.eye(3)[list(order)] * np.array(signs)[:, None]) > 0
])  # fmt: skip


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


def used_joints(joints: JointMap) -> dict[str, int]:
    """Every name that gets a constant, and its skeleton joint (the hand's, for a wrist)."""
    out = dict(joints.joints)
    out.update(joints.palms)
    out.update({f"spine:{k}": j for k, j in enumerate(joints.spine)})
    out.update({f"neck:{k}": j for k, j in enumerate(joints.neck)})
    return out


def _nearest_right_angle(c: Array) -> tuple[Array, float]:
    angle = so3.angle_between(RIGHT_ANGLES, c)
    k = int(np.argmin(angle))
    return RIGHT_ANGLES[k], float(angle[k])


def _snap(c: Array, like: Array | None = None) -> Array:
    """Snap `c` to the nearest right angle, or to the constant of the joint before unless that is far worse."""
    nearest, angle = _nearest_right_angle(c)
    aligned = like is not None and _nearest_right_angle(like)[1] < _SAME
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


def _frame(left: Array, up: Array) -> Array:
    """Rotation whose columns are left, up made square to it, and forward."""
    x = unit(left)
    y = unit(up - x * float(x @ up))
    return np.column_stack([x, y, np.cross(x, y)])


def _mid(positions: Array, joints: JointMap, joint: str) -> Array:
    j = joints.joints
    return np.asarray(0.5 * (positions[..., j[f"left_{joint}"], :] + positions[..., j[f"right_{joint}"], :]))


def standing_frame(motion: SkeletonMotion, joints: JointMap) -> Array | None:
    """Left, up, forward (3, 3) of the file's rest pose if a person could stand like that, else None."""
    rest, j = motion.rest(), joints.joints
    up = unit(_mid(rest, joints, "shoulder") - _mid(rest, joints, "hip"))
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
    frame = _frame(left, up)
    nearest, angle = _nearest_right_angle(frame)
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
        hinges = frozenset(side for side in SIDES if _hinge(_Motion(motion, joints), joints, rest, turns, side))
        return Calibration(turns, standing=True, hinges=hinges)
    return Calibration(_from_motion(motion, joints, rest), standing=False)


def _bone(rest: dict[str, Array], a: str, b: str) -> Array:
    return unit(rest[b] - rest[a])


# -- the rest pose is a person's ---------------------------------------------------------


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
                turns[a] = swing(start @ _bone(rest, a, b), unit(place[j[b]] - place[j[a]])) @ start
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
    along = forearm @ _bone(rest, f"{side}_wrist", f"{side}_middle1")
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
            along = turns[name] @ _bone(rest, name, after)
            turns[name] = swing(along, unit(place[j[after]] - place[j[name]])) @ turns[name]


def _hinge(m: _Motion, joints: JointMap, rest: dict[str, Array], turns: dict[str, Array], side: str) -> bool:
    """Whether an elbow bends about one axis only; if so, the upper arm is turned so that it bends to +z.

    The body's elbow is a hinge too, and skin and elbow sensors follow it; a rig's hinge may be
    turned about the arm against ours (by 30 degrees in the CMU library).
    """
    j = joints.joints
    fore = m.p[:, j[f"{side}_wrist"]] - m.p[:, j[f"{side}_elbow"]]
    c, bone = turns[f"{side}_shoulder"], _bone(rest, f"{side}_shoulder", f"{side}_elbow")
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


# -- it is not: frames along the bones ---------------------------------------------------


class _Motion:
    """Good frames of a motion: G (N, J, 3, 3) and p (N, J, 3), and vectors in a joint's frame."""

    def __init__(self, motion: SkeletonMotion, joints: JointMap) -> None:
        frames = looked_at(motion)
        self.G, self.p = motion.rotations[frames], motion.positions[frames]
        self.place = used_joints(joints)

    def local(self, name: str, world: Array) -> Array:
        """Mean of world vectors (N, 3) in the frame of a joint."""
        return np.asarray(np.einsum("nba,nb->a", self.G[:, self.place[name]], world) / len(world))

    def constant(self, name: str, expected: Array) -> Array:
        """The constant that comes nearest to expected rotations F (N, 3, 3)."""
        return so3.polar(np.einsum("nba,nbc->ac", self.G[:, self.place[name]], expected) / len(expected))

    def turned(self, name: str, c: Array) -> Array:
        """F (N, 3, 3) of a joint."""
        return np.asarray(self.G[:, self.place[name]] @ c)


def _from_motion(motion: SkeletonMotion, joints: JointMap, rest: dict[str, Array]) -> dict[str, Array]:
    m, j = _Motion(motion, joints), joints.joints
    turns: dict[str, Array] = {}
    chest = f"spine:{len(joints.spine) - 1}" if joints.spine else "pelvis"
    hips, shoulders = _mid(m.p, joints, "hip"), _mid(m.p, joints, "shoulder")
    first = joints.spine[0] if joints.spine else j["pelvis"]
    above = m.p[:, first] - hips
    left = m.p[:, j["left_hip"]] - m.p[:, j["right_hip"]]
    far = np.linalg.norm(above, axis=1).mean() > 0.02
    turns["pelvis"] = _snap(_frame(m.local("pelvis", left), m.local("pelvis", above if far else shoulders - hips)))
    if chest != "pelvis":
        left = m.p[:, j["left_shoulder"]] - m.p[:, j["right_shoulder"]]
        top = joints.neck[0] if joints.neck else j.get("head", -1)
        top_at = m.p[:, top] if top >= 0 else shoulders
        turns[chest] = _snap(_frame(m.local(chest, left), m.local(chest, top_at - m.p[:, joints.chest])))
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
    m: _Motion,
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
            expected = swing(expected @ _bone(rest, a, b), along) @ expected
            if joint == "shoulder":
                expected = _elbow_forward(m, joints, side, expected, along)
            bone = unit(m.local(a, along))
            c = m.constant(a, expected)
            c = swing(c @ _bone(rest, a, b), bone) @ c
            like = turns.get(f"{side}_{parent}") if joint in ("elbow", "knee") else None
            turns[a] = _snap_bone(c, _bone(rest, a, b), bone, like)
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


def _elbow_forward(m: _Motion, joints: JointMap, side: str, expected: Array, along: Array) -> Array:
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
