"""Models for other programs: ONNX and TorchScript, with what they need to be used, checked against ours.

A finetuning run gives a classifier: raw windows (N, P, 6, T) float32 in m/s2 and rad/s, sensor frame,
and a mask (N, P) of the placements worn, to probabilities (N, C) and each expert's mean gate (N, E)
where there are experts. A pretraining run gives the IMU encoders: the same input to embeddings
(N, P, E). Normalisation is inside the model.

The folder holds ``model.onnx``, ``model.torchscript.pt``, ``model.json`` (inputs, outputs, classes,
placements, rate, checks) and ``CARD.md``. Every file is run before it is kept, on windows of several
batch sizes with placements missing, and refused where it differs from the original.

The tracing exporter is used: the newer one takes half a minute a model here, for the same outputs.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from m3n_studio.errors import FileError, M3nError, UnknownName, ValueProblem
from m3n_studio.learning.card import card
from m3n_studio.learning.folds import Scaler
from m3n_studio.learning.pretrain import open_pretrained
from m3n_studio.learning.run_folder import RunFolder
from m3n_studio.learning.trained import Learned, open_classifiers

FORMATS = ("onnx", "torchscript")
FILES = {"onnx": "model.onnx", "torchscript": "model.torchscript.pt"}
VERSION = 1
#: Largest difference of an output (probabilities up to 1, embeddings relative to their largest) that passes.
AGREES = 1e-4
_BATCHES = (1, 2, 5)
_OPSET = 17


class ExportDisagrees(M3nError):
    """An exported model does not give what the original gives."""


@dataclass(frozen=True)
class Exported:
    """What was written: folder, files by format, and the largest difference found by format."""

    folder: Path
    files: Mapping[str, Path]
    difference: Mapping[str, float]


class _Normalised(nn.Module):
    """Raw windows to a network's input."""

    mean: Tensor
    std: Tensor

    def __init__(self, scaler: Scaler) -> None:
        super().__init__()
        self.register_buffer("mean", torch.from_numpy(scaler.mean.copy())[None, :, :, None])
        self.register_buffer("std", torch.from_numpy(scaler.std.copy())[None, :, :, None])

    def normal(self, imu: Tensor, mask: Tensor) -> Tensor:
        """(N, P, 6, T), masked placements 0."""
        return (imu - self.mean) / self.std * mask[:, :, None, None].to(imu.dtype)


