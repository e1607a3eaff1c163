"""What ships with the program in this layer, brought in as any plugin would."""

from __future__ import annotations

from m3n_studio.imu.devices import shipped_devices
from m3n_studio.imu.modes import SimulationMode
from m3n_studio.plugins import Door

MODES = (SimulationMode("exact", "Quintic splines (ours)", "m3n_studio.imu.modes:exact"),)


def register(door: Door) -> None:
    """Contribute the simulation modes and the device models."""
    for mode in MODES:
        door.add("simulation_mode", mode.name, mode)
    for device in shipped_devices():
        door.add("device", device.name, device)
