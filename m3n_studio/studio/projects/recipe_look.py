"""What a recipe makes of a file: figures, the first minute, findings; and which other files it fits. No Qt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import Cancelled, FileError, M3nError
from m3n_studio.recordings.checks import check, check_together
from m3n_studio.recordings.figures import Figures, figures_of
from m3n_studio.recordings.finding import Finding
from m3n_studio.recordings.imported import PathFacts
from m3n_studio.recordings.raw import RawSignal
from m3n_studio.recordings.recipe import SUFFIX, Recipe
from m3n_studio.recordings.recipe_read import read_start
from m3n_studio.recordings.recipe_shelf import tried
from m3n_studio.recordings.remedies import mend

Array = NDArray[np.float64]

MOST_ROWS = 60_000
MINUTE_S = 60.0
MOST_FILES = 2000
_BINS = 500


@dataclass(frozen=True, eq=False)
class Band:
    """Least and greatest magnitude (B,) in stretches of time that begin at time_s (B,), s; NaN where nothing is."""

    time_s: Array
    low: Array
    high: Array


@dataclass(frozen=True, eq=False)
class SensorLook:
    """One sensor, remedies applied: its figures, and |acc| (m/s²) and |gyr| (rad/s) over the first minute."""

    name: str
    placement: str
    figures: Figures
    acc: Band
    gyr: Band | None


@dataclass(frozen=True, eq=False)
class Look:
    """What came out of the beginning of a file.

    Attributes
    ----------
    sensors : tuple of SensorLook
        Empty where remedies left nothing; `trouble` says why.
    findings : tuple of Finding
        Before any remedy.
    labels : tuple of (name, count)
    facts : PathFacts
    clock : str
    rows : int
    whole : bool
        Whether that is all of the file.
    trouble : str
        Why it cannot be imported as it is; empty where it can.
    """

    sensors: tuple[SensorLook, ...]
    findings: tuple[Finding, ...]
    labels: tuple[tuple[str, int], ...]
    facts: PathFacts
    clock: str
    rows: int
    whole: bool
    trouble: str = ""


def look(recipe: Recipe, path: Path, check_in: Callable[[], None] = lambda: None) -> Look:
    """Read the beginning of a file. `check_in` is called between steps and may raise `Cancelled`.

    Raises
    ------
    FileError
        Where the recipe cannot read it.
    """
    start = read_start(recipe, path, MOST_ROWS)
    findings: list[Finding] = []
    for raw in start.raws:
        check_in()
        findings += check(raw, stated_rate_hz=recipe.time.rate_hz or 0.0, absent=() if raw.has_gyr else ("gyr",))
    check_in()
    if len(start.raws) > 1:
        findings += check_together(start.raws)
    sensors: list[SensorLook] = []
    trouble = ""
    try:
        for raw, spec in zip(start.raws, recipe.sensor, strict=True):
            check_in()
            mended = mend(raw, recipe.fixes)
            placement = spec.placement or start.facts.placement
            sensors.append(SensorLook(raw.name, placement, figures_of(mended), *_bands(mended)))
            mended.signal()
    except FileError as error:
        trouble = f"{error.field}: {error.found}".removeprefix(": ")
    counts = Counter(run.name for run in start.labels.runs) if start.labels else Counter()
    return Look(tuple(sensors), tuple(findings), tuple(counts.most_common()), start.facts, start.clock, start.rows,
                start.whole, trouble)  # fmt: skip


def _bands(raw: RawSignal) -> tuple[Band, Band | None]:
    finite = np.isfinite(raw.time_s)
    first = float(raw.time_s[finite][0]) if finite.any() else 0.0
    since = raw.time_s - first
    inside = finite & (since >= 0) & (since <= MINUTE_S)
    if not inside.any():
        inside = finite
    acc = _band(since[inside], np.linalg.norm(raw.acc_mps2[inside], axis=1))
    return acc, _band(since[inside], np.linalg.norm(raw.gyr_radps[inside], axis=1)) if raw.has_gyr else None


def _band(time_s: Array, size: Array) -> Band:
    """The envelope in at most `_BINS` stretches."""
    if not len(time_s):
        return Band(np.zeros(0), np.zeros(0), np.zeros(0))
    stop = max(float(time_s.max()), 1e-9)
    bins = min(_BINS, len(time_s))
    at = np.minimum((time_s / stop * bins).astype(int), bins - 1)
    low, high = np.full(bins, np.inf), np.full(bins, -np.inf)
    good = np.isfinite(size)
    np.minimum.at(low, at[good], size[good])
    np.maximum.at(high, at[good], size[good])
    empty = ~np.isfinite(low)
    low[empty], high[empty] = np.nan, np.nan
    return Band(np.arange(bins) * stop / bins, low, high)


@dataclass(frozen=True)
class Fit:
    """Whether the recipe fits a file (`why` is empty then), and whose it is by its path and first rows."""

    path: Path
    why: str
    facts: PathFacts


def others(path: Path, *, below: bool) -> list[Path]:
    """The files of the same suffix beside a file (itself too), or below the folder above its own, by name."""
    top = path.parent.parent if below else path.parent
    found = top.rglob(f"*{path.suffix}") if below else top.glob(f"*{path.suffix}")
    files = []
    for one in found:
        if one.is_file() and not one.name.startswith(".") and not one.name.endswith(SUFFIX):
            files.append(one)
        if len(files) >= MOST_FILES:
            break
    return sorted({*files, path})


def fits(
    recipe: Recipe, files: list[Path], progress: Callable[[float, float], None], check_in: Callable[[], None]
) -> tuple[Fit, ...]:
    """Try a recipe on the beginning of each file."""
    out = []
    for i, one in enumerate(files):
        check_in()
        progress(i, len(files))
        try:
            out.append(Fit(one, *tried(recipe, one)))
        except Cancelled:
            raise
        except (M3nError, OSError) as error:
            out.append(Fit(one, str(error), PathFacts()))
    return tuple(out)
