"""Triples drawn once into an HDF5 file: for machines where drawing is dearer than reading, or to share a set.

The file holds some epochs of windows as :class:`~m3n_studio.learning.triples.TripleDrawer` draws
them, raw (m/s2, rad/s), and every clip's poses once. It is written beside its target and renamed, so
that it is whole or not there. Training on it sees the bodies drawn then and no others: an epoch's
seed chooses one of the stored epochs and the order of its windows.

Layout: ``imu`` (E, N, P, 6, T) float32, ``sentence``, ``topic``, ``clip``, ``start`` (E, N) int64,
``pose`` (sum of frames, 52, 3) float32 with ``first_frame`` (C + 1,); ``json``, as bytes:
``sentences``, ``topics``, ``placements``, ``rate_hz``, ``fingerprint``, ``about``; attributes ``format``,
``format_version``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from m3n_studio.atomic import atomic
from m3n_studio.errors import Cancelled, FileError, ValueProblem
from m3n_studio.learning import h5_json
from m3n_studio.learning.folds import Scaler
from m3n_studio.learning.text import Embedded
from m3n_studio.learning.triples import Choice, TripleDrawer, Triples, Words, batch_of

if TYPE_CHECKING:
    from m3n_studio.learning.models.multi3net import PretrainBatch

Ints = NDArray[np.int64]

FORMAT, FORMAT_VERSION = "m3n-studio triples", 1
_AT_ONCE = 64
_MOST_EPOCHS = 10_000
_INDICES = ("sentence", "topic", "clip", "start")


def write_cache(
    path: str | Path,
    drawer: TripleDrawer,
    *,
    epochs: int = 1,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Path:
    """Draw epochs of windows into a file.

    Parameters
    ----------
    path : path
        Replaced where it is there.
    drawer : TripleDrawer
    epochs : int
        How many times every window is drawn, each time on another body.
    seed : int
    progress : callable of (windows written, windows in all)
    cancelled : callable returning bool
        Asked often; `Cancelled`, and nothing is left behind.
    """
    path = Path(path)
    if not 1 <= epochs <= _MOST_EPOCHS:
        raise ValueProblem(f"epochs to store must be 1 to {_MOST_EPOCHS}; found {epochs}")
    try:
        with atomic(path) as part:
            _write(part, drawer, epochs, seed, progress, cancelled)
    except OSError as error:
        raise FileError(path, found=f"it cannot be written ({error})", expected="room on a writable disk") from error
    return path


def _write(
    path: Path, drawer: TripleDrawer, epochs: int, seed: int, progress: Callable[[int, int], None] | None,
    cancelled: Callable[[], bool],
) -> None:  # fmt: skip
    import h5py

    n, spec, clips = drawer.windows, drawer.spec, drawer.motions.clips
    with h5py.File(path, "w") as file:
        h5_json.put(file, FORMAT, FORMAT_VERSION, _about(drawer, epochs, seed))
        file["first_frame"] = np.cumsum([0, *(len(c) for c in clips)])
        file["pose"] = np.concatenate([c.pose for c in clips])
        imu = file.create_dataset("imu", (epochs, n, len(spec.placements), 6, spec.samples), dtype=np.float32)
        indices = {name: file.create_dataset(name, (epochs, n), dtype=np.int64) for name in _INDICES}
        for epoch in range(epochs):
            own = int(np.random.default_rng([seed, epoch]).integers(2**31))
            order = drawer.order(own)
            for a in range(0, n, _AT_ONCE):
                if cancelled():
                    raise Cancelled("writing triples was cancelled; nothing was kept")
                b = min(a + _AT_ONCE, n)
                drawn = drawer.draw(Choice(order.clip[a:b], order.start[a:b]), own, a // _AT_ONCE)
                imu[epoch, a:b] = drawn.imu
                for name, dataset in indices.items():
                    dataset[epoch, a:b] = getattr(drawn, name)
                if progress:
                    progress(epoch * n + b, epochs * n)


def _about(drawer: TripleDrawer, epochs: int, seed: int) -> dict[str, Any]:
    about = {"windows": drawer.spec.model_dump(mode="json"), "bodies": drawer.bodies.model_dump(mode="json"),
             "epochs": epochs, "seed": seed, "groups": [c.group for c in drawer.motions.clips]}  # fmt: skip
    return {
        "sentences": list(drawer.sentences), "topics": list(drawer.topics), "placements": list(drawer.spec.placements),
        "rate_hz": drawer.spec.rate_hz, "about": about,
        "fingerprint": hashlib.sha256(f"{drawer.fingerprint()} {epochs} {seed}".encode()).hexdigest(),
    }  # fmt: skip


class CachedTriples:
    """What a file of triples holds, checked; windows are read when they are asked for.

    Attributes
    ----------
    path : Path
    sentences, topics, placements : tuple of str
    rate_hz : float
    epochs, windows, samples : int
    fingerprint : str
    groups : (C,) int64
        Clips of one file (its mirror image) share it; a division keeps them together.
    about : dict
        Settings of windows and bodies it was drawn with.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            self._read()
        except FileError:
            raise
        except Exception as error:  # whatever a damaged file makes h5py raise
            raise FileError(
                self.path,
                found=f"no whole file of triples ({type(error).__name__})",
                expected="what `write_cache` made",
            ) from error

    def _read(self) -> None:
        import h5py

        with h5py.File(self.path, "r") as file:
            words = h5_json.get(file, FORMAT, FORMAT_VERSION)
            shape = file["imu"].shape
            if len(shape) != 5 or shape[3] != 6 or file["imu"].dtype != np.float32 or min(shape) < 1:
                raise FileError(self.path, field="imu", found=str(shape), expected="(E, N, P, 6, T) float32")
            if sum(item.nbytes for item in file.values()) > self.path.stat().st_size:  # nothing in it is compressed
                raise FileError(self.path, found="tables larger than the file", expected="what `write_cache` made")
            self.epochs, self.windows, self._places, _, self.samples = (int(v) for v in shape)
            self.sentences, self.topics, self.placements = (
                h5_json.names(words, name) for name in ("sentences", "topics", "placements")
            )
            self.rate_hz, self.fingerprint = float(words["rate_hz"]), str(words["fingerprint"])
            self.about: dict[str, Any] = dict(words["about"])
            self._pose, self._first = file["pose"][:], file["first_frame"][:]
            alone = list(range(len(self._first) - 1))  # files written before groups were kept
            self.groups = np.asarray(self.about.get("groups", alone), dtype=np.int64)
            self._indices = {name: file[name][:] for name in _INDICES}
        self._check()

    def _check(self) -> None:
        """Everything a batch will look up is there."""
        pose, first, at = self._pose, self._first, self._indices
        good = pose.ndim == 3 and pose.shape[1:] == (52, 3) and pose.dtype == np.float32 and first.ndim == 1
        good = good and len(first) > 1 and first[0] == 0 and first[-1] == len(pose) and bool((np.diff(first) > 0).all())
        good = good and np.issubdtype(first.dtype, np.integer) and np.isfinite(self.rate_hz) and self.rate_hz > 0
        shape, placements = (self.epochs, self.windows), len(self.placements)
        good = (
            good
            and placements == self._places
            and self.groups.shape == (len(first) - 1,)
            and all(v.shape == shape and np.issubdtype(v.dtype, np.integer) for v in at.values())
        )
        if not good:
            raise FileError(self.path, found="tables that do not fit together", expected="what `write_cache` made")
        for name, most in (
            ("sentence", len(self.sentences)), ("topic", len(self.topics)), ("clip", len(first) - 1),
        ):  # fmt: skip
            if at[name].min() < 0 or at[name].max() >= most:
                raise FileError(self.path, field=name, found="an index out of range", expected=f"0 to {most - 1}")
        ends = first[at["clip"]] + at["start"] + self.samples
        if at["start"].min() < 0 or (ends > first[at["clip"] + 1]).any() or not placements:
            raise FileError(self.path, field="start", found="a window beyond its clip", expected="windows within clips")

    def rows(self, epoch: int, groups: Collection[int] | None) -> Ints:
        """Windows of a stored epoch whose clips are of some groups; all of them for None."""
        if groups is None:
            return np.arange(self.windows)
        return np.flatnonzero(np.isin(self.groups[self._indices["clip"][epoch]], list(groups)))

    def take(self, epoch: int, rows: Ints) -> Triples:
        """Some windows (distinct rows) of a stored epoch, in the order asked for."""
        import h5py

        order = np.argsort(rows)
        imu = np.empty((len(rows), len(self.placements), 6, self.samples), dtype=np.float32)
        try:
            with h5py.File(self.path, "r") as file:
                imu[order] = file["imu"][epoch, rows[order]]
        except (OSError, KeyError, ValueError, TypeError) as error:
            raise FileError(self.path, found=f"it can no longer be read ({error})") from error
        sentence, topic, clip, start = (self._indices[name][epoch, rows] for name in _INDICES)
        frames = (self._first[clip] + start)[:, None] + np.arange(self.samples)
        return Triples(imu, self._pose[frames], sentence, topic, clip, start)


