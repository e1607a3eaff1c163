"""A start in closed form: the straight way of a classifier as a regularised logistic regression.

What is made small, with the encoder as it is, is the summed cross-entropy of the labelled windows
and half the penalty times the squares of the weights (not of the offsets): convex, with one
solution, found by L-BFGS in double precision from zero. Features are standardised with all windows
of the users learned from, which needs no label.

Two things the paper does not know may help it, both off by default. Labelled windows also count as a
strap turned a little would give them. And unlabelled windows of the same users count as what the
solution says of them, made surer, and it is solved again, four times over (self-training, as an
expectation-maximisation with soft labels): whoever labels a few windows of a recording has the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from m3n_studio.learning.config import WarmStartConfig
from m3n_studio.learning.models.straight import StraightWay
from m3n_studio.learning.windows import Ints, Singles, Windows
from m3n_studio.so3 import matrix_from_rotvec

_BATCH = 256
_ROUNDS, _SURER = 4, 2.0
_CURVATURE = 0.1  # of the cross-entropy in a logit, p (1 - p), about
_NEVER = -30.0


def straight_of(network: Any) -> StraightWay | None:
    """The straight way of a network, where it has one."""
    found = getattr(network, "straight", None)
    return found if isinstance(found, StraightWay) else None


def standardise(network: Any, windows: Windows, seen: Ints) -> None:
    """Fit the straight way's mean and standard deviation to normalised windows at `seen`.

    A feature that does not vary, or a placement never there, keeps standard deviation 1.
    """
    straight = network.straight
    raw = _raw(network, windows, seen)
    there = torch.from_numpy(windows.mask[seen])
    for place in range(raw.shape[1]):
        rows = raw[there[:, place], place].double()
        if len(rows) > 1:
            spread = rows.std(dim=0, unbiased=False)
            straight.mean[place] = rows.mean(dim=0).float()
            straight.std[place] = torch.where(spread > 1e-6, spread, torch.ones_like(spread)).float()


def warm_start(
    network: Any, windows: Windows, train: Ints, config: WarmStartConfig, *, unlabelled: Ints | None = None,
    copies: Sequence[Singles] = (),
) -> None:  # fmt: skip
    """Give the straight way's layer the solution for the labelled windows at `train`.

    Parameters
    ----------
    network : nn.Module
        With an ``encoder`` and a :class:`StraightWay`, which :func:`standardise` has seen to. Left in evaluation mode.
    windows : Windows
        Normalised.
    train : (n,) int64
    config : WarmStartConfig
        Penalty, and how much unlabelled windows weigh. Classes without a window are hardly ever said.
    unlabelled : (m,) int64
        Windows whose labels, where there are any, are not looked at.
    copies : sequence of (n, P, 6, T) float32
        The windows at `train` altered (:func:`turned`), normalised; a window and its copies weigh as one.
    """
    straight = network.straight
    mask = torch.from_numpy(windows.mask[train])
    seen = [windows.imu[train], *copies]
    x = torch.cat([_features(network, torch.from_numpy(imu), mask) for imu in seen])
    classes, label = np.unique(windows.label[train], return_inverse=True)
    target = one_hot(torch.from_numpy(label.reshape(-1)), len(classes)).double().repeat(len(seen), 1)
    share = torch.full((len(x),), 1.0 / len(seen), dtype=torch.float64)
    solution = solve(x, target, config.penalty, share)
    if unlabelled is not None and len(unlabelled) and config.unlabelled:
        z = _features(network, torch.from_numpy(windows.imu[unlabelled]), torch.from_numpy(windows.mask[unlabelled]))
        solution = _self_trained(x, target, share, z, config, solution)
    weight, offset = solution
    with torch.no_grad():
        straight.linear.weight.zero_()
        straight.linear.bias.fill_(_NEVER)
        straight.linear.weight[torch.from_numpy(classes)] = weight.float()
        straight.linear.bias[torch.from_numpy(classes)] = offset.float()


def _self_trained(
    x: Tensor, target: Tensor, share: Tensor, z: Tensor, config: WarmStartConfig, solution: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor]:
    """The solution when unlabelled windows `z` count as what it says of them, made surer, a few times over."""
    each = config.unlabelled * float(share.sum()) / len(z)
    weights = torch.cat([share, torch.full((len(z),), each, dtype=torch.float64)])
    for _ in range(_ROUNDS):
        said = (_SURER * (z @ solution[0].T + solution[1])).softmax(dim=1)
        solution = solve(torch.cat([x, z]), torch.cat([target, said]), config.penalty, weights, start=solution)
    return solution


def solve(
    x: Tensor, target: Tensor, penalty: float, share: Tensor | None = None,
    start: tuple[Tensor, Tensor] | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Weights (C, F) and offsets (C,) of the regression on features (N, F) in double precision.

    `target` (N, C) are the classes' shares in each row, `share` (N,) what a row weighs. It is solved in the rows'
    principal directions, each scaled by about the root of the loss's curvature along it: a few dozen steps instead of
    hundreds, and never more directions than rows.
    """
    rows = torch.ones(len(x), dtype=torch.float64) if share is None else share
    _, spread, basis = torch.linalg.svd(x * rows.sqrt()[:, None], full_matrices=False)
    scale = (_CURVATURE * spread.square() + penalty).sqrt()
    own = x @ basis.T / scale
    weight = torch.zeros(target.shape[1], len(scale), dtype=torch.float64)
    offset = torch.zeros(target.shape[1], dtype=torch.float64)
    if start is not None:
        weight, offset = start[0] @ basis.T * scale, start[1].clone()
    weight.requires_grad_()
    offset.requires_grad_()
    optimiser = torch.optim.LBFGS(
        [weight, offset], max_iter=500, history_size=20, tolerance_grad=1e-6, tolerance_change=1e-12,
        line_search_fn="strong_wolfe",
    )  # fmt: skip

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = (cross_entropy(own @ weight.T + offset, target, reduction="none") * rows).sum()
        loss = loss + penalty / 2 * (weight / scale).square().sum()
        loss.backward()
        return loss

    with torch.enable_grad():
        optimiser.step(closure)
    middle = offset.detach().mean()
    return (weight.detach() / scale) @ basis, offset.detach() - middle


