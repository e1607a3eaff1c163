"""The one way to get simulated signals: from a body in motion or from a rigid trajectory.

Where the sensors are (:mod:`m3n_studio.imu.surface`) goes through a simulation mode and then a
device model, both named and looked up through the plugin door. The exact mode costs about
10 ms for a minute at 60 Hz and two wrists; see ``benchmarks/simulate.py``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from m3n_studio.body.model import BodyModel
from m3n_studio.body.shape import Shape
from m3n_studio.errors import ValueProblem
from m3n_studio.imu.derive import Track
from m3n_studio.imu.devices import DeviceModel, apply_device
from m3n_studio.imu.modes import SimulationMode
from m3n_studio.imu.placement import PLACEMENTS, Placement, named_placement
from m3n_studio.imu.settings import Settings
from m3n_studio.imu.surface import sensor_track
from m3n_studio.motion.clip import Clip
from m3n_studio.plugins import load, the_door
from m3n_studio.recordings.signal import Signal
from m3n_studio.recordings.trajectory import Trajectory

__all__ = ["Settings", "simulate", "simulate_track", "simulate_trajectory"]


def simulate(
    model: BodyModel,
    clip: Clip,
    placements: Sequence[Placement | str],
    *,
    shape: Shape | None = None,
    settings: Settings = Settings(),  # noqa: B008 - frozen
    mode: str = "exact",
    device: str = "ideal",
    seed: int = 0,
) -> tuple[Signal, ...]:
    """What sensors on a moving body read.

    Parameters
    ----------
    placements : sequence of Placement or name
        See :data:`m3n_studio.imu.placement.PLACEMENTS`.
    shape : Shape, optional
        The body; None: the clip's own.
    mode, device : str
        Names known to the plugin door.
    seed : int
        Decides every random draw (device errors, modes with noise).

    Returns
    -------
    tuple of Signal
        One per placement; specific force and angular velocity in the sensor frame.
    """
    places = resolve(model, placements)
    track = sensor_track(model, clip, places, shape=shape, root=settings.root)
    return simulate_track(track, settings=settings, mode=mode, device=device, seed=seed)


def simulate_trajectory(
    trajectory: Trajectory,
    *,
    settings: Settings = Settings(),  # noqa: B008 - frozen
    mode: str = "exact",
    device: str = "ideal",
    seed: int = 0,
) -> Signal:
    """What a sensor that follows a trajectory reads; times start at the trajectory's first."""
    track = Track((trajectory.name,), trajectory.time_s, trajectory.position_m[:, None],
                  trajectory.quat_wxyz[:, None], trajectory.valid)  # fmt: skip
    return simulate_track(track, settings=settings, mode=mode, device=device, seed=seed)[0]


def simulate_track(track: Track, *, settings: Settings, mode: str, device: str, seed: int) -> tuple[Signal, ...]:
    """Run a mode and a device model on sensors that move along a track."""
    check_seed(seed)
    chosen: SimulationMode = the_door().get("simulation_mode", mode)
    errors: DeviceModel = the_door().get("device", device)
    signals: tuple[Signal, ...] = load(chosen.run)(track, settings, seed)
    seeds = np.random.SeedSequence([seed, 1]).generate_state(len(signals))
    return tuple(apply_device(s, errors, seed=int(n)) for s, n in zip(signals, seeds, strict=True))


def resolve(model: BodyModel, placements: Sequence[Placement | str]) -> tuple[Placement, ...]:
    """Placements from placements or their names; at least one."""
    if not placements:
        raise ValueProblem(f"name at least one placement; known are {', '.join(PLACEMENTS)}")
    return tuple(named_placement(model, p) if isinstance(p, str) else p for p in placements)


def check_seed(seed: int) -> None:
    """`ValueProblem` for what cannot seed a generator."""
    if seed < 0:
        raise ValueProblem(f"a seed must be a whole number from 0 on; found {seed}")
