"""Turn people from MakeHuman's A-pose (arms 49 degrees down) into SMPL's T-pose.

Every person is turned by rotations of their own, so that poses do not leak into the shape space:
arms along x, palms down, fingers straight and level, legs about where SMPL's template has them.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from m3n_studio import so3
from m3n_studio.body.skeleton import JOINT_INDEX, JOINTS, MIRROR, PARENTS

from .adults import Mesh
from .makehuman import Assets

#: Where the template's pelvis is put, m: that of SMPL, so recorded translations keep their meaning.
PELVIS = np.array([0.0, -0.235, 0.028])
#: The part of the arm's turn from A to T that the collar bone takes.
COLLAR_SHARE = 0.3
#: Degrees by which thighs point outwards and forwards, shanks inwards and backwards, toes outwards:
#: about those of SMPL, so recorded leg poses put the feet where they were.
THIGH, SHANK, TOES = (5.0, 1.5), (2.0, 4.5), 8.0
#: MakeHuman's hip joints sit in the middle of the thigh; people's are nearer to the midline.
HIP_INWARD = 0.84


def turn(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Smallest rotations (N, 3, 3) taking directions a (N, 3) to b (3,) or (N, 3)."""
    a = a / np.linalg.norm(a, axis=-1, keepdims=True)
    b = np.broadcast_to(b / np.linalg.norm(b, axis=-1, keepdims=True), a.shape)
    axis = np.cross(a, b)
    sine = np.linalg.norm(axis, axis=-1, keepdims=True)
    angle = np.arctan2(sine, np.sum(a * b, axis=-1, keepdims=True))
    return so3.matrix_from_rotvec(axis / np.maximum(sine, 1e-12) * angle)


