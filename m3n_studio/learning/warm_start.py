"""A start in closed form: the straight way of a classifier as a regularised logistic regression.

What is made small, with the encoder as it is, is the summed cross-entropy of the labelled windows
and half the penalty times the squares of the weights (not of the offsets): convex, with one
solution, found by L-BFGS in double precision from zero. Features are standardised with all windows
of the users learned from, which needs no label.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from m3n_studio.learning.models.straight import StraightWay
from m3n_studio.learning.windows import Ints, Windows

_BATCH = 256
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


def warm_start(network: Any, windows: Windows, train: Ints, penalty: float) -> None:
    """Give the straight way's layer the solution for the labelled windows at `train`.

    Parameters
    ----------
    network : nn.Module
        With an ``encoder`` and a :class:`StraightWay`, which :func:`standardise` has seen to. Left in evaluation mode.
    windows : Windows
        Normalised.
    train : (n,) int64
    penalty : float
        Half of it times the squares of the weights is added. Classes without a window are hardly ever said.
    """
    straight = network.straight
    raw, mask = _raw(network, windows, train), torch.from_numpy(windows.mask[train])
    x = (((raw - straight.mean) / straight.std) * mask[:, :, None]).flatten(1).double()
    classes, label = np.unique(windows.label[train], return_inverse=True)
    weight, offset = solve(x, torch.from_numpy(label.reshape(-1)), len(classes), penalty)
    with torch.no_grad():
        straight.linear.weight.zero_()
        straight.linear.bias.fill_(_NEVER)
        straight.linear.weight[torch.from_numpy(classes)] = weight.float()
        straight.linear.bias[torch.from_numpy(classes)] = offset.float()


def solve(x: Tensor, label: Tensor, classes: int, penalty: float) -> tuple[Tensor, Tensor]:
    """Weights (C, F) and offsets (C,) of the regression on features (N, F) in double precision."""
    weight = torch.zeros(classes, x.shape[1], dtype=torch.float64, requires_grad=True)
    offset = torch.zeros(classes, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [weight, offset], max_iter=500, tolerance_grad=1e-7, tolerance_change=1e-12, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = cross_entropy(x @ weight.T + offset, label, reduction="sum") + penalty / 2 * weight.square().sum()
        loss.backward()
        return loss

    with torch.enable_grad():
        optimiser.step(closure)
    middle = offset.detach().mean()
    return weight.detach(), offset.detach() - middle


def _raw(network: Any, windows: Windows, at: Ints) -> Tensor:
    """What goes the straight way (n, P, F) of windows at some indices; the network is left in evaluation mode."""
    network.eval()
    parts = []
    with torch.no_grad():
        for a in range(0, len(at), _BATCH):
            rows = at[a : a + _BATCH]
            seen = network.encoder(torch.from_numpy(windows.imu[rows]), torch.from_numpy(windows.mask[rows]))
            parts.append(network.straight.raw(*seen))
    return torch.cat(parts)
