"""IMU encoders: one a placement, by name through the door; the paper's, H in R^(6 x width) by one attention layer.

FIELD: Linear(T -> width) per channel (shared by the channels, as a token embedding is), sinusoidal
position and dropout, 8-head attention, LayerNorm -> H; flattened -> linear -> embedding. The paper
draws no residual around the attention; without one the tokens of an untrained encoder are nearly
alike, since softmax starts almost even. The residual is our choice.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from m3n_studio.learning.model_config import ImuEncoderConfig
from m3n_studio.learning.models.contributed import build_imu_encoder
from m3n_studio.learning.models.layers import Attention, sinusoid

CHANNELS = 6


class ImuEncoder(nn.Module):
    """One placement's encoder, ``attention`` of the door.

    Parameters
    ----------
    config : ImuEncoderConfig
    samples : int
        Samples a window (T).
    """

    position: Tensor

    def __init__(self, config: ImuEncoderConfig, samples: int) -> None:
        super().__init__()
        self.token = nn.Linear(samples, config.width)
        self.register_buffer("position", sinusoid(CHANNELS, config.width), persistent=False)
        self.dropout = nn.Dropout(config.position_dropout)
        self.attention = Attention(config.width, config.heads, config.attention_dropout)
        self.norm = nn.LayerNorm(config.width)
        self.embed = nn.Linear(CHANNELS * config.width, config.embedding)

    def forward(self, imu: Tensor) -> tuple[Tensor, Tensor]:
        """A normalised window (B, 6, T) to its tokens H (B, 6, width) and embedding (B, embedding)."""
        tokens = self.dropout(self.token(imu) + self.position)
        tokens = self.norm(tokens + self.attention(tokens))
        return tokens, self.embed(tokens.flatten(1))


class ImuEncoders(nn.Module):
    """An encoder for each placement, alike but with weights of their own.

    Parameters
    ----------
    config : ImuEncoderConfig
        Its ``kind`` says which of those that came through the door.
    samples : int
    placements : sequence of str
        In the order of the windows' second dimension; state dictionaries name weights by them, so
        that an encoder of two wrists lends one wrist its weights.
    """

    def __init__(self, config: ImuEncoderConfig, samples: int, placements: Sequence[str]) -> None:
        super().__init__()
        self.placements = tuple(placements)
        self.width, self.embedding = config.width, config.embedding
        self.of = nn.ModuleDict({name: build_imu_encoder(config, samples) for name in placements})

    def forward(self, imu: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Windows (B, P, 6, T), mask (B, P) to tokens (B, P * 6, width) and embeddings (B, P, embedding).

        Masked placements give zeros.
        """
        if mask is not None:
            imu = imu.masked_fill(~mask[:, :, None, None], 0.0)
        each = [self.of[name](imu[:, p]) for p, name in enumerate(self.placements)]
        tokens = torch.stack([h for h, _ in each], dim=1)  # (B, P, 6, width)
        embeddings = torch.stack([e for _, e in each], dim=1)
        if mask is not None:
            tokens = tokens * mask[:, :, None, None].to(tokens.dtype)
            embeddings = embeddings * mask[:, :, None].to(embeddings.dtype)
        return tokens.flatten(1, 2), embeddings
