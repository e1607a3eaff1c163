"""Folds by user or by time, few labels, and normalisation, with nothing leaking from what is tested.

By user, a user is in one of training, validation and test, never in two; users are spread over the
folds as evenly as their windows' classes allow. By time, for too few users, it is stretches of
recordings, and no two parts share a sample. Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import ValueProblem
from m3n_studio.learning.windows import Ints, Mask, Singles, Windows

_TRIES = 256


@dataclass(frozen=True, eq=False)
class Fold:
    """Who is trained on, who stops the training, who is tested.

    Attributes
    ----------
    name : str
        E.g. ``"fold 2 of 5"`` or the tested user.
    train, validation, test : (n,) int64
        Indices into the windows; labelled ones only, sorted, no user in two of them.
    unlabelled : (n,) int64
        Windows without a label of anybody who is not tested (by time: that share no sample with a tested one).
    """

    name: str
    train: Ints
    validation: Ints
    test: Ints
    unlabelled: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def fitting(self) -> Ints:
        """Training and validation together, for methods that need no validation."""
        return np.sort(np.concatenate([self.train, self.validation]))

    def with_train(self, train: Ints) -> Fold:
        """The fold with fewer training windows."""
        return replace(self, train=train)


def user_folds(windows: Windows, folds: int = 5, *, seed: int = 0, validation_users: int = 1) -> tuple[Fold, ...]:
    """Users in groups, each tested once.

    Parameters
    ----------
    windows : Windows
    folds : int
        Groups, at most as many as there are users. Their sizes differ by one user at most; of many
        random divisions the one whose groups have the evenest share of every class is taken.
    seed : int
        Decides the divisions tried and who validates.
    validation_users : int
        Of the users not tested, drawn for each fold; 0 for none. The paper validates on the tested
        group, which selects on test users; we do not.
    """
    users = _labelled(windows)
    if not 2 <= folds <= len(users):
        raise ValueProblem(f"{folds} folds by user need 2 to {len(users)} of them: there are {len(users)} users")
    groups = _even_groups(_class_table(windows, users), folds, np.random.default_rng([seed, 1]))
    tested = [[users[u] for u in group] for group in groups]
    names = [f"fold {i + 1} of {folds}" for i in range(folds)]
    return _folds(windows, names, tested, seed, validation_users)


def leave_one_user_out(windows: Windows, *, seed: int = 0, validation_users: int = 1) -> tuple[Fold, ...]:
    """Each user tested alone; of the others `validation_users` drawn to validate."""
    users = _labelled(windows)
    if len(users) < 2:
        raise ValueProblem(f"leaving one user out needs at least 2 users; there is {', '.join(users) or 'none'}")
    return _folds(windows, list(users), [[user] for user in users], seed, validation_users)


def time_folds(windows: Windows, folds: int = 5, *, seed: int = 0, validate: bool = True) -> tuple[Fold, ...]:
    """Stretches of recordings in groups, each tested once: what one or two labelled people allow.

    The same people are in training and test, so the figures say nothing of people yet unseen.

    Parameters
    ----------
    windows : Windows
    folds : int
        Groups of stretches; of many random divisions the one with the evenest classes is taken.
    seed : int
        Decides the divisions tried.
    validate : bool
        Whether the group after the tested one stops the training.

    Windows of training that touch one that validates or is tested, and of validation that touch a
    tested one, are left out: no two parts share a sample.
    """
    labelled = np.flatnonzero(windows.label >= 0)
    block = _blocks(windows, labelled, folds)
    count = int(block.max()) + 1 if len(block) else 0
    if count < folds or folds < 3:
        raise ValueProblem(
            f"{folds} folds by time need at least {max(folds, 3)} labelled stretches longer than a window; there are"
            f" {count}: label more"
        )
    table = np.zeros((count, len(windows.classes)))
    np.add.at(table, (block, windows.label[labelled]), 1.0)
    groups = _even_groups(table, folds, np.random.default_rng([seed, 1]))
    parts = [labelled[np.isin(block, group)] for group in groups]
    out = []
    for i, test in enumerate(parts):
        validation = _apart(windows, parts[(i + 1) % folds], test) if validate else labelled[:0]
        used = {i, (i + 1) % folds} if validate else {i}
        rest = np.sort(np.concatenate([part for j, part in enumerate(parts) if j not in used]))
        train = _apart(windows, _apart(windows, rest, test), validation)
        others = _apart(windows, np.flatnonzero(windows.label < 0), test)
        out.append(Fold(f"part {i + 1} of {folds}", train, validation, test, others))
    return tuple(out)


def _blocks(windows: Windows, labelled: Ints, folds: int) -> Ints:
    """For each labelled window the stretch of its recording it begins in, from 0: (n,)."""
    length_s, names = windows.samples / windows.rate_hz, windows.recording[labelled]
    start_s = windows.start_s[labelled]
    for wide in (5.0, 3.0, 2.0, 1.0):
        pairs = np.stack([np.unique(names, return_inverse=True)[1], start_s // (wide * length_s)], axis=1)
        block = np.unique(pairs, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)
        if len(block) and block.max() + 1 >= 4 * folds:
            break
    return block


def _apart(windows: Windows, some: Ints, others: Ints) -> Ints:
    """Those of some windows that share no sample with any of the others."""
    length_s = windows.samples / windows.rate_hz - 1e-6
    keep = np.ones(len(some), dtype=bool)
    for name in np.unique(windows.recording[some]):
        mine = np.flatnonzero(windows.recording[some] == name)
        theirs = np.sort(windows.start_s[others[windows.recording[others] == name]])
        if not len(theirs):
            continue
        at = windows.start_s[some[mine]]
        after = np.searchsorted(theirs, at)
        near = np.minimum(
            np.abs(at - theirs[np.clip(after, 0, len(theirs) - 1)]), np.abs(at - theirs[np.maximum(after - 1, 0)])
        )
        keep[mine] = near >= length_s
    return some[keep]


def make_folds(windows: Windows, kind: str, *, seed: int = 0, validation_users: int = 1) -> tuple[Fold, ...]:
    """The folds a configuration names: ``users5``, ``leave-one-out`` or ``time5``; `ValueProblem` for another."""
    users = len(_labelled(windows))
    if kind in ("users5", "leave-one-out") and users < 2 + bool(validation_users):
        raise ValueProblem(
            f"folds by user need {2 + bool(validation_users)} users or more; there {'is' if users == 1 else 'are'}"
            f" {users}: label more people, or test on other times of the same with folds = time5"
        )
    if kind == "time5":
        return time_folds(windows, 5, seed=seed, validate=validation_users > 0)
    if kind == "users5":
        folds = min(5, users)
        return user_folds(windows, folds, seed=seed, validation_users=validation_users)
    if kind == "leave-one-out":
        return leave_one_user_out(windows, seed=seed, validation_users=validation_users)
    raise ValueProblem(f"folds are users5, leave-one-out or time5; found {kind!r}")


def few_labels(windows: Windows, train: Ints, per_class: int, *, seed: int = 0) -> Ints:
    """At most `per_class` labelled windows of every class out of `train`, drawn by seed.

    More labels with the same seed contain the fewer. 0 keeps all.
    """
    if per_class < 0:
        raise ValueProblem(f"labels per class must not be negative; found {per_class}")
    if per_class == 0:
        return train
    kept = []
    for index in range(len(windows.classes)):
        of_class = train[windows.label[train] == index]
        order = np.random.default_rng([seed, 2, index]).permutation(len(of_class))
        kept.append(of_class[order[:per_class]])
    return np.sort(np.concatenate(kept)) if kept else train[:0]


def _labelled(windows: Windows) -> tuple[str, ...]:
    """Users with a labelled window, sorted."""
    return tuple(str(s) for s in np.unique(windows.subject[windows.label >= 0]))


def _class_table(windows: Windows, users: Sequence[str]) -> NDArray[np.float64]:
    """Windows of every user and class (U, C)."""
    return np.array([windows.counts(np.flatnonzero(windows.subject == u)) for u in users], dtype=np.float64)


def _even_groups(table: NDArray[np.float64], folds: int, rng: np.random.Generator) -> list[list[int]]:
    """Rows of (U, C) in groups whose shares of every column are as even as random tries get them."""
    share = table / np.maximum(table.sum(axis=0), 1.0)
    best, least = None, np.inf
    for _ in range(_TRIES):
        order = rng.permutation(len(table))
        groups = [sorted(order[i::folds].tolist()) for i in range(folds)]
        spread = float(np.square([share[g].sum(axis=0) - 1.0 / folds for g in groups]).sum())
        if best is None or spread < least - 1e-12:
            best, least = groups, spread
    return best or []


def _folds(
    windows: Windows, names: Sequence[str], tested: Sequence[Sequence[str]], seed: int, validation_users: int
) -> tuple[Fold, ...]:
    labelled, users = windows.label >= 0, _labelled(windows)
    out = []
    for index, (name, test) in enumerate(zip(names, tested, strict=True)):
        others = [u for u in users if u not in set(test)]
        if validation_users >= len(others):
            raise ValueProblem(f"{name}: {validation_users} users to validate leave none of {len(others)} to train on")
        drawn = np.random.default_rng([seed, 3, index]).permutation(len(others))[:validation_users]
        validation = [others[i] for i in drawn]
        train = [u for u in others if u not in set(validation)]
        fit, stop, tested_on = (
            np.flatnonzero(labelled & np.isin(windows.subject, who)) for who in (train, validation, test)
        )
        unlabelled = np.flatnonzero(~labelled & ~np.isin(windows.subject, test))
        out.append(Fold(name, fit, stop, tested_on, unlabelled))
    return tuple(out)


@dataclass(frozen=True, eq=False)
class Scaler:
    """Mean and standard deviation of every placement's channels.

    Attributes
    ----------
    mean, std : (P, 6) float32
        In m/s2 and rad/s. A channel that never moves, or a placement never seen, has std 1.
    """

    mean: Singles
    std: Singles

    @classmethod
    def fit(cls, windows: Windows, train: Ints) -> Self:
        """From training windows only, leaving masked placements out."""
        return cls.fit_arrays(windows.imu[train], windows.mask[train])

    @classmethod
    def fit_arrays(cls, imu: Singles, mask: Mask | None = None) -> Self:
        """From windows (N, P, 6, T) and their mask (N, P)."""
        places = imu.shape[1]
        mean, std = np.zeros((places, 6)), np.ones((places, 6))
        for p in range(places):
            seen = imu[:, p] if mask is None else imu[mask[:, p], p]
            if len(seen):
                mean[p], spread = seen.mean(axis=(0, 2), dtype=np.float64), seen.std(axis=(0, 2), dtype=np.float64)
                std[p] = np.where(spread > 1e-6, spread, 1.0)
        return cls(mean.astype(np.float32), std.astype(np.float32))

    @classmethod
    def fixed(cls, places: int) -> Self:
        """No fit at all: acceleration in g, angular velocity in 2 rad/s, means kept.

        Synthetic and real windows are then in the same units, gravity keeps its size and direction,
        and nobody's data enters.
        """
        std = np.tile(np.array([9.81] * 3 + [2.0] * 3, dtype=np.float32), (places, 1))
        return cls(np.zeros_like(std), std)

    def apply(self, imu: Singles, mask: Mask | None = None) -> Singles:
        """Windows (N, P, 6, T) without units; 0 where masked."""
        out = (imu - self.mean[None, :, :, None]) / self.std[None, :, :, None]
        return out if mask is None else np.where(mask[:, :, None, None], out, np.float32(0.0))

    def undo(self, imu: Singles) -> Singles:
        """Back to m/s2 and rad/s."""
        return np.asarray(imu * self.std[None, :, :, None] + self.mean[None, :, :, None], dtype=np.float32)

    def to_dict(self) -> dict[str, Any]:
        """As plain lists, for a run's folder."""
        return {"mean": self.mean.tolist(), "std": self.std.tolist()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """What :meth:`to_dict` wrote; `ValueProblem` where it is something else."""
        try:
            mean, std = (np.array(data[name], dtype=np.float32) for name in ("mean", "std"))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueProblem(f"a scaler has lists mean and std; found something else ({error})") from None
        if mean.ndim != 2 or mean.shape != std.shape or mean.shape[1] != 6 or not (std > 0).all():
            raise ValueProblem(f"a scaler has mean and std (P, 6), std positive; found {mean.shape} and {std.shape}")
        return cls(mean, std)
