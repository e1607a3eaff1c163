"""A simulation and its recording side by side: embeddings and predictions, worked out in a job.

No Qt. torch is imported only where a run is chosen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import ValueProblem
from m3n_studio.recordings.signal import Signal
from m3n_studio.studio.embedding.closeness_work import BANDWIDTH_HZ, embedding

if TYPE_CHECKING:
    from m3n_studio.studio.core.jobs import Task

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Tracks:
    """A simulation and its recording, window by window.

    Attributes
    ----------
    placement : str
    time_s : (W,) float64, s
        Middles of the windows; empty where no pretrained run was chosen.
    half_s : float, s
        Half a window.
    cosine : (W,) float64
        Of the two embeddings.
    apart : float
        Median cosine of a recording's window and a simulation's of another moment, to hold the others against.
    points : (2, W, 2) float64
        Both embeddings, real first, in their two main directions.
    kept : float
        Share of the variance these directions hold.
    moments_s : (N,) float64, s
        Where predictions are; empty where no finetuned run was chosen.
    real, simulated : (N,) int64
        The likeliest class, -1 where nothing is known.
    classes : tuple of str
    """

    placement: str
    time_s: Floats
    half_s: float
    cosine: Floats
    points: Floats
    kept: float
    moments_s: Floats
    real: NDArray[np.int64]
    simulated: NDArray[np.int64]
    classes: tuple[str, ...]
    apart: float = 0.0

    @property
    def agreement(self) -> float | None:
        """Share of moments that are predicted alike; None where none is."""
        both = (self.real >= 0) & (self.simulated >= 0)
        return float((self.real == self.simulated)[both].mean()) if both.any() else None


_NONE = Tracks("", np.zeros(0), 0.0, np.zeros(0), np.zeros((2, 0, 2)), 0.0, np.zeros(0), np.zeros(0, dtype=np.int64),
               np.zeros(0, dtype=np.int64), ())  # fmt: skip


def paired(simulated: Sequence[Signal], real: Sequence[Signal]) -> dict[str, tuple[Signal, Signal]]:
    """Simulated and real signals of the same placement."""
    by_name = {s.name: s for s in real}
    return {s.name: (s, by_name[s.name]) for s in simulated if s.name in by_name}


def compare_session(
    pairs: Mapping[str, tuple[Signal, Signal]], placement: str, run: str, model: str, task: Task
) -> Tracks:
    """Embeddings and predictions of a simulation and its recording, both low-passed alike, on common times.

    Parameters
    ----------
    pairs : mapping
        Simulated and real by placement.
    placement : str
        Of the embeddings; predictions take all that the model knows.
    run, model : str
        Paths of a pretraining run and of a finetuning run; empty for none.
    """
    from m3n_studio.imu.sampling import together

    both = {name: together(a, b, lowpass_hz=BANDWIDTH_HZ) for name, (a, b) in pairs.items()}
    out = replace(_NONE, placement=placement)
    if run:
        out = _embedded(out, both[placement], run)
    task.progress(0.5, 1.0)
    task.check()
    if model:
        out = _predicted(out, both, model)
    return out


def _embedded(out: Tracks, both: tuple[Signal, Signal], run: str) -> Tracks:
    from m3n_studio.learning.windows import LabelledRecording, cut

    space, spec = embedding(run, out.placement)
    fine = spec.with_({"stride_s": spec.length_s / 4})
    parts = [
        cut([LabelledRecording("here", "somebody", {out.placement: s})], fine, unlabelled=True) for s in reversed(both)
    ]
    shared, i, j = np.intersect1d(
        np.round(parts[0].start_s, 6), np.round(parts[1].start_s, 6), return_indices=True
    )  # fmt: skip
    if not len(shared):
        raise ValueProblem(f"the simulation and its recording share no stretch of {spec.length_s:g} s")
    real, made = space(parts[0].imu[i, 0]), space(parts[1].imu[j, 0])
    stacked = np.concatenate([real, made])
    left, size, _ = np.linalg.svd(stacked - stacked.mean(axis=0), full_matrices=False)
    points = np.zeros((len(stacked), 2))
    points[:, : min(2, len(size))] = (left * size)[:, :2]
    kept = float((size[:2] ** 2).sum() / max((size**2).sum(), 1e-12))
    others = (real @ made.T)[np.abs(shared[:, None] - shared) >= spec.length_s]
    return replace(
        out, time_s=shared + spec.length_s / 2, half_s=spec.length_s / 2, cosine=(real * made).sum(axis=1),
        points=points.reshape(2, -1, 2), kept=kept, apart=float(np.median(others)) if others.size else float("nan"),
    )  # fmt: skip


def _predicted(out: Tracks, both: Mapping[str, tuple[Signal, Signal]], model: str) -> Tracks:
    from m3n_studio.learning.predict import predict
    from m3n_studio.learning.run_folder import RunFolder

    wanted = {str(p) for p in RunFolder.open(model).about.facts.get("placements", ())}
    known = {name: pair for name, pair in both.items() if name in wanted}
    if not known:
        raise ValueProblem(f"the model was trained for {', '.join(sorted(wanted))}; none of them is here twice")
    made, real = (predict(model, {name: pair[i] for name, pair in known.items()}) for i in (0, 1))
    shared, i, j = np.intersect1d(np.round(real.time_s, 6), np.round(made.time_s, 6), return_indices=True)
    return replace(out, moments_s=shared, real=_likeliest(real.probability[i]),
                   simulated=_likeliest(made.probability[j]), classes=real.classes)  # fmt: skip


def _likeliest(probability: NDArray[np.float32]) -> NDArray[np.int64]:
    known = np.isfinite(probability).all(axis=1)
    return np.where(known, np.nan_to_num(probability).argmax(axis=1), -1).astype(np.int64)
