"""Quantile mapping: give simulated signals the value distribution of real ones.

What IMUTube and IMUGPT do after simulating: per channel, the probability integral transform
``x -> F_real^-1(F_sim(x))``. It repairs scale, offset and range and keeps the order of the
values; it knows nothing of time or of how channels hang together, so it can turn a wrong sign
or frame into a plausible histogram. Only valid samples make the distributions. Cost: one sort.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import ValueProblem
from m3n_studio.recordings.signal import Signal

Array = NDArray[np.float64]


def match_quantiles(simulated: Signal, real: Signal | Sequence[Signal]) -> Signal:
    """The simulated signal with the real one's distribution in each of its six channels.

    Parameters
    ----------
    simulated : Signal
        Valid samples are mapped; the others stay as they are.
    real : Signal or several
        Pooled; need be neither as long nor at the same rate.

    Raises
    ------
    ValueProblem
        Where either side has no valid sample.
    """
    pool = [real] if isinstance(real, Signal) else list(real)
    acc = [s.acc_mps2[s.valid] for s in pool]
    gyr = [s.gyr_radps[s.valid] for s in pool]
    if not simulated.valid.any() or not sum(map(len, acc)):
        raise ValueProblem(
            f"quantile mapping of {simulated.name!r} needs valid samples on both sides;"
            f" found {int(simulated.valid.sum())} simulated and {sum(map(len, acc))} real"
        )
    return simulated.with_(
        acc_mps2=_mapped(simulated.acc_mps2, simulated.valid, np.concatenate(acc)),
        gyr_radps=_mapped(simulated.gyr_radps, simulated.valid, np.concatenate(gyr)),
    )


def _mapped(values: Array, valid: NDArray[np.bool_], real: Array) -> Array:
    """Columns of values (N, C) mapped onto the distribution of real (M, C)."""
    out = values.copy()
    for c in range(values.shape[1]):
        out[valid, c] = transfer(values[valid, c], real[:, c])
    return out


def transfer(values: Array, real: Array) -> Array:
    """Values (N,) mapped by ``F_real^-1(F_values(x))``; equal values stay equal."""
    ordered = np.sort(values)
    below = np.searchsorted(ordered, values, side="left")
    upto = np.searchsorted(ordered, values, side="right")
    probability = 0.5 * (below + upto) / len(values)  # middle of each value's step in the distribution
    steps = (np.arange(len(real)) + 0.5) / len(real)
    return np.interp(probability, steps, np.sort(real))
