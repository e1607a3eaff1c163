"""The text encoder: three residual convolutions above a sentence embedding computed beforehand.

The paper feeds the last hidden layer of Instructor (a sequence), its code the pooled sentence
vector; both are taken: a pooled vector is a sequence of length one. Each block is
``x + ReLU(BN(Conv1d(x)))`` (with a 1x1 convolution on the way round where widths differ); then the
mean over real tokens and a linear layer. The sentence model itself stays fixed, these layers learn.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from m3n_studio.learning.model_config import TextEncoderConfig
from m3n_studio.learning.models.layers import MaskedBatchNorm, masked_mean


class _Residual(nn.Module):
    def __init__(self, into: int, width: int, kernel: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(into, width, kernel, padding=kernel // 2)
        self.norm = MaskedBatchNorm(width)
        self.skip = nn.Identity() if into == width else nn.Conv1d(into, width, 1)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, C, L) with mask (B, L); masked positions are and stay 0."""
        out = self.skip(x) + torch.relu(self.norm(self.conv(x), mask))
        return out * mask[:, None].to(out.dtype)


class TextEncoder(nn.Module):
    """Sentence embeddings to the common space.

    Parameters
    ----------
    config : TextEncoderConfig
    sentence_width : int
        Of the sentence encoder: 768 (instructor), 384 (MiniLM).
    embedding : int
    """

    def __init__(self, config: TextEncoderConfig, sentence_width: int, embedding: int) -> None:
        super().__init__()
        widths = [sentence_width, *[config.width] * config.blocks]
        self.blocks = nn.ModuleList(_Residual(a, b, config.kernel) for a, b in pairwise(widths))
        self.head = nn.Linear(config.width, embedding)

    def forward(self, text: Tensor, mask: Tensor | None = None) -> Tensor:
        """Pooled (B, S) or a sequence (B, L, S) with mask (B, L), True for real tokens, to (B, embedding)."""
        x = text[:, None] if text.ndim == 2 else text
        if mask is None:
            mask = torch.ones(x.shape[:2], dtype=torch.bool, device=x.device)
        x = x.masked_fill(~mask[..., None], 0.0).transpose(1, 2)
        for block in self.blocks:
            x = block(x, mask)
        return self.head(masked_mean(x.transpose(1, 2), mask))
