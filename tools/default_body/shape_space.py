"""Skin weights, shape components and joint regressor of a T-posed population."""

from __future__ import annotations

import numpy as np
import scipy.sparse
from scipy.optimize import nnls

from m3n_studio.body.skeleton import JOINT_INDEX, JOINTS, MIRROR

from .adults import Mesh, volume
from .makehuman import N_SKIN, Assets, joint_of

N_BETAS = 16
#: Half-steps of diffusion of the skin weights.
SMOOTHING_STEPS = 12
SPINE = ("pelvis", "spine1", "spine2", "spine3", "neck", "head")


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
    n = len(weights)
    edges = np.concatenate([mesh.faces[:, [0, 1]], mesh.faces[:, [1, 2]], mesh.faces[:, [2, 0]]]).astype(np.int64)
    graph = scipy.sparse.csr_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(n, n))
    graph = graph + graph.T
    graph = scipy.sparse.diags(1.0 / np.asarray(graph.sum(axis=1)).ravel()) @ graph
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
