"""The linear probe: the IMU encoders' embeddings, standardised, and one linear layer.

What self-supervised encoders are usually judged by: whatever separates the classes must be in the
embedding already. With few labels it has little to overfit. Embeddings of placements stand side by
side; those of missing placements are zero after standardisation.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from m3n_studio.learning.model_config import ModelConfig
from m3n_studio.learning.models.classifier import Outputs
from m3n_studio.learning.models.imu_encoder import ImuEncoders
from m3n_studio.learning.models.layers import MaskedBatchNorm


class LinearProbe(nn.Module):
    """Encoders and one linear layer; parameters as of :class:`~m3n_studio.learning.models.classifier.Classifier`."""

    def __init__(self, config: ModelConfig, samples: int, placements: Sequence[str], classes: int) -> None:
        super().__init__()
        self.encoder = ImuEncoders(config.imu, samples, placements)
        width = config.imu.embedding
        self.norms = nn.ModuleList(MaskedBatchNorm(width) for _ in placements)
        self.linear = nn.Linear(width * len(placements), classes)

    def forward(self, imu: Tensor, mask: Tensor | None = None) -> Outputs:
        """Normalised windows (B, P, 6, T) with the placements' mask (B, P)."""
        tokens, embeddings = self.encoder(imu, mask)
        parts = []
        for p, norm in enumerate(self.norms):
            there = None if mask is None else mask[:, p, None]
            parts.append(norm(embeddings[:, p, :, None], there)[..., 0])
        flat = torch.cat(parts, dim=1)
        return Outputs(self.linear(flat), None, tokens, flat)

    def extra_loss(self, outputs: Outputs) -> Tensor:
        """Nothing is added."""
        return outputs.logits.new_zeros(())