def frames(along: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Right-handed frames (N, 3, 3) with x along and y as near `across` as can be."""
    x = along / np.linalg.norm(along, axis=-1, keepdims=True)
    z = np.cross(x, across)
    z /= np.linalg.norm(z, axis=-1, keepdims=True)
    return np.stack([x, np.cross(z, x), z], axis=-1)


@dataclass(frozen=True)
class Skeleton:
    """Rig joints (N, 52, 3) of many people and the tips (N, 3) of their fingers."""

    joints: np.ndarray
    tips: dict[str, np.ndarray]


FINGER_NUMBER = {"thumb": 1, "index": 2, "middle": 3, "ring": 4, "pinky": 5}


def read_skeleton(assets: Assets, people: np.ndarray) -> Skeleton:
    def centre(cube: str) -> np.ndarray:
        return people[:, assets.cube(f"joint-{cube}")].mean(axis=1, dtype=np.float64)

    joints = np.stack([people[:, assets.anchor(name)].mean(axis=1, dtype=np.float64) for name in JOINTS], axis=1)
    joints[:, JOINT_INDEX["head"]] = centre("head")
    for side in ("left", "right"):
        s = side[0]
        joints[:, JOINT_INDEX[f"{side}_collar"]] = (2 * centre(f"{s}-clavicle") + centre(f"{s}-scapula")) / 3
        joints[:, JOINT_INDEX[f"{side}_hip"], 0] *= HIP_INWARD
    mirrored = joints[:, MIRROR] * (-1, 1, 1)
    joints = 0.5 * (joints + mirrored)
    tips = {}
    for finger, number in FINGER_NUMBER.items():
        left, right = (centre(f"{s}-finger-{number}-4") for s in "lr")
        tips[f"left_{finger}"] = 0.5 * (left + right * (-1, 1, 1))
        tips[f"right_{finger}"] = tips[f"left_{finger}"] * (-1, 1, 1)
    return Skeleton(joints, tips)


def t_pose_rotations(skeleton: Skeleton) -> np.ndarray:
    """Global rotations (N, 52, 3, 3) from each person's own pose into the T-pose."""
    j = {name: skeleton.joints[:, i] for name, i in JOINT_INDEX.items()}
    out = np.broadcast_to(np.eye(3), (*skeleton.joints.shape[:2], 3, 3)).copy()
    side_x = np.array([1.0, 0.0, 0.0])
    s = "left"
    arm = turn(j[f"{s}_elbow"] - j[f"{s}_shoulder"], side_x)
    out[:, JOINT_INDEX[f"{s}_collar"]] = so3.matrix_from_rotvec(COLLAR_SHARE * so3.rotvec_from_matrix(arm))
    # the hand: knuckles point along x, the row of knuckles lies level, so the palm looks down
    knuckles = j[f"{s}_index1"] - j[f"{s}_pinky1"]
    hand = frames(j[f"{s}_middle1"] - j[f"{s}_wrist"], knuckles)
    level = frames(side_x[None], np.array([[0.0, 0.0, 1.0]]))
    g_hand = level @ hand.transpose(0, 2, 1)
    g_fore = turn(j[f"{s}_wrist"] - j[f"{s}_elbow"], side_x)
    # what the hand is twisted more than the forearm is shared: upper arm a third, forearm two thirds
    extra = so3.rotvec_from_matrix(g_hand @ g_fore.transpose(0, 2, 1)) * (1, 0, 0)
    out[:, JOINT_INDEX[f"{s}_shoulder"]] = so3.matrix_from_rotvec(extra / 3) @ arm
    out[:, JOINT_INDEX[f"{s}_elbow"]] = so3.matrix_from_rotvec(extra * 2 / 3) @ g_fore
    out[:, JOINT_INDEX[f"{s}_wrist"]] = g_hand
    for finger in FINGER_NUMBER:
        straighten(out, j, skeleton.tips[f"left_{finger}"], finger, g_hand)
    legs_down(out, j)
    flip = np.diag([-1.0, 1.0, 1.0])
    for name, index in JOINT_INDEX.items():
        if name.startswith("right_"):
            out[:, index] = flip @ out[:, JOINT_INDEX["left_" + name[6:]]] @ flip
    return out


def legs_down(out: np.ndarray, j: dict[str, np.ndarray]) -> None:
    """Turn the left leg's bones to where SMPL's template has them; the sole stays flat."""
    out_deg, front_deg = np.radians(THIGH)
    in_deg, back_deg = np.radians(SHANK)
    thigh = np.array([np.tan(out_deg), -1.0, np.tan(front_deg)])
    shank = np.array([-np.tan(in_deg), -1.0, -np.tan(back_deg)])
    out[:, JOINT_INDEX["left_hip"]] = turn(j["left_knee"] - j["left_hip"], thigh)
    out[:, JOINT_INDEX["left_knee"]] = turn(j["left_ankle"] - j["left_knee"], shank)
    for name in ("left_ankle", "left_foot"):
        out[:, JOINT_INDEX[name]] = so3.matrix_from_rotvec(np.array([0.0, np.radians(TOES), 0.0]))


def straighten(out: np.ndarray, j: dict[str, np.ndarray], tip: np.ndarray, finger: str, hand: np.ndarray) -> None:
    """Lay one left finger's three bones along one line in the plane of the palm; the thumb keeps its slant."""
    points = [j[f"left_{finger}{k}"] for k in (1, 2, 3)] + [tip]
    bones = [np.einsum("nab,nb->na", hand, b - a) for a, b in itertools.pairwise(points)]
    whole = bones[0] + bones[1] + bones[2]
    aim = (whole / np.linalg.norm(whole, axis=1, keepdims=True)).mean(axis=0)
    if finger != "thumb":
        aim = aim * (1.0, 0.0, 0.6)  # in the plane of the palm, and a little closed
    for k, bone in enumerate(bones, start=1):
        own = bone / np.linalg.norm(bone, axis=1, keepdims=True)
        goal = aim / np.linalg.norm(aim) if finger != "thumb" else 0.5 * own.mean(axis=0) + 0.5 * aim
        out[:, JOINT_INDEX[f"left_{finger}{k}"]] = turn(bone, goal) @ hand


def bake(people: np.ndarray, skeleton: Skeleton, rotations: np.ndarray, mesh: Mesh,
         weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Vertices (N, V, 3) and joints (N, 52, 3) of all people in the T-pose, pelvis at :data:`PELVIS`."""
    joints = skeleton.joints.copy()
    joints[:, 0] = PELVIS
    for j, parent in enumerate(PARENTS[1:], start=1):
        bone = skeleton.joints[:, j] - skeleton.joints[:, parent]
        joints[:, j] = joints[:, parent] + np.einsum("nab,nb->na", rotations[:, parent], bone)
    offset = joints - np.einsum("njab,njb->nja", rotations, skeleton.joints)
    out = np.empty((len(people), len(mesh.keep), 3))
    for n, person in enumerate(people):
        affine = np.concatenate([rotations[n], offset[n, :, :, None]], axis=2).reshape(-1, 12)
        blend = (weights @ affine).reshape(-1, 3, 4)
        out[n] = np.einsum("vab,vb->va", blend[..., :3], person[mesh.keep].astype(np.float64)) + blend[..., 3]
    return out, joints
