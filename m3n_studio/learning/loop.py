"""The one training loop: epochs, schedule, early stopping, clipping, checkpoints, cancelling, resuming.

What is trained is a :class:`Task`; pretraining and finetuning are two of them. After an epoch (short ones share a
checkpoint) ``last.pt`` holds everything that decides what follows: weights, optimiser, schedule,
every generator's state, the place in the epoch. A run that was killed goes on from there, and its weights
are then those of a run that was never killed, bit for bit on a CPU with the same number of threads.
Cancelling is asked for before every step and every validation batch, and writes the same checkpoint
in the midst of an epoch.

The schedule multiplies the step by `plateau_factor` after `plateau_patience` epochs without
improvement; where the task wants the first plateau for itself (to unfreeze an encoder), the step
stays and the patience begins anew. While a task still waits for its plateau, nothing stops early.
The cosine schedule knows neither plateaus nor early stopping: every epoch is kept, so that the last
one is; a task that waits for a plateau has it after half of the epochs.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from m3n_studio.errors import Cancelled, M3nError
from m3n_studio.learning import checkpoints
from m3n_studio.learning.config import OptimiserConfig
from m3n_studio.learning.events import Epoch, Message, Remark, Step

LAST, BEST = "last.pt", "best.pt"

#: Within an epoch a checkpoint is written about this often, s; between epochs no more often than `SAVE_S`.
CHECKPOINT_S, SAVE_S = 300.0, 2.0


class Diverged(M3nError):
    """A loss or a gradient was not a number; the last good checkpoint is left."""


class Task(Protocol):
    """What is trained.

    Attributes
    ----------
    model : nn.Module
    steps : int
        Batches an epoch.
    waiting : bool
        Whether it still wants the first plateau for itself.
    """

    model: nn.Module
    steps: int
    waiting: bool

    def batches(self, seed: int, start: int) -> Iterator[Any]:
        """An epoch's batches from number `start` on; they follow from the seed."""
        ...

    def loss(self, model: Any, batch: Any) -> tuple[Tensor, Mapping[str, Tensor]]:
        """What is made small, and its parts."""
        ...

    def size(self, batch: Any) -> int:
        """Windows of a batch."""
        ...

    def validate(self, model: Any, to_device: Callable[[Any], Any], check: Callable[[], None]) -> dict[str, float]:
        """Numbers of an epoch, ``loss`` being the one watched; empty where nobody validates.

        It draws from no global generator and calls `check` before every batch.
        """
        ...

    def training(self) -> None:
        """Put the model in training mode; frozen parts stay in evaluation."""
        ...

    def plateau(self) -> str:
        """The first plateau is there; what was done about it, for the log."""
        ...

    def restore(self, waiting: bool) -> None:
        """Be as a checkpoint says: still waiting for the plateau, or past it."""
        ...


