"""What the signals of a population look like over time: median and bands, per sensor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import Cancelled
from m3n_studio.imu.tensor import SignalTensor

Array = NDArray[np.float64]
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
_CHUNK = 4 << 20


@dataclass(frozen=True, eq=False)
class Envelope:
    """Quantiles over bodies of what one sensor reads.

    Attributes
    ----------
    sensor, quantity : str
        Name of the placement; "acc". The gyroscope does not depend on shape.
    time_s : (N,) float64, s
    levels : (L,) float64
        Increasing, 0 to 1.
    values : (L, N, 4) float32, m/s2
        x, y, z in the sensor frame, and the magnitude.
    valid : (N,) bool
        Elsewhere (edges of a derivative, gaps) the nearest valid values stand.
    bodies : int
        How many bodies these are the quantiles of.
    """

    sensor: str
    quantity: str
    time_s: Array
    levels: Array
    values: NDArray[np.float32]
    valid: NDArray[np.bool_]
    bodies: int


def envelopes(
    tensor: SignalTensor,
    vectors: Array,
    *,
    levels: Sequence[float] = LEVELS,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[Envelope, ...]:
    """Envelopes of every sensor for bodies with shape vectors (K, S); in pieces that fit the cache."""
    p, n = tensor.acc_linear.shape[:2]
    length = max(64, _CHUNK // (16 * len(vectors)))
    out = np.empty((p, len(levels), n, 4), dtype=np.float32)
    for i in range(p):
        for a in range(0, n, length):
            if cancelled is not None and cancelled():
                raise Cancelled("stopped")
            out[i, :, a : a + length] = _quantiles(_part(tensor, i, slice(a, a + length)), vectors, levels)
            if progress is not None:
                progress(i * n + min(a + length, n), p * n)
    out = out[:, :, _nearest(tensor.valid)]
    return tuple(
        Envelope(name, "acc", tensor.time_s, np.array(levels), out[i], tensor.valid, len(vectors))
        for i, name in enumerate(tensor.names)
    )


def _nearest(valid: NDArray[np.bool_]) -> NDArray[np.intp]:
    """For each sample the nearest valid one; itself where none is valid."""
    good, every = np.flatnonzero(valid), np.arange(len(valid))
    if not len(good):
        return every
    after = np.searchsorted(good, every).clip(max=len(good) - 1)
    before = np.maximum(after - 1, 0)
    nearer = np.abs(good[before] - every) <= np.abs(good[after] - every)
    return np.asarray(np.where(nearer, good[before], good[after]))


def _part(tensor: SignalTensor, sensor: int, part: slice) -> SignalTensor:
    one = slice(sensor, sensor + 1)
    return replace(
        tensor, names=tensor.names[one], time_s=tensor.time_s[part], valid=tensor.valid[part],
        acc_linear=tensor.acc_linear[one, part], acc_constant=tensor.acc_constant[one, part],
        gyr_radps=tensor.gyr_radps[one, part], R_ws=tensor.R_ws[one, part],
    )  # fmt: skip


def _quantiles(tensor: SignalTensor, vectors: Array, levels: Sequence[float]) -> NDArray[np.float32]:
    """(L, n, 4) of one sensor; linear between the order statistics, as numpy.quantile."""
    acc = tensor.acc_many(vectors)[:, 0]  # (K, n, 3)
    channels = np.empty((acc.shape[1], 4, len(acc)), dtype=np.float32)
    channels[:, :3] = acc.transpose(1, 2, 0)
    channels[:, 3] = np.sqrt((channels[:, :3] ** 2).sum(axis=1))
    channels.sort(axis=2)
    at = np.asarray(levels) * (len(acc) - 1)
    low = np.floor(at).astype(int)
    high, share = np.minimum(low + 1, len(acc) - 1), (at - low).astype(np.float32)
    return np.moveaxis(channels[:, :, low] * (1 - share) + channels[:, :, high] * share, 2, 0)
