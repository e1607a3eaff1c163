"""One known motion of the default body, written as skeleton files in every convention the readers know."""

import warnings
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from m3n_studio import so3
from m3n_studio.body.files import default_body
from m3n_studio.body.forward import joints_over_time
from m3n_studio.body.skeleton import JOINT_INDEX, JOINTS, PARENTS

RATE_HZ = 50.0
#: Rotations from the file's axes to y-up.
TO_Y_UP = {
    "y": np.eye(3),
    "z": np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
    "x": np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]),
}


@lru_cache(maxsize=1)
def known_motion() -> tuple[np.ndarray, np.ndarray]:
    """Global rotations (T, 52, 3, 3) and joint positions (T, 52, 3): stands and gestures, then walks to +z."""
    model, frames = default_body(), 120
    t = np.arange(frames) / RATE_HZ
    poses = np.zeros((frames, 52, 3))
    walk = np.clip(t - 1.2, 0.0, 0.3) / 0.3
    swing = 0.5 * walk * np.sin(2 * np.pi * t)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        poses[:, JOINT_INDEX[f"{side}_hip"], 0] = -sign * swing
        poses[:, JOINT_INDEX[f"{side}_knee"], 0] = walk * 0.35 * (1.0 + sign * np.cos(2 * np.pi * t))
        poses[:, JOINT_INDEX[f"{side}_shoulder"]] = np.column_stack(
            [0.2 * np.sin(3 * t), -sign * 0.4 * np.cos(2 * t), -sign * (1.0 + 0.3 * np.sin(2.5 * t))]
        )
        bend = 0.8 + 0.4 * np.sin(4 * t + sign)
        poses[:, JOINT_INDEX[f"{side}_elbow"]] = np.column_stack(
            [0.3 * np.sin(5 * t), -sign * bend, sign * 0.25 * np.sin(3 * t + 1)]
        )
        poses[:, JOINT_INDEX[f"{side}_wrist"]] = np.column_stack(
            [0.2 * np.sin(t), 0.1 * np.cos(3 * t), 0.2 * sign * np.sin(4 * t)]
        )
        poses[:, JOINT_INDEX[f"{side}_collar"], 2] = sign * 0.1 * np.sin(3 * t)
        for finger in ("index", "middle", "ring", "pinky"):
            for k in (1, 2, 3):
                poses[:, JOINT_INDEX[f"{side}_{finger}{k}"], 2] = -sign * 0.4 * (1 - np.cos(2 * t))
    for k in (1, 2, 3):
        poses[:, JOINT_INDEX[f"spine{k}"]] = np.column_stack([0.04 * np.sin(2 * t), 0.06 * np.sin(3 * t), 0 * t])
    poses[:, JOINT_INDEX["head"]] = np.column_stack([0.1 * np.sin(t), 0.3 * np.sin(2 * t), 0 * t])
    G, _ = joints_over_time(model, poses, np.zeros((frames, 3)))
    for side in ("left", "right"):  # soles stay level
        G[:, [JOINT_INDEX[f"{side}_ankle"], JOINT_INDEX[f"{side}_foot"]]] = np.eye(3)
    p = np.zeros((frames, 52, 3))
    rest = model.joints
    for j, parent in enumerate(PARENTS):
        if parent >= 0:
            p[:, j] = p[:, parent] + G[:, parent] @ (rest[j] - rest[parent])
    ankles = p[:, [JOINT_INDEX["left_ankle"], JOINT_INDEX["right_ankle"]], 1].min(axis=1)
    p[..., 1] += (rest[JOINT_INDEX["left_ankle"], 1] - model.vertices[:, 1].min() - ankles)[:, None]
    p[..., 2] += (0.5 * np.cumsum(walk) / RATE_HZ)[:, None]
    return G, p