class ForClasses(_Normalised):
    """A classifier with its normalisation: probabilities, and mean gates where there are experts."""

    def __init__(self, network: nn.Module, scaler: Scaler, *, gates: bool) -> None:
        super().__init__(scaler)
        self.network, self.gates = network, gates

    def forward(self, imu: Tensor, mask: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Raw windows (N, P, 6, T) and mask (N, P) to probabilities (N, C), and gates (N, E)."""
        out = self.network(self.normal(imu, mask), mask)
        probability = out.logits.softmax(dim=1)
        if not self.gates:
            return probability
        there = (out.gates.sum(dim=2) > 0).to(out.gates.dtype).sum(dim=1, keepdim=True).clamp_min(1.0)
        return probability, out.gates.sum(dim=1) / there


class ForEmbeddings(_Normalised):
    """Pretrained IMU encoders with their normalisation: an embedding a placement."""

    def __init__(self, encoders: nn.Module, scaler: Scaler) -> None:
        super().__init__(scaler)
        self.encoders = encoders

    def forward(self, imu: Tensor, mask: Tensor) -> Tensor:
        """Raw windows (N, P, 6, T) and mask (N, P) to embeddings (N, P, E)."""
        embedding: Tensor = self.encoders(self.normal(imu, mask), mask)[1]
        return embedding


@dataclass(frozen=True, eq=False)
class _Model:
    """A module to export, its outputs' names, and facts for ``model.json``."""

    module: nn.Module
    outputs: tuple[str, ...]
    placements: tuple[str, ...]
    samples: int
    facts: dict[str, Any]


def export(
    run: str | Path,
    folder: str | Path,
    *,
    formats: Sequence[str] = FORMATS,
    fold: int = 1,
    licences: Mapping[str, str] | None = None,
) -> Exported:
    """Export a run's model with its card.

    Parameters
    ----------
    run : path
        Of a finetuning or pretraining run.
    folder : path
        New or empty; appears whole or not at all. Its parent must be there.
    formats : sequence of {"onnx", "torchscript"}
    fold : int
        Which fold's classifier, from 1; each has learned from other users. Not used for pretraining.
    licences : mapping of str to str
        Of the data, for the card, by the name it should have there; found beside the data where not given.

    Raises
    ------
    ExportDisagrees
        Where an exported model gives something else than the original.
    """
    for name in formats:
        if name not in FORMATS:
            raise UnknownName("format of models", name, FORMATS)
    folder, source = Path(folder), RunFolder.open(run)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileError(folder, found="something is there already", expected="a new or empty folder")
    if not folder.absolute().parent.is_dir():
        raise FileError(folder.absolute().parent, found="no such folder", expected="a folder to write into")
    model = _encoders(source) if source.about.kind == "pretrain" else _classifier(source, fold)
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.absolute().parent))
    try:
        difference = {name: _write(model, part / FILES[name], name) for name in formats}
        stated = {"version": VERSION, **model.facts, "agrees_within": AGREES, "largest_difference": difference}
        (part / "model.json").write_text(json.dumps(stated, indent=2) + "\n", encoding="utf-8")
        (part / "CARD.md").write_text(card(source, model.facts, licences), encoding="utf-8")
        part.chmod(0o755)
        if folder.exists():
            folder.rmdir()
        part.replace(folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return Exported(folder, {name: folder / FILES[name] for name in formats}, difference)


def _classifier(run: RunFolder, fold: int) -> _Model:
    trained = open_classifiers(run.path, (fold,))[0]
    if isinstance(trained, Learned):
        raise ValueProblem(f"{run.about.facts['method']} is no network: only networks are exported")
    facts = run.about.facts
    samples = int(facts["samples"])
    network = trained.network.cpu().eval()
    with torch.inference_mode():
        probe = network(torch.zeros(1, len(trained.placements), 6, samples), None)
    gates = probe.gates is not None
    outputs = ("probability", "gates") if gates else ("probability",)
    module = ForClasses(network, trained.scaler, gates=gates).eval()
    return _Model(module, outputs, trained.placements, samples, {
        "kind": "classifier", "method": facts["method"], "classes": list(trained.classes), "fold": fold,
        **_facts(trained.placements, samples, float(facts["rate_hz"]), outputs),
    })  # fmt: skip


def _encoders(run: RunFolder) -> _Model:
    found = open_pretrained(run.path)
    module = ForEmbeddings(found.model.imu, found.scaler).eval()
    return _Model(module, ("embedding",), found.placements, found.samples, {
        "kind": "imu encoders", "method": found.method,
        **_facts(found.placements, found.samples, found.rate_hz, ("embedding",)),
    })  # fmt: skip


def _facts(placements: Sequence[str], samples: int, rate_hz: float, outputs: Sequence[str]) -> dict[str, Any]:
    return {
        "inputs": {
            "imu": {"shape": ["N", len(placements), 6, samples], "dtype": "float32",
                    "channels": ["acc_x", "acc_y", "acc_z", "gyr_x", "gyr_y", "gyr_z"],
                    "units": ["m/s2"] * 3 + ["rad/s"] * 3, "frame": "sensor; at rest it reads +g up"},
            "mask": {"shape": ["N", len(placements)], "dtype": "bool", "means": "placement is worn"},
        },
        "outputs": list(outputs), "placements": list(placements), "rate_hz": rate_hz, "samples": samples,
    }  # fmt: skip


def _examples(model: _Model) -> list[tuple[Tensor, Tensor]]:
    """Windows of a wrist's size and several batch sizes, the second one of each without its last placement."""
    make, out = torch.Generator().manual_seed(0), []
    for count in _BATCHES:
        imu = torch.randn(count, len(model.placements), 6, model.samples, generator=make)
        imu[:, :, :3] = imu[:, :, :3] * 3.0 + 4.0
        mask = torch.ones(count, len(model.placements), dtype=torch.bool)
        if count > 1 and len(model.placements) > 1:
            mask[1, -1] = False
        out.append((imu, mask))
    return out


def _write(model: _Model, path: Path, format: str) -> float:
    """Write one file, read it back, and return the largest difference found."""
    examples = _examples(model)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # tracing remarks; what they fear is what the check below is for
        if format == "onnx":
            batch = {0: "N"}
            torch.onnx.export(
                model.module, examples[1], str(path), input_names=["imu", "mask"], output_names=list(model.outputs),
                dynamic_axes=dict.fromkeys(("imu", "mask", *model.outputs), batch), opset_version=_OPSET, dynamo=False,
            )  # fmt: skip
        else:
            torch.jit.save(torch.jit.trace(model.module, examples[1], check_trace=False), str(path))
    return check(model.module, path, format, examples)


def check(module: nn.Module, path: Path, format: str, examples: Sequence[tuple[Tensor, Tensor]]) -> float:
    """The largest difference between a module's outputs and a file's; `ExportDisagrees` where it is too large."""
    run = _onnx_runner(path) if format == "onnx" else _torchscript_runner(path)
    worst = 0.0
    for imu, mask in examples:
        with torch.inference_mode():
            ours = module(imu, mask)
        expected = [t.numpy() for t in (ours if isinstance(ours, tuple) else (ours,))]
        found = run(imu, mask)
        if [f.shape for f in found] != [e.shape for e in expected]:
            shapes = ", ".join(str(f.shape) for f in found)
            raise ExportDisagrees(f"the {format} model gives {shapes} for a batch of {len(imu)}; it is not kept")
        for one, other in zip(expected, found, strict=True):
            gap = float(np.abs(one - other).max()) / max(1.0, float(np.abs(one).max()))
            worst = max(worst, gap if np.isfinite(gap) else np.inf)
    if not worst <= AGREES:
        raise ExportDisagrees(f"the {format} model differs by {worst:.2g} (at most {AGREES:g}); it is not kept")
    return worst


def _onnx_runner(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = {item.name for item in session.get_inputs()}

    def run(imu: Tensor, mask: Tensor) -> list[NDArray[np.float32]]:
        given = {"imu": imu.numpy(), "mask": mask.numpy()}
        out: list[NDArray[np.float32]] = session.run(None, {name: given[name] for name in names})
        return out

    return run


def _torchscript_runner(path: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = torch.jit.load(str(path))

    def run(imu: Tensor, mask: Tensor) -> list[NDArray[np.float32]]:
        with torch.inference_mode():
            out = module(imu, mask)
        return [t.numpy() for t in (out if isinstance(out, tuple) else (out,))]

    return run
