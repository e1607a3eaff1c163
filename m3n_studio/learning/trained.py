"""Trained classifiers, as a finetuning run keeps them: one a fold, each with its normalisation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from m3n_studio.errors import Cancelled, FileError
from m3n_studio.learning import checkpoints
from m3n_studio.learning.contributed import check_encoder, reopening
from m3n_studio.learning.folds import Scaler
from m3n_studio.learning.kept import NAME, read_model
from m3n_studio.learning.loop import BEST, LAST
from m3n_studio.learning.methods import DataShape, find_method
from m3n_studio.learning.models.classifier import Experts
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
    fold : int
        From 1; 0 where that is not said.
    epoch : int
        After which its weights are taken, where the fold is still in training; else 0.
    """

    network: Any
    scaler: Scaler
    classes: tuple[str, ...]
    placements: tuple[str, ...]
    fold: int = 0
    epoch: int = 0

    def run(
        self, windows: Windows, *, progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> tuple[Singles, Singles]:  # fmt: skip
        """Probabilities (N, C) and gates (N, tokens, experts), the latter (N, 0, 0) without experts."""
        probability, gates = [], []
        for out, _ in self._outputs(windows, progress, cancelled):
            probability.append(out.logits.softmax(dim=1).cpu().numpy())
            gates.append(_gates(out))
        return np.concatenate(probability), np.concatenate(gates)

    def explain(
        self, windows: Windows, *, cancelled: Callable[[], bool] = lambda: False
    ) -> tuple[Singles, Singles, Singles]:  # fmt: skip
        """What :meth:`run` gives, and each expert's part of the logits (N, experts, C), (N, 0, C) without experts.

        The parts are gate times opinion, averaged over the tokens that are there; with what the straight way
        says, where a classifier has one, they sum to the logits.
        """
        parts = []
        for out, _ in self._outputs(windows, None, cancelled):
            parts.append(
                (out.logits.softmax(dim=1).cpu().numpy(), _gates(out), _contribution(self.network, out).cpu().numpy())
            )
        probability, gates, contribution = (np.concatenate(each) for each in zip(*parts, strict=True))
        return probability, gates, contribution

    def _outputs(
        self, windows: Windows, progress: Callable[[int, int], None] | None, cancelled: Callable[[], bool]
    ) -> Iterator[tuple[Any, int]]:  # fmt: skip
        """What the network says of batch after batch, and how many windows are done by then."""
        device = next(self.network.parameters()).device
        self.network.eval()
        with torch.inference_mode():
            for a in range(0, len(windows), _EVALUATION_BATCH):
                if cancelled():
                    raise Cancelled("predicting was cancelled")
                imu, mask = windows.imu[a : a + _EVALUATION_BATCH], windows.mask[a : a + _EVALUATION_BATCH]
                normal = torch.from_numpy(self.scaler.apply(imu, mask)).to(device)
                done = min(a + _EVALUATION_BATCH, len(windows))
                yield self.network(normal, torch.from_numpy(mask).to(device)), done
                if progress:
                    progress(done, len(windows))


def _gates(out: Any) -> Singles:
    found: Singles = np.zeros((len(out.logits), 0, 0), np.float32) if out.gates is None else out.gates.cpu().numpy()
    return found


def _contribution(network: Any, out: Any) -> torch.Tensor:
    """Every expert's part of every logit (B, experts, C)."""
    decide = getattr(getattr(network, "head", None), "decide", None)
    if out.gates is None or not isinstance(decide, Experts):
        return out.logits.new_zeros((len(out.logits), 0, out.logits.shape[1]))
    opinions = torch.stack([expert(out.tokens) for expert in decide.experts], dim=2)  # (B, K, experts, C)
    there = (out.gates.sum(dim=2) > 0).sum(dim=1).clamp(min=1)
    each: torch.Tensor = (opinions * out.gates[..., None]).sum(dim=1) / there[:, None, None]
    return each


@dataclass(frozen=True, eq=False)
class Learned:
    """A classical model as it is kept; windows go in as they are, in m/s2 and rad/s.

    Attributes
    ----------
    model : Classical
    classes, placements : tuple of str
    fold, epoch : int
        As in :class:`Trained`; such a model has no epochs.
    """

    model: Classical
    classes: tuple[str, ...]
    placements: tuple[str, ...]
    fold: int = 0
    epoch: int = 0

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

    def explain(
        self, windows: Windows, *, cancelled: Callable[[], bool] = lambda: False
    ) -> tuple[Singles, Singles, Singles]:  # fmt: skip
        """What :meth:`run` gives, and no experts (N, 0, C)."""
        probability, gates = self.run(windows, cancelled=cancelled)
        return probability, gates, np.zeros((len(windows), 0, len(self.classes)), dtype=np.float32)


def mean_gates(gates: Singles) -> Singles:
    """(N, tokens, E) to the mean over tokens that are there (N, E)."""
    there = np.maximum((gates.sum(axis=2) > 0).sum(axis=1), 1)
    return np.asarray(gates.sum(axis=1) / there[:, None], dtype=np.float32)


def fold_in_training(path: str | Path) -> int | None:
    """The fold (from 1) of a finetuning run that has weights but is not finished; None where there is none."""
    found = [int(p.parent.name) for p in Path(path).glob("folds/*/fold.json") if p.parent.name.isdecimal()]
    for number in sorted(found, reverse=True):
        place = Path(path) / "folds" / str(number)
        if not (place / "result.json").is_file() and (place / "checkpoints" / LAST).is_file():
            return number
    return None


def open_classifiers(
    path: str | Path, folds: tuple[int, ...] = (), *, unfinished: bool = False
) -> tuple[Trained | Learned, ...]:  # fmt: skip
    """The classifiers of a finetuning run, of some folds (from 1) or of all that are finished.

    unfinished : instead, where no fold is asked for and one is in training, that one alone with its newest weights.

    Raises
    ------
    FileError
        Where the folder holds no such run, or no such fold is finished, or its model is damaged, or the plugin of
        its method or encoder is not here.
    """
    run = RunFolder.open(path)
    about, config = run.about, run.config
    if about.kind != "finetune":
        raise FileError(path, field="kind", found=f"a run of kind {about.kind}", expected="a finetuning run")
    with reopening(path):
        method = find_method(config.finetune.method)
        check_encoder(method, config)
    facts = _facts(run.path, about.facts)
    going = fold_in_training(path) if unfinished and not folds else None
    wanted = folds or tuple(
        n for n in range(1, len(facts["folds"]) + 1) if (run.path / f"folds/{n}/result.json").is_file()
    )
    if going is None and not wanted:
        raise FileError(path, found="no fold is finished", expected="at least one")
    classes, placements = tuple(facts["classes"]), tuple(facts["placements"])
    if method.family == "classical":
        seed = config.finetune.seed
        kept = [(n, read_model(run.path / f"folds/{n}" / NAME, method.estimator(seed))) for n in wanted]
        return tuple(Learned(model, classes, placements, n) for n, model in kept)
    out = []
    for number in wanted if going is None else (going,):
        told = run.read_json(f"folds/{number}/{'result' if going is None else 'fold'}.json")
        scaler = Scaler.from_dict(told.get("scaler", {}))
        network = method.network(config.model, DataShape(facts["samples"], placements, len(classes)))
        at = run.path / f"folds/{number}/checkpoints" / (BEST if going is None else LAST)
        content = checkpoints.load(at)
        checkpoints.fill(network, content["model"], at)
        epoch = 0 if going is None else _epoch(content)
        out.append(Trained(network.eval(), scaler, classes, placements, number, epoch))
    return tuple(out)


def _epoch(content: Mapping[str, Any]) -> int:
    """Epochs behind a checkpoint of a fold in training."""
    position = content.get("position")
    epoch = position.get("epoch") if isinstance(position, dict) else None
    return epoch if isinstance(epoch, int) else 0


def _facts(path: Path, facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """The facts of a run, looked at; `FileError` where they are not those of a classifier."""
    where = path / "run.json"
    for name in ("classes", "placements", "folds"):
        listed = facts.get(name)
        if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
            raise FileError(where, field=f"facts.{name}", found=repr(listed)[:80], expected="a list of names")
    if not isinstance(facts.get("samples"), int) or not 0 < facts["samples"] <= 100_000:
        raise FileError(where, field="facts.samples", found=repr(facts.get("samples"))[:80], expected="1 to 100000")
    return facts
