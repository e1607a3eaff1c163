"""Which files of motions train and which validate, and a share of them; by file, as mirror images belong together."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def held_out(groups: Iterable[int], share: float, *, seed: int) -> frozenset[int]:
    """Files set aside to validate: a share of them, at least one and not all where the share is not 0."""
    order = _shuffled(groups, seed, 6)
    count = round(share * len(order))
    if share > 0 and len(order) > 1:
        count = min(max(count, 1), len(order) - 1)
    return frozenset(order[:count])


def some_of(groups: Iterable[int], share: float, *, seed: int) -> frozenset[int]:
    """A share of files, at least one; a larger share with the same seed contains the smaller."""
    order = _shuffled(groups, seed, 5)
    return frozenset(order[: max(1, round(share * len(order)))])


def _shuffled(groups: Iterable[int], seed: int, purpose: int) -> list[int]:
    known = sorted(set(groups))
    return [known[i] for i in np.random.default_rng([seed, purpose]).permutation(len(known))]
