"""From an embedding back to IMU windows: the Pose2IMU decoder and the IMU reconstructor.

Three blocks of transposed convolution, unpooling (each sample twice: there is no pooling whose
places a max-unpooling could use), batch norm, ReLU and dropout, then one convolution to the
channels. The reconstructor first takes the placements' embeddings, side by side, through a linear
layer to one embedding.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from m3n_studio.learning.model_config import DecoderConfig

_GROWTH = 8  # three unpoolings by two


class ImuDecoder(nn.Module):
    """An embedding to the windows of all placements.

    Parameters
    ----------
    config : DecoderConfig
    embedding, placements, samples : int
        Width of the embedding, P, and T.
    """

    def __init__(self, config: DecoderConfig, embedding: int, placements: int, samples: int) -> None:
        super().__init__()
        self.placements, self.samples = placements, samples
        self.channels, self.length = config.channels[0], -(-samples // _GROWTH)
        self.start = nn.Linear(embedding, self.channels * self.length)
        widths = [config.channels[0], *config.channels]
        layers: list[nn.Module] = []
        for a, b in pairwise(widths):
            layers += [
                nn.ConvTranspose1d(a, b, config.kernel, padding=config.kernel // 2),
                nn.Upsample(scale_factor=2),
                nn.BatchNorm1d(b),
                nn.ReLU(),
                nn.Dropout(config.dropout),
            ]
        self.blocks = nn.Sequential(*layers)
        self.out = nn.Conv1d(widths[-1], placements * 6, config.kernel, padding=config.kernel // 2)

    def forward(self, embedding: Tensor) -> Tensor:
        """(B, embedding) to normalised windows (B, P, 6, T)."""
        x = self.start(embedding).view(-1, self.channels, self.length)
        x = self.out(self.blocks(x))[..., : self.samples]
        return x.reshape(len(x), self.placements, 6, self.samples)


class ImuReconstructor(nn.Module):
    """The placements' embeddings to their windows; parameters as of :class:`ImuDecoder`."""

    def __init__(self, config: DecoderConfig, embedding: int, placements: int, samples: int) -> None:
        super().__init__()
        self.join = nn.Linear(placements * embedding, embedding)
        self.decoder = ImuDecoder(config, embedding, placements, samples)

    def forward(self, embeddings: Tensor) -> Tensor:
        """(B, P, embedding) to normalised windows (B, P, 6, T)."""
        out: Tensor = self.decoder(self.join(embeddings.flatten(1)))
        return out
