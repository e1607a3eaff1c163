"""Pretraining: the joint model on batches of text, pose and synthetic signals; what comes out is a run's folder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from m3n_studio.errors import FileError, ValueProblem
from m3n_studio.learning import checkpoints
from m3n_studio.learning.batches import BatchSource
from m3n_studio.learning.config import LearningConfig, LossConfig
from m3n_studio.learning.contributed import check_pretraining, reopening
from m3n_studio.learning.epoch_snapshots import keeping
from m3n_studio.learning.estimate import estimate
from m3n_studio.learning.events import Remark
from m3n_studio.learning.folds import Scaler
from m3n_studio.learning.loop import BEST, Task, derived, fit
from m3n_studio.learning.losses import pretrain_loss
from m3n_studio.learning.methods import DataShape, find_method
from m3n_studio.learning.models.multi3net import Multi3Net, PretrainBatch, parameter_counts
from m3n_studio.learning.run_folder import About, RunFolder, take_up
from m3n_studio.learning.running import Tell, running


class _Task:
    """Batches of a source through the joint model."""

    waiting = False

    def __init__(
        self, model: Multi3Net, config: LossConfig, train: BatchSource, validation: BatchSource | None
    ) -> None:
        self.model: Any = model
        self.steps = len(train)
        self._loss, self._train, self._validation = config, train, validation
        self._objectives, self._placements = model.objectives, train.placements

    def batches(self, seed: int, start: int) -> Iterator[PretrainBatch]:
        return self._train.epoch(seed, start)

    def loss(self, model: Any, batch: PretrainBatch) -> tuple[Tensor, dict[str, Tensor]]:
        return pretrain_loss(model(batch), batch, self._placements, self._loss, self._objectives)

    def size(self, batch: PretrainBatch) -> int:
        return len(batch.imu)

    def validate(self, model: Any, to_device: Callable[[Any], Any], check: Callable[[], None]) -> dict[str, float]:
        sums: dict[str, float] = {}
        windows = 0
        for batch in self._validation.epoch(0) if self._validation is not None else ():
            check()
            loss, terms = self.loss(model, to_device(batch))
            windows += len(batch.imu)
            for name, value in {"loss": loss, **terms}.items():
                sums[name] = sums.get(name, 0.0) + float(value) * len(batch.imu)
        return {name: total / windows for name, total in sums.items()}

    def training(self) -> None:
        self.model.train()

    def plateau(self) -> str:
        return ""

    def restore(self, waiting: bool) -> None:
        pass


def pretrain(
    path: str | Path,
    config: LearningConfig,
    train: BatchSource,
    validation: BatchSource | None = None,
    *,
    method: str = "",
    made_from: Mapping[str, str] | None = None,
    resume: bool = False,
    tell: Tell | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    accelerator: str = "auto",
) -> RunFolder:
    """Pretrain into a run's folder, or go on with the run that is there.

    Parameters
    ----------
    path : path
        New or empty; with `resume`, a run of the same settings, seed and data.
    config : LearningConfig
    train, validation : BatchSource
        Without validation the training loss is watched.
    method : str
        Whose objectives; the configuration's ``finetune.method`` where empty.
    made_from : mapping of str to str
        Where the data came from, for people and to resume.
    resume : bool
    tell, cancelled
        Messages out, and whether to stop; asked before every step.
    accelerator : str

    Returns
    -------
    RunFolder
        Finished; ``checkpoints/best.pt`` and ``last.pt``.
    """
    name = method or config.finetune.method
    way = find_method(name)
    if way.objectives is None:
        raise ValueProblem(f"{name} is trained from scratch: there is nothing to pretrain")
    check_pretraining(way, config)
    if not len(train):
        raise ValueProblem("there is no batch to pretrain on: too few windows for optimiser.batch")
    facts = {
        "method": name, "placements": list(train.placements), "samples": train.samples,
        "rate_hz": config.windows.rate_hz, "sentence_width": train.sentence_width, "scaler": train.scaler.to_dict(),
    }  # fmt: skip
    seed = config.pretrain.seed
    about = About("pretrain", seed, _fingerprint(train, validation), dict(made_from or {}), facts)
    run = take_up(path, config, about, resume=resume)
    with running(run, tell) as say:
        model = _model(config, facts, seed)
        task = _Task(model, config.pretrain.loss, train, validation)
        cost = estimate(task, seed)
        say(Remark("estimate", cost.text(config.pretrain.optimiser.epochs), "", vars(cost)))
        cost.check()
        fitted = fit(
            task, config.pretrain.optimiser, run.checkpoints(), seed=seed,
            tell=keeping(say, model, validation, run.path, config.pretrain.snapshots), cancelled=cancelled,
            accelerator=accelerator,
        )  # fmt: skip
        run.write_json("metrics.json", {
            "loss": fitted.best, "epochs": fitted.epochs, "best_epoch": fitted.best_epoch,
            "windows_an_epoch": len(train) * train.batch, "parameters": parameter_counts(model),
            "history": [dict(h) for h in fitted.history],
        })  # fmt: skip
    return run


def task_of(model: Multi3Net, config: LossConfig, train: BatchSource) -> Task:
    """Batches through a joint model as pretraining does it, e.g. to see what a step costs."""
    return _Task(model, config, train, None)


@dataclass(frozen=True, eq=False)
class Pretrained:
    """The joint model of a run, in evaluation mode on the CPU, and what its inputs must be.

    Attributes
    ----------
    model : Multi3Net
    config : LearningConfig
    method : str
    placements : tuple of str
    samples, sentence_width : int
    rate_hz : float
    scaler : Scaler
        Of the synthetic windows it learned from.
    """

    model: Multi3Net
    config: LearningConfig
    method: str
    placements: tuple[str, ...]
    samples: int
    sentence_width: int
    rate_hz: float
    scaler: Scaler


def open_pretrained(path: str | Path, which: str = BEST) -> Pretrained:
    """The joint model of a pretraining run.

    Raises
    ------
    FileError
        Where the folder holds no such run, its checkpoint is missing, damaged or of another model, or the plugin
        of its method, encoder or objective is not here.
    """
    run = RunFolder.open(path)
    about, config = run.about, run.config
    if about.kind != "pretrain":
        raise FileError(path, field="kind", found=f"a run of kind {about.kind}", expected="a pretraining run")
    facts = _checked(about.facts, run.path / "run.json")
    with reopening(path):
        model = _model(config, facts, 0)
    at = run.checkpoints() / which
    checkpoints.fill(model, checkpoints.load(at)["model"], at)
    return Pretrained(
        model.eval(), config, facts["method"], tuple(facts["placements"]), facts["samples"], facts["sentence_width"],
        float(facts["rate_hz"]), Scaler.from_dict(facts["scaler"]),
    )  # fmt: skip


def _checked(facts: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The facts of a pretraining run, each of its kind."""
    kinds: dict[str, type | tuple[type, ...]] = {
        "method": str, "placements": list, "samples": int, "rate_hz": (int, float), "sentence_width": int,
        "scaler": dict,
    }  # fmt: skip
    for name, kind in kinds.items():
        if not isinstance(facts.get(name), kind):
            raise FileError(path, field=f"facts.{name}", found=repr(facts.get(name))[:80], expected=f"{kind}")
    if not all(isinstance(p, str) for p in facts["placements"]) or not 0 < facts["samples"] <= 100_000:
        raise FileError(path, field="facts", found="placements or samples out of range", expected="names; 1 to 100000")
    if not 0 < facts["sentence_width"] <= 65_536:
        raise FileError(path, field="facts.sentence_width", found=str(facts["sentence_width"]), expected="1 to 65536")
    return dict(facts)


def _model(config: LearningConfig, facts: Mapping[str, Any], seed: int) -> Multi3Net:
    """The joint model with weights drawn by seed; the caller's generator stays as it is."""
    with torch.random.fork_rng():
        torch.manual_seed(derived(seed, 4))
        shape = DataShape(facts["samples"], tuple(facts["placements"]), 0)
        joint: Multi3Net = find_method(facts["method"]).joint(config.model, shape, facts["sentence_width"])
        return joint


def _fingerprint(train: BatchSource, validation: BatchSource | None) -> str:
    parts = [train.fingerprint(), validation.fingerprint() if validation is not None else ""]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
