"""Trained classifiers, as a finetuning run keeps them: one a fold, each with its normalisation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from m3n_studio.errors import Cancelled, FileError
from m3n_studio.learning import checkpoints
from m3n_studio.learning.folds import Scaler
from m3n_studio.learning.kept import NAME, read_model
from m3n_studio.learning.loop import BEST
from m3n_studio.learning.methods import DataShape, find_method
from m3n_studio.learning.run_folder import RunFolder
from m3n_studio.learning.windows import Singles, Windows

if TYPE_CHECKING:
    from m3n_studio.learning.classical import Classical

_EVALUATION_BATCH = 256


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained classifier with its normalisation.

    Attributes
    ----------
    network : nn.Module
    scaler : Scaler
    classes, placements : tuple of str
    """

    network: Any
    scaler: Scaler
    classes: tuple[str, ...]
    placements: tuple[str, ...]

    def run(
        self, windows: Windows, *, progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> tuple[Singles, Singles]:  # fmt: skip
        """Probabilities (N, C) and gates (N, tokens, experts), the latter (N, 0, 0) without experts."""
        device = next(self.network.parameters()).device
        self.network.eval()
        probability, gates = [], []
        with torch.inference_mode():
            for a in range(0, len(windows), _EVALUATION_BATCH):
                if cancelled():
                    raise Cancelled("predicting was cancelled")
                imu, mask = windows.imu[a : a + _EVALUATION_BATCH], windows.mask[a : a + _EVALUATION_BATCH]
                normal = torch.from_numpy(self.scaler.apply(imu, mask)).to(device)
                out = self.network(normal, torch.from_numpy(mask).to(device))
                probability.append(out.logits.softmax(dim=1).cpu().numpy())
                none = np.zeros((len(imu), 0, 0), dtype=np.float32)
                gates.append(none if out.gates is None else out.gates.cpu().numpy())
                if progress:
                    progress(min(a + _EVALUATION_BATCH, len(windows)), len(windows))
        return np.concatenate(probability), np.concatenate(gates)


@dataclass(frozen=True, eq=False)
class Learned:
    """A classical model as it is kept; windows go in as they are, in m/s2 and rad/s.

    Attributes
    ----------
    model : Classical
    classes, placements : tuple of str
    """

    model: Classical
    classes: tuple[str, ...]
    placements: tuple[str, ...]

    def run(
        self, windows: Windows, *, progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> tuple[Singles, Singles]:  # fmt: skip
        """Probabilities (N, C) and no gates (N, 0, 0)."""
        probability = []
        for a in range(0, len(windows), _EVALUATION_BATCH):
            if cancelled():
                raise Cancelled("predicting was cancelled")
            part = windows.take(np.arange(a, min(a + _EVALUATION_BATCH, len(windows))))
            probability.append(self.model.probabilities(part).astype(np.float32))
            if progress:
                progress(a + len(part), len(windows))
        return np.concatenate(probability), np.zeros((len(windows), 0, 0), dtype=np.float32)


def mean_gates(gates: Singles) -> Singles:
    """(N, tokens, E) to the mean over tokens that are there (N, E)."""
    there = np.maximum((gates.sum(axis=2) > 0).sum(axis=1), 1)
    return np.asarray(gates.sum(axis=1) / there[:, None], dtype=np.float32)


def open_classifiers(path: str | Path, folds: tuple[int, ...] = ()) -> tuple[Trained | Learned, ...]:
    """The classifiers of a finetuning run, of some folds (from 1) or of all that are finished.

    Raises
    ------
    FileError
        Where the folder holds no such run, or no such fold is finished, or its model is damaged.
    """
    run = RunFolder.open(path)
    about, config = run.about, run.config
    if about.kind != "finetune":
        raise FileError(path, field="kind", found=f"a run of kind {about.kind}", expected="a finetuning run")
    method = find_method(config.finetune.method)
    facts, where = about.facts, run.path / "run.json"
    for name in ("classes", "placements", "folds"):
        listed = facts.get(name)
        if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
            raise FileError(where, field=f"facts.{name}", found=repr(listed)[:80], expected="a list of names")
    if not isinstance(facts.get("samples"), int) or not 0 < facts["samples"] <= 100_000:
        raise FileError(where, field="facts.samples", found=repr(facts.get("samples"))[:80], expected="1 to 100000")
    wanted = folds or tuple(
        n for n in range(1, len(facts["folds"]) + 1) if (run.path / f"folds/{n}/result.json").is_file()
    )
    if not wanted:
        raise FileError(path, found="no fold is finished", expected="at least one")
    classes, placements = tuple(facts["classes"]), tuple(facts["placements"])
    if method.family == "classical":
        seed = config.finetune.seed
        kept = [read_model(run.path / f"folds/{n}" / NAME, method.estimator(seed)) for n in wanted]
        return tuple(Learned(model, classes, placements) for model in kept)
    out = []
    for number in wanted:
        scaler = Scaler.from_dict(run.read_json(f"folds/{number}/result.json").get("scaler", {}))
        network = method.network(config.model, DataShape(facts["samples"], placements, len(classes)))
        at = run.path / f"folds/{number}/checkpoints" / BEST
        checkpoints.fill(network, checkpoints.load(at)["model"], at)
        out.append(Trained(network.eval(), scaler, classes, placements))
    return tuple(out)
