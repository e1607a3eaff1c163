"""Parts of guessing that need only numbers and titles: a unit of time, and which triples make one sensor."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from m3n_studio.recordings.figures import usual_step
from m3n_studio.recordings.guess_columns import Title

Array = NDArray[np.float64]

#: Sensor: its three columns.
Triples = dict[str, tuple[Title, Title, Title]]


def runs_forward(numbers: Array) -> bool:
    """Whether numbers grow as times do, but for a few steps back."""
    finite = numbers[np.isfinite(numbers)]
    return len(finite) > 2 and finite[-1] > finite[0] and float((np.diff(finite) < 0).mean()) < 0.05


def time_unit(numbers: Array) -> tuple[str, str, Any]:
    """Unit of a column of times by its size and steps, with the reason."""
    finite = numbers[np.isfinite(numbers)]
    first, step = float(finite[0]), usual_step(finite)
    for unit, low, high in (("s", 5e8, 5e9), ("ms", 5e11, 5e12), ("us", 5e14, 5e15), ("ns", 5e17, 5e18)):
        if low <= first <= high:
            return unit, f"its first value, {first:.13g}, is a date of our time in {unit}", "certain"
    fits = [(unit, 1.0 / (step * scale)) for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9))
            if step > 0 and 8.0 <= 1.0 / (step * scale) <= 2500.0]  # fmt: skip
    if not fits:
        return "", f"its usual step, {step:.6g}, gives no plausible rate in s, ms, µs or ns", "unsure"
    unit, rate = fits[0]
    if step == 1.0:
        return "", "it counts samples, or whole ms at 1000 Hz: give a rate, or the unit", "unsure"
    return unit, f"its usual step, {step:.6g}, gives {rate:.5g} Hz", "likely" if len(fits) == 1 else "unsure"


def pair(accs: Triples, gyrs: Triples) -> list[tuple[str, tuple[Title, ...], tuple[Title, ...] | None]]:
    """Triples of one sensor: by its name, or in order where as many of both have other names."""
    if set(accs) & set(gyrs) or len(accs) != len(gyrs):
        return [(name, acc, gyrs.get(name)) for name, acc in accs.items()]
    return [(gyr_name or acc_name, acc, gyr)
            for (acc_name, acc), (gyr_name, gyr) in zip(accs.items(), gyrs.items(), strict=True)]  # fmt: skip
