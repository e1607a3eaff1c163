"""Which real recording belongs beside which simulated sensor, by name."""

from __future__ import annotations

from collections.abc import Sequence

from m3n_studio.recordings.signal import Signal


def _words(name: str) -> frozenset[str]:
    return frozenset(name.lower().replace("-", "_").replace(" ", "_").split("_"))


def pair(name: str, real: Sequence[Signal], *, only_sensor: bool) -> int:
    """Index of the recording for the sensor called `name`, or -1.

    The same name; else the recording that shares all words of the name; else, where there is
    one sensor and one recording, that one.
    """
    for i, signal in enumerate(real):
        if signal.name == name:
            return i
    words = _words(name)
    for i, signal in enumerate(real):
        if words and words <= _words(signal.name):
            return i
    return 0 if len(real) == 1 and only_sensor else -1
