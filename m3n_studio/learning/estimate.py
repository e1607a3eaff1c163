"""What a training will cost, told before it starts, from one trial step on a copy of the model."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from m3n_studio.errors import ValueProblem
from m3n_studio.learning.loop import Task, derived

_TRIAL = 16
_BASE_BYTES = 300 << 20  # torch itself, loaded


@dataclass(frozen=True)
class Estimate:
    """Cost of a training.

    Attributes
    ----------
    parameters : int
    memory_bytes : int
        Weights, gradients, Adam's two moments, what a step keeps for its gradient, torch itself.
    free_bytes : int or None
        What the machine has left, where it says so.
    step_s, epoch_s : float, s
        From a trial step of fewer windows, so an upper bound rather than a mean.
    """

    parameters: int
    memory_bytes: int
    free_bytes: int | None
    step_s: float
    epoch_s: float

    def text(self, epochs: int) -> str:
        """One line for people."""
        free = "" if self.free_bytes is None else f" of {self.free_bytes / 1e9:.1f} GB free"
        return (
            f"{self.parameters:,} parameters; about {self.memory_bytes / 1e9:.2f} GB{free}; "
            f"about {self.epoch_s:.0f} s an epoch, at most {self.epoch_s * epochs / 60:.0f} min"
        )

    def check(self) -> None:
        """`ValueProblem` where it will not fit."""
        if self.free_bytes is not None and self.memory_bytes > self.free_bytes:
            raise ValueProblem(
                f"training needs about {self.memory_bytes / 1e9:.1f} GB and {self.free_bytes / 1e9:.1f} GB are free; "
                "a smaller optimiser.batch, or model, needs less"
            )


def estimate(task: Task, seed: int) -> Estimate:
    """Measure one trial step; the task, its model and the generators stay as they are."""
    own = task.model
    parameters = sum(p.numel() for p in own.parameters())
    with torch.random.fork_rng():
        batch = next(task.batches(derived(seed, 2, 0), 0))
        whole = task.size(batch)
        part = _first(batch, min(whole, _TRIAL))
        trial = copy.deepcopy(own)
        try:
            task.model = trial
            task.training()
            kept, took = _trial(task, trial, part)
        finally:
            task.model = own
    scale = whole / max(1, task.size(part))
    memory = int(parameters * 4 * 4 + kept * scale + _BASE_BYTES)
    return Estimate(parameters, memory, free_bytes(), took * scale, took * scale * task.steps)


def _trial(task: Task, model: Any, batch: Any) -> tuple[int, float]:
    """Bytes kept for the gradient, and seconds, the second time."""
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        task.loss(model, batch)[0].backward()
    began = time.perf_counter()
    task.loss(model, batch)[0].backward()
    return sum(kept.values()), time.perf_counter() - began


def _first(batch: Any, n: int) -> Any:
    """The first windows of a batch of tensors."""
    if isinstance(batch, Tensor):
        return batch[:n]
    if isinstance(batch, tuple):
        parts = [_first(item, n) for item in batch]
        return type(batch)(*parts) if hasattr(batch, "_fields") else tuple(parts)
    return batch


def free_bytes() -> int | None:
    """Memory the machine has left, where it says so (Linux)."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration, ValueError, IndexError):
        return None
