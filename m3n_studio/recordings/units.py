"""Factors from the units recordings come in to SI."""

from __future__ import annotations

import numpy as np

from m3n_studio.errors import UnknownName
from m3n_studio.recordings.imported import Reading
from m3n_studio.recordings.signal import GRAVITY_MPS2

ACC_UNITS = {"m/s2": 1.0, "g": GRAVITY_MPS2, "mg": GRAVITY_MPS2 / 1000.0}
GYR_UNITS = {"rad/s": 1.0, "deg/s": np.pi / 180.0, "mdeg/s": np.pi / 180_000.0}
TIME_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


def acc_factor(reading: Reading, otherwise: str = "m/s2") -> float:
    """Factor to m/s² of the unit a person named, or of the format's own."""
    return _factor("unit of acceleration", reading.acc_unit or otherwise, ACC_UNITS)


def gyr_factor(reading: Reading, otherwise: str = "rad/s") -> float:
    """Factor to rad/s of the unit a person named, or of the format's own."""
    return _factor("unit of angular velocity", reading.gyr_unit or otherwise, GYR_UNITS)


def _factor(kind: str, unit: str, known: dict[str, float]) -> float:
    if unit not in known:
        raise UnknownName(kind, unit, known)
    return known[unit]
