"""Windows in a classifier's own space: its embedding, what it says, which expert decides."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from m3n_studio.errors import Cancelled
from m3n_studio.learning.trained import Trained, mean_gates

Singles = NDArray[np.float32]
_BATCH = 256


def features(
    of: Trained,
    imu: Singles,
    mask: NDArray[np.bool_],
    *,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[Singles, Singles, Singles]:
    """Embeddings (N, D), probabilities (N, C) and mean gates (N, experts) of windows.

    Parameters
    ----------
    imu : (N, P, 6, T) float32, m/s2 and rad/s
        For the classifier's placements, in its order.
    mask : (N, P) bool
    progress : callable of (windows done, windows)
    cancelled : callable returning bool
    """
    vector, probability, gates = [], [], []
    with torch.inference_mode():
        for a in range(0, len(imu), _BATCH):
            if cancelled():
                raise Cancelled("embedding was cancelled")
            there = mask[a : a + _BATCH]
            out = of.network(torch.from_numpy(of.scaler.apply(imu[a : a + _BATCH], there)), torch.from_numpy(there))
            vector.append(out.embedding.numpy())
            probability.append(out.logits.softmax(dim=1).numpy())
            none = np.zeros((len(there), 0), dtype=np.float32)
            gates.append(none if out.gates is None else mean_gates(out.gates.numpy()))
            if progress:
                progress(min(a + _BATCH, len(imu)), len(imu))
    return np.concatenate(vector), np.concatenate(probability), np.concatenate(gates)
