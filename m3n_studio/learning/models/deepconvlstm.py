"""DeepConvLSTM: four convolutions over time, two LSTM layers, the last state decides.

The convolutions see each channel by itself with the same filters (kernels of size (5, 1), as
published) and do not pad, so that a window must be longer than they eat; the LSTM reads all
filters of all channels at once. Missing placements are zeros.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from m3n_studio.errors import ValueProblem
from m3n_studio.learning.model_config import DeepConvLstmConfig
from m3n_studio.learning.models.classifier import Outputs
from m3n_studio.learning.models.imu_encoder import CHANNELS


class DeepConvLstm(nn.Module):
    """The baseline, from scratch.

    Parameters
    ----------
    config : DeepConvLstmConfig
    samples, classes : int
    placements : sequence of str
    """

    def __init__(self, config: DeepConvLstmConfig, samples: int, placements: Sequence[str], classes: int) -> None:
        super().__init__()
        eaten = config.layers * (config.kernel - 1)
        if samples <= eaten:
            raise ValueProblem(f"DeepConvLSTM needs windows longer than {eaten} samples; found {samples}")
        layers: list[nn.Module] = []
        for index in range(config.layers):
            conv = nn.Conv2d(1 if index == 0 else config.filters, config.filters, (config.kernel, 1))
            layers += [conv, nn.BatchNorm2d(config.filters), nn.ReLU()]
        self.conv = nn.Sequential(*layers)
        between = config.dropout if config.lstm_layers > 1 else 0.0
        self.lstm = nn.LSTM(
            config.filters * CHANNELS * len(placements), config.lstm_width, config.lstm_layers,
            batch_first=True, dropout=between,
        )  # fmt: skip
        self.dropout = nn.Dropout(config.dropout)
        self.out = nn.Linear(config.lstm_width, classes)

    def forward(self, imu: Tensor, mask: Tensor | None = None) -> Outputs:
        """Normalised windows (B, P, 6, T); tokens are the LSTM's states over time, the embedding its last."""
        if mask is not None:
            imu = imu.masked_fill(~mask[:, :, None, None], 0.0)
        x = self.conv(imu.flatten(1, 2).transpose(1, 2)[:, None])  # (B, filters, T', P * 6)
        states, _ = self.lstm(x.permute(0, 2, 1, 3).flatten(2))
        last = states[:, -1]
        return Outputs(self.out(self.dropout(last)), None, states, last)

    def extra_loss(self, outputs: Outputs) -> Tensor:
        """Nothing: 0."""
        return torch.zeros((), dtype=outputs.logits.dtype, device=outputs.logits.device)
