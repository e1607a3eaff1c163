"""Predicting whole recordings: overlapping windows blended in time, gates kept, labels made of it.

Every window is weighted by a triangle over its length, so that a moment is decided most by the
windows it is in the middle of. The classifiers of a run's folds are averaged; what their gates said
is kept for each. Moments no window covers (gaps) have no label.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from m3n_studio.annotation.classes import with_classes
from m3n_studio.annotation.exchange.values import LabelFile
from m3n_studio.annotation.model import Annotation, Tier
from m3n_studio.atomic import atomic
from m3n_studio.errors import FileError, ValueProblem
from m3n_studio.learning.config import WindowSpec
from m3n_studio.learning.run_folder import RunFolder
from m3n_studio.learning.windows import LabelledRecording, Windows, cut
from m3n_studio.recordings.signal import Signal

if TYPE_CHECKING:
    from m3n_studio.learning.trained import Learned, Trained

FORMAT, FORMAT_VERSION = "m3n-studio predictions", 1
Singles = NDArray[np.float32]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Predicted:
    """A recording's classes over time.

    Attributes
    ----------
    time_s : (N,) float64, s
        Moments, one hop apart, on the recording's clock.
    probability : (N, C) float32
        Blended; NaN where no window covers the moment.
    window_start_s : (W,) float64, s
    window_probability : (W, C) float32
        Mean of the models.
    gates : (M, W, tokens, experts) float32
        Of every model; no experts: (M, W, 0, 0).
    classes, placements : tuple of str
    hop_s, length_s : float, s
    """

    time_s: Floats
    probability: Singles
    window_start_s: Floats
    window_probability: Singles
    gates: Singles
    classes: tuple[str, ...]
    placements: tuple[str, ...]
    hop_s: float
    length_s: float

    def annotations(self, author: str, *, shortest_s: float = 0.0) -> LabelFile:
        """Stretches of one class on a tier called prediction, made by a model.

        Parameters
        ----------
        author : str
            The run's name.
        shortest_s : float, s
            Shorter stretches are left out.
        """
        tier = Tier("prediction", classes=with_classes((), self.classes))
        known = np.isfinite(self.probability).all(axis=1)
        best = np.where(known, np.nan_to_num(self.probability).argmax(axis=1), -1)
        edges = np.flatnonzero(np.diff(best)) + 1
        found = []
        for a, b in zip([0, *edges], [*edges, len(best)], strict=True):
            if not len(best) or best[a] < 0 or (b - a) * self.hop_s < shortest_s:
                continue
            start = float(self.time_s[a])
            sure = float(np.clip(self.probability[a:b, best[a]].mean(), 0.0, 1.0))
            found.append(Annotation(tier.id, tier.classes[best[a]].id, start, start + (b - a) * self.hop_s, author,
                                    "model", sure))  # fmt: skip
        return LabelFile((tier,), tuple(found))


def predict(
    run: str | Path, signals: Mapping[str, Signal], *, hop_s: float = 0.0, folds: tuple[int, ...] = (),
    progress: Callable[[int, int], None] | None = None, cancelled: Callable[[], bool] = lambda: False,
) -> Predicted:  # fmt: skip
    """Predict a recording with the classifiers of a finetuning run.

    Parameters
    ----------
    run : path
    signals : mapping of str to Signal
        By placement, on one clock.
    hop_s : float, s
        From window to window; an eighth of a window where 0.
    folds : tuple of int
        Whose classifiers, from 1; all where empty.
    progress : callable of (windows done, windows in all)
    cancelled : callable returning bool

    Raises
    ------
    ValueProblem
        Where no placement fits, or there is no stretch as long as a window.
    """
    from m3n_studio.learning.trained import open_classifiers

    models = open_classifiers(run, folds)
    spec = RunFolder.open(run).config.windows
    fine = fine_windows(spec, models[0].placements, hop_s)
    windows = cut([LabelledRecording("recording", "anybody", signals)], fine, unlabelled=True)
    hop = fine.stride / fine.rate_hz
    each = [_run(model, windows, i, len(models), progress, cancelled) for i, model in enumerate(models)]
    probability = np.mean([p for p, _ in each], axis=0).astype(np.float32)
    gates = np.stack([g for _, g in each])
    time_s, blended = blend(windows.start_s, probability, spec.length_s, hop)
    return Predicted(time_s, blended, windows.start_s, probability, gates, models[0].classes, models[0].placements, hop,
                     spec.length_s)  # fmt: skip


def fine_windows(spec: WindowSpec, placements: tuple[str, ...], hop_s: float = 0.0) -> WindowSpec:
    """How recordings are cut to be predicted: as for training, but `hop_s` apart (an eighth of a window where 0).

    Raises
    ------
    ValueProblem
        Where time would be left between windows.
    """
    hop = hop_s or spec.length_s / 8
    if hop > spec.length_s:
        raise ValueProblem(f"hop {hop} s leaves time between windows of {spec.length_s} s uncovered")
    return spec.with_({"stride_s": hop, "placements": placements, "missing": "mask"})


def _run(
    model: Trained | Learned, windows: Windows, index: int, models: int,
    progress: Callable[[int, int], None] | None, cancelled: Callable[[], bool],
) -> tuple[Singles, Singles]:  # fmt: skip
    done = index * len(windows)

    def tell(now: int, _: int) -> None:
        if progress:
            progress(done + now, models * len(windows))

    return model.run(windows, progress=tell, cancelled=cancelled)


def blend(start_s: Floats, probability: Singles, length_s: float, hop_s: float) -> tuple[Floats, Singles]:
    """Windows' probabilities (W, C) as probabilities of moments a hop apart.

    A moment stands for the hop that begins with it; its weight in a window is a triangle's at the
    hop's middle, so that weights never vanish.

    Returns
    -------
    time_s : (N,) float64, s
    probability : (N, C) float32
        Rows sum to one, or are NaN where no window is.
    """
    begin = float(start_s.min())
    first = np.rint((start_s - begin) / hop_s).astype(np.int64)
    span = max(1, round(length_s / hop_s))
    total = np.zeros((int(first.max()) + span, probability.shape[1]))
    weight = np.zeros(len(total))
    for step in range(span):
        share = 1.0 - abs((step + 0.5) / span - 0.5) * 2.0 if span > 1 else 1.0
        np.add.at(total, first + step, share * probability)
        np.add.at(weight, first + step, share)
    with np.errstate(invalid="ignore"):
        mean = np.where(weight[:, None] > 0, total / np.where(weight > 0, weight, 1.0)[:, None], np.nan)
    return np.asarray(begin + np.arange(len(total)) * hop_s), mean.astype(np.float32)


def write_predicted(path: str | Path, found: Predicted, *, run: str = "") -> None:
    """Write a prediction as ``.npz`` or HDF5 (``.h5``, ``.hdf5``), whole or not at all."""
    path = Path(path)
    arrays: dict[str, NDArray[Any]] = {
        "time_s": found.time_s, "probability": found.probability, "window_start_s": found.window_start_s,
        "window_probability": found.window_probability, "gates": found.gates,
    }  # fmt: skip
    numbers = {"hop_s": found.hop_s, "length_s": found.length_s, "format_version": FORMAT_VERSION}
    words = {"format": FORMAT, "run": run}
    names = {"classes": found.classes, "placements": found.placements}
    suffix = path.suffix.lower()
    if suffix not in (".npz", ".h5", ".hdf5"):
        raise FileError(path, found=f"a name that ends with {suffix or 'nothing'}", expected=".npz, .h5 or .hdf5")
    try:
        with atomic(path) as part:
            if suffix == ".npz":
                text: dict[str, Any] = {name: np.array(value) for name, value in {**words, **names, **numbers}.items()}
                with part.open("wb") as file:
                    np.savez_compressed(file, **{**arrays, **text})
            else:
                _write_hdf5(part, arrays, {**numbers, **words}, names)
    except OSError as error:
        raise FileError(
            path,
            found=f"it cannot be written ({error.strerror or error})",
            expected="a folder that is there and may be written",
        ) from error


def _write_hdf5(
    part: Path, arrays: Mapping[str, NDArray[np.floating]], attributes: Mapping[str, object],
    names: Mapping[str, tuple[str, ...]],
) -> None:  # fmt: skip
    import h5py

    with h5py.File(part, "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array, compression="gzip" if array.size else None)
        for name, value in attributes.items():
            file.attrs[name] = value
        for name, texts in names.items():
            file.attrs.create(name, list(texts), dtype=h5py.string_dtype())