@dataclass(frozen=True)
class Convention:
    """How an exporter writes a body.

    names : SMPL joint to the file's; joints without a name are left out.
    folded : (name, SMPL joint): joints without offset put above that joint, not turned.
    rest : "T", "A" (arms 50 degrees down), "down" (arms at the sides) or "bones" (every bone along its own x).
    """

    names: dict[str, str]
    folded: tuple[tuple[str, str], ...] = ()
    unit_m: float = 0.01
    up: str = "y"
    order: str = "ZXY"
    rest: str = "T"
    positions_everywhere: bool = False
    newline: str = "\n"
    separator: str = " "
    root_above: str = ""
    ends: dict[str, str] = field(default_factory=dict)


def _sided(left: dict[str, str], old: str, new: str) -> dict[str, str]:
    out = dict(left)
    for joint, name in left.items():
        if joint.startswith("left_"):
            out[joint.replace("left_", "right_")] = name.replace(old, new, 1)
    return out


_FINGERS = {f"left_{f}{k}": f"LeftHand{f.capitalize()}{k}" for f in ("thumb", "index", "middle", "ring", "pinky")
            for k in (1, 2, 3)}  # fmt: skip
_CMU = _sided({
    "pelvis": "Hips", "spine1": "LowerBack", "spine2": "Spine", "spine3": "Spine1", "neck": "Neck", "head": "Head",
    "left_hip": "LeftUpLeg", "left_knee": "LeftLeg", "left_ankle": "LeftFoot", "left_foot": "LeftToeBase",
    "left_collar": "LeftShoulder", "left_shoulder": "LeftArm", "left_elbow": "LeftForeArm", "left_wrist": "LeftHand",
}, "Left", "Right")  # fmt: skip
_MIXAMO = _sided({**{k: v for k, v in _CMU.items() if not k.startswith("right")}, **_FINGERS}, "Left", "Right")
_MIXAMO |= {"spine1": "Spine", "spine2": "Spine1", "spine3": "Spine2"}
_XSENS = _sided({
    "pelvis": "Hips", "spine1": "Chest", "spine2": "Chest2", "spine3": "Chest4", "neck": "Neck", "head": "Head",
    "left_hip": "LeftHip", "left_knee": "LeftKnee", "left_ankle": "LeftAnkle", "left_foot": "LeftToe",
    "left_collar": "LeftCollar", "left_shoulder": "LeftShoulder", "left_elbow": "LeftElbow", "left_wrist": "LeftWrist",
}, "Left", "Right")  # fmt: skip
_MVN = _sided({
    "pelvis": "Pelvis", "spine1": "L5", "spine2": "L3", "spine3": "T8", "neck": "Neck", "head": "Head",
    "left_hip": "LeftUpperLeg", "left_knee": "LeftLowerLeg", "left_ankle": "LeftFoot", "left_foot": "LeftToe",
    "left_collar": "LeftShoulder", "left_shoulder": "LeftUpperArm", "left_elbow": "LeftForeArm",
    "left_wrist": "LeftHand",
}, "Left", "Right")  # fmt: skip
_BIPED = _sided({
    "pelvis": "Bip01 Pelvis", "spine1": "Bip01 Spine", "spine2": "Bip01 Spine1", "spine3": "Bip01 Spine2",
    "neck": "Bip01 Neck", "head": "Bip01 Head", "left_hip": "Bip01 L Thigh", "left_knee": "Bip01 L Calf",
    "left_ankle": "Bip01 L Foot", "left_foot": "Bip01 L Toe0", "left_collar": "Bip01 L Clavicle",
    "left_shoulder": "Bip01 L UpperArm", "left_elbow": "Bip01 L Forearm", "left_wrist": "Bip01 L Hand",
}, " L ", " R ")  # fmt: skip
_BANDAI = {
    "pelvis": "Hips", "spine1": "Spine", "spine2": "Spine1", "spine3": "Chest", "neck": "Neck", "head": "Head",
}  # fmt: skip
for _side, _letter in (("left", "L"), ("right", "R")):
    for _joint, _name in (
        ("hip", "UpperLeg"), ("knee", "LowerLeg"), ("ankle", "Foot"), ("foot", "Toes"),
        ("collar", "Shoulder"), ("shoulder", "UpperArm"), ("elbow", "LowerArm"), ("wrist", "Hand"),
    ):  # fmt: skip
        _BANDAI[f"{_side}_{_joint}"] = f"{_name}_{_letter}"
