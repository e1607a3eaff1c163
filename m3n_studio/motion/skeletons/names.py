"""Which joint of a skeleton is which joint of a body: by name, then by the tree.

A name is cut into side and part (``mixamorig:LeftUpLeg``, ``lfemur``, ``UpperLeg_L``,
``Bip01 L Thigh`` are all the left thigh). Limbs are named in tables; trunk and neck follow
from the tree: the pelvis is where the legs meet, the chest where the arms meet, the spine
what lies between, however many segments that is. Where no name is known, all of it is found by
the tree's shape (:mod:`m3n_studio.motion.skeletons.tree_shape`). Joints that are in neither are carried
along, so their rotation reaches what hangs on them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from m3n_studio.body.skeleton import FINGERS
from m3n_studio.errors import FileError
from m3n_studio.motion.skeletons.motion import SkeletonMotion
from m3n_studio.motion.skeletons.tree_shape import joints_by_shape

#: Words for each limb joint (SMPL's name without the side), best first.
LIMB_WORDS: dict[str, tuple[str, ...]] = {
    "collar": ("collar", "clavicle", "clav", "collarbone", "shoulder"),
    "shoulder": ("upperarm", "arm", "uparm", "humerus", "shldr", "shoulder"),
    "elbow": ("forearm", "lowerarm", "lowarm", "foarm", "elbow", "radius"),
    "wrist": ("hand", "wrist", "palm"),
    "hip": ("upleg", "upperleg", "thigh", "femur", "uppleg", "hip"),
    "knee": ("lowerleg", "leg", "lowleg", "shin", "tibia", "knee", "calf"),
    "ankle": ("foot", "ankle"),
    "foot": ("toebase", "toe", "toes", "ball", "toe0", "forefoot"),
}
#: Words that mean one joint in one convention and its parent in another: the first of the
#: two gets the word only if the second has a name of its own.
SHARED_WORDS = {"shoulder": ("collar", "shoulder")}
HEAD_WORDS = ("head",)
NECESSARY = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
#: Joints after the wrist that still move the whole hand.
PALM_WORDS = ("hand", "wrist", "palm", "fingerbase")
FINGER_WORDS = {
    "thumb": "thumb", "index": "index", "middle": "middle", "mid": "middle", "ring": "ring", "pinky": "pinky",
    "little": "pinky", "pink": "pinky",
    "first": "thumb", "second": "index", "third": "middle", "fourth": "ring", "fifth": "pinky",
}  # fmt: skip
#: Phalanges by name (Xsens), as segment numbers; the thumb has a metacarpal and no middle phalanx.
PHALANGES = {"mc": 1, "pp": 2, "dp": 3}
PHALANGES_OF_FINGERS = {"pp": 1, "mp": 2, "dp": 3}

_LONGEST_NAME = 100
_TOO_FEW = 2  # known names at most: the skeleton speaks another language
_STIFF = 1e-4  # rotation-matrix entries that change less belong to a joint that does not move
_PREFIX = re.compile(
    r"^(?:.*[:|])?(?:mixamorig\d*[\s_.-]*|(?:bip\d+|character\d*|actor\d*|skeleton\d*|ccbase|joint|jnt|def|b)[\s_.-]+)?(.*)$"
)
_SIDE = (
    re.compile(r"^(?P<side>left|right)[\s_.-]*(?P<part>.+)$"),
    re.compile(r"^(?P<side>l|r)[\s_.-]+(?P<part>.+)$"),
    re.compile(r"^(?P<part>.+?)[\s_.-]*(?P<side>left|right)$"),
    re.compile(r"^(?P<part>.+?)[\s_.-]+(?P<side>l|r)$"),
    re.compile(r"^(?P<side>l|r)(?P<part>.+)$"),
)
_FINGER = re.compile(rf"^(?:in)?(?:hand)?({'|'.join(FINGER_WORDS)})(?:finger)?(?:0?([1-4])|(mc|pp|mp|dp))$")
_BIPED_FINGER = re.compile(r"^finger([0-4])([12]?)$")
_SQUEEZE = re.compile(r"[^a-z0-9]")
_KNOWN = {word for words in LIMB_WORDS.values() for word in words} | set(PALM_WORDS)


@dataclass(frozen=True)
class JointMap:
    """The body's joints in a skeleton.

    Attributes
    ----------
    joints : dict of str to int
        SMPL joint name to the skeleton joint at its place. ``pelvis``, the limbs, ``head``,
        the fingers; no spine and no neck.
    spine : tuple of int
        From the first joint after the pelvis to the one that carries the arms.
    neck : tuple of int
        From the first joint after the chest to the one before the head.
    palms : dict of str to int
        For each wrist the joint that turns the hand; it may come after the wrist's.
    by_shape : bool
        Whether the names were unknown and the tree's shape told the joints.
    """

    joints: dict[str, int]
    spine: tuple[int, ...]
    neck: tuple[int, ...]
    palms: dict[str, int]
    by_shape: bool = False

    @property
    def chest(self) -> int:
        """The joint that carries the arms."""
        return self.spine[-1] if self.spine else self.joints["pelvis"]


def split_name(name: str) -> tuple[str, str]:
    """Side (``"left"``, ``"right"`` or ``""``) and part of a joint's name, lower case, letters and digits only."""
    name = name.strip().lower()[:_LONGEST_NAME]
    match = _PREFIX.match(name)
    bare = match[1] if match and match[1] else name
    for k, pattern in enumerate(_SIDE):
        found = pattern.match(bare)
        if not found:
            continue
        part = _SQUEEZE.sub("", found["part"])
        glued = k == len(_SIDE) - 1  # "lfemur", but not "lowerback"
        if part and (not glued or part in _KNOWN or _finger(part)):
            return ("left" if found["side"].startswith("l") else "right"), part
    return "", _SQUEEZE.sub("", bare)


