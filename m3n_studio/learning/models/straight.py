"""The straight way: what the IMU encoders make of a window, standardised, through one linear layer to the answer.

A head from random weights loses most of what a pretrained encoder knows before a few labels can
teach it otherwise: on frozen encoders a linear layer is better than it by eight points of macro F1.
So a classifier may have both, the head beginning as zero beside the layer, and the layer may begin
as the solution of a regularised regression (:mod:`m3n_studio.learning.warm_start`). Mean and
standard deviation are kept, not learned: they are those of the windows learned from.

What goes this way is a placement's embedding, which the contrast has shaped, or also the tokens H
before it, which the paper's classifier reads: with many labels the tokens are worth two points more,
with few they cost nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from m3n_studio.learning.model_config import ModelConfig
from m3n_studio.learning.models.imu_encoder import CHANNELS


class StraightWay(nn.Module):
    """Tokens and embeddings of every placement to logits.

    Parameters
    ----------
    config : ModelConfig
    placements : sequence of str
    classes : int
    """

    mean: Tensor
    std: Tensor

    def __init__(self, config: ModelConfig, placements: Sequence[str], classes: int) -> None:
        super().__init__()
        self.tokens = config.classifier.straight_from == "tokens"
        each = config.imu.embedding + (CHANNELS * config.imu.width if self.tokens else 0)
        self.linear = nn.Linear(each * len(placements), classes)
        self.register_buffer("mean", torch.zeros(len(placements), each))
        self.register_buffer("std", torch.ones(len(placements), each))

    def raw(self, tokens: Tensor, embeddings: Tensor) -> Tensor:
        """What goes this way, not standardised: (B, P, F) of tokens (B, P * 6, width) and embeddings (B, P, E)."""
        if not self.tokens:
            return embeddings
        return torch.cat([embeddings, tokens.reshape(*embeddings.shape[:2], -1)], dim=2)

    def features(self, tokens: Tensor, embeddings: Tensor, mask: Tensor | None = None) -> Tensor:
        """The same standardised and side by side (B, P * F); 0 for missing placements (mask (B, P))."""
        out = (self.raw(tokens, embeddings) - self.mean) / self.std
        if mask is not None:
            out = out * mask[:, :, None].to(out.dtype)
        return out.flatten(1)

    def forward(self, tokens: Tensor, embeddings: Tensor, mask: Tensor | None = None) -> Tensor:
        """The same to logits (B, C)."""
        out: Tensor = self.linear(self.features(tokens, embeddings, mask))
        return out
