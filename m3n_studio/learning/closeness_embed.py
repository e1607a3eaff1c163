"""The space of a pretrained model's embeddings of one placement, to compare synthetic windows with real ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from m3n_studio.errors import ValueProblem
from m3n_studio.learning.pretrain import Pretrained

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
_AT_ONCE = 512


@dataclass(frozen=True, eq=False)
class EmbeddingSpace:
    """Windows of one placement as embeddings of unit length; other placements are masked.

    Attributes
    ----------
    of : Pretrained
    placement : str
        One the model was pretrained for.
    """

    of: Pretrained
    placement: str

    def __post_init__(self) -> None:
        if self.placement not in self.of.placements:
            raise ValueProblem(
                f"the run was pretrained for {', '.join(self.of.placements)}, not for {self.placement}: choose another"
                " run or placement"
            )

    def __call__(self, imu: Singles) -> Floats:
        """Windows (n, 6, T), m/s2 and rad/s, as points (n, E)."""
        at, places = self.of.placements.index(self.placement), len(self.of.placements)
        out = []
        with torch.inference_mode():
            for a in range(0, len(imu), _AT_ONCE):
                part = imu[a : a + _AT_ONCE]
                raw = np.zeros((len(part), places, *part.shape[1:]), dtype=np.float32)
                raw[:, at] = part
                mask = np.zeros((len(part), places), dtype=bool)
                mask[:, at] = True
                normal = torch.from_numpy(self.of.scaler.apply(raw, mask))
                out.append(self.of.model.imu(normal, torch.from_numpy(mask))[1][:, at].numpy())
        points = np.concatenate(out).astype(np.float64)
        return np.asarray(points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-12))
