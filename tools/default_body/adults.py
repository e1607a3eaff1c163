"""Draw a population of adults from MakeHuman's morphs.

Statures, body-mass indices and arm lengths follow measured ones; MakeHuman's own sliders are
solved for each person. Some thirty seconds for the 700 people used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .makehuman import ANCHORS, EYES, N_SKIN, RACES, Assets, macro_weights

N_PEOPLE = 700
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
