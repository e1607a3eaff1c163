"""The linear probe: what the IMU encoders make of a window, standardised, and one linear layer.

What self-supervised encoders are usually judged by: whatever separates the classes must be there
already, in the embedding or, as ``model.classifier.straight_from`` says, in the tokens before it. With
few labels it has little to overfit. Placements stand side by side; missing ones are zero after
standardisation. Finetuning gives the mean and standard deviation of the windows learned from, whether
the layer begins in closed form or from random weights.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from m3n_studio.learning.model_config import ModelConfig
from m3n_studio.learning.models.classifier import Outputs
from m3n_studio.learning.models.imu_encoder import ImuEncoders
from m3n_studio.learning.models.straight import StraightWay


class LinearProbe(nn.Module):
    """Encoders and one linear layer; parameters as of :class:`~m3n_studio.learning.models.classifier.Classifier`."""

    def __init__(self, config: ModelConfig, samples: int, placements: Sequence[str], classes: int) -> None:
        super().__init__()
        self.encoder = ImuEncoders(config.imu, samples, placements)
        self.straight = StraightWay(config, placements, classes)

    def forward(self, imu: Tensor, mask: Tensor | None = None) -> Outputs:
        """Normalised windows (B, P, 6, T) with the placements' mask (B, P)."""
        tokens, embeddings = self.encoder(imu, mask)
        flat = self.straight.features(tokens, embeddings, mask)
        return Outputs(self.straight.linear(flat), None, tokens, flat)

    def extra_loss(self, outputs: Outputs) -> Tensor:
        """Nothing is added."""
        return outputs.logits.new_zeros(())
