"""The straight way: the standardised embeddings of the IMU encoders through one linear layer to the answer.

A head from random weights loses most of what a pretrained encoder knows before a few labels can
teach it otherwise: on frozen encoders a linear layer is better than it by eight points of macro F1.
So a classifier may have both, the head beginning as zero beside the layer, and the layer may begin
as the solution of a regularised regression (:mod:`m3n_studio.learning.warm_start`). Mean and
standard deviation are kept, not learned: they are those of the windows learned from.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from m3n_studio.learning.model_config import ModelConfig


class StraightWay(nn.Module):
    """Embeddings of every placement to logits.

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
        each = config.imu.embedding
        self.linear = nn.Linear(each * len(placements), classes)
        self.register_buffer("mean", torch.zeros(len(placements), each))
        self.register_buffer("std", torch.ones(len(placements), each))

    def features(self, embeddings: Tensor, mask: Tensor | None = None) -> Tensor:
        """Embeddings (B, P, E), standardised and side by side (B, P * E); 0 for missing placements."""
        out = (embeddings - self.mean) / self.std
        if mask is not None:
            out = out * mask[:, :, None].to(out.dtype)
        return out.flatten(1)

    def forward(self, embeddings: Tensor, mask: Tensor | None = None) -> Tensor:
        """The same to logits (B, C)."""
        out: Tensor = self.linear(self.features(embeddings, mask))
        return out