def _finger(part: str) -> tuple[str, int] | None:
    """Finger and segment (1 to 4) that a part names, if it names one."""
    biped = _BIPED_FINGER.match(part)
    if biped:
        finger = ("thumb", "index", "middle", "ring", "pinky")[int(biped[1])]
        return finger, int(biped[2] or 0) + 1
    match = _FINGER.match(part)
    if match is None:
        return None
    finger = FINGER_WORDS[match[1]]
    if match[2]:
        return finger, int(match[2])
    segment = (PHALANGES if finger == "thumb" else PHALANGES_OF_FINGERS).get(match[3])
    return (finger, segment) if segment else None


def _limbs(parts: dict[tuple[str, str], int], side: str) -> dict[str, int]:
    """Limb joints of one side by SMPL's name."""
    out: dict[str, int] = {}
    for joint, words in LIMB_WORDS.items():
        found = next((parts[side, w] for w in words if (side, w) in parts), None)
        if found is not None:
            out[f"{side}_{joint}"] = found
    for first, second in SHARED_WORDS.values():
        if out.get(f"{side}_{first}", -1) == out.get(f"{side}_{second}", -2):
            del out[f"{side}_{first}"]  # one joint, two meanings: the limb's own joint
    return out


def _meeting(motion: SkeletonMotion, a: int, b: int) -> int:
    """The nearest joint that carries both."""
    above = set(motion.ancestors(b))
    return next((j for j in motion.ancestors(a) if j in above), -1)


def _between(motion: SkeletonMotion, top: int, bottom: int) -> tuple[int, ...]:
    """Joints after `top` down to `bottom`, itself included; empty if `bottom` is not under `top`."""
    up = motion.ancestors(bottom)
    return tuple(reversed(up[: up.index(top)])) if top in up else ()


