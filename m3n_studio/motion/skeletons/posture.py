"""Settle a retargeted body: lean of the trunk, length of the torso, soles flat.

Skeleton files put hips, spine and ankles at places of their own, so equal rotations leave the
shoulders behind or above the file's, and the feet pitched. What is constant in that is
removed: the trunk is leaned and stretched until the shoulders are on average where the file's
are, and the feet are turned until their soles are level while they stand still. All
corrections are constants of the clip: they change no motion.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.body.model import BodyModel
from m3n_studio.body.shape import Shape, shape_space
from m3n_studio.body.skeleton import JOINT_INDEX, JOINTS, PARENTS
from m3n_studio.motion.skeletons.fit import fit_shape
from m3n_studio.motion.skeletons.motion import SkeletonMotion
from m3n_studio.motion.skeletons.names import JointMap
from m3n_studio.motion.skeletons.world import looked_at

Array = NDArray[np.float64]

#: How much of the lean each joint of the trunk takes.
LEAN_SHARES = {"pelvis": 0.5, "spine1": 1.0, "spine2": 1.0, "spine3": 1.0}
#: How much of a hand's rotation about the forearm the forearm (its wrist end) takes.
PRONATION_SHARE = 0.75
_LARGEST_LEAN = np.radians(20.0)
_LARGEST_PITCH = np.radians(40.0)
_LARGEST_SPREAD = np.radians(20.0)  # of a foot that stands; more, and it does not stand in this clip
_STILL_SHARE = 0.15  # of the frames count as standing


def _about_left(angle_rad: float) -> Array:
    return so3.matrix_from_rotvec(np.array([angle_rad, 0.0, 0.0]))


def rest_joints(model: BodyModel, shape: Shape) -> Array:
    """Rest joints (52, 3), m, in a clip's order; SMPL's missing fingers stay on the wrist."""
    joints = shape_space(model).joints(shape)
    place = {name: i for i, name in enumerate(model.joint_names)}
    out = np.zeros((len(JOINTS), 3))
    for i, name in enumerate(JOINTS):
        out[i] = joints[place[name]] if name in place else out[PARENTS[i]]
    return out


def pelvis_path(motion: SkeletonMotion, joints: JointMap, rotations: Array, rest: Array) -> Array:
    """Pelvis positions (T, 3), m, that put the middle of the hips where the skeleton's is."""
    hips = 0.5 * (rest[JOINT_INDEX["left_hip"]] + rest[JOINT_INDEX["right_hip"]]) - rest[0]
    j = joints.joints
    seen = 0.5 * (motion.positions[:, j["left_hip"]] + motion.positions[:, j["right_hip"]])
    return np.asarray(seen - rotations[:, 0] @ hips)


def place(name: str, rotations: Array, rest: Array, pelvis: Array) -> Array:
    """Position (T, 3), m, of one body joint: global rotations (T, 52, 3, 3), pelvis path (T, 3)."""
    out = pelvis
    i = JOINT_INDEX[name]
    while PARENTS[i] >= 0:
        out = out + rotations[:, PARENTS[i]] @ (rest[i] - rest[PARENTS[i]])
        i = PARENTS[i]
    return np.asarray(out)


def settle_trunk(
    model: BodyModel, motion: SkeletonMotion, joints: JointMap, rotations: Array, lengths_m: Mapping[str, float]
) -> tuple[Array, Shape, float]:
    """Lean and stretch the trunk until the shoulders are on average where the file's are.

    rotations : (T, 52, 3, 3) global. Returns the corrected rotations, the shape, the lean in rad.
    """
    frames = looked_at(motion)
    G, lengths, lean = rotations[frames], dict(lengths_m), 0.0
    seen = {side: motion.positions[frames, joints.joints[f"{side}_shoulder"]] for side in ("left", "right")}
    few = _some(motion, frames)
    shape = fit_shape(model, lengths)
    for _ in range(4):
        leant = _leant(G, lean)
        rest = rest_joints(model, shape)
        pelvis = pelvis_path(few, joints, leant, rest)
        error = np.zeros(3)
        for side, sign in (("left", 1.0), ("right", -1.0)):
            off = seen[side] - place(f"{side}_shoulder", leant, rest, pelvis)
            local = np.einsum("tba,tb->ta", leant[:, JOINT_INDEX["spine3"]], off).mean(axis=0)
            error += 0.5 * local * (sign, 1.0, 1.0)
        height = float(rest[JOINT_INDEX["left_shoulder"], 1] - rest[JOINT_INDEX["spine1"], 1]) + 0.5 * 0.12
        lean = float(np.clip(lean + error[2] / height, -_LARGEST_LEAN, _LARGEST_LEAN))
        lengths["shoulder_breadth"] = max(lengths.get("shoulder_breadth", 0.3) + 2.0 * float(error[0]), 0.05)
        lengths["torso"] = max(lengths.get("torso", 0.5) + float(error[1]), 0.1)
        shape = fit_shape(model, lengths)
    return _leant(rotations, lean), shape, lean


