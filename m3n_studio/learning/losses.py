"""The pretraining loss: InfoNCE over every pair of modalities, mean squared errors of the decoders.

Equation 3 has one direction (rows look for their partner among the keys); ``symmetric`` takes the
mean of both. Equation 5 sums six pairs: text-pose, text-left, text-right, pose-left, pose-right,
left-right; with other placements it is every pair likewise. The caption of Figure 4 leaves text out
of the contrast; ``text=False`` does.

Windows that share a text are, for a pair with text, equally right answers: as negatives they set a
floor no model can get below. Windows of one clip overlap and are near copies. Both may be left out
of the denominator, in the pairs with text or in all (``same_text``, ``same_clip``); the paper keeps
them, and that is the default.

Equation 6 sums squared errors over the channels; here it is the mean over channels, samples and
windows of the placements present, so that its size does not depend on how many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from m3n_studio.learning.config import LossConfig
from m3n_studio.learning.models.multi3net import Joint, PretrainBatch
from m3n_studio.learning.objectives import Objectives


def info_nce(
    q: Tensor, k: Tensor, *, temperature: float = 0.07, symmetric: bool = False, allowed: Tensor | None = None
) -> Tensor:
    """InfoNCE of embeddings (B, E) whose rows belong together.

    Parameters
    ----------
    q, k : (B, E) tensor
    temperature : float
    symmetric : bool
        The mean of both directions instead of q to k.
    allowed : (B, B) bool tensor
        Which k are negatives of which q; the diagonal is always the positive.

    Returns
    -------
    scalar tensor
        0 (with zero gradient) for fewer than two rows.
    """
    if len(q) < 2:
        return (q.sum() + k.sum()) * 0.0
    logits = normalize(q, dim=1) @ normalize(k, dim=1).T / temperature
    if allowed is not None:
        own = torch.eye(len(q), dtype=torch.bool, device=q.device)
        logits = logits.masked_fill(~(allowed | own), -torch.inf)
    target = torch.arange(len(q), device=q.device)
    there = cross_entropy(logits, target)
    return (there + cross_entropy(logits.T, target)) / 2 if symmetric else there


def contrast(joint: Joint, batch: PretrainBatch, placements: Sequence[str], config: LossConfig) -> dict[str, Tensor]:
    """InfoNCE of every pair, by name (``"text-pose"``, ``"pose-left_wrist"``)."""
    sides: list[tuple[str, Tensor | None, Tensor | None]] = [("pose", joint.pose, None)]
    if config.text:
        sides.insert(0, ("text", joint.text, None))
    sides += [(name, joint.imu[:, p], batch.imu_mask[:, p]) for p, name in enumerate(placements)]
    with_text, without = _allowed(batch, config, text_pair=True), _allowed(batch, config, text_pair=False)
    out = {}
    for (one, q, q_there), (other, k, k_there) in combinations(sides, 2):
        if q is None or k is None:
            raise ValueError(f"the model has no embedding for the pair {one}-{other}")
        allowed = with_text if one == "text" else without
        there = k_there if q_there is None else q_there if k_there is None else q_there & k_there
        if there is not None and not bool(there.all()):
            rows = torch.nonzero(there)[:, 0]
            q, k = q[rows], k[rows]
            allowed = None if allowed is None else allowed[rows][:, rows]
        out[f"{one}-{other}"] = info_nce(
            q, k, temperature=config.temperature, symmetric=config.symmetric, allowed=allowed
        )
    return out


def _allowed(batch: PretrainBatch, config: LossConfig, *, text_pair: bool) -> Tensor | None:
    """Which windows are negatives of which (B, B), or None for all."""
    out = None
    for how, ids in ((config.same_text, batch.text_id), (config.same_clip, batch.clip_id)):
        if how == "all-pairs" or (how == "text-pairs" and text_pair):
            differs = ids[:, None] != ids[None, :]
            out = differs if out is None else out & differs
    return out


def squared_error(predicted: Tensor, imu: Tensor, mask: Tensor) -> Tensor:
    """Mean squared error of windows (B, P, 6, T) over the placements present (B, P); 0 where none is."""
    weight = mask.to(imu.dtype)[:, :, None, None]
    count = weight.sum() * imu.shape[2] * imu.shape[3]
    return ((predicted - imu).square() * weight).sum() / count.clamp_min(1.0)


def pretrain_loss(
    joint: Joint, batch: PretrainBatch, placements: Sequence[str], config: LossConfig, objectives: Objectives
) -> tuple[Tensor, dict[str, Tensor]]:
    """The weighted sum of what a pretraining asks for, and its terms by name, not weighted.

    Terms are the pairs of :func:`contrast`, ``contrastive`` (their sum), ``pose2imu``,
    ``reconstruction`` and the further objectives.
    """
    terms: dict[str, Tensor] = {}
    total = joint.imu.new_zeros(())
    if objectives.contrastive:
        pairs = contrast(joint, batch, placements, config)
        terms |= pairs
        terms["contrastive"] = torch.stack(list(pairs.values())).sum()
        total = total + config.contrastive * terms["contrastive"]
    for name, predicted, weight in (
        ("pose2imu", joint.from_pose, config.pose2imu),
        ("reconstruction", joint.from_imu, config.reconstruction),
    ):
        if predicted is not None:
            terms[name] = squared_error(predicted, batch.imu, batch.imu_mask)
            total = total + weight * terms[name]
    for name, loss in (joint.more or {}).items():
        terms[name] = loss
        total = total + config.weights.get(name, 1.0) * loss
    return total, terms