_DAZ = _sided({
    "pelvis": "hip", "spine1": "abdomen", "spine2": "waist", "spine3": "chest", "neck": "neck", "head": "head",
    "left_hip": "lThigh", "left_knee": "lShin", "left_ankle": "lFoot", "left_foot": "lToe", "left_collar": "lCollar",
    "left_shoulder": "lShldr", "left_elbow": "lForeArm", "left_wrist": "lHand",
}, "l", "r")  # fmt: skip

CONVENTIONS = {
    "cmu": Convention(_CMU, (("LHipJoint", "left_hip"), ("RHipJoint", "right_hip"), ("Neck1", "head")),
                      unit_m=0.0254 / 0.45, order="ZYX"),
    "cmu daz": Convention(_DAZ, (("lButtock", "left_hip"), ("rButtock", "right_hip")), order="YZX", rest="A"),
    "mixamo": Convention({k: f"mixamorig:{v}" for k, v in _MIXAMO.items()}),
    "motionbuilder": Convention(_XSENS, order="XYZ", rest="down", newline="\r\n", separator="\t"),
    "xsens": Convention(_XSENS, order="YXZ"),
    "xsens mvn, z-up, m": Convention(_MVN, up="z", unit_m=1.0, order="YXZ", rest="down"),
    "biped, z-up, inch": Convention(_BIPED, up="z", unit_m=0.0254, rest="A"),
    "x-up, mm": Convention(_CMU, up="x", unit_m=0.001),
    "bandai": Convention(_BANDAI, rest="bones", positions_everywhere=True, root_above="joint_Root"),
    "lafan": Convention(_MIXAMO, rest="bones", order="ZYX"),
}  # fmt: skip


def rest_rotations(kind: str) -> np.ndarray:
    """Global rotations (52, 3, 3) of the body in a file's rest pose."""
    H = np.tile(np.eye(3), (len(JOINTS), 1, 1))
    if kind == "bones":
        return _along_x(H)
    down = {"T": 0.0, "A": np.radians(50.0), "down": np.pi / 2}[kind]
    for side, sign in (("left", 1.0), ("right", -1.0)):
        turned = so3.matrix_from_rotvec(np.array([0.0, 0.0, -sign * down]))
        for j in range(len(JOINTS)):
            chain = [j]
            while PARENTS[chain[-1]] >= 0:
                chain.append(PARENTS[chain[-1]])
            if JOINT_INDEX[f"{side}_shoulder"] in chain:
                H[j] = turned
    return H


def _along_x(H: np.ndarray) -> np.ndarray:
    """Frames with x along the bone (backward on the right side, as rigs that mirror have it), twist at right angles."""
    for j, name in enumerate(JOINTS):
        if "hip" in name or "knee" in name:
            H[j] = [[0, -1, 0], [1, 0, 0], [0, 0, 1]] if "left" in name else [[0, 1, 0], [0, 0, 1], [1, 0, 0]]
        elif any(part in name for part in ("shoulder", "elbow", "wrist")):
            H[j] = [[1, 0, 0], [0, 0, -1], [0, 1, 0]] if "left" in name else [[1, 0, 0], [0, -1, 0], [0, 0, -1]]
        elif "pelvis" in name or "spine" in name or name in ("neck", "head"):
            H[j] = [[0, 1, 0], [0, 0, 1], [1, 0, 0]] if name != "spine1" else [[0, 1, 0], [1, 0, 0], [0, 0, -1]]
    return H


