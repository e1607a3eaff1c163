"""Labelled windows through a classifier: what the training loop needs of finetuning, freezing included."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from m3n_studio.errors import ValueProblem
from m3n_studio.learning.config import FinetuneConfig, OptimiserConfig
from m3n_studio.learning.evaluate import macro_f1
from m3n_studio.learning.folds import Fold
from m3n_studio.learning.windows import Ints, Windows

_EVALUATION_BATCH = 256


class ClassifierTask:
    """Labelled windows through a classifier, its encoder frozen as the policy says.

    Parameters
    ----------
    model : nn.Module
    windows : Windows
        Normalised.
    fold : Fold
    config : FinetuneConfig
    freeze : {"never", "always", "until-plateau"}
        Of the encoder; ``never`` for a network without one.
    optimiser : OptimiserConfig
        Whose batch and least steps count.
    warm : bool
        The straight way began in closed form and is frozen as long as the encoder is.
    """

    def __init__(
        self, model: Any, windows: Windows, fold: Fold, config: FinetuneConfig, freeze: str,
        optimiser: OptimiserConfig | None = None, warm: bool = False,
    ) -> None:  # fmt: skip
        optimiser = optimiser or config.optimiser
        self._warm = warm
        self.model = model
        self.waiting = freeze == "until-plateau"
        self._frozen = freeze != "never"
        self._batch, self._classes = optimiser.batch, len(windows.classes)
        self._imu, self._mask = torch.from_numpy(windows.imu), torch.from_numpy(windows.mask)
        self._label = torch.from_numpy(windows.label)
        self._train, self._valid = fold.train, fold.validation
        if len(fold.train) < 2:
            raise ValueProblem(f"{fold.name}: {len(fold.train)} labelled windows to train on; expected 2 or more")
        once = max(1, math.ceil(len(fold.train) / self._batch))
        self._rounds = max(1, math.ceil(optimiser.least_steps / once))
        self.steps = len(self._cuts())
        self._weight = _class_weights(windows, fold.train) if config.class_weights else None
        self._freeze()

    def batches(self, seed: int, start: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """An epoch: every window as often as `least_steps` asks, in a new order each time."""
        rng = np.random.default_rng(seed)
        order = np.concatenate([rng.permutation(self._train) for _ in range(self._rounds)])
        for a, b in self._cuts()[start:]:
            at = torch.from_numpy(order[a:b])
            yield self._imu[at], self._mask[at], self._label[at]

    def loss(self, model: Any, batch: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Cross-entropy, and what the head adds."""
        imu, mask, label = batch
        out = model(imu, mask)
        weight = None if self._weight is None else self._weight.to(imu.device)
        entropy, extra = cross_entropy(out.logits, label, weight), self.model.extra_loss(out)
        return entropy + extra, {"cross_entropy": entropy, "extra": extra}

    def size(self, batch: tuple[Tensor, Tensor, Tensor]) -> int:
        """Windows of a batch."""
        return len(batch[0])

    def validate(self, model: Any, to_device: Callable[[Any], Any], check: Callable[[], None]) -> dict[str, float]:
        """Loss and macro F1 of the users who validate."""
        if not len(self._valid):
            return {}
        probability, loss = [], 0.0
        for a in range(0, len(self._valid), _EVALUATION_BATCH):
            check()
            at = torch.from_numpy(self._valid[a : a + _EVALUATION_BATCH])
            imu, mask, label = to_device((self._imu[at], self._mask[at], self._label[at]))
            logits = model(imu, mask).logits
            loss += float(cross_entropy(logits, label, reduction="sum"))
            probability.append(logits.softmax(dim=1).cpu().numpy())
        label_of = self._label.numpy()[self._valid]
        return {
            "loss": loss / len(self._valid),
            "macro_f1": macro_f1(np.concatenate(probability), label_of, self._classes),
        }

    def training(self) -> None:
        """Training mode, a frozen encoder without its dropout."""
        self.model.train()
        if self._frozen:
            self.model.encoder.eval()

    def plateau(self) -> str:
        """Unfreeze the encoder."""
        self._frozen = self.waiting = False
        self._freeze()
        return "the loss has stopped falling: the encoder learns too from now on"

    def restore(self, waiting: bool) -> None:
        """Unfreeze where the checkpoint was past the plateau."""
        if self.waiting and not waiting:
            self.plateau()

    def _freeze(self) -> None:
        for name in ("encoder", "straight") if self._warm else ("encoder",):
            part = getattr(self.model, name, None)
            for weight in part.parameters() if part is not None else ():
                weight.requires_grad_(not self._frozen)

    def _cuts(self) -> list[tuple[int, int]]:
        """Where batches begin and end; a lone last window is left out, for batch norm."""
        count = len(self._train) * self._rounds
        cuts = [(a, min(a + self._batch, count)) for a in range(0, count, self._batch)]
        return [(a, b) for a, b in cuts if b - a > 1]


def _class_weights(windows: Windows, train: Ints) -> Tensor:
    """Inverse frequency in training, 1 in the mean over its windows; 0 for a class without windows."""
    counts = windows.counts(train).astype(np.float64)
    weight = np.where(counts > 0, counts.sum() / (np.maximum(counts, 1) * max(1, (counts > 0).sum())), 0.0)
    return torch.from_numpy(weight.astype(np.float32))