def _some(motion: SkeletonMotion, frames: NDArray[np.intp]) -> SkeletonMotion:
    return SkeletonMotion(
        motion.names, motion.parents, motion.offsets, motion.ends, motion.rotations[frames],
        motion.positions[frames], motion.valid[frames], motion.rate_hz,
    )  # fmt: skip


def _leant(rotations: Array, lean: float) -> Array:
    out = rotations.copy()
    for name, share in LEAN_SHARES.items():
        i = JOINT_INDEX[name]
        out[:, i] = rotations[:, i] @ _about_left(share * lean)
    return out


def share_pronation(rotations: Array, rest: Array, side: str) -> Array:
    """Let the forearm take its part of the hand's rotation about the forearm.

    Radius and ulna cross when the hand turns, so a watch turns with it; a file whose elbow is
    a hinge has all of that in the hand. Joint positions do not change.
    """
    elbow, wrist = JOINT_INDEX[f"{side}_elbow"], JOINT_INDEX[f"{side}_wrist"]
    bone = rest[wrist] - rest[elbow]
    bone = bone / np.linalg.norm(bone)
    relative = np.swapaxes(rotations[:, elbow], -1, -2) @ rotations[:, wrist]
    q = so3.continuous_quats(so3.quat_from_matrix(relative))
    twist = np.unwrap(2.0 * np.arctan2(q[:, 1:] @ bone, q[:, 0]))
    twist -= 2.0 * np.pi * np.round(np.median(twist) / (2.0 * np.pi))
    out = rotations.copy()
    out[:, elbow] = rotations[:, elbow] @ so3.matrix_from_rotvec(PRONATION_SHARE * twist[:, None] * bone)
    return out


def still_frames(motion: SkeletonMotion, joints: JointMap, side: str) -> NDArray[np.intp]:
    """Frames in which a foot stands: its ankle and toe move least."""
    points = [joints.joints[n] for n in (f"{side}_ankle", f"{side}_foot") if n in joints.joints]
    p = motion.positions[:, points]
    speed = np.zeros(len(p))
    speed[1:] = np.linalg.norm(np.diff(p, axis=0), axis=2).sum(axis=1)
    speed[:1] = speed[1:2] if len(speed) > 1 else 0.0
    speed = np.where(motion.valid, speed, np.inf)
    count = max(1, int(_STILL_SHARE * motion.valid.sum()))
    return np.argsort(speed, kind="stable")[:count]


def _pitch(rotations: Array, frames: NDArray[np.intp], joint: int) -> Array:
    """How far a foot points up (N,), rad."""
    return np.asarray(np.arcsin(np.clip(rotations[frames, joint, 1, 2], -1.0, 1.0)))


def level_feet(motion: SkeletonMotion, joints: JointMap, rotations: Array) -> tuple[Array, float]:
    """Turn the feet until soles are level while they stand; returns rotations and the mean turn in rad.

    A foot that is never still and steady (cycling, swimming) is left as the file has it.
    """
    out, turns = rotations.copy(), []
    for side in ("left", "right"):
        still = still_frames(motion, joints, side)
        ankle = JOINT_INDEX[f"{side}_ankle"]
        if float(np.subtract(*np.percentile(_pitch(rotations, still, ankle), [75.0, 25.0]))) > _LARGEST_SPREAD:
            continue
        for i in (ankle, JOINT_INDEX[f"{side}_foot"]):
            pitch = float(np.median(_pitch(rotations, still, i)))
            if abs(pitch) <= _LARGEST_PITCH:
                out[:, i] = rotations[:, i] @ _about_left(pitch)
                turns.append(pitch)
    return out, float(np.mean(turns)) if turns else 0.0
