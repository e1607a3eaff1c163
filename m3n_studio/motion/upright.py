"""Turn motions upright: from z-up, from camera frames, or from a frame nobody declared.

A standing or walking person balances: averaged over a clip, the trunk is above the ankles.
That direction tells the up axis of a file that does not, and the tilt of a camera that saw a
person. It fails for people who lie or crawl all the time; then state the axis.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.body.model import BodyModel
from m3n_studio.body.skeleton import JOINT_INDEX, N_BODY_JOINTS, PARENTS
from m3n_studio.motion.clip import Clip

Array = NDArray[np.float64]

#: Rotations (3, 3) that bring a declared up axis to +y; "z" keeps x, "x" keeps z.
TO_Y_UP = {
    "y": np.eye(3),
    "z": np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
    "x": np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]),
    "-y": np.diag([1.0, -1, -1]),
    "-z": np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
    "-x": np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]]),
}
_AXES = {"x": (1, 0, 0), "y": (0, 1, 0), "z": (0, 0, 1), "-x": (-1, 0, 0), "-y": (0, -1, 0), "-z": (0, 0, -1)}


def model_joints(model: BodyModel) -> Array:
    """Rest joints (22, 3), m, of the body joints in a clip's order."""
    index = {name: i for i, name in enumerate(model.joint_names)}
    return model.joints[[index[name] for name in tuple(JOINT_INDEX)[:N_BODY_JOINTS]]]


def body_up(poses: Array, rest: Array) -> Array:
    """Mean direction (3,), not normalised, from the ankles to the trunk.

    poses : (T, >= 22, 3) rad; rest : (22, 3) m. Length 1 would be a person who never leans.
    """
    local = so3.matrix_from_rotvec(poses[:, :N_BODY_JOINTS])
    rotation, position = local.copy(), np.zeros((len(poses), N_BODY_JOINTS, 3))
    for j in range(1, N_BODY_JOINTS):
        parent = PARENTS[j]
        rotation[:, j] = rotation[:, parent] @ local[:, j]
        position[:, j] = position[:, parent] + rotation[:, parent] @ (rest[j] - rest[parent])
    return up_of_positions(position)


def up_of_positions(position: Array) -> Array:
    """As :func:`body_up`, from joint positions (T, 22, 3)."""
    trunk = 0.5 * (position[:, JOINT_INDEX["pelvis"]] + position[:, JOINT_INDEX["neck"]])
    ankles = 0.5 * (position[:, JOINT_INDEX["left_ankle"]] + position[:, JOINT_INDEX["right_ankle"]])
    across = trunk - ankles
    return np.asarray((across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)).mean(axis=0))


def nearest_axis(direction: Array) -> tuple[str, float]:
    """The signed axis nearest to a direction (3,) and the cosine of the angle between."""
    unit = direction / max(float(np.linalg.norm(direction)), 1e-9)
    name = max(_AXES, key=lambda axis: float(unit @ _AXES[axis]))
    return name, float(unit @ _AXES[name])


def turn(poses: Array, trans: Array, R: Array, pelvis: Array) -> tuple[Array, Array]:
    """Turn a motion about the world's origin.

    The pelvis' path ``pelvis + trans`` is turned, so ``trans' = R (pelvis + trans) - pelvis``.

    poses : (T, 52, 3) rad; trans : (T, 3) m; R : (3, 3); pelvis : (3,) rest pelvis joint, m.
    """
    out = poses.copy()
    out[:, 0] = so3.rotvec_from_matrix(R @ so3.matrix_from_rotvec(poses[:, 0]))
    return out, (trans + pelvis) @ R.T - pelvis


def turn_clip(clip: Clip, R: Array, model: BodyModel) -> Clip:
    """A clip turned about the world's origin; see :func:`turn`."""
    pelvis = clip.shape.scale * model.joints[0]
    poses, trans = turn(clip.poses, clip.trans, R, pelvis)
    return clip.with_(poses=poses, trans=trans)


def find_up(clip: Clip, model: BodyModel, *, declared: str = "auto", usual: str = "y") -> tuple[str, str]:
    """The axis that is up in a clip as read, and a note on how that is known.

    declared : what the user states, or "auto"; usual : the format's, where the motion does not tell.
    """
    if declared != "auto":
        return declared, f"{declared}-up as stated"
    axis, cosine = nearest_axis(body_up(clip.poses[clip.valid], model_joints(model)))
    if cosine < 0.8:
        return usual, f"taken to be {usual}-up: the person's posture does not tell"
    return axis, f"{axis}-up, found from the person's posture"


def level_camera(clip: Clip, model: BodyModel, *, limit_deg: float = 50.0) -> tuple[Clip, str]:
    """From a camera frame (x right, y down, z forward) to y-up, the camera's tilt removed.

    The tilt is the angle from the frame's -y to the person's mean up direction; beyond
    `limit_deg` it is the person who lies, not the camera that tilts, and none is removed.
    """
    R = TO_Y_UP["-y"]
    up = R @ body_up(clip.poses[clip.valid], model_joints(model))
    tilt = float(np.degrees(np.arccos(np.clip(up[1] / max(float(np.linalg.norm(up)), 1e-9), -1, 1))))
    if tilt > limit_deg:
        return turn_clip(clip, R, model), f"camera taken to be level: the person is {tilt:.0f}° from upright"
    R = so3.rotation_between(up, (0.0, 1.0, 0.0)) @ R
    return turn_clip(clip, R, model), f"camera tilt of {tilt:.1f}° removed, estimated from the person's mean posture"
