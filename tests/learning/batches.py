"""Batches of pretraining made up for the tests; needs torch."""

import torch

from m3n_studio.learning.models.multi3net import PretrainBatch

BOTH = ("left_wrist", "right_wrist")


def batch(n, samples=24, width=12, seed=0):
    """Noise of three modalities, everything present, every window with its own text and clip."""
    make = torch.Generator().manual_seed(seed)
    return PretrainBatch(
        torch.randn(n, 2, 6, samples, generator=make),
        torch.ones(n, 2, dtype=torch.bool),
        torch.randn(n, samples, 52, 3, generator=make) * 0.3,
        torch.ones(n, samples, dtype=torch.bool),
        torch.randn(n, width, generator=make),
        None,
        torch.arange(n),
        torch.arange(n),
    )
