"""The classifier of finetuning: the IMU encoders' tokens through the hybrid head to plain or mixed experts.

Per placement ``ReLU(BN(Conv1d(H)))`` over its six tokens; then, over the tokens of all placements,
twice ``h + MHA(LN(h))`` followed by ``ReLU(LN(W h + b))``; then experts whose opinions a softmax gate
mixes per token; the mean over the tokens is the answer. Tokens of a missing placement are seen by
nobody and count nowhere.

Choices the paper leaves open: an expert is Linear-ReLU-Dropout-Linear; a second wrist's tokens stand
beside the first's; opinions are mixed as logits, as in the paper's sum. Top-k keeps a token's largest
gates and lets them sum to one again. The load-balance loss is ``N sum_j f_j p_j`` (Switch
Transformer): f_j the share of tokens whose largest gate is j, p_j the mean gate; 1 when even.

Ours, not the paper's, and off by default: tokens may first be brought to a smaller width, and a
:class:`~m3n_studio.learning.models.straight.StraightWay` may stand beside the head, whose answers
are added. The head's last layers then begin at zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from m3n_studio.errors import ValueProblem
from m3n_studio.learning.model_config import ClassifierConfig, ModelConfig
from m3n_studio.learning.models.imu_encoder import CHANNELS, ImuEncoders
from m3n_studio.learning.models.layers import Attention, MaskedBatchNorm, masked_mean, something
from m3n_studio.learning.models.straight import StraightWay

_ALIKE = "encoder, rate, window length and model sizes must be those of pretraining"


class Outputs(NamedTuple):
    """Of a classifier.

    logits (B, C); gates (B, P * 6, experts), 0 for tokens of missing placements, or None without
    experts; tokens (B, K, D), the features the experts see; embedding (B, D), their mean.
    """

    logits: Tensor
    gates: Tensor | None
    tokens: Tensor
    embedding: Tensor


def expert(width: int, hidden: int, classes: int, dropout: float) -> nn.Sequential:
    """One expert, or the plain head: (..., width) to (..., classes)."""
    return nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, classes))


class PlainHead(nn.Module):
    """One network for all tokens."""

    def __init__(self, width: int, classes: int, config: ClassifierConfig) -> None:
        super().__init__()
        self.head = expert(width, config.expert_width, classes, config.dropout)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor | None]:
        """(B, K, width) to each token's logits (B, K, C); no gates."""
        return self.head(tokens), None


class Experts(nn.Module):
    """A mixture of experts with a linear softmax gate per token."""

    def __init__(self, width: int, classes: int, config: ClassifierConfig) -> None:
        super().__init__()
        self.top_k = config.top_k
        self.experts = nn.ModuleList(
            expert(width, config.expert_width, classes, config.dropout) for _ in range(config.experts)
        )
        self.gate = nn.Linear(width, config.experts, bias=False)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor | None]:
        """(B, K, width) to each token's logits (B, K, C) and gates (B, K, experts)."""
        gates = self.gate(tokens).softmax(dim=-1)
        if self.top_k and self.top_k < len(self.experts):
            kept = torch.zeros_like(gates).scatter(-1, gates.topk(self.top_k, dim=-1).indices, 1.0) * gates
            gates = kept / kept.sum(dim=-1, keepdim=True)
        opinions = torch.stack([expert(tokens) for expert in self.experts], dim=-1)  # (B, K, C, experts)
        return (opinions * gates[..., None, :]).sum(dim=-1), gates


class _Stage(nn.Module):
    """``h + MHA(LN(h))``, then ``ReLU(LN(W h + b))``."""

    def __init__(self, width: int, config: ClassifierConfig) -> None:
        super().__init__()
        self.before, self.attention = nn.LayerNorm(width), Attention(width, config.heads, config.dropout)
        self.linear, self.after = nn.Linear(width, width), nn.LayerNorm(width)

    def forward(self, h: Tensor, mask: Tensor | None) -> Tensor:
        h = h + self.attention(self.before(h), mask)
        return torch.relu(self.after(self.linear(h)))


