"""What pretraining asks of its data: a source of batches, whoever makes them. Nothing here imports torch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from m3n_studio.learning.folds import Scaler
    from m3n_studio.learning.models.multi3net import PretrainBatch


class BatchSource(Protocol):
    """Batches of pretraining; an epoch's batches follow from its seed alone, so that a run can be taken up again.

    Attributes
    ----------
    placements : tuple of str
        Order of the batches' second dimension.
    samples : int
        Samples a window (T).
    sentence_width : int
        Of the sentence embeddings (S).
    batch : int
        Windows a batch, but for a last one.
    scaler : Scaler
        What the windows were normalised with; never fitted on real recordings that are tested on.
    """

    placements: tuple[str, ...]
    samples: int
    sentence_width: int
    batch: int
    scaler: Scaler

    def __len__(self) -> int:
        """Batches an epoch."""
        ...

    def epoch(self, seed: int, start: int = 0) -> Iterator[PretrainBatch]:
        """The batches from number `start` on: the same for the same seed, whatever was asked before.

        Every batch follows from (seed, its number) alone and no global generator is touched; those
        before `start` need not be made. Tensors are on the CPU.
        """
        ...

    def fingerprint(self) -> str:
        """A digest of what the batches are drawn from (clips, texts, settings); the same on any machine."""
        ...
