"""Ways to simulate, held against the same recordings with the same alignment, in one table.

The alignment is the one in use, so what differs is the simulation alone. Quantile mapping (what
IMUTube and IMUGPT do after simulating) stands beside the modes: the exact mode mapped onto the
distribution of the recording itself, the best it can be given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from m3n_studio.body.model import BodyModel
from m3n_studio.body.shape import Shape
from m3n_studio.errors import M3nError
from m3n_studio.imu.align import Alignment
from m3n_studio.imu.fidelity import FidelityReport, compare
from m3n_studio.imu.placement import Placement
from m3n_studio.imu.quantile import match_quantiles
from m3n_studio.imu.settings import Settings
from m3n_studio.imu.simulate import simulate
from m3n_studio.motion.clip import Clip
from m3n_studio.plugins import the_door
from m3n_studio.recordings.signal import Signal

QUANTILE = "quantile"
_AXES = ("x", "y", "z")


@dataclass(frozen=True)
class Measure:
    """A column: its name, title, unit, and whether more is better."""

    name: str
    title: str
    unit: str
    more_is_better: bool


MEASURES = (
    Measure("r_acc", "r acc", "", True),
    Measure("rmse_acc", "RMSE acc", "m/s²", False),
    Measure("mse_acc", "MSE ‖acc‖", "", False),
    Measure("r_gyr", "r gyr", "", True),
    Measure("rmse_gyr", "RMSE gyr", "rad/s", False),
    Measure("mse_gyr", "MSE ‖gyr‖", "", False),
)


@dataclass(frozen=True)
class ModeRow:
    """One way to simulate one sensor.

    mode : its name, or :data:`QUANTILE`; title : for people; sensor : the placement;
    values : by the names of :data:`MEASURES`, None where it cannot be told; problem : why there
    is nothing.
    """

    mode: str
    title: str
    sensor: str
    values: Mapping[str, float | None]
    problem: str = ""


def measures(report: FidelityReport) -> dict[str, float | None]:
    """The table's values: mean r and root mean square error over x, y, z, and the paper's MSE."""
    out: dict[str, float | None] = {"mse_acc": report.mse_acc, "mse_gyr": report.mse_gyr}
    for quantity in ("acc", "gyr"):
        rows = [report.row(quantity, axis) for axis in _AXES]
        r = [row.r for row in rows if row.r is not None]
        rmse = [row.rmse for row in rows if row.rmse is not None]
        out[f"r_{quantity}"] = float(np.mean(r)) if r else None
        out[f"rmse_{quantity}"] = float(np.sqrt(np.mean(np.square(rmse)))) if rmse else None
    return out


def compare_modes(
    model: BodyModel,
    clip: Clip,
    placements: Sequence[Placement],
    real: Mapping[str, tuple[Signal, Alignment]],
    *,
    shape: Shape | None = None,
    settings: Settings = Settings(),  # noqa: B008 - frozen
    lowpass_hz: float | None = None,
    normalise: str = "zscore",
    progress: Callable[[int, int], None] | None = None,
) -> tuple[ModeRow, ...]:
    """Every known mode, and quantile mapping, for every sensor that has a recording.

    Parameters
    ----------
    real : mapping
        Recording as read and its alignment, by sensor name.
    progress : callable, optional
        ``progress(done, total)`` after each mode; may raise to stop.
    """
    modes = [(name, mode.title) for name, mode in the_door().all("simulation_mode")]
    rows: list[ModeRow] = []
    exact: dict[str, Signal] = {}
    for done, (name, title) in enumerate(modes):
        if progress is not None:
            progress(done, len(modes) + 1)
        try:
            signals = simulate(model, clip, placements, shape=shape, settings=settings, mode=name)
        except M3nError as error:
            rows += [ModeRow(name, title, sensor, {}, str(error)) for sensor in real]
            continue
        for signal in signals:
            if signal.name in real:
                rows.append(_row(name, title, signal, real[signal.name], lowpass_hz, normalise))
                if name == "exact":
                    exact[signal.name] = signal
    if progress is not None:
        progress(len(modes), len(modes) + 1)
    title = "Exact, then quantile mapping onto this recording"
    rows += [_quantile_row(title, signal, real[sensor], lowpass_hz, normalise) for sensor, signal in exact.items()]
    return tuple(rows)


def _row(
    mode: str, title: str, signal: Signal, real: tuple[Signal, Alignment], lowpass_hz: float | None, normalise: str
) -> ModeRow:
    recording, alignment = real
    try:
        aligned = alignment.apply(recording, signal)
        report = compare(signal, aligned, lowpass_hz=lowpass_hz, normalise=normalise)
    except M3nError as error:
        return ModeRow(mode, title, signal.name, {}, str(error))
    return ModeRow(mode, title, signal.name, measures(report))


def _quantile_row(
    title: str, signal: Signal, real: tuple[Signal, Alignment], lowpass_hz: float | None, normalise: str
) -> ModeRow:
    try:
        mapped = match_quantiles(signal, real[1].corrected(real[0]))
    except M3nError as error:
        return ModeRow(QUANTILE, title, signal.name, {}, str(error))
    return _row(QUANTILE, title, mapped, real, lowpass_hz, normalise)


def best(rows: Sequence[ModeRow]) -> dict[str, str]:
    """The best mode of each measure among the rows of one sensor."""
    out = {}
    for measure in MEASURES:
        known = [(row.values.get(measure.name), row.mode) for row in rows]
        told = [(value, mode) for value, mode in known if value is not None]
        if told:
            out[measure.name] = (max if measure.more_is_better else min)(told)[1]
    return out