class CachedBatches:
    """Batches of stored triples, a :class:`~m3n_studio.learning.batches.BatchSource`; see ``TripleBatches``.

    Parameters
    ----------
    cached : CachedTriples
    embedded : Embedded
        Vectors of the file's sentences.
    batch : int
    scaler : Scaler
        :meth:`Scaler.fixed` where not given.
    groups : collection of int
        Only clips of these; None for all.
    """

    def __init__(
        self, cached: CachedTriples, embedded: Embedded, batch: int, scaler: Scaler | None = None,
        groups: Collection[int] | None = None,
    ) -> None:  # fmt: skip
        self.cached, self.batch, self.groups = cached, batch, groups
        self.placements, self.samples = cached.placements, cached.samples
        self.scaler = scaler or Scaler.fixed(len(self.placements))
        self.words = Words(embedded, cached.sentences)
        self.sentence_width = embedded.width
        self.windows = len(cached.rows(0, groups))  # every epoch has each clip's windows

    def __len__(self) -> int:
        return max(1, self.windows // self.batch)

    def epoch(self, seed: int, start: int = 0) -> Iterator[PretrainBatch]:
        """The batches of an epoch from number `start` on."""
        rng = np.random.default_rng(seed)
        stored = int(rng.integers(self.cached.epochs))
        order = rng.permutation(self.cached.rows(stored, self.groups))
        for index in range(start, len(self)):
            rows = order[index * self.batch : (index + 1) * self.batch]
            yield batch_of(self.cached.take(stored, rows), self.words, self.scaler)

    def fingerprint(self) -> str:
        """A digest of the file's origin and of the settings here."""
        chosen = None if self.groups is None else sorted(self.groups)
        digest = hashlib.sha256(repr((self.cached.fingerprint, self.batch, self.scaler.to_dict(), chosen)).encode())
        digest.update(np.ascontiguousarray(self.words.vectors).tobytes())
        return digest.hexdigest()