def _moving(motion: SkeletonMotion, chain: tuple[int, ...], *, keep: int) -> tuple[int, ...]:
    """A chain without the joints, but `keep`, that never turn against their parent."""
    frames = slice(None, None, max(1, len(motion.rotations) // 50))
    out = []
    for j in chain:
        parent = motion.parents[j]
        turn = np.swapaxes(motion.rotations[frames, parent], -1, -2) @ motion.rotations[frames, j]
        if j == keep or np.abs(turn - turn[0]).max() > _STIFF:
            out.append(j)
    return tuple(out)


def _palm(motion: SkeletonMotion, parts: dict[tuple[str, str], int], side: str, elbow: int) -> tuple[int, int] | None:
    """The joint at the wrist and the one that turns the hand: first and last of the hand's words."""
    found = [parts[side, w] for w in PALM_WORDS if (side, w) in parts]
    under = sorted((j for j in found if elbow in motion.ancestors(j)), key=lambda j: len(motion.ancestors(j)))
    return (under[0], under[-1]) if under else None


def map_joints(path: Path, motion: SkeletonMotion) -> JointMap:
    """Find the body in a skeleton.

    Raises
    ------
    FileError
        Saying which joints were looked for and not found.
    """
    parts: dict[tuple[str, str], int] = {}
    for j, name in enumerate(motion.names):
        parts.setdefault(split_name(name), j)
    joints = {**_limbs(parts, "left"), **_limbs(parts, "right")}
    palms: dict[str, int] = {}
    for side in ("left", "right"):
        hand = _palm(motion, parts, side, joints.get(f"{side}_elbow", -1))
        if hand:
            joints[f"{side}_wrist"], palms[f"{side}_wrist"] = hand
    by_shape = len(joints) <= _TOO_FEW and joints_by_shape(motion)
    if by_shape:
        joints = by_shape
        palms = {name: j for name, j in joints.items() if name.endswith("wrist")}
    _check(path, motion, joints)
    pelvis = _meeting(motion, joints["left_hip"], joints["right_hip"])
    chest = _meeting(motion, joints["left_shoulder"], joints["right_shoulder"])
    if pelvis < 0 or chest < 0:
        raise FileError(path, field="HIERARCHY", found="legs or arms that hang on different roots",
                        expected="one tree")  # fmt: skip
    joints["pelvis"] = pelvis
    spine = _moving(motion, _between(motion, pelvis, chest), keep=chest)
    neck: tuple[int, ...] = ()
    head = next((parts["", w] for w in HEAD_WORDS if ("", w) in parts), joints.get("head"))
    if head is not None:
        joints["head"] = head
        neck = _between(motion, _meeting(motion, head, chest), head)[:-1]
        neck = _moving(motion, neck, keep=neck[0]) if neck else ()
    joints.update(_fingers(motion, parts, joints))
    return JointMap(joints, spine, neck, palms, bool(by_shape))


def _fingers(motion: SkeletonMotion, parts: dict[tuple[str, str], int], joints: dict[str, int]) -> dict[str, int]:
    out: dict[str, int] = {}
    for (side, part), j in parts.items():
        finger = _finger(part) if side else None
        if finger and finger[1] <= 3 and joints[f"{side}_wrist"] in motion.ancestors(j):
            out.setdefault(f"{side}_{finger[0]}{finger[1]}", j)
    whole = {f"{side}_{f}" for side in ("left", "right") for f in FINGERS if f"{side}_{f}1" in out}
    return {name: j for name, j in out.items() if name[:-1] in whole}


def _check(path: Path, motion: SkeletonMotion, joints: dict[str, int]) -> None:
    missing = [f"{side}_{j}" for j in NECESSARY for side in ("left", "right") if f"{side}_{j}" not in joints]
    if missing:
        first = LIMB_WORDS[missing[0].split("_", 1)[1]]
        shown = ", ".join(motion.names[:8]) + (" ..." if len(motion.names) > 8 else "")
        raise FileError(
            path, field="HIERARCHY", found=f"no {', '.join(missing)} among the joints {shown[:200]}",
            expected=f"a human skeleton (a {missing[0].replace('_', ' ')} is called {', '.join(first)})",
        )  # fmt: skip
    for side in ("left", "right"):
        for upper, lower in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle")):
            a, b = joints[f"{side}_{upper}"], joints[f"{side}_{lower}"]
            if a == b or a not in motion.ancestors(b):
                raise FileError(path, field=f"joint {motion.names[b]}", found=f"it does not hang on {motion.names[a]}",
                                expected=f"{side} {lower} below {side} {upper}")  # fmt: skip