@dataclass
class _Position:
    """Where a training stands; all of it is in the checkpoint."""

    epoch: int = 0
    step: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    best: float = math.inf
    best_epoch: int = 0
    stale: int = 0
    finished: bool = False
    history: list[dict[str, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Fitted:
    """How a training ended.

    Attributes
    ----------
    epochs, best_epoch : int
        How many there were, and which was the best.
    best : float
        The loss watched, at its best.
    history : tuple of mapping
        Of every epoch: means of the training losses (``train/loss``), validation (``validation/loss``), ``lr``.
    """

    epochs: int
    best_epoch: int
    best: float
    history: tuple[Mapping[str, float], ...]


def derived(seed: int, *purpose: int) -> int:
    """A seed that follows from another and a purpose."""
    return int(np.random.SeedSequence([seed, *purpose]).generate_state(1)[0])


def fit(
    task: Task,
    config: OptimiserConfig,
    folder: Path,
    *,
    seed: int,
    part: str = "",
    tell: Callable[[Message], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
    accelerator: str = "auto",
    checkpoint_s: float = CHECKPOINT_S,
) -> Fitted:
    """Train until nothing gets better, going on from ``last.pt`` where there is one.

    Parameters
    ----------
    task : Task
        Its model is left with the best weights.
    config : OptimiserConfig
    folder : Path
        Of the checkpoints.
    seed : int
        Of the batches' order and of dropout.
    part : str
        What messages are about.
    tell : callable of Message
    cancelled : callable returning bool
    accelerator : str
        Fabric's: ``auto``, ``cpu``, ``cuda``.
    checkpoint_s : float, s
        How often a checkpoint is written within an epoch.

    Raises
    ------
    Cancelled
        With a checkpoint to go on from.
    Diverged
        Naming epoch and step; ``last.pt`` is the last good one.
    """
    with torch.random.fork_rng():
        return _Loop(task, config, folder, seed, part, tell, cancelled, accelerator, checkpoint_s).run()


class _Loop:
    def __init__(
        self, task: Task, config: OptimiserConfig, folder: Path, seed: int, part: str,
        tell: Callable[[Message], None], cancelled: Callable[[], bool], accelerator: str, checkpoint_s: float,
    ) -> None:  # fmt: skip
        from lightning_fabric import Fabric

        self.task, self.config, self.folder, self.seed, self.part = task, config, folder, seed, part
        self.tell, self.cancelled, self.checkpoint_s = tell, cancelled, checkpoint_s
        self.fabric = Fabric(accelerator=accelerator, devices=1)
        plain = torch.optim.AdamW if config.weight_decay else torch.optim.Adam
        fused = self.fabric.device.type in ("cpu", "cuda")
        optimiser = plain(
            task.model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay, fused=fused
        )
        self.model, self.optimiser = self.fabric.setup(task.model, optimiser)
        self.schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimiser, factor=config.plateau_factor, patience=config.plateau_patience
        )
        self.cosine = config.schedule == "cosine"
        self.bare = optimiser
        self.at = _Position()
        self.saved, self.began = -math.inf, time.monotonic()
        self.best: dict[str, Any] | None = None

    def run(self) -> Fitted:
        """Everything."""
        checkpoints.seed_all(derived(self.seed, 1))
        if (self.folder / LAST).is_file():
            self._restore()
        while not self.at.finished:
            try:
                self._epoch()
            except Cancelled:
                self._save()
                raise
        if (self.folder / BEST).is_file():
            best = checkpoints.load(self.folder / BEST)
            checkpoints.fill(self.task.model, best["model"], self.folder / BEST)
        at = self.at
        return Fitted(at.epoch, at.best_epoch, at.best, tuple(at.history))

    def _epoch(self) -> None:
        began = time.monotonic()
        self._train()
        self._check()
        self.model.eval()
        with torch.no_grad():
            validation = self.task.validate(self.model, self.fabric.to_device, self._check)
        training = {name: total / max(1, self.task.steps) for name, total in self.at.sums.items()}
        better = self._judge(validation.get("loss", training["loss"]))
        self.at.history.append(
            {"lr": self._rate()} | {f"train/{k}": v for k, v in training.items()}
            | {f"validation/{k}": v for k, v in validation.items()}
        )  # fmt: skip
        self.at.epoch, self.at.step, self.at.sums = self.at.epoch + 1, 0, {}
        took = time.monotonic() - began
        left = 0.0 if self.at.finished else took * (self.config.epochs - self.at.epoch)
        self.at.finished = self.at.finished or self.at.epoch >= self.config.epochs
        if better:
            state = {name: value.detach().cpu().clone() for name, value in self.task.model.state_dict().items()}
            self.best = {"model": state, "epoch": self.at.epoch, "loss": self.at.best}
        if self.at.finished or time.monotonic() - self.saved >= SAVE_S:
            self._save()
        self.tell(
            Epoch(self.part, self.at.epoch, self.config.epochs, training, validation, self._rate(), better, took, left)
        )

    def _train(self) -> None:
        """The rest of an epoch's steps."""
        self.task.training()
        if self.cosine:
            self._fall()
        batches = self.task.batches(derived(self.seed, 2, self.at.epoch), self.at.step)
        meter = _Meter()
        while self.at.step < self.task.steps:
            self._check()
            batch = next(batches, None)
            if batch is None:
                break
            waited = meter.data()
            losses, norm = self._step(self.fabric.to_device(batch))
            meter.step(self.task.size(batch), waited)
            self.at.step += 1
            for name, value in losses.items():
                self.at.sums[name] = self.at.sums.get(name, 0.0) + value
            left = (self.config.epochs - self.at.epoch) * self.task.steps - self.at.step
            self.tell(
                Step(self.part, self.at.epoch + 1, self.config.epochs, self.at.step, self.task.steps, losses,
                     self._rate(), norm, meter.windows_per_s, meter.data_share, left * meter.step_s)
            )  # fmt: skip
            if time.monotonic() - max(self.saved, self.began) > self.checkpoint_s:
                self._save()

    def _step(self, batch: Any) -> tuple[dict[str, float], float]:
        """One step; its losses and the gradient's length."""
        self.optimiser.zero_grad()
        loss, terms = self.task.loss(self.model, batch)
        losses = {"loss": float(loss.detach()), **{name: float(term.detach()) for name, term in terms.items()}}
        if not math.isfinite(losses["loss"]):
            self._diverged("the loss", losses)
        self.fabric.backward(loss)
        learning = [p for p in self.task.model.parameters() if p.grad is not None]
        norm = float(torch.nn.utils.clip_grad_norm_(learning, self.config.clip_norm or math.inf))
        if not math.isfinite(norm):
            self._diverged("the gradient", losses)
        self.optimiser.step()
        return losses, norm

    def _judge(self, watched: float) -> bool:
        """Move schedule and patience on by one epoch; whether it was the best."""
        if not math.isfinite(watched):
            self._diverged("the loss of validation", {"loss": watched})
        better, at, config = self.cosine or watched < self.at.best, self.at, self.config
        if better:
            at.best, at.best_epoch, at.stale = watched, at.epoch + 1, 0
        else:
            at.stale += 1
        if self.cosine:
            if self.task.waiting and 2 * (at.epoch + 1) >= config.epochs:
                self.tell(Remark("unfreeze", self.task.plateau(), self.part, {"epoch": at.epoch + 1}))
            return better
        if self.task.waiting:
            if at.stale >= max(1, config.plateau_patience):
                self.tell(Remark("unfreeze", self.task.plateau(), self.part, {"epoch": at.epoch + 1}))
                at.stale = 0
            return better
        self.schedule.step(watched)
        if at.stale >= config.stop_patience:
            text = f"nothing got better for {at.stale} epochs; the best was {at.best_epoch}"
            self.tell(Remark("stop", text, self.part))
            at.finished = True
        return better

    def _fall(self) -> None:
        """The step of this epoch along half a cosine; it follows from the epoch's number alone."""
        share = 0.5 * (1.0 + math.cos(math.pi * self.at.epoch / self.config.epochs))
        for group in self.bare.param_groups:
            group["lr"] = self.config.learning_rate * share

    def _check(self) -> None:
        if self.cancelled():
            raise Cancelled("training was cancelled; it can be resumed")

    def _rate(self) -> float:
        return float(self.bare.param_groups[0]["lr"])

    def _diverged(self, what: str, losses: Mapping[str, float]) -> None:
        bad = [name for name, value in losses.items() if not math.isfinite(value) and name != "loss"]
        part = f"{self.part}: " if self.part else ""
        kept = f"{LAST} holds the last good weights" if (self.folder / LAST).is_file() else "there is no checkpoint yet"
        raise Diverged(
            f"{part}{what} is not a number in epoch {self.at.epoch + 1}, step {self.at.step + 1}"
            f"{' (' + ', '.join(bad) + ')' if bad else ''}; {kept}; a smaller learning_rate or clip_norm may help"
        )

    def _save(self) -> None:
        """Write the best weights, where they are new, and then all that decides what follows."""
        at = self.at
        if self.best is not None:
            checkpoints.save(self.folder / BEST, self.best)
            self.best = None
        checkpoints.save(
            self.folder / LAST,
            {
                "model": self.task.model.state_dict(),
                "optimiser": self.bare.state_dict(),
                "schedule": {k: _number(v) for k, v in self.schedule.state_dict().items()},
                "generators": checkpoints.generators(),
                "waiting": self.task.waiting,
                "position": {**vars(at), "sums": dict(at.sums), "history": [dict(h) for h in at.history]},
            },
        )
        self.saved = time.monotonic()

    def _restore(self) -> None:
        path = self.folder / LAST
        found = checkpoints.load(path, ("model", "optimiser", "schedule", "generators", "waiting", "position"))
        checkpoints.fill(self.task.model, found["model"], path)
        self.task.restore(found["waiting"])
        self.bare.load_state_dict(found["optimiser"])
        self.schedule.load_state_dict(found["schedule"])
        checkpoints.restore_generators(found["generators"])
        self.at = _Position(**found["position"])
        where = f"after epoch {self.at.epoch}" + (f", step {self.at.step}" if self.at.step else "")
        self.tell(Remark("resume", f"going on {where}", self.part, {"epoch": self.at.epoch, "step": self.at.step}))


class _Meter:
    """Running means of what a step costs and of the share spent waiting for data."""

    def __init__(self) -> None:
        self._mark = time.perf_counter()
        self._windows = self._data = self._all = self._steps = 0.0

    def data(self) -> float:
        """The batch is there; how long it took, s."""
        now = time.perf_counter()
        took, self._mark = now - self._mark, now
        return took

    def step(self, windows: int, waited: float) -> None:
        """The step is done."""
        now = time.perf_counter()
        worked, self._mark = now - self._mark, now
        keep = 0.95
        self._windows, self._data = keep * self._windows + windows, keep * self._data + waited
        self._all, self._steps = keep * self._all + waited + worked, keep * self._steps + 1.0

    @property
    def windows_per_s(self) -> float:
        return self._windows / max(self._all, 1e-9)

    @property
    def data_share(self) -> float:
        return self._data / max(self._all, 1e-9)

    @property
    def step_s(self) -> float:
        return self._all / max(self._steps, 1e-9)


def _number(value: Any) -> Any:
    """A plain value, whatever number type it was."""
    return float(value) if isinstance(value, np.floating | Tensor) else value