def _nodes(convention: Convention) -> list[tuple[str, str, int]]:
    """(file name, SMPL joint it turns with, or its parent's, index of the parent) of every joint, parents first."""
    out, place = [], {}
    above = -1
    if convention.root_above:
        out.append((convention.root_above, "", -1))
        above = 0
    folded = {joint: name for name, joint in convention.folded}
    for joint, parent in zip(JOINTS, PARENTS, strict=True):
        if joint not in convention.names:
            continue
        at = place[JOINTS[parent]] if parent >= 0 else above
        if joint in folded:
            out.append((folded[joint], JOINTS[parent], at))
            at = len(out) - 1
        place[joint] = len(out)
        out.append((convention.names[joint], joint, at))
    return out


def write_bvh(
    path: Path, convention: Convention, *, heading_rad: float = 0.0, shift_m: tuple[float, float, float] = (0, 0, 0)
) -> Path:
    """The known motion in a convention, turned about the vertical and shifted."""
    G, p = known_motion()
    about = so3.matrix_from_rotvec(np.array([0.0, heading_rad, 0.0]))
    G, p = about @ G, p @ about.T + np.array(shift_m)
    H, U = rest_rotations(convention.rest), TO_Y_UP[convention.up]
    rest, nodes = default_body().joints, _nodes(convention)
    source = [np.swapaxes(U, 0, 1) @ G[:, JOINT_INDEX[s]] @ H[JOINT_INDEX[s]].T @ U if s else
              np.broadcast_to(np.eye(3), (len(G), 3, 3)) for _, s, _ in nodes]  # fmt: skip
    offsets, steps, columns = [], [], []
    for k, (_, joint, parent) in enumerate(nodes):
        above = nodes[parent][1] if parent >= 0 else ""
        if above and above != joint:
            offset = H[JOINT_INDEX[above]] @ (rest[JOINT_INDEX[joint]] - rest[JOINT_INDEX[above]])
            step = np.tile(offset, (len(G), 1))
        else:
            moving = joint == "pelvis" and (parent < 0 or not above)
            offset, step = np.zeros(3), p[:, 0] if moving else np.zeros((len(G), 3))
        offsets.append(offset @ U / convention.unit_m)
        steps.append(step @ U / convention.unit_m)
        local = source[k] if parent < 0 else np.swapaxes(source[parent], 1, 2) @ source[k]
        with warnings.catch_warnings():  # a gimbal lock leaves one angle free; zero is as good as any
            warnings.simplefilter("ignore", UserWarning)
            turned = Rotation.from_matrix(local).as_euler(convention.order, degrees=True)
        positions = convention.positions_everywhere or (joint == "pelvis" and (parent < 0 or not above))
        columns.append(np.hstack([steps[k], turned]) if positions else turned)
    tree, order = _tree(nodes, offsets, columns, convention)
    lines = ["HIERARCHY", *tree]
    lines += ["MOTION", f"Frames:{convention.separator}{len(G)}", f"Frame Time:{convention.separator}{1 / RATE_HZ:.6f}"]
    lines += [convention.separator.join(f"{x:.6f}" for x in row) for row in np.hstack([columns[k] for k in order])]
    path.write_bytes((convention.newline.join(lines) + convention.newline).encode())
    return path


def _tree(nodes: list, offsets: list, columns: list, convention: Convention) -> tuple[list[str], list[int]]:
    """Lines of the hierarchy, and the nodes in the order they stand in it."""
    lines: list[str] = []
    order: list[int] = []

    def write(k: int, depth: int) -> None:
        order.append(k)
        pad = "\t" * depth
        turns = " ".join(f"{axis}rotation" for axis in convention.order)
        channels = f"CHANNELS 3 {turns}"
        if columns[k].shape[1] == 6:
            channels = f"CHANNELS 6 Xposition Yposition Zposition {turns}"
        lines.extend([f"{pad}{'JOINT' if depth else 'ROOT'} {nodes[k][0]}", pad + "{",
                      pad + "\tOFFSET " + " ".join(f"{x:.6f}" for x in offsets[k]), pad + "\t" + channels])  # fmt: skip
        below = [i for i, node in enumerate(nodes) if node[2] == k]
        for i in below:
            write(i, depth + 1)
        if not below:
            lines.extend([pad + "\tEnd Site", pad + "\t{", pad + "\t\tOFFSET 0 0 0", pad + "\t}"])
        lines.append(pad + "}")

    write(0, 0)
    return lines, order


