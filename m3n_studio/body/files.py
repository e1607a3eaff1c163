"""Read body files: official SMPL, SMPL-H, SMPL-X (``.npz``, ``.pkl``) and the default body.

The family is told by the number of joints, the gender by the file's name or field. Nothing in
a file is ever run: archives are opened with ``allow_pickle=False`` and pickles by the
restricted unpickler. Only the fields a body needs are unpacked; object arrays in official
``.npz`` files (part names and the like) are never touched.
"""

from __future__ import annotations

import warnings
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from m3n_studio.body import unpickle
from m3n_studio.body.model import BodyModel
from m3n_studio.body.skeleton import FAMILY_JOINTS, FAMILY_PARENTS
from m3n_studio.errors import FileError
from m3n_studio.resources import resource

DEFAULT_BODY = ("body", "m3n_body.npz")
_REQUIRED = ("v_template", "f", "weights", "J_regressor", "shapedirs", "kintree_table")
_WANTED = (*_REQUIRED, "posedirs", "gender", "name")
_MAX_VERTICES = 200_000
_LARGEST = 2.0**33  # a root's parent is stored as 2**32 - 1


def _arrays(path: Path) -> dict[str, Any]:
    """The numeric content of a body file by field name; only the fields a body needs."""
    if path.suffix.lower() == ".pkl":
        data = unpickle.load(path)
        if not isinstance(data, dict):
            raise FileError(path, found=f"a pickled {type(data).__name__}", expected="a dict of arrays")
        return {name: data[name] for name in _WANTED if name in data}
    try:
        with ExitStack() as stack:
            stack.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")  # odd headers; what matters is checked below
            stream = stack.enter_context(path.open("rb"))  # np.load leaves files of broken archives open
            archive = stack.enter_context(np.load(stream, allow_pickle=False))
            names = [name for name in _WANTED if name in archive.files]
            if "has_pose_dirs" in archive.files and not archive["has_pose_dirs"]:
                names.remove("posedirs")  # all zeros, there for smplx's sake; 18 MB to unpack
            return {name: archive[name] for name in names}
    except OSError as error:
        raise FileError(path, found=f"it cannot be read ({error.strerror or error})") from error
    except Exception as error:  # a mutated archive can raise anything at all
        raise FileError(path, found=f"not an intact .npz archive ({error or type(error).__name__})",
                        expected="an official SMPL, SMPL-H or SMPL-X file") from error  # fmt: skip


def _numeric(path: Path, data: dict[str, Any], name: str, ndim: int) -> np.ndarray:
    value = data.get(name)
    if value is None:
        raise FileError(path, field=name, found="it is missing", expected=f"fields {', '.join(_REQUIRED)}")
    array = np.asarray(value)
    if array.dtype.kind not in "fiub" or array.ndim != ndim:
        raise FileError(path, field=name, found=f"{array.dtype} array of shape {array.shape}",
                        expected=f"{ndim}-dimensional numbers")  # fmt: skip
    if not np.isfinite(array).all():
        raise FileError(path, field=name, found="values that are not finite")
    if array.size and not -_LARGEST < array.min() <= array.max() < _LARGEST:
        raise FileError(path, field=name, found=f"a value of {np.abs(array).max():.3g}", expected="metres and indices")
    return array


def _check(path: Path, field: str, array: np.ndarray, shape: tuple[int | None, ...]) -> None:
    if array.ndim != len(shape) or any(w is not None and n != w for n, w in zip(array.shape, shape, strict=True)):
        want = " x ".join("any" if n is None else str(n) for n in shape)
        raise FileError(path, field=field, found=f"shape {array.shape}", expected=want)


def _gender(path: Path, data: dict[str, Any]) -> str:
    text = str(data.get("gender", "")) + " " + path.stem
    for gender in ("female", "male", "neutral"):
        if gender in text.lower():
            return gender
    if path.stem.lower().startswith("basicmodel_f"):
        return "female"
    return "male" if path.stem.lower().startswith("basicmodel_m") else "neutral"


def _family(path: Path, n_joints: int) -> str:
    for family, names in FAMILY_JOINTS.items():
        if len(names) == n_joints:
            return family
    raise FileError(path, field="weights", found=f"{n_joints} joints",
                    expected="24 (SMPL), 52 (SMPL-H) or 55 (SMPL-X)")  # fmt: skip


def _pose_dirs(path: Path, data: dict[str, Any], n_vertices: int, n_joints: int) -> np.ndarray | None:
    if "posedirs" not in data:
        return None
    raw = _numeric(path, data, "posedirs", 3)
    _check(path, "posedirs", raw, (n_vertices, 3, 9 * (n_joints - 1)))
    if not raw.any():
        return None
    return np.ascontiguousarray(raw.reshape(3 * n_vertices, -1).T, dtype=np.float32)


def load_body(path: str | Path) -> BodyModel:
    """Read a body of the SMPL family.

    Raises
    ------
    FileError
        Naming the field, what was found and what was expected. Nothing in the file is run.
    """
    path = Path(path)
    data = _arrays(path)
    vertices = _numeric(path, data, "v_template", 2).astype(np.float64)
    _check(path, "v_template", vertices, (None, 3))
    n = len(vertices)
    if not 3 <= n <= _MAX_VERTICES:
        raise FileError(path, field="v_template", found=f"{n} vertices", expected=f"3 to {_MAX_VERTICES}")
    weights = _numeric(path, data, "weights", 2).astype(np.float64)
    j = weights.shape[1]
    family = _family(path, j)
    _check(path, "weights", weights, (n, j))
    faces = _numeric(path, data, "f", 2).astype(np.int64)
    _check(path, "f", faces, (None, 3))
    if len(faces) and (faces.min() < 0 or faces.max() >= n):
        raise FileError(path, field="f", found=f"vertex index {faces.max()}", expected=f"0 to {n - 1}")
    regressor = _numeric(path, data, "J_regressor", 2).astype(np.float64)
    _check(path, "J_regressor", regressor, (j, n))
    dirs = _numeric(path, data, "shapedirs", 3).astype(np.float64)
    _check(path, "shapedirs", dirs, (n, 3, None))
    if family == "smplx":
        # the rest are expressions: after 300 in full files, after 10 in the first release's short ones
        dirs = dirs[..., : 300 if dirs.shape[2] >= 400 else 10]
    tree = _numeric(path, data, "kintree_table", 2)
    _check(path, "kintree_table", tree, (2, j))
    parents = tree[0].astype(np.int64)
    parents[0] = -1
    if tuple(parents) != FAMILY_PARENTS[family]:
        raise FileError(path, field="kintree_table", found="another joint tree",
                        expected=f"the tree of {family}")  # fmt: skip
    gender = _gender(path, data)
    stated = np.ravel(data["name"]) if "name" in data else np.array([])  # a scalar, or an array of one
    name = str(stated[0]) if stated.size else f"{family}-{gender}"
    return BodyModel(
        name=name, family=family, gender=gender, vertices=vertices, faces=faces.astype(np.int32),
        parents=parents.astype(np.int32), weights=weights, regressor=regressor, shape_dirs=dirs,
        pose_dirs=_pose_dirs(path, data, n, j),
    )  # fmt: skip


@lru_cache(maxsize=1)
def default_body() -> BodyModel:
    """The free body that ships with the program (CC0, see its licence file); read once."""
    return load_body(resource(*DEFAULT_BODY))