class HybridHead(nn.Module):
    """Tokens of all placements to logits.

    Parameters
    ----------
    config : ClassifierConfig
    width, classes : int
    mixed : bool
        Experts, or the plain head.
    """

    def __init__(self, config: ClassifierConfig, width: int, classes: int, *, mixed: bool) -> None:
        super().__init__()
        self.into = nn.Linear(width, config.width) if config.width else None
        width = config.width or width
        self.conv = nn.Conv1d(width, width, config.kernel, padding=config.kernel // 2)
        self.norm = MaskedBatchNorm(width)
        self.stages = nn.ModuleList(_Stage(width, config) for _ in range(config.stages))
        self.decide = Experts(width, classes, config) if mixed else PlainHead(width, classes, config)

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> Outputs:
        """H of all placements (B, P * 6, width), with the placements' mask (B, P)."""
        if self.into is not None:
            tokens = self.into(tokens)
        batch, count, width = tokens.shape
        each = tokens.reshape(-1, CHANNELS, width).transpose(1, 2)  # (B * P, width, 6)
        present = None if mask is None else mask.flatten()[:, None].expand(-1, CHANNELS)
        h = torch.relu(self.norm(self.conv(each), present)).transpose(1, 2).reshape(batch, count, width)
        real = None if mask is None else mask.repeat_interleave(CHANNELS, dim=1)
        for stage in self.stages:
            h = stage(h, None if real is None else something(real))
        logits, gates = self.decide(h)
        if real is not None:
            h = h * real[..., None].to(h.dtype)
            gates = None if gates is None else gates * real[..., None].to(gates.dtype)
        return Outputs(masked_mean(logits, real), gates, h, masked_mean(h, real))

    def begin_at_zero(self) -> None:
        """Give the last layer of every expert zeros, so that the head at first adds nothing."""
        decide = self.decide
        for last in [e[-1] for e in decide.experts] if isinstance(decide, Experts) else [decide.head[-1]]:
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)


class Classifier(nn.Module):
    """IMU encoders and the hybrid head.

    Parameters
    ----------
    config : ModelConfig
    samples, classes : int
    placements : sequence of str
    mixed : bool
        Experts (Multi3Net+), or the plain head (Multi3Net and the baselines).
    """

    def __init__(
        self, config: ModelConfig, samples: int, placements: Sequence[str], classes: int, *, mixed: bool
    ) -> None:
        super().__init__()
        self.load_balance = config.classifier.load_balance if mixed else 0.0
        self.encoder = ImuEncoders(config.imu, samples, placements)
        self.head = HybridHead(config.classifier, config.imu.width, classes, mixed=mixed)
        self.straight = StraightWay(config, placements, classes) if config.classifier.straight else None
        if self.straight is not None:
            self.head.begin_at_zero()

    def forward(self, imu: Tensor, mask: Tensor | None = None) -> Outputs:
        """Normalised windows (B, P, 6, T) with the placements' mask (B, P)."""
        tokens, embeddings = self.encoder(imu, mask)
        out: Outputs = self.head(tokens, mask)
        if self.straight is None:
            return out
        return out._replace(logits=out.logits + self.straight(tokens, embeddings, mask))

    def extra_loss(self, outputs: Outputs) -> Tensor:
        """What the head adds to the cross-entropy: the weighted load balance, or 0."""
        if not self.load_balance or outputs.gates is None:
            return outputs.logits.new_zeros(())
        return self.load_balance * balance(outputs.gates)


def balance(gates: Tensor) -> Tensor:
    """Load-balance loss of gates (B, K, experts): 1 when experts are used evenly, their number at worst."""
    rows = gates.flatten(0, 1)
    rows = rows[rows.sum(dim=1) > 0]
    used = torch.nn.functional.one_hot(rows.argmax(dim=1), rows.shape[1]).to(rows.dtype).mean(dim=0)
    return rows.shape[1] * (used * rows.mean(dim=0)).sum()


def adopt(encoder: ImuEncoders, state: Mapping[str, Any]) -> None:
    """Give an encoder the weights of a pretrained :class:`Multi3Net`'s or :class:`Classifier`'s state dictionary.

    Placements are matched by name, so that an encoder of one wrist takes that wrist's weights.

    Raises
    ------
    ValueProblem
        Where a placement was not pretrained, or the kind of encoder, a window's length or a width differs.
    """
    for placement, part in encoder.of.items():
        found = {
            name.partition(f"of.{placement}.")[2]: value
            for name, value in state.items()
            if name.startswith((f"imu.of.{placement}.", f"encoder.of.{placement}."))
        }
        if not found:
            raise ValueProblem(f"the pretrained model has no encoder for {placement!r}")
        own = part.state_dict()
        for name, value in own.items():
            shape = tuple(found[name].shape) if name in found else None
            if shape != tuple(value.shape):
                raise ValueProblem(
                    f"the pretrained encoder does not fit: {placement} {name} is {shape}, expected "
                    f"{tuple(value.shape)}; {_ALIKE}"
                )
        for name in found.keys() - own.keys():
            raise ValueProblem(f"the pretrained encoder does not fit: {placement} has {name} besides; {_ALIKE}")
        part.load_state_dict(found)
