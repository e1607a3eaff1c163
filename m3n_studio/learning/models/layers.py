"""Small parts the networks share: positions, attention, batch norm and means that know about masks.

What a mask leaves out changes nothing: neither the values of what it keeps, nor the statistics of
batch norm. In evaluation a row's result does not depend on the other rows of its batch.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


def sinusoid(length: int, width: int) -> Tensor:
    """Sinusoidal positions (length, width), as in "Attention Is All You Need"."""
    position = torch.arange(length, dtype=torch.float32)[:, None]
    rate = torch.exp(torch.arange(0, width, 2, dtype=torch.float32) * (-math.log(10_000.0) / width))
    out = torch.zeros(length, width)
    out[:, 0::2] = torch.sin(position * rate)
    out[:, 1::2] = torch.cos(position * rate)[:, : width // 2]
    return out


class MaskedBatchNorm(nn.Module):
    """Batch norm over (N, C, L) whose statistics leave masked positions out.

    With fewer than two positions to learn from, the running statistics are used: there is no
    variance of one value.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(channels)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """X (N, C, L), mask (N, L) True where it counts; masked positions come out as 0."""
        if not self.training:
            out = self.norm(x)
            return out if mask is None else out * mask[:, None].to(out.dtype)
        kept = torch.ones_like(x[:, 0], dtype=torch.bool) if mask is None else mask
        if kept.numel() > 1 and bool(kept.all()):
            return self.norm(x)
        rows = x.transpose(1, 2)[kept]  # (M, C)
        if len(rows) < 2:
            n = self.norm
            rows = functional.batch_norm(rows, n.running_mean, n.running_var, n.weight, n.bias, False, 0.0, n.eps)
        else:
            rows = self.norm(rows)
        out = torch.zeros_like(x.transpose(1, 2))
        out[kept] = rows
        return out.transpose(1, 2)


class Attention(nn.Module):
    """Multi-head self-attention over (N, L, width) with an optional mask (N, L), True where it counts."""

    def __init__(self, width: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.into = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(N, L, width); what masked positions come out as means nothing."""
        n, length, width = x.shape
        q, k, v = self.into(x).view(n, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        seen = None if mask is None else mask[:, None, None, :]
        dropout = self.dropout if self.training else 0.0
        mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=seen, dropout_p=dropout)
        return self.out(mixed.transpose(1, 2).reshape(n, length, width))


class DropPath(nn.Module):
    """In training, a residual path is left out for a whole row with this probability."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        """(N, ...), kept rows scaled so that the mean stays."""
        if not self.training or self.share == 0.0:
            return x
        keep = 1.0 - self.share
        shape = (len(x),) + (1,) * (x.ndim - 1)
        return x * (torch.rand(shape, device=x.device, dtype=x.dtype) < keep).to(x.dtype) / keep


class Block(nn.Module):
    """A pre-norm transformer block: attention, then an MLP with GELU, each on a droppable path."""

    def __init__(self, width: int, heads: int, mlp_ratio: float, drop_path: float) -> None:
        super().__init__()
        hidden = round(width * mlp_ratio)
        self.norm_attention, self.attention = nn.LayerNorm(width), Attention(width, heads)
        self.norm_mlp = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))
        self.path = DropPath(drop_path)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(N, L, width) with mask (N, L)."""
        x = x + self.path(self.attention(self.norm_attention(x), mask))
        return x + self.path(self.mlp(self.norm_mlp(x)))


def something(mask: Tensor) -> Tensor:
    """The mask (N, L) with rows that keep nothing turned to keep all, so that attention has no empty row."""
    return mask | ~mask.any(dim=1, keepdim=True)


def masked_mean(x: Tensor, mask: Tensor | None) -> Tensor:
    """Mean over dimension 1 of (N, L, C), leaving masked positions (N, L) out; 0 where all are."""
    if mask is None:
        return x.mean(dim=1)
    weight = mask.to(x.dtype)[..., None]
    return (x * weight).sum(dim=1) / weight.sum(dim=1).clamp_min(1.0)
