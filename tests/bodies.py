"""Bodies in the official file layout, written by the tests: random smooth people of any family."""

import pickle
import sys
import types
from pathlib import Path

import numpy as np
import scipy.sparse

from m3n_studio.body.skeleton import FAMILY_JOINTS, FAMILY_PARENTS

_OFFSETS = {
    "left_hip": (0.1, -0.08, 0), "spine1": (0, 0.12, 0), "left_knee": (0.02, -0.42, 0), "left_ankle": (0, -0.42, -0.02),
    "left_foot": (0.02, -0.06, 0.12), "spine2": (0, 0.13, 0), "spine3": (0, 0.06, 0), "neck": (0, 0.2, 0),
    "left_collar": (0.08, 0.1, 0), "head": (0, 0.1, 0), "left_shoulder": (0.1, 0.04, 0), "left_elbow": (0.27, 0, 0),
    "left_wrist": (0.26, 0, 0),
}  # fmt: skip


def rest_joints(family: str) -> np.ndarray:
    """Plausible T-pose joints (J, 3), m, y-up, left side at +x."""
    names, parents = FAMILY_JOINTS[family], FAMILY_PARENTS[family]
    out = np.zeros((len(names), 3))
    for j, (name, parent) in enumerate(zip(names, parents, strict=True)):
        if parent < 0:
            continue
        side = -1.0 if name.startswith("right_") else 1.0
        offset = _OFFSETS.get(name.replace("right_", "left_"))
        if offset is None:  # hands, eyes, jaw
            finger = j % 5 - 2
            offset = (0.03, 0.0, 0.015 * finger) if "left" in name or "right" in name else (0.0, 0.02, 0.05)
        out[j] = out[parent] + np.array(offset) * (side, 1, 1)
    return out


def body_arrays(family: str = "smplh", *, n_betas: int = 10, per_joint: int = 12, seed: int = 0) -> dict:
    """The fields of an official body file: a cloud of skin around every bone, with real topology rules."""
    rng = np.random.default_rng(seed)
    parents = np.array(FAMILY_PARENTS[family])
    joints = rest_joints(family)
    n_joints = len(parents)
    ring = rng.normal(scale=0.03, size=(n_joints, per_joint, 3))
    vertices = (joints[:, None] + ring - ring.mean(axis=1, keepdims=True)).reshape(-1, 3)
    v = len(vertices)
    regressor = np.zeros((n_joints, v))
    for j in range(n_joints):
        regressor[j, j * per_joint : (j + 1) * per_joint] = 1.0 / per_joint
    distance = np.linalg.norm(vertices[:, None] - joints[None], axis=2)
    weights = np.exp(-((distance / 0.06) ** 2)) + 1e-9
    weights /= weights.sum(axis=1, keepdims=True)
    index = np.arange(v - 2)
    tree = np.stack([parents, np.arange(n_joints)]).astype(np.int64)
    tree[0, 0] = 2**32 - 1
    shapedirs = rng.normal(scale=0.004, size=(v, 3, n_betas + (400 - n_betas if family == "smplx" else 0)))
    out = {
        "v_template": vertices, "f": np.stack([index, index + 1, index + 2], axis=1).astype(np.uint32),
        "weights": weights, "J_regressor": regressor, "shapedirs": shapedirs, "kintree_table": tree,
        "posedirs": rng.normal(scale=1e-3, size=(v, 3, 9 * (n_joints - 1))),
    }  # fmt: skip
    if family in ("smplh", "smplx"):
        for side in "lr":
            out[f"hands_components{side}"] = np.eye(45)
            out[f"hands_mean{side}"] = np.zeros(45)
    if family == "smplx":
        out["lmk_faces_idx"] = np.zeros(51, dtype=np.int64)
        out["lmk_bary_coords"] = np.full((51, 3), 1 / 3)
    return out


def write_body(path: Path, family: str = "smplh", **kwargs: int) -> Path:
    """Write such a body as ``.npz`` and return the path."""
    np.savez(path, **body_arrays(family, **kwargs))
    return path


class _FakeChumpy:
    """While entered, a package ``chumpy`` exists whose objects pickle as the real one's do."""

    CLASSES = (("chumpy.ch", "Ch"), ("chumpy.reordering", "Select"))

    def __enter__(self):
        sys.modules["chumpy"] = types.ModuleType("chumpy")
        made = []
        for place, name in self.CLASSES:
            module = sys.modules[place] = types.ModuleType(place)
            made.append(type(name, (), {"__module__": place}))
            setattr(module, name, made[-1])
        return made

    def __exit__(self, *_):
        for name in ("chumpy", *(place for place, _ in self.CLASSES)):
            del sys.modules[name]


def _chumpy(cls, **state):
    out = cls()
    out.__dict__.update(state)
    return out


def write_pickle(path: Path, arrays: dict, *, chumpy: bool = True, protocol: int = 2) -> Path:
    """Write a body as the official ``.pkl`` files are: sparse regressor, chumpy arrays, Python-2 protocols."""
    data = dict(arrays, J_regressor=scipy.sparse.csc_matrix(arrays["J_regressor"]), bs_type="lrotmin")
    with _FakeChumpy() as (ch, select):
        if chumpy:
            data |= {name: _chumpy(ch, x=arrays[name]) for name in ("v_template", "weights", "posedirs")}
            # the first components of more, as chumpy keeps a slice: flat indices into the whole
            dirs = arrays["shapedirs"]
            whole = np.concatenate([dirs, np.ones((*dirs.shape[:2], 3))], axis=2)
            picked = np.arange(whole.size).reshape(whole.shape)[..., : dirs.shape[2]].ravel()
            data["shapedirs"] = _chumpy(select, a=_chumpy(ch, x=whole), idxs=picked, preferred_shape=dirs.shape)
        path.write_bytes(pickle.dumps(data, protocol=protocol))
    return path