#: Bones of an .asf: name, SMPL joint; a bone without a joint only carries its child away from a forked parent.
_ASF = {
    "hip": "femur", "knee": "tibia", "ankle": "foot", "foot": "toes", "collar": "clavicle", "shoulder": "humerus",
    "elbow": "radius", "wrist": "wrist",
}  # fmt: skip


def write_asf_amc(folder: Path, *, unit: float = 0.45, radians: bool = False) -> Path:
    """The known motion as ``07.asf`` and ``07_02.amc``; bones have turned axes, as real ones do."""
    G, p = known_motion()
    scale = 0.0254 / unit
    rest = default_body().joints
    names = {"pelvis": "root", "spine1": "lowerback", "spine2": "upperback", "spine3": "thorax", "neck": "lowerneck",
             "head": "head"}  # fmt: skip
    names |= {f"{s}_{j}": s[0] + n for s in ("left", "right") for j, n in _ASF.items()}
    angle = (lambda r: r) if radians else np.degrees
    bones, links, rows = [], [], {}
    for joint, name in names.items():
        j = JOINT_INDEX[joint]
        children = [c for c in names if PARENTS[JOINT_INDEX[c]] == j]
        axis = Rotation.from_euler("xyz", [10 * j % 70, -20, 35 - 3 * j], degrees=True)
        step = rest[JOINT_INDEX[children[0]]] - rest[j] if len(children) == 1 else np.zeros(3)
        parent = np.broadcast_to(np.eye(3), (len(G), 3, 3)) if j == 0 else G[:, PARENTS[j]]
        local = np.swapaxes(parent, 1, 2) @ G[:, j]
        if j == 0:
            turn = Rotation.from_matrix(local).as_euler("xyz")
            rows[name] = np.hstack([p[:, 0] / scale, angle(turn)])
        else:
            turn = (axis.inv() * Rotation.from_matrix(local) * axis).as_euler("xyz")
            rows[name] = angle(turn)
            bones.append((name, step, axis, True))
        if len(children) > 1:
            for child in children:
                away = f"{name}_to_{names[child]}"
                bones.append((away, rest[JOINT_INDEX[child]] - rest[j], Rotation.identity(), False))
                links += [f"{name} {away}", f"{away} {names[child]}"]
        elif children:
            links.append(f"{name} {names[children[0]]}")
    lines = ["# written by a test", ":version 1.10", ":units", "  mass 1.0", f"  length {unit}",
             f"  angle {'rad' if radians else 'deg'}", ":root", "  order TX TY TZ RX RY RZ", "  axis XYZ",
             "  position 0 0 0", "  orientation 0 0 0", ":bonedata"]  # fmt: skip
    for k, (name, step, axis, turns) in enumerate(bones, start=1):
        length = np.linalg.norm(step)
        direction = step / length if length else np.array([0.0, 1.0, 0.0])
        lines += ["  begin", f"    id {k}", f"    name {name}",
                  "    direction " + " ".join(f"{x:.9f}" for x in direction),
                  f"    length {length / scale:.9f}",
                  "    axis " + " ".join(f"{x:.9f}" for x in angle(axis.as_euler("xyz"))) + " XYZ",
                  *(["    dof rx ry rz", "    limits (-180 180)", "           (-180 180)", "           (-180 180)"]
                    if turns else []), "  end"]  # fmt: skip
    lines += [":hierarchy", "  begin", *("    " + link for link in links), "  end", ""]
    (folder / "07.asf").write_text("\n".join(lines))
    out = ["#!OML:ASF", ":FULLY-SPECIFIED", ":RADIANS" if radians else ":DEGREES"]
    for t in range(len(G)):
        out.append(str(t + 1))
        out += [name + " " + " ".join(f"{x:.8f}" for x in row[t]) for name, row in rows.items()]
    path = folder / "07_02.amc"
    path.write_text("\n".join(out) + "\n")
    return path
