"""What the population panel works out off the GUI thread: preview and files. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from m3n_studio.body import measure
from m3n_studio.body.model import BodyModel
from m3n_studio.body.quick import quick_gauge
from m3n_studio.body.solve import TOLERANCE
from m3n_studio.errors import M3nError
from m3n_studio.imu.population import Population, draw
from m3n_studio.studio.attributes.attributes_model import BY_NAME
from m3n_studio.studio.core.document import Document

if TYPE_CHECKING:
    from m3n_studio.imu.augment import Augmented
    from m3n_studio.studio.core.jobs import Task

Array = NDArray[np.float64]
#: Bodies in a preview.
MOST_PREVIEWED = 1000
_LOOSE = 5.0


@dataclass(frozen=True, eq=False)
class Preview:
    """Bodies as they would come out.

    Attributes
    ----------
    population : Population
    values : mapping
        Every measurement by name (n,), m and kg.
    note : str
        What the bodies cannot meet; empty where they meet everything.
    """

    population: Population
    values: Mapping[str, Array]
    note: str


def preview(model: BodyModel, population: Population, n: int, seed: int) -> Preview:
    """Draw up to :data:`MOST_PREVIEWED` bodies and measure them."""
    vectors, _ = draw(model, population, min(n, MOST_PREVIEWED), seed)
    measured, _ = quick_gauge(model).many(vectors)
    values = {name: measured[:, i] for i, name in enumerate(measure.NAMES)}
    return Preview(population, values, _note(population, values))


def _note(population: Population, values: Mapping[str, Array]) -> str:
    """Where the drawn means or deviations are not those stated."""
    out = []
    for name, spread in zip(population.attributes, population.spreads, strict=True):
        one = values[name]
        doubt = _LOOSE * spread.std / np.sqrt(len(one)) + TOLERANCE[name]
        off_mean, off_std = abs(one.mean() - spread.mean) > doubt, abs(one.std() - spread.std) > doubt
        if len(one) >= 30 and (off_mean or off_std):
            row = BY_NAME[name]
            out.append(
                f"{row.title} comes out as {one.mean() * row.factor:.1f} ± {one.std() * row.factor:.1f} {row.unit}"
            )
    return f"{'; '.join(out)}: the limits of a plausible body." if out else ""


def file_bytes(bodies: int, sensors: int, samples: int) -> int:
    """About how many bytes the file of a population takes."""
    return 12 * bodies * sensors * samples


def size_text(count: float) -> str:
    """Bytes for people: ``172.8 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000.0 or unit == "GB":
            break
        count /= 1000.0
    return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"


def generate(document: Document, population: Population, n: int, seed: int, path: Path, task: Task) -> Augmented:
    """Write what the document's sensors read on every body of a population to one HDF5 file."""
    from m3n_studio.imu.settings import Settings
    from m3n_studio.workbench import populate

    if document.model is None or document.clip is None or not document.placements:
        raise M3nError("a population needs a motion and at least one sensor on the body")
    return populate(
        document.model, document.clip, document.placements, population, n, path, seed=seed,
        settings=Settings(bandwidth_hz=document.bandwidth_hz), progress=task.progress, cancelled=task.cancelled,
    )  # fmt: skip
