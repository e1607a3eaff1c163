"""Writing a signal file: piece by piece, in flat memory; the file appears whole or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from m3n_studio.atomic import atomic
from m3n_studio.errors import Cancelled, FileError, ValueProblem
from m3n_studio.project import signal_file as layout
from m3n_studio.project.signal_file import BLOCK, CHANNELS, CHUNK, INDEX_STEP, LEVELS, ContentHash, Written
from m3n_studio.project.sink import Sink
from m3n_studio.recordings.pyramid import reduce_peaks
from m3n_studio.recordings.signal import Signal

Array = NDArray[np.float64]
Progress = Callable[[int, int], None]


def write_signal(
    path: Path,
    pieces: Signal | Iterable[Signal],
    *,
    name: str = "",
    about: str = "{}",
    total: int = 0,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Written:
    """Write a signal, or one that comes in pieces one after the other in time.

    Parameters
    ----------
    path : Path
        The file to appear; there must be none.
    pieces : Signal or iterable of Signal
        Each begins after the one before has ended. None is kept.
    name : str
        Kept in the file; by default that of the first piece.
    about : str
        JSON kept in the file.
    total : int
        Number of samples if known, for `progress`.
    progress : callable, optional
        Called with (samples written, total).
    cancelled : callable, optional
        Asked before each piece; true ends it with :class:`Cancelled`, and nothing stays.

    Raises
    ------
    FileError
        If the file cannot be written, e.g. because the disk is full.
    ValueProblem
        If there is no sample, or times run backwards.
    """
    if path.exists():
        raise FileError(path, found="a signal file is there already", expected="signal files to be written once")
    if isinstance(pieces, Signal):
        total = len(pieces)
        pieces = (pieces,)
    try:
        with atomic(path) as part:
            return _write(part, pieces, name, about, total, progress, cancelled)
    except (OSError, RuntimeError) as error:  # h5py reports a full disk as either
        raise FileError(path, found=f"it cannot be written ({_reason(error)}); nothing was kept",
                        expected="a folder that may be written, with free space") from error  # fmt: skip


def peek(pieces: Signal | Iterable[Signal]) -> tuple[Signal | Iterable[Signal], str]:
    """The pieces again, and the name of the first."""
    if isinstance(pieces, Signal):
        return pieces, pieces.name
    rest = iter(pieces)
    first = next(rest, None)
    if first is None:
        raise ValueProblem("a recording needs at least one sample; found none")
    return _chain(first, rest), first.name


def _chain(first: Signal, rest: Iterator[Signal]) -> Iterator[Signal]:
    yield first
    yield from rest


def _write(
    part: Path, pieces: Iterable[Signal], name: str, about: str, total: int, progress: Progress | None,
    cancelled: Callable[[], bool] | None,
) -> Written:  # fmt: skip
    import h5py

    with Sink(part) as sink:
        with h5py.File(sink, "w") as file, tempfile.TemporaryFile(dir=part.parent) as times:
            writer = _Writer(file, times)
            for piece in pieces:
                name = name or piece.name
                for at in range(0, len(piece), BLOCK):
                    if cancelled is not None and cancelled():
                        raise Cancelled(f"stopped after {writer.samples} samples; nothing was kept")
                    writer.add(piece, at, min(at + BLOCK, len(piece)))
                    sink.check()
                    if progress is not None:
                        progress(writer.samples, max(total, writer.samples))
            written = writer.finish()
            _describe(file, written, name, about)
        sink.check()
    return written


def _describe(file: Any, written: Written, name: str, about: str) -> None:
    attributes: dict[str, Any] = {
        "format": layout.FORMAT, "version": layout.VERSION, "name": name, "about": about,
        "channels": list(CHANNELS), "units": list(layout.UNITS), "samples": written.samples,
        "rate_hz": written.rate_hz, "start_s": written.start_s, "stop_s": written.stop_s,
        "regular": written.regular, "content_sha256": written.sha256,
    }  # fmt: skip
    for key, value in attributes.items():
        file.attrs[key] = value


class _Writer:
    """Gathers samples into blocks and puts each, with its peaks, at the end of the datasets."""

    def __init__(self, file: Any, times: IO[bytes]) -> None:
        self._file = file
        self._times = times
        self._hash = ContentHash()
        self._waiting: list[tuple[NDArray[np.float32], NDArray[np.uint8]]] = []
        self._gathered = 0
        self._done = 0
        self._ends: tuple[float, float] | None = None

    @property
    def samples(self) -> int:
        """Samples taken so far."""
        return self._done + self._gathered

    def add(self, piece: Signal, first: int, stop: int) -> None:
        """Take samples of a piece; at most a block of them."""
        time_s = piece.time_s[first:stop]
        if self._ends is not None and time_s[0] <= self._ends[1]:
            raise ValueProblem(
                f"signal {piece.name!r}: times must increase; found {time_s[0]:.6f} s after {self._ends[1]:.6f} s"
            )
        self._ends = (self._ends[0] if self._ends else float(time_s[0]), float(time_s[-1]))
        self._times.write(np.ascontiguousarray(time_s, dtype="<f8").tobytes())
        with np.errstate(over="ignore"):
            values = np.hstack([piece.acc_mps2[first:stop], piece.gyr_radps[first:stop]]).astype(np.float32)
        if not np.isfinite(values).all():
            raise ValueProblem(f"signal {piece.name!r}: values must be within what 32-bit numbers hold")
        self._waiting.append((values, piece.valid[first:stop].astype(np.uint8)))
        self._gathered += stop - first
        if self._gathered >= BLOCK:
            self._flush(BLOCK)

    def finish(self) -> Written:
        """Write what is left, and the times where they are needed."""
        if self._ends is None:
            raise ValueProblem("a signal needs at least one sample; found none")
        if self._gathered:
            self._flush(self._gathered)
        start_s, stop_s = self._ends
        rate_hz = self._even_rate(start_s, stop_s)
        regular = rate_hz is not None
        if rate_hz is None:
            rate_hz = (self._done - 1) / (stop_s - start_s)
            self._keep_times()
        return Written(self._done, rate_hz, start_s, stop_s, regular, self._hash.finish(start_s, rate_hz, regular))

    def _flush(self, count: int) -> None:
        values = np.concatenate([v for v, _ in self._waiting])
        valid = np.concatenate([v for _, v in self._waiting])
        self._waiting = [(values[count:], valid[count:])] if len(values) > count else []
        self._gathered = len(values) - count
        values, valid = values[:count], valid[:count]
        self._hash.update(values, valid)
        lines = np.ascontiguousarray(values.T)
        self._append("values", lines, CHUNK)
        self._append("valid", valid, 8 * CHUNK, compression="gzip", compression_opts=4)
        lines[:, valid == 0] = np.nan
        low = high = lines
        size = 1
        for level in LEVELS:
            pairs = [reduce_peaks(a, b, level // size) for a, b in zip(low, high, strict=True)]
            low, high = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
            self._append(f"peaks/{level}/low", low, CHUNK)
            self._append(f"peaks/{level}/high", high, CHUNK)
            size = level
        self._done += count

    def _append(self, name: str, rows: NDArray[Any], chunk: int, **options: Any) -> None:
        """Put rows (..., n) at the end of a dataset; its chunks are no longer than the first rows are."""
        lead, n = rows.shape[:-1], rows.shape[-1]
        if name not in self._file:
            self._file.create_dataset(
                name, data=rows, maxshape=(*lead, None), chunks=(*(1 for _ in lead), min(chunk, n)), fletcher32=True,
                **options,
            )  # fmt: skip
            return
        dataset = self._file[name]
        before = dataset.shape[-1]
        dataset.resize(before + n, axis=len(lead))
        dataset[..., before:] = rows

    def _even_rate(self, start_s: float, stop_s: float) -> float | None:
        """The rate all times agree with, preferring round ones; None where there is no such rate."""
        if self._done == 1:
            return 0.0
        mean = (self._done - 1) / (stop_s - start_s)
        candidates = [rate for rate in dict.fromkeys((round(mean), round(mean, 3), round(mean, 6), mean)) if rate > 0]
        worst = np.zeros(len(candidates))
        for at, time_s in self._kept_times():
            for i, rate in enumerate(candidates):
                even = layout.even_times(start_s, float(rate), at, at + len(time_s))
                worst[i] = max(worst[i], float(np.abs(time_s - even).max()))
            if worst.min() > layout.EVEN_WITHIN_S:
                return None
        return next((float(r) for r, off in zip(candidates, worst, strict=True) if off <= layout.EVEN_WITHIN_S), None)

    def _keep_times(self) -> None:
        for at, time_s in self._kept_times():
            self._append("times", time_s, CHUNK)
            self._hash.update_times(time_s)
            self._append("times_index", time_s[-at % INDEX_STEP :: INDEX_STEP], CHUNK)

    def _kept_times(self) -> Any:
        """(index of the first, times) of one block after the other."""
        self._times.seek(0)
        at = 0
        while data := self._times.read(8 * BLOCK):
            time_s = np.frombuffer(data, dtype="<f8")
            yield at, time_s
            at += len(time_s)


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return "the disk is full" if "No space left" in str(error) or "errno = 28" in str(error) else text
