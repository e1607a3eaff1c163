"""Joint names and trees of the SMPL family.

Clips hold the 52 joints of SMPL-H: 22 of the body, 15 of each hand. SMPL has 24 (its two
hand joints stand for whole hands), SMPL-X 55 (jaw and eyes come between body and hands).
"""

from __future__ import annotations

BODY_JOINTS = (
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2",
    "left_ankle", "right_ankle", "spine3", "left_foot", "right_foot", "neck", "left_collar",
    "right_collar", "head", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow",
    "left_wrist", "right_wrist",
)  # fmt: skip
FINGERS = ("index", "middle", "pinky", "ring", "thumb")


def _hand(side: str) -> tuple[str, ...]:
    return tuple(f"{side}_{finger}{segment}" for finger in FINGERS for segment in (1, 2, 3))


#: The joints of a clip, in SMPL-H order.
JOINTS: tuple[str, ...] = BODY_JOINTS + _hand("left") + _hand("right")
N_JOINTS = len(JOINTS)  # 52
N_BODY_JOINTS = len(BODY_JOINTS)  # 22
JOINT_INDEX = {name: i for i, name in enumerate(JOINTS)}

_BODY_PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)


def _hand_parents(first: int, wrist: int) -> tuple[int, ...]:
    out: list[int] = []
    for finger in range(5):
        start = first + 3 * finger
        out += [wrist, start, start + 1]
    return tuple(out)


#: Parent of each of the 52 joints; -1 for the pelvis.
PARENTS: tuple[int, ...] = _BODY_PARENTS + _hand_parents(22, 20) + _hand_parents(37, 21)

SMPL_JOINTS = (*BODY_JOINTS, "left_hand", "right_hand")
SMPL_PARENTS = (*_BODY_PARENTS, 20, 21)
SMPLX_JOINTS = (*BODY_JOINTS, "jaw", "left_eye", "right_eye", *_hand("left"), *_hand("right"))
SMPLX_PARENTS = (*_BODY_PARENTS, 15, 15, 15, *_hand_parents(25, 20), *_hand_parents(40, 21))

#: Joint names by model family, in the model's own order.
FAMILY_JOINTS = {"smpl": SMPL_JOINTS, "smplh": JOINTS, "smplx": SMPLX_JOINTS}
FAMILY_PARENTS = {"smpl": SMPL_PARENTS, "smplh": PARENTS, "smplx": SMPLX_PARENTS}


def mirror_name(name: str) -> str:
    """The name on the other side: ``left_knee`` <-> ``right_knee``; others unchanged."""
    if name.startswith("left_"):
        return "right_" + name[5:]
    if name.startswith("right_"):
        return "left_" + name[6:]
    return name


#: For each of the 52 joints, the index of its mirror image.
MIRROR: tuple[int, ...] = tuple(JOINT_INDEX[mirror_name(name)] for name in JOINTS)
