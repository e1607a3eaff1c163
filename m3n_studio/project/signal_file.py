"""How samples lie in a signal file (HDF5), version 1; what its writer and its reader share.

::

    /            attributes: format, version, name, samples, rate_hz, start_s, stop_s, regular, channels, units,
                 content_sha256, about (JSON: what it takes to give the file a row in a database again)
    /values      (6, N) float32, m/s2 and rad/s; one channel a row, so that one can be read alone
    /valid       (N,) uint8
    /times       (N,) float64, s, and /times_index, every 1024th of them; only where samples are not evenly spaced
    /peaks/64    low and high (6, ceil(N / 64)) float32, NaN where no sample is valid; then /peaks/1024, /peaks/16384

Every dataset carries HDF5's own checksums, so that a damaged byte is an error and never a wrong number.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FORMAT, VERSION = "m3n-signal", 1
CHANNELS = ("acc_x", "acc_y", "acc_z", "gyr_x", "gyr_y", "gyr_z")
UNITS = ("m/s2", "m/s2", "m/s2", "rad/s", "rad/s", "rad/s")
LEVELS = (64, 1024, 16384)
#: Samples worked on at a time; whole buckets of every level.
BLOCK = 4 * LEVELS[-1]
CHUNK = 8192
INDEX_STEP = 1024
#: Samples are evenly spaced where none is further than this from where it should be, s.
EVEN_WITHIN_S = 1e-6


@dataclass(frozen=True)
class Written:
    """What a signal file holds.

    Attributes
    ----------
    samples : int
    rate_hz : float, Hz
        Mean; 0 for a single sample.
    start_s, stop_s : float, s
        First and last sample.
    regular : bool
    sha256 : str
    """

    samples: int
    rate_hz: float
    start_s: float
    stop_s: float
    regular: bool
    sha256: str


def even_times(start_s: float, rate_hz: float, first: int, stop: int) -> NDArray[np.float64]:
    """Times (stop - first,) of evenly spaced samples, s."""
    return start_s + np.arange(first, stop) / rate_hz if rate_hz > 0 else np.full(stop - first, start_s)


class ContentHash:
    """SHA-256 of what a signal is, however it was cut into pieces."""

    def __init__(self) -> None:
        self._parts = tuple(hashlib.sha256() for _ in range(3))

    def update(self, values: NDArray[np.float32], valid: NDArray[np.uint8]) -> None:
        """Go on with values (n, 6) and their validity (n,)."""
        self._parts[0].update(np.ascontiguousarray(values, dtype="<f4").tobytes())
        self._parts[1].update(np.ascontiguousarray(valid, dtype=np.uint8).tobytes())

    def update_times(self, time_s: NDArray[np.float64]) -> None:
        """Go on with times (n,), where they are kept."""
        self._parts[2].update(np.ascontiguousarray(time_s, dtype="<f8").tobytes())

    def finish(self, start_s: float, rate_hz: float, regular: bool) -> str:
        """The hash, in hexadecimal."""
        whole = hashlib.sha256(f"{FORMAT} {float(start_s)!r} {float(rate_hz)!r} {regular:d}".encode())
        for part in self._parts:
            whole.update(part.digest())
        return whole.hexdigest()
