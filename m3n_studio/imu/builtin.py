"""What ships with the program in this layer, brought in as any plugin would."""

from __future__ import annotations

from m3n_studio.imu.devices import shipped_devices
from m3n_studio.imu.modes import SimulationMode
from m3n_studio.plugins import Door

MODES = (
    SimulationMode("exact", "Quintic splines (ours)", "m3n_studio.imu.modes:exact"),
    SimulationMode("transpose", "TransPose, in the sensor frame with gravity", "m3n_studio.imu.comparison:transpose"),
    SimulationMode("transpose_global", "TransPose as published: world frame, no gravity",
                   "m3n_studio.imu.comparison:transpose_global"),
    SimulationMode("imusim", "IMUSim: smoothing splines, Orient3", "m3n_studio.imu.comparison:imusim"),
    SimulationMode("imusim_ideal", "IMUSim: smoothing splines, no device errors (IMUTube, IMUGPT)",
                   "m3n_studio.imu.comparison:imusim_ideal"),
    SimulationMode("wimusim", "WIMUSim: central differences, bias and noise", "m3n_studio.imu.comparison:wimusim"),
)  # fmt: skip


def register(door: Door) -> None:
    """Contribute the simulation modes and the device models."""
    for mode in MODES:
        door.add("simulation_mode", mode.name, mode)
    for device in shipped_devices():
        door.add("device", device.name, device)