def turned(imu: Singles, most_deg: float, rng: np.random.Generator) -> Singles:
    """Windows (n, P, 6, T) in m/s2 and rad/s as sensors turned by up to `most_deg` about any axis would read them."""
    axis = rng.normal(size=(*imu.shape[:2], 3))
    angle = np.deg2rad(rng.uniform(0.0, most_deg, (*imu.shape[:2], 1)))
    vectors = axis / np.linalg.norm(axis, axis=-1, keepdims=True) * angle
    matrix = matrix_from_rotvec(vectors.reshape(-1, 3)).reshape(*imu.shape[:2], 3, 3)
    both = imu.reshape(*imu.shape[:2], 2, 3, imu.shape[3])
    return np.asarray(np.einsum("npij,npkjt->npkit", matrix, both).reshape(imu.shape), dtype=np.float32)


def _features(network: Any, imu: Tensor, mask: Tensor) -> Tensor:
    """What goes the straight way, standardised (n, P * F), in double precision."""
    straight = network.straight
    raw = _through(network, imu, mask)
    return (((raw - straight.mean) / straight.std) * mask[:, :, None]).flatten(1).double()


def _raw(network: Any, windows: Windows, at: Ints) -> Tensor:
    """What goes the straight way (n, P, F) of windows at some indices; the network is left in evaluation mode."""
    return _through(network, torch.from_numpy(windows.imu[at]), torch.from_numpy(windows.mask[at]))


def _through(network: Any, imu: Tensor, mask: Tensor) -> Tensor:
    network.eval()
    with torch.no_grad():
        parts = [network.straight.raw(*network.encoder(i, m)) for i, m in zip(imu.split(_BATCH), mask.split(_BATCH),
                                                                             strict=True)]  # fmt: skip
    return torch.cat(parts)
