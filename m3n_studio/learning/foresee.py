"""What a run will cost, before it begins: exact numbers of windows and folds, time and memory of one trial step.

The window asks for it while settings are still being chosen; a run says the same of itself when it starts.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from m3n_studio.learning.batches import BatchSource
from m3n_studio.learning.classifier_task import ClassifierTask
from m3n_studio.learning.config import LearningConfig
from m3n_studio.learning.contributed import check_pretraining
from m3n_studio.learning.estimate import Estimate, estimate
from m3n_studio.learning.finetune import build, matching
from m3n_studio.learning.folds import Scaler, few_labels, make_folds
from m3n_studio.learning.loop import derived
from m3n_studio.learning.methods import DataShape, find_method
from m3n_studio.learning.pretrain import task_of
from m3n_studio.learning.windows import Windows


@dataclass(frozen=True)
class Foreseen:
    """What is known of a run before it begins.

    Attributes
    ----------
    windows, classes, folds : int
        Of a pretraining: windows an epoch, 0 and 1.
    cost : Estimate or None
        Of one fold; None for a method that learns in one go.
    epochs : int
        The most, a fold.
    """

    windows: int
    classes: int
    folds: int
    cost: Estimate | None
    epochs: int

    @property
    def most_s(self) -> float:
        """Time if nothing stops early, s; 0 where it is not known."""
        return 0.0 if self.cost is None else self.cost.epoch_s * self.epochs * self.folds


def leave_a_core() -> int:
    """Let torch compute on all cores but one in this thread and those it starts; how many."""
    count = max(1, (os.cpu_count() or 2) - 1)
    torch.set_num_threads(count)
    return count


def foresee_finetune(config: LearningConfig, windows: Windows, pretrained: str | Path | None = None) -> Foreseen:
    """Of a finetuning, from a trial step on its first fold; what would be refused is refused here.

    Parameters
    ----------
    config : LearningConfig
    windows : Windows
        Cut as ``config.windows`` says.
    pretrained : path
        For methods that want one.
    """
    own, method = config.finetune, find_method(config.finetune.method)
    windows = windows.only(own.placements) if own.placements else windows
    source = matching(method, config, windows, pretrained)
    folds = make_folds(windows, own.folds, seed=own.seed, validation_users=own.validation_users)
    cost = None
    if method.family == "neural":
        fold, seed = folds[0], derived(own.seed, 5, 1)
        scaler = Scaler.fit(windows, fold.train)
        normal = replace(windows, imu=scaler.apply(windows.imu, windows.mask))
        train = few_labels(windows, fold.train, own.labels_per_class, seed=own.seed)
        freeze = "always" if source is not None and own.freeze == "always" else "never"  # unfrozen costs most
        task = ClassifierTask(build(method, config, windows, seed), normal, replace(fold, train=train), own, freeze)
        cost = estimate(task, seed)
    return Foreseen(len(windows), len(windows.classes), len(folds), cost, own.optimiser.epochs)


def foresee_pretrain(config: LearningConfig, train: BatchSource, method: str = "") -> Foreseen:
    """Of a pretraining, from a trial step on its batches."""
    way, seed = find_method(method or config.finetune.method), config.pretrain.seed
    check_pretraining(way, config)
    with torch.random.fork_rng():
        torch.manual_seed(derived(seed, 4))
        model = way.joint(config.model, DataShape(train.samples, tuple(train.placements), 0), train.sentence_width)
    cost = estimate(task_of(model, config.pretrain.loss, train), seed)
    return Foreseen(len(train) * train.batch, 0, 1, cost, config.pretrain.optimiser.epochs)
