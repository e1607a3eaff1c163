"""What every series over time must be: the check and the freezing that `Signal` and `Trajectory` share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from m3n_studio.errors import ValueProblem

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def checked(what: str, time_s: Array, values: Mapping[str, tuple[Array, int]], valid: ArrayLike | None) -> Mask:
    """The mask (N,) of a series, a new array; all valid where none is given.

    Parameters
    ----------
    what : str
        For the message, e.g. ``"signal 'left_wrist'"``.
    time_s : (N,)
        Must be finite and increasing, one or more.
    values : mapping
        By name for people, an array and how many columns (N, columns) it must have.

    Raises
    ------
    ValueProblem
    """
    n = len(time_s) if time_s.ndim == 1 else 0
    mask = np.ones(n, dtype=bool) if valid is None else np.array(valid, dtype=bool)
    right = all(array.shape == (n, columns) for array, columns in values.values())
    if n < 1 or not right or mask.shape != (n,):
        wanted = ", ".join(f"(N, {columns}) {name}" for name, (_, columns) in values.items())
        found = ", ".join(str(array.shape) for array in (time_s, *(a for a, _ in values.values()), mask))
        raise ValueProblem(f"{what}: expected (N,) times, {wanted}, (N,) valid; found {found}")
    if not np.isfinite(time_s).all() or (np.diff(time_s) <= 0).any():
        raise ValueProblem(f"{what}: times must be finite and increasing")
    return mask


def freeze(owner: object, **arrays: NDArray[Any]) -> None:
    """Make arrays read-only and put them into a frozen dataclass."""
    for name, array in arrays.items():
        array.flags.writeable = False
        object.__setattr__(owner, name, array)
